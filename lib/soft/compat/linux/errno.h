/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/errno.h>: the numbers are the same. */
#ifndef QDA_COMPAT_LINUX_ERRNO_H
#define QDA_COMPAT_LINUX_ERRNO_H

#include_next <linux/errno.h>

#endif
