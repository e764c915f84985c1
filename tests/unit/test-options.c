/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

struct opts {
	size_t size;
	uint32_t a, b;
};

struct longer {
	struct opts known;
	uint64_t unknown;
};

static const struct opts zero;

static void test_null_is_all_zero(void **state)
{
	struct opts ours;

	(void)state;
	memset(&ours, 0xff, sizeof(ours));
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours), NULL), 0);
	assert_memory_equal(&ours, &zero, sizeof(ours));
}

static void test_same_size_is_copied(void **state)
{
	struct opts ours, theirs = { sizeof(theirs), 1, 2 };

	(void)state;
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours), &theirs), 0);
	assert_memory_equal(&ours, &theirs, sizeof(ours));
}

static void test_shorter_is_extended_with_zeroes(void **state)
{
	struct opts ours, theirs = { offsetof(struct opts, b), 1, 2 };

	(void)state;
	memset(&ours, 0xff, sizeof(ours));
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), theirs.size, &theirs), 0);
	assert_int_equal(ours.a, 1);
	assert_int_equal(ours.b, 0);
}

static void test_below_the_minimum_is_refused(void **state)
{
	struct opts ours, theirs = { 0, 1, 2 };
	size_t size;

	(void)state;
	for (size = 0; size < sizeof(theirs); size++) {
		theirs.size = size;
		assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours),
					       &theirs),
				 -EINVAL);
		assert_memory_equal(&ours, &zero, sizeof(ours));
	}
}

static void test_longer_with_zero_tail_is_taken(void **state)
{
	struct longer theirs = { { sizeof(theirs), 1, 2 }, 0 };
	struct opts ours;

	(void)state;
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours), &theirs), 0);
	assert_int_equal(ours.a, 1);
	assert_int_equal(ours.b, 2);
}

static void test_longer_with_dirty_tail_is_refused(void **state)
{
	struct longer theirs = { { sizeof(theirs), 1, 2 }, 0 };
	struct opts ours;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(theirs.unknown); i++) {
		theirs.unknown = 1ULL << (8 * i);
		assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours),
					       &theirs),
				 -E2BIG);
	}
}

/* an uninitialised size must not make us read for ever */
static void test_absurd_size_is_refused(void **state)
{
	struct opts ours, theirs = { SIZE_MAX, 0, 0 };

	(void)state;
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours), &theirs),
			 -E2BIG);
	theirs.size = 4097;
	assert_int_equal(qda_opts_copy(&ours, sizeof(ours), sizeof(ours), &theirs),
			 -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_is_all_zero),
		cmocka_unit_test(test_same_size_is_copied),
		cmocka_unit_test(test_shorter_is_extended_with_zeroes),
		cmocka_unit_test(test_below_the_minimum_is_refused),
		cmocka_unit_test(test_longer_with_zero_tail_is_taken),
		cmocka_unit_test(test_longer_with_dirty_tail_is_refused),
		cmocka_unit_test(test_absurd_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
