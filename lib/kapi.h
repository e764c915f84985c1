/* SPDX-License-Identifier: MIT */
/*
 * The seam between libqda's objects and a driver's interface. Only kapi*.c know
 * the uapi structs; a further back end (the misc fastrpc driver, an upstream
 * QDA) is one more struct kapi_ops.
 *
 * All functions return 0 or a negative errno; ret_ outputs are written on
 * success only. "status" is what the DSP answered. Every function but
 * kapi_close() may be called from any thread at any time. None of them is
 * retried on EINTR if it makes the DSP do something.
 */
#ifndef QDA_KAPI_H
#define QDA_KAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qda_ctx;
struct kapi_file;

struct kapi_info {
	char driver[32];	/* DRM driver name */
	char description[64];
	int major, minor;
	char dsp[32];		/* "cdsp" */
	bool soft;
};

/* parameters of kapi_query(); the back end maps them to its own */
enum kapi_param {
	KAPI_DSP_ATTR,		/* index: attribute */
	KAPI_BANKS_TOTAL,
	KAPI_BANKS_FREE,
	KAPI_MAX_IN_FLIGHT,
	KAPI_MAX_BUFFER,
	KAPI_BANK_SIZE,
	KAPI_MAX_SHELL,
	KAPI_MAX_INIT_MEM,
	KAPI_MAX_MAPPINGS,
	KAPI_FEATURES,		/* enum qda_feature bits of <qda/device.h> */
	KAPI_SESSION,		/* KAPI_SESSION_ bits of this open file */
	/* of this open file too; -EOPNOTSUPP: a driver from before there were any */
	KAPI_MEM_NATIVE,	/* bytes in its bank */
	KAPI_MEM_IMPORTED,
	KAPI_MEM_LIMIT,		/* of both together; 0: none */
};

#define KAPI_SESSION_HAS_PD	(1u << 0)
#define KAPI_SESSION_UNSIGNED	(1u << 1)
#define KAPI_SESSION_RELEASED	(1u << 2)

struct kapi_create {
	uint32_t handle;	/* shell buffer; 0 with length 0: built in */
	uint32_t length;
	uint32_t siglen;
	uint32_t attrs;
	uint64_t init_mem_size;
};

struct kapi_map {
	uint64_t offset, length, addr_hint;
	uint32_t handle;
	uint32_t type;
	int32_t dsp_id;		/* 0: none */
};

/* Same layout as the uapi's argument, so that a call costs no conversion */
struct kapi_arg {
	uint64_t offset;
	uint64_t length;	/* 0: absent, all else zero */
	uint64_t address;
	uint32_t handle;
	uint32_t flags;
	int32_t dsp_id;
	uint32_t pad;
};

#define KAPI_ARG_DSP_ID		(1u << 0)

#define KAPI_INVOKE_ASYNC	(1u << 0)
#define KAPI_INVOKE_EVENT	(1u << 1)

struct kapi_invoke {
	const struct kapi_arg *args;
	uint32_t num_args;
	uint32_t handle;
	uint32_t scalars;
	uint32_t flags;
	uint64_t user_data;
	/* out: async, or -EINTR; 0 with -EINTR: nothing was sent, so that it may
	 * be repeated */
	uint64_t ticket;
	int32_t status;		/* out: sync and 0 returned */
};

enum kapi_event_type {
	KAPI_EVENT_COMPLETE,
	KAPI_EVENT_STATUS,
};

/* what has become of the PD; others may be added */
enum kapi_pd_status {
	KAPI_PD_UP,
	KAPI_PD_EXIT,
	KAPI_PD_KILLED,
	KAPI_PD_EXCEPTION,
	KAPI_PD_DSP_RESTART,
};

struct kapi_event {
	enum kapi_event_type type;
	uint64_t ticket;	/* this and the next two: COMPLETE only */
	uint64_t user_data;
	int32_t error;
	int32_t status;		/* COMPLETE: the DSP's answer; else enum kapi_pd_status */
};

/* see kapi_read_events() */
#define KAPI_EVENTS_MIN	2

/*
 * Open "soft:..." or a device node and identify it: driver name, major version,
 * tag and ABI magic. -ENODEV if there is no such node, -ENXIO if it is another
 * driver's, -ENOTSUP with a log line that names what was found if it speaks
 * another interface.
 */
