// SPDX-License-Identifier: MIT
/* Measurements of one caller. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define KIB	1024ull
#define MIB	(1024 * KIB)

/* first uses of a buffer whose median is shown */
#define BENCH_FIRST_USES	5

static const uint64_t copied_sizes[BENCH_COPIED_ROWS] = {
	0, KIB, 4 * KIB, 64 * KIB, MIB, 16 * MIB,
};

static const uint64_t zerocopy_sizes[BENCH_ZEROCOPY_ROWS] = {
	4 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB,
};

int bench_failed(struct bench *bench, const char *what, int err, int32_t status)
{
	bench_progress_end(bench);
	if (err < 0)
		return cli_fail_errno(err == -EPIPE || err == -ENODEV ? RUN_LOST :
									RUN_OTHER,
				      err, "%s", what);
	return cli_fail_status(qda_status_is_lost(status) ? RUN_LOST : RUN_STATUS,
			       status, "%s", what);
}

int bench_new_call(struct bench *bench, uint32_t method, const struct qda_arg *args,
		   size_t num_args, struct qda_call **ret_call)
{
	int err = qda_call_new(bench->module, method, args, num_args, ret_call);

	return err < 0 ? bench_failed(bench, "cannot prepare a call", err, 0) : RUN_OK;
}

int bench_call(struct bench *bench, void *data)
{
	struct qda_call *call = data;
	int32_t status;
	int err;

	err = cli_invoke(call, &status);
	if (err < 0 || status)
		return bench_failed(bench, "a call of the module bench failed", err,
				    status);
	return RUN_OK;
}

int bench_measure(struct bench *bench, bench_fn fn, void *data, uint64_t time_ns,
		  struct stats *stats)
{
	uint64_t start = cli_now_ns(), before, now;
	size_t n = 0;
	int ret;

	/* caches, branch predictors and pools settle first */
	do {
		ret = fn(bench, data);
		if (ret)
			return ret;
		n++;
	} while (n < 3 || (n < 1000 && cli_now_ns() - start < time_ns / 10));
	n = 0;
	start = before = cli_now_ns();
	do {
		ret = cli_interrupted ? bench_failed(bench, "bench", -EINTR, 0) :
					fn(bench, data);
		if (ret)
			return ret;
		now = cli_now_ns();
		bench->samples[n++] = now - before;
		before = now;
	} while (n < bench->max_samples && (n < 5 || now - start < time_ns));
	*stats = stats_of(bench->samples, n);
	return RUN_OK;
}

/* --- the yardstick ------------------------------------------------------ */

static void yardstick_peer(int fd)
{
	char request[40], reply[16] = { 0 };

	/* Ctrl-C is the parent's to handle; its end is ours */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(fd, request, sizeof(request), 0) == sizeof(request)) {
		if (send(fd, reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply))
			break;
	}
	_exit(0);
}

int bench_yardstick_start(struct bench *bench)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return bench_failed(bench, "yardstick: cannot make a socket pair",
				    -errno, 0);
	fflush(NULL);
	bench->yard_pid = fork();
	if (bench->yard_pid == 0) {
		close(fds[0]);
		yardstick_peer(fds[1]);
	}
	close(fds[1]);
	if (bench->yard_pid < 0) {
		close(fds[0]);
		return bench_failed(bench, "yardstick: cannot fork", -errno, 0);
	}
	bench->yard_fd = fds[0];
	return RUN_OK;
}

