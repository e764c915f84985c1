// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"

/* from a block of its exact size, so that reading past the end is seen */
static void expect(const char *text, const char *printable)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	text_make_printable(copy);
	assert_string_equal(copy, printable);
	free(copy);
}

/* the size says which form, well or not */
static size_t encode(uint32_t c, size_t size, char *to)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i;

	for (i = size - 1; i; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(lead[size] | c);
	to[size] = '\0';
	return size;
}

static size_t size_of(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static bool is_kept(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} gone[] = {
		{ 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xd800, 0xdfff },
		{ 0x110000, 0x1fffff },
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (c >= gone[i].first && c <= gone[i].last)
			return false;
	return true;
}

/* all that four bytes can encode, and each in every form that is too long for it */
static void every_character(void **state)
{
	static const char marks[] = "????";
	char text[8];

	(void)state;
	for (uint32_t c = 0; c <= 0x1fffff; c++) {
		for (size_t size = size_of(c); size <= 4; size++) {
			bool kept = size == size_of(c) && is_kept(c);
			size_t n = encode(c, size, text);

			if (text_char(text) != (kept ? n : 0))
				fail_msg("U+%04X in %zu bytes", c, size);
			if (kept || c == '\t' || c == '\n' || c == '\r' || !c)
				continue;
			text_make_printable(text);
			if (strcmp(text, marks + 4 - n))
				fail_msg("U+%04X in %zu bytes: %s", c, size, text);
		}
	}
}

static void examples(void **state)
{
	(void)state;
	expect("", "");
	expect("plain ~", "plain ~");
	expect("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80",
	       "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80");
	expect("a\tb\nc\r\nd", "a b c  d");
	expect("\x1b[31m\x07\x7f", "?[31m??");
	/* CSI of 8 bits, and as UTF-8 */
	expect("\x9b" "2J", "?2J");
	expect("\xc2\x9b" "2J", "??2J");
	expect("\xc2\xa0", "\xc2\xa0");
	expect("\xe2\x80\xae" "cod.exe", "???cod.exe");
	expect("\xe2\x80\xa8", "???");
	expect("\xc0\x80\xc1\xbf", "????");
	expect("\xed\xa0\x80", "???");
	expect("\xf4\x90\x80\x80", "????");
	expect("\xf8\x88\x80\x80\x80\xfe\xff", "???????");
}

/* a byte that does not belong is passed over alone: what follows counts again */
static void in_between(void **state)
{
	(void)state;
	expect("\x80\xc3\xa9", "?\xc3\xa9");
	expect("\xe6\xbc\xc3\xa9", "??\xc3\xa9");
	expect("\xf0\x9f\x98z", "???z");
	expect("\xc3\x1b", "??");
}

/* as snprintf() cuts it */
static void cut(void **state)
{
	static const char whole[] = "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80";
	static const char *const parts[] = {
		"", "?", "\xc3\xa9", "\xc3\xa9?", "\xc3\xa9??", "\xc3\xa9\xe6\xbc\xa2",
		"\xc3\xa9\xe6\xbc\xa2?", "\xc3\xa9\xe6\xbc\xa2??",
		"\xc3\xa9\xe6\xbc\xa2???", whole,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whole); i++) {
		char *copy = strndup(whole, i);

		assert_non_null(copy);
		expect(copy, parts[i]);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character),
		cmocka_unit_test(examples),
		cmocka_unit_test(in_between),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
