// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* neither a control, nor what breaks a line or turns the order of what follows */
static bool is_shown(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c == 0x61c || c == 0x200e || c == 0x200f)
		return false;
	if ((c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return false;
	return (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
}

size_t text_char(const char *text)
{
	/* by the number of bytes that follow the first one */
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	const unsigned char *p = (const unsigned char *)text;
	size_t more = 0, i;
	uint32_t c;

	while ((p[0] & forms[more].mask) != forms[more].lead)
		if (++more == sizeof(forms) / sizeof(forms[0]))
			return 0;
	c = p[0] & ~(uint32_t)forms[more].mask;
	for (i = 1; i <= more; i++) {
		/* the NUL of a text that was cut is none either */
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c >= forms[more].least && is_shown(c) ? more + 1 : 0;
}

void text_make_printable(char *text)
{
	while (*text) {
		size_t n = text_char(text);

		if (n) {
			text += n;
			continue;
		}
		*text = *text == '\t' || *text == '\n' || *text == '\r' ? ' ' : '?';
		text++;
	}
}
