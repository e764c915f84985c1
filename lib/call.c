// SPDX-License-Identifier: MIT
/* Prepared calls: synchronous, with a ticket, with a callback. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "firmware.h"
#include "objects.h"
#include "running.h"
#include "trace.h"

/* more arguments than any message can carry, so that sizes cannot overflow */
#define MAX_CALL_ARGS	(1U << 16)

enum call_state {
	CALL_IDLE,
	CALL_RUNNING,	/* a thread is inside qda_call_invoke() or _submit() */
	CALL_TICKET,	/* in flight, to be collected with qda_call_wait() */
	CALL_WAITING,	/* the same, a thread is inside qda_call_wait() */
	CALL_EVENT,	/* in flight, its callback will be called */
};

struct qda_call {
	atomic_uint refs;
	atomic_int state;	/* who has taken it from IDLE or TICKET owns it */
	struct qda_module *module;
	struct qda_session *session;	/* the module's */
	uint32_t method;
	struct marshal_plan plan;
	struct scratch_region *region;
	uint8_t *scratch;
	struct kapi_arg *kargs;
	const struct qda_arg *args;
	size_t num_args;
	uint64_t ticket;
	bool late;		/* made when the PD had ended already */
	qda_call_fn fn;
	void *data;
	struct list node;	/* session->calls, under its lock */
	uint64_t cookie;	/* names this submission in the event */
	struct orphan orphan;
};

static bool call_take(struct qda_call *call, int from, int to)
{
	return atomic_compare_exchange_strong_explicit(&call->state, &from, to,
						       memory_order_acquire,
						       memory_order_relaxed);
}

static void call_give(struct qda_call *call, int to)
{
	atomic_store_explicit(&call->state, to, memory_order_release);
}

static void fill_invoke(struct kapi_invoke *invoke, struct qda_call *call,
			uint32_t flags, uint64_t user_data)
{
	call->late = atomic_load_explicit(&call->session->pd_lost, memory_order_relaxed);
	memset(invoke, 0, sizeof(*invoke));
	invoke->args = call->kargs;
	invoke->num_args = call->plan.num_args;
	invoke->handle = call->module->handle;
	invoke->scalars = call->plan.scalars;
	invoke->flags = flags;
	invoke->user_data = user_data;
}

QDA_EXPORT int qda_call_new(struct qda_module *module, uint32_t method,
			    const struct qda_arg *args, size_t num_args,
			    struct qda_call **ret_call)
{
	struct qda_session *session;
	struct marshal_plan plan;
	struct qda_call *call;
	struct qda_arg *copy;
	size_t i;
	int err;

	if (!module || !ret_call)
		return -EINVAL;
	session = module->session;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (num_args > MAX_CALL_ARGS)
		return -E2BIG;
	err = marshal_plan(&plan, session, method, args, num_args);
	if (err) {
		log_debug(session_ctx(session), "method %u: argument %zu is bad: %s",
			  method, plan.refused, qda_strerror(err));
		return err;
	}
	session_reap(session);

	call = calloc(1, sizeof(*call) + num_args * sizeof(*args) +
				 plan.num_args * sizeof(*call->kargs));
	if (!call)
		return -ENOMEM;
	err = scratch_get(session->scratch, plan.scratch, &call->region);
	if (err) {
		free(call);
		return err;
	}
	call->kargs = (struct kapi_arg *)(call + 1);
	copy = (struct qda_arg *)(call->kargs + plan.num_args);
	if (num_args)
		memcpy(copy, args, num_args * sizeof(*args));
	call->args = copy;
	call->num_args = num_args;
	call->plan = plan;
	call->method = method;
	if (call->region)
		call->scratch = call->region->cpu;
	marshal_args(&plan, copy, num_args, call->region ? call->region->handle : 0,
		     call->region ? call->region->offset : 0, call->kargs);
	for (i = 0; i < num_args; i++)
		qda_buffer_ref(copy[i].buffer);
	atomic_init(&call->refs, 1);
	atomic_init(&call->state, CALL_IDLE);
	list_init(&call->node);
	call->module = qda_module_ref(module);
	call->session = session;
	*ret_call = call;
	return 0;
}

