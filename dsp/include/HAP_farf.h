/* SPDX-License-Identifier: MIT */
/* FARF(level, format, ...): a log message with the place it comes from */
#ifndef HAP_FARF_H
#define HAP_FARF_H

#include "HAP_debug.h"

/* per file, before this header: "#define FARF_LOW 1" turns the level on */
#ifndef FARF_LOW
#define FARF_LOW	0
#endif
#ifndef FARF_MEDIUM
#define FARF_MEDIUM	0
#endif
#ifndef FARF_HIGH
#define FARF_HIGH	1
#endif
#ifndef FARF_ERROR
#define FARF_ERROR	1
#endif
#ifndef FARF_FATAL
#define FARF_FATAL	1
#endif
#ifndef FARF_ALWAYS
#define FARF_ALWAYS	1
#endif
#ifndef FARF_RUNTIME_LOW
#define FARF_RUNTIME_LOW	1
#endif
#ifndef FARF_RUNTIME_MEDIUM
#define FARF_RUNTIME_MEDIUM	1
#endif
#ifndef FARF_RUNTIME_HIGH
#define FARF_RUNTIME_HIGH	1
#endif
#ifndef FARF_RUNTIME_ERROR
#define FARF_RUNTIME_ERROR	1
#endif

#define FARF_LEVEL_LOW		HAP_LEVEL_LOW
#define FARF_LEVEL_MEDIUM	HAP_LEVEL_MEDIUM
#define FARF_LEVEL_HIGH		HAP_LEVEL_HIGH
#define FARF_LEVEL_ERROR	HAP_LEVEL_ERROR
#define FARF_LEVEL_FATAL	HAP_LEVEL_FATAL
#define FARF_LEVEL_ALWAYS	HAP_LEVEL_HIGH
#define FARF_LEVEL_RUNTIME_LOW		HAP_LEVEL_LOW
#define FARF_LEVEL_RUNTIME_MEDIUM	HAP_LEVEL_MEDIUM
#define FARF_LEVEL_RUNTIME_HIGH		HAP_LEVEL_HIGH
#define FARF_LEVEL_RUNTIME_ERROR	HAP_LEVEL_ERROR

/* without the directories of whoever compiled it, where the compiler can */
#ifdef __FILE_NAME__
#define FARF_FILE	__FILE_NAME__
#else
#define FARF_FILE	__FILE__
#endif

#define FARF(level, ...) \
	do { \
		if (FARF_##level) \
			HAP_debug_v2(FARF_LEVEL_##level, FARF_FILE, __LINE__, \
				     __VA_ARGS__); \
	} while (0)

#endif
