// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hostile.h"
#include "image.h"
#include "script.h"

char *image_read_case(const char *path, const char *dir)
{
	struct bytes text = { 0 };
	FILE *f = fopen(path, "re");
	char line[4096], *at, *start;

	if (!f)
		return NULL;
	while (fgets(line, sizeof(line), f)) {
		for (start = line; (at = strstr(start, "@DIR@")); start = at + 5) {
			bytes_add(&text, start, (size_t)(at - start));
			bytes_add(&text, dir, strlen(dir));
		}
		bytes_add(&text, start, strlen(start));
	}
	fclose(f);
	bytes_add(&text, NULL, 1);
	return (char *)text.data;
}

static bool copy(FILE *in, FILE *out)
{
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), in)))
		if (fwrite(buf, 1, n, out) != n)
			return false;
	return !ferror(in);
}

bool image_write(const char *path, const char *shell, const char *text)
{
	FILE *in = shell ? fopen(shell, "re") : NULL, *out;
	uint64_t len = strlen(text);
	bool good;

	if (!in)
		return false;
	out = fopen(path, "we");
	good = out && copy(in, out) && fwrite(text, 1, len, out) == len &&
	       fwrite(&len, sizeof(len), 1, out) == 1 &&
	       fwrite(HOSTILE_MAGIC, 8, 1, out) == 1;
	fclose(in);
	return !(out && fclose(out)) && good;
}
