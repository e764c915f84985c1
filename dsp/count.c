// SPDX-License-Identifier: MIT
/* How often each message was executed by the root and by PDs that have ended */
#include <stdlib.h>

#include "softdsp.h"

struct count {
	uint32_t handle, method;
	uint64_t n;
};

static struct count *counts;
static size_t num_counts, max_counts;
static uint64_t others;

void count_other(uint64_t n)
{
	others += n;
}

void count_add(uint32_t handle, uint32_t method, uint64_t n)
{
	struct count *more;
	size_t i;

	for (i = 0; i < num_counts; i++) {
		if (counts[i].handle == handle && counts[i].method == method) {
			counts[i].n += n;
			return;
		}
	}
	if (num_counts == max_counts) {
		/* every open makes a new handle: forget which, not how many */
		more = num_counts < 4096 ?
			       realloc(counts, (max_counts + 64) * sizeof(*counts)) :
			       NULL;
		if (!more) {
			others += n;
			return;
		}
		counts = more;
		max_counts += 64;
	}
	counts[num_counts++] = (struct count){ handle, method, n };
}

uint64_t count_sum(const uint32_t *handle, const uint32_t *method)
{
	uint64_t sum = handle || method ? 0 : others;
	size_t i;

	for (i = 0; i < num_counts; i++) {
		if ((!handle || counts[i].handle == *handle) &&
		    (!method || counts[i].method == *method))
			sum += counts[i].n;
	}
	return sum;
}
