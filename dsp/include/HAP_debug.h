/* SPDX-License-Identifier: MIT */
/* Log messages of DSP code, which the client shows. */
#ifndef HAP_DEBUG_H
#define HAP_DEBUG_H

#ifdef __cplusplus
extern "C" {
#endif

#define HAP_LEVEL_LOW		0
#define HAP_LEVEL_MEDIUM	1
#define HAP_LEVEL_HIGH		2
#define HAP_LEVEL_ERROR		3
#define HAP_LEVEL_FATAL		4

/* Never wait: what cannot be passed on now is dropped, and counted in the next. */
void HAP_debug(const char *msg, int level, const char *filename, int line);
void HAP_debug_v2(int level, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void HAP_debug_runtime(int level, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif
#endif
