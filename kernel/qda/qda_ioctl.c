// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctls: which there are, and which of the core's make sense here. The core has
 * made a private copy of each struct; what it may contain is checked by the
 * qda_check_*() of qda_check.c, before anything is done.
 */
#include <linux/fs.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_ioctl.h>

#include "qda_drv.h"

/* Last number the core uses */
#define QDA_CORE_LAST	0xd3

static int qda_ioctl_query(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	return qda_query(file, data);
}

static int qda_ioctl_gem_create(struct drm_device *drm, void *data,
				struct drm_file *file)
{
	return qda_gem_create(file, data);
}

static int qda_ioctl_gem_mmap_offset(struct drm_device *drm, void *data,
				     struct drm_file *file)
{
	return qda_gem_mmap_offset(file, data);
}

static int qda_ioctl_attach(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	return qda_session_attach(file, data);
}

static int qda_ioctl_create(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	return qda_session_create(file, data);
}

static int qda_ioctl_map(struct drm_device *drm, void *data,
			 struct drm_file *file)
{
	return qda_map_create(file, data);
}

static int qda_ioctl_munmap(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	return qda_map_remove(qda_file_session(file), data);
}

static int qda_ioctl_invoke(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	return qda_call_invoke(file, data);
}

static int qda_ioctl_wait(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	return qda_call_remote_wait(file, data);
}

static int qda_set_in_flight(struct qda_session *session, u64 value)
{
	struct qda_device *qdev = session->qdev;
	int err;

	spin_lock_irq(&qdev->lock);
	err = qda_session_check_open(session);
	if (!err) {
		session->limit = value;
		qda_place_wake(session);
	}
	spin_unlock_irq(&qdev->lock);
	return err;
}

static int qda_set_answer_timeout(struct qda_session *session, u64 ns)
{
	struct qda_device *qdev = session->qdev;
	int err;

	spin_lock_irq(&qdev->lock);
	err = qda_session_check_open(session);
	if (!err)
		session->answer_ns = ns;
	spin_unlock_irq(&qdev->lock);
	return err;
}

static int qda_ioctl_set_option(struct drm_device *drm, void *data,
				struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	const struct drm_qda_set_option *a = data;
	int err;

	err = qda_check_option(a);
	if (err)
		return err;
	switch (a->option) {
	case DRM_QDA_OPTION_IN_FLIGHT:
		return qda_set_in_flight(session, a->value);
	case DRM_QDA_OPTION_MEMORY_LIMIT:
		return qda_mem_set_limit(session, a->value);
	case DRM_QDA_OPTION_STATUS_EVENTS:
		return qda_status_set(file, a->value);
	case DRM_QDA_OPTION_ANSWER_TIMEOUT:
		return qda_set_answer_timeout(session, a->value);
	default:
		return -EINVAL;
	}
}

static int qda_ioctl_release(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	int err = qda_check_release(data);

	return err ? err : qda_session_release(qda_file_session(file));
}

const struct drm_ioctl_desc qda_ioctls[] = {
	DRM_IOCTL_DEF_DRV(QDA_QUERY, qda_ioctl_query, 0),
	DRM_IOCTL_DEF_DRV(QDA_GEM_CREATE, qda_ioctl_gem_create, 0),
	DRM_IOCTL_DEF_DRV(QDA_GEM_MMAP_OFFSET, qda_ioctl_gem_mmap_offset, 0),
	DRM_IOCTL_DEF_DRV(QDA_SESSION_ATTACH, qda_ioctl_attach, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_SESSION_CREATE, qda_ioctl_create, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_MAP, qda_ioctl_map, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_MUNMAP, qda_ioctl_munmap, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_INVOKE, qda_ioctl_invoke, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_WAIT, qda_ioctl_wait, 0),
	DRM_IOCTL_DEF_DRV(QDA_SET_OPTION, qda_ioctl_set_option, 0),
	DRM_IOCTL_DEF_DRV(QDA_REMOTE_SESSION_RELEASE, qda_ioctl_release, 0),
};

