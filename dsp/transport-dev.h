/* SPDX-License-Identifier: MIT */
/* Serving a driver through the node of the virtual transport, transport-dev.c */
#ifndef QDA_SOFTDSP_TRANSPORT_DEV_H
#define QDA_SOFTDSP_TRANSPORT_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pd;

/* the DSP's name, and dsp.num_banks set; NULL after a message on stderr */
const char *device_open(const char *name);
/* become the DSP; negative errno */
int device_start(void);
void device_stop(void);
/* is it the device that is served? */
bool device_used(void);
/* the channel goes and comes back */
void device_restart(void);
/* all PDs of before have ended */
void device_resume(void);

/* memory of a bank, as bank_covers(), bank_read(), bank_write() */
bool device_covers(uint32_t sid, uint64_t addr, uint64_t size);
bool device_read(uint32_t sid, uint64_t addr, void *buf, size_t len);
bool device_write(uint32_t sid, uint64_t addr, const void *buf, size_t len);

/* calls fn for each range; false, errno: it cannot be found out */
bool device_list_maps(uint32_t sid, void (*fn)(uint64_t addr, uint64_t size));

/* give a new PD its window */
void device_hand_over(struct pd *pd);
/* its end: answer what it has not */
void device_pd_gone(struct pd *pd);

#endif
