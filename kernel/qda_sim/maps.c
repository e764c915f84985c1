// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped in a bank, asked of its IOMMU domain page by page. No domain can be
 * asked for all it has, and to ask for every page there could be takes seconds. So
 * the IOMMU core's tracepoint is the hint where to look; what is there, only the
 * domain says. Without tracepoints everything is looked at, each time.
 */
#include <linux/bitmap.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "sim.h"

#define REGION_SHIFT	21
#define NUM_REGIONS	(SIM_MAX_MAPPED >> REGION_SHIFT)
#define REGION_PAGES	(1 << (REGION_SHIFT - PAGE_SHIFT))

static DEFINE_RAW_SPINLOCK(hint_lock);
static u64 last_map;			/* under hint_lock */
static u64 region_map[NUM_REGIONS];	/* the last one that touched it */
static struct tracepoint *map_tp;

static void sim_on_map(void *data, unsigned long iova, phys_addr_t paddr, size_t size)
{
	unsigned long flags, i;

	if (!size || iova >= SIM_MAX_MAPPED)
		return;
	size = min_t(u64, size, SIM_MAX_MAPPED - iova);
	raw_spin_lock_irqsave(&hint_lock, flags);
	last_map++;
	for (i = iova >> REGION_SHIFT; i <= (iova + size - 1) >> REGION_SHIFT; i++)
		region_map[i] = last_map;
	raw_spin_unlock_irqrestore(&hint_lock, flags);
}

/* Must its pages be asked for? */
static bool sim_region_is_hot(const unsigned long *used, unsigned int region, u64 seen)
{
	unsigned long flags;
	bool hot;

	if (!map_tp || test_bit(region, used))
		return true;
	raw_spin_lock_irqsave(&hint_lock, flags);
	hot = region_map[region] > seen;
	raw_spin_unlock_irqrestore(&hint_lock, flags);
	return hot;
}

struct sim_list {
	struct qda_sim_range __user *ranges;
	unsigned int max, num;
	struct qda_sim_range last;
};

static int sim_list_flush(struct sim_list *list)
{
	if (!list->last.size)
		return 0;
	if (list->num < list->max &&
	    copy_to_user(&list->ranges[list->num], &list->last, sizeof(list->last)))
		return -EFAULT;
	list->num++;
	list->last.size = 0;
	return 0;
}

static int sim_list_add(struct sim_list *list, u64 addr)
{
	int err;

	if (list->last.size && list->last.addr + list->last.size == addr) {
		list->last.size += PAGE_SIZE;
		return 0;
	}
	err = sim_list_flush(list);
	list->last.addr = addr;
	list->last.size = PAGE_SIZE;
	return err;
}

/* 1: something is mapped there */
static int sim_list_region(struct sim *sim, u32 sid, unsigned int region,
			   struct sim_list *list)
{
	DECLARE_BITMAP(mapped, REGION_PAGES) = { };
	u64 start = (u64)region << REGION_SHIFT;
	struct iommu_domain *domain;
	unsigned long i;
	int err = 0;

	down_read(&sim->dev_lock);
	domain = sim_find_domain(sim, sid);
	for (i = 0; domain && i < REGION_PAGES; i++) {
		if (sim_iova_to_phys(domain, start + i * PAGE_SIZE))
			__set_bit(i, mapped);
	}
	up_read(&sim->dev_lock);
	if (!domain)
		return -ENODEV;

	for_each_set_bit(i, mapped, REGION_PAGES) {
		err = sim_list_add(list, start + i * PAGE_SIZE);
		if (err)
			return err;
	}
	return !bitmap_empty(mapped, REGION_PAGES);
}

static int sim_list_direct(struct sim *sim, struct qda_sim_maps *maps,
			   struct sim_list *list)
{
	int err = 0;
	u64 addr;

	for (addr = 0; !err && sim_dma_next_page(sim, &addr); addr += PAGE_SIZE)
		err = sim_list_add(list, addr);
	if (!err)
		err = sim_list_flush(list);
	maps->num = list->num;
	return err;
}

int sim_list_maps(struct sim *sim, struct qda_sim_maps *maps)
{
	struct sim_list list = {
		.ranges = u64_to_user_ptr(maps->ranges),
		.max = maps->max,
	};
	struct sim_bank *bank = NULL;
	unsigned int i, region;
	phys_addr_t phys;
	u64 seen;
	int err = 0;

	for (i = 0; i < sim->num_banks; i++) {
		if (sim->sids[i] == maps->sid)
			bank = &sim->banks[i];
	}
	if (bank && sim->direct)
		return sim_list_direct(sim, maps, &list);
	/* where nothing was ever mapped no region is looked at */
	if (!bank || sim_translate(sim, maps->sid, 0, &phys, NULL) == -ENODEV)
		return -ENODEV;
	mutex_lock(&bank->lock);
	raw_spin_lock_irq(&hint_lock);
	seen = last_map;
	raw_spin_unlock_irq(&hint_lock);
	for (region = 0; region < NUM_REGIONS && !err; region++) {
		if (!sim_region_is_hot(bank->used, region, bank->seen))
			continue;
		err = sim_list_region(sim, maps->sid, region, &list);
		if (err < 0)
			break;
		__assign_bit(region, bank->used, err);
		err = fatal_signal_pending(current) ? -EINTR : 0;
		cond_resched();
	}
	if (!err)
		err = sim_list_flush(&list);
	if (!err)
		bank->seen = seen;
	mutex_unlock(&bank->lock);
	maps->num = list.num;
	return err;
}

int sim_maps_setup(struct sim *sim)
{
	unsigned int i;

	BUILD_BUG_ON(NUM_REGIONS != SIM_NUM_REGIONS);
	sim->banks = kvcalloc(sim->num_banks, sizeof(*sim->banks), GFP_KERNEL);
	if (!sim->banks)
		return -ENOMEM;
	for (i = 0; i < sim->num_banks; i++)
		mutex_init(&sim->banks[i].lock);
	return 0;
}

static void sim_find_map_tp(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "map"))
		map_tp = tp;
}

void sim_maps_init(void)
{
	for_each_kernel_tracepoint(sim_find_map_tp, NULL);
	if (map_tp && tracepoint_probe_register(map_tp, sim_on_map, NULL))
		map_tp = NULL;
}

void sim_maps_exit(void)
{
	if (!map_tp)
		return;
	tracepoint_probe_unregister(map_tp, sim_on_map, NULL);
	tracepoint_synchronize_unregister();
}
