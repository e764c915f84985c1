// SPDX-License-Identifier: MIT
/* Everything at once. Threads count what is wrong; the case judges. */
#include <poll.h>

#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define THREADS	8
#define ROUNDS	((int)test_count(200))

static struct sess s;

struct worker {
	pthread_t thread;
	struct sess *s;
	unsigned int number;
	int bad;
	int ended;
	int count;
};

static int echo(struct sess *sess, uint32_t gem, uint8_t *mem, unsigned int seed)
{
	/* the working buffer is shared: lengths go where only this thread writes */
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.handle = sess->bench,
		.scalars = DRM_QDA_SCALARS(BENCH_ECHO, 2, 1, 0, 0),
	};
	uint32_t lengths[2] = { 100, 100 };
	int bad = 0;

	memcpy(mem, lengths, sizeof(lengths));
	memset(mem + 256, (int)seed & 0xff, 100);
	args[0] = arg_of(gem, 0, sizeof(lengths));
	args[1] = arg_of(gem, 256, 100);
	args[2] = arg_of(gem, 2000, 100);
	bad += call(sess->fd, INVOKE, &i) != 0;
	bad += i.status != 0;
	bad += memcmp(mem + 256, mem + 2000, 100) != 0;
	return bad;
}

static int async(struct sess *sess)
{
	struct drm_qda_remote_invoke i = noop_call(sess, DRM_QDA_INVOKE_ASYNC);
	int32_t status = 0;
	int bad;

	bad = call(sess->fd, INVOKE, &i) != 0;
	bad += wait_ticket(sess->fd, i.ticket, -1, &status) != 0;
	return bad + (status != 0);
}

static int map(struct sess *sess, uint32_t gem, int32_t dsp_id)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .handle = gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = dsp_id,
	};
	struct drm_qda_remote_munmap u = { 0 };
	int bad;

	bad = call(sess->fd, DRM_IOCTL_QDA_REMOTE_MAP, &m) != 0;
	bad += m.status != 0;
	u.map_id = m.map_id;
	bad += call(sess->fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u) != 0;
	return bad + (u.status != 0);
}

static void *mixed_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_gem_create c = { .size = 4096 };
	uint64_t offset = 0;
	uint8_t *mem;
	int n;

	w->bad += call(w->s->fd, DRM_IOCTL_QDA_GEM_CREATE, &c) != 0;
	w->bad += gem_offset(w->s->fd, c.handle, &offset) != 0;
	mem = dev->sys->mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, w->s->fd,
			     offset);
	if (mem == MAP_FAILED) {
		w->bad++;
		return NULL;
	}
	for (n = 0; n < ROUNDS; n++)
		switch ((w->number + (unsigned int)n) % 4) {
		case 0:
			w->bad += async(w->s);
			break;
		case 1:
			w->bad += map(w->s, c.handle, 1 + (int32_t)w->number);
			break;
		case 2: {
			struct drm_qda_gem_create more = { .size = 8192 };

			w->bad += call(w->s->fd, DRM_IOCTL_QDA_GEM_CREATE, &more) != 0;
			w->bad += gem_close(w->s->fd, more.handle) != 0;
			break;
		}
		default:
			w->bad += echo(w->s, c.handle, mem,
				       w->number * 31 + (unsigned int)n);
		}
	dev->sys->munmap(mem, 4096);
	w->bad += gem_close(w->s->fd, c.handle) != 0;
	return NULL;
}

static void run(struct worker *w, unsigned int n, void *(*fn)(void *))
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		w[i].number = i;
		check(!pthread_create(&w[i].thread, NULL, fn, &w[i]), "no thread");
	}
}

static void join(struct worker *w, unsigned int n)
{
	unsigned int i;
	int bad = 0;

	for (i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		bad += w[i].bad;
	}
	check_eq(bad, 0);
}

static void test_mixed(const void *arg)
{
	struct worker w[THREADS] = { 0 };
	unsigned int i;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < THREADS; i++)
		w[i].s = &s;
	run(w, THREADS, mixed_main);
	join(w, THREADS);
	record("mixed OK");
	sess_close(&s);
}

