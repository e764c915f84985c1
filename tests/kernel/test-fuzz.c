// SPDX-License-Identifier: MIT
/*
 * Chance against the driver, for a bounded time. Threads share files and buffers and
 * do whatever comes next: calls that are right but for some fields, structs cut and
 * extended, wild numbers, mappings, reads, closes, duplicates, children. Nothing is
 * asserted on the way but that the kernel lives; at the end nothing is left, and the
 * device works.
 *
 *   QDA_FUZZ_SEED     repeat: each thread's choices follow from it
 *   QDA_FUZZ_SECONDS  per case, default 6
 */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "attack.h"

#define THREADS		6
#define FILES		6
#define HANDLES		8
#define WINDOWS		8
#define ARENA_SIZE	0x4000
/* a file that has made so much is closed: buffers nobody names would fill the guest */
#define MAX_CREATED	(16ULL << 20)
#define NO_MEMORY	((void *)MAP_FAILED)

/* one open file, shared by all threads; a hint only, it may have gone already */
struct target {
	int fd;
	uint32_t handles[HANDLES];
	uint64_t sizes[HANDLES];
	uint64_t offsets[HANDLES];
	uint64_t tickets[8];
	uint32_t maps[4];
	uint32_t bench;
	uint64_t created;	/* bytes since it was opened */
};

struct fuzzer {
	pthread_t thread;
	struct chance chance;
	struct { void *mem; size_t size; } windows[WINDOWS];
	int bufs[4];
	unsigned long calls;
	atomic_ulong successes;
	/* structs and arguments, and room for as much as a number can ask to write */
	uint8_t arena[ARENA_SIZE];
	uint8_t behind[0x4000];
};

static struct target targets[FILES];
static struct fuzzer fuzzers[THREADS];
static int stop;

/* --- values -------------------------------------------------------------- */

static uint64_t wild(struct chance *c)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 7, 8, 39, 40, 48, 64, 255, 256, 4095, 4096, 4097, 0x10000,
		0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ULL,
		0x7fffffffffffffffULL, 0x8000000000000000ULL, 0xfffffffffffff000ULL,
		0xffffffffffffffffULL, 0xffff000000000000ULL, 0xffffff8000000000ULL,
	};

	switch (chance_below(c, 4)) {
	case 0:
		return odd[chance_below(c, ARRAY_SIZE(odd))];
	case 1:
		return (uint64_t)chance_next(c) << 32 | chance_next(c);
	case 2:
		return 1ULL << chance_below(c, 64);
	default:
		return chance_below(c, 64);
	}
}

static uint32_t a_handle(struct chance *c, const struct target *t)
{
	if (chance_one_in(c, 12))
		return (uint32_t)wild(c);
	return t->handles[chance_below(c, HANDLES)];
}

/* where a struct may lie */
static void *a_place(struct fuzzer *f)
{
	switch (chance_below(&f->chance, 40)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)wild(&f->chance);
	case 2:
		return f->arena + ARENA_SIZE - 8;
	case 3: {
		/* memory of the device itself */
		void *mem = f->windows[chance_below(&f->chance, WINDOWS)].mem;

		return mem ? mem : f->arena;
	}
	default:
		return f->arena + 8 * chance_below(&f->chance, 64);
	}
}

/* --- calls --------------------------------------------------------------- */

/*
 * Sizes stay small or are absurd. One that is allowed and larger than the guest (up to
 * 2 GiB) keeps a thread busy for longer than the test, and nothing is learnt.
 */
static uint64_t a_size(struct chance *c)
{
	if (chance_one_in(c, 20))
		return wild(c) | 1ULL << 40;
	return 1 + chance_below(c, chance_one_in(c, 200) ? 0x400000 : 0x10000);
}

static void fill_args(struct fuzzer *f, struct target *t,
		      struct drm_qda_remote_invoke *a)
{
	struct drm_qda_arg *args = (void *)(f->arena + 0x1000);
	uint32_t n = a->num_args < 64 ? a->num_args : 64, i;
	struct chance *c = &f->chance;

