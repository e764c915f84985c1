// SPDX-License-Identifier: MIT
/* Trace events: what is called, with the values of its first block, in words */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apps-mem.h"
#include "apps-std.h"
#include "firmware.h"
#include "listener.h"
#include "reverse.h"
#include "text.h"
#include "trace.h"

#define TEXT_MAX	1024
#define MAX_WORDS	8
/* what is larger is no count but scalars, an address or the like */
#define SMALL		0xffffffU
#define REMOTECTL_OPEN	0
#define REMOTECTL_CLOSE	1

#define SC_METHOD(sc)	((sc) >> 24 & 0x1f)

/* Static interfaces, methods as in their older form; a twin has two more in front */
static const struct {
	uint32_t handle, shift;
	const char *name;
	const char *const *methods;
	uint32_t num_methods;
} interfaces[] = {
#define METHODS(...) (const char *const[]){ __VA_ARGS__ }, \
		     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)
#define REMOTECTL_METHODS	METHODS("open", "close", "grow_heap", "set_param")
#define LISTENER	METHODS("next_invoke", "get_in_bufs", "init", "init2", "next2", \
				"get_in_bufs2")
#define PROCESS	METHODS("exit", "thread_exit", "set_logging_params", "getASID", \
			"setQoS", "exception", "set_logging_params2", "poll_mode", \
			"enable_notifications", "panic_err_codes")
	{ 0, 0, "remotectl", REMOTECTL_METHODS },
	{ 3, 0, "adsp_listener", LISTENER },
	{ 4, 2, "adsp_current_process1", PROCESS },
	{ 7, 2, "adsp_listener1", LISTENER },
	{ 8, 2, "remotectl1", REMOTECTL_METHODS },
};

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *len,
						      const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text + *len, TEXT_MAX - *len, format, ap);
	va_end(ap);
	if (n > 0)
		*len += (size_t)n < TEXT_MAX - *len ? (size_t)n : TEXT_MAX - *len - 1;
}

/* a block of words, as the scalars of an interface are; the first may be a handle */
static void add_words(char *text, size_t *len, const void *data, size_t size,
		      bool handle)
{
	uint32_t word;
	size_t i;

	if (!size || size % sizeof(word) || size / sizeof(word) > MAX_WORDS)
		return;
	add(text, len, " {");
	for (i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, (const char *)data + i, sizeof(word));
		if (i)
			add(text, len, ", ");
		if (!i && handle)
			add(text, len, "remote handle 0x%x", word);
		else if (word > SMALL && word < -SMALL)
			add(text, len, "0x%08x", word);
		else
			add(text, len, "%d", (int32_t)word);
	}
	add(text, len, "}");
}

/* remotectl and its twin: a method counted as in the older form */
static bool is_remotectl(uint32_t handle, uint32_t scalars, uint32_t method)
{
	return (handle == 0 && SC_METHOD(scalars) == method) ||
	       (handle == 8 && SC_METHOD(scalars) == method + 2);
}

/* a string, from one copy: the DSP may be writing to what was packed for it */
static void add_text(char *text, size_t *len, const void *data, size_t size)
{
	char copy[TEXT_MAX];
	size_t at, step, n = size < sizeof(copy) ? size : sizeof(copy);

	if (n < 2)
		return;
	memcpy(copy, data, n);
	if (n == size && copy[n - 1])
		return;
	copy[n - 1] = '\0';
	for (at = 0; (step = text_char(copy + at)); at += step)
		;
	/* bytes; or a long string, cut within its last character */
	if (at != n - 1 && (n == size || at + 4 < n))
		return;
	add(text, len, " %s", copy);
}

static void emit(struct qda_session *session, uint32_t kind, uint32_t handle,
		 uint32_t scalars, int err, int32_t status, char *text)
{
	struct qda_ctx *ctx = session_ctx(session);
	int saved_errno = errno;
	const struct qda_trace_event event = {
		.size = sizeof(event),
		.kind = kind,
		.thread = (uint32_t)syscall(SYS_gettid),
		.listener = (uint32_t)listener_is_self(session),
		.handle = handle,
		.scalars = scalars,
		.error = err,
		.status = status,
		.text = text,
	};

	text_make_printable(text);
	ctx->trace(ctx->trace_data, &event);
	errno = saved_errno;
}

void trace_write_step(struct qda_session *session, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	emit(session, QDA_TRACE_STEP, 0, 0, 0, 0, text);
}

void trace_write_control(struct qda_session *session, uint32_t scalars,
			 const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	emit(session, QDA_TRACE_CALL, HANDLE_INIT, scalars, 0, 0, text);
}

void trace_write_control_end(struct qda_session *session, uint32_t scalars,
			     const char *name, int err, int32_t status)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s", name);
	emit(session, QDA_TRACE_RETURN, HANDLE_INIT, scalars, err, err ? 0 : status,
	     text);
}

