// SPDX-License-Identifier: MIT
/* Sessions: one open file, one context bank, one PD. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

/* bytes of scratch memory kept for later calls */
#define SCRATCH_MAX_IDLE	(64ULL << 20)

/* events run at a time; what is left keeps the descriptor readable */
#define EVENT_BATCH		16

/* FastRPC's bit in the attributes of a user PD */
#define PD_ATTR_UNSIGNED	0x8u

#define REMOTECTL1		8

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
		done += call_complete(session, &events[i]);
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
	list_init(&session->calls);
	list_init(&session->orphans);
	/* last, because from here on another thread may use it */
	err = qda_ctx_watch_add(device->ctx, &session->watch);
	if (err)
		goto free_scratch;
	*ret_session = session;
	return 0;

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

QDA_EXPORT struct qda_session *qda_session_unref(struct qda_session *session)
{
	struct qda_device *device;

	if (!session || atomic_fetch_sub(&session->refs, 1) != 1)
		return NULL;
	device = session->device;
	if (!qda_ctx_check(device->ctx)) {
		qda_ctx_watch_del(device->ctx, &session->watch);
		/*
		 * First, so that the DSP lets go of what is dropped next. A PD
		 * that was there before belongs to the descriptor it came with.
		 */
		if (session->owns_pd && !atomic_load(&session->released))
			kapi_release(session->file);
		session_orphans_drop(session);
		scratch_free(session->scratch);
		pthread_mutex_destroy(&session->lock);
	}
	/*
	 * A forked child closes its descriptor and nothing else: PD, handles and
	 * perhaps held locks are the parent's.
	 */
	kapi_close(session->file);
	free(session);
	qda_device_unref(device);
	return NULL;
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

QDA_EXPORT struct qda_device *qda_session_get_device(const struct qda_session *session)
{
	return session ? session->device : NULL;
}

QDA_EXPORT int qda_session_is_unsigned(const struct qda_session *session)
{
	return session ? session->is_unsigned : -EINVAL;
}

/* --- getting a PD ------------------------------------------------------- */

static int check_opts(const struct qda_session_opts *o, struct qda_failure *reterr)
{
	if (o->pd > QDA_PD_STATIC)
		return qda_fail(reterr, -EINVAL, 0, "session option pd %u is unknown",
				o->pd);
	if (o->signing > QDA_SIGNING_SIGNED)
		return qda_fail(reterr, -EINVAL, 0,
				"session option signing %u is unknown", o->signing);
	if ((o->pd == QDA_PD_STATIC) != (o->pd_name != NULL))
		return qda_fail(reterr, -EINVAL, 0,
				"session option pd_name belongs to static PDs, and only to them");
	if (o->pd_name && !*o->pd_name)
		return qda_fail(reterr, -EINVAL, 0, "session option pd_name is empty");
	if (o->pd != QDA_PD_USER &&
	    (o->signing || o->shell || o->init_mem_size || o->attrs))
		return qda_fail(reterr, -EINVAL, 0,
				"session options signing, shell, init_mem_size and attrs are for user PDs");
	if (o->attrs & PD_ATTR_UNSIGNED)
		return qda_fail(reterr, -EINVAL, 0,
				"session option attrs has the unsigned bit, which signing chooses");
	return 0;
}

static const char *session_dsp(const struct qda_session *session)
{
	return session->device->info.dsp;
}

/* the shell image in a buffer; its size is that of the buffer */
static int load_shell(struct qda_session *session, struct shell *shell,
		      uint32_t *ret_handle, struct qda_failure *reterr)
{
	uint64_t size = shell->size;
	uint32_t handle;
	void *cpu;
	int err;

	err = kapi_gem_create(session->file, &size, &handle);
	if (err)
		return qda_fail(reterr, err, 0, "%s: memory for the shell image",
				session_dsp(session));
	err = kapi_gem_mmap(session->file, handle, size, &cpu);
	if (err) {
		kapi_gem_close(session->file, handle);
		return qda_fail(reterr, err, 0, "%s: mapping the shell image",
				session_dsp(session));
	}
	err = shell_read(shell, cpu, reterr);
	kapi_munmap_cpu(session->file, cpu, size);
	if (err) {
		kapi_gem_close(session->file, handle);
		return err;
	}
	*ret_handle = handle;
	return 0;
}

static int get_shell(struct qda_session *session, const struct qda_session_opts *o,
		     struct shell *shell, struct qda_failure *reterr)
{
	const struct qda_device *device = session->device;
	uint64_t max;
	int err;

	err = kapi_query(session->file, KAPI_MAX_SHELL, 0, &max, NULL);
	if (err)
		return qda_fail(reterr, err, 0, "%s: asking for the size of shells",
				session_dsp(session));
	if (max > UINT32_MAX)
		max = UINT32_MAX;
	if (o->shell)
		return shell_open(shell, o->shell, max, reterr);
	return shell_find(shell, device->ctx, device->info.dsp,
			  qda_device_domain_id(device), session->is_unsigned,
			  device->info.soft, max, reterr);
}

static int create_pd(struct qda_session *session, const struct qda_session_opts *o,
		     struct qda_failure *reterr)
{
	struct kapi_create create = { 0 };
	struct shell shell;
	uint64_t features;
	int32_t status = 0;
	int err;

	err = kapi_query(session->file, KAPI_FEATURES, 0, &features, NULL);
	if (err)
		return qda_fail(reterr, err, 0, "%s: asking for its features",
				session_dsp(session));
	session->is_unsigned =
		o->signing == QDA_SIGNING_UNSIGNED ||
		(o->signing == QDA_SIGNING_AUTO && features & QDA_FEATURE_UNSIGNED_PD);

	err = get_shell(session, o, &shell, reterr);
	if (err)
		return err;
	if (shell.fd >= 0) {
		err = load_shell(session, &shell, &create.handle, reterr);
		shell_close(&shell);
		if (err)
			return err;
		create.length = (uint32_t)shell.size;
	}
	create.attrs = o->attrs | (session->is_unsigned ? PD_ATTR_UNSIGNED : 0);
	create.init_mem_size = o->init_mem_size;
	err = kapi_create(session->file, &create, &status);
	/* the driver keeps the image until the DSP has read it */
	if (create.handle)
		kapi_gem_close(session->file, create.handle);

	if (!err && !status)
		return 0;
	if (!err)
		err = -EREMOTEIO;
	if (create.length)
		return qda_fail(reterr, err, status, "%s: creating a%s PD from %s",
				session_dsp(session),
				session->is_unsigned ? "n unsigned" : " signed",
				shell.path);
	return qda_fail(reterr, err, status,
			"%s: creating a%s PD without a shell image (tried %s)",
			session_dsp(session),
			session->is_unsigned ? "n unsigned" : " signed",
			shell.tried[0] ? shell.tried : "nothing");
}

static int attach_pd(struct qda_session *session, const struct qda_session_opts *o,
		     struct qda_failure *reterr)
{
	static const char *const names[] = {
		[QDA_PD_ROOT] = "the root PD",
		[QDA_PD_SENSORS] = "the sensors PD",
		[QDA_PD_STATIC] = "static PD ",
	};
	int32_t status = 0;
	int err;

	err = kapi_attach(session->file, o->pd, o->pd_name, &status);
	if (!err && !status)
		return 0;
	return qda_fail(reterr, err ? err : -EREMOTEIO, status, "%s: attaching to %s%s",
			session_dsp(session), names[o->pd],
			o->pd_name ? o->pd_name : "");
}

static int get_pd(struct qda_session *session, const struct qda_session_opts *o,
		  struct qda_failure *reterr)
{
	int err;

	if (o->max_in_flight) {
		err = kapi_set_max_in_flight(session->file, o->max_in_flight);
		if (err)
			return qda_fail(reterr, err, 0, "%s: %u calls in flight",
					session_dsp(session), o->max_in_flight);
	}
	err = o->pd == QDA_PD_USER ? create_pd(session, o, reterr) :
				     attach_pd(session, o, reterr);
	session->owns_pd = !err;
	return err;
}

static int copy_opts(struct qda_session_opts *o, const struct qda_session_opts *opts,
		     struct qda_failure *reterr)
{
	int err = qda_opts_copy(o, sizeof(*o), sizeof(*o), opts);

	if (err)
		return qda_fail(reterr, err, 0, "session options");
	return check_opts(o, reterr);
}

QDA_EXPORT int qda_session_open(struct qda_device *device,
				const struct qda_session_opts *opts,
				struct qda_session **ret_session,
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
	err = copy_opts(&o, opts, reterr);
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
		return qda_fail(reterr, err, 0, "session on %s", device->path);
	err = get_pd(session, &o, reterr);
	if (err) {
		qda_session_unref(session);
		return err;
	}
	*ret_session = session;
	return 0;
}

/* Somebody has opened the file, and has perhaps given it a PD */
static int join_or_get_pd(struct qda_session *session, const struct qda_session_opts *o,
			  bool has_opts, int fd, struct qda_failure *reterr)
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
		return get_pd(session, o, reterr);
	if (has_opts)
		return qda_fail(reterr, -EINVAL, 0,
				"the session on descriptor %d has a PD already, no options can be given",
				fd);
	session->is_unsigned = bits & KAPI_SESSION_UNSIGNED;
	return 0;
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
	err = copy_opts(&o, opts, reterr);
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
	err = join_or_get_pd(session, &o, opts, fd, reterr);
	if (err) {
		qda_session_unref(session);
		return err;
	}
	*ret_session = session;
	return 0;
}
