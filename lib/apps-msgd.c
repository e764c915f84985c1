// SPDX-License-Identifier: MIT
/* The log of the DSP's code, taken apart; see apps-msgd.h. */
#include <stdio.h>
#include <string.h>

#include "aee.h"
#include "apps-msgd.h"
#include "internal.h"
#include "text.h"

#define METHOD_LOG	0

/* of one request, which may be all newlines: more would keep the listener from others */
#define MAX_LINES	1024

/* on the wire; all of it is the DSP's to fill as it likes */
struct wire_record {
	uint32_t level;
	uint16_t line;
	uint16_t thread;
	char text[218];
	char file[30];
};
_Static_assert(sizeof(struct wire_record) == 256, "records are of this size");

/* what one request has come to */
struct progress {
	unsigned int lines;
	size_t left_out;	/* records, or the end of one */
};

/* to has room for n and a NUL; it ends at the first NUL */
static void copy_printable(char *to, const char *from, size_t n)
{
	n = strnlen(from, n);
	memcpy(to, from, n);
	to[n] = '\0';
	text_make_printable(to);
}

static void pass_on(const struct apps_msgd *msgd, const struct wire_record *wire,
		    struct progress *progress)
{
	char file[sizeof(wire->file) + 1], text[sizeof(wire->text) + 1];
	size_t len = strnlen(wire->text, sizeof(wire->text)), at, n;
	struct apps_msgd_record record = {
		.level = wire->level > APPS_MSGD_FATAL ? APPS_MSGD_ERROR :
							 (enum apps_msgd_level)wire->level,
		.line = wire->line,
		.thread = wire->thread,
		.file = file,
		.text = text,
	};
	bool empty = true;

	copy_printable(file, wire->file, sizeof(wire->file));
	for (at = 0; at < len; at += n + 1) {
		for (n = 0; at + n < len; n++)
			if (wire->text[at + n] == '\n' || wire->text[at + n] == '\r')
				break;
		if (!n)
			continue;
		if (progress->lines == MAX_LINES) {
			progress->left_out++;
			return;
		}
		copy_printable(text, wire->text + at, n);
		msgd->fn(msgd->data, &record);
		progress->lines++;
		empty = false;
	}
	if (empty) {
		text[0] = '\0';
		msgd->fn(msgd->data, &record);
		progress->lines++;
	}
}

static void say_left_out(const struct apps_msgd *msgd, size_t records)
{
	char text[80];
	const struct apps_msgd_record record = {
		.level = APPS_MSGD_ERROR,
		.file = "libqda",
		.text = text,
	};

	snprintf(text, sizeof(text), "%zu records left out: more than %u lines at once",
		 records, MAX_LINES);
	msgd->fn(msgd->data, &record);
}

const char *apps_msgd_method_name(uint32_t method)
{
	return method == METHOD_LOG ? "log" : NULL;
}

int32_t apps_msgd_invoke(void *data, const struct qda_reverse_call *call)
{
	const struct apps_msgd *msgd = data;
	struct progress progress = { 0 };
	struct wire_record record;
	const uint8_t *from;
	uint32_t len;
	size_t at;

	if (call->method != METHOD_LOG) {
		log_debug(msgd->ctx, "adspmsgd_apps method %u is unknown", call->method);
		return AEE_EUNSUPPORTED;
	}
	if (call->num_in != 2 || call->num_out || call->in[0].size < sizeof(len)) {
		log_debug(msgd->ctx, "adspmsgd_apps log: its arguments have another shape");
		return AEE_EBADPARM;
	}
	memcpy(&len, call->in[0].data, sizeof(len));
	if (len > call->in[1].size) {
		log_debug(msgd->ctx, "adspmsgd_apps log: %u bytes announced, %zu sent", len,
			  call->in[1].size);
		return AEE_EBADPARM;
	}
	if (len % sizeof(record))
		log_debug(msgd->ctx, "adspmsgd_apps log: %u bytes are no whole records", len);
	from = call->in[1].data;
	len -= len % (uint32_t)sizeof(record);
	for (at = 0; at < len && progress.lines < MAX_LINES; at += sizeof(record)) {
		memcpy(&record, from + at, sizeof(record));
		pass_on(msgd, &record, &progress);
	}
	progress.left_out += (len - at) / sizeof(record);
	if (progress.left_out)
		say_left_out(msgd, progress.left_out);
	return AEE_SUCCESS;
}
