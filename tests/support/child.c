// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

int child_wait(pid_t pid, unsigned int timeout_ms, int *ret_status)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;
	pid_t got;

	for (;;) {
		got = waitpid(pid, ret_status, WNOHANG);
		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (monotonic_ns() > end)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
}

int child_run(int (*fn)(void *arg), void *arg, unsigned int timeout_ms)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(fn(arg) & 0xff);

	if (child_wait(pid, timeout_ms, &status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -ETIMEDOUT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
