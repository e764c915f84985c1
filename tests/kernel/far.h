/* SPDX-License-Identifier: MIT */
/*
 * The test is the firmware itself, of the DSP that nobody serves (QDA_UAPI_SPARE). While
 * it is, "dev" is that DSP's device, which has no steering.
 */
#ifndef QDA_KERNEL_FAR_H
#define QDA_KERNEL_FAR_H

#include "qda_sim/qda_sim.h"

#include "attack.h"

struct far {
	int fd;			/* 0: not open */
	uint32_t sid;		/* of its only bank */
	int client;		/* open file of the driver's node */
};

/* an open file of the spare DSP's node, which owns nothing */
int far_file(int flags);
/* "dev" is the spare DSP's device from now on, and again what it was */
void far_enter(void);
void far_leave(void);
/* be the DSP, with a client of the driver; skips where there is no spare DSP */
void far_open(struct far *far);
/* and no more; the client is closed too */
void far_close(struct far *far);

/* the next record; the case fails when none comes */
void far_record(const struct far *far, struct qda_sim_record *record);
/* context word of the next message */
uint64_t far_message(const struct far *far);
/* 0 or negative errno of write() */
int far_write(int fd, uint32_t sid, const void *data, uint32_t len);
int far_answer(const struct far *far, uint64_t ctx, int32_t status);

/* a buffer of the client, and where the DSP has it */
struct far_buffer {
	uint32_t gem;
	size_t size;
	uint8_t *mem;
	uint64_t bus;
};
void far_buffer_new(const struct far *far, struct far_buffer *b, size_t size);
void far_buffer_free(const struct far *far, struct far_buffer *b);

/* ACCESS of the whole range; *ret_done may be NULL */
int far_access(int fd, uint32_t sid, uint32_t flags, uint64_t addr, uint64_t len,
	       void *buf, uint64_t *ret_done);
/* a window, or NULL with errno */
void *far_window(int fd, uint32_t sid, uint64_t addr, size_t size);
/* whether the kernel can read, or write, a byte there for us */
bool can_read(const void *ptr);
bool can_write(void *ptr);

#endif
