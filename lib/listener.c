// SPDX-License-Identifier: MIT
/*
 * The listener: a thread of its own for each session stays in a call of the
 * adsp_listener interface, which the DSP answers when PD code calls the client.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aee.h"
#include "clock.h"
#include "firmware.h"
#include "listener.h"
#include "objects.h"
#include "refusal.h"
#include "reverse.h"
#include "running.h"
#include "trace.h"

/* a handle64 interface has its open and close in front */
#define METHOD(l, old)	((uint32_t)(old) + ((l)->handle == ADSP_LISTENER1 ? 2 : 0))
#define LISTENER_INIT2		3
#define LISTENER_NEXT2		4
#define LISTENER_GET_IN_BUFS2	5
#define REMOTECTL_SET_PARAM	3

#define PARAM_THREAD	1u

/* what next2 is asked to bring along, once there has been a request */
#define CAPACITY	(16u << 10)
/* how soon a listener of a PD that goes on elsewhere notices its end */
#define LEAVE_NS	200000000
#define MAX_PAUSE_MS	100

struct listener {
	struct qda_session *session;
	pthread_t thread;
	uint32_t handle;
	uint32_t thread_priority, thread_stack;
	int started;			/* eventfd: the outcome is there */
	int error;
	int32_t status;
	const char *doing;		/* what failed */
	atomic_bool stopping;
	bool is_started;		/* it was said */
	bool abandoned;			/* by itself: nobody joins it */
	unsigned int pauses;
	uint8_t *request;
	uint32_t capacity;
};

/* the session whose listener this thread is */
static __thread const struct listener *self;

void listener_refuse(struct qda_session *session, const char *format, ...)
{
	char what[64];
	va_list ap;

	snprintf(what, sizeof(what), "%s: a reverse call", session->device->info.dsp);
	va_start(ap, format);
	refusal_log(session_ctx(session), &session->refusals, what, format, ap);
	va_end(ap);
}

bool listener_on_thread(void)
{
	return self;
}

bool listener_is_self(const struct qda_session *session)
{
	return self && self == session->listener;
}

/* --- its calls --------------------------------------------------------------------- */

/* Without a release there is nothing that would end a call in flight */
static int wait_in_slices(struct listener *l, struct kapi_invoke *invoke)
{
	int err;

	do
		err = kapi_wait(l->session->file, invoke->ticket,
				clock_deadline(LEAVE_NS), &invoke->status);
	while ((err == -ETIMEDOUT || err == -EINTR) && !atomic_load(&l->stopping));
	return err;
}

/* As session_invoke(), but one that may last for as long as the session does */
static int call_long(struct listener *l, uint32_t handle, uint32_t method,
		     const struct qda_arg *args, size_t num_args,
		     void (*sent)(struct listener *l), int32_t *ret_status)
{
	struct qda_session *session = l->session;
	struct kapi_invoke invoke = { 0 };
	struct invocation inv;
	int err;

	err = invocation_begin(&inv, session, method, args, num_args);
	if (err)
		return err;
	invoke.args = inv.kargs;
	invoke.num_args = inv.plan.num_args;
	invoke.handle = handle;
	invoke.scalars = inv.plan.scalars;
	if (!atomic_load(&session->owns_pd))
		invoke.flags = KAPI_INVOKE_ASYNC;
	trace_call(session, &invoke, inv.region);
	if (sent)
		sent(l);
	do
		err = session_kapi_invoke(session, &invoke);
	while (err == -EINTR && !invoke.ticket);
	if (invoke.flags) {
		if (!err)
			err = wait_in_slices(l, &invoke);
	} else {
		while (err == -EINTR)
			err = kapi_wait(session->file, invoke.ticket, -1,
					&invoke.status);
	}
	trace_return(session, &invoke, inv.region, err);
	if (!err && !invoke.status)
		marshal_out(&inv.plan, args, num_args,
			    inv.region ? inv.region->cpu : NULL);
	*ret_status = invoke.status;
	/* one that goes on uses its memory until the file is closed */
	if (err != -ETIMEDOUT && err != -EINTR)
		invocation_end(&inv, session);
	return err;
}

