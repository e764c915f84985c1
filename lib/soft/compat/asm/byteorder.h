/* SPDX-License-Identifier: MIT */
/* The kernel's <asm/byteorder.h>, with the names it has inside the kernel. */
#ifndef QDA_COMPAT_ASM_BYTEORDER_H
#define QDA_COMPAT_ASM_BYTEORDER_H

#include_next <asm/byteorder.h>

#define cpu_to_le32	__cpu_to_le32
#define cpu_to_le64	__cpu_to_le64
#define le32_to_cpu	__le32_to_cpu
#define le64_to_cpu	__le64_to_cpu

#endif