	memset(args, 0, 64 * sizeof(*args));
	for (i = 0; i < n; i++) {
		uint32_t h = chance_below(c, HANDLES);

		if (chance_one_in(c, 8))
			continue;
		args[i].handle = chance_one_in(c, 20) ? a_handle(c, t) : t->handles[h];
		args[i].length = 1 + chance_below(c, 2048);
		args[i].offset = t->sizes[h] > 0x2000 ? chance_below(c, 0x1000) : 0;
		if (i >= DRM_QDA_SCALARS_IN(a->scalars) +
				 DRM_QDA_SCALARS_OUT(a->scalars)) {
			args[i].flags = DRM_QDA_ARG_DSP_ID;
			args[i].dsp_id = 1 + (int32_t)chance_below(c, 6);
		}
		if (chance_one_in(c, 30))
			memcpy((uint8_t *)&args[i] + 4 * chance_below(c, 12),
			       &(uint32_t){ (uint32_t)wild(c) }, 4);
	}
	a->args = chance_one_in(c, 40) ? wild(c) : (uintptr_t)args;
}

/* a call that is right, as far as this thread knows */
static unsigned long template(struct fuzzer *f, struct target *t, void *at)
{
	struct chance *c = &f->chance;
	uint32_t h = chance_below(c, HANDLES);

	memset(at, 0, 256);
	switch (chance_below(c, 16)) {
	case 0: {
		struct drm_qda_query *a = at;

		a->type = chance_below(c, 9);
		a->index = a->type == 2 || a->type == 5 ? chance_below(c, 8) : 0;
		return DRM_IOCTL_QDA_QUERY;
	}
	case 1: case 2:
		((struct drm_qda_gem_create *)at)->size = a_size(c);
		return DRM_IOCTL_QDA_GEM_CREATE;
	case 3:
		((struct drm_qda_gem_mmap_offset *)at)->handle = a_handle(c, t);
		return DRM_IOCTL_QDA_GEM_MMAP_OFFSET;
	case 4:
		if (chance_one_in(c, 4)) {
			struct drm_qda_session_attach *a = at;

			a->pd = chance_below(c, 3);
			if (a->pd == DRM_QDA_PD_STATIC)
				memcpy(a->name, "audiopd", 7);
			return DRM_IOCTL_QDA_SESSION_ATTACH;
		}
		/* fall through */
	case 5: {
		struct drm_qda_remote_session_create *a = at;

		a->attrs = chance_one_in(c, 3) ? DRM_QDA_PD_UNSIGNED : 0;
		if (chance_one_in(c, 4)) {
			a->handle = t->handles[h];
			a->length = 1 + chance_below(c, 4096);
			a->siglen = chance_below(c, a->length);
		}
		if (chance_one_in(c, 2))
			a->init_mem_size = (1 + chance_below(c, 4)) << 20;
		return DRM_IOCTL_QDA_REMOTE_SESSION_CREATE;
	}
	case 6: {
		static const uint32_t types[] = { 0, 2, 3, 16, 0x1000 };
		struct drm_qda_remote_map *a = at;

		a->type = types[chance_below(c, ARRAY_SIZE(types))];
		a->handle = a_handle(c, t);
		a->length = 1 + chance_below(c, 8192);
		a->addr_hint = chance_one_in(c, 4) ? wild(c) & ~0xfffULL : 0;
		if (a->type != DRM_QDA_MAP_ADD_PAGES) {
			a->flags = DRM_QDA_MAP_DSP_ID;
			a->dsp_id = 1 + (int32_t)chance_below(c, 6);
		}
		return DRM_IOCTL_QDA_REMOTE_MAP;
	}
	case 7:
		((struct drm_qda_remote_munmap *)at)->map_id =
			t->maps[chance_below(c, ARRAY_SIZE(t->maps))];
		return DRM_IOCTL_QDA_REMOTE_MUNMAP;
	case 8: {
		struct drm_qda_remote_wait *a = at;

		a->ticket = t->tickets[chance_below(c, ARRAY_SIZE(t->tickets))];
		a->deadline = chance_one_in(c, 2) ? 0 :
			      monotonic_ns() + (int64_t)chance_below(c, 20) * 1000000;
		return DRM_IOCTL_QDA_REMOTE_WAIT;
	}
	case 9:
		if (chance_one_in(c, 8))
			return DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE;
		((struct drm_qda_set_option *)at)->value = 1 + chance_below(c, 64);
		return DRM_IOCTL_QDA_SET_OPTION;
	case 10:
		((struct drm_gem_close *)at)->handle = a_handle(c, t);
		return DRM_IOCTL_GEM_CLOSE;
	case 11: {
		struct drm_prime_handle *a = at;

		if (chance_one_in(c, 2)) {
			a->handle = a_handle(c, t);
			a->flags = chance_one_in(c, 2) ? DRM_RDWR | DRM_CLOEXEC : 0;
			return DRM_IOCTL_PRIME_HANDLE_TO_FD;
		}
		a->fd = f->bufs[chance_below(c, ARRAY_SIZE(f->bufs))];
		return DRM_IOCTL_PRIME_FD_TO_HANDLE;
	}
	default: {
		struct drm_qda_remote_invoke *a = at;
		uint32_t in = chance_below(c, chance_one_in(c, 10) ? 60 : 4);
		uint32_t out = chance_below(c, 3), handles = chance_one_in(c, 6);
		uint32_t method = chance_below(c, 4) ? BENCH_NOOP : chance_below(c, 32);

		/* spin and sleep would take as long as their garbage says */
		if (method == 7 || method == 11)
			method = BENCH_NOOP;
		if (method == BENCH_NOOP)
			in = out = handles = 0;
		a->scalars = DRM_QDA_SCALARS(method, in, out, handles, 0);
		a->num_args = DRM_QDA_SCALARS_NUM_ARGS(a->scalars);
		a->stride = sizeof(struct drm_qda_arg);
		a->handle = chance_one_in(c, 20) ? (uint32_t)wild(c) : t->bench;
		a->flags = chance_below(c, 4);
		if (a->flags == DRM_QDA_INVOKE_EVENT)
			a->flags = 0;
		if (a->flags & DRM_QDA_INVOKE_EVENT)
			a->user_data = chance_next(c);
		fill_args(f, t, a);
		return DRM_IOCTL_QDA_REMOTE_INVOKE;
	}
	}
}

