// SPDX-License-Identifier: MIT
#include "common.h"

static const struct drm_qda_gem_create good_create = {
	.size = 5000, .handle = FILL32,
};

static const struct drm_qda_gem_mmap_offset good_offset = { .offset = FILL64 };

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static void test_create(const void *arg)
{
	static const uint64_t sizes[] = { 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1 };
	uint32_t seen[ARRAY_SIZE(sizes)];
	int fd = dev_open();
	size_t i, j;

	(void)arg;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_qda_gem_create c = { .size = sizes[i], .handle = FILL32 };

		expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
		check_eq(c.size, (sizes[i] + page_size() - 1) & ~(page_size() - 1));
		check(c.handle && c.handle != FILL32, "handle %#x", c.handle);
		check_eq(c.flags, 0);
		seen[i] = c.handle;
		for (j = 0; j < i; j++)
			check(seen[j] != c.handle, "handle %u twice", c.handle);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_eq(gem_close(fd, seen[i]), 0);
}

static void test_bad_create(const void *arg)
{
	struct drm_qda_gem_create c = good_create;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
	expect_bad(fd, DRM_IOCTL_QDA_GEM_CREATE, &good_create, arg);
}

static void test_create_limit(const void *arg)
{
	struct drm_qda_gem_create c = good_create;
	int fd = dev_open();

	(void)arg;
	c.size = query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BUFFER_SIZE) + 1;
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -E2BIG);
}

/* the bank's address space ends; what is given back can be had again */
static void test_create_full(const void *arg)
{
	struct drm_qda_gem_create c;
	int fd = dev_open(), err, n;
	uint32_t last = 0;

	(void)arg;
	if (!is_soft)
		skip_case("needs more memory than a guest has");
	for (n = 0; n < 1000; n++) {
		c = (struct drm_qda_gem_create){ .size = 1ULL << 30 };
		err = call(fd, DRM_IOCTL_QDA_GEM_CREATE, &c);
		if (err)
			break;
		last = c.handle;
	}
	check_eq(err, -ENOSPC);
	check_eq(n, 3);
	check_eq(gem_close(fd, last), 0);
	gem_new(fd, 1ULL << 30);
	record("full ENOSPC");
}

/* closing gives the addresses back, however often */
static void test_create_many(const void *arg)
{
	/* more than a bank has addresses; less in a guest, which clears all pages */
	unsigned int n = is_soft ? 80 : test_count(1000);
	uint64_t size = is_soft ? 64 << 20 : 1 << 16;
	int fd = dev_open();

	(void)arg;
	while (n--)
		check_eq(gem_close(fd, gem_new(fd, size)), 0);
	record("many OK");
}

static void test_create_busy(const void *arg)
{
	struct drm_qda_gem_create c = good_create;

	(void)arg;
	take_banks_but(0);
	expect(dev_open(), DRM_IOCTL_QDA_GEM_CREATE, &c, -EBUSY);
}

static void test_bad_offset(const void *arg)
{
	struct drm_qda_gem_mmap_offset good = good_offset, o;
	int fd = dev_open();

	good.handle = gem_new(fd, 4096);
	o = good;
	expect(fd, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &o, 0);
	check_eq(o.handle, good.handle);
	expect_bad(fd, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &good, arg);
}

static void test_offset_same(const void *arg)
{
	uint64_t one = 0, two = 0, other = 0;
	int fd = dev_open();
	uint32_t handle = gem_new(fd, 8192);

	(void)arg;
	check_eq(gem_offset(fd, handle, &one), 0);
	check_eq(gem_offset(fd, handle, &two), 0);
	check_eq(one, two);
	check_eq(one % page_size(), 0);
	check_eq(gem_offset(fd, gem_new(fd, 4096), &other), 0);
	check(one != other, "two buffers have one offset");
}

