// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session is an open file: its protection domain (PD), how it begins and ends.
 *
 * The end of a session has two parts. Ending it (release, close, an interrupted
 * begin) wakes everybody and starts nothing any more, at once. Burying it gives the
 * memory and the bank back, when the DSP has answered the release or is gone; that is
 * qda_bank.c's.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include <drm/drm_print.h>

#include "qda_drv.h"

/* How long a release waits, so that who comes next finds the bank free */
#define QDA_RELEASE_WAIT	msecs_to_jiffies(100)
/* When to try again to send a release the transport had no room for */
#define QDA_RELEASE_RETRY	msecs_to_jiffies(100)

/* --- life ---------------------------------------------------------------- */

static void qda_session_free(struct kref *ref)
{
	struct qda_session *session =
		container_of(ref, struct qda_session, ref);

	xa_destroy(&session->maps);
	xa_destroy(&session->maps_by_dsp_id);
	qda_slots_fini(session);
	mutex_destroy(&session->reap_lock);
	mutex_destroy(&session->lock);
	kvfree(session);
}

void qda_session_get(struct qda_session *session)
{
	kref_get(&session->ref);
}

void qda_session_put(struct qda_session *session)
{
	kref_put(&session->ref, qda_session_free);
}

static void qda_session_release_work(struct work_struct *work);

/**
 * qda_session_open() - &drm_driver.open
 * @drm: the DSP
 * @file: being opened
 *
 * Return: 0 or -ENOMEM.
 */
int qda_session_open(struct drm_device *drm, struct drm_file *file)
{
	struct qda_session *session;

	session = kvzalloc_obj(*session, GFP_KERNEL_ACCOUNT);
	if (!session)
		return -ENOMEM;
	kref_init(&session->ref);
	session->qdev = to_qda_device(drm);
	mutex_init(&session->lock);
	mutex_init(&session->reap_lock);
	hash_init(session->bo_maps);
	xa_init_flags(&session->maps, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&session->maps_by_dsp_id, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&session->map_list);
	INIT_LIST_HEAD(&session->node);
	INIT_LIST_HEAD(&session->status_node);
	INIT_LIST_HEAD(&session->posts);
	INIT_LIST_HEAD(&session->reap);
	init_waitqueue_head(&session->place_wq);
	INIT_WORK(&session->reap_work, qda_calls_reap_work);
	INIT_WORK(&session->post_work, qda_calls_post_work);
	INIT_DELAYED_WORK(&session->release_work, qda_session_release_work);
	session->limit = QDA_MAX_IN_FLIGHT;
	qda_slots_init(session);
	file->driver_priv = session;
	return 0;
}

/**
 * qda_session_privileged() - whether the opener of a file is trusted
 * @file: which
 *
 * The opener's credentials count, not the caller's, so that a broker can open a
 * session and pass it on.
 *
 * Return: true if it is.
 */
bool qda_session_privileged(struct drm_file *file)
{
	return file_ns_capable(file->filp, &init_user_ns, CAP_SYS_ADMIN);
}

/**
 * qda_session_check() - whether calls that need a PD may go on
 * @session: whose lock, or whose device's lock, is held
 *
 * Return: 0, -ENODEV, -ECANCELED or -ENOTCONN.
 */
int qda_session_check(struct qda_session *session)
{
	if (READ_ONCE(session->qdev->leaving))
		return -ENODEV;
	switch (READ_ONCE(session->state)) {
	case QDA_SESSION_RUNNING:
		return 0;
	case QDA_SESSION_RELEASED:
		return -ECANCELED;
	default:
		return -ENOTCONN;
	}
}

/**
 * qda_session_check_open() - whether the session may still be changed, PD or not
 * @session: whose lock, or whose device's lock, is held
 *
 * Return: 0, -ENODEV or -ECANCELED.
 */
int qda_session_check_open(struct qda_session *session)
{
	int err = qda_session_check(session);

	return err == -ENOTCONN ? 0 : err;
}

static void qda_session_set_state(struct qda_session *session,
				  enum qda_session_state state)
{
	lockdep_assert_held(&session->lock);
	spin_lock_irq(&session->qdev->lock);
	WRITE_ONCE(session->state, state);
	qda_place_wake(session);
	spin_unlock_irq(&session->qdev->lock);
}

/* --- ending -------------------------------------------------------------- */

