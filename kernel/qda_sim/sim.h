/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef QDA_SIM_SIM_H
#define QDA_SIM_SIM_H

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/rpmsg.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "qda_sim.h"

#define SIM_MAX_QUEUED	4096
#define SIM_MAX_SID	256
/* where a driver may map: no DSP here has more address bits */
#define SIM_MAX_MAPPED	BIT_ULL(34)
#define SIM_NUM_REGIONS	8192

struct reserved_mem;

struct sim_entry {
	struct list_head node;
	struct qda_sim_record record;
};

#define SIM_MAX_RUNS	8

/* Why the channel takes nothing: the DSP has no buffer (GLINK), there is no room */
#define SIM_STALL_BUFFER	1
#define SIM_STALL_ROOM		2

/* What is shown of a bank, under window_lock */
struct sim_window {
	struct page **pages;		/* with a reference, where there is an IOMMU */
	unsigned int num_pages, max_pages;
	struct {
		u64 addr, len;
	} runs[SIM_MAX_RUNS];		/* where they are */
	unsigned int num_runs;		/* more than there is room for: anywhere */
	u64 next;			/* where the last fault's pages end */
	unsigned int around;		/* pages it handed out */
};

/* What the last listing has found, see maps.c; under @lock */
struct sim_bank {
	struct mutex lock;		/* of the others */
	u64 seen;
	DECLARE_BITMAP(used, SIM_NUM_REGIONS);
};

/* One virtual DSP */
struct sim {
	struct list_head node;		/* of all sims, under sims_lock */
	unsigned int id;
	struct device *parent;
	struct device_node *np;
	const char *label;
	unsigned int sid_pos;
	unsigned int num_banks;
	u32 sids[QDA_SIM_MAX_BANKS];
	struct sim_bank *banks;		/* of sids */
	bool direct;			/* banks have no IOMMU, see dma.c */
	struct list_head direct_node, dma;
	const struct reserved_mem *region;	/* or NULL; by physical address */

	/*
	 * Readers use rpdev and its children (the context banks); a bank's IOMMU
	 * domain stays while they do, see sim_bus_notify().
	 */
	struct rw_semaphore dev_lock;
	struct rpmsg_device *rpdev;	/* NULL: channel down */

	struct work_struct channel_work;
	bool want_up;
	bool watching;			/* bus of the banks is known */

	spinlock_t lock;		/* the following */
	struct rpmsg_endpoint *ept;	/* NULL: no driver */
	struct list_head queue;
	unsigned int queued;
	wait_queue_head_t wait;

	struct list_head replies;	/* for respond_work */
	struct work_struct respond_work;
	u32 respond;
	u64 messages, responded, faults;

	u32 stall;			/* SIM_STALL_* */
	atomic_t stalled;		/* who is asleep because of it */
	u64 refused;

	struct miscdevice misc;
	char name[16];
	struct file *owner;		/* under own_lock */
	struct mutex own_lock;
	struct inode *inode;		/* all windows are of its mapping */
	struct mutex window_lock;
	struct sim_window windows[SIM_MAX_SID];
	struct dentry *debugfs;
};

/* channel.c */
void sim_set_channel(struct sim *sim, bool up);
void sim_flush_channel(struct sim *sim);
void sim_set_stall(struct sim *sim, u32 stall);
int sim_deliver(struct sim *sim, void *data, int len);
int sim_channel_init(void);
void sim_channel_exit(void);
void sim_channel_setup(struct sim *sim);
void sim_channel_drain(struct sim *sim);

/* bank.c */
struct iommu_domain *sim_find_domain(struct sim *sim, u32 sid);
phys_addr_t sim_iova_to_phys(struct iommu_domain *domain, u64 addr);
int sim_translate(struct sim *sim, u32 sid, u64 addr, phys_addr_t *ret_phys,
		  bool *ret_dma);
unsigned int sim_get_pages(struct sim *sim, u32 sid, u64 addr, struct page **pages,
			   unsigned int max);
int sim_access(struct sim *sim, struct qda_sim_access *access);
void sim_watch_banks(struct sim *sim, struct rpmsg_device *rpdev);
int sim_bank_init(void);
void sim_bank_exit(void);

/* dma.c */
phys_addr_t sim_dma_phys(struct sim *sim, u64 addr);
bool sim_dma_next_page(struct sim *sim, u64 *addr);
unsigned int sim_dma_get_pages(struct sim *sim, u64 addr, struct page **pages,
			       unsigned int max);
void sim_dma_check_deleted(struct device *dev);
void sim_dma_setup(struct sim *sim);
void sim_dma_teardown(struct sim *sim);
void sim_dma_init(void);
void sim_dma_exit(void);

/* maps.c */
int sim_maps_setup(struct sim *sim);
int sim_list_maps(struct sim *sim, struct qda_sim_maps *maps);
void sim_maps_init(void);
void sim_maps_exit(void);

/* chardev.c */
int sim_chardev_add(struct sim *sim);
void sim_chardev_remove(struct sim *sim);
void sim_zap(struct sim *sim, u32 sid);

/* main.c */
void sim_for_each(void (*fn)(struct sim *sim));

#endif
