// SPDX-License-Identifier: MIT
/* Log records of a DSP: two bytes say how many it announces, the rest is sent */
#include <stdlib.h>
#include <string.h>

#include "aee.h"
#include "apps-msgd.h"
#include "internal.h"
#include "plant.h"
#include "text.h"

/* of one request, and the one that says that there were more */
#define MAX_LINES	1025

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t num_lines;
static bool saw_fatal;

/* no control of a terminal, in one byte or as UTF-8; nothing more to replace */
static void check(const char *text, size_t max)
{
	char again[256];
	size_t i;

	for (i = 0; text[i]; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || i >= max ||
		    (text[i] == '\xc2' && (unsigned char)text[i + 1] < 0xa0))
			abort();
	strcpy(again, text);
	text_make_printable(again);
	if (strcmp(again, text))
		abort();
}

static void take(void *data, const struct apps_msgd_record *r)
{
	(void)data;
	num_lines++;
	if (r->level > APPS_MSGD_FATAL)
		abort();
	check(r->text, 218);
	check(r->file, 30);
	/* the second of two lines of a whole record */
	saw_fatal |= r->level == APPS_MSGD_FATAL;
	FUZZ_PLANT(saw_fatal && num_lines > 1 && !strncmp(r->text, "ab", 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct apps_msgd msgd = { .fn = take };
	struct qda_reverse_arg in[2] = { 0 };
	struct qda_reverse_call call = { .size = sizeof(call), .in = in, .num_in = 2 };
	uint32_t len = 0;
	uint8_t *sent;
	int32_t ret;

	if (size < 2)
		return 0;
	memcpy(&len, data, 2);
	in[0] = (struct qda_reverse_arg){ &len, sizeof(len) };
	in[1].size = size - 2;
	sent = malloc(in[1].size + !in[1].size);
	if (!sent)
		return 0;
	memcpy(sent, data + 2, in[1].size);
	in[1].data = sent;
	num_lines = 0;
	saw_fatal = false;
	ret = apps_msgd_invoke((void *)(uintptr_t)&msgd, &call);
	if (ret != (len > in[1].size ? AEE_EBADPARM : AEE_SUCCESS) ||
	    (ret && num_lines) ||
	    (!ret && (num_lines < len / 256 || num_lines > len / 256 * 109)) ||
	    num_lines > MAX_LINES)
		abort();
	free(sent);
	return 0;
}
