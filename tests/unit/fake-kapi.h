/* SPDX-License-Identifier: MIT */
/*
 * The seam below the objects, answered by the test: kapi.h in memory, with
 * every error to order. One file at a time.
 */
#ifndef FAKE_KAPI_H
#define FAKE_KAPI_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "objects.h"

#define FAKE_BUFFERS	256
#define FAKE_CALLS	80
#define FAKE_MAPS	1200
#define FAKE_MAX_ARGS	32

/* a call as the DSP sees it */
struct fake_call {
	uint64_t ticket, user_data;
	uint32_t handle, scalars, flags;
	unsigned int num_args;
	struct kapi_arg args[FAKE_MAX_ARGS];
	void *data[FAKE_MAX_ARGS];
	int error;
	int32_t status;
	bool used, done;
};

struct fake {
	/* runs a call; returns the status */
	int32_t (*method)(struct fake_call *call);
	/* one shot: returned by the next call of that function, then cleared */
	int fail_invoke, fail_wait, fail_create, fail_attach, fail_map, fail_munmap;
	int fail_gem_create, fail_gem_mmap, fail_import, fail_open;
	int32_t status_create, status_map, status_munmap;
	uint64_t features, max_shell;
	uint64_t map_addr;	/* where the next maps are on the DSP; 0: anywhere */
	const char *dsp;
	bool hold;		/* calls stay in flight; a synchronous one: -EINTR */
	unsigned int interrupts;	/* waits that end with -EINTR first */
	bool has_pd, released;

	struct kapi_create create;
	uint8_t shell[1024];	/* the beginning of the image */
	uint32_t attach_pd;
	char attach_name[64];
	struct kapi_map map;
	uint32_t max_in_flight;
	uint64_t mem_native, mem_imported, mem_limit;
	int64_t answer_timeout;
	bool status_events;

	unsigned int opens, closes, creates, releases, invokes, waits, munmaps;
	unsigned int live_buffers, live_maps;
};

extern struct fake fake;

/* forget everything; checks that nothing was left */
void fake_reset(void);
/* let all held calls run */
void fake_run_held(void);
unsigned int fake_in_flight(void);
/* the DSP ends a delayed mapping */
void fake_finish_map(int32_t dsp_id);
/* put an event into the file that belongs to no call */
void fake_stray_event(uint64_t user_data);
/* and one of a status, whether or not they were asked for */
void fake_status_event(enum kapi_pd_status status);

/* a context and a session on the fake device */
struct fake_session {
	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
};

int fake_device(struct qda_ctx *ctx, struct qda_device **ret_device);
void fake_session_open(struct fake_session *s);
void fake_session_close(struct fake_session *s);

#endif
