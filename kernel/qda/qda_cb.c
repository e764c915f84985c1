// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context banks: the DSP's IOMMU address spaces, as devices memory can be mapped for.
 * The CPU programs nothing in them.
 *
 * They come in two forms. In a kernel that knows the qda-compute-cb bus, those with an
 * IOMMU are devices on it. Elsewhere, where a bus of ours would get no IOMMU, and
 * without one, they are platform devices; those are matched by name only, never by the
 * compatible string of their node, which another driver claims.
 *
 * What is mapped behind an IOMMU is unmapped when the DSP goes, and the bank goes with
 * it. Without an IOMMU, buffers are DMA memory of a bank's device, and may have users
 * for long after: such a bank is no child of the DSP's channel, and goes when the last
 * buffer has gone.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/qda_compute_bus.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "qda_drv.h"

#define QDA_CB_NAME		"qda-cb"
#define QDA_CB_COMPATIBLE	"qcom,fastrpc-compute-cb"

/* --- platform devices ---------------------------------------------------- */

static int qda_cb_probe(struct platform_device *pdev)
{
	/* binding is what made the driver core configure DMA */
	return 0;
}

static struct platform_driver qda_cb_driver = {
	.probe = qda_cb_probe,
	.driver = {
		.name = QDA_CB_NAME,
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		.suppress_bind_attrs = true,
	},
};

int qda_cb_init(void)
{
	return platform_driver_register(&qda_cb_driver);
}

void qda_cb_exit(void)
{
	platform_driver_unregister(&qda_cb_driver);
}

static bool qda_bank_should_be_mapped(const struct qda_bank *bank)
{
	return of_property_present(bank->np, "iommus");
}

static int qda_cb_add_platform(struct qda_bank *bank, struct device *parent)
{
	struct platform_device *pdev;
	int err;

	pdev = platform_device_alloc(QDA_CB_NAME, PLATFORM_DEVID_AUTO);
	if (!pdev)
		return -ENOMEM;
	if (qda_bank_should_be_mapped(bank))
		pdev->dev.parent = parent;
	/* enough to configure DMA; with an of_node it would match by compatible */
	pdev->dev.fwnode = of_fwnode_handle(bank->np);
	err = platform_device_add(pdev);
	if (err) {
		platform_device_put(pdev);
		return err;
	}
	bank->dev = get_device(&pdev->dev);
	/* its IOMMU may not be there yet */
	return device_is_bound(bank->dev) ? 0 : -EPROBE_DEFER;
}

/* --- devices on the qda-compute-cb bus ----------------------------------- */

struct qda_cb {
	struct device dev;
	struct device_dma_parameters dma_parms;
	u64 dma_mask;
};

static void qda_cb_release(struct device *dev)
{
	of_node_put(dev->of_node);
	kfree(container_of(dev, struct qda_cb, dev));
}

static int qda_cb_add_bus(struct qda_bank *bank, struct device *parent,
			  unsigned int bits)
{
	struct qda_cb *cb = kzalloc_obj(*cb, GFP_KERNEL);
	int err;

	if (!cb)
		return -ENOMEM;
	device_initialize(&cb->dev);
	cb->dev.parent = parent;
	cb->dev.bus = &qda_compute_cb_bus_type;
	cb->dev.release = qda_cb_release;
	device_set_node(&cb->dev, of_fwnode_handle(of_node_get(bank->np)));
	cb->dma_mask = DMA_BIT_MASK(bits);
	cb->dev.dma_mask = &cb->dma_mask;
	cb->dev.coherent_dma_mask = cb->dma_mask;
	cb->dev.dma_parms = &cb->dma_parms;
	err = dev_set_name(&cb->dev, "%s.cb%u", dev_name(parent), bank->sid);
	if (!err)
		err = device_add(&cb->dev);
	if (err) {
		put_device(&cb->dev);
		return err;
	}
	bank->dev = get_device(&cb->dev);
	return 0;
}

/* --- both ---------------------------------------------------------------- */

static bool qda_bank_is_on_bus(const struct qda_bank *bank)
{
	return IS_ENABLED(CONFIG_DRM_ACCEL_QDA_COMPUTE_BUS) &&
	       qda_bank_should_be_mapped(bank);
}

static void qda_bank_delete(struct qda_bank *bank)
{
	if (!bank->dev)
		return;
	if (qda_bank_is_on_bus(bank)) {
		if (bank->claimed)
			qda_compute_cb_unclaim(bank->dev);
		bank->claimed = false;
		device_unregister(bank->dev);
	} else {
		platform_device_unregister(to_platform_device(bank->dev));
	}
}

/* An IOMMU that is told to let everything through isolates nothing */
static bool qda_bank_is_translated(const struct qda_bank *bank)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(bank->dev);

	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

/**
 * qda_bank_flush() - what has been unmapped is out of reach of the DSP
 * @bank: where it was mapped
 *
 * A lazy IOMMU domain (iommu.strict=0) may remember translations for some
 * milliseconds. Called before pages of buffers are freed, and before the bank goes to
 * somebody else.
 */
