// SPDX-License-Identifier: MIT
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "common.h"

static void calculator(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;
	int32_t numbers[1000], status = -1, max = 0;
	int64_t sum = 0;
	int i;

	(void)state;
	ok(qda_module_open(session, "calculator", &module, &failure), &failure);
	for (i = 0; i < 1000; i++)
		numbers[i] = i;
	assert_int_equal(qda_invoke(module, CALCULATOR_SUM, &status,
				    QDA_IN_SEQ(numbers, 1000), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum, 499500);
	assert_int_equal(qda_invoke(module, CALCULATOR_MAX, &status,
				    QDA_IN_SEQ(numbers, 1000), QDA_OUT(&max)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(max, 999);
	/* empty is a length of 0, not a missing argument */
	assert_int_equal(qda_invoke(module, CALCULATOR_SUM, &status,
				    QDA_IN_SEQ(numbers, 0), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum, 0);
	max = 5;
	assert_int_equal(qda_invoke(module, CALCULATOR_MAX, &status,
				    QDA_IN_SEQ(numbers, 0), QDA_OUT(&max)), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(max, 5);
	qda_module_unref(module);
}

static void every_type(void **state)
{
	uint8_t a = 255, ra = 1;
	int16_t b = -2, rb = 0;
	int32_t c = INT32_MAX, rc = 0, status = -1;
	int64_t d = -1, rd = 5, value = 40, amount = 2;
	float e = 1.5f, re = 0;
	double f = -2.25, rf = 0;
	char upper[12];
	const int16_t left[] = { 1, -2, 32767 }, right[] = { 10, 20, 32767 };
	int32_t total[3] = { 0 };

	(void)state;
	assert_int_equal(qda_invoke(bench, BENCH_SCALARS, &status, QDA_IN(&a), QDA_IN(&b),
				    QDA_IN(&c), QDA_IN(&d), QDA_IN(&e), QDA_IN(&f),
				    QDA_OUT(&rf), QDA_OUT(&re), QDA_OUT(&rd),
				    QDA_OUT(&rc), QDA_OUT(&rb), QDA_OUT(&ra)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(ra, 0);
	assert_int_equal(rb, -1);
	assert_int_equal(rc, INT32_MIN);
	assert_int_equal(rd, 0);
	assert_true(re == 2.5f);
	assert_true(rf == -1.25);

	memset(upper, 'x', sizeof(upper));
	assert_int_equal(qda_invoke(bench, BENCH_TEXT, &status, QDA_IN_STR("Hexagon"),
				    QDA_OUT_SEQ(upper, 12)), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(upper, "HEXAGON\0\0\0\0", 12);

	assert_int_equal(qda_invoke(bench, BENCH_ADD, &status, QDA_INOUT(&value),
				    QDA_IN(&amount)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(value, 42);

	assert_int_equal(qda_invoke(bench, BENCH_VECTORS, &status, QDA_IN_SEQ(left, 3),
				    QDA_IN_SEQ(right, 3), QDA_OUT_SEQ(total, 3)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(total[0], 11);
	assert_int_equal(total[1], 18);
	assert_int_equal(total[2], 65534);

	assert_int_equal(qda_invoke(bench, BENCH_STATUS, &status, QDA_IN_I32(-77)), 0);
	assert_int_equal(status, -77);
}

static void copied_sizes(void **state)
{
	static const size_t sizes[] = { 1, 127, 128, 129, 4095, 4096, 4097, 65536,
					1000003, 16 << 20 };
	uint8_t *in = malloc(16 << 20), *out = malloc(16 << 20);
	int32_t status;
	size_t i, j;

	(void)state;
	for (i = 0; i < 16 << 20; i++)
		in[i] = (uint8_t)(i * 31 + (i >> 11));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < test_count(3); j++) {
			memset(out, 0, sizes[i]);
			status = -1;
			assert_int_equal(qda_invoke(bench, BENCH_ECHO, &status,
						    QDA_IN_SEQ(in, sizes[i]),
						    QDA_OUT_SEQ(out, sizes[i])), 0);
			assert_int_equal(status, 0);
			assert_memory_equal(in, out, sizes[i]);
		}
	}
	free(in);
	free(out);
}

static void zero_copy(void **state)
{
	struct qda_buffer *buffer;
	struct qda_call *call;
	int32_t status = -1;
	unsigned int i;
	uint8_t *cpu;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 1 << 20, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	const struct qda_arg args[] = {
		QDA_IN_BUF(buffer, 0, 500001), QDA_OUT_BUF(buffer, 524288, 500001),
	};

	assert_int_equal(qda_call_new(bench, BENCH_TOUCH, args, 2, &call), 0);
	/* the call holds it */
	assert_ptr_equal(qda_buffer_ref(buffer), buffer);
	qda_buffer_unref(buffer);
	for (i = 0; i < test_count(1000); i++) {
		cpu[0] = (uint8_t)i;
		cpu[500000] = (uint8_t)(i * 3);
		assert_int_equal(qda_call_invoke(call, &status), 0);
		assert_int_equal(status, 0);
		assert_int_equal(cpu[524288], (uint8_t)(i + 1));
		assert_int_equal(cpu[524288 + 500000], (uint8_t)(i * 3 + 1));
	}
	qda_buffer_unref(buffer);
	qda_call_unref(call);
}

static void handles(void **state)
{
	struct qda_buffer *buffer;
	int32_t status = -1;
	uint64_t sum = 0;
	uint8_t *cpu;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 8192, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	memset(cpu, 2, 8192);
	assert_int_equal(qda_invoke(bench, BENCH_HANDLE_SUM, &status, QDA_IN_U32(4096),
				    QDA_HANDLE(buffer, 4096, 4096, 123), QDA_OUT(&sum)),
			 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum, 8192);
	qda_buffer_unref(buffer);
}

static void bad_calls(void **state)
{
	struct qda_arg args[300];
	struct qda_buffer *buffer;
	int32_t status = 0;
	uint8_t byte = 0;
	size_t i;

	(void)state;
	/* no such method, wrong arguments: the module's answer */
	assert_int_equal(qda_module_invoke(bench, 25, NULL, 0, &status), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(qda_module_invoke(bench, 1000, NULL, 0, &status), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(qda_invoke(bench, BENCH_NOOP, &status, QDA_IN(&byte)), 0);
	assert_int_not_equal(status, 0);
	for (i = 0; i < 256; i++)
		args[i] = QDA_IN_SEQ(&byte, 1);
	assert_int_equal(qda_module_invoke(bench, 2, args, 255, &status), -E2BIG);
	assert_int_equal(qda_module_invoke(bench, 2, args, 254, &status), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	assert_int_equal(qda_invoke(bench, BENCH_SINK, &status,
				    QDA_IN_BUF(buffer, 1, 4096)), -EINVAL);
	qda_buffer_unref(buffer);
	/* and it goes on */
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
}

/* the last has not ended, or this thread was kept for longer than all of them take */
static bool last_is_early(struct qda_call *const calls[16], int64_t all_ns)
{
	int64_t start = monotonic_ns();
	int32_t status;
	size_t i;
	int err;

	for (i = 0; i < 16; i++)
		assert_int_equal(qda_call_submit(calls[i], NULL, NULL), 0);
	assert_int_equal(qda_call_submit(calls[0], NULL, NULL), -EBUSY);
	err = qda_call_wait(calls[15], 0, &status);
	if (err || monotonic_ns() - start < all_ns) {
		assert_int_equal(err, -ETIMEDOUT);
		return true;
	}
	for (i = 0; i < 15; i++)
		assert_int_equal(qda_call_wait(calls[i], -1, &status), 0);
	return false;
}

static void tickets(void **state)
{
	struct qda_call *calls[16];
	uint32_t time = 20000;
	int32_t status;
	size_t i, tries = 0;

	(void)state;
	for (i = 0; i < 16; i++)
		assert_int_equal(qda_call_new(bench, BENCH_SLEEP,
				&(struct qda_arg)QDA_ARG_INIT_IN(&time, 4, 4), 1,
				&calls[i]), 0);
	while (!last_is_early(calls, 16 * 20000000LL))
		assert_true(++tries < 20);
	for (i = 16; i-- > 0;) {
		status = -1;
		assert_int_equal(qda_call_wait(calls[i], -1, &status), 0);
		assert_int_equal(status, 0);
		assert_int_equal(qda_call_wait(calls[i], -1, &status), -EINVAL);
	}
	/* dropped in flight */
	for (i = 0; i < 16; i++)
		assert_int_equal(qda_call_submit(calls[i], NULL, NULL), 0);
	for (i = 0; i < 16; i++)
		qda_call_unref(calls[i]);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
}

/* how many calls are accepted while the first one keeps the others waiting */
static int fill_queue(uint32_t first_us)
{
	struct qda_call *calls[70];
	uint32_t time = first_us;
	int32_t status;
	int i, n;

	for (n = 0; n < 70; n++) {
		int err;

		assert_int_equal(qda_call_new(bench, BENCH_SLEEP,
				&(struct qda_arg)QDA_ARG_INIT_IN(&time, 4, 4), 1,
				&calls[n]), 0);
		err = qda_call_submit(calls[n], NULL, NULL);
		if (err) {
			assert_int_equal(err, -EAGAIN);
			qda_call_unref(calls[n]);
			break;
		}
		time = 1000;
	}
	for (i = 0; i < n; i++) {
		assert_int_equal(qda_call_wait(calls[i], -1, &status), 0);
		qda_call_unref(calls[i]);
	}
	return n;
}

static void full_queue(void **state)
{
	uint32_t first_us = 1000000;
	int n;

	(void)state;
	/* on a busy machine submitting them may take longer than the first one sleeps */
	do
		n = fill_queue(first_us);
	while (n > 63 && (first_us *= 2) <= 8000000);
	/* the listener's call is one of 64 */
	assert_int_equal(n, 63);
}

struct counter {
	int left, ended, failed;
};

static void again(void *data, struct qda_call *call, int err, int32_t status)
{
	struct counter *counter = data;

	counter->ended++;
	counter->failed += err || status;
	if (counter->left > 0) {
		counter->left--;
		assert_int_equal(qda_call_submit(call, again, data), 0);
	}
}

static void callbacks(void **state)
{
	struct pollfd pollfd = { .fd = qda_ctx_get_fd(ctx), .events = POLLIN };
	const int more = (int)test_count(500);
	struct counter counter = { .left = more };
	struct qda_call *calls[8];
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_int_equal(qda_call_new(bench, BENCH_NOOP, NULL, 0, &calls[i]), 0);
		assert_int_equal(qda_call_submit(calls[i], again, &counter), 0);
		/* the call keeps itself */
		qda_call_unref(calls[i]);
	}
	while (counter.ended < more + 8) {
		assert_int_equal(poll(&pollfd, 1, 10000), 1);
		assert_true(qda_ctx_process(ctx) >= 0);
	}
	assert_int_equal(counter.failed, 0);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
}

static void last_words(void *data, struct qda_call *call, int err, int32_t status)
{
	(void)call;
	assert_int_equal(status, 0);
	*(int *)data = err;
}

static void callback_of_a_released_session(void **state)
{
	uint32_t time = 30 * 1000000;
	struct qda_call *call;
	int err = 1;

	(void)state;
	assert_int_equal(qda_call_new(bench, BENCH_SLEEP,
			&(struct qda_arg)QDA_ARG_INIT_IN(&time, 4, 4), 1, &call), 0);
	assert_int_equal(qda_call_submit(call, last_words, &err), 0);
	assert_int_equal(qda_session_release(session), 0);
	assert_int_equal(qda_ctx_wait(ctx, 10000000000), 1);
	assert_int_equal(err, -ECANCELED);
	assert_int_equal(qda_call_submit(call, last_words, &err), -ECANCELED);
	qda_call_unref(call);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

/* also handlers that ask for restarts */
static void with_signals(int flags, unsigned int us)
{
	struct itimerval timer = { { 0, us }, { 0, us } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	struct qda_call *call;
	uint32_t time = 100000;
	int32_t status = -1;
	int err, tries = 0;

	assert_int_equal(qda_call_new(bench, BENCH_SLEEP,
			&(struct qda_arg)QDA_ARG_INIT_IN(&time, 4, 4), 1, &call), 0);
	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	/* the one-shot call goes on by itself */
	assert_int_equal(qda_invoke(bench, BENCH_SLEEP, &status, QDA_IN(&time)), 0);
	assert_int_equal(status, 0);
	assert_true(alarms > 0);
	/* the prepared one says so, if it was sent and not answered by then */
	do
		err = qda_call_invoke(call, &status);
	while ((!err || err == -EAGAIN) && ++tries < 50);
	assert_int_equal(err, -EINTR);
	/* and is collected */
	assert_int_equal(qda_call_invoke(call, &status), -EBUSY);
	status = -1;
	do
		err = qda_call_wait(call, -1, &status);
	while (err == -EINTR);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_int_equal(err, 0);
	assert_int_equal(status, 0);
	assert_int_equal(qda_call_invoke(call, &status), 0);
	qda_call_unref(call);
}

static void signals(void **state)
{
	(void)state;
	with_signals(0, 20000);
	with_signals(SA_RESTART, 20000);
}

static void *hammer(void *data)
{
	uint8_t in[3000], out[3000];
	uint32_t seed = (uint32_t)(uintptr_t)data;
	struct qda_call *call;
	int32_t status;
	int64_t value, amount;
	uintptr_t bad = 0;
	unsigned int i;

	const struct qda_arg args[] = { QDA_INOUT(&value), QDA_IN(&amount) };

	if (qda_call_new(bench, BENCH_ADD, args, 2, &call))
		return (void *)1;
	for (i = 0; i < test_count(300); i++) {
		size_t size = 1 + (seed * 7919 + i * 104729) % sizeof(in);

		memset(in, (int)(seed + i), size);
		status = -1;
		bad += qda_invoke(bench, BENCH_ECHO, &status, QDA_IN_SEQ(in, size),
				  QDA_OUT_SEQ(out, size)) || status ||
		       memcmp(in, out, size);
		value = i;
		amount = seed;
		bad += qda_call_invoke(call, &status) || status ||
		       value != i + (int64_t)seed;
		bad += qda_call_submit(call, NULL, NULL) != 0;
		bad += qda_call_wait(call, -1, &status) || status;
	}
	qda_call_unref(call);
	return (void *)bad;
}

static void many_threads(void **state)
{
	pthread_t threads[8];
	void *ret;
	uintptr_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)),
				 0);
	for (i = 0; i < 8; i++) {
		pthread_join(threads[i], &ret);
		assert_null(ret);
	}
}

static void *submit(void *data)
{
	int32_t status;
	int err = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);

	/* the PD serves this thread: what it is sent now ends as the PD does */
	if (err || status)
		return (void *)(intptr_t)-EIO;
	return (void *)(intptr_t)qda_call_submit(data, NULL, NULL);
}

static void crash_in_flight(void **state)
{
	uint32_t time = 30 * 1000000;
	struct qda_call *call;
	pthread_t thread;
	int32_t status = 0;
	void *ret;

	(void)state;
	assert_int_equal(qda_call_new(bench, BENCH_SLEEP,
			&(struct qda_arg)QDA_ARG_INIT_IN(&time, 4, 4), 1, &call), 0);
	/* calls of one thread run one after the other */
	assert_int_equal(pthread_create(&thread, NULL, submit, call), 0);
	pthread_join(thread, &ret);
	assert_null(ret);
	/* in its method by then, or on its way: both end alike */
	sleep_ms(50);
	assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status), 0);
	assert_int_equal(status, STATUS_CRASHED);
	status = 0;
	assert_int_equal(qda_call_wait(call, -1, &status), 0);
	assert_int_equal(status, STATUS_CRASHED);
	assert_int_equal(qda_call_invoke(call, &status), 0);
	assert_int_equal(status, STATUS_NO_PROCESS);
	qda_call_unref(call);
}

/*
 * Past a buffer is nothing. On a driver other memory of this session may follow it
 * at once, but not for ever.
 */
static void wild_access(void **state)
{
	int64_t offset, end = on_soft_device() ? 8192 : 4 << 20;
	struct qda_buffer *buffer;
	int32_t status = 0;
	uint8_t value = 0;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	for (offset = 4096; offset < end && !status; offset += 4096)
		assert_int_equal(qda_invoke(bench, BENCH_FAULT, &status,
					    QDA_IN_BUF(buffer, 0, 4096), QDA_IN(&offset),
					    QDA_OUT(&value)), 0);
	assert_int_equal(status, STATUS_CRASHED);
	qda_buffer_unref(buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(calculator, setup_session),
		soft_test(every_type, setup_bench),
		soft_test(copied_sizes, setup_bench),
		soft_test(zero_copy, setup_bench),
		soft_test(handles, setup_bench),
		soft_test(bad_calls, setup_bench),
		soft_test(tickets, setup_bench),
		soft_test(full_queue, setup_bench),
		soft_test(callbacks, setup_bench),
		soft_test(callback_of_a_released_session, setup_bench),
		soft_test(signals, setup_bench),
		soft_test(many_threads, setup_bench),
		soft_test(crash_in_flight, setup_bench),
		soft_test(wild_access, setup_bench),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
