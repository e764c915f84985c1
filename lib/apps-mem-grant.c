// SPDX-License-Identifier: MIT
/* What the DSP was given on its own request, and has not given back. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps-mem-impl.h"
#include "refusal.h"

int32_t mem_refuse(struct mem_call *call, int32_t status, const char *format, ...)
{
	struct qda_session *session = call->mem->session;
	char what[64];
	va_list ap;

	snprintf(what, sizeof(what), "%s: apps_mem %s", session->device->info.dsp, call->name);
	va_start(ap, format);
	refusal_log(session_ctx(session), &session->refusals, what, format, ap);
	va_end(ap);
	return status;
}

int32_t mem_failed(struct mem_call *call, const char *what, int err, int32_t status)
{
	int32_t code = AEE_EFAILED;

	switch (-err) {
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
	case E2BIG:
		code = AEE_ENOMEMORY;
		break;
	case ECANCELED:
	case ENODEV:
	case ENOTCONN:
	case EPIPE:
		code = AEE_EBADSTATE;
		break;
	}
	return mem_refuse(call, code, "%s: %s", what,
			  err ? qda_strerror(err) : qda_status_text(status));
}

int32_t grant_new(struct mem_call *call, enum grant_kind kind, uint64_t length,
		  struct backing *backing, struct grant **ret_grant)
{
	struct apps_mem *mem = call->mem;
	struct grant *grant;

	if (mem->num_grants == APPS_MEM_MAX_MAPS)
		return mem_refuse(call, AEE_ENOMEMORY,
				  "the DSP has %u maps, as many as it may",
				  mem->num_grants);
	grant = calloc(1, sizeof(*grant));
	if (!grant)
		return mem_refuse(call, AEE_ENOMEMORY, "%s", qda_strerror(-ENOMEM));
	grant->kind = kind;
	grant->length = length;
	grant->backing = backing;
	if (backing)
		backing->refs++;
	list_add(&mem->grants, &grant->node);
	mem->num_grants++;
	*ret_grant = grant;
	return AEE_SUCCESS;
}

static void backing_drop(struct apps_mem *mem, struct backing *backing)
{
	if (!backing || --backing->refs)
		return;
	/* a forked child has no handles */
	if (!qda_ctx_check(session_ctx(mem->session)))
		kapi_gem_close(mem->session->file, backing->handle);
	mem->bytes -= backing->size;
	free(backing);
}

void grant_free(struct apps_mem *mem, struct grant *grant, bool may_block)
{
	backing_drop(mem, grant->backing);
	if (grant->held)
		mapping_drop(grant->held, may_block);
	mem->num_grants--;
	list_del(&grant->node);
	free(grant);
}

int32_t grant_end(struct mem_call *call, struct grant *grant)
{
	struct apps_mem *mem = call->mem;
	int32_t status = 0;
	int err = 0;

	if (grant->map_id) {
		do
			err = kapi_munmap(mem->session->file, grant->map_id, &status);
		while (err == -EINTR);
	}
	/* the DSP may have ended a delayed mapping before */
	if (err == -ENOENT)
		err = 0;
	if (err || status)
		return mem_failed(call, "unmapping", err, status);
	grant_free(mem, grant, true);
	return AEE_SUCCESS;
}

struct grant *grant_by_addr(struct apps_mem *mem, uint64_t addr, uint64_t length)
{
	struct list *node;

	list_for_each(node, &mem->grants) {
		struct grant *grant = container_of(node, struct grant, node);

		if (!grant->lost && grant->kind != GRANT_DMA && grant->addr == addr &&
		    whole_pages(grant->length) == length)
			return grant;
	}
	return NULL;
}

struct grant *grant_by_id(struct apps_mem *mem, enum grant_kind kind, int32_t dsp_id)
{
	struct list *node;

	list_for_each(node, &mem->grants) {
		struct grant *grant = container_of(node, struct grant, node);

		if (!grant->lost && grant->kind == kind &&
		    grant->addr == (uint64_t)dsp_id)
			return grant;
	}
	return NULL;
}

int grant_map(struct apps_mem *mem, struct grant *grant, struct kapi_map *map,
	      uint64_t *ret_addr, int32_t *ret_status)
{
	bool choose = !map->dsp_id && map->type != QDA_MAP_ADD_PAGES;
	uint32_t id;
	int err;

	*ret_status = 0;
	do {
		/* a number is never mistaken for an address, which has whole pages */
		while (choose && map->dsp_id % (int32_t)DSP_PAGE == 0)
			map->dsp_id = mapping_next_dsp_id(mem->session);
		err = kapi_map(mem->session->file, map, &id, ret_addr, ret_status);
		if (err == -EEXIST && choose)
			map->dsp_id = 0;
	} while (err == -EEXIST && choose);
	if (!err && !*ret_status)
		grant->map_id = id;
	return err;
}

