// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beneath.h"

/* a rename in the middle of a look-up makes openat2() give up */
#define OPEN_TRIES	16

int beneath_clean(const char *name, char *out)
{
	bool absolute = *name == '/';
	size_t len = 0;

	if (strlen(name) >= PATH_MAX)
		return -ENAMETOOLONG;
	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.')
			return -EXDEV;
		if (n && !(n == 1 && *name == '.')) {
			if (absolute || len)
				out[len++] = '/';
			memcpy(out + len, name, n);
			len += n;
		}
		name += n;
		name += strspn(name, "/");
	}
	if (!len)
		out[len++] = absolute ? '/' : '.';
	out[len] = '\0';
	return 0;
}

/* for kernels without openat2(), and tools that do not know it: follows no link */
static int open_walk(int dir, const char *rel, int flags, mode_t mode)
{
	int at = dir, fd;

	for (;;) {
		size_t n = strcspn(rel, "/");
		bool last = !rel[n];
		char part[NAME_MAX + 1];
		struct stat st;

		if (n > NAME_MAX) {
			fd = -ENAMETOOLONG;
			last = true;
		} else {
			memcpy(part, rel, n);
			part[n] = '\0';
			if (!fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) &&
			    S_ISLNK(st.st_mode)) {
				fd = -ELOOP;
			} else {
				fd = openat(at, part, O_NOFOLLOW | O_CLOEXEC |
					    (last ? flags : O_PATH | O_DIRECTORY), mode);
				if (fd < 0)
					fd = -errno;
			}
		}
		if (at != dir)
			close(at);
		if (last || fd < 0)
			return fd;
		at = fd;
		rel += n + 1;
	}
}

int beneath_open(int dir, const char *rel, int flags, mode_t mode, bool *ret_walked)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC |
						  (flags & O_PATH ? 0 : O_LARGEFILE)),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0; i < OPEN_TRIES; i++) {
		long fd = syscall(SYS_openat2, dir, rel, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno == ENOSYS) {
			*ret_walked = true;
			return open_walk(dir, rel, flags, mode);
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}
