// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call-value.h"

#define FORM_NAMES "seq.TYPE str hex raw buf dmabuf handle"

static int set_data(struct parser *p, size_t size)
{
	/* never NULL, so that an empty sequence is still data */
	p->arg->data = calloc(1, size ? size : 1);
	if (!p->arg->data) {
		snprintf(p->why, p->why_size, "out of memory");
		return -ENOMEM;
	}
	p->arg->size = size;
	return 0;
}

static int set_string(struct parser *p, char **field, struct span span)
{
	*field = strndup(span.start, span.length);
	if (!*field) {
		snprintf(p->why, p->why_size, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int set_in_file(struct parser *p, struct span span)
{
	if (!span.length)
		return call_bad(p, "a file name must follow '@'");
	return set_string(p, &p->arg->in_file, span);
}

static int parse_list(struct parser *p, struct span span)
{
	const struct call_type *type = p->arg->type;
	size_t i, start = 0, count = span.length ? 1 : 0, n = 0;
	int err;

	for (i = 0; i < span.length; i++) {
		if (span.start[i] == ',')
			count++;
	}
	err = set_data(p, count * type->width);
	if (err)
		return err;
	p->arg->count = count;
	for (i = 0; i <= span.length && n < count; i++) {
		struct span one = { span.start + start, i - start };

		if (i < span.length && span.start[i] != ',')
			continue;
		if (!one.length)
			return call_bad(p, "element %zu is empty", n);
		err = call_value(p, one, type, p->arg->data + n * type->width);
		if (err)
			return err;
		start = i + 1;
		n++;
	}
	return 0;
}

static int parse_hex(struct parser *p, struct span span)
{
	size_t i;
	int err;

	if (!span.length || span.length % 2)
		return call_bad(p,
				"bytes are written as pairs of hex digits, like 01ff");
	for (i = 0; i < span.length; i++) {
		if (call_digit(span.start[i]) > 15)
			return call_bad(
				p,
				"'%.*s' are not hex digits, write bytes like 01ff "
				"or name a file with '@'",
				SHOW(span));
	}
	err = set_data(p, span.length / 2);
	if (err)
		return err;
	for (i = 0; i < span.length; i += 2)
		p->arg->data[i / 2] = (uint8_t)(call_digit(span.start[i]) << 4 |
						call_digit(span.start[i + 1]));
	p->arg->count = span.length / 2;
	return 0;
}

/* sizes and counts; element width applied, so that bytes fit in 63 bits */
static int parse_count(struct parser *p, struct span span, const char *what,
		       uint64_t *ret_count)
{
	uint32_t width = p->arg->type ? p->arg->type->width : 1;
	int err = call_parse_size(span.start, span.length, ret_count);

	if (err == -EINVAL)
		return call_bad(p, "a %s is needed, such as 16 or 4K, not '%.*s'", what,
				SHOW(span));
	if (err || *ret_count > (uint64_t)INT64_MAX / width)
		return call_bad(p, "%s %.*s is too large", what, SHOW(span));
	if (!*ret_count)
		return call_bad(p, "the %s must not be 0", what);
	return 0;
}

enum {
	CLAUSE_OFFSET = 1,
	CLAUSE_LENGTH = 2,
	CLAUSE_ALIGN = 4,
	CLAUSE_ID = 8,
};

/* ",offset=N" and the like at the end of a value */
static int parse_clauses(struct parser *p, struct span *value, unsigned int allowed)
{
	static const struct {
		const char *key;
		unsigned int bit;
	} keys[] = {
		{ "offset=", CLAUSE_OFFSET },
		{ "length=", CLAUSE_LENGTH },
		{ "align=", CLAUSE_ALIGN },
		{ "id=", CLAUSE_ID },
	};
	unsigned int seen = 0;
	uint64_t number;

	for (;;) {
		const char *comma = memrchr(value->start, ',', value->length);
		struct span rest;
		size_t i;
		int err;

		if (!comma)
			return 0;
		rest.start = comma + 1;
		rest.length = value->length - (size_t)(rest.start - value->start);
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if ((allowed & keys[i].bit) && span_takes(&rest, keys[i].key))
				break;
		}
		if (i == sizeof(keys) / sizeof(keys[0]))
			return 0;
		if (seen & keys[i].bit)
			return call_bad(p, "%s is given twice", keys[i].key);
		seen |= keys[i].bit;
		err = call_parse_size(rest.start, rest.length, &number);
		if (err || number > INT64_MAX)
			return call_bad(p, "%s needs a number, not '%.*s'", keys[i].key,
					SHOW(rest));
		switch (keys[i].bit) {
		case CLAUSE_OFFSET:
			p->arg->offset = number;
			break;
		case CLAUSE_LENGTH:
			if (!number)
				return call_bad(p, "length= must not be 0");
			p->arg->length = number;
			break;
		case CLAUSE_ALIGN:
			if (number != 1 && number != 2 && number != 4 && number != 8)
				return call_bad(p, "align= is 1, 2, 4 or 8");
			p->arg->align = (uint32_t)number;
			break;
		case CLAUSE_ID:
			if (!number || number > INT32_MAX)
				return call_bad(p, "id= is 1 to %d", INT32_MAX);
			p->arg->dsp_id = (int32_t)number;
			break;
		}
		value->length = (size_t)(comma - value->start);
	}
}

/* cut "@FILE" or ">FILE" off; the first character of a value is never the cut */
static int parse_out_file(struct parser *p, struct span *value)
{
	size_t i;

	for (i = 1; i < value->length; i++) {
		struct span file = { value->start + i + 1, value->length - i - 1 };

		if (value->start[i] != '@' && value->start[i] != '>')
			continue;
		if (!file.length)
			return call_bad(p, "a file name must follow '%c'",
					value->start[i]);
		value->length = i;
		return set_string(p, &p->arg->out_file, file);
	}
	return 0;
}

static int parse_scalar(struct parser *p, struct span value)
{
	int err;

	p->arg->count = 1;
	if (p->arg->dir == CALL_OUT)
		return 0;
	err = set_data(p, p->arg->type->width);
	if (err)
		return err;
	return call_value(p, value, p->arg->type, p->arg->data);
}

static int parse_struct(struct parser *p, struct span value)
{
	int err;

	err = parse_clauses(p, &value, CLAUSE_ALIGN);
	if (err)
		return err;
	if (p->arg->dir == CALL_OUT)
		err = parse_count(p, value, "size in bytes", &p->arg->count);
	else
		err = parse_hex(p, value);
	if (err)
		return err;
	/* the width of one member has to fit the scalar block's 32 bits */
	if (p->arg->count > UINT16_MAX)
		return call_bad(p, "a struct by value has at most %u bytes",
				UINT16_MAX);
	if (p->arg->align && p->arg->count % p->arg->align)
		return call_bad(p, "%llu bytes are no multiple of align=%u",
				(unsigned long long)p->arg->count, p->arg->align);
	if (!p->arg->align) {
		/* what a struct of that size with the widest members would have */
		p->arg->align = 8;
		while (p->arg->count % p->arg->align)
			p->arg->align /= 2;
	}
	return 0;
}

static int parse_seq(struct parser *p, struct span value)
{
	int err;

	if (p->arg->dir == CALL_OUT)
		return parse_count(p, value, "number of elements", &p->arg->count);
	if (!span_takes(&value, "@"))
		return parse_list(p, value);
	err = parse_clauses(p, &value, CLAUSE_OFFSET | CLAUSE_LENGTH);
	return err ? err : set_in_file(p, value);
}

static int parse_str(struct parser *p, struct span value)
{
	int err;

	if (p->arg->dir == CALL_OUT)
		return parse_count(p, value, "size in bytes, with its NUL",
				   &p->arg->count);
	if (span_takes(&value, "@") && (!value.length || value.start[0] != '@'))
		return set_in_file(p, value);	/* "@@" is a literal "@" */
	err = set_data(p, value.length + 1);
	if (err)
		return err;
	memcpy(p->arg->data, value.start, value.length);
	p->arg->count = value.length + 1;
	return 0;
}

static int parse_raw(struct parser *p, struct span value)
{
	int err;

	if (p->arg->dir == CALL_OUT)
		return parse_count(p, value, "size in bytes", &p->arg->count);
	if (!span_takes(&value, "@"))
		return parse_hex(p, value);
	err = parse_clauses(p, &value, CLAUSE_OFFSET | CLAUSE_LENGTH);
	return err ? err : set_in_file(p, value);
}

static int parse_buf(struct parser *p, struct span value)
{
	int err;

	if (p->arg->dir == CALL_OUT)
		return parse_count(p, value, "number of elements", &p->arg->count);
	if (!span_takes(&value, "@"))
		return call_bad(p, "buf: takes its input from a file, buf:@FILE");
	err = parse_clauses(p, &value, CLAUSE_OFFSET | CLAUSE_LENGTH);
	return err ? err : set_in_file(p, value);
}

/* a descriptor's number or a path */
static int parse_source(struct parser *p, struct span value)
{
	uint64_t number;
	int err;

	if (!value.length)
		return call_bad(p, "a descriptor's number or a path is needed");
	err = call_magnitude(value, &number);
	if (!err && number <= INT32_MAX) {
		p->arg->fd = (int)number;
		return 0;
	}
	if (memchr(value.start, '/', value.length))
		return set_string(p, &p->arg->path, value);
	return call_bad(p,
			"'%.*s' is neither a descriptor's number nor a path with a '/'",
			SHOW(value));
}

static int parse_dmabuf(struct parser *p, struct span value)
{
	int err = parse_clauses(p, &value, CLAUSE_OFFSET | CLAUSE_LENGTH);

	return err ? err : parse_source(p, value);
}

static int parse_handle(struct parser *p, struct span value)
{
	int err;

	if (value.length > 4 && !memcmp(value.start, "new=", 4)) {
		err = parse_out_file(p, &value);
		if (err)
			return err;
	}
	err = parse_clauses(p, &value, CLAUSE_OFFSET | CLAUSE_LENGTH | CLAUSE_ID);
	if (err)
		return err;
	if (p->arg->offset > UINT32_MAX || p->arg->length > UINT32_MAX)
		return call_bad(p, "offset and length of a handle have 32 bits");
	if (span_takes(&value, "new=")) {
		p->arg->fresh = true;
		return parse_count(p, value, "size in bytes", &p->arg->count);
	}
	if (span_takes(&value, "@"))
		return set_in_file(p, value);
	return parse_source(p, value);
}

static const struct {
	const char *name;
	enum call_form form;
	int (*parse)(struct parser *p, struct span value);
	unsigned int dirs;		/* bit per enum call_dir */
	bool elements;			/* ".TYPE" may follow, u8 if not */
	unsigned int file_dirs;		/* where "@FILE" takes the output */
	const char *usage;
} forms[] = {
	{ "seq", CALL_SEQ, parse_seq, 1 << CALL_IN | 1 << CALL_OUT | 1 << CALL_INOUT,
	  true, 1 << CALL_OUT | 1 << CALL_INOUT, "seq.i32:1,2,3" },
	{ "str", CALL_STR, parse_str, 1 << CALL_IN | 1 << CALL_OUT | 1 << CALL_INOUT,
	  false, 1 << CALL_OUT, "str:hello" },
	{ "hex", CALL_STRUCT, parse_struct,
	  1 << CALL_IN | 1 << CALL_OUT | 1 << CALL_INOUT, false,
	  1 << CALL_OUT | 1 << CALL_INOUT, "hex:01000000ff" },
	{ "raw", CALL_RAW, parse_raw, 1 << CALL_IN | 1 << CALL_OUT, false,
	  1 << CALL_OUT, "raw:@FILE" },
	{ "buf", CALL_BUF, parse_buf, 1 << CALL_IN | 1 << CALL_OUT, true,
	  1 << CALL_OUT, "buf:@FILE" },
	{ "dmabuf", CALL_DMABUF, parse_dmabuf, 1 << CALL_IN | 1 << CALL_OUT, true, 0,
	  "dmabuf:FD" },
	{ "handle", CALL_HANDLE, parse_handle, 1 << CALL_IN, false, 0, "handle:FD" },
};
#define NUM_FORMS (sizeof(forms) / sizeof(forms[0]))

static int parse_form(struct parser *p, struct span head, size_t *ret_form)
{
	static const struct span u8 = { "u8", 2 };
	struct call_arg *arg = p->arg;
	size_t i;

	*ret_form = NUM_FORMS;
	arg->type = call_find_type(head);
	if (arg->type) {
		arg->form = CALL_SCALAR;
		return 0;
	}
	for (i = 0; i < NUM_FORMS; i++) {
		struct span rest = head;

		if (!span_takes(&rest, forms[i].name))
			continue;
		if (rest.length && rest.start[0] != '.')
			continue;
		*ret_form = i;
		arg->form = forms[i].form;
		if (!rest.length) {
			if (arg->form == CALL_SEQ)
				return call_bad(p,
						"seq needs the type of its elements, "
						"like seq.i32 (" TYPE_NAMES ")");
			arg->type = call_find_type(u8);
			return 0;
		}
		if (!forms[i].elements)
			break;
		rest.start++;
		rest.length--;
		arg->type = call_find_type(rest);
		if (arg->type)
			return 0;
		return call_bad(p, "unknown element type '%.*s'; there are " TYPE_NAMES,
				SHOW(rest));
	}
	return call_bad(p, "unknown type '%.*s'; there are " TYPE_NAMES " " FORM_NAMES,
			SHOW(head));
}

/* the name ends where the value or the file begins */
static size_t head_length(const char *text)
{
	return strcspn(text, ":@>");
}

int call_arg_parse(const char *text, struct call_arg *arg, char *why, size_t why_size)
{
	struct parser p = { text, arg, why, why_size };
	struct span head = { text, head_length(text) };
	struct span value = { NULL, 0 };
	bool to_file, has_value;
	size_t form;
	int err;

	memset(arg, 0, sizeof(*arg));
	arg->fd = -1;
	arg->dir = CALL_IN;
	if (span_takes(&head, "out."))
		arg->dir = CALL_OUT;
	else if (span_takes(&head, "inout."))
		arg->dir = CALL_INOUT;
	else
		span_takes(&head, "in.");

	err = parse_form(&p, head, &form);
	if (err)
		return err;
	if (form < NUM_FORMS && !(forms[form].dirs & 1u << arg->dir))
		return call_bad(&p, "%s cannot be %s", forms[form].name,
			   arg->dir == CALL_OUT ? "an output" : "both in and out");
	to_file = form < NUM_FORMS ? forms[form].file_dirs & 1u << arg->dir :
				     arg->dir != CALL_IN;

	text = head.start + head.length;
	has_value = *text == ':';
	if (has_value)
		value = (struct span){ text + 1, strlen(text + 1) };
	if (form == NUM_FORMS && arg->dir == CALL_OUT) {
		if (has_value)
			return call_bad(&p, "an output of one value takes no value");
		/* one character for parse_out_file() to keep */
		if (*text) {
			value = (struct span){ text - 1, strlen(text) + 1 };
			return parse_out_file(&p, &value) ?: parse_scalar(&p, value);
		}
		return parse_scalar(&p, value);
	}
	if (!has_value)
		return call_bad(&p, "a value is missing, like %s%s",
			   arg->dir == CALL_OUT ? "out." :
			   arg->dir == CALL_INOUT ? "inout." : "",
			   form == NUM_FORMS ? "u32:5" :
			   arg->dir == CALL_OUT ? "seq.u8:16" : forms[form].usage);
	if (to_file) {
		err = parse_out_file(&p, &value);
		if (err)
			return err;
	}
	return form < NUM_FORMS ? forms[form].parse(&p, value) :
				  parse_scalar(&p, value);
}

void call_arg_free(struct call_arg *arg)
{
	free(arg->data);
	free(arg->in_file);
	free(arg->out_file);
	free(arg->path);
	memset(arg, 0, sizeof(*arg));
	arg->fd = -1;
}

void call_arg_name(const struct call_arg *arg, char *name, size_t size)
{
	const char *form = "";
	bool elements = arg->form == CALL_SCALAR;
	size_t i;

	for (i = 0; i < NUM_FORMS; i++) {
		if (arg->form == CALL_SCALAR || forms[i].form != arg->form)
			continue;
		form = forms[i].name;
		elements = forms[i].elements;
	}
	snprintf(name, size, "%s%s%s", form, *form && elements ? "." : "",
		 elements ? arg->type->name : "");
}
