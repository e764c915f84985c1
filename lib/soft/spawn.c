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

#define SPAWN_STACK	(64u << 10)
/* of the kernel's signal set; 16 on MIPS alone */
#define SIGSET_SIZE	(_NSIG / 8)

/*
 * TSan's books are per thread and in memory: a child that shares it would write in
 * the parent's, and locks would then seem not to order what they order.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define SPAWN_FLAGS	CLONE_VFORK
#else
#define SPAWN_FLAGS	(CLONE_VM | CLONE_VFORK)
#endif

extern char **environ;

/*
 * The children run in the parent's memory, so they report through a pipe (a tool
 * may turn the clone into a fork) and touch nothing of the parent's: system calls
 * are raw because a sanitizer's wrappers keep books.
 */
struct spawn {
	const char *const *argv;
	const char *program;
	int keep_fd;
	int report_fd;
	char *stack;		/* of the server until it execs */
};

struct report {
	int32_t pid;		/* of the server; 0: this is an error */
	int32_t error;
};

static void report(const struct spawn *spawn, pid_t pid, int error)
{
	struct report r = { .pid = pid, .error = error };

	/* eight bytes into an empty pipe cannot block or fail halfway */
	syscall(SYS_write, spawn->report_fd, &r, sizeof(r));
}

static void close_between(unsigned int first, unsigned int last)
{
	unsigned int fd;

	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	if (last > 65536)
		last = 65536;
	for (fd = first; fd <= last; fd++)
		syscall(SYS_close, fd);
}

/*
 * These two never return, so their frames would leave the sanitizer's marks on a
 * stack that is given back.
 */
#define ON_OWN_STACK \
	__attribute__((no_sanitize_address)) __attribute__((no_sanitize_thread))

ON_OWN_STACK static int spawn_child(void *arg)
{
	/* the kernel's struct sigaction: all zero is the default action */
	static const unsigned long dfl[16];
	static const uint8_t none[SIGSET_SIZE];
	struct spawn *spawn = arg;
	unsigned int keep[2] = { (unsigned int)spawn->keep_fd,
				 (unsigned int)spawn->report_fd };
	unsigned int low = keep[0] < keep[1] ? keep[0] : keep[1];
	unsigned int high = keep[0] < keep[1] ? keep[1] : keep[0];
	int fd, sig;

	for (sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, dfl, NULL, SIGSET_SIZE);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SIGSET_SIZE);

	/* a terminal's Ctrl-C is for the client; the server ends with it */
	syscall(SYS_setsid);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (fd >= 0) {
		if (fd != 0 && low != 0)
			syscall(SYS_dup3, fd, 0, 0);
		if (fd != 1 && low != 1 && high != 1)
			syscall(SYS_dup3, fd, 1, 0);
	}
	syscall(SYS_fcntl, spawn->keep_fd, F_SETFD, 0);
	if (low > 3)
		close_between(3, low - 1);
	if (high > 3 && high > low + 1)
		close_between(low < 3 ? 3 : low + 1, high - 1);
	close_between(high < 3 ? 3 : high + 1, ~0U);

	syscall(SYS_execve, spawn->program, spawn->argv, environ);
	report(spawn, 0, errno);
	syscall(SYS_exit_group, 127);
	return 0;
}

ON_OWN_STACK static int spawn_between(void *arg)
{
	struct spawn *spawn = arg;
	pid_t pid = clone(spawn_child, spawn->stack, SPAWN_FLAGS, spawn);

	report(spawn, pid < 0 ? 0 : pid, pid < 0 ? errno : 0);
	syscall(SYS_exit_group, 0);
	return 0;
}

const char *server_program(void)
{
	const char *program = secure_getenv("QDA_SOFTDSP");

	return program && *program ? program : QDA_SOFTDSP_PATH;
}

/* what the children said: the server's pid, or why there is none */
static int read_reports(int fd, pid_t *ret_pid)
{
	struct report r;
	int error = -EIO;
	ssize_t n;

	*ret_pid = 0;
	for (;;) {
		n = read(fd, &r, sizeof(r));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(r))
			return error == -EIO && *ret_pid ? 0 : error;
		if (r.pid)
			*ret_pid = r.pid;
		else
			error = -r.error;
	}
}

int server_spawn(const char *const *argv, int keep_fd, int *ret_pidfd)
{
	struct spawn spawn = {
		.argv = argv,
		.program = argv[0],
		.keep_fd = keep_fd,
	};
	pid_t between, server = 0;
	int pipefd[2], err, pidfd;
	sigset_t all, old;
	char *stacks;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	spawn.report_fd = pipefd[1];
	stacks = mmap(NULL, 2 * SPAWN_STACK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stacks == MAP_FAILED) {
		err = -ENOMEM;
		close(pipefd[1]);
		goto close_pipe;
	}
	spawn.stack = stacks + SPAWN_STACK;

	/* no handler of the application may run in the children */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	between = clone(spawn_between, stacks + 2 * SPAWN_STACK, SPAWN_FLAGS, &spawn);
	err = between < 0 ? -errno : 0;
	close(pipefd[1]);
	if (!err) {
		while (waitpid(between, NULL, __WCLONE) < 0 && errno == EINTR)
			;
		err = read_reports(pipefd[0], &server);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	munmap(stacks, 2 * SPAWN_STACK);

	if (server) {
		pidfd = (int)syscall(SYS_pidfd_open, server, 0);
		/* old kernels, valgrind: the last close then does not wait for it */
		if (pidfd < 0 && !err && errno != ENOSYS)
			err = errno == ESRCH ? -ENODEV : -errno;
		if (!err) {
			*ret_pidfd = pidfd;
		} else if (pidfd >= 0) {
			server_reap(pidfd, clock_now() + NSEC_PER_SEC);
			close(pidfd);
		}
	}
close_pipe:
	close(pipefd[0]);
	return err;
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
