// SPDX-License-Identifier: MIT
/* What a session has in its bank, and how that is limited. */
#include <fcntl.h>

#include "common.h"

#define CREATE	DRM_IOCTL_QDA_GEM_CREATE
#define OPTION	DRM_IOCTL_QDA_SET_OPTION
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE
#define NATIVE	DRM_QDA_MEMORY_NATIVE
#define IMPORTED DRM_QDA_MEMORY_IMPORTED
#define MIB	(1ULL << 20)

static struct sess s;

static uint64_t memory(int fd, uint32_t index)
{
	return query(fd, DRM_QDA_QUERY_MEMORY, index);
}

static void check_memory(int fd, uint64_t native, uint64_t imported)
{
	check_eq(memory(fd, NATIVE), native);
	check_eq(memory(fd, IMPORTED), imported);
}

static struct drm_qda_set_option limit_of(uint64_t bytes)
{
	return (struct drm_qda_set_option){
		.option = DRM_QDA_OPTION_MEMORY_LIMIT, .value = bytes,
	};
}

static void set_limit(int fd, uint64_t bytes, int err)
{
	struct drm_qda_set_option o = limit_of(bytes);

	expect(fd, OPTION, &o, err);
}

static void expect_gem(int fd, uint64_t size, int err)
{
	struct drm_qda_gem_create c = { .size = size, .handle = FILL32 };

	expect(fd, CREATE, &c, err);
}

static void expect_import(int fd, int buf, int err)
{
	struct drm_prime_handle p = { .fd = buf, .handle = FILL32 };

	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p, err);
}

static void test_empty(const void *arg)
{
	int fd = dev_open();
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);

	(void)arg;
	check_memory(fd, 0, 0);
	check_eq(memory(fd, DRM_QDA_MEMORY_LIMIT), 0);
	check_eq(memory(fd, DRM_QDA_MEMORY_MAPPINGS), 0);
	/* nobody needs a bank to be asked */
	set_limit(fd, 4096, 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total);
	record("empty OK");
}

static void test_native(const void *arg)
{
	int fd = dev_open(), other = dev_open();
	uint32_t small, large;

	(void)arg;
	small = gem_new(fd, 5000);
	check_memory(fd, 8192, 0);
	large = gem_new(fd, MIB);
	check_memory(fd, 8192 + MIB, 0);
	/* it is the file's, not the device's */
	check_memory(other, 0, 0);
	gem_new(other, 4096);
	check_memory(other, 4096, 0);
	check_eq(gem_close(fd, small), 0);
	check_memory(fd, MIB, 0);
	check_eq(gem_close(fd, large), 0);
	check_memory(fd, 0, 0);
	record("native OK");
}

static void wait_memory(int fd, uint64_t native)
{
	int64_t end = soon();

	while (memory(fd, NATIVE) != native && monotonic_ns() < end)
		sleep_ms(1);
	check_eq(memory(fd, NATIVE), native);
}

/* the memory the PD is started with, as long as it has it */
static void test_init_mem(const void *arg)
{
	struct drm_qda_remote_session_create c = { .init_mem_size = 3 * MIB + 1 };
	struct drm_qda_remote_session_release r = { 0 };
	int fd = dev_open();

	(void)arg;
	gem_new(fd, 4096);
	steer(NULL, 0, "fail op=create status=0x8000040e");
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c, 0);
	check_eq(c.status, (int32_t)0x8000040e);
	check_memory(fd, 4096, 0);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c, 0);
	check_eq(c.status, 0);
	check_memory(fd, 3 * MIB + 8192, 0);
	/* afterwards buffers are memory only */
	expect(fd, RELEASE, &r, 0);
	wait_memory(fd, 0);
	check_memory(fd, 0, 0);
	record("init mem OK");
}

static void test_imported(const void *arg)
{
	int fd = dev_open(), buf = dmabuf_new(0x5000);
	uint32_t handle, again;

	(void)arg;
	check_eq(prime_import(fd, buf, &handle), 0);
	check_memory(fd, 0, 0x5000);
	/* the same handle, and no more */
	check_eq(prime_import(fd, buf, &again), 0);
	check_eq(handle, again);
	check_memory(fd, 0, 0x5000);
	gem_new(fd, 4096);
	check_memory(fd, 4096, 0x5000);
	check_eq(gem_close(fd, handle), 0);
	check_memory(fd, 4096, 0);
	close(buf);
	record("imported OK");
}

