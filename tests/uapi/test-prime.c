// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "common.h"

static struct sess s;

static void test_export(const void *arg)
{
	struct drm_prime_handle h = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	int fd = dev_open();
	uint8_t *own, *other;

	(void)arg;
	h.handle = gem_new(fd, 8192);
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h, 0);
	check(h.fd >= 0, "descriptor %d", h.fd);
	check(fcntl(h.fd, F_GETFD) & FD_CLOEXEC, "not close-on-exec");
	/* the descriptor is the memory, and keeps it */
	own = gem_map(fd, h.handle, 8192);
	other = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, h.fd, 0);
	check(other != MAP_FAILED, "mmap of an export: %s", strerror(errno));
	own[5000] = 55;
	check_eq(other[5000], 55);
	gem_unmap(own, 8192);
	check_eq(gem_close(fd, h.handle), 0);
	dev_close(fd);
	check_eq(other[5000], 55);
	munmap(other, 8192);
	close(h.fd);
}

static void test_export_bad(const void *arg)
{
	struct drm_prime_handle h = { .flags = DRM_CLOEXEC, .fd = -1 };
	int fd = dev_open();

	(void)arg;
	h.handle = gem_new(fd, 4096);
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h, 0);
	close(h.fd);
	h.flags = 0x4;
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h, -EINVAL);
	h.flags = DRM_CLOEXEC;
	h.handle = 999;
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h, -ENOENT);
	h.handle = 0;
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h, -ENOENT);
}

static void test_export_foreign(const void *arg)
{
	int fd = dev_open(), other = dev_open(), buf = -1;
	uint32_t handle = gem_new(fd, 4096);

	(void)arg;
	gem_close(other, gem_new(other, 4096));
	check_eq(prime_export(other, handle, DRM_CLOEXEC, &buf), -ENOENT);
	record("foreign ENOENT");
}

static void test_import(const void *arg)
{
	struct drm_prime_handle h = { .handle = 0 };
	struct drm_qda_gem_mmap_offset o = { .offset = FILL64 };
	int fd = dev_open();

	(void)arg;
	h.fd = dmabuf_new(8192);
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, 0);
	check(h.handle, "handle 0");
	close(h.fd);
	/* it is mapped through its exporter */
	o.handle = h.handle;
	expect(fd, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &o, -EINVAL);
	check_eq(gem_close(fd, h.handle), 0);
	check_eq(gem_close(fd, h.handle), -EINVAL);
}

/* one object, one handle: importing takes no second reference that GEM_CLOSE owes */
static void test_import_twice(const void *arg)
{
	int fd = dev_open(), buf = dmabuf_new(8192), buf2 = dup(buf), buf3 = -1;
	uint32_t a = 0, b = 0;

	(void)arg;
	check_eq(prime_import(fd, buf, &a), 0);
	check_eq(prime_import(fd, buf, &b), 0);
	check_eq(a, b);
	check_eq(prime_import(fd, buf2, &b), 0);
	check_eq(a, b);
	/* exported again it is still the same thing */
	check_eq(prime_export(fd, a, DRM_CLOEXEC | DRM_RDWR, &buf3), 0);
	check_eq(prime_import(fd, buf3, &b), 0);
	check_eq(a, b);
	check_eq(gem_close(fd, a), 0);
	check_eq(gem_close(fd, a), -EINVAL);
	/* and can come back */
	check_eq(prime_import(fd, buf, &a), 0);
	check_eq(gem_close(fd, a), 0);
	close(buf);
	close(buf2);
	close(buf3);
	record("twice OK");
}