static int init(struct listener *l)
{
	struct qda_session *session = l->session;
	int32_t status = 0;
	int err;

	l->handle = ADSP_LISTENER1;
	err = call_long(l, l->handle, METHOD(l, LISTENER_INIT2), NULL, 0, NULL,
			&status);
	if (!err && status_lacks_interface(status)) {
		log_info(session_ctx(session),
			 "no adsp_listener1 (%s), going on with adsp_listener",
			 qda_status_name(status));
		l->handle = ADSP_LISTENER;
		err = call_long(l, l->handle, METHOD(l, LISTENER_INIT2), NULL, 0, NULL,
				&status);
	}
	l->doing = "starting the listener for calls of the DSP";
	l->status = err ? 0 : status;
	return !err && status ? -EREMOTEIO : err;
}

static int set_thread_params(struct listener *l)
{
	uint32_t id = PARAM_THREAD;
	uint32_t values[2] = { l->thread_priority ? l->thread_priority : UINT32_MAX,
			       l->thread_stack ? l->thread_stack : UINT32_MAX };
	const struct qda_arg args[] = { QDA_IN(&id), QDA_IN_SEQ(values, 2) };
	int32_t status = 0;
	int err;

	if (!l->thread_priority && !l->thread_stack)
		return 0;
	err = call_long(l, REMOTECTL1, REMOTECTL_SET_PARAM + 2, args, 2, NULL, &status);
	if (!err && status_lacks_interface(status))
		err = call_long(l, REMOTECTL, REMOTECTL_SET_PARAM, args, 2, NULL,
				&status);
	l->doing = "priority and stack of the DSP's threads";
	l->status = err ? 0 : status;
	return !err && status ? -EREMOTEIO : err;
}

/* --- requests ---------------------------------------------------------------------- */

/* What next2 brings, and what it takes back */
struct exchange {
	uint32_t ctx;			/* 0: none */
	int32_t result;
	struct reverse_frame frame;	/* its answer is the outputs */
	uint32_t next_ctx, handle, scalars, needed;
};

static void started(struct listener *l)
{
	const uint64_t one = 1;

	if (l->is_started)
		return;
	l->is_started = true;
	/* eight bytes into an empty eventfd cannot fail */
	if (write(l->started, &one, sizeof(one)) != sizeof(one))
		abort();
}

static int next2(struct listener *l, struct exchange *x, int32_t *ret_status)
{
	const struct qda_arg args[] = {
		QDA_IN(&x->ctx),
		QDA_IN(&x->result),
		QDA_IN_SEQ(x->frame.answer, (x->result ? 0 : x->frame.answer_size)),
		QDA_OUT(&x->next_ctx),
		QDA_OUT(&x->handle),
		QDA_OUT(&x->scalars),
		QDA_OUT_SEQ(l->request, l->capacity),
		QDA_OUT(&x->needed),
	};
	int err = call_long(l, l->handle, METHOD(l, LISTENER_NEXT2), args,
			    sizeof(args) / sizeof(args[0]), started, ret_status);

	/* not sent: it is taken along the next time */
	if (err != -EAGAIN)
		reverse_frame_free(&x->frame);
	return err;
}

static int get_in_bufs2(struct listener *l, uint32_t ctx, uint32_t at, uint32_t size,
			int32_t *ret_status)
{
	uint32_t needed;	/* what was announced counts */
	const struct qda_arg args[] = {
		QDA_IN(&ctx),
		QDA_IN(&at),
		QDA_OUT_SEQ(l->request + at, size),
		QDA_OUT(&needed),
	};
	int err;

	do {
		err = call_long(l, l->handle, METHOD(l, LISTENER_GET_IN_BUFS2), args,
				sizeof(args) / sizeof(args[0]), NULL, ret_status);
	} while (err == -EAGAIN && !poll(NULL, 0, 1) && !atomic_load(&l->stopping));
	return err;
}

