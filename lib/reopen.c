// SPDX-License-Identifier: MIT
/* Opening a session again after its DSP or its PD was lost. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "objects.h"

#include <qda/event.h>

/* how often it is looked whether the DSP is back */
#define RETRY_MS	50

struct session_saved {
	struct qda_session_opts opts;
	char *strings[7];
};

/* the strings of the options, all of them */
static const char **opts_string(struct qda_session_opts *o, size_t i)
{
	const char **fields[] = {
		&o->pd_name,	    &o->shell,	   &o->library_path,
		&o->test_signature, &o->read_dirs, &o->write_dirs,
		&o->name,
	};

	return i < sizeof(fields) / sizeof(fields[0]) ? fields[i] : NULL;
}

int session_save_opts(struct qda_session *session, const struct qda_session_opts *opts)
{
	struct session_saved *saved = calloc(1, sizeof(*saved));
	const char **field;
	size_t i;

	if (!saved)
		return -ENOMEM;
	saved->opts = *opts;
	saved->opts.size = sizeof(saved->opts);
	for (i = 0; (field = opts_string(&saved->opts, i)); i++) {
		if (!*field)
			continue;
		*field = saved->strings[i] = strdup(*field);
		if (!*field) {
			session_saved_free(saved);
			return -ENOMEM;
		}
	}
	session->saved = saved;
	return 0;
}

void session_saved_free(struct session_saved *saved)
{
	size_t i;

	if (!saved)
		return;
	for (i = 0; i < sizeof(saved->strings) / sizeof(saved->strings[0]); i++)
		free(saved->strings[i]);
	free(saved);
}

/* the node of that DSP, which may have another number by now */
static int find_device(struct qda_device *old, struct qda_device **ret_device)
{
	struct qda_device **devices;
	int i, n, err = -ENODEV;

	if (old->info.soft) {
		*ret_device = qda_device_ref(old);
		return 0;
	}
	n = qda_device_list(old->ctx, QDA_LIST_KERNEL, &devices);
	if (n < 0)
		return n;
	for (i = 0; i < n && err; i++) {
		if (strcmp(devices[i]->info.dsp, old->info.dsp))
			continue;
		*ret_device = qda_device_ref(devices[i]);
		err = 0;
	}
	qda_device_list_free(devices);
	return err;
}

static int try_once(struct qda_session *session, int64_t deadline,
		    struct qda_session **ret_session, struct qda_failure *reterr)
{
	struct qda_device *device;
	int err = find_device(session->device, &device);

	if (err)
		return qda_fail(reterr, err, 0, "%s: opening its session again",
				session->device->info.dsp);
	err = session_open_until(device, &session->saved->opts, deadline, ret_session,
				 reterr);
	qda_device_unref(device);
	return err;
}

/* what a DSP on its way back answers; a shared one starts its server anew */
static bool may_pass(struct qda_device *old, int err)
{
	struct qda_device *device;

	/* of the node or socket that comes back, or of a file that the options name? */
	if (err == -ENOENT && !qda_device_probe(old->ctx, old->path, &device)) {
		qda_device_unref(device);
		return false;
	}
	return err == -ENODEV || err == -ETIMEDOUT || err == -EPIPE || err == -ENXIO ||
	       err == -ENOENT || err == -ECONNREFUSED || err == -EBUSY;
}

QDA_EXPORT int qda_session_reopen(struct qda_session *session, int64_t timeout_ns,
				  struct qda_session **ret_session,
				  struct qda_failure *reterr)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int64_t deadline = clock_deadline(timeout_ns);
	int err;

	if (!session || !ret_session)
		return qda_fail(reterr, -EINVAL, 0, "reopening: no session or no result");
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return qda_fail(reterr, err, 0, "reopening a session");
	if (!session->saved)
		return qda_fail(reterr, -EOPNOTSUPP, 0,
				"%s: a session that came as a descriptor cannot be opened again",
				session->device->info.dsp);
	for (;;) {
		/* one try has the time it takes */
		err = try_once(session, timeout_ns ? deadline : -1, ret_session,
			       &failure);
		if (!err || !may_pass(session->device, err) || !timeout_ns)
			break;
		if (timeout_ns > 0 && clock_now() >= deadline) {
			qda_fail_again(reterr, &failure);
			return -ETIMEDOUT;
		}
		if (poll(NULL, 0, RETRY_MS) < 0)
			return qda_fail(reterr, -EINTR, 0, "%s: opening its session again",
					session->device->info.dsp);
	}
	if (err)
		qda_fail_again(reterr, &failure);
	return err;
}
