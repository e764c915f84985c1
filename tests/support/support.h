/* SPDX-License-Identifier: MIT */
/* What the test suites share. Nothing here asserts: failures are returned. */
#ifndef QDA_TEST_SUPPORT_H
#define QDA_TEST_SUPPORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- leak.c: what a test may leave behind ------------------------------- */

struct leak_counts {
	int fds;
	int threads;
	int children;
	int mappings;		/* shared ones only: private ones are malloc's */
};

void leak_count(struct leak_counts *ret);
/*
 * Compare with what was counted before; things that are on their way out get
 * timeout_ms. 0, or -1 and a text that says what is left.
 */
int leak_check(const struct leak_counts *before, unsigned int timeout_ms,
	       char *text, size_t size);

/* --- steer.c: client of qda-softdsp --control -------------------------- */

/* descriptor or negative errno; retries until timeout_ms */
int steer_connect(const char *path, unsigned int timeout_ms);
/*
 * Send one command, get one answer. 0 with the text after "ok ", or negative
 * errno; -EREMOTE: the server said "error", text has its reason.
 */
int steer_command(int fd, char *answer, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- server.c: a qda-softdsp for the length of a test ------------------- */

struct test_server {
	pid_t pid;		/* 0: none */
	int control_fd;
	char dir[64];
	char listen[96];
	char control[96];
};

/*
 * Start $QDA_SOFTDSP with --listen and --control in a new directory. options: one
 * string of further options separated by blanks, may be NULL.
 */
int server_start(struct test_server *server, const char *options);
/* for $QDA_SOFTDSP --device node; nobody listens then but its control socket */
int server_start_device(struct test_server *server, const char *node);
/* -ETIMEDOUT: it had to be killed; -ENOTEMPTY: it left files behind */
int server_stop(struct test_server *server);
/* end it without asking */
int server_kill(struct test_server *server);

/* --- child.c ------------------------------------------------------------ */

/*
 * Run fn in a forked child. Its exit status (0 to 255), 256 + signal number if
 * it was killed, -ETIMEDOUT if it had to be.
 */
int child_run(int (*fn)(void *arg), void *arg, unsigned int timeout_ms);
/* wait for a child with a limit; status as of waitpid() */
int child_wait(pid_t pid, unsigned int timeout_ms, int *ret_status);

/* --- dmabuf.c ------------------------------------------------------------ */

/* a dma-buf of a memory file's pages (sealed against shrinking), or negative errno */
int dmabuf_of(int memfd, size_t size);

/* --- count.c ------------------------------------------------------------- */

/* QDA_TEST_SLOW is set, as in the debug guest */
bool test_is_slow(void);
/* so many rounds, or a quarter of them where it is slow or a sanitizer looks on */
unsigned int test_count(unsigned int n);

/* --- time.c ------------------------------------------------------------- */

int64_t monotonic_ns(void);
void sleep_ms(unsigned int ms);
/*
 * *ms, which is 1 at first, and is doubled until it is 16: between two looks at what
 * takes as long as the machine needs, and longer for each look
 */
void sleep_longer(unsigned int *ms);

/*
 * What the machine is to blame for when something takes long: a thread that only
 * sleeps adds up by how much it is woken too late. Errors as of pthread_create().
 */
struct lateness {
	pthread_t thread;
	atomic_bool stop;
	int64_t ns;
};

int lateness_start(struct lateness *late);
/* nanoseconds since the start */
int64_t lateness_stop(struct lateness *late);

#endif
