// SPDX-License-Identifier: MIT
/* Making a call: the parts that one-shot and prepared calls have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "running.h"
#include "trace.h"

int invocation_begin(struct invocation *inv, struct qda_session *session,
		     uint32_t method, const struct qda_arg *args, size_t num_args)
{
	struct marshal_plan *plan = &inv->plan;
	uint8_t *cpu = NULL;
	int err;

	err = marshal_plan(plan, session, method, args, num_args);
	if (err) {
		log_debug(session_ctx(session), "method %u: argument %zu is bad: %s",
			  method, plan->refused, qda_strerror(err));
		return err;
	}
	inv->kargs = inv->fast;
	if (plan->num_args > INVOKE_FAST_ARGS) {
		inv->kargs = calloc(plan->num_args, sizeof(*inv->kargs));
		if (!inv->kargs)
			return -ENOMEM;
	}
	err = scratch_get(session->scratch, plan->scratch, &inv->region);
	if (err) {
		if (inv->kargs != inv->fast)
			free(inv->kargs);
		return err;
	}
	if (inv->region)
		cpu = inv->region->cpu;
	marshal_args(plan, args, num_args, cpu ? inv->region->handle : 0,
		     cpu ? inv->region->offset : 0, inv->kargs);
	marshal_in(plan, args, num_args, cpu);
	return 0;
}

void invocation_end(struct invocation *inv, struct qda_session *session)
{
	scratch_put(session->scratch, inv->region);
	if (inv->kargs != inv->fast)
		free(inv->kargs);
}

int session_kapi_invoke(struct qda_session *session, struct kapi_invoke *invoke)
{
	int err = kapi_invoke(session->file, invoke);

	/* refused before it began, so it may be tried again */
	if (err == -EAGAIN &&
	    atomic_load_explicit(&session->num_orphans, memory_order_relaxed)) {
		session_reap(session);
		err = kapi_invoke(session->file, invoke);
	}
	return err;
}

int session_invoke(struct qda_session *session, uint32_t handle, uint32_t method,
		   const struct qda_arg *args, size_t num_args, int32_t *ret_status)
{
	atomic_uint_least64_t *slot;
	struct invocation inv;
	struct kapi_invoke invoke;
	int32_t status;
	int err;

	err = invocation_begin(&inv, session, method, args, num_args);
	if (err)
		return err;
	memset(&invoke, 0, sizeof(invoke));
	invoke.args = inv.kargs;
	invoke.num_args = inv.plan.num_args;
	invoke.handle = handle;
	invoke.scalars = inv.plan.scalars;
	trace_call(session, &invoke, inv.region);
	slot = running_enter(session, handle, method);
	/* without a ticket nothing was sent: it may be repeated, and only then */
	do
		err = session_kapi_invoke(session, &invoke);
	while (err == -EINTR && !invoke.ticket);
	status = invoke.status;
	/* a signal does not end the call: go on waiting for this very one */
	while (err == -EINTR)
		err = kapi_wait(session->file, invoke.ticket, -1, &status);
	running_leave(session, slot, handle, method, err ? 0 : status);
	invoke.status = status;
	trace_return(session, &invoke, inv.region, err);
	if (!err) {
		if (!status)
			marshal_out(&inv.plan, args, num_args,
				    inv.region ? inv.region->cpu : NULL);
		*ret_status = status;
	}
	invocation_end(&inv, session);
	return err;
}

QDA_EXPORT int qda_module_invoke(struct qda_module *module, uint32_t method,
				 const struct qda_arg *args, size_t num_args,
				 int32_t *ret_status)
{
	struct qda_session *session;
	int err;

	if (!module || !ret_status)
		return -EINVAL;
	session = module->session;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	/* what is called stays loaded whatever other threads drop meanwhile */
	qda_module_ref(module);
	err = session_invoke(session, module->handle, method, args, num_args,
			     ret_status);
	qda_module_unref(module);
	return err;
}

void session_orphan_add(struct qda_session *session, struct orphan *orphan)
{
	pthread_mutex_lock(&session->lock);
	if (orphan->module)
		orphan->module->orphans++;
	list_add(&session->orphans, &orphan->node);
	atomic_fetch_add(&session->num_orphans, 1);
	pthread_mutex_unlock(&session->lock);
}

/* It is off the list. session is NULL when it is going away. */
static void orphan_end(struct orphan *orphan, struct qda_session *session, int err,
		       int32_t status)
{
	struct scratch_region *region = orphan->region;
	struct qda_module *module = orphan->module;
	bool last = false;

	if (module) {
		if (session)
			pthread_mutex_lock(&session->lock);
		last = !--module->orphans && module->dead;
		if (session)
			pthread_mutex_unlock(&session->lock);
	}
	/* frees the orphan, and may want what is in its scratch memory */
	orphan->done(orphan, session, err, status);
	if (session)
		scratch_put(session->scratch, region);
	if (last)
		module_bury(module, session);
}

void session_reap(struct qda_session *session)
{
	struct list todo, keep;

	if (!atomic_load_explicit(&session->num_orphans, memory_order_relaxed))
		return;

	/* each is with one thread at a time */
	list_init(&todo);
	list_init(&keep);
	pthread_mutex_lock(&session->lock);
	while (!list_empty(&session->orphans)) {
		struct list *node = session->orphans.next;

		list_del(node);
		list_add(&todo, node);
	}
	pthread_mutex_unlock(&session->lock);

	while (!list_empty(&todo)) {
		struct orphan *orphan = container_of(todo.next, struct orphan, node);
		int32_t status = 0;
		int err;

		list_del(&orphan->node);
		err = kapi_wait(session->file, orphan->ticket, 0, &status);
		if (err == -ETIMEDOUT || err == -EINTR || err == -EBUSY) {
			list_add(&keep, &orphan->node);
			continue;
		}
		atomic_fetch_sub(&session->num_orphans, 1);
		orphan_end(orphan, session, err, status);
	}

	pthread_mutex_lock(&session->lock);
	while (!list_empty(&keep)) {
		struct list *node = keep.next;

		list_del(node);
		list_add(&session->orphans, node);
	}
	pthread_mutex_unlock(&session->lock);
}

void session_orphans_drop(struct qda_session *session)
{
	while (!list_empty(&session->orphans)) {
		struct orphan *orphan = container_of(session->orphans.next,
						     struct orphan, node);

		list_del(&orphan->node);
		orphan_end(orphan, NULL, -ECANCELED, 0);
	}
}
