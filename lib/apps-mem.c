// SPDX-License-Identifier: MIT
/* The methods of apps_mem: memory for the DSP on its own request. */
#include <errno.h>
#include <string.h>

#include "apps-mem-impl.h"

/* what the memory is for */
#define RFLAGS_HEAP_ADDR	0x4u
#define RFLAGS_REMOTE_HEAP	0x8u
#define RFLAGS_ADD_PAGES	0x1000u
#define RFLAGS_ADD_PAGES_LLC	0x3000u
#define RFLAGS_HLOS_FD		0x10000u

static int32_t word(const struct mem_call *call, size_t at)
{
	int32_t value;

	memcpy(&value, call->in + at, sizeof(value));
	return value;
}

static int64_t dword(const struct mem_call *call, size_t at)
{
	int64_t value;

	memcpy(&value, call->in + at, sizeof(value));
	return value;
}

/* --- memory allocated for the DSP ----------------------------------------- */

static int32_t check_rflags(struct mem_call *call, uint32_t rflags)
{
	switch (rflags) {
	case RFLAGS_ADD_PAGES:
	case RFLAGS_ADD_PAGES_LLC:	/* the system cache is a wish */
	case RFLAGS_HLOS_FD:
		return AEE_SUCCESS;
	case RFLAGS_HEAP_ADDR:
	case RFLAGS_REMOTE_HEAP:
		return mem_refuse(call, AEE_EUNSUPPORTED,
				  "growing the remote heap is not supported, only the kernel can give it");
	default:
		return mem_refuse(call, AEE_EUNSUPPORTED,
				  "memory with flags %#x is unknown", rflags);
	}
}

/* heap id, allocation flags and the hint vin do not concern the memory given here */
static int32_t request_map(struct mem_call *call, uint32_t rflags, int64_t len,
			   uint64_t max_addr)
{
	bool numbered = rflags == RFLAGS_HLOS_FD;
	int32_t ret = check_rflags(call, rflags);
	struct grant *grant;

	if (ret)
		return ret;
	if (len <= 0)
		return mem_refuse(call, AEE_EBADPARM, "%lld bytes", (long long)len);
	ret = grant_allocate(call, numbered ? GRANT_NUMBERED : GRANT_HEAP,
			     (uint64_t)len, &grant);
	if (ret)
		return ret;
	ret = grant_map_allocated(call, grant,
				  numbered ? QDA_MAP_FD_DELAYED : QDA_MAP_ADD_PAGES);
	if (ret)
		return ret;
	if (grant->addr > max_addr) {
		ret = mem_refuse(call, AEE_ENOMEMORY,
				 "address %#llx does not fit the answer",
				 (unsigned long long)grant->addr);
		grant_end(call, grant);
		return ret;
	}
	call->addr = grant->addr;
	return AEE_SUCCESS;
}

static int32_t unmap(struct mem_call *call, uint64_t addr, int64_t len)
{
	struct grant *grant = NULL;

	if (len > 0)
		grant = grant_by_addr(call->mem, addr, whole_pages((uint64_t)len));
	if (!grant)
		return mem_refuse(call, AEE_ENOSUCHMAP,
				  "%lld bytes at %#llx are not mapped", (long long)len,
				  (unsigned long long)addr);
	return grant_end(call, grant);
}

static int32_t mem_request_map(struct mem_call *call)
{
	return request_map(call, (uint32_t)word(call, 8), word(call, 16), UINT32_MAX);
}

static int32_t mem_request_unmap(struct mem_call *call)
{
	return unmap(call, (uint32_t)word(call, 0), word(call, 4));
}

static int32_t mem_request_map64(struct mem_call *call)
{
	return request_map(call, (uint32_t)word(call, 8), dword(call, 24), UINT64_MAX);
}

static int32_t mem_request_unmap64(struct mem_call *call)
{
	return unmap(call, (uint64_t)dword(call, 0), dword(call, 8));
}

/* --- buffers that have a number ------------------------------------------- */

