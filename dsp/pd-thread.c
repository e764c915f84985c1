// SPDX-License-Identifier: MIT
/*
 * DSP threads. Each serves one lane, the socket of one thread of the client: one
 * receive, the call, one send. Only when steering is armed there is more to it.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pd.h"

struct lane {
	int fd;			/* -1: free */
	uint32_t serial;
	uint32_t tid;		/* of the client's thread */
	bool held;		/* not begun: the root does not know of it yet */
	bool waiting;		/* for the root's verdict */
	struct pdlink_packet verdict;
	pthread_cond_t cond;
	struct pd_call *call;	/* what its thread works with */
	void *alt_stack;
};

struct late {
	struct late *next;
	struct pdlink_packet packet;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lane lanes[PDLINK_MAX_LANES];
static unsigned int num_lanes;		/* slots ever used */
static uint32_t next_serial;

static pthread_cond_t late_cond = PTHREAD_COND_INITIALIZER;
static struct late *late_head, **late_tail = &late_head;
static bool late_running;

static struct lane *find_lane(uint32_t serial)
{
	struct lane *lane = &lanes[serial % PDLINK_MAX_LANES];

	return lane->fd >= 0 && lane->serial == serial ? lane : NULL;
}

static size_t pack_reply(const struct pd_call *call, int32_t status,
			 struct qda_wire_rsp *rsp)
{
	rsp->ctx = htole64(call->msg.ctx);
	rsp->retval = htole32((uint32_t)status);
	rsp->pad = 0;
	return sizeof(*rsp);
}

static void send_reply(int fd, const void *data, size_t len)
{
	while (send(fd, data, len, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* Ask the root, which keeps the rules; packet becomes its verdict. */
static void ask(struct lane *lane, struct pdlink_packet *packet)
{
	packet->lane = lane->serial;
	packet->seq = lane->serial;
	pthread_mutex_lock(&lock);
	lane->waiting = true;
	pthread_mutex_unlock(&lock);
	pd_send(packet);
	pthread_mutex_lock(&lock);
	while (lane->waiting)
		pthread_cond_wait(&lane->cond, &lock);
	*packet = lane->verdict;
	pthread_mutex_unlock(&lock);
}

void thread_verdict(const struct pdlink_packet *packet)
{
	struct lane *lane;

	pthread_mutex_lock(&lock);
	lane = find_lane(packet->seq);
	if (lane && lane->waiting) {
		lane->verdict = *packet;
		lane->waiting = false;
		pthread_cond_signal(&lane->cond);
	}
	pthread_mutex_unlock(&lock);
}

static void log_call(const struct pd_call *call, int32_t status)
{
	fprintf(stderr,
		"qda-pd %d: sid %u client %u tid %u handle %#x sc %#010x ctx %#llx: "
		"%#x\n",
		getpid(), pd.sid, call->msg.client_id, call->msg.tid, call->msg.handle,
		call->msg.sc, (unsigned long long)call->msg.ctx, (uint32_t)status);
}

/* A call while tests steer: may it run, may its answer go, and changed how? */
static void run_steered(struct lane *lane, struct pd_call *call)
{
	uint32_t armed = atomic_load(&pd.shared->armed);
	struct pdlink_packet packet = { .op = PDLINK_CALL, .msg = call->msg };
	struct qda_wire_rsp rsp;
	int32_t status;
	uint32_t i;

	if (armed & PDLINK_ARMED_RULES) {
		ask(lane, &packet);
		if (packet.verdict == PDLINK_KEPT)
			return;
	}
	status = call_execute(call);
	if (armed & PDLINK_ARMED_LOG)
		log_call(call, status);
	packet = (struct pdlink_packet){
		.op = PDLINK_REPLY,
		.msg = call->msg,
		.times = 1,
		.len = (uint32_t)pack_reply(call, status, &rsp),
	};
	memcpy(packet.data, &rsp, sizeof(rsp));
	if (armed & PDLINK_ARMED_RULES)
		ask(lane, &packet);
	if (packet.verdict == PDLINK_KEPT)
		return;
	for (i = 0; i < packet.times; i++)
		send_reply(lane->fd, packet.data, packet.len);
	if (call->exit_after)
		pd_exit(0);
}

static void serve(struct lane *lane, struct pd_call *call)
{
	struct qda_wire_msg wire;
	struct qda_wire_rsp rsp;
	int32_t status;
	ssize_t len;

	for (;;) {
		len = recv(lane->fd, &wire, sizeof(wire), MSG_TRUNC);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return;
		/* without a context word there is nothing to answer to */
		if (!payload_parse_msg(&wire, (size_t)len, &call->msg))
			continue;
		if (atomic_load_explicit(&pd.shared->armed, memory_order_relaxed)) {
			run_steered(lane, call);
			continue;
		}
		status = call_execute(call);
		send_reply(lane->fd, &rsp, pack_reply(call, status, &rsp));
		if (call->exit_after)
			pd_exit(0);
	}
}

static void *lane_main(void *data)
{
	struct lane *lane = data;
	struct pd_call *call;
	void *alt_stack;

	prctl(PR_SET_NAME, "dsp-thread");
	pthread_mutex_lock(&lock);
	while (lane->held)
		pthread_cond_wait(&lane->cond, &lock);
	call = lane->call;
	alt_stack = lane->alt_stack;
	pthread_mutex_unlock(&lock);
	/* without it a fault is reported all the same, but for a full stack */
	(void)window_thread_start(alt_stack);
	serve(lane, call);
	pthread_mutex_lock(&lock);
	close(lane->fd);
	lane->fd = -1;
	pthread_mutex_unlock(&lock);
	window_thread_stop(alt_stack);
	free(call);
	return NULL;
}

static int start_thread(void *(*fn)(void *), void *data)
{
	size_t stack = tuning_stack();
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	err = pthread_create(&thread, &attr, fn, data);
	pthread_attr_destroy(&attr);
	return -err;
}

int thread_add_lane(int fd, uint32_t tid, uint32_t *ret_serial)
{
	struct lane *lane = NULL;
	unsigned int i;
	int err = -EMFILE;

	pthread_mutex_lock(&lock);
	for (i = 0; i < num_lanes && !lane; i++) {
		if (lanes[i].fd < 0)
			lane = &lanes[i];
	}
	if (!lane && num_lanes < PDLINK_MAX_LANES) {
		lane = &lanes[num_lanes++];
		pthread_cond_init(&lane->cond, NULL);
	}
	/* all of it now: when the answer has gone the lane must work */
	if (lane) {
		lane->call = calloc(1, sizeof(*lane->call));
		lane->alt_stack = window_stack_new();
		lane->serial = next_serial++ * PDLINK_MAX_LANES +
			       (uint32_t)(lane - lanes);
		lane->fd = fd;
		lane->tid = tid;
		lane->waiting = false;
		lane->held = true;
		*ret_serial = lane->serial;
		err = lane->call && lane->alt_stack ? start_thread(lane_main, lane) :
						      -ENOMEM;
		if (err) {
			free(lane->call);
			free(lane->alt_stack);
			lane->fd = -1;
		}
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void thread_begin_lane(uint32_t serial)
{
	struct lane *lane;

	pthread_mutex_lock(&lock);
	lane = find_lane(serial);
	if (lane) {
		lane->held = false;
		pthread_cond_signal(&lane->cond);
	}
	pthread_mutex_unlock(&lock);
}

static void run_late(struct late *late, struct pd_call *call)
{
	struct pdlink_packet *packet = &late->packet;
	struct lane *lane;
	uint32_t i;
	int fd = -1;

	/* the lane's own thread may end meanwhile */
	pthread_mutex_lock(&lock);
	lane = find_lane(packet->lane);
	if (lane)
		fd = dup(lane->fd);
	pthread_mutex_unlock(&lock);
	if (fd < 0)
		return;
	if (packet->op == PDLINK_SEND) {
		for (i = 0; i < packet->times; i++)
			send_reply(fd, packet->data, packet->len);
	} else {
		struct qda_wire_rsp rsp;
		struct pdlink_packet reply = { .op = PDLINK_REPLY, .seq = UINT32_MAX };

		call->msg = packet->msg;
		reply.len = (uint32_t)pack_reply(call, call_execute(call), &rsp);
		memcpy(reply.data, &rsp, sizeof(rsp));
		reply.lane = packet->lane;
		reply.msg = call->msg;
		/* comes back as SEND, at once or when a rule lets it go */
		pd_send(&reply);
	}
	close(fd);
}

static void *late_main(void *data)
{
	struct pd_call *call = calloc(1, sizeof(*call));
	bool started = call && !window_thread_start(window_stack_new());
	struct late *late;

	(void)data;
	while (started) {
		pthread_mutex_lock(&lock);
		while (!late_head)
			pthread_cond_wait(&late_cond, &lock);
		late = late_head;
		late_head = late->next;
		if (!late_head)
			late_tail = &late_head;
		pthread_mutex_unlock(&lock);
		run_late(late, call);
		free(late);
	}
	abort();
}

void thread_run_late(const struct pdlink_packet *packet)
{
	struct late *late = malloc(sizeof(*late));

	if (!late)
		abort();
	late->next = NULL;
	late->packet = *packet;
	pthread_mutex_lock(&lock);
	*late_tail = late;
	late_tail = &late->next;
	if (!late_running)
		late_running = !start_thread(late_main, NULL);
	pthread_cond_signal(&late_cond);
	pthread_mutex_unlock(&lock);
}
