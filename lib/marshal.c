// SPDX-License-Identifier: MIT
/* Layout and packing of arguments; see marshal.h. */
#include <errno.h>
#include <string.h>

#include "objects.h"

/* A block of scalars while it is measured, written or read */
struct block {
	uint64_t pos;
	uint32_t align;		/* largest so far: the block is padded to it */
};

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* make room for a value; returns its offset */
static uint64_t block_take(struct block *block, uint64_t width, uint32_t align)
{
	uint64_t at = align_up(block->pos, align);

	block->pos = at + width;
	if (align > block->align)
		block->align = align;
	return at;
}

static uint64_t slice_take(uint64_t *pos, uint64_t bytes)
{
	uint64_t at = *pos;

	*pos += align_up(bytes, MARSHAL_ALIGN);
	return at;
}

static uint32_t value_align(const struct qda_arg *arg)
{
	return arg->align ? arg->align : arg->width;
}

/* kinds that have a place in the block of scalar inputs or outputs */
static bool is_value_in(const struct qda_arg *arg)
{
	return arg->kind == QDA_ARG_IN || arg->kind == QDA_ARG_INOUT;
}

static bool is_value_out(const struct qda_arg *arg)
{
	return arg->kind == QDA_ARG_OUT || arg->kind == QDA_ARG_INOUT;
}

/* kinds with a length or capacity among the scalar inputs */
static bool is_counted(const struct qda_arg *arg)
{
	return arg->kind == QDA_ARG_IN_SEQ || arg->kind == QDA_ARG_OUT_SEQ ||
	       arg->kind == QDA_ARG_INOUT_SEQ;
}

static bool is_buffer_in(const struct qda_arg *arg)
{
	return arg->kind == QDA_ARG_IN_SEQ || arg->kind == QDA_ARG_INOUT_SEQ ||
	       arg->kind == QDA_ARG_IN_RAW;
}

static bool is_buffer_out(const struct qda_arg *arg)
{
	return arg->kind == QDA_ARG_OUT_SEQ || arg->kind == QDA_ARG_INOUT_SEQ ||
	       arg->kind == QDA_ARG_OUT_RAW;
}

static int check_value(const struct qda_arg *arg)
{
	uint32_t align = value_align(arg);

	if (!arg->data || !arg->width || arg->dsp_id || arg->buffer || arg->offset ||
	    arg->count)
		return -EINVAL;
	if (align > MARSHAL_ALIGN || (align & (align - 1)) || arg->width % align)
		return -EINVAL;
	return 0;
}

static int check_range(const struct qda_arg *arg, const struct qda_session *session,
		       uint64_t bytes)
{
	const struct qda_buffer *buffer = arg->buffer;

	if (buffer->session != session || arg->offset > buffer->size ||
	    bytes > buffer->size - arg->offset)
		return -EINVAL;
	return 0;
}

static int check_sequence(const struct qda_arg *arg,
			  const struct qda_session *session)
{
	uint64_t bytes;

	if (!arg->width || arg->align || arg->dsp_id)
		return -EINVAL;
	if (is_counted(arg) ? arg->count > UINT32_MAX : arg->width != 1)
		return is_counted(arg) ? -E2BIG : -EINVAL;
	if (__builtin_mul_overflow(arg->count, arg->width, &bytes) ||
	    bytes > MARSHAL_MAX_SCRATCH)
		return -E2BIG;
	if (!arg->buffer)
		return arg->offset || (bytes && !arg->data) ? -EINVAL : 0;
	if (arg->data || arg->kind == QDA_ARG_INOUT_SEQ)
		return -EINVAL;
	return check_range(arg, session, bytes);
}

static int check_handle(const struct qda_arg *arg, const struct qda_session *session)
{
	if (!arg->buffer || arg->data || arg->align || arg->width != 1 ||
	    arg->dsp_id < 1 || !arg->count)
		return -EINVAL;
	if (arg->offset > UINT32_MAX || arg->count > UINT32_MAX)
		return -E2BIG;
	return check_range(arg, session, arg->count);
}

