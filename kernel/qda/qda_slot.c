// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: where calls live while they are in flight, with the memory of their messages.
 *
 * They are allocated in chunks, when so many calls are in flight at once for the first
 * time. The first chunk is part of its session and gets message memory with the bank,
 * because releases and control calls must not fail for want of it. Only calls with
 * more arguments than a slot has room for get memory of their own.
 *
 * In a lazy IOMMU domain this memory can be reached by the DSP for some milliseconds
 * after it was freed, as all DMA memory can: the DMA API unmaps and frees in one step.
 */
#include <linux/dma-mapping.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "qda_drv.h"

#define QDA_POOL_SIZE	((size_t)QDA_CHUNK_SLOTS * QDA_SLOT_SIZE)

static_assert(QDA_NUM_SLOTS <= QDA_CTX_ID_MASK);
static_assert(QDA_MAX_BANKS == 1 << QDA_CTX_BANK_BITS);
static_assert(QDA_SLOT_USER < QDA_CHUNK_SLOTS);
static_assert(QDA_SLOTS_USER > QDA_MAX_IN_FLIGHT + 32);

/* --- chunks -------------------------------------------------------------- */

static void qda_chunk_init(struct qda_session *session, unsigned int index,
			   struct qda_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < QDA_CHUNK_SLOTS; i++) {
		struct qda_call *call = &chunk->calls[i];

		call->session = session;
		call->slot = index * QDA_CHUNK_SLOTS + i;
		call->maps = call->few_maps;
		INIT_LIST_HEAD(&call->reap_node);
		init_waitqueue_head(&call->wq);
	}
	session->chunks[index] = chunk;
}

/**
 * qda_slots_init() - give a session its first slots
 * @session: nobody else knows it yet
 */
void qda_slots_init(struct qda_session *session)
{
	qda_chunk_init(session, 0, &session->first_chunk);
	session->num_chunks = 1;
}

/**
 * qda_slots_fini() - undo qda_slots_init() and qda_slots_grow()
 * @session: nobody knows it any more
 */
void qda_slots_fini(struct qda_session *session)
{
	while (session->num_chunks > 1)
		kvfree(session->chunks[--session->num_chunks]);
}

static int qda_chunk_alloc_pool(struct qda_session *session,
				struct qda_chunk *chunk)
{
	lockdep_assert_held(&session->lock);
	chunk->pool = dma_alloc_coherent(session->bank->dev, QDA_POOL_SIZE,
					 &chunk->pool_dma,
					 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return chunk->pool ? 0 : -ENOMEM;
}

/**
 * qda_slots_add() - let a chunk of slots be used
 * @session: whose lock is held
 * @chunk: zeroed but for its message memory; the session's from now on
 */
void qda_slots_add(struct qda_session *session, struct qda_chunk *chunk)
{
	lockdep_assert_held(&session->lock);
	qda_chunk_init(session, session->num_chunks, chunk);
	spin_lock_irq(&session->qdev->lock);
	session->num_chunks++;
	spin_unlock_irq(&session->qdev->lock);
}

/**
 * qda_slots_grow() - more slots for calls of user space
 * @session: whose
 * @have: its number of chunks when there was no free slot
 *
 * Return: 0: look again; -ENOMEM, or what qda_session_check() says.
 */
int qda_slots_grow(struct qda_session *session, unsigned int have)
{
	struct qda_chunk *chunk;
	int err;

	mutex_lock(&session->lock);
	err = qda_session_check(session);
	if (err || session->num_chunks != have || have >= QDA_NUM_CHUNKS)
		goto unlock;
	chunk = kvzalloc_obj(*chunk, GFP_KERNEL_ACCOUNT);
	if (!chunk) {
		err = -ENOMEM;
		goto unlock;
	}
	err = qda_chunk_alloc_pool(session, chunk);
	if (err) {
		kvfree(chunk);
		goto unlock;
	}
	qda_slots_add(session, chunk);
unlock:
	mutex_unlock(&session->lock);
	return err;
}

/* --- slots --------------------------------------------------------------- */

/**
 * qda_call_at() - the slot an id names
 * @session: whose; its lock, or its device's lock, is held
 * @id: anything
 *
 * Return: the slot, in whatever state, or NULL.
 */
struct qda_call *qda_call_at(struct qda_session *session, unsigned int id)
{
	const unsigned int count = qda_num_slots(session);
	unsigned int slot = id - 1;

