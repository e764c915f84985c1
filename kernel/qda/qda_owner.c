// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a DSP is ours or that of misc/fastrpc, which serves the same devices with
 * another interface. A DSP that has a driver is never taken from it.
 *
 * Without a choice, the driver that was registered first gets it, as with any two
 * drivers of one device. The administrator chooses per boot with the parameter, and
 * per device, which beats the parameter, with the bus's driver_override.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of_device.h>
#include <linux/property.h>
#include <linux/string.h>

#include "qda_drv.h"

static char *qda_dsps;
module_param_named(dsps, qda_dsps, charp, 0444);
MODULE_PARM_DESC(dsps,
		 "Comma separated names of the DSPs to drive (\"cdsp,gdsp0\"), \"all\", \"none\"; default: those no other driver takes");

struct qda_owner {
	struct notifier_block nb;
	const struct device_driver *drv;
};

static bool qda_owner_unset(void)
{
	return !qda_dsps || !*qda_dsps;
}

/* Whether the parameter names this DSP */
static bool qda_owner_named(struct device *dev)
{
	const char *label, *p = qda_dsps;
	size_t len, n;

	if (qda_owner_unset())
		return false;
	if (!strcmp(p, "all"))
		return true;
	if (device_property_read_string(dev, "label", &label))
		return false;
	len = strlen(label);
	for (; *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if (n == len && !strncmp(p, label, n))
			return true;
	}
	return false;
}

/**
 * qda_owner_wants() - whether to drive a DSP that the bus offers
 * @dev: device of its channel, being probed
 *
 * Return: true if so.
 */
bool qda_owner_wants(struct device *dev)
{
	return qda_owner_unset() || qda_owner_named(dev) ||
	       device_match_driver_override(dev, dev->driver) > 0;
}

/*
 * A DSP appears, and no driver has been asked yet: what the parameter names waits for
 * us, whichever driver was registered first.
 */
static int qda_owner_notify(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	const struct qda_owner *owner = container_of(nb, struct qda_owner, nb);
	const struct device_driver *drv = owner->drv;
	struct device *dev = data;

	if (action == BUS_NOTIFY_ADD_DEVICE && qda_owner_named(dev) &&
	    of_match_device(drv->of_match_table, dev) &&
	    device_match_driver_override(dev, drv) < 0)
		device_set_driver_override(dev, drv->name);
	return NOTIFY_DONE;
}

static struct qda_owner qda_owner = {
	.nb.notifier_call = qda_owner_notify,
};

static int qda_owner_let_go(struct device *dev, void *data)
{
	if (qda_owner_named(dev) && device_match_driver_override(dev, data) > 0)
		device_set_driver_override(dev, "");
	return 0;
}

/**
 * qda_owner_init() - choose from now on
 * @drv: what drives DSPs; registered, so that its bus is known, and asks
 *	qda_owner_wants() from its first probe on
 *
 * Return: 0 or an errno.
 */
int qda_owner_init(struct device_driver *drv)
{
	qda_owner.drv = drv;
	return bus_register_notifier(drv->bus, &qda_owner.nb);
}

/**
 * qda_owner_exit() - choose no more; what was kept for us is anybody's
 * @drv: what was given to qda_owner_init(), unregistered
 */
void qda_owner_exit(struct device_driver *drv)
{
	bus_unregister_notifier(drv->bus, &qda_owner.nb);
	bus_for_each_dev(drv->bus, NULL, drv, qda_owner_let_go);
}
