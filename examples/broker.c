// SPDX-License-Identifier: MIT
/*
 * Open sessions that take privilege for programs that have none. It runs with
 * privilege, opens the device and the PD that was asked for, passes the descriptor on
 * and keeps nothing. See broker-client.c for the other side.
 *
 *	broker [-u UID]... [-g GID]... SOCKET
 *
 * Who may ask: users and groups named, at least one. A request is one packet, a PD and
 * perhaps a DSP ("user-signed cdsp"); the answer is one packet, a line of text that is
 * "ok" and comes with the descriptor, or says why not.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred, accept4(), ppoll() */
#endif
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <qda/qda.h>

#define MAX_ALLOWED	16
#define CLIENT_SECONDS	2	/* to send its request */

struct policy {
	uid_t uids[MAX_ALLOWED];
	gid_t gids[MAX_ALLOWED];
	unsigned int num_uids, num_gids;
};

/*
 * What can be asked for; the rest of a session's options is not the client's to choose.
 * What the DSP asks of its client, files for instance, is the client's to answer.
 */
#define OPTS(...) { .size = sizeof(struct qda_session_opts), \
		    .listener = QDA_LISTENER_OFF, __VA_ARGS__ }
static const struct {
	const char *name, *dsp;		/* dsp: if the request names none */
	struct qda_session_opts opts;
} requests[] = {
	{ "user-signed", "cdsp", OPTS(.signing = QDA_SIGNING_SIGNED) },
	{ "root", "cdsp", OPTS(.pd = QDA_PD_ROOT) },
	{ "sensors", "sdsp", OPTS(.pd = QDA_PD_SENSORS) },
	{ "audiopd", "adsp", OPTS(.pd = QDA_PD_STATIC, .pd_name = "audiopd") },
};
#define NUM_REQUESTS	(sizeof(requests) / sizeof(requests[0]))