/*
 * Our own, and those of the core that make sense on an accel node. Of the others, some
 * were written for nodes that have a DRM master and dereference it (GET_UNIQUE,
 * GET_MAGIC), and some are switched on by having GEM objects at all (dumb buffers).
 */
static int qda_ioctl_allowed(unsigned int cmd)
{
	unsigned int nr = DRM_IOCTL_NR(cmd);

	if (DRM_IOCTL_TYPE(cmd) != DRM_IOCTL_BASE)
		return -ENOTTY;
	if (nr >= DRM_COMMAND_BASE && nr < DRM_COMMAND_END)
		return nr - DRM_COMMAND_BASE < ARRAY_SIZE(qda_ioctls) ? 0 :
									-EINVAL;
	switch (nr) {
	case DRM_IOCTL_NR(DRM_IOCTL_VERSION):
	case DRM_IOCTL_NR(DRM_IOCTL_GET_CAP):
	case DRM_IOCTL_NR(DRM_IOCTL_GEM_CLOSE):
	case DRM_IOCTL_NR(DRM_IOCTL_PRIME_HANDLE_TO_FD):
	case DRM_IOCTL_NR(DRM_IOCTL_PRIME_FD_TO_HANDLE):
		return 0;
	default:
		return nr <= QDA_CORE_LAST ? -EOPNOTSUPP : -EINVAL;
	}
}

static bool qda_ioctl_is_wait(unsigned int cmd)
{
	return DRM_IOCTL_NR(cmd) == DRM_COMMAND_BASE + DRM_QDA_REMOTE_WAIT;
}

/*
 * The core answers every ioctl of an unplugged device with -ENODEV. How calls have
 * ended is known here and can still be asked, by the core's rules for sizes.
 */
static long qda_ioctl_wait_lost(struct file *filp, unsigned int cmd,
				unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct drm_file *file = filp->private_data;
	struct drm_qda_remote_wait a = { };
	size_t size = min_t(size_t, _IOC_SIZE(cmd), sizeof(a));
	int err;

	if ((cmd & IOC_IN) && copy_from_user(&a, user, size))
		return -EFAULT;
	err = qda_call_remote_wait(file, &a);
	if ((cmd & IOC_OUT) && copy_to_user(user, &a, size))
		return -EFAULT;
	return err;
}

/*
 * From the moment waiters are woken for it, which is before the core knows. Like the
 * core, before anything of the argument is looked at.
 */
static bool qda_ioctl_lost(struct file *filp)
{
	struct drm_file *file = filp->private_data;

	return READ_ONCE(to_qda_device(file->minor->dev)->lost);
}

/* What is not the core's to answer; false: it is */
static bool qda_ioctl_ours(struct file *filp, unsigned int cmd,
			   unsigned long arg, long *ret)
{
	*ret = qda_ioctl_allowed(cmd);
	if (*ret)
		return true;
	if (!qda_ioctl_lost(filp))
		return false;
	*ret = qda_ioctl_is_wait(cmd) ? qda_ioctl_wait_lost(filp, cmd, arg) :
					-ENODEV;
	return true;
}

/**
 * qda_ioctl() - &file_operations.unlocked_ioctl
 * @filp: file
 * @cmd: command
 * @arg: of it
 *
 * Return: what the command returns.
 */
long qda_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	long ret;

	if (qda_ioctl_ours(filp, cmd, arg, &ret))
		return ret;
	return drm_ioctl(filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
/**
 * qda_compat_ioctl() - &file_operations.compat_ioctl
 * @filp: file
 * @cmd: command
 * @arg: of it
 *
 * The driver's own structs are the same for 32 bit callers; some of the core's
 * are not.
 *
 * Return: what the command returns.
 */
long qda_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	long ret;

	if (qda_ioctl_ours(filp, cmd, arg, &ret))
		return ret;
	return drm_compat_ioctl(filp, cmd, arg);
}
#endif
