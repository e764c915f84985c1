// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus of context banks. It exists for one operation: a context bank takes its
 * IOMMU from its own device tree node, and configuring DMA from there is a bus's
 * business. Built in, because the IOMMU core names it.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/iommu.h>
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

/**
 * qda_compute_cb_claim() - keep the domain of a context bank what it is
 * @dev: the bank
 *
 * Buses do this when they bind a driver. Nothing is bound to a bank, and without it
 * an administrator could turn off its translation while sessions use it.
 *
 * Return: 0, or -EBUSY when somebody has taken it already.
 */
int qda_compute_cb_claim(struct device *dev)
{
	return iommu_device_use_default_domain(dev);
}
EXPORT_SYMBOL_GPL(qda_compute_cb_claim);

/**
 * qda_compute_cb_unclaim() - undo qda_compute_cb_claim()
 * @dev: the bank
 */
void qda_compute_cb_unclaim(struct device *dev)
{
	iommu_device_unuse_default_domain(dev);
}
EXPORT_SYMBOL_GPL(qda_compute_cb_unclaim);

static int __init qda_compute_cb_bus_init(void)
{
	return bus_register(&qda_compute_cb_bus_type);
}
postcore_initcall(qda_compute_cb_bus_init);
