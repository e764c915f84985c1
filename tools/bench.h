/* SPDX-License-Identifier: MIT */
/* What "qda-run bench" measures, and how. */
#ifndef QDA_RUN_BENCH_H
#define QDA_RUN_BENCH_H

#include <sched.h>
#include <sys/types.h>

#include "common.h"
#include "stats.h"

/* methods of the module "bench" */
enum {
	BENCH_NOOP = 2,
	BENCH_ECHO = 3,
	BENCH_TOUCH = 6,
};

/* every table has both columns */
enum bench_place {
	BENCH_PINNED,		/* both ends on one CPU */
	BENCH_UNPINNED,
	BENCH_PLACES,
};

enum bench_section {
	SECTION_YARDSTICK,
	SECTION_NOOP,
	SECTION_COPIED,
	SECTION_ZEROCOPY,
	SECTION_THREADS,
	SECTION_QUEUE,
	SECTION_RATIOS,
	BENCH_SECTIONS,
};

#define BENCH_COPIED_ROWS	6
#define BENCH_ZEROCOPY_ROWS	7
#define BENCH_THREAD_ROWS	4
#define BENCH_QUEUE_ROWS	21
#define BENCH_RATIOS		3
#define BENCH_MAX_THREADS	8
#define BENCH_MAX_DEPTH		32
#define BENCH_MAX_IN_FLIGHT	64
#define BENCH_MAX_ALTERNATIONS	15

struct bench_cell {
	struct stats stats;
	uint64_t alloc_ns, first_ns;	/* zero-copy: first use */
	double calls_per_s;		/* threads, queue */
	int skipped;			/* errno why there is no figure, or 0 */
};

struct bench_row {
	uint64_t bytes;
	unsigned int threads, depth;
	struct bench_cell cell[BENCH_PLACES];
};

struct bench_ratio {
	const char *name, *bound;
	double value[BENCH_PLACES];
	double a_ns[BENCH_PLACES], b_ns[BENCH_PLACES];
};

struct bench {
	bool quick;
	bool wanted[BENCH_SECTIONS];
	uint64_t cell_ns;		/* time for one figure */
	unsigned int alternations;
	uint64_t *samples;
	size_t max_samples;

	int cpu;			/* where both ends are pinned */
	cpu_set_t affinity;		/* ours, before */
	enum bench_place place;
	struct target target;
	struct qda_module *module;
	uint64_t max_buffer, max_in_flight;
	int yard_fd;			/* our end of the yardstick */
	pid_t yard_pid;
	bool progress;
	unsigned int done, total;	/* figures */
	char device[256], driver[256];
	bool is_soft;

	struct bench_row yardstick, noop;
	struct bench_row copied[BENCH_COPIED_ROWS];
	struct bench_row zerocopy[BENCH_ZEROCOPY_ROWS];
	struct bench_row threads[BENCH_THREAD_ROWS];
	struct bench_row queue[BENCH_QUEUE_ROWS];
	struct bench_ratio ratios[BENCH_RATIOS];
};

extern const char *const bench_section_names[BENCH_SECTIONS];

/* One operation to time; RUN_OK or it has reported the error. */
typedef int (*bench_fn)(struct bench *bench, void *data);

__attribute__((format(printf, 2, 3)))
void bench_progress(struct bench *bench, const char *format, ...);
void bench_progress_end(struct bench *bench);

/* Time fn for cell_ns. */
int bench_measure(struct bench *bench, bench_fn fn, void *data, uint64_t time_ns,
		  struct stats *stats);
/* One prepared call; data is the struct qda_call. */
int bench_call(struct bench *bench, void *data);
int bench_failed(struct bench *bench, const char *what, int err, int32_t status);
int bench_new_call(struct bench *bench, uint32_t method, const struct qda_arg *args,
		   size_t num_args, struct qda_call **ret_call);

/* The peer is forked before the device is opened, so that it shares nothing. */
int bench_yardstick_start(struct bench *bench);
void bench_yardstick_stop(struct bench *bench);
int bench_yardstick_once(struct bench *bench, void *data);

int bench_run_yardstick(struct bench *bench);
int bench_run_noop(struct bench *bench);
int bench_run_copied(struct bench *bench);
int bench_run_zerocopy(struct bench *bench);
int bench_run_threads(struct bench *bench);
int bench_run_queue(struct bench *bench);
int bench_run_ratios(struct bench *bench);

void bench_print(const struct bench *bench);
void bench_print_json(const struct bench *bench);

#endif
