// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"
#include "refusal.h"

static int num_warnings, num_debugs;
static char logged[1024];

static void collect(void *data, int priority, const char *file, int line,
		    const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority == QDA_LOG_WARNING)
		num_warnings++;
	else
		num_debugs++;
	snprintf(logged, sizeof(logged), "%s", message);
}

static struct qda_ctx *ctx_logging(int level)
{
	const struct qda_ctx_opts opts = {
		.size = sizeof(opts), .log = collect, .log_level = level,
	};
	struct qda_ctx *ctx;

	num_warnings = num_debugs = 0;
	assert_int_equal(qda_ctx_new(&opts, &ctx), 0);
	num_warnings = num_debugs = 0;
	return ctx;
}

__attribute__((format(printf, 4, 5)))
static void refuse(struct qda_ctx *ctx, atomic_uint *count, const char *what,
		   const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	refusal_log(ctx, count, what, format, ap);
	va_end(ap);
}

static void flood(void **state)
{
	struct qda_ctx *ctx = ctx_logging(QDA_LOG_DEBUG);
	atomic_uint count = 0;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		refuse(ctx, &count, "the moon", "%d", i);
		if (i == REFUSAL_LOUD - 1)
			assert_non_null(strstr(logged, "more of them are debug messages"));
	}
	/* and the one that says so */
	assert_int_equal(num_warnings, REFUSAL_LOUD + 1);
	assert_int_equal(num_debugs, 1000 - REFUSAL_LOUD);
	assert_int_equal(count, 1000);
	assert_string_equal(logged, "the moon: refused, 999");
	qda_ctx_unref(ctx);
}

/* another session has its own count */
static void each_its_own(void **state)
{
	struct qda_ctx *ctx = ctx_logging(QDA_LOG_WARNING);
	atomic_uint one = 5000, other = 0;

	(void)state;
	refuse(ctx, &one, "a", "b");
	assert_int_equal(num_warnings, 0);
	refuse(ctx, &other, "a", "b");
	assert_int_equal(num_warnings, 1);
	qda_ctx_unref(ctx);
}

/* both are what a DSP has written: no escapes, and an end */
static void untrusted(void **state)
{
	struct qda_ctx *ctx = ctx_logging(QDA_LOG_WARNING);
	char what[4000], why[4000];
	atomic_uint count = 0;

	(void)state;
	refuse(ctx, &count, "\033[2J\x9b\n", "\x7f%s", "\r\xff");
	assert_string_equal(logged, "?[2J? : refused, ? ?");
	refuse(ctx, &count, "caf\xc3\xa9", "\xc2\x9b%s", "2J\xe2\x80");
	assert_string_equal(logged, "caf\xc3\xa9: refused, ??2J??");
	memset(what, 'w', sizeof(what) - 1);
	memset(why, 'y', sizeof(why) - 1);
	what[sizeof(what) - 1] = why[sizeof(why) - 1] = '\0';
	refuse(ctx, &count, what, "%s", why);
	assert_non_null(strstr(logged, "ww: refused, yy"));
	assert_true(strlen(logged) < 1000);
	qda_ctx_unref(ctx);
}

static void nobody_listens(void **state)
{
	atomic_uint count = 0;

	(void)state;
	refuse(NULL, &count, "a", "b");
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flood),
		cmocka_unit_test(each_its_own),
		cmocka_unit_test(untrusted),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
