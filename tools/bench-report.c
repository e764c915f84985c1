// SPDX-License-Identifier: MIT
#include "bench.h"

static double us(uint64_t ns)
{
	return (double)ns / 1e3;
}

static void print_latency(const struct bench_cell *cell)
{
	if (cell->skipped)
		printf("  %8s %8s %8s", "-", "-", "-");
	else
		printf("  %8.1f %8.1f %8.1f", us(cell->stats.min),
		       us(cell->stats.median), us(cell->stats.p99));
}

static void print_skips(const struct bench_row *row)
{
	int err = row->cell[0].skipped ? row->cell[0].skipped : row->cell[1].skipped;

	if (err)
		printf("  skipped: %s", qda_strerror(-err));
	putchar('\n');
}

static void print_head(const char *title, const char *first, const char *more)
{
	printf("\n%s\n", title);
	printf("  %-12s  %8s %8s %8s  %8s %8s %8s%s\n", "", "pinned", "", "",
	       "unpinned", "", "", "");
	printf("  %-12s  %8s %8s %8s  %8s %8s %8s%s\n", first, "min us", "median",
	       "p99", "min us", "median", "p99", more);
}

static void print_plain(const char *title, const char *label,
			const struct bench_row *row)
{
	print_head(title, "", "");
	printf("  %-12s", label);
	print_latency(&row->cell[BENCH_PINNED]);
	print_latency(&row->cell[BENCH_UNPINNED]);
	print_skips(row);
}

/* bytes a second there and back, at the median */
static double mib_per_s(const struct bench_row *row, const struct bench_cell *cell)
{
	if (!cell->stats.median)
		return 0;
	return 2.0 * (double)row->bytes / (double)cell->stats.median * 1e9 / 1048576.0;
}

static void print_copied(const struct bench *bench)
{
	char text[24];
	size_t i;

	print_head("Copied payload, in and out (echo)", "bytes",
		   "   MiB/s pinned, unpinned");
	for (i = 0; i < BENCH_COPIED_ROWS; i++) {
		const struct bench_row *row = &bench->copied[i];

		printf("  %-12s", cli_bytes(row->bytes, text));
		print_latency(&row->cell[BENCH_PINNED]);
		print_latency(&row->cell[BENCH_UNPINNED]);
		printf("  %8.0f %8.0f", mib_per_s(row, &row->cell[BENCH_PINNED]),
		       mib_per_s(row, &row->cell[BENCH_UNPINNED]));
		print_skips(row);
	}
}

static void print_zerocopy(const struct bench *bench)
{
	char text[24];
	size_t i;

	print_head("Zero-copy buffer, first and last byte read and written (touch)",
		   "bytes", "   first use: allocate us, call us (pinned)");
	for (i = 0; i < BENCH_ZEROCOPY_ROWS; i++) {
		const struct bench_row *row = &bench->zerocopy[i];

		printf("  %-12s", cli_bytes(row->bytes, text));
		print_latency(&row->cell[BENCH_PINNED]);
		print_latency(&row->cell[BENCH_UNPINNED]);
		printf("  %8.1f %8.1f", us(row->cell[BENCH_PINNED].alloc_ns),
		       us(row->cell[BENCH_PINNED].first_ns));
		print_skips(row);
	}
}

static void print_rates(const char *title, const struct bench_row *rows, size_t num,
			bool queue)
{
	size_t i, place;

	printf("\n%s\n", title);
	printf("  %-8s%-8s%12s %10s %10s%14s %10s %10s\n", "", "", "pinned", "", "",
	       "unpinned", "", "");
	printf("  %-8s%-8s%12s %10s %10s%14s %10s %10s\n", "threads",
	       queue ? "depth" : "", "calls/s", "median us", "p99 us", "calls/s",
	       "median us", "p99 us");
	for (i = 0; i < num; i++) {
		char depth[12] = "";

		if (queue)
			snprintf(depth, sizeof(depth), "%u", rows[i].depth);
		printf("  %-8u%-8s", rows[i].threads, depth);
		for (place = 0; place < BENCH_PLACES; place++) {
			const struct bench_cell *cell = &rows[i].cell[place];

			printf("%*.0f %10.1f %10.1f", place ? 14 : 12,
			       cell->calls_per_s, us(cell->stats.median),
			       us(cell->stats.p99));
		}
		print_skips(&rows[i]);
	}
}

static void print_ratios(const struct bench *bench)
{
	size_t i;

	printf("\nRatios (medians of %u alternations)\n", bench->alternations);
	printf("  %-46s %8s %8s  %s\n", "", "pinned", "unpinned", "pinned, us");
	for (i = 0; i < BENCH_RATIOS; i++) {
		const struct bench_ratio *ratio = &bench->ratios[i];

		printf("  %-46s %8.2f %8.2f  %.1f / %.1f   %s\n", ratio->name,
		       ratio->value[BENCH_PINNED], ratio->value[BENCH_UNPINNED],
		       ratio->a_ns[BENCH_PINNED] / 1e3, ratio->b_ns[BENCH_PINNED] / 1e3,
		       ratio->bound);
	}
}

