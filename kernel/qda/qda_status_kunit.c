// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: what a DSP says of a PD reaches the session it means, and how much of it. The
 * DSP and the file are structs without a device.
 */
#include <kunit/test.h>

#include <linux/slab.h>

#include <drm/drm_file.h>

#include "qda_drv.h"

#define BANK	2
#define CLIENT	(BANK + 1)
#define SPACE	4096

struct qda_status_fixture {
	struct qda_device *qdev;
	struct qda_session *session;
	struct drm_file *file;
};

static int qda_status_test_init(struct kunit *test)
{
	struct qda_status_fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	f->qdev = kunit_kzalloc(test, sizeof(*f->qdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->qdev);
	f->session = kunit_kzalloc(test, sizeof(*f->session), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->session);
	f->file = kunit_kzalloc(test, sizeof(*f->file), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->file);

	spin_lock_init(&f->qdev->lock);
	spin_lock_init(&f->qdev->drm.event_lock);
	INIT_LIST_HEAD(&f->qdev->status_sessions);
	f->qdev->num_banks = BANK + 2;
	f->qdev->banks[BANK].owner = f->session;
	f->session->qdev = f->qdev;
	f->session->state = QDA_SESSION_RUNNING;
	INIT_LIST_HEAD(&f->session->status_node);
	INIT_LIST_HEAD(&f->file->pending_event_list);
	INIT_LIST_HEAD(&f->file->event_list);
	init_waitqueue_head(&f->file->event_wait);
	f->file->event_space = SPACE;
	f->file->driver_priv = f->session;
	test->priv = f;
	return qda_status_set(f->file, true);
}

/* As read(): the status of the first event; -1: there is none */
static int qda_status_read(struct qda_status_fixture *f)
{
	struct drm_pending_event *e;
	int status;

	e = list_first_entry_or_null(&f->file->event_list,
				     struct drm_pending_event, link);
	if (!e)
		return -1;
	status = container_of(e, struct qda_status_event, base)->ev.status;
	f->file->event_space += e->event->length;
	list_del(&e->link);
	kfree(e);
	return status;
}

static void qda_status_test_exit(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;

	qda_status_disable(f->session);
	while (qda_status_read(f) >= 0)
		;
}

static void qda_status_say(struct qda_status_fixture *f, u32 client_id,
			   u32 status)
{
	const struct qda_wire_notif notif = {
		.ctx = cpu_to_le64(QDA_WIRE_NOTIF_CTX),
		.type = cpu_to_le32(QDA_WIRE_NOTIF_STATUS),
		.client_id = cpu_to_le32(client_id),
		.status = cpu_to_le32(status),
	};

	qda_device_rx(f->qdev, &notif, sizeof(notif));
}

static void qda_test_status_told(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;
	u32 status;

	for (status = 0; status <= DRM_QDA_PD_STATUS_EXCEPTION; status++) {
		qda_status_say(f, CLIENT, status);
		KUNIT_EXPECT_EQ(test, qda_status_read(f), status);
		KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	}
	f->session->state = QDA_SESSION_STARTING;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_UP);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), DRM_QDA_PD_STATUS_UP);
}

static void qda_test_status_nobody(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;
	u32 id;

	for (id = 0; id < 2 * QDA_MAX_BANKS; id++)
		if (id != CLIENT)
			qda_status_say(f, id, DRM_QDA_PD_STATUS_EXIT);
	qda_status_say(f, U32_MAX, DRM_QDA_PD_STATUS_EXIT);
	/* not the DSP's to say, or unknown */
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_DSP_RESTART);
	qda_status_say(f, CLIENT, U32_MAX);
	/* who had the bank before, or has nothing to do with its PD any more */
	f->session->state = QDA_SESSION_NONE;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	f->session->state = QDA_SESSION_RELEASED;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	f->session->state = QDA_SESSION_RUNNING;
	f->qdev->banks[BANK].owner = NULL;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	f->qdev->banks[BANK].owner = f->session;
	f->qdev->lost = true;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	f->qdev->lost = false;
	/* who does not want to know */
	qda_status_disable(f->session);
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	KUNIT_EXPECT_EQ(test, f->file->event_space, SPACE);
}

static void qda_test_status_bound(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;
	const int before = f->file->event_space;
	unsigned int i;

	for (i = 0; i < 1000; i++)
		qda_status_say(f, CLIENT, i % 4);
	/* the newest are dropped */
	for (i = 0; i < DRM_QDA_MAX_STATUS_EVENTS; i++)
		KUNIT_EXPECT_EQ(test, qda_status_read(f), i % 4);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	KUNIT_EXPECT_EQ(test, f->file->event_space, before);
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_KILLED);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), DRM_QDA_PD_STATUS_KILLED);
}

static void qda_test_status_space(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;

	/* asked for twice, there is one place for the last */
	KUNIT_EXPECT_EQ(test, qda_status_set(f->file, true), 0);
	KUNIT_EXPECT_EQ(test, f->file->event_space,
			SPACE - sizeof(struct drm_qda_event_status));
	f->file->event_space = sizeof(struct drm_qda_event_status) - 1;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	/* which it has whatever else lies there */
	spin_lock_irq(&f->qdev->lock);
	f->qdev->lost = true;
	qda_status_lost_locked(f->qdev);
	spin_unlock_irq(&f->qdev->lock);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), DRM_QDA_PD_STATUS_DSP_RESTART);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	KUNIT_EXPECT_EQ(test, qda_status_set(f->file, true), -ENODEV);
}

/* The file is being closed, the session is not yet */
static void qda_test_status_closing(struct kunit *test)
{
	struct qda_status_fixture *f = test->priv;
	struct drm_pending_event *e;

	e = list_first_entry(&f->file->pending_event_list,
			     struct drm_pending_event, pending_link);
	list_del(&e->pending_link);
	e->file_priv = NULL;
	qda_status_say(f, CLIENT, DRM_QDA_PD_STATUS_EXIT);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
	spin_lock_irq(&f->qdev->lock);
	qda_status_lost_locked(f->qdev);
	spin_unlock_irq(&f->qdev->lock);
	KUNIT_EXPECT_EQ(test, qda_status_read(f), -1);
}

static struct kunit_case qda_status_cases[] = {
	KUNIT_CASE(qda_test_status_told),
	KUNIT_CASE(qda_test_status_nobody),
	KUNIT_CASE(qda_test_status_bound),
	KUNIT_CASE(qda_test_status_space),
	KUNIT_CASE(qda_test_status_closing),
	{ }
};

static struct kunit_suite qda_status_suite = {
	.name = "qda_status",
	.init = qda_status_test_init,
	.exit = qda_status_test_exit,
	.test_cases = qda_status_cases,
};

kunit_test_suite(qda_status_suite);
