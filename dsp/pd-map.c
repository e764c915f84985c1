// SPDX-License-Identifier: MIT
/*
 * Buffers the CPU has made known under an integer, and the public calls by which
 * DSP code gets at them.
 */
#include <endian.h>

#include "HAP_mem.h"
#include "pd.h"

/* DSP code finds these by name when it is loaded */
#define EXPORT __attribute__((visibility("default")))

#define MAX_MAPS	4096
#define MAX_FINISHED	1024

#define MAP_FD_DELAYED	3u
#define MAP_FD_NOMAP	16u
#define MAP_ADD_PAGES	0x1000u

struct map {
	uint32_t dsp_id;	/* 0: heap pages */
	uint32_t flags;
	uint32_t users;		/* of HAP_mmap() and HAP_mmap_get() */
	uint64_t addr, size;
	uint64_t answer;	/* what the CPU was told */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map maps[MAX_MAPS];
static unsigned int num_maps;
static uint32_t finished[MAX_FINISHED];
static atomic_uint num_finished;

static struct map *find_id(uint32_t dsp_id)
{
	unsigned int i;

	for (i = 0; dsp_id && i < num_maps; i++) {
		if (maps[i].dsp_id == dsp_id)
			return &maps[i];
	}
	return NULL;
}

static void remove_map(struct map *map)
{
	*map = maps[--num_maps];
}

int32_t map_register(uint32_t dsp_id, uint64_t addr, uint64_t size, uint32_t flags,
		     uint64_t answer, uint64_t *ret_addr)
{
	int32_t status = 0;

	if (!answer && flags != MAP_FD_NOMAP && flags != MAP_FD_DELAYED)
		answer = (uintptr_t)window_ptr(addr);
	pthread_mutex_lock(&lock);
	if (find_id(dsp_id)) {
		status = DSP_EALREADY;
	} else if (num_maps == MAX_MAPS) {
		status = DSP_ENOMEMORY;
	} else {
		maps[num_maps++] = (struct map){
			.dsp_id = dsp_id,
			.flags = flags,
			.addr = addr,
			.size = size,
			.answer = answer,
		};
		*ret_addr = answer;
	}
	pthread_mutex_unlock(&lock);
	return status;
}

int32_t map_unregister(uint32_t dsp_id, uint64_t dsp_addr, uint64_t size)
{
	int32_t status = DSP_ENOSUCHMAP;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < num_maps; i++) {
		struct map *map = &maps[i];

		if (map->dsp_id != dsp_id || map->size != size ||
		    map->answer != dsp_addr)
			continue;
		status = 0;
		remove_map(map);
		break;
	}
	pthread_mutex_unlock(&lock);
	return status;
}

void *map_heap(uint64_t dsp_addr, uint64_t size)
{
	void *found = NULL;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < num_maps && !found; i++)
		if (maps[i].flags == MAP_ADD_PAGES && maps[i].answer == dsp_addr &&
		    maps[i].size >= size)
			found = window_ptr(maps[i].addr);
	pthread_mutex_unlock(&lock);
	return found;
}

void map_report_finished(uint64_t fdlist)
{
	uint64_t *list = window_ptr(fdlist);
	unsigned int i, n, left;

	if (!atomic_load_explicit(&num_finished, memory_order_acquire))
		return;
	pthread_mutex_lock(&lock);
	left = atomic_load(&num_finished);
	n = left < QDA_WIRE_FDLIST_LEN ? left : QDA_WIRE_FDLIST_LEN;
	left -= n;
	for (i = 0; i < n; i++)
		list[i] = htole64(finished[i]);
	if (n < QDA_WIRE_FDLIST_LEN)
		list[n] = 0;
	for (i = 0; i < left; i++)
		finished[i] = finished[i + n];
	atomic_store(&num_finished, left);
	pthread_mutex_unlock(&lock);
}

/* A handle argument is known by its integer as long as its call runs. */
static const struct payload_arg *find_handle_arg(uint32_t dsp_id)
{
	unsigned int i;

	if (!pd_current)
		return NULL;
	for (i = payload_in(pd_current->msg.sc) + payload_out(pd_current->msg.sc);
	     i < pd_current->num_args; i++) {
		if (pd_current->args[i].dsp_id == dsp_id)
			return &pd_current->args[i];
	}
	return NULL;
}

EXPORT int HAP_mmap_get(int fd, void **vaddr, uint64_t *paddr)
{
	const struct payload_arg *arg;
	struct map *map;
	uint64_t addr;
	int ret = DSP_ENOSUCHMAP;

	if (fd < 1)
		return ret;
	pthread_mutex_lock(&lock);
	map = find_id((uint32_t)fd);
	arg = map ? NULL : find_handle_arg((uint32_t)fd);
	if (map)
		map->users++;
	if (map || arg) {
		addr = map ? map->addr : arg->addr;
		if (vaddr)
			*vaddr = window_ptr(addr);
		if (paddr)
			*paddr = addr;
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

EXPORT int HAP_mmap_put(int fd)
{
	struct map *map;
	int ret = DSP_ENOSUCHMAP;

	if (fd < 1)
		return ret;
	pthread_mutex_lock(&lock);
	map = find_id((uint32_t)fd);
	if (map) {
		ret = map->users ? 0 : QDA_DSP_ERR(0x85);
		map->users -= !!map->users;
	} else if (find_handle_arg((uint32_t)fd)) {
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

EXPORT void *HAP_mmap(void *addr, int len, int prot, int flags, int fd, long offset)
{
	void *ret = (void *)-1;
	struct map *map;

	(void)addr;
	(void)prot;
	(void)flags;
	if (fd < 1 || len < 1 || offset < 0)
		return ret;
	pthread_mutex_lock(&lock);
	map = find_id((uint32_t)fd);
	if (map && (uint64_t)offset <= map->size &&
	    (uint64_t)len <= map->size - (uint64_t)offset) {
		map->users++;
		ret = window_ptr(map->addr + (uint64_t)offset);
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

/* The last user of a delayed mapping ends it; the CPU learns that by a reply. */
EXPORT int HAP_munmap(void *addr, int len)
{
	uint64_t at = (uint64_t)((char *)addr - pd.window);
	unsigned int i, n;
	int ret = DSP_ENOSUCHMAP;

	if (len < 1)
		return ret;
	pthread_mutex_lock(&lock);
	for (i = 0; i < num_maps; i++) {
		struct map *map = &maps[i];

		if (!map->users || at - map->addr >= map->size)
			continue;
		ret = 0;
		map->users--;
		n = atomic_load(&num_finished);
		if (!map->users && map->flags == MAP_FD_DELAYED && n < MAX_FINISHED) {
			finished[n] = map->dsp_id;
			atomic_store_explicit(&num_finished, n + 1,
					      memory_order_release);
			remove_map(map);
		}
		break;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}
