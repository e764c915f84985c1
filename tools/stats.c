// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "stats.h"

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct stats stats_of(uint64_t *samples, size_t count)
{
	struct stats stats = { 0 };
	size_t rank;

	if (!count)
		return stats;
	qsort(samples, count, sizeof(*samples), compare_u64);
	rank = (count * 99 + 99) / 100;		/* nearest rank */
	stats.min = samples[0];
	stats.median = samples[(count - 1) / 2];
	stats.p99 = samples[rank - 1];
	stats.max = samples[count - 1];
	stats.count = count;
	return stats;
}

double stats_median(double *values, size_t count)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(*values), compare_double);
	return count % 2 ? values[count / 2] :
			   (values[count / 2 - 1] + values[count / 2]) / 2;
}
