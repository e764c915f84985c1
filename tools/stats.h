/* SPDX-License-Identifier: MIT */
#ifndef QDA_RUN_STATS_H
#define QDA_RUN_STATS_H

#include <stddef.h>
#include <stdint.h>

struct stats {
	uint64_t min, median, p99, max;	/* nanoseconds */
	size_t count;
};

/* sorts the samples; all zero without any */
struct stats stats_of(uint64_t *samples, size_t count);
double stats_median(double *values, size_t count);

#endif
