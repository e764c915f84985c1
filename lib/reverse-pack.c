// SPDX-License-Identifier: MIT
/*
 * The packed form of reverse calls: for each block a 32 bit length, and if it has
 * bytes that are sent, padding to a multiple of 8 and the bytes. A request has all
 * inputs that way and then the lengths of the outputs, an answer has the outputs.
 */
#include <stdlib.h>
#include <string.h>

#include "aee.h"
#include "reverse.h"

#define SC_METHOD(sc)	((sc) >> 24 & 0x1f)
#define SC_IN(sc)	((sc) >> 16 & 0xff)
#define SC_OUT(sc)	((sc) >> 8 & 0xff)
#define SC_HANDLES(sc)	((sc) & 0xff)
#define SC_ATTRIBUTES(sc)	((sc) >> 29)

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static bool get_length(const uint8_t *request, size_t size, size_t *at, uint32_t *ret)
{
	if (size < sizeof(*ret) || *at > size - sizeof(*ret))
		return false;
	memcpy(ret, request + *at, sizeof(*ret));
	*at += sizeof(*ret);
	return true;
}

static const char *unpack_inputs(struct reverse_frame *frame, uint8_t *request,
				 size_t size, size_t *at)
{
	struct qda_reverse_arg *arg = frame->args;
	size_t i;
	uint32_t len;

	for (i = 0; i < frame->call.num_in; i++, arg++) {
		if (!get_length(request, size, at, &len))
			return "the request ends before its inputs do";
		arg->size = len;
		arg->data = NULL;
		if (!len)
			continue;
		*at = align8(*at);
		if (*at > size || len > size - *at)
			return "an input is longer than the request";
		arg->data = request + *at;
		*at += len;
	}
	return NULL;
}

/* lengths first, then memory for all, then where each is in it */
static const char *make_answer(struct reverse_frame *frame, const uint8_t *request,
			       size_t size, size_t at)
{
	struct qda_reverse_arg *out = frame->args + frame->call.num_in;
	size_t i, need = 0;
	uint32_t len;

	for (i = 0; i < frame->call.num_out; i++) {
		if (!get_length(request, size, &at, &len))
			return "the request ends before the lengths of its outputs do";
		out[i].size = len;
		need += sizeof(len);
		/* one alone may be what a size_t cannot add */
		if (len > REVERSE_MAX_SIZE)
			return "it asks for an answer that is too large";
		if (len)
			need = align8(need) + len;
		if (need > REVERSE_MAX_SIZE)
			return "it asks for an answer that is too large";
	}
	if (!need)
		return NULL;
	frame->answer = calloc(1, need);
	if (!frame->answer)
		return "there is no memory for the answer";
	frame->answer_size = need;
	for (i = 0, need = 0; i < frame->call.num_out; i++) {
		len = (uint32_t)out[i].size;
		memcpy(frame->answer + need, &len, sizeof(len));
		need += sizeof(len);
		out[i].data = NULL;
		if (!len)
			continue;
		need = align8(need);
		out[i].data = frame->answer + need;
		need += len;
	}
	return NULL;
}

int32_t reverse_unpack(struct reverse_frame *frame, uint32_t handle, uint32_t scalars,
		       void *request, size_t size, const char **ret_why)
{
	size_t at = 0;

	frame->answer = NULL;
	frame->answer_size = 0;
	frame->call = (struct qda_reverse_call){
		.size = sizeof(frame->call),
		.method = SC_METHOD(scalars),
		.handle = handle,
		.in = frame->args,
		.num_in = SC_IN(scalars),
		.out = frame->args + SC_IN(scalars),
		.num_out = SC_OUT(scalars),
	};
	if (SC_HANDLES(scalars) || SC_ATTRIBUTES(scalars)) {
		*ret_why = "it carries handles, which reverse calls cannot";
		return AEE_EBADPARM;
	}
	*ret_why = unpack_inputs(frame, request, size, &at);
	if (!*ret_why)
		*ret_why = make_answer(frame, request, size, at);
	if (!*ret_why)
		return 0;
	reverse_frame_free(frame);
	return AEE_EBADSIZE;
}

void reverse_frame_free(struct reverse_frame *frame)
{
	free(frame->answer);
	frame->answer = NULL;
	frame->answer_size = 0;
}