static void test_sessions(const void *arg)
{
	struct worker w[6] = { 0 };
	struct sess each[6];
	unsigned int i;

	(void)arg;
	for (i = 0; i < 6; i++) {
		sess_open_bench(&each[i]);
		w[i].s = &each[i];
	}
	run(w, 6, mixed_main);
	join(w, 6);
	for (i = 0; i < 6; i++)
		sess_close(&each[i]);
	record("sessions OK");
}

/* threads come and go: each had a lane of its own */
static void *one_call_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_remote_invoke i = noop_call(w->s, 0);

	w->bad += call(w->s->fd, INVOKE, &i) != 0;
	w->bad += i.status != 0;
	return NULL;
}

static void test_short_lived(const void *arg)
{
	struct worker w[THREADS];
	unsigned int i;
	unsigned int n;

	(void)arg;
	sess_open_bench(&s);
	for (n = 0; n < test_count(40); n++) {
		memset(w, 0, sizeof(w));
		for (i = 0; i < THREADS; i++)
			w[i].s = &s;
		run(w, THREADS, one_call_main);
		join(w, THREADS);
	}
	record("short-lived OK");
	sess_close(&s);
}

/* submitted by one, fetched by another */
static void *fetch_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_event_complete e[4];
	struct pollfd p = { .fd = w->s->fd, .events = POLLIN };
	ssize_t n, k;

	while (w->count < ROUNDS) {
		if (dev->sys->poll(&p, 1, SOON_MS) != 1) {
			w->bad++;
			break;
		}
		n = dev->sys->read(w->s->fd, e, sizeof(e));
		if (n <= 0) {
			w->bad++;
			break;
		}
		for (k = 0; k < n / (ssize_t)sizeof(e[0]); k++)
			w->bad += e[k].error || e[k].status ||
				  e[k].user_data !=
					  (uint64_t)w->count + (uint64_t)k + 1;
		w->count += (int)k;
	}
	return NULL;
}

static void test_events(const void *arg)
{
	struct worker w = { .s = &s };
	struct drm_qda_remote_invoke i;
	int64_t end = soon();
	int n, err;

	(void)arg;
	sess_open_bench(&s);
	check(!pthread_create(&w.thread, NULL, fetch_main, &w), "no thread");
	for (n = 1; n <= ROUNDS; n++) {
		do {
			i = noop_call(&s, DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);
			i.user_data = (uint64_t)n;
			err = call(s.fd, INVOKE, &i);
		} while (err == -EAGAIN && monotonic_ns() < end);
		check_eq(err, 0);
	}
	join(&w, 1);
	record("events OK");
	sess_close(&s);
}

static void *wait_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_remote_invoke i;
	int err;

	for (;;) {
		i = noop_call(w->s, w->number & 1 ? DRM_QDA_INVOKE_ASYNC : 0);
		err = call(w->s->fd, INVOKE, &i);
		if (!err && (w->number & 1))
			err = wait_ticket(w->s->fd, i.ticket, -1, NULL);
		if (err)
			break;
		__atomic_fetch_add(&w->count, 1, __ATOMIC_RELAXED);
	}
	w->bad += err != -ECANCELED;
	w->ended = 1;
	return NULL;
}

/* released in full run: everybody comes back, with the one error */
static void test_release(const void *arg)
{
	struct drm_qda_remote_session_release r = { 0 };
	struct worker w[THREADS] = { 0 };
	unsigned int i;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < THREADS; i++)
		w[i].s = &s;
	run(w, THREADS, wait_main);
	for (i = 0; i < THREADS; i++)
		while (__atomic_load_n(&w[i].count, __ATOMIC_RELAXED) < 5)
			sleep_ms(1);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, 0);
	join(w, THREADS);
	sess_close(&s);
}

/* more openers than banks: as many succeed as there are, none twice */
static void *take_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_gem_create c = { .size = 4096 };
	int fd = dev_try_open(dev->path), err;

	if (fd < 0) {
		w->bad++;
		return NULL;
	}
	err = call(fd, DRM_IOCTL_QDA_GEM_CREATE, &c);
	w->count = err == 0;
	w->bad += err && err != -EBUSY;
	return NULL;
}