int32_t grant_fail(struct mem_call *call, struct grant *grant, const char *what, int err,
		   int32_t status)
{
	/* the driver has it until the DSP answers, and who knows when that is */
	if (err == -ETIMEDOUT)
		grant->lost = true;
	else
		grant_free(call->mem, grant, true);
	return mem_failed(call, what, err, status);
}

int32_t grant_allocate(struct mem_call *call, enum grant_kind kind, uint64_t len,
		       struct grant **ret_grant)
{
	struct apps_mem *mem = call->mem;
	struct backing *backing;
	uint64_t left = 0;
	int32_t ret;
	int err;

	if (mem->bytes < APPS_MEM_MAX_BYTES)
		left = APPS_MEM_MAX_BYTES - mem->bytes;
	if (len > left)
		return mem_refuse(call, AEE_ENOMEMORY,
				  "%llu bytes, the DSP has %llu of the %llu it may have",
				  (unsigned long long)len, (unsigned long long)mem->bytes,
				  APPS_MEM_MAX_BYTES);
	backing = calloc(1, sizeof(*backing));
	if (!backing)
		return mem_failed(call, "allocating", -ENOMEM, 0);
	backing->size = whole_pages(len);
	ret = grant_new(call, kind, backing->size, NULL, ret_grant);
	if (ret) {
		free(backing);
		return ret;
	}
	err = kapi_gem_create(mem->session->file, &backing->size, &backing->handle);
	if (err) {
		free(backing);
		grant_free(mem, *ret_grant, true);
		return mem_failed(call, "allocating", err, 0);
	}
	backing->refs = 1;
	(*ret_grant)->backing = backing;
	mem->bytes += backing->size;
	return AEE_SUCCESS;
}

int32_t grant_map_allocated(struct mem_call *call, struct grant *grant, uint32_t type)
{
	struct apps_mem *mem = call->mem;
	struct kapi_map m = {
		.handle = grant->backing->handle,
		.length = grant->length,
		.type = type,
	};
	int32_t status;
	int err;

	err = grant_map(mem, grant, &m, &grant->addr, &status);
	if (err || status)
		return grant_fail(call, grant, "mapping", err, status);
	if (grant->kind == GRANT_NUMBERED)
		grant->addr = (uint64_t)m.dsp_id;
	log_debug(session_ctx(mem->session), "%s: %llu bytes for the DSP%s, %llu in all",
		  mem->session->device->info.dsp, (unsigned long long)grant->backing->size,
		  grant->kind == GRANT_HEAP ? "'s heap" : "",
		  (unsigned long long)mem->bytes);
	return AEE_SUCCESS;
}

/* --- files ---------------------------------------------------------------- */

static int read_all(int fd, uint8_t *to, uint64_t *len)
{
	uint64_t done = 0;
	ssize_t n;

	while (done < *len) {
		n = pread(fd, to + done, *len - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (uint64_t)n;
	}
	*len = done;
	return done ? 0 : -ENODATA;
}

int apps_mem_share_file(void *data, int fd, uint64_t *len, int32_t *ret_dsp_id)
{
	struct mem_call call = { .mem = data, .name = "file" };
	struct kapi_file *file = call.mem->session->file;
	struct grant *grant;
	void *cpu;
	int err;

	if (!*len || *len > INT64_MAX)
		return -EINVAL;
	if (grant_allocate(&call, GRANT_NUMBERED, *len, &grant))
		return -ENOMEM;
	err = kapi_gem_mmap(file, grant->backing->handle, grant->backing->size, &cpu);
	if (!err) {
		err = read_all(fd, cpu, len);
		kapi_munmap_cpu(file, cpu, grant->backing->size);
	}
	if (err) {
		grant_free(call.mem, grant, true);
		return err;
	}
	if (grant_map_allocated(&call, grant, QDA_MAP_FD))
		return -EIO;
	*ret_dsp_id = (int32_t)grant->addr;
	return 0;
}

int apps_mem_unshare_file(void *data, int32_t dsp_id)
{
	struct mem_call call = { .mem = data, .name = "file" };
	struct grant *grant = grant_by_id(call.mem, GRANT_NUMBERED, dsp_id);

	if (!grant)
		return -ENOENT;
	return grant_end(&call, grant) ? -EIO : 0;
}

/* --- beginning and end ---------------------------------------------------- */

int apps_mem_new(struct qda_session *session, struct apps_mem **ret_mem)
{
	struct apps_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	mem->session = session;
	list_init(&mem->grants);
	*ret_mem = mem;
	return 0;
}

void apps_mem_free(struct apps_mem *mem)
{
	if (!mem)
		return;
	while (!list_empty(&mem->grants))
		grant_free(mem, container_of(mem->grants.next, struct grant, node), false);
	free(mem);
}
