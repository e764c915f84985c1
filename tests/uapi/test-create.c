// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>

#include "common.h"

#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE
#define UNSIGNED DRM_QDA_PD_UNSIGNED
#define EBADELF	((int32_t)0x80000452)

/* the shell image of the software DSP, as libqda would find it; 0: none */
static size_t load_shell(int fd, uint32_t *ret_handle)
{
	const char *path = getenv("DSP_LIBRARY_PATH");
	char name[PATH_MAX];
	struct stat st;
	size_t got = 0;
	ssize_t n;
	uint8_t *mem;
	int file;

	snprintf(name, sizeof(name), "%.*s/fastrpc_shell_3",
		 path ? (int)strcspn(path, ":;") : 1, path ? path : ".");
	file = open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		skip_case("no fastrpc_shell_3 in DSP_LIBRARY_PATH");
	check_eq(fstat(file, &st), 0);
	*ret_handle = gem_new(fd, (uint64_t)st.st_size + 8192);
	mem = gem_map(fd, *ret_handle, (uint64_t)st.st_size + 8192);
	while ((n = read(file, mem + 4096 + got, (size_t)st.st_size - got)) > 0)
		got += (size_t)n;
	close(file);
	gem_unmap(mem, (uint64_t)st.st_size + 8192);
	check_eq(got, st.st_size);
	return got;
}

static void test_builtin(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	int fd = dev_open();

	(void)arg;
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, 0);
}

/* the image at an offset, with and without a signature behind it */
static void test_image(const void *arg)
{
	const uint32_t *siglen = arg;
	struct drm_qda_remote_session_create c = {
		.offset = 4096, .siglen = *siglen, .status = (int32_t)FILL32,
	};
	int fd = dev_open();

	c.length = (uint32_t)load_shell(fd, &c.handle) + *siglen;
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, 0);
	/* pinned only until the answer */
	check_eq(gem_close(fd, c.handle), 0);
}

static void test_image_gone_after(const void *arg)
{
	struct drm_qda_remote_session_create c = { .offset = 4096 };
	unsigned int sid = 0, pid;
	char text[512];
	uint64_t size;
	int fd = dev_open();

	(void)arg;
	c.length = (uint32_t)load_shell(fd, &c.handle);
	size = (c.length + 8192 + 4095ULL) & ~4095ULL;
	expect(fd, CREATE, &c, 0);
	steer(text, sizeof(text), "pds");
	check(sscanf(text, "%u:%u", &sid, &pid) == 2, "no PD: %s", text);
	check(bus_has(sid, size), "the image is not mapped");
	check_eq(gem_close(fd, c.handle), 0);
	check(!bus_has(sid, size), "the image is still mapped");
}

static void test_not_an_image(const void *arg)
{
	struct drm_qda_remote_session_create c = { .length = 8192 };
	int32_t status = 0;
	int fd = dev_open();

	(void)arg;
	c.handle = gem_new(fd, 8192);
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, EBADELF);
	/* no PD was made, another can be */
	check_eq(call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), -ENOTCONN);
	check_eq(create_pd(fd, 0, &status), 0);
	check_eq(status, 0);
}

static void test_truncated_image(const void *arg)
{
	struct drm_qda_remote_session_create c = { .offset = 4096 };
	int fd = dev_open();

	(void)arg;
	load_shell(fd, &c.handle);
	c.length = 40;
	expect(fd, CREATE, &c, 0);
	check(c.status < 0, "status %#x", c.status);
}

static void test_status(const void *arg)
{
	struct drm_qda_remote_session_create c = { 0 };
	int fd = dev_open();

	(void)arg;
	steer(NULL, 0, "fail op=create status=0x80000402");
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, (int32_t)0x80000402);
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, 0);
}

static void test_already(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	struct drm_qda_session_attach a = { .status = (int32_t)FILL32 };
	int fd = dev_open(), other = dev_open();

	(void)arg;
	expect(fd, CREATE, &c, 0);
	c.status = (int32_t)FILL32;
	expect(fd, CREATE, &c, -EALREADY);
	expect(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a, -EALREADY);
	/* another file is another session */
	expect(other, CREATE, &c, 0);
}

static void test_busy(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };

	(void)arg;
	take_banks_but(0);
	expect(dev_open(), CREATE, &c, -EBUSY);
}

