// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory backends have in common, the memory a PD starts with, and how much
 * a session has.
 */
#include <linux/dma-mapping.h>

#include <drm/drm_prime.h>

#include "qda_drv.h"

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
 * qda_mem_count() - memory has been mapped in a bank, or taken out of it
 * @session: whose bank; its lock is held
 * @bytes: more than before; negative: less
 * @imported: of an imported buffer
 */
void qda_mem_count(struct qda_session *session, s64 bytes, bool imported)
{
	lockdep_assert_held(&session->lock);
	WRITE_ONCE(session->mapped, session->mapped + bytes);
	if (imported)
		WRITE_ONCE(session->imported, session->imported + bytes);
}

/**
 * qda_mem_check_limit() - whether a session may have more in its bank
 * @session: whose lock is held, and stays so until what it is given is counted
 * @size: bytes
 *
 * Return: 0 or -EDQUOT.
 */
int qda_mem_check_limit(struct qda_session *session, size_t size)
{
	lockdep_assert_held(&session->lock);
	return qda_check_memory(session->mem_limit, session->mapped, size);
}

/**
 * qda_mem_set_limit() - DRM_QDA_OPTION_MEMORY_LIMIT
 * @session: caller's
 * @limit: bytes, not 0
 *
 * Return: 0, -ENODEV, -ECANCELED, or -EPERM when there is a lower one.
 */
int qda_mem_set_limit(struct qda_session *session, u64 limit)
{
	int err;

	mutex_lock(&session->lock);
	err = qda_session_check_open(session);
	if (!err)
		err = qda_check_memory_limit(session->mem_limit, limit);
	if (!err)
		WRITE_ONCE(session->mem_limit, limit);
	mutex_unlock(&session->lock);
	return err;
}

/**
 * qda_init_mem_alloc() - memory for a PD to start with
 * @session: has a bank and none yet; its lock is held
 * @size: bytes, a multiple of the DSP's pages
 *
 * No handle names it and no CPU looks at it, so it need be no buffer: large pages
 * where there are any, and no mapping in the kernel. What qda_slot.c says of lazy
 * IOMMU domains is true of it too. Rather fails than has the OOM
 * killer make room.
 *
 * Return: 0, -ENOSPC when the bank is too full, -ENOMEM.
 */
int qda_init_mem_alloc(struct qda_session *session, size_t size)
{
	lockdep_assert_held(&session->lock);
	size = PAGE_ALIGN(size);
	if (size > BIT_ULL(session->qdev->bank_bits) - session->mapped)
		return -ENOSPC;
	session->init_mem = dma_alloc_noncontiguous(session->bank->dev, size,
						    DMA_BIDIRECTIONAL,
						    GFP_KERNEL_ACCOUNT |
						    __GFP_ZERO | __GFP_NOWARN |
						    __GFP_RETRY_MAYFAIL,
						    0);
	if (!session->init_mem)
		return -ENOMEM;
	/* the zeroes: not every implementation has cleaned the CPU's caches */
	dma_sync_sgtable_for_device(session->bank->dev, session->init_mem,
				    DMA_BIDIRECTIONAL);
	session->init_mem_size = size;
	qda_mem_count(session, size, false);
	return 0;
}

/**
 * qda_init_mem_free() - undo qda_init_mem_alloc(), if it was called
 * @session: whose PD is not or no longer on the DSP; its lock is held
 */
void qda_init_mem_free(struct qda_session *session)
{
	lockdep_assert_held(&session->lock);
	if (!session->init_mem)
		return;
	dma_free_noncontiguous(session->bank->dev, session->init_mem_size,
			       session->init_mem, DMA_BIDIRECTIONAL);
	session->init_mem = NULL;
	qda_mem_count(session, -(s64)session->init_mem_size, false);
}
