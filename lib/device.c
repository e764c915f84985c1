/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domains.h"
#include "internal.h"

static const char *const domains[] = { QDA_DOMAINS };
#define NUM_DOMAINS ((int)(sizeof(domains) / sizeof(domains[0])))

/* --- objects --------------------------------------------------------------- */

int qda_device_new(struct qda_ctx *ctx, const char *path, const struct kapi_info *info,
		   struct qda_device **ret_device)
{
	struct qda_device *device = calloc(1, sizeof(*device));
	int n;

	if (!device)
		return -ENOMEM;
	atomic_init(&device->refs, 1);
	device->ctx = qda_ctx_ref(ctx);
	device->info = *info;
	n = asprintf(&device->driver, "%s %d.%d (%s)", info->driver, info->major,
		     info->minor, info->description);
	if (n < 0)
		device->driver = NULL;
	device->path = path ? strdup(path) : NULL;
	if (n < 0 || (path && !device->path)) {
		qda_device_unref(device);
		return -ENOMEM;
	}
	*ret_device = device;
	return 0;
}

int qda_device_from_file(struct qda_ctx *ctx, const char *path,
			 const struct kapi_file *file, struct qda_device **ret_device)
{
	return qda_device_new(ctx, path, kapi_info(file), ret_device);
}

QDA_EXPORT struct qda_device *qda_device_ref(struct qda_device *device)
{
	if (device)
		atomic_fetch_add_explicit(&device->refs, 1, memory_order_relaxed);
	return device;
}

QDA_EXPORT struct qda_device *qda_device_unref(struct qda_device *device)
{
	if (!device)
		return NULL;
	if (atomic_fetch_sub_explicit(&device->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	qda_ctx_unref(device->ctx);
	free(device->driver);
	free(device->path);
	free(device);
	return NULL;
}

QDA_EXPORT const char *qda_device_get_name(const struct qda_device *device)
{
	return device ? device->info.dsp : NULL;
}

QDA_EXPORT const char *qda_device_get_path(const struct qda_device *device)
{
	if (!device)
		return NULL;
	return device->path ? device->path : "(descriptor)";
}

QDA_EXPORT const char *qda_device_get_driver(const struct qda_device *device)
{
	return device ? device->driver : NULL;
}

QDA_EXPORT int qda_device_is_soft(const struct qda_device *device)
{
	return device ? device->info.soft : -EINVAL;
}

int qda_device_domain_id(const struct qda_device *device)
{
	int i;

	for (i = 0; i < NUM_DOMAINS; i++)
		if (!strcmp(device->info.dsp, domains[i]))
			return i;
	return -EINVAL;
}

/* --- asking ---------------------------------------------------------------- */

static int reopen(struct qda_device *device, struct kapi_file **ret_file)
{
	int err = qda_ctx_check(device->ctx);

	if (err)
		return err;
	if (!device->path)
		return -EOPNOTSUPP;
	err = kapi_open(device->ctx, device->path, ret_file);
	if (err)
		return err;
	/* the node's number may have been given to another DSP */
	if (strcmp(kapi_info(*ret_file)->dsp, device->info.dsp)) {
		kapi_close(*ret_file);
		return -ENODEV;
	}
	return 0;
}

QDA_EXPORT int qda_device_query(struct qda_device *device, uint32_t param,
				uint64_t *ret_value)
{
	static const enum kapi_param params[] = {
		[QDA_DEVICE_BANKS_TOTAL] = KAPI_BANKS_TOTAL,
		[QDA_DEVICE_BANKS_FREE] = KAPI_BANKS_FREE,
		[QDA_DEVICE_MAX_IN_FLIGHT] = KAPI_MAX_IN_FLIGHT,
		[QDA_DEVICE_MAX_BUFFER] = KAPI_MAX_BUFFER,
		[QDA_DEVICE_BANK_SIZE] = KAPI_BANK_SIZE,
		[QDA_DEVICE_MAX_SHELL] = KAPI_MAX_SHELL,
		[QDA_DEVICE_MAX_INIT_MEM] = KAPI_MAX_INIT_MEM,
		[QDA_DEVICE_MAX_MAPPINGS] = KAPI_MAX_MAPPINGS,
		[QDA_DEVICE_FEATURES] = KAPI_FEATURES,
	};
	struct kapi_file *file;
	int err;

	if (!device || !ret_value || param >= sizeof(params) / sizeof(params[0]))
		return -EINVAL;
	err = reopen(device, &file);
	if (err)
		return err;
	err = kapi_query(file, params[param], 0, ret_value, NULL);
	kapi_close(file);
	return err;
}

QDA_EXPORT int qda_device_get_attr(struct qda_device *device, uint32_t attr,
				   uint32_t *ret_value, int32_t *ret_status)
{
	struct kapi_file *file;
	uint64_t value;
	int32_t status;
	int err;

	if (!device || !ret_value)
		return -EINVAL;
	if (attr > 255)
		return -ERANGE;
	err = reopen(device, &file);
	if (err)
		return err;
	err = kapi_query(file, KAPI_DSP_ATTR, attr, &value, &status);
	kapi_close(file);
	if (err)
		return err;
	if (status) {
		if (ret_status)
			*ret_status = status;
		return -EREMOTEIO;
	}
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}
