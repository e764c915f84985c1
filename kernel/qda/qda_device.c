// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DSP appears and disappears: bring-up and unplug.
 *
 * The DRM device owns the memory and may outlive the channel to the DSP by as long as
 * files are open. Order of the end, which a DSP crash makes an everyday matter:
 *
 *  0. if the DSP runs on: end its PDs, which it could not be asked to later;
 *  1. mark: from here no message is sent and no bank taken;
 *  2. wake every waiter with -EPIPE;
 *  3. drm_dev_unplug(): no new ioctl; and wait for those inside the transport;
 *  4. bury every session: unmap its buffers, free its message memory;
 *  5. take the audio PD's memory back;
 *  6. delete the context banks, which nothing is mapped in any more.
 *
 * Afterwards open files own memory only; and where there is no IOMMU, the banks that it
 * was allocated for.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/property.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "qda_drv.h"

/* How long a DSP that runs on may take to end its PDs */
#define QDA_LET_GO_WAIT	HZ

/* --- bring-up ------------------------------------------------------------ */

static void qda_device_wq_destroy(struct drm_device *drm, void *data)
{
	destroy_workqueue(data);
}

static void qda_device_transports_fini(struct drm_device *drm, void *data)
{
	cleanup_srcu_struct(data);
}

static int qda_device_init(struct qda_device *qdev, struct device *parent)
{
	const char *label;
	int err;

	err = device_property_read_string(parent, "label", &label);
	if (err)
		return err;
	strscpy_pad(qdev->name, label, sizeof(qdev->name));
	qda_device_identify(qdev);

	spin_lock_init(&qdev->lock);
	INIT_LIST_HEAD(&qdev->sessions);
	INIT_LIST_HEAD(&qdev->status_sessions);
	err = drmm_mutex_init(&qdev->drm, &qdev->attr_lock);
	if (err)
		return err;
	err = drmm_mutex_init(&qdev->drm, &qdev->heap.lock);
	if (err)
		return err;
	err = init_srcu_struct(&qdev->transports);
	if (err)
		return err;
	err = drmm_add_action_or_reset(&qdev->drm, qda_device_transports_fini,
				       &qdev->transports);
	if (err)
		return err;
	qdev->wq = alloc_workqueue("qda-%s", WQ_UNBOUND, 0, qdev->name);
	if (!qdev->wq)
		return -ENOMEM;
	return drmm_add_action_or_reset(&qdev->drm, qda_device_wq_destroy,
					qdev->wq);
}

/**
 * qda_device_add() - a DSP has appeared
 * @parent: device of its channel; its drvdata is set to the result before anything
 *	can be sent
 * @soc: match data, which stays
 * @transport: how to send, which stays
 * @priv: for it
 *
 * Return: the device, or an errno.
 */
struct qda_device *qda_device_add(struct device *parent,
				  const struct qda_soc *soc,
				  const struct qda_transport *transport,
				  void *priv)
{
	struct qda_device *qdev;
	int err;

	qdev = devm_drm_dev_alloc(parent, &qda_drm_driver, struct qda_device,
				  drm);
	if (IS_ERR(qdev))
		return qdev;
	qdev->soc = soc;
	qdev->transport = transport;
	qdev->transport_priv = priv;
	err = qda_device_init(qdev, parent);
	if (err)
		return ERR_PTR(err);
	err = qda_heap_init(&qdev->heap, parent);
	if (err)
		return ERR_PTR(err);
	err = qda_banks_create(qdev, parent);
	if (err)
		return ERR_PTR(err);
	dev_set_drvdata(parent, qdev);
	qda_debugfs_init(qdev);
	err = drm_dev_register(&qdev->drm, 0);
	if (err)
		goto delete_banks;
	return qdev;

delete_banks:
	dev_set_drvdata(parent, NULL);
	qda_banks_delete(qdev);
	return ERR_PTR(err);
}

/* --- unplug -------------------------------------------------------------- */

static struct qda_session *qda_device_first_session(struct qda_device *qdev)
{
	struct qda_session *session;

	spin_lock_irq(&qdev->lock);
	session = list_first_entry_or_null(&qdev->sessions, struct qda_session,
					   node);
	if (session)
		qda_session_get(session);
	spin_unlock_irq(&qdev->lock);
	return session;
}

/* The first one that may be on the DSP and has not been told to end */
static struct qda_session *qda_device_first_alive(struct qda_device *qdev)
{
	struct qda_session *session, *alive = NULL;

	spin_lock_irq(&qdev->lock);
	list_for_each_entry(session, &qdev->sessions, node) {
		if (session->state == QDA_SESSION_RELEASED)
			continue;
		qda_session_get(session);
		alive = session;
		break;
	}
	spin_unlock_irq(&qdev->lock);
	return alive;
}

/**
 * qda_device_let_go() - the driver leaves a DSP that runs on
 * @qdev: which; qda_device_remove() comes next
 *
 * The PDs would go on, too, with stream ids that whoever drives the DSP next gives to
 * others. So they are released; a DSP that does not answer is waited for no longer than
 * a second.
 */
void qda_device_let_go(struct qda_device *qdev)
{
	unsigned long end = jiffies + QDA_LET_GO_WAIT;
	struct qda_session *session;
	long left;

	spin_lock_irq(&qdev->lock);
	WRITE_ONCE(qdev->leaving, true);
	spin_unlock_irq(&qdev->lock);
	while ((session = qda_device_first_alive(qdev))) {
		qda_session_let_go(session);
		qda_session_put(session);
	}
	while ((left = end - jiffies) > 0 &&
	       (session = qda_device_first_session(qdev))) {
		wait_event_timeout(session->place_wq, !READ_ONCE(session->bank),
				   left);
		qda_session_put(session);
	}
}

/**
 * qda_device_remove() - the DSP is gone, or is to be let go
 * @qdev: which; not to be used by the caller afterwards
 */
void qda_device_remove(struct qda_device *qdev)
{
	struct qda_session *session;

	spin_lock_irq(&qdev->lock);
	WRITE_ONCE(qdev->leaving, true);
	WRITE_ONCE(qdev->lost, true);
	list_for_each_entry(session, &qdev->sessions, node) {
		qda_calls_end_locked(session, -EPIPE, true);
		qda_place_wake(session);
	}
	qda_status_lost_locked(qdev);
	spin_unlock_irq(&qdev->lock);

	drm_dev_unplug(&qdev->drm);
	/* whoever comes after sees @lost */
	synchronize_srcu(&qdev->transports);

	while ((session = qda_device_first_session(qdev))) {
		if (cancel_delayed_work_sync(&session->release_work))
			qda_session_put(session);
		mutex_lock(&session->lock);
		qda_session_bury(session);
		mutex_unlock(&session->lock);
		qda_session_put(session);
	}
	/* the rest of what was queued finds nothing to do */
	flush_workqueue(qdev->wq);
	qda_heap_close(&qdev->heap);
	qda_banks_delete(qdev);
}
