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
	"Exit status: 0 all is well, else that of what is broken. " CLI_EXIT_HELP;

/* what is added, below the size of the field; the rest is cut */
static void vadd(char *text, size_t size, const char *format, va_list ap)
{
	size_t used = strlen(text);

	vsnprintf(text + used, size - used, format, ap);
}

void check_add(struct check *check, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
}

void check_ok(struct check *check, const char *format, ...)
{
	va_list ap;

	check->result = CHECK_OK;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
}

void check_warn(struct check *check, const char *cure, const char *format, ...)
{
	va_list ap;

	check->result = CHECK_WARNING;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
	snprintf(check->cure, sizeof(check->cure), "%s", cure);
}

void check_broken(struct check *check, int exit_status, const char *cure,
		  const char *format, ...)
{
	va_list ap;

	check->result = CHECK_BROKEN;
	check->exit_status = cli_interrupted ? RUN_INTERRUPTED : exit_status;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
	snprintf(check->cure, sizeof(check->cure), "%s", cure);
}

/* the library's sentences have their advice in them */
static void broken_failure(struct check *check, int exit_status, int err,
			   const struct qda_failure *failure)
{
	if (err == -EPIPE || cli_status_is_lost(failure->status))
		exit_status = RUN_LOST;
	check_broken(check, exit_status, "", "%s",
		     failure->message[0] ? failure->message : qda_strerror(err));
}

static void broken_errno(struct check *check, int exit_status, int err,
			 const char *what)
{
	if (err == -EPIPE || err == -ENODEV)
		exit_status = RUN_LOST;
	check_broken(check, exit_status, qda_error_advice(err), "%s: %s", what,
		     qda_strerror(err));
}

static void check_device(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_ctx_opts opts = {
		.size = sizeof(opts),
		.log_level = cli.log_level,
	};
	int err;

	err = qda_ctx_new(&opts, &doctor->target.ctx);
	if (err < 0) {
		broken_errno(check, RUN_OTHER, err, "cannot create a context");
		return;
	}
	err = qda_device_open(doctor->target.ctx, cli.device, &doctor->target.device,
			      &failure);
	if (err < 0) {
		broken_failure(check, RUN_DEVICE, err, &failure);
		return;
	}
	snprintf(doctor->domain, sizeof(doctor->domain), "%s",
		 qda_device_get_name(doctor->target.device));
	check_ok(check, "%s: %s, %s", qda_device_get_path(doctor->target.device),
		 doctor->domain, qda_device_get_driver(doctor->target.device));
}

static void check_answers(struct doctor *doctor, struct check *check)
{
	struct qda_device *device = doctor->target.device;
	uint64_t features;
	uint32_t value;
	int32_t status = 0;
	int err;

	err = qda_device_query(device, QDA_DEVICE_FEATURES, &features);
	if (err < 0) {
		broken_errno(check, RUN_DEVICE, err, "the device does not answer");
		return;
	}
	err = qda_device_get_attr(device, QDA_ATTR_ARCH_VER, &value, &status);
	if (!err)
		check_ok(check, "architecture v%x, unsigned PDs %s, %sprivileged",
			 value & 0xff,
			 features & QDA_FEATURE_UNSIGNED_PD ? "allowed" : "not allowed",
			 features & QDA_FEATURE_PRIVILEGED ? "" : "not ");
	else if (err == -EOPNOTSUPP || err == -EREMOTEIO || err == -EBUSY)
		check_warn(check, "Old firmware has no attributes; calls can work "
				  "nevertheless.",
			   "the device answers, its attributes are unknown (%s)",
			   err == -EREMOTEIO ? qda_status_name(status) :
					       qda_strerror(err));
	else
		broken_errno(check, RUN_DEVICE, err, "the DSP does not answer");
}

static void check_bank(struct doctor *doctor, struct check *check)
{
	struct qda_device *device = doctor->target.device;
	uint64_t total = 0, left = 0;
	int err;

	err = qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &total);
	if (!err)
		err = qda_device_query(device, QDA_DEVICE_BANKS_FREE, &left);
	if (err < 0)
		broken_errno(check, RUN_DEVICE, err, "context banks");
	else if (!left)
		check_broken(
			check, RUN_SESSION,
			"End a program that uses this DSP; each session takes one.",
			"none of the %llu context banks is free",
			(unsigned long long)total);
	else
		check_ok(check, "%llu of %llu context banks are free",
			 (unsigned long long)left, (unsigned long long)total);
}

static int domain_number(const char *domain)
{
	static const char *const domains[] = {
		"adsp", "mdsp", "sdsp", "cdsp", "cdsp1", "gdsp0", "gdsp1",
	};
	int i;

	for (i = 0; i < (int)(sizeof(domains) / sizeof(domains[0])); i++) {
		if (!strcmp(domain, domains[i]))
			return i;
	}
	return -1;
}

