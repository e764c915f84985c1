/* SPDX-License-Identifier: MIT */
/* Time, as deadlines are told to the kernel: CLOCK_MONOTONIC nanoseconds. */
#ifndef QDA_CLOCK_H
#define QDA_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* 0: past at once; negative: no limit; too far is as far as can be */
static inline int64_t clock_deadline(int64_t timeout_ns)
{
	int64_t deadline;

	if (timeout_ns <= 0)
		return timeout_ns ? -1 : 0;
	return __builtin_add_overflow(clock_now(), timeout_ns, &deadline) ? INT64_MAX :
									    deadline;
}

#endif
