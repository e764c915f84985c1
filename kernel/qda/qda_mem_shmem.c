// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers behind an IOMMU: pageable memory charged to the process that makes them,
 * pinned, and scattered wherever it happens to be; the IOMMU makes it contiguous.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "qda_drv.h"

static struct qda_gem *qda_shmem_create(struct qda_device *qdev, size_t size)
{
	struct qda_gem *gem;
	struct page **pages;
	int err;

	/* one allocation that takes so much makes everybody else's fail */
	if (size >> PAGE_SHIFT > totalram_pages() / 2)
		return ERR_PTR(-ENOMEM);
	gem = kzalloc_obj(*gem, GFP_KERNEL_ACCOUNT);
	if (!gem)
		return ERR_PTR(-ENOMEM);
	gem->base.funcs = &qda_gem_funcs;
	err = drm_gem_object_init(&qdev->drm, &gem->base, size);
	if (err)
		goto free;
	/* rather fail than have the OOM killer make room for a buffer */
	mapping_set_gfp_mask(gem->base.filp->f_mapping,
			     GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	pages = drm_gem_get_pages(&gem->base);
	if (IS_ERR(pages)) {
		err = PTR_ERR(pages);
		goto release;
	}
	gem->pages = pages;
	return gem;

release:
	drm_gem_object_release(&gem->base);
free:
	kfree(gem);
	return ERR_PTR(err);
}

static void qda_shmem_destroy(struct qda_gem *gem)
{
	drm_gem_put_pages(&gem->base, gem->pages, false, false);
}

static int qda_shmem_map(struct qda_bo_map *map)
{
	struct device *dev = map->session->bank->dev;
	struct qda_gem *gem = map->gem;
	int err;

	map->sgt = kzalloc_obj(*map->sgt, GFP_KERNEL_ACCOUNT);
	if (!map->sgt)
		return -ENOMEM;
	err = sg_alloc_table_from_pages(map->sgt, gem->pages,
					gem->base.size >> PAGE_SHIFT, 0,
					gem->base.size, GFP_KERNEL_ACCOUNT);
	if (err)
		goto free;
	err = dma_map_sgtable(dev, map->sgt, DMA_BIDIRECTIONAL, 0);
	if (err) {
		/*
		 * -ENOMEM is page tables or addresses. Ranges are aligned to their
		 * size, so addresses can be short from half of the bank on.
		 */
		if (err == -ENOMEM && map->session->mapped + gem->base.size >
				      BIT_ULL(map->session->qdev->bank_bits - 1))
			err = -ENOSPC;
		goto free_table;
	}
	/* mapping for a device that does not see the CPU's caches cleans them */
	WRITE_ONCE(gem->clean, true);
	err = qda_mem_check_contiguous(map, gem->base.size);
	if (!err)
		return 0;

	dma_unmap_sgtable(dev, map->sgt, DMA_BIDIRECTIONAL, 0);
free_table:
	sg_free_table(map->sgt);
free:
	kfree(map->sgt);
	return err;
}

static void qda_shmem_unmap(struct qda_bo_map *map)
{
	dma_unmap_sgtable(map->session->bank->dev, map->sgt, DMA_BIDIRECTIONAL,
			  0);
	sg_free_table(map->sgt);
	kfree(map->sgt);
}

const struct qda_mem_ops qda_mem_shmem = {
	.name = "shmem",
	.create = qda_shmem_create,
	.destroy = qda_shmem_destroy,
	.map = qda_shmem_map,
	.unmap = qda_shmem_unmap,
};
