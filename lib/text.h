/* SPDX-License-Identifier: MIT */
#ifndef QDA_TEXT_H
#define QDA_TEXT_H

#include <stddef.h>

/*
 * Bytes of the character that text begins with, if it is well-formed UTF-8 that a
 * terminal only shows; 0 otherwise, and at the end.
 */
size_t text_char(const char *text);

/*
 * Make text that comes from elsewhere safe to show in one line: tabs and ends of lines
 * become spaces, every other byte that is no part of such a character a '?'. Also for
 * text that was cut within a character. Its length stays.
 */
void text_make_printable(char *text);

#endif
