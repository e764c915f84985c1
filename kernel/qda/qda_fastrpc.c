// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the driver makes itself: process control on the init handle, and the
 * attribute query. They carry their small arguments in the message memory, behind
 * the payload.
 */
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "qda_drv.h"

#define QDA_BLOCK_ALIGN		16
#define QDA_MAX_BLOCKS		4

static_assert(QDA_WIRE_PAYLOAD(QDA_MAX_BLOCKS) <= QDA_SLOT_BLOCKS);
static_assert(QDA_SLOT_BLOCKS + 2 * QDA_BLOCK_ALIGN +
	      QDA_UTIL_NUM_ATTRS * sizeof(__le32) <= QDA_SLOT_SIZE);

/**
 * qda_bus_addr() - an address as the DSP is told it
 * @session: whose bank
 * @addr: bus address in it
 *
 * Return: the address with the bank's stream id above it.
 */
u64 qda_bus_addr(const struct qda_session *session, dma_addr_t addr)
{
	return addr | (u64)session->bank->sid << session->qdev->soc->sid_pos;
}

/**
 * qda_client_id() - how the DSP tells sessions apart
 * @session: holds a bank
 *
 * Return: a number no other session of the DSP has, never 0.
 */
u32 qda_client_id(const struct qda_session *session)
{
	return session->bank->index + 1;
}

/* Write a control message; its slot is the caller's and session->lock is held */
static void qda_ctl_pack(struct qda_call *call, u32 handle, u32 sc,
			 const struct qda_ctl_block *blocks, unsigned int n)
{
	struct qda_session *session = call->session;
	struct qda_ctl_arg args[QDA_MAX_BLOCKS];
	size_t at = QDA_SLOT_BLOCKS;
	unsigned int i;

	lockdep_assert_held(&session->lock);
	/* never more than the slot has, so it cannot fail */
	qda_call_alloc_payload(call, QDA_SLOT_SIZE);
	call->handle = handle;
	call->sc = sc;
	call->out = NULL;
	for (i = 0; i < n; i++) {
		const struct qda_ctl_block *b = &blocks[i];

		args[i].len = b->len;
		args[i].bus = b->bus;
		if (!b->len || b->bus)
			continue;
		if (b->data)
			memcpy(call->payload + at, b->data, b->len);
		else
			memset(call->payload + at, 0, b->len);
		if (b->out) {
			call->out = b->out;
			call->out_at = at;
			call->out_len = b->len;
		}
		args[i].bus = qda_bus_addr(session, call->payload_dma + at);
		at += round_up(b->len, QDA_BLOCK_ALIGN);
	}
	qda_pack_ctl(call->payload, n, args);
}

/* When a control call that begins now has to be over, as qda_call_wait() takes it */
static s64 qda_ctl_deadline(struct qda_session *session)
{
	u64 limit;

	spin_lock_irq(&session->qdev->lock);
	limit = session->answer_ns;
	spin_unlock_irq(&session->qdev->lock);
	return limit ? ktime_get_ns() + limit : -1;
}

/**
 * qda_ctl_take() - a slot for a control call, waited for if it must be
 * @session: whose
 * @needs_pd: the call has no sense when the PD has ended
 * @ret_call: the slot
 *
 * Return: 0, -EINTR, -ETIMEDOUT, -ENODEV; with @needs_pd also what
 * qda_session_check() says.
 */
int qda_ctl_take(struct qda_session *session, bool needs_pd,
		 struct qda_call **ret_call)
{
	const s64 deadline = qda_ctl_deadline(session);
	struct qda_device *qdev = session->qdev;
	struct qda_call *call = NULL;
	unsigned int seq;
	int err = 0;

	for (;;) {
		qda_calls_reap(session);
		spin_lock_irq(&qdev->lock);
		if (needs_pd)
			err = qda_session_check(session);
		else if (qdev->lost)
			err = -ENODEV;
		if (!err)
			call = qda_call_try_take(session, QDA_SLOT_CTL,
						 QDA_SLOTS_CTL);
		seq = session->place_seq;
		spin_unlock_irq(&qdev->lock);
		if (err)
			return err;
		if (call)
			break;
		err = qda_place_wait(session, seq, deadline);
		if (err)
			return err;
	}
	call->deadline = deadline;
	*ret_call = call;
	return 0;
}

