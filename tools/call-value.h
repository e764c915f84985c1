/* SPDX-License-Identifier: MIT */
/* Inside the argument grammar: the word that is parsed, and its values. */
#ifndef QDA_RUN_CALL_VALUE_H
#define QDA_RUN_CALL_VALUE_H

#include "call-args.h"

#define TYPE_NAMES "i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 bool"

struct parser {
	const char *text;
	struct call_arg *arg;
	char *why;
	size_t why_size;
};

/* what is between two places of the word */
struct span {
	const char *start;
	size_t length;
};

/* how much of a span a message shows */
#define SHOW(span) (int)((span).length > 60 ? 60 : (span).length), (span).start

/* describe what is wrong with the word; -EINVAL */
int call_bad(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool span_is(struct span span, const char *text);
/* cut a prefix off */
bool span_takes(struct span *span, const char *prefix);

/* 0 to 9, a to f in either case; 16: no digit */
int call_digit(char c);
/* Decimal or 0x, no sign: -EINVAL not a number, -ERANGE above 64 bits */
int call_magnitude(struct span span, uint64_t *ret_value);
const struct call_type *call_find_type(struct span name);
/* One value into type->width bytes. */
int call_value(struct parser *p, struct span span, const struct call_type *type,
	       uint8_t *out);

#endif
