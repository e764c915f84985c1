// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>

#include "support.h"

bool test_is_slow(void)
{
	const char *slow = getenv("QDA_TEST_SLOW");

	return slow && *slow && *slow != '0';
}

unsigned int test_count(unsigned int n)
{
	return test_is_slow() ? (n + 3) / 4 : n;
}
