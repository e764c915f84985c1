/* SPDX-License-Identifier: MIT */
#ifndef QDA_REFUSAL_H
#define QDA_REFUSAL_H

#include <stdarg.h>
#include <stdatomic.h>

struct qda_ctx;

/* of a session or its files: more than these may not fill the log */
#define REFUSAL_LOUD	24

/*
 * Log that the DSP was refused what, and the reason. The first REFUSAL_LOUD of *count are
 * warnings, the rest debug messages. Any thread.
 */
void refusal_log(struct qda_ctx *ctx, atomic_uint *count, const char *what,
		 const char *format, va_list ap) __attribute__((format(printf, 4, 0)));

#endif
