// SPDX-License-Identifier: MIT
/* What a session holds, its limit, the latency it asks for. */
#include "common.h"

#define MIB	(1ULL << 20)

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

static void latency(void **state)
{
	int32_t status = -1;

	(void)state;
	assert_int_equal(qda_session_set_latency(session, 100, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(qda_session_set_latency(session, 0, &status), 0);
	assert_int_equal(status, 0);
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
		soft_test(latency, setup_session),
		soft_test(refused, setup_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
