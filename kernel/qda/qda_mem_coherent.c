// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of DSPs whose banks have no IOMMU: contiguous DMA memory, at the same bus
 * address in every bank.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "qda_drv.h"

/* Without an IOMMU, banks stay until the last buffer has gone: see qda_cb.c */
static struct device *qda_coherent_dev(struct qda_device *qdev)
{
	return qdev->banks[0].dev;
}

static int qda_coherent_pages(struct qda_device *qdev, struct qda_gem *gem)
{
	struct sg_page_iter iter;
	struct sg_table sgt;
	size_t n = 0;
	int err;

	gem->pages = kvmalloc_array(gem->base.size >> PAGE_SHIFT,
				    sizeof(*gem->pages), GFP_KERNEL_ACCOUNT);
	if (!gem->pages)
		return -ENOMEM;
	err = dma_get_sgtable(qda_coherent_dev(qdev), &sgt, gem->cpu, gem->dma,
			      gem->base.size);
	if (err) {
		kvfree(gem->pages);
		return err;
	}
	for_each_sgtable_page(&sgt, &iter, 0) {
		if (n == gem->base.size >> PAGE_SHIFT)
			break;
		gem->pages[n++] = sg_page_iter_page(&iter);
	}
	sg_free_table(&sgt);
	return 0;
}

static struct qda_gem *qda_coherent_create(struct qda_device *qdev, size_t size)
{
	struct qda_gem *gem;
	int err;

	gem = kzalloc_obj(*gem, GFP_KERNEL_ACCOUNT);
	if (!gem)
		return ERR_PTR(-ENOMEM);
	gem->base.funcs = &qda_gem_funcs;
	drm_gem_private_object_init(&qdev->drm, &gem->base, size);
	gem->cpu = dma_alloc_coherent(qda_coherent_dev(qdev), size, &gem->dma,
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!gem->cpu) {
		err = -ENOMEM;
		goto release;
	}
	gem->clean = true;
	err = qda_coherent_pages(qdev, gem);
	if (!err)
		return gem;

	dma_free_coherent(qda_coherent_dev(qdev), size, gem->cpu, gem->dma);
release:
	drm_gem_object_release(&gem->base);
	kfree(gem);
	return ERR_PTR(err);
}

static void qda_coherent_destroy(struct qda_gem *gem)
{
	struct qda_device *qdev = to_qda_device(gem->base.dev);

	kvfree(gem->pages);
	dma_free_coherent(qda_coherent_dev(qdev), gem->base.size, gem->cpu,
			  gem->dma);
}

static int qda_coherent_map(struct qda_bo_map *map)
{
	map->addr = map->gem->dma;
	return 0;
}

static void qda_coherent_unmap(struct qda_bo_map *map)
{
}

const struct qda_mem_ops qda_mem_coherent = {
	.name = "coherent",
	.create = qda_coherent_create,
	.destroy = qda_coherent_destroy,
	.map = qda_coherent_map,
	.unmap = qda_coherent_unmap,
};
