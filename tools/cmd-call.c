// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call-data.h"
#include "common.h"
#include "stats.h"

static const char help[] =
	"usage: qda-run call [OPTIONS] MODULE METHOD [ARGUMENT...]\n"
	"\n"
	"Load a module into a PD of its own and call one of its methods.\n"
	"\n"
	"MODULE is an interface's name (calculator), a file (libcalculator_skel.so),\n"
	"a URI (file:///...) or handle=N. METHOD is the method's number; interfaces\n"
	"of handles (remote_handle64) start at 2. Arguments follow the declaration:\n"
	"\n"
	"  u32:5 i64:-1 f32:1.5 bool:true     values (i8 u8 ... i64 u64 f32 f64 bool)\n"
	"  str:hello str:@FILE                string\n"
	"  seq.i32:1,2,3 seq.u8:@FILE         sequence, listed or read from a file\n"
	"  hex:01000000ff[,align=N]           struct by value, as bytes\n"
	"  raw:@FILE                          block whose length is not passed\n"
	"  buf:@FILE buf.i32:@FILE            sequence in memory shared with the DSP\n"
	"  dmabuf:FD dmabuf:/proc/1/fd/5      sequence in a buffer of somebody else\n"
	"  handle:FD handle:new=4096,id=3     dma handle\n"
	"  out.i64 out.seq.u8:COUNT out.str:SIZE out.hex:SIZE out.raw:SIZE\n"
	"  out.buf:COUNT out.dmabuf:FD        results\n"
	"  inout.u32:7 inout.seq.i32:1,2,3    both ways\n"
	"\n"
	"A result goes to a file with @FILE: out.seq.u8:4096@edges.gray. Input from a\n"
	"file may end in ,offset=N and ,length=N. COUNT and SIZE know K, M and G.\n"
	"\n"
	"      --repeat N      call N times, print the last results and the times\n"
	"      --time          print how long each step took\n"
	"      --timeout MS    end the session if the method takes longer\n"
	"      --signed        PD that checks signatures (privileged)\n"
	"      --unsigned      PD that does not; default: what the DSP allows\n"
	"      --shell PATH    shell image of the PD\n"
	"      --pd NAME       join a PD instead: root, sensors or a static PD's name\n"
	CLI_OPTIONS_HELP
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_REPEAT = OPT_OWN,
	OPT_TIME,
	OPT_TIMEOUT,
	OPT_SIGNED,
	OPT_UNSIGNED,
	OPT_SHELL,
	OPT_PD,
};

struct call_run {
	const char *module;
	uint32_t method;
	struct qda_session_opts session;
	uint64_t repeat;
	int64_t timeout_ns;		/* negative: none */
	bool time;
	struct target target;
	struct call_data data;
	struct qda_call *call;
	int32_t status;
	uint64_t session_ns, module_ns;
	uint64_t *samples;		/* one per call made */
};

static int parse_options(struct call_run *run, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "repeat", required_argument, NULL, OPT_REPEAT },
		{ "time", no_argument, NULL, OPT_TIME },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "signed", no_argument, NULL, OPT_SIGNED },
		{ "unsigned", no_argument, NULL, OPT_UNSIGNED },
		{ "shell", required_argument, NULL, OPT_SHELL },
		{ "pd", required_argument, NULL, OPT_PD },
		{ 0 },
	};
	uint64_t number;
	int c, ret;

	run->repeat = 1;
	run->timeout_ns = -1;
	run->session.size = sizeof(run->session);
	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		switch (c) {
		case OPT_REPEAT:
			if (cli_number("--repeat", optarg, 1, 100000000, &run->repeat))
				return RUN_USAGE;
			break;
		case OPT_TIME:
			run->time = true;
			break;
		case OPT_TIMEOUT:
			if (cli_number("--timeout", optarg, 1, 1u << 31, &number))
				return RUN_USAGE;
			run->timeout_ns = (int64_t)number * 1000000;
			run->target.close_timeout = (unsigned int)(number / 1000) + 1;
			break;
		case OPT_SIGNED:
		case OPT_UNSIGNED:
			if (run->session.signing)
				return cli_fail(RUN_USAGE,
						"give --signed or --unsigned, "
						"once");
			run->session.signing = c == OPT_SIGNED ? QDA_SIGNING_SIGNED :
								 QDA_SIGNING_UNSIGNED;
			break;
		case OPT_SHELL:
			run->session.shell = optarg;
			break;
		case OPT_PD:
			run->session.pd = !strcmp(optarg, "root") ? QDA_PD_ROOT :
					  !strcmp(optarg, "sensors") ? QDA_PD_SENSORS :
								       QDA_PD_STATIC;
			if (run->session.pd == QDA_PD_STATIC)
				run->session.pd_name = optarg;
			break;
		default:
			return ret ? ret : -1;
		}
	}
	if (run->session.pd && (run->session.shell || run->session.signing))
		return cli_fail(RUN_USAGE, "--pd joins a PD that runs already and goes "
					   "without --shell, --signed and --unsigned");
	if (run->session.shell && access(run->session.shell, R_OK) < 0)
		return cli_fail(RUN_DATA, "cannot read the shell image %s: %s",
				run->session.shell, strerror(errno));
	return RUN_OK;
}

