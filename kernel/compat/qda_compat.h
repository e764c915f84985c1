/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Linux 6.12 lacks of the kernel that the driver is written for. Included before
 * everything else by the out-of-tree Kbuild; the driver does not know of it.
 */
#ifndef __QDA_COMPAT_H__
#define __QDA_COMPAT_H__

#include <linux/version.h>

#include <linux/dma-buf.h>
#include <linux/module.h>
#include <linux/rpmsg.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

/* 6.13: the namespace became a string */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

/* 6.14: struct drm_driver lost its date, which VERSION warns about when it is NULL */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
static inline const struct drm_driver *
qda_compat_dated(const struct drm_driver *driver)
{
	static struct drm_driver dated;

	dated = *driver;
	dated.date = "0";
	return &dated;
}

#undef devm_drm_dev_alloc
#define devm_drm_dev_alloc(parent, driver, type, member) \
	((type *)__devm_drm_dev_alloc(parent, qda_compat_dated(driver), \
				      sizeof(type), offsetof(type, member)))
#endif

/* 6.16 exports it; the table of operations is private, but not its functions */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline bool
drm_gem_is_prime_exported_dma_buf(struct drm_device *dev,
				  const struct dma_buf *dma_buf)
{
	const struct drm_gem_object *obj = dma_buf->priv;

	return dma_buf->ops->release == drm_gem_dmabuf_release &&
	       dma_buf->ops->map_dma_buf == drm_gem_map_dma_buf &&
	       obj->dev == dev;
}
#endif

/* Kbuild knows: struct rpmsg_device has an override of its own */
#ifdef QDA_COMPAT_RPMSG_OVERRIDE
static inline int qda_compat_set_driver_override(struct device *dev,
						 const char *name)
{
	struct rpmsg_device *rpdev = container_of(dev, struct rpmsg_device, dev);

	return driver_set_override(dev, &rpdev->driver_override, name,
				   strlen(name));
}

static inline int
qda_compat_match_driver_override(struct device *dev,
				 const struct device_driver *drv)
{
	const char *name =
		container_of(dev, struct rpmsg_device, dev)->driver_override;

	return name ? !strcmp(name, drv->name) : -1;
}

#define device_set_driver_override	qda_compat_set_driver_override
#define device_match_driver_override	qda_compat_match_driver_override
#endif

/* 7.0 */
#ifndef kzalloc_obj
#define kzalloc_obj(object, gfp)	kzalloc(sizeof(object), gfp)
#define kvzalloc_obj(object, gfp)	kvzalloc(sizeof(object), gfp)
#endif

#endif /* __QDA_COMPAT_H__ */
