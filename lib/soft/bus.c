// SPDX-License-Identifier: MIT
/*
 * Bus addresses of a context bank: bottom up, next fit, with an unmapped page
 * after every range, so that running past a buffer faults.
 */
#include <errno.h>
#include <stdlib.h>

#include "soft.h"

#define GUARD	SOFT_PAGE

void bus_init(struct bus *bus, uint64_t start, uint64_t size)
{
	bus->start = start;
	bus->end = start + size;
	bus->cursor = NULL;
	list_init(&bus->ranges);
}

/* Where a range of this size fits behind prev (NULL: at the start), or 0 */
static bool fits_behind(const struct bus *bus, const struct range *prev, uint64_t size,
			uint64_t *ret_start)
{
	const struct list *next = prev ? prev->node.next : bus->ranges.next;
	uint64_t start = prev ? prev->start + prev->size + GUARD : bus->start;
	uint64_t end = bus->end;

	if (next != &bus->ranges)
		end = container_of(next, struct range, node)->start;
	if (end < start || end - start < GUARD || end - start - GUARD < size)
		return false;
	*ret_start = start;
	return true;
}

static struct range *range_next(const struct bus *bus, const struct range *range)
{
	return range->node.next == &bus->ranges ?
	       NULL : container_of(range->node.next, struct range, node);
}

struct range *bus_alloc(struct bus *bus, uint64_t size, int *ret_err)
{
	struct range *first = bus->cursor, *prev = first, *range;
	uint64_t start = 0;

	while (!fits_behind(bus, prev, size, &start)) {
		if (!prev)
			prev = list_empty(&bus->ranges) ? NULL :
			       container_of(bus->ranges.next, struct range, node);
		else
			prev = range_next(bus, prev);
		if (prev == first) {
			*ret_err = -ENOSPC;
			return NULL;
		}
	}

	range = calloc(1, sizeof(*range));
	if (!range) {
		*ret_err = -ENOMEM;
		return NULL;
	}
	range->start = start;
	range->size = size;
	/* behind prev */
	list_add(prev ? prev->node.next : bus->ranges.next, &range->node);
	bus->cursor = range;
	return range;
}

void bus_free(struct bus *bus, struct range *range)
{
	if (bus->cursor == range)
		bus->cursor = range->node.prev == &bus->ranges ?
			      NULL : container_of(range->node.prev, struct range, node);
	list_del(&range->node);
	free(range);
}

void bus_destroy(struct bus *bus)
{
	if (!bus->ranges.next)
		return;
	while (!list_empty(&bus->ranges)) {
		struct range *range = container_of(bus->ranges.next, struct range, node);

		list_del(&range->node);
		free(range);
	}
	bus->cursor = NULL;
}
