// SPDX-License-Identifier: MIT
#include "common.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

#include "reverse-shell.h"

#define AEE_EINVHANDLE		0x2c
#define AEE_ENOSUCHMOD		0x3e
#define AEE_EBADSIZE		0x4d
#define MAX_SIZE		(64u << 20)
/* of a request and an answer of transfer(), without its large block */
#define IN_OVERHEAD		32
#define OUT_OVERHEAD		16

struct app {
	struct qda_reverse *reverse;
	struct qda_session *session;
	struct qda_module *module;
	uint32_t num_calls, num_wrong, last_method;
	int32_t answer;
	unsigned int sleep_ms;
	atomic_bool called;	/* by nested_call() only */
	atomic_bool gone;	/* it must not be called any more */
	pthread_t thread;
};

static struct qda_module *caller;

static int32_t app_call(void *data, const struct qda_reverse_call *call)
{
	const uint32_t answer = TRANSFER_ANSWER;
	struct app *app = data;
	const uint8_t *in;
	uint32_t prim[2];
	uint8_t *out;

	app->num_wrong += atomic_load(&app->gone) || call->size != sizeof(*call) ||
			  call->num_in != 2 || call->num_out != 2 ||
			  call->in[0].size != sizeof(prim) ||
			  call->out[0].size != sizeof(answer);
	if (app->num_wrong)
		return 1;
	app->num_calls++;
	app->last_method = call->method;
	app->thread = pthread_self();
	if (app->sleep_ms)
		sleep_ms(app->sleep_ms);
	memcpy(prim, call->in[0].data, sizeof(prim));
	in = call->in[1].data;
	out = call->out[1].data;
	app->num_wrong += prim[0] != call->in[1].size || prim[1] != call->out[1].size ||
			  !in != !prim[0] || !out != !prim[1] || (uintptr_t)in % 8 ||
			  (uintptr_t)out % 8;
	app->num_wrong += !transfer_is(in, call->in[1].size, TRANSFER_IN);
	/* all of it zero */
	if (out) {
		app->num_wrong += out[0] || memcmp(out, out + 1, call->out[1].size - 1);
		transfer_fill(out, call->out[1].size, TRANSFER_OUT);
	}
	memcpy(call->out[0].data, &answer, sizeof(answer));
	return app->answer;
}

static int open_shell(struct qda_session **ret_session, struct qda_module **ret_module,
		      uint32_t listener)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	const struct qda_session_opts opts = {
		.size = sizeof(opts),
		.shell = getenv("QDA_REVERSE_SHELL"),
		.listener = listener,
	};

	assert_non_null(opts.shell);
	ok(qda_session_open(device, &opts, ret_session, &failure), &failure);
	if (ret_module)
		ok(qda_module_open(*ret_session, "reverse", ret_module, &failure),
		   &failure);
	return 0;
}

static int setup(void **state)
{
	setup_device(state);
	return open_shell(&session, &caller, QDA_LISTENER_ON);
}

static int end(void **state)
{
	caller = qda_module_unref(caller);
	return teardown(state);
}

static void new_app(struct app *app, const char *name)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	ok(qda_reverse_new(app->session ? app->session : session, name, app_call, app,
			   &app->reverse, &failure), &failure);
}

/* errno, or what the transfer answered, and the handle it had */
static int64_t transfer(struct qda_module *module, const char *name, struct transfer *t)
{
	const struct qda_arg args[] = {
		QDA_IN_STR(name), QDA_IN(&t->handle),  QDA_IN(&t->method),
		QDA_IN(&t->in_size), QDA_IN(&t->out_size), QDA_IN(&t->count),
		QDA_IN(&t->keep), QDA_OUT(&t->name_len), QDA_OUT(&t->handle),
	};
	int32_t status = 0;
	int err = qda_module_invoke(module, REVERSE_TRANSFER, args, ARRAY_SIZE(args),
				    &status);

	return err ? err : status ? status : (int32_t)t->name_len;
}

static int64_t sizes(const char *name, uint32_t in, uint32_t out, uint32_t count)
{
	struct transfer t = { .in_size = in, .out_size = out, .count = count };

	return transfer(caller, name, &t);
}

