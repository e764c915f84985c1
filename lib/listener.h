/* SPDX-License-Identifier: MIT */
/* The thread of a session that serves what its PD calls in the client */
#ifndef QDA_LISTENER_H
#define QDA_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

struct qda_session;
struct qda_failure;
struct listener;

/*
 * Start it, and wait until the PD knows of it. A firmware without listener is
 * -EREMOTEIO. -EINTR: a signal; the caller is to release the session and stop it.
 */
int listener_start(struct qda_session *session, uint32_t thread_priority,
		   uint32_t thread_stack, struct qda_failure *reterr);
/*
 * Wait until it has left, and free it. If the PD is not released with this session
 * it leaves within a moment. On the listener's own thread: it leaves by itself.
 */
void listener_stop(struct qda_session *session);
/* is this the thread of some listener? */
bool listener_on_thread(void);
/* is this its thread? */
bool listener_is_self(const struct qda_session *session);
/* Say what a reverse call was refused, without flooding the log */
void listener_refuse(struct qda_session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull));

#endif
