// SPDX-License-Identifier: MIT
/* The log of the DSP's code, taken apart; see apps-msgd.h. */
#include <string.h>

#include "aee.h"
#include "apps-msgd.h"
#include "internal.h"

#define METHOD_LOG	0

/* on the wire; all of it is the DSP's to fill as it likes */
struct wire_record {
	uint32_t level;
	uint16_t line;
	uint16_t thread;
	char text[218];
	char file[30];
};
_Static_assert(sizeof(struct wire_record) == 256, "records are of this size");

/* to has room for n and a NUL; it ends at the first NUL */
static void copy_printable(char *to, const char *from, size_t n)
{
	size_t i;

	for (i = 0; i < n && from[i]; i++)
		to[i] = from[i] == '\t' ? ' ' :
			from[i] < 0x20 || from[i] > 0x7e ? '?' : from[i];
	to[i] = '\0';
}

static void pass_on(const struct apps_msgd *msgd, const struct wire_record *wire)
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
		copy_printable(text, wire->text + at, n);
		msgd->fn(msgd->data, &record);
		empty = false;
	}
	if (empty) {
		text[0] = '\0';
		msgd->fn(msgd->data, &record);
	}
}

const char *apps_msgd_method_name(uint32_t method)
{
	return method == METHOD_LOG ? "log" : NULL;
}

int32_t apps_msgd_invoke(void *data, const struct qda_reverse_call *call)
{
	const struct apps_msgd *msgd = data;
	struct wire_record record;
	const uint8_t *from;
	uint32_t len, i;

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
	for (i = 0; i < len / sizeof(record); i++) {
		memcpy(&record, from + i * sizeof(record), sizeof(record));
		pass_on(msgd, &record);
	}
	return AEE_SUCCESS;
}
