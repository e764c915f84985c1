// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sockpath.h"

/* a test has its own */
#ifndef SOCKPATH_TMP
#define SOCKPATH_TMP	"/tmp"
#endif

/* Ours alone, or somebody else could answer for us */
static int check_dir(const char *dir, bool make)
{
	struct stat st;

	if (make && mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(dir, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return 0;
}

int sockpath_find(const char *name, bool make_dir, char *path, size_t size)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	size_t len;
	int n, err;

	if (size)
		*path = '\0';
	if (!*name)
		return -EINVAL;
	if (strchr(name, '/')) {
		n = snprintf(path, size, "%s", name);
	} else if (runtime && *runtime == '/') {
		n = snprintf(path, size, "%s/qda-softdsp-%s.sock", runtime, name);
	} else {
		n = snprintf(path, size, SOCKPATH_TMP "/qda-%u",
			     (unsigned int)geteuid());
		if (n >= 0 && (size_t)n < size) {
			err = check_dir(path, make_dir);
			if (err)
				return err;
			len = (size_t)n;
			n = snprintf(path + len, size - len, "/qda-softdsp-%s.sock",
				     name);
			n = n < 0 ? n : n + (int)len;
		}
	}
	if (n >= 0 && (size_t)n < size)
		return 0;
	if (size)
		*path = '\0';
	return -ENAMETOOLONG;
}