static int parse_words(struct call_run *run, int argc, char **argv)
{
	uint64_t method;

	if (optind >= argc)
		return cli_fail(RUN_USAGE,
				"a module is needed, such as calculator; see "
				"'qda-run call --help'");
	run->module = argv[optind++];
	if (!*run->module)
		return cli_fail(RUN_USAGE, "the module's name is empty");
	if (optind >= argc)
		return cli_fail(RUN_USAGE,
				"a method number must follow the module; see "
				"'qda-run call --help'");
	if (call_parse_size(argv[optind], strlen(argv[optind]), &method) ||
	    method > UINT32_MAX)
		return cli_fail(RUN_USAGE, "'%s' is not a method number", argv[optind]);
	run->method = (uint32_t)method;
	optind++;
	return call_data_parse(&run->data, argv + optind, (size_t)(argc - optind));
}

static int open_all(struct call_run *run)
{
	struct target *target = &run->target;
	uint64_t start, max;
	int err, ret;

	ret = target_open_device(target);
	if (ret)
		return ret;
	err = qda_device_query(target->device, QDA_DEVICE_MAX_BUFFER, &max);
	if (err < 0)
		return cli_fail_errno(RUN_DEVICE, err, "%s does not tell its limits",
				      qda_device_get_path(target->device));
	run->data.max_bytes = max;
	ret = call_data_load(&run->data);
	if (ret)
		return ret;
	start = cli_now_ns();
	ret = target_open_session(target, &run->session);
	if (ret)
		return ret;
	run->session_ns = cli_now_ns() - start;
	start = cli_now_ns();
	ret = target_open_module(target, run->module);
	if (ret)
		return ret;
	run->module_ns = cli_now_ns() - start;
	return call_data_prepare(&run->data, target->session);
}

static int invoke(struct call_run *run)
{
	int err;

	if (run->timeout_ns < 0)
		return cli_invoke(run->call, &run->status);
	err = qda_call_submit(run->call, NULL, NULL);
	if (err)
		return err;
	do
		err = qda_call_wait(run->call, run->timeout_ns, &run->status);
	while (err == -EINTR && !cli_interrupted);
	return err;
}

static int failed_call(const struct call_run *run, int err)
{
	int exit_status = RUN_OTHER;

	if (err == -ETIMEDOUT)
		return cli_fail(RUN_OTHER,
				"method %u of %s did not answer within %" PRId64
				" ms; the call goes on and was ended with "
				"its session",
				run->method, run->module, run->timeout_ns / 1000000);
	if (err == -EPIPE || err == -ENODEV)
		exit_status = RUN_LOST;
	else if (err == -E2BIG)
		exit_status = RUN_DATA;
	return cli_fail_errno(exit_status, err, "method %u of %s", run->method,
			      run->module);
}

static int make_calls(struct call_run *run)
{
	uint64_t i, start;
	int err;

	run->samples = calloc(run->repeat, sizeof(*run->samples));
	if (!run->samples)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "--repeat %" PRIu64,
				      run->repeat);
	err = qda_call_new(run->target.module, run->method, run->data.args,
			   run->data.num, &run->call);
	if (err < 0)
		return failed_call(run, err);
	for (i = 0; i < run->repeat; i++) {
		start = cli_now_ns();
		err = cli_interrupted ? -EINTR : invoke(run);
		run->samples[i] = cli_now_ns() - start;
		if (err < 0)
			return failed_call(run, err);
		if (run->status)
			return cli_fail_status(cli_status_is_lost(run->status) ?
						       RUN_LOST : RUN_STATUS,
					       run->status, "method %u of %s%s",
					       run->method, run->module,
					       cli_status_is_lost(run->status) ?
						       "" : " returned an error");
	}
	return RUN_OK;
}

static void print_json(struct call_run *run, const struct stats *stats)
{
	struct json json;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "device", qda_device_get_path(run->target.device));
	json_string(&json, "module", run->module);
	json_uint(&json, "method", run->method);
	json_int(&json, "status", run->status);
	call_data_print_json(&run->data, &json);
	if (run->time || run->repeat > 1) {
		json_object(&json, "time_ns");
		json_uint(&json, "session", run->session_ns);
		json_uint(&json, "module", run->module_ns);
		json_uint(&json, "calls", stats->count);
		json_uint(&json, "call_min", stats->min);
		json_uint(&json, "call_median", stats->median);
		json_uint(&json, "call_p99", stats->p99);
		json_object_end(&json);
	}
	json_object_end(&json);
}

static void print_text(struct call_run *run, const struct stats *stats)
{
	call_data_print(&run->data);
	if (!run->time && run->repeat == 1)
		return;
	printf("time: session %.2f ms, module %.2f ms, ", (double)run->session_ns / 1e6,
	       (double)run->module_ns / 1e6);
	if (stats->count == 1)
		printf("call %.1f us\n", (double)stats->min / 1e3);
	else
		printf("%zu calls: min %.1f us, median %.1f us, p99 %.1f us\n",
		       stats->count, (double)stats->min / 1e3,
		       (double)stats->median / 1e3, (double)stats->p99 / 1e3);
}

int cmd_call(int argc, char **argv)
{
	struct call_run run = { 0 };
	struct stats stats;
	int ret;

	ret = parse_options(&run, argc, argv);
	if (ret)
		return ret < 0 ? RUN_OK : ret;	/* --help */
	ret = parse_words(&run, argc, argv);
	if (!ret)
		ret = open_all(&run);
	if (!ret)
		ret = make_calls(&run);
	if (!ret)
		ret = call_data_save(&run.data);
	if (!ret) {
		stats = stats_of(run.samples, run.repeat);
		if (cli.json)
			print_json(&run, &stats);
		else
			print_text(&run, &stats);
	}
	qda_call_unref(run.call);
	/* a call that timed out still runs: do not wait for it to close the module */
	if (ret && run.target.session)
		qda_session_release(run.target.session);
	call_data_free(&run.data);
	target_close(&run.target, false);
	free(run.samples);
	return ret;
}
