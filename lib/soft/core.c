// SPDX-License-Identifier: MIT
/* The calls of the DRM core that make sense on an accel node. */
#include <errno.h>
#include <string.h>

#include "soft.h"

/* The core's rule: copy what fits, return the whole length, no NUL */
static int copy_string(uint64_t to, __kernel_size_t *len, const char *s)
{
	size_t n = strlen(s), fits = n < *len ? n : *len;

	*len = n;
	return to && fits ? copy_out(to, s, fits) : 0;
}

int core_version(struct file *file, void *data)
{
	struct drm_version *v = data;
	int err;

	(void)file;
	v->version_major = DRM_QDA_MAJOR;
	v->version_minor = DRM_QDA_MINOR;
	v->version_patchlevel = 0;
	err = copy_string((uintptr_t)v->name, &v->name_len, DRM_QDA_NAME);
	if (!err)
		err = copy_string((uintptr_t)v->date, &v->date_len, "0");
	if (!err)
		err = copy_string((uintptr_t)v->desc, &v->desc_len,
				  DRM_QDA_TAG " soft device");
	return err;
}

int core_get_cap(struct file *file, void *data)
{
	struct drm_get_cap *cap = data;

	(void)file;
	switch (cap->capability) {
	case DRM_CAP_PRIME:
		cap->value = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
		return 0;
	case DRM_CAP_TIMESTAMP_MONOTONIC:
		cap->value = 1;
		return 0;
	case DRM_CAP_SYNCOBJ:
	case DRM_CAP_SYNCOBJ_TIMELINE:
		cap->value = 0;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
