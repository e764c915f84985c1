// SPDX-License-Identifier: MIT
/* Who answers reverse calls: modules by name, and the handles the DSP has of them */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aee.h"
#include "listener.h"
#include "objects.h"
#include "reverse.h"
#include "running.h"
#include "trace.h"

#define APPS_REMOTECTL	0
/* as many as a PD may have: each of 64 calls may hold a few */
#define MAX_HANDLES	256
#define HANDLE_SHIFT	8
#define MAX_GENERATION	0xffffffu
#define MAX_NAME	255

enum remotectl_method {
	REMOTECTL_OPEN,
	REMOTECTL_CLOSE,
};

struct qda_reverse {
	struct list node;		/* table->modules; alone: gone */
	struct reverse_table *table;
	struct qda_session *session;	/* a reference; NULL: built in */
	char *name;
	qda_reverse_fn fn;
	void *data;
};

struct reverse_handle {
	struct qda_reverse *module;	/* NULL: free */
	uint32_t number;
};

struct reverse_table {
	struct qda_session *session;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct list modules;
	struct reverse_handle handles[MAX_HANDLES];
	uint32_t generation;
	bool nested_said;		/* the listener's alone */
	struct qda_reverse *running;
	pthread_t runner;
};

int reverse_table_new(struct qda_session *session, struct reverse_table **ret_table)
{
	struct reverse_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->session = session;
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->idle, NULL);
	list_init(&table->modules);
	*ret_table = table;
	return 0;
}

static void module_free(struct qda_reverse *module)
{
	free(module->name);
	free(module);
}

