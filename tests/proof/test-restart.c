// SPDX-License-Identifier: MIT
/*
 * The end of PDs and DSPs: who is told what, within which time, and how a program goes
 * on. On the soft device and on the one behind QDA_TEST_DEVICE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proof.h"
#include "support.h"

#define THREADS		8
#define NSEC		1000000000LL
#define NO_PROCESS	((int32_t)0x80000434)
#define CRASHED		((int32_t)0x80000430)

static struct qda_ctx *ctx;
static struct qda_device *device;
static struct qda_session *session;
static struct qda_module *bench;
static struct test_server server;
static char device_name[128];
static struct leak_counts leaks_before;

static int setup(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	const char *control = getenv("QDA_UAPI_CONTROL");

	(void)state;
	if (proof_is_private()) {
		assert_int_equal(server_start(&server, "--domain cdsp --banks 4"), 0);
		snprintf(device_name, sizeof(device_name), "soft:cdsp@%s",
			 server.listen);
	} else {
		assert_non_null(control);
		server.control_fd = steer_connect(control, 5000);
		assert_true(server.control_fd >= 0);
		snprintf(device_name, sizeof(device_name), "%s", proof_device());
	}
	leak_count(&leaks_before);
	session = NULL;
	bench = NULL;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	if (qda_device_open(ctx, device_name, &device, &failure) ||
	    qda_session_open(device, NULL, &session, &failure) ||
	    qda_module_open(session, "bench", &bench, &failure))
		fail_msg("%s", failure.message);
	return 0;
}

static int teardown(void **state)
{
	char text[256];
	int left;

	(void)state;
	qda_module_unref(bench);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	left = leak_check(&leaks_before, 20000, text, sizeof(text));
	if (left)
		print_error("left behind: %s\n", text);
	if (proof_is_private())
		assert_int_equal(server_stop(&server), 0);
	else
		close(server.control_fd);
	return left;
}

/* --- events ---------------------------------------------------------------------- */

struct seen {
	atomic_uint kinds;		/* a bit for each */
	unsigned int num_running;
	char module[64];
	uint32_t method;
};

static void on_event(void *data, struct qda_session *s,
		     const struct qda_session_event *event)
{
	struct seen *seen = data;

	assert_ptr_equal(s, session);
	assert_int_equal(event->size, sizeof(*event));
	atomic_fetch_or(&seen->kinds, 1u << event->kind);
	if (!event->num_running)
		return;
	seen->num_running = event->num_running;
	snprintf(seen->module, sizeof(seen->module), "%s", event->running[0].module);
	seen->method = event->running[0].method;
}

static bool wait_event(struct seen *seen, uint32_t kind)
{
	int64_t end = monotonic_ns() + 30 * NSEC;

	while (!(atomic_load(&seen->kinds) & 1u << kind) && monotonic_ns() < end)
		qda_ctx_wait(ctx, NSEC / 10);
	return atomic_load(&seen->kinds) & 1u << kind;
}

static void go_on(struct qda_failure *failure)
{
	struct qda_session *again;
	struct qda_module *module;
	int32_t status = -1;

	if (qda_session_reopen(session, 20 * NSEC, &again, failure))
		fail_msg("%s", failure->message);
	if (qda_module_open(again, "bench", &module, failure))
		fail_msg("%s", failure->message);
	assert_int_equal(qda_module_invoke(module, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
	assert_string_equal(qda_module_get_name(module), "bench");
	qda_module_unref(module);
	qda_session_unref(again);
}

static void crash_names_the_method(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct seen seen = { 0 };
	int32_t status = 0;

	(void)state;
	assert_int_equal(qda_session_set_event_callback(session, on_event, &seen), 0);
	assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status), 0);
	assert_int_equal(status, CRASHED);
	assert_true(wait_event(&seen, QDA_SESSION_PD_EXCEPTION));
	assert_int_equal(seen.num_running, 1);
	assert_string_equal(seen.module, "bench");
	assert_int_equal(seen.method, BENCH_CRASH);
	go_on(&failure);
}

