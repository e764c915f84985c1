// SPDX-License-Identifier: MIT
/*
 * The remote heap: memory outside of all banks that a client's kernel gives to the
 * audio PD, for good, in the first message that attaches to it.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "softdsp.h"
#include "transport-dev.h"

#define HEAP_NAME	"audiopd"
#define HEAP_WANTED	(3u << 20)
#define MARK		0x5a5a5a5a5a5a5a5aULL

static struct {
	uint64_t addr, size;
	unsigned int given, attached;	/* attaches that brought it, and all */
} heap;

void heap_forget(void)
{
	memset(&heap, 0, sizeof(heap));
}

/* The DSP's own: it reads zeros, and what it writes stays */
static int32_t try_heap(uint64_t addr, bool fresh)
{
	uint64_t value = 0, mark = addr ^ MARK;

	if (!device_used() || !device_read(0, addr, &value, sizeof(value))) {
		fault_add(0, addr);
		return DSP_EBADVA;
	}
	if (fresh && value)
		return DSP_EBADPARM;
	if (!device_write(0, addr, &mark, sizeof(mark)) ||
	    !device_read(0, addr, &value, sizeof(value)) || value != mark) {
		fault_add(0, addr);
		return DSP_EBADVA;
	}
	return 0;
}

/* Given once, for good: what was written then is still there */
static int32_t check_kept(uint64_t addr)
{
	uint64_t value;

	if (!device_read(0, addr, &value, sizeof(value))) {
		fault_add(0, addr);
		return DSP_EBADVA;
	}
	return value == (addr ^ MARK) ? 0 : DSP_EBADSTATE;
}

int32_t heap_take(struct call *call, const char *name, uint32_t num_pages)
{
	struct qda_wire_page page;
	uint64_t addr, size;
	bool fresh;
	int32_t status = call_read(call, 2, &page, sizeof(page));

	if (status)
		return status;
	addr = le64toh(page.addr);
	size = le64toh(page.size);
	if (num_pages > 1 || (num_pages && strcmp(name, HEAP_NAME)))
		return DSP_EBADPARM;
	if (num_pages) {
		/* told before of another: that one is in use */
		if (size < HEAP_WANTED || (addr | size) & QDA_DSP_PAGE_MASK ||
		    addr > UINT32_MAX - size || (heap.size && heap.addr != addr))
			return DSP_EBADPARM;
		fresh = !heap.size;
		status = try_heap(addr, fresh);
		if (!status)
			status = try_heap(addr + size - sizeof(uint64_t), fresh);
		if (status)
			return status;
		heap.addr = addr;
		heap.size = size;
		heap.given++;
	} else if (heap.size && !strcmp(name, HEAP_NAME)) {
		/* not counted as new, but named */
		if (addr != heap.addr || size != heap.size)
			return DSP_EBADPARM;
		status = check_kept(addr);
		if (!status)
			status = check_kept(addr + size - sizeof(uint64_t));
		if (status)
			return status;
	}
	if (!strcmp(name, HEAP_NAME))
		heap.attached++;
	return 0;
}

uint64_t heap_size(void)
{
	return heap.size;
}

void heap_show(char *text, size_t size)
{
	snprintf(text, size, "attached=%u given=%u addr=%#llx size=%#llx", heap.attached,
		 heap.given, (unsigned long long)heap.addr, (unsigned long long)heap.size);
}
