// SPDX-License-Identifier: GPL-2.0-only
/*
 * The remote heap: memory that the audio PD is given by physical address, in the first
 * message that attaches to it. There is no message that takes it back. So it is the
 * DSP's from then on, whoever detaches, until the DSP has been restarted.
 *
 * The device tree says where it is (memory-region) and which virtual machines of the
 * SoC have to own it for the DSP to reach it (qcom,vmids). While they do, Linux may not
 * touch it, and the hypervisor stops who tries.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "qda_heap.h"

static const struct qcom_scm_vmperm qda_heap_hlos = {
	.vmid = QCOM_SCM_VMID_HLOS,
	.perm = QCOM_SCM_PERM_RWX,
};

/* --- bring-up ------------------------------------------------------------ */

/**
 * qda_heap_set_vms() - who is to own the memory while the DSP has it
 * @heap: of the DSP
 * @vmids: from the device tree
 * @n: of them
 *
 * Return: 0; -EINVAL: there can be no such list.
 */
int qda_heap_set_vms(struct qda_heap *heap, const u32 *vmids, unsigned int n)
{
	unsigned int i;

	if (n > QDA_HEAP_MAX_VMS)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		/* the owners are bits of a word */
		if (vmids[i] >= BITS_PER_TYPE(heap->owners))
			return -EINVAL;
		heap->vms[i].vmid = vmids[i];
		heap->vms[i].perm = QCOM_SCM_PERM_RWX;
	}
	heap->num_vms = n;
	return 0;
}

static int qda_heap_init_vms(struct qda_heap *heap)
{
	u32 vmids[QDA_HEAP_MAX_VMS];
	int n;

	if (!of_property_present(heap->dev->of_node, "qcom,vmids"))
		return 0;
	n = of_property_read_variable_u32_array(heap->dev->of_node, "qcom,vmids",
						vmids, 1, QDA_HEAP_MAX_VMS);
	if (n < 0 || qda_heap_set_vms(heap, vmids, n) ||
	    !IS_REACHABLE(CONFIG_QCOM_SCM)) {
		/* what needs no heap works without */
		heap->err = -EOPNOTSUPP;
		return 0;
	}
	if (!qcom_scm_is_available())
		return -EPROBE_DEFER;
	heap->assign = qcom_scm_assign_mem;
	return 0;
}

/**
 * qda_heap_init() - see what the device tree has
 * @heap: zeroed, with its lock; to be closed, unless this fails
 * @dev: channel of the DSP; outlives @heap's use
 *
 * Nothing is allocated yet.
 *
 * Return: 0, also when there is no heap; -EPROBE_DEFER: whom to ask for the ownership
 * of memory is not there yet.
 */
int qda_heap_init(struct qda_heap *heap, struct device *dev)
{
	struct device_node *np;

	heap->dev = dev;
	heap->owners = BIT_ULL(QCOM_SCM_VMID_HLOS);
	np = of_parse_phandle(dev->of_node, "memory-region", 0);
	if (!np)
		return 0;
	if (of_device_is_available(np))
		heap->region = of_reserved_mem_lookup(np);
	/* a pool has a driver, by its compatible string */
	heap->carveout = !of_property_present(np, "compatible");
	of_node_put(np);
	if (!heap->region)
		return 0;
	return qda_heap_init_vms(heap);
}

/* --- giving it ----------------------------------------------------------- */

/**
 * qda_heap_wanted() - whether attaching to a static PD takes a heap
 * @name: of the PD
 *
 * Return: true if so.
 */
bool qda_heap_wanted(const u8 *name)
{
	return !strcmp(name, "audiopd");
}

/* Who allocates from a pool that is empty may be given memory from elsewhere */
static bool qda_heap_is_inside(const struct qda_heap *heap, dma_addr_t addr,
			       size_t size)
{
	return addr >= heap->region->base &&
	       addr - heap->region->base <= heap->region->size - size;
}

static int qda_heap_alloc(struct qda_heap *heap)
{
	struct device *dev = heap->dev;
	size_t size = min_t(u64, QDA_HEAP_SIZE,
			    round_down(heap->region->size, PAGE_SIZE));
	int err;

	if (!size)
		return -ENOMEM;
	if (heap->carveout) {
		heap->addr = heap->region->base;
		heap->size = size;
		return 0;
	}
	/*
	 * Firmware takes no longer addresses. Buses of channels have no mask; one that
	 * is there is of a driver that had the channel before, and gone with it.
	 */
	err = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (err)
		return -EOPNOTSUPP;
	err = of_reserved_mem_device_init_by_idx(dev, dev->of_node, 0);
	if (err)
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	heap->cpu = dma_alloc_coherent(dev, size, &heap->addr,
				       GFP_KERNEL | __GFP_NOWARN);
	if (heap->cpu && !qda_heap_is_inside(heap, heap->addr, size)) {
		dma_free_coherent(dev, size, heap->cpu, heap->addr);
		heap->cpu = NULL;
	}
	if (!heap->cpu) {
		of_reserved_mem_device_release(dev);
		return -ENOMEM;
	}
	heap->size = size;
	return 0;
}

