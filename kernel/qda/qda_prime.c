// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of other devices. The attachment is to the context bank's device, because
 * that is what reads and writes the memory; the exporter is responsible for
 * addresses that are valid for it. A message describes a buffer by one address and
 * one length, so what is not contiguous there is refused.
 *
 * CPU access goes through the exporter: there is no mmap of an import.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include <drm/drm_prime.h>

#include "qda_drv.h"

/**
 * qda_prime_import() - &drm_driver.gem_prime_import
 * @drm: the DSP
 * @dmabuf: to import
 *
 * Makes the object only; it is attached and mapped when it gets a handle, since
 * only then it is known in which bank.
 *
 * Return: the object, or -EINVAL, -E2BIG, -ENOMEM.
 */
struct drm_gem_object *qda_prime_import(struct drm_device *drm,
					struct dma_buf *dmabuf)
{
	struct drm_gem_object *obj;
	struct qda_gem *gem;

	/* the DSP can write what it can read, which this descriptor does not allow */
	if (!(dmabuf->file->f_mode & FMODE_WRITE))
		return ERR_PTR(-EINVAL);
	if (drm_gem_is_prime_exported_dma_buf(drm, dmabuf)) {
		obj = dmabuf->priv;
		drm_gem_object_get(obj);
		return obj;
	}
	if (!dmabuf->size || !PAGE_ALIGNED(dmabuf->size))
		return ERR_PTR(-EINVAL);
	if (dmabuf->size > QDA_MAX_BUFFER)
		return ERR_PTR(-E2BIG);

	gem = kzalloc_obj(*gem, GFP_KERNEL_ACCOUNT);
	if (!gem)
		return ERR_PTR(-ENOMEM);
	gem->base.funcs = &qda_gem_funcs;
	drm_gem_private_object_init(drm, &gem->base, dmabuf->size);
	get_dma_buf(dmabuf);
	gem->dmabuf = dmabuf;
	gem->clean = true;	/* the exporter's business */
	return &gem->base;
}

/*
 * How the core knows an import. It looks, and follows the pointer, under its own lock;
 * without one it goes by the object's dma-buf.
 */
static void qda_prime_set_attach(struct qda_gem *gem,
				 struct dma_buf_attachment *attach)
{
	struct drm_device *drm = gem->base.dev;

	mutex_lock(&drm->object_name_lock);
	gem->base.import_attach = attach;
	mutex_unlock(&drm->object_name_lock);
}

/**
 * qda_prime_map() - map an imported buffer into a bank
 * @map: with session and object
 *
 * Return: 0, -EINVAL when it is not contiguous, or what the exporter answers.
 */
int qda_prime_map(struct qda_bo_map *map)
{
	struct device *dev = map->session->bank->dev;
	struct qda_gem *gem = map->gem;
	int err;

	map->attach = dma_buf_attach(gem->dmabuf, dev);
	if (IS_ERR(map->attach))
		return PTR_ERR(map->attach);
	map->sgt = dma_buf_map_attachment_unlocked(map->attach,
						   DMA_BIDIRECTIONAL);
	if (IS_ERR(map->sgt)) {
		err = PTR_ERR(map->sgt);
		goto detach;
	}
	err = qda_mem_check_contiguous(map, gem->base.size);
	if (err)
		goto unmap;
	/* an import has one session */
	qda_prime_set_attach(gem, map->attach);
	return 0;

unmap:
	dma_buf_unmap_attachment_unlocked(map->attach, map->sgt,
					  DMA_BIDIRECTIONAL);
detach:
	dma_buf_detach(gem->dmabuf, map->attach);
	return err;
}

/**
 * qda_prime_unmap() - undo qda_prime_map()
 * @map: mapping
 */
void qda_prime_unmap(struct qda_bo_map *map)
{
	qda_prime_set_attach(map->gem, NULL);
	dma_buf_unmap_attachment_unlocked(map->attach, map->sgt,
					  DMA_BIDIRECTIONAL);
	dma_buf_detach(map->gem->dmabuf, map->attach);
}
