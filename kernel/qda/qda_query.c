// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of the device.
 */
#include <linux/nospec.h>
#include <linux/string.h>

#include "qda_drv.h"

/* What firmware without the attribute query answers */
#define QDA_STATUS_UNSUPPORTED	QDA_DSP_ERR(0x14)

/**
 * qda_device_identify() - what follows from which DSP this is
 * @qdev: with its name
 *
 * The one place that derives anything from the label. Firmware has no way to be asked
 * for static PDs, and unsigned PDs must be known before there is anything to ask.
 */
void qda_device_identify(struct qda_device *qdev)
{
	bool cdsp = str_has_prefix(qdev->name, "cdsp");

	qdev->bank_bits = cdsp ? qdev->soc->cdsp_dma_bits : qdev->soc->dma_bits;
	if (cdsp || str_has_prefix(qdev->name, "gdsp"))
		qdev->features = DRM_QDA_FEATURE_UNSIGNED_PD;
	else if (!strcmp(qdev->name, "adsp"))
		qdev->features = DRM_QDA_FEATURE_STATIC_PD |
				 DRM_QDA_FEATURE_SENSORS_PD;
	else if (!strcmp(qdev->name, "sdsp"))
		qdev->features = DRM_QDA_FEATURE_SENSORS_PD;
}

/* What the answer does, waited for or not */
static bool qda_attrs_ended(struct qda_call *call, int error, s32 status,
			    bool orphan)
{
	struct qda_session *session = call->session;
	struct qda_device *qdev = session->qdev;
	unsigned int i;

	/*
	 * For everybody only if no PD was there, which has the session's message memory
	 * in its reach.
	 */
	if (!error && !status && session->state == QDA_SESSION_NONE) {
		mutex_lock(&qdev->attr_lock);
		/* another query of this file may be answered just now */
		spin_lock_irq(&qdev->lock);
		for (i = 0; i < QDA_UTIL_NUM_ATTRS; i++)
			qdev->attrs[i] = le32_to_cpu(session->attrs[i]);
		spin_unlock_irq(&qdev->lock);
		qdev->attrs_known = true;
		mutex_unlock(&qdev->attr_lock);
	}
	/* the borrower may have been interrupted long ago */
	qda_session_bank_return(session);
	return false;
}

static bool qda_attrs_get(struct qda_device *qdev, u32 index, u32 *ret_value)
{
	bool known;

	mutex_lock(&qdev->attr_lock);
	known = qdev->attrs_known;
	if (known)
		*ret_value = qdev->attrs[array_index_nospec(index - 1,
							    QDA_UTIL_NUM_ATTRS)];
	mutex_unlock(&qdev->attr_lock);
	return known;
}

/* What the DSP has told this session */
static u32 qda_attrs_own(struct qda_session *session, u32 index)
{
	u32 value;

	spin_lock_irq(&session->qdev->lock);
	value = le32_to_cpu(session->attrs[array_index_nospec(index - 1,
							      QDA_UTIL_NUM_ATTRS)]);
	spin_unlock_irq(&session->qdev->lock);
	return value;
}

static int qda_query_dsp(struct qda_session *session, s32 *ret_status)
{
	struct qda_call *call;
	int err;

	mutex_lock(&session->lock);
	err = qda_session_bank_borrow(session);
	mutex_unlock(&session->lock);
	if (err)
		return err;
	err = qda_ctl_take(session, false, &call);

	mutex_lock(&session->lock);
	if (err) {
		qda_session_bank_return(session);
	} else if (session->bank) {
		qda_pack_get_attrs(call, session->attrs);
		call->ended = qda_attrs_ended;
		/* works after the release */
		call->survives = true;
	}
	mutex_unlock(&session->lock);
	return err ? err : qda_ctl_run(call, ret_status);
}

