// SPDX-License-Identifier: MIT
/*
 * Keep many calls in flight from one thread: a callback takes each result and
 * hands the next piece of work to the DSP, driven by the program's own epoll loop.
 *
 *	async [-d DEVICE] [-q DEPTH] [-n CALLS]
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <qda/qda.h>

#define SUM	2	/* method of the calculator's interface */
#define COUNT	1024	/* numbers in one piece of work */

struct loop;

/* One call with the memory it uses; reused for one piece after the other */
struct slot {
	struct loop *loop;
	struct qda_call *call;
	struct qda_buffer *buffer;
	int32_t *numbers;	/* the DSP reads them where they are */
	int64_t sum;		/* written when the call has ended */
	int64_t expected;
};

struct loop {
	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
	struct qda_module *module;
	struct slot *slots;
	unsigned long depth, calls;
	unsigned long started, in_flight, ended;
	bool failed;
};

static void on_end(void *data, struct qda_call *call, int err, int32_t status);

static int fail(const char *what, int err)
{
	fprintf(stderr, "async: %s: %s\n", what, qda_strerror(err));
	return -1;
}

static int submit(struct slot *slot)
{
	struct loop *loop = slot->loop;
	int i, err;

	slot->expected = 0;
	for (i = 0; i < COUNT; i++) {
		slot->numbers[i] = (int32_t)loop->started + i;
		slot->expected += slot->numbers[i];
	}
	err = qda_call_submit(slot->call, on_end, slot);
	if (err)
		return fail("submit", err);
	loop->started++;
	loop->in_flight++;
	return 0;
}

/* runs inside qda_ctx_process(), on this program's only thread */
static void on_end(void *data, struct qda_call *call, int err, int32_t status)
{
	struct slot *slot = data;
	struct loop *loop = slot->loop;

	(void)call;
	loop->in_flight--;
	if (loop->failed)
		return;
	if (err) {
		fail("call", err);
		loop->failed = true;
	} else if (status) {
		fprintf(stderr, "async: %s\n", qda_status_text(status));
		loop->failed = true;
	} else if (slot->sum != slot->expected) {
		fprintf(stderr, "async: the sum is %lld and should be %lld\n",
			(long long)slot->sum, (long long)slot->expected);
		loop->failed = true;
	} else {
		loop->ended++;
	}
	if (loop->started < loop->calls && !loop->failed && submit(slot))
		loop->failed = true;
}

static int open_session(struct loop *loop, const char *device)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	int err = qda_ctx_new(NULL, &loop->ctx);

	if (err)
		return fail("libqda", err);
	if (qda_device_open(loop->ctx, device, &loop->device, &why) ||
	    qda_session_open(loop->device, NULL, &loop->session, &why) ||
	    qda_module_open(loop->session, "calculator", &loop->module, &why)) {
		fprintf(stderr, "async: %s\n", why.message);
		return -1;
	}
	return 0;
}

/* everything a call needs is allocated here, nothing later */
static int prepare(struct loop *loop, struct slot *slot)
{
	void *address;
	int err;

	slot->loop = loop;
	err = qda_buffer_new(loop->session, COUNT * sizeof(int32_t), &slot->buffer);
	if (!err)
		err = qda_buffer_map(slot->buffer, &address);
	if (err)
		return fail("buffer", err);
	slot->numbers = address;
	{
		const struct qda_arg args[] = {
			QDA_ARG_INIT_IN_BUF(slot->buffer, 0, sizeof(int32_t), COUNT),
			QDA_OUT(&slot->sum),
		};

		err = qda_call_new(loop->module, SUM, args, 2, &slot->call);
	}
	return err ? fail("call", err) : 0;
}

static int run(struct loop *loop, int signal_fd)
{
	struct epoll_event event = { .events = EPOLLIN }, ready[2];
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int i, n, err = 0;

	event.data.fd = qda_ctx_get_fd(loop->ctx);
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event))
		err = fail("epoll", -errno);
	event.data.fd = signal_fd;
	if (!err && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &event))
		err = fail("epoll", -errno);

	for (i = 0; !err && i < (int)loop->depth && loop->started < loop->calls; i++)
		err = submit(&loop->slots[i]);
	while (!err && !loop->failed && loop->in_flight) {
		n = epoll_wait(epoll_fd, ready, 2, -1);
		if (n < 0 && errno != EINTR)
			err = fail("epoll", -errno);
		for (i = 0; i < n && !err; i++) {
			if (ready[i].data.fd == signal_fd) {
				fprintf(stderr, "async: interrupted after %lu calls\n",
					loop->ended);
				err = -1;
			} else {
				err = qda_ctx_process(loop->ctx);
				err = err < 0 ? fail("events", err) : 0;
			}
		}
	}
	if (epoll_fd >= 0)
		close(epoll_fd);
	return err || loop->failed ? -1 : 0;
}

static bool number(const char *text, unsigned long min, unsigned long max,
		   unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return !errno && end != text && !*end && *text != '-' && *ret >= min &&
	       *ret <= max;
}

static int usage(void)
{
	fprintf(stderr, "usage: async [-d DEVICE] [-q DEPTH] [-n CALLS]\n"
			"  DEPTH: calls in flight, 1 to 63, default 8\n"
			"  CALLS: in total, 1 to 1000000000, default 10000\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct loop loop = { .depth = 8, .calls = 10000 };
	const char *device = NULL;
	int option, signal_fd, err;
	sigset_t signals;
	unsigned long i;

	while ((option = getopt(argc, argv, "d:q:n:")) != -1) {
		if (option == 'd')
			device = optarg;
		else if (option == 'q' && number(optarg, 1, 63, &loop.depth))
			continue;
		else if (option == 'n' && number(optarg, 1, 1000000000, &loop.calls))
			continue;
		else
			return usage();
	}
	if (optind != argc)
		return usage();

	/* Ctrl-C is one more event of the loop */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	loop.slots = calloc(loop.depth, sizeof(*loop.slots));
	if (signal_fd < 0 || !loop.slots) {
		perror("async");
		return 1;
	}

	err = open_session(&loop, device);
	for (i = 0; !err && i < loop.depth; i++)
		err = prepare(&loop, &loop.slots[i]);
	if (!err)
		err = run(&loop, signal_fd);
	if (!err)
		printf("%lu calls, %lu in flight at a time, all sums right\n",
		       loop.ended, loop.depth < loop.calls ? loop.depth : loop.calls);

	/* what is in flight ends with the session, and its callbacks are still run */
	if (err && loop.session) {
		loop.failed = true;
		qda_session_release(loop.session);
		while (loop.in_flight && qda_ctx_wait(loop.ctx, 1000000000) > 0)
			;
	}
	for (i = 0; i < loop.depth; i++) {
		qda_call_unref(loop.slots[i].call);
		qda_buffer_unref(loop.slots[i].buffer);
	}
	qda_module_unref(loop.module);
	qda_session_unref(loop.session);
	qda_device_unref(loop.device);
	qda_ctx_unref(loop.ctx);
	free(loop.slots);
	close(signal_fd);
	return err ? 1 : 0;
}