/* a buffer in two sessions is in two banks: an import for who has not made it */
static void test_shared(const void *arg)
{
	int fd = dev_open(), other = dev_open(), buf;
	uint32_t mine = gem_new(fd, 0x3000), theirs, again;

	(void)arg;
	check_eq(prime_export(fd, mine, DRM_RDWR | DRM_CLOEXEC, &buf), 0);
	check_memory(fd, 0x3000, 0);
	check_eq(prime_import(other, buf, &theirs), 0);
	check_memory(other, 0, 0x3000);
	check_memory(fd, 0x3000, 0);
	/* back in the session that made it: still what it was */
	check_eq(prime_import(fd, buf, &again), 0);
	check_eq(again, mine);
	check_memory(fd, 0x3000, 0);
	/* who has closed it does not pay */
	check_eq(gem_close(fd, mine), 0);
	check_memory(fd, 0, 0);
	check_memory(other, 0, 0x3000);
	/* and has it as an import afterwards */
	check_eq(prime_import(fd, buf, &again), 0);
	check_memory(fd, 0, 0x3000);
	close(buf);
	check_eq(gem_close(other, theirs), 0);
	check_memory(other, 0, 0);
	record("shared OK");
}

/* without its handle it is held by the call that uses it */
static void test_in_call(const void *arg)
{
	const uint32_t *flags = arg;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	struct drm_qda_event_complete e;
	uint64_t before;
	unsigned int rule;
	uint32_t handle;

	sess_open_bench(&s);
	before = memory(s.fd, NATIVE);
	handle = gem_new(s.fd, 0x23000);
	rule = steer_number("hold");
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 8), arg_of(handle, 0, 8));
	i.flags = DRM_QDA_INVOKE_ASYNC | *flags;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, 0);
	wait_held(rule, 1, NULL, 0);
	check_eq(gem_close(s.fd, handle), 0);
	check_eq(memory(s.fd, NATIVE), before + 0x23000);
	/* nor is there room for another */
	set_limit(s.fd, before + 0x23000, 0);
	expect_gem(s.fd, 4096, -EDQUOT);
	steer(NULL, 0, "release %u", rule);
	if (*flags & DRM_QDA_INVOKE_EVENT)
		check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	else
		check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	/* who knows that the call has ended finds it gone */
	expect_gem(s.fd, 0x23000, 0);
	check_eq(memory(s.fd, NATIVE), before + 0x23000);
	sess_close(&s);
}

static void test_mappings(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	struct drm_qda_remote_munmap u = { 0 };
	uint64_t before;

	(void)arg;
	sess_open(&s);
	before = memory(s.fd, NATIVE);
	m.handle = gem_new(s.fd, 0x3000);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	check_eq(memory(s.fd, DRM_QDA_MEMORY_MAPPINGS), 1);
	u.map_id = m.map_id;
	m.dsp_id++;
	steer(NULL, 0, "fail op=map status=0x8000040e");
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	check_eq(m.status, (int32_t)0x8000040e);
	check_eq(memory(s.fd, DRM_QDA_MEMORY_MAPPINGS), 1);
	/* and holds its buffer */
	check_eq(gem_close(s.fd, m.handle), 0);
	check_eq(memory(s.fd, NATIVE), before + 0x3000);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	check_eq(u.status, 0);
	check_eq(memory(s.fd, DRM_QDA_MEMORY_MAPPINGS), 0);
	check_eq(memory(s.fd, NATIVE), before);
	sess_close(&s);
}

static void test_limit(const void *arg)
{
	int fd = dev_open(), other = dev_open();
	uint32_t handle;

	(void)arg;
	set_limit(fd, 0x10fff, 0);
	check_eq(memory(fd, DRM_QDA_MEMORY_LIMIT), 0x10fff);
	check_eq(memory(other, DRM_QDA_MEMORY_LIMIT), 0);
	handle = gem_new(fd, 0x8000);
	expect_gem(fd, 0x8001, -EDQUOT);
	check_memory(fd, 0x8000, 0);
	expect_gem(fd, 0x8000, 0);
	check_memory(fd, 0x10000, 0);
	/* what is left is less than a page */
	expect_gem(fd, 1, -EDQUOT);
	check_eq(gem_close(fd, handle), 0);
	expect_gem(fd, 0x8000, 0);
	/* others have what they had */
	expect_gem(other, MIB, 0);
}