/* Wakes everybody; the caller queues the release */
static void qda_session_end(struct qda_session *session)
{
	struct qda_device *qdev = session->qdev;
	int error = READ_ONCE(qdev->leaving) ? -EPIPE : -ECANCELED;

	lockdep_assert_held(&session->lock);
	spin_lock_irq(&qdev->lock);
	WRITE_ONCE(session->state, QDA_SESSION_RELEASED);
	qda_calls_end_locked(session, error, false);
	qda_place_wake(session);
	spin_unlock_irq(&qdev->lock);
}

static bool qda_release_ended(struct qda_call *call, int error, s32 status,
			      bool orphan)
{
	struct qda_session *session = call->session;

	if (error == -ENOMEM) {
		session->release_sent = false;
		return false;
	}
	/*
	 * A DSP that refuses still runs the PD, with the bank's stream id: whoever got
	 * the bank next would share its memory with it. So the bank, and what is mapped
	 * in it, is out of use until the DSP has been restarted, or the driver unbound.
	 */
	if (!error && !status) {
		qda_session_bury(session);
	} else if (!error) {
		drm_dbg(&session->qdev->drm, "release refused: %#x\n", status);
		WRITE_ONCE(session->release_refused, true);
	}
	return false;
}

static void qda_session_queue_release(struct qda_session *session,
				      unsigned long delay)
{
	struct qda_device *qdev = session->qdev;

	spin_lock_irq(&qdev->lock);
	/* unplug buries, and the queue is not used afterwards */
	if (!qdev->lost) {
		qda_session_get(session);
		if (!queue_delayed_work(qdev->wq, &session->release_work,
					delay))
			qda_session_put(session);
	}
	spin_unlock_irq(&qdev->lock);
}

/* Send RELEASE, once; nobody waits for the answer */
static void qda_session_release_work(struct work_struct *work)
{
	struct qda_session *session =
		container_of(to_delayed_work(work), struct qda_session,
			     release_work);
	struct qda_device *qdev = session->qdev;
	struct qda_call *call = NULL;
	int err = 0;

	/*
	 * A call that was started before the end may not have reached the DSP. Behind
	 * the release it would name memory that is somebody else's by then.
	 */
	wait_event(session->place_wq, !atomic_read(&session->sending));

	mutex_lock(&session->lock);
	if (!session->release_sent && session->bank) {
		spin_lock_irq(&qdev->lock);
		if (!qdev->lost)
			call = qda_call_try_take(session, QDA_SLOT_RELEASE, 1);
		spin_unlock_irq(&qdev->lock);
		/* still in use: try again; lost: buried by unplug */
		err = call || READ_ONCE(qdev->lost) ? 0 : -ENOMEM;
		session->release_sent = !!call;
	}
	if (call) {
		qda_pack_release(call);
		call->ended = qda_release_ended;
		call->survives = true;
	}
	mutex_unlock(&session->lock);
	if (call)
		err = qda_ctl_post(call);
	if (err == -ENOMEM)
		qda_session_queue_release(session, QDA_RELEASE_RETRY);
	qda_session_put(session);
}

/**
 * qda_session_let_go() - end a session whose file stays open
 * @session: the driver leaves its DSP, which runs on; the caller holds a reference
 *
 * Nothing waits for the DSP. What is beginning finds itself ended when it is answered.
 */
void qda_session_let_go(struct qda_session *session)
{
	enum qda_session_state state;

	mutex_lock(&session->lock);
	state = session->state;
	if (state != QDA_SESSION_RELEASED)
		qda_session_end(session);
	if (state == QDA_SESSION_NONE)
		qda_session_bury(session);
	mutex_unlock(&session->lock);
	if (state == QDA_SESSION_RUNNING)
		qda_session_queue_release(session, 0);
}

/**
 * qda_session_close() - &drm_driver.postclose
 * @drm: the DSP
 * @file: being closed; its handles are gone
 *
 * Never waits for the DSP: what it may still touch is the worker's now.
 */
void qda_session_close(struct drm_device *drm, struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	bool release = false;

	mutex_lock(&session->lock);
	switch (session->state) {
	case QDA_SESSION_RUNNING:
		qda_session_end(session);
		release = true;
		break;
	case QDA_SESSION_NONE:
	case QDA_SESSION_STARTING:
		qda_session_end(session);
		qda_session_bury(session);
		break;
	case QDA_SESSION_RELEASED:
		break;
	}
	mutex_unlock(&session->lock);
	if (release)
		qda_session_queue_release(session, 0);
	qda_status_disable(session);
	file->driver_priv = NULL;
	qda_session_put(session);
}

