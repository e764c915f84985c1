// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

void json_init(struct json *json, FILE *file)
{
	memset(json, 0, sizeof(*json));
	json->file = file;
}

size_t utf8_length(const char *text, size_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t n, i;
	uint32_t c;

	if (!length)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		c = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		c = p[0] & 0x0fu;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		c = p[0] & 0x07u;
	} else {
		return 0;
	}
	if (n > length)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

static void put_string(FILE *file, const char *text, size_t length)
{
	size_t i = 0, n;

	fputc('"', file);
	while (i < length) {
		unsigned char c = (unsigned char)text[i];

		n = utf8_length(text + i, length - i);
		if (!n) {
			fputs("\\ufffd", file);
			i++;
			continue;
		}
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c == '\t')
			fputs("\\t", file);
		else if (c == '\r')
			fputs("\\r", file);
		else if (c < 0x20 || c == 0x7f)
			fprintf(file, "\\u%04x", c);
		else
			fwrite(text + i, 1, n, file);
		i += n;
	}
	fputc('"', file);
}

static void member(struct json *json, const char *key)
{
	unsigned int i;

	if (json->depth) {
		if (json->started[json->depth])
			fputc(',', json->file);
		if (!json->compact[json->depth]) {
			fputc('\n', json->file);
			for (i = 0; i < json->depth; i++)
				fputc('\t', json->file);
		} else if (json->started[json->depth]) {
			fputc(' ', json->file);
		}
		json->started[json->depth] = true;
	}
	if (key) {
		put_string(json->file, key, strlen(key));
		fputs(": ", json->file);
	}
}

static void enter(struct json *json, const char *key, char c, bool compact)
{
	member(json, key);
	fputc(c, json->file);
	if (json->depth + 1 >= JSON_MAX_DEPTH)
		abort();	/* the documents written here are flat */
	json->depth++;
	json->started[json->depth] = false;
	json->compact[json->depth] = compact || json->compact[json->depth - 1];
}

static void leave(struct json *json, char c)
{
	unsigned int i;

	if (json->started[json->depth] && !json->compact[json->depth]) {
		fputc('\n', json->file);
		for (i = 1; i < json->depth; i++)
			fputc('\t', json->file);
	}
	json->depth--;
	fputc(c, json->file);
	if (!json->depth)
		fputc('\n', json->file);
}

void json_object(struct json *json, const char *key)
{
	enter(json, key, '{', false);
}

void json_object_end(struct json *json)
{
	leave(json, '}');
}

void json_array(struct json *json, const char *key)
{
	enter(json, key, '[', false);
}

void json_array_compact(struct json *json, const char *key)
{
	enter(json, key, '[', true);
}

void json_array_end(struct json *json)
{
	leave(json, ']');
}

void json_string_len(struct json *json, const char *key, const char *value,
		     size_t length)
{
	member(json, key);
	put_string(json->file, value, length);
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (!value) {
		json_null(json, key);
		return;
	}
	json_string_len(json, key, value, strlen(value));
}

void json_int(struct json *json, const char *key, int64_t value)
{
	member(json, key);
	fprintf(json->file, "%lld", (long long)value);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
	member(json, key);
	fprintf(json->file, "%llu", (unsigned long long)value);
}

void json_double(struct json *json, const char *key, double value)
{
	char text[40];
	int digits;

	member(json, key);
	if (!isfinite(value)) {
		fputs(isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"",
		      json->file);
		return;
	}
	for (digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fputs(text, json->file);
}

void json_float(struct json *json, const char *key, float value)
{
	char text[40];
	int digits;

	if (!isfinite(value)) {
		json_double(json, key, (double)value);
		return;
	}
	member(json, key);
	for (digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, (double)value);
		if (strtof(text, NULL) == value)
			break;
	}
	fputs(text, json->file);
}

void json_bool(struct json *json, const char *key, bool value)
{
	member(json, key);
	fputs(value ? "true" : "false", json->file);
}

void json_null(struct json *json, const char *key)
{
	member(json, key);
	fputs("null", json->file);
}
