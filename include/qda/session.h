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

/** Options of qda_session_open(). Zero means the default for every field. */
struct qda_session_opts {
	size_t size;		/**< sizeof(struct qda_session_opts) */
	uint32_t pd;		/**< enum qda_pd */
	uint32_t signing;	/**< enum qda_signing, user PDs */
	const char *pd_name;	/**< QDA_PD_STATIC: "audiopd", ... */
	const char *shell;	/**< path of the shell image; NULL: searched */
	uint64_t init_mem_size;	/**< bytes, 1 MiB to the device's limit */
	uint32_t attrs;		/**< further process attributes, enum qda_pd_attr bits */
	uint32_t max_in_flight;	/**< calls, 1 to the device's limit */
};

/**
 * Open a session: open the device, take a context bank, create or join a PD.
 *
 * A user PD runs the shell image (fastrpc_shell_N or fastrpc_shell_unsigned_N,
 * N the domain's number), searched in the directories of DSP_LIBRARY_PATH, else
 * ADSP_LIBRARY_PATH, and then in the installed defaults; if there is none the DSP
 * is asked for its built-in one, which is logged.
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
 *	-ENODEV; -EPIPE the DSP was lost; -EINTR; -ENOMEM; -ENOENT, -EACCES,
 *	-EIO opts->shell cannot be read; what opening the device can return;
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
 * already has a PD, that PD is used and opts must be NULL; it ends with its last
 * descriptor or with qda_session_release(), not with this object.
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
 * is gone the PD is released and the device closed. Never blocks without bound.
 * Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_session *qda_session_unref(struct qda_session *session);

/** The session's device. Lives as long as the session. @since 0.1 */
struct qda_device *qda_session_get_device(const struct qda_session *session);

/** 1: the PD was created unsigned; 0: not; -EINVAL. @since 0.1 */
int qda_session_is_unsigned(const struct qda_session *session);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