static int check_arg(const struct qda_arg *arg, const struct qda_session *session)
{
	switch (arg->kind) {
	case QDA_ARG_IN:
	case QDA_ARG_OUT:
	case QDA_ARG_INOUT:
		return check_value(arg);
	case QDA_ARG_IN_SEQ:
	case QDA_ARG_OUT_SEQ:
	case QDA_ARG_INOUT_SEQ:
	case QDA_ARG_IN_RAW:
	case QDA_ARG_OUT_RAW:
		return check_sequence(arg, session);
	case QDA_ARG_HANDLE:
		return check_handle(arg, session);
	default:
		return -EINVAL;
	}
}

int marshal_plan(struct marshal_plan *plan, const struct qda_session *session,
		 uint32_t method, const struct qda_arg *args, size_t num_args)
{
	struct block in = { 0, 1 }, out = { 0, 1 };
	uint64_t in_bytes = 0, out_bytes = 0;
	unsigned int num_in = 0, num_out = 0, num_handles = 0;
	size_t i;
	int err;

	plan->refused = 0;
	if (num_args && !args)
		return -EINVAL;

	if (method >= MARSHAL_LONG_METHOD)
		block_take(&in, sizeof(uint32_t), sizeof(uint32_t));

	for (i = 0; i < num_args; i++) {
		const struct qda_arg *arg = &args[i];
		uint64_t bytes;

		plan->refused = i;
		err = check_arg(arg, session);
		if (err)
			return err;

		if (is_value_in(arg))
			block_take(&in, arg->width, value_align(arg));
		if (is_value_out(arg))
			block_take(&out, arg->width, value_align(arg));
		if (is_counted(arg))
			block_take(&in, sizeof(uint32_t), sizeof(uint32_t));

		bytes = arg->buffer ? 0 : arg->width * arg->count;
		if (is_buffer_in(arg)) {
			num_in++;
			slice_take(&in_bytes, bytes);
		}
		if (is_buffer_out(arg)) {
			num_out++;
			slice_take(&out_bytes, bytes);
		}
		if (arg->kind == QDA_ARG_HANDLE)
			num_handles++;

		/* each step adds less than the limits leave free in 64 bits */
		if (in.pos > MARSHAL_MAX_BLOCK || out.pos > MARSHAL_MAX_BLOCK ||
		    in_bytes > MARSHAL_MAX_SCRATCH || out_bytes > MARSHAL_MAX_SCRATCH)
			return -E2BIG;
		if (num_in > MARSHAL_MAX_BUFFERS || num_out > MARSHAL_MAX_BUFFERS ||
		    num_handles > MARSHAL_MAX_HANDLES)
			return -E2BIG;
	}

	num_in += in.pos != 0;
	num_out += out.pos != 0;
	if (num_in > MARSHAL_MAX_BUFFERS || num_out > MARSHAL_MAX_BUFFERS)
		return -E2BIG;

	plan->prim_in = align_up(in.pos, in.align);
	plan->prim_out = align_up(out.pos, out.align);
	plan->out_base = align_up(plan->prim_in, MARSHAL_ALIGN) + in_bytes;
	plan->scratch = plan->out_base + align_up(plan->prim_out, MARSHAL_ALIGN) +
			out_bytes;
	if (plan->scratch > MARSHAL_MAX_SCRATCH)
		return -E2BIG;
	plan->method = method;
	if (method > MARSHAL_LONG_METHOD)
		method = MARSHAL_LONG_METHOD;
	plan->scalars = method << 24 | num_in << 16 | num_out << 8 | num_handles << 4;
	plan->num_args = num_in + num_out + num_handles;
	return 0;
}

/* one argument of the message; the slice's place is taken in any case */
static void put_slice(struct kapi_arg *karg, uint32_t handle, uint64_t offset,
		      uint64_t bytes)
{
	memset(karg, 0, sizeof(*karg));
	if (!bytes)
		return;
	karg->handle = handle;
	karg->offset = offset;
	karg->length = bytes;
}