static void name_method(char *text, size_t *len, uint32_t handle, uint32_t method)
{
	size_t i;

	for (i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		uint32_t at = method - interfaces[i].shift;

		if (interfaces[i].handle != handle)
			continue;
		add(text, len, "%s", interfaces[i].name);
		if (at < interfaces[i].num_methods)
			add(text, len, " %s", interfaces[i].methods[at]);
		else
			add(text, len, " method %u", method);
		return;
	}
	add(text, len, "method %u", method);
}

void trace_method_name(char *buf, size_t size, uint32_t handle, uint32_t method)
{
	char text[TEXT_MAX] = "";
	size_t len = 0;

	name_method(text, &len, handle, method);
	snprintf(buf, size, "%s", text);
}

/* an argument that lies in the packed ones; NULL: it does not */
static const void *packed(const struct kapi_invoke *invoke, uint32_t i,
			  const struct scratch_region *region)
{
	const struct kapi_arg *arg = &invoke->args[i];

	if (!region || i >= invoke->num_args || !arg->length ||
	    arg->handle != region->handle)
		return NULL;
	return region->cpu + (arg->offset - region->offset);
}

void trace_write_call(struct qda_session *session, const struct kapi_invoke *invoke,
		      const struct scratch_region *region)
{
	uint32_t in = invoke->scalars >> 16 & 0xff, i;
	char text[TEXT_MAX] = "";
	size_t len = 0;

	name_method(text, &len, invoke->handle, SC_METHOD(invoke->scalars));
	for (i = 0; i < in; i++) {
		const char *data = packed(invoke, i, region);

		if (!data)
			continue;
		if (!i)
			add_words(text, &len, data, invoke->args[i].length,
				  is_remotectl(invoke->handle, invoke->scalars,
					       REMOTECTL_CLOSE));
		else
			add_text(text, &len, data, invoke->args[i].length);
	}
	emit(session, QDA_TRACE_CALL, invoke->handle, invoke->scalars, 0, 0, text);
}

void trace_write_return(struct qda_session *session, const struct kapi_invoke *invoke,
			const struct scratch_region *region, int err)
{
	uint32_t out = invoke->scalars >> 16 & 0xff;
	char text[TEXT_MAX] = "";
	const char *data;
	size_t len = 0;

	name_method(text, &len, invoke->handle, SC_METHOD(invoke->scalars));
	data = !err && !invoke->status ? packed(invoke, out, region) : NULL;
	if (data)
		add_words(text, &len, data, invoke->args[out].length,
			  is_remotectl(invoke->handle, invoke->scalars,
				       REMOTECTL_OPEN));
	emit(session, QDA_TRACE_RETURN, invoke->handle, invoke->scalars, err,
	     err ? 0 : invoke->status, text);
}

static void name_reverse(struct qda_session *session,
			 const struct qda_reverse_call *call, char *text, size_t *len)
{
	uint32_t method = call->method;
	const char *known = NULL;
	char buf[64];
	const char *name = reverse_name(session->reverse, call->handle, buf,
					sizeof(buf));

	if (method == 31 && call->num_in && call->in[0].size >= sizeof(method))
		memcpy(&method, call->in[0].data, sizeof(method));
	if (!strcmp(name, "apps_std"))
		known = apps_std_method_name(method);
	else if (!strcmp(name, "apps_mem"))
		known = apps_mem_method_name(method);
	else if (!call->handle && method < 2)
		known = method ? "close" : "open";
	else if (!strcmp(name, "adspmsgd_apps") && !method)
		known = "log";
	if (known)
		add(text, len, "%s %s", name, known);
	else
		add(text, len, "%s method %u", name, method);
}

static uint32_t reverse_scalars(const struct qda_reverse_call *call)
{
	return call->method << 24 | (uint32_t)call->num_in << 16 |
	       (uint32_t)call->num_out << 8;
}

void trace_write_reverse(struct qda_session *session,
			 const struct qda_reverse_call *call)
{
	char text[TEXT_MAX] = "";
	size_t len = 0, i;

	name_reverse(session, call, text, &len);
	for (i = 0; i < call->num_in; i++) {
		if (!i)
			add_words(text, &len, call->in[i].data, call->in[i].size, false);
		else
			add_text(text, &len, call->in[i].data, call->in[i].size);
	}
	emit(session, QDA_TRACE_REVERSE, call->handle, reverse_scalars(call), 0, 0,
	     text);
}

void trace_write_answer(struct qda_session *session,
			const struct qda_reverse_call *call, int32_t code)
{
	char text[TEXT_MAX] = "";
	size_t len = 0;

	name_reverse(session, call, text, &len);
	if (!code && call->num_out)
		add_words(text, &len, call->out[0].data, call->out[0].size, false);
	emit(session, QDA_TRACE_ANSWER, call->handle, reverse_scalars(call), 0, code,
	     text);
}
