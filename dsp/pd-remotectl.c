// SPDX-License-Identifier: MIT
/* remotectl: opening and closing modules, and the handles it gives out */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pd.h"

#define MAX_HANDLES	256
#define HANDLE_SHIFT	8
#define ERROR_TEXT	4096

/* state word of a handle: generation, closing, calls that run */
#define STATE_GEN_SHIFT	32
#define STATE_CLOSING	(1ULL << 31)
#define STATE_CALLS	(STATE_CLOSING - 1)

enum remotectl_method {
	REMOTECTL_OPEN,
	REMOTECTL_CLOSE,
	REMOTECTL_GROW_HEAP,
	REMOTECTL_SET_PARAM,
};

/* of set_param: { priority, stack size } of DSP threads */
#define PARAM_THREAD	1u

struct handle {
	_Atomic uint64_t state;		/* generation 0: free */
	struct module module;
	/* interfaces this runtime serves itself instead of a module */
	int32_t (*builtin)(struct pd_call *call, remote_arg *pra);
	remote_handle64 instance;
	bool has_instance;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle handles[MAX_HANDLES];
static uint32_t next_generation = 1;

static int32_t serve_process(struct pd_call *call, remote_arg *pra)
{
	return process_invoke(call, payload_method(call->msg.sc), pra);
}

/* The compiler's open and close of a remote_handle64 interface */
static int32_t open_instance(struct handle *handle, const char *name, size_t len)
{
	uint32_t prim = (uint32_t)len;
	remote_arg pra[3] = {
		{ .buf = { &prim, sizeof(prim) } },
		{ .buf = { (void *)(uintptr_t)name, len } },
	};
	int32_t status =
		handle->module.invoke(0, REMOTE_SCALARS_MAKEX(0, 0, 2, 0, 0, 1), pra);

	/* an interface without handles is called with handle 0 */
	if (status == DSP_EUNSUPPORTED || status == 0x14)
		return 0;
	if (!status) {
		handle->instance = pra[2].h64;
		handle->has_instance = true;
	}
	return status;
}

static int32_t close_module(struct handle *handle)
{
	remote_arg pra = { .h64 = handle->instance };
	int32_t status = 0;

	if (handle->has_instance)
		status = handle->module.invoke(
			handle->instance, REMOTE_SCALARS_MAKEX(0, 1, 0, 0, 1, 0), &pra);
	if (!handle->builtin)
		loader_close(&handle->module);
	return status;
}

/* takes what is in proto, on success */
static int32_t add_handle(const struct handle *proto, uint32_t *ret_handle)
{
	unsigned int i;
	uint32_t generation;

	pthread_mutex_lock(&lock);
	for (i = 0; i < MAX_HANDLES; i++) {
		struct handle *h = &handles[i];

		if (atomic_load(&h->state))
			continue;
		generation = next_generation++;
		/* 24 bits of it are in the number, which must not be static */
		if (next_generation >> (32 - HANDLE_SHIFT))
			next_generation = 1;
		h->module = proto->module;
		h->builtin = proto->builtin;
		h->instance = proto->instance;
		h->has_instance = proto->has_instance;
		atomic_store(&h->state, (uint64_t)generation << STATE_GEN_SHIFT);
		pthread_mutex_unlock(&lock);
		*ret_handle = generation << HANDLE_SHIFT | i;
		return 0;
	}
	pthread_mutex_unlock(&lock);
	return DSP_ENOMORE;
}

static struct handle *get_handle(uint32_t number)
{
	struct handle *h = &handles[number & (MAX_HANDLES - 1)];
	uint64_t state = atomic_load_explicit(&h->state, memory_order_relaxed);