int kapi_open(struct qda_ctx *ctx, const char *path, struct kapi_file **ret_file);
/* The same; also when it fails, *found holds what the node told about itself. */
int kapi_identify(struct qda_ctx *ctx, const char *path, struct kapi_info *found,
		  struct kapi_file **ret_file);
/*
 * The same on a descriptor opened by somebody else; duplicates it. A soft
 * descriptor is -EOPNOTSUPP, also one of this process: it cannot be duplicated,
 * and borrowing it would leave its owner free to close it under the session.
 */
int kapi_open_fd(struct qda_ctx *ctx, int fd, struct kapi_file **ret_file);
/* Never blocks without bound; NULL is allowed. */
void kapi_close(struct kapi_file *file);

/* for poll/epoll: readable when kapi_read_events() may have something */
int kapi_fd(const struct kapi_file *file);
const struct kapi_info *kapi_info(const struct kapi_file *file);

/* ret_status may be NULL unless param is KAPI_DSP_ATTR */
int kapi_query(struct kapi_file *file, enum kapi_param param, uint32_t index,
	       uint64_t *ret_value, int32_t *ret_status);

/* pd: enum qda_pd, not QDA_PD_USER; name: QDA_PD_STATIC only, else NULL or "" */
int kapi_attach(struct kapi_file *file, uint32_t pd, const char *name,
		int32_t *ret_status);
int kapi_create(struct kapi_file *file, const struct kapi_create *create,
		int32_t *ret_status);
int kapi_release(struct kapi_file *file);
int kapi_set_max_in_flight(struct kapi_file *file, uint32_t value);
/* Bytes, not 0. -EPERM: above the one that is set. -EOPNOTSUPP: as KAPI_MEM_LIMIT. */
int kapi_set_memory_limit(struct kapi_file *file, uint64_t bytes);
/* Whether there are events of KAPI_EVENT_STATUS; -EOPNOTSUPP: a driver without. */
int kapi_set_status_events(struct kapi_file *file, bool enable);
/*
 * How long create, attach, map, munmap and queries of the DSP may take before they
 * return -ETIMEDOUT, which leaves them as -EINTR does; 0: no limit, an hour is the most.
 * -EOPNOTSUPP: a driver without.
 */
int kapi_set_answer_timeout(struct kapi_file *file, int64_t ns);

/* size is rounded up to what was allocated */
int kapi_gem_create(struct kapi_file *file, uint64_t *size, uint32_t *ret_handle);
int kapi_gem_close(struct kapi_file *file, uint32_t handle);
/* CPU mapping of a native buffer, MAP_SHARED, read and write */
int kapi_gem_mmap(struct kapi_file *file, uint32_t handle, uint64_t size,
		  void **ret_ptr);
void kapi_munmap_cpu(struct kapi_file *file, void *ptr, uint64_t size);
/* an import of the same dma-buf twice returns the same handle */
int kapi_prime_import(struct kapi_file *file, int fd, uint32_t *ret_handle);
int kapi_prime_export(struct kapi_file *file, uint32_t handle, int *ret_fd);

int kapi_map(struct kapi_file *file, const struct kapi_map *map,
	     uint32_t *ret_id, uint64_t *ret_addr, int32_t *ret_status);
int kapi_munmap(struct kapi_file *file, uint32_t id, int32_t *ret_status);

/* -EINTR with ticket 0: nothing was sent; with a ticket: it goes on */
int kapi_invoke(struct kapi_file *file, struct kapi_invoke *invoke);
/* deadline: CLOCK_MONOTONIC ns, negative: none */
int kapi_wait(struct kapi_file *file, uint64_t ticket, int64_t deadline,
	      int32_t *ret_status);
/*
 * Non-blocking; returns how many events were stored (0: none). max is at least
 * KAPI_EVENTS_MIN, so that the largest fits and none is lost: -EINVAL.
 */
int kapi_read_events(struct kapi_file *file, struct kapi_event *events, size_t max);

/* path of the soft device's library; used only when a "soft:" name is asked for */
const char *kapi_soft_library(void);
/* version of the interface a soft device of this library speaks */
void kapi_soft_version(int *ret_major, int *ret_minor);

#endif
