// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the DSP sees it. The bank of a stream id is the driver's own device for
 * it: the child of the channel's device with that node, whatever its bus. Each access
 * asks its IOMMU domain; where banks have no IOMMU, dma.c.
 */
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "sim.h"

/* whose translation one look for the domain serves */
#define SIM_ACCESS_PAGES	16

struct bank_search {
	struct device_node *parent;
	u32 sid;
	struct device *found;		/* with a reference */
};

static int sim_match_bank(struct device *dev, void *data)
{
	struct device_node *np = to_of_node(dev_fwnode(dev));
	struct bank_search *search = data;
	u32 sid;

	if (!np || np->parent != search->parent ||
	    of_property_read_u32(np, "reg", &sid) || sid != search->sid)
		return 0;
	search->found = get_device(dev);
	return 1;
}

/* dev_lock is held for as long as the domain is used */
struct iommu_domain *sim_find_domain(struct sim *sim, u32 sid)
{
	struct bank_search search = { .parent = sim->np, .sid = sid };
	struct iommu_domain *domain;

	lockdep_assert_held(&sim->dev_lock);
	if (!sim->rpdev || !device_is_registered(&sim->rpdev->dev))
		return NULL;
	/* device_find_child() has another type of callback in each kernel */
	if (!device_for_each_child(&sim->rpdev->dev, &search, sim_match_bank))
		return NULL;
	domain = iommu_get_domain_for_dev(search.found);
	put_device(search.found);
	return domain;
}

/*
 * 0: not mapped. An untranslated domain would hand out all memory there is, and page
 * tables ignore the bits above those they translate.
 */
phys_addr_t sim_iova_to_phys(struct iommu_domain *domain, u64 addr)
{
	if (!(domain->type & __IOMMU_DOMAIN_PAGING) ||
	    addr < domain->geometry.aperture_start ||
	    addr > domain->geometry.aperture_end)
		return 0;
	return iommu_iova_to_phys(domain, addr);
}

int sim_translate(struct sim *sim, u32 sid, u64 addr, phys_addr_t *ret_phys,
		  bool *ret_dma)
{
	struct iommu_domain *domain;
	phys_addr_t phys = 0;
	int err = -ENODEV;

	if (sim->direct) {
		*ret_phys = sim_dma_phys(sim, addr);
		return *ret_phys ? 0 : -EFAULT;
	}
	down_read(&sim->dev_lock);
	domain = sim_find_domain(sim, sid);
	if (domain) {
		if (ret_dma)
			*ret_dma = iommu_is_dma_domain(domain);
		phys = sim_iova_to_phys(domain, addr);
		err = phys ? 0 : -EFAULT;
	}
	up_read(&sim->dev_lock);
	*ret_phys = phys;
	return err;
}

/* NULL: not mapped, or nothing a page table could hold; else with a reference */
static struct page *sim_hold_page(struct iommu_domain *domain, u64 addr)
{
	phys_addr_t phys = sim_iova_to_phys(domain, addr);
	struct page *page;

	if (!phys || !pfn_valid(PHYS_PFN(phys)))
		return NULL;
	page = pfn_to_page(PHYS_PFN(phys));
	if (!folio_try_get(page_folio(page)))
		return NULL;
	/* it may have been unmapped and freed before we held it */
	if (sim_iova_to_phys(domain, addr) == phys)
		return page;
	put_page(page);
	return NULL;
}

/*
 * The pages from @addr on, as far as they are mapped, at most @max; how many. They have
 * a reference each, unless the DSP has no IOMMU.
 */
unsigned int sim_get_pages(struct sim *sim, u32 sid, u64 addr, struct page **pages,
			   unsigned int max)
{
	struct iommu_domain *domain;
	unsigned int n = 0;

	addr &= PAGE_MASK;
	if (sim->direct)
		return sim_dma_get_pages(sim, addr, pages, max);
	down_read(&sim->dev_lock);
	domain = sim_find_domain(sim, sid);
	while (domain && n < max) {
		pages[n] = sim_hold_page(domain, addr + ((u64)n << PAGE_SHIFT));
		if (!pages[n])
			break;
		n++;
	}
	up_read(&sim->dev_lock);
	return n;
}

static int sim_copy(struct page *page, unsigned int offset, void __user *buf,
		    size_t n, bool write)
{
	char *p = kmap_local_page(page);
	unsigned long left;

	if (write)
		left = copy_from_user(p + offset, buf, n);
	else
		left = copy_to_user(buf, p + offset, n);
	kunmap_local(p);
	return left ? -EINVAL : 0;
}

/*
 * Stream id 0 is none: the address is physical, and only the DSP's own region is in its
 * reach, all of it and at any time. Its pages are never held: as with a real DSP, it is
 * the driver that must know when they are free.
 */
static struct page *sim_region_page(struct sim *sim, u64 addr)
{
	const struct reserved_mem *region = sim->region;

	if (!region || addr < region->base || addr - region->base >= region->size ||
	    !pfn_valid(PHYS_PFN(addr)))
		return NULL;
	return pfn_to_page(PHYS_PFN(addr));
}