/* The part of a request that did not fit; false: it is refused, *ret_code says how */
static bool fetch_rest(struct listener *l, const struct exchange *x, int32_t *ret_code)
{
	struct qda_session *session = l->session;
	uint32_t at = l->capacity;
	int32_t status = 0;
	uint8_t *bigger;
	int err;

	*ret_code = AEE_EBADSIZE;
	if (x->needed > REVERSE_MAX_SIZE) {
		listener_refuse(session, "a request of %u bytes is too large",
				x->needed);
		return false;
	}
	bigger = realloc(l->request, x->needed > CAPACITY ? x->needed : CAPACITY);
	if (!bigger) {
		listener_refuse(session, "no memory for a request of %u bytes",
				x->needed);
		*ret_code = AEE_ENOMEMORY;
		return false;
	}
	l->request = bigger;
	l->capacity = x->needed > CAPACITY ? x->needed : CAPACITY;
	err = get_in_bufs2(l, x->next_ctx, at, x->needed - at, &status);
	if (!err && !status)
		return true;
	listener_refuse(session, "the rest of a request of %u bytes did not come (%s)",
			x->needed, err ? qda_strerror(err) : qda_status_name(status));
	return false;
}

static void shrink(struct listener *l)
{
	uint8_t *smaller;

	if (l->capacity <= CAPACITY)
		return;
	smaller = realloc(l->request, CAPACITY);
	if (smaller)
		l->request = smaller;
	l->capacity = CAPACITY;
}

/* All of a request, taken apart; false: it is refused, and the answer says how */
static bool take(struct listener *l, struct exchange *x)
{
	struct qda_session *session = l->session;
	const char *why;

	x->ctx = x->next_ctx;
	if (x->needed > l->capacity && !fetch_rest(l, x, &x->result))
		return false;
	x->result = reverse_unpack(&x->frame, x->handle, x->scalars, l->request,
				   x->needed, &why);
	if (x->result)
		listener_refuse(session, "method %u of handle 0x%x: %s",
				x->scalars >> 24 & 0x1f, x->handle, why);
	return !x->result;
}

/* false: the session ends, or has ended */
static bool serve(struct listener *l, struct exchange *x)
{
	struct qda_session *session = l->session;

	/* whoever is called may drop everything */
	if (!session_serve_begin(session))
		return false;
	trace_reverse(session, &x->frame.call);
	x->result = reverse_dispatch(session->reverse, &x->frame.call);
	trace_reverse_done(session, &x->frame.call, x->result);
	session_serve_end(session);
	return !l->abandoned;
}

/* longer each time, so that a DSP that always has a reason does not keep a CPU busy */
static void back_off(struct listener *l)
{
	if (l->pauses < MAX_PAUSE_MS)
		l->pauses++;
	poll(NULL, 0, (int)l->pauses);
}

static bool lacks_memory(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EDQUOT || err == -E2BIG;
}

static void say_why_leaving(struct listener *l, int err, int32_t status)
{
	struct qda_ctx *ctx = session_ctx(l->session);
	const char *why = err ? qda_strerror(err) : qda_status_name(status);

	/* these are told to everybody who calls */
	if (err || status_is_lost(status) || status == DSP_EBADSTATE)
		log_debug(ctx, "listener leaves: %s", why);
	else
		log_warn(ctx, "%s: calls of the DSP are no longer served: it answered the listener 0x%x (%s)",
			 l->session->device->info.dsp, (uint32_t)status, why);
}

/* After a next2 without a request; answer: bytes that it was to bring. False: leave */
static bool go_on(struct listener *l, struct exchange *x, size_t answer, int err,
		  int32_t status)
{
	if (err == -EAGAIN) {
		/* full of calls that nobody has collected yet */
		poll(NULL, 0, 1);
		return true;
	}
	if (lacks_memory(err) && l->is_started) {
		if (answer) {
			listener_refuse(l->session, "no memory for an answer of %zu bytes",
					answer);
			x->result = AEE_ENOMEMORY;
		}
		back_off(l);
		return true;
	}
	if (!err && status == AEE_EINTERRUPTED) {
		x->ctx = 0;
		x->result = -1;
		back_off(l);
		return true;
	}
	say_why_leaving(l, err, status);
	return false;
}

