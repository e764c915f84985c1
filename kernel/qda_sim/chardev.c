// SPDX-License-Identifier: GPL-2.0-only
/* /dev/qda-sim-N, see qda_sim.h */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "sim.h"

/* pages handed out at one fault at most, if they are mapped */
#define FAULT_PAGES	16

static struct sim *file_sim(struct file *file)
{
	return file->private_data;
}

static int sim_open(struct inode *inode, struct file *file)
{
	struct sim *sim = container_of(file->private_data, struct sim, misc);

	file->private_data = sim;
	mutex_lock(&sim->own_lock);
	/* one mapping, whatever node it was opened by, so that all can be zapped */
	if (!sim->inode)
		sim->inode = igrab(inode);
	if (sim->inode)
		file->f_mapping = sim->inode->i_mapping;
	mutex_unlock(&sim->own_lock);
	return sim->inode ? nonseekable_open(inode, file) : -ENXIO;
}

static int sim_release(struct inode *inode, struct file *file)
{
	struct sim *sim = file_sim(file);

	mutex_lock(&sim->own_lock);
	if (sim->owner == file) {
		sim->owner = NULL;
		sim_set_channel(sim, false);
	}
	mutex_unlock(&sim->own_lock);
	return 0;
}

static int sim_own(struct sim *sim, struct file *file)
{
	int err = 0;

	mutex_lock(&sim->own_lock);
	if (sim->owner) {
		err = -EBUSY;
	} else {
		/* what was meant for another firmware */
		sim_set_channel(sim, false);
		sim_flush_channel(sim);
		sim_channel_drain(sim);
		sim->owner = file;
		sim_set_channel(sim, true);
	}
	mutex_unlock(&sim->own_lock);
	return err;
}

/* Others only ask, and show memory */
static bool sim_is_owner(struct sim *sim, struct file *file)
{
	return READ_ONCE(sim->owner) == file;
}

static ssize_t sim_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct sim *sim = file_sim(file);
	struct sim_entry *entry;
	ssize_t ret;

	if (!sim_is_owner(sim, file))
		return -EPERM;
	if (size < sizeof(entry->record))
		return -EMSGSIZE;
	for (;;) {
		spin_lock(&sim->lock);
		entry = list_first_entry_or_null(&sim->queue, struct sim_entry, node);
		if (entry) {
			list_del(&entry->node);
			sim->queued--;
		}
		spin_unlock(&sim->lock);
		if (entry)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(sim->wait, READ_ONCE(sim->queued));
		if (ret)
			return ret;
	}
	if (copy_to_user(buf, &entry->record, sizeof(entry->record))) {
		spin_lock(&sim->lock);
		list_add(&entry->node, &sim->queue);
		sim->queued++;
		spin_unlock(&sim->lock);
		return -EFAULT;
	}
	kfree(entry);
	return sizeof(entry->record);
}

static void sim_put_pages(struct sim *sim, u32 sid)
{
	struct sim_window *window = &sim->windows[sid];
	unsigned int i;

	if (!window->num_pages)
		return;
	/* a PD may have thousands of mappings, of which few were touched since */
	if (window->num_runs > SIM_MAX_RUNS)
		unmap_mapping_range(sim->inode->i_mapping, QDA_SIM_OFFSET(sid, 0),
				    1ULL << QDA_SIM_OFFSET_SHIFT, 1);
	for (i = 0; i < min(window->num_runs, SIM_MAX_RUNS); i++)
		unmap_mapping_range(sim->inode->i_mapping,
				    QDA_SIM_OFFSET(sid, window->runs[i].addr),
				    window->runs[i].len, 1);
	window->num_runs = 0;
	for (i = 0; !sim->direct && i < window->num_pages; i++) {
		set_page_dirty_lock(window->pages[i]);
		put_page(window->pages[i]);
	}
	window->num_pages = 0;
}

/*
 * A fault that has translated but not yet inserted is waited for: when this returns,
 * nothing is shown, or held, that was translated before. @sid 0: of all banks.
 */
void sim_zap(struct sim *sim, u32 sid)
{
	unsigned int i;

	mutex_lock(&sim->window_lock);
	if (sid && sid < SIM_MAX_SID) {
		sim_put_pages(sim, sid);
	} else {
		for (i = 1; i < SIM_MAX_SID; i++)
			sim_put_pages(sim, i);
	}
	mutex_unlock(&sim->window_lock);
}