/**
 * qda_session_release() - DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE
 * @session: caller's
 *
 * Return: 0, or the error of qda_session_check().
 */
int qda_session_release(struct qda_session *session)
{
	int err;

	mutex_lock(&session->lock);
	err = qda_session_check(session);
	if (!err)
		qda_session_end(session);
	mutex_unlock(&session->lock);
	if (err)
		return err;
	qda_session_queue_release(session, 0);
	wait_event_timeout(session->place_wq, !READ_ONCE(session->bank),
			   QDA_RELEASE_WAIT);
	return 0;
}

/* --- beginning ----------------------------------------------------------- */

static void qda_session_not_begun(struct qda_session *session)
{
	qda_init_mem_free(session);
	if (session->state == QDA_SESSION_STARTING)
		qda_session_set_state(session, QDA_SESSION_NONE);
	else if (session->state == QDA_SESSION_RELEASED)
		/* ended meanwhile by who was interrupted: nothing is on the DSP */
		qda_session_bury(session);
}

/* What CREATE and ATTACH do when they are answered, waited for or not */
static bool qda_begin_ended(struct qda_call *call, int error, s32 status,
			    bool orphan)
{
	struct qda_session *session = call->session;

	if (error) {
		qda_session_not_begun(session);
	} else if (session->state == QDA_SESSION_RELEASED) {
		/* interrupted: undone */
		if (status)
			qda_session_bury(session);
		else
			qda_session_queue_release(session, 0);
	} else if (status) {
		qda_session_not_begun(session);
	} else {
		qda_session_set_state(session, QDA_SESSION_RUNNING);
	}
	return false;
}

static bool qda_static_ended(struct qda_call *call, int error, s32 status,
			     bool orphan)
{
	if (error || status)
		qda_heap_refused(call->ended_data);
	return qda_begin_ended(call, error, status, orphan);
}

static int qda_session_may_begin(struct qda_session *session)
{
	if (READ_ONCE(session->qdev->leaving))
		return -ENODEV;
	if (session->state == QDA_SESSION_RELEASED)
		return -ECANCELED;
	return session->state == QDA_SESSION_NONE ? 0 : -EALREADY;
}

/*
 * The state is STARTING, so nobody else begins. Takes a slot without the lock,
 * because that may wait.
 */
static int qda_session_take_begin(struct qda_session *session,
				  struct qda_call **ret_call)
{
	int err;

	err = qda_ctl_take(session, false, ret_call);
	if (err) {
		mutex_lock(&session->lock);
		/* cut off is cut off, also before it was sent */
		if (err == -EINTR || err == -ETIMEDOUT)
			qda_session_end(session);
		qda_session_not_begun(session);
		mutex_unlock(&session->lock);
	}
	return err;
}

/* The message is packed; takes over @call */
static int qda_session_begin(struct qda_session *session, struct qda_call *call,
			     s32 *ret_status)
{
	int err = qda_ctl_run(call, ret_status);

	if (err == -EINTR || err == -ETIMEDOUT) {
		/* the answer will find the session ended, and undo itself */
		mutex_lock(&session->lock);
		if (session->state == QDA_SESSION_RUNNING) {
			/* it came just now */
			qda_session_end(session);
			qda_session_queue_release(session, 0);
		} else if (session->state == QDA_SESSION_NONE) {
			/* and said no: there is nothing on the DSP */
			qda_session_end(session);
			qda_session_bury(session);
		} else {
			qda_session_end(session);
		}
		mutex_unlock(&session->lock);
	}
	return err;
}

