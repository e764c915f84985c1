// SPDX-License-Identifier: MIT
/* Measurements of several callers, and of several calls of one caller. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct worker {
	pthread_t thread;
	struct crew *crew;
	struct qda_call *calls[BENCH_MAX_DEPTH];
	uint64_t submitted[BENCH_MAX_DEPTH];	/* when */
	uint64_t *samples;
	size_t max_samples, num_samples;
	uint64_t calls_done;
	int err;
	int32_t status;
};

struct crew {
	unsigned int threads, depth;
	atomic_bool go, stop;
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct worker workers[BENCH_MAX_THREADS];
};

static void note(struct worker *worker, uint64_t started)
{
	if (worker->num_samples < worker->max_samples)
		worker->samples[worker->num_samples++] = cli_now_ns() - started;
	worker->calls_done++;
}

/* signals are the main thread's, which sees cli_interrupted and stops us */
static int wait_for(struct worker *worker, struct qda_call *call)
{
	int err;

	do {
		err = qda_call_wait(call, -1, &worker->status);
	} while (err == -EINTR && !cli_interrupted);
	return err;
}

static void run_one_at_a_time(struct worker *worker)
{
	uint64_t start;

	while (!atomic_load_explicit(&worker->crew->stop, memory_order_relaxed)) {
		start = cli_now_ns();
		worker->err = cli_invoke(worker->calls[0], &worker->status);
		if (worker->err < 0 || worker->status)
			return;
		note(worker, start);
	}
}

/* keep depth calls in flight, collect the oldest */
static void run_queue(struct worker *worker)
{
	unsigned int depth = worker->crew->depth, in_flight = 0, oldest = 0, next;

	for (;;) {
		bool stop = atomic_load_explicit(&worker->crew->stop,
						 memory_order_relaxed);

		while (!stop && in_flight < depth) {
			next = (oldest + in_flight) % depth;
			worker->submitted[next] = cli_now_ns();
			worker->err = qda_call_submit(worker->calls[next], NULL, NULL);
			if (worker->err == -EAGAIN && in_flight)
				break;
			if (worker->err < 0)
				return;
			in_flight++;
		}
		if (!in_flight)
			return;
		worker->err = wait_for(worker, worker->calls[oldest]);
		if (worker->err < 0 || worker->status)
			return;
		note(worker, worker->submitted[oldest]);
		oldest = (oldest + 1) % depth;
		in_flight--;
	}
}

static void *worker_main(void *data)
{
	struct worker *worker = data;
	struct crew *crew = worker->crew;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	/* the DSP's thread for this one exists before the clock starts */
	worker->err = cli_invoke(worker->calls[0], &worker->status);
	pthread_mutex_lock(&crew->lock);
	while (!crew->go)
		pthread_cond_wait(&crew->ready, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
	if (worker->err < 0 || worker->status)
		return NULL;
	if (crew->depth)
		run_queue(worker);
	else
		run_one_at_a_time(worker);
	return NULL;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	/* a signal ends it early, which is wanted */
	nanosleep(&ts, NULL);
}

static int prepare(struct bench *bench, struct crew *crew)
{
	size_t share = bench->max_samples / crew->threads;
	unsigned int i, j;
	int ret;

	for (i = 0; i < crew->threads; i++) {
		struct worker *worker = &crew->workers[i];

		worker->crew = crew;
		worker->samples = bench->samples + i * share;
		worker->max_samples = share;
		for (j = 0; j < (crew->depth ? crew->depth : 1); j++) {
			ret = bench_new_call(bench, BENCH_NOOP, NULL, 0,
					     &worker->calls[j]);
			if (ret)
				return ret;
		}
	}
	return RUN_OK;
}

/* all latencies into one array without gaps */
static size_t gather(struct bench *bench, struct crew *crew)
{
	size_t total = 0;
	unsigned int i;

	for (i = 0; i < crew->threads; i++) {
		memmove(bench->samples + total, crew->workers[i].samples,
			crew->workers[i].num_samples * sizeof(*bench->samples));
		total += crew->workers[i].num_samples;
	}
	return total;
}

/* depth 0: synchronous calls */
static int run_crew(struct bench *bench, struct bench_cell *cell, unsigned int threads,
		    unsigned int depth, uint64_t time_ns)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	unsigned int i, j, started = 0;
	uint64_t start, calls = 0;
	int ret, err = 0;

	if (!crew)
		return bench_failed(bench, "threads", -ENOMEM, 0);
	crew->threads = threads;
	crew->depth = depth;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->ready, NULL);
	ret = prepare(bench, crew);
	for (; !ret && started < threads; started++) {
		err = pthread_create(&crew->workers[started].thread, NULL, worker_main,
				     &crew->workers[started]);
		if (err)
			break;
	}
	/* time for the first calls; then all start together */
	if (started)
		sleep_ns(5000000);
	start = cli_now_ns();
	pthread_mutex_lock(&crew->lock);
	crew->go = true;
	pthread_cond_broadcast(&crew->ready);
	pthread_mutex_unlock(&crew->lock);
	if (!ret && !err)
		sleep_ns(time_ns);
	atomic_store(&crew->stop, true);
	if (cli_interrupted)
		qda_session_release(bench->target.session);
	for (i = 0; i < started; i++) {
		pthread_join(crew->workers[i].thread, NULL);
		calls += crew->workers[i].calls_done;
	}
	if (!ret && err)
		ret = bench_failed(bench, "cannot start a thread", -err, 0);
	cell->calls_per_s = (double)calls * 1e9 / (double)(cli_now_ns() - start);
	for (i = 0; !ret && i < started; i++) {
		struct worker *worker = &crew->workers[i];

		if (worker->err < 0 || worker->status)
			ret = bench_failed(bench, "a call of the module bench failed",
					   worker->err, worker->status);
	}
	if (!ret && cli_interrupted)
		ret = bench_failed(bench, "bench", -EINTR, 0);
	if (!ret)
		cell->stats = stats_of(bench->samples, gather(bench, crew));
	for (i = 0; i < threads; i++) {
		for (j = 0; j < BENCH_MAX_DEPTH; j++)
			qda_call_unref(crew->workers[i].calls[j]);
	}
	pthread_cond_destroy(&crew->ready);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
	return ret;
}

int bench_run_threads(struct bench *bench)
{
	unsigned int i;
	int ret;

	for (i = 0; i < BENCH_THREAD_ROWS; i++) {
		struct bench_row *row = &bench->threads[i];

		row->threads = 1u << i;
		bench_progress(bench, "%u threads", row->threads);
		ret = run_crew(bench, &row->cell[bench->place], row->threads, 0,
			       bench->cell_ns);
		if (ret)
			return ret;
	}
	return RUN_OK;
}

int bench_run_queue(struct bench *bench)
{
	unsigned int threads, depth, n = 0;
	int ret;

	for (threads = 1; threads <= BENCH_MAX_THREADS; threads *= 2) {
		for (depth = 1; depth <= BENCH_MAX_DEPTH; depth *= 2) {
			struct bench_row *row;

			if (threads * depth > BENCH_MAX_IN_FLIGHT)
				break;
			row = &bench->queue[n++];
			row->threads = threads;
			row->depth = depth;
			bench_progress(bench, "%u threads, queue depth %u", threads,
				       depth);
			if (threads * depth > bench->max_in_flight) {
				row->cell[bench->place].skipped = EAGAIN;
				continue;
			}
			ret = run_crew(bench, &row->cell[bench->place], threads, depth,
				       bench->cell_ns / 2);
			if (ret)
				return ret;
		}
	}
	return RUN_OK;
}
