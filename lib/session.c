// SPDX-License-Identifier: MIT
/* Sessions: one open file, one context bank, one PD. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "firmware.h"
#include "listener.h"
#include "objects.h"
#include "services.h"
#include "trace.h"

/* what the DSP may take to map or unmap, where nothing else would end the wait */
#define JOINED_ANSWER_NS	10000000000

/* bytes of scratch memory kept for later calls */
#define SCRATCH_MAX_IDLE	(64ULL << 20)

/* events run at a time; what is left keeps the descriptor readable */
#define EVENT_BATCH		32

static int scratch_alloc(void *owner, uint64_t *size, uint32_t *ret_handle,
			 void **ret_cpu)
{
	struct qda_session *session = owner;
	uint32_t handle;
	int err;

	err = kapi_gem_create(session->file, size, &handle);
	if (err)
		return err;
	err = kapi_gem_mmap(session->file, handle, *size, ret_cpu);
	if (err) {
		kapi_gem_close(session->file, handle);
		return err;
	}
	*ret_handle = handle;
	return 0;
}

static void scratch_release(void *owner, uint32_t handle, void *cpu, uint64_t size)
{
	struct qda_session *session = owner;

	kapi_munmap_cpu(session->file, cpu, size);
	kapi_gem_close(session->file, handle);
}

const struct scratch_ops session_scratch_ops = {
	.alloc = scratch_alloc,
	.free = scratch_release,
};

static bool watch_ref(struct qda_watch *watch)
{
	return qda_ref_try(&container_of(watch, struct qda_session, watch)->refs);
}

static void watch_unref(struct qda_watch *watch)
{
	qda_session_unref(container_of(watch, struct qda_session, watch));
}

static int watch_events(struct qda_watch *watch)
{
	struct qda_session *session = container_of(watch, struct qda_session, watch);
	struct kapi_event events[EVENT_BATCH];
	int i, n, done = 0;

	n = kapi_read_events(session->file, events, EVENT_BATCH);
	for (i = 0; i < n; i++)
		done += events[i].type == KAPI_EVENT_COMPLETE ?
				call_complete(session, &events[i]) :
				session_status_event(session,
						     (uint32_t)events[i].status);
	return n < 0 ? n : done;
}

/* Takes over file and the reference on device, also when it fails. */
static int session_new(struct qda_device *device, struct kapi_file *file,
		       struct qda_session **ret_session)
{
	struct qda_session *session = calloc(1, sizeof(*session));
	unsigned int i;
	int err = -ENOMEM;

	if (!session)
		goto drop;
	err = scratch_new(&session_scratch_ops, session, SCRATCH_MAX_IDLE,
			  &session->scratch);
	if (err)
		goto free_session;
	session->device = device;
	session->file = file;
	session->open_deadline = -1;
	session->watch.fd = kapi_fd(file);
	session->watch.fn = watch_events;
	session->watch.ref = watch_ref;
	session->watch.unref = watch_unref;
	atomic_init(&session->refs, 1);
	atomic_init(&session->released, false);
	atomic_init(&session->remotectl, REMOTECTL1);
	atomic_init(&session->num_orphans, 0);
	pthread_mutex_init(&session->lock, NULL);
	for (i = 0; i < SESSION_BUFFER_BUCKETS; i++)
		list_init(&session->buffers[i]);
	list_init(&session->mappings);
	list_init(&session->modules);
	list_init(&session->calls);
	list_init(&session->orphans);
	err = session_id_take(session);
	if (err)
		goto free_scratch;
	snprintf(session->name, sizeof(session->name), "%s:%u", device->info.dsp,
		 session->id);
	/* last, because from here on another thread may use it */
	err = qda_ctx_watch_add(device->ctx, &session->watch);
	if (err)
		goto give_id;
	*ret_session = session;
	return 0;

give_id:
	session_id_give(session);
free_scratch:
	pthread_mutex_destroy(&session->lock);
	scratch_free(session->scratch);
free_session:
	free(session);
drop:
	kapi_close(file);
	qda_device_unref(device);
	return err;
}

QDA_EXPORT struct qda_session *qda_session_ref(struct qda_session *session)
{
	if (session)
		atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
	return session;
}

/* A PD that was there before belongs to the descriptor it came with */
static void end_pd(struct qda_session *session)
{
	if (atomic_load(&session->owns_pd) && !atomic_exchange(&session->released, true))
		kapi_release(session->file);
}