/* once; what was there before is released with it */
static void exits_once(void **state)
{
	int32_t status;

	(void)state;
	assert_int_equal(qda_session_exit(session, 20 * NSEC), 0);
	assert_int_equal(qda_session_exit(session, 0), -ECANCELED);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status),
			 -ECANCELED);
}

static void restart_is_told(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct seen seen = { 0 };
	char answer[64];
	int32_t status;
	int err;

	(void)state;
	assert_int_equal(qda_session_set_event_callback(session, on_event, &seen), 0);
	assert_int_equal(steer_command(server.control_fd, answer, sizeof(answer),
				       "crash dsp"), 0);
	assert_true(wait_event(&seen, QDA_SESSION_DSP_RESTART));
	err = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);
	assert_int_equal(err, -ENODEV);
	go_on(&failure);
}

/* --- eight threads ------------------------------------------------------------------ */

struct caller {
	pthread_t thread;
	atomic_uint calls;
	int err;
	int64_t ended;
};

static void *call_on(void *data)
{
	struct caller *c = data;
	uint32_t usec = 1000;
	int32_t status = 0;
	/* some are in the method, others on their way */
	const struct qda_arg arg = QDA_ARG_INIT_IN(&usec, 4, 4);

	do {
		c->err = qda_module_invoke(bench, BENCH_SLEEP, &arg, 1, &status);
		atomic_fetch_add(&c->calls, 1);
	} while (!c->err && !status);
	c->ended = monotonic_ns();
	return NULL;
}

static void each_caller_gets_its_error(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct caller callers[THREADS] = { 0 };
	int64_t killed, limit = test_is_slow() ? 10 * NSEC : NSEC;
	struct lateness late;
	char answer[64];
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&callers[i].thread, NULL, call_on,
						&callers[i]), 0);
	for (i = 0; i < THREADS; i++)
		while (atomic_load(&callers[i].calls) < 3)
			sleep_ms(1);
	assert_int_equal(lateness_start(&late), 0);
	killed = monotonic_ns();
	assert_int_equal(steer_command(server.control_fd, answer, sizeof(answer),
				       "crash dsp"), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(callers[i].thread, NULL);
	/* a second of a machine that has time for it */
	limit += lateness_stop(&late);
	for (i = 0; i < THREADS; i++) {
		/* in flight, or just before */
		if (callers[i].err != -EPIPE && callers[i].err != -ENODEV)
			fail_msg("thread %d: %s", i, qda_strerror(callers[i].err));
		if (callers[i].ended - killed > limit)
			fail_msg("thread %d: after %lld ms", i,
				 (long long)(callers[i].ended - killed) / 1000000);
	}
	go_on(&failure);
}

struct held {
	pthread_t thread;
	int err;
};

static void *call_held(void *data)
{
	struct held *h = data;
	uint32_t usec = 60000000;
	const struct qda_arg arg = QDA_ARG_INIT_IN(&usec, 4, 4);
	int32_t status;

	h->err = qda_module_invoke(bench, BENCH_SLEEP, &arg, 1, &status);
	return NULL;
}

/* calls of the method that the DSP has begun, ever */
static unsigned long begun(void)
{
	char answer[64] = "";

	assert_int_equal(steer_command(server.control_fd, answer, sizeof(answer),
				       "count handle=%u method=%u",
				       qda_module_get_handle(bench), BENCH_SLEEP), 0);
	return strtoul(answer, NULL, 10);
}

/* what is known to be inside the method is interrupted, and nothing else is said */
static void who_is_inside_gets_epipe(void **state)
{
	struct held held[THREADS] = { 0 };
	int64_t end = monotonic_ns() + 30 * NSEC;
	unsigned long before = begun();
	char answer[64];
	int32_t status;
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&held[i].thread, NULL, call_held,
						&held[i]), 0);
	while (begun() < before + THREADS && monotonic_ns() < end)
		sleep_ms(5);
	assert_int_equal(begun(), before + THREADS);
	assert_int_equal(steer_command(server.control_fd, answer, sizeof(answer),
				       "crash dsp"), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(held[i].thread, NULL);
	for (i = 0; i < THREADS; i++)
		if (held[i].err != -EPIPE)
			fail_msg("thread %d: %s", i, qda_strerror(held[i].err));
	/* and what begins afterwards is told something else */
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), -ENODEV);
	go_on(&(struct qda_failure)QDA_FAILURE_INIT);
}

