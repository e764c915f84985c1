// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call-args.h"
#include "common.h"

struct cli cli = { .log_level = QDA_LOG_WARNING };
volatile sig_atomic_t cli_interrupted;
/* why results could not be written, before closing made it something else */
static int stdout_errno;

/*
 * A signal that comes just before a blocking call would be missed, so the alarm
 * interrupts again each second until target_close() stops it.
 */
static void on_signal(int sig)
{
	if (sig != SIGALRM)
		cli_interrupted = 1;
	if (cli_interrupted)
		alarm(1);
}

void cli_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	/* a second one kills */
	action.sa_flags = SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void on_signal_closing(int sig)
{
	static const char interrupted[] = "qda-run: interrupted while closing\n";
	static const char timeout[] =
		"qda-run: ending the PD was not answered in time\n";
	ssize_t n;

	if (sig == SIGALRM)
		n = write(STDERR_FILENO, timeout, sizeof(timeout) - 1);
	else
		n = write(STDERR_FILENO, interrupted, sizeof(interrupted) - 1);
	(void)n;
	_exit(sig == SIGALRM ? RUN_OTHER : RUN_INTERRUPTED);
}

/*
 * Closing waits for the DSP, which may never answer: a signal ends the program at
 * once then, and its end is what ends the PD.
 */
