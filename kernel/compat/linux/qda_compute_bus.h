/* SPDX-License-Identifier: GPL-2.0-only */
/* In tree this is include/linux/qda_compute_bus.h; see kernel/patches */
#ifndef _LINUX_QDA_COMPUTE_BUS_H
#define _LINUX_QDA_COMPUTE_BUS_H

#include <linux/device/bus.h>

struct device;

extern const struct bus_type qda_compute_cb_bus_type;

int qda_compute_cb_claim(struct device *dev);
void qda_compute_cb_unclaim(struct device *dev);

#endif /* _LINUX_QDA_COMPUTE_BUS_H */
