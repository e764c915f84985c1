// SPDX-License-Identifier: MIT
/* Requests on the control socket. Whoever waits receives, for everybody. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "dsp/sendfd.h"
#include "soft.h"

/*
 * For what the root process answers by itself; one that does not is as good as gone.
 * MAP, UNMAP, LANE and PD_STATE may wait for a PD: they have no such limit.
 */
#define LINK_TIMEOUT	(30 * NSEC_PER_SEC)

void link_init(struct link *link, int fd)
{
	link->fd = fd;
	list_init(&link->pending);
}

int link_post(struct file *file, struct link_wait *w, const struct qda_link_req *req,
	      int fd)
{
	struct qda_link_req copy = *req;

	if (file->lost)
		return -EPIPE;
	copy.seq = ++file->link.seq;
	for (;;) {
		struct pollfd pfd = { .fd = file->link.fd, .events = POLLOUT };

		if (send_with_fd(file->link.fd, &copy, sizeof(copy), fd,
				 MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			break;
		if (errno == EINTR)
			continue;
		/* only a server that is stopped lets this fill up */
		if (errno == EAGAIN && poll_until(&pfd, 1, clock_now() + NSEC_PER_SEC))
			continue;
		if (errno == ETOOMANYREFS || errno == ENOMEM || errno == ENOBUFS)
			return -ENOMEM;
		/* the caller may be in the middle of something: see link_call() */
		return -EPIPE;
	}
	w->seq = copy.seq;
	w->done = false;
	list_add(&file->link.pending, &w->node);
	return 0;
}

static void link_answer(struct file *file, const struct qda_link_rep *rep)
{
	struct list *n;

	list_for_each(n, &file->link.pending) {
		struct link_wait *w = container_of(n, struct link_wait, node);

		if (w->seq != rep->seq)
			continue;
		list_del(n);
		w->rep = *rep;
		w->done = true;
		if (w->fn)
			w->fn(file, w);
		return;
	}
}

void link_drain(struct file *file)
{
	struct qda_link_rep rep;
	ssize_t n;

	/* who polls would sleep on if another thread took the answer */
	if (file->link.receiving)
		return;
	while (!file->lost) {
		n = recv(file->link.fd, &rep, sizeof(rep), MSG_DONTWAIT);
		if (n == (ssize_t)sizeof(rep)) {
			link_answer(file, &rep);
			continue;
		}
		if (n > 0)
			continue;
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			file_lost(file);
		break;
	}
}

int link_step(struct file *file, int64_t deadline)
{
	struct link *link = &file->link;
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };
	int err;

	if (link->receiving)
		return waitq_sleep(&link->wq, &file->lock, deadline);

	link->receiving = true;
	pthread_mutex_unlock(&file->lock);
	err = poll_until(&pfd, 1, deadline);
	pthread_mutex_lock(&file->lock);
	link->receiving = false;
	link_drain(file);
	waitq_wake(&link->wq);
	if (err < 0)
		return err;
	return err ? 0 : -ETIMEDOUT;
}

/* 0: there is an answer; -EINTR only if intr */
static int link_run(struct file *file, const struct qda_link_req *req, int fd,
		    struct qda_link_rep *rep, bool intr, int64_t deadline)
{
	struct link_wait w = { .done = false };
	int err;

	if (file->lost)
		return -ENODEV;
	err = link_post(file, &w, req, fd);
	if (err == -EPIPE) {
		file_lost(file);
		return -ENODEV;
	}
	if (err)
		return err;
	while (!w.done) {
		err = link_step(file, deadline);
		if (!w.done && (err == -ETIMEDOUT || (err == -EINTR && intr))) {
			list_del(&w.node);
			return err;
		}
	}
	*rep = w.rep;
	return 0;
}

/* Callers act on these two: they are said here, not by a DSP. */
static bool error_is_plausible(int32_t error)
{
	return error <= 0 && error >= -4095 && error != -EINTR && error != -EOWNERDEAD;
}

int link_call(struct file *file, const struct qda_link_req *req, int fd,
	      struct qda_link_rep *rep, bool intr)
{
	int err;

	err = link_run(file, req, fd, rep, intr,
		       intr ? DEADLINE_NEVER : clock_now() + LINK_TIMEOUT);
	if (err == -ETIMEDOUT) {
		file_lost(file);
		return -EPIPE;
	}
	if (err)
		return err;
	return error_is_plausible(rep->error) ? rep->error : -EPROTO;
}

int link_ask(struct file *file, const struct qda_link_req *req,
	     struct qda_link_rep *rep, int64_t deadline)
{
	int err = link_run(file, req, -1, rep, true, deadline);

	if (err)
		return err;
	return rep->error ? -EPROTO : 0;
}

int link_wait_until(struct file *file, int64_t deadline, bool (*ready)(struct file *))
{
	int err;

	while (!ready(file)) {
		err = link_step(file, deadline);
		if (err && err != -EINTR)
			return ready(file) ? 0 : err;
	}
	return 0;
}
