/* SPDX-License-Identifier: MIT */
/*
 * Every number of the DRM core's, in every direction and size. Plain C and nothing
 * of ours: as a program by itself (sweep-main.c) it runs with pointers of 32 bits too,
 * which come in by another way.
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
