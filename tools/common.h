/* SPDX-License-Identifier: MIT */
/* What the subcommands of qda-run share. */
#ifndef QDA_RUN_COMMON_H
#define QDA_RUN_COMMON_H

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <qda/qda.h>

#include "json.h"

/* Exit statuses; documented in qda-run(1) and --help. */
enum {
	RUN_OK = 0,
	RUN_STATUS = 1,		/* the remote method returned a non-zero status */
	RUN_USAGE = 2,
	RUN_DEVICE = 3,		/* no device, or it cannot be opened */
	RUN_SESSION = 4,	/* session or module could not be opened */
	RUN_DATA = 5,		/* input unreadable, truncated or too large */
	RUN_LOST = 6,		/* the DSP or the PD was lost */
	RUN_OTHER = 7,
	RUN_INTERRUPTED = 130,
};

struct cli {
	const char *command;	/* subcommand, NULL before it is known */
	const char *device;	/* NULL: the library's choice */
	bool json;
	int log_level;
	bool trace;		/* show every call, both ways */
	bool dsp_log;		/* show what DSP code logs */
	uint32_t dsp_log_level;	/* enum qda_dsp_log_level: from here up */
};

extern struct cli cli;
/* set by SIGINT and SIGTERM; blocking calls then return -EINTR again and again */
extern volatile sig_atomic_t cli_interrupted;

void cli_catch_signals(void);

/* Report an error, as a sentence or as JSON, and return exit_status. */
int cli_fail(int exit_status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "...: what err means. Advice." */
int cli_fail_errno(int exit_status, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for what the DSP answered. */
int cli_fail_status(int exit_status, int32_t status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The library has said why. */
int cli_fail_failure(int exit_status, int err, const struct qda_failure *failure);

/* Make the call; a signal that is not ours to end on, such as SIGCONT, ends nothing. */
int cli_invoke(struct qda_call *call, int32_t *ret_status);

/* Options every subcommand takes; their values are from 256 up. */
enum {
	OPT_DEVICE = 256,
	OPT_JSON,
	OPT_LOG,
	OPT_TRACE,
	OPT_DSP_LOG,
	OPT_HELP,
	OPT_OWN,		/* first value for a subcommand's own */
};
#define CLI_OPTIONS \
	{ "device", required_argument, NULL, OPT_DEVICE }, \
	{ "json", no_argument, NULL, OPT_JSON }, \
	{ "log", required_argument, NULL, OPT_LOG }, \
	{ "trace", no_argument, NULL, OPT_TRACE }, \
	{ "dsp-log", optional_argument, NULL, OPT_DSP_LOG }, \
	{ "help", no_argument, NULL, OPT_HELP }
#define CLI_OPTIONS_HELP \
	"      --device NAME   cdsp, /dev/accel/accelN, soft:cdsp (or QDA_DEVICE)\n" \
	"      --trace         show each call between here and the DSP, both ways\n" \
	"      --dsp-log[=LEVEL]  messages of DSP code: low, medium, high, error, fatal\n" \
	CLI_COMMON_HELP
/* of commands that are about no one device */
#define CLI_COMMON_HELP \
	"      --json          results and errors as one JSON document\n" \
	"      --log LEVEL     library messages: none, err, warning (default), info, debug\n" \
	"      --help          this text\n"
#define CLI_EXIT_HELP \
	"Exit status: 0 success, 1 the method returned a non-zero status, 2 usage,\n" \
	"3 no device, 4 no session or module, 5 bad input data, 6 DSP or PD lost,\n" \
	"7 other failure, 130 interrupted. See qda-run(1).\n"

/*
 * getopt_long() with our messages. Handles the common options. Returns an own
 * option's value, or -1 at the end with optind set, or -2: return *ret_exit.
 */
int cli_getopt(int argc, char **argv, const struct option *options,
	       const char *help, int *ret_exit);
/* A whole number in [min, max], or a message and -EINVAL. */
int cli_number(const char *option, const char *text, uint64_t min, uint64_t max,
	       uint64_t *ret_value);

/* The value of --dsp-log, NULL: none; RUN_OK or it has reported the error. */
int cli_parse_dsp_log(const char *text);
/* a line of --trace */
void cli_trace_event(void *data, const struct qda_trace_event *event);
/* What --trace and --dsp-log ask for. */
void cli_watch(struct qda_ctx *ctx);
/* A context with the program's log; 0 or a negative errno. */
int cli_ctx_make(struct qda_ctx **ret_ctx);
int cli_ctx_new(struct qda_ctx **ret_ctx);

/* What a subcommand works on; all NULL until opened. */
struct target {
	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
	struct qda_module **modules;
	size_t num_modules;
	unsigned int close_timeout;	/* seconds, 0: none */
};

/* Each returns RUN_OK or has reported the error. */
int target_open_device(struct target *target);
int target_open_session(struct target *target, const struct qda_session_opts *opts);
/* of a session that could not be opened */
int session_exit_status(int err);
/* the module is the target's */
int target_open_module(struct target *target, const char *name,
		       struct qda_module **ret_module);
/*
 * Ends the PD in order, or at once if a call may still be running. A signal while it
 * waits, or its timeout, ends the program.
 */
void target_close(struct target *target, bool abandon);

/* Flush standard output; a full disk or closed pipe is an error. */
int cli_finish(int exit_status);

uint64_t cli_now_ns(void);
/* "1.5 MiB"; text has room for 24 bytes and is returned */
const char *cli_bytes(uint64_t bytes, char *text);
/* Print with control characters made visible. */
void cli_print_text(FILE *file, const char *text);

int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);

#endif
