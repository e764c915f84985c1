// SPDX-License-Identifier: MIT
/* Beginning and end of the thread that serves what the DSP calls, and what it is not for */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "reverse-shell.h"

#define SECOND	1000000000LL

static char image[64];

/* what the session's option names, which may change between two openings */
static void install(const char *from)
{
	char buf[65536];
	ssize_t n;
	int in = open(from, O_RDONLY | O_CLOEXEC), out;

	unlink(image);
	out = open(image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	assert_int_equal(n, 0);
	close(in);
	close(out);
}

static struct qda_session *open_image(void)
{
	const struct qda_session_opts opts = { .size = sizeof(opts), .shell = image };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *s;

	ok(qda_session_open(device, &opts, &s, &failure), &failure);
	return s;
}

static int setup(void **state)
{
	setup_device(state);
	snprintf(image, sizeof(image), "/tmp/qda-listener-%d.shell", getpid());
	install(getenv("QDA_REVERSE_SHELL"));
	session = open_image();
	return 0;
}

static int end(void **state)
{
	unlink(image);
	return teardown(state);
}

/* --- the end -------------------------------------------------------------------------- */

struct served {
	atomic_bool begun, over;
};

static int32_t slow_call(void *data, const struct qda_reverse_call *call)
{
	struct served *served = data;

	(void)call;
	atomic_store(&served->begun, true);
	sleep_ms(300);
	atomic_store(&served->over, true);
	return 1;
}

/* what is served may use what its owner frees after the last reference */
static void unref_waits(void **state)
{
	const struct transfer t = { .method = 2, .count = 1 };
	struct transfer out;
	const struct qda_arg args[] = {
		QDA_IN_STR("slow"), QDA_IN(&t.handle), QDA_IN(&t.method),
		QDA_IN(&t.in_size), QDA_IN(&t.out_size), QDA_IN(&t.count),
		QDA_IN(&t.keep), QDA_OUT(&out.name_len), QDA_OUT(&out.handle),
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct served *served = calloc(1, sizeof(*served));
	int64_t until = monotonic_ns() + 30 * SECOND;
	struct qda_reverse *reverse;
	struct qda_module *module;
	struct qda_call *c;

	(void)state;
	assert_non_null(served);
	ok(qda_reverse_new(session, "slow", slow_call, served, &reverse, &failure),
	   &failure);
	ok(qda_module_open(session, "reverse", &module, &failure), &failure);
	assert_int_equal(qda_call_new(module, REVERSE_TRANSFER, args, ARRAY_SIZE(args),
				      &c), 0);
	assert_int_equal(qda_call_submit(c, NULL, NULL), 0);
	while (!atomic_load(&served->begun) && monotonic_ns() < until)
		sleep_ms(1);
	assert_true(atomic_load(&served->begun));
	qda_call_unref(c);
	qda_module_unref(module);
	qda_reverse_unref(reverse);
	session = qda_session_unref(session);
	assert_true(atomic_load(&served->over));
	free(served);
}

/* --- calls from within --------------------------------------------------------------- */

static atomic_uint warnings;
static char warning[512];

static void count_warnings(void *data, int priority, const char *file, int line,
			   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority != QDA_LOG_WARNING || !strstr(message, "reverse-calls.md"))
		return;
	atomic_fetch_add(&warnings, 1);
	snprintf(warning, sizeof(warning), "%s", message);
}

static int setup_warned(void **state)
{
	const struct qda_ctx_opts opts = {
		.size = sizeof(opts), .log = count_warnings,
		.log_level = QDA_LOG_WARNING,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;

	setup(state);
	session = qda_session_unref(session);
	device = qda_device_unref(device);
	qda_ctx_unref(ctx);
	atomic_store(&warnings, 0);
	warning[0] = '\0';
	assert_int_equal(qda_ctx_new(&opts, &ctx), 0);
	ok(qda_device_open(ctx, device_name(), &device, &failure), &failure);
	session = open_image();
	return 0;
}

/* each way to make a call and to wait for it */
static int32_t calls_bench(void *data, const struct qda_reverse_call *call)
{
	struct qda_call *c = NULL;
	int32_t *errors = data, status = 0;

	(void)call;
	*errors |= qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status) | status;
	*errors |= qda_call_new(bench, BENCH_NOOP, NULL, 0, &c);
	*errors |= qda_call_invoke(c, &status) | status;
	*errors |= qda_call_submit(c, NULL, NULL);
	*errors |= qda_call_wait(c, -1, &status) | status;
	qda_call_unref(c);
	return 1;
}

/* said once, with what was called; a call of another thread's, or that is not waited
 * for, is none of these */
static void warns_of_nesting(void **state)
{
	struct transfer t = { .method = 2, .count = 1 }, out;
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_reverse *reverse;
	struct qda_module *module;
	int32_t errors = 0, status = 0;
	int i;

	(void)state;
	ok(qda_reverse_new(session, "nests", calls_bench, &errors, &reverse, &failure),
	   &failure);
	ok(qda_module_open(session, "reverse", &module, &failure), &failure);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(atomic_load(&warnings), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(qda_invoke(module, REVERSE_TRANSFER, &status,
					    QDA_IN_STR("nests"), QDA_IN(&t.handle),
					    QDA_IN(&t.method), QDA_IN(&t.in_size),
					    QDA_IN(&t.out_size), QDA_IN(&t.count),
					    QDA_IN(&t.keep), QDA_OUT(&out.name_len),
					    QDA_OUT(&out.handle)), 0);
		assert_int_equal(errors, 0);
		assert_int_equal(atomic_load(&warnings), 1);
	}
	assert_non_null(strstr(warning, "method 2 of bench is called by a reverse "
					"function"));
	qda_module_unref(module);
	qda_reverse_unref(reverse);
}

/* --- the beginning --------------------------------------------------------------------- */

/* the time to reopen in is also that of a DSP which is there and does not answer */
static void reopen_has_an_end(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *again = NULL;
	int64_t start;

	(void)state;
	install(getenv("QDA_MUTE_SHELL"));
	start = monotonic_ns();
	assert_int_equal(qda_session_reopen(session, SECOND / 2, &again, &failure),
			 -ETIMEDOUT);
	assert_true(monotonic_ns() - start >= SECOND / 2);
	assert_non_null(strstr(failure.message, "listener"));
	assert_null(again);
	install(getenv("QDA_REVERSE_SHELL"));
	ok(qda_session_reopen(session, 60 * SECOND, &again, &failure), &failure);
	qda_session_unref(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unref_waits, setup, end),
		cmocka_unit_test_setup_teardown(warns_of_nesting, setup_warned, end),
		cmocka_unit_test_setup_teardown(reopen_has_an_end, setup, end),
	};

	return cmocka_run_group_tests_name("soft-listener", tests, NULL, NULL);
}
