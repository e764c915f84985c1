/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * @defgroup event Session events
 * What becomes of a session's PD and of its DSP, and how to go on afterwards.
 * @{
 */
#ifndef QDA_EVENT_H
#define QDA_EVENT_H

#include <qda/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What has happened; the numbers are those of FastRPC's status notifications. */
enum qda_session_event_kind {
	QDA_SESSION_PD_UP = 0,		/**< the PD runs */
	QDA_SESSION_PD_EXIT = 1,	/**< it has ended by itself */
	QDA_SESSION_PD_KILLED = 2,	/**< it was ended */
	QDA_SESSION_PD_EXCEPTION = 3,	/**< it has crashed */
	QDA_SESSION_DSP_RESTART = 4,	/**< the DSP is gone, and all PDs with it */
};

/** A call that was in flight when a PD ended. */
struct qda_running_call {
	const char *module;	/**< as given to qda_module_open(), "" if unknown */
	uint32_t handle;
	uint32_t method;
};

/** One event; valid during the callback. */
struct qda_session_event {
	size_t size;		/**< sizeof(struct qda_session_event) */
	uint32_t kind;		/**< enum qda_session_event_kind */
	uint32_t num_running;
	/** calls that the PD was running when it ended; at most 16 of them */
	const struct qda_running_call *running;
};

/** Called by qda_ctx_process(), which may be in any thread. */
typedef void (*qda_session_event_fn)(void *data, struct qda_session *session,
				     const struct qda_session_event *event);

/**
 * Have a function called for what becomes of the session's PD, also of one that it has
 * attached to or that came with a descriptor. The DSP is asked to tell; a firmware that
 * does not know how (perhaps only of such PDs), or a driver that does not pass it on,
 * leaves the loss of the DSP or nothing, which is logged. NULL ends it; a callback that
 * another thread runs already may still be running then. Blocks for the DSP's answer.
 * Thread safe, but one at a time.
 * @return 0; -EINVAL; -EOPNOTSUPP the driver tells nothing; -ECANCELED; -ENODEV; -EPIPE;
 *	-ENOMEM; -EAGAIN; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_session_set_event_callback(struct qda_session *session,
				   qda_session_event_fn fn, void *data);

/**
 * After a session's DSP was lost (-EPIPE, -ENODEV) or its PD has crashed: wait until the
 * DSP is there again and open a session with the same options. The old one is left
 * as it is, to be dropped with what belongs to it, and has its context bank until then
 * or until qda_session_release(); modules, buffers, mappings, reverse modules and the
 * event callback are made again in the new one. Blocks; a signal ends the wait.
 * Thread safe.
 * @param timeout_ns nanoseconds; 0: try once, for as long as that takes; negative: no
 *	limit
 * @param ret_session a reference for the caller
 * @param reterr NULL, or where to say why
 * @return as qda_session_open(); -ETIMEDOUT the DSP did not come back, or came back and
 *	did not answer, reterr has the last reason (a driver of minor version 0 waits
 *	for that answer as long as it takes);
 *	-EOPNOTSUPP a session that was opened from a descriptor
 * @since 0.1
 */
int qda_session_reopen(struct qda_session *session, int64_t timeout_ns,
		       struct qda_session **ret_session, struct qda_failure *reterr);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
