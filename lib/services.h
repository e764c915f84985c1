/* SPDX-License-Identifier: MIT */
/* What a session does for its PD: listener, files, heap, log, the application's own */
#ifndef QDA_SERVICES_H
#define QDA_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

struct qda_failure;
struct qda_session;
struct qda_session_opts;

/*
 * Begin to serve the PD, which is there. A DSP without a listener is no error but a
 * warning, unless the options ask for something that takes one.
 */
int services_start(struct qda_session *session, const struct qda_session_opts *opts,
		   struct qda_failure *reterr);
/* nothing is called any more when it returns, but on the listener's own thread */
void services_stop(struct qda_session *session);

#endif
