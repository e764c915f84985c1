/* SPDX-License-Identifier: MIT */
/*
 * Every number of the DRM core's, in every direction and size. Plain C and nothing
 * of ours, so that it can be built for 32 bits as well (sweep-main.c):
 *
 *	gcc -static -o sweep sweep.c sweep-main.c && ./sweep /dev/accel/accel0
 */
#ifndef QDA_KERNEL_SWEEP_H
#define QDA_KERNEL_SWEEP_H

#include <stddef.h>

/*
 * 0, or -1 and a text that says which call did what it should not; *ret_calls: how
 * many were made
 */
int sweep_core(const char *node, unsigned long *ret_calls, char *text, size_t size);

#endif
