/* SPDX-License-Identifier: MIT */
/* The root process of the software DSP: what its parts share. */
#ifndef QDA_SOFTDSP_H
#define QDA_SOFTDSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"
#include "loop.h"
#include "payload.h"
#include "pdlink.h"
#include "sockpath.h"
#include "status.h"

#define SOFTDSP_MAX_BANKS	QDA_SOFT_MAX_BANKS
/* the first page is left out so that address 0 is never valid */
#define BANK_FIRST_ADDR		0x00100000u
#define BANK_SIZE		0xffe00000u
#define BANK_MAX_MAPPINGS	16384
/* requests of one connection that wait for something */
#define CONN_MAX_BUSY		256
#define CREATE_TIMEOUT_MS	10000

struct conn;
struct bank;
struct pd;
struct call;

struct softdsp {
	const char *domain;
	unsigned int domain_id;
	uint32_t features;		/* enum drm_qda_feature */
	unsigned int num_banks;
	unsigned int sid_pos;		/* bit of an address where the stream id is */
	unsigned int generation;
	bool log;
	bool stop;
	char *shell;			/* built-in shell image */
	char *listen_path;
	char *control_path;
	struct bank *banks;		/* [i] has stream id i + 1 */
	unsigned int next_bank;
	struct list conns;
	unsigned int num_conns;
};

extern struct softdsp dsp;

__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* --- softdsp.c ------------------------------------------------------------ */

/* drop every connection and PD, as when the DSP restarts */
void softdsp_restart(void);
/* of CLOCK_MONOTONIC */
int64_t now_ms(void);

/* --- listen.c: sockets with a name ---------------------------------------- */

struct listener {
	struct source source;
	struct listener *next;
	int64_t rests_until_ms;		/* 0: it does not */
};

/* -1 after a message on stderr; fn is to call listen_accept() */
int listen_at(struct listener *listener, const char *path,
	      void (*fn)(struct source *, uint32_t));
/*
 * A connection, or -1. When there are too many, or no more descriptors, the
 * listener rests for a moment: who is not accepted would wake us again at once.
 */
int listen_accept(struct source *source, bool too_many);
/* milliseconds until one has rested, -1; wakes those that have */
int listen_check(void);
/* path of "--listen NAME", allocated; NULL after a message on stderr */
char *listen_path(const char *name);

/* --- attrs.c --------------------------------------------------------------- */

/* index of a generation, -1 */
int attrs_find_generation(const char *name);
void attrs_init(void);
/* false: no such attribute */
bool attrs_set(uint32_t id, uint32_t value);
void attrs_exec(struct call *call);

/* --- bank.c: context banks and what is mapped in them ---------------------- */

struct mapping {
	uint64_t addr, size, offset;
	int fd;
	bool unmapping;			/* the PD has been asked */
};

struct bank {
	uint32_t sid;
	struct payload_bank wire;
	bool taken;
	struct conn *conn;		/* NULL: its remains are being removed */
	struct pd *pd;
	unsigned int held;		/* RELEASEs of gone connections, unanswered */
	struct mapping *maps;		/* by address */
	size_t num_maps, max_maps;
};

/* NULL: none is free */
struct bank *bank_take(struct conn *conn);
unsigned int bank_count_free(void);
/* frees it when it has no PD that still dies */
void bank_release(struct bank *bank);
struct bank *bank_find(uint64_t sid);
/* takes fd on success; negative errno */
int bank_map(struct bank *bank, uint64_t addr, uint64_t size, uint64_t offset, int fd);
int bank_unmap(struct bank *bank, uint64_t addr, uint64_t size);
/* exactly this one; NULL: no such mapping */
struct mapping *bank_find_map(const struct bank *bank, uint64_t addr, uint64_t size);
/* is all of it mapped, by whatever number of buffers? */
bool bank_covers(const struct bank *bank, uint64_t addr, uint64_t size);
/* false: some of it is not mapped; nothing is written then */
bool bank_read(const struct bank *bank, uint64_t addr, void *buf, size_t len);
bool bank_write(const struct bank *bank, uint64_t addr, const void *buf, size_t len);

/* --- faults (bank.c) --------------------------------------------------------- */

#define MAX_FAULTS	256

void fault_add(uint32_t sid, uint64_t addr);
/* writes "N sid=S addr=H ..." and forgets them */
void fault_list(char *text, size_t size);

/* --- conn.c: one open file of a client --------------------------------------- */

struct conn {
	struct list node;
	struct chan control, lane;
	bool hello;
	struct bank *bank;
	unsigned int busy;		/* requests and calls not answered */
	struct list calls;
};

/* takes fd, always */
void conn_new(int fd);
void conn_close(struct conn *conn);
void conn_reply(struct conn *conn, uint32_t op, uint32_t seq, int error, uint64_t a,
		uint64_t b);
/* one more, one less request that waits: too many and we stop reading */
void conn_busy(struct conn *conn);
void conn_unbusy(struct conn *conn);
/* status notification, 1: exit, 2: killed, 3: exception */
int conn_notify(struct conn *conn, uint32_t client_id, uint32_t status);

/* --- init.c: messages the root executes --------------------------------------- */

