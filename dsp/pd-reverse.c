// SPDX-License-Identifier: MIT
/*
 * Reverse calls: what DSP code asks of the client. A thread of the client waits in
 * next2 of the adsp_listener interface; it takes the next request along and brings
 * the answer with its next call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pd.h"

/* A client may open modules before its listener has begun */
#define LISTENER_WAIT_S	1

enum listener_method {
	LISTENER_INIT = 2,
	LISTENER_INIT2 = 3,
	LISTENER_NEXT2 = 4,
	LISTENER_GET_IN_BUFS2 = 5,
};

struct request {
	struct request *next;
	uint32_t ctx;
	uint32_t handle;
	uint32_t sc;
	uint8_t *in;			/* packed */
	size_t in_len;
	const remote_arg *out;
	bool done;
	int32_t result;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queued = PTHREAD_COND_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct request *queue, **queue_tail = &queue;
static struct request *sent;		/* the client has them */
static uint32_t last_ctx;
static bool listening;

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* --- packing ------------------------------------------------------------------- */

/* Lengths and bytes of the inputs, then lengths of the outputs */
static int32_t pack(struct request *r, const remote_arg *pra)
{
	unsigned int i, in = payload_in(r->sc), out = payload_out(r->sc);
	size_t at = 0;
	uint32_t len;

	for (i = 0; i < in + out; i++) {
		if (pra[i].buf.nLen > UINT32_MAX)
			return DSP_EBADPARM;
		at += sizeof(len);
		if (i < in && pra[i].buf.nLen)
			at = align8(at) + pra[i].buf.nLen;
	}
	r->in = calloc(1, at ? at : 1);
	if (!r->in)
		return DSP_ENOMEMORY;
	r->in_len = at;
	for (i = 0, at = 0; i < in + out; i++) {
		len = (uint32_t)pra[i].buf.nLen;
		memcpy(r->in + at, &len, sizeof(len));
		at += sizeof(len);
		if (i < in && len) {
			at = align8(at);
			memcpy(r->in + at, pra[i].buf.pv, len);
			at += len;
		}
	}
	return 0;
}

/* What the client answered: exactly as much as was asked for, or it is refused */
static int32_t unpack(const struct request *r, const uint8_t *buf, size_t size)
{
	unsigned int i, in = payload_in(r->sc), out = payload_out(r->sc);
	size_t at = 0;
	uint32_t len;

	for (i = 0; i < out; i++) {
		if (size - at < sizeof(len))
			return DSP_EBADSIZE;
		memcpy(&len, buf + at, sizeof(len));
		at += sizeof(len);
		if (len != r->out[in + i].buf.nLen)
			return DSP_EBADSIZE;
		if (!len)
			continue;
		at = align8(at);
		if (at > size || size - at < len)
			return DSP_EBADSIZE;
		memcpy(r->out[in + i].buf.pv, buf + at, len);
		at += len;
	}
	return 0;
}

/* --- who asks --------------------------------------------------------------- */

static bool wait_listener(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LISTENER_WAIT_S;
	while (!listening)
		if (pthread_cond_timedwait(&answered, &lock, &until))
			break;
	return listening;
}

static void enqueue(struct request *r)
{
	r->ctx = ++last_ctx ? last_ctx : ++last_ctx;
	*queue_tail = r;
	queue_tail = &r->next;
	pthread_cond_signal(&queued);
}

int32_t reverse_call(uint32_t handle, uint32_t sc, const remote_arg *pra)
{
	struct request r = { .handle = handle, .sc = sc, .out = pra };
	int32_t status;

	if (payload_in_handles(sc) || payload_out_handles(sc))
		return DSP_EBADPARM;
	status = pack(&r, pra);
	if (status)
		return status;
	pthread_mutex_lock(&lock);
	if (wait_listener()) {
		enqueue(&r);
		while (!r.done)
			pthread_cond_wait(&answered, &lock);
		status = r.result;
	} else {
		status = DSP_ENOTINITIALIZED;
	}
	pthread_mutex_unlock(&lock);
	free(r.in);
	return status;
}

/* --- who answers ------------------------------------------------------------ */

static void take_answer(uint32_t ctx, int32_t result, const uint8_t *buf, size_t size)
{
	struct request **at, *r;

	pthread_mutex_lock(&lock);
	for (at = &sent; *at && (*at)->ctx != ctx; at = &(*at)->next)
		;
	r = *at;
	if (r) {
		*at = r->next;
		r->result = result ? result : unpack(r, buf, size);
		r->done = true;
		pthread_cond_broadcast(&answered);
	}
	pthread_mutex_unlock(&lock);
	/* r is gone if it was found, its caller goes on */
	if (!r)
		fprintf(stderr, "qda-pd: answer to reverse call %u, which nobody made\n",
			ctx);
}

static int32_t next2(uint32_t sc, remote_arg *pra)
{
	uint32_t in[4], out[4];
	struct request *r;
	size_t n;

	if (payload_in(sc) != 2 || payload_out(sc) != 2 || payload_in_handles(sc) ||
	    pra[0].buf.nLen < sizeof(in) || pra[2].buf.nLen < sizeof(out))
		return DSP_EBADPARM;
	memcpy(in, pra[0].buf.pv, sizeof(in));
	if (in[2] > pra[1].buf.nLen || in[3] > pra[3].buf.nLen)
		return DSP_EBADPARM;
	if (in[0])
		take_answer(in[0], (int32_t)in[1], pra[1].buf.pv, in[2]);

	pthread_mutex_lock(&lock);
	while (!queue)
		pthread_cond_wait(&queued, &lock);
	r = queue;
	queue = r->next;
	if (!queue)
		queue_tail = &queue;
	r->next = sent;
	sent = r;
	out[0] = r->ctx;
	out[1] = r->handle;
	out[2] = r->sc;
	out[3] = (uint32_t)r->in_len;
	n = in[3] < r->in_len ? in[3] : r->in_len;
	if (n)
		memcpy(pra[3].buf.pv, r->in, n);
	pthread_mutex_unlock(&lock);
	memcpy(pra[2].buf.pv, out, sizeof(out));
	return 0;
}

static int32_t get_in_bufs2(uint32_t sc, remote_arg *pra)
{
	uint32_t in[3], needed = 0;
	int32_t status = DSP_EBADPARM;
	struct request *r;

	if (payload_in(sc) != 1 || payload_out(sc) != 2 || payload_in_handles(sc) ||
	    pra[0].buf.nLen < sizeof(in) || pra[1].buf.nLen < sizeof(needed))
		return DSP_EBADPARM;
	memcpy(in, pra[0].buf.pv, sizeof(in));
	if (in[2] > pra[2].buf.nLen)
		return DSP_EBADPARM;
	pthread_mutex_lock(&lock);
	for (r = sent; r && r->ctx != in[0]; r = r->next)
		;
	if (r && in[1] <= r->in_len) {
		size_t n = r->in_len - in[1];

		if (n > in[2])
			n = in[2];
		if (n)
			memcpy(pra[2].buf.pv, r->in + in[1], n);
		needed = (uint32_t)r->in_len;
		status = 0;
	}
	pthread_mutex_unlock(&lock);
	if (!status)
		memcpy(pra[1].buf.pv, &needed, sizeof(needed));
	return status;
}

int32_t listener_invoke(uint32_t sc, unsigned int method, remote_arg *pra)
{
	switch (method) {
	case LISTENER_INIT:
	case LISTENER_INIT2:
		if (payload_num_args(sc))
			return DSP_EBADPARM;
		pthread_mutex_lock(&lock);
		listening = true;
		pthread_cond_broadcast(&answered);
		pthread_mutex_unlock(&lock);
		static_begin();
		return 0;
	case LISTENER_NEXT2:
		return next2(sc, pra);
	case LISTENER_GET_IN_BUFS2:
		return get_in_bufs2(sc, pra);
	default:
		return DSP_EUNSUPPORTED;
	}
}
