/* SPDX-License-Identifier: MIT */
/* Devices that come and go, by udev. */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* events taken in one go */
#define MONITOR_BATCH 16

/*
 * A node that was there: when it goes it cannot be asked any more. No struct
 * qda_device, since that would keep the context, which owns the monitor.
 */
struct known {
	struct known *next;
	struct kapi_info info;
	char path[];
};

struct qda_monitor {
	struct qda_watch watch;
	atomic_uint refs;
	atomic_bool stopped;
	struct qda_ctx *ctx;
	struct udev *udev;
	struct udev_monitor *source;
	struct known *known;
	qda_device_fn fn;
	void *data;
};

static struct qda_monitor *from_watch(struct qda_watch *watch)
{
	return container_of(watch, struct qda_monitor, watch);
}

static bool monitor_ref(struct qda_watch *watch)
{
	return qda_ref_try(&from_watch(watch)->refs);
}

static void monitor_unref(struct qda_watch *watch)
{
	struct qda_monitor *monitor = from_watch(watch);
	struct known *known;

	if (atomic_fetch_sub(&monitor->refs, 1) != 1)
		return;
	udev_monitor_unref(monitor->source);
	udev_unref(monitor->udev);
	while ((known = monitor->known)) {
		monitor->known = known->next;
		free(known);
	}
	free(monitor);
}

static struct known **find_known(struct qda_monitor *monitor, const char *path)
{
	struct known **p;

	for (p = &monitor->known; *p; p = &(*p)->next)
		if (!strcmp((*p)->path, path))
			break;
	return p;
}

static int remember(struct qda_monitor *monitor, const struct qda_device *device)
{
	size_t len = strlen(device->path) + 1;
	struct known *known = malloc(sizeof(*known) + len);

	if (!known)
		return -ENOMEM;
	known->info = device->info;
	memcpy(known->path, device->path, len);
	known->next = monitor->known;
	monitor->known = known;
	return 0;
}

static int node_added(struct qda_monitor *monitor, const char *path)
{
	struct qda_device *device;
	int err;

	if (*find_known(monitor, path))
		return 0;
	err = qda_device_probe(monitor->ctx, path, &device);
	if (err == -EACCES || err == -EPERM)
		log_warn(monitor->ctx, "new node %s cannot be opened: %s", path,
			 qda_strerror(err));
	/* what this process lacks is worth reporting; another driver's node is not */
	if (err == -EMFILE || err == -ENFILE)
		log_warn(monitor->ctx, "new node %s is not announced: %s", path,
			 qda_strerror(err));
	if (err)
		return err == -ENOMEM || err == -EMFILE || err == -ENFILE ? err : 0;
	err = remember(monitor, device);
	if (!err)
		monitor->fn(monitor->data, QDA_DEVICE_ADDED, device);
	qda_device_unref(device);
	return err ? err : 1;
}

static int node_removed(struct qda_monitor *monitor, const char *path)
{
	struct known **p = find_known(monitor, path), *known = *p;
	struct qda_device *device;
	int err;

	if (!known)
		return 0;
	err = qda_device_new(monitor->ctx, known->path, &known->info, &device);
	/* still known: the next list or event can find it gone */
	if (err)
		return err;
	*p = known->next;
	free(known);
	monitor->fn(monitor->data, QDA_DEVICE_REMOVED, device);
	qda_device_unref(device);
	return 1;
}

static int monitor_event(struct qda_monitor *monitor, struct udev_device *dev)
{
	const char *action = udev_device_get_action(dev);
	const char *path = udev_device_get_devnode(dev);

	if (!action || !path)
		return 0;
	if (!strcmp(action, "add"))
		return node_added(monitor, path);
	if (!strcmp(action, "remove"))
		return node_removed(monitor, path);
	return 0;
}

static int monitor_process(struct qda_watch *watch)
{
	struct qda_monitor *monitor = from_watch(watch);
	struct udev_device *dev;
	int i, ret, count = 0;

	for (i = 0; i < MONITOR_BATCH; i++) {
		/* the callback may have ended or replaced it */
		if (atomic_load(&monitor->stopped))
			break;
		dev = udev_monitor_receive_device(monitor->source);
		if (!dev)
			break;
		ret = monitor_event(monitor, dev);
		udev_device_unref(dev);
		if (ret < 0)
			return count ? count : ret;
		count += ret;
	}
	return count;
}

static int remember_present(struct qda_monitor *monitor)
{
	struct qda_device **devices, **d;
	int n, err = 0;

	n = qda_device_list(monitor->ctx, QDA_LIST_KERNEL, &devices);
	if (n == -EACCES)
		return 0;
	if (n < 0)
		return n;
	for (d = devices; *d && !err; d++)
		err = remember(monitor, *d);
	qda_device_list_free(devices);
	return err;
}

static int monitor_open(struct qda_monitor *monitor)
{
	/* udevd sends events on when it has set owner and mode; if it does not
	 * run, the kernel's own must do */
	const char *source = access("/run/udev/control", F_OK) ? "kernel" : "udev";

	monitor->udev = udev_new();
	if (!monitor->udev)
		return -ENOMEM;
	errno = 0;
	monitor->source = udev_monitor_new_from_netlink(monitor->udev, source);
	if (!monitor->source) {
		log_info(monitor->ctx, "no device events: udev cannot be reached");
		return errno == ENOMEM || errno == EMFILE ? -errno : -ENOSYS;
	}
	if (udev_monitor_filter_add_match_subsystem_devtype(monitor->source, "accel",
							    NULL) < 0 ||
	    udev_monitor_enable_receiving(monitor->source) < 0)
		return -ENOSYS;
	monitor->watch.fd = udev_monitor_get_fd(monitor->source);
	return 0;
}

static int monitor_new(struct qda_ctx *ctx, qda_device_fn fn, void *data,
		       struct qda_monitor **ret_monitor)
{
	struct qda_monitor *monitor = calloc(1, sizeof(*monitor));
	int err;

	if (!monitor)
		return -ENOMEM;
	atomic_init(&monitor->refs, 1);
	monitor->ctx = ctx;
	monitor->fn = fn;
	monitor->data = data;
	monitor->watch.fn = monitor_process;
	monitor->watch.ref = monitor_ref;
	monitor->watch.unref = monitor_unref;
	list_init(&monitor->watch.node);
	err = monitor_open(monitor);
	/* after receiving began, so that nothing falls between */
	if (!err)
		err = remember_present(monitor);
	if (!err)
		err = qda_ctx_watch_add(ctx, &monitor->watch);
	if (err) {
		monitor_unref(&monitor->watch);
		return err;
	}
	*ret_monitor = monitor;
	return 0;
}

static void monitor_stop(struct qda_monitor *monitor)
{
	if (!monitor)
		return;
	atomic_store(&monitor->stopped, true);
	qda_ctx_watch_del(monitor->ctx, &monitor->watch);
	monitor_unref(&monitor->watch);
}

void qda_ctx_monitor_stop(struct qda_ctx *ctx)
{
	monitor_stop(ctx->monitor);
	ctx->monitor = NULL;
}

QDA_EXPORT int qda_ctx_set_device_callback(struct qda_ctx *ctx, qda_device_fn fn,
					   void *data)
{
	struct qda_monitor *monitor = NULL;
	int err;

	if (!ctx)
		return -EINVAL;
	err = qda_ctx_check(ctx);
	if (!err && fn)
		err = monitor_new(ctx, fn, data, &monitor);
	if (err)
		return err;
	qda_ctx_monitor_stop(ctx);
	ctx->monitor = monitor;
	return 0;
}
