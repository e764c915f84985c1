// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define MAX_VALUES	16

static struct {
	char name[32];
	uint32_t value;
} values[MAX_VALUES];
static size_t num_values;

void bytes_add(struct bytes *to, const void *data, size_t len)
{
	uint8_t *bigger = realloc(to->data, to->len + len + 1);

	if (!bigger)
		abort();
	to->data = bigger;
	if (data)
		memcpy(to->data + to->len, data, len);
	else
		memset(to->data + to->len, 0, len);
	to->len += len;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	b->data = NULL;
	b->len = 0;
}

void script_set(const char *name, uint32_t value)
{
	size_t i;

	for (i = 0; i < num_values && strcmp(values[i].name, name); i++)
		;
	if (i == MAX_VALUES)
		abort();
	if (i == num_values)
		num_values++;
	snprintf(values[i].name, sizeof(values[i].name), "%s", name);
	values[i].value = value;
}

char *script_word(char **at)
{
	char *word = *at + strspn(*at, " \t"), *c, quote = 0;

	if (!*word || *word == '#')
		return NULL;
	for (c = word; *c && (quote || (*c != ' ' && *c != '\t')); c++) {
		if (quote ? *c == quote : *c == '"' || *c == '\'')
			quote = quote ? 0 : *c;
	}
	*at = *c ? c + 1 : c;
	*c = '\0';
	return word;
}

bool script_number(const char *text, uint64_t *ret_value)
{
	char *end;
	size_t i;

	if (*text == '$') {
		for (i = 0; i < num_values; i++) {
			if (strcmp(values[i].name, text + 1))
				continue;
			*ret_value = values[i].value;
			return true;
		}
		return false;
	}
	*ret_value = strtoull(text, &end, 0);
	return end != text && !*end;
}

static bool add_text(const char *text, size_t len, struct bytes *to)
{
	char quote = *text;

	if (len < 2 || text[len - 1] != quote)
		return false;
	bytes_add(to, text + 1, len - 2);
	if (quote == '"')
		bytes_add(to, NULL, 1);
	return true;
}

static bool add_hex(const char *text, struct bytes *to)
{
	unsigned int byte;
	uint8_t b;

	for (; *text; text += 2) {
		if (sscanf(text, "%2x", &byte) != 1 || !text[1])
			return false;
		b = (uint8_t)byte;
		bytes_add(to, &b, 1);
	}
	return true;
}

static bool add_item(const char *item, size_t len, struct bytes *to)
{
	char kind = *item;
	uint64_t value;
	uint32_t word;
	size_t at = to->len;

	if (kind == '"' || kind == '\'')
		return add_text(item, len, to);
	if (kind == 'x')
		return add_hex(item + 1, to);
	if (kind == '-' && len == 1)
		return true;
	if (!script_number(item + 1, &value))
		return false;
	switch (kind) {
	case 'w':
		word = (uint32_t)value;
		bytes_add(to, &word, sizeof(word));
		return true;
	case 'd':
		bytes_add(to, &value, sizeof(value));
		return true;
	case 'z':
	case 'a':
		bytes_add(to, NULL, value);
		memset(to->data + at, kind == 'a' ? 'A' : 0, value);
		return true;
	default:
		return false;
	}
}

bool script_block(const char *text, struct bytes *to)
{
	char item[1024], quote;
	size_t len;

	while (*text) {
		quote = *text == '"' || *text == '\'' ? *text : 0;
		for (len = 0; text[len] && (quote ? !len || text[len] != quote :
						    text[len] != ',');)
			len++;
		len += quote && text[len];
		if (len >= sizeof(item))
			return false;
		memcpy(item, text, len);
		item[len] = '\0';
		if (!add_item(item, len, to))
			return false;
		text += len;
		if (*text && *text++ != ',')
			return false;
	}
	return true;
}
