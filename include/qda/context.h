/* SPDX-License-Identifier: MIT */
/**
 * @file context.h
 * @defgroup context Context
 * Everything hangs off a context; the library has no process-wide state. Two
 * contexts do not know of each other.
 * @{
 */
#ifndef QDA_CONTEXT_H
#define QDA_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_ctx;

/** Priorities of log messages; the numbers are those of syslog. */
enum qda_log_priority {
	QDA_LOG_NONE = -1,	/**< as a level: silence */
	QDA_LOG_ERR = 3,
	QDA_LOG_WARNING = 4,
	QDA_LOG_INFO = 6,
	QDA_LOG_DEBUG = 7,
};

/**
 * Receives one log message, without a newline. May be called from any thread that
 * is inside a function of this library; must not call into it with the same
 * context. errno is preserved around it.
 */
typedef void (*qda_log_fn)(void *data, int priority, const char *file, int line,
			   const char *func, const char *message);

/** Options of qda_ctx_new(). */
struct qda_ctx_opts {
	size_t size;		/**< sizeof(struct qda_ctx_opts) */
	qda_log_fn log;		/**< NULL: standard error */
	void *log_data;
	int32_t log_level;	/**< enum qda_log_priority; 0: QDA_LOG_NONE */
	uint32_t reserved;	/**< 0 */
};

/**
 * Create a context.
 *
 * The environment variable QDA_LOG (none, err, warning, info, debug) overrides
 * the log level, unless the program is set-user-id or the like.
 *
 * @param opts NULL for the defaults: silent
 * @param ret_ctx a reference for the caller; qda_ctx_unref() it
 * @return 0; -EINVAL ret_ctx NULL or opts->size too small; -E2BIG opts has
 *	fields this library does not know set; -ENOMEM; -EMFILE, -ENFILE
 * @since 0.1
 */
int qda_ctx_new(const struct qda_ctx_opts *opts, struct qda_ctx **ret_ctx);

/** Take a reference. Thread safe. @return ctx @since 0.1 */
struct qda_ctx *qda_ctx_ref(struct qda_ctx *ctx);

/**
 * Drop a reference; the last one frees the context. Devices and sessions hold a
 * reference of their own. Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_ctx *qda_ctx_unref(struct qda_ctx *ctx);

/**
 * The one descriptor to poll for everything that can happen: completions of
 * asynchronous calls, devices coming and going. Readable means: call
 * qda_ctx_process(). Owned by the context: do not read or close it. It stays the
 * same for the life of the context.
 * @return the descriptor, or -EINVAL
 * @since 0.1
 */
int qda_ctx_get_fd(struct qda_ctx *ctx);

/**
 * Process what has happened, without blocking: runs the completion callbacks of
 * asynchronous calls and the device callback, in this thread.
 *
 * One thread at a time per context; another one gets -EBUSY. Callbacks may call
 * anything but this. A spurious wake-up is harmless.
 * @return how many events were processed (0: none); -EINVAL; -EBUSY; -ENOMEM;
 *	-EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_ctx_process(struct qda_ctx *ctx);

/**
 * Poll the descriptor and process, until at least one event was processed.
 * @param timeout_ns nanoseconds; 0: do not wait; negative: no limit
 * @return the count as qda_ctx_process(); 0 on timeout; -EINTR on a signal
 * @since 0.1
 */
int qda_ctx_wait(struct qda_ctx *ctx, int64_t timeout_ns);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