static void catch_signals_closing(void)
{
	struct sigaction action = { .sa_handler = on_signal_closing };

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* a character that a terminal acts upon: C0, C1, ends of lines, changes of direction */
static bool is_control(const char *text, size_t n)
{
	static const char acts[][4] = {
		"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
		"\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
	};
	const unsigned char *c = (const unsigned char *)text;
	size_t i;

	if (n == 1)
		return *c < 0x20 || *c == 0x7f;
	if (n == 2 && c[0] == 0xc2)
		return c[1] < 0xa0;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (n == strlen(acts[i]) && !memcmp(text, acts[i], n))
			return true;
	return false;
}

void cli_print_text(FILE *file, const char *text)
{
	size_t left = strlen(text), n;

	while (left) {
		n = utf8_length(text, left);
		if (!n || is_control(text, n)) {
			fprintf(file, "\\x%02x", (unsigned char)*text);
			n = 1;
		} else {
			fwrite(text, 1, n, file);
		}
		text += n;
		left -= n;
	}
}

static int report(int exit_status, int err, int32_t status, const char *message)
{
	struct json json;

	if (cli_interrupted) {
		exit_status = RUN_INTERRUPTED;
		message = "interrupted; what was running was ended with its session";
		err = EINTR;
		status = 0;
	}
	fflush(stdout);
	fputs("qda-run: ", stderr);
	cli_print_text(stderr, message);
	fputc('\n', stderr);
	if (!cli.json)
		return exit_status;
	json_init(&json, stdout);
	json_object(&json, NULL);
	json_object(&json, "error");
	json_string(&json, "message", message);
	json_int(&json, "exit_status", exit_status);
	if (err)
		json_int(&json, "errno", err);
	if (status) {
		json_uint(&json, "status", (uint32_t)status);
		json_string(&json, "status_name", qda_status_name(status));
	}
	json_object_end(&json);
	json_object_end(&json);
	return exit_status;
}

static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

static int vfail(int exit_status, int err, int32_t status, const char *format,
		 va_list ap)
{
	char message[4096];
	const char *text = "", *advice = "";
	char number[64];

	vsnprintf(message, sizeof(message), format, ap);
	if (status) {
		snprintf(number, sizeof(number), " (%s, 0x%08x)",
			 qda_status_name(status), (uint32_t)status);
		text = qda_status_text(status);
		advice = qda_status_advice(status);
	} else if (err) {
		text = qda_strerror(err);
		advice = qda_error_advice(err);
	}
	if (*text) {
		append(message, sizeof(message), ": ");
		append(message, sizeof(message), text);
		if (status)
			append(message, sizeof(message), number);
	}
	if (*advice) {
		append(message, sizeof(message), ". ");
		append(message, sizeof(message), advice);
	}
	return report(exit_status, err < 0 ? -err : err, status, message);
}

int cli_fail(int exit_status, const char *format, ...)
{
	va_list ap;
	int ret;

	va_start(ap, format);
	ret = vfail(exit_status, 0, 0, format, ap);
	va_end(ap);
	return ret;
}

int cli_fail_errno(int exit_status, int err, const char *format, ...)
{
	va_list ap;
	int ret;

	va_start(ap, format);
	ret = vfail(exit_status, err, 0, format, ap);
	va_end(ap);
	return ret;
}

int cli_fail_status(int exit_status, int32_t status, const char *format, ...)
{
	va_list ap;
	int ret;

	va_start(ap, format);
	ret = vfail(exit_status, 0, status, format, ap);
	va_end(ap);
	return ret;
}

int cli_fail_failure(int exit_status, int err, const struct qda_failure *failure)
{
	if (!failure->message[0])
		return cli_fail_errno(exit_status, err, "failed");
	return report(exit_status, err < 0 ? -err : err, failure->status,
		      failure->message);
}

int cli_invoke(struct qda_call *call, int32_t *ret_status)
{
	int err;

	/* every result here is collected, so -EAGAIN was a signal: make it again */
	do
		err = qda_call_invoke(call, ret_status);
	while (err == -EAGAIN && !cli_interrupted);
	while (err == -EINTR && !cli_interrupted)
		err = qda_call_wait(call, -1, ret_status);
	return err;
}

int cli_getopt(int argc, char **argv, const struct option *options, const char *help,
	       int *ret_exit)
{
	static const char *const levels[] = {
		"none", "err", "warning", "info", "debug",
	};
	static const int priorities[] = {
		QDA_LOG_NONE, QDA_LOG_ERR, QDA_LOG_WARNING, QDA_LOG_INFO, QDA_LOG_DEBUG,
	};
	const char *shown, *sub = cli.command ? cli.command : "";
	const char *space = *sub ? " " : "";
	size_t i;
	int c;

	opterr = 0;
	for (;;) {
		int before = optind ? optind : 1;

		/* the program's own options end at the subcommand */
		c = getopt_long(argc, argv, cli.command ? ":" : "+:", options, NULL);
		shown = before < argc ? argv[before] : "";
		if (optind > before && optind - 1 < argc)
			shown = argv[optind - 1];
		*ret_exit = RUN_USAGE;
		switch (c) {
		case OPT_DEVICE:
			cli.device = optarg;
			break;
		case OPT_JSON:
			cli.json = true;
			break;
		case OPT_LOG:
			for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
				if (!strcmp(optarg, levels[i]))
					break;
			}
			if (i == sizeof(levels) / sizeof(levels[0])) {
				cli_fail(RUN_USAGE,
					 "--log %s: the levels are none, err, "
					 "warning, info, debug",
					 optarg);
				return -2;
			}
			cli.log_level = priorities[i];
			break;
		case OPT_TRACE:
			cli.trace = true;
			break;
		case OPT_DSP_LOG:
			if (cli_parse_dsp_log(optarg))
				return -2;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			*ret_exit = cli_finish(RUN_OK);
			return -2;
		case ':':
			cli_fail(RUN_USAGE, "option %s needs a value; see 'qda-run%s%s "
					    "--help'", shown, space, sub);
			return -2;
		case '?':
			if (optopt >= 256)
				cli_fail(RUN_USAGE,
					 "option %s takes no value; see "
					 "'qda-run%s%s --help'",
					 shown, space, sub);
			else
				cli_fail(RUN_USAGE,
					 "unknown option %s; see 'qda-run%s%s "
					 "--help'",
					 shown, space, sub);
			return -2;
		default:
			return c;
		}
	}
}

