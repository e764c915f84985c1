// SPDX-License-Identifier: GPL-2.0-only
/*
 * REMOTE_INVOKE and REMOTE_WAIT: what user space passes, and how it learns how a
 * call has ended. The call itself is qda_call.c's.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "qda_drv.h"

/* What a call of user space returns when it has ended */
static int qda_call_result(struct qda_call *call,
			   const struct qda_result *result, s32 *ret_status)
{
	if (result->collect)
		qda_call_collect(call, false, result->error, result->status);
	if (!result->error)
		*ret_status = result->status;
	return result->error;
}

/* --- REMOTE_INVOKE ------------------------------------------------------- */

struct qda_args {
	struct drm_qda_arg *args;
	struct qda_object_span *spans;
	void *many;
	struct drm_qda_arg few_args[QDA_FEW_ARGS];
	struct qda_object_span few_spans[QDA_FEW_ARGS];
};

static int qda_args_alloc(struct qda_args *m, unsigned int n)
{
	m->args = m->few_args;
	m->spans = m->few_spans;
	m->many = NULL;
	if (n <= QDA_FEW_ARGS)
		return 0;
	m->many = kvmalloc_array(n, sizeof(*m->args) + sizeof(*m->spans),
				 GFP_KERNEL);
	if (!m->many)
		return -ENOMEM;
	m->args = m->many;
	m->spans = (void *)(m->args + n);
	return 0;
}

/* Private copies of the caller's arguments, newer and longer ones included */
static int qda_args_copy(struct qda_args *m,
			 const struct drm_qda_remote_invoke *a)
{
	const size_t size = sizeof(*m->args);
	unsigned int i;
	int err;

	if (!a->num_args)
		return 0;
	if (a->stride == size)
		return copy_from_user(m->args, u64_to_user_ptr(a->args),
				      a->num_args * size) ? -EFAULT : 0;

	for (i = 0; i < a->num_args; i++) {
		u64 from = a->args + (u64)i * a->stride;

		err = copy_struct_from_user(&m->args[i], size,
					    u64_to_user_ptr(from), a->stride);
		if (err)
			return err;
	}
	return 0;
}

