/* SPDX-License-Identifier: MIT */
/* Integer types under the names DSP code and generated headers use. */
#ifndef AEESTDDEF_H
#define AEESTDDEF_H

#include <stddef.h>
#include <stdint.h>

typedef int8_t int8;
typedef int16_t int16;
typedef int32_t int32;
typedef int64_t int64;
typedef uint8_t uint8;
typedef uint16_t uint16;
typedef uint32_t uint32;
typedef uint64_t uint64;
typedef uint8_t byte;
typedef uint8_t boolean;
typedef uint16_t AECHAR;
typedef int AEEResult;

#ifndef TRUE
#define TRUE	1
#define FALSE	0
#endif

#endif
