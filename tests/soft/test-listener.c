// SPDX-License-Identifier: MIT
/* Beginning and end of the thread that serves what the DSP calls */
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
		cmocka_unit_test_setup_teardown(reopen_has_an_end, setup, end),
	};

	return cmocka_run_group_tests_name("soft-listener", tests, NULL, NULL);
}
