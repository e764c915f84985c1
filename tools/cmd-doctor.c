// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

static const char help[] =
	"usage: qda-run doctor [OPTIONS]\n"
	"\n"
	"Check each layer from the library to the result of a call, in order, and\n"
	"name the first that is broken and its cure.\n"
	"\n"
	CLI_OPTIONS_HELP
	"\n"
	"Exit status: 0 nothing is broken (there may be warnings), else that of what is:\n"
	"1 the call returned a non-zero status, 3 no device, 4 no session or module, 5 a\n"
	"shell image is damaged, 6 DSP or PD lost, 7 other failure; 2 usage, 130\n"
	"interrupted. See qda-run(1).\n";

static const struct {
	const char *name;
	check_fn fn;
	bool kernel, soft;
} checks[] = {
	{ "library", check_library, true, true },
	{ "driver", check_driver, true, false },
	{ "DSPs", check_dsps, true, false },
	{ "firmware", check_firmware, true, false },
	{ "nodes", check_nodes, true, false },
	{ "permission", check_permission, true, false },
	{ "DMA heaps", check_heaps, true, false },
	{ "soft device", check_soft_library, false, true },
	{ "software DSP", check_soft_program, false, true },
	{ "memory files", check_sealing, false, true },
	{ "device", check_device, true, true },
	{ "DSP", check_answers, true, true },
	{ "context bank", check_bank, true, true },
	{ "search path", check_search_path, true, true },
	{ "shell", check_shell, true, true },
	{ "session", check_session, true, true },
	{ "PDs", check_pds, true, true },
	{ "module", check_module, true, true },
	{ "listener", check_listener, true, true },
	{ "call", check_call, true, true },
};
#define NUM_CHECKS (sizeof(checks) / sizeof(checks[0]))

static bool applies(const struct doctor *doctor, size_t i)
{
	return doctor->soft ? checks[i].soft : checks[i].kernel;
}

static const char *result_name(enum check_result result)
{
	switch (result) {
	case CHECK_OK:
		return "ok";
	case CHECK_WARNING:
		return "warning";
	case CHECK_BROKEN:
		return "broken";
	case CHECK_NOT_MADE:
		break;
	}
	return "not checked";
}

static void print_one(size_t i, const struct check *check)
{
	printf("%-12s %-13s ", result_name(check->result), checks[i].name);
	cli_print_text(stdout, check->detail);
	putchar('\n');
	if (check->cure[0]) {
		printf("%-12s %-13s ", "", "");
		cli_print_text(stdout, check->cure);
		putchar('\n');
	}
}

/* one sentence, like every other error */
static void sentence(const char *name, const struct check *check, char *text,
		     size_t size)
{
	bool stop = check->detail[0] &&
		    check->detail[strlen(check->detail) - 1] == '.';

	snprintf(text, size, "%s: %s%s%s", name, check->detail,
		 check->cure[0] ? stop ? " " : ". " : "", check->cure);
}

static void print_json(const struct doctor *doctor, const struct check *results,
		       int exit_status, const char *message)
{
	struct json json;
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_bool(&json, "ok", !exit_status);
	json_array(&json, "checks");
	for (i = 0; i < NUM_CHECKS; i++) {
		if (!applies(doctor, i))
			continue;
		json_object(&json, NULL);
		json_string(&json, "name", checks[i].name);
		json_string(&json, "result", result_name(results[i].result));
		if (results[i].detail[0])
			json_string(&json, "detail", results[i].detail);
		if (results[i].cure[0])
			json_string(&json, "cure", results[i].cure);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (exit_status) {
		json_object(&json, "error");
		json_string(&json, "message", message);
		json_int(&json, "exit_status", exit_status);
		json_object_end(&json);
	}
	json_object_end(&json);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	static struct check results[NUM_CHECKS];
	struct doctor doctor = { 0 };
	char message[8192] = "";
	unsigned int warnings = 0;
	int exit_status = RUN_OK;
	size_t i;
	int ret;

	if (cli_getopt(argc, argv, options, help, &ret) == -2)
		return ret;
	if (optind < argc)
		return cli_fail(RUN_USAGE,
				"doctor takes no argument '%s'; name the device "
				"with --device",
				argv[optind]);
	if (!cli.device)
		cli.device = secure_getenv("QDA_DEVICE");
	if (cli.device && !*cli.device)
		cli.device = NULL;
	snprintf(doctor.device, sizeof(doctor.device), "%s",
		 cli.device ? cli.device : "");
	doctor.soft = !strncmp(doctor.device, "soft:", 5);
	doctor.named = doctor.soft && strchr(doctor.device, '@');
	for (i = 0; i < NUM_CHECKS && !exit_status; i++) {
		if (!applies(&doctor, i))
			continue;
		checks[i].fn(&doctor, &results[i]);
		if (cli_interrupted) {
			/* what it cut short is not broken */
			results[i] = (struct check){ .detail = "interrupted" };
			exit_status = RUN_INTERRUPTED;
			snprintf(message, sizeof(message),
				 "interrupted while checking: %s", checks[i].name);
		} else if (results[i].result == CHECK_BROKEN) {
			exit_status = results[i].exit_status;
			sentence(checks[i].name, &results[i], message, sizeof(message));
		}
		warnings += results[i].result == CHECK_WARNING;
		if (!cli.json)
			print_one(i, &results[i]);
	}
	if (cli.json)
		print_json(&doctor, results, exit_status, message);
	fflush(stdout);
	if (exit_status) {
		fputs("qda-run: ", stderr);
		cli_print_text(stderr, message);
		fputc('\n', stderr);
	} else if (!cli.json && warnings) {
		printf("Nothing is broken, but there %s %u warning%s.\n",
		       warnings == 1 ? "is" : "are", warnings,
		       warnings == 1 ? "" : "s");
	} else if (!cli.json) {
		printf("All is well.\n");
	}
	target_close(&doctor.target, exit_status != RUN_OK);
	qda_module_unref(doctor.module);
	return exit_status;
}
