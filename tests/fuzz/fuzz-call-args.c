// SPDX-License-Identifier: MIT
/* The argument grammar of "qda-run call", and what it promises to its users. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call-args.h"
#include "plant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct call_arg *arg)
{
	char name[24];
	uint64_t bytes;

	if (!arg->type || !(arg->dir & CALL_INOUT))
		abort();
	call_arg_name(arg, name, sizeof(name));
	if (!*name || strlen(name) + 1 >= sizeof(name))
		abort();
	if (__builtin_mul_overflow(arg->count, arg->type->width, &bytes))
		abort();
	/* what is not an input from elsewhere has its bytes here */
	if (arg->dir & CALL_IN && !arg->in_file && arg->form != CALL_DMABUF &&
	    arg->form != CALL_HANDLE) {
		if (!arg->data || arg->size != bytes)
			abort();
		/* touch it all */
		for (size_t i = 0; i < arg->size; i++) {
			if (arg->data[i] == 0xff && arg->type->kind == CALL_BOOL)
				abort();
		}
	}
	if (arg->dir == CALL_OUT && arg->form != CALL_DMABUF && !arg->count)
		abort();
	if (arg->in_file && !*arg->in_file)
		abort();
	if (arg->out_file && (!*arg->out_file || (arg->dir == CALL_IN &&
						  arg->form != CALL_HANDLE)))
		abort();
	if ((arg->form == CALL_DMABUF) && !arg->path == (arg->fd < 0))
		abort();
	if (arg->form == CALL_STRUCT && (!arg->align || arg->count % arg->align))
		abort();
	if (arg->dsp_id < 0 || arg->offset > INT64_MAX || arg->length > INT64_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[200] = "";
	struct call_arg arg;
	char *text = malloc(size + 1);
	int err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	err = call_arg_parse(text, &arg, why, sizeof(why));
	if (!err) {
		check(&arg);
		FUZZ_PLANT(arg.form == CALL_SEQ && arg.type->width == 2 &&
			   arg.count == 3 && arg.data);
	} else if ((err != -EINVAL && err != -ENOMEM) || !*why) {
		abort();
	}
	call_arg_free(&arg);
	free(text);
	return 0;
}
