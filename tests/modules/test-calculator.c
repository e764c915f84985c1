// SPDX-License-Identifier: MIT
#include "skel-call.h"

#include "calculator.h"

#define SUM	0x02020100
#define MAX	0x03020100

static void test_open_close(void **state)
{
	(void)state;
	check_open_close(calculator_skel_handle_invoke);
}

static int64_t sum_of(const int *numbers, uint32_t count)
{
	int64_t res = -1;
	remote_arg pra[3] = { BUF(&count, 4), BUF(numbers, count * sizeof(int)),
			      BUF(&res, 8) };

	assert_status(calculator_skel_handle_invoke(0, SUM, pra), AEE_SUCCESS);
	return res;
}

static int max_of(const int *numbers, uint32_t count)
{
	int res = -1;
	remote_arg pra[3] = { BUF(&count, 4), BUF(numbers, count * sizeof(int)),
			      BUF(&res, 4) };

	assert_status(calculator_skel_handle_invoke(0, MAX, pra), AEE_SUCCESS);
	return res;
}

static void test_results(void **state)
{
	static const int extremes[] = { INT32_MIN, INT32_MAX, INT32_MIN, 7 };
	static const int negative[] = { -5, -3, -9 };
	static int many[1000], large[70000];
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		many[i] = (int)i;
	for (i = 0; i < 70000; i++)
		large[i] = INT32_MAX;
	assert_int_equal(sum_of(many, 1000), 499500);
	assert_int_equal(max_of(many, 1000), 999);
	assert_int_equal(sum_of(extremes, 4), -2147483648LL - 1 + 7);
	assert_int_equal(max_of(extremes, 4), INT32_MAX);
	assert_int_equal(max_of(negative, 3), -3);
	/* more than 32 bits */
	assert_int_equal(sum_of(large, 70000), 70000LL * INT32_MAX);
	assert_int_equal(sum_of(many, 0), 0);
	assert_int_equal(max_of(many, 1), 0);
}

static void test_empty(void **state)
{
	uint32_t count = 0;
	int64_t res = -1;
	/* an absent buffer comes without an address */
	remote_arg pra[3] = { BUF(&count, 4), BUF(NULL, 0), BUF(&res, 8) };

	(void)state;
	assert_status(calculator_skel_handle_invoke(0, SUM, pra), AEE_SUCCESS);
	assert_int_equal(res, 0);
	res = -1;
	assert_status(calculator_skel_handle_invoke(0, MAX, pra), AEE_EBADPARM);
	assert_int_equal(res, -1);
}

static void test_bad_blocks(void **state)
{
	static const uint32_t methods[] = { SUM, MAX };
	int numbers[4] = { 1, 2, 3, 4 };
	uint32_t count;
	int64_t res;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const uint32_t sc = methods[i];
		const size_t width = sc == SUM ? 8 : 4;
		const remote_arg good[3] = { BUF(&count, 4), BUF(numbers, 16),
					     BUF(&res, width) };
		remote_arg pra[3];

#define BAD(status, change) \
	do { \
		memcpy(pra, good, sizeof(pra)); \
		count = 4; \
		res = -1; \
		assert_status(calculator_skel_handle_invoke(0, sc, pra), 0); \
		memcpy(pra, good, sizeof(pra)); \
		res = -1; \
		change; \
		assert_status(calculator_skel_handle_invoke(0, sc, pra), status); \
		assert_int_equal(res, -1); \
	} while (0)

		BAD(AEE_EBADPARM, pra[0].buf.nLen = 3);
		BAD(AEE_EBADPARM, pra[0].buf.pv = NULL);
		BAD(AEE_EBADPARM, pra[1].buf.nLen = 15);
		BAD(AEE_EBADPARM, pra[1].buf.pv = NULL);
		BAD(AEE_EBADMEMALIGN, (pra[1].buf.pv = (char *)numbers + 1, count = 3));
		BAD(AEE_EBADPARM, count = 5);
		BAD(AEE_EBADPARM, count = UINT32_MAX);
		BAD(AEE_EBADPARM, count = 0x40000004);
		BAD(AEE_EBADPARM, (count = 0x80000000, pra[1].buf.nLen = SIZE_MAX));
		BAD(AEE_EBADPARM, pra[2].buf.nLen = width - 1);
		BAD(AEE_EBADPARM, pra[2].buf.pv = NULL);
#undef BAD
	}
}

static void test_bad_scalars(void **state)
{
	static const uint32_t bad[] = { 0x02010100, 0x02030100, 0x02020000, 0x02020200,
					0x02020110, 0x02020101, 0x22020100 };
	uint32_t count = 1;
	int number = 1;
	int64_t res;
	remote_arg pra[4] = { BUF(&count, 4), BUF(&number, 4), BUF(&res, 8) };
	size_t i;

	(void)state;
	assert_status(calculator_skel_handle_invoke(0, SUM, pra), AEE_SUCCESS);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_status(calculator_skel_handle_invoke(0, bad[i], pra),
			      AEE_EBADPARM);
	assert_status(calculator_skel_handle_invoke(0, 0x04020100, pra),
		      AEE_EUNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close), cmocka_unit_test(test_results),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_bad_blocks),
		cmocka_unit_test(test_bad_scalars),
	};

	return cmocka_run_group_tests_name("calculator", tests, NULL, NULL);
}
