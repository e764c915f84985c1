/* SPDX-License-Identifier: MIT */
/* What the files behind kapi.h share: kapi.c, one kapi-X.c for each interface. */
#ifndef QDA_KAPI_OPS_H
#define QDA_KAPI_OPS_H

#include "kapi.h"
#include "sys.h"

struct kapi_ops {
	/*
	 * Finish the identification that DRM_IOCTL_VERSION began, and fill in
	 * info->dsp. -ENOTSUP, logged: this interface is not spoken here.
	 */
	int (*probe)(struct kapi_file *file);
	int (*query)(struct kapi_file *file, enum kapi_param param, uint32_t index,
		     uint64_t *ret_value, int32_t *ret_status);
	int (*attach)(struct kapi_file *file, uint32_t pd, const char *name,
		      int32_t *ret_status);
	int (*create)(struct kapi_file *file, const struct kapi_create *create,
		      int32_t *ret_status);
	int (*release)(struct kapi_file *file);
	int (*set_max_in_flight)(struct kapi_file *file, uint32_t value);
	int (*set_memory_limit)(struct kapi_file *file, uint64_t bytes);
	int (*set_status_events)(struct kapi_file *file, bool enable);
	int (*set_answer_timeout)(struct kapi_file *file, int64_t ns);
	int (*gem_create)(struct kapi_file *file, uint64_t *size, uint32_t *ret_handle);
	int (*gem_mmap_offset)(struct kapi_file *file, uint32_t handle,
			       uint64_t *ret_offset);
	int (*map)(struct kapi_file *file, const struct kapi_map *map, uint32_t *ret_id,
		   uint64_t *ret_addr, int32_t *ret_status);
	int (*munmap)(struct kapi_file *file, uint32_t id, int32_t *ret_status);
	int (*invoke)(struct kapi_file *file, struct kapi_invoke *invoke);
	int (*wait)(struct kapi_file *file, uint64_t ticket, int64_t deadline,
		    int32_t *ret_status);
	int (*read_events)(struct kapi_file *file, struct kapi_event *events,
			   size_t max);
};

struct kapi_file {
	const struct kapi_ops *ops;
	const struct qda_sys *sys;
	struct qda_ctx *ctx;	/* for messages; whoever holds the file holds it */
	int fd;
	bool nonblock;		/* read() returns at once */
	void *library;		/* the soft device's, balanced by dlclose() */
	struct kapi_info info;
};

extern const struct kapi_ops kapi_qda_ops;

/* Once; -errno. */
int kapi_ioctl(struct kapi_file *file, unsigned long request, void *arg);
/* Again after -EINTR: only for what starts nothing on the DSP. */
int kapi_ioctl_retry(struct kapi_file *file, unsigned long request, void *arg);

/*
 * -ENXIO unless it is a node of the accel class: other devices, where opening or
 * asking may do anything, are not touched (sys-kernel.c). path NULL: look at fd.
 */
int kapi_node_check(const char *path, int fd);

#endif
