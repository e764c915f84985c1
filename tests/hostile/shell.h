/* SPDX-License-Identifier: MIT */
/* What the parts of the hostile shell image share */
#ifndef QDA_HOSTILE_SHELL_H
#define QDA_HOSTILE_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script.h"

#define MAX_OUT		255

/* --- shell.c ------------------------------------------------------------ */

/* the case has failed: nothing more is done */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* words of a line, or it fails */
uint64_t number(const char *text);
void block(const char *text, struct bytes *to);

/* --- request.c ---------------------------------------------------------- */

/* the call that the client has, or had last, and what it said */
struct request {
	bool open;		/* no answer yet */
	uint32_t ctx, handle, sc, needed;
	struct bytes packed;
	uint32_t out_len[MAX_OUT];
	unsigned int num_out;
	int32_t result;
	struct bytes answer;
	const uint8_t *out[MAX_OUT];
};

extern struct request request;

/* a line's words, README.md */
void request_call(char *words);
void request_open(const char *name);
/* What a DSP insists on: the outputs have the sizes that it asked for */
void request_answer(uint32_t ctx, int32_t result, const uint8_t *data, size_t size);
void request_expect(const char *code);
void request_compare(const char *index, const char *expected);
void request_save(const char *name, const char *index, const char *at);

#endif