/* the places the library searches, as qda_session_open() documents them */
static void check_shell(struct doctor *doctor, struct check *check)
{
	const char *env = secure_getenv("DSP_LIBRARY_PATH");
	char list[4096], path[4608], *rest = list, *dir;
	int number = domain_number(doctor->domain), unsign, sub;

	if (!env || !*env)
		env = secure_getenv("ADSP_LIBRARY_PATH");
	if (number < 0) {
		check_warn(check, "Name it with \"qda-run call --shell PATH\".",
			   "no shell image is known for a DSP called %s",
			   doctor->domain);
		return;
	}
	snprintf(list, sizeof(list), "%s;%s", env ? env : "",
		 doctor->soft ? QDA_DSP_DIR : "/usr/lib/dsp;/usr/lib/rfsa/adsp");
	check->detail[0] = '\0';
	while ((dir = strsep(&rest, ";:"))) {
		for (sub = 1; *dir && sub >= 0; sub--) {
			for (unsign = 1; unsign >= 0; unsign--) {
				snprintf(path, sizeof(path),
					 "%s%s%s/fastrpc_shell_%s%d", dir,
					 sub ? "/" : "", sub ? doctor->domain : "",
					 unsign ? "unsigned_" : "", number);
				if (!access(path, R_OK)) {
					check_ok(check, "%s", path);
					return;
				}
				check_add(check, "%s%s", check->detail[0] ? ", " : "",
					  path);
			}
		}
	}
	memmove(list, check->detail, sizeof(check->detail));
	check_warn(check,
		   "The DSP is asked for its built-in shell. If the next step fails, "
		   "copy the shell image of this DSP's firmware to one of these "
		   "places or set DSP_LIBRARY_PATH.",
		   "no shell image; looked for %s", list);
}

static void check_session(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = qda_session_open(doctor->target.device, NULL, &doctor->target.session,
			       &failure);
	if (err < 0)
		broken_failure(check, RUN_SESSION, err, &failure);
	else
		check_ok(check, "%s PD created",
			 qda_session_is_unsigned(doctor->target.session) == 1 ?
				 "an unsigned" : "a signed");
}

static void check_module(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = qda_module_open(doctor->target.session, "calculator",
			      &doctor->target.module, &failure);
	if (err < 0)
		broken_failure(check, RUN_SESSION, err, &failure);
	else
		check_ok(check, "calculator is loaded, handle 0x%x",
			 qda_module_get_handle(doctor->target.module));
}

static void check_call(struct doctor *doctor, struct check *check)
{
	int32_t numbers[1000];
	int64_t sum = 0;
	int32_t status;
	uint64_t start;
	int err, i;

	for (i = 0; i < 1000; i++)
		numbers[i] = i;
	start = cli_now_ns();
	err = qda_invoke(doctor->target.module, 2, &status, QDA_IN_SEQ(numbers, 1000),
			 QDA_OUT(&sum));
	if (err < 0)
		broken_errno(check, RUN_OTHER, err, "a call failed");
	else if (status)
		check_broken(check, cli_status_is_lost(status) ? RUN_LOST : RUN_STATUS,
			     qda_status_advice(status),
			     "a call failed: %s (%s, 0x%08x)", qda_status_text(status),
			     qda_status_name(status), (uint32_t)status);
	else if (sum != 499500)
		check_broken(check, RUN_OTHER,
			     "Module and firmware do not fit together.",
			     "the sum of 0 to 999 came back as %lld, not 499500",
			     (long long)sum);
	else
		check_ok(check, "the sum of 0 to 999 is 499500, in %.1f us",
			 (double)(cli_now_ns() - start) / 1e3);
}

static const struct {
	const char *name;
	check_fn fn;
	bool kernel, soft;
} checks[] = {
	{ "library", check_library, true, true },
	{ "driver", check_driver, true, false },
	{ "DSPs", check_dsps, true, false },
	{ "nodes", check_nodes, true, false },
	{ "permission", check_permission, true, false },
	{ "soft device", check_soft_library, false, true },
	{ "software DSP", check_soft_program, false, true },
	{ "memory files", check_sealing, false, true },
	{ "device", check_device, true, true },
	{ "DSP", check_answers, true, true },
	{ "context bank", check_bank, true, true },
	{ "shell", check_shell, true, true },
	{ "session", check_session, true, true },
	{ "module", check_module, true, true },
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
		       const struct check *broken, const char *message)
{
	struct json json;
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_bool(&json, "ok", !broken);
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
	if (broken) {
		json_object(&json, "error");
		json_string(&json, "message", message);
		json_int(&json, "exit_status", broken->exit_status);
		json_object_end(&json);
	}
	json_object_end(&json);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	static struct check results[NUM_CHECKS];
	struct doctor doctor = { 0 };
	const struct check *broken = NULL;
	char message[8192] = "";
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
	for (i = 0; i < NUM_CHECKS && !broken; i++) {
		if (!applies(&doctor, i))
			continue;
		checks[i].fn(&doctor, &results[i]);
		if (results[i].result == CHECK_BROKEN)
			broken = &results[i];
		if (!cli.json)
			print_one(i, &results[i]);
		if (broken)
			sentence(checks[i].name, broken, message, sizeof(message));
	}
	if (cli.json)
		print_json(&doctor, results, broken, message);
	fflush(stdout);
	if (broken) {
		fputs("qda-run: ", stderr);
		cli_print_text(stderr, message);
		fputc('\n', stderr);
	} else if (!cli.json) {
		printf("All is well.\n");
	}
	target_close(&doctor.target, broken != NULL);
	return broken ? broken->exit_status : RUN_OK;
}
