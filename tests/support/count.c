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
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	/* each step takes up to ten times as long there, and finds the same */
	return (n + 3) / 4;
#else
	return test_is_slow() ? (n + 3) / 4 : n;
#endif
}
