// SPDX-License-Identifier: MIT
/*
 * Have a broker open a session that this program may not open, and use it.
 *
 *	broker-client SOCKET [REQUEST]	REQUEST: "user-signed cdsp", see broker.c
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <qda/qda.h>

#define SUM 2 /* method of the calculator's interface */

static int fail(const char *what)
{
	fprintf(stderr, "broker-client: %s: %s\n", what, strerror(errno));
	return -1;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return fail(path);
	}
	strcpy(address.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail("socket");
	if (connect(sock, (struct sockaddr *)&address, sizeof(address))) {
		fail(path);
		close(sock);
		return -1;
	}
	return sock;
}

/* the session's descriptor, or -1 after a message */
static int receive(int sock)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[512];
	struct iovec line = { text, sizeof(text) - 1 };
	struct msghdr msg = {
		.msg_iov = &line, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;
	int fd = -1;
	ssize_t size = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	if (size < 0)
		return fail("the broker's answer");
	text[size] = '\0';
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	if (fd < 0)
		fprintf(stderr, "broker-client: the broker says: %s\n",
			size ? text : "nothing");
	return fd;
}

static int use(int fd)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_ctx *ctx = NULL;
	struct qda_session *session = NULL;
	struct qda_module *calculator = NULL;
	const int32_t numbers[] = { 19, 23 };
	int32_t status = 0;
	int64_t sum = 0;
	int err = qda_ctx_new(NULL, &ctx);

	if (err) {
		fprintf(stderr, "broker-client: %s\n", qda_strerror(err));
	} else if (qda_session_open_fd(ctx, fd, NULL, &session, &why) ||
		   qda_module_open(session, "calculator", &calculator, &why)) {
		fprintf(stderr, "broker-client: %s\n", why.message);
		err = -1;
	} else {
		err = qda_invoke(calculator, SUM, &status, QDA_IN_SEQ(numbers, 2),
				 QDA_OUT(&sum));
		if (err)
			fprintf(stderr, "broker-client: %s\n", qda_strerror(err));
		else if (status)
			fprintf(stderr, "broker-client: %s\n",
				qda_status_text(status));
		else
			printf("19 + 23 = %lld, says the %s\n", (long long)sum,
			       qda_device_get_name(qda_session_get_device(session)));
	}
	qda_module_unref(calculator);
	qda_session_unref(session);
	qda_ctx_unref(ctx);
	return err || status ? -1 : 0;
}

int main(int argc, char **argv)
{
	const char *request = argc == 3 ? argv[2] : "user-signed";
	int sock, fd = -1, err;

	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		fprintf(stderr, "usage: broker-client SOCKET [REQUEST]\n"
				"  REQUEST: user-signed, root, sensors or audiopd, and "
				"perhaps a DSP: \"root adsp\"\n");
		return 2;
	}
	sock = connect_to(argv[1]);
	if (sock < 0)
		return 1;
	/* EPIPE: it has said no already */
	if (send(sock, request, strlen(request), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		fail("asking the broker");
	else
		fd = receive(sock);
	close(sock);
	if (fd < 0)
		return 1;
	err = use(fd);
	/* the PD ends with the last descriptor of its file */
	close(fd);
	return err ? 1 : 0;
}