/* Hand a packed call to the DSP; on failure its end has been acted on */
static int qda_ctl_send(struct qda_call *call, struct qda_result *result)
{
	struct qda_session *session = call->session;
	struct qda_wire_msg msg;
	u64 ticket = 0;
	int err;

	mutex_lock(&session->lock);
	if (call->ended)
		err = qda_call_start(call, result, &msg, &ticket);
	else	/* buried since it was packed: its message memory is gone */
		err = READ_ONCE(session->qdev->lost) ? -ENODEV : -ECANCELED;
	mutex_unlock(&session->lock);
	if (err) {
		qda_call_collect(call, false, err, 0);
		return err;
	}
	return qda_call_send(call, ticket, &msg);
}

/**
 * qda_ctl_run() - send a packed control call and wait for its end
 * @call: owned by the caller until here
 * @ret_status: what the DSP answered
 *
 * Return: 0: answered. -EINTR, -ETIMEDOUT: the call goes on without the caller. Else
 * it has failed.
 */
int qda_ctl_run(struct qda_call *call, s32 *ret_status)
{
	/* the slot may have another owner once it is sent */
	const s64 deadline = call->deadline;
	struct qda_result result = { };
	int err;

	err = qda_ctl_send(call, &result);
	if (err)
		return err;
	err = qda_call_wait(call, &result, deadline);
	if (err)
		return err;
	if (result.collect)
		qda_call_collect(call, false, result.error, result.status);
	*ret_status = result.status;
	return result.error;
}

/**
 * qda_ctl_post() - send a packed control call nobody waits for
 * @call: owned by the caller until here
 *
 * Return: 0, -ENODEV, -ENOMEM, -ECANCELED.
 */
int qda_ctl_post(struct qda_call *call)
{
	return qda_ctl_send(call, NULL);
}

/* --- process control ----------------------------------------------------- */

void qda_pack_attach(struct qda_call *call)
{
	const __le32 client_id = cpu_to_le32(qda_client_id(call->session));
	const struct qda_ctl_block blocks[] = {
		{ .data = &client_id, .len = sizeof(client_id) },
	};

	qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_ATTACH, blocks,
		     ARRAY_SIZE(blocks));
}

/**
 * qda_pack_attach_static() - write CREATE_STATIC
 * @call: an attach
 * @name: of the PD
 *
 * Return: true: the DSP is offered its heap with it.
 */
bool qda_pack_attach_static(struct qda_call *call, const u8 *name)
{
	size_t len = strnlen(name, DRM_QDA_NAME_LEN - 1) + 1;
	struct qda_heap *heap = &call->session->qdev->heap;
	struct qda_wire_page page = { };
	const bool offered = qda_heap_wanted(name) && qda_heap_offer(heap, &page);
	const struct qda_wire_create_static create = {
		.client_id = cpu_to_le32(qda_client_id(call->session)),
		.namelen = cpu_to_le32(len),
		.num_pages = cpu_to_le32(offered),
	};
	const struct qda_ctl_block blocks[] = {
		{ .data = &create, .len = sizeof(create) },
		{ .data = name, .len = len },
		{ .data = &page, .len = sizeof(page) },
	};

	qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_CREATE_STATIC, blocks,
		     ARRAY_SIZE(blocks));
	return offered;
}

void qda_pack_create(struct qda_call *call,
		     const struct drm_qda_remote_session_create *a,
		     bool privileged, const struct qda_bo_map *shell)
{
	struct qda_session *session = call->session;
	u32 attrs = qda_create_attrs(a, privileged);
	char name[TASK_COMM_LEN] = { };
	struct qda_wire_create create;
	struct qda_wire_page page;
	struct qda_ctl_block blocks[4] = { };
	size_t len;

	get_task_comm(name, current);
	len = strnlen(name, sizeof(name) - 1) + 1;

	create.client_id = cpu_to_le32(qda_client_id(session));
	create.namelen = cpu_to_le32(len);
	create.filelen = cpu_to_le32(a->length);
	create.num_pages = cpu_to_le32(1);
	create.attrs = cpu_to_le32(attrs);
	create.siglen = cpu_to_le32(a->siglen);
	page.addr = cpu_to_le64(qda_bus_addr(session,
					     sg_dma_address(session->init_mem->sgl)));
	page.size = cpu_to_le64(qda_init_mem_size(a));

	blocks[0].data = &create;
	blocks[0].len = sizeof(create);
	blocks[1].data = name;
	blocks[1].len = len;
	blocks[2].len = a->length;
	if (shell)
		blocks[2].bus = qda_bus_addr(session, shell->addr) + a->offset;
	blocks[3].data = &page;
	blocks[3].len = sizeof(page);
	qda_ctl_pack(call, QDA_HANDLE_INIT,
		     attrs ? QDA_INIT_CREATE_ATTR : QDA_INIT_CREATE, blocks,
		     ARRAY_SIZE(blocks));
}

