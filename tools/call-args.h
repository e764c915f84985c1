/* SPDX-License-Identifier: MIT */
/*
 * The argument grammar of "qda-run call": one word of the command line is one
 * argument of the method. Pure: reads no file, knows no device.
 *
 *	[in.|out.|inout.]FORM[:VALUE][@FILE]
 */
#ifndef QDA_RUN_CALL_ARGS_H
#define QDA_RUN_CALL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_dir {
	CALL_IN = 1,
	CALL_OUT = 2,
	CALL_INOUT = CALL_IN | CALL_OUT,
};

enum call_form {
	CALL_SCALAR,
	CALL_STRUCT,		/* hex: bytes by value */
	CALL_SEQ,
	CALL_STR,
	CALL_RAW,
	CALL_BUF,		/* memory shared with the DSP, from or to a file */
	CALL_DMABUF,		/* memory somebody else allocated */
	CALL_HANDLE,		/* dma handle */
};

enum call_kind {
	CALL_SIGNED,
	CALL_UNSIGNED,
	CALL_FLOAT,
	CALL_BOOL,
};

struct call_type {
	const char *name;
	uint32_t width;
	enum call_kind kind;
};

struct call_arg {
	enum call_dir dir;
	enum call_form form;
	const struct call_type *type;	/* of the value or the elements */
	uint32_t align;			/* CALL_STRUCT */
	uint8_t *data;			/* input given on the command line */
	size_t size;			/* its bytes */
	uint64_t count;			/* elements (CALL_STRUCT, CALL_RAW: bytes) */
	char *in_file;			/* input comes from here */
	char *out_file;			/* output goes here */
	char *path;			/* CALL_DMABUF, CALL_HANDLE: by name */
	int fd;				/* the same by number, else -1 */
	bool fresh;			/* CALL_HANDLE: count bytes, allocated */
	uint64_t offset;
	uint64_t length;		/* bytes; 0: to the end */
	int32_t dsp_id;			/* CALL_HANDLE; 0: chosen */
};

/*
 * Parse one argument. Returns 0, or -EINVAL or -ENOMEM with a sentence in why.
 * call_arg_free() it in any case.
 */
int call_arg_parse(const char *text, struct call_arg *arg, char *why,
		   size_t why_size);
void call_arg_free(struct call_arg *arg);

/* "seq.i32", "out.i64", ... as it was given, without the value */
void call_arg_name(const struct call_arg *arg, char *name, size_t size);

/* Decimal or 0x number with an optional suffix K, M or G (powers of 1024). */
int call_parse_size(const char *text, size_t length, uint64_t *ret_value);

#endif
