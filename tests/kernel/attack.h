/* SPDX-License-Identifier: MIT */
/*
 * What the programs that try to break the driver share, on top of the frame of
 * tests/uapi. They need the real driver, root, debugfs, and qda_sim below it.
 */
#ifndef QDA_KERNEL_ATTACK_H
#define QDA_KERNEL_ATTACK_H

#include "common.h"

/* a whole file; negative errno */
int file_whole(const char *path, char *text, size_t size);
/* a shell command; its exit status, 256 + signal if it was killed */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* the debug kernel's detectors are there, so figures of memory are theirs too */
bool is_debug_kernel(void);
/* this case may take minutes, more where everything is checked */
void take_time(void);

/* --- what the driver and the transport say of themselves (debugfs) ------- */

/* text of the DSP's qda_state; false: its device is not there */
bool driver_state(const char *dsp, char *text, size_t size);
/* no context bank of the DSP is held, as the driver itself sees it */
bool driver_idle(const char *dsp);
/* until the driver is idle and all banks are free, and a new session works */
void check_healthy(void);
/* the channel comes back, and the node */
void channel_up(void);
/* until the node can be opened again */
void wait_node(void);
/* until this open file knows that its DSP is gone */
void wait_lost(int fd);
/* name of the DSP's device on the rpmsg bus */
void rpmsg_name(const char *dsp, char *name, size_t size);

/* --- sessions ------------------------------------------------------------ */

/* arguments that map a buffer's first page under this integer */
struct drm_qda_remote_map map_of(uint32_t gem, int32_t dsp_id);
/* noop and echo answer what they should */
void check_session(struct sess *s);
/* one that keeps calling from a thread while others are attacked */
struct witness {
	struct sess s;
	pthread_t thread;
	int stop;
	unsigned long calls;
	int err;
	int32_t status;
};
void witness_start(struct witness *w);
/* it must have made calls, all of them right */
void witness_stop(struct witness *w);

/* --- chance --------------------------------------------------------------- */

struct chance {
	uint64_t state;
};
/* QDA_FUZZ_SEED or something new; printed */
uint64_t chance_seed(void);
uint32_t chance_next(struct chance *c);
/* 0 to n - 1 */
uint32_t chance_below(struct chance *c, uint32_t n);
bool chance_one_in(struct chance *c, uint32_t n);
/* QDA_FUZZ_SECONDS or this */
unsigned int fuzz_seconds(unsigned int normally);

#endif