static int qda_args_check(const struct qda_args *m,
			  const struct drm_qda_remote_invoke *a)
{
	unsigned int i;
	int ret;

	for (i = 0; i < a->num_args; i++) {
		ret = qda_check_arg(&m->args[i], qda_arg_class(a->scalars, i));
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int qda_arg_resolve(struct drm_file *file, struct qda_call *call,
			   const struct drm_qda_arg *arg, enum qda_arg_class cls,
			   struct qda_object_span *span)
{
	struct qda_session *session = call->session;
	struct qda_bo_map *map = NULL;
	struct qda_gem *gem;
	int err;

	gem = qda_gem_lookup(file, arg->handle);
	if (!gem)
		return -ENOENT;
	err = qda_check_arg_range(arg, gem->base.size);
	if (!err && cls == QDA_ARG_IN_HANDLE)
		err = qda_map_check_dsp_id(session, arg->dsp_id, gem);
	if (!err) {
		map = qda_bo_map_find(session, gem);
		if (!map)
			err = -ENOENT;
	}
	if (!err) {
		map->refs++;
		call->maps[call->num_maps++] = map;
		span->bus = qda_bus_addr(session, map->addr);
		span->size = gem->base.size;
	}
	drm_gem_object_put(&gem->base);
	return err;
}

/*
 * The argument before was in the same buffer, which the call has pinned: no need to
 * look for it again. Small arguments are all in one.
 */
static int qda_arg_resolve_again(struct qda_call *call,
				 const struct drm_qda_arg *arg,
				 enum qda_arg_class cls,
				 const struct qda_object_span *last,
				 struct qda_object_span *span)
{
	struct qda_bo_map *map = call->maps[call->num_maps - 1];
	int err;

	err = qda_check_arg_range(arg, last->size);
	if (!err && cls == QDA_ARG_IN_HANDLE)
		err = qda_map_check_dsp_id(call->session, arg->dsp_id, map->gem);
	if (!err)
		*span = *last;
	return err;
}

/* Find and pin the buffers; session->lock is held */
static int qda_args_resolve(struct drm_file *file, struct qda_call *call,
			    struct qda_args *m,
			    const struct drm_qda_remote_invoke *a)
{
	const struct qda_object_span *last = NULL;
	u32 last_handle = 0;
	unsigned int i;
	int err;

	if (a->num_args > QDA_FEW_ARGS) {
		struct qda_bo_map **maps;

		maps = kvmalloc_array(a->num_args, sizeof(*maps),
				      GFP_KERNEL_ACCOUNT);
		if (!maps)
			return -ENOMEM;
		call->maps = maps;
	}
	for (i = 0; i < a->num_args; i++) {
		if (!m->args[i].length)
			continue;
		if (last && m->args[i].handle == last_handle)
			err = qda_arg_resolve_again(call, &m->args[i],
						    qda_arg_class(a->scalars, i),
						    last, &m->spans[i]);
		else
			err = qda_arg_resolve(file, call, &m->args[i],
					      qda_arg_class(a->scalars, i),
					      &m->spans[i]);
		if (err)
			return err;
		last = &m->spans[i];
		last_handle = m->args[i].handle;
	}
	return 0;
}

/* A free place, waited for if the caller is synchronous; the listener has one more */
static int qda_place_get(struct qda_session *session, bool async, bool listener,
			 struct qda_call **ret_call)
{
	struct qda_device *qdev = session->qdev;
	unsigned int seq, have;
	int err;

	for (;;) {
		struct qda_call *call = NULL;
		bool grow = false, room;

		qda_calls_reap(session);
		spin_lock_irq(&qdev->lock);
		err = qda_session_check(session);
		if (!err && session->num_done >= QDA_MAX_IN_FLIGHT &&
		    (async || !listener))
			err = -EAGAIN;
		/*
		 * A call that is interrupted leaves its end to be asked for: so many
		 * must find a place. Only listeners get as far as this, whose own ends
		 * nobody has collected: others stop with one place left.
		 */
		room = session->in_flight < session->limit + listener;
		if (!err && room &&
		    session->in_flight + session->num_done >= QDA_MAX_DONE)
			err = -EAGAIN;
		if (!err && room) {
			/*
			 * What others wait for must not need memory: the first
			 * slot is for listeners.
			 */
			call = qda_call_try_take(session,
						 QDA_SLOT_USER + !listener,
						 QDA_SLOTS_USER - !listener);
			grow = !call && session->num_chunks < QDA_NUM_CHUNKS;
		}
		have = session->num_chunks;
		seq = session->place_seq;
		spin_unlock_irq(&qdev->lock);
		if (err)
			return err;
		if (call) {
			*ret_call = call;
			return 0;
		}
		if (grow)
			err = qda_slots_grow(session, have);
		else
			err = async ? -EAGAIN : qda_place_wait(session, seq, -1);
		/* no memory for more; those that are there will be free again */
		if (err == -ENOMEM && !async)
			err = qda_place_wait(session, seq, -1);
		if (err)
			return err;
	}
}

static int qda_event_reserve(struct drm_file *file, struct qda_call *call)
{
	struct qda_event *event = kzalloc_obj(*event, GFP_KERNEL_ACCOUNT);

	if (!event)
		return -ENOMEM;
	event->ev.base.type = DRM_QDA_EVENT_COMPLETE;
	event->ev.base.length = sizeof(event->ev);
	event->ev.user_data = call->user_data;
	if (drm_event_reserve_init(&call->session->qdev->drm, file,
				   &event->base, &event->ev.base)) {
		kfree(event);
		return -EAGAIN;
	}
	call->event = event;
	return 0;
}

static void qda_event_cancel(struct qda_call *call)
{
	if (call->event)
		drm_event_cancel_free(&call->session->qdev->drm,
				      &call->event->base);
	call->event = NULL;
}

/* Everything that can fail before the DSP hears of the call */
static int qda_invoke_submit(struct drm_file *file, struct qda_args *m,
			     const struct drm_qda_remote_invoke *a,
			     struct qda_result *result,
			     struct qda_call **ret_call, u64 *ret_ticket)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_wire_msg msg;
	struct qda_call *call;
	int err;

	err = qda_place_get(session, a->flags & DRM_QDA_INVOKE_ASYNC,
			    qda_handle_is_listener(a->handle), &call);
	if (err)
		return err;
	call->user_data = a->user_data;
	call->handle = a->handle;
	call->sc = a->scalars;

	mutex_lock(&session->lock);
	err = qda_session_check(session);
	if (!err && (a->flags & DRM_QDA_INVOKE_EVENT))
		err = qda_event_reserve(file, call);
	if (!err)
		err = qda_call_alloc_payload(call, QDA_WIRE_PAYLOAD(a->num_args));
	if (!err)
		err = qda_args_resolve(file, call, m, a);
	if (!err) {
		qda_pack_args(call->payload, a->num_args, a->scalars, m->args,
			      m->spans);
		err = qda_call_start(call, result, &msg, ret_ticket);
	}
	if (err)
		qda_call_unpin(call);
	mutex_unlock(&session->lock);
	if (err) {
		qda_event_cancel(call);
		qda_call_drop(call);
		return err;
	}
	*ret_call = call;
	return qda_call_send(call, *ret_ticket, &msg);
}

/**
 * qda_call_invoke() - DRM_IOCTL_QDA_REMOTE_INVOKE
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_call_invoke(struct drm_file *file, struct drm_qda_remote_invoke *a)
{
	bool async = a->flags & DRM_QDA_INVOKE_ASYNC;
	struct qda_result result = { };
	struct qda_call *call = NULL;
	struct qda_args m;
	s32 status = 0;
	u64 ticket = 0;
	int err;

	err = qda_check_invoke(a);
	if (err)
		return err;
	err = qda_args_alloc(&m, a->num_args);
	if (err)
		return err;
	err = qda_args_copy(&m, a);
	if (!err)
		err = qda_args_check(&m, a);
	if (!err)
		err = qda_invoke_submit(file, &m, a, async ? NULL : &result,
					&call, &ticket);
	kvfree(m.many);
	if (err) {
		/* interrupted before it was sent: may be repeated */
		if (err == -EINTR)
			a->ticket = 0;
		return err;
	}
	if (async) {
		a->ticket = ticket;
		a->status = 0;
		return 0;
	}

	err = qda_call_wait(call, &result, -1);
	if (err) {
		a->ticket = ticket;
		return err;
	}
	err = qda_call_result(call, &result, &status);
	if (err)
		return err;
	a->status = status;
	a->ticket = 0;
	return 0;
}

