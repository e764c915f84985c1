// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "wrap.h"

#define LINE_WIDTH 80

void print_wrapped(const char *text, int column)
{
	int at = column, n;

	for (; *text; text += n + (int)strspn(text + n, " ")) {
		n = (int)strcspn(text, " ");
		if (at > column && at + 1 + n > LINE_WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", n, text);
		at += n;
	}
	putchar('\n');
}
