// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "support.h"

unsigned int test_count(unsigned int n)
{
	const char *slow = getenv("QDA_TEST_SLOW");

	return slow && *slow && *slow != '0' ? (n + 3) / 4 : n;
}
