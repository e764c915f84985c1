// SPDX-License-Identifier: MIT
/* What the DRM core does for every driver: VERSION, sizes, numbers, pointers. */
#include <fcntl.h>

#include "common.h"

#define NR(cmd)	_IOC_NR(DRM_IOCTL_QDA_##cmd)

static void test_version(const void *arg)
{
	char name[32] = "", date[32] = "", desc[128] = "";
	struct drm_version v = {
		.name = name, .name_len = sizeof(name), .date = date,
		.date_len = sizeof(date), .desc = desc, .desc_len = sizeof(desc),
	};
	int fd = dev_open();

	(void)arg;
	expect(fd, DRM_IOCTL_VERSION, &v, 0);
	check(!strcmp(name, DRM_QDA_NAME), "the driver is called \"%s\"", name);
	check(!strncmp(desc, DRM_QDA_TAG, strlen(DRM_QDA_TAG)),
	      "the description is \"%s\"", desc);
	check_eq(v.version_major, DRM_QDA_MAJOR);
	check_eq(v.version_minor, DRM_QDA_MINOR);
	check_eq(v.name_len, strlen(DRM_QDA_NAME));
	check_eq(v.desc_len, strlen(desc));
}

/* lengths are told whole, buffers filled as far as they go */
static void test_version_short(const void *arg)
{
	char name[4] = "####";
	struct drm_version v = { .name = name, .name_len = 2 };
	int fd = dev_open();

	(void)arg;
	expect(fd, DRM_IOCTL_VERSION, &v, 0);
	check_eq(v.name_len, strlen(DRM_QDA_NAME));
	check(!memcmp(name, "qd##", 4), "name is \"%.4s\"", name);
	check(v.desc_len >= strlen(DRM_QDA_TAG), "description length %zu",
	      (size_t)v.desc_len);
}

static void test_wrong_type(const void *arg)
{
	struct drm_qda_query q = { 0 };
	int fd = dev_open();

	(void)arg;
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect(fd, _IOC(_IOC_READ | _IOC_WRITE, 'e', NR(QUERY), sizeof(q)), &q,
	       -ENOTTY);
	expect(fd, _IOC(_IOC_READ | _IOC_WRITE, 0, NR(QUERY), sizeof(q)), &q, -ENOTTY);
}

static void test_wrong_number(const void *arg)
{
	struct drm_qda_query q = { 0 };
	int fd = dev_open();
	unsigned int nr;

	(void)arg;
	for (nr = DRM_COMMAND_BASE + DRM_QDA_REMOTE_SESSION_RELEASE + 1;
	     nr < DRM_COMMAND_END; nr++)
		check_eq(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', nr, sizeof(q)), &q),
			 -EINVAL);
	record("unknown numbers EINVAL");
}

/* the core zero-extends what is shorter and writes back no more than that */
static void test_short_struct(const void *arg)
{
	struct { struct drm_qda_query q; } s;
	int fd = dev_open();

	(void)arg;
	memset(&s, 0xa5, sizeof(s));
	s.q.type = DRM_QDA_QUERY_BANKS_TOTAL;
	s.q.index = 0;
	/* flags and status left out: zero */
	check_eq(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', NR(QUERY), 8), &s), 0);
	check_eq(s.q.flags, FILL32);
	check_eq(s.q.value, FILL64);
	s.q.flags = 0;
	s.q.status = -1;
	check_eq(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', NR(QUERY), 24), &s), 0);
	check_eq(s.q.status, 0);
	check_eq(s.q.value, query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0));
	check_eq(s.q.name[0], 0xa5);
	record("short OK");
}

static void test_long_struct(const void *arg)
{
	struct { struct drm_qda_query q; uint64_t tail[4]; } s;
	int fd = dev_open();
	size_t i;

	(void)arg;
	memset(&s, 0, sizeof(s));
	memset(s.tail, 0xa5, sizeof(s.tail));
	s.q.type = DRM_QDA_QUERY_MAGIC;
	check_eq(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', NR(QUERY), sizeof(s)), &s),
		 0);
	check_eq(s.q.value, DRM_QDA_ABI_MAGIC);
	for (i = 0; i < ARRAY_SIZE(s.tail); i++)
		check_eq(s.tail[i], FILL64);
	record("long OK");
}

/* a dirty tail does not make a bad struct good, nor a good one bad */
static void test_long_struct_bad(const void *arg)
{
	struct { struct drm_qda_gem_create c; uint64_t tail[2]; } s = {
		.c = { .size = 4096, .handle = FILL32, .flags = 1 },
		.tail = { FILL64, FILL64 },
	}, before = s;
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, 'd', NR(GEM_CREATE),
				     sizeof(s));
	int fd = dev_open();

	(void)arg;
	check_eq(call(fd, request, &s), -EINVAL);
	check(!memcmp(&s, &before, sizeof(s)), "a failed call changed its struct");
	s.c.flags = 0;
	check_eq(call(fd, request, &s), 0);
	check_eq(s.tail[0], FILL64);
	record("long bad EINVAL");
}

