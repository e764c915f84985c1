// SPDX-License-Identifier: MIT
/*
 * qda-pd: the shell image of the software DSP. The root process runs one per
 * session; this thread does what the root asks, DSP threads serve the client.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pd.h"

struct pd pd = { .link = -1, .domain = "" };

void pd_exit(int status)
{
	/* no destructors: DSP threads still run, and leaks end with us */
	_exit(status);
}

void pd_send(const struct pdlink_packet *packet)
{
	while (send(pd.link, packet, sizeof(*packet), MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			pd_exit(1);
	}
}

/* *ret_fd: what came along; -EBADF: nothing; -EMFILE: it could not be taken */
static bool pd_receive(struct pdlink_packet *packet, int *ret_fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { packet, sizeof(*packet) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;
	ssize_t n;

	*ret_fd = -EBADF;
	do {
		n = recvmsg(pd.link, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(*packet))
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	else if (msg.msg_flags & MSG_CTRUNC)
		*ret_fd = -EMFILE;
	return true;
}

static int take_hello(const struct pdlink_packet *packet, int fd)
{
	void *shared;

	if (packet->op != PDLINK_HELLO || packet->a != PDLINK_VERSION)
		return -EPROTO;
	if (fd < 0)
		return fd;
	shared = mmap(NULL, sizeof(*pd.shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);
	if (shared == MAP_FAILED)
		return -errno;
	pd.shared = shared;
	pd.sid = (uint32_t)packet->b;
	pd.bank = payload_bank(pd.sid, packet->sid_pos);
	pd.kind = (enum pd_kind)(packet->flags & ~PDLINK_SIGNED);
	pd.is_signed = packet->flags & PDLINK_SIGNED;
	pd.remote_heap = packet->c;
	return window_init();
}

static void serve(struct pdlink_packet *packet, int *fd)
{
	struct pdlink_packet answer = { .op = PDLINK_ANSWER, .seq = packet->seq };
	uint32_t lane = 0;

	switch (packet->op) {
	case PDLINK_MAP:
		answer.error = *fd < 0 ? *fd : window_map(packet->a, packet->b,
							  packet->c, *fd);
		break;
	case PDLINK_UNMAP:
		answer.error = window_unmap(packet->a, packet->b);
		break;
	case PDLINK_LANE:
		answer.error = *fd < 0 ? *fd :
					 thread_add_lane(*fd, (uint32_t)packet->a,
							 &lane);
		if (!answer.error)
			*fd = -1;
		break;
	case PDLINK_REGISTER:
		answer.status = map_register(packet->dsp_id, packet->a, packet->b,
					     packet->flags, packet->c, &answer.a);
		break;
	case PDLINK_UNREGISTER:
		answer.status = map_unregister(packet->dsp_id, packet->a, packet->b);
		break;
	case PDLINK_PING:
		break;
	case PDLINK_VERDICT:
		thread_verdict(packet);
		return;
	case PDLINK_RUN:
	case PDLINK_SEND:
		thread_run_late(packet);
		return;
	default:
		answer.error = -EINVAL;
	}
	pd_send(&answer);
	/* only now: a call that ends the process was one of a lane that is known */
	if (packet->op == PDLINK_LANE && !answer.error)
		thread_begin_lane(lane);
}

static void usage(FILE *out)
{
	fputs("usage: qda-pd --fd N --domain NAME\n"
	      "\n"
	      "The process that runs DSP code for one session of the software DSP.\n"
	      "Started by qda-softdsp, never by hand.\n"
	      "\n"
	      "      --fd N         socket to qda-softdsp\n"
	      "      --domain NAME  of the DSP\n"
	      "      --help         this text\n"
	      "      --version      version\n",
	      out);
}

static bool parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "domain", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	char *end;
	long fd;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			fd = strtol(optarg, &end, 10);
			if (*end || end == optarg || fd < 0 || fd > 1 << 20) {
				fprintf(stderr, "qda-pd: --fd %s: not a descriptor\n",
					optarg);
				return false;
			}
			pd.link = (int)fd;
			break;
		case 'd':
			pd.domain = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts("qda-pd " QDA_PD_VERSION);
			exit(0);
		default:
			return false;
		}
	}
	if (pd.link < 0 || optind != argc) {
		usage(stderr);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct pdlink_packet packet, ready = { .op = PDLINK_ANSWER };
	int fd, err;

	if (!parse_options(argc, argv))
		return 2;
	prctl(PR_SET_NAME, "qda-pd");
	signal(SIGPIPE, SIG_IGN);
	if (!pd_receive(&packet, &fd)) {
		fputs("qda-pd: --fd is no socket to qda-softdsp\n", stderr);
		return 1;
	}
	err = take_hello(&packet, fd);
	if (fd >= 0)
		close(fd);
	if (!err) {
		window_catch_faults();
		err = window_thread_start(window_stack_new());
	}
	ready.seq = packet.seq;
	ready.error = err;
	pd_send(&ready);
	while (!err && pd_receive(&packet, &fd)) {
		serve(&packet, &fd);
		if (fd >= 0)
			close(fd);
	}
	/* end of file: the root is gone, or wants us to be */
	pd_exit(err ? 1 : 0);
}