/* calls that need a PD, before there is one */
static void test_not_connected(const void *arg)
{
	struct drm_qda_remote_map m = { .length = 4096, .flags = DRM_QDA_MAP_DSP_ID,
					.dsp_id = 1 };
	struct drm_qda_remote_munmap u = { .map_id = 1 };
	struct drm_qda_remote_invoke i = { .stride = 40, .scalars = 0x02000000 };
	struct drm_qda_remote_session_release r = { 0 };
	int fd = dev_open();

	(void)arg;
	expect(fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, -ENOTCONN);
	expect(fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, -ENOTCONN);
	i.flags = DRM_QDA_INVOKE_ASYNC;
	expect(fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, -ENOTCONN);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, -ENOTCONN);
	/* a bank is no PD */
	m.handle = gem_new(fd, 4096);
	expect(fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, -ENOTCONN);
	expect(fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, -ENOTCONN);
}

static void test_bad(const void *arg)
{
	struct drm_qda_remote_session_create good = {
		.offset = 4096, .status = (int32_t)FILL32,
	}, c;
	static bool was_good;
	int fd = dev_open();

	good.length = (uint32_t)load_shell(fd, &good.handle);
	/* once for all rows, as a file makes one PD and these take long to start */
	if (!was_good) {
		c = good;
		expect(fd, CREATE, &c, 0);
		check_eq(c.status, 0);
		was_good = true;
		fd = dev_open();
		check_eq(load_shell(fd, &good.handle), good.length);
	}
	expect_bad(fd, CREATE, &good, arg);
	/* what was refused left no trace */
	expect(fd, CREATE, &good, 0);
	check_eq(good.status, 0);
}

/* what the range does not allow, whatever the image */
static void test_bad_range(const void *arg)
{
	const struct bad_field *row = arg;
	struct drm_qda_remote_session_create c = {
		.offset = 4096, .length = 4096, .status = (int32_t)FILL32,
	};
	int fd = dev_open();

	c.handle = gem_new(fd, 8192);
	set_field(&c, row);
	expect(fd, CREATE, &c, row->err);
}

static void test_too_big(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	int fd = dev_open();
	uint64_t limit = query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_SHELL_SIZE);

	(void)arg;
	c.handle = gem_new(fd, limit + 4096);
	c.length = (uint32_t)limit + 1;
	expect(fd, CREATE, &c, -E2BIG);
	c.length = (uint32_t)limit;
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, EBADELF);
}

static void test_init_mem(const void *arg)
{
	struct drm_qda_remote_session_create c = { .init_mem_size = 1 << 20 };
	int fd = dev_open();
	struct sess s;

	(void)arg;
	expect(fd, CREATE, &c, 0);
	dev_close(fd);
	/* rounded up to pages; held until the PD has ended */
	fd = dev_open();
	c.init_mem_size = (1 << 20) + 1;
	expect(fd, CREATE, &c, 0);
	dev_close(fd);
	sess_open(&s);
	/* its neighbour in the bank may be listed with it */
	check(bus_spans(s.sid, 2 << 20), "no init memory of 2 MiB");
	sess_close(&s);
}

/* attributes an unprivileged file may not have, and those it may */
static void test_unprivileged(const void *arg)
{
	const struct bad_field *row = arg;
	struct drm_qda_remote_session_create c = {
		.attrs = UNSIGNED, .status = (int32_t)FILL32,
	};
	int fd = dev_open_unprivileged();

	if (row->err) {
		expect_bad(fd, CREATE, &c, row);
	} else {
		set_field(&c, row);
	}
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, 0);
}

static void test_privileged(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	int fd = dev_open();

	set_field(&c, arg);
	expect(fd, CREATE, &c, 0);
	check_eq(c.status, 0);
}

static void test_no_unsigned(const void *arg)
{
	struct drm_qda_remote_session_create c = {
		.attrs = UNSIGNED, .status = (int32_t)FILL32,
	};
	int fd;

	(void)arg;
	use_device("adsp", "");
	fd = dev_open();
	expect(fd, CREATE, &c, -EOPNOTSUPP);
	c.attrs = 0;
	expect(fd, CREATE, &c, 0);
}

static void test_failed_takes_nothing(const void *arg)
{
	struct drm_qda_remote_session_create c = { .flags = 1 };
	int fd = dev_open();
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);

	(void)arg;
	expect(fd, CREATE, &c, -EINVAL);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total);
	c.flags = 0;
	expect(fd, CREATE, &c, 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
}

