// SPDX-License-Identifier: MIT
/* Parameters of the device. */
#include <errno.h>
#include <string.h>

#include "soft.h"

/* what firmware without the query answers */
#define STATUS_UNSUPPORTED	QDA_DSP_ERR(0x14)

static bool attrs_ended(struct file *file, struct call *call, int error, int32_t status,
			bool orphan)
{
	uint32_t attrs[QDA_UTIL_NUM_ATTRS];
	unsigned int i;

	(void)orphan;
	if (!error && !status) {
		memcpy(attrs, ctl_out(file, call), sizeof(attrs));
		for (i = 0; i < QDA_UTIL_NUM_ATTRS; i++)
			attrs[i] = le32toh(attrs[i]);
		device_attrs_set(file->dev, attrs);
	}
	/* the borrower may have been interrupted long ago */
	bank_return(file);
	return false;
}

static int query_attrs(struct file *file, int32_t *ret_status)
{
	const __le32 count = htole32(QDA_UTIL_NUM_ATTRS);
	const struct ctl_block blocks[] = {
		{ .data = &count, .len = sizeof(count) },
		{ .len = QDA_UTIL_NUM_ATTRS * sizeof(__le32), .out = true },
	};
	struct call *call;
	int err;

	err = bank_borrow(file);
	if (err)
		return err;
	err = ctl_take(file, &call);
	if (err) {
		bank_return(file);
		return err;
	}
	call->ended = attrs_ended;
	/* works after the release */
	call->outlives_session = true;
	ctl_pack(file, call, QDA_HANDLE_UTILITIES, QDA_UTIL_GET_ATTRS, blocks, 2);
	return ctl_run(file, call, ret_status);
}

static int query_attr(struct file *file, struct drm_qda_query *q)
{
	int32_t status = 0;
	uint32_t value = 0;
	int err;

	/* attribute 0 says that there is a DSP, and is not the DSP's to say */
	if (!q->index) {
		q->value = 1;
		q->status = 0;
		return 0;
	}
	if (!device_attrs_get(file->dev, q->index, &value)) {
		err = query_attrs(file, &status);
		if (err)
			return err;
		if (status == STATUS_UNSUPPORTED)
			return -EOPNOTSUPP;
		if (!status)
			device_attrs_get(file->dev, q->index, &value);
	}
	q->value = value;
	q->status = status;
	return 0;
}

static int query_banks_free(struct file *file, uint64_t *ret_value)
{
	struct qda_link_req req = { .op = QDA_LINK_BANK_FREE };
	struct qda_link_rep rep;
	int err;

	err = link_call(file, &req, -1, &rep, false);
	if (!err)
		*ret_value = rep.a;
	return err;
}

static uint64_t query_limit(const struct file *file, uint32_t index)
{
	switch (index) {
	case DRM_QDA_LIMIT_IN_FLIGHT:
		return QDA_MAX_IN_FLIGHT;
	case DRM_QDA_LIMIT_BUFFER_SIZE:
		return QDA_MAX_BUFFER;
	case DRM_QDA_LIMIT_BANK_SIZE:
		return file->info.bank_size;
	case DRM_QDA_LIMIT_SHELL_SIZE:
		return QDA_MAX_SHELL;
	case DRM_QDA_LIMIT_INIT_MEM:
		return QDA_MAX_INIT_MEM;
	default:
		return QDA_MAX_MAPPINGS;
	}
}

static uint64_t query_session(const struct file *file)
{
	switch (file->session) {
	case SESSION_NONE:
		return 0;
	case SESSION_RELEASED:
		return DRM_QDA_SESSION_RELEASED;
	default:
		return DRM_QDA_SESSION_HAS_PD |
		       (file->is_unsigned ? DRM_QDA_SESSION_UNSIGNED : 0);
	}
}

static uint64_t query_memory(const struct file *file, uint32_t index)
{
	switch (index) {
	case DRM_QDA_MEMORY_NATIVE:
		return file->native;
	case DRM_QDA_MEMORY_IMPORTED:
		return file->imported;
	case DRM_QDA_MEMORY_LIMIT:
		return file->memory_limit;
	default:
		return file->num_maps;
	}
}

int query(struct file *file, void *data)
{
	struct drm_qda_query *q = data;
	uint64_t value = 0;
	int err;

	err = qda_check_query(q);
	if (err)
		return err;

	switch (q->type) {
	case DRM_QDA_QUERY_MAGIC:
		value = DRM_QDA_ABI_MAGIC;
		break;
	case DRM_QDA_QUERY_DSP_ATTR:
		err = query_attr(file, q);
		if (err)
			return err;
		memset(q->name, 0, sizeof(q->name));
		return 0;
	case DRM_QDA_QUERY_BANKS_TOTAL:
		value = file->info.banks;
		break;
	case DRM_QDA_QUERY_BANKS_FREE:
		err = query_banks_free(file, &value);
		break;
	case DRM_QDA_QUERY_LIMIT:
		value = query_limit(file, q->index);
		break;
	case DRM_QDA_QUERY_FEATURES:
		value = file->info.features;
		break;
	case DRM_QDA_QUERY_SESSION:
		value = query_session(file);
		break;
	case DRM_QDA_QUERY_MEMORY:
		value = query_memory(file, q->index);
		break;
	default:
		break;
	}
	if (err)
		return err;
	q->status = 0;
	q->value = value;
	memset(q->name, 0, sizeof(q->name));
	if (q->type == DRM_QDA_QUERY_NAME)
		memcpy(q->name, file->info.name, sizeof(q->name));
	return 0;
}
