// SPDX-License-Identifier: MIT
/* Log records of a DSP that cannot be trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aee.h"
#include "apps-msgd.h"
#include "internal.h"

/* of one request, and the one that says that there were more */
#define MAX_LINES	1025

static struct line {
	enum apps_msgd_level level;
	unsigned int line, thread;
	char file[64], text[256];
} lines[MAX_LINES];
static unsigned int num_lines, num_debug;

static void take(void *data, const struct apps_msgd_record *r)
{
	struct line *l = &lines[num_lines++];

	assert_ptr_equal(data, lines);
	assert_true(num_lines <= MAX_LINES);
	assert_true(strlen(r->file) < 31 && strlen(r->text) < 219);
	l->level = r->level;
	l->line = r->line;
	l->thread = r->thread;
	strcpy(l->file, r->file);
	strcpy(l->text, r->text);
}

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	(void)message;
	assert_int_equal(priority, QDA_LOG_DEBUG);
	num_debug++;
}

static struct qda_ctx ctx = { .log = log_fn, .log_level = QDA_LOG_DEBUG };
static struct apps_msgd msgd = { .ctx = &ctx, .fn = take, .data = lines };

static void put(uint8_t *record, uint32_t level, const char *text, const char *file)
{
	const uint16_t nums[2] = { 42, 7 };

	memset(record, 0, 256);
	memcpy(record, &level, 4);
	memcpy(record + 4, nums, 4);
	memcpy(record + 8, text, strlen(text));
	memcpy(record + 226, file, strlen(file));
}

/* from a block of its exact size, so that reading past it is seen */
static int32_t send(const uint8_t *bytes, size_t size, uint32_t len)
{
	uint8_t *copy = malloc(size + !size);
	struct qda_reverse_arg in[] = { { &len, sizeof(len) }, { copy, size } };
	struct qda_reverse_call call = { .size = sizeof(call), .in = in, .num_in = 2 };
	int32_t ret;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	num_lines = num_debug = 0;
	ret = apps_msgd_invoke(&msgd, &call);
	free(copy);
	return ret;
}

static void records(void **state)
{
	uint8_t r[3 * 256];

	(void)state;
	put(r, 0, "hello, world", "a.c");
	put(r + 256, 4, "second", "b.c");
	put(r + 512, 2, "third", "");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(num_lines, 3);
	assert_int_equal(num_debug, 0);
	assert_int_equal(lines[0].level, APPS_MSGD_LOW);
	assert_int_equal(lines[0].line, 42);
	assert_int_equal(lines[0].thread, 7);
	assert_string_equal(lines[0].text, "hello, world");
	assert_string_equal(lines[0].file, "a.c");
	assert_int_equal(lines[1].level, APPS_MSGD_FATAL);
	assert_string_equal(lines[1].text, "second");
	assert_string_equal(lines[2].text, "third");
	assert_string_equal(lines[2].file, "");
	/* what is sent beyond what is announced is not looked at */
	assert_int_equal(send(r, sizeof(r), 256), AEE_SUCCESS);
	assert_int_equal(num_lines, 1);
	assert_int_equal(send(r, 0, 0), AEE_SUCCESS);
	assert_int_equal(num_lines, 0);
	assert_string_equal(apps_msgd_method_name(0), "log");
	assert_null(apps_msgd_method_name(1));
}

static void text(void **state)
{
	uint8_t r[256];

	(void)state;
	/* a message of several lines is several records */
	put(r, 1, "\none\r\n\ntwo\n", "f");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(num_lines, 2);
	assert_string_equal(lines[0].text, "one");
	assert_string_equal(lines[1].text, "two");
	assert_int_equal(lines[1].level, APPS_MSGD_MEDIUM);
	assert_int_equal(lines[1].line, 42);
	/* nothing to say still says where */
	put(r, 1, "\n\n", "f");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(num_lines, 1);
	assert_string_equal(lines[0].text, "");
	assert_string_equal(lines[0].file, "f");
	put(r, 1, "a\tb\033[31mred\177\x9b" "c\xc2\x9b", "\033x\n.c");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_string_equal(lines[0].text, "a b?[31mred??c??");
	assert_string_equal(lines[0].file, "?x .c");
	put(r, 1, "caf\xc3\xa9\xc3\n\xa9", "\xe6\xbc\xa2.c");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(num_lines, 2);
	assert_string_equal(lines[0].text, "caf\xc3\xa9?");
	assert_string_equal(lines[1].text, "?");
	assert_string_equal(lines[0].file, "\xe6\xbc\xa2.c");
	/* a record ends within a character */
	memset(r, 'x', sizeof(r));
	memcpy(r + 8 + 216, "\xe6\xbc", 2);
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(strlen(lines[0].text), 218);
	assert_string_equal(lines[0].text + 215, "x??");
	put(r, 5, "wild", "f");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(lines[0].level, APPS_MSGD_ERROR);
	put(r, UINT32_MAX, "wild", "f");
	assert_int_equal(send(r, sizeof(r), sizeof(r)), AEE_SUCCESS);
	assert_int_equal(lines[0].level, APPS_MSGD_ERROR);
}

