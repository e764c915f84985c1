// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "support.h"

/* a server that does not answer in this time never will */
#define ANSWER_SECONDS 60

int steer_connect(const char *path, unsigned int timeout_ms)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);

	for (;;) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			break;
		err = -errno;
		close(fd);
		if (monotonic_ns() > end)
			return err;
		sleep_ms(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

int steer_command(int fd, char *answer, size_t size, const char *format, ...)
{
	char line[8192];
	const char *text = line;
	va_list ap;
	ssize_t n;
	int len, ret = 0;

	va_start(ap, format);
	len = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(line))
		return -E2BIG;
	if (size)
		answer[0] = '\0';

	do {
		n = send(fd, line, (size_t)len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	do {
		n = recv(fd, line, sizeof(line) - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (!n)
		return -ECONNRESET;
	line[n] = '\0';

	if (!strncmp(line, "ok", 2)) {
		text += 2;
	} else if (!strncmp(line, "error", 5)) {
		text += 5;
		ret = -EREMOTE;
	} else {
		ret = -EPROTO;
	}
	while (*text == ' ')
		text++;
	if (size)
		snprintf(answer, size, "%s", text);
	return ret;
}
