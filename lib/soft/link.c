// SPDX-License-Identifier: MIT
/* Requests on the control socket. Whoever waits receives, for everybody. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "soft.h"

/* the root process answers at once; one that does not is as good as gone */
#define LINK_TIMEOUT	(30 * NSEC_PER_SEC)

void link_init(struct link *link, int fd)
{
	link->fd = fd;
	node_init(&link->pending);
}

int link_post(struct file *file, struct link_wait *w, const struct qda_link_req *req,
	      int fd)
{
	struct qda_link_req copy = *req;
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (file->lost)
		return -EPIPE;
	copy.seq = ++file->link.seq;
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	for (;;) {
		struct pollfd pfd = { .fd = file->link.fd, .events = POLLOUT };

		if (sendmsg(file->link.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			break;
		if (errno == EINTR)
			continue;
		/* only a server that is stopped lets this fill up */
		if (errno == EAGAIN && poll_until(&pfd, 1, now_ns() + NSEC_PER_SEC))
			continue;
		if (errno == ETOOMANYREFS || errno == ENOMEM || errno == ENOBUFS)
			return -ENOMEM;
		/* the caller may be in the middle of something: see link_call() */
		return -EPIPE;
	}
	w->seq = copy.seq;
	w->done = false;
	node_add_tail(&file->link.pending, &w->node);
	return 0;
}

static void link_answer(struct file *file, const struct qda_link_rep *rep)
{
	struct node *n;

	for (n = file->link.pending.next; n != &file->link.pending; n = n->next) {
		struct link_wait *w = node_entry(n, struct link_wait, node);

		if (w->seq != rep->seq)
			continue;
		node_del(n);
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

int link_call(struct file *file, const struct qda_link_req *req, int fd,
	      struct qda_link_rep *rep, bool intr)
{
	struct link_wait w = { .done = false };
	int64_t deadline;
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
	deadline = intr ? DEADLINE_NEVER : now_ns() + LINK_TIMEOUT;
	while (!w.done) {
		err = link_step(file, deadline);
		if (w.done)
			break;
		if (err == -ETIMEDOUT) {
			file_lost(file);
		} else if (err == -EINTR && intr) {
			node_del(&w.node);
			return -EINTR;
		}
	}
	*rep = w.rep;
	return rep->error > 0 ? -EPROTO : rep->error;
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