/* Returns why it could not begin */
static int loop(struct listener *l, struct exchange *x)
{
	size_t answer;
	int32_t status;
	int err;

	x->result = -1;		/* of no call */
	while (!atomic_load(&l->stopping)) {
		status = 0;
		answer = x->result ? 0 : x->frame.answer_size;
		err = next2(l, x, &status);
		if (err || status) {
			if (!go_on(l, x, answer, err, status))
				return l->is_started ? 0 : err;
			continue;
		}
		l->pauses = 0;
		if (take(l, x) && !serve(l, x))
			return 0;
		shrink(l);
	}
	return 0;
}

static void listener_free(struct listener *l)
{
	if (l->started >= 0)
		close(l->started);
	free(l->request);
	free(l);
}

static void *listener_main(void *data)
{
	struct listener *l = data;
	struct exchange *x = calloc(1, sizeof(*x));
	int err;

	self = l;
	pthread_setname_np(pthread_self(), "qda-listener");
	l->error = x ? init(l) : -ENOMEM;
	if (!l->error)
		l->error = set_thread_params(l);
	if (!l->error) {
		l->doing = "waiting for calls of the DSP";
		err = loop(l, x);
		if (err)
			l->error = err;
	}
	started(l);
	if (x)
		reverse_frame_free(&x->frame);
	free(x);
	if (l->abandoned)
		listener_free(l);
	return NULL;
}

/* --- beginning and end --------------------------------------------------------------- */

static int start_thread(struct listener *l)
{
	sigset_t all, old;
	int err;

	/* the application's handlers are not to run here */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = -pthread_create(&l->thread, NULL, listener_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int poll_until(struct pollfd *pfd, int64_t deadline)
{
	struct timespec left = { 0 };
	int64_t ns;

	if (deadline < 0)
		return ppoll(pfd, 1, NULL, NULL);
	ns = deadline - clock_now();
	if (ns > 0) {
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
	}
	return ppoll(pfd, 1, &left, NULL);
}

int listener_start(struct qda_session *session, uint32_t thread_priority,
		   uint32_t thread_stack, struct qda_failure *reterr)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct pollfd pfd = { .events = POLLIN };
	uint64_t count;
	int n, err = -ENOMEM;

	if (!l)
		goto fail;
	l->session = session;
	l->thread_priority = thread_priority;
	l->thread_stack = thread_stack;
	l->doing = "starting the listener";
	l->started = eventfd(0, EFD_CLOEXEC);
	if (l->started < 0) {
		err = -errno;
		goto fail;
	}
	session->listener = l;
	err = start_thread(l);
	if (err) {
		session->listener = NULL;
		goto fail;
	}
	pfd.fd = l->started;
	n = poll_until(&pfd, session->open_deadline);
	/* the end of the session ends the thread */
	if (!n)
		return qda_fail(reterr, -ETIMEDOUT, 0, "%s: starting the listener",
				session->device->info.dsp);
	if (n < 0 ||
	    read(l->started, &count, sizeof(count)) != sizeof(count)) {
		err = -errno;
		return qda_fail(reterr, err, 0, "%s: starting the listener",
				session->device->info.dsp);
	}
	if (!l->error)
		return 0;
	err = qda_fail(reterr, l->error, l->status, "%s: %s",
		       session->device->info.dsp, l->doing);
	listener_stop(session);
	return err;
fail:
	if (l)
		listener_free(l);
	return qda_fail(reterr, err, 0, "%s: starting the listener",
			session->device->info.dsp);
}

void listener_stop(struct qda_session *session)
{
	struct listener *l = session->listener;

	if (!l)
		return;
	atomic_store(&l->stopping, true);
	if (listener_is_self(session)) {
		l->abandoned = true;
		pthread_detach(l->thread);
	} else {
		pthread_join(l->thread, NULL);
		listener_free(l);
	}
	session->listener = NULL;
}