static int qda_query_attr(struct qda_session *session, struct drm_qda_query *q)
{
	struct qda_device *qdev = session->qdev;
	s32 status = 0;
	u32 value = 0;
	int err;

	/* attribute 0 says that there is a DSP, and is not the DSP's to say */
	if (!q->index) {
		q->value = 1;
		q->status = 0;
		return 0;
	}
	if (!qda_attrs_get(qdev, q->index, &value)) {
		err = qda_query_dsp(session, &status);
		if (err)
			return err;
		if (status == QDA_STATUS_UNSUPPORTED)
			return -EOPNOTSUPP;
		if (!status)
			value = qda_attrs_own(session, q->index);
	}
	q->value = value;
	q->status = status;
	return 0;
}

static u64 qda_query_limit(const struct qda_device *qdev, u32 index)
{
	switch (index) {
	case DRM_QDA_LIMIT_IN_FLIGHT:
		return QDA_MAX_IN_FLIGHT;
	case DRM_QDA_LIMIT_BUFFER_SIZE:
		return QDA_MAX_BUFFER;
	case DRM_QDA_LIMIT_BANK_SIZE:
		return BIT_ULL(qdev->bank_bits);
	case DRM_QDA_LIMIT_SHELL_SIZE:
		return QDA_MAX_SHELL;
	case DRM_QDA_LIMIT_INIT_MEM:
		return QDA_MAX_INIT_MEM;
	default:
		return QDA_MAX_MAPPINGS;
	}
}

static u64 qda_query_session(struct qda_session *session)
{
	u64 bits = 0;

	mutex_lock(&session->lock);
	if (session->state == QDA_SESSION_RELEASED)
		bits = DRM_QDA_SESSION_RELEASED;
	else if (session->state != QDA_SESSION_NONE)
		bits = DRM_QDA_SESSION_HAS_PD |
		       (session->is_unsigned ? DRM_QDA_SESSION_UNSIGNED : 0);
	mutex_unlock(&session->lock);
	return bits;
}

static u64 qda_query_memory(struct qda_session *session, u32 index)
{
	u64 value;

	/* what ended calls have held is not held any more */
	qda_calls_reap(session);
	mutex_lock(&session->lock);
	switch (index) {
	case DRM_QDA_MEMORY_NATIVE:
		value = session->mapped - session->imported;
		break;
	case DRM_QDA_MEMORY_IMPORTED:
		value = session->imported;
		break;
	case DRM_QDA_MEMORY_LIMIT:
		value = session->mem_limit;
		break;
	default:
		value = session->num_maps;
		break;
	}
	mutex_unlock(&session->lock);
	return value;
}

/**
 * qda_query() - DRM_IOCTL_QDA_QUERY
 * @file: caller
 * @q: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_query(struct drm_file *file, struct drm_qda_query *q)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	u64 value = 0;
	int err;

	err = qda_check_query(q);
	if (err)
		return err;

	switch (q->type) {
	case DRM_QDA_QUERY_MAGIC:
		value = DRM_QDA_ABI_MAGIC;
		break;
	case DRM_QDA_QUERY_DSP_ATTR:
		err = qda_query_attr(session, q);
		if (!err)
			memset(q->name, 0, sizeof(q->name));
		return err;
	case DRM_QDA_QUERY_BANKS_TOTAL:
		value = qdev->num_banks;
		break;
	case DRM_QDA_QUERY_BANKS_FREE:
		value = qda_banks_free(qdev);
		break;
	case DRM_QDA_QUERY_LIMIT:
		value = qda_query_limit(qdev, q->index);
		break;
	case DRM_QDA_QUERY_FEATURES:
		value = qdev->features;
		if (qda_session_privileged(file))
			value |= DRM_QDA_FEATURE_PRIVILEGED;
		break;
	case DRM_QDA_QUERY_SESSION:
		value = qda_query_session(session);
		break;
	case DRM_QDA_QUERY_MEMORY:
		value = qda_query_memory(session, q->index);
		break;
	default:
		break;
	}
	q->status = 0;
	q->value = value;
	memset(q->name, 0, sizeof(q->name));
	if (q->type == DRM_QDA_QUERY_NAME)
		memcpy(q->name, qdev->name, sizeof(q->name));
	return 0;
}