static void test_mmap_zero(const void *arg)
{
	int fd = dev_open(), i, j;
	uint32_t handle;
	uint8_t *p;

	(void)arg;
	/* also when the memory was somebody's before */
	for (j = 0; j < 4; j++) {
		handle = gem_new(fd, 1 << 20);
		p = gem_map(fd, handle, 1 << 20);
		for (i = 0; i < 1 << 20; i++)
			if (p[i])
				break;
		check_eq(i, 1 << 20);
		memset(p, 0xff, 1 << 20);
		gem_unmap(p, 1 << 20);
		gem_close(fd, handle);
	}
	record("zero OK");
}

static void test_mmap_shared(const void *arg)
{
	int fd = dev_open();
	uint32_t handle = gem_new(fd, 8192);
	uint8_t *a = gem_map(fd, handle, 8192), *b = gem_map(fd, handle, 8192);

	(void)arg;
	check(a != b, "one mapping twice");
	a[5000] = 42;
	check_eq(b[5000], 42);
	/* a part of it, from its start */
	gem_unmap(b, 8192);
	b = gem_map(fd, handle, 4096);
	a[1] = 43;
	check_eq(b[1], 43);
	gem_unmap(a, 8192);
	gem_unmap(b, 4096);
	record("shared OK");
}

/* mappings outlive the handle and the file */
static void test_mmap_outlives(const void *arg)
{
	int fd = dev_open();
	uint32_t handle = gem_new(fd, 4096);
	uint8_t *p = gem_map(fd, handle, 4096);

	(void)arg;
	p[7] = 7;
	check_eq(gem_close(fd, handle), 0);
	check_eq(p[7], 7);
	dev_close(fd);
	check_eq(p[7], 7);
	p[8] = 8;
	gem_unmap(p, 4096);
	record("outlives OK");
}