/* --- what is transferred ------------------------------------------------------------ */

static void bytes(void **state)
{
	static const uint32_t lengths[] = {
		0, 1, 7, 8, 9, 4096, 16351, 16352, 16353, 16384, 100000, 1 << 20,
	};
	struct app app = { 0 };
	size_t i, k;

	(void)state;
	new_app(&app, "app");
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (k = 0; k < ARRAY_SIZE(lengths); k++)
			assert_int_equal(sizes("app", lengths[i], lengths[k], 1), 0);
	assert_int_equal(app.num_calls, ARRAY_SIZE(lengths) * ARRAY_SIZE(lengths));
	assert_int_equal(app.num_wrong, 0);
	qda_reverse_unref(app.reverse);
}

static void largest(void **state)
{
	struct app app = { 0 };

	(void)state;
	new_app(&app, "app");
	assert_int_equal(sizes("app", MAX_SIZE - IN_OVERHEAD, 0, 1), 0);
	assert_int_equal(sizes("app", 0, MAX_SIZE - OUT_OVERHEAD, 1), 0);
	assert_int_equal(app.num_calls, 2);
	assert_int_equal(sizes("app", MAX_SIZE - IN_OVERHEAD + 1, 0, 1), AEE_EBADSIZE);
	assert_int_equal(sizes("app", 0, MAX_SIZE - OUT_OVERHEAD + 1, 1), AEE_EBADSIZE);
	assert_int_equal(app.num_calls, 2);
	assert_int_equal(sizes("app", 10, 10, 1), 0);
	assert_int_equal(app.num_wrong, 0);
	qda_reverse_unref(app.reverse);
}

static void many(void **state)
{
	uint32_t count = test_count(5000);
	struct app app = { 0 };

	(void)state;
	new_app(&app, "app");
	assert_int_equal(sizes("app", 100, 100, count), 0);
	assert_int_equal(app.num_calls, count);
	assert_int_equal(app.num_wrong, 0);
	qda_reverse_unref(app.reverse);
}

static void errors(void **state)
{
	static const int32_t codes[] = { 1, 46, AEE_EBADPARM, 0x600, -1, INT32_MIN };
	struct transfer t = { .in_size = 8, .out_size = 8, .count = 1 };
	struct app app = { 0 };
	size_t i;

	(void)state;
	new_app(&app, "app");
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		app.answer = codes[i];
		assert_int_equal(sizes("app", 8, 8, 1), codes[i]);
	}
	app.answer = 0;
	for (t.method = 0; t.method < 32; t.method++) {
		assert_int_equal(transfer(caller, "app", &t), 0);
		assert_int_equal(app.last_method, t.method);
		t.handle = 0;
	}
	assert_int_equal(app.num_wrong, 0);
	qda_reverse_unref(app.reverse);
}

/* --- names ------------------------------------------------------------------------------ */

static void names(void **state)
{
	struct app app = { 0 };
	struct qda_reverse *other;
	char name[258];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	assert_int_equal(qda_reverse_new(session, name, app_call, &app, &other, NULL),
			 -EINVAL);
	assert_int_equal(qda_reverse_new(session, "", app_call, &app, &other, NULL),
			 -EINVAL);
	assert_int_equal(qda_reverse_new(session, "a/b", app_call, &app, &other, NULL),
			 -EINVAL);
	assert_int_equal(qda_reverse_new(session, "a", NULL, &app, &other, NULL), -EINVAL);
	assert_int_equal(qda_reverse_new(NULL, "a", app_call, &app, &other, NULL), -EINVAL);
	assert_int_equal(qda_reverse_new(session, "apps_std", app_call, &app, &other, NULL),
			 -EEXIST);
	name[255] = '\0';
	new_app(&app, name);
	assert_int_equal(qda_reverse_new(session, name, app_call, &app, &other, NULL),
			 -EEXIST);
	assert_int_equal(sizes(name, 1, 1, 1), 0);
	qda_reverse_unref(app.reverse);
	assert_int_equal(sizes(name, 1, 1, 1), AEE_ENOSUCHMOD);

	new_app(&app, "My-app_2.0");
	assert_int_equal(sizes("file:///libMy-app_2.0_skel.so", 1, 1, 1), 0);
	assert_int_equal(sizes("file:///libMy-app_2.0_skel.so?My_skel_handle_invoke"
			       "&_modver=1.0&_dom=cdsp", 1, 1, 1), 0);
	assert_int_equal(sizes("my-app_2.0", 1, 1, 1), AEE_ENOSUCHMOD);
	assert_int_equal(sizes("My-app_2.", 1, 1, 1), AEE_ENOSUCHMOD);
	assert_int_equal(app.num_calls, 3);
	qda_reverse_unref(app.reverse);
	qda_reverse_unref(NULL);
}

