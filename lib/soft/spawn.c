// SPDX-License-Identifier: MIT
/*
 * Starting and reaping qda-softdsp. The application must not notice: no SIGCHLD,
 * nothing for its wait() to find, none of its descriptors in the server.
 *
 * An exit signal of 0 does not do it alone, because exec() sets it to SIGCHLD
 * again. So the server is a grandchild: what stands between never execs, exits at
 * once and is reaped here; the server is adopted by init and watched by pidfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soft.h"

#ifndef P_PIDFD
#define P_PIDFD		3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD	0x1000
#endif

#define SPAWN_STACK	(64u << 10)

extern char **environ;

struct spawn {
	const char *const *argv;
	const char *program;
	int keep_fd;
	char *stack;		/* of the server until it execs */
	int pidfd;
	int error;		/* of clone or exec; the memory is shared */
};

static void close_between(unsigned int first, unsigned int last)
{
	unsigned int fd;

	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	if (last > 65536)
		last = 65536;
	for (fd = first; fd <= last; fd++)
		close((int)fd);
}

/* Runs in the child, in the parent's memory, while the parent is stopped */
static int spawn_child(void *arg)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct spawn *spawn = arg;
	unsigned int keep = (unsigned int)spawn->keep_fd;
	sigset_t none;
	int fd, sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* a terminal's Ctrl-C is for the client; the server ends with it */
	setsid();
	fd = open("/dev/null", O_RDWR);
	if (fd >= 0) {
		if (fd != 0 && keep != 0)
			dup2(fd, 0);
		if (fd != 1 && keep != 1)
			dup2(fd, 1);
	}
	fcntl(spawn->keep_fd, F_SETFD, 0);
	if (keep > 3)
		close_between(3, keep - 1);
	close_between(keep < 3 ? 3 : keep + 1, ~0U);

	execve(spawn->program, (char *const *)(uintptr_t)spawn->argv, environ);
	spawn->error = errno;
	_exit(127);
}

/* What stands between: shares memory and descriptors, so the pidfd is ours */
static int spawn_between(void *arg)
{
	struct spawn *spawn = arg;

	if (clone(spawn_child, spawn->stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
		  spawn, &spawn->pidfd) < 0)
		spawn->error = errno;
	_exit(0);
}

const char *server_program(void)
{
	const char *program = secure_getenv("QDA_SOFTDSP");

	return program && *program ? program : QDA_SOFTDSP_PATH;
}

int server_spawn(const char *const *argv, int keep_fd, int *ret_pidfd)
{
	struct spawn spawn = {
		.argv = argv,
		.program = argv[0],
		.keep_fd = keep_fd,
		.pidfd = -1,
	};
	sigset_t all, old;
	char *stacks;
	pid_t pid;

	stacks = mmap(NULL, 2 * SPAWN_STACK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stacks == MAP_FAILED)
		return -ENOMEM;
	spawn.stack = stacks + SPAWN_STACK;

	/* no handler of the application may run in the children */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pid = clone(spawn_between, stacks + 2 * SPAWN_STACK,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES, &spawn);
	if (pid < 0)
		spawn.error = errno;
	else
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	munmap(stacks, 2 * SPAWN_STACK);

	if (spawn.error) {
		if (spawn.pidfd >= 0) {
			server_reap(spawn.pidfd, now_ns() + NSEC_PER_SEC);
			close(spawn.pidfd);
		}
		return -spawn.error;
	}
	*ret_pidfd = spawn.pidfd;
	return 0;
}

bool server_reap(int pidfd, int64_t deadline)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	siginfo_t info;
	int n;

	do
		n = poll_until(&pfd, 1, deadline);
	while (n == -EINTR);
	if (n <= 0)
		return false;
	/* ours to reap only in a process that adopts orphans (a subreaper) */
	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			break;
	return true;
}
