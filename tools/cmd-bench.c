// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static const char help[] =
	"usage: qda-run bench [OPTIONS]\n"
	"\n"
	"Measure calls of the module bench: latency (min, median, p99), throughput,\n"
	"with both ends pinned to one CPU and unpinned, beside a bare ping-pong of 40\n"
	"and 16 bytes between two processes, the least that such a call can cost.\n"
	"\n"
	"      --quick         shorter, less exact\n"
	"      --only SECTION  yardstick, noop, copied, zerocopy, threads, queue or\n"
	"                      ratios; may be repeated\n"
	CLI_OPTIONS_HELP
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_QUICK = OPT_OWN,
	OPT_ONLY,
};

const char *const bench_section_names[BENCH_SECTIONS] = {
	"yardstick", "noop", "copied", "zerocopy", "threads", "queue", "ratios",
};

static const struct {
	int (*run)(struct bench *bench);
	unsigned int figures;
} sections[BENCH_SECTIONS] = {
	{ bench_run_yardstick, 1 },
	{ bench_run_noop, 1 },
	{ bench_run_copied, BENCH_COPIED_ROWS },
	{ bench_run_zerocopy, BENCH_ZEROCOPY_ROWS },
	{ bench_run_threads, BENCH_THREAD_ROWS },
	{ bench_run_queue, BENCH_QUEUE_ROWS },
	{ bench_run_ratios, BENCH_RATIOS },
};

void bench_progress(struct bench *bench, const char *format, ...)
{
	va_list ap;

	bench->done++;
	if (!bench->progress)
		return;
	fprintf(stderr, "\r\033[K[%3u%%] %s: ", (bench->done - 1) * 100 / bench->total,
		bench->place == BENCH_PINNED ? "pinned" : "unpinned");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fflush(stderr);
}

void bench_progress_end(struct bench *bench)
{
	if (bench->progress)
		fputs("\r\033[K", stderr);
	bench->progress = false;
}

static int parse_options(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "quick", no_argument, NULL, OPT_QUICK },
		{ "only", required_argument, NULL, OPT_ONLY },
		{ 0 },
	};
	bool some = false;
	int c, i, ret;

	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		if (c == -2)
			return ret ? ret : -1;
		if (c == OPT_QUICK) {
			bench->quick = true;
			continue;
		}
		for (i = 0; i < BENCH_SECTIONS; i++) {
			if (!strcmp(optarg, bench_section_names[i]))
				break;
		}
		if (i == BENCH_SECTIONS)
			return cli_fail(RUN_USAGE,
					"--only %s: the sections are yardstick, "
					"noop, copied, zerocopy, threads, queue, "
					"ratios",
					optarg);
		bench->wanted[i] = some = true;
	}
	if (optind < argc)
		return cli_fail(RUN_USAGE,
				"bench takes no argument '%s'; name the device "
				"with --device",
				argv[optind]);
	for (i = 0; i < BENCH_SECTIONS; i++) {
		bench->wanted[i] |= !some;
		if (bench->wanted[i])
			bench->total += sections[i].figures * BENCH_PLACES;
	}
	return RUN_OK;
}

static int pin(struct bench *bench)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(bench->affinity), &bench->affinity) < 0)
		return bench_failed(bench, "cannot read the CPU affinity", -errno, 0);
	for (bench->cpu = 0; bench->cpu < CPU_SETSIZE; bench->cpu++) {
		if (CPU_ISSET(bench->cpu, &bench->affinity))
			break;
	}
	CPU_ZERO(&one);
	CPU_SET(bench->cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return bench_failed(bench, "cannot pin to one CPU", -errno, 0);
	return RUN_OK;
}

static int open_device(struct bench *bench)
{
	int err, ret;

	ret = target_open_device(&bench->target);
	if (ret)
		return ret;
	snprintf(bench->device, sizeof(bench->device), "%s",
		 qda_device_get_path(bench->target.device));
	snprintf(bench->driver, sizeof(bench->driver), "%s",
		 qda_device_get_driver(bench->target.device));
	bench->is_soft = qda_device_is_soft(bench->target.device) == 1;
	err = qda_device_query(bench->target.device, QDA_DEVICE_MAX_BUFFER,
			       &bench->max_buffer);
	if (!err)
		err = qda_device_query(bench->target.device, QDA_DEVICE_MAX_IN_FLIGHT,
				       &bench->max_in_flight);
	if (err < 0)
		return cli_fail_errno(RUN_DEVICE, err, "%s does not tell its limits",
				      bench->device);
	ret = target_open_session(&bench->target, NULL);
	return ret ? ret : target_open_module(&bench->target, "bench", &bench->module);
}

/*
 * A private software DSP starts with its first user and inherits where that one
 * may run, so both columns open the device anew.
 */
static int run_place(struct bench *bench, enum bench_place place)
{
	int i, ret;

	bench->place = place;
	ret = bench_yardstick_start(bench);
	if (!ret)
		ret = open_device(bench);
	for (i = 0; !ret && i < BENCH_SECTIONS; i++) {
		if (bench->wanted[i])
			ret = sections[i].run(bench);
	}
	target_close(&bench->target, ret != RUN_OK);
	bench_yardstick_stop(bench);
	return ret;
}

int cmd_bench(int argc, char **argv)
{
	static struct bench bench;
	int ret;

	ret = parse_options(&bench, argc, argv);
	if (ret)
		return ret < 0 ? RUN_OK : ret;
	bench.progress = isatty(STDERR_FILENO);
	bench.cell_ns = bench.quick ? 30000000 : 300000000;
	bench.alternations = bench.quick ? 5 : 11;
	bench.max_samples = 200000;
	bench.ratios[0].name = "noop / yardstick";
	bench.ratios[0].bound = "(wanted: at most 1.5)";
	bench.ratios[1].name = "zero-copy 64 MiB / 4 KiB";
	bench.ratios[1].bound = "(wanted: at most 1.2)";
	bench.ratios[2].name = "copied 1 MiB / (memcpy there and back + noop)";
	bench.ratios[2].bound = "(wanted: at most 2)";
	bench.samples = malloc(bench.max_samples * sizeof(*bench.samples));
	if (!bench.samples)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "bench");
	/* every page there before anything is timed */
	memset(bench.samples, 0xff, bench.max_samples * sizeof(*bench.samples));
	ret = pin(&bench);
	if (!ret) {
		ret = run_place(&bench, BENCH_PINNED);
		sched_setaffinity(0, sizeof(bench.affinity), &bench.affinity);
	}
	if (!ret)
		ret = run_place(&bench, BENCH_UNPINNED);
	bench_progress_end(&bench);
	if (!ret && cli.json)
		bench_print_json(&bench);
	else if (!ret)
		bench_print(&bench);
	free(bench.samples);
	return ret;
}