/* what a call has brought, for the next ones */
static void remember(struct fuzzer *f, struct target *t, unsigned long request,
		     const void *at)
{
	struct chance *c = &f->chance;
	uint32_t h = chance_below(c, HANDLES);

	if (request == DRM_IOCTL_QDA_GEM_CREATE) {
		const struct drm_qda_gem_create *a = at;

		t->handles[h] = a->handle;
		t->sizes[h] = a->size;
	} else if (request == DRM_IOCTL_QDA_GEM_MMAP_OFFSET) {
		t->offsets[h] = ((const struct drm_qda_gem_mmap_offset *)at)->offset;
	} else if (request == DRM_IOCTL_QDA_REMOTE_INVOKE) {
		t->tickets[h] = ((const struct drm_qda_remote_invoke *)at)->ticket;
	} else if (request == DRM_IOCTL_QDA_REMOTE_MAP) {
		t->maps[h & 3] = ((const struct drm_qda_remote_map *)at)->map_id;
	} else if (request == DRM_IOCTL_PRIME_HANDLE_TO_FD) {
		int *buf = &f->bufs[h & 3];

		if (*buf >= 0)
			close(*buf);
		*buf = ((const struct drm_prime_handle *)at)->fd;
	} else if (request == DRM_IOCTL_PRIME_FD_TO_HANDLE) {
		t->handles[h] = ((const struct drm_prime_handle *)at)->handle;
		t->sizes[h] = 0;
	}
}

static void one_call(struct fuzzer *f, struct target *t)
{
	struct chance *c = &f->chance;
	unsigned long request;
	uint64_t at[64];
	void *place;
	uint32_t n;

	request = template(f, t, at);
	/* an odd struct, mostly in one field */
	for (n = chance_one_in(c, 3) ? 1 + chance_below(c, 3) : 0; n; n--) {
		uint32_t size = _IOC_SIZE(request);
		uint64_t value = wild(c);

		if (size < 4)
			break;
		if (request == DRM_IOCTL_QDA_GEM_CREATE ||
		    request == DRM_IOCTL_QDA_REMOTE_SESSION_CREATE)
			value &= ~0xffc00000ULL;
		memcpy((uint8_t *)at + 4 * chance_below(c, size / 4), &value, 4);
	}
	/* never a wait without end nor a descriptor of somebody else */
	if (request == DRM_IOCTL_QDA_REMOTE_WAIT &&
	    ((struct drm_qda_remote_wait *)at)->deadline > monotonic_ns() + 50000000)
		((struct drm_qda_remote_wait *)at)->deadline = 0;
	if (chance_one_in(c, 25))
		request = _IOC(chance_below(c, 4), 'd', _IOC_NR(request),
			       chance_one_in(c, 2) ? chance_below(c, 256) :
						     chance_below(c, 0x4000));
	if (chance_one_in(c, 60))
		request = _IOC(chance_below(c, 4), chance_one_in(c, 4) ? wild(c) & 0xff : 'd',
			       chance_below(c, 256), chance_below(c, 512));
	place = a_place(f);
	if (place >= (void *)f->arena && place < (void *)(f->arena + 0x1000))
		memcpy(place, at, sizeof(at) < 0x800 ? sizeof(at) : 0x800);
	f->calls++;
	if (ioctl(t->fd, request, place))
		return;
	f->successes++;
	if (_IOC_NR(request) == _IOC_NR(DRM_IOCTL_QDA_GEM_CREATE))
		t->created += at[0] & 0x1ffffff;
	if (place >= (void *)f->arena && place < (void *)(f->arena + 0x1000))
		remember(f, t, request, place);
}

