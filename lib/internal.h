/* SPDX-License-Identifier: MIT */
/* What the objects of libqda share; nothing here is public. */
#ifndef QDA_INTERNAL_H
#define QDA_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qda/qda.h>

#include "kapi.h"
#include "list.h"

/* marks the definition of every public function */
#define QDA_EXPORT __attribute__((visibility("default")))

/* --- context.c ---------------------------------------------------------- */

/*
 * A descriptor in the context's epoll set. fn runs inside qda_ctx_process(),
 * without ctx->lock, and returns how many events it processed or -errno. On an
 * error other than -ENOMEM, or when it finds nothing on a descriptor that hung
 * up, the watch is removed, because it would be readable for ever.
 */
struct qda_watch {
	struct list node;
	int fd;
	int (*fn)(struct qda_watch *watch);
	/*
	 * Keep the owner while fn runs. ref is called with ctx->lock held and must
	 * be a try: false when the owner's count has reached zero and only
	 * qda_ctx_watch_del() is still to come (qda_ref_try()).
	 */
	bool (*ref)(struct qda_watch *watch);
	void (*unref)(struct qda_watch *watch);
};

/* a reference, unless the last one has been dropped */
static inline bool qda_ref_try(atomic_uint *refs)
{
	unsigned int old = atomic_load_explicit(refs, memory_order_relaxed);

	while (old)
		if (atomic_compare_exchange_weak(refs, &old, old + 1))
			return true;
	return false;
}

struct qda_monitor;

struct qda_ctx {
	atomic_uint refs;
	pthread_mutex_t lock;		/* watches */
	struct list watches;
	int epoll_fd;
	atomic_flag processing;
	/* a page that reads zero in a forked child (MADV_WIPEONFORK), or NULL */
	const volatile uint8_t *generation;
	pid_t owner;			/* for kernels that cannot wipe */
	qda_log_fn log;
	void *log_data;
	int log_level;
	uint64_t session_ids[8];	/* by domain: numbers in use, under lock */
	qda_trace_fn trace;
	void *trace_data;
	qda_dsp_log_fn dsp_log;
	void *dsp_log_data;
	struct qda_monitor *monitor;	/* udev, see monitor.c */
};

/* ends hotplug events when the context goes (monitor.c) */
void qda_ctx_monitor_stop(struct qda_ctx *ctx);

/* 0, or -EOWNERDEAD in a child forked since the context was made */
int qda_ctx_check(const struct qda_ctx *ctx);
int qda_ctx_watch_add(struct qda_ctx *ctx, struct qda_watch *watch);
/* After it returns fn is not started again; it may still be running. */
void qda_ctx_watch_del(struct qda_ctx *ctx, struct qda_watch *watch);

