// SPDX-License-Identifier: GPL-2.0-only
/*
 * An accel device with nothing of its own: every call on its node is the DRM core's,
 * with none of the checks by which qda keeps calls from the core.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

DEFINE_DRM_ACCEL_FOPS(bare_fops);

static const struct drm_driver bare_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM,
	.fops = &bare_fops,
	.name = "qda_bare",
	.desc = "DRM core on an accel node",
	.major = 1,
};

static struct platform_device *bare_parent;
static struct drm_device *bare;

static int __init bare_init(void)
{
	int err;

	bare_parent = platform_device_register_simple("qda-bare", PLATFORM_DEVID_NONE,
						      NULL, 0);
	if (IS_ERR(bare_parent))
		return PTR_ERR(bare_parent);
	bare = drm_dev_alloc(&bare_driver, &bare_parent->dev);
	if (IS_ERR(bare)) {
		err = PTR_ERR(bare);
		goto unregister;
	}
	err = drm_dev_register(bare, 0);
	if (err)
		goto put;
	return 0;

put:
	drm_dev_put(bare);
unregister:
	platform_device_unregister(bare_parent);
	return err;
}

/* an open file has a reference to the module, so there is none */
static void __exit bare_exit(void)
{
	drm_dev_unregister(bare);
	drm_dev_put(bare);
	platform_device_unregister(bare_parent);
}

module_init(bare_init);
module_exit(bare_exit);

MODULE_DESCRIPTION("A bare DRM accel device for tests");
MODULE_LICENSE("GPL");
