// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>

#include "producers.h"

#define PAGE	4096UL
#define HEAPS	"/dev/dma_heap"

static uint8_t *map_shared(int fd, size_t size, off_t offset)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	check(mem != MAP_FAILED, "mmap of a producer's buffer: %s", strerror(errno));
	return mem;
}

/* the heap of contiguous memory has another name in every release */
static void find_heap(bool cma, char *path, size_t size)
{
	struct dirent *entry;
	DIR *dir = opendir(HEAPS);
	bool found = false;

	check(dir, HEAPS ": %s", strerror(errno));
	while ((entry = readdir(dir)) && !found) {
		if (entry->d_name[0] == '.' ||
		    cma == !strncmp(entry->d_name, "system", 6))
			continue;
		snprintf(path, size, HEAPS "/%s", entry->d_name);
		found = true;
	}
	closedir(dir);
	check(found, "there is no %s heap", cma ? "contiguous" : "system");
}

void heap_new(struct producer *p, bool cma, size_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	char path[300];
	int fd, err;

	find_heap(cma, path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0, "%s: %s", path, strerror(errno));
	err = plain_ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &data);
	close(fd);
	check(!err, "%s: %s", path, err_name(err));
	p->fd = -1;
	p->buf = (int)data.fd;
	p->size = size;
	p->mem = map_shared(p->buf, size, 0);
}

void udmabuf_new(struct producer *p, size_t size)
{
	p->fd = memfd_create("frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	check(p->fd >= 0 && !ftruncate(p->fd, (off_t)size) &&
	      !fcntl(p->fd, F_ADD_SEALS, F_SEAL_SHRINK), "memfd: %s", strerror(errno));
	p->buf = dmabuf_of(p->fd, size);
	check(p->buf >= 0, "UDMABUF_CREATE: %s", err_name(p->buf));
	p->size = size;
	/* the file's own mapping, not the dma-buf's */
	p->mem = map_shared(p->fd, size, 0);
	p->tells_pages = true;
}

int card_open(const char *driver)
{
	int64_t end = soon();
	int fd;

	if (!module_loaded(driver))
		module_load(driver, "");
	while ((fd = drm_open(driver)) < 0 && monotonic_ns() < end)
		sleep_ms(5);
	check(fd >= 0, "no primary node of %s", driver);
	return fd;
}

void dumb_new(struct producer *p, const char *driver, size_t size)
{
	struct drm_mode_create_dumb dumb = {
		.width = 256, .height = (uint32_t)(size / 1024), .bpp = 32,
	};
	struct drm_mode_map_dumb map = { 0 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	int err;

	p->fd = card_open(driver);
	err = plain_ioctl(p->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
	check(!err, "%s: MODE_CREATE_DUMB: %s", driver, err_name(err));
	map.handle = prime.handle = dumb.handle;
	err = plain_ioctl(p->fd, DRM_IOCTL_MODE_MAP_DUMB, &map);
	check(!err, "%s: MODE_MAP_DUMB: %s", driver, err_name(err));
	err = plain_ioctl(p->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	check(!err, "%s: PRIME_HANDLE_TO_FD: %s", driver, err_name(err));
	p->buf = prime.fd;
	p->size = (dumb.size + PAGE - 1) / PAGE * PAGE;
	p->mem = map_shared(p->fd, p->size, (off_t)map.offset);
}

void producer_free(struct producer *p)
{
	munmap(p->mem, p->size);
	if (p->buf >= 0)
		close(p->buf);
	if (p->fd >= 0)
		close(p->fd);
	memset(p, 0, sizeof(*p));
}
