/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out at a chosen allocation. The linker puts these in place of
 * libc's (-Wl,--wrap, see meson.build).
 */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static int allocations_left = -1;

static bool out_of_memory(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return out_of_memory() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return out_of_memory() ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size)
{
	return out_of_memory() ? NULL : __real_realloc(ptr, size);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
	return out_of_memory() ? NULL : __real_strdup(s);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list ap;
	int n;

	if (out_of_memory())
		return -1;
	va_start(ap, format);
	n = vasprintf(ret, format, ap);
	va_end(ap);
	return n;
}

/*
 * Repeats a call with one more allocation granted each time, until it succeeds;
 * the teardown's counters and the sanitizers see what a failure leaves behind.
 */
#define UNTIL_MEMORY_SUFFICES(call, ok) \
	do { \
		int granted, ret; \
		for (granted = 0; granted < 50; granted++) { \
			allocations_left = granted; \
			ret = (call); \
			allocations_left = -1; \
			if (ret == (ok)) \
				break; \
			assert_int_equal(ret, -ENOMEM); \
		} \
		assert_in_range(granted, 1, 49); \
	} while (0)

#endif
