/* SPDX-License-Identifier: MIT */
/*
 * Planted bugs: each fuzz target is built a second time with QDA_FUZZ_PLANT_BUG,
 * and the tests demand that the fuzzer finds the bug within its budget. If it
 * cannot, the target does not reach what it is meant to reach.
 *
 * Put FUZZ_PLANT(condition) where the decoder's result is at hand, with a condition
 * that holds only for input that was decoded a good way.
 */
#ifndef QDA_FUZZ_PLANT_H
#define QDA_FUZZ_PLANT_H

#ifdef QDA_FUZZ_PLANT_BUG
#include <stdio.h>
#include <stdlib.h>

static inline void fuzz_plant(int hit)
{
	volatile char *p = malloc(8);

	if (hit)
		fputs("planted bug reached\n", stderr);
	if (p)
		p[hit ? 8 : 0] = 1;	/* one past the end */
	free((void *)p);
}
#define FUZZ_PLANT(condition) fuzz_plant((condition) != 0)
#else
#define FUZZ_PLANT(condition) ((void)(condition))
#endif

#endif
