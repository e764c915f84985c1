/* SPDX-License-Identifier: MIT */
/* Names that lead nowhere but down from a directory. */
#ifndef QDA_BENEATH_H
#define QDA_BENEATH_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * "/a/b" or "a/b" of a name with surplus slashes and dots; "/" or "." if nothing is
 * left. out has PATH_MAX bytes. -ENAMETOOLONG; -EXDEV: it has "..".
 */
int beneath_clean(const char *name, char *out);

/*
 * openat() that does not leave dir, not even by a symbolic link: -EXDEV, or -ELOOP.
 * *ret_walked is set when the kernel cannot do that and no link at all was followed.
 * rel is clean. A descriptor, closed on exec, or -errno.
 */
int beneath_open(int dir, const char *rel, int flags, mode_t mode, bool *ret_walked);

#endif
