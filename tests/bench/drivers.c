// SPDX-License-Identifier: MIT
/*
 * One pass over what a driver of a DSP can do, in the guest. tests/vm/bench.sh calls
 * this for one driver and the other in turn.
 *
 * usage: bench-drivers DRIVER NODE SIM FAR-END...
 *
 * DRIVER: fastrpc or qda. SIM: the DSP's directory in qda_sim's debugfs. FAR-END:
 *   driver	the kernel answers in the thread that sends: the driver's own cost
 *   thread	the kernel answers from another thread
 *   dsp	the software DSP answers
 *   allocs	as driver, but memory allocations are counted
 * Writes lines "FAR-END <tab> CASE <tab> FIGURE": nanoseconds, or a count.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers.h"

#define KIB		1024u
#define MIB		(1024u * KIB)
#define PLAIN_MAX	MIB

#define BATCHES		5
#define BATCH_NS	8000000
#define MIN_CALLS	3
#define MAX_CALLS	400
#define ALLOC_CALLS	64

/* bits of the file respond */
#define RESPOND_CALLS	1
#define RESPOND_CONTROL 2
#define RESPOND_WORKER	4

struct pass {
	const struct driver *driver;
	const char *node;
	const char *sim;
	const char *far_end;
	unsigned int respond;
	bool is_dsp, is_allocs;
	/* of the case being measured */
	const uint8_t *in;
	uint8_t *out;
	size_t in_size, out_size;
	enum session_kind kind;
};

unsigned long bench_repeated;

_Noreturn void bench_fail(const char *what, int err)
{
	fprintf(stderr, "bench-drivers: %s: %s (%d)\n", what,
		err < 0 ? strerror(-err) : "refused", err);
	exit(1);
}

bool bench_again(int err, int not_now)
{
	if (err != -not_now)
		return false;
	bench_repeated++;
	/* all are pinned to one processor: whoever has something to clean up runs */
	sched_yield();
	return true;
}

static void set_respond(const struct pass *pass, unsigned int bits)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/respond", pass->sim);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%u", bits) < 0 || fclose(f))
		bench_fail(path, -errno);
}

