// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "sendfd.h"

#define MAX_PACKET	65536
#define MAX_EVENTS	64
/* packets taken from one socket before the others get their turn */
#define MAX_BATCH	16

struct queued {
	struct list node;
	int fd;
	size_t len;
	unsigned char data[];
};

struct garbage {
	struct garbage *next;
	void *memory;
};

static int epoll_fd = -1;
static struct epoll_event events[MAX_EVENTS];
static int num_events;
static struct garbage *garbage;

int loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -errno : 0;
}

int loop_add(struct source *source, int fd, uint32_t mask,
	     void (*fn)(struct source *, uint32_t))
{
	struct epoll_event event = { .events = mask, .data.ptr = source };

	source->fd = -1;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	source->fd = fd;
	source->events = mask;
	source->fn = fn;
	return 0;
}

void loop_set_events(struct source *source, uint32_t mask)
{
	struct epoll_event event = { .events = mask, .data.ptr = source };

	if (source->fd < 0 || source->events == mask)
		return;
	source->events = mask;
	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct source *source)
{
	int i;

	if (source->fd < 0)
		return;
	/* the peer may hold the same open file: closing would not remove it */
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
	for (i = 0; i < num_events; i++) {
		if (events[i].data.ptr == source)
			events[i].data.ptr = NULL;
	}
}

void loop_free_later(void *memory)
{
	struct garbage *g = malloc(sizeof(*g));

	/* without memory to remember it by, it stays */
	if (!g)
		return;
	g->memory = memory;
	g->next = garbage;
	garbage = g;
}

int loop_run_once(int timeout_ms)
{
	struct garbage *g;
	int i;

	num_events = epoll_wait(epoll_fd, events, MAX_EVENTS, timeout_ms);
	if (num_events < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < num_events; i++) {
		struct source *source = events[i].data.ptr;

		if (source)
			source->fn(source, events[i].events);
	}
	num_events = 0;
	while (garbage) {
		g = garbage;
		garbage = g->next;
		free(g->memory);
		free(g);
	}
	return 0;
}

/* --- packet sockets ------------------------------------------------------- */

static void update_events(struct chan *chan)
{
	loop_set_events(&chan->source, (chan->paused ? 0 : (uint32_t)EPOLLIN) |
					       (chan->queued ? (uint32_t)EPOLLOUT : 0));
}

/* 0, -EAGAIN, or what ends the channel */
static int send_now(int sock, const void *data, size_t len, int fd)
{
	if (send_with_fd(sock, data, len, fd, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* too many descriptors on their way is something that passes */
	if (errno == EINTR || errno == ETOOMANYREFS || errno == ENOBUFS)
		return -EAGAIN;
	return -errno;
}

static void drop_queue(struct chan *chan)
{
	struct list *node, *tmp;

	list_for_each_safe(node, tmp, &chan->out) {
		struct queued *q = container_of(node, struct queued, node);

		list_del(node);
		if (q->fd >= 0)
			close(q->fd);
		free(q);
	}
	chan->queued = 0;
}

/* The other end will not see this as an answer, but as an end. */
static int give_up(struct chan *chan, int err)
{
	drop_queue(chan);
	shutdown(chan->source.fd, SHUT_RDWR);
	chan->paused = false;
	update_events(chan);
	return err;
}

int chan_send(struct chan *chan, const void *data, size_t len, int fd)
{
	struct queued *q;
	int err;

	if (!chan_is_open(chan))
		return -EPIPE;
	if (!chan->queued) {
		err = send_now(chan->source.fd, data, len, fd);
		if (err != -EAGAIN)
			return err ? give_up(chan, err) : 0;
	}
	if (chan->queued >= chan->max_queued)
		return give_up(chan, -ENOBUFS);
	q = malloc(sizeof(*q) + len);
	if (!q)
		return give_up(chan, -ENOMEM);
	q->fd = -1;
	if (fd >= 0) {
		q->fd = dup(fd);
		if (q->fd < 0) {
			free(q);
			return give_up(chan, -EMFILE);
		}
	}
	q->len = len;
	memcpy(q->data, data, len);
	list_add(&chan->out, &q->node);
	chan->queued++;
	update_events(chan);
	return 0;
}

static void flush(struct chan *chan)
{
	while (!list_empty(&chan->out)) {
		struct queued *q = container_of(chan->out.next, struct queued, node);
		int err = send_now(chan->source.fd, q->data, q->len, q->fd);

		if (err == -EAGAIN)
			return;
		if (err) {
			give_up(chan, err);
			return;
		}
		list_del(&q->node);
		chan->queued--;
		if (q->fd >= 0)
			close(q->fd);
		free(q);
	}
	update_events(chan);
}

/* 1: a packet; 0: none now; negative: the end */
static int receive(struct chan *chan, struct packet *packet)
{
	static unsigned char data[MAX_PACKET];
	union {
		char buf[CMSG_SPACE(CHAN_MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;
	size_t n, i, used = 0;
	ssize_t len;

	len = recvmsg(chan->source.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (i = 0; i < CHAN_MAX_FDS; i++)
		packet->fds[i] = -1;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n && used < CHAN_MAX_FDS; i++, used++)
			memcpy(&packet->fds[used], CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
	}
	packet->data = data;
	packet->len = (size_t)len;
	packet->truncated = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	/* an empty packet and the end look alike; nobody sends empty ones */
	return len ? 1 : -EPIPE;
}

static int deliver(struct chan *chan)
{
	struct packet packet;
	int got = receive(chan, &packet), i;

	if (got <= 0)
		return got;
	chan->packet(chan, &packet);
	for (i = 0; i < CHAN_MAX_FDS; i++) {
		if (packet.fds[i] >= 0)
			close(packet.fds[i]);
	}
	return 1;
}

void chan_drain(struct chan *chan, unsigned int max)
{
	while (max-- && chan_is_open(chan) && deliver(chan) > 0)
		;
}

static void on_chan(struct source *source, uint32_t mask)
{
	struct chan *chan = container_of(source, struct chan, source);
	int i, got = 1;

	if (mask & EPOLLOUT)
		flush(chan);
	for (i = 0; i < MAX_BATCH && got > 0 && !chan->paused && chan_is_open(chan);
	     i++)
		got = deliver(chan);
	if (!chan_is_open(chan))
		return;
	if (got < 0 || (chan->paused && mask & (EPOLLHUP | EPOLLERR)))
		chan->closed(chan);
}

int chan_init(struct chan *chan, int fd, unsigned int max_queued,
	      void (*packet)(struct chan *, struct packet *),
	      void (*closed)(struct chan *))
{
	list_init(&chan->out);
	chan->queued = 0;
	chan->max_queued = max_queued;
	chan->paused = false;
	chan->packet = packet;
	chan->closed = closed;
	return loop_add(&chan->source, fd, EPOLLIN, on_chan);
}

void chan_pause(struct chan *chan, bool pause)
{
	chan->paused = pause;
	if (chan_is_open(chan))
		update_events(chan);
}

void chan_close(struct chan *chan)
{
	if (!chan_is_open(chan))
		return;
	drop_queue(chan);
	loop_remove(&chan->source);
}

bool chan_is_packet_socket(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return false;
	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return false;
	return domain == AF_UNIX && type == SOCK_SEQPACKET;
}