/* --- who is who, and how much -------------------------------------------------------- */

static void identities(void **state)
{
	struct qda_session_opts opts = { .size = sizeof(opts), .name = "second" };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *second;
	char uri[256];

	(void)state;
	assert_int_equal(qda_session_get_id(session), 0);
	assert_string_equal(qda_session_get_name(session), "cdsp:0");
	assert_int_equal(qda_session_get_effective_domain(session), 3);
	if (qda_session_open(device, &opts, &second, &failure))
		fail_msg("%s", failure.message);
	assert_int_equal(qda_session_get_id(second), 1);
	assert_string_equal(qda_session_get_name(second), "second");
	assert_int_equal(qda_session_get_effective_domain(second), 11);
	assert_int_equal(qda_session_get_uri(second, "calculator", uri, sizeof(uri)), 0);
	assert_string_equal(uri, "file:///libcalculator_skel.so?calculator_skel_handle_"
				 "invoke&_modver=1.0&_dom=cdsp&_session=1");
	assert_int_equal(qda_session_get_uri(second, "calculator", uri, 90),
			 -ENAMETOOLONG);
	qda_session_unref(second);
	/* a number that is free is used again */
	opts.name = NULL;
	assert_int_equal(qda_session_open(device, &opts, &second, &failure), 0);
	assert_int_equal(qda_session_get_id(second), 1);
	assert_string_equal(qda_session_get_name(second), "cdsp:1");
	qda_session_unref(second);
}

static void memory(void **state)
{
	struct qda_session_memory m = { .size = sizeof(m) }, before = m;
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_buffer *buffer, *more;

	(void)state;
	assert_int_equal(qda_session_get_memory(session, &before), 0);
	assert_true(before.native > 0);		/* the init memory, the library's own */
	assert_int_equal(before.limit, 0);
	assert_int_equal(qda_buffer_new(session, 1 << 20, &buffer), 0);
	assert_int_equal(qda_session_get_memory(session, &m), 0);
	assert_int_equal(m.native, before.native + (1 << 20));
	assert_int_equal(qda_session_set_memory_limit(session, 0), -EINVAL);
	assert_int_equal(qda_session_set_memory_limit(session, m.native + 8192), 0);
	assert_int_equal(qda_session_set_memory_limit(session, m.native + 65536), -EPERM);
	assert_int_equal(qda_buffer_new(session, 1 << 20, &more), -EDQUOT);
	qda_buffer_unref(buffer);
	assert_int_equal(qda_buffer_new(session, 1 << 20, &more), 0);
	qda_buffer_unref(more);
	assert_int_equal(qda_session_get_memory(session, &m), 0);
	assert_int_equal(m.native, before.native);

	{
		struct qda_session_opts opts = { .size = sizeof(opts),
						 .memory_limit = 1 << 20 };
		struct qda_session *small;

		assert_int_equal(qda_session_open(device, &opts, &small, &failure),
				 -EDQUOT);
		assert_non_null(strstr(failure.message, "limit"));
	}
}

static void latency(void **state)
{
	int32_t status = -1;

	(void)state;
	assert_int_equal(qda_session_set_latency(session, 100, &status), 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(crash_names_the_method, setup, teardown),
		cmocka_unit_test_setup_teardown(exits_once, setup, teardown),
		cmocka_unit_test_setup_teardown(restart_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(each_caller_gets_its_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_is_inside_gets_epipe, setup,
						teardown),
		cmocka_unit_test_setup_teardown(identities, setup, teardown),
		cmocka_unit_test_setup_teardown(memory, setup, teardown),
		cmocka_unit_test_setup_teardown(latency, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
