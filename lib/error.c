/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error-table.h"
#include "firmware.h"
#include "internal.h"
#include "text.h"

static const struct errno_entry *find_errno(int err)
{
	const struct errno_entry *e;

	if (err < 0 && err != INT_MIN)
		err = -err;
	for (e = qda_errno_table; e->text; e++)
		if (e->err == err)
			return e;
	return NULL;
}

static const struct status_entry *find_in(const struct status_entry *e, int32_t code)
{
	for (; e->text; e++)
		if (e->code == code)
			return e;
	return NULL;
}

static const struct status_entry *find_status(int32_t status)
{
	const struct status_entry *e;
	uint32_t code = (uint32_t)status - DSP_STATUS_BASE;

	if ((uint32_t)status >= DSP_STATUS_BASE && code <= INT16_MAX) {
		e = find_in(qda_status_table, (int32_t)code);
		return e ? e : find_in(qda_status_table_plain, (int32_t)code);
	}
	e = find_in(qda_status_table_plain, status);
	return e ? e : find_in(qda_status_table, status);
}

QDA_EXPORT const char *qda_strerror(int err)
{
	const struct errno_entry *e = find_errno(err);
	const char *text = NULL;

	if (!err)
		return "success";
	if (e)
		return e->text;
#ifdef HAVE_STRERRORDESC_NP
	if (err != INT_MIN)
		text = strerrordesc_np(err < 0 ? -err : err);
#endif
	return text ? text : "unknown error";
}

QDA_EXPORT const char *qda_error_advice(int err)
{
	const struct errno_entry *e = find_errno(err);

	return e ? e->advice : "";
}

QDA_EXPORT const char *qda_status_name(int32_t status)
{
	const struct status_entry *e = find_status(status);

	if (!status)
		return "AEE_SUCCESS";
	return e ? e->name : "unknown";
}

QDA_EXPORT const char *qda_status_text(int32_t status)
{
	const struct status_entry *e = find_status(status);

	if (!status)
		return "success";
	return e ? e->text : "not a known DSP code, so probably the method's own";
}

QDA_EXPORT bool qda_status_is_lost(int32_t status)
{
	return status_is_lost(status);
}

QDA_EXPORT const char *qda_status_advice(int32_t status)
{
	const struct status_entry *e = find_status(status);

	return e ? e->advice : "";
}

/* Append to a message; a full one stays as it is. */
static void append(char *message, size_t max, size_t *len, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void vappend(char *message, size_t max, size_t *len, const char *format,
		    va_list ap)
{
	int n;

	if (*len + 1 >= max)
		return;
	n = vsnprintf(message + *len, max - *len, format, ap);
	if (n > 0)
		*len += (size_t)n < max - *len ? (size_t)n : max - *len - 1;
}

static void append(char *message, size_t max, size_t *len, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vappend(message, max, len, format, ap);
	va_end(ap);
}

/* advice: NULL for the words that the tables have of the status or the error */
static void vfail(struct qda_failure *reterr, int err, int32_t status,
		  const char *advice, const char *format, va_list ap)
{
	char message[sizeof(reterr->message)];
	size_t room, len = 0;

	if (!reterr || reterr->size < offsetof(struct qda_failure, reserved))
		return;
	reterr->status = status;
	if (reterr->size <= offsetof(struct qda_failure, message))
		return;
	room = reterr->size - offsetof(struct qda_failure, message);
	if (room > sizeof(message))
		room = sizeof(message);

	vappend(message, room, &len, format, ap);
	if (advice) {
		append(message, room, &len, " (%s, 0x%08x)", qda_status_name(status),
		       (uint32_t)status);
	} else if (status) {
		append(message, room, &len, ": %s (%s, 0x%08x)",
		       qda_status_text(status), qda_status_name(status),
		       (uint32_t)status);
		advice = qda_status_advice(status);
	} else {
		append(message, room, &len, ": %s", qda_strerror(err));
		advice = qda_error_advice(err);
	}
	append(message, room, &len, *advice ? ". %s" : "%s", advice);
	if (len == 0)
		message[0] = '\0';
	if (len + 1 == room && room > 4)
		memcpy(message + len - 3, "...", 3);
	/* one line, whatever names and DSP texts contain */
	text_make_printable(message);
	memcpy(reterr->message, message, len + 1);
}

int qda_fail(struct qda_failure *reterr, int err, int32_t status, const char *format,
	     ...)
{
	va_list ap;

	va_start(ap, format);
	vfail(reterr, err, status, NULL, format, ap);
	va_end(ap);
	return err;
}

int qda_fail_advice(struct qda_failure *reterr, int32_t status, const char *advice,
		    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfail(reterr, -EREMOTEIO, status, advice, format, ap);
	va_end(ap);
	return -EREMOTEIO;
}

void qda_fail_again(struct qda_failure *reterr, const struct qda_failure *failure)
{
	size_t room;

	if (!reterr || reterr->size < offsetof(struct qda_failure, reserved))
		return;
	reterr->status = failure->status;
	if (reterr->size <= offsetof(struct qda_failure, message))
		return;
	room = reterr->size - offsetof(struct qda_failure, message);
	snprintf(reterr->message, room < sizeof(reterr->message) ?
				  room : sizeof(reterr->message),
		 "%s", failure->message);
	/* it may have been cut within a character */
	text_make_printable(reterr->message);
}
