// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory backends have in common, and the memory a PD starts with.
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
	session->mapped += size;
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
	session->mapped -= session->init_mem_size;
}
