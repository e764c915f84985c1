// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <qda/qda.h>

#include "log.h"

#define MAX_LOG	(1u << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char text[MAX_LOG];
static size_t len, num_warnings;

void log_line(void *data, int priority, const char *file, int line, const char *func,
	      const char *message)
{
	int n;

	(void)data;
	(void)file;
	(void)line;
	(void)func;
	pthread_mutex_lock(&lock);
	num_warnings += priority <= QDA_LOG_WARNING;
	n = snprintf(text + len, MAX_LOG - len, "%d %s\n", priority, message);
	if (n > 0)
		len += (size_t)n < MAX_LOG - len ? (size_t)n : 0;
	text[len] = '\0';
	pthread_mutex_unlock(&lock);
}

bool log_has(const char *part)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = strstr(text, part);
	pthread_mutex_unlock(&lock);
	return found;
}

size_t log_warnings(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = num_warnings;
	pthread_mutex_unlock(&lock);
	return n;
}

const char *log_all(void)
{
	return text;
}
