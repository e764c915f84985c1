// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "softdsp.h"

#define BACKLOG		64

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

int listen_at(const char *path)
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
	return fd;
}

/* Ours alone, or somebody else could answer for us */
static bool make_dir(const char *dir)
{
	struct stat st;

	if (mkdir(dir, 0700) && errno != EEXIST) {
		fprintf(stderr, "qda-softdsp: cannot make %s: %s\n", dir,
			strerror(errno));
		return false;
	}
	if (lstat(dir, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 022) {
		fprintf(stderr,
			"qda-softdsp: %s must be a directory that only its owner, this "
			"user, can write to\n", dir);
		return false;
	}
	return true;
}

char *listen_path(const char *name)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char dir[64], *path = NULL;

	if (!*name) {
		fputs("qda-softdsp: --listen: the name is empty\n", stderr);
		return NULL;
	}
	if (strchr(name, '/'))
		return strdup(name);
	if (!run || *run != '/') {
		snprintf(dir, sizeof(dir), "/tmp/qda-%u", (unsigned int)geteuid());
		run = dir;
		if (!make_dir(run))
			return NULL;
	}
	if (asprintf(&path, "%s/qda-softdsp-%s.sock", run, name) < 0)
		return NULL;
	return path;
}
