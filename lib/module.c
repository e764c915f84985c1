// SPDX-License-Identifier: MIT
/* Modules: shared objects loaded into the PD through remotectl. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "firmware.h"
#include "objects.h"
#include "running.h"
#include "text.h"
#include "trace.h"

/*
 * The loader's interfaces: as a handle64 interface its own methods begin at 2,
 * in its older form at 0.
 */
#define METHOD_OPEN(remotectl)	((remotectl) ? 2U : 0U)
#define METHOD_CLOSE(remotectl)	((remotectl) ? 3U : 1U)

/* asked for, as others ask: not every firmware may have room for more */
#define ERROR_TEXT_SIZE		255

#define DSP_ERR(code)		((int32_t)(0x80000400U + (code)))

bool status_lacks_interface(int32_t status)
{
	static const int32_t answers[] = {
		DSP_ERR(0x14),	/* unsupported */
		DSP_ERR(0x2c),	/* invalid handle */
		DSP_ERR(0x3e),	/* no such module */
		DSP_ERR(0x46),	/* no such handle */
		DSP_ERR(0x6c),	/* unsupported API */
		DSP_ERR(0x200),	/* RPC */
	};
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (status == answers[i])
			return true;
	return false;
}

/* the ".so" that ends a file name or precedes its version; NULL: none */
static const char *so_suffix(const char *name)
{
	const char *found = NULL, *c = name;

	while ((c = strstr(c, ".so"))) {
		c += 3;
		if (!*c || (c[0] == '.' && c[1] >= '0' && c[1] <= '9'))
			found = c - 3;
	}
	return found;
}