static void test_banks(const void *arg)
{
	struct worker w[24] = { 0 };
	int fd = dev_open(), got = 0;
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	unsigned int i;

	(void)arg;
	if (total > ARRAY_SIZE(w))
		skip_case("more banks than threads");
	run(w, ARRAY_SIZE(w), take_main);
	join(w, ARRAY_SIZE(w));
	for (i = 0; i < ARRAY_SIZE(w); i++)
		got += w[i].count;
	check_eq(got, total);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), 0);
	record("banks OK");
}

/* one file's first buffer from eight threads takes one bank */
static void *first_main(void *arg)
{
	struct worker *w = arg;
	struct drm_qda_gem_create c = { .size = 4096 };

	w->bad += call(w->s->fd, DRM_IOCTL_QDA_GEM_CREATE, &c) != 0;
	return NULL;
}

static void test_one_bank(const void *arg)
{
	struct worker w[THREADS];
	int fd = dev_open(), n;
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	unsigned int i;

	(void)arg;
	for (n = 0; n < 10; n++) {
		memset(w, 0, sizeof(w));
		s.fd = dev_open();
		for (i = 0; i < THREADS; i++)
			w[i].s = &s;
		run(w, THREADS, first_main);
		join(w, THREADS);
		check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
		dev_close(s.fd);
		check_eq(wait_banks_free(fd, total), total);
	}
	record("one bank OK");
}

/* one file's session from eight threads is created once */
static void *create_main(void *arg)
{
	struct worker *w = arg;
	int32_t status = 0;
	int err = create_pd(w->s->fd, 0, &status);

	w->count = !err && !status;
	w->bad += err && err != -EALREADY;
	return NULL;
}

static void test_one_create(const void *arg)
{
	struct worker w[THREADS] = { 0 };
	unsigned int i;
	int got = 0;

	(void)arg;
	s.fd = dev_open();
	for (i = 0; i < THREADS; i++)
		w[i].s = &s;
	run(w, THREADS, create_main);
	join(w, THREADS);
	for (i = 0; i < THREADS; i++)
		got += w[i].count;
	check_eq(got, 1);
	record("one create OK");
	dev_close(s.fd);
}

static unsigned int threads_of(pid_t pid)
{
	char path[64], line[256];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "Threads: %u", &n);
	if (f)
		fclose(f);
	return n;
}

#define MANY_FILES	12

static void *one_call_each(void *arg)
{
	struct sess *many = arg;
	struct drm_qda_remote_invoke i;
	long bad = 0;
	int n;

	for (n = 0; n < MANY_FILES; n++) {
		i = noop_call(&many[n], 0);
		bad += call(many[n].fd, INVOKE, &i) || i.status;
	}
	return (void *)bad;
}

/* threads that use more files than they remember leave nothing at any of them */
static void test_many_files(const void *arg)
{
	static struct sess many[MANY_FILES];
	pthread_t thread;
	unsigned int n;
	int64_t end;
	void *bad;

	(void)arg;
	if (!is_soft)
		skip_case("DSP threads are processes' threads on the soft device only");
	use_device("cdsp", "--banks 16");
	for (n = 0; n < MANY_FILES; n++)
		sess_open_bench(&many[n]);
	for (n = 0; n < 40; n++) {
		check(!pthread_create(&thread, NULL, one_call_each, many), "no thread");
		pthread_join(thread, &bad);
		check(!bad, "calls failed");
	}
	end = soon();
	for (n = 0; n < MANY_FILES; n++) {
		pid_t pd = pd_pid(many[n].sid);
		unsigned int threads;

		/* they end when they run again */
		while ((threads = threads_of(pd)) >= 20 && monotonic_ns() < end)
			sleep_ms(1);
		check(threads && threads < 20, "%u DSP threads for 40 that have ended",
		      threads);
		sess_close(&many[n]);
	}
	record("many files");
}

int main(void)
{
	add_case("mixed", test_mixed, NULL);
	add_case("sessions", test_sessions, NULL);
	add_case("short-lived", test_short_lived, NULL);
	add_case("many-files", test_many_files, NULL);
	add_case("events", test_events, NULL);
	add_case("release", test_release, NULL);
	add_case("banks", test_banks, NULL);
	add_case("one-bank", test_one_bank, NULL);
	add_case("one-create", test_one_create, NULL);
	return run_cases("thread");
}
