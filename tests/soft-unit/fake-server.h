/* SPDX-License-Identifier: MIT */
/* A thread that speaks dsp/link.h, as badly as it is told to. */
#ifndef QDA_TEST_FAKE_SERVER_H
#define QDA_TEST_FAKE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "dsp/link.h"
#include "qda/qda_pack.h"

/* what it does wrong */
enum fake_fault {
	FAKE_GOOD,
	FAKE_CLOSE,		/* hangs up instead of answering request number @at */
	FAKE_SILENT,		/* never answers request number @at */
	FAKE_NOISE,		/* around each answer: other seqs, cut and long ones */
	FAKE_NAME,		/* is another DSP than it was asked for */
	FAKE_ERROR_POSITIVE,	/* answers request @at with error 5 */
	FAKE_ERROR_HUGE,	/* answers request @at with an error that is no errno */
	FAKE_ERROR_EINTR,	/* answers request @at as if a signal had come */
	FAKE_BANK_ZERO,		/* stream id 0 */
	FAKE_BANK_WRAPS,	/* a bus range past 32 bits */
	FAKE_BANK_TINY,		/* too small for the message pool */
	FAKE_REPLY_NOISE,	/* around each FastRPC reply: forged and stale ones */
	FAKE_REPLY_TWICE,
	FAKE_REPLY_NEVER,	/* calls other than control ones */
	FAKE_LANE_EOF,		/* closes the lane of a call instead of a reply */
	FAKE_LANE_REFUSED,	/* takes one lane and no other */
	FAKE_STATE_SILENT,	/* closes lanes and does not say why */
	FAKE_CTL_EOF,		/* hangs up when a control message comes */
	FAKE_CTL_STATUS,	/* answers every control message with a status */
};

#define FAKE_MAX_LANES	200

struct fake_server {
	pthread_t thread;
	char dir[64];
	char path[96];		/* for soft:cdsp@PATH */
	int listen_fd;
	int stop[2];
	atomic_int fault;
	atomic_int at;
	atomic_int requests;	/* on the control socket, so far */
	atomic_int calls;
	/* private to the thread */
	int control, root;
	int lanes[FAKE_MAX_LANES];
	int num_lanes;
};

int fake_start(struct fake_server *fake, enum fake_fault fault, int at);
void fake_stop(struct fake_server *fake);

#endif
