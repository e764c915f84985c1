// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "internal.h"
#include "refusal.h"

static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

void refusal_log(struct qda_ctx *ctx, atomic_uint *count, const char *what,
		 const char *format, va_list ap)
{
	unsigned int before = atomic_fetch_add(count, 1);
	char text[256], why[512];

	snprintf(text, sizeof(text), "%s", what);
	vsnprintf(why, sizeof(why), format, ap);
	make_printable(text);
	make_printable(why);
	qda_log(ctx, before < REFUSAL_LOUD ? QDA_LOG_WARNING : QDA_LOG_DEBUG,
		"%s: refused, %s", text, why);
	if (before + 1 == REFUSAL_LOUD)
		log_warn(ctx, "the DSP was refused %u times: more of them are debug messages",
			 REFUSAL_LOUD);
}
