// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory backends have in common, and message memory.
 *
 * Messages lie in DMA-coherent memory that a session allocates once, with its bank:
 * a slot per call. Only calls with more arguments than a slot has room for get
 * memory of their own.
 */
#include <linux/dma-mapping.h>

#include <drm/drm_prime.h>

#include "qda_drv.h"

#define QDA_POOL_SIZE	((size_t)QDA_NUM_SLOTS * QDA_SLOT_SIZE)

/**
 * qda_mem_check_contiguous() - whether one address describes a mapping
 * @map: with its mapped pages; its address is filled in
 * @size: bytes it should have
 *
 * Return: 0 or -EINVAL.
 */
int qda_mem_check_contiguous(struct qda_bo_map *map, size_t size)
{
	unsigned int bits = map->session->qdev->bank_bits;
	dma_addr_t addr = sg_dma_address(map->sgt->sgl);

	if (drm_prime_get_contiguous_size(map->sgt) < size)
		return -EINVAL;
	/* nothing may reach into the stream id, nor straddle a DSP page */
	if ((u64)addr + size > BIT_ULL(bits) || (addr & QDA_DSP_PAGE_MASK))
		return -EINVAL;
	map->addr = addr;
	return 0;
}

/**
 * qda_mem_pool_create() - allocate message memory
 * @session: has just got its bank; its lock is held
 *
 * Return: 0 or -ENOMEM.
 */
int qda_mem_pool_create(struct qda_session *session)
{
	lockdep_assert_held(&session->lock);
	session->pool = dma_alloc_coherent(session->bank->dev, QDA_POOL_SIZE,
					   &session->pool_dma,
					   GFP_KERNEL | __GFP_NOWARN);
	return session->pool ? 0 : -ENOMEM;
}

/**
 * qda_mem_pool_destroy() - free message memory
 * @session: about to give its bank back; its lock is held
 */
void qda_mem_pool_destroy(struct qda_session *session)
{
	lockdep_assert_held(&session->lock);
	dma_free_coherent(session->bank->dev, QDA_POOL_SIZE, session->pool,
			  session->pool_dma);
	session->pool = NULL;
	/* before the bank is another session's */
	qda_bank_flush(session->bank);
}

/**
 * qda_mem_payload() - message memory for a call
 * @call: TAKEN; session->lock is held
 * @size: bytes it needs
 *
 * Return: 0 or -ENOMEM; never fails up to %QDA_SLOT_SIZE.
 */
int qda_mem_payload(struct qda_call *call, size_t size)
{
	struct qda_session *session = call->session;

	lockdep_assert_held(&session->lock);
	if (size <= QDA_SLOT_SIZE) {
		call->payload = session->pool + call->slot * QDA_SLOT_SIZE;
		call->payload_dma = session->pool_dma +
				    call->slot * QDA_SLOT_SIZE;
		return 0;
	}
	size = PAGE_ALIGN(size);
	call->big = dma_alloc_coherent(session->bank->dev, size,
				       &call->big_dma,
				       GFP_KERNEL | __GFP_NOWARN);
	if (!call->big)
		return -ENOMEM;
	call->big_size = size;
	call->payload = call->big;
	call->payload_dma = call->big_dma;
	return 0;
}

/**
 * qda_mem_payload_free() - undo qda_mem_payload()
 * @call: not flying; session->lock is held
 */
void qda_mem_payload_free(struct qda_call *call)
{
	struct qda_session *session = call->session;

	lockdep_assert_held(&session->lock);
	if (!call->big)
		return;
	dma_free_coherent(session->bank->dev, call->big_size, call->big,
			  call->big_dma);
	call->big = NULL;
}
