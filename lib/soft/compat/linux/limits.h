/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/limits.h> as far as the driver's pure code uses it. */
#ifndef QDA_COMPAT_LINUX_LIMITS_H
#define QDA_COMPAT_LINUX_LIMITS_H

#include_next <linux/limits.h>

#ifndef U32_MAX
#define U32_MAX	((__u32)~0U)
#endif
#ifndef U64_MAX
#define U64_MAX	((__u64)~0ULL)
#endif
#ifndef S32_MAX
#define S32_MAX	((__s32)(U32_MAX >> 1))
#endif

#endif
