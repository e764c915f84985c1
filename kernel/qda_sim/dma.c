// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of DSPs whose banks have no IOMMU. Nothing keeps a real one from any memory;
 * one of ours reaches what the DMA API has allocated or mapped for its banks and has
 * not taken back, as the API's tracepoints say. Without tracepoints it reaches nothing.
 *
 * Its pages are the driver's alone: a reference to pages of the DMA API is nobody's to
 * take. So they are only touched under window_lock, and only while the channel is up;
 * what is shown of them is gone before a reply, and before the driver can know that the
 * DSP is.
 */
#include <linux/dma-direct.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/property.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>

#include "sim.h"

struct sim_dma {
	struct list_head node;		/* of sim->dma, by address */
	const struct device *dev;	/* to compare; it may be freed */
	u64 addr, size;
	phys_addr_t phys;
};

static DEFINE_RAW_SPINLOCK(dma_lock);	/* all lists here */
static LIST_HEAD(direct_sims);

static struct sim *sim_of_bank(struct device *dev)
{
	struct device_node *np = to_of_node(dev_fwnode(dev));
	struct sim *sim;

	lockdep_assert_held(&dma_lock);
	if (!np)
		return NULL;
	list_for_each_entry(sim, &direct_sims, direct_node) {
		if (np->parent == sim->np)
			return sim;
	}
	return NULL;
}

/* --- what the DMA API does -------------------------------------------------- */

static void sim_dma_insert(struct sim *sim, struct sim_dma *new)
{
	struct sim_dma *at;

	list_for_each_entry(at, &sim->dma, node) {
		if (at->addr >= new->addr)
			break;
	}
	list_add_tail(&new->node, &at->node);
}

static void sim_dma_add(struct device *dev, u64 addr, size_t size)
{
	struct sim_dma *new;
	unsigned long flags;
	struct sim *sim;

	raw_spin_lock_irqsave(&dma_lock, flags);
	sim = sim_of_bank(dev);
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	if (!sim)
		return;
	new = kzalloc(sizeof(*new), GFP_ATOMIC);
	if (!new)
		return;
	new->dev = dev;
	new->addr = addr;
	new->size = size;
	new->phys = dma_to_phys(dev, addr);
	raw_spin_lock_irqsave(&dma_lock, flags);
	/* it may have gone */
	sim = sim_of_bank(dev);
	if (sim)
		sim_dma_insert(sim, new);
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	if (!sim)
		kfree(new);
}

static void sim_dma_remove(struct device *dev, u64 addr, size_t size)
{
	struct sim_dma *dma, *found = NULL;
	unsigned long flags;
	struct sim *sim;

	raw_spin_lock_irqsave(&dma_lock, flags);
	sim = sim_of_bank(dev);
	if (sim) {
		list_for_each_entry(dma, &sim->dma, node) {
			if (dma->dev == dev && dma->addr == addr && dma->size == size) {
				found = dma;
				list_del(&dma->node);
				break;
			}
		}
	}
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	kfree(found);
}

static void sim_on_alloc(void *data, struct device *dev, void *virt, dma_addr_t addr,
			 size_t size, enum dma_data_direction dir, gfp_t gfp,
			 unsigned long attrs)
{
	if (virt)
		sim_dma_add(dev, addr, PAGE_ALIGN(size));
}

static void sim_on_free(void *data, struct device *dev, void *virt, dma_addr_t addr,
			size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	sim_dma_remove(dev, addr, PAGE_ALIGN(size));
}

static void sim_on_alloc_sgt(void *data, struct device *dev, struct sg_table *sgt,
			     size_t size, enum dma_data_direction dir, gfp_t gfp,
			     unsigned long attrs)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		sim_dma_add(dev, sg_dma_address(sg), sg_dma_len(sg));
}

static void sim_on_free_sgt(void *data, struct device *dev, struct sg_table *sgt,
			    size_t size, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		sim_dma_remove(dev, sg_dma_address(sg), sg_dma_len(sg));
}

static void sim_on_map_sg(void *data, struct device *dev, struct scatterlist *sgl,
			  int nents, int ents, enum dma_data_direction dir,
			  unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, ents, i)
		sim_dma_add(dev, sg_dma_address(sg), sg_dma_len(sg));
}

