// SPDX-License-Identifier: MIT
/*
 * Many threads, one session: each thread calls when it likes, and the DSP runs
 * the calls of different threads at the same time.
 *
 *	threads [-d DEVICE] [-t THREADS] [-n CALLS]
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <qda/qda.h>

#define SUM	2	/* methods of the calculator's interface */
#define MAX	3
#define COUNT	64

struct work {
	pthread_t thread;
	unsigned long index, calls;
	struct qda_module *module;
	atomic_bool *stop;	/* one failure ends them all */
};

/* One statement a call; inputs and outputs are plain variables. */
static int call_once(struct qda_module *module, const int32_t *numbers, int64_t *ret_sum,
		     int32_t *ret_max)
{
	int32_t status = 0;
	int err;

	err = qda_invoke(module, SUM, &status, QDA_IN_SEQ(numbers, COUNT),
			 QDA_OUT(ret_sum));
	if (!err && !status)
		err = qda_invoke(module, MAX, &status, QDA_IN_SEQ(numbers, COUNT),
				 QDA_OUT(ret_max));
	if (err)
		fprintf(stderr, "threads: %s\n", qda_strerror(err));
	else if (status)
		fprintf(stderr, "threads: %s\n", qda_status_text(status));
	return err || status ? -1 : 0;
}

static void *run(void *data)
{
	struct work *work = data;
	int32_t numbers[COUNT], max;
	int64_t sum, expected;
	unsigned long n;
	int i;

	for (n = 0; n < work->calls && !atomic_load(work->stop); n++) {
		for (expected = 0, i = 0; i < COUNT; i++) {
			numbers[i] = (int32_t)(work->index * 1000 + n % 1000) + i;
			expected += numbers[i];
		}
		if (call_once(work->module, numbers, &sum, &max)) {
			atomic_store(work->stop, true);
		} else if (sum != expected || max != numbers[COUNT - 1]) {
			fprintf(stderr, "threads: wrong result in thread %lu\n",
				work->index);
			atomic_store(work->stop, true);
		}
	}
	return NULL;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int run_all(struct qda_module *module, unsigned long threads, unsigned long calls)
{
	struct work *work = calloc(threads, sizeof(*work));
	atomic_bool stop = false;
	unsigned long i, started;
	double start = now();
	int err;

	if (!work) {
		perror("threads");
		return -1;
	}
	for (started = 0; started < threads; started++) {
		work[started].index = started;
		work[started].calls = calls;
		work[started].module = module;
		work[started].stop = &stop;
		err = pthread_create(&work[started].thread, NULL, run, &work[started]);
		if (err) {
			fprintf(stderr, "threads: thread %lu: %s\n", started,
				qda_strerror(err));
			atomic_store(&stop, true);
			break;
		}
	}
	for (i = 0; i < started; i++)
		pthread_join(work[i].thread, NULL);
	free(work);
	if (atomic_load(&stop))
		return -1;
	printf("%lu threads, %lu calls each, all results right, %.0f calls/s\n", threads,
	       2 * calls, 2 * (double)(threads * calls) / (now() - start));
	return 0;
}

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return !errno && end != text && !*end && *text != '-' && *ret && *ret <= max;
}

static int usage(void)
{
	fprintf(stderr, "usage: threads [-d DEVICE] [-t THREADS] [-n CALLS]\n"
			"  THREADS: 1 to 64, default 8\n"
			"  CALLS: of each method in each thread, default 1000\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_ctx *ctx = NULL;
	struct qda_device *device = NULL;
	struct qda_session *session = NULL;
	struct qda_module *module = NULL;
	unsigned long threads = 8, calls = 1000;
	const char *name = NULL;
	int option, err;

	while ((option = getopt(argc, argv, "d:t:n:")) != -1) {
		if (option == 'd')
			name = optarg;
		else if (option == 't' && number(optarg, 64, &threads))
			continue;
		else if (option == 'n' && number(optarg, 1000000000, &calls))
			continue;
		else
			return usage();
	}
	if (optind != argc)
		return usage();

	err = qda_ctx_new(NULL, &ctx);
	if (err) {
		fprintf(stderr, "threads: %s\n", qda_strerror(err));
		return 1;
	}
	if (qda_device_open(ctx, name, &device, &why) ||
	    qda_session_open(device, NULL, &session, &why) ||
	    qda_module_open(session, "calculator", &module, &why)) {
		fprintf(stderr, "threads: %s\n", why.message);
		err = -1;
	} else {
		err = run_all(module, threads, calls);
	}
	qda_module_unref(module);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	return err ? 1 : 0;
}
