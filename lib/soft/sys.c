// SPDX-License-Identifier: MIT
/* The table of system calls this library exports, and all it exports. */
#include <errno.h>
#include <sys/mman.h>

#include "soft.h"

static ssize_t result(ssize_t ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static int soft_open(const char *path, int flags)
{
	if (!path)
		return (int)result(-EFAULT);
	return (int)result(file_open(path, flags));
}

static int soft_close(int fd)
{
	return (int)result(file_close(fd));
}

static int soft_ioctl(int fd, unsigned long request, void *arg)
{
	struct file *file;
	int err;

	err = file_get(fd, &file);
	if (err)
		return (int)result(err);
	err = file_ioctl(file, request, (uintptr_t)arg);
	file_put(file);
	return (int)result(err);
}

static void *soft_mmap(void *addr, size_t length, int prot, int flags, int fd,
		       uint64_t offset)
{
	struct file *file;
	void *p;
	int err;

	err = file_get(fd, &file);
	if (err) {
		errno = -err;
		return MAP_FAILED;
	}
	p = gem_mmap(file, addr, length, prot, flags, offset);
	file_put(file);
	return p;
}

static int soft_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}

static ssize_t soft_read(int fd, void *buf, size_t count)
{
	return result(file_read(fd, buf, count));
}

static int soft_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	return (int)result(file_poll(fds, nfds, timeout_ms));
}

__attribute__((visibility("default"))) const struct qda_sys qda_soft_sys = {
	.open = soft_open,
	.close = soft_close,
	.ioctl = soft_ioctl,
	.mmap = soft_mmap,
	.munmap = soft_munmap,
	.read = soft_read,
	.poll = soft_poll,
};
