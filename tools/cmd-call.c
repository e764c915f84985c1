// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "stats.h"

/* a name that was there before is the module it was */
static int open_modules(struct call_run *run)
{
	size_t i, j;
	int ret;

	for (i = 0; i < run->num_steps; i++) {
		struct call_step *step = &run->steps[i];

		for (j = 0; j < i && strcmp(run->steps[j].module, step->module); j++)
			;
		step->opened = run->steps[j].opened;
		if (step->opened)
			continue;
		ret = target_open_module(&run->target, step->module, &step->opened);
		if (ret)
			return ret;
	}
	return RUN_OK;
}

static int open_all(struct call_run *run)
{
	struct target *target = &run->target;
	uint64_t start, max;
	size_t i;
	int err, ret;

	ret = target_open_device(target);
	if (ret)
		return ret;
	err = qda_device_query(target->device, QDA_DEVICE_MAX_BUFFER, &max);
	if (err < 0)
		return cli_fail_errno(RUN_DEVICE, err, "%s does not tell its limits",
				      qda_device_get_path(target->device));
	for (i = 0; i < run->num_steps; i++) {
		run->steps[i].data.max_bytes = max;
		ret = call_data_load(&run->steps[i].data);
		if (ret)
			return ret;
	}
	start = cli_now_ns();
	ret = target_open_session(target, &run->session);
	if (ret)
		return ret;
	run->session_ns = cli_now_ns() - start;
	start = cli_now_ns();
	ret = open_modules(run);
	run->module_ns = cli_now_ns() - start;
	for (i = 0; !ret && i < run->num_steps; i++)
		ret = call_data_prepare(&run->steps[i].data, target->session);
	return ret;
}

static int invoke(const struct call_run *run, struct call_step *step)
{
	int err;

	if (run->timeout_ns < 0)
		return cli_invoke(step->call, &step->status);
	err = qda_call_submit(step->call, NULL, NULL);
	if (err)
		return err;
	do
		err = qda_call_wait(step->call, run->timeout_ns, &step->status);
	while (err == -EINTR && !cli_interrupted);
	return err;
}

static int failed_call(const struct call_run *run, const struct call_step *step, int err)
{
	int exit_status = RUN_OTHER;

	if (err == -ETIMEDOUT) {
		/* it still runs: nothing else would be answered */
		qda_session_release(run->target.session);
		return cli_fail(RUN_OTHER,
				"method %u of %s did not answer within %" PRId64
				" ms; the call goes on and was ended with "
				"its session",
				step->method, step->module, run->timeout_ns / 1000000);
	}
	if (err == -EPIPE || err == -ENODEV)
		exit_status = RUN_LOST;
	else if (err == -E2BIG)
		exit_status = RUN_DATA;
	return cli_fail_errno(exit_status, err, "method %u of %s", step->method,
			      step->module);
}

static int make_call(const struct call_run *run, struct call_step *step)
{
	uint64_t i, start;
	bool lost;
	int err;

	step->samples = calloc(run->repeat, sizeof(*step->samples));
	if (!step->samples)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "--repeat %" PRIu64,
				      run->repeat);
	err = qda_call_new(step->opened, step->method, step->data.args, step->data.num,
			   &step->call);
	if (err < 0)
		return failed_call(run, step, err);
	for (i = 0; i < run->repeat; i++) {
		start = cli_now_ns();
		err = cli_interrupted ? -EINTR : invoke(run, step);
		step->samples[i] = cli_now_ns() - start;
		if (err < 0)
			return failed_call(run, step, err);
		if (!step->status)
			continue;
		lost = qda_status_is_lost(step->status);
		return cli_fail_status(lost ? RUN_LOST : RUN_STATUS, step->status,
				       "method %u of %s%s", step->method, step->module,
				       lost ? "" : " returned an error");
	}
	return RUN_OK;
}

static int make_calls(struct call_run *run)
{
	size_t i;
	int ret = RUN_OK;

	for (i = 0; !ret && i < run->num_steps; i++)
		ret = make_call(run, &run->steps[i]);
	/* files of all or of none */
	for (i = 0; !ret && i < run->num_steps; i++)
		ret = call_data_write(&run->steps[i].data);
	for (i = 0; !ret && i < run->num_steps; i++)
		ret = call_data_rename(&run->steps[i].data);
	return ret;
}

static void print_json_step(const struct call_run *run, const struct call_step *step,
			    struct json *json)
{
	struct stats stats = stats_of(step->samples, run->repeat);
	bool several = run->num_steps > 1;

	json_string(json, "module", step->module);
	json_uint(json, "method", step->method);
	json_int(json, "status", step->status);
	call_data_print_json(&step->data, json);
	if (!run->time && run->repeat == 1)
		return;
	json_object(json, "time_ns");
	if (!several) {
		json_uint(json, "session", run->session_ns);
		json_uint(json, "module", run->module_ns);
	}
	json_uint(json, "calls", stats.count);
	json_uint(json, "call_min", stats.min);
	json_uint(json, "call_median", stats.median);
	json_uint(json, "call_p99", stats.p99);
	json_object_end(json);
}

static void print_json(const struct call_run *run)
{
	struct json json;
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "device", qda_device_get_path(run->target.device));
	if (run->num_steps == 1) {
		print_json_step(run, run->steps, &json);
		json_object_end(&json);
		return;
	}
	json_array(&json, "calls");
	for (i = 0; i < run->num_steps; i++) {
		json_object(&json, NULL);
		print_json_step(run, &run->steps[i], &json);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (run->time) {
		json_object(&json, "time_ns");
		json_uint(&json, "session", run->session_ns);
		json_uint(&json, "module", run->module_ns);
		json_object_end(&json);
	}
	json_object_end(&json);
}

static void print_times(const struct call_run *run)
{
	struct stats stats;
	size_t i;

	printf("time: session %.2f ms, module %.2f ms", (double)run->session_ns / 1e6,
	       (double)run->module_ns / 1e6);
	for (i = 0; i < run->num_steps; i++) {
		stats = stats_of(run->steps[i].samples, run->repeat);
		if (stats.count == 1)
			printf(", call %.1f us", (double)stats.min / 1e3);
		else
			printf(", %zu calls: min %.1f us, median %.1f us, p99 %.1f us",
			       stats.count, (double)stats.min / 1e3,
			       (double)stats.median / 1e3, (double)stats.p99 / 1e3);
	}
	putchar('\n');
}

static void print_text(const struct call_run *run)
{
	size_t i;

	for (i = 0; i < run->num_steps; i++) {
		if (run->num_steps > 1) {
			cli_print_text(stdout, run->steps[i].module);
			printf(":%u\n", run->steps[i].method);
		}
		call_data_print(&run->steps[i].data);
	}
	if (run->time || run->repeat > 1)
		print_times(run);
}

int cmd_call(int argc, char **argv)
{
	struct call_run run = { 0 };
	size_t i;
	int ret;

	ret = call_parse_options(&run, argc, argv);
	if (!ret)
		ret = call_parse_words(&run, argc, argv);
	if (!ret)
		ret = open_all(&run);
	if (!ret)
		ret = make_calls(&run);
	if (!ret) {
		if (cli.json)
			print_json(&run);
		else
			print_text(&run);
	}
	for (i = 0; i < run.num_steps; i++) {
		qda_call_unref(run.steps[i].call);
		call_data_free(&run.steps[i].data);
		free(run.steps[i].samples);
	}
	target_close(&run.target, false);
	free(run.steps);
	free(run.read_dirs);
	free(run.write_dirs);
	return ret < 0 ? RUN_OK : ret;	/* --help */
}
