// SPDX-License-Identifier: MIT
/* Sleeping and waking. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "soft.h"

/* A wait with a timeout is never restarted; this one is as good as none */
#define FAR_SECONDS	(10LL * 365 * 24 * 3600)

static struct timespec deadline_ts(int64_t deadline)
{
	struct timespec ts;

	if (deadline == DEADLINE_NEVER)
		deadline = clock_now() + FAR_SECONDS * NSEC_PER_SEC;
	if (deadline < 0)
		deadline = 0;
	ts.tv_sec = deadline / NSEC_PER_SEC;
	ts.tv_nsec = deadline % NSEC_PER_SEC;
	return ts;
}

int waitq_sleep(struct waitq *wq, pthread_mutex_t *lock, int64_t deadline)
{
	unsigned int seq = atomic_load(&wq->seq);
	struct timespec ts = deadline_ts(deadline);
	int err = 0;

	wq->waiters++;
	pthread_mutex_unlock(lock);
	if (syscall(SYS_futex, &wq->seq, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seq,
		    &ts, NULL, FUTEX_BITSET_MATCH_ANY) < 0)
		err = errno == EAGAIN ? 0 : -errno;
	pthread_mutex_lock(lock);
	wq->waiters--;
	return err;
}

void waitq_wake(struct waitq *wq)
{
	if (!wq->waiters)
		return;
	atomic_fetch_add(&wq->seq, 1);
	syscall(SYS_futex, &wq->seq, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

int poll_until(struct pollfd *fds, unsigned long n, int64_t deadline)
{
	struct timespec ts, *timeout = NULL;
	int64_t left;
	int ret;

	if (deadline != DEADLINE_NEVER) {
		left = deadline - clock_now();
		if (deadline < 0 || left < 0)
			left = 0;
		ts.tv_sec = left / NSEC_PER_SEC;
		ts.tv_nsec = left % NSEC_PER_SEC;
		timeout = &ts;
	}
	ret = ppoll(fds, n, timeout, NULL);
	return ret < 0 ? -errno : ret;
}
