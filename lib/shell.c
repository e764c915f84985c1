// SPDX-License-Identifier: MIT
/* The shell image: the program a new user PD runs. Finding and reading it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objects.h"

static void tried_add(struct shell *shell, const char *path, int err)
{
	size_t used = strlen(shell->tried);
	size_t left = sizeof(shell->tried) - used;
	int length;

	length = snprintf(shell->tried + used, left, "%s%s%s%s%s", used ? ", " : "",
			  path, err ? " (" : "", err ? qda_strerror(err) : "",
			  err ? ")" : "");
	if (length < 0 || (size_t)length < left)
		return;
	/* no room: leave it out and say so, once */
	shell->tried[used] = '\0';
	if (left > sizeof(", ...") && (used < 3 || strcmp(shell->tried + used - 3, "...")))
		strcpy(shell->tried + used, used ? ", ..." : "...");
}

static int check_file(const struct shell *shell, const struct stat *st, uint64_t max,
		      struct qda_failure *reterr)
{
	if (!S_ISREG(st->st_mode))
		return qda_fail(reterr, -EINVAL, 0, "shell image %s is not a regular file",
				shell->path);
	if (!st->st_size)
		return qda_fail(reterr, -EINVAL, 0, "shell image %s is empty",
				shell->path);
	if ((uint64_t)st->st_size > max)
		return qda_fail(reterr, -E2BIG, 0,
				"shell image %s has %" PRIu64
				" bytes, the DSP takes at most %" PRIu64,
				shell->path, (uint64_t)st->st_size, max);
	return 0;
}

int shell_open(struct shell *shell, const char *path, uint64_t max,
	       struct qda_failure *reterr)
{
	struct stat st;
	int err;

	shell->fd = -1;
	shell->tried[0] = '\0';
	if (strlen(path) >= sizeof(shell->path))
		return qda_fail(reterr, -ENAMETOOLONG, 0, "path of the shell image");
	strcpy(shell->path, path);

	/* non-blocking, so that a FIFO cannot make us wait */
	shell->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (shell->fd < 0)
		return qda_fail(reterr, -errno, 0, "shell image %s", path);
	if (fstat(shell->fd, &st))
		err = qda_fail(reterr, -errno, 0, "shell image %s", path);
	else
		err = check_file(shell, &st, max, reterr);
	if (err) {
		shell_close(shell);
		return err;
	}
	shell->size = (uint64_t)st.st_size;
	return 0;
}

int shell_find(struct shell *shell, struct qda_ctx *ctx, const char *domain,
	       int domain_id, bool is_unsigned, bool soft, uint64_t max,
	       struct qda_failure *reterr)
{
	struct path_search search;
	char path[sizeof(shell->path)];
	char file[64];
	int err;

	shell->fd = -1;
	shell->size = 0;
	shell->path[0] = '\0';
	shell->tried[0] = '\0';
	if (domain_id < 0) {
		log_warn(ctx, "no shell image is known for a DSP called %s, "
			 "asking for its built-in one", domain);
		return 0;
	}
	snprintf(file, sizeof(file), "fastrpc_shell_%s%d",
		 is_unsigned ? "unsigned_" : "", domain_id);
	err = path_search_begin(&search, domain, file, soft);
	if (err)
		return qda_fail(reterr, err, 0, "searching %s", file);

	while (path_search_next(&search, path, sizeof(path))) {
		if (!faccessat(AT_FDCWD, path, R_OK, AT_EACCESS)) {
			/* found: what is wrong with it now is an error */
			err = shell_open(shell, path, max, reterr);
			path_search_end(&search);
			if (!err)
				log_info(ctx, "shell image %s, %" PRIu64 " bytes", path,
					 shell->size);
			return err;
		}
		tried_add(shell, path,
			  errno == ENOENT || errno == ENOTDIR ? 0 : -errno);
	}
	path_search_end(&search);
	log_warn(ctx, "no shell image, asking the DSP for its built-in one; tried %s",
		 shell->tried);
	return 0;
}

int shell_read(struct shell *shell, void *dest, struct qda_failure *reterr)
{
	uint64_t done = 0;

	while (done < shell->size) {
		ssize_t n = pread(shell->fd, (uint8_t *)dest + done, shell->size - done,
				  (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qda_fail(reterr, -EIO, 0, "reading shell image %s (%s)",
					shell->path, qda_strerror(errno));
		if (!n)
			return qda_fail(reterr, -EIO, 0,
					"shell image %s is truncated: %" PRIu64
					" of %" PRIu64 " bytes",
					shell->path, done, shell->size);
		done += (uint64_t)n;
	}
	return 0;
}

void shell_close(struct shell *shell)
{
	if (shell->fd >= 0)
		close(shell->fd);
	shell->fd = -1;
}