/**
 * qda_session_attach() - DRM_IOCTL_QDA_SESSION_ATTACH
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_session_attach(struct drm_file *file, struct drm_qda_session_attach *a)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_call *call;
	s32 status = 0;
	int err;

	err = qda_check_attach(a, qda_session_privileged(file),
			       session->qdev->features);
	if (err)
		return err;

	mutex_lock(&session->lock);
	err = qda_session_may_begin(session);
	if (!err && qda_heap_wanted(a->name))
		err = qda_heap_prepare(&session->qdev->heap);
	if (!err)
		err = qda_session_bank_get(session);
	if (!err)
		qda_session_set_state(session, QDA_SESSION_STARTING);
	mutex_unlock(&session->lock);
	if (err)
		return err;
	err = qda_session_take_begin(session, &call);
	if (err)
		return err;

	mutex_lock(&session->lock);
	session->pd_type = a->pd == DRM_QDA_PD_STATIC ? QDA_PD_TYPE_USER :
			   a->pd == DRM_QDA_PD_SENSORS ? QDA_PD_TYPE_SENSORS :
							 QDA_PD_TYPE_ROOT;
	if (session->bank) {
		call->ended = qda_begin_ended;
		call->survives = true;
		if (a->pd != DRM_QDA_PD_STATIC) {
			qda_pack_attach(call);
		} else if (qda_pack_attach_static(call, a->name)) {
			call->ended = qda_static_ended;
			call->ended_data = &session->qdev->heap;
		}
	}
	mutex_unlock(&session->lock);
	err = qda_session_begin(session, call, &status);
	if (err)
		return err;
	a->status = status;
	return 0;
}

/* The shell's buffer, checked; NULL if there is none */
static int qda_session_find_shell(struct drm_file *file,
				  const struct drm_qda_remote_session_create *a,
				  struct qda_gem **ret_gem)
{
	struct qda_gem *gem;
	int err;

	*ret_gem = NULL;
	if (!a->handle)
		return 0;
	gem = qda_gem_lookup(file, a->handle);
	if (!gem)
		return -ENOENT;
	err = qda_check_shell(a, gem->base.size);
	if (err) {
		drm_gem_object_put(&gem->base);
		return err;
	}
	*ret_gem = gem;
	return 0;
}

/* Up to STARTING, with bank and init memory */
static int qda_session_prepare(struct drm_file *file,
			       const struct drm_qda_remote_session_create *a,
			       struct qda_gem **ret_shell)
{
	struct qda_session *session = qda_file_session(file);
	int err;

	lockdep_assert_held(&session->lock);
	err = qda_session_may_begin(session);
	if (err)
		return err;
	err = qda_session_find_shell(file, a, ret_shell);
	if (err)
		return err;
	err = qda_mem_check_limit(session, PAGE_ALIGN(qda_init_mem_size(a)));
	if (!err)
		err = qda_session_bank_get(session);
	if (!err)
		err = qda_init_mem_alloc(session, qda_init_mem_size(a));
	if (err) {
		if (*ret_shell)
			drm_gem_object_put(&(*ret_shell)->base);
		return err;
	}
	qda_session_set_state(session, QDA_SESSION_STARTING);
	return 0;
}

/* Pin the shell and write the message */
static int qda_session_pack(struct drm_file *file, struct qda_call *call,
			    const struct drm_qda_remote_session_create *a,
			    struct qda_gem *shell)
{
	struct qda_session *session = call->session;
	struct qda_bo_map *map = NULL;

	lockdep_assert_held(&session->lock);
	if (!session->bank)
		return -ENODEV;
	if (shell) {
		map = qda_bo_map_find(session, shell);
		/* its last handle was closed meanwhile */
		if (!map)
			return -ENOENT;
		map->refs++;
		call->maps[call->num_maps++] = map;
	}
	session->pd_type = QDA_PD_TYPE_USER;
	session->is_unsigned = a->attrs & DRM_QDA_PD_UNSIGNED;
	qda_pack_create(call, a, qda_session_privileged(file), map);
	call->ended = qda_begin_ended;
	call->survives = true;
	return 0;
}

/**
 * qda_session_create() - DRM_IOCTL_QDA_REMOTE_SESSION_CREATE
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_session_create(struct drm_file *file,
		       struct drm_qda_remote_session_create *a)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_gem *shell = NULL;
	struct qda_call *call;
	s32 status = 0;
	int err;

	err = qda_check_create(a, qda_session_privileged(file),
			       session->qdev->features);
	if (err)
		return err;

	mutex_lock(&session->lock);
	err = qda_session_prepare(file, a, &shell);
	mutex_unlock(&session->lock);
	if (err)
		return err;
	err = qda_session_take_begin(session, &call);
	if (err)
		goto put_shell;

	mutex_lock(&session->lock);
	err = qda_session_pack(file, call, a, shell);
	if (err)
		qda_session_not_begun(session);
	mutex_unlock(&session->lock);
	if (err) {
		qda_call_drop(call);
		goto put_shell;
	}
	err = qda_session_begin(session, call, &status);
	if (!err)
		a->status = status;
put_shell:
	if (shell)
		drm_gem_object_put(&shell->base);
	return err;
}
