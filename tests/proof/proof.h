/* SPDX-License-Identifier: MIT */
/* What the proofs share: looking at processes from outside, through /proc. */
#ifndef QDA_PROOF_H
#define QDA_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <qda/qda.h>

/* methods of the bench module (dsp/modules/bench/bench.idl) */
#include "bench-methods.h"

struct footprint {
	long fds;
	long maps;
	long threads;
	long rss_anon_kib;
};

struct rig {
	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
	struct qda_module *bench;
	pid_t server;	/* qda-softdsp */
	pid_t pd;	/* the process that runs the skel */
};

/* the name to open: QDA_TEST_DEVICE or soft:cdsp */
const char *proof_device(void);
/* whether each opener has a DSP of its own, as on the soft device */
bool proof_is_private(void);
/* exits the test with a message on failure */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);

/* 0: no such process */
pid_t proc_parent(pid_t pid);
/* state letter of a process, 0 when it is gone */
char proc_state(pid_t pid);
void proc_footprint(pid_t pid, struct footprint *ret);
/* wait until a process has gone (zombies count as gone), up to timeout */
bool proc_wait_gone(pid_t pid, int timeout_ms);

#endif
