/* SPDX-License-Identifier: MIT */
/* leak_check() for programs that may have had a soft device of their own */
#ifndef QDA_TEST_SOFT_LEAK_H
#define QDA_TEST_SOFT_LEAK_H

#include <stddef.h>

#include <qda/qda.h>

#include "support.h"

/*
 * A soft DSP that did not end within half a second is let go of with the next one that
 * is opened, see lib/soft/server.c. This one is nowhere, so opening it starts nothing.
 */
static inline void soft_let_go(void)
{
	struct qda_session *session = NULL;
	struct qda_device *device = NULL;
	struct qda_ctx *ctx = NULL;

	if (!qda_ctx_new(NULL, &ctx) &&
	    !qda_device_open(ctx, "soft:cdsp@/nonexistent/dsp", &device, NULL) &&
	    !qda_session_open(device, NULL, &session, NULL))
		qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
}

static inline int soft_leak_check(const struct leak_counts *before,
				  unsigned int timeout_ms, char *text, size_t size)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;

	while (leak_check(before, 1000, text, size)) {
		if (monotonic_ns() > end)
			return -1;
		soft_let_go();
	}
	return 0;
}

#endif