int cli_number(const char *option, const char *text, uint64_t min, uint64_t max,
	       uint64_t *ret_value)
{
	uint64_t value;

	if (call_parse_size(text, strlen(text), &value) || value < min || value > max) {
		cli_fail(RUN_USAGE, "%s %s: a whole number from %llu to %llu is needed",
			 option, text, (unsigned long long)min,
			 (unsigned long long)max);
		return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

static void log_message(void *data, int priority, const char *file, int line,
			const char *func, const char *message)
{
	(void)data;
	if (priority > QDA_LOG_INFO)
		fprintf(stderr, "qda-run: debug: %s:%d: %s: ", file, line, func);
	else
		fprintf(stderr, "qda-run: %s: ",
			priority <= QDA_LOG_ERR ? "error" :
			priority <= QDA_LOG_WARNING ? "warning" : "info");
	cli_print_text(stderr, message);
	fputc('\n', stderr);
}

int cli_ctx_make(struct qda_ctx **ret_ctx)
{
	struct qda_ctx_opts opts = {
		.size = sizeof(opts),
		.log = log_message,
		.log_level = cli.log_level,
	};
	int err = qda_ctx_new(&opts, ret_ctx);

	if (!err)
		cli_watch(*ret_ctx);
	return err;
}

int cli_ctx_new(struct qda_ctx **ret_ctx)
{
	int err = cli_ctx_make(ret_ctx);

	if (err < 0)
		return cli_fail_errno(RUN_OTHER, err, "cannot create a context");
	return RUN_OK;
}

int target_open_device(struct target *target)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err, ret;

	if (!target->ctx) {
		ret = cli_ctx_new(&target->ctx);
		if (ret)
			return ret;
	}
	err = qda_device_open(target->ctx, cli.device, &target->device, &failure);
	if (err < 0)
		return cli_fail_failure(RUN_DEVICE, err, &failure);
	return RUN_OK;
}

int session_exit_status(int err)
{
	switch (err) {
	case -EPIPE:
	case -ENODEV:
		return RUN_LOST;
	case -EBADMSG:	/* the shell image or its signature */
	case -E2BIG:
		return RUN_DATA;
	default:
		return RUN_SESSION;
	}
}

int target_open_session(struct target *target, const struct qda_session_opts *opts)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = qda_session_open(target->device, opts, &target->session, &failure);
	if (err < 0)
		return cli_fail_failure(session_exit_status(err), err, &failure);
	return RUN_OK;
}

int target_open_module(struct target *target, const char *name,
		       struct qda_module **ret_module)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module **modules;
	uint64_t handle;
	int err;

	modules = realloc(target->modules,
			  (target->num_modules + 1) * sizeof(*modules));
	if (!modules)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "module %s", name);
	target->modules = modules;
	if (!strncmp(name, "handle=", 7)) {
		if (call_parse_size(name + 7, strlen(name + 7), &handle) ||
		    handle > UINT32_MAX)
			return cli_fail(RUN_USAGE, "'%s': a handle is a number of 32 "
						   "bits", name);
		err = qda_module_from_handle(target->session, (uint32_t)handle,
					     ret_module);
		if (err < 0)
			return cli_fail_errno(RUN_SESSION, err, "cannot use handle %s",
					      name + 7);
		modules[target->num_modules++] = *ret_module;
		return RUN_OK;
	}
	err = qda_module_open(target->session, name, ret_module, &failure);
	if (err < 0)
		return cli_fail_failure(err == -EPIPE || err == -ENODEV ||
					qda_status_is_lost(failure.status) ?
						RUN_LOST : RUN_SESSION,
					err, &failure);
	modules[target->num_modules++] = *ret_module;
	return RUN_OK;
}

/* the last module goes with its PD */
static void end_pd(struct target *target)
{
	size_t i;
	int err;

	for (i = 0; i + 1 < target->num_modules; i++)
		target->modules[i] = qda_module_unref(target->modules[i]);
	do
		err = qda_session_exit(target->session, -1);
	while (err == -EINTR);
}

void target_close(struct target *target, bool abandon)
{
	if (fflush(stdout))
		stdout_errno = errno;
	alarm(0);
	catch_signals_closing();
	alarm(target->close_timeout);
	if (target->session && (abandon || cli_interrupted))
		qda_session_release(target->session);
	else if (target->session)
		end_pd(target);
	while (target->num_modules)
		qda_module_unref(target->modules[--target->num_modules]);
	free(target->modules);
	target->modules = NULL;
	target->session = qda_session_unref(target->session);
	target->device = qda_device_unref(target->device);
	target->ctx = qda_ctx_unref(target->ctx);
	alarm(0);
}

int cli_finish(int exit_status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "qda-run: cannot write standard output: %s\n",
			strerror(stdout_errno ? stdout_errno : errno));
		return exit_status ? exit_status : RUN_OTHER;
	}
	return exit_status;
}

uint64_t cli_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

const char *cli_bytes(uint64_t bytes, char *text)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	uint64_t rest = 0;

	while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	if (rest)
		snprintf(text, 24, "%.1f %s", (double)bytes + (double)rest / 1024.0,
			 units[unit]);
	else
		snprintf(text, 24, "%llu %s", (unsigned long long)bytes, units[unit]);
	return text;
}
