/* SPDX-License-Identifier: MIT */
/* The kernel's <linux/types.h> as far as the driver's pure code uses it. */
#ifndef QDA_COMPAT_LINUX_TYPES_H
#define QDA_COMPAT_LINUX_TYPES_H

/* __u32, __le32 and the like */
#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#endif
