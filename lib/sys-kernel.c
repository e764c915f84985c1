/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kapi-ops.h"
#include "sys.h"

/* character major of the kernel's accel class */
#define ACCEL_MAJOR 261

static int kernel_open(const char *path, int flags)
{
	return open(path, flags);
}

static int kernel_close(int fd)
{
	return close(fd);
}

static int kernel_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static void *kernel_mmap(void *addr, size_t length, int prot, int flags, int fd,
			 uint64_t offset)
{
	return mmap(addr, length, prot, flags, fd, (off_t)offset);
}

static int kernel_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}

static ssize_t kernel_read(int fd, void *buf, size_t count)
{
	return read(fd, buf, count);
}

static int kernel_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	return poll(fds, nfds, timeout_ms);
}

const struct qda_sys qda_sys_kernel = {
	.open = kernel_open,
	.close = kernel_close,
	.ioctl = kernel_ioctl,
	.mmap = kernel_mmap,
	.munmap = kernel_munmap,
	.read = kernel_read,
	.poll = kernel_poll,
};

int kapi_node_check(const char *path, int fd)
{
	struct stat st;
	int ret = path ? stat(path, &st) : fstat(fd, &st);

	if (ret < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != ACCEL_MAJOR)
		return -ENXIO;
	return 0;
}
