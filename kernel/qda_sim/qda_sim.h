/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * /dev/qda-sim-N: the far end of a virtual DSP's FastRPC channel. Who owns it is
 * the firmware: it gets the driver's messages, answers them, and reaches memory
 * only through the context banks' IOMMU. Where they have none, all of them reach what
 * the DMA API has given to any, at its DMA addresses, while the channel is up.
 */
#ifndef QDA_SIM_H
#define QDA_SIM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define QDA_SIM_MAX_BANKS	64
#define QDA_SIM_MAX_DATA	256

/* read(): one record; partial reads are -EMSGSIZE, reads of no owner -EPERM */
enum qda_sim_record_type {
	QDA_SIM_RECORD_MSG = 1,		/* @data: what the driver has sent */
	QDA_SIM_RECORD_UP = 2,		/* a driver has opened the channel */
	QDA_SIM_RECORD_DOWN = 3,	/* and closed it: nothing is answered now */
};

struct qda_sim_record {
	__u32 type;
	__u32 len;
	__u32 sid;			/* of @data, as its address says */
	__u32 pad;
	__u8 data[QDA_SIM_MAX_DATA];
};

/*
 * write(): this and @len bytes, which the driver gets as they are. Before it
 * does, every window of bank @sid (0: of all banks) is emptied, as the driver may
 * now unmap what they show; the next access translates again. -ENOTCONN: no driver
 * has the channel open; -EPERM: not the owner.
 */
struct qda_sim_reply {
	__u32 sid;
	__u32 len;
};

/*
 * mmap(): bus address A of stream id S is at offset QDA_SIM_OFFSET(S, A). What is
 * not mapped in the bank faults (SIGBUS).
 */
#define QDA_SIM_OFFSET_SHIFT	40
#define QDA_SIM_OFFSET(sid, addr) \
	(((__u64)(sid) << QDA_SIM_OFFSET_SHIFT) + (addr))

struct qda_sim_info {
	__u8 label[32];
	__u32 sid_pos;			/* bit of an address where the stream id is */
	__u32 up;			/* 1: a driver has opened the channel */
	__u32 num_banks;
	__u32 pad;
	__u32 sids[QDA_SIM_MAX_BANKS];
};

#define QDA_SIM_ACCESS_WRITE	(1 << 0)

/*
 * Read or write memory; -EFAULT: @done bytes were done, the next is not mapped. @sid 0:
 * physical addresses, of which the DSP reaches its node's memory-region.
 */
struct qda_sim_access {
	__u32 sid;
	__u32 flags;
	__u64 addr;
	__u64 len;
	__u64 buf;			/* user pointer; 0: only see if all is mapped */
	__u64 done;
};

/* -EFAULT: not mapped, -ENODEV: no such bank now */
struct qda_sim_translate {
	__u32 sid;
	__u32 dma;			/* out, 1: a translated DMA domain */
	__u64 addr;
	__u64 phys;			/* out */
};

struct qda_sim_range {
	__u64 addr;
	__u64 size;
};

/*
 * What is mapped in the bank, in order; neighbours are one range. At most @max go
 * to @ranges, @num says how many there are. -ENODEV: no such bank now.
 */
struct qda_sim_maps {
	__u32 sid;
	__u32 max;
	__u64 ranges;			/* user pointer */
	__u32 num;			/* out */
	__u32 pad;
};

/* what the kernel answers with 0 itself, at once */
#define QDA_SIM_RESPOND_CALLS	(1 << 0)	/* handles from 3 */
#define QDA_SIM_RESPOND_CONTROL	(1 << 1)	/* handles below 3 */
#define QDA_SIM_RESPOND_WORKER	(1 << 2)	/* from a thread, not in send */

#define QDA_SIM_IOC_INFO	_IOR('q', 0x80, struct qda_sim_info)
/*
 * Be the DSP: the channel appears, and goes when this file is closed, as when
 * firmware crashes. -EBUSY: there is one.
 */
#define QDA_SIM_IOC_OWN		_IO('q', 0x81)
#define QDA_SIM_IOC_ACCESS	_IOWR('q', 0x82, struct qda_sim_access)
#define QDA_SIM_IOC_TRANSLATE	_IOWR('q', 0x83, struct qda_sim_translate)
/* 0: the channel goes, returns when it has; 1: it comes back */
#define QDA_SIM_IOC_CHANNEL	_IOW('q', 0x84, __u32)
#define QDA_SIM_IOC_RESPOND	_IOW('q', 0x85, __u32)
#define QDA_SIM_IOC_MAPS	_IOWR('q', 0x86, struct qda_sim_maps)

#endif
