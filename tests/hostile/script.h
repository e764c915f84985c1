/* SPDX-License-Identifier: MIT */
/* The language of the cases (README.md): words, numbers and blocks of bytes */
#ifndef QDA_HOSTILE_SCRIPT_H
#define QDA_HOSTILE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bytes that grow; zeroed is empty */
struct bytes {
	uint8_t *data;
	size_t len;
};

void bytes_add(struct bytes *to, const void *data, size_t len);
void bytes_free(struct bytes *b);

/* what the client has answered, by name */
void script_set(const char *name, uint32_t value);

/* the next word of a line, which is cut at it; quotes keep blanks. NULL: no more */
char *script_word(char **at);
/* 12, 0x1f, -1 or $name; false: it is none of them */
bool script_number(const char *text, uint64_t *ret_value);
/* a block, see README.md; false: it is none */
bool script_block(const char *text, struct bytes *to);

#endif