void reverse_table_free(struct reverse_table *table)
{
	if (!table)
		return;
	while (!list_empty(&table->modules)) {
		struct qda_reverse *module = container_of(table->modules.next,
							  struct qda_reverse, node);

		list_del(&module->node);
		module_free(module);
	}
	pthread_cond_destroy(&table->idle);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

/* --- modules ------------------------------------------------------------------- */

static struct qda_reverse *find_module(struct reverse_table *table, const char *name,
				       size_t len)
{
	struct list *node;

	list_for_each(node, &table->modules) {
		struct qda_reverse *module =
			container_of(node, struct qda_reverse, node);

		if (strlen(module->name) == len && !memcmp(module->name, name, len))
			return module;
	}
	return NULL;
}

/* "X", or the X of "file:///libX_skel.so?...", which generated code may give */
static struct qda_reverse *find_named(struct reverse_table *table, const char *name)
{
	static const char scheme[] = "file:///lib", skel[] = "_skel.so";
	struct qda_reverse *module = find_module(table, name, strlen(name));
	const char *end;

	if (module || strncmp(name, scheme, sizeof(scheme) - 1))
		return module;
	name += sizeof(scheme) - 1;
	end = strstr(name, skel);
	if (!end || (end[sizeof(skel) - 1] && end[sizeof(skel) - 1] != '?'))
		return NULL;
	return find_module(table, name, (size_t)(end - name));
}

/* session: NULL for a built-in; else a reference of it is the module's from here on */
static int add_module(struct reverse_table *table, struct qda_session *session,
		      const char *name, qda_reverse_fn fn, void *data,
		      struct qda_reverse **ret_module)
{
	struct qda_reverse *module = calloc(1, sizeof(*module));
	int err = 0;

	if (!module)
		return -ENOMEM;
	module->table = table;
	module->fn = fn;
	module->data = data;
	module->name = strdup(name);
	if (!module->name) {
		free(module);
		return -ENOMEM;
	}
	pthread_mutex_lock(&table->lock);
	if (find_module(table, name, strlen(name))) {
		err = -EEXIST;
	} else {
		/* all before the DSP can call it, which may drop it */
		module->session = qda_session_ref(session);
		*ret_module = module;
		list_add(&table->modules, &module->node);
	}
	pthread_mutex_unlock(&table->lock);
	if (err)
		module_free(module);
	return err;
}

int reverse_add_builtin(struct reverse_table *table, const char *name,
			qda_reverse_fn fn, void *data)
{
	struct qda_reverse *module;

	return add_module(table, NULL, name, fn, data, &module);
}

static bool is_name(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.' && *c != '-')
			return false;
	return c > name && c - name <= MAX_NAME;
}

QDA_EXPORT int qda_reverse_new(struct qda_session *session, const char *name,
			       qda_reverse_fn fn, void *data,
			       struct qda_reverse **ret_reverse,
			       struct qda_failure *reterr)
{
	int err;

	if (!session || !name || !fn || !ret_reverse)
		return qda_fail(reterr, -EINVAL, 0,
				"reverse module: no session, name, function or result");
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return qda_fail(reterr, err, 0, "reverse module %.255s", name);
	if (!is_name(name))
		return qda_fail(reterr, -EINVAL, 0,
				"reverse module \"%.255s\": a name has 1 to %d letters, digits, '_', '.' and '-'",
				name, MAX_NAME);
	if (!session->listener)
		return qda_fail(reterr, -EOPNOTSUPP, 0,
				"reverse module %s: the session was opened without a listener",
				name);
	err = add_module(session->reverse, session, name, fn, data, ret_reverse);
	return err ? qda_fail(reterr, err, 0, "reverse module %s", name) : 0;
}

QDA_EXPORT struct qda_reverse *qda_reverse_unref(struct qda_reverse *module)
{
	struct reverse_table *table;
	struct qda_session *session;
	size_t i;

	if (!module)
		return NULL;
	table = module->table;
	session = module->session;
	if (!qda_ctx_check(session_ctx(session))) {
		pthread_mutex_lock(&table->lock);
		list_del(&module->node);
		for (i = 0; i < MAX_HANDLES; i++)
			if (table->handles[i].module == module)
				table->handles[i].module = NULL;
		/* itself may drop it, and is the last thing that it does then */
		while (table->running == module &&
		       !pthread_equal(table->runner, pthread_self()))
			pthread_cond_wait(&table->idle, &table->lock);
		if (table->running == module)
			table->running = NULL;
		pthread_mutex_unlock(&table->lock);
		module_free(module);
	}
	qda_session_unref(session);
	return NULL;
}

/* --- handles -------------------------------------------------------------------- */

static struct reverse_handle *find_handle(struct reverse_table *table, uint32_t number)
{
	struct reverse_handle *h = &table->handles[number % MAX_HANDLES];

	return h->module && h->number == number ? h : NULL;
}

const char *reverse_name(struct reverse_table *table, uint32_t handle, char *buf,
			 size_t size)
{
	struct reverse_handle *h;

	if (handle == APPS_REMOTECTL)
		return "apps_remotectl";
	pthread_mutex_lock(&table->lock);
	h = find_handle(table, handle);
	if (h)
		snprintf(buf, size, "%s", h->module->name);
	else
		snprintf(buf, size, "handle 0x%x", handle);
	pthread_mutex_unlock(&table->lock);
	return buf;
}

static int32_t open_name(struct reverse_table *table, const char *name,
			 uint32_t *ret_handle)
{
	struct qda_reverse *module;
	int32_t code = AEE_ENOSUCHMOD;
	uint32_t i;

	pthread_mutex_lock(&table->lock);
	module = find_named(table, name);
	for (i = 0; module && i < MAX_HANDLES; i++) {
		struct reverse_handle *h = &table->handles[i];

		if (h->module)
			continue;
		/* never a number that was given out lately, and none of the static */
		table->generation = table->generation % MAX_GENERATION + 1;
		h->number = table->generation << HANDLE_SHIFT | i;
		h->module = module;
		*ret_handle = h->number;
		break;
	}
	if (module)
		code = i < MAX_HANDLES ? 0 : AEE_EOUTOFHANDLES;
	pthread_mutex_unlock(&table->lock);
	return code;
}

static int32_t close_handle(struct reverse_table *table, uint32_t number)
{
	struct reverse_handle *h;

	pthread_mutex_lock(&table->lock);
	h = find_handle(table, number);
	if (h)
		h->module = NULL;
	pthread_mutex_unlock(&table->lock);
	return h ? 0 : AEE_EINVHANDLE;
}

/* all blocks of exactly these sizes; SIZE_MAX: any */
static bool shape(const struct qda_reverse_call *call, size_t in, size_t in0, size_t out,
		  size_t out0)
{
	return call->num_in == in && call->num_out == out && call->in[0].size == in0 &&
	       call->out[0].size == out0;
}

static void put_text(const struct qda_reverse_arg *arg, const char *text)
{
	if (arg->size)
		snprintf(arg->data, arg->size, "%s", text);
}

static int32_t remotectl_open(struct reverse_table *table,
			      const struct qda_reverse_call *call)
{
	uint32_t in[2], out[2] = { 0 };
	const char *name;

	if (!shape(call, 2, sizeof(in), 2, sizeof(out)))
		return AEE_EBADPARM;
	memcpy(in, call->in[0].data, sizeof(in));
	name = call->in[1].data;
	if (!in[0] || in[0] > call->in[1].size || in[1] > call->out[1].size ||
	    !memchr(name, '\0', in[0]))
		return AEE_EBADPARM;
	out[1] = (uint32_t)open_name(table, name, &out[0]);
	if (out[1]) {
		listener_refuse(table->session, "opening \"%.300s\": %s", name,
				out[1] == AEE_ENOSUCHMOD ?
					"nothing is registered under this name" :
					"too many handles are open");
		put_text(&call->out[1], out[1] == AEE_ENOSUCHMOD ?
						"nothing is registered under this name" :
						"too many handles are open");
	}
	memcpy(call->out[0].data, out, sizeof(out));
	return 0;
}

static int32_t remotectl_close(struct reverse_table *table,
			       const struct qda_reverse_call *call)
{
	uint32_t in[2], out;

	if (!shape(call, 1, sizeof(in), 2, sizeof(out)))
		return AEE_EBADPARM;
	memcpy(in, call->in[0].data, sizeof(in));
	out = (uint32_t)close_handle(table, in[0]);
	memcpy(call->out[0].data, &out, sizeof(out));
	return 0;
}

static int32_t remotectl(struct reverse_table *table,
			 const struct qda_reverse_call *call)
{
	switch (call->method) {
	case REMOTECTL_OPEN:
		return remotectl_open(table, call);
	case REMOTECTL_CLOSE:
		return remotectl_close(table, call);
	default:
		return AEE_EUNSUPPORTED;
	}
}

__thread struct qda_session *running_served;

void running_nested(struct qda_session *session, uint32_t handle, uint32_t method)
{
	struct reverse_table *table = session->reverse;
	char module[MODULE_NAME], name[64];

	if (table->nested_said)
		return;
	table->nested_said = true;
	session_module_name(session, handle, module);
	trace_method_name(name, sizeof(name), handle, method);
	log_warn(session_ctx(session),
		 "%s: %s%s%s is called by a reverse function: if it calls the application itself, or reads a file, it waits until the session is released, see docs/reverse-calls.md",
		 session->device->info.dsp, name, *module ? " of " : "", module);
}

int32_t reverse_dispatch(struct reverse_table *table, struct qda_reverse_call *call)
{
	struct qda_reverse *module = NULL;
	struct reverse_handle *h;
	qda_reverse_fn fn = NULL;
	void *data = NULL;
	int32_t code;

	if (call->handle == APPS_REMOTECTL) {
		code = remotectl(table, call);
		if (code)
			listener_refuse(table->session,
					"method %u of apps_remotectl: %s", call->method,
					code == AEE_EUNSUPPORTED ? "there is none" :
								   "malformed");
		return code;
	}
	pthread_mutex_lock(&table->lock);
	h = find_handle(table, call->handle);
	if (h) {
		module = h->module;
		fn = module->fn;
		data = module->data;
		table->running = module;
		table->runner = pthread_self();
	}
	pthread_mutex_unlock(&table->lock);
	if (!module) {
		listener_refuse(table->session, "method %u of handle 0x%x: not open",
				call->method, call->handle);
		return AEE_EINVHANDLE;
	}
	running_served = table->session;
	code = fn(data, call);
	running_served = NULL;
	pthread_mutex_lock(&table->lock);
	table->running = NULL;
	pthread_cond_broadcast(&table->idle);
	pthread_mutex_unlock(&table->lock);
	return code;
}
