/* SPDX-License-Identifier: MIT */
/* The kernel's tracer. What fails of it fails the case. */
#ifndef QDA_KERNEL_TRACE_H
#define QDA_KERNEL_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define TRACING	"/sys/kernel/tracing/"

/* writes a file of it */
void trace_set(const char *file, const char *text);
/* the driver's events, from now on */
void trace_driver(void);
/* no more; what they were */
void trace_read(char *text, size_t size);
/* how many of an event have these words; NULL, or the context of the last of them */
unsigned int trace_count(const char *text, const char *event, const char *words,
			 uint64_t *ret_ctx);

#endif