static bool qda_heap_is_hlos(const struct qda_heap *heap)
{
	return heap->owners == BIT_ULL(QCOM_SCM_VMID_HLOS);
}

/**
 * qda_heap_prepare() - have the memory, in the hands of those the DSP is one of
 * @heap: of the DSP
 *
 * What has been done is kept until the heap is closed, whatever becomes of the attach.
 *
 * Return: 0, also when there is no heap; -ENOMEM; -ENODEV: the DSP is gone; -EIO: the
 * hypervisor refuses; -EOPNOTSUPP: nobody can be asked, or the region is of no kind
 * this driver knows.
 */
int qda_heap_prepare(struct qda_heap *heap)
{
	int err = 0;

	mutex_lock(&heap->lock);
	if (heap->closed)
		err = -ENODEV;
	else if (heap->err)
		err = heap->err;
	else if (heap->region && !heap->size)
		err = qda_heap_alloc(heap);
	if (!err && heap->num_vms && qda_heap_is_hlos(heap) &&
	    heap->assign(heap->addr, heap->size, &heap->owners, heap->vms,
			 heap->num_vms))
		err = -EIO;
	if (err)
		dev_dbg(heap->dev, "no memory for the audio PD: %d\n", err);
	mutex_unlock(&heap->lock);
	return err;
}

/**
 * qda_heap_offer() - what an attach says of it
 * @heap: of the DSP
 * @ret_page: where it is, or zeros; part of the message even when it is not offered
 *
 * Return: true: the DSP is to take it now. Its answer must be told, if it is no.
 */
bool qda_heap_offer(struct qda_heap *heap, struct qda_wire_page *ret_page)
{
	bool first;

	mutex_lock(&heap->lock);
	ret_page->addr = cpu_to_le64(heap->size ? heap->addr : 0);
	ret_page->size = cpu_to_le64(heap->size);
	first = heap->size && !heap->given;
	heap->given |= first;
	mutex_unlock(&heap->lock);
	return first;
}

/**
 * qda_heap_refused() - the attach that offered it has failed
 * @heap: of the DSP, which does not have it: the next attach offers it again
 */
void qda_heap_refused(struct qda_heap *heap)
{
	mutex_lock(&heap->lock);
	heap->given = false;
	mutex_unlock(&heap->lock);
}

/* --- the end ------------------------------------------------------------- */

/**
 * qda_heap_dsp_gone() - the DSP has been stopped, or has crashed
 * @heap: of the DSP
 *
 * When the driver is unbound from a DSP that runs on, this is not called.
 */
void qda_heap_dsp_gone(struct qda_heap *heap)
{
	mutex_lock(&heap->lock);
	heap->dsp_gone = true;
	mutex_unlock(&heap->lock);
}

/* Whether nobody but Linux touches the memory */
static bool qda_heap_take_back(struct qda_heap *heap)
{
	int err;

	/* without a hypervisor nothing keeps a DSP that runs out of it */
	if (!heap->num_vms)
		return !heap->given || heap->dsp_gone;
	if (qda_heap_is_hlos(heap))
		return true;
	err = heap->assign(heap->addr, heap->size, &heap->owners, &qda_heap_hlos,
			   1);
	if (err)
		dev_err(heap->dev,
			"memory of the audio PD is lost until reboot, as it cannot be taken back: %d\n",
			err);
	return !err;
}

/**
 * qda_heap_close() - the driver lets go of the DSP
 * @heap: nothing is sent to the DSP any more
 *
 * What the DSP may still touch is not freed, ever.
 */
void qda_heap_close(struct qda_heap *heap)
{
	mutex_lock(&heap->lock);
	heap->closed = true;
	if (heap->size && qda_heap_take_back(heap) && heap->cpu)
		dma_free_coherent(heap->dev, heap->size, heap->cpu, heap->addr);
	if (heap->cpu)
		of_reserved_mem_device_release(heap->dev);
	heap->cpu = NULL;
	heap->size = 0;
	mutex_unlock(&heap->lock);
}