static void no_listener(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *quiet;
	struct qda_reverse *reverse;
	struct app app = { 0 };

	(void)state;
	open_shell(&quiet, NULL, QDA_LISTENER_OFF);
	assert_int_equal(qda_reverse_new(quiet, "app", app_call, &app, &reverse, &failure),
			 -EOPNOTSUPP);
	assert_non_null(strstr(failure.message, "without a listener"));
	qda_session_unref(quiet);
}

/* a handle is one session's, and stays its name's until it is closed */
static void two_sessions(void **state)
{
	struct transfer t = { .in_size = 5, .out_size = 6, .count = 1, .keep = 1 };
	struct app first = { 0 }, second = { 0 };
	struct qda_module *other;
	uint32_t handle;

	(void)state;
	open_shell(&second.session, &other, QDA_LISTENER_ON);
	new_app(&first, "app");
	new_app(&second, "app");
	assert_int_equal(transfer(caller, "app", &t), 0);
	assert_int_equal(first.num_calls, 1);
	handle = t.handle;
	t.handle++;
	assert_int_equal(transfer(caller, "app", &t), AEE_EINVHANDLE);
	t.handle = handle;
	/* nothing is open in the other one */
	assert_int_equal(transfer(other, "app", &t), AEE_EINVHANDLE);
	t.handle = 0;
	assert_int_equal(transfer(other, "app", &t), 0);
	assert_int_equal(first.num_calls, 1);
	assert_int_equal(second.num_calls, 1);
	/* the name is another application's now, the handle nobody's */
	qda_reverse_unref(first.reverse);
	new_app(&first, "app");
	t.handle = handle;
	assert_int_equal(transfer(caller, "app", &t), AEE_EINVHANDLE);
	qda_reverse_unref(first.reverse);
	qda_reverse_unref(second.reverse);
	qda_module_unref(other);
	qda_session_unref(second.session);
}

/* --- threads ---------------------------------------------------------------------------- */

static void *call_main(void *data)
{
	struct qda_module *module = data;
	int64_t result;

	do {
		struct transfer t = { .in_size = 64, .out_size = 64, .count = 20 };

		result = transfer(module, "app", &t);
	} while (result == 0 || result == AEE_ENOSUCHMOD || result == AEE_EINVHANDLE);
	return (void *)(intptr_t)result;
}

static void comes_and_goes(void **state)
{
	unsigned int i, n = test_count(2000), called = 0;
	struct app app = { 0 };
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, call_main, caller), 0);
	for (i = 0; i < n; i++) {
		/* some live until they may have been called, the first ones for sure */
		unsigned int us = i % 4 ? 0 : app.num_calls ? 500 : 100000;

		atomic_store(&app.gone, false);
		new_app(&app, "app");
		if (us)
			usleep(us);
		else
			sched_yield();
		qda_reverse_unref(app.reverse);
		atomic_store(&app.gone, true);
	}
	/* nobody calls it any more, so this is nobody else's */
	called = app.num_calls;
	assert_int_equal(app.num_wrong, 0);
	assert_int_equal(qda_session_release(session), 0);
	pthread_join(thread, &result);
	assert_true((intptr_t)result < 0);
	assert_true(called > 0);
}

struct closer {
	struct qda_session *session;
	struct qda_reverse *reverse;
	struct qda_module *module;
	pthread_barrier_t *barrier;
};

