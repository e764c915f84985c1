// SPDX-License-Identifier: MIT
/* What a session holds, its limit; the threads and the latency that it asks for. */
#include "common.h"

#define MIB	(1ULL << 20)
#define KIB	(1U << 10)
#define TUNING_GET	2

/* what has arrived at the DSP, see pd_tuning.idl */
struct tuning {
	uint32_t priority, stack, latency;
	uint64_t own_stack;
};

/* NULL: it cannot be had. In any thread, so nothing is asserted */
static void *get_tuning(void *data)
{
	struct tuning *t = data;
	struct qda_module *module;
	int32_t status = -1;
	int err;

	memset(t, 0xff, sizeof(*t));
	if (qda_module_open(session, "pd_tuning", &module, NULL))
		return NULL;
	err = qda_invoke(module, TUNING_GET, &status, QDA_OUT(&t->priority),
			 QDA_OUT(&t->stack), QDA_OUT(&t->latency),
			 QDA_OUT(&t->own_stack));
	qda_module_unref(module);
	return err || status ? NULL : t;
}

/* asked by a thread that is new to the DSP, as is the DSP's that answers */
static struct tuning tuning(void)
{
	struct tuning t;
	pthread_t thread;
	void *got;

	assert_int_equal(pthread_create(&thread, NULL, get_tuning, &t), 0);
	assert_int_equal(pthread_join(thread, &got), 0);
	assert_non_null(got);
	return t;
}

static struct qda_session_memory held(void)
{
	struct qda_session_memory memory = { .size = sizeof(memory) };

	assert_int_equal(qda_session_get_memory(session, &memory), 0);
	assert_int_equal(memory.size, sizeof(memory));
	return memory;
}

static void memory(void **state)
{
	const struct qda_session_memory before = held();
	struct qda_buffer *buffer, *more;

	(void)state;
	assert_int_equal(before.limit, 0);
	assert_true(before.native > 0);
	assert_int_equal(qda_buffer_new(session, 4 * MIB, &buffer), 0);
	assert_int_equal(held().native, before.native + 4 * MIB);
	qda_buffer_unref(buffer);
	assert_int_equal(held().native, before.native);

	assert_int_equal(qda_session_set_memory_limit(session, before.native + 4 * MIB),
			 0);
	assert_int_equal(held().limit, before.native + 4 * MIB);
	assert_int_equal(qda_buffer_new(session, 4 * MIB, &buffer), 0);
	assert_int_equal(qda_buffer_new(session, 4096, &more), -EDQUOT);
	qda_buffer_unref(buffer);
	assert_int_equal(qda_buffer_new(session, 4096, &more), 0);
	qda_buffer_unref(more);
	/* lower, also below what is held; never higher */
	assert_int_equal(qda_session_set_memory_limit(session, before.native + 8 * MIB),
			 -EPERM);
	assert_int_equal(qda_session_set_memory_limit(session, 4096), 0);
	assert_int_equal(qda_buffer_new(session, 4096, &more), -EDQUOT);
}

/* the option; calls and the listener go on with the memory that they have */
static void limit_of_a_session(void **state)
{
	struct qda_session_opts opts = {
		.size = sizeof(opts), .memory_limit = 1,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t status;

	(void)state;
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -EDQUOT);
	session = NULL;
	opts.memory_limit = 64 * MIB;
	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	assert_int_equal(held().limit, 64 * MIB);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	assert_int_equal(qda_session_set_memory_limit(session, 1), 0);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
}

/* priority and stack of the DSP's threads, each where it belongs */
static void threads(void **state)
{
	static const struct {
		uint32_t priority, stack, arrives;
	} cases[] = {
		{ 100, 1 * MIB, 1 * MIB },
		{ 1, 300 * KIB, 300 * KIB },
		{ 255, 8 * MIB, 8 * MIB },
		{ 0, 512 * KIB, 512 * KIB },
		{ 200, 0, 0 },
		/* less than its least */
		{ 17, 16 * KIB, 256 * KIB },
		{ 0, 0, 0 },
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct tuning t, own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct qda_session_opts opts = {
			.size = sizeof(opts),
			.thread_priority = cases[i].priority,
			.thread_stack = cases[i].stack,
		};

		ok(qda_session_open(device, &opts, &session, &failure), &failure);
		t = tuning();
		assert_int_equal(t.priority, cases[i].priority);
		assert_int_equal(t.stack, cases[i].arrives);
		assert_int_equal(t.latency, 0);
		/* and so for the thread that has opened the session */
		assert_non_null(get_tuning(&own));
		assert_int_equal(own.stack, t.stack);
		/* sanitizers add what they need for themselves */
		if (t.stack) {
			assert_in_range(t.own_stack, t.stack, t.stack + MIB);
			assert_in_range(own.own_stack, t.stack, t.stack + MIB);
		}
		session = qda_session_unref(session);
	}
}

static void latency(void **state)
{
	static const uint32_t votes[] = { 100, 1, UINT32_MAX, 0 };
	int32_t status;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(votes); i++) {
		status = -1;
		assert_int_equal(qda_session_set_latency(session, votes[i], &status), 0);
		assert_int_equal(status, 0);
		assert_int_equal(tuning().latency, votes[i]);
	}
	assert_int_equal(tuning().priority, 0);
	assert_int_equal(tuning().stack, 0);
}

static int in_child(void *arg)
{
	struct qda_session_memory m = { .size = sizeof(m) };
	int32_t status;

	(void)arg;
	if (qda_session_get_memory(session, &m) != -EOWNERDEAD)
		return 1;
	if (qda_session_set_memory_limit(session, 1) != -EOWNERDEAD)
		return 2;
	if (qda_session_set_latency(session, 1, &status) != -EOWNERDEAD)
		return 3;
	return 0;
}

static void refused(void **state)
{
	struct qda_session_memory m = { .size = sizeof(m) - 1 };
	int32_t status;

	(void)state;
	assert_int_equal(qda_session_get_memory(NULL, &m), -EINVAL);
	assert_int_equal(qda_session_get_memory(session, NULL), -EINVAL);
	assert_int_equal(qda_session_get_memory(session, &m), -EINVAL);
	assert_int_equal(qda_session_set_memory_limit(NULL, 1), -EINVAL);
	assert_int_equal(qda_session_set_memory_limit(session, 0), -EINVAL);
	assert_int_equal(qda_session_set_latency(NULL, 1, &status), -EINVAL);
	assert_int_equal(qda_session_set_latency(session, 1, NULL), -EINVAL);
	assert_int_equal(child_run(in_child, NULL, 10000), 0);
	assert_int_equal(qda_session_release(session), 0);
	assert_int_equal(qda_session_set_latency(session, 1, &status), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(memory, setup_session),
		soft_test(limit_of_a_session, setup_device),
		soft_test(threads, setup_device),
		soft_test(latency, setup_session),
		soft_test(refused, setup_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