/* what a number stands for */
struct target {
	uint32_t handle;
	uint64_t offset, length;	/* of the buffer */
	uint32_t type;
	struct qda_mapping *mapping;	/* a reference, or NULL */
	struct backing *backing;	/* or NULL */
};

static int32_t find_target(struct mem_call *call, int32_t dsp_id, struct target *target)
{
	struct grant *grant = grant_by_id(call->mem, GRANT_NUMBERED, dsp_id);
	struct qda_mapping *mapping;

	if (grant) {
		*target = (struct target){
			.handle = grant->backing->handle,
			.backing = grant->backing,
			.length = grant->length,
			.type = QDA_MAP_FD_DELAYED,
		};
		return AEE_SUCCESS;
	}
	mapping = mapping_find(call->mem->session, dsp_id);
	if (!mapping)
		return mem_refuse(call, AEE_EBADFD, "no buffer has the number %d",
				  dsp_id);
	*target = (struct target){
		.handle = mapping->buffer->handle,
		.offset = mapping->offset,
		.length = mapping->length,
		.type = mapping->type,
		.mapping = mapping,
	};
	return AEE_SUCCESS;
}

/* its own mapping, so that it outlives the application's */
static int32_t share(struct mem_call *call, const struct target *target, int32_t size)
{
	struct apps_mem *mem = call->mem;
	struct kapi_map m = {
		.handle = target->handle,
		.offset = target->offset,
		.length = (uint64_t)size,
		.type = QDA_MAP_STATIC,
	};
	struct grant *grant;
	int32_t ret, status;
	int err;

	if (m.length > target->length)
		return mem_refuse(call, AEE_EBADSIZE, "%d bytes of a buffer of %llu",
				  size, (unsigned long long)target->length);
	ret = grant_new(call, GRANT_SHARE, m.length, target->backing, &grant);
	if (ret)
		return ret;
	err = grant_map(mem, grant, &m, &grant->addr, &status);
	if (err || status)
		return grant_fail(call, grant, "mapping", err, status);
	call->addr = grant->addr;
	return AEE_SUCCESS;
}

static int32_t mem_share_map(struct mem_call *call)
{
	int32_t dsp_id = word(call, 0), size = word(call, 4), ret;
	struct target target;

	if (dsp_id <= 0 || size <= 0)
		return mem_refuse(call, AEE_EBADPARM, "%d bytes of buffer %d", size,
				  dsp_id);
	ret = find_target(call, dsp_id, &target);
	if (ret)
		return ret;
	ret = share(call, &target, size);
	qda_mapping_unref(target.mapping);
	return ret;
}

static int32_t mem_share_unmap(struct mem_call *call)
{
	return unmap(call, (uint64_t)dword(call, 0), word(call, 8));
}

/*
 * The DSP wants the buffer under its own number. It has it already, unless it ended
 * that delayed mapping itself, which only the driver knows.
 */
static int32_t dma_map(struct mem_call *call, const struct target *target,
		       int32_t dsp_id, uint64_t offset, uint64_t size)
{
	struct apps_mem *mem = call->mem;
	struct kapi_map m = {
		.handle = target->handle,
		.offset = target->offset + offset,
		.length = size,
		.type = target->type == QDA_MAP_FD_NOMAP ? QDA_MAP_FD_NOMAP :
							   QDA_MAP_FD_DELAYED,
		.dsp_id = dsp_id,
	};
	struct grant *grant;
	int32_t ret, status;
	uint64_t addr;
	int err;

	if (offset > target->length || size > target->length - offset)
		return mem_refuse(call, AEE_EBADSIZE,
				  "%llu bytes at %llu of a buffer of %llu",
				  (unsigned long long)size, (unsigned long long)offset,
				  (unsigned long long)target->length);
	ret = grant_new(call, GRANT_DMA, size, target->backing, &grant);
	if (ret)
		return ret;
	grant->addr = (uint64_t)dsp_id;
	err = grant_map(mem, grant, &m, &addr, &status);
	if (err == -EEXIST && target->mapping) {
		mapping_hold(target->mapping);
		grant->held = target->mapping;
	} else if ((err && err != -EEXIST) || status) {
		return grant_fail(call, grant, "mapping", err, status);
	}
	return AEE_SUCCESS;
}