static void *closer_main(void *data)
{
	struct closer *c = data;

	pthread_barrier_wait(c->barrier);
	qda_session_release(c->session);
	qda_reverse_unref(c->reverse);
	qda_module_unref(c->module);
	qda_session_unref(c->session);
	return NULL;
}

/* two threads close what a third calls and a fourth, the listener's, serves */
static void closed_by_two(void **state)
{
	unsigned int i, n = test_count(100);

	(void)state;
	for (i = 0; i < n; i++) {
		struct app app = { .sleep_ms = i % 3 };
		struct closer closers[2] = { 0 };
		pthread_t threads[3];
		pthread_barrier_t barrier;
		struct qda_module *module, *own;
		unsigned int k;

		open_shell(&app.session, &module, QDA_LISTENER_ON);
		new_app(&app, "app");
		own = qda_module_ref(module);
		pthread_barrier_init(&barrier, NULL, 3);
		closers[0] = (struct closer){ qda_session_ref(app.session), app.reverse,
					      NULL, &barrier };
		closers[1] = (struct closer){ app.session, NULL, module, &barrier };
		pthread_create(&threads[2], NULL, call_main, own);
		for (k = 0; k < 2; k++)
			pthread_create(&threads[k], NULL, closer_main, &closers[k]);
		usleep(i % 10 * 300);
		pthread_barrier_wait(&barrier);
		for (k = 0; k < 3; k++)
			pthread_join(threads[k], NULL);
		qda_module_unref(own);
		pthread_barrier_destroy(&barrier);
		assert_int_equal(app.num_wrong, 0);
	}
}

/* nobody is left but the listener, which serves: it takes everything down */
static int32_t drop_call(void *data, const struct qda_reverse_call *call)
{
	struct app *app = data;

	(void)call;
	app->reverse = qda_reverse_unref(app->reverse);
	app->module = qda_module_unref(app->module);
	app->session = qda_session_unref(app->session);
	atomic_store(&app->gone, true);
	return 0;
}

static void *drop_main(void *data)
{
	struct transfer t = { .count = 1 };

	transfer(data, "drop", &t);
	qda_module_unref(data);
	return NULL;
}

static void dropped_while_served(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct app app = { 0 };
	pthread_t thread;
	int64_t until;

	(void)state;
	open_shell(&app.session, &app.module, QDA_LISTENER_ON);
	ok(qda_reverse_new(app.session, "drop", drop_call, &app, &app.reverse, &failure),
	   &failure);
	assert_int_equal(pthread_create(&thread, NULL, drop_main,
					qda_module_ref(app.module)), 0);
	pthread_join(thread, NULL);
	until = monotonic_ns() + 30000000000;
	while (!atomic_load(&app.gone) && monotonic_ns() < until)
		sleep_ms(1);
	assert_true(atomic_load(&app.gone));
	assert_null(app.session);
}

/* a call of the DSP from within one: it waits until somebody ends the session */
static int32_t nested_call(void *data, const struct qda_reverse_call *call)
{
	struct transfer t = { .in_size = 1, .out_size = 1, .count = 1 };
	struct app *app = data;

	(void)call;
	app->num_calls++;
	atomic_store(&app->called, true);
	app->answer = (int32_t)transfer(caller, "inner", &t);
	return app->answer;
}

static void *release_main(void *data)
{
	int64_t end = monotonic_ns() + 30000000000;
	struct app *outer = data;

	while (!atomic_load(&outer->called) && monotonic_ns() < end)
		sleep_ms(1);
	/* the inner call is under way by then, or refused: it fails */
	sleep_ms(300);
	qda_session_release(session);
	return NULL;
}

static void nested(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct app outer = { 0 }, inner = { 0 };
	pthread_t thread;

	(void)state;
	new_app(&inner, "inner");
	ok(qda_reverse_new(session, "outer", nested_call, &outer, &outer.reverse,
			   &failure), &failure);
	assert_int_equal(pthread_create(&thread, NULL, release_main, &outer), 0);
	assert_true(sizes("outer", 1, 1, 1) < 0);
	pthread_join(thread, NULL);
	qda_reverse_unref(outer.reverse);
	assert_int_equal(outer.num_calls, 1);
	assert_true(outer.answer < 0);
	assert_int_equal(inner.num_calls, 0);
	qda_reverse_unref(inner.reverse);
}

