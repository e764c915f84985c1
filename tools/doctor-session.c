// SPDX-License-Identifier: MIT
/* Checks of a device, and of what a session on it needs, by opening them. */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/* the library's sentences have their advice in them */
static void broken_failure(struct check *check, int exit_status, int err,
			   const struct qda_failure *failure)
{
	if (err == -EPIPE || qda_status_is_lost(failure->status))
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

/* on the listener's thread, too */
static void count_reverse(void *data, const struct qda_trace_event *event)
{
	struct doctor *doctor = data;

	if (event->kind == QDA_TRACE_REVERSE)
		atomic_fetch_add(&doctor->reverse_calls, 1);
	if (cli.trace)
		cli_trace_event(NULL, event);
}

void check_device(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = cli_ctx_make(&doctor->target.ctx);
	if (err < 0) {
		broken_errno(check, RUN_OTHER, err, "cannot create a context");
		return;
	}
	qda_ctx_set_trace(doctor->target.ctx, count_reverse, doctor);
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

void check_answers(struct doctor *doctor, struct check *check)
{
	struct qda_device *device = doctor->target.device;
	uint32_t value;
	int32_t status = 0;
	int err;

	err = qda_device_query(device, QDA_DEVICE_FEATURES, &doctor->features);
	if (err < 0) {
		broken_errno(check, RUN_DEVICE, err, "the device does not answer");
		return;
	}
	err = qda_device_get_attr(device, QDA_ATTR_ARCH_VER, &value, &status);
	if (!err)
		check_ok(check, "architecture v%x, unsigned PDs %s, %sprivileged",
			 value & 0xff,
			 doctor->features & QDA_FEATURE_UNSIGNED_PD ? "allowed" :
								      "not allowed",
			 doctor->features & QDA_FEATURE_PRIVILEGED ? "" : "not ");
	else if (err == -EOPNOTSUPP || err == -EREMOTEIO || err == -EBUSY)
		check_warn(check, "Old firmware has no attributes; calls can work "
				  "nevertheless.",
			   "the device answers, its attributes are unknown (%s)",
			   err == -EREMOTEIO ? qda_status_name(status) :
					       qda_strerror(err));
	else
		broken_errno(check, RUN_DEVICE, err, "the DSP does not answer");
}

void check_bank(struct doctor *doctor, struct check *check)
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

void check_search_path(struct doctor *doctor, struct check *check)
{
	struct qda_search_dir *dirs;
	unsigned int there = 0;
	int i, n;

	n = qda_device_get_search_path(doctor->target.device, &dirs);
	if (n < 0) {
		broken_errno(check, RUN_OTHER, n, "the search path");
		return;
	}
	check_ok(check, "%s", "");
	for (i = 0; i < n; i++) {
		bool missing = access(dirs[i].path, R_OK | X_OK) < 0;

		check_add(check, "%s%s (%s%s%s)", i ? ", " : "", dirs[i].path,
			  dirs[i].origin, missing ? ": " : "",
			  missing ? strerror(errno) : "");
		there += !missing;
	}
	qda_search_path_free(dirs);
	if (!there) {
		char found[sizeof(check->detail)];

		memcpy(found, check->detail, sizeof(found));
		check_warn(check,
			   "Name the directories of this board's DSP files in "
			   "DSP_LIBRARY_PATH or in a configuration file.",
			   "none of these can be read: %s", found);
	}
}

void check_shell(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	char path[PATH_MAX], shell[128], firmware[128];
	int err;

	err = qda_device_find_shell(doctor->target.device,
				    doctor->features & QDA_FEATURE_UNSIGNED_PD, path,
				    sizeof(path), &failure);
	if (err == -ENOENT) {
		check_warn(check,
			   "The DSP is asked for its built-in shell. If the next step "
			   "fails, copy the shell image of this DSP's firmware to one "
			   "of these places or set DSP_LIBRARY_PATH.",
			   "%s", failure.message);
		return;
	}
	if (err == -ENOEXEC) {
		check_warn(check,
			   "Install the shell image that belongs to this DSP's "
			   "firmware.", "%s", failure.message);
		return;
	}
	if (err < 0) {
		broken_failure(check, session_exit_status(err), err, &failure);
		return;
	}
	check_ok(check, "%s", path);
	if (!doctor->firmware[0] || !firmware_build(path, shell, sizeof(shell)) ||
	    !firmware_build(doctor->firmware, firmware, sizeof(firmware)))
		return;
	if (strcmp(shell, firmware))
		check_warn(check,
			   "Install the shell image that came with this firmware: "
			   "others fail, or work until they crash.",
			   "%s is of build %s, but the firmware %s of %s", path, shell,
			   doctor->firmware, firmware);
	else
		check_add(check, ", of the firmware's build %s", shell);
}

/* the module that was loaded came by calls of the DSP's */
void check_listener(struct doctor *doctor, struct check *check)
{
	unsigned int calls = atomic_load(&doctor->reverse_calls);

	if (calls)
		check_ok(check, "the DSP made %u calls, all were served", calls);
	else
		check_warn(check,
			   "Modules from files and the DSP's log need it: "
			   "\"qda-run --log info doctor\" says why.",
			   "the DSP has made no call: its firmware has no listener, or "
			   "the module is a part of it");
}

void check_session(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = qda_session_open(doctor->target.device, NULL, &doctor->target.session,
			       &failure);
	if (err < 0)
		broken_failure(check, session_exit_status(err), err, &failure);
	else
		check_ok(check, "%s PD created",
			 qda_session_is_unsigned(doctor->target.session) == 1 ?
				 "an unsigned" : "a signed");
}

void check_module(struct doctor *doctor, struct check *check)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	err = qda_module_open(doctor->target.session, "calculator",
			      &doctor->module, &failure);
	if (err < 0)
		broken_failure(check, RUN_SESSION, err, &failure);
	else
		check_ok(check, "calculator is loaded, handle 0x%x",
			 qda_module_get_handle(doctor->module));
}

void check_call(struct doctor *doctor, struct check *check)
{
	int32_t numbers[1000];
	int64_t sum = 0;
	int32_t status;
	uint64_t start;
	int err, i;

	for (i = 0; i < 1000; i++)
		numbers[i] = i;
	start = cli_now_ns();
	err = qda_invoke(doctor->module, 2, &status, QDA_IN_SEQ(numbers, 1000),
			 QDA_OUT(&sum));
	if (err < 0)
		broken_errno(check, RUN_OTHER, err, "a call failed");
	else if (status)
		check_broken(check, qda_status_is_lost(status) ? RUN_LOST : RUN_STATUS,
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
