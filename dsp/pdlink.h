/* SPDX-License-Identifier: MIT */
/*
 * Between the root process and the PDs: one SEQPACKET socket per PD, on which
 * each packet is a struct pdlink_packet, and one page run of shared memory.
 * Neither side of this is public; a shell image must be of the same build.
 */
#ifndef QDA_SOFTDSP_PDLINK_H
#define QDA_SOFTDSP_PDLINK_H

#include <stdatomic.h>
#include <stdint.h>

#include "payload.h"

#define PDLINK_VERSION		4
#define PDLINK_MAX_LANES	256
/* longest reply packet that steering can make */
#define PDLINK_REPLY_MAX	256

enum pdlink_op {
	/* root to PD; answered by ANSWER where it says so */
	PDLINK_HELLO = 1,	/* a: version, b: stream id, c: bytes of remote heap,
				 * sid_pos, flags: enum pd_kind, maybe PDLINK_SIGNED;
				 * fd: shared; ANSWER */
	PDLINK_MAP,		/* a: address, b: bytes, c: offset; fd; ANSWER */
	PDLINK_UNMAP,		/* a: address, b: bytes; ANSWER */
	PDLINK_LANE,		/* a: thread id; fd; ANSWER */
	PDLINK_REGISTER,	/* a: address, b: bytes, c: address to answer or 0,
				 * dsp_id, flags; ANSWER with a: DSP address */
	PDLINK_UNREGISTER,	/* a: DSP address, b: bytes, dsp_id; ANSWER */
	PDLINK_PING,		/* ANSWER */
	PDLINK_VERDICT,		/* seq: of CALL or REPLY; what to do */
	PDLINK_RUN,		/* run msg of lane now */
	PDLINK_SEND,		/* send data on lane, times */
	/* PD to root */
	PDLINK_ANSWER,		/* seq, error (errno), status (DSP), a */
	PDLINK_CALL,		/* seq, lane, msg: may it run? */
	PDLINK_REPLY,		/* seq, lane, msg, data: may it go? */
	PDLINK_NOTIFY,		/* the client wants status notifications */
	PDLINK_EXEC_FAILED,	/* error; instead of everything else */
};

/* what the PD of a session is; USER is created, the others are there to attach to */
enum pd_kind {
	PD_KIND_USER,
	PD_KIND_ROOT,
	PD_KIND_SENSORS,
	PD_KIND_AUDIO,
	PD_KIND_OIS,
	PD_KIND_SECURE,
};

/* beside its kind: the PD runs signed modules only */
#define PDLINK_SIGNED		0x100u

enum pdlink_verdict {
	PDLINK_GO,
	PDLINK_KEPT,		/* the root has it now, forget it */
};

struct pdlink_packet {
	uint32_t op;
	uint32_t seq;
	int32_t error;
	int32_t status;
	uint64_t a, b, c;
	union {
		uint32_t dsp_id;
		uint32_t sid_pos;	/* bit of an address where the stream id is */
	};
	uint32_t flags;
	uint32_t lane;
	uint32_t verdict;
	struct payload_msg msg;
	uint32_t times;
	uint32_t len;
	uint8_t data[PDLINK_REPLY_MAX];
};

/* bits of pd_shared.armed: anything set leaves the fast path */
#define PDLINK_ARMED_RULES	1u
#define PDLINK_ARMED_LOG	2u

#define PDLINK_COUNTS		1024

struct pd_count {
	_Atomic uint64_t key;	/* handle << 5 | method, plus one; 0: free */
	_Atomic uint64_t n;
};

struct pd_shared {
	_Atomic uint32_t armed;		/* written by the root */
	_Atomic uint32_t fault;		/* 0 none, 1 being written, 2 valid */
	uint32_t fault_signal;
	uint32_t fault_in_window;
	uint64_t fault_addr;		/* bus address, or a pointer */
	_Atomic uint64_t other_calls;	/* counts is full */
	struct pd_count counts[PDLINK_COUNTS];
};

#endif
