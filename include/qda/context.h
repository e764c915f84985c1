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

/** What a trace event is about. */
enum qda_trace_kind {
	QDA_TRACE_STEP = 1,	/**< something the library does itself: text */
	QDA_TRACE_CALL = 2,	/**< a call is about to be sent to the DSP */
	QDA_TRACE_RETURN = 3,	/**< it has ended: error, status */
	QDA_TRACE_REVERSE = 4,	/**< the DSP calls the client */
	QDA_TRACE_ANSWER = 5,	/**< what it is answered: status */
};

/** One event; valid during the callback. */
struct qda_trace_event {
	size_t size;		/**< sizeof(struct qda_trace_event) */
	uint32_t kind;		/**< enum qda_trace_kind */
	uint32_t thread;	/**< the thread's number, as gettid() has it */
	uint32_t listener;	/**< 1: it is the session's own thread */
	uint32_t handle;	/**< remote handle, or the client's in a reverse call */
	uint32_t scalars;	/**< method and numbers of blocks */
	int32_t error;		/**< 0 or a negative errno */
	int32_t status;		/**< the DSP's, or the code that it is answered */
	const char *text;	/**< one line: names, and values of the first block */
};

/** Called from any thread that makes or serves a call; must not call the library. */
typedef void (*qda_trace_fn)(void *data, const struct qda_trace_event *event);

/**
 * Show every call between this process and its DSPs, both ways. Set it before
 * sessions are opened; NULL ends it. Asynchronous calls are shown when they are
 * submitted, not when they end. Not thread safe.
 * @return 0; -EINVAL; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_ctx_set_trace(struct qda_ctx *ctx, qda_trace_fn fn, void *data);

/** Levels of the DSP's log messages, as FARF and HAP_debug have them. */
enum qda_dsp_log_level {
	QDA_DSP_LOG_LOW = 0,
	QDA_DSP_LOG_MEDIUM = 1,
	QDA_DSP_LOG_HIGH = 2,
	QDA_DSP_LOG_ERROR = 3,
	QDA_DSP_LOG_FATAL = 4,
};

/** One message of DSP code; valid during the callback. */
struct qda_dsp_message {
	size_t size;		/**< sizeof(struct qda_dsp_message) */
	uint32_t level;		/**< enum qda_dsp_log_level */
	const char *dsp;	/**< "cdsp" */
	const char *file;	/**< of the DSP's source; "" if unknown */
	uint32_t line;
	uint32_t thread;	/**< of the DSP, its low 16 bits */
	const char *text;	/**< one printable line */
};

/** Called on the listener's thread of a session; must not call the library. */
typedef void (*qda_dsp_log_fn)(void *data, const struct qda_dsp_message *message);

/**
 * Receive what DSP code logs (FARF, HAP_debug), whatever the log level. Without it
 * such messages go to the context's log: errors as errors, high as info, the rest as
 * debug messages. Set it before sessions are opened; NULL ends it. Not thread safe.
 * @return 0; -EINVAL; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_ctx_set_dsp_log(struct qda_ctx *ctx, qda_dsp_log_fn fn, void *data);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
