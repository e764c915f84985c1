// SPDX-License-Identifier: MIT
#include "fake-server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void hang_up(struct fake_server *fake)
{
	int i;

	for (i = 0; i < fake->num_lanes; i++)
		if (fake->lanes[i] >= 0)
			close(fake->lanes[i]);
	fake->num_lanes = 0;
	if (fake->root >= 0)
		close(fake->root);
	if (fake->control >= 0)
		close(fake->control);
	fake->control = fake->root = -1;
}

static void put(int fd, const void *data, size_t len)
{
	/* the client may be gone */
	if (send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static void answer(struct fake_server *fake, const struct qda_link_rep *rep)
{
	struct qda_link_rep other = *rep;
	uint8_t longer[sizeof(*rep) + 8] = { 0 };

	if (fake->fault == FAKE_NOISE) {
		other.seq += 1000;
		other.error = -EIO;
		put(fake->control, &other, sizeof(other));
		other.seq = 0;
		put(fake->control, &other, sizeof(other));
		other.seq = rep->seq;
		put(fake->control, &other, sizeof(other) - 1);
		put(fake->control, &other, 1);
		(void)longer;
	}
	put(fake->control, rep, sizeof(*rep));
	if (fake->fault == FAKE_NOISE) {
		other.seq = rep->seq;
		put(fake->control, &other, sizeof(other));
	}
}

static void bank(struct fake_server *fake, struct qda_link_rep *rep)
{
	rep->a = fake->fault == FAKE_BANK_ZERO ? 0 : 1;
	rep->b = 0x80000000;
	rep->c = 0x40000000;
	if (fake->fault == FAKE_BANK_WRAPS)
		rep->c = 0x80001000;
	if (fake->fault == FAKE_BANK_TINY)
		rep->c = 0x4000;
}

static void request(struct fake_server *fake, const struct qda_link_req *req, int fd)
{
	struct qda_link_rep rep = { .op = req->op, .seq = req->seq };
	int number = atomic_fetch_add(&fake->requests, 1);

	if (fake->fault == FAKE_CLOSE && number == fake->at) {
		if (fd >= 0)
			close(fd);
		hang_up(fake);
		return;
	}
	if (fake->fault == FAKE_ERROR_POSITIVE && number == fake->at)
		rep.error = 5;
	if (fake->fault == FAKE_ERROR_HUGE && number == fake->at)
		rep.error = INT32_MIN;
	if (fake->fault == FAKE_ERROR_EINTR && number == fake->at)
		rep.error = -EINTR;
	switch (req->op) {
	case QDA_LINK_HELLO:
		fake->root = fd;
		fd = -1;
		rep.a = 0x1f;
		rep.b = 8;
		rep.c = 0x40000000;
		strcpy(rep.name, fake->fault == FAKE_NAME ? "adsp" : "cdsp");
		/* what stands behind the NUL is the server's own business */
		memset(rep.name + 8, 'x', sizeof(rep.name) - 8);
		break;
	case QDA_LINK_BANK_TAKE:
		bank(fake, &rep);
		break;
	case QDA_LINK_BANK_FREE:
		rep.a = 7;
		break;
	case QDA_LINK_LANE:
		if (fake->fault == FAKE_LANE_REFUSED && fake->num_lanes) {
			rep.error = -EMFILE;
		} else if (fake->num_lanes < FAKE_MAX_LANES) {
			fake->lanes[fake->num_lanes++] = fd;
			fd = -1;
		}
		break;
	case QDA_LINK_PD_STATE:
		rep.a = fake->fault == FAKE_LANE_REFUSED ? QDA_LINK_PD_RUNNING :
							   QDA_LINK_PD_GONE;
		rep.b = (uint32_t)QDA_DSP_ERR(0x30);
		break;
	default:
		break;
	}
	if (fd >= 0)
		close(fd);
	if (fake->fault == FAKE_STATE_SILENT && req->op == QDA_LINK_PD_STATE)
		return;
	if (fake->fault == FAKE_SILENT && number == fake->at)
		return;
	answer(fake, &rep);
}

static void on_control(struct fake_server *fake)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct qda_link_req req;
	struct iovec iov = { .iov_base = &req, .iov_len = sizeof(req) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t n = recvmsg(fake->control, &msg, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (n <= 0) {
		hang_up(fake);
		return;
	}
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	request(fake, &req, fd);
}

static void reply_noise(int lane, uint64_t ctx)
{
	struct qda_wire_rsp rsp = { .retval = 0x77 };
	struct qda_wire_rsp_v2 early = {
		.ctx = ctx, .flags = 1, .version = QDA_WIRE_RSP_V2,
	};
	uint8_t big[4096] = { 0 };
	uint64_t other[] = {
		0, ctx ^ 0x100, ctx ^ 1, ctx ^ 0x10000, ctx - 0x10000, ~ctx, ctx | 0xff00,
		QDA_WIRE_NOTIF_CTX,
	};
	unsigned int i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		rsp.ctx = other[i];
		put(lane, &rsp, sizeof(rsp));
	}
	rsp.ctx = ctx;
	put(lane, &rsp, 11);
	put(lane, &rsp, 1);
	put(lane, &early, sizeof(early));
	put(lane, big, sizeof(big));
}

/* true: the lane is closed */
static int on_lane(struct fake_server *fake, int lane)
{
	struct qda_wire_msg msg;
	struct qda_wire_rsp rsp = { 0 };
	ssize_t n = recv(lane, &msg, sizeof(msg), 0);
	int ctl;

	if (n != (ssize_t)sizeof(msg)) {
		if (lane == fake->root)
			return 0;
		close(lane);
		return 1;
	}
	ctl = msg.handle == QDA_HANDLE_INIT;
	rsp.ctx = msg.ctx;
	if (!ctl)
		atomic_fetch_add(&fake->calls, 1);
	if (ctl && fake->fault == FAKE_CTL_EOF) {
		hang_up(fake);
		return 0;
	}
	if (ctl && fake->fault == FAKE_CTL_STATUS)
		rsp.retval = 0x80000414;
	if (!ctl && fake->fault == FAKE_REPLY_NEVER)
		return 0;
	if (!ctl && (fake->fault == FAKE_LANE_EOF ||
		     fake->fault == FAKE_STATE_SILENT) && lane != fake->root) {
		close(lane);
		return 1;
	}
	if (!ctl)
		rsp.retval = lane == fake->root ? 0x80000434 : 0x11;
	if (fake->fault == FAKE_REPLY_NOISE)
		reply_noise(lane, msg.ctx);
	put(lane, &rsp, sizeof(rsp));
	if (fake->fault == FAKE_REPLY_TWICE || fake->fault == FAKE_REPLY_NOISE) {
		rsp.retval = 0x99;
		put(lane, &rsp, sizeof(rsp));
		put(lane, &rsp, sizeof(rsp));
	}
	return 0;
}

static void *fake_main(void *arg)
{
	struct pollfd fds[FAKE_MAX_LANES + 4];
	struct fake_server *fake = arg;
	int i, n;

	for (;;) {
		fds[0] = (struct pollfd){ .fd = fake->stop[0], .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = fake->listen_fd, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = fake->control, .events = POLLIN };
		fds[3] = (struct pollfd){ .fd = fake->root, .events = POLLIN };
		n = fake->num_lanes;
		for (i = 0; i < n; i++)
			fds[4 + i] = (struct pollfd){
				.fd = fake->lanes[i], .events = POLLIN,
			};
		poll(fds, (nfds_t)n + 4, -1);
		if (fds[0].revents)
			break;
		if (fds[1].revents) {
			hang_up(fake);
			fake->control = accept4(fake->listen_fd, NULL, NULL,
						SOCK_CLOEXEC);
			atomic_store(&fake->requests, 0);
			continue;
		}
		if (fds[2].revents) {
			on_control(fake);
			continue;
		}
		if (fds[3].revents & POLLHUP)
			hang_up(fake);
		else if (fds[3].revents)
			on_lane(fake, fake->root);
		for (i = 0; i < n && i < fake->num_lanes; i++)
			if (fds[4 + i].revents && on_lane(fake, fake->lanes[i]))
				fake->lanes[i] = -1;
	}
	hang_up(fake);
	return NULL;
}

int fake_start(struct fake_server *fake, enum fake_fault fault, int at)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(fake, 0, sizeof(*fake));
	fake->control = fake->root = -1;
	atomic_store(&fake->fault, fault);
	atomic_store(&fake->at, at);
	strcpy(fake->dir, "/tmp/qda-fake-XXXXXX");
	if (!mkdtemp(fake->dir) || pipe(fake->stop))
		return -errno;
	snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->dir);
	strcpy(addr.sun_path, fake->path);
	fake->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fake->listen_fd < 0 ||
	    bind(fake->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fake->listen_fd, 8))
		return -errno;
	return -pthread_create(&fake->thread, NULL, fake_main, fake);
}

void fake_stop(struct fake_server *fake)
{
	if (write(fake->stop[1], "", 1) != 1)
		abort();
	pthread_join(fake->thread, NULL);
	close(fake->stop[0]);
	close(fake->stop[1]);
	close(fake->listen_fd);
	unlink(fake->path);
	rmdir(fake->dir);
}
