/* SPDX-License-Identifier: MIT */
/* A JSON writer: one document, correct escaping, nothing else. */
#ifndef QDA_RUN_JSON_H
#define QDA_RUN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16

struct json {
	FILE *file;
	unsigned int depth;
	bool started[JSON_MAX_DEPTH];	/* the level has a member already */
	bool compact[JSON_MAX_DEPTH];	/* members of the level on one line */
};

/* key is NULL for the members of an array and for the document itself */
void json_init(struct json *json, FILE *file);
void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_compact(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_string(struct json *json, const char *key, const char *value);
void json_string_len(struct json *json, const char *key, const char *value,
		     size_t length);
void json_int(struct json *json, const char *key, int64_t value);
void json_uint(struct json *json, const char *key, uint64_t value);
/* shortest of the precisions that read back the same; not finite: a string */
void json_double(struct json *json, const char *key, double value);
void json_float(struct json *json, const char *key, float value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* bytes of the valid UTF-8 sequence at text, 0 if there is none */
size_t utf8_length(const char *text, size_t length);

#endif
