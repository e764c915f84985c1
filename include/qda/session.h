/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * @defgroup session Session
 * One session is one protection domain (PD, a process on the DSP) with an
 * address space of its own. Sessions cannot reach each other's memory.
 * @{
 */
#ifndef QDA_SESSION_H
#define QDA_SESSION_H

#include <qda/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_session;

/** Which PD a session is to have. */
enum qda_pd {
	QDA_PD_USER = 0,	/**< a new user PD */
	QDA_PD_ROOT = 1,	/**< attach to the root PD (privileged) */
	QDA_PD_SENSORS = 2,	/**< attach to the sensors PD (privileged) */
	QDA_PD_STATIC = 3,	/**< attach to pd_name (privileged) */
};

/** Whether a user PD checks signatures of what it loads. */
enum qda_signing {
	QDA_SIGNING_AUTO = 0,	/**< unsigned where the DSP allows, else signed */
	QDA_SIGNING_UNSIGNED = 1,
	QDA_SIGNING_SIGNED = 2,	/**< privileged */
};

/** Further attributes of a user PD; the DSP's process attribute bits. */
enum qda_pd_attr {
	QDA_PD_ATTR_DEBUG = 0x1,	/**< a debugger may attach (privileged) */
	QDA_PD_ATTR_PTRACE = 0x2,	/**< tracing (privileged) */
	QDA_PD_ATTR_ADAPTIVE_QOS = 0x10, /**< the DSP adapts its latency votes */
	QDA_PD_ATTR_SYSTEM = 0x20,	/**< system process (privileged) */
	QDA_PD_ATTR_DUMP = 0x80,	/**< write a dump when the PD crashes */
	QDA_PD_ATTR_SYSTEM_UNSIGNED = 0x20000, /**< unsigned, system rights (privileged) */
};

/** Whether calls that the DSP makes are served. */
enum qda_listener {
	/** by a thread of the session's own: files, heap, log, the application */
	QDA_LISTENER_ON = 0,
	/** not at all: no modules from files, no log. For who passes the session on */
	QDA_LISTENER_OFF = 1,
};

/** Options of qda_session_open(). Zero means the default for every field. */
struct qda_session_opts {
	size_t size;		/**< sizeof(struct qda_session_opts) */
	uint32_t pd;		/**< enum qda_pd */
	uint32_t signing;	/**< enum qda_signing, user PDs */
	const char *pd_name;	/**< QDA_PD_STATIC: "audiopd", ... */
	const char *shell;	/**< path of the shell image; NULL: searched */
	uint64_t init_mem_size;	/**< bytes, 1 MiB to the device's limit */
	uint32_t attrs;		/**< further process attributes, enum qda_pd_attr bits */
	/**
	 * calls, 1 to the device's limit; the listener's is one more, as long as that
	 * is within the limit
	 */
	uint32_t max_in_flight;
	/**
	 * directories searched first for what the DSP loads, ';' or ':' between
	 * them; relative ones from the working directory
	 */
	const char *library_path;
	/**
	 * path of a test signature, which follows the shell image of a signed PD;
	 * NULL: none
	 */
	const char *test_signature;
	/**
	 * directories that the DSP may use besides the search path, read only:
	 * "/name/for/the/dsp=/directory;...", or "/directory" for both; ';' alone
	 * between them. A relative directory starts at the working directory
	 */
	const char *read_dirs;
	/**
	 * the same, and it may change what is there; -EINVAL if a directory of read_dirs
	 * or of the search path is inside one of these and is not given here as well
	 */
	const char *write_dirs;
	uint32_t listener;	/**< enum qda_listener */
	uint32_t thread_priority; /**< of the DSP's threads, 1 to 255; 0: its default */
	uint32_t thread_stack;	/**< bytes, 16 KiB to 8 MiB; 0: its default */
	uint32_t reserved;	/**< 0 */
	/** for messages, at most 63 printable bytes; NULL: "cdsp:0" */
	const char *name;
	/** bytes, as qda_session_set_memory_limit(); 0: none */
	uint64_t memory_limit;
};

/**
 * Open a session: open the device, take a context bank, create or join a PD.
 *
 * A user PD runs the shell image (fastrpc_shell_N or fastrpc_shell_unsigned_N,
 * N the domain's number), searched in the directories of library_path, of
 * DSP_LIBRARY_PATH or else ADSP_LIBRARY_PATH, of the configuration files, and then
 * in the installed defaults (docs/search-path.md); if there is none the DSP is asked
 * for its built-in one, which is logged.
 *
 * Blocks until the DSP has answered; a signal ends the wait with -EINTR and
 * undoes the session. Thread safe. Several sessions of one device in one process
 * are independent.
 *
 * @param opts NULL for the defaults
 * @param ret_session a reference for the caller
 * @param reterr NULL, or where to say why
 * @return 0; -EINVAL; -E2BIG opts has unknown fields set, or the shell is too
 *	large; -EBUSY no free context bank; -EPERM needs privilege; -EOPNOTSUPP
 *	the DSP has no such PD; -EREMOTEIO the DSP refused (reterr->status);
 *	-ENODEV; -EPIPE the DSP was lost; -EINTR; -ENOMEM; -ERANGE
 *	opts->max_in_flight; -EDQUOT opts->memory_limit is too low for a PD; -ENOENT,
 *	-EACCES, -EIO, -ENOTDIR a file or directory that opts names; -EBADMSG a shell
 *	image or signature that is empty or truncated; -EMFILE also:
 *	the context has 64 sessions of that DSP; what opening the device can return;
 *	-EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_session_open(struct qda_device *device,
		     const struct qda_session_opts *opts,
		     struct qda_session **ret_session, struct qda_failure *reterr);

/**
 * The same on a descriptor somebody else opened: a broker, a container manager.
 * Never opens a node. The descriptor is duplicated; the caller keeps its own,
 * but must make no QDA calls on it while the session lives. If the session on it
 * already has a PD, that PD is used, and opts may only say how (library_path,
 * read_dirs, write_dirs, listener, thread_priority, thread_stack); it ends with its
 * last descriptor or with qda_session_release(), not with this object. Calls that the
 * DSP makes are served here then: whoever had the session before must have turned
 * its listener off. Nothing here ends what such a PD does not answer, so mapping and
 * unmapping are given up after 10 s (-ETIMEDOUT; not with a driver of minor version 0),
 * here and with whoever has the same open file; and a reverse function that calls the DSP
 * should do so with a limit (qda_call_wait()).
 *
 * @return as qda_session_open(); -EBADF; -EOPNOTSUPP a soft descriptor of another
 *	process (soft sessions cannot be passed on); -ENXIO not a QDA node
 * @since 0.1
 */
int qda_session_open_fd(struct qda_ctx *ctx, int fd,
			const struct qda_session_opts *opts,
			struct qda_session **ret_session,
			struct qda_failure *reterr);

/**
 * Take the session's descriptor out, for another process: a broker opens a PD
 * that takes privilege and sends it with SCM_RIGHTS, the receiver hands it to
 * qda_session_open_fd(). Whose privilege counts is who opened the device, so what
 * the PD may do does not change hands.
 *
 * From then on the PD is the descriptors': it ends with the last of them, or with
 * qda_session_release(), and no longer with this object. Make no call on the session
 * afterwards, which would take the receiver's events; drop it with
 * qda_session_unref(). Never blocks. Thread safe.
 *
 * @return the descriptor, the caller's, with CLOEXEC; -EINVAL; -EOPNOTSUPP a soft
 *	session, which cannot be passed on; -EBUSY has a listener, open it with
 *	QDA_LISTENER_OFF; -ECANCELED was released; -EMFILE; -EOWNERDEAD in a forked
 *	child
 * @since 0.1
 */
int qda_session_export_fd(struct qda_session *session, struct qda_failure *reterr);

/**
 * End the PD in order: DSP code is asked to end its process, which passes its last log
 * messages on and ends the listener, and then the session is released as
 * qda_session_release() does it, also if the DSP has not answered in time.
 * Modules that are open are not closed one by one. Blocks; thread safe.
 * Not from a reverse function, which would keep the DSP's log from being fetched.
 * @param timeout_ns nanoseconds; negative: no limit
 * @return 0; -EINVAL; -ENOTCONN no user PD; -EINTR a signal: not released;
 *	-ECANCELED was released before; -EOWNERDEAD in a forked child. With all others
 *	it was released: -ETIMEDOUT the DSP did not answer; -EREMOTEIO it refused;
 *	-ENODEV; -EPIPE; -ENOMEM and -EAGAIN it could not be asked
 * @since 0.1
 */
int qda_session_exit(struct qda_session *session, int64_t timeout_ns);

/**
 * End the PD now. Calls in flight end with -ECANCELED, also asynchronous ones
 * (their callbacks run from qda_ctx_process()); buffers stay usable by the CPU.
 * Does not wait for the DSP. Thread safe.
 * @return 0; -EINVAL; -ECANCELED was released before; -ENODEV the DSP is gone and
 *	the PD with it; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_session_release(struct qda_session *session);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_session *qda_session_ref(struct qda_session *session);

/**
 * Drop a reference. Buffers, mappings, modules and calls hold one; when the last
 * is gone the PD is released and the device closed. Does not wait for the DSP, but for a
 * reverse call that is being served: a lock that its function, or the log or trace
 * callback, takes must not be held. No callback of the session runs after that. Only when
 * a reverse function drops the last reference, of this session or another, it does not
 * wait. While qda_ctx_process() runs in another thread it has a reference of its own, and
 * the end is there.
 * Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_session *qda_session_unref(struct qda_session *session);

/** The session's device. Lives as long as the session. @since 0.1 */
struct qda_device *qda_session_get_device(const struct qda_session *session);

/** 1: the PD was created unsigned; 0: not; -EINVAL. @since 0.1 */
int qda_session_is_unsigned(const struct qda_session *session);

/** Its name, given or made of DSP and number. Lives as long as it. @since 0.1 */
const char *qda_session_get_name(const struct qda_session *session);

/**
 * Its number among the context's sessions with the same DSP, from 0: the lowest that
 * is free.
 * @return the number, or -EINVAL
 * @since 0.1
 */
int qda_session_get_id(const struct qda_session *session);

/**
 * FastRPC's effective domain: the DSP's number plus 8 times the session's.
 * @return it, or -EINVAL, also for a DSP that FastRPC has no number for
 * @since 0.1
 */
int qda_session_get_effective_domain(const struct qda_session *session);

/**
 * The URI by which existing FastRPC code names a module in this very session: with
 * "&_dom=" and "&_session=". Thread safe.
 * @param module as for qda_module_open()
 * @param size bytes of buf, which is NUL terminated
 * @return 0; -EINVAL; -ENAMETOOLONG
 * @since 0.1
 */
int qda_session_get_uri(const struct qda_session *session, const char *module,
			char *buf, size_t size);

/** What a session holds in its context bank, in bytes. */
struct qda_session_memory {
	size_t size;		/**< sizeof(struct qda_session_memory) */
	uint64_t native;	/**< buffers it has allocated, and the PD's init memory */
	uint64_t imported;	/**< buffers of others */
	uint64_t limit;		/**< of both together; 0: none */
};

/**
 * What it holds now: also what the library has allocated, and what outlives its object
 * because the DSP still uses it. Thread safe.
 * @param ret_memory its size must be set
 * @return 0; -EINVAL; -EOPNOTSUPP the driver does not count; -EOWNERDEAD
 * @since 0.1
 */
int qda_session_get_memory(struct qda_session *session,
			   struct qda_session_memory *ret_memory);

/**
 * Let it hold no more than so much: what would exceed it fails with -EDQUOT. Once set
 * it can only be lowered, by whoever has the session. What is held stays. Thread safe.
 * @return 0; -EINVAL bytes is 0; -EPERM above the limit; -EOPNOTSUPP; -EOWNERDEAD
 * @since 0.1
 */
int qda_session_set_memory_limit(struct qda_session *session, uint64_t bytes);

/**
 * Vote for a latency of calls, which the DSP trades for power. Blocks. Thread safe.
 * @param usec microseconds that may pass; 0: no vote
 * @param ret_status what the DSP answered
 * @return 0; -EINVAL; -ENOTCONN no user PD; what a call can return
 * @since 0.1
 */
int qda_session_set_latency(struct qda_session *session, uint32_t usec,
			    int32_t *ret_status);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
