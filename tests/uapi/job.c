// SPDX-License-Identifier: MIT
/* An ioctl in a thread of its own, and signals for it. */
#include <sys/syscall.h>

#include "common.h"

static void *job_main(void *arg)
{
	struct job *job = arg;

	__atomic_store_n(&job->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	job->ret = call(job->fd, job->request, job->arg);
	__atomic_store_n(&job->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

void job_start(struct job *job, int fd, unsigned long request, void *arg)
{
	memset(job, 0, sizeof(*job));
	job->fd = fd;
	job->request = request;
	job->arg = arg;
	check(!pthread_create(&job->thread, NULL, job_main, job), "no thread");
}

bool job_done(struct job *job)
{
	return __atomic_load_n(&job->done, __ATOMIC_ACQUIRE);
}

int job_join(struct job *job)
{
	int64_t end = soon();
	unsigned int ms = 1;

	while (!job_done(job)) {
		check(monotonic_ns() < end, "the call did not return");
		sleep_longer(&ms);
	}
	pthread_join(job->thread, NULL);
	return job->ret;
}

static void on_signal(int sig)
{
	(void)sig;
}

void job_signal(struct job *job, int sa_flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = sa_flags };
	int64_t end = soon();

	sigaction(SIGUSR1, &action, NULL);
	job_wait_asleep(job);
	/* one that comes just before the thread sleeps interrupts nothing */
	while (!job_done(job)) {
		check(monotonic_ns() < end, "a signal does not interrupt the call");
		pthread_kill(job->thread, SIGUSR1);
		sleep_ms(20);
	}
}

void job_wait_asleep(struct job *job)
{
	int64_t end = soon();
	char path[64], line[256], *p;
	int asleep = 0;
	FILE *f;

	while (asleep < 4 && !job_done(job)) {
		pid_t tid = __atomic_load_n(&job->tid, __ATOMIC_ACQUIRE);

		check(monotonic_ns() < end, "the call does not sleep");
		sleep_ms(1);
		if (!tid)
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
		f = fopen(path, "re");
		if (!f)
			continue;
		p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		asleep = p && p[1] && p[2] == 'S' ? asleep + 1 : 0;
		fclose(f);
	}
}

/* --- processor time --------------------------------------------------------- */

#define IDLE_NS		60000000
#define IDLE_TRIES	5

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void check_idle(void (*fn)(unsigned int ms), unsigned int ms)
{
	int64_t start, spent = IDLE_NS;
	int n;

	/* what a host takes from an emulated processor counts as used: not each time */
	for (n = 0; n < IDLE_TRIES && spent >= IDLE_NS; n++) {
		start = cpu_ns();
		fn(ms);
		spent = cpu_ns() - start;
	}
	check(spent < IDLE_NS, "%lld us of CPU time while it sleeps",
	      (long long)spent / 1000);
}
