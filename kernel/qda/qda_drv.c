// SPDX-License-Identifier: GPL-2.0-only
/*
 * QDA: Qualcomm DSP accelerator, a DRM accel driver for FastRPC on Hexagon DSPs.
 *
 * One accel node per DSP, one session per open file. See
 * Documentation/accel/qda/ for how it works and include/uapi/drm/qda_accel.h for what
 * it offers.
 */
#include <linux/module.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>

#include "qda_drv.h"

static void qda_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	u64 mapped, imported, limit;
	unsigned int in_flight;

	mutex_lock(&session->lock);
	mapped = session->mapped;
	imported = session->imported;
	limit = session->mem_limit;
	mutex_unlock(&session->lock);
	spin_lock_irq(&qdev->lock);
	in_flight = session->in_flight;
	spin_unlock_irq(&qdev->lock);
	drm_show_memory_stats(p, file);
	drm_printf(p, "qda-dsp:\t%s\n", qdev->name);
	drm_printf(p, "qda-native:\t%llu KiB\n", (mapped - imported) >> 10);
	drm_printf(p, "qda-imported:\t%llu KiB\n", imported >> 10);
	if (limit)
		drm_printf(p, "qda-memory-limit:\t%llu KiB\n", limit >> 10);
	drm_printf(p, "qda-in-flight:\t%u\n", in_flight);
}

/* As DRM_ACCEL_FOPS, with ioctls of our own */
static const struct file_operations qda_fops = {
	.owner = THIS_MODULE,
	.open = accel_open,
	.release = drm_release,
	.unlocked_ioctl = qda_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = qda_compat_ioctl,
#endif
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

/*
 * Versions:
 * 1.0	the interface of include/uapi/drm/qda_accel.h
 * 1.1	QUERY_MEMORY, OPTION_MEMORY_LIMIT, OPTION_STATUS_EVENTS
 */
const struct drm_driver qda_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_COMPUTE_ACCEL,
	.open = qda_session_open,
	.postclose = qda_session_close,
	.gem_prime_import = qda_prime_import,
	.show_fdinfo = qda_show_fdinfo,
	.ioctls = qda_ioctls,
	.num_ioctls = DRM_QDA_REMOTE_SESSION_RELEASE + 1,
	.fops = &qda_fops,
	.name = DRM_QDA_NAME,
	.desc = DRM_QDA_TAG " Qualcomm DSP accelerator",
	.major = DRM_QDA_MAJOR,
	.minor = DRM_QDA_MINOR,
};

static int __init qda_init(void)
{
	int err;

	err = qda_cb_init();
	if (err)
		return err;
	err = qda_rpmsg_init();
	if (err)
		qda_cb_exit();
	return err;
}
module_init(qda_init);

static void __exit qda_exit(void)
{
	qda_rpmsg_exit();
	qda_cb_exit();
}
module_exit(qda_exit);

MODULE_DESCRIPTION("Qualcomm DSP accelerator (FastRPC)");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
