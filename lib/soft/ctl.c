// SPDX-License-Identifier: MIT
/* Calls the kernel makes itself, on the root lane. */
#include <errno.h>
#include <string.h>

#include "soft.h"

#define BLOCK_ALIGN	16
#define MAX_BLOCKS	4

static size_t block_size(size_t len)
{
	return (len + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1);
}

void ctl_pack(struct file *file, struct call *call, uint32_t handle, uint32_t sc,
	      const struct ctl_block *blocks, unsigned int n)
{
	struct qda_ctl_arg args[MAX_BLOCKS];
	uint8_t *base = call_payload(file, call);
	size_t at = SLOT_BLOCKS;
	unsigned int i;

	call->handle = handle;
	call->sc = sc;
	for (i = 0; i < n; i++) {
		const struct ctl_block *b = &blocks[i];

		args[i].len = b->len;
		args[i].bus = b->bus;
		if (!b->len || b->bus)
			continue;
		if (b->out)
			memset(base + at, 0, b->len);
		else
			memcpy(base + at, b->data, b->len);
		args[i].bus = call_bus(file, call, at);
		at += block_size(b->len);
	}
	qda_pack_ctl(base, n, args);
}

/*
 * The output is the last block and all before it are inputs of this call, so
 * its place follows from what was sent, not from what the DSP may have changed.
 */
const void *ctl_out(const struct file *file, const struct call *call)
{
	size_t at = SLOT_BLOCKS;

	switch (call->sc) {
	case QDA_INIT_MMAP:
		at += block_size(sizeof(struct qda_wire_mmap)) +
		      block_size(sizeof(struct qda_wire_page));
		break;
	case QDA_INIT_MEM_MAP:
		at += block_size(sizeof(struct qda_wire_mem_map)) +
		      block_size(sizeof(struct qda_wire_page));
		break;
	case QDA_UTIL_GET_ATTRS:
		at += block_size(sizeof(__le32));
		break;
	default:
		break;
	}
	return call_payload(file, call) + at;
}

int ctl_take(struct file *file, struct call **ret_call)
{
	int64_t deadline = DEADLINE_NEVER;
	struct call *call;
	int err;

	if (file->answer_ns)
		deadline = clock_now() + file->answer_ns;
	for (;;) {
		if (file->lost)
			return -ENODEV;
		call = call_take(file, SLOTS_USER, SLOTS_CTL);
		if (call)
			break;
		if (deadline != DEADLINE_NEVER && clock_now() >= deadline)
			return -ETIMEDOUT;
		err = calls_pump(file, true, deadline);
		if (err)
			return err;
	}
	call->deadline = deadline;
	*ret_call = call;
	return 0;
}

int ctl_run(struct file *file, struct call *call, int32_t *ret_status)
{
	struct lane *root = &file->lanes[ROOT_LANE];
	/* the slot may have another owner once it is sent */
	int64_t deadline = call->deadline;
	struct result result = { .done = false };
	int err;

	call->result = &result;
	call_start(file, call, root);
	err = call_send(file, call, (uint32_t)soft_thread()->tid);
	if (err)
		return err;
	err = lane_wait(file, root, &result, deadline);
	if (err) {
		/* goes on without us; ended() will know */
		call->result = NULL;
		return err;
	}
	*ret_status = result.status;
	return result.error;
}

void ctl_post(struct file *file, struct call *call)
{
	call->result = NULL;
	call_start(file, call, &file->lanes[ROOT_LANE]);
	call_send(file, call, (uint32_t)soft_thread()->tid);
}
