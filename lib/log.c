/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "text.h"

#define LOG_MESSAGE_MAX 1024

static const char *priority_name(int priority)
{
	switch (priority) {
	case QDA_LOG_ERR:
		return "error";
	case QDA_LOG_WARNING:
		return "warning";
	case QDA_LOG_INFO:
		return "info";
	default:
		return "debug";
	}
}

static void log_stderr(int priority, const char *file, int line, const char *message)
{
	char out[LOG_MESSAGE_MAX + 256];
	size_t len;
	int n;

	n = snprintf(out, sizeof(out) - 1, "libqda: %s: %s (%s:%d)",
		     priority_name(priority), message, file, line);
	if (n < 0)
		return;
	len = (size_t)n < sizeof(out) - 1 ? (size_t)n : sizeof(out) - 2;
	out[len++] = '\n';
	/* one write, so that lines of several threads do not mix */
	while (write(STDERR_FILENO, out, len) < 0 && errno == EINTR)
		;
}

void qda_log_write(struct qda_ctx *ctx, int priority, const char *file, int line,
		   const char *func, const char *format, ...)
{
	int saved_errno = errno;
	char message[LOG_MESSAGE_MAX];
	const char *base = strrchr(file, '/');
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(message, sizeof(message), format, ap) < 0)
		message[0] = '\0';
	va_end(ap);
	/* names and texts come from devices and DSP code */
	text_make_printable(message);
	base = base ? base + 1 : file;
	if (ctx->log)
		ctx->log(ctx->log_data, priority, base, line, func, message);
	else
		log_stderr(priority, base, line, message);
	errno = saved_errno;
}