/* --- everything else that can be done to a file -------------------------- */

static void one_mapping(struct fuzzer *f, struct target *t)
{
	struct chance *c = &f->chance;
	uint32_t w = chance_below(c, WINDOWS), h = chance_below(c, HANDLES);
	size_t size = 4096 * (1 + chance_below(c, 16));
	int prot = (int)chance_below(c, 8) & (PROT_READ | PROT_WRITE);

	if (f->windows[w].mem)
		munmap(f->windows[w].mem, f->windows[w].size);
	f->windows[w].mem = mmap(NULL, size, prot,
				 chance_one_in(c, 4) ? MAP_PRIVATE : MAP_SHARED, t->fd,
				 (off_t)(t->offsets[h] & ~4095ULL) +
				 (chance_one_in(c, 4) ? 4096 : 0));
	f->windows[w].size = size;
	if (f->windows[w].mem == NO_MEMORY)
		f->windows[w].mem = NULL;
	else if (chance_one_in(c, 4))
		mprotect(f->windows[w].mem, 4096, PROT_READ | PROT_WRITE);
	else if (chance_one_in(c, 8))
		madvise(f->windows[w].mem, size, MADV_DONTNEED);
}

static void one_read(struct fuzzer *f, struct target *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	uint8_t bytes[128];

	poll(&p, 1, 0);
	/* the file does not block */
	if (read(t->fd, bytes, chance_below(&f->chance, sizeof(bytes))) < 0)
		return;
	f->successes++;
}

static int target_open(struct target *t)
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
static void one_reopen(struct target *t)
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

static void one_child(struct fuzzer *f, struct target *t)
{
	pid_t pid = fork();
	int n;

	if (!pid) {
		alarm(2);
		for (n = 0; n < 20; n++)
			one_call(f, t);
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
		struct target *t = &targets[chance_below(c, FILES)];
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
			one_call(f, t);
	}
	return NULL;
}

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

		for (w = 0; w < WINDOWS; w++)
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

/* what happens to the DSP meanwhile, every so often */
typedef void (*upset_fn)(struct chance *c);

/* calls that did something between two upsets, and in all */
#define STEP_SUCCESSES	20
#define LEAST_SUCCESSES	100
#define PATIENCE_NS	(90 * 1000000000LL)

static unsigned long count_successes(void)
{
	unsigned long sum = 0;
	int n;

	for (n = 0; n < THREADS; n++)
		sum += fuzzers[n].successes;
	return sum;
}

static void fuzz(upset_fn upset, unsigned int every_ms)
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
		steer_command(dev->control, NULL, 0, "crash dsp");
		wait_node();
	}
	check_healthy();
}

static void test_ioctls(const void *arg)
{
	(void)arg;
	fuzz(NULL, 0);
}

static void crash_pd(struct chance *c)
{
	char text[1024];
	unsigned int sid;

	(void)c;
	steer(text, sizeof(text), "pds");
	if (sscanf(text, " %u:", &sid) == 1)
		steer_command(dev->control, text, sizeof(text), "crash pd=%u", sid);
}

static void drop_channel(struct chance *c)
{
	sim_channel(false);
	sleep_ms(chance_below(c, 30));
	channel_up();
}

static void upset_all(struct chance *c)
{
	char text[256];

	switch (chance_below(c, 4)) {
	case 0:
		drop_channel(c);
		break;
	case 1:
		crash_pd(c);
		break;
	case 2:
		steer_command(dev->control, text, sizeof(text), "crash dsp");
		wait_node();
		break;
	default:
		/* a few replies that are not what they should be */
		steer_command(dev->control, text, sizeof(text),
			      "reply n=8 times=%u len=%u xor=%#x", chance_below(c, 4),
			      1 + chance_below(c, 40), chance_next(c));
		break;
	}
}

static void test_upset(const void *arg)
{
	(void)arg;
	fuzz(upset_all, 400);
}

int main(void)
{
	add_case("ioctls", test_ioctls, NULL);
	add_case("ioctls-upset-dsp", test_upset, NULL);
	return run_kernel_cases("fuzz");
}
