// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a session's PD, told as events on its file: the DSP says so in
 * packets of its own, and the driver when the DSP is gone.
 *
 * Nothing makes the DSP say it only once, so the number of its events that lie unread
 * is bounded. The one for the loss is reserved when events are asked for, and always
 * has a place.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "qda_drv.h"

static struct qda_status_event *qda_status_new(u32 status, gfp_t gfp)
{
	struct qda_status_event *event = kzalloc_obj(*event, gfp);

	if (!event)
		return NULL;
	event->ev.base.type = DRM_QDA_EVENT_STATUS;
	event->ev.base.length = sizeof(event->ev);
	event->ev.status = status;
	return event;
}

/* --- asking for them ----------------------------------------------------- */

static int qda_status_enable(struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	struct qda_status_event *farewell;
	int err;

	farewell = qda_status_new(DRM_QDA_PD_STATUS_DSP_RESTART,
				  GFP_KERNEL_ACCOUNT);
	if (!farewell)
		return -ENOMEM;
	err = drm_event_reserve_init(&qdev->drm, file, &farewell->base,
				     &farewell->ev.base);
	if (err) {
		kfree(farewell);
		return err;
	}

	spin_lock_irq(&qdev->lock);
	if (qdev->lost) {
		err = -ENODEV;
	} else if (session->state == QDA_SESSION_RELEASED) {
		err = -ECANCELED;
	} else if (!session->farewell) {
		session->farewell = farewell;
		list_add_tail(&session->status_node, &qdev->status_sessions);
		farewell = NULL;
	}
	spin_unlock_irq(&qdev->lock);
	if (farewell)
		drm_event_cancel_free(&qdev->drm, &farewell->base);
	return err;
}

/**
 * qda_status_disable() - no more events
 * @session: whose
 */
void qda_status_disable(struct qda_session *session)
{
	struct qda_device *qdev = session->qdev;
	struct qda_status_event *farewell;

	spin_lock_irq(&qdev->lock);
	farewell = session->farewell;
	session->farewell = NULL;
	list_del_init(&session->status_node);
	spin_unlock_irq(&qdev->lock);
	if (farewell)
		drm_event_cancel_free(&qdev->drm, &farewell->base);
}

/**
 * qda_status_set() - DRM_QDA_OPTION_STATUS_EVENTS
 * @file: caller
 * @enable: the option
 *
 * Return: 0, -ENODEV, -ECANCELED, -ENOMEM when the file has no room for an event.
 */
int qda_status_set(struct drm_file *file, bool enable)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	bool enabled;
	int err;

	spin_lock_irq(&qdev->lock);
	err = qda_session_check_open(session);
	enabled = session->farewell;
	spin_unlock_irq(&qdev->lock);
	if (err || enabled == enable)
		return err;
	if (enable)
		return qda_status_enable(file);
	qda_status_disable(session);
	return 0;
}

/* --- telling ------------------------------------------------------------- */

static unsigned int qda_status_unread(const struct drm_file *file)
{
	const struct drm_pending_event *e;
	unsigned int n = 0;

	list_for_each_entry(e, &file->event_list, link)
		n += e->event->type == DRM_QDA_EVENT_STATUS;
	return n;
}

static bool qda_status_send(struct qda_session *session, u32 status)
{
	struct drm_device *drm = &session->qdev->drm;
	struct qda_status_event *event = NULL;
	struct drm_file *file;

	lockdep_assert_held(&session->qdev->lock);
	spin_lock(&drm->event_lock);
	/* taken from it when the file is closed, before its events are freed */
	file = session->farewell->base.file_priv;
	if (file && qda_status_unread(file) < DRM_QDA_MAX_STATUS_EVENTS)
		event = qda_status_new(status, GFP_ATOMIC | __GFP_NOWARN);
	if (event && drm_event_reserve_init_locked(drm, file, &event->base,
						   &event->ev.base)) {
		kfree(event);
		event = NULL;
	}
	if (event)
		drm_send_event_locked(drm, &event->base);
	spin_unlock(&drm->event_lock);
	return event;
}

/* Who is meant, if it wants to know; NULL: nobody */
static struct qda_session *qda_status_session(struct qda_device *qdev,
					      u32 client_id)
{
	struct qda_session *session;

	/* as qda_client_id() numbers them */
	if (!client_id || client_id > qdev->num_banks)
		return NULL;
	session = qdev->banks[array_index_nospec(client_id - 1,
						 QDA_MAX_BANKS)].owner;
	if (!session || !session->farewell)
		return NULL;
	switch (session->state) {
	case QDA_SESSION_STARTING:
	case QDA_SESSION_RUNNING:
		return session;
	default:
		/* of who had the bank before, or nobody's business any more */
		return NULL;
	}
}

/**
 * qda_status_rx() - the DSP says what has become of a PD
 * @qdev: which; its lock is held
 * @reply: what it said; may be anything
 *
 * Return: whether somebody is told.
 */
bool qda_status_rx(struct qda_device *qdev, const struct qda_reply *reply)
{
	struct qda_session *session = NULL;

	lockdep_assert_held(&qdev->lock);
	if (!qdev->lost)
		session = qda_status_session(qdev, reply->client_id);
	return session && qda_status_send(session, reply->status);
}

/**
 * qda_status_lost_locked() - the DSP is gone: the last event of each session
 * @qdev: which; its lock is held, and it is marked as lost
 */
void qda_status_lost_locked(struct qda_device *qdev)
{
	struct qda_session *session, *tmp;

	lockdep_assert_held(&qdev->lock);
	list_for_each_entry_safe(session, tmp, &qdev->status_sessions,
				 status_node) {
		list_del_init(&session->status_node);
		drm_send_event(&qdev->drm, &session->farewell->base);
		session->farewell = NULL;
	}
}
