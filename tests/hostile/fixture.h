/* SPDX-License-Identifier: MIT */
/* Directories that a hostile DSP may not leave, and what is around them */
#ifndef QDA_HOSTILE_FIXTURE_H
#define QDA_HOSTILE_FIXTURE_H

#include <stdbool.h>

struct fixture {
	char dir[64];
	char *before;		/* all that is there, but for rw/ */
};

/*
 * dir/root, the search path: hello, sub/, and ways out of it; dir/rw, which may be
 * granted for writing; dir/secret, dir/outside/. Fails the test.
 */
void fixture_make(struct fixture *f);
/* the first difference, or NULL: all is as it was */
const char *fixture_difference(const struct fixture *f);
void fixture_remove(struct fixture *f);

#endif
