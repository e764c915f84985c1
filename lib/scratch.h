/* SPDX-License-Identifier: MIT */
/*
 * A session's pool of scratch memory for copied arguments. Regions come from
 * slabs of one size class each; a slab is one GEM buffer, mapped once. Regions
 * from 64 KiB on have a slab of their own. Slabs without a region in use are
 * kept up to a limit, the oldest goes first.
 */
#ifndef QDA_SCRATCH_H
#define QDA_SCRATCH_H

#include <stdint.h>

struct qda_scratch;

struct scratch_ops {
	/* size: rounded up to what was allocated; memory readable and writable */
	int (*alloc)(void *owner, uint64_t *size, uint32_t *ret_handle,
		     void **ret_cpu);
	void (*free)(void *owner, uint32_t handle, void *cpu, uint64_t size);
};

struct scratch_slab;

struct scratch_region {
	struct scratch_region *next_free;
	struct scratch_slab *slab;
	uint8_t *cpu;
	uint64_t offset;	/* in the buffer; a multiple of 128 */
	uint32_t handle;
};

/* max_idle: bytes kept in slabs without use */
int scratch_new(const struct scratch_ops *ops, void *owner, uint64_t max_idle,
		struct qda_scratch **ret_pool);
/* also with regions still out, which become invalid; NULL is allowed */
void scratch_free(struct qda_scratch *pool);

/* at least size bytes; 0 bytes: no region (NULL). Thread safe. */
int scratch_get(struct qda_scratch *pool, uint64_t size,
		struct scratch_region **ret_region);
/* NULL is allowed. Thread safe. */
void scratch_put(struct qda_scratch *pool, struct scratch_region *region);

#endif
