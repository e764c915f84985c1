// SPDX-License-Identifier: MIT
#include "common.h"

static struct qda_buffer *buffer;
static uint8_t *cpu;

static int setup(void **state)
{
	size_t i;

	setup_bench(state);
	assert_int_equal(qda_buffer_new(session, 16384, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	for (i = 0; i < 16384; i++)
		cpu[i] = (uint8_t)(i >> 12);
	return 0;
}

static int done(void **state)
{
	qda_buffer_unref(buffer);
	return teardown(state);
}

/* the sum by the DSP of what it knows as id; its status */
static int32_t lookup(uint32_t method, int32_t id, uint32_t length, uint64_t *sum)
{
	int32_t status = -1;

	assert_int_equal(qda_invoke(bench, method, &status, QDA_IN(&id),
				    QDA_IN(&length), QDA_OUT(sum)), 0);
	return status;
}

static struct qda_mapping *map(struct qda_mapping_opts opts)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_mapping *mapping;

	opts.size = sizeof(opts);
	ok(qda_mapping_new(buffer, &opts, &mapping, &failure), &failure);
	return mapping;
}

#define MAP(...) map((struct qda_mapping_opts){ __VA_ARGS__ })

static void found_by_its_number(void **state)
{
	struct qda_mapping *m = MAP(.type = QDA_MAP_FD, .dsp_id = 77);
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(qda_mapping_get_dsp_id(m), 77);
	assert_true(qda_mapping_get_address(m) != 0);
	assert_int_equal(lookup(BENCH_LOOKUP, 77, 16384, &sum), 0);
	assert_int_equal(sum, 4096 * (0 + 1 + 2 + 3));
	cpu[0] = 100;
	assert_int_equal(lookup(BENCH_LOOKUP, 77, 4096, &sum), 0);
	assert_int_equal(sum, 100);
	assert_int_equal(qda_mapping_unmap(m, NULL), 0);
	assert_int_equal(qda_mapping_unmap(m, NULL), -EALREADY);
	assert_int_not_equal(lookup(BENCH_LOOKUP, 77, 4096, &sum), 0);
	qda_mapping_unref(m);
}

static void a_part(void **state)
{
	struct qda_mapping *m =
		MAP(.type = QDA_MAP_FD, .offset = 8192, .length = 4096);
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(lookup(BENCH_LOOKUP, qda_mapping_get_dsp_id(m), 4096, &sum), 0);
	assert_int_equal(sum, 4096 * 2);
	qda_mapping_unref(m);
	assert_int_not_equal(lookup(BENCH_LOOKUP, 77, 4096, &sum), 0);
}

static void numbers(void **state)
{
	struct qda_mapping_opts opts = { .size = sizeof(opts), .type = QDA_MAP_FD,
					 .dsp_id = 5 };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_mapping *a, *b, *c;

	(void)state;
	a = MAP(.type = QDA_MAP_FD, .dsp_id = 5);
	assert_int_equal(qda_mapping_new(buffer, &opts, &b, &failure), -EEXIST);
	b = MAP(.type = QDA_MAP_FD);
	c = MAP(.type = QDA_MAP_STATIC);
	assert_int_not_equal(qda_mapping_get_dsp_id(b), qda_mapping_get_dsp_id(c));
	qda_mapping_unref(a);
	ok(qda_mapping_new(buffer, &opts, &a, &failure), &failure);
	qda_mapping_unref(a);
	qda_mapping_unref(b);
	qda_mapping_unref(c);
}

/* registered only; the method maps, uses and ends it itself */
static void delayed(void **state)
{
	struct qda_mapping *m = MAP(.type = QDA_MAP_FD_DELAYED, .dsp_id = 9);
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(lookup(BENCH_MAP_ONCE, 9, 16384, &sum), 0);
	assert_int_equal(sum, 4096 * 6);
	assert_int_equal(qda_mapping_unmap(m, NULL), -EALREADY);
	qda_mapping_unref(m);
}

static void heap_pages(void **state)
{
	struct qda_mapping *m = MAP(.type = QDA_MAP_ADD_PAGES);

	(void)state;
	assert_int_equal(qda_mapping_get_dsp_id(m), 0);
	qda_mapping_unref(m);
}

static void ends_with_the_session(void **state)
{
	struct qda_mapping *m = MAP(.type = QDA_MAP_FD);
	struct qda_failure failure = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(qda_session_release(session), 0);
	assert_int_equal(qda_mapping_unmap(m, &failure), -ECANCELED);
	assert_int_equal(qda_mapping_unmap(m, &failure), -EALREADY);
	qda_mapping_unref(m);
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, &failure), -ECANCELED);
}

#define mapping_test(fn) cmocka_unit_test_setup_teardown(fn, setup, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		mapping_test(found_by_its_number),
		mapping_test(a_part),
		mapping_test(numbers),
		mapping_test(delayed),
		mapping_test(heap_pages),
		mapping_test(ends_with_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