	do {
		if (state >> STATE_GEN_SHIFT != number >> HANDLE_SHIFT || !state ||
		    state & STATE_CLOSING)
			return NULL;
	} while (!atomic_compare_exchange_weak(&h->state, &state, state + 1));
	return h;
}

/* The last one out closes; what that answers is returned. */
static int32_t put_handle(struct handle *h)
{
	uint64_t state = atomic_fetch_sub(&h->state, 1) - 1;
	int32_t status;

	if (!(state & STATE_CLOSING) || state & STATE_CALLS)
		return 0;
	status = close_module(h);
	atomic_store(&h->state, 0);
	return status;
}

static int32_t close_handle(uint32_t number)
{
	struct handle *h = get_handle(number);

	if (!h)
		return DSP_EINVHANDLE;
	if (atomic_fetch_or(&h->state, STATE_CLOSING) & STATE_CLOSING) {
		put_handle(h);
		return DSP_EINVHANDLE;
	}
	return put_handle(h);
}

int32_t remotectl_dispatch(struct pd_call *call, remote_arg *pra)
{
	struct handle *h = get_handle(call->msg.handle);
	int32_t status;

	if (!h)
		return DSP_EINVHANDLE;
	if (h->builtin)
		status = h->builtin(call, pra);
	else
		status = h->module.invoke(h->instance, call->msg.sc, pra);
	put_handle(h);
	return status;
}

static bool is_named(const char *name, const struct uri *uri, const char *interface)
{
	size_t len = strlen(interface);

	if (!strcmp(name, interface))
		return true;
	return uri && !strncmp(uri->file, "lib", 3) &&
	       !strncmp(uri->file + 3, interface, len) &&
	       !strcmp(uri->file + 3 + len, "_skel.so");
}

static int32_t load_module(const struct uri *uri, struct module *module, char *text,
			   size_t size)
{
	const struct builtin *builtin = builtin_find(uri);

	if (!builtin)
		return loader_open(uri, module, text, size);
	if (uri->symbol[0] && strcmp(uri->symbol, builtin->symbol)) {
		snprintf(text, size, "%s: has no symbol %s", uri->file, uri->symbol);
		return DSP_ENOSUCHSYMBOL;
	}
	module->invoke = builtin->invoke;
	return 0;
}

static bool is_static(const char *interface, struct module *module)
{
	const struct builtin *builtin;
	struct uri uri = { 0 };

	snprintf(uri.file, sizeof(uri.file), "lib%s_skel.so", interface);
	builtin = static_builtin(&uri);
	if (builtin)
		module->invoke = builtin->invoke;
	return builtin;
}

static int32_t open_module(const char *name, size_t len, uint32_t *ret_handle,
			   char *text, size_t size)
{
	struct handle proto = { 0 };
	struct uri uri;
	bool is_uri = uri_parse(name, len, &uri);
	int32_t status = 0;

	if (is_named(name, is_uri ? &uri : NULL, "adsp_current_process")) {
		proto.builtin = serve_process;
	} else if (is_named(name, is_uri ? &uri : NULL, "adsp_current_process1")) {
		proto.builtin = process_invoke1;
	} else if (!is_uri && is_static(name, &proto.module)) {
		/* as some daemons name it */
	} else if (!is_uri) {
		snprintf(text, size, "%.200s: not a module's name (\"file:///"
				     "libX_skel.so?X_skel_handle_invoke\")", name);
		return DSP_EINVALIDFILENAME;
	} else {
		status = load_module(&uri, &proto.module, text, size);
		if (status)
			return status;
		status = open_instance(&proto, name, len);
		if (status) {
			snprintf(text, size, "%s: its open method answered %#x",
				 uri.file, (uint32_t)status);
			loader_close(&proto.module);
			return status;
		}
	}
	status = add_handle(&proto, ret_handle);
	if (status) {
		snprintf(text, size, "%d modules are open already", MAX_HANDLES);
		close_module(&proto);
	}
	return status;
}

/* A result and its text go out together, the text cut to what it may take. */
static void put_text(const remote_arg *arg, uint32_t capacity, const char *text)
{
	size_t size = arg->buf.nLen < capacity ? arg->buf.nLen : capacity;
	size_t len = strlen(text);

	if (!size)
		return;
	if (len >= size)
		len = size - 1;
	memcpy(arg->buf.pv, text, len);
	memset((char *)arg->buf.pv + len, 0, size - len);
}

static int32_t do_open(uint32_t sc, remote_arg *pra)
{
	char name[URI_MAX], text[ERROR_TEXT] = "";
	uint32_t in[2], out[2] = { 0 };
	size_t len;

	if (payload_in(sc) != 2 || payload_out(sc) != 2 || payload_in_handles(sc) ||
	    pra[0].buf.nLen < sizeof(in) || pra[2].buf.nLen < sizeof(out))
		return DSP_EBADPARM;
	memcpy(in, pra[0].buf.pv, sizeof(in));
	len = in[0];
	if (!len || len > pra[1].buf.nLen || in[1] > pra[3].buf.nLen)
		return DSP_EBADPARM;
	if (len > sizeof(name)) {
		snprintf(text, sizeof(text), "a module's name of %zu bytes is too long",
			 len);
		out[1] = (uint32_t)DSP_EINVALIDFILENAME;
	} else {
		memcpy(name, pra[1].buf.pv, len);
		if (name[len - 1])
			return DSP_EBADPARM;
		out[1] = (uint32_t)open_module(name, strlen(name) + 1, &out[0], text,
					       sizeof(text));
	}
	memcpy(pra[2].buf.pv, out, sizeof(out));
	put_text(&pra[3], in[1], text);
	return 0;
}

static int32_t do_close(uint32_t sc, remote_arg *pra)
{
	uint32_t in[2], out;

	if (payload_in(sc) != 1 || payload_out(sc) != 2 || payload_in_handles(sc) ||
	    pra[0].buf.nLen < sizeof(in) || pra[1].buf.nLen < sizeof(out))
		return DSP_EBADPARM;
	memcpy(in, pra[0].buf.pv, sizeof(in));
	if (in[1] > pra[2].buf.nLen)
		return DSP_EBADPARM;
	out = (uint32_t)close_handle(in[0]);
	memcpy(pra[1].buf.pv, &out, sizeof(out));
	put_text(&pra[2], in[1],
		 out == (uint32_t)DSP_EINVHANDLE ? "no module has this handle" :
		 out				 ? "its close method failed" :
						   "");
	return 0;
}

static int32_t do_set_param(uint32_t sc, remote_arg *pra)
{
	uint32_t in[2], values[2];

	if (payload_in(sc) != 2 || payload_out(sc) || payload_in_handles(sc) ||
	    pra[0].buf.nLen < sizeof(in))
		return DSP_EBADPARM;
	memcpy(in, pra[0].buf.pv, sizeof(in));
	if (pra[1].buf.nLen / sizeof(uint32_t) < in[1])
		return DSP_EBADPARM;
	if (in[0] != PARAM_THREAD)
		return DSP_EUNSUPPORTED;
	if (in[1] < 2)
		return DSP_EBADPARM;
	memcpy(values, pra[1].buf.pv, sizeof(values));
	tuning_set_threads(values[0], values[1]);
	return 0;
}

int32_t remotectl_invoke(struct pd_call *call, unsigned int method, remote_arg *pra)
{
	switch (method) {
	case REMOTECTL_OPEN:
		return do_open(call->msg.sc, pra);
	case REMOTECTL_CLOSE:
		return do_close(call->msg.sc, pra);
	case REMOTECTL_SET_PARAM:
		return do_set_param(call->msg.sc, pra);
	default:
		return DSP_EUNSUPPORTED;
	}
}
