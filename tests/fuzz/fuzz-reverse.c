// SPDX-License-Identifier: MIT
/*
 * Reverse calls of a hostile DSP, from packed bytes to who answers: opens, closes and
 * calls, some of them with handles that it was given. The input is a row of requests:
 * which handle, scalars, length, bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "listener.h"
#include "objects.h"
#include "plant.h"
#include "reverse.h"
#include "trace.h"

#define MAX_REQUEST	4096
#define MAX_GIVEN	8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qda_device device;
static struct qda_session session = { .device = &device };
static struct reverse_table *table;
static struct qda_reverse *app;
static uint32_t given[MAX_GIVEN];
static unsigned int num_given;
static uint8_t sum;
static bool app_called;

/* --- what reverse.c wants of the library ---------------------------------------------- */

void listener_refuse(struct qda_session *s, const char *format, ...)
{
	(void)s;
	(void)format;
}

struct qda_session *qda_session_ref(struct qda_session *s)
{
	return s;
}

struct qda_session *qda_session_unref(struct qda_session *s)
{
	(void)s;
	return NULL;
}

int qda_ctx_check(const struct qda_ctx *ctx)
{
	(void)ctx;
	return 0;
}

/* only for the warning of a call within a call, which nobody makes here */
void session_module_name(struct qda_session *s, uint32_t handle, char name[MODULE_NAME])
{
	(void)s;
	(void)handle;
	name[0] = '\0';
}

void trace_method_name(char *buf, size_t size, uint32_t handle, uint32_t method)
{
	(void)size;
	(void)handle;
	(void)method;
	buf[0] = '\0';
}

/* --- calls ------------------------------------------------------------------------------- */

static void must(bool good)
{
	if (!good)
		abort();
}

static void touch(const struct qda_reverse_call *call)
{
	const uint8_t *in;
	size_t i, k;

	for (i = 0; i < call->num_in; i++) {
		in = call->in[i].data;
		must(!in == !call->in[i].size && !((uintptr_t)in % 8));
		for (k = 0; k < call->in[i].size; k++)
			sum += in[k];
	}
	for (i = 0; i < call->num_out; i++) {
		must(!call->out[i].data == !call->out[i].size &&
		     !((uintptr_t)call->out[i].data % 8));
		/* the inputs are not behind it, nor another output's length */
		if (call->out[i].size && call->out[i].size <= MAX_REQUEST)
			memset(call->out[i].data, 0xaa, call->out[i].size);
	}
}

static int32_t builtin_call(void *data, const struct qda_reverse_call *call)
{
	must(data == &device);
	touch(call);
	return 0;
}

static int32_t app_call(void *data, const struct qda_reverse_call *call)
{
	must(data == &session);
	touch(call);
	/* only by a handle from an open that was put together rightly */
	app_called |= call->method == 3 && call->num_in == 1 && call->in[0].size &&
		      *(const uint8_t *)call->in[0].data != '1';
	/* itself may go */
	if (call->method == 9)
		app = qda_reverse_unref(app);
	return (int32_t)call->method;
}

static void check_answer(const struct reverse_frame *frame)
{
	size_t at = 0, i;
	uint32_t len;

	must(frame->answer_size <= REVERSE_MAX_SIZE);
	for (i = 0; i < frame->call.num_out; i++) {
		must(frame->answer_size - at >= sizeof(len));
		memcpy(&len, frame->answer + at, sizeof(len));
		at += sizeof(len);
		must(len == frame->call.out[i].size);
		if (!len)
			continue;
		at = (at + 7) & ~(size_t)7;
		must(frame->call.out[i].data == frame->answer + at);
		at += len;
	}
	must(at == frame->answer_size);
}

static void note_handle(const struct reverse_frame *frame)
{
	uint32_t out[2];

	memcpy(out, frame->call.out[0].data, sizeof(out));
	must(!out[1] == (out[0] != 0) && (!out[0] || out[0] > 0xff));
	if (out[0])
		given[num_given++ % MAX_GIVEN] = out[0];
}

static void one_request(uint32_t handle, uint32_t sc, const uint8_t *data, size_t size)
{
	static struct reverse_frame frame;
	uint8_t *request = malloc(size + !size);
	const char *why = NULL;
	int32_t code;

	must(request);
	memcpy(request, data, size);
	code = reverse_unpack(&frame, handle, sc, request, size, &why);
	must(!code == !why);
	if (!code) {
		check_answer(&frame);
		code = reverse_dispatch(table, &frame.call);
		check_answer(&frame);
		if (!code && !handle && !frame.call.method)
			note_handle(&frame);
		reverse_frame_free(&frame);
	}
	must(!frame.answer);
	free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t sc, handle;
	uint16_t len;
	uint8_t which;

	session.listener = (struct listener *)&session;
	num_given = 0;
	memset(given, 0, sizeof(given));
	app_called = false;
	must(!reverse_table_new(&session, &table));
	session.reverse = table;
	must(!reverse_add_builtin(table, "apps_std", builtin_call, &device));
	must(!qda_reverse_new(&session, "app", app_call, &session, &app, NULL));
	while (size >= 7) {
		which = data[0];
		memcpy(&sc, data + 1, 4);
		memcpy(&len, data + 5, 2);
		data += 7;
		size -= 7;
		if (len > size)
			len = (uint16_t)size;
		if (len > MAX_REQUEST)
			len = MAX_REQUEST;
		handle = which < 0x80 ? 0 : which < 0xf0 ? given[which % MAX_GIVEN] :
							   which * 0x01010101u;
		one_request(handle, sc, data, len);
		data += len;
		size -= len;
	}
	FUZZ_PLANT(app_called);
	qda_reverse_unref(app);
	reverse_table_free(table);
	return 0;
}