static volatile sig_atomic_t stop;
/* the mask outside of what must not be interrupted */
static sigset_t normal_signals, stop_signals;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static bool is_allowed(const struct policy *policy, int conn, struct ucred *peer)
{
	socklen_t size = sizeof(*peer);
	gid_t groups[256];
	unsigned int i, j, num_groups;

	/* who it was when it connected, as the kernel says */
	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, peer, &size))
		return false;
	for (i = 0; i < policy->num_uids; i++)
		if (policy->uids[i] == peer->uid)
			return true;
	size = sizeof(groups);
	if (getsockopt(conn, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		size = 0;
	num_groups = (unsigned int)(size / sizeof(groups[0]));
	for (i = 0; i < policy->num_gids; i++) {
		if (policy->gids[i] == peer->gid)
			return true;
		for (j = 0; j < num_groups; j++)
			if (policy->gids[i] == groups[j])
				return true;
	}
	return false;
}

static void answer(int conn, const char *text, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec line = { (char *)(uintptr_t)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &line, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	/* one that has gone gets nothing; the session then ends with our descriptor */
	sendmsg(conn, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* "PD" or "PD DSP"; a DSP's name and never a path: which file is opened is ours to say */
static int parse(char *text, const char **ret_dsp)
{
	char *dsp = strchr(text, ' ');
	size_t i;

	if (dsp)
		*dsp++ = '\0';
	if (dsp && (!*dsp || strspn(dsp, "abcdefghijklmnopqrstuvwxyz0123456789") !=
			     strlen(dsp)))
		return -1;
	for (i = 0; i < NUM_REQUESTS; i++)
		if (!strcmp(text, requests[i].name)) {
			*ret_dsp = dsp ? dsp : requests[i].dsp;
			return (int)i;
		}
	return -1;
}

/* the descriptor of a session that is nobody's yet, or negative and why */
static int open_session(struct qda_ctx *ctx, const char *dsp,
			const struct qda_session_opts *opts, struct qda_failure *why)
{
	struct qda_device *device;
	struct qda_session *session;
	int fd = qda_device_open(ctx, dsp, &device, why);

	if (fd)
		return fd;
	/* waits for the DSP; Ctrl-C ends that */
	sigprocmask(SIG_SETMASK, &normal_signals, NULL);
	fd = qda_session_open(device, opts, &session, why);
	sigprocmask(SIG_SETMASK, &stop_signals, NULL);
	qda_device_unref(device);
	if (fd)
		return fd;
	/* from here on the PD ends with the last descriptor, not with the object */
	fd = qda_session_export_fd(session, why);
	qda_session_unref(session);
	return fd;
}

static void serve(struct qda_ctx *ctx, const struct policy *policy, int conn)
{
	const struct timeval limit = { .tv_sec = CLIENT_SECONDS };
	struct qda_failure why = QDA_FAILURE_INIT;
	struct ucred peer = { .uid = (uid_t)-1 };
	char request[64] = "";
	const char *dsp;
	ssize_t size;
	int which, fd;

	if (!is_allowed(policy, conn, &peer)) {
		fprintf(stderr, "broker: user %u is not allowed\n", peer.uid);
		answer(conn, "you are not allowed to ask", -1);
		/* closed with a request unread, the answer would be lost */
		shutdown(conn, SHUT_RD);
		while (recv(conn, request, sizeof(request), MSG_DONTWAIT) > 0)
			;
		return;
	}
	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	size = recv(conn, request, sizeof(request) - 1, 0);
	which = size > 0 && !memchr(request, '\0', (size_t)size) ? parse(request, &dsp) :
								   -1;
	if (which < 0) {
		answer(conn, "ask for user-signed, root, sensors or audiopd, and perhaps "
			     "for a DSP",
		       -1);
		return;
	}
	fd = open_session(ctx, dsp, &requests[which].opts, &why);
	if (fd < 0) {
		fprintf(stderr, "broker: user %u, %s: %s\n", peer.uid,
			requests[which].name, why.message);
		answer(conn, why.message, -1);
		return;
	}
	answer(conn, "ok", fd);
	close(fd);
	printf("user %u has %s on the %s\n", peer.uid, requests[which].name, dsp);
	fflush(stdout);
}

static int fail(const char *what)
{
	fprintf(stderr, "broker: %s: %s\n", what, strerror(errno));
	return -1;
}

/* it belongs to the first user and the first group that may ask */
static int listen_at(const char *path, const struct policy *policy)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return fail(path);
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail("socket");
	mask = umask(0117);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (err) {
		fail(path);
		close(fd);
		return -1;
	}
	if (lchown(path, policy->num_uids ? policy->uids[0] : (uid_t)-1,
		   policy->num_gids ? policy->gids[0] : (gid_t)-1) ||
	    listen(fd, 16)) {
		fail(path);
		unlink(path);
		close(fd);
		return -1;
	}
	return fd;
}

static bool number(const char *text, unsigned int *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	*ret = (unsigned int)value;
	return !errno && end != text && !*end && *text != '-' && value < UINT32_MAX;
}

static int usage(void)
{
	fprintf(stderr, "usage: broker [-u UID]... [-g GID]... SOCKET\n"
			"  who may ask, as numbers; at least one, up to %d of each\n",
		MAX_ALLOWED);
	return 2;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct policy policy = { .num_uids = 0 };
	struct qda_ctx *ctx = NULL;
	int option, conn, err;
	struct pollfd listening = { .events = POLLIN };

	while ((option = getopt(argc, argv, "u:g:")) != -1) {
		if (option == 'u' && policy.num_uids < MAX_ALLOWED &&
		    number(optarg, &policy.uids[policy.num_uids]))
			policy.num_uids++;
		else if (option == 'g' && policy.num_gids < MAX_ALLOWED &&
			 number(optarg, &policy.gids[policy.num_gids]))
			policy.num_gids++;
		else
			return usage();
	}
	if (optind + 1 != argc || !(policy.num_uids + policy.num_gids))
		return usage();

	/* a signal is taken where this waits, and nowhere else */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGINT);
	sigaddset(&stop_signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop_signals, &normal_signals);

	err = qda_ctx_new(NULL, &ctx);
	if (err) {
		fprintf(stderr, "broker: %s\n", qda_strerror(err));
		return 1;
	}
	listening.fd = listen_at(argv[optind], &policy);
	while (listening.fd >= 0 && !stop) {
		if (ppoll(&listening, 1, NULL, &normal_signals) < 0) {
			if (errno == EINTR)
				continue;
			fail("waiting");
			break;
		}
		conn = accept4(listening.fd, NULL, NULL, SOCK_CLOEXEC);
		if (conn < 0)
			continue;
		serve(ctx, &policy, conn);
		close(conn);
	}
	if (listening.fd >= 0) {
		unlink(argv[optind]);
		close(listening.fd);
	}
	qda_ctx_unref(ctx);
	return stop ? 0 : 1;
}