static void test_import_own(const void *arg)
{
	int fd = dev_open(), buf = -1;
	uint32_t handle = gem_new(fd, 4096), again = 0;

	(void)arg;
	check_eq(prime_export(fd, handle, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	check_eq(prime_import(fd, buf, &again), 0);
	check_eq(again, handle);
	/* it stays native */
	gem_unmap(gem_map(fd, again, 4096), 4096);
	check_eq(gem_close(fd, handle), 0);
	check_eq(gem_close(fd, handle), -EINVAL);
	close(buf);
	record("own OK");
}

/* another session's buffer becomes an object of this one, same bytes */
static void test_import_shared(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke invoke;
	int fd = dev_open(), buf = -1;
	uint32_t theirs = gem_new(fd, 8192), ours = 0;
	uint8_t *mem = gem_map(fd, theirs, 8192);

	(void)arg;
	check_eq(prime_export(fd, theirs, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	sess_open_bench(&s);
	check_eq(prime_import(s.fd, buf, &ours), 0);
	close(buf);
	memcpy(mem + 4000, "from the other one", 19);
	invoke = echo_call(&s, args, arg_of(ours, 4000, 19), arg_of(s.gem, 0x1000, 19));
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke, 0);
	check_eq(invoke.status, 0);
	check(!strcmp((char *)s.mem + 0x1000, "from the other one"), "other bytes");
	/* also when its maker is gone */
	dev_close(fd);
	memcpy(mem + 4000, "from the grave    ", 19);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke, 0);
	check(!strcmp((char *)s.mem + 0x1000, "from the grave    "), "other bytes");
	gem_unmap(mem, 8192);
	sess_close(&s);
}

/* the DSP reads and writes an import as it does a native buffer */
static void test_import_call(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke invoke;
	uint32_t handle = 0;
	uint8_t *mem;
	int buf;

	(void)arg;
	sess_open_bench(&s);
	buf = dmabuf_new(0x4000);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	mem = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	close(buf);
	check(mem != MAP_FAILED, "mmap of a dma-buf: %s", strerror(errno));
	memset(mem + 100, 0x5a, 0x1800);
	invoke = echo_call(&s, args, arg_of(handle, 100, 0x1800),
			   arg_of(handle, 0x2001, 0x1800));
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke, 0);
	check_eq(invoke.status, 0);
	check_eq(mem[0x2000], 0);
	check_eq(mem[0x2001], 0x5a);
	check_eq(mem[0x3800], 0x5a);
	check_eq(mem[0x3801], 0);
	munmap(mem, 0x4000);
	sess_close(&s);
}

static void test_import_bad_fd(const void *arg)
{
	struct drm_prime_handle h = { .handle = FILL32 };
	int fd = dev_open();

	(void)arg;
	h.fd = dmabuf_new(4096);
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, 0);
	close(h.fd);
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EBADF);
	h.fd = -1;
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EBADF);
}

static void expect_refused(int fd, int buf)
{
	struct drm_prime_handle h = { .fd = buf };

	check(buf >= 0, "no descriptor to try: %s", strerror(errno));
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EINVAL);
	close(buf);
}

static void test_import_not_a_buffer(const void *arg)
{
	int fd = dev_open(), pipefd[2], other = dev_open();
	struct drm_prime_handle h = { .fd = other };

	(void)arg;
	check_eq(pipe2(pipefd, O_CLOEXEC), 0);
	expect_refused(fd, pipefd[0]);
	expect_refused(fd, pipefd[1]);
	expect_refused(fd, open("/dev/null", O_RDWR | O_CLOEXEC));
	expect_refused(fd, open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
	expect_refused(fd, open("/tmp", O_RDWR | O_CLOEXEC | O_TMPFILE, 0600));
	/* a session's own descriptor */
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EINVAL);
}

static int memfd_of(off_t size, int seals)
{
	int memfd = memfd_create("uapi-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd >= 0 &&
	    (ftruncate(memfd, size) || fcntl(memfd, F_ADD_SEALS, seals))) {
		close(memfd);
		return -1;
	}
	return memfd;
}

/* memory that its owner can take away would crash whoever maps it */
static void test_import_unsealed(const void *arg)
{
	int fd = dev_open();

	(void)arg;
	expect_refused(fd, memfd_of(4096, 0));
	expect_refused(fd, memfd_of(4096, F_SEAL_GROW));
	expect_refused(fd, memfd_of(0, F_SEAL_SHRINK | F_SEAL_GROW));
}

static void test_import_busy(const void *arg)
{
	struct drm_prime_handle h = { .handle = 0 };

	(void)arg;
	h.fd = dmabuf_new(4096);
	take_banks_but(0);
	expect(dev_open(), DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EBUSY);
	close(h.fd);
}

/* a failed import took nothing */
static void test_import_takes_bank(const void *arg)
{
	int fd = dev_open(), buf = dmabuf_new(4096);
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	uint32_t handle = 0;

	(void)arg;
	check_eq(prime_import(fd, -1, &handle), -EBADF);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total);
	check_eq(prime_import(fd, buf, &handle), 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
	close(buf);
	record("bank OK");
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release release = { 0 };
	int buf = -1;
	uint32_t handle = 0;

	(void)arg;
	sess_open(&s);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release, 0);
	check_eq(prime_export(s.fd, s.gem, DRM_CLOEXEC, &buf), 0);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	check_eq(handle, s.gem);
	close(buf);
	sess_close(&s);
}

int main(void)
{
	add_case("export", test_export, NULL);
	add_case("export-bad", test_export_bad, NULL);
	add_case("export-foreign", test_export_foreign, NULL);
	add_case("import", test_import, NULL);
	add_case("import-twice", test_import_twice, NULL);
	add_case("import-own", test_import_own, NULL);
	add_case("import-shared", test_import_shared, NULL);
	add_case("import-call", test_import_call, NULL);
	add_case("import-bad-fd", test_import_bad_fd, NULL);
	add_case("import-not-a-buffer", test_import_not_a_buffer, NULL);
	add_case("import-unsealed", test_import_unsealed, NULL);
	add_case("import-busy", test_import_busy, NULL);
	add_case("import-takes-bank", test_import_takes_bank, NULL);
	add_case("released", test_released, NULL);
	return run_cases("prime");
}