void bench_print(const struct bench *bench)
{
	printf("%s: %s\n", bench->device, bench->driver);
	printf("pinned: both ends on CPU %d%s\n", bench->cpu,
	       bench->is_soft ? "" : " (this process only; the DSP is elsewhere)");
	if (bench->wanted[SECTION_YARDSTICK])
		print_plain("Yardstick: 40 bytes there, 16 back, SOCK_SEQPACKET, two "
			    "processes", "ping-pong", &bench->yardstick);
	if (bench->wanted[SECTION_NOOP])
		print_plain("Call without arguments", "noop", &bench->noop);
	if (bench->wanted[SECTION_COPIED])
		print_copied(bench);
	if (bench->wanted[SECTION_ZEROCOPY])
		print_zerocopy(bench);
	if (bench->wanted[SECTION_THREADS])
		print_rates("Threads, one call each at a time (noop)", bench->threads,
			    BENCH_THREAD_ROWS, false);
	if (bench->wanted[SECTION_QUEUE])
		print_rates("Queue depth, asynchronous calls (noop)", bench->queue,
			    BENCH_QUEUE_ROWS, true);
	if (bench->wanted[SECTION_RATIOS])
		print_ratios(bench);
}

static void json_cell(struct json *json, const char *key, const struct bench_cell *cell,
		      bool rate, bool first_use)
{
	if (cell->skipped) {
		json_null(json, key);
		return;
	}
	json_object(json, key);
	json_uint(json, "min_ns", cell->stats.min);
	json_uint(json, "median_ns", cell->stats.median);
	json_uint(json, "p99_ns", cell->stats.p99);
	json_uint(json, "samples", cell->stats.count);
	if (rate)
		json_double(json, "calls_per_s", cell->calls_per_s);
	if (first_use) {
		json_uint(json, "first_allocate_ns", cell->alloc_ns);
		json_uint(json, "first_call_ns", cell->first_ns);
	}
	json_object_end(json);
}

static void json_rows(struct json *json, const char *key, const struct bench_row *rows,
		      size_t num, bool rate, bool first_use)
{
	size_t i;

	json_array(json, key);
	for (i = 0; i < num; i++) {
		json_object(json, NULL);
		if (rate)
			json_uint(json, "threads", rows[i].threads);
		else
			json_uint(json, "bytes", rows[i].bytes);
		if (rows[i].depth)
			json_uint(json, "depth", rows[i].depth);
		json_cell(json, "pinned", &rows[i].cell[BENCH_PINNED], rate, first_use);
		json_cell(json, "unpinned", &rows[i].cell[BENCH_UNPINNED], rate,
			  first_use);
		json_object_end(json);
	}
	json_array_end(json);
}

static void json_ratios(struct json *json, const struct bench *bench)
{
	size_t i;

	json_array(json, "ratios");
	for (i = 0; i < BENCH_RATIOS; i++) {
		const struct bench_ratio *ratio = &bench->ratios[i];

		json_object(json, NULL);
		json_string(json, "name", ratio->name);
		json_double(json, "pinned", ratio->value[BENCH_PINNED]);
		json_double(json, "unpinned", ratio->value[BENCH_UNPINNED]);
		json_uint(json, "alternations", bench->alternations);
		json_object_end(json);
	}
	json_array_end(json);
}

void bench_print_json(const struct bench *bench)
{
	struct json json;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "device", bench->device);
	json_string(&json, "driver", bench->driver);
	json_bool(&json, "quick", bench->quick);
	json_int(&json, "pinned_cpu", bench->cpu);
	if (bench->wanted[SECTION_YARDSTICK])
		json_rows(&json, "yardstick", &bench->yardstick, 1, false, false);
	if (bench->wanted[SECTION_NOOP])
		json_rows(&json, "noop", &bench->noop, 1, false, false);
	if (bench->wanted[SECTION_COPIED])
		json_rows(&json, "copied", bench->copied, BENCH_COPIED_ROWS, false,
			  false);
	if (bench->wanted[SECTION_ZEROCOPY])
		json_rows(&json, "zerocopy", bench->zerocopy, BENCH_ZEROCOPY_ROWS,
			  false, true);
	if (bench->wanted[SECTION_THREADS])
		json_rows(&json, "threads", bench->threads, BENCH_THREAD_ROWS, true,
			  false);
	if (bench->wanted[SECTION_QUEUE])
		json_rows(&json, "queue", bench->queue, BENCH_QUEUE_ROWS, true, false);
	if (bench->wanted[SECTION_RATIOS])
		json_ratios(&json, bench);
	json_object_end(&json);
}