void marshal_args(const struct marshal_plan *plan, const struct qda_arg *args,
		  size_t num_args, uint32_t handle, uint64_t offset,
		  struct kapi_arg *kargs)
{
	unsigned int num_in = plan->scalars >> 16 & 0xff;
	unsigned int num_out = plan->scalars >> 8 & 0xff;
	struct kapi_arg *in = kargs;
	struct kapi_arg *out = in + num_in;
	struct kapi_arg *dma = out + num_out;
	uint64_t in_pos = offset, out_pos = offset + plan->out_base;
	size_t i;

	if (plan->prim_in)
		put_slice(in++, handle, slice_take(&in_pos, plan->prim_in),
			  plan->prim_in);
	if (plan->prim_out)
		put_slice(out++, handle, slice_take(&out_pos, plan->prim_out),
			  plan->prim_out);

	for (i = 0; i < num_args; i++) {
		const struct qda_arg *arg = &args[i];
		const struct qda_buffer *buffer = arg->buffer;
		uint64_t bytes = arg->width * arg->count;

		if (arg->kind == QDA_ARG_HANDLE) {
			put_slice(dma, buffer->handle, arg->offset, bytes);
			dma->flags = KAPI_ARG_DSP_ID;
			dma->dsp_id = arg->dsp_id;
			dma++;
			continue;
		}
		if (is_buffer_in(arg)) {
			if (buffer)
				put_slice(in++, buffer->handle, arg->offset, bytes);
			else
				put_slice(in++, handle, slice_take(&in_pos, bytes),
					  bytes);
		}
		if (is_buffer_out(arg)) {
			if (buffer)
				put_slice(out++, buffer->handle, arg->offset, bytes);
			else
				put_slice(out++, handle, slice_take(&out_pos, bytes),
					  bytes);
		}
	}
}

void marshal_in(const struct marshal_plan *plan, const struct qda_arg *args,
		size_t num_args, uint8_t *scratch)
{
	struct block block = { 0, 1 };
	uint64_t pos = align_up(plan->prim_in, MARSHAL_ALIGN);
	size_t i;

	/* padding, and outputs that the method leaves alone, are not old data */
	if (plan->prim_in)
		memset(scratch, 0, plan->prim_in);
	if (plan->prim_out)
		memset(scratch + plan->out_base, 0, plan->prim_out);

	if (plan->method >= MARSHAL_LONG_METHOD) {
		block_take(&block, sizeof(uint32_t), sizeof(uint32_t));
		memcpy(scratch, &plan->method, sizeof(uint32_t));
	}

	for (i = 0; i < num_args; i++) {
		const struct qda_arg *arg = &args[i];

		if (is_value_in(arg)) {
			memcpy(scratch + block_take(&block, arg->width,
						    value_align(arg)),
			       arg->data, arg->width);
		} else if (is_counted(arg)) {
			uint32_t count = (uint32_t)arg->count;

			memcpy(scratch + block_take(&block, sizeof(count),
						    sizeof(count)),
			       &count, sizeof(count));
		}
		if (is_buffer_in(arg) && !arg->buffer && arg->count) {
			uint64_t bytes = arg->width * arg->count;

			memcpy(scratch + slice_take(&pos, bytes), arg->data, bytes);
		}
	}
}

void marshal_out(const struct marshal_plan *plan, const struct qda_arg *args,
		 size_t num_args, const uint8_t *scratch)
{
	struct block block = { 0, 1 };
	uint64_t pos = align_up(plan->prim_out, MARSHAL_ALIGN);
	size_t i;

	scratch += plan->out_base;
	for (i = 0; i < num_args; i++) {
		const struct qda_arg *arg = &args[i];

		if (is_value_out(arg)) {
			memcpy(arg->data,
			       scratch + block_take(&block, arg->width,
						    value_align(arg)),
			       arg->width);
		} else if (is_buffer_out(arg) && !arg->buffer && arg->count) {
			uint64_t bytes = arg->width * arg->count;

			memcpy(arg->data, scratch + slice_take(&pos, bytes), bytes);
		}
	}
}