/* the stem between "lib" and "_skel.so" names the interface */
static int file_uri(const char *path, const char *domain, char *buf, size_t size)
{
	const char *base = strrchr(path, '/');
	const char *suffix;
	size_t length;
	int n;

	base = base ? base + 1 : path;
	if (!strncmp(base, "lib", 3) && base[3])
		base += 3;
	suffix = so_suffix(base);
	length = suffix ? (size_t)(suffix - base) : strlen(base);
	if (length > 5 && !strncmp(base + length - 5, "_skel", 5))
		length -= 5;
	if (!length)
		return -EINVAL;
	n = snprintf(buf, size, "file:///%s?%.*s_skel_handle_invoke&_modver=1.0&_dom=%s",
		     path, (int)length, base, domain);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int module_uri(const char *name, const char *domain, char *buf, size_t size)
{
	char path[PATH_MAX];
	size_t length = strlen(name);
	const char *c;
	int n;

	if (!length)
		return -EINVAL;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	if (strstr(name, "://")) {
		n = snprintf(buf, size, "%s", name);
		return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
	}
	/* these would end the path in the URI */
	for (c = name; *c; c++)
		if (*c == '?' || *c == '&' || (unsigned char)*c < 0x20)
			return -EINVAL;

	/* links and ".." are resolved here, where the application's rights are */
	if (strchr(name, '/') && realpath(name, path))
		return file_uri(path, domain, buf, size);
	if (strchr(name, '/') && name[0] != '/') {
		char cwd[PATH_MAX];

		/* the other end does not know our working directory */
		if (!getcwd(cwd, sizeof(cwd)))
			return -errno;
		n = snprintf(path, sizeof(path), "%s/%s", cwd, name);
		if (n < 0 || (size_t)n >= sizeof(path))
			return -ENAMETOOLONG;
		return file_uri(path, domain, buf, size);
	}
	if (strchr(name, '/') || so_suffix(name))
		return file_uri(name, domain, buf, size);
	n = snprintf(path, sizeof(path), "lib%s_skel.so", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return file_uri(path, domain, buf, size);
}

/* --- opening ------------------------------------------------------------ */

static void module_link(struct qda_module *module)
{
	struct qda_session *session = module->session;

	pthread_mutex_lock(&session->lock);
	list_add(&session->modules, &module->node);
	pthread_mutex_unlock(&session->lock);
}

/* session: NULL when it is going away, and nobody looks any more */
static void module_free(struct qda_module *module, struct qda_session *session)
{
	if (session && module->session) {
		pthread_mutex_lock(&session->lock);
		list_del(&module->node);
		pthread_mutex_unlock(&session->lock);
	}
	free(module->name);
	free(module);
}

/* What the loader answers */
struct open_reply {
	uint32_t handle;
	int32_t error;
	char text[ERROR_TEXT_SIZE];
};

/* An open that a signal has interrupted */
struct lost_open {
	struct orphan orphan;
	uint32_t remotectl;
	struct open_reply reply;
	struct invocation inv;
	struct qda_arg args[4];
};

static void lost_close_done(struct orphan *orphan, struct qda_session *session,
			    int err, int32_t status)
{
	(void)err;
	(void)status;
	(void)session;
	free(orphan);
}

/* Close a remote handle without waiting for the answer. */
static void close_async(struct qda_session *session, uint32_t remotectl,
			uint32_t handle)
{
	int32_t error;
	char text[256];
	struct qda_arg args[] = {
		QDA_IN(&handle),
		QDA_OUT_SEQ(text, sizeof(text)),
		QDA_OUT(&error),
	};
	struct orphan *lost;
	struct kapi_invoke invoke = { 0 };
	struct invocation inv;
	int err;

	lost = calloc(1, sizeof(*lost));
	err = lost ? 0 : -ENOMEM;
	if (!err)
		err = invocation_begin(&inv, session, METHOD_CLOSE(remotectl), args,
				       sizeof(args) / sizeof(args[0]));
	if (!err) {
		invoke.args = inv.kargs;
		invoke.num_args = inv.plan.num_args;
		invoke.handle = remotectl;
		invoke.scalars = inv.plan.scalars;
		invoke.flags = KAPI_INVOKE_ASYNC;
		err = kapi_invoke(session->file, &invoke);
		if (!err) {
			lost->ticket = invoke.ticket;
			lost->region = inv.region;
			lost->done = lost_close_done;
			session_orphan_add(session, lost);
			return;
		}
		invocation_end(&inv, session);
	}
	free(lost);
	log_info(session_ctx(session), "remote handle 0x%x stays open: %s", handle,
		 qda_strerror(err));
}

static void lost_open_done(struct orphan *orphan, struct qda_session *session,
			   int err, int32_t status)
{
	struct lost_open *lost = container_of(orphan, struct lost_open, orphan);

	if (session && !err && !status) {
		marshal_out(&lost->inv.plan, lost->args, 4, lost->inv.region->cpu);
		if (!lost->reply.error)
			close_async(session, lost->remotectl, lost->reply.handle);
	}
	free(lost);
}

/* foreign text becomes one printable line */
static void sanitize(char *text, size_t size)
{
	size_t len;

	text[size - 1] = '\0';
	text_make_printable(text);
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
}

/* One attempt; on -EINTR the call goes on and is looked after. */
static int try_open(struct qda_session *session, uint32_t remotectl, const char *uri,
		    struct open_reply *reply, int32_t *ret_status)
{
	struct kapi_invoke invoke = { 0 };
	struct lost_open *open;
	int err;

	open = calloc(1, sizeof(*open));
	if (!open)
		return -ENOMEM;
	open->remotectl = remotectl;
	open->args[0] = (struct qda_arg)QDA_IN_STR(uri);
	open->args[1] = QDA_OUT(&open->reply.handle);
	open->args[2] = QDA_OUT_SEQ(open->reply.text, sizeof(open->reply.text));
	open->args[3] = QDA_OUT(&open->reply.error);
	err = invocation_begin(&open->inv, session, METHOD_OPEN(remotectl), open->args,
			       4);
	if (err)
		goto free_open;
	invoke.args = open->inv.kargs;
	invoke.num_args = open->inv.plan.num_args;
	invoke.handle = remotectl;
	invoke.scalars = open->inv.plan.scalars;
	trace_call(session, &invoke, open->inv.region);
	err = session_kapi_invoke(session, &invoke);
	trace_return(session, &invoke, open->inv.region, err);
	if (err == -EINTR && invoke.ticket) {
		open->orphan.ticket = invoke.ticket;
		open->orphan.region = open->inv.region;
		open->orphan.done = lost_open_done;
		session_orphan_add(session, &open->orphan);
		return err;
	}
	if (!err && !invoke.status) {
		marshal_out(&open->inv.plan, open->args, 4, open->inv.region->cpu);
		*reply = open->reply;
		sanitize(reply->text, sizeof(reply->text));
	}
	*ret_status = invoke.status;
	invocation_end(&open->inv, session);
free_open:
	free(open);
	return err;
}

/*
 * Who names a module by its path means that file, and what lies beside it. Only that
 * directory; a name without one is searched.
 */
static int grant_module_dir(struct qda_session *session, const char *uri,
			    struct qda_failure *reterr)
{
	static const char scheme[] = "file:///";
	const char *path = uri + sizeof(scheme) - 1;
	char dir[PATH_MAX];
	size_t length;
	int n, err;

	if (!session->files || strncmp(uri, scheme, sizeof(scheme) - 1))
		return 0;
	length = strcspn(path, "?");
	while (length && path[length - 1] != '/')
		length--;
	if (length < 2)
		return 0;
	n = snprintf(dir, sizeof(dir), "%s%.*s", *path == '/' ? "" : "/",
		     (int)length - 1, path);
	if (n < 0 || (size_t)n >= sizeof(dir))
		return qda_fail(reterr, -ENAMETOOLONG, 0, "%s: loading %.200s...",
				session->device->info.dsp, uri);
	err = files_let_read(session->files, dir);
	if (err)
		return qda_fail(reterr, err, 0, "%s: loading %s: directory %s",
				session->device->info.dsp, uri, dir);
	return 0;
}

static int fail_load(struct qda_session *session, const char *uri,
		     const struct open_reply *reply, struct qda_failure *reterr)
{
	const char *text = reply->text[0] ? reply->text : "it says no more";
	char tried[2048] = "";

	if (session->files)
		files_last_tried(session->files, tried, sizeof(tried));
	return qda_fail(reterr, -EREMOTEIO, reply->error, "%s: loading %s: %s%s%s%s",
			session->device->info.dsp, uri, text, tried[0] ? " (tried " : "",
			tried, tried[0] ? ")" : "");
}

QDA_EXPORT int qda_module_open(struct qda_session *session, const char *name,
			       struct qda_module **ret_module,
			       struct qda_failure *reterr)
{
	char uri[PATH_MAX + 1024];
	struct open_reply reply;
	struct qda_module *module;
	uint32_t remotectl;
	int32_t status = 0;
	int err;

	if (!session || !name || !ret_module)
		return qda_fail(reterr, -EINVAL, 0, "no session, name or result");
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return qda_fail(reterr, err, 0, "module %s", name);
	err = module_uri(name, session->device->info.dsp, uri, sizeof(uri));
	if (err)
		return qda_fail(reterr, err, 0, "module name \"%.200s\"", name);
	err = grant_module_dir(session, uri, reterr);
	if (err)
		return err;
	module = calloc(1, sizeof(*module));
	if (module)
		module->name = strdup(name);
	if (!module || !module->name) {
		free(module);
		return qda_fail(reterr, -ENOMEM, 0, "module %s", name);
	}

	session_reap(session);
	if (session->files)
		files_forget_tried(session->files);
	remotectl = atomic_load(&session->remotectl);
	err = try_open(session, remotectl, uri, &reply, &status);
	if (!err && remotectl == REMOTECTL1 && status_lacks_interface(status)) {
		log_info(session_ctx(session),
			 "no remotectl1 (%s), going on with remotectl",
			 qda_status_name(status));
		remotectl = REMOTECTL;
		err = try_open(session, remotectl, uri, &reply, &status);
		if (!err && !status)
			atomic_store(&session->remotectl, remotectl);
	}
	if (err || status) {
		module_free(module, NULL);
		return qda_fail(reterr, err ? err : -EREMOTEIO, err ? 0 : status,
				"%s: loading %s", session->device->info.dsp, uri);
	}
	if (reply.error) {
		module_free(module, NULL);
		return fail_load(session, uri, &reply, reterr);
	}
	atomic_init(&module->refs, 1);
	module->session = qda_session_ref(session);
	module->handle = reply.handle;
	module_link(module);
	module->remotectl = remotectl;
	module->opened = true;
	*ret_module = module;
	return 0;
}

QDA_EXPORT int qda_module_from_handle(struct qda_session *session, uint32_t handle,
				      struct qda_module **ret_module)
{
	struct qda_module *module;
	int err;

	if (!session || !ret_module)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (handle == HANDLE_INIT)
		return -EPERM;
	module = calloc(1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	atomic_init(&module->refs, 1);
	module->session = qda_session_ref(session);
	module->handle = handle;
	module_link(module);
	*ret_module = module;
	return 0;
}

/* --- closing ------------------------------------------------------------ */

static void close_sync(struct qda_module *module)
{
	struct qda_session *session = module->session;
	char text[ERROR_TEXT_SIZE];
	int32_t error = 0, status = 0;
	const struct qda_arg args[] = {
		QDA_IN(&module->handle),
		QDA_OUT_SEQ(text, sizeof(text)),
		QDA_OUT(&error),
	};
	int err;

	if (atomic_load(&session->released))
		return;
	err = session_invoke(session, module->remotectl,
			     METHOD_CLOSE(module->remotectl), args,
			     sizeof(args) / sizeof(args[0]), &status);
	/* it has gone with its PD */
	if (err == -ECANCELED || err == -ENODEV || err == -EPIPE ||
	    (!err && status_is_lost(status)))
		return;
	if (err)
		log_warn(session_ctx(session), "closing remote handle 0x%x: %s",
			 module->handle, qda_strerror(err));
	else if (status || error)
		log_warn(session_ctx(session), "closing remote handle 0x%x: %s",
			 module->handle, qda_status_text(status ? status : error));
}

void module_bury(struct qda_module *module, struct qda_session *session)
{
	if (session && module->opened && !atomic_load(&session->released))
		close_async(session, module->remotectl, module->handle);
	module_free(module, session);
}

QDA_EXPORT struct qda_module *qda_module_ref(struct qda_module *module)
{
	if (module)
		atomic_fetch_add_explicit(&module->refs, 1, memory_order_relaxed);
	return module;
}

void module_put(struct qda_module *module, bool may_block)
{
	struct qda_session *session;
	bool busy;

	if (atomic_fetch_sub(&module->refs, 1) != 1)
		return;
	session = module->session;
	if (qda_ctx_check(session_ctx(session))) {
		module_free(module, NULL);
		qda_session_unref(session);
		return;
	}

	/* the DSP must not unload what it is running */
	session_reap(session);
	pthread_mutex_lock(&session->lock);
	busy = module->orphans != 0;
	module->dead = busy;
	pthread_mutex_unlock(&session->lock);
	if (!busy && may_block) {
		if (module->opened)
			close_sync(module);
		module_free(module, session);
	} else if (!busy) {
		module_bury(module, session);
	}
	qda_session_unref(session);
}

QDA_EXPORT struct qda_module *qda_module_unref(struct qda_module *module)
{
	if (module)
		module_put(module, true);
	return NULL;
}

QDA_EXPORT struct qda_session *qda_module_get_session(const struct qda_module *module)
{
	return module ? module->session : NULL;
}

QDA_EXPORT const char *qda_module_get_name(const struct qda_module *module)
{
	return module ? module->name : NULL;
}

QDA_EXPORT uint32_t qda_module_get_handle(const struct qda_module *module)
{
	return module ? module->handle : 0;
}
