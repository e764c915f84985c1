/* SPDX-License-Identifier: MIT */
/* What the library logs during a case */
#ifndef QDA_HOSTILE_LOG_H
#define QDA_HOSTILE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* a qda_log_fn */
void log_line(void *data, int priority, const char *file, int line, const char *func,
	      const char *message);
bool log_has(const char *text);
size_t log_warnings(void);
/* grows meanwhile, at its end */
const char *log_all(void);

#endif
