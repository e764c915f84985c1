// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus of context banks. It exists for one operation: a context bank takes its
 * IOMMU from its own device tree node, and configuring DMA from there is a bus's
 * business. Built in, because the IOMMU core names it.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/of_device.h>
#include <linux/qda_compute_bus.h>

static int qda_compute_cb_dma_configure(struct device *dev)
{
	return of_dma_configure(dev, dev->of_node, true);
}

const struct bus_type qda_compute_cb_bus_type = {
	.name = "qda-compute-cb",
	.dma_configure = qda_compute_cb_dma_configure,
};
EXPORT_SYMBOL_GPL(qda_compute_cb_bus_type);

static int __init qda_compute_cb_bus_init(void)
{
	return bus_register(&qda_compute_cb_bus_type);
}
postcore_initcall(qda_compute_cb_bus_init);
