/* SPDX-License-Identifier: MIT */
#ifndef QDA_RUN_WRAP_H
#define QDA_RUN_WRAP_H

/*
 * Print text and a newline on standard output. The cursor is in that column, counted
 * from 0; lines are broken between words and go on in the same column.
 */
void print_wrapped(const char *text, int column);

#endif