/* The last reference is gone */
static void session_end(struct qda_session *session)
{
	struct qda_device *device = session->device;

	if (!qda_ctx_check(device->ctx)) {
		qda_ctx_watch_del(device->ctx, &session->watch);
		/* first, so that the DSP lets go of what is dropped next */
		end_pd(session);
		services_stop(session);
		session_orphans_drop(session);
		scratch_free(session->scratch);
		pthread_mutex_destroy(&session->lock);
		session_id_give(session);
	}
	/*
	 * A forked child closes its descriptor and nothing else: PD, handles and
	 * perhaps held locks are the parent's.
	 */
	kapi_close(session->file);
	session_saved_free(session->saved);
	if (session->path)
		path_list_free(session->path);
	free(session->path);
	free(session);
	qda_device_unref(device);
}

QDA_EXPORT struct qda_session *qda_session_unref(struct qda_session *session)
{
	unsigned int refs;

	if (!session)
		return NULL;
	/* a forked child has no listener that would come to drop it */
	if (qda_ctx_check(session_ctx(session)))
		atomic_fetch_and(&session->refs, ~SESSION_SERVED);
	refs = atomic_load(&session->refs);
	do {
		/*
		 * Only the listener is left, with a call that it serves: that may wait
		 * for a DSP that never answers, and nobody would come to end it. What
		 * it uses is gone next, so it must be over then; but two functions
		 * that drop each other's session would wait for ever.
		 */
		if (refs == (SESSION_SERVED | 1)) {
			qda_ctx_watch_del(session_ctx(session), &session->watch);
			end_pd(session);
			if (!listener_on_thread())
				listener_stop(session);
		}
	} while (!atomic_compare_exchange_weak(&session->refs, &refs, refs - 1));
	if (refs == 1)
		session_end(session);
	return NULL;
}

bool session_serve_begin(struct qda_session *session)
{
	unsigned int refs = atomic_load(&session->refs);

	while (refs)
		if (atomic_compare_exchange_weak(&session->refs, &refs,
						 refs + SESSION_SERVED))
			return true;
	return false;
}

void session_serve_end(struct qda_session *session)
{
	if (atomic_fetch_sub(&session->refs, SESSION_SERVED) == SESSION_SERVED)
		session_end(session);
}

QDA_EXPORT int qda_session_release(struct qda_session *session)
{
	int err;

	if (!session)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (atomic_exchange(&session->released, true))
		return -ECANCELED;
	return kapi_release(session->file);
}

static int exit_pd(struct qda_session *session, int64_t deadline)
{
	struct kapi_invoke invoke = {
		.handle = CURRENT_PROCESS1,
		.scalars = PROCESS1_EXIT << 24,
		.flags = KAPI_INVOKE_ASYNC,
	};
	int err;

	session_reap(session);
	trace_call(session, &invoke, NULL);
	err = session_kapi_invoke(session, &invoke);
	if (!err)
		err = kapi_wait(session->file, invoke.ticket, deadline, &invoke.status);
	trace_return(session, &invoke, NULL, err);
	return !err && invoke.status ? -EREMOTEIO : err;
}

QDA_EXPORT int qda_session_exit(struct qda_session *session, int64_t timeout_ns)
{
	int err;

	if (!session)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (atomic_load(&session->released))
		return -ECANCELED;
	if (!session->is_user_pd)
		return -ENOTCONN;
	err = exit_pd(session, clock_deadline(timeout_ns));
	if (err == -EINTR)
		return err;
	qda_session_release(session);
	return err;
}

QDA_EXPORT struct qda_device *qda_session_get_device(const struct qda_session *session)
{
	return session ? session->device : NULL;
}

QDA_EXPORT int qda_session_is_unsigned(const struct qda_session *session)
{
	return session ? session->is_unsigned : -EINVAL;
}

/* --- opening ----------------------------------------------------------------- */

static int fail_new(const char *where, int err, struct qda_failure *reterr)
{
	if (err == -EMFILE)
		return qda_fail(reterr, err, 0,
				"session on %s: this context has 64 of its DSP already, drop one", where);
	return qda_fail(reterr, err, 0, "session on %s", where);
}

int session_open_until(struct qda_device *device, const struct qda_session_opts *opts,
		       int64_t deadline, struct qda_session **ret_session,
		       struct qda_failure *reterr)
{
	struct qda_session_opts o;
	struct qda_session *session;
	struct kapi_file *file;
	int err;

