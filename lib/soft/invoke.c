// SPDX-License-Identifier: MIT
/* Calls of remote methods: submit, wait. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

/* so many arguments need no memory but the stack */
#define FEW_ARGS	16

struct args {
	struct drm_qda_arg *args;
	struct qda_object_span *spans;
	struct drm_qda_arg few_args[FEW_ARGS];
	struct qda_object_span few_spans[FEW_ARGS];
};

/* Memory for n arguments, kept by the thread if they are many. */
static int args_alloc(struct args *m, unsigned int n)
{
	struct thread *thread;

	m->args = m->few_args;
	m->spans = m->few_spans;
	if (n <= FEW_ARGS)
		return 0;
	thread = soft_thread();
	if (!thread->scratch)
		thread->scratch = malloc(DRM_QDA_MAX_ARGS *
					 (sizeof(*m->args) + sizeof(*m->spans)));
	if (!thread->scratch)
		return -ENOMEM;
	m->args = thread->scratch;
	m->spans = (void *)(m->args + DRM_QDA_MAX_ARGS);
	return 0;
}

/* Private copies of the caller's arguments, newer and longer ones included */
static int args_copy(struct args *m, const struct drm_qda_remote_invoke *a)
{
	const size_t size = sizeof(*m->args);
	uint8_t tail[QDA_MAX_STRIDE];
	unsigned int i;
	size_t j;
	int err;

	if (a->num_args && a->stride == size)
		return copy_in(m->args, a->args, a->num_args * size);

	for (i = 0; i < a->num_args; i++) {
		uint64_t from = a->args + (uint64_t)i * a->stride;

		err = copy_in(&m->args[i], from, size);
		if (!err)
			err = copy_in(tail, from + size, a->stride - size);
		if (err)
			return err;
		for (j = 0; j < a->stride - size; j++)
			if (tail[j])
				return -E2BIG;
	}
	return 0;
}

static int args_check(const struct args *m, const struct drm_qda_remote_invoke *a)
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

/* Find the objects; takes references into call when everything is right. */
static int args_resolve(struct file *file, struct args *m,
			const struct drm_qda_remote_invoke *a, struct call *call)
{
	unsigned int i;
	int err;

	for (i = 0; i < a->num_args; i++) {
		enum qda_arg_class cls = qda_arg_class(a->scalars, i);
		const struct drm_qda_arg *arg = &m->args[i];
		struct object *obj;
		struct map *map;

		if (!arg->length)
			continue;
		obj = object_find(file, arg->handle);
		if (!obj)
			return -ENOENT;
		err = qda_check_arg_range(arg, obj->size);
		if (err)
			return err;
		if (cls == QDA_ARG_IN_HANDLE) {
			map = map_by_dsp_id(file, arg->dsp_id);
			if (map && map->obj != obj)
				return -EINVAL;
		}
		m->spans[i].bus = object_bus(file, obj);
		m->spans[i].size = obj->size;
		obj->refs++;
		call->objs[call->num_objs++] = obj;
	}
	return 0;
}

/* A free place, waited for if it must be; the caller holds the lock. */
static int place_get(struct file *file, const struct drm_qda_remote_invoke *a,
		     struct call **ret_call)
{
	bool async = a->flags & DRM_QDA_INVOKE_ASYNC;
	bool event = a->flags & DRM_QDA_INVOKE_EVENT;
	bool listener = qda_handle_is_listener(a->handle);
	bool unbound = listener && !async;
	int err;

	for (;;) {
		err = session_check(file);
		if (err)
			return err;
		if (file->num_done && file->num_done + file->in_flight >= QDA_MAX_IN_FLIGHT)
			lanes_drain(file, 0);
		if (file->num_done >= QDA_MAX_IN_FLIGHT && !unbound)
			return -EAGAIN;
		if (event && file->event_space < sizeof(struct drm_qda_event_complete))
			return -EAGAIN;
		if (file->in_flight >= file->limit + listener)
			lanes_drain(file, 0);
		err = session_check(file);
		if (err)
			return err;
		if (file->num_done >= QDA_MAX_IN_FLIGHT && !unbound)
			return -EAGAIN;
		if (file->in_flight < file->limit + listener) {
			/* no end without a place; see the driver's qda_place_get() */
			if (file->num_done + file->in_flight >= MAX_DONE)
				return -EAGAIN;
			break;
		}
		if (async)
			return -EAGAIN;
		err = calls_pump(file, false, DEADLINE_NEVER);
		if (err)
			return err;
	}
	*ret_call = call_take(file, 0, SLOTS_USER);
	return *ret_call ? 0 : -EAGAIN;
}

static struct lane *lane_for(struct file *file, uint32_t handle, int *ret_err)
{
	/* the attribute query is the root process's, whoever asks */
	if (handle == QDA_HANDLE_UTILITIES)
		return &file->lanes[ROOT_LANE];
	return lane_get(file, soft_thread(), ret_err);
}

