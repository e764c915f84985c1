/* SPDX-License-Identifier: MIT */
/*
 * A client of qda-softdsp that speaks dsp/link.h and FastRPC by hand, so that the
 * DSP side is tested without the soft device.
 */
#ifndef DSP_TEST_CLIENT_H
#define DSP_TEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"
#include "qda/qda_wire.h"

#define TEST_TIMEOUT_MS	30000
#define TIMED_OUT	(-62)		/* no answer; no DSP status is like it */
#define LANE_ENDED	(-32)

struct server {
	pid_t pid;
	int factory;			/* -1: it listens instead */
	char dir[64];
	char control[96];
	int steer;
};

struct client {
	int control, root, lane;
	uint32_t seq;
	uint64_t ctx;
	uint32_t sid;
	uint64_t next;			/* bus address to use next */
	struct qda_link_rep hello;
};

/* memory both sides see */
struct mem {
	int fd;
	uint64_t addr, size;		/* bus */
	char *p;
};

struct arg {
	uint64_t addr;			/* bus address of the first byte */
	uint64_t len;
	uint32_t dsp_id;		/* not 0: a handle */
};

#define ARG(mem, off, n)	{ (mem)->addr + (off), (n), 0 }

void server_run(struct server *s, const char *options);
/* waits for its end; its exit status */
int server_end(struct server *s);
/* one steering command; the text after "ok ", or NULL */
const char *steer(struct server *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* control socket of a new open file, nothing said on it yet */
int client_connect(struct server *s);
void client_open(struct server *s, struct client *c);
/* and take a bank */
void client_open_bank(struct server *s, struct client *c);
/* and create a PD from the built-in shell, and a lane to it */
void client_open_pd(struct server *s, struct client *c);
void client_close(struct client *c);

/* one request, one reply; the error */
int link_call(struct client *c, uint32_t op, uint64_t a, uint64_t b, uint64_t d, int fd,
	      struct qda_link_rep *ret);
void link_send(int sock, const void *data, size_t len, int fd);
void mem_new(struct client *c, struct mem *m, uint64_t size);
void mem_free(struct client *c, struct mem *m);
int lane_new(struct client *c, uint32_t tid);

/* FastRPC */
uint64_t msg_send(struct client *c, int lane, uint32_t handle, uint32_t sc,
		  struct mem *payload, const struct arg *args);
int32_t msg_wait(int lane, uint64_t *ret_ctx);
int32_t invoke(struct client *c, int lane, uint32_t handle, uint32_t sc,
	       const struct arg *args);
int32_t pd_create(struct client *c, const void *image, size_t size);
int32_t pd_release(struct client *c);
int32_t pd_map(struct client *c, const struct mem *m, uint32_t id, uint32_t flags,
	       uint64_t *ret_addr);
int32_t pd_unmap(struct client *c, const struct mem *m, uint32_t id, uint64_t addr);
/* remotectl open; the handle, 0 with the DSP's error and its text */
uint32_t module_open(struct client *c, const char *uri, int32_t *ret_error, char *text);
int32_t module_close(struct client *c, uint32_t handle);
/* state of the PD: what PD_STATE says after its lane has ended */
void wait_lane_end(int lane);

/* processes whose parent is pid */
int count_children(pid_t pid);
pid_t pd_pid(struct server *s, uint32_t sid);

#endif
