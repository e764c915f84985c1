/* SPDX-License-Identifier: MIT */
/*
 * The library against a real far end: the device named by QDA_TEST_DEVICE,
 * the soft cdsp without it.
 */
#ifndef QDA_TESTS_SOFT_COMMON_H
#define QDA_TESTS_SOFT_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <qda/qda.h>

#include "soft-leak.h"
#include "support.h"

/* methods of the modules, see their IDL files */
enum {
	CALCULATOR_SUM = 2,
	CALCULATOR_MAX = 3,
	BENCH_NOOP = 2,
	BENCH_ECHO = 3,
	BENCH_SINK = 4,
	BENCH_SOURCE = 5,
	BENCH_TOUCH = 6,
	BENCH_SPIN = 7,
	BENCH_CRASH = 8,
	BENCH_FAULT = 9,
	BENCH_LOOKUP = 10,
	BENCH_SLEEP = 11,
	BENCH_WHERE = 12,
	BENCH_HANDLE_SUM = 13,
	BENCH_SCALARS = 14,
	BENCH_TEXT = 15,
	BENCH_ADD = 16,
	BENCH_STATUS = 17,
	BENCH_VECTORS = 18,
	BENCH_MAP_ONCE = 19,
};

#define AEE_EBADPARM		0xe
#define DSP_ERR(code)		((int32_t)(0x80000400U + (code)))
#define STATUS_NOT_LOADED	DSP_ERR(0x06)
#define STATUS_CRASHED		DSP_ERR(0x30)
#define STATUS_NO_PROCESS	DSP_ERR(0x34)
#define STATUS_BAD_ELF		DSP_ERR(0x52)

static struct qda_ctx *ctx;
static struct qda_device *device;
static struct qda_session *session;
static struct qda_module *bench;
static struct leak_counts leaks_before;

static inline const char *device_name(void)
{
	const char *name = getenv("QDA_TEST_DEVICE");

	return name && *name ? name : "soft:cdsp";
}

static inline bool on_soft_device(void)
{
	return !strncmp(device_name(), "soft:", 5);
}

/* fails with the library's own words */
#define ok(expr, failure) do { \
		int ok_err_ = (expr); \
		if (ok_err_) \
			fail_msg("%s: %d: %s", #expr, ok_err_, \
				 (failure)->message); \
	} while (0)

static inline void *no_thread(void *data)
{
	return data;
}

static inline int setup_device(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	pthread_t thread;

	(void)state;
	/* sanitizers start a thread of their own with the first of the program */
	assert_int_equal(pthread_create(&thread, NULL, no_thread, NULL), 0);
	pthread_join(thread, NULL);
	leak_count(&leaks_before);
	session = NULL;
	bench = NULL;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	ok(qda_device_open(ctx, device_name(), &device, &failure), &failure);
	return 0;
}

static inline int setup_session(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	setup_device(state);
	ok(qda_session_open(device, NULL, &session, &failure), &failure);
	return 0;
}

static inline int setup_bench(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	setup_session(state);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	return 0;
}

/* Everything down; the process must be as it was before the test. */
static inline int teardown(void **state)
{
	char text[256];

	(void)state;
	qda_module_unref(bench);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	if (!soft_leak_check(&leaks_before, 20000, text, sizeof(text)))
		return 0;
	print_error("left behind: %s\n", text);
	return -1;
}

#define soft_test(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
