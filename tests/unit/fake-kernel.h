/* SPDX-License-Identifier: MIT */
/*
 * A kernel with accel nodes of our making. Including this replaces
 * lib/sys-kernel.c, which the linker then leaves in its archive.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "kapi-ops.h"
#include "sys.h"

struct fake_node {
	const char *path;
	int open_errno;
	int version_errno;
	int query_errno;
	const char *driver;	/* NULL: no DRM device at all */
	const char *description;
	int major, minor;
	uint64_t magic;
	const char *dsp;
	ino_t ino;		/* of the descriptors it gave out last */
};

#define FAKE_QDA(p, d) \
	{ .path = p, .driver = DRM_QDA_NAME, .description = DRM_QDA_TAG " test", \
	  .major = DRM_QDA_MAJOR, .minor = DRM_QDA_MINOR, \
	  .magic = DRM_QDA_ABI_MAGIC, .dsp = d }

#define FAKE_NODES_MAX 8
static struct fake_node fake_nodes[FAKE_NODES_MAX];
static int fake_open_count, fake_close_count, fake_open_flags;
/* sees every ioctl first; returns true if it answered (*ret, errno) */
static bool (*fake_hook)(unsigned long request, void *arg, int *ret);
/* what read() and poll() answer */
static const void *fake_read_data;
static ssize_t fake_read_size;
/* what poll() says there is */
static short fake_poll_revents = POLLIN;
static int fake_read_errno, fake_poll_ret, fake_read_count, fake_poll_count;

static void fake_reset(void)
{
	memset(fake_nodes, 0, sizeof(fake_nodes));
	fake_open_count = fake_close_count = fake_open_flags = 0;
	fake_hook = NULL;
	fake_read_data = NULL;
	fake_read_size = 0;
	fake_poll_revents = POLLIN;
	fake_read_errno = fake_poll_ret = fake_read_count = fake_poll_count = 0;
}

static struct fake_node *fake_find(const char *path)
{
	int i;

	for (i = 0; i < FAKE_NODES_MAX; i++)
		if (fake_nodes[i].path && !strcmp(fake_nodes[i].path, path))
			return &fake_nodes[i];
	return NULL;
}

static struct fake_node *fake_find_fd(int fd)
{
	struct stat st;
	int i;

	if (fstat(fd, &st) < 0)
		return NULL;
	for (i = 0; i < FAKE_NODES_MAX; i++)
		if (fake_nodes[i].path && fake_nodes[i].ino == st.st_ino)
			return &fake_nodes[i];
	return NULL;
}

static int fake_fail(int err)
{
	errno = err;
	return -1;
}

static int fake_open(const char *path, int flags)
{
	struct fake_node *node = fake_find(path);
	struct stat st;
	int fd;

	if (!node)
		return fake_fail(ENOENT);
	if (node->open_errno)
		return fake_fail(node->open_errno);
	fd = memfd_create("fake-node", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	fstat(fd, &st);
	node->ino = st.st_ino;
	fake_open_flags = flags;
	fake_open_count++;
	return fd;
}

static int fake_close(int fd)
{
	fake_close_count++;
	return close(fd);
}

/* the kernel's rule: as much as fits, no NUL, the real length */
static void fake_copy(char *to, __kernel_size_t *len, const char *from)
{
	size_t real = strlen(from);

	memcpy(to, from, real < *len ? real : *len);
	*len = real;
}

static int fake_version(struct fake_node *node, struct drm_version *version)
{
	if (node->version_errno)
		return fake_fail(node->version_errno);
	if (!node->driver)
		return fake_fail(ENOTTY);
	version->version_major = node->major;
	version->version_minor = node->minor;
	fake_copy(version->name, &version->name_len, node->driver);
	fake_copy(version->desc, &version->desc_len, node->description);
	return 0;
}

static int fake_query(struct fake_node *node, struct drm_qda_query *query)
{
	if (node->query_errno)
		return fake_fail(node->query_errno);
	switch (query->type) {
	case DRM_QDA_QUERY_MAGIC:
		query->value = node->magic;
		return 0;
	case DRM_QDA_QUERY_NAME:
		memset(query->name, 'x', sizeof(query->name));
		memcpy(query->name, node->dsp, strlen(node->dsp) + 1);
		return 0;
	case DRM_QDA_QUERY_BANKS_TOTAL:
		query->value = 8;
		return 0;
	default:
		return fake_fail(EINVAL);
	}
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	struct fake_node *node = fake_find_fd(fd);
	int ret;

	if (!node)
		return fake_fail(EBADF);
	if (fake_hook && fake_hook(request, arg, &ret))
		return ret;
	if (request == DRM_IOCTL_VERSION)
		return fake_version(node, arg);
	if (request == DRM_IOCTL_QDA_QUERY)
		return fake_query(node, arg);
	return fake_fail(EINVAL);
}

static void *fake_mmap(void *addr, size_t length, int prot, int flags, int fd,
		       uint64_t offset)
{
	(void)addr, (void)fd, (void)offset;
	return mmap(NULL, length, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static int fake_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}

static ssize_t fake_read(int fd, void *buf, size_t count)
{
	(void)fd;
	fake_read_count++;
	if (fake_read_errno)
		return fake_fail(fake_read_errno);
	if ((size_t)fake_read_size <= count)
		memcpy(buf, fake_read_data, (size_t)fake_read_size);
	return fake_read_size;
}

static int fake_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	(void)nfds, (void)timeout_ms;
	fake_poll_count++;
	fds->revents = fake_poll_revents;
	return fake_poll_ret;
}

const struct qda_sys qda_sys_kernel = {
	.open = fake_open,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
	.read = fake_read,
	.poll = fake_poll,
};

int kapi_node_check(const char *path, int fd)
{
	struct stat st;

	if (path)
		return fake_find(path) ? 0 : -ENOENT;
	if (fstat(fd, &st) < 0)
		return -errno;
	return fake_find_fd(fd) ? 0 : -ENXIO;
}

#endif
