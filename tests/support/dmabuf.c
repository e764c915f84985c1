// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support.h"

/*
 * Pages of this file and of another one in turns: udmabuf maps a file's memory for a
 * device that claims to support 64 KiB in one piece, and the kernel's DMA debugging has
 * something to say where chance made a longer one.
 */
static void scatter_pages(int memfd, size_t size)
{
	const off_t page = sysconf(_SC_PAGESIZE);
	int spacer = memfd_create("spacer", MFD_CLOEXEC);
	char byte = 0;
	off_t at;

	if (spacer < 0)
		return;
	/* not fallocate(): what it makes is cleared when it is read, which udmabuf skips */
	for (at = 0; at < (off_t)size; at += page)
		if (pread(memfd, &byte, 1, at) != 1 || pwrite(memfd, &byte, 1, at) != 1 ||
		    pwrite(spacer, &byte, 1, at) != 1)
			break;
	close(spacer);
}

int dmabuf_of(int memfd, size_t size)
{
	struct udmabuf_create create = {
		.memfd = (uint32_t)memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size,
	};
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd;

	if (dev < 0)
		return -errno;
	scatter_pages(memfd, size);
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	if (fd < 0)
		fd = -errno;
	close(dev);
	return fd;
}