QDA_EXPORT struct qda_call *qda_call_ref(struct qda_call *call)
{
	if (call)
		atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
	return call;
}

static void drop_buffers(struct qda_call *call)
{
	size_t i;

	for (i = 0; i < call->num_args; i++)
		qda_buffer_unref(call->args[i].buffer);
}

static void orphan_done(struct orphan *orphan, struct qda_session *session, int err,
			int32_t status)
{
	(void)session;
	(void)err;
	(void)status;
	free(container_of(orphan, struct qda_call, orphan));
}

/* In flight, and the last reference is gone: the result is nobody's. */
static bool call_orphan(struct qda_call *call)
{
	struct qda_module *module = call->module;
	int32_t status;
	int err;

	err = kapi_wait(call->session->file, call->ticket, 0, &status);
	if (err != -ETIMEDOUT && err != -EINTR && err != -EBUSY)
		return false;

	/* the driver keeps what the DSP uses; only the scratch memory is ours */
	call->orphan.ticket = call->ticket;
	call->orphan.region = call->region;
	call->orphan.module = module;
	call->orphan.done = orphan_done;
	drop_buffers(call);
	session_orphan_add(call->session, &call->orphan);
	/* may be the session's end, and that of the call */
	module_put(module, false);
	return true;
}

QDA_EXPORT struct qda_call *qda_call_unref(struct qda_call *call)
{
	struct qda_module *module;
	struct qda_session *session;

	if (!call || atomic_fetch_sub(&call->refs, 1) != 1)
		return NULL;
	module = call->module;
	session = call->session;
	if (!qda_ctx_check(session_ctx(session))) {
		if (atomic_load(&call->state) == CALL_TICKET && call_orphan(call))
			return NULL;
		scratch_put(session->scratch, call->region);
	}
	drop_buffers(call);
	free(call);
	/* also what a callback drops, and qda_ctx_process() never blocks */
	module_put(module, false);
	return NULL;
}

/* The DSP has answered: the outputs are the caller's before the object is. */
static void call_outputs(const struct qda_call *call, int32_t status)
{
	if (!status)
		marshal_out(&call->plan, call->args, call->num_args, call->scratch);
	else if (status_is_lost(status) && !call->late)
		running_lost(call->session, call->module->handle, call->method);
}

QDA_EXPORT int qda_call_invoke(struct qda_call *call, int32_t *ret_status)
{
	atomic_uint_least64_t *slot;
	struct kapi_invoke invoke;
	int err;

	if (!call || !ret_status)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(call->session));
	if (err)
		return err;
	if (!call_take(call, CALL_IDLE, CALL_RUNNING))
		return -EBUSY;

	marshal_in(&call->plan, call->args, call->num_args, call->scratch);
	fill_invoke(&invoke, call, 0, 0);
	trace_call(call->session, &invoke, call->region);
	slot = running_enter(call->session, call->module->handle, call->method);
	err = session_kapi_invoke(call->session, &invoke);
	running_leave(call->session, slot, call->module->handle, call->method,
		      err ? 0 : invoke.status);
	trace_return(call->session, &invoke, call->region, err);
	if (err == -EINTR && invoke.ticket) {
		call->ticket = invoke.ticket;
		call_give(call, CALL_TICKET);
		return err;
	}
	/* without a ticket nothing was sent, and there is nothing to collect */
	if (err == -EINTR)
		err = -EAGAIN;
	if (!err) {
		call_outputs(call, invoke.status);
		*ret_status = invoke.status;
	}
	call_give(call, CALL_IDLE);
	return err;
}

/* Without a ticket nothing was sent: it may be repeated, and only then. */
static int submit(struct qda_session *session, struct kapi_invoke *invoke,
		  const struct scratch_region *region)
{
	int err;

	trace_call(session, invoke, region);
	do
		err = session_kapi_invoke(session, invoke);
	while (err == -EINTR && !invoke->ticket);
	return err;
}