/* --- REMOTE_WAIT --------------------------------------------------------- */

static struct qda_call *qda_call_find(struct qda_session *session, u64 ticket)
{
	struct qda_call *call = qda_call_at(session, ticket & QDA_CTX_ID_MASK);

	lockdep_assert_held(&session->qdev->lock);
	if (!call || call->slot < QDA_SLOT_USER ||
	    call->state != QDA_CALL_FLYING || call->ticket != ticket)
		return NULL;
	return call;
}

static bool qda_done_take(struct qda_session *session, u64 ticket,
			  struct qda_done *ret_done)
{
	unsigned int i;

	lockdep_assert_held(&session->qdev->lock);
	for (i = 0; i < session->num_done; i++) {
		if (session->done[i].ticket != ticket)
			continue;
		*ret_done = session->done[i];
		session->done[i] = session->done[--session->num_done];
		qda_place_wake(session);
		return true;
	}
	return false;
}

/* Whether the completion of @ticket lies unread in the file's event queue */
static bool qda_event_queued(struct drm_file *file, u64 ticket)
{
	struct drm_device *drm = file->minor->dev;
	struct drm_pending_event *e;
	bool found = false;

	spin_lock_irq(&drm->event_lock);
	list_for_each_entry(e, &file->event_list, link) {
		struct qda_event *event = container_of(e, struct qda_event,
						       base);

		if (e->event->type == DRM_QDA_EVENT_COMPLETE &&
		    event->ev.ticket == ticket)
			found = true;
	}
	spin_unlock_irq(&drm->event_lock);
	return found;
}

/**
 * qda_call_remote_wait() - DRM_IOCTL_QDA_REMOTE_WAIT
 * @file: caller
 * @a: private copy of its struct
 *
 * Also when the DSP is gone: how calls ended can still be asked.
 *
 * Return: see the uapi.
 */
int qda_call_remote_wait(struct drm_file *file, struct drm_qda_remote_wait *a)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	struct qda_result result = { };
	bool found = false, lost;
	struct qda_call *call;
	struct qda_done done;
	s32 status = 0;
	int err;

	err = qda_check_wait(a);
	if (err)
		return err;

	spin_lock_irq(&qdev->lock);
	lost = qdev->lost;
	call = qda_call_find(session, a->ticket);
	if (!call)
		found = qda_done_take(session, a->ticket, &done);
	else if (call->event)
		err = -EINVAL;
	else if (call->result)
		err = -EBUSY;
	else
		call->result = &result;
	spin_unlock_irq(&qdev->lock);
	if (err)
		return err;

	if (call) {
		err = qda_call_wait(call, &result, a->deadline);
		if (!err)
			err = qda_call_result(call, &result, &status);
		if (!err)
			a->status = status;
		return err;
	}
	/* what the call has changed is changed when its end is known */
	qda_calls_reap(session);
	if (found) {
		if (!done.error)
			a->status = done.status;
		return done.error;
	}
	if (qda_event_queued(file, a->ticket))
		return -EINVAL;
	return lost ? -ENODEV : -ENOENT;
}