static ssize_t sim_write(struct file *file, const char __user *buf, size_t size,
			 loff_t *pos)
{
	u8 data[QDA_SIM_MAX_DATA] __aligned(8);
	struct sim *sim = file_sim(file);
	struct qda_sim_reply head;
	int err;

	if (!sim_is_owner(sim, file))
		return -EPERM;
	if (size < sizeof(head))
		return -EINVAL;
	if (copy_from_user(&head, buf, sizeof(head)))
		return -EFAULT;
	if (head.len > sizeof(data) || size != sizeof(head) + head.len)
		return -EINVAL;
	if (copy_from_user(data, buf + sizeof(head), head.len))
		return -EFAULT;
	/* without an IOMMU a window of any bank may show what this reply lets go */
	sim_zap(sim, sim->direct ? 0 : head.sid);
	err = sim_deliver(sim, data, head.len);
	return err ? err : size;
}

static __poll_t sim_poll(struct file *file, poll_table *wait)
{
	struct sim *sim = file_sim(file);

	poll_wait(file, &sim->wait, wait);
	if (!sim_is_owner(sim, file))
		return EPOLLERR;
	return EPOLLOUT | EPOLLWRNORM |
	       (READ_ONCE(sim->queued) ? EPOLLIN | EPOLLRDNORM : 0);
}

/* --- windows -------------------------------------------------------------- */

/* Room for the pages of one more fault; window_lock is held */
static int sim_grow(struct sim_window *window)
{
	unsigned int max = window->max_pages ? 2 * window->max_pages : 64;
	struct page **pages;

	if (window->num_pages + FAULT_PAGES <= window->max_pages)
		return 0;
	pages = kvmalloc_array(max, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	if (window->num_pages)
		memcpy(pages, window->pages, window->num_pages * sizeof(*pages));
	kvfree(window->pages);
	window->pages = pages;
	window->max_pages = max;
	return 0;
}

static void sim_note_run(struct sim_window *window, u64 addr, u64 len)
{
	unsigned int i = window->num_runs;

	if (i && i <= SIM_MAX_RUNS &&
	    window->runs[i - 1].addr + window->runs[i - 1].len == addr) {
		window->runs[i - 1].len += len;
		return;
	}
	if (i < SIM_MAX_RUNS) {
		window->runs[i].addr = addr;
		window->runs[i].len = len;
	}
	if (i <= SIM_MAX_RUNS)
		window->num_runs++;
}

/*
 * Pages are shown by their number: they belong to files and caches that know nothing
 * of this mapping, and may give them up while it is there. The window holds them.
 */
static vm_fault_t sim_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct sim *sim = file_sim(vma->vm_file);
	u64 at = (u64)vmf->pgoff << PAGE_SHIFT;
	u32 sid = at >> QDA_SIM_OFFSET_SHIFT;
	u64 addr = at & (QDA_SIM_OFFSET(1, 0) - 1);
	unsigned long address = vmf->address & PAGE_MASK;
	struct sim_window *window = &sim->windows[sid];
	vm_fault_t ret = VM_FAULT_SIGBUS, now;
	struct page **pages;
	unsigned int i, n;

	mutex_lock(&sim->window_lock);
	/* more and more to who reads on; one page to who looks here and there */
	if (window->around && addr == window->next)
		n = min(2 * window->around, FAULT_PAGES);
	else
		n = 1;
	n = min_t(unsigned long, n, (vma->vm_end - address) >> PAGE_SHIFT);
	if (sim_grow(window)) {
		ret = VM_FAULT_OOM;
		n = 0;
	}
	pages = window->pages + window->num_pages;
	if (n)
		n = sim_get_pages(sim, sid, addr, pages, n);
	window->num_pages += n;
	if (n)
		sim_note_run(window, addr, (u64)n << PAGE_SHIFT);
	for (i = 0; i < n; i++) {
		now = vmf_insert_pfn(vma, address, page_to_pfn(pages[i]));
		if (!i)
			ret = now;
		if (now != VM_FAULT_NOPAGE)
			break;
		address += PAGE_SIZE;
	}
	window->around = n;
	window->next = addr + ((u64)n << PAGE_SHIFT);
	mutex_unlock(&sim->window_lock);
	if (ret == VM_FAULT_SIGBUS)
		sim->faults++;
	return ret;
}

