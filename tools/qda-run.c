// SPDX-License-Identifier: MIT
/* qda-run: look at DSPs, call their methods, measure, diagnose. */
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", cmd_list },
	{ "info", cmd_info },
	{ "call", cmd_call },
	{ "bench", cmd_bench },
	{ "doctor", cmd_doctor },
	{ "explain", cmd_explain },
};
#define COMMAND_NAMES "list, info, call, bench, doctor, explain"

static const char help[] =
	"usage: qda-run [OPTIONS] COMMAND [ARGUMENTS]\n"
	"\n"
	"Work with the Hexagon DSPs of this machine, or with the software DSP.\n"
	"\n"
	"  list     the DSPs there are\n"
	"  info     one DSP: limits, what it can do and what not, and why\n"
	"  call     call a method of a module on a DSP\n"
	"  bench    measure calls: latency and throughput\n"
	"  doctor   check each layer and name what is broken\n"
	"  explain  say what a DSP status or an errno value means\n"
	"\n"
	"Options, before or after the command:\n"
	CLI_OPTIONS_HELP
	"      --version       print the version\n"
	"\n"
	"Try: qda-run --device soft:cdsp call calculator 2 seq.i32:1,2,3 out.i64\n"
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_VERSION = OPT_OWN,
};

/*
 * A standard stream that is closed would be the number of some descriptor of the
 * session, into which results were then written. Open them so that using one fails.
 */
static bool hold_standard_streams(void)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDONLY };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "version", no_argument, NULL, OPT_VERSION },
		{ 0 },
	};
	struct json json;
	int c, i, ret;
	size_t n;

	if (!hold_standard_streams())
		return RUN_OTHER;
	/* lines in one piece, beside those of other threads and of a private DSP */
	setvbuf(stderr, NULL, _IOLBF, 0);
	/* errors in the options before --json are to be JSON too */
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			cli.json = true;
	}
	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		if (c == -2)
			return ret;
		if (!cli.json) {
			printf("qda-run %d.%d.%d, libqda %s\n", QDA_VERSION_MAJOR,
			       QDA_VERSION_MINOR, QDA_VERSION_PATCH, qda_version());
			return cli_finish(RUN_OK);
		}
		json_init(&json, stdout);
		json_object(&json, NULL);
		json_string(&json, "library", qda_version());
		json_object_end(&json);
		return cli_finish(RUN_OK);
	}
	if (optind >= argc)
		return cli_finish(cli_fail(RUN_USAGE, "a command is needed: "
					   COMMAND_NAMES "; see 'qda-run --help'"));
	if (!strcmp(argv[optind], "help")) {
		fputs(help, stdout);
		return cli_finish(RUN_OK);
	}
	for (n = 0; n < sizeof(commands) / sizeof(commands[0]); n++) {
		if (strcmp(argv[optind], commands[n].name))
			continue;
		cli.command = commands[n].name;
		argc -= optind;
		argv += optind;
		optind = 0;	/* glibc: start over */
		cli_catch_signals();
		return cli_finish(commands[n].run(argc, argv));
	}
	return cli_finish(cli_fail(RUN_USAGE, "unknown command '%s'; there are "
				   COMMAND_NAMES, argv[optind]));
}