void qda_bank_flush(const struct qda_bank *bank)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(bank->dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

static int qda_bank_add(struct qda_bank *bank, struct device *parent,
			unsigned int bits)
{
	int err;

	if (qda_bank_is_on_bus(bank))
		err = qda_cb_add_bus(bank, parent, bits);
	else
		err = qda_cb_add_platform(bank, parent);
	if (err)
		return err;

	/*
	 * Without it the DSP would read and write physical memory. The driver core
	 * waits for the IOMMU of platform devices; for ours, we do.
	 */
	if (qda_bank_should_be_mapped(bank) && !device_iommu_mapped(bank->dev))
		return dev_err_probe(parent,
				     IS_ENABLED(CONFIG_DRM_ACCEL_QDA_COMPUTE_BUS) ?
				     -EPROBE_DEFER : -ENXIO,
				     "context bank %u has no IOMMU\n", bank->sid);
	/* whoever has claimed it knows that it stays what it is */
	if (qda_bank_is_on_bus(bank)) {
		err = qda_compute_cb_claim(bank->dev);
		if (err)
			return dev_err_probe(parent, err,
					     "context bank %u is somebody's\n",
					     bank->sid);
		bank->claimed = true;
	}
	if (qda_bank_should_be_mapped(bank) && !qda_bank_is_translated(bank))
		return dev_err_probe(parent, -ENXIO,
				     "context bank %u is not translated\n",
				     bank->sid);

	err = dma_set_mask_and_coherent(bank->dev, DMA_BIT_MASK(bits));
	if (err)
		return err;
	/* one segment per buffer, however large */
	dma_set_max_seg_size(bank->dev, UINT_MAX);
	dma_set_seg_boundary(bank->dev, ULONG_MAX);
	return 0;
}

/* No file is open and no buffer left */
static void qda_banks_put(struct drm_device *drm, void *data)
{
	struct qda_device *qdev = data;
	unsigned int i;

	for (i = 0; i < qdev->num_banks; i++) {
		struct qda_bank *bank = &qdev->banks[i];

		if (!qda_bank_should_be_mapped(bank))
			qda_bank_delete(bank);
		put_device(bank->dev);
		of_node_put(bank->np);
	}
}

/* All banks of a DSP are of one kind */
static int qda_banks_choose_memory(struct qda_device *qdev,
				   struct device *parent)
{
	bool iommu = qda_bank_should_be_mapped(&qdev->banks[0]);
	bool coherent = true;
	unsigned int i;

	for (i = 0; i < qdev->num_banks; i++) {
		const struct qda_bank *bank = &qdev->banks[i];

		if (qda_bank_should_be_mapped(bank) != iommu)
			return dev_err_probe(parent, -EINVAL,
					     "only some context banks have an IOMMU\n");
		if (device_get_dma_attr(bank->dev) != DEV_DMA_COHERENT)
			coherent = false;
	}
	/* any memory would be out of its reach: see firmware.rst */
	if (!iommu && device_property_present(parent, "qcom,vmids"))
		return dev_err_probe(parent, -ENXIO,
				     "context banks need memory that other VMs own\n");
	qdev->mem = iommu ? &qda_mem_shmem : &qda_mem_coherent;
	qdev->coherent = coherent;
	if (coherent)
		qdev->features |= DRM_QDA_FEATURE_COHERENT;
	return 0;
}

/**
 * qda_banks_create() - make the context banks of a DSP
 * @qdev: the DSP
 * @parent: device whose node's children describe them
 *
 * Return: 0; -EPROBE_DEFER while their IOMMU is missing; or another errno, which
 * leaves nothing behind once the DRM device has gone.
 */
int qda_banks_create(struct qda_device *qdev, struct device *parent)
{
	struct device_node *np;
	int err;

	err = drmm_add_action(&qdev->drm, qda_banks_put, qdev);
	if (err)
		return err;
	for_each_available_child_of_node(parent->of_node, np) {
		struct qda_bank *bank = &qdev->banks[qdev->num_banks];

		if (!of_device_is_compatible(np, QDA_CB_COMPATIBLE))
			continue;
		if (qdev->num_banks == QDA_MAX_BANKS) {
			err = dev_err_probe(parent, -E2BIG,
					    "too many context banks\n");
			break;
		}
		bank->index = qdev->num_banks;
		bank->np = of_node_get(np);
		qdev->num_banks++;
		err = of_property_read_u32(np, "reg", &bank->sid);
		if (err)
			break;
		err = qda_bank_add(bank, parent, qdev->bank_bits);
		if (err)
			break;
	}
	if (err) {
		of_node_put(np);
		goto delete;
	}
	if (!qdev->num_banks)
		return dev_err_probe(parent, -ENODEV, "no context banks\n");
	err = qda_banks_choose_memory(qdev, parent);
	if (!err)
		return 0;
delete:
	qda_banks_delete(qdev);
	return err;
}

/**
 * qda_banks_delete() - the DSP's banks go with it
 * @qdev: the DSP; nothing is mapped in its banks. Those without an IOMMU stay until
 *	their last buffer has gone
 */
void qda_banks_delete(struct qda_device *qdev)
{
	unsigned int i = qdev->num_banks;

	while (i--)
		if (qda_bank_should_be_mapped(&qdev->banks[i]))
			qda_bank_delete(&qdev->banks[i]);
}
