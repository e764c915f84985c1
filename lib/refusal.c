// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "internal.h"
#include "refusal.h"

void refusal_log(struct qda_ctx *ctx, atomic_uint *count, const char *what,
		 const char *format, va_list ap)
{
	unsigned int before = atomic_fetch_add(count, 1);
	char text[256], why[512];

	snprintf(text, sizeof(text), "%s", what);
	vsnprintf(why, sizeof(why), format, ap);
	qda_log(ctx, before < REFUSAL_LOUD ? QDA_LOG_WARNING : QDA_LOG_DEBUG,
		"%s: refused, %s", text, why);
	if (before + 1 == REFUSAL_LOUD)
		log_warn(ctx, "the DSP was refused %u times: more of them are debug messages",
			 REFUSAL_LOUD);
}
