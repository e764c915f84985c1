// SPDX-License-Identifier: MIT
/* Giving a session away: its open file, with the PD in it. */
#include <errno.h>
#include <fcntl.h>

#include "internal.h"

QDA_EXPORT int qda_session_export_fd(struct qda_session *session,
				     struct qda_failure *reterr)
{
	const char *dsp;
	int err, fd;

	if (!session)
		return qda_fail(reterr, -EINVAL, 0, "exporting a session: no session");
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return qda_fail(reterr, err, 0, "exporting a session");
	dsp = session->device->info.dsp;
	/* its memory and its PD are this process's, see kapi_open_fd() */
	if (session->device->info.soft)
		return qda_fail(reterr, -EOPNOTSUPP, 0,
				"soft:%s: soft sessions cannot be passed on, only those of the kernel's driver",
				dsp);
	if (atomic_load(&session->released))
		return qda_fail(reterr, -ECANCELED, 0, "%s: exporting a session", dsp);
	/* the PD's calls are served by one process */
	if (session->listener)
		return qda_fail(reterr, -EBUSY, 0,
				"%s: a session that is passed on has to be opened with QDA_LISTENER_OFF",
				dsp);
	fd = fcntl(kapi_fd(session->file), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return qda_fail(reterr, -errno, 0, "%s: a descriptor of the session",
				dsp);
	atomic_store(&session->owns_pd, false);
	return fd;
}
