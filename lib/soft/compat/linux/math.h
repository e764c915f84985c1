/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/math.h> as far as the driver's pure code uses it. */
#ifndef QDA_COMPAT_LINUX_MATH_H
#define QDA_COMPAT_LINUX_MATH_H

/* y is a power of two */
#define round_up(x, y)		((((x) - 1) | ((__typeof__(x))(y) - 1)) + 1)
#define round_down(x, y)	((x) & ~((__typeof__(x))(y) - 1))

#endif
