// SPDX-License-Identifier: MIT
/* Threads, and what else they do to a file than call it. */
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "fuzzer.h"

#define THREADS		6
#define FILES		6
/* a file that has made so much is closed: buffers nobody names would fill the guest */
#define MAX_CREATED	(16ULL << 20)
/* calls that did something between two upsets, and in all */
#define STEP_SUCCESSES	20
#define LEAST_SUCCESSES	100
#define PATIENCE_NS	(90 * 1000000000LL)

static struct fuzz_target targets[FILES];
static struct fuzzer fuzzers[THREADS];
static int stop;

/* --- one thing --------------------------------------------------------------- */

static void one_mapping(struct fuzzer *f, struct fuzz_target *t)
{
	struct chance *c = &f->chance;
	uint32_t w = chance_below(c, FUZZ_WINDOWS), h = chance_below(c, FUZZ_HANDLES);
	size_t size = 4096 * (1 + chance_below(c, 16));
	int prot = (int)chance_below(c, 8) & (PROT_READ | PROT_WRITE);

	if (f->windows[w].mem)
		munmap(f->windows[w].mem, f->windows[w].size);
	f->windows[w].mem = mmap(NULL, size, prot,
				 chance_one_in(c, 4) ? MAP_PRIVATE : MAP_SHARED, t->fd,
				 (off_t)(t->offsets[h] & ~4095ULL) +
				 (chance_one_in(c, 4) ? 4096 : 0));
	f->windows[w].size = size;
	if (f->windows[w].mem == MAP_FAILED)
		f->windows[w].mem = NULL;
	else if (chance_one_in(c, 4))
		mprotect(f->windows[w].mem, 4096, PROT_READ | PROT_WRITE);
	else if (chance_one_in(c, 8))
		madvise(f->windows[w].mem, size, MADV_DONTNEED);
}

static void one_read(struct fuzzer *f, struct fuzz_target *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	uint8_t bytes[128];

	poll(&p, 1, 0);
	/* the file does not block */
	if (read(t->fd, bytes, chance_below(&f->chance, sizeof(bytes))) < 0)
		return;
	f->successes++;
}

static int target_open(struct fuzz_target *t)
{
	int fd = open(dev->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	memset(t, 0, sizeof(*t));
	t->bench = 3;
	t->fd = fd;
	return 0;
}

/* the number is reused at once, and others are still calling it */
static void one_reopen(struct fuzz_target *t)
{
	int fd = open(dev->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	if (dup3(fd, t->fd, O_CLOEXEC) < 0) {
		close(fd);
		return;
	}
	close(fd);
	memset(t->handles, 0, sizeof(t->handles));
	t->created = 0;
}

static void one_child(struct fuzzer *f, struct fuzz_target *t)
{
	pid_t pid = fork();
	int n;

	if (!pid) {
		alarm(2);
		for (n = 0; n < 20; n++)
			fuzz_call(f, t);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (chance_one_in(&f->chance, 2))
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void *fuzz_main(void *arg)
{
	struct fuzzer *f = arg;
	struct chance *c = &f->chance;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct fuzz_target *t = &targets[chance_below(c, FILES)];
		uint32_t what = chance_below(c, 1000);

		if (t->created > MAX_CREATED)
			one_reopen(t);
		if (what < 30)
			one_mapping(f, t);
		else if (what < 60)
			one_read(f, t);
		else if (what < 65)
			one_reopen(t);
		else if (what < 67)
			one_child(f, t);
		else
			fuzz_call(f, t);
	}
	return NULL;
}

/* --- the run ------------------------------------------------------------------ */

static void on_signal(int sig)
{
	(void)sig;
}

/* everybody who waits is interrupted from time to time, and at last for good */
static void fuzz_end(void)
{
	int64_t end = soon();
	int n, err;

	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (n = 0; n < THREADS; n++) {
		do {
			struct timespec at;

			pthread_kill(fuzzers[n].thread, SIGUSR1);
			clock_gettime(CLOCK_REALTIME, &at);
			at.tv_nsec += 20000000;
			at.tv_sec += at.tv_nsec / 1000000000;
			at.tv_nsec %= 1000000000;
			err = pthread_timedjoin_np(fuzzers[n].thread, NULL, &at);
		} while (err && monotonic_ns() < end);
		check(!err, "a thread does not come back from its call");
	}
}

static void fuzz_clean(void)
{
	char path[64], name[128];
	ssize_t len;
	int n, w;

	for (n = 0; n < THREADS; n++) {
		struct fuzzer *f = &fuzzers[n];

		for (w = 0; w < FUZZ_WINDOWS; w++)
			if (f->windows[w].mem)
				munmap(f->windows[w].mem, f->windows[w].size);
		for (w = 0; w < (int)ARRAY_SIZE(f->bufs); w++)
			if (f->bufs[w] >= 0)
				close(f->bufs[w]);
	}
	for (n = 0; n < FILES; n++)
		close(targets[n].fd);
	/* exports whose number went to a place where nobody looked */
	for (n = 3; n < 1024; n++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", n);
		len = readlink(path, name, sizeof(name) - 1);
		name[len > 0 ? len : 0] = '\0';
		if (strstr(name, "/dmabuf:"))
			close(n);
	}
}

static unsigned long count_successes(void)
{
	unsigned long sum = 0;
	int n;

	for (n = 0; n < THREADS; n++)
		sum += fuzzers[n].successes;
	return sum;
}

void fuzz(upset_fn upset, unsigned int every_ms)
{
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t seed = chance_seed();
	struct chance c = { ~seed };
	unsigned long calls = 0, successes = 0;
	int64_t end, next, now;
	int n, i;

	sigaction(SIGUSR1, &action, NULL);
	alarm(fuzz_seconds(6) + 300);
	stop = 0;
	wait_node();
	for (n = 0; n < FILES; n++)
		check(!target_open(&targets[n]), "cannot open the node");
	for (n = 0; n < THREADS; n++) {
		struct fuzzer *f = &fuzzers[n];

		memset(f, 0, sizeof(*f));
		f->chance.state = seed + (uint64_t)n * 0x1234567;
		for (i = 0; i < (int)ARRAY_SIZE(f->bufs); i++)
			f->bufs[i] = -1;
		check(!pthread_create(&f->thread, NULL, fuzz_main, f), "no thread");
	}
	end = monotonic_ns() + (int64_t)fuzz_seconds(6) * 1000000000;
	next = monotonic_ns() + (int64_t)every_ms * 1000000;
	/* a slow machine needs longer until the DSP is back and something works again */
	while ((now = monotonic_ns()) < end ||
	       (count_successes() <= LEAST_SUCCESSES && now < end + PATIENCE_NS)) {
		sleep_ms(5);
		pthread_kill(fuzzers[chance_below(&c, THREADS)].thread, SIGUSR1);
		if (upset && now > next && count_successes() >= successes + STEP_SUCCESSES) {
			upset(&c);
			successes = count_successes();
			next = monotonic_ns() + (int64_t)every_ms * 1000000;
		}
	}
	fuzz_end();
	fuzz_clean();
	for (n = 0; n < THREADS; n++)
		calls += fuzzers[n].calls;
	successes = count_successes();
	print_message("%lu calls, %lu of them succeeded\n", calls, successes);
	/* garbage only would find nothing */
	check(successes > LEAST_SUCCESSES, "nothing but refusals");
	/* a release whose answer was lost or spoiled holds its bank until then */
	if (upset) {
		restart_dsp(dev->control);
		wait_node();
	}
	check_healthy();
}