/* one limit for all kinds together */
static void test_limit_import(const void *arg)
{
	int fd = dev_open(), other = dev_open();
	int small = dmabuf_new(0x4000), large = dmabuf_new(0x5000), shared;
	uint32_t handle;

	(void)arg;
	set_limit(fd, 0x8000, 0);
	gem_new(fd, 0x4000);
	expect_import(fd, large, -EDQUOT);
	check_memory(fd, 0x4000, 0);
	expect_import(fd, small, 0);
	check_memory(fd, 0x4000, 0x4000);
	/* what is there is no more for being imported again */
	expect_import(fd, small, 0);
	expect_gem(fd, 4096, -EDQUOT);
	/* another session's buffer needs addresses here, too */
	handle = gem_new(other, 4096);
	check_eq(prime_export(other, handle, DRM_RDWR | DRM_CLOEXEC, &shared), 0);
	expect_import(fd, shared, -EDQUOT);
	check_memory(fd, 0x4000, 0x4000);
	close(small);
	close(large);
	close(shared);
}

static void test_limit_create(const void *arg)
{
	struct drm_qda_remote_session_create c = {
		.init_mem_size = MIB, .status = (int32_t)FILL32,
	}, bad = c;
	int fd = dev_open();
	uint64_t banks = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);

	(void)arg;
	set_limit(fd, 2 * MIB, 0);
	bad.init_mem_size = 2 * MIB + 1;
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &bad, -EDQUOT);
	/* nothing changed: no bank, no PD */
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), banks);
	check_eq(query(fd, DRM_QDA_QUERY_SESSION, 0), 0);
	check_memory(fd, 0, 0);
	gem_new(fd, MIB);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c, 0);
	check_eq(c.status, 0);
	check_memory(fd, 2 * MIB, 0);
	expect_gem(fd, 4096, -EDQUOT);
}

static void test_limit_no_bank(const void *arg)
{
	int fd = dev_open(), buf = dmabuf_new(0x5000);
	uint64_t banks = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);

	(void)arg;
	set_limit(fd, 0x4000, 0);
	expect_gem(fd, 0x5000, -EDQUOT);
	expect_import(fd, buf, -EDQUOT);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), banks);
	expect_gem(fd, 0x4000, 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), banks - 1);
	close(buf);
}

/* lowered, never raised; also below what is there */
static void test_limit_lower(const void *arg)
{
	int fd = dev_open();
	uint32_t handle;

	(void)arg;
	set_limit(fd, 0x10000, 0);
	handle = gem_new(fd, 0x8000);
	set_limit(fd, 0x10001, -EPERM);
	set_limit(fd, UINT64_MAX, -EPERM);
	check_eq(memory(fd, DRM_QDA_MEMORY_LIMIT), 0x10000);
	set_limit(fd, 0x10000, 0);
	set_limit(fd, 0x4000, 0);
	check_eq(memory(fd, DRM_QDA_MEMORY_LIMIT), 0x4000);
	/* what it has it keeps */
	check_memory(fd, 0x8000, 0);
	expect_gem(fd, 4096, -EDQUOT);
	check_eq(gem_close(fd, handle), 0);
	expect_gem(fd, 0x4000, 0);
	expect_gem(fd, 4096, -EDQUOT);
	set_limit(fd, 0x10000, -EPERM);
}

static void test_bad_limit(const void *arg)
{
	struct drm_qda_set_option good = limit_of(0x4000), o = good;
	int fd = dev_open();

	expect(fd, OPTION, &o, 0);
	expect_bad(fd, OPTION, &good, arg);
	check_eq(memory(fd, DRM_QDA_MEMORY_LIMIT), 0x4000);
}

static const struct bad_field bad[] = {
	BAD("zero", drm_qda_set_option, value, 0, -ERANGE),
	BAD("flags", drm_qda_set_option, flags, 1, -EINVAL),
	BAD("raised", drm_qda_set_option, value, 0x4001, -EPERM),
	BAD("max", drm_qda_set_option, value, UINT64_MAX, -EPERM),
};

