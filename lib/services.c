// SPDX-License-Identifier: MIT
/* The firmware's interfaces that a session answers, and the thread that does */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps-mem.h"
#include "apps-msgd.h"
#include "apps-std.h"
#include "files.h"
#include "listener.h"
#include "objects.h"
#include "reverse.h"
#include "services.h"

/* what libqda logs of what the DSP logs */
static int log_priority(enum apps_msgd_level level)
{
	switch (level) {
	case APPS_MSGD_LOW:
	case APPS_MSGD_MEDIUM:
		return QDA_LOG_DEBUG;
	case APPS_MSGD_HIGH:
		return QDA_LOG_INFO;
	default:
		return QDA_LOG_ERR;
	}
}

static void log_record(void *data, const struct apps_msgd_record *record)
{
	struct qda_session *session = data;
	struct qda_ctx *ctx = session_ctx(session);

	if (ctx->dsp_log) {
		const struct qda_dsp_message message = {
			.size = sizeof(message),
			.level = record->level,
			.dsp = session->device->info.dsp,
			.file = record->file,
			.line = record->line,
			.thread = record->thread,
			.text = record->text,
		};

		ctx->dsp_log(ctx->dsp_log_data, &message);
		return;
	}
	qda_log(ctx, log_priority(record->level), "%s: %s:%u: %s",
		session->device->info.dsp, record->file, record->line, record->text);
}

static const struct apps_std_ops share_ops = {
	.share = apps_mem_share_file,
	.unshare = apps_mem_unshare_file,
};

static int32_t std_invoke(void *data, const struct qda_reverse_call *call)
{
	return apps_std_invoke(data, call);
}

static int make_files(struct qda_session *session, const struct qda_session_opts *o)
{
	struct qda_device *device = session->device;
	const struct path_list *dirs;
	int err = session_path(session, o, &dirs);

	if (err)
		return err;
	return files_new(device->ctx, device->info.dsp, dirs, &session->files);
}

static int make_msgd(struct qda_session *session)
{
	session->apps_msgd = calloc(1, sizeof(*session->apps_msgd));
	if (!session->apps_msgd)
		return -ENOMEM;
	session->apps_msgd->ctx = session_ctx(session);
	session->apps_msgd->fn = log_record;
	session->apps_msgd->data = session;
	return 0;
}

/* "/name=/directory;/directory" */
static int add_roots(struct qda_session *session, const char *list, bool writable,
		     struct qda_failure *reterr)
{
	const char *option = writable ? "write_dirs" : "read_dirs";
	char *copy, *rest, *item, *host;
	int err = 0;

	if (!list)
		return 0;
	rest = copy = strdup(list);
	if (!copy)
		return qda_fail(reterr, -ENOMEM, 0, "session option %s", option);
	while (!err && (item = strsep(&rest, ";"))) {
		if (!*item)
			continue;
		host = strchr(item, '=');
		if (host)
			*host++ = '\0';
		else
			host = item;
		if (!*host)
			err = qda_fail(reterr, -EINVAL, 0,
				       "session option %s: there is no directory behind \"%s=\"",
				       option, item);
		if (err)
			break;
		err = files_add_root(session->files, item, host, writable);
		if (err == -EINVAL)
			qda_fail(reterr, err, 0,
				 "session option %s: \"%s\", as the DSP is to name %s, is no absolute path without \"..\"",
				 option, item, host);
		else if (err)
			qda_fail(reterr, err, 0, "session option %s: directory %s",
				 option, host);
	}
	free(copy);
	return err;
}

static int make(struct qda_session *session, const struct qda_session_opts *o)
{
	int err = make_files(session, o);

	if (!err)
		err = apps_mem_new(session, &session->apps_mem);
	if (!err)
		err = apps_std_new(session_ctx(session), session->files, &share_ops,
				   session->apps_mem, &session->apps_std);
	if (!err)
		err = make_msgd(session);
	if (!err)
		err = reverse_table_new(session, &session->reverse);
	if (!err)
		err = reverse_add_builtin(session->reverse, "apps_std", std_invoke,
					  session->apps_std);
	if (!err)
		err = reverse_add_builtin(session->reverse, "apps_mem", apps_mem_invoke,
					  session->apps_mem);
	if (!err)
		err = reverse_add_builtin(session->reverse, "adspmsgd_apps",
					  apps_msgd_invoke, session->apps_msgd);
	return err;
}

static void unmake(struct qda_session *session)
{
	reverse_table_free(session->reverse);
	free(session->apps_msgd);
	/* gives back what it has shared */
	apps_std_free(session->apps_std);
	apps_mem_free(session->apps_mem);
	files_free(session->files);
	session->reverse = NULL;
	session->apps_msgd = NULL;
	session->apps_mem = NULL;
	session->apps_std = NULL;
	session->files = NULL;
}

int services_start(struct qda_session *session, const struct qda_session_opts *opts,
		   struct qda_failure *reterr)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	if (opts->listener == QDA_LISTENER_OFF)
		return 0;
	err = make(session, opts);
	if (err)
		return qda_fail(reterr, err, 0, "%s: what serves calls of the DSP",
				session->device->info.dsp);
	err = add_roots(session, opts->read_dirs, false, reterr);
	if (!err)
		err = add_roots(session, opts->write_dirs, true, reterr);
	if (!err)
		err = files_check(session->files, reterr);
	if (err)
		return err;
	err = listener_start(session, opts->thread_priority, opts->thread_stack,
			     &failure);
	if (err != -EREMOTEIO || opts->thread_priority || opts->thread_stack) {
		if (err)
			qda_fail_again(reterr, &failure);
		return err;
	}
	log_warn(session_ctx(session),
		 "%s; modules cannot be loaded from files, nothing of the DSP's log is seen",
		 failure.message);
	unmake(session);
	return 0;
}

void services_stop(struct qda_session *session)
{
	listener_stop(session);
	unmake(session);
}
