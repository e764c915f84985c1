/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The pure half of the driver: checking what user space passed, writing the
 * payload of a message, checking a reply. No locks, no allocation, no devices;
 * compiled into the driver and into the soft device alike.
 */
#ifndef __QDA_PACK_H__
#define __QDA_PACK_H__

#include <linux/types.h>

#include <drm/qda_accel.h>

#include "qda_wire.h"

#define QDA_MAX_IN_FLIGHT	64
#define QDA_MAX_MAPPINGS	4096
#define QDA_MAX_SHELL		(4U << 20)
#define QDA_MIN_INIT_MEM	(1ULL << 20)
#define QDA_MAX_INIT_MEM	(256ULL << 20)
#define QDA_MAX_BUFFER		(2ULL << 30)
#define QDA_MAX_STRIDE		4096

/*
 * Whose calls bring what other calls of the session wait for, so that they must never
 * wait for those to end
 */
static inline bool qda_handle_is_listener(__u32 handle)
{
	return handle == QDA_HANDLE_LISTENER || handle == QDA_HANDLE_LISTENER1;
}

/* Classes of arguments, in the order they have in the array */
enum qda_arg_class {
	QDA_ARG_IN,
	QDA_ARG_OUT,
	QDA_ARG_IN_HANDLE,
};

/* Where an object lies for the DSP; @bus carries the stream id above */
struct qda_object_span {
	__u64 bus;
	__u64 size;
};

/*
 * Each check looks at a private copy of a user struct and returns 0 or the
 * exact errno the uapi header promises, before anything has been done.
 */
int qda_check_query(const struct drm_qda_query *q);
int qda_check_gem_create(const struct drm_qda_gem_create *a);
int qda_check_gem_mmap_offset(const struct drm_qda_gem_mmap_offset *a);
int qda_check_attach(const struct drm_qda_session_attach *a, bool privileged,
		     __u32 features);
int qda_check_create(const struct drm_qda_remote_session_create *a,
		     bool privileged, __u32 features);
/* the shell's range, once its object is known */
int qda_check_shell(const struct drm_qda_remote_session_create *a, __u64 size);
/* bytes of init memory to allocate for @a */
__u64 qda_init_mem_size(const struct drm_qda_remote_session_create *a);
/* attributes to send: the privileged bit is the kernel's to set */
__u32 qda_create_attrs(const struct drm_qda_remote_session_create *a,
		       bool privileged);
int qda_check_map(const struct drm_qda_remote_map *a);
int qda_check_map_range(const struct drm_qda_remote_map *a, __u64 size);
int qda_check_munmap(const struct drm_qda_remote_munmap *a);
int qda_check_invoke(const struct drm_qda_remote_invoke *a);
int qda_check_wait(const struct drm_qda_remote_wait *a);
int qda_check_option(const struct drm_qda_set_option *a);
/* a memory limit instead of @limit */
int qda_check_memory_limit(__u64 limit, __u64 value);
/* @size bytes more than @held */
int qda_check_memory(__u64 limit, __u64 held, __u64 size);
int qda_check_release(const struct drm_qda_remote_session_release *a);

/* class of argument @i of a call with scalars @sc */
enum qda_arg_class qda_arg_class(__u32 sc, unsigned int i);
/* everything about an argument that needs no object; 1: present, 0: absent */
int qda_check_arg(const struct drm_qda_arg *arg, enum qda_arg_class cls);
/* the range against its object */
int qda_check_arg_range(const struct drm_qda_arg *arg, __u64 size);

/*
 * Write the payload for @n arguments at @payload (QDA_WIRE_PAYLOAD(n) bytes,
 * all of which are written). @args[i] must have passed both checks, spans[i] is
 * its object and is not looked at for absent arguments.
 */
void qda_pack_args(void *payload, unsigned int n, __u32 sc,
		   const struct drm_qda_arg *args,
		   const struct qda_object_span *spans);

/* One already-translated argument of a control call */
struct qda_ctl_arg {
	__u64 bus;		/* with the stream id */
	__u64 len;
};

/* the same for calls the driver makes itself: plain buffers only */
void qda_pack_ctl(void *payload, unsigned int n, const struct qda_ctl_arg *args);

/* copy out the dsp_ids the DSP has finished with; returns how many, at most 16 */
unsigned int qda_unpack_fdlist(const void *payload, unsigned int n,
			       __u32 ids[QDA_WIRE_FDLIST_LEN]);

__u64 qda_ctx_make(__u64 seq, unsigned int id, enum qda_pd_type pd);
unsigned int qda_ctx_id(__u64 ctx);

/* What arrived from the DSP */
enum qda_reply_kind {
	QDA_REPLY_IGNORE,	/* too short, or of an unknown kind */
	QDA_REPLY_CALL,
	QDA_REPLY_NOTIF,
};

struct qda_reply {
	__u64 ctx;
	__s32 status;		/* of the call, or of the notification */
	__u32 client_id;	/* notification only */
};

enum qda_reply_kind qda_parse_reply(const void *data, size_t len,
				    struct qda_reply *ret_reply);

#endif /* __QDA_PACK_H__ */