/* direction bits say what is copied */
static void test_direction(const void *arg)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_BANKS_TOTAL, .value = FILL64 };
	int fd = dev_open();

	(void)arg;
	/* write only: nothing comes back */
	check_eq(call(fd, _IOC(_IOC_WRITE, 'd', NR(QUERY), sizeof(q)), &q), 0);
	check_eq(q.value, FILL64);
	/* read only: the driver sees zeroes, type 0 is MAGIC */
	check_eq(call(fd, _IOC(_IOC_READ, 'd', NR(QUERY), sizeof(q)), &q), 0);
	check_eq(q.value, DRM_QDA_ABI_MAGIC);
	record("direction OK");
}

static void test_null(const void *arg)
{
	int fd = dev_open();
	unsigned int nr;

	(void)arg;
	for (nr = 0; nr <= DRM_QDA_REMOTE_SESSION_RELEASE; nr++)
		check_eq(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd',
				       DRM_COMMAND_BASE + nr, 8), NULL), -EFAULT);
	record("null EFAULT");
}

static void test_unmapped(const void *arg)
{
	void *half = (void *)((uintptr_t)1 << (8 * sizeof(void *) - 1));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct drm_qda_query *q;
	int fd = dev_open();
	char *two;

	(void)arg;
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	assert_ptr_not_equal(two, MAP_FAILED);
	munmap(two + page, page);
	/* ends exactly at the edge */
	q = (void *)(two + page - sizeof(*q));
	expect(fd, DRM_IOCTL_QDA_QUERY, q, 0);
	/* crosses it */
	q = (void *)(two + page - sizeof(*q) + 8);
	memset(q, 0, sizeof(*q) - 8);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, q), -EFAULT);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, two + page), -EFAULT);
	/* the top of the address space, and half way to it */
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, (void *)-8L), -EFAULT);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, half), -EFAULT);
	munmap(two, page);
	record("unmapped EFAULT");
}

static void test_read_only(const void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = dev_open();
	void *p;

	(void)arg;
	p = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, p), -EFAULT);
	mprotect(p, page, PROT_NONE);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, p), -EFAULT);
	munmap(p, page);
	record("read-only EFAULT");
}

static void test_unaligned(const void *arg)
{
	unsigned char bytes[sizeof(struct drm_qda_query) + 1] = { 0 };
	uint64_t value;
	int fd = dev_open();

	(void)arg;
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, bytes + 1), 0);
	memcpy(&value, bytes + 1 + offsetof(struct drm_qda_query, value),
	       sizeof(value));
	check_eq(value, DRM_QDA_ABI_MAGIC);
	record("unaligned OK");
}

static void test_cloexec(const void *arg)
{
	int fd = dev_open();

	(void)arg;
	check(fcntl(fd, F_GETFD) & FD_CLOEXEC, "the descriptor is not close-on-exec");
	record("cloexec OK");
}

static void test_open_unknown(const void *arg)
{
	(void)arg;
	check_eq(dev_try_open(is_soft ? "soft:ydsp" : "/dev/accel/no-such-node"),
		 is_soft ? -ENODEV : -ENOENT);
	record("unknown refused");
}

static void test_close_twice(const void *arg)
{
	int fd = dev_open();

	(void)arg;
	check_eq(dev->sys->close(fd), 0);
	check_eq(dev->sys->close(fd), -1);
	check_eq(errno, EBADF);
	check_eq(call(fd, DRM_IOCTL_QDA_QUERY, &(struct drm_qda_query){ 0 }), -EBADF);
	record("closed EBADF");
}

int main(void)
{
	add_case("version", test_version, NULL);
	add_case("version-short", test_version_short, NULL);
	add_case("wrong-type", test_wrong_type, NULL);
	add_case("wrong-number", test_wrong_number, NULL);
	add_case("short-struct", test_short_struct, NULL);
	add_case("long-struct", test_long_struct, NULL);
	add_case("long-struct-bad", test_long_struct_bad, NULL);
	add_case("direction", test_direction, NULL);
	add_case("pointer-null", test_null, NULL);
	add_case("pointer-unmapped", test_unmapped, NULL);
	add_case("pointer-read-only", test_read_only, NULL);
	add_case("pointer-unaligned", test_unaligned, NULL);
	add_case("cloexec", test_cloexec, NULL);
	add_case("open-unknown", test_open_unknown, NULL);
	add_case("close-twice", test_close_twice, NULL);
	return run_cases("core");
}
