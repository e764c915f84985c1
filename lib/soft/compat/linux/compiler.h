/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/compiler.h> as far as the driver's pure code uses it. */
#ifndef QDA_COMPAT_LINUX_COMPILER_H
#define QDA_COMPAT_LINUX_COMPILER_H

/* one load, never repeated: for memory that somebody else writes */
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))

#endif
