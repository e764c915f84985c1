// SPDX-License-Identifier: MIT
/* --trace and --dsp-log: what goes between the program and its DSP, line by line */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

/* up to here handles are the firmware's own */
#define LAST_STATIC_HANDLE	20

static const char *const levels[] = {
	[QDA_DSP_LOG_LOW] = "low",
	[QDA_DSP_LOG_MEDIUM] = "medium",
	[QDA_DSP_LOG_HIGH] = "high",
	[QDA_DSP_LOG_ERROR] = "error",
	[QDA_DSP_LOG_FATAL] = "fatal",
};

int cli_parse_dsp_log(const char *text)
{
	size_t i;

	cli.dsp_log = true;
	cli.dsp_log_level = QDA_DSP_LOG_LOW;
	if (!text)
		return RUN_OK;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(text, levels[i]))
			continue;
		cli.dsp_log_level = (uint32_t)i;
		return RUN_OK;
	}
	return cli_fail(RUN_USAGE, "--dsp-log=%s: the levels are low, medium, high, "
				   "error, fatal", text);
}

static void print_thread(const struct qda_trace_event *event)
{
	if (event->listener)
		fputs("thread L", stderr);
	else if (event->thread == (uint32_t)getpid())
		fputs("main", stderr);
	else
		fprintf(stderr, "thread %u", event->thread);
}

static void print_target(const struct qda_trace_event *event, const char *arrow)
{
	/* the client's own handles are no remote ones */
	if (event->kind == QDA_TRACE_CALL && event->handle > LAST_STATIC_HANDLE)
		fprintf(stderr, " %s remote handle 0x%x, sc 0x%08x ", arrow,
			event->handle, event->scalars);
	else
		fprintf(stderr, " %s h %u, sc 0x%08x ", arrow, event->handle,
			event->scalars);
}

static void print_result(const struct qda_trace_event *event)
{
	if (event->error)
		fprintf(stderr, ": %s", qda_strerror(event->error));
	else if (event->status)
		fprintf(stderr, ": %s (0x%08x)", qda_status_name(event->status),
			(uint32_t)event->status);
}

void cli_trace_event(void *data, const struct qda_trace_event *event)
{
	(void)data;
	/* one line is one thread's */
	flockfile(stderr);
	print_thread(event);
	switch (event->kind) {
	case QDA_TRACE_CALL:
		print_target(event, "→");
		break;
	case QDA_TRACE_REVERSE:
		print_target(event, "←");
		break;
	case QDA_TRACE_RETURN:
	case QDA_TRACE_ANSWER:
		fputs(" = ", stderr);
		break;
	default:
		fputs(": ", stderr);
		break;
	}
	cli_print_text(stderr, event->text);
	print_result(event);
	fputc('\n', stderr);
	funlockfile(stderr);
}

static void dsp_message(void *data, const struct qda_dsp_message *message)
{
	(void)data;
	if (message->level < cli.dsp_log_level)
		return;
	flockfile(stderr);
	fprintf(stderr, "%s: ", message->dsp);
	if (*message->file) {
		cli_print_text(stderr, message->file);
		fprintf(stderr, ":%u: ", message->line);
	}
	cli_print_text(stderr, message->text);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void cli_watch(struct qda_ctx *ctx)
{
	if (cli.trace)
		qda_ctx_set_trace(ctx, cli_trace_event, NULL);
	if (cli.dsp_log)
		qda_ctx_set_dsp_log(ctx, dsp_message, NULL);
}
