/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * /dev/qda-exporter: dma-bufs that are laid out, and fail, as a test wants. For tests
 * only; never load it on a machine that does anything else.
 */
#ifndef QDA_EXPORTER_H
#define QDA_EXPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define QDA_EXPORTER_MAX_PAGES		1024
#define QDA_EXPORTER_MAX_SEGMENTS	16

/* No mmap, no vmap */
#define QDA_EXPORTER_NO_MMAP		(1 << 0)
#define QDA_EXPORTER_NO_VMAP		(1 << 1)
/* The exporter may move the memory while nobody has pinned it */
#define QDA_EXPORTER_MOVES		(1 << 2)
/* Mapping answers with no table at all */
#define QDA_EXPORTER_NO_TABLE		(1 << 3)

/* A part of the memory, as an entry of the table an importer gets */
struct qda_exporter_segment {
	__u64 offset;
	__u64 length;
};

/* -EINVAL: a script that cannot be played */
struct qda_exporter_create {
	__u64 size;			/* what the dma-buf says it has */
	__u64 fake_addr;		/* not 0: bus address of the memory, unmapped */
	__u32 num_pages;		/* that there are */
	__u32 flags;
	__u32 num_segments;		/* 0: one, of all the memory */
	__s32 attach_error;		/* negative errno of attach, or 0 */
	__s32 map_error;		/* and of map */
	__s32 fd;			/* out */
	struct qda_exporter_segment segments[QDA_EXPORTER_MAX_SEGMENTS];
};

/* From now on; -EBADF, -EINVAL: @fd is not one of ours */
struct qda_exporter_script {
	__s32 fd;
	__s32 attach_error;
	__s32 map_error;
	__u32 pad;
};

/* Of all buffers since the module was loaded */
struct qda_exporter_counts {
	__u32 buffers;			/* there are now */
	__u32 attached;			/* now */
	__u32 mapped;			/* now */
	__u32 pinned;			/* now */
	__u32 vmapped;			/* now */
	__u32 pad;
	__u64 attaches;			/* ever, that worked */
	__u64 maps;
	__u64 refused;			/* attaches and maps that did not */
	__u64 moves;
};

#define QDA_EXPORTER_IOC_CREATE	_IOWR('q', 0xa0, struct qda_exporter_create)
#define QDA_EXPORTER_IOC_SCRIPT	_IOW('q', 0xa1, struct qda_exporter_script)
#define QDA_EXPORTER_IOC_COUNTS	_IOR('q', 0xa2, struct qda_exporter_counts)
/* Put the memory of this dma-buf elsewhere. -EBUSY: pinned; -EPERM: does not move */
#define QDA_EXPORTER_IOC_MOVE	_IOW('q', 0xa3, __s32)

#endif
