// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "softdsp.h"

#define BACKLOG		64
#define REST_MS		100

static struct listener *listeners;

/* Is somebody there? A socket file alone may be what a killed server left. */
static bool is_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool served;

	if (fd < 0)
		return false;
	served = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
		 errno == EAGAIN;
	close(fd);
	return served;
}

int listen_at(struct listener *listener, const char *path,
	      void (*fn)(struct source *, uint32_t))
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct sockaddr_un temp = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, n, err;

	n = snprintf(temp.sun_path, sizeof(temp.sun_path), "%s.%d", path, getpid());
	if (n < 0 || (size_t)n >= sizeof(temp.sun_path)) {
		fprintf(stderr,
			"qda-softdsp: %s: a socket's path has at most %zu bytes\n", path,
			sizeof(temp.sun_path) - 12);
		return -1;
	}
	strcpy(addr.sun_path, path);
	if (!lstat(path, &st) && !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "qda-softdsp: %s exists and is no socket\n", path);
		return -1;
	}
	if (is_served(&addr)) {
		fprintf(stderr, "qda-softdsp: another server listens on %s\n", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		perror("qda-softdsp: socket");
		return -1;
	}
	/* under its name it is there when it can be connected to, not before */
	mask = umask(077);
	unlink(temp.sun_path);
	err = bind(fd, (struct sockaddr *)&temp, sizeof(temp));
	umask(mask);
	if (err || listen(fd, BACKLOG) || rename(temp.sun_path, path)) {
		fprintf(stderr, "qda-softdsp: cannot listen on %s: %s\n", path,
			strerror(errno));
		unlink(temp.sun_path);
		close(fd);
		return -1;
	}
	if (loop_add(&listener->source, fd, EPOLLIN, fn)) {
		perror("qda-softdsp: epoll");
		unlink(path);
		close(fd);
		return -1;
	}
	listener->next = listeners;
	listeners = listener;
	return 0;
}

char *listen_path(const char *name)
{
	char path[PATH_MAX];
	int err = sockpath_find(name, true, path, sizeof(path));

	if (!err)
		return strdup(path);
	if (err == -EINVAL)
		fputs("qda-softdsp: --listen: the name is empty\n", stderr);
	else if (err == -EPERM)
		fprintf(stderr,
			"qda-softdsp: %s must be a directory of this user that nobody "
			"else can enter (mode 0700)\n", path);
	else if (*path)
		fprintf(stderr, "qda-softdsp: cannot make %s: %s\n", path,
			strerror(-err));
	else
		fprintf(stderr, "qda-softdsp: --listen: %s\n", strerror(-err));
	return NULL;
}

int listen_accept(struct source *source, bool too_many)
{
	struct listener *listener = container_of(source, struct listener, source);
	int fd = -1;

	if (!too_many) {
		fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0 || (errno != EMFILE && errno != ENFILE &&
				errno != ENOBUFS && errno != ENOMEM))
			return fd;
	}
	listener->rests_until_ms = now_ms() + REST_MS;
	loop_set_events(source, 0);
	return -1;
}

int listen_check(void)
{
	int64_t now = now_ms(), next = -1, left;
	struct listener *listener;

	for (listener = listeners; listener; listener = listener->next) {
		if (!listener->rests_until_ms)
			continue;
		left = listener->rests_until_ms - now;
		if (left <= 0) {
			listener->rests_until_ms = 0;
			loop_set_events(&listener->source, EPOLLIN);
		} else if (next < 0 || left < next) {
			next = left;
		}
	}
	return (int)next;
}