/* --- as many calls as there may be ------------------------------------------------ */

static int32_t step_call(void *data, const struct qda_reverse_call *call)
{
	int64_t result;

	(void)data;
	memcpy(&result, (const uint8_t *)call->in[0].data + 8, sizeof(result));
	result++;
	memcpy(call->out[0].data, &result, sizeof(result));
	return 0;
}

static pthread_barrier_t all_there;

static void *steps_main(void *data)
{
	struct qda_module *module = data;
	int64_t result = 0;
	int32_t status = -1;
	int32_t steps = (int32_t)test_count(20);
	int err;

	pthread_barrier_wait(&all_there);
	err = qda_invoke(module, 2, &status, QDA_IN_STR("step"), QDA_IN_I32(steps),
			 QDA_IN_I64(0), QDA_OUT(&result));
	return (void *)(intptr_t)(err || status || result != steps);
}

/* every place is taken by a call that waits for the listener */
static void full_of(uint32_t max_in_flight, unsigned int num)
{
	struct qda_session_opts opts = { .size = sizeof(opts),
					 .max_in_flight = max_in_flight };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_reverse *reverse;
	struct qda_session *full;
	struct qda_module *module;
	pthread_t threads[70];
	void *failed;
	unsigned int i;

	ok(qda_session_open(device, &opts, &full, &failure), &failure);
	ok(qda_reverse_new(full, "step", step_call, NULL, &reverse, &failure), &failure);
	ok(qda_module_open(full, "callback", &module, &failure), &failure);
	pthread_barrier_init(&all_there, NULL, num);
	for (i = 0; i < num; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, steps_main, module),
				 0);
	for (i = 0; i < num; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	pthread_barrier_destroy(&all_there);
	qda_module_unref(module);
	qda_reverse_unref(reverse);
	qda_session_unref(full);
}

static void full(void **state)
{
	(void)state;
	full_of(1, 4);
	full_of(0, 70);
}

/* --- signals and processes ------------------------------------------------------------------ */

static pthread_t main_thread;
static volatile sig_atomic_t num_signals, num_elsewhere;

static void on_alarm(int number)
{
	(void)number;
	num_signals++;
	num_elsewhere += !pthread_equal(pthread_self(), main_thread);
}

static void signals(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } };
	struct app app = { 0 };

	(void)state;
	main_thread = pthread_self();
	new_app(&app, "app");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (num_signals < 50)
		assert_int_equal(sizes("app", 100, 100000, 50), 0);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	signal(SIGALRM, SIG_DFL);
	assert_int_equal(num_elsewhere, 0);
	assert_int_equal(app.num_wrong, 0);
	qda_reverse_unref(app.reverse);
}

static int in_child(void *data)
{
	struct app *app = data;
	struct qda_reverse *reverse;

	if (qda_reverse_new(session, "child", app_call, app, &reverse, NULL) != -EOWNERDEAD)
		return 1;
	qda_reverse_unref(app->reverse);
	qda_module_unref(caller);
	qda_session_unref(session);
	return 0;
}

static void forked(void **state)
{
	struct app app = { 0 };

	(void)state;
	new_app(&app, "app");
	assert_int_equal(sizes("app", 1, 1, 1), 0);
	assert_int_equal(child_run(in_child, &app, 10000), 0);
	assert_int_equal(sizes("app", 1, 1, 1), 0);
	assert_int_equal(app.num_calls, 2);
	qda_reverse_unref(app.reverse);
}

int main(void)
{
#define reverse_test(fn) cmocka_unit_test_setup_teardown(fn, setup, end)
	const struct CMUnitTest tests[] = {
		reverse_test(bytes),
		reverse_test(largest),
		reverse_test(many),
		reverse_test(errors),
		reverse_test(names),
		reverse_test(no_listener),
		reverse_test(two_sessions),
		reverse_test(comes_and_goes),
		reverse_test(closed_by_two),
		reverse_test(dropped_while_served),
		reverse_test(nested),
		reverse_test(full),
		reverse_test(signals),
		reverse_test(forked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