/* The pages of an access from @addr on: at least one, or none is mapped */
static unsigned int sim_access_pages(struct sim *sim, u32 sid, u64 addr, size_t len,
				     struct page **pages)
{
	unsigned int max;

	if (!sid) {
		pages[0] = sim_region_page(sim, addr);
		return !!pages[0];
	}
	max = min_t(u64, PFN_UP(offset_in_page(addr) + len), SIM_ACCESS_PAGES);
	return sim_get_pages(sim, sid, addr, pages, max);
}

/* What is not held is copied where nobody can fault, so through memory of ours */
static int sim_copy_direct(struct sim *sim, u64 addr, void __user *user, size_t n,
			   bool write, void *bounce)
{
	struct page *page;
	int err = 0;
	char *p;

	if (user && write && copy_from_user(bounce, user, n))
		return -EINVAL;
	mutex_lock(&sim->window_lock);
	if (!sim_dma_get_pages(sim, addr & PAGE_MASK, &page, 1)) {
		err = -EFAULT;
	} else if (user) {
		p = (char *)kmap_local_page(page) + offset_in_page(addr);
		if (write)
			memcpy(p, bounce, n);
		else
			memcpy(bounce, p, n);
		kunmap_local(p);
	}
	mutex_unlock(&sim->window_lock);
	if (!err && user && !write && copy_to_user(user, bounce, n))
		err = -EINVAL;
	return err;
}

static int sim_access_direct(struct sim *sim, struct qda_sim_access *access)
{
	bool write = access->flags & QDA_SIM_ACCESS_WRITE;
	char __user *buf = u64_to_user_ptr(access->buf);
	void *bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err = bounce ? 0 : -ENOMEM;

	while (!err && access->done < access->len) {
		u64 addr = access->addr + access->done;
		size_t n = min_t(u64, access->len - access->done,
				 PAGE_SIZE - offset_in_page(addr));

		err = sim_copy_direct(sim, addr, buf ? buf + access->done : NULL, n,
				      write, bounce);
		if (!err)
			access->done += n;
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	kfree(bounce);
	return err;
}

int sim_access(struct sim *sim, struct qda_sim_access *access)
{
	char __user *buf = u64_to_user_ptr(access->buf);
	bool write = access->flags & QDA_SIM_ACCESS_WRITE;
	struct page *pages[SIM_ACCESS_PAGES];
	int err = 0;

	if (access->flags & ~QDA_SIM_ACCESS_WRITE ||
	    access->addr + access->len < access->addr)
		return -EINVAL;
	access->done = 0;
	if (sim->direct && access->sid)
		return sim_access_direct(sim, access);
	while (!err && access->done < access->len) {
		unsigned int i, num;

		num = sim_access_pages(sim, access->sid, access->addr + access->done,
				       access->len - access->done, pages);
		if (!num)
			return -EFAULT;
		for (i = 0; i < num; i++) {
			unsigned int offset =
				offset_in_page(access->addr + access->done);
			size_t n = min_t(u64, access->len - access->done,
					 PAGE_SIZE - offset);

			if (!err && access->buf)
				err = sim_copy(pages[i], offset,
					       buf + access->done, n, write);
			if (!err)
				access->done += n;
			if (access->sid)
				put_page(pages[i]);
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return err;
}

/* --- domains must not go while they are asked ----------------------------- */

static const struct bus_type *other_bus;

static void sim_wait_for_readers(struct sim *sim)
{
	down_write(&sim->dev_lock);
	up_write(&sim->dev_lock);
}

/*
 * Runs before the IOMMU core's, which frees the domain. The device is no child any
 * more: who finds it still has dev_lock.
 */
static int sim_bus_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == BUS_NOTIFY_REMOVED_DEVICE) {
		sim_for_each(sim_wait_for_readers);
		sim_dma_check_deleted(data);
	}
	return NOTIFY_DONE;
}

static struct notifier_block platform_nb = {
	.notifier_call = sim_bus_notify,
	.priority = INT_MAX,
};

static struct notifier_block other_nb = {
	.notifier_call = sim_bus_notify,
	.priority = INT_MAX,
};

static int sim_watch_bank(struct device *dev, void *data)
{
	if (dev->bus && dev->bus != &platform_bus_type &&
	    !cmpxchg(&other_bus, NULL, dev->bus))
		bus_register_notifier(other_bus, &other_nb);
	return 0;
}

/* A driver may have a bus of its own for its banks */
void sim_watch_banks(struct sim *sim, struct rpmsg_device *rpdev)
{
	device_for_each_child(&rpdev->dev, NULL, sim_watch_bank);
	sim->watching = true;
}

int sim_bank_init(void)
{
	return bus_register_notifier(&platform_bus_type, &platform_nb);
}

void sim_bank_exit(void)
{
	if (other_bus)
		bus_unregister_notifier(other_bus, &other_nb);
	bus_unregister_notifier(&platform_bus_type, &platform_nb);
}