static int invoke_submit(struct file *file, struct args *m,
			 const struct drm_qda_remote_invoke *a, struct result *result,
			 struct call **ret_call, uint64_t *ret_ticket)
{
	bool event = a->flags & DRM_QDA_INVOKE_EVENT;
	struct call *call;
	struct lane *lane;
	int err;

	err = place_get(file, a, &call);
	if (err)
		return err;
	err = args_resolve(file, m, a, call);
	if (err)
		goto drop;
	lane = lane_for(file, a->handle, &err);
	if (!lane)
		goto drop;
	if (event) {
		err = lane_watch(file, lane);
		if (err)
			goto drop;
		err = event_reserve(file) ? 0 : -EAGAIN;
		if (err)
			goto drop;
		call->event = true;
	}
	call->user_data = a->user_data;
	call->handle = a->handle;
	call->sc = a->scalars;
	call->result = result;
	qda_pack_args(call_payload(file, call), a->num_args, a->scalars, m->args,
		      m->spans);
	call_start(file, call, lane);
	*ret_call = call;
	*ret_ticket = call->ticket;
	return call_send(file, call, (uint32_t)soft_thread()->tid);

drop:
	call_drop(file, call);
	if (err == -EPIPE) {
		file_lost(file);
		err = -ENODEV;
	}
	return err;
}

/* After an unmap, so that what is gone is gone when the call returns */
static void settle(struct file *file, unsigned int unmaps)
{
	if (unmaps != file->unmaps)
		unmaps_settle(file);
}

int invoke_call(struct file *file, void *data)
{
	struct drm_qda_remote_invoke *a = data;
	struct result result = { .done = false };
	struct call *call = NULL;
	unsigned int unmaps;
	uint64_t ticket = 0;
	struct args m;
	bool async;
	int err;

	err = qda_check_invoke(a);
	if (!err)
		err = args_alloc(&m, a->num_args);
	if (!err)
		err = args_copy(&m, a);
	if (!err)
		err = args_check(&m, a);
	if (err)
		return err;
	async = a->flags & DRM_QDA_INVOKE_ASYNC;

	pthread_mutex_lock(&file->lock);
	unmaps = file->unmaps;
	err = invoke_submit(file, &m, a, async ? NULL : &result, &call, &ticket);
	if (err) {
		/* interrupted before it was sent: no ticket */
		if (err == -EINTR)
			a->ticket = 0;
	} else if (async) {
		a->ticket = ticket;
		a->status = 0;
	} else {
		err = result.done ? 0 :
		      lane_wait(file, call->lane, &result, DEADLINE_NEVER);
		if (err) {
			/* goes on without us */
			call->result = NULL;
			if (err == -EINTR)
				a->ticket = ticket;
		} else {
			err = result.error;
			if (!err) {
				a->status = result.status;
				a->ticket = 0;
			}
		}
	}
	settle(file, unmaps);
	pthread_mutex_unlock(&file->lock);
	return err;
}

static int wait_flying(struct file *file, struct call *call,
		       struct drm_qda_remote_wait *a)
{
	struct result result = { .done = false };
	int err;

	if (call->event)
		return -EINVAL;
	if (call->result)
		return -EBUSY;
	call->result = &result;
	err = lane_wait(file, call->lane, &result,
			a->deadline < 0 ? DEADLINE_NEVER : a->deadline);
	if (err) {
		call->result = NULL;
		return err;
	}
	if (!result.error)
		a->status = result.status;
	return result.error;
}

int invoke_wait(struct file *file, void *data)
{
	struct drm_qda_remote_wait *a = data;
	struct call *call;
	unsigned int i;
	int err;

	err = qda_check_wait(a);
	if (err)
		return err;
	call = call_flying(file, a->ticket);
	if (call)
		return wait_flying(file, call, a);

	for (i = 0; i < file->num_done; i++) {
		struct done_call done = file->done[i];

		if (done.ticket != a->ticket)
			continue;
		file->done[i] = file->done[--file->num_done];
		if (!done.error)
			a->status = done.status;
		return done.error;
	}
	if (event_is_queued(file, a->ticket))
		return -EINVAL;
	return file->lost ? -ENODEV : -ENOENT;
}

int invoke_set_option(struct file *file, void *data)
{
	struct drm_qda_set_option *a = data;
	int err;

	err = qda_check_option(a);
	if (err)
		return err;
	if (file->session == SESSION_RELEASED)
		return -ECANCELED;

	switch (a->option) {
	case DRM_QDA_OPTION_MEMORY_LIMIT:
		err = qda_check_memory_limit(file->memory_limit, a->value);
		if (!err)
			file->memory_limit = a->value;
		return err;
	case DRM_QDA_OPTION_STATUS_EVENTS:
		return status_set(file, a->value);
	case DRM_QDA_OPTION_ANSWER_TIMEOUT:
		file->answer_ns = (int64_t)a->value;
		return 0;
	default:
		file->limit = (unsigned int)a->value;
		pump_kick(file);
		return 0;
	}
}
