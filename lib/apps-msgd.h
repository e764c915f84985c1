/* SPDX-License-Identifier: MIT */
/* "adspmsgd_apps": what DSP code logs. */
#ifndef QDA_APPS_MSGD_H
#define QDA_APPS_MSGD_H

#include <qda/reverse.h>

struct qda_ctx;

enum apps_msgd_level {
	APPS_MSGD_LOW,
	APPS_MSGD_MEDIUM,
	APPS_MSGD_HIGH,
	APPS_MSGD_ERROR,
	APPS_MSGD_FATAL,
};

/* One line. Texts are as text_make_printable() has them, and valid during the call. */
struct apps_msgd_record {
	enum apps_msgd_level level;	/* unknown ones become ERROR */
	uint16_t line;
	uint16_t thread;		/* as the DSP counts them */
	const char *file;		/* of the DSP's source; may be empty */
	const char *text;
};

/* what apps_msgd_invoke() takes as its data */
struct apps_msgd {
	struct qda_ctx *ctx;
	/*
	 * Called for each line: a message of several lines is as many records. Empty
	 * lines are left out, unless the message has nothing else; and all beyond 1024
	 * in one call of the DSP, which a record of "libqda" says.
	 */
	void (*fn)(void *data, const struct apps_msgd_record *record);
	void *data;
};

/* One call of the DSP; one thread at a time. An aee code. */
int32_t apps_msgd_invoke(void *data, const struct qda_reverse_call *call);

/* name of a method by its number, or NULL */
const char *apps_msgd_method_name(uint32_t method);

#endif