/* the DSP refuses the end of what the responder has begun, and keeps the bank */
static void settle(const struct pass *pass)
{
	if (pass->driver->settle)
		pass->driver->settle(pass->node);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double time_batch(void (*fn)(void *data), void *data, unsigned int calls)
{
	uint64_t from = now_ns();
	unsigned int i;

	for (i = 0; i < calls; i++)
		fn(data);
	return (double)(now_ns() - from) / calls;
}

/* the median of a few batches, the first calls not counted */
static double measure(void (*fn)(void *data), void *data)
{
	double batch[BATCHES], once;
	unsigned int calls, i;

	once = time_batch(fn, data, 1);
	if (once < BATCH_NS) {
		time_batch(fn, data, MIN_CALLS);
		once = time_batch(fn, data, MIN_CALLS);
	}
	calls = once > 0 ? (unsigned int)(BATCH_NS / once) : MAX_CALLS;
	if (calls < 1)
		calls = 1;
	if (calls > MAX_CALLS)
		calls = MAX_CALLS;
	for (i = 0; i < BATCHES; i++)
		batch[i] = time_batch(fn, data, calls);
	qsort(batch, BATCHES, sizeof(batch[0]), by_value);
	return batch[BATCHES / 2];
}

__attribute__((format(printf, 4, 5))) static void run_case(const struct pass *pass,
							   void (*fn)(void *data),
							   void *data,
							   const char *format, ...)
{
	struct alloc_counts counts;
	char name[64];
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	if (!pass->is_allocs) {
		printf("%s\t%s\t%.1f\n", pass->far_end, name, measure(fn, data));
		return;
	}
	/* what is allocated once is */
	time_batch(fn, data, MIN_CALLS);
	bench_count_allocs(pass->driver->name, fn, data, ALLOC_CALLS, &counts);
	printf("allocs\t%s\t%.2f\nallocs-own\t%s\t%.2f\nalloc-pages\t%s\t%.2f\n", name,
	       counts.all, name, counts.own, name, counts.pages);
}

/* --- the cases ------------------------------------------------------------ */

static void do_ioctl_alone(void *data)
{
	((const struct pass *)data)->driver->ioctl_alone();
}

static void do_noop(void *data)
{
	((const struct pass *)data)->driver->noop();
}

static void do_plain(void *data)
{
	const struct pass *pass = data;

	pass->driver->plain(pass->in, pass->in_size, pass->out, pass->out_size);
}

static void do_buffer(void *data)
{
	((const struct pass *)data)->driver->buffer_call();
}

static void do_session(void *data)
{
	const struct pass *pass = data;

	pass->driver->session(pass->node, pass->kind);
}

/* that it was a DSP, and that it had our memory */
static void check_touched(const struct pass *pass, uint8_t first_in, uint8_t first_out)
{
	if (pass->is_dsp && first_out != (uint8_t)(first_in + 1))
		bench_fail("the method has not done what it should", 0);
}

static void run_plain(struct pass *pass, size_t in_size, size_t out_size)
{
	static const char *const names[] = { "4 KiB", "64 KiB", "1 MiB" };
	size_t size = in_size > out_size ? in_size : out_size;
	const char *name = names[(size > 4 * KIB) + (size > 64 * KIB)];

	pass->in_size = in_size;
	pass->out_size = out_size;
	run_case(pass, do_plain, pass, "plain %s %s", name,
		 out_size == 1 ? "in" :
		 in_size == 1  ? "out" :
				 "in and out");
	check_touched(pass, pass->in[0], pass->out[0]);
}

static void run_buffer(struct pass *pass, size_t size, bool registered)
{
	uint8_t *cpu = pass->driver->buffer_new(size, registered), before;

	run_case(pass, do_buffer, pass, "%s %u KiB",
		 registered ? "zero-copy" : "zero-copy by fd",
		 (unsigned int)(size / KIB));
	before = cpu[0];
	pass->driver->buffer_call();
	check_touched(pass, before, cpu[0]);
	pass->driver->buffer_free();
}

static void run_pass(struct pass *pass)
{
	static const size_t plain_sizes[] = { 4 * KIB, 64 * KIB, MIB };
	static const size_t buffer_sizes[] = {
		4 * KIB,
		64 * KIB,
		MIB,
		16 * MIB,
	};
	size_t i;

	/* a PD, its module and mappings come from the DSP in any case */
	set_respond(pass, 0);
	pass->driver->open(pass->node);
	set_respond(pass, pass->respond);
	if (!pass->is_dsp)
		run_case(pass, do_ioctl_alone, pass, "noop ioctl");
	run_case(pass, do_noop, pass, "noop");
	for (i = 0; i < 3; i++) {
		run_plain(pass, plain_sizes[i], 1);
		run_plain(pass, 1, plain_sizes[i]);
		run_plain(pass, plain_sizes[i], plain_sizes[i]);
	}
	for (i = 0; i < sizeof(buffer_sizes) / sizeof(buffer_sizes[0]); i++)
		run_buffer(pass, buffer_sizes[i], true);
	for (i = 0; i < 3; i++)
		run_buffer(pass, buffer_sizes[i], false);

	set_respond(pass, 0);
	pass->driver->close();
	settle(pass);
	set_respond(pass, pass->respond ? pass->respond | RESPOND_CONTROL : 0);
	pass->kind = SESSION_ATTACH;
	run_case(pass, do_session, pass, "session attach");
	pass->kind = SESSION_CREATE;
	run_case(pass, do_session, pass, "session create");
	settle(pass);
	set_respond(pass, 0);
}

static void pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		bench_fail("cannot pin to one processor", -errno);
}

int main(int argc, char **argv)
{
	struct pass pass = { 0 };
	uint8_t *in, *out;
	int i;

	if (argc < 5) {
		fprintf(stderr, "usage: bench-drivers DRIVER NODE SIM FAR-END...\n");
		return 2;
	}
	pass.driver = !strcmp(argv[1], "qda") ? &driver_qda : &driver_fastrpc;
	pass.node = argv[2];
	pass.sim = argv[3];
	in = malloc(PLAIN_MAX);
	out = malloc(PLAIN_MAX);
	if (!in || !out)
		bench_fail("memory", -ENOMEM);
	memset(in, 3, PLAIN_MAX);
	memset(out, 0, PLAIN_MAX);
	pass.in = in;
	pass.out = out;
	for (i = 4; i < argc; i++) {
		pass.far_end = argv[i];
		pass.is_dsp = !strncmp(argv[i], "dsp", 3);
		pass.is_allocs = !strcmp(argv[i], "allocs");
		pass.respond = pass.is_dsp ? 0 : RESPOND_CALLS;
		if (!strcmp(argv[i], "thread"))
			pass.respond |= RESPOND_WORKER;
		if (strcmp(argv[i], "dsp-unpinned"))
			pin();
		run_pass(&pass);
	}
	printf("repeated\trepeated\t%lu\n", bench_repeated);
	free(in);
	free(out);
	return 0;
}