void qda_pack_release(struct qda_call *call)
{
	const __le32 client_id = cpu_to_le32(qda_client_id(call->session));
	const struct qda_ctl_block blocks[] = {
		{ .data = &client_id, .len = sizeof(client_id) },
	};

	qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_RELEASE, blocks,
		     ARRAY_SIZE(blocks));
}

void qda_pack_get_attrs(struct qda_call *call, __le32 *attrs)
{
	const __le32 count = cpu_to_le32(QDA_UTIL_NUM_ATTRS);
	const struct qda_ctl_block blocks[] = {
		{ .data = &count, .len = sizeof(count) },
		{ .len = QDA_UTIL_NUM_ATTRS * sizeof(*attrs), .out = attrs },
	};

	qda_ctl_pack(call, QDA_HANDLE_UTILITIES, QDA_UTIL_GET_ATTRS, blocks,
		     ARRAY_SIZE(blocks));
}

/* Memory maps are told by the DSP's own methods: with its name for the buffer */
void qda_pack_map(struct qda_call *call, u32 type, s32 dsp_id, u64 hint,
		  u64 bus, u64 size)
{
	const __le32 client_id = cpu_to_le32(qda_client_id(call->session));
	const struct qda_wire_page page = {
		.addr = cpu_to_le64(bus),
		.size = cpu_to_le64(size),
	};
	const struct qda_wire_mem_map mem_map = {
		.client_id = client_id,
		.dsp_id = cpu_to_le32((u32)dsp_id),
		.flags = cpu_to_le32(type),
		.vaddr = cpu_to_le64(hint),
		.num = cpu_to_le32(sizeof(page)),
	};
	const struct qda_wire_mmap mmap = {
		.client_id = client_id,
		.flags = cpu_to_le32(type),
		.vaddr = cpu_to_le64(hint),
		.num = cpu_to_le32(sizeof(page)),
	};
	const struct qda_ctl_block out = {
		.len = sizeof(call->out_word),
		.out = &call->out_word,
	};
	const struct qda_ctl_block in_page = {
		.data = &page,
		.len = sizeof(page),
	};
	const struct qda_ctl_block mem_map_blocks[] = {
		{ .data = &mem_map, .len = sizeof(mem_map) }, in_page, { }, out,
	};
	const struct qda_ctl_block mmap_blocks[] = {
		{ .data = &mmap, .len = sizeof(mmap) }, in_page, out,
	};

	call->out_word = 0;
	if (type == DRM_QDA_MAP_ADD_PAGES)
		qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_MMAP, mmap_blocks,
			     ARRAY_SIZE(mmap_blocks));
	else
		qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_MEM_MAP,
			     mem_map_blocks, ARRAY_SIZE(mem_map_blocks));
}

void qda_pack_unmap(struct qda_call *call, u32 type, s32 dsp_id, u64 addr,
		    u64 size)
{
	const __le32 client_id = cpu_to_le32(qda_client_id(call->session));
	const struct qda_wire_mem_unmap mem_unmap = {
		.client_id = client_id,
		.dsp_id = cpu_to_le32((u32)dsp_id),
		.vaddr = cpu_to_le64(addr),
		.length = cpu_to_le64(size),
	};
	const struct qda_wire_munmap munmap = {
		.client_id = client_id,
		.vaddr = cpu_to_le64(addr),
		.size = cpu_to_le64(size),
	};
	const struct qda_ctl_block mem_unmap_block = {
		.data = &mem_unmap,
		.len = sizeof(mem_unmap),
	};
	const struct qda_ctl_block munmap_block = {
		.data = &munmap,
		.len = sizeof(munmap),
	};

	if (type == DRM_QDA_MAP_ADD_PAGES)
		qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_MUNMAP,
			     &munmap_block, 1);
	else
		qda_ctl_pack(call, QDA_HANDLE_INIT, QDA_INIT_MEM_UNMAP,
			     &mem_unmap_block, 1);
}
