// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What user space may ask for: one function per struct of the uapi.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/string.h>
#include <linux/types.h>

#include "qda_pack.h"

/* Attributes that only a privileged file may give a PD */
#define QDA_PD_ATTR_POWER \
	(DRM_QDA_PD_DEBUG | DRM_QDA_PD_PTRACE | DRM_QDA_PD_SYSTEM | \
	 DRM_QDA_PD_PRIVILEGED | DRM_QDA_PD_SYSTEM_UNSIGNED)
#define QDA_PD_ATTR_UNSIGNED \
	(DRM_QDA_PD_UNSIGNED | DRM_QDA_PD_SYSTEM_UNSIGNED)
#define QDA_PD_ATTR_ALL \
	(QDA_PD_ATTR_POWER | QDA_PD_ATTR_UNSIGNED | \
	 DRM_QDA_PD_ADAPTIVE_QOS | DRM_QDA_PD_DUMP)

#define QDA_DEFAULT_INIT_MEM	(2ULL << 20)
#define QDA_INIT_MEM_UNIT	(1ULL << 20)

static bool qda_range_ok(__u64 offset, __u64 length, __u64 size)
{
	return offset <= size && length <= size - offset;
}

int qda_check_query(const struct drm_qda_query *q)
{
	if (q->flags)
		return -EINVAL;

	switch (q->type) {
	case DRM_QDA_QUERY_DSP_ATTR:
		return q->index > QDA_UTIL_NUM_ATTRS ? -ERANGE : 0;
	case DRM_QDA_QUERY_LIMIT:
		return q->index > DRM_QDA_LIMIT_MAPPINGS ? -EINVAL : 0;
	case DRM_QDA_QUERY_MEMORY:
		return q->index > DRM_QDA_MEMORY_MAPPINGS ? -EINVAL : 0;
	case DRM_QDA_QUERY_MAGIC:
	case DRM_QDA_QUERY_NAME:
	case DRM_QDA_QUERY_BANKS_TOTAL:
	case DRM_QDA_QUERY_BANKS_FREE:
	case DRM_QDA_QUERY_FEATURES:
	case DRM_QDA_QUERY_SESSION:
		return q->index ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int qda_check_gem_create(const struct drm_qda_gem_create *a)
{
	if (a->flags || !a->size)
		return -EINVAL;
	if (a->size > QDA_MAX_BUFFER)
		return -E2BIG;
	return 0;
}

int qda_check_gem_mmap_offset(const struct drm_qda_gem_mmap_offset *a)
{
	return a->pad ? -EINVAL : 0;
}

/* A name is NUL terminated, and nothing hides behind the NUL */
static bool qda_name_ok(const __u8 name[DRM_QDA_NAME_LEN])
{
	unsigned int len;

	for (len = 0; len < DRM_QDA_NAME_LEN; len++)
		if (!name[len])
			break;
	return len && len < DRM_QDA_NAME_LEN &&
	       !memchr_inv(name + len, 0, DRM_QDA_NAME_LEN - len);
}

int qda_check_attach(const struct drm_qda_session_attach *a, bool privileged,
		     __u32 features)
{
	__u32 need = 0;

	if (a->flags || a->pad)
		return -EINVAL;

	switch (a->pd) {
	case DRM_QDA_PD_ROOT:
		break;
	case DRM_QDA_PD_STATIC:
		need = DRM_QDA_FEATURE_STATIC_PD;
		if (!qda_name_ok(a->name))
			return -EINVAL;
		break;
	case DRM_QDA_PD_SENSORS:
		need = DRM_QDA_FEATURE_SENSORS_PD;
		break;
	default:
		return -EINVAL;
	}
	if (a->pd != DRM_QDA_PD_STATIC &&
	    memchr_inv(a->name, 0, sizeof(a->name)))
		return -EINVAL;

	if (!privileged)
		return -EPERM;
	if (need & ~features)
		return -EOPNOTSUPP;
	return 0;
}

int qda_check_create(const struct drm_qda_remote_session_create *a,
		     bool privileged, __u32 features)
{
	if (a->flags || (a->attrs & ~(__u32)QDA_PD_ATTR_ALL))
		return -EINVAL;
	if (!a->handle != !a->length)
		return -EINVAL;
	if (a->offset & QDA_DSP_PAGE_MASK)
		return -EINVAL;
	if (!a->handle && a->offset)
		return -EINVAL;
	if (a->siglen > a->length)
		return -EINVAL;
	if (a->init_mem_size && (a->init_mem_size < QDA_MIN_INIT_MEM ||
				 a->init_mem_size > QDA_MAX_INIT_MEM))
		return -EINVAL;
	if (a->length > QDA_MAX_SHELL)
		return -E2BIG;

	if (!privileged) {
		if (a->attrs & QDA_PD_ATTR_POWER)
			return -EPERM;
		if (!(a->attrs & DRM_QDA_PD_UNSIGNED))
			return -EPERM;
	}
	if ((a->attrs & QDA_PD_ATTR_UNSIGNED) &&
	    !(features & DRM_QDA_FEATURE_UNSIGNED_PD))
		return -EOPNOTSUPP;
	return 0;
}

int qda_check_shell(const struct drm_qda_remote_session_create *a, __u64 size)
{
	return qda_range_ok(a->offset, a->length, size) ? 0 : -EINVAL;
}

__u64 qda_init_mem_size(const struct drm_qda_remote_session_create *a)
{
	__u64 size;

	if (a->init_mem_size)
		return round_up(a->init_mem_size, QDA_DSP_PAGE_SIZE);

	size = round_up(4 * (__u64)a->length, QDA_INIT_MEM_UNIT);
	return size > QDA_DEFAULT_INIT_MEM ? size : QDA_DEFAULT_INIT_MEM;
}

__u32 qda_create_attrs(const struct drm_qda_remote_session_create *a,
		       bool privileged)
{
	return privileged ? a->attrs | DRM_QDA_PD_PRIVILEGED : a->attrs;
}

int qda_check_map(const struct drm_qda_remote_map *a)
{
	switch (a->type) {
	case DRM_QDA_MAP_STATIC:
	case DRM_QDA_MAP_FD:
	case DRM_QDA_MAP_FD_DELAYED:
	case DRM_QDA_MAP_FD_NOMAP:
		if (a->flags != DRM_QDA_MAP_DSP_ID || a->dsp_id < 1)
			return -EINVAL;
		break;
	case DRM_QDA_MAP_ADD_PAGES:
		if (a->flags || a->dsp_id)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (!a->length)
		return -EINVAL;
	if ((a->offset | a->addr_hint) & QDA_DSP_PAGE_MASK)
		return -EINVAL;
	return 0;
}

int qda_check_map_range(const struct drm_qda_remote_map *a, __u64 size)
{
	return qda_range_ok(a->offset, a->length, size) ? 0 : -EINVAL;
}

int qda_check_munmap(const struct drm_qda_remote_munmap *a)
{
	return a->flags || a->pad ? -EINVAL : 0;
}

int qda_check_invoke(const struct drm_qda_remote_invoke *a)
{
	if (a->flags & ~(__u32)(DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT))
		return -EINVAL;
	if ((a->flags & DRM_QDA_INVOKE_EVENT) &&
	    !(a->flags & DRM_QDA_INVOKE_ASYNC))
		return -EINVAL;
	if (a->user_data && !(a->flags & DRM_QDA_INVOKE_EVENT))
		return -EINVAL;
	if (a->scalars >> 29)
		return -EINVAL;
	if (a->num_args != DRM_QDA_SCALARS_NUM_ARGS(a->scalars))
		return -EINVAL;
	if (a->stride < sizeof(struct drm_qda_arg) || (a->stride & 7))
		return -EINVAL;
	if (a->stride > QDA_MAX_STRIDE)
		return -E2BIG;
	if (a->handle == DRM_QDA_HANDLE_INIT)
		return -EPERM;
	if (DRM_QDA_SCALARS_OUT_HANDLES(a->scalars))
		return -EOPNOTSUPP;
	return 0;
}

int qda_check_wait(const struct drm_qda_remote_wait *a)
{
	return a->flags ? -EINVAL : 0;
}

int qda_check_option(const struct drm_qda_set_option *a)
{
	__u64 min = 1, max;

	if (a->flags)
		return -EINVAL;

	switch (a->option) {
	case DRM_QDA_OPTION_IN_FLIGHT:
		max = QDA_MAX_IN_FLIGHT;
		break;
	case DRM_QDA_OPTION_MEMORY_LIMIT:
		max = U64_MAX;
		break;
	case DRM_QDA_OPTION_STATUS_EVENTS:
		min = 0;
		max = 1;
		break;
	case DRM_QDA_OPTION_ANSWER_TIMEOUT:
		min = 0;
		max = DRM_QDA_MAX_ANSWER_TIMEOUT;
		break;
	default:
		return -EINVAL;
	}
	return a->value < min || a->value > max ? -ERANGE : 0;
}

int qda_check_memory_limit(__u64 limit, __u64 value)
{
	return limit && value > limit ? -EPERM : 0;
}

int qda_check_memory(__u64 limit, __u64 held, __u64 size)
{
	if (!limit)
		return 0;
	return held > limit || size > limit - held ? -EDQUOT : 0;
}

int qda_check_release(const struct drm_qda_remote_session_release *a)
{
	return a->flags || a->pad ? -EINVAL : 0;
}

enum qda_arg_class qda_arg_class(__u32 sc, unsigned int i)
{
	unsigned int in = DRM_QDA_SCALARS_IN(sc);

	if (i < in)
		return QDA_ARG_IN;
	if (i < in + DRM_QDA_SCALARS_OUT(sc))
		return QDA_ARG_OUT;
	return QDA_ARG_IN_HANDLE;
}

static int qda_check_absent(const struct drm_qda_arg *arg,
			    enum qda_arg_class cls)
{
	if (cls == QDA_ARG_IN_HANDLE)
		return -EINVAL;
	if (arg->offset || arg->address || arg->handle || arg->flags ||
	    arg->dsp_id || arg->pad)
		return -EINVAL;
	return 0;
}

int qda_check_arg(const struct drm_qda_arg *arg, enum qda_arg_class cls)
{
	if (!arg->length)
		return qda_check_absent(arg, cls);
	if (arg->pad)
		return -EINVAL;

	if (cls == QDA_ARG_IN_HANDLE) {
		if (arg->flags != DRM_QDA_ARG_DSP_ID || arg->dsp_id < 1)
			return -EINVAL;
		if (arg->address)
			return -EINVAL;
		if (arg->offset > U32_MAX || arg->length > U32_MAX)
			return -EINVAL;
		return 1;
	}

	if (arg->flags || arg->dsp_id)
		return -EINVAL;
	if (arg->address &&
	    ((arg->address ^ arg->offset) & QDA_DSP_PAGE_MASK))
		return -EINVAL;
	return 1;
}

int qda_check_arg_range(const struct drm_qda_arg *arg, __u64 size)
{
	return qda_range_ok(arg->offset, arg->length, size) ? 0 : -EINVAL;
}