	if (slot >= count)
		return NULL;
	return qda_slot(session, array_index_nospec(slot, count));
}

/**
 * qda_call_try_take() - take a free slot
 * @session: whose slot
 * @first: first slot that will do
 * @count: how many of them, not all of which need exist
 *
 * Called with &qda_device.lock held. The slot is the caller's until it has been
 * started or dropped.
 *
 * Return: the slot, or NULL when there is none.
 */
struct qda_call *qda_call_try_take(struct qda_session *session,
				   unsigned int first, unsigned int count)
{
	const unsigned int end = min(first + count, qda_num_slots(session));
	unsigned int i;

	lockdep_assert_held(&session->qdev->lock);
	for (i = first; i < end; i++) {
		struct qda_call *call = qda_slot(session, i);

		if (call->state != QDA_CALL_FREE)
			continue;
		call->state = QDA_CALL_TAKEN;
		call->survives = false;
		call->result = NULL;
		call->event = NULL;
		call->ended = NULL;
		call->ended_data = NULL;
		call->out = NULL;
		call->num_finished = 0;
		call->user_data = 0;
		call->counted = i >= QDA_SLOT_USER;
		if (call->counted)
			session->in_flight++;
		return call;
	}
	return NULL;
}

/**
 * qda_call_uncount() - a call is not in flight any more
 * @call: which
 *
 * Called with &qda_device.lock held.
 */
void qda_call_uncount(struct qda_call *call)
{
	lockdep_assert_held(&call->session->qdev->lock);
	if (call->counted)
		call->session->in_flight--;
	call->counted = false;
}

/**
 * qda_call_drop() - give a slot back
 * @call: owned by the caller, pins nothing
 */
void qda_call_drop(struct qda_call *call)
{
	struct qda_device *qdev = call->session->qdev;

	spin_lock_irq(&qdev->lock);
	qda_call_uncount(call);
	call->state = QDA_CALL_FREE;
	qda_place_wake(call->session);
	spin_unlock_irq(&qdev->lock);
}

/**
 * qda_place_wake() - somebody in qda_place_wait() should look again
 * @session: whose slots they wait for
 *
 * Called with &qda_device.lock held.
 */
void qda_place_wake(struct qda_session *session)
{
	lockdep_assert_held(&session->qdev->lock);
	WRITE_ONCE(session->place_seq, session->place_seq + 1);
	if (wq_has_sleeper(&session->place_wq))
		wake_up_all(&session->place_wq);
}

/**
 * qda_place_wait() - wait until a slot may have become free
 * @session: whose
 * @seq: &qda_session.place_seq, read under the lock when there was none
 * @deadline: absolute CLOCK_MONOTONIC nanoseconds; negative: no limit
 *
 * Return: 0, -EINTR, -ETIMEDOUT.
 */
int qda_place_wait(struct qda_session *session, unsigned int seq, s64 deadline)
{
	wait_queue_head_t *wq = &session->place_wq;
	ktime_t left = deadline > 0 ?
		       ktime_sub(ns_to_ktime(deadline), ktime_get()) : 0;
	int err = -ETIME;

	if (deadline < 0)
		err = wait_event_freezable(*wq, seq != READ_ONCE(session->place_seq));
	else if (left > 0)
		err = qda_wait_event_left(*wq, seq != READ_ONCE(session->place_seq),
					  left);
	if (!err)
		return 0;
	return err == -ETIME ? -ETIMEDOUT : -EINTR;
}

/* --- message memory ------------------------------------------------------ */

/**
 * qda_pools_alloc() - allocate the message memory of the first slots
 * @session: has just got its bank; its lock is held. It cannot have more slots: they
 *	are added while there is a PD, and after that there is never another bank
 *	for user space's calls
 *
 * Return: 0 or -ENOMEM.
 */
int qda_pools_alloc(struct qda_session *session)
{
	return qda_chunk_alloc_pool(session, session->chunks[0]);
}

/**
 * qda_pools_free() - free message memory
 * @session: about to give its bank back; its lock is held
 */
void qda_pools_free(struct qda_session *session)
{
	unsigned int i;

	lockdep_assert_held(&session->lock);
	for (i = 0; i < session->num_chunks; i++) {
		struct qda_chunk *chunk = session->chunks[i];

		if (chunk->pool)
			dma_free_coherent(session->bank->dev, QDA_POOL_SIZE,
					  chunk->pool, chunk->pool_dma);
		chunk->pool = NULL;
	}
	/* before the bank is another session's */
	qda_bank_flush(session->bank);
}

/**
 * qda_call_alloc_payload() - message memory for a call
 * @call: TAKEN; session->lock is held
 * @size: bytes it needs
 *
 * Return: 0 or -ENOMEM; never fails up to %QDA_SLOT_SIZE.
 */
int qda_call_alloc_payload(struct qda_call *call, size_t size)
{
	struct qda_session *session = call->session;
	size_t at = call->slot % QDA_CHUNK_SLOTS * QDA_SLOT_SIZE;
	const struct qda_chunk *chunk;

	lockdep_assert_held(&session->lock);
	if (size <= QDA_SLOT_SIZE) {
		chunk = session->chunks[call->slot / QDA_CHUNK_SLOTS];
		call->payload = chunk->pool + at;
		call->payload_dma = chunk->pool_dma + at;
		return 0;
	}
	size = PAGE_ALIGN(size);
	call->big = dma_alloc_coherent(session->bank->dev, size,
				       &call->big_dma,
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!call->big)
		return -ENOMEM;
	call->big_size = size;
	call->payload = call->big;
	call->payload_dma = call->big_dma;
	return 0;
}

/**
 * qda_call_unpin() - let go of the buffers of a call that is not flying
 * @call: whose session->lock is held
 */
void qda_call_unpin(struct qda_call *call)
{
	lockdep_assert_held(&call->session->lock);
	while (call->num_maps)
		qda_bo_map_put(call->maps[--call->num_maps]);
	if (call->maps != call->few_maps)
		kvfree(call->maps);
	call->maps = call->few_maps;
	if (!call->big)
		return;
	dma_free_coherent(call->session->bank->dev, call->big_size, call->big,
			  call->big_dma);
	call->big = NULL;
}
