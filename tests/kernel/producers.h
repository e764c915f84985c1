/* SPDX-License-Identifier: MIT */
/* Drivers that make dma-bufs, as the tests use them. */
#ifndef QDA_KERNEL_PRODUCERS_H
#define QDA_KERNEL_PRODUCERS_H

#include "common.h"

struct producer {
	int buf;		/* the dma-buf */
	uint8_t *mem;		/* the producer's own mapping of it */
	size_t size;
	int fd;			/* what it was made with, or -1 */
	bool tells_pages;	/* whether the mapping's page numbers can be had */
};

/* a dma-buf of about this many bytes; the case fails when there is none */
void heap_new(struct producer *p, bool cma, size_t size);
void udmabuf_new(struct producer *p, size_t size);
/* "vgem" or "vkms": a dumb buffer; loads the module */
void dumb_new(struct producer *p, const char *driver, size_t size);
void producer_free(struct producer *p);

/* a primary node of that driver; loads the module */
int card_open(const char *driver);

/* A camera that vivid plays: frames of WIDTH x HEIGHT, YUYV */
#define CAM_WIDTH	320
#define CAM_HEIGHT	180
#define CAM_FRAME	((size_t)CAM_WIDTH * CAM_HEIGHT * 2)
#define CAM_BUFFERS	3

struct camera {
	int fd;
	uint32_t memory;	/* V4L2_MEMORY_MMAP or V4L2_MEMORY_DMABUF */
	size_t size;		/* of a buffer */
	uint8_t *mem[CAM_BUFFERS];
	int buf[CAM_BUFFERS];
};

/* contig: its frames are physically contiguous, not from vmalloc() */
void camera_open(struct camera *c, bool contig);
/* buffers of its own, mapped and exported */
void camera_own_buffers(struct camera *c);
/* buffers of somebody else */
void camera_foreign_buffers(struct camera *c);
void camera_start(struct camera *c);
/* 0 or negative errno; buf: dma-buf, with foreign buffers */
int camera_queue(struct camera *c, unsigned int i, int buf);
/* index of the next frame; sequence may be NULL */
unsigned int camera_frame(struct camera *c, uint32_t *sequence);
void camera_close(struct camera *c);

#endif