static int32_t mem_dma_handle_map(struct mem_call *call)
{
	int32_t dsp_id = word(call, 0), offset = word(call, 4), size = word(call, 8);
	struct target target;
	int32_t ret;

	if (dsp_id <= 0 || size <= 0 || offset < 0 || offset % (int32_t)DSP_PAGE)
		return mem_refuse(call, AEE_EBADPARM, "%d bytes at %d of buffer %d",
				  size, offset, dsp_id);
	if (grant_by_id(call->mem, GRANT_DMA, dsp_id))
		return mem_refuse(call, AEE_EALREADY, "buffer %d is mapped", dsp_id);
	ret = find_target(call, dsp_id, &target);
	if (ret)
		return ret;
	ret = dma_map(call, &target, dsp_id, (uint64_t)offset, (uint64_t)size);
	qda_mapping_unref(target.mapping);
	return ret;
}

static int32_t mem_dma_handle_unmap(struct mem_call *call)
{
	int32_t dsp_id = word(call, 0), size = word(call, 4);
	struct grant *grant = NULL;

	if (dsp_id > 0 && size > 0)
		grant = grant_by_id(call->mem, GRANT_DMA, dsp_id);
	if (!grant || whole_pages(grant->length) != whole_pages((uint64_t)size))
		return mem_refuse(call, AEE_ENOSUCHMAP,
				  "%d bytes of buffer %d are not mapped", size, dsp_id);
	return grant_end(call, grant);
}

/* --- calls ---------------------------------------------------------------- */

static const struct method {
	const char *name;
	uint8_t in, out;	/* bytes of the first input and output */
	int32_t (*fn)(struct mem_call *call);
} methods[] = {
	{ "request_map", 20, 8, mem_request_map },
	{ "request_unmap", 8, 0, mem_request_unmap },
	{ "request_map64", 32, 16, mem_request_map64 },
	{ "request_unmap64", 16, 0, mem_request_unmap64 },
	{ "share_map", 8, 16, mem_share_map },
	{ "share_unmap", 12, 0, mem_share_unmap },
	{ "dma_handle_map", 12, 0, mem_dma_handle_map },
	{ "dma_handle_unmap", 8, 0, mem_dma_handle_unmap },
};

#define NUM_METHODS	(sizeof(methods) / sizeof(methods[0]))

const char *apps_mem_method_name(uint32_t method)
{
	return method < NUM_METHODS ? methods[method].name : NULL;
}

int32_t apps_mem_invoke(void *data, const struct qda_reverse_call *call)
{
	struct mem_call c = { .mem = data, .name = "call" };
	const struct method *method;
	uint32_t addr32;
	int32_t ret;

	if (call->method >= NUM_METHODS)
		return mem_refuse(&c, AEE_EUNSUPPORTED, "method %u is unknown",
				  call->method);
	method = &methods[call->method];
	c.name = method->name;
	if (call->num_in != 1 || call->in[0].size < method->in ||
	    call->num_out != !!method->out ||
	    (method->out && call->out[0].size < method->out))
		return mem_refuse(&c, AEE_EBADPARM, "its arguments have another shape");
	c.in = call->in[0].data;
	ret = method->fn(&c);
	if (ret || !method->out)
		return ret;
	/* two of a size: the address here, which stays zero, and the DSP's */
	addr32 = (uint32_t)c.addr;
	if (method->out == 8)
		memcpy((uint8_t *)call->out[0].data + 4, &addr32, sizeof(addr32));
	else
		memcpy((uint8_t *)call->out[0].data + 8, &c.addr, sizeof(c.addr));
	return AEE_SUCCESS;
}