/* without an IOMMU, as many as there were */
static void sim_on_unmap_sg(void *data, struct device *dev, struct scatterlist *sgl,
			    int nents, enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		sim_dma_remove(dev, sg_dma_address(sg), sg_dma_len(sg));
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "dma_alloc", sim_on_alloc },
	{ "dma_free", sim_on_free },
	{ "dma_alloc_sgt", sim_on_alloc_sgt },
	{ "dma_free_sgt", sim_on_free_sgt },
	{ "dma_map_sg", sim_on_map_sg },
	{ "dma_unmap_sg", sim_on_unmap_sg },
};

/* --- what the DSP reaches --------------------------------------------------- */

/* The first range that ends above @addr; false: there is none, or nobody listens */
static bool sim_dma_find(struct sim *sim, u64 addr, struct sim_dma *ret_dma)
{
	struct sim_dma *dma;
	unsigned long flags;
	bool found = false;

	if (!READ_ONCE(sim->ept))
		return false;
	raw_spin_lock_irqsave(&dma_lock, flags);
	list_for_each_entry(dma, &sim->dma, node) {
		found = dma->addr + dma->size > addr;
		if (found) {
			*ret_dma = *dma;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	return found;
}

/* 0: out of its reach */
phys_addr_t sim_dma_phys(struct sim *sim, u64 addr)
{
	struct sim_dma dma;

	if (!sim_dma_find(sim, addr, &dma) || dma.addr > addr)
		return 0;
	return dma.phys + (addr - dma.addr);
}

/* The next page in its reach at or above *@addr */
bool sim_dma_next_page(struct sim *sim, u64 *addr)
{
	struct sim_dma dma;

	if (!sim_dma_find(sim, *addr, &dma))
		return false;
	*addr = max(*addr, dma.addr & PAGE_MASK);
	return true;
}

/* As sim_get_pages(), without references; window_lock is held */
unsigned int sim_dma_get_pages(struct sim *sim, u64 addr, struct page **pages,
			       unsigned int max)
{
	unsigned int n;

	lockdep_assert_held(&sim->window_lock);
	for (n = 0; n < max; n++) {
		phys_addr_t phys = sim_dma_phys(sim, addr + ((u64)n << PAGE_SHIFT));

		if (!phys || !pfn_valid(PHYS_PFN(phys)))
			break;
		pages[n] = pfn_to_page(PHYS_PFN(phys));
	}
	return n;
}

/* --- the end of a bank ------------------------------------------------------ */

/*
 * What DMA-API debugging does for devices on the PCI bus only: a device that is deleted
 * has no memory left, as what is needed to free it goes with the device.
 */
void sim_dma_check_deleted(struct device *dev)
{
	unsigned int left = 0;
	struct sim_dma *dma;
	unsigned long flags;
	struct sim *sim;

	raw_spin_lock_irqsave(&dma_lock, flags);
	sim = sim_of_bank(dev);
	if (sim) {
		list_for_each_entry(dma, &sim->dma, node)
			left += dma->dev == dev;
	}
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	WARN(left, "%s is deleted with %u pieces of DMA memory\n", dev_name(dev), left);
}

/* --- start and end ---------------------------------------------------------- */

void sim_dma_setup(struct sim *sim)
{
	unsigned long flags;

	INIT_LIST_HEAD(&sim->dma);
	INIT_LIST_HEAD(&sim->direct_node);
	if (!sim->direct)
		return;
	raw_spin_lock_irqsave(&dma_lock, flags);
	list_add_tail(&sim->direct_node, &direct_sims);
	raw_spin_unlock_irqrestore(&dma_lock, flags);
}

void sim_dma_teardown(struct sim *sim)
{
	struct sim_dma *dma, *next;
	unsigned long flags;

	raw_spin_lock_irqsave(&dma_lock, flags);
	list_del_init(&sim->direct_node);
	raw_spin_unlock_irqrestore(&dma_lock, flags);
	list_for_each_entry_safe(dma, next, &sim->dma, node)
		kfree(dma);
}

static void sim_find_dma_tp(struct tracepoint *tp, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
	}
}

void sim_dma_init(void)
{
	unsigned int i;

	for_each_kernel_tracepoint(sim_find_dma_tp, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].tp &&
		    tracepoint_probe_register(probes[i].tp, probes[i].probe, NULL))
			probes[i].tp = NULL;
	}
}

void sim_dma_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].tp)
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe,
						    NULL);
	}
	tracepoint_synchronize_unregister();
}
