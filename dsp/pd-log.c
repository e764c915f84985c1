// SPDX-License-Identifier: MIT
/*
 * What DSP code logs goes to the client's adspmsgd_apps, in records of 256 bytes. A
 * thread of its own passes them on, so that logging never waits for the client.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "HAP_debug.h"
#include "pd.h"

#define EXPORT	__attribute__((visibility("default")))

#define MSGD_LOG	0
/* records that wait; a power of two */
#define RING_SIZE	256u
/* records in one call */
#define BATCH		16u
#define FLUSH_MS	500

struct record {
	uint32_t level;
	uint16_t line;
	uint16_t thread;
	char text[218];
	char file[30];
};
_Static_assert(sizeof(struct record) == 256, "records are of this size");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct record ring[RING_SIZE];
static unsigned int head, tail;		/* head: next to be written */
static unsigned int dropped;
static bool running;

static void print(const struct record *r)
{
	fprintf(stderr, "qda-pd: %s:%u: %s\n", r->file, r->line, r->text);
}

/* a client without adspmsgd_apps has them on the firmware's standard error */
static void pass_on(const struct record *records, unsigned int n)
{
	static uint32_t handle;
	uint32_t len = n * (uint32_t)sizeof(*records);
	const remote_arg pra[] = {
		{ .buf = { &len, sizeof(len) } },
		{ .buf = { (void *)(uintptr_t)records, len } },
	};
	unsigned int i;

	if (!handle && apps_open("adspmsgd_apps", &handle))
		handle = 0;
	if (handle && !reverse_call(handle, REMOTE_SCALARS_MAKE(MSGD_LOG, 2, 0), pra))
		return;
	for (i = 0; i < n; i++)
		print(&records[i]);
}

static void *log_main(void *data)
{
	struct record batch[BATCH];
	unsigned int n;

	(void)data;
	pthread_mutex_lock(&lock);
	for (;;) {
		while (head == tail)
			pthread_cond_wait(&changed, &lock);
		for (n = 0; n < BATCH && tail + n != head; n++)
			batch[n] = ring[(tail + n) % RING_SIZE];
		pthread_mutex_unlock(&lock);
		pass_on(batch, n);
		pthread_mutex_lock(&lock);
		tail += n;
		pthread_cond_broadcast(&changed);
	}
	return NULL;
}

static bool start(void)
{
	pthread_t thread;

	if (!running && !pthread_create(&thread, NULL, log_main, NULL)) {
		pthread_detach(thread);
		running = true;
	}
	return running;
}

static void fill(struct record *r, int level, const char *file, int line,
		 const char *text)
{
	const char *base = file ? strrchr(file, '/') : NULL;

	memset(r, 0, sizeof(*r));
	r->level = (uint32_t)level;
	r->line = (uint16_t)line;
	r->thread = (uint16_t)syscall(SYS_gettid);
	snprintf(r->text, sizeof(r->text), "%s", text);
	snprintf(r->file, sizeof(r->file), "%s",
		 base ? base + 1 : (file ? file : ""));
}

static void post(int level, const char *file, int line, const char *text)
{
	char lost[64];

	pthread_mutex_lock(&lock);
	if (head - tail >= RING_SIZE - 1 || !start()) {
		dropped++;
	} else {
		if (dropped) {
			snprintf(lost, sizeof(lost), "%u messages were dropped",
				 dropped);
			fill(&ring[head++ % RING_SIZE], HAP_LEVEL_ERROR, "", 0, lost);
			dropped = 0;
		}
		fill(&ring[head++ % RING_SIZE], level, file, line, text);
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
}

void log_flush(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += FLUSH_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	while (head != tail)
		if (pthread_cond_timedwait(&changed, &lock, &until))
			break;
	pthread_mutex_unlock(&lock);
}

EXPORT void HAP_debug(const char *msg, int level, const char *filename, int line)
{
	post(level, filename, line, msg ? msg : "");
}

__attribute__((format(printf, 4, 0))) static void vpost(int level, const char *file,
							int line, const char *format,
							va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, ap);
	post(level, file, line, text);
}

EXPORT void HAP_debug_v2(int level, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vpost(level, file, line, format, ap);
	va_end(ap);
}

EXPORT void HAP_debug_runtime(int level, const char *file, int line, const char *format,
			      ...)
{
	va_list ap;

	va_start(ap, format);
	vpost(level, file, line, format, ap);
	va_end(ap);
}