	if (!device || !ret_session)
		return qda_fail(reterr, -EINVAL, 0, "session: no device or no result");
	err = qda_ctx_check(device->ctx);
	if (err)
		return qda_fail(reterr, err, 0, "session");
	err = session_copy_opts(&o, opts, reterr);
	if (err)
		return err;
	if (!device->path)
		return qda_fail(reterr, -ENODEV, 0,
				"%s: this device came as a descriptor and has no node to open",
				device->info.dsp);

	err = kapi_open(device->ctx, device->path, &file);
	if (err)
		return qda_fail(reterr, err, 0, "opening %s", device->path);
	/* nodes are renumbered when DSPs come and go */
	if (strcmp(kapi_info(file)->dsp, device->info.dsp)) {
		err = qda_fail(reterr, -ENODEV, 0, "%s is now the node of %s, not of %s",
			       device->path, kapi_info(file)->dsp, device->info.dsp);
		kapi_close(file);
		return err;
	}
	err = session_new(qda_device_ref(device), file, &session);
	if (err)
		return fail_new(device->path, err, reterr);
	session->open_deadline = deadline;
	err = session_save_opts(session, &o);
	if (o.name)
		strcpy(session->name, o.name);
	if (err)
		qda_fail(reterr, err, 0, "session on %s", device->path);
	else
		err = session_get_pd(session, &o, reterr);
	if (err) {
		qda_session_unref(session);
		return err;
	}
	*ret_session = session;
	return 0;
}

QDA_EXPORT int qda_session_open(struct qda_device *device,
				const struct qda_session_opts *opts,
				struct qda_session **ret_session,
				struct qda_failure *reterr)
{
	return session_open_until(device, opts, -1, ret_session, reterr);
}

static bool has_pd_opts(const struct qda_session_opts *o)
{
	return o->pd || o->signing || o->pd_name || o->shell || o->init_mem_size ||
	       o->attrs || o->max_in_flight || o->test_signature || o->memory_limit;
}

/* Somebody has opened the file, and has perhaps given it a PD */
static int join_or_get_pd(struct qda_session *session, const struct qda_session_opts *o,
			  int fd, struct qda_failure *reterr)
{
	uint64_t bits;
	int err;

	err = kapi_query(session->file, KAPI_SESSION, 0, &bits, NULL);
	if (err)
		return qda_fail(reterr, err, 0, "descriptor %d: asking for its session",
				fd);
	if (bits & KAPI_SESSION_RELEASED)
		return qda_fail(reterr, -ECANCELED, 0,
				"the session on descriptor %d was released", fd);
	if (!(bits & KAPI_SESSION_HAS_PD))
		return session_get_pd(session, o, reterr);
	if (has_pd_opts(o))
		return qda_fail(reterr, -EINVAL, 0,
				"the session on descriptor %d has a PD already, no options of PDs can be given",
				fd);
	session->is_unsigned = bits & KAPI_SESSION_UNSIGNED;
	/* no release of ours ends what such a PD does not answer */
	kapi_set_answer_timeout(session->file, JOINED_ANSWER_NS);
	return services_start(session, o, reterr);
}

QDA_EXPORT int qda_session_open_fd(struct qda_ctx *ctx, int fd,
				   const struct qda_session_opts *opts,
				   struct qda_session **ret_session,
				   struct qda_failure *reterr)
{
	struct qda_session_opts o;
	struct qda_session *session;
	struct qda_device *device;
	struct kapi_file *file;
	int err;

	if (!ctx || !ret_session)
		return qda_fail(reterr, -EINVAL, 0, "session: no context or no result");
	err = qda_ctx_check(ctx);
	if (err)
		return qda_fail(reterr, err, 0, "session");
	err = session_copy_opts(&o, opts, reterr);
	if (err)
		return err;
	if (fd < 0)
		return qda_fail(reterr, -EBADF, 0, "descriptor %d", fd);
	err = kapi_open_fd(ctx, fd, &file);
	if (err)
		return qda_fail(reterr, err, 0, "descriptor %d", fd);
	err = qda_device_from_file(ctx, NULL, file, &device);
	if (err) {
		kapi_close(file);
		return qda_fail(reterr, err, 0, "descriptor %d", fd);
	}
	err = session_new(device, file, &session);
	if (err)
		return qda_fail(reterr, err, 0, "session on descriptor %d", fd);
	if (o.name)
		strcpy(session->name, o.name);
	err = join_or_get_pd(session, &o, fd, reterr);
	if (err) {
		qda_session_unref(session);
		return err;
	}
	*ret_session = session;
	return 0;
}