static void hostile(void **state)
{
	struct qda_reverse_arg in[3] = { 0 };
	struct qda_reverse_call call = { .size = sizeof(call), .in = in, .num_in = 2 };
	uint32_t len = 256;
	uint8_t r[2 * 256];

	(void)state;
	/* no end */
	memset(r, 'x', sizeof(r));
	memset(r, 0, 4);
	assert_int_equal(send(r, 256, 256), AEE_SUCCESS);
	assert_int_equal(num_lines, 1);
	assert_int_equal(strlen(lines[0].text), 218);
	assert_int_equal(strlen(lines[0].file), 30);
	/* as many lines as there can be */
	memset(r, '\n', 256);
	for (len = 8; len < 226; len += 2)
		r[len] = 'y';
	assert_int_equal(send(r, 256, 256), AEE_SUCCESS);
	assert_int_equal(num_lines, 109);
	/* no whole records: the whole ones count */
	assert_int_equal(send(r, 511, 511), AEE_SUCCESS);
	assert_int_equal(num_lines, 109);
	assert_int_equal(num_debug, 1);
	assert_int_equal(send(r, 255, 255), AEE_SUCCESS);
	assert_int_equal(num_lines, 0);
	/* more announced than sent */
	assert_int_equal(send(r, 256, 257), AEE_EBADPARM);
	assert_int_equal(send(r, 256, UINT32_MAX), AEE_EBADPARM);
	assert_int_equal(send(r, 0, 256), AEE_EBADPARM);
	assert_int_equal(num_lines, 0);

	len = 256;
	in[0] = (struct qda_reverse_arg){ &len, sizeof(len) };
	in[1] = (struct qda_reverse_arg){ r, 256 };
	call.out = in;
	put(r, 0, "text", "");
	num_lines = 0;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_SUCCESS);
	assert_int_equal(num_lines, 1);
	call.method = 1;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EUNSUPPORTED);
	call.method = 0;
	call.num_in = 1;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EBADPARM);
	call.num_in = 3;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EBADPARM);
	call.num_in = 2;
	call.num_out = 1;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EBADPARM);
	call.num_out = 0;
	in[0].size = 3;
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EBADPARM);
	in[0] = (struct qda_reverse_arg){ NULL, 0 };
	assert_int_equal(apps_msgd_invoke(&msgd, &call), AEE_EBADPARM);
	assert_int_equal(num_lines, 1);
}

/* what of a request is shown, and that the rest is not */
static void expect_left_out(const uint8_t *r, uint32_t size, unsigned int n)
{
	char said[64];

	snprintf(said, sizeof(said), "%u records left out: more than 1024 lines", n);
	assert_int_equal(send(r, size, size), AEE_SUCCESS);
	assert_int_equal(num_lines, n ? 1025 : 1024);
	assert_string_equal(lines[0].file, "f");
	assert_string_equal(lines[1023].file, "f");
	if (!n)
		return;
	assert_int_equal(lines[1024].level, APPS_MSGD_ERROR);
	assert_string_equal(lines[1024].file, "libqda");
	if (strncmp(lines[1024].text, said, strlen(said)))
		fail_msg("'%s', not '%s'", lines[1024].text, said);
}

static void flood(void **state)
{
	const uint32_t size = 64 << 20;
	uint8_t *r = malloc(size);
	char many[219] = "";
	uint32_t i;

	(void)state;
	assert_non_null(r);
	for (i = 0; i < 109; i++)
		strcat(many, "y\n");
	for (i = 0; i < size; i += 256)
		put(r + i, 0, many, "f");
	/* 9 records, and 43 lines of the tenth */
	expect_left_out(r, size, size / 256 - 9);
	assert_string_equal(lines[1023].text, "y");
	expect_left_out(r, 10 * 256, 1);
	/* lines of nothing */
	for (i = 0; i < size; i += 256)
		put(r + i, 0, "\n\n", "f");
	expect_left_out(r, size, size / 256 - 1024);
	expect_left_out(r, 1025 * 256, 1);
	expect_left_out(r, 1024 * 256, 0);
	/* bytes that are no whole record are nobody's */
	expect_left_out(r, 1024 * 256 + 255, 0);
	/* each request counts by itself */
	put(r, 3, "last", "f");
	assert_int_equal(send(r, 256, 256), AEE_SUCCESS);
	assert_int_equal(num_lines, 1);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(text),
		cmocka_unit_test(hostile),
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
