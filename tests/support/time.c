// SPDX-License-Identifier: MIT
#include <errno.h>
#include <time.h>

#include "support.h"

int64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

#define LONGEST_MS	16

void sleep_longer(unsigned int *ms)
{
	sleep_ms(*ms);
	if (*ms < LONGEST_MS)
		*ms *= 2;
}

/* a tick takes that much longer on a machine that does nothing else */
#define TICK_MS		1
#define NORMAL_NS	1000000

static void *lateness_main(void *data)
{
	struct lateness *late = data;
	int64_t before, took;

	while (!atomic_load(&late->stop)) {
		before = monotonic_ns();
		sleep_ms(TICK_MS);
		took = monotonic_ns() - before - TICK_MS * 1000000;
		if (took > NORMAL_NS)
			late->ns += took;
	}
	return NULL;
}

int lateness_start(struct lateness *late)
{
	late->ns = 0;
	atomic_store(&late->stop, false);
	return pthread_create(&late->thread, NULL, lateness_main, late);
}

int64_t lateness_stop(struct lateness *late)
{
	atomic_store(&late->stop, true);
	pthread_join(late->thread, NULL);
	return late->ns;
}