static int try_mmap_prot(int fd, uint64_t offset, uint64_t size, int prot, int flags)
{
	void *p = dev->sys->mmap(NULL, (size_t)size, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	dev->sys->munmap(p, (size_t)size);
	return 0;
}

static int try_mmap(int fd, uint64_t offset, uint64_t size, int flags)
{
	return try_mmap_prot(fd, offset, size, PROT_READ | PROT_WRITE, flags);
}

static void test_mmap_bad(const void *arg)
{
	uint64_t page = page_size(), offset = 0;
	int fd = dev_open();
	uint32_t handle = gem_new(fd, 4 * page);

	(void)arg;
	check_eq(gem_offset(fd, handle, &offset), 0);
	check_eq(try_mmap(fd, offset, 4 * page, MAP_SHARED), 0);
	/* beyond its end, inside it, nowhere, unaligned, private */
	check_eq(try_mmap(fd, offset, 5 * page, MAP_SHARED), -EINVAL);
	check_eq(try_mmap(fd, offset + page, page, MAP_SHARED), -EINVAL);
	check_eq(try_mmap(fd, offset + (1ULL << 40), page, MAP_SHARED), -EINVAL);
	check_eq(try_mmap(fd, offset + 8, page, MAP_SHARED), -EINVAL);
	check_eq(try_mmap(fd, offset, 0, MAP_SHARED), -EINVAL);
	check_eq(try_mmap(fd, offset, 4 * page, MAP_PRIVATE), -EINVAL);
	check_eq(try_mmap_prot(fd, offset, page, PROT_READ, MAP_PRIVATE), -EINVAL);
	check_eq(try_mmap_prot(fd, offset, page, PROT_READ, MAP_SHARED), 0);
	check_eq(gem_close(fd, handle), 0);
	check_eq(try_mmap(fd, offset, 4 * page, MAP_SHARED), -EINVAL);
	record("bad EINVAL");
}

/* the kernel tells what is not yours from what is not, a process alone cannot */
static void check_refused(int err)
{
	check(err == -EACCES || err == -EINVAL, "mmap of a foreign offset: %s",
	      err_name(err));
}

/* an offset is no capability: another file cannot use it */
static void test_mmap_foreign(const void *arg)
{
	int fd = dev_open(), other = dev_open();
	uint64_t offset = 0;

	(void)arg;
	check_eq(gem_offset(fd, gem_new(fd, 4096), &offset), 0);
	check_refused(try_mmap(other, offset, 4096, MAP_SHARED));
	/* nor does it name one of that file's own */
	gem_new(other, 4096);
	check_refused(try_mmap(other, offset, 4096, MAP_SHARED));
	record("foreign refused");
}

static void test_close_bad(const void *arg)
{
	int fd = dev_open(), other = dev_open();
	uint32_t handle;

	(void)arg;
	check_eq(gem_close(fd, 0), -EINVAL);
	check_eq(gem_close(fd, 12345), -EINVAL);
	handle = gem_new(fd, 4096);
	gem_new(fd, 4096);
	check_eq(gem_close(other, handle), -EINVAL);
	check_eq(gem_close(fd, handle), 0);
	check_eq(gem_close(fd, handle), -EINVAL);
	record("bad EINVAL");
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release release = { 0 };
	struct drm_qda_gem_create c = good_create;
	struct sess s;

	(void)arg;
	sess_open(&s);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release, 0);
	s.mem[0] = 1;
	expect(s.fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
	gem_unmap(gem_map(s.fd, c.handle, 4096), 4096);
	check_eq(gem_close(s.fd, c.handle), 0);
	check_eq(gem_close(s.fd, s.gem), 0);
	sess_close(&s);
}

/* no CPU cache could be cleaned for a DSP that does not look into them */
static void test_released_adsp(const void *arg)
{
	struct drm_qda_remote_session_release release = { 0 };
	struct drm_qda_gem_create c = good_create;
	uint64_t features;
	struct sess s;

	(void)arg;
	use_device("adsp", "");
	sess_open(&s);
	features = query(s.fd, DRM_QDA_QUERY_FEATURES, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release, 0);
	expect(s.fd, DRM_IOCTL_QDA_GEM_CREATE, &c,
	       features & DRM_QDA_FEATURE_COHERENT ? 0 : -ECANCELED);
	/* what there is stays */
	s.mem[0] = 1;
	check_eq(gem_close(s.fd, s.gem), 0);
	sess_close(&s);
}

static const struct bad_field bad_create[] = {
	BAD("size-zero", drm_qda_gem_create, size, 0, -EINVAL),
	BAD("size-huge", drm_qda_gem_create, size, 1ULL << 40, -E2BIG),
	BAD("size-max", drm_qda_gem_create, size, -1LL, -E2BIG),
	BAD("size-wrap", drm_qda_gem_create, size, -4095LL, -E2BIG),
	BAD("flags", drm_qda_gem_create, flags, 1, -EINVAL),
	BAD("flags-high", drm_qda_gem_create, flags, 0x80000000, -EINVAL),
};

static const struct bad_field bad_offset[] = {
	BAD("handle", drm_qda_gem_mmap_offset, handle, 999, -ENOENT),
	BAD("handle-zero", drm_qda_gem_mmap_offset, handle, 0, -ENOENT),
	BAD("handle-max", drm_qda_gem_mmap_offset, handle, 0xffffffff, -ENOENT),
	BAD("pad", drm_qda_gem_mmap_offset, pad, 1, -EINVAL),
};

int main(void)
{
	add_case("create", test_create, NULL);
	add_rows("create-bad", bad_create, test_bad_create);
	add_case("create-limit", test_create_limit, NULL);
	add_case("create-full", test_create_full, NULL);
	add_case("create-many", test_create_many, NULL);
	add_case("create-busy", test_create_busy, NULL);
	add_rows("offset-bad", bad_offset, test_bad_offset);
	add_case("offset-same", test_offset_same, NULL);
	add_case("mmap-zero", test_mmap_zero, NULL);
	add_case("mmap-shared", test_mmap_shared, NULL);
	add_case("mmap-outlives", test_mmap_outlives, NULL);
	add_case("mmap-bad", test_mmap_bad, NULL);
	add_case("mmap-foreign", test_mmap_foreign, NULL);
	add_case("close-bad", test_close_bad, NULL);
	add_case("released", test_released, NULL);
	add_case("released-adsp", test_released_adsp, NULL);
	return run_cases("gem");
}
