/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/string.h> as far as the driver's pure code uses it. */
#ifndef QDA_COMPAT_LINUX_STRING_H
#define QDA_COMPAT_LINUX_STRING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* the first byte that is not c, or NULL */
static inline void *memchr_inv(const void *start, int c, size_t bytes)
{
	const unsigned char *p = start;

	for (; bytes; p++, bytes--)
		if (*p != (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

#endif
