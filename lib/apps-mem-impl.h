/* SPDX-License-Identifier: MIT */
/* What the parts of apps_mem share. */
#ifndef QDA_APPS_MEM_IMPL_H
#define QDA_APPS_MEM_IMPL_H

#include "aee.h"
#include "apps-mem.h"
#include "objects.h"

#define DSP_PAGE	4096ULL

enum grant_kind {
	GRANT_HEAP,		/* allocated; addr is the DSP's */
	GRANT_NUMBERED,		/* allocated; addr is its dsp_id */
	GRANT_SHARE,		/* a buffer once more; addr is the DSP's */
	GRANT_DMA,		/* a buffer in place; addr is its dsp_id */
};

/* memory allocated for the DSP, which counts until the last grant that maps it ends */
struct backing {
	unsigned int refs;
	uint32_t handle;
	uint64_t size;
};

/* something the DSP was given and has not given back */
struct grant {
	struct list node;
	enum grant_kind kind;
	uint64_t addr, length;
	uint32_t map_id;	/* 0: another mapping serves it */
	struct backing *backing;	/* or NULL: a buffer of the application's */
	struct qda_mapping *held;	/* the mapping that serves it, or NULL */
	bool lost;		/* the DSP may come to have it: counts, has no name */
};

struct apps_mem {
	struct qda_session *session;
	struct list grants;
	unsigned int num_grants;
	uint64_t bytes;		/* allocated */
};

/* one call being answered */
struct mem_call {
	struct apps_mem *mem;
	const char *name;
	const uint8_t *in;
	uint64_t addr;		/* out */
};

/* not for more than INT64_MAX */
static inline uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + DSP_PAGE - 1) & ~(DSP_PAGE - 1);
}

/* Logs why, not too often; returns status. */
int32_t mem_refuse(struct mem_call *call, int32_t status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* the same for what kapi_map() and others return */
int32_t mem_failed(struct mem_call *call, const char *what, int err, int32_t status);

/*
 * Those that return an int32_t refuse, and return an aee code. backing: what the grant maps
 * if that was allocated for the DSP, or NULL.
 */
int32_t grant_new(struct mem_call *call, enum grant_kind kind, uint64_t length,
		  struct backing *backing, struct grant **ret_grant);
/* It is not mapped, or will not be for long. */
void grant_free(struct apps_mem *mem, struct grant *grant, bool may_block);
/* Gives back all of it or, if the DSP does not let go, nothing. */
int32_t grant_end(struct mem_call *call, struct grant *grant);
/* with memory; len: more than 0. It has no address yet. */
int32_t grant_allocate(struct mem_call *call, enum grant_kind kind, uint64_t len,
		       struct grant **ret_grant);
/* what was allocated; frees it if it fails */
int32_t grant_map_allocated(struct mem_call *call, struct grant *grant, uint32_t type);
/* dsp_id 0: choose one where the type takes any. err and status as kapi_map() */
int grant_map(struct apps_mem *mem, struct grant *grant, struct kapi_map *map,
	      uint64_t *ret_addr, int32_t *ret_status);

/* what grant_map() said: as mem_failed(), and what becomes of the grant */
int32_t grant_fail(struct mem_call *call, struct grant *grant, const char *what, int err,
		   int32_t status);

/* length: whole pages */
struct grant *grant_by_addr(struct apps_mem *mem, uint64_t addr, uint64_t length);
struct grant *grant_by_id(struct apps_mem *mem, enum grant_kind kind, int32_t dsp_id);

#endif
