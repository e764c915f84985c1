/* SPDX-License-Identifier: MIT */
/*
 * Between the soft device (a process's libqda-soft.so) and qda-softdsp: what an
 * SoC does with wires. FastRPC messages themselves are kernel/qda/qda_wire.h.
 *
 * All sockets are AF_UNIX SOCK_SEQPACKET, so a packet is a message.
 *
 *   control socket  one per open file of the device. Its end of file is the
 *                   only life line: the server then releases the PD and frees
 *                   the bank. Requests below, answered by replies with the same
 *                   seq; the client may have several outstanding.
 *   root lane       one per open file, given with HELLO: FastRPC for the init
 *                   handle, and for everything else while there is no PD (the
 *                   server answers those with an error status). Status
 *                   notifications and unsolicited messages arrive here.
 *   lane            one per (session, caller thread), given with LANE: FastRPC
 *                   straight between the caller and one thread of the PD.
 *
 * A private server is started with one end of a "factory" socket as --fd N;
 * each packet on it (one byte) carries the control socket of a new open file;
 * end of file ends the server. A named server listens on a path and accepts.
 */
#ifndef QDA_SOFTDSP_LINK_H
#define QDA_SOFTDSP_LINK_H

#include <stdint.h>

#define QDA_LINK_VERSION	1

enum qda_link_op {
	/* a: version; fd: root lane. -> a: drm_qda_feature bits,
	 * b: banks in total, c: bytes of a bank's bus range, name: DSP.
	 * -EPROTO: other version */
	QDA_LINK_HELLO = 1,
	/* -> a: stream id, b: first bus address, c: bytes. -EBUSY */
	QDA_LINK_BANK_TAKE,
	/* give back a bank that was borrowed and has no PD */
	QDA_LINK_BANK_PUT,
	/* -> a: free banks */
	QDA_LINK_BANK_FREE,
	/* a: bus address, b: bytes, c: offset in fd; fd: memory. Answered when
	 * the PD, if there is one, can use it. Page aligned. */
	QDA_LINK_MAP,
	/* a: bus address, b: bytes, exactly as mapped. Answered when nothing can
	 * use it any more */
	QDA_LINK_UNMAP,
	/* a: thread id; fd: the lane. -ENOTCONN: no PD (any more) */
	QDA_LINK_LANE,
	/* -> a: enum qda_link_pd, b: (int32) status for calls it left unanswered */
	QDA_LINK_PD_STATE,
};

enum qda_link_pd {
	QDA_LINK_PD_NONE,
	QDA_LINK_PD_RUNNING,
	QDA_LINK_PD_GONE,
};

struct qda_link_req {
	uint32_t op;
	uint32_t seq;
	uint64_t a, b, c;
};

struct qda_link_rep {
	uint32_t op;
	uint32_t seq;
	int32_t error;		/* 0 or negative errno */
	uint32_t pad;
	uint64_t a, b, c;
	char name[32];
};

/* Bus addresses: 32 bits, with the stream id from this bit up on the wire */
#define QDA_LINK_SID_SHIFT	32

#endif