void qda_log_write(struct qda_ctx *ctx, int priority, const char *file, int line,
		   const char *func, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/* a path would be that of whoever built the library */
#ifdef __FILE_NAME__
#define LOG_FILE	__FILE_NAME__
#else
#define LOG_FILE	__FILE__
#endif

/* A NULL ctx logs nothing. Arguments are not evaluated unless it is logged. */
#define qda_log(ctx, prio, ...) \
	do { \
		struct qda_ctx *log_ctx_ = (ctx); \
		if (log_ctx_ && (prio) <= log_ctx_->log_level) \
			qda_log_write(log_ctx_, (prio), LOG_FILE, __LINE__, \
				      __func__, __VA_ARGS__); \
	} while (0)
#define log_err(ctx, ...) qda_log(ctx, QDA_LOG_ERR, __VA_ARGS__)
#define log_warn(ctx, ...) qda_log(ctx, QDA_LOG_WARNING, __VA_ARGS__)
#define log_info(ctx, ...) qda_log(ctx, QDA_LOG_INFO, __VA_ARGS__)
#define log_debug(ctx, ...) qda_log(ctx, QDA_LOG_DEBUG, __VA_ARGS__)

/* --- options.c ---------------------------------------------------------- */

/*
 * Copy a caller's sized option struct into ours: -EINVAL if it is smaller than
 * min_size, -E2BIG if bytes past what we know are set; a shorter one is
 * zero-extended. opts NULL gives all zeroes.
 */
int qda_opts_copy(void *ours, size_t our_size, size_t min_size, const void *opts);

/*
 * Fill reterr (may be NULL) and return err: "format...: text of err or status.
 * Advice." status is 0 unless the DSP is to blame (err is then -EREMOTEIO).
 */
int qda_fail(struct qda_failure *reterr, int err, int32_t status,
	     const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * -EREMOTEIO with a status, where format says it all: of the status only its name and
 * number follow, and then this advice instead of its own.
 */
int qda_fail_advice(struct qda_failure *reterr, int32_t status, const char *advice,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* the same failure for a caller who is told nothing more */
void qda_fail_again(struct qda_failure *reterr, const struct qda_failure *failure);

/* --- device.c ----------------------------------------------------------- */

struct qda_device {
	atomic_uint refs;
	struct qda_ctx *ctx;
	char *path;
	char *driver;			/* one line */
	struct kapi_info info;
};

/* a device for a file that is open already; path may be NULL (fd handed over) */
int qda_device_from_file(struct qda_ctx *ctx, const char *path,
			 const struct kapi_file *file,
			 struct qda_device **ret_device);
int qda_device_new(struct qda_ctx *ctx, const char *path, const struct kapi_info *info,
		   struct qda_device **ret_device);
/* open a node, identify it and close it */
int qda_device_probe(struct qda_ctx *ctx, const char *path,
		     struct qda_device **ret_device);
/* number of the DSP in file names: adsp 0 ... cdsp 3; -EINVAL if unknown */
int qda_device_domain_id(const struct qda_device *device);

/* --- session.c ---------------------------------------------------------- */

struct apps_mem;
struct apps_msgd;
struct apps_std;
struct files;
struct listener;
struct path_list;
struct qda_scratch;
struct reverse_table;

#define SESSION_BUFFER_BUCKETS	64
/* slots for the names of calls in flight, and how many are kept of a crash */
#define SESSION_RUNNING		64
#define SESSION_LOST		16

struct qda_session {
	atomic_uint refs;
	struct qda_device *device;
	struct kapi_file *file;
	struct qda_watch watch;		/* completion events */
	bool is_unsigned;
	atomic_bool owns_pd;		/* made here, so it ends with the session */
	bool is_user_pd;		/* made here, not attached to */
	bool has_id;
	uint32_t id;			/* among the context's of this DSP */
	char name[64];
	atomic_bool released;
	atomic_bool pd_lost;		/* a call has been told that it has ended */
	atomic_uint remotectl;		/* handle that loads modules: 8, or 0 */
	/* services.c; all NULL without a listener */
	struct listener *listener;
	struct reverse_table *reverse;
	struct files *files;
	struct apps_std *apps_std;
	struct apps_mem *apps_mem;
	struct apps_msgd *apps_msgd;
	atomic_uint refusals;		/* refusal.h */
	int64_t open_deadline;		/* when it has to be open, or negative */
	pthread_mutex_t lock;		/* what follows */
	/* by GEM handle: an import may repeat one */
	struct list buffers[SESSION_BUFFER_BUCKETS];
	struct list mappings;
	struct list modules;
	uint64_t lost[SESSION_LOST];	/* calls that a PD's end has ended */
	unsigned int num_lost;
	qda_session_event_fn event_fn;
	void *event_data;
	struct list calls;		/* in flight with a callback */
	uint64_t cookie;		/* of the last of them */
	struct list orphans;	/* in flight and nobody's, see invoke.c */
	atomic_uint num_orphans;
	int32_t next_dsp_id;
	struct qda_scratch *scratch;	/* scratch.c: pool for packed arguments */
	struct session_saved *saved;	/* reopen.c: what it was opened with */
	struct path_list *path;		/* session_path(), or NULL */
	atomic_uint_least64_t running[SESSION_RUNNING];	/* running.h */
};

static inline struct qda_ctx *session_ctx(const struct qda_session *session)
{
	return session->device->ctx;
}

#endif