static int submit_ticket(struct qda_call *call)
{
	struct kapi_invoke invoke;
	int err;

	fill_invoke(&invoke, call, KAPI_INVOKE_ASYNC, 0);
	err = submit(call->session, &invoke, call->region);
	if (!err)
		call->ticket = invoke.ticket;
	call_give(call, err ? CALL_IDLE : CALL_TICKET);
	return err;
}

static int submit_event(struct qda_call *call, qda_call_fn fn, void *data)
{
	struct qda_session *session = call->session;
	struct kapi_invoke invoke;
	uint64_t cookie;
	int err;

	call->fn = fn;
	call->data = data;
	/* for the time in flight; the callback may drop all others */
	qda_call_ref(call);
	pthread_mutex_lock(&session->lock);
	cookie = ++session->cookie;
	call->cookie = cookie;
	list_add(&session->calls, &call->node);
	pthread_mutex_unlock(&session->lock);
	fill_invoke(&invoke, call, KAPI_INVOKE_ASYNC | KAPI_INVOKE_EVENT, cookie);
	call_give(call, CALL_EVENT);

	err = submit(session, &invoke, call->region);
	/* once it is under way it is another thread's already, perhaps freed */
	if (!err)
		return 0;
	pthread_mutex_lock(&session->lock);
	list_del(&call->node);
	pthread_mutex_unlock(&session->lock);
	call_give(call, CALL_IDLE);
	qda_call_unref(call);
	return err;
}

QDA_EXPORT int qda_call_submit(struct qda_call *call, qda_call_fn fn, void *data)
{
	int err;

	if (!call)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(call->session));
	if (err)
		return err;
	if (!call_take(call, CALL_IDLE, CALL_RUNNING))
		return -EBUSY;
	session_reap(call->session);
	marshal_in(&call->plan, call->args, call->num_args, call->scratch);
	return fn ? submit_event(call, fn, data) : submit_ticket(call);
}

QDA_EXPORT int qda_call_wait(struct qda_call *call, int64_t timeout_ns,
			     int32_t *ret_status)
{
	int32_t status = 0;
	int state, err;

	if (!call || !ret_status)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(call->session));
	if (err)
		return err;
	if (!call_take(call, CALL_TICKET, CALL_WAITING)) {
		state = atomic_load_explicit(&call->state, memory_order_relaxed);
		return state == CALL_IDLE || state == CALL_EVENT ? -EINVAL : -EBUSY;
	}

	session_reap(call->session);
	if (timeout_ns < 0 && __builtin_expect(running_served == call->session, 0))
		running_nested(call->session, call->module->handle, call->method);
	err = kapi_wait(call->session->file, call->ticket, clock_deadline(timeout_ns),
			&status);
	if (err == -ETIMEDOUT || err == -EINTR || err == -EBUSY) {
		call_give(call, CALL_TICKET);
		return err;
	}
	if (!err) {
		call_outputs(call, status);
		*ret_status = status;
	}
	call_give(call, CALL_IDLE);
	return err;
}

int call_complete(struct qda_session *session, const struct kapi_event *event)
{
	struct qda_call *call = NULL;
	struct list *node;
	int32_t status = 0;
	qda_call_fn fn;
	void *data;

	/* at most as many as the driver has in flight, usually the first */
	pthread_mutex_lock(&session->lock);
	list_for_each(node, &session->calls) {
		struct qda_call *candidate = container_of(node, struct qda_call, node);

		if (candidate->cookie == event->user_data) {
			call = candidate;
			list_del(&call->node);
			break;
		}
	}
	pthread_mutex_unlock(&session->lock);
	if (!call) {
		log_debug(session_ctx(session), "event of a call that is not ours");
		return 0;
	}

	if (!event->error) {
		status = event->status;
		call_outputs(call, status);
	}
	fn = call->fn;
	data = call->data;
	call_give(call, CALL_IDLE);
	fn(data, call, event->error, status);
	qda_call_unref(call);
	return 1;
}