static void sim_vma_close(struct vm_area_struct *vma)
{
	sim_zap(file_sim(vma->vm_file),
		vma->vm_pgoff >> (QDA_SIM_OFFSET_SHIFT - PAGE_SHIFT));
}

static const struct vm_operations_struct sim_vm_ops = {
	.close = sim_vma_close,
	.fault = sim_fault,
};

static int sim_mmap(struct file *file, struct vm_area_struct *vma)
{
	u64 first = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 last = first + (vma->vm_end - vma->vm_start) - 1;

	/* not VM_SHARED, which a file open for reading does not get */
	if (!(vma->vm_flags & VM_MAYSHARE) ||
	    first >> QDA_SIM_OFFSET_SHIFT != last >> QDA_SIM_OFFSET_SHIFT ||
	    !(first >> QDA_SIM_OFFSET_SHIFT) ||
	    first >> QDA_SIM_OFFSET_SHIFT >= SIM_MAX_SID)
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	vma->vm_ops = &sim_vm_ops;
	return 0;
}

/* --- ioctls --------------------------------------------------------------- */

static void sim_get_info(struct sim *sim, struct qda_sim_info *info)
{
	memset(info, 0, sizeof(*info));
	strscpy_pad(info->label, sim->label);
	info->sid_pos = sim->sid_pos;
	info->up = !!READ_ONCE(sim->ept);
	info->num_banks = sim->num_banks;
	memcpy(info->sids, sim->sids, sizeof(info->sids));
}

static long sim_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct sim *sim = file_sim(file);
	void __user *user = (void __user *)arg;
	union {
		struct qda_sim_info info;
		struct qda_sim_access access;
		struct qda_sim_translate translate;
		struct qda_sim_maps maps;
		u32 value;
	} u;
	phys_addr_t phys;
	bool dma = false;
	int err;

	if (_IOC_SIZE(cmd) > sizeof(u))
		return -ENOTTY;
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&u, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case QDA_SIM_IOC_INFO:
		sim_get_info(sim, &u.info);
		err = 0;
		break;
	case QDA_SIM_IOC_OWN:
		return sim_own(sim, file);
	case QDA_SIM_IOC_ACCESS:
		err = sim_access(sim, &u.access);
		if (copy_to_user(user, &u, sizeof(u.access)))
			err = -EFAULT;
		return err;
	case QDA_SIM_IOC_TRANSLATE:
		err = sim_translate(sim, u.translate.sid, u.translate.addr, &phys,
				    &dma);
		u.translate.phys = phys;
		u.translate.dma = dma;
		break;
	case QDA_SIM_IOC_MAPS:
		err = sim_list_maps(sim, &u.maps);
		break;
	case QDA_SIM_IOC_CHANNEL:
		if (u.value > 1)
			return -EINVAL;
		sim_set_channel(sim, u.value);
		if (!u.value)
			sim_flush_channel(sim);
		return 0;
	case QDA_SIM_IOC_RESPOND:
		if (u.value & ~(QDA_SIM_RESPOND_CALLS | QDA_SIM_RESPOND_CONTROL |
				QDA_SIM_RESPOND_WORKER))
			return -EINVAL;
		WRITE_ONCE(sim->respond, u.value);
		return 0;
	default:
		return -ENOTTY;
	}
	if (!err && copy_to_user(user, &u, _IOC_SIZE(cmd)))
		return -EFAULT;
	return err;
}

static const struct file_operations sim_fops = {
	.owner = THIS_MODULE,
	.open = sim_open,
	.release = sim_release,
	.read = sim_read,
	.write = sim_write,
	.poll = sim_poll,
	.mmap = sim_mmap,
	.unlocked_ioctl = sim_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int sim_chardev_add(struct sim *sim)
{
	mutex_init(&sim->own_lock);
	snprintf(sim->name, sizeof(sim->name), "qda-sim-%u", sim->id);
	sim->misc.minor = MISC_DYNAMIC_MINOR;
	sim->misc.name = sim->name;
	sim->misc.fops = &sim_fops;
	sim->misc.parent = sim->parent;
	sim->misc.mode = 0600;
	return misc_register(&sim->misc);
}

/* No file is open: each holds the module */
void sim_chardev_remove(struct sim *sim)
{
	unsigned int i;

	misc_deregister(&sim->misc);
	for (i = 0; i < SIM_MAX_SID; i++)
		kvfree(sim->windows[i].pages);
	iput(sim->inode);
}
