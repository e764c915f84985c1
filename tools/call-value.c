// SPDX-License-Identifier: MIT
/* Numbers and types of the argument grammar. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call-value.h"

static const struct call_type call_types[] = {
	{ "i8", 1, CALL_SIGNED },    { "u8", 1, CALL_UNSIGNED },
	{ "i16", 2, CALL_SIGNED },   { "u16", 2, CALL_UNSIGNED },
	{ "i32", 4, CALL_SIGNED },   { "u32", 4, CALL_UNSIGNED },
	{ "i64", 8, CALL_SIGNED },   { "u64", 8, CALL_UNSIGNED },
	{ "f32", 4, CALL_FLOAT },    { "f64", 8, CALL_FLOAT },
	{ "bool", 1, CALL_BOOL },
};

int call_bad(struct parser *p, const char *format, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->why, p->why_size, "argument '%.80s%s': ", p->text,
		     strlen(p->text) > 80 ? "..." : "");
	if (n < 0 || (size_t)n >= p->why_size)
		return -EINVAL;
	va_start(ap, format);
	vsnprintf(p->why + n, p->why_size - (size_t)n, format, ap);
	va_end(ap);
	return -EINVAL;
}

bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && !memcmp(span.start, text, span.length);
}

bool span_takes(struct span *span, const char *prefix)
{
	size_t n = strlen(prefix);

	if (span->length < n || memcmp(span->start, prefix, n))
		return false;
	span->start += n;
	span->length -= n;
	return true;
}

const struct call_type *call_find_type(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(call_types) / sizeof(call_types[0]); i++) {
		if (span_is(name, call_types[i].name))
			return &call_types[i];
	}
	return NULL;
}

int call_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int call_magnitude(struct span span, uint64_t *ret_value)
{
	unsigned int base = 10;
	uint64_t value = 0;
	size_t i;

	if (span_takes(&span, "0x") || span_takes(&span, "0X"))
		base = 16;
	if (!span.length)
		return -EINVAL;
	for (i = 0; i < span.length; i++) {
		if ((unsigned int)call_digit(span.start[i]) >= base)
			return -EINVAL;
	}
	for (i = 0; i < span.length; i++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(
			    value, (unsigned int)call_digit(span.start[i]), &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

int call_parse_size(const char *text, size_t length, uint64_t *ret_value)
{
	struct span span = { text, length };
	unsigned int shift = 0;
	uint64_t value;
	int err;

	if (length && !(length > 1 && (text[1] == 'x' || text[1] == 'X'))) {
		switch (text[length - 1]) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		}
	}
	if (shift)
		span.length--;
	err = call_magnitude(span, &value);
	if (err)
		return err;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_value = value << shift;
	return 0;
}

static int parse_integer(struct parser *p, struct span span,
			 const struct call_type *type, uint8_t *out)
{
	unsigned int bits = type->width * 8;
	bool is_signed = type->kind == CALL_SIGNED;
	uint64_t top =
		is_signed ? (UINT64_MAX >> (65 - bits)) : UINT64_MAX >> (64 - bits);
	struct span digits = span;
	bool negative = false;
	uint64_t value;
	int err;

	if (span_takes(&digits, "-"))
		negative = true;
	else
		span_takes(&digits, "+");
	err = call_magnitude(digits, &value);
	if (err == -EINVAL)
		return call_bad(p, "'%.*s' is not a whole number", SHOW(span));
	if (!err && negative && value > (is_signed ? top + 1 : 0))
		err = -ERANGE;
	if (!err && !negative && value > top)
		err = -ERANGE;
	if (err) {
		if (is_signed)
			return call_bad(
				p, "%.*s is out of range, %s holds -%llu to %llu",
				SHOW(span), type->name, (unsigned long long)top + 1,
				(unsigned long long)top);
		return call_bad(p, "%.*s is out of range, %s holds 0 to %llu",
				SHOW(span), type->name, (unsigned long long)top);
	}
	if (negative)
		value = -value;
	memcpy(out, &value, type->width);	/* little endian, as the DSP */
	return 0;
}

static int parse_float(struct parser *p, struct span span,
		       const struct call_type *type, uint8_t *out)
{
	char text[128], *end;
	double d;
	float f;

	if (!span.length || span.length >= sizeof(text) ||
	    strchr(" \t\n\v\f\r", span.start[0]))
		return call_bad(p, "'%.*s' is not a number", SHOW(span));
	memcpy(text, span.start, span.length);
	text[span.length] = '\0';
	errno = 0;
	if (type->width == 4) {
		f = strtof(text, &end);
		d = (double)f;
		memcpy(out, &f, sizeof(f));
	} else {
		d = strtod(text, &end);
		memcpy(out, &d, sizeof(d));
	}
	if (end != text + span.length)
		return call_bad(p, "'%.*s' is not a number", SHOW(span));
	/* glibc also sets ERANGE for results too small to be normal; those stand */
	if (errno == ERANGE && fabs(d) > 1.0)
		return call_bad(p, "%s is out of range for %s", text, type->name);
	return 0;
}

int call_value(struct parser *p, struct span span,
		       const struct call_type *type, uint8_t *out)
{
	switch (type->kind) {
	case CALL_SIGNED:
	case CALL_UNSIGNED:
		return parse_integer(p, span, type, out);
	case CALL_FLOAT:
		return parse_float(p, span, type, out);
	case CALL_BOOL:
		break;
	}
	if (span_is(span, "1") || span_is(span, "true"))
		*out = 1;
	else if (span_is(span, "0") || span_is(span, "false"))
		*out = 0;
	else
		return call_bad(p, "'%.*s' is not true, false, 1 or 0", SHOW(span));
	return 0;
}