static void test_release_bad(const void *arg)
{
	const struct bad_field *row = arg;
	struct drm_qda_remote_session_release r = { 0 };
	struct sess s;

	sess_open(&s);
	expect_bad(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, row);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, -ECANCELED);
	sess_close(&s);
}

static const struct bad_field bad[] = {
	BAD("flags", drm_qda_remote_session_create, flags, 1, -EINVAL),
	BAD("offset-unaligned", drm_qda_remote_session_create, offset, 4095, -EINVAL),
	BAD("offset-outside", drm_qda_remote_session_create, offset, 1 << 30, -EINVAL),
	BAD("offset-wrap", drm_qda_remote_session_create, offset, -4096LL, -EINVAL),
	BAD("handle", drm_qda_remote_session_create, handle, 999, -ENOENT),
	BAD("handle-zero", drm_qda_remote_session_create, handle, 0, -EINVAL),
	BAD("length-zero", drm_qda_remote_session_create, length, 0, -EINVAL),
	BAD("length-huge", drm_qda_remote_session_create, length, 0xffffffff, -E2BIG),
	BAD("siglen", drm_qda_remote_session_create, siglen, 0x7fffffff, -EINVAL),
	BAD("attrs-4", drm_qda_remote_session_create, attrs, 0x4, -EINVAL),
	BAD("attrs-100", drm_qda_remote_session_create, attrs, 0x100, -EINVAL),
	BAD("attrs-high", drm_qda_remote_session_create, attrs, 0x80000000, -EINVAL),
	BAD("init-mem-small", drm_qda_remote_session_create, init_mem_size,
	    (1 << 20) - 1, -EINVAL),
	BAD("init-mem-large", drm_qda_remote_session_create, init_mem_size,
	    (256 << 20) + 1, -EINVAL),
	BAD("init-mem-huge", drm_qda_remote_session_create, init_mem_size, -1LL,
	    -EINVAL),
};

static const struct bad_field bad_range[] = {
	BAD("end", drm_qda_remote_session_create, length, 4097, -EINVAL),
	BAD("start", drm_qda_remote_session_create, offset, 8192, -EINVAL),
	BAD("siglen-over", drm_qda_remote_session_create, siglen, 4097, -EINVAL),
};

static const struct bad_field unprivileged[] = {
	BAD("signed", drm_qda_remote_session_create, attrs, 0, -EPERM),
	BAD("debug", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_DEBUG, -EPERM),
	BAD("ptrace", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_PTRACE, -EPERM),
	BAD("system", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_SYSTEM, -EPERM),
	BAD("privileged", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_PRIVILEGED, -EPERM),
	BAD("system-unsigned", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_SYSTEM_UNSIGNED, -EPERM),
	BAD("unsigned", drm_qda_remote_session_create, attrs, UNSIGNED, 0),
	BAD("qos", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_ADAPTIVE_QOS, 0),
	BAD("dump", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_DUMP, 0),
};

static const struct bad_field privileged[] = {
	BAD("unsigned", drm_qda_remote_session_create, attrs, UNSIGNED, 0),
	BAD("all", drm_qda_remote_session_create, attrs, 0x200fb, 0),
};

static const struct bad_field bad_release[] = {
	BAD("flags", drm_qda_remote_session_release, flags, 1, -EINVAL),
	BAD("pad", drm_qda_remote_session_release, pad, 1, -EINVAL),
};

int main(void)
{
	static const uint32_t no_signature, signature = 1000;

	add_case("builtin", test_builtin, NULL);
	add_case("image", test_image, &no_signature);
	add_case("image-signed", test_image, &signature);
	add_case("image-unpinned", test_image_gone_after, NULL);
	add_case("not-an-image", test_not_an_image, NULL);
	add_case("truncated-image", test_truncated_image, NULL);
	add_case("status", test_status, NULL);
	add_case("already", test_already, NULL);
	add_case("busy", test_busy, NULL);
	add_case("not-connected", test_not_connected, NULL);
	add_rows("bad", bad, test_bad);
	add_rows("bad-range", bad_range, test_bad_range);
	add_case("too-big", test_too_big, NULL);
	add_case("init-mem", test_init_mem, NULL);
	add_rows("unprivileged", unprivileged, test_unprivileged);
	add_rows("privileged", privileged, test_privileged);
	add_case("no-unsigned", test_no_unsigned, NULL);
	add_case("failed-takes-nothing", test_failed_takes_nothing, NULL);
	add_rows("release-bad", bad_release, test_release_bad);
	return run_cases("create");
}
