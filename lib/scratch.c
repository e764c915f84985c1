// SPDX-License-Identifier: MIT
/* Pool of scratch memory; see scratch.h. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "scratch.h"

#define SLAB_SIZE	(64ULL << 10)
#define MIN_SHIFT	9		/* smallest region: 512 bytes */
#define MAX_SHIFT	41
/* four classes for each doubling: at most a quarter is wasted */
#define NUM_CLASSES	((MAX_SHIFT - MIN_SHIFT) * 4 + 1)

struct scratch_slab {
	struct list all;		/* pool->slabs */
	struct list avail;		/* its class, while it has a free region */
	struct list idle;		/* pool->idle, while it has only free ones */
	struct scratch_region *free;
	void *cpu;
	uint64_t size;
	uint32_t handle;
	unsigned int cls;
	unsigned int used, count;
	struct scratch_region regions[];
};

struct qda_scratch {
	const struct scratch_ops *ops;
	void *owner;
	pthread_mutex_t lock;
	struct list slabs;
	struct list idle;		/* oldest first */
	uint64_t idle_bytes, max_idle;
	struct list avail[NUM_CLASSES];
};

static unsigned int size_class(uint64_t size, uint64_t *ret_bytes)
{
	unsigned int shift, step;

	if (size <= 1ULL << MIN_SHIFT) {
		*ret_bytes = 1ULL << MIN_SHIFT;
		return 0;
	}
	shift = 63 - (unsigned int)__builtin_clzll(size - 1);
	step = (unsigned int)((size - 1 - (1ULL << shift)) >> (shift - 2)) + 1;
	*ret_bytes = (1ULL << shift) + ((uint64_t)step << (shift - 2));
	return (shift - MIN_SHIFT) * 4 + step;
}

static void slab_destroy(struct qda_scratch *pool, struct scratch_slab *slab)
{
	pool->ops->free(pool->owner, slab->handle, slab->cpu, slab->size);
	free(slab);
}

static int slab_new(struct qda_scratch *pool, unsigned int cls, uint64_t bytes,
		    struct scratch_slab **ret_slab)
{
	unsigned int count = bytes < SLAB_SIZE ? (unsigned int)(SLAB_SIZE / bytes) : 1;
	struct scratch_slab *slab;
	unsigned int i;
	int err;

	slab = calloc(1, sizeof(*slab) + count * sizeof(slab->regions[0]));
	if (!slab)
		return -ENOMEM;
	slab->size = count * bytes;
	err = pool->ops->alloc(pool->owner, &slab->size, &slab->handle, &slab->cpu);
	if (err) {
		free(slab);
		return err;
	}
	slab->cls = cls;
	slab->count = count;
	list_init(&slab->avail);
	list_init(&slab->idle);
	for (i = count; i-- > 0;) {
		struct scratch_region *region = &slab->regions[i];

		region->slab = slab;
		region->cpu = (uint8_t *)slab->cpu + i * bytes;
		region->offset = i * bytes;
		region->handle = slab->handle;
		region->next_free = slab->free;
		slab->free = region;
	}
	*ret_slab = slab;
	return 0;
}

/* Move idle slabs to a list of their own until at most max bytes are left. */
static void collect_idle(struct qda_scratch *pool, uint64_t max,
			 struct list *doomed)
{
	while (pool->idle_bytes > max) {
		struct scratch_slab *slab =
			container_of(pool->idle.next, struct scratch_slab, idle);

		pool->idle_bytes -= slab->size;
		list_del(&slab->all);
		list_del(&slab->avail);
		list_del(&slab->idle);
		list_add(doomed, &slab->idle);
	}
}

/* without the lock: freeing is a system call */
static void destroy_list(struct qda_scratch *pool, struct list *doomed)
{
	while (!list_empty(doomed)) {
		struct scratch_slab *slab =
			container_of(doomed->next, struct scratch_slab, idle);

		list_del(&slab->idle);
		slab_destroy(pool, slab);
	}
}

int scratch_new(const struct scratch_ops *ops, void *owner, uint64_t max_idle,
		struct qda_scratch **ret_pool)
{
	struct qda_scratch *pool = calloc(1, sizeof(*pool));
	unsigned int i;

	if (!pool)
		return -ENOMEM;
	pool->ops = ops;
	pool->owner = owner;
	pool->max_idle = max_idle;
	pthread_mutex_init(&pool->lock, NULL);
	list_init(&pool->slabs);
	list_init(&pool->idle);
	for (i = 0; i < NUM_CLASSES; i++)
		list_init(&pool->avail[i]);
	*ret_pool = pool;
	return 0;
}

void scratch_free(struct qda_scratch *pool)
{
	if (!pool)
		return;
	while (!list_empty(&pool->slabs)) {
		struct scratch_slab *slab =
			container_of(pool->slabs.next, struct scratch_slab, all);

		list_del(&slab->all);
		slab_destroy(pool, slab);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static struct scratch_region *slab_take(struct qda_scratch *pool,
					struct scratch_slab *slab)
{
	struct scratch_region *region = slab->free;

	slab->free = region->next_free;
	if (!slab->used++ && !list_empty(&slab->idle)) {
		list_del(&slab->idle);
		pool->idle_bytes -= slab->size;
	}
	if (!slab->free)
		list_del(&slab->avail);
	return region;
}

int scratch_get(struct qda_scratch *pool, uint64_t size,
		struct scratch_region **ret_region)
{
	struct scratch_slab *slab;
	struct list doomed;
	unsigned int cls;
	uint64_t bytes;
	int err;

	if (!size) {
		*ret_region = NULL;
		return 0;
	}
	if (size > 1ULL << (MAX_SHIFT - 1))
		return -E2BIG;
	cls = size_class(size, &bytes);

	pthread_mutex_lock(&pool->lock);
	if (!list_empty(&pool->avail[cls])) {
		/* the one used last: its memory is warm */
		slab = container_of(pool->avail[cls].prev, struct scratch_slab, avail);
		*ret_region = slab_take(pool, slab);
		pthread_mutex_unlock(&pool->lock);
		return 0;
	}
	pthread_mutex_unlock(&pool->lock);

	err = slab_new(pool, cls, bytes, &slab);
	if (err == -ENOSPC || err == -ENOMEM) {
		list_init(&doomed);
		pthread_mutex_lock(&pool->lock);
		collect_idle(pool, 0, &doomed);
		pthread_mutex_unlock(&pool->lock);
		if (!list_empty(&doomed)) {
			destroy_list(pool, &doomed);
			err = slab_new(pool, cls, bytes, &slab);
		}
	}
	if (err)
		return err;

	pthread_mutex_lock(&pool->lock);
	list_add(&pool->slabs, &slab->all);
	list_add(&pool->avail[cls], &slab->avail);
	*ret_region = slab_take(pool, slab);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

void scratch_put(struct qda_scratch *pool, struct scratch_region *region)
{
	struct scratch_slab *slab;
	struct list doomed;

	if (!region)
		return;
	slab = region->slab;
	list_init(&doomed);
	pthread_mutex_lock(&pool->lock);
	if (!slab->free)
		list_add(&pool->avail[slab->cls], &slab->avail);
	region->next_free = slab->free;
	slab->free = region;
	if (!--slab->used) {
		list_add(&pool->idle, &slab->idle);
		pool->idle_bytes += slab->size;
		collect_idle(pool, pool->max_idle, &doomed);
	}
	pthread_mutex_unlock(&pool->lock);
	destroy_list(pool, &doomed);
}