enum root_op {
	ROOT_OP_NONE,
	ROOT_OP_CREATE,
	ROOT_OP_ATTACH,
	ROOT_OP_MAP,
	ROOT_OP_UNMAP,
	ROOT_OP_RELEASE,
	ROOT_OP_QUERY,
};

#define CALL_MAX_ARGS	4

/* A message of a root lane, until it is answered */
struct call {
	struct list node;		/* of conn->calls */
	struct conn *conn;		/* NULL: gone, nobody to answer */
	struct bank *bank;		/* RELEASE of a gone one: the bank it holds */
	struct payload_msg msg;
	enum root_op op;
	struct payload_arg args[CALL_MAX_ARGS];
};

/* a packet from a root lane */
void call_new(struct conn *conn, const void *data, size_t len);
/* run it, now that steering has let it */
void call_exec(struct call *call);
/* answer it; frees it unless steering keeps the answer */
void call_finish(struct call *call, int32_t status);
void call_send(struct call *call, const void *data, size_t len, uint32_t times);
void call_free(struct call *call);
/* the connection goes: its RELEASE still takes the time that it takes */
void call_orphan(struct call *call, struct bank *bank);
/* nobody has sent one: do as the driver does at close */
void call_release(struct bank *bank);
/* argument i as bytes, in private memory; a DSP status */
int32_t call_read(struct call *call, unsigned int i, void *buf, size_t len);
int32_t call_write(struct call *call, unsigned int i, const void *buf, size_t len);

/* --- heap.c: the audio PD's memory -------------------------------------------- */

/* what CREATE_STATIC of PD @name brings; a DSP status */
int32_t heap_take(struct call *call, const char *name, uint32_t num_pages);
/* bytes, 0: it has none */
uint64_t heap_size(void);
void heap_show(char *text, size_t size);
/* the client's kernel is gone, or we restart */
void heap_forget(void);

/* --- init.c, again ---------------------------------------------------------- */

/* the PD has answered REGISTER */
void call_registered(struct call *call, int32_t status, uint64_t dsp_addr);

/* --- count.c ---------------------------------------------------------------- */

void count_add(uint32_t handle, uint32_t method, uint64_t n);
void count_other(uint64_t n);
/* of the root and of PDs that have ended; masks 0: all */
uint64_t count_sum(const uint32_t *handle, const uint32_t *method);

/* --- pdproc.c: PD processes --------------------------------------------------- */

enum pd_state {
	PD_STARTING,
	PD_RUNNING,
	PD_DYING,			/* killed, not yet reaped */
	PD_GONE,
};

struct pd {
	struct bank *bank;
	enum pd_state state;
	pid_t pid;
	struct source exited;		/* pidfd */
	struct chan link;
	struct pd_shared *shared;
	uint32_t client_id;
	uint32_t next_seq;
	int32_t status;			/* for calls it left unanswered */
	int32_t exec_error;
	bool notify;
	int64_t deadline_ms;		/* PD_STARTING */
	struct call *create;		/* to be answered when it runs */
	struct list requests;		/* sent to it, not answered */
	bool killed;			/* by us */
};

struct pd_params {
	enum pd_kind kind;
	bool is_signed;
	uint32_t client_id;
	uint64_t heap;			/* bytes of remote heap, PD_KIND_AUDIO */
	int image;			/* -1: built in; taken, always */
};

/* start one; call is finished when it runs or has failed */
void pd_start(struct bank *bank, const struct pd_params *params, struct call *call);
/* no cleanup is promised to it; call (or NULL) is answered with 0 at its end */
void pd_kill(struct pd *pd, struct call *call);
bool pd_is_alive(const struct pd *pd);
void pd_free(struct pd *pd);
/*
 * Forward a request of a connection; the answer goes to the client when the PD
 * has answered, or ended.
 */
void pd_forward(struct pd *pd, struct conn *conn, const struct qda_link_req *req,
		int fd);
void pd_register(struct pd *pd, struct call *call, const struct pdlink_packet *packet);
void pd_forget_conn(struct pd *pd, struct conn *conn);
void pd_send_packet(struct pd *pd, const struct pdlink_packet *packet);
void pd_set_armed(struct pd *pd, uint32_t armed);
/* adds what its PDs have executed to the sum */
uint64_t pd_count(const struct pd *pd, const uint32_t *handle, const uint32_t *method);
/* milliseconds to the next deadline, -1; kills what is past it */
int pd_check_deadlines(void);

/* --- steer.c, steer-rules.c --------------------------------------------------- */

int steer_listen(const char *path);
void steer_stop(void);

/* May the root execute it? false: a rule has it now, or has answered it. */
bool steer_before(struct call *call);
/* Answer it, as the rules say; takes call. */
void steer_after(struct call *call, int32_t status);
/* CALL and REPLY of a PD */
void steer_pd_packet(struct pd *pd, const struct pdlink_packet *packet);
void steer_forget_call(struct call *call);
void steer_forget_pd(struct pd *pd);
/* what is kept of connections that are gone */
void steer_forget_orphans(void);
/* address the next map is to answer, 0: as it likes; used up by asking */
uint64_t steer_map_address(void);
uint32_t steer_armed(void);

#endif
