// SPDX-License-Identifier: MIT
/* What modules of the tests need: a library of its own, and no module */
#include "dep.h"

DEP_EXPORT int dep_answer(void)
{
	return 42;
}