/* after the release buffers are no longer in a bank, and count for nothing */
static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release r = { 0 };

	(void)arg;
	sess_open(&s);
	set_limit(s.fd, 4 * MIB, 0);
	expect_gem(s.fd, 4 * MIB, -EDQUOT);
	expect(s.fd, RELEASE, &r, 0);
	wait_memory(s.fd, 0);
	check_memory(s.fd, 0, 0);
	check_eq(memory(s.fd, DRM_QDA_MEMORY_MAPPINGS), 0);
	check_eq(memory(s.fd, DRM_QDA_MEMORY_LIMIT), 4 * MIB);
	expect_gem(s.fd, 8 * MIB, 0);
	check_memory(s.fd, 0, 0);
	set_limit(s.fd, MIB, -ECANCELED);
	sess_close(&s);
}

static void test_lost(const void *arg)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_MEMORY };
	int64_t end = soon();
	int fd = dev_open();

	(void)arg;
	gem_new(fd, 4096);
	steer(NULL, 0, "crash dsp");
	while (!call(fd, DRM_IOCTL_QDA_QUERY, &q) && monotonic_ns() < end)
		sleep_ms(1);
	q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_MEMORY };
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, -ENODEV);
	set_limit(fd, 4096, -ENODEV);
	dev_close(fd);
	while ((fd = dev_try_open(dev->path)) < 0 && monotonic_ns() < end)
		sleep_ms(1);
	check(fd >= 0, "the device did not come back");
}

/* --- threads ------------------------------------------------------------- */

#define THREADS	4
#define PAGES	64

struct taker {
	pthread_t thread;
	int fd;
	int got, err;
};

static void *take_main(void *arg)
{
	struct drm_qda_gem_create c;
	struct taker *t = arg;

	do {
		c = (struct drm_qda_gem_create){ .size = 4096 };
		t->err = call(t->fd, CREATE, &c);
		t->got += !t->err;
	} while (!t->err && t->got <= PAGES);
	return NULL;
}

/* of who is there at the last page only one has it */
static void test_threads(const void *arg)
{
	struct taker takers[THREADS] = { 0 };
	int i, got = 0, fd = dev_open();

	(void)arg;
	set_limit(fd, PAGES * 4096, 0);
	for (i = 0; i < THREADS; i++) {
		takers[i].fd = fd;
		check(!pthread_create(&takers[i].thread, NULL, take_main, &takers[i]),
		      "no thread");
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(takers[i].thread, NULL);
		check_eq(takers[i].err, -EDQUOT);
		got += takers[i].got;
	}
	check_eq(got, PAGES);
	check_memory(fd, PAGES * 4096, 0);
	record("threads OK");
}

/* one buffer, imported by all at once, is there once */
static void test_threads_import(const void *arg)
{
	struct drm_prime_handle p[THREADS];
	struct job jobs[THREADS];
	unsigned int n = test_count(40);
	int i, fd = dev_open(), buf = dmabuf_new(0x4000);

	(void)arg;
	set_limit(fd, 0x4000, 0);
	while (n--) {
		for (i = 0; i < THREADS; i++) {
			p[i] = (struct drm_prime_handle){ .fd = buf };
			job_start(&jobs[i], fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p[i]);
		}
		for (i = 0; i < THREADS; i++) {
			check_eq(job_join(&jobs[i]), 0);
			check_eq(p[i].handle, p[0].handle);
		}
		check_memory(fd, 0, 0x4000);
		check_eq(gem_close(fd, p[0].handle), 0);
		check_memory(fd, 0, 0);
	}
	close(buf);
	record("threads import OK");
}

int main(void)
{
	static const uint32_t waited = 0, event = DRM_QDA_INVOKE_EVENT;

	add_case("empty", test_empty, NULL);
	add_case("native", test_native, NULL);
	add_case("init-mem", test_init_mem, NULL);
	add_case("imported", test_imported, NULL);
	add_case("shared", test_shared, NULL);
	add_case("in-call", test_in_call, &waited);
	add_case("in-call-event", test_in_call, &event);
	add_case("mappings", test_mappings, NULL);
	add_case("limit", test_limit, NULL);
	add_case("limit-import", test_limit_import, NULL);
	add_case("limit-create", test_limit_create, NULL);
	add_case("limit-no-bank", test_limit_no_bank, NULL);
	add_case("limit-lower", test_limit_lower, NULL);
	add_rows("limit-bad", bad, test_bad_limit);
	add_case("released", test_released, NULL);
	add_case("lost", test_lost, NULL);
	add_case("threads", test_threads, NULL);
	add_case("threads-import", test_threads_import, NULL);
	return run_cases("memory");
}