void bench_yardstick_stop(struct bench *bench)
{
	if (bench->yard_pid <= 0)
		return;
	close(bench->yard_fd);		/* the peer's end of file */
	while (waitpid(bench->yard_pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	bench->yard_pid = 0;
}

int bench_yardstick_once(struct bench *bench, void *data)
{
	char request[40] = { 0 }, reply[16];
	ssize_t n;

	(void)data;
	if (send(bench->yard_fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
		return bench_failed(bench, "yardstick: send", -errno, 0);
	do {
		n = recv(bench->yard_fd, reply, sizeof(reply), 0);
	} while (n < 0 && errno == EINTR && !cli_interrupted);
	if (n != sizeof(reply))
		return bench_failed(bench, "yardstick: receive",
				    n < 0 ? -errno : -EPIPE, 0);
	return RUN_OK;
}

int bench_run_yardstick(struct bench *bench)
{
	bench_progress(bench, "yardstick");
	return bench_measure(bench, bench_yardstick_once, NULL, bench->cell_ns,
			     &bench->yardstick.cell[bench->place].stats);
}

/* --- one caller --------------------------------------------------------- */

int bench_run_noop(struct bench *bench)
{
	struct qda_call *call;
	int ret;

	bench_progress(bench, "noop");
	ret = bench_new_call(bench, BENCH_NOOP, NULL, 0, &call);
	if (ret)
		return ret;
	ret = bench_measure(bench, bench_call, call, bench->cell_ns,
			    &bench->noop.cell[bench->place].stats);
	qda_call_unref(call);
	return ret;
}

/* a prepared echo of so many bytes from and to memory of ours */
static int new_echo(struct bench *bench, uint8_t *in, uint8_t *out, uint64_t bytes,
		    struct qda_call **ret_call)
{
	struct qda_arg args[] = {
		QDA_IN_SEQ(in, bytes),
		QDA_OUT_SEQ(out, bytes),
	};

	return bench_new_call(bench, BENCH_ECHO, args, 2, ret_call);
}

static int run_copied_one(struct bench *bench, struct bench_row *row)
{
	struct bench_cell *cell = &row->cell[bench->place];
	size_t room = row->bytes ? (size_t)row->bytes : 1;
	uint8_t *in = malloc(room), *out = malloc(room);
	struct qda_call *call = NULL;
	int ret = RUN_OK;

	if (!in || !out) {
		cell->skipped = ENOMEM;
		goto out_free;
	}
	memset(in, 0x5a, room);
	memset(out, 0, room);
	ret = new_echo(bench, in, out, row->bytes, &call);
	if (!ret)
		ret = bench_measure(bench, bench_call, call, bench->cell_ns,
				    &cell->stats);
	/* a figure for something that does not work is worse than none */
	if (!ret && row->bytes && memcmp(in, out, (size_t)row->bytes)) {
		bench_progress_end(bench);
		ret = cli_fail(RUN_OTHER, "echo of %llu bytes came back changed",
			       (unsigned long long)row->bytes);
	}
	qda_call_unref(call);
out_free:
	free(in);
	free(out);
	return ret;
}

int bench_run_copied(struct bench *bench)
{
	char text[24];
	size_t i;
	int ret;

	for (i = 0; i < BENCH_COPIED_ROWS; i++) {
		struct bench_row *row = &bench->copied[i];

		row->bytes = copied_sizes[i];
		bench_progress(bench, "copied %s", cli_bytes(row->bytes, text));
		ret = run_copied_one(bench, row);
		if (ret)
			return ret;
	}
	return RUN_OK;
}

/* a buffer that is input and output of touch, and the call for it */
static int new_touch(struct bench *bench, uint64_t bytes,
		     struct qda_buffer **ret_buffer, struct qda_call **ret_call)
{
	struct qda_arg args[2];
	int err = qda_buffer_new(bench->target.session, bytes, ret_buffer);

	if (err < 0)
		return err;
	args[0] = QDA_IN_BUF(*ret_buffer, 0, bytes);
	args[1] = QDA_OUT_BUF(*ret_buffer, 0, bytes);
	err = qda_call_new(bench->module, BENCH_TOUCH, args, 2, ret_call);
	if (err < 0)
		*ret_buffer = qda_buffer_unref(*ret_buffer);
	return err;
}

/* a new buffer and the first call with it */
static int use_first(struct bench *bench, uint64_t bytes,
		     struct qda_buffer **ret_buffer, struct qda_call **ret_call,
		     uint64_t *ret_alloc, uint64_t *ret_first)
{
	uint64_t start = cli_now_ns();
	int err, ret;

	err = new_touch(bench, bytes, ret_buffer, ret_call);
	*ret_alloc = cli_now_ns() - start;
	if (err == -ENOMEM || err == -ENOSPC || err == -E2BIG)
		return err;
	if (err < 0)
		return bench_failed(bench, "cannot allocate a buffer", err, 0);
	start = cli_now_ns();
	ret = bench_call(bench, *ret_call);
	*ret_first = cli_now_ns() - start;
	return ret;
}

static int run_zerocopy_one(struct bench *bench, struct bench_row *row)
{
	struct bench_cell *cell = &row->cell[bench->place];
	uint64_t alloc[BENCH_FIRST_USES], first[BENCH_FIRST_USES];
	struct qda_buffer *buffer = NULL;
	struct qda_call *call = NULL;
	int i, ret = RUN_OK;

	if (row->bytes > bench->max_buffer) {
		cell->skipped = E2BIG;
		return RUN_OK;
	}
	for (i = 0; !ret && i < BENCH_FIRST_USES; i++) {
		call = qda_call_unref(call);
		buffer = qda_buffer_unref(buffer);
		ret = use_first(bench, row->bytes, &buffer, &call, &alloc[i],
				&first[i]);
	}
	if (ret < 0) {
		cell->skipped = -ret;
		return RUN_OK;
	}
	if (!ret) {
		cell->alloc_ns = stats_of(alloc, BENCH_FIRST_USES).median;
		cell->first_ns = stats_of(first, BENCH_FIRST_USES).median;
		ret = bench_measure(bench, bench_call, call, bench->cell_ns,
				    &cell->stats);
	}
	qda_call_unref(call);
	qda_buffer_unref(buffer);
	return ret;
}

int bench_run_zerocopy(struct bench *bench)
{
	char text[24];
	size_t i;
	int ret;

	for (i = 0; i < BENCH_ZEROCOPY_ROWS; i++) {
		struct bench_row *row = &bench->zerocopy[i];

		row->bytes = zerocopy_sizes[i];
		bench_progress(bench, "zero-copy %s", cli_bytes(row->bytes, text));
		ret = run_zerocopy_one(bench, row);
		if (ret)
			return ret;
	}
	return RUN_OK;
}

/* --- ratios ------------------------------------------------------------- */

struct memcpy_pair {
	uint8_t *from, *between, *to;
	size_t bytes;
};

static int memcpy_once(struct bench *bench, void *data)
{
	struct memcpy_pair *pair = data;

	(void)bench;
	memcpy(pair->between, pair->from, pair->bytes);
	/* the compiler must not join the two */
	__asm__ volatile("" : : "r"(pair->between) : "memory");
	memcpy(pair->to, pair->between, pair->bytes);
	__asm__ volatile("" : : "r"(pair->to) : "memory");
	return RUN_OK;
}

struct side {
	bench_fn fn;
	void *data;
};

/* a over the sum of b and, if it has one, c; each measured in turn */
static int run_ratio(struct bench *bench, size_t index, struct side a, struct side b,
		     struct side c)
{
	double ratios[BENCH_MAX_ALTERNATIONS], as[BENCH_MAX_ALTERNATIONS];
	double bs[BENCH_MAX_ALTERNATIONS];
	struct bench_ratio *ratio = &bench->ratios[index];
	uint64_t slice = bench->quick ? 5000000 : 20000000;
	struct stats stats_a, stats_b, stats_c;
	unsigned int i;
	int ret;

	bench_progress(bench, "ratio %s", ratio->name);
	for (i = 0; i < bench->alternations; i++) {
		ret = bench_measure(bench, a.fn, a.data, slice, &stats_a);
		if (!ret)
			ret = bench_measure(bench, b.fn, b.data, slice, &stats_b);
		stats_c.median = 0;
		if (!ret && c.fn)
			ret = bench_measure(bench, c.fn, c.data, slice, &stats_c);
		if (ret)
			return ret;
		as[i] = (double)stats_a.median;
		bs[i] = (double)(stats_b.median + stats_c.median);
		ratios[i] = as[i] / (bs[i] > 0 ? bs[i] : 1);
	}
	ratio->value[bench->place] = stats_median(ratios, i);
	ratio->a_ns[bench->place] = stats_median(as, i);
	ratio->b_ns[bench->place] = stats_median(bs, i);
	return RUN_OK;
}

static int ratio_zerocopy(struct bench *bench)
{
	struct qda_buffer *small_buffer = NULL, *large_buffer = NULL;
	struct qda_call *small_call = NULL, *large_call = NULL;
	int err, ret;

	err = new_touch(bench, 4 * KIB, &small_buffer, &small_call);
	if (!err)
		err = new_touch(bench, 64 * MIB, &large_buffer, &large_call);
	if (err < 0)
		ret = bench_failed(bench, "cannot allocate the buffers for the ratio",
				   err, 0);
	else
		ret = run_ratio(bench, 1, (struct side){ bench_call, large_call },
				(struct side){ bench_call, small_call },
				(struct side){ NULL, NULL });
	qda_call_unref(small_call);
	qda_call_unref(large_call);
	qda_buffer_unref(small_buffer);
	qda_buffer_unref(large_buffer);
	return ret;
}

static int ratio_copied(struct bench *bench, struct qda_call *noop)
{
	struct memcpy_pair pair = { .bytes = MIB };
	struct qda_call *echo = NULL;
	int ret;

	pair.from = malloc(MIB);
	pair.between = malloc(MIB);
	pair.to = malloc(MIB);
	if (!pair.from || !pair.between || !pair.to) {
		ret = bench_failed(bench, "memory for the ratio", -ENOMEM, 0);
		goto out;
	}
	memset(pair.from, 0x5a, MIB);
	ret = new_echo(bench, pair.from, pair.to, MIB, &echo);
	if (!ret)
		ret = run_ratio(bench, 2, (struct side){ bench_call, echo },
				(struct side){ memcpy_once, &pair },
				(struct side){ bench_call, noop });
	qda_call_unref(echo);
out:
	free(pair.from);
	free(pair.between);
	free(pair.to);
	return ret;
}

int bench_run_ratios(struct bench *bench)
{
	struct qda_call *noop;
	int ret;

	ret = bench_new_call(bench, BENCH_NOOP, NULL, 0, &noop);
	if (ret)
		return ret;
	ret = run_ratio(bench, 0, (struct side){ bench_call, noop },
			(struct side){ bench_yardstick_once, NULL },
			(struct side){ NULL, NULL });
	if (!ret)
		ret = ratio_zerocopy(bench);
	if (!ret)
		ret = ratio_copied(bench, noop);
	qda_call_unref(noop);
	return ret;
}
