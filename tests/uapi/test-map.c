// SPDX-License-Identifier: MIT
#include "common.h"

#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP

static struct sess s;

static struct drm_qda_remote_map map_of(uint32_t type, int32_t dsp_id)
{
	return (struct drm_qda_remote_map){
		.offset = 4096, .length = 8192, .dsp_addr = FILL64, .handle = s.gem,
		.type = type, .dsp_id = dsp_id,
		.flags = type == DRM_QDA_MAP_ADD_PAGES ? 0 : DRM_QDA_MAP_DSP_ID,
		.map_id = FILL32, .status = (int32_t)FILL32,
	};
}

static uint32_t map_one(uint32_t type, int32_t dsp_id)
{
	struct drm_qda_remote_map m = map_of(type, dsp_id);

	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, 0);
	check(m.map_id && m.map_id != FILL32, "map id %#x", m.map_id);
	return m.map_id;
}

static void munmap_one(uint32_t map_id, int err)
{
	struct drm_qda_remote_munmap u = {
		.map_id = map_id, .status = (int32_t)FILL32,
	};

	expect(s.fd, MUNMAP, &u, err);
	if (!err)
		check_eq(u.status, 0);
}

static const struct {
	const char *name;
	uint32_t type;
	bool has_addr;
} types[] = {
	{ "static", DRM_QDA_MAP_STATIC, true },
	{ "fd", DRM_QDA_MAP_FD, true },
	{ "delayed", DRM_QDA_MAP_FD_DELAYED, false },
	{ "nomap", DRM_QDA_MAP_FD_NOMAP, false },
	{ "add-pages", DRM_QDA_MAP_ADD_PAGES, true },
};

static void test_type(const void *arg)
{
	const uint32_t *type = arg;
	bool pages = *type == DRM_QDA_MAP_ADD_PAGES;
	struct drm_qda_remote_map m;
	size_t i;

	sess_open(&s);
	m = map_of(*type, pages ? 0 : 7);
	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, 0);
	check(m.dsp_addr != FILL64 && m.map_id != FILL32, "outputs were not written");
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == *type && types[i].has_addr)
			check(m.dsp_addr, "no DSP address");
	/* inputs stay */
	check_eq(m.offset, 4096);
	check_eq(m.length, 8192);
	check_eq(m.handle, s.gem);
	munmap_one(m.map_id, 0);
	munmap_one(m.map_id, -ENOENT);
	sess_close(&s);
}

static void test_bad(const void *arg)
{
	struct drm_qda_remote_map good, m;

	s = sess_shared();
	good = map_of(DRM_QDA_MAP_FD, 7);
	m = good;
	expect(s.fd, MAP, &m, 0);
	munmap_one(m.map_id, 0);
	expect_bad(s.fd, MAP, &good, arg);
	expect(s.fd, MAP, &good, 0);
	munmap_one(good.map_id, 0);
}

static void test_bad_pages(const void *arg)
{
	struct drm_qda_remote_map good, m;

	sess_open(&s);
	good = map_of(DRM_QDA_MAP_ADD_PAGES, 0);
	m = good;
	expect(s.fd, MAP, &m, 0);
	expect_bad(s.fd, MAP, &good, arg);
	sess_close(&s);
}

static void test_dsp_id(const void *arg)
{
	struct drm_qda_remote_map m;
	uint32_t one;

	(void)arg;
	sess_open(&s);
	one = map_one(DRM_QDA_MAP_FD, 7);
	m = map_of(DRM_QDA_MAP_FD, 7);
	expect(s.fd, MAP, &m, -EEXIST);
	m = map_of(DRM_QDA_MAP_FD_DELAYED, 7);
	expect(s.fd, MAP, &m, -EEXIST);
	/* of another buffer neither */
	m = map_of(DRM_QDA_MAP_STATIC, 7);
	m.handle = gem_new(s.fd, 0x10000);
	expect(s.fd, MAP, &m, -EEXIST);
	map_one(DRM_QDA_MAP_FD, 8);
	map_one(DRM_QDA_MAP_FD, INT32_MAX);
	munmap_one(one, 0);
	map_one(DRM_QDA_MAP_FD, 7);
	sess_close(&s);
}

/* the same integer is another session's business */
static void test_dsp_id_sessions(const void *arg)
{
	struct sess other;

	(void)arg;
	sess_open(&other);
	sess_open(&s);
	map_one(DRM_QDA_MAP_FD, 7);
	sess_close(&s);
	s = other;
	map_one(DRM_QDA_MAP_FD, 7);
	sess_close(&s);
}

static void test_fail(const void *arg)
{
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open(&s);
	steer(NULL, 0, "fail op=map status=0x80000465");
	m = map_of(DRM_QDA_MAP_FD, 7);
	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, (int32_t)0x80000465);
	check_eq(m.map_id, 0);
	check_eq(m.dsp_addr, 0);
	/* nothing was mapped: the integer is free */
	map_one(DRM_QDA_MAP_FD, 7);
	sess_close(&s);
}

static void test_unmap_fail(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open(&s);
	u.map_id = map_one(DRM_QDA_MAP_FD, 7);
	steer(NULL, 0, "fail op=unmap status=0x80000448");
	expect(s.fd, MUNMAP, &u, 0);
	check_eq(u.status, (int32_t)0x80000448);
	/* the mapping stands */
	m = map_of(DRM_QDA_MAP_FD, 7);
	expect(s.fd, MAP, &m, -EEXIST);
	munmap_one(u.map_id, 0);
	sess_close(&s);
}

static void test_bad_munmap(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };

	s = sess_shared();
	u.map_id = map_one(DRM_QDA_MAP_STATIC, 9);
	expect_bad(s.fd, MUNMAP, &u, arg);
	munmap_one(u.map_id, 0);
}

static void test_address(const void *arg)
{
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open(&s);
	steer(NULL, 0, "mapaddr 0x7fffdead0000");
	m = map_of(DRM_QDA_MAP_STATIC, 7);
	expect(s.fd, MAP, &m, 0);
	check_eq(m.dsp_addr, 0x7fffdead0000);
	sess_close(&s);
}

static void test_hint(const void *arg)
{
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open(&s);
	m = map_of(DRM_QDA_MAP_FD, 7);
	m.addr_hint = 0x12345000;
	/* a wish the DSP may deny */
	expect(s.fd, MAP, &m, 0);
	sess_close(&s);
}

/* DSP code finds the bytes under the integer */
static void test_lookup(const void *arg)
{
	struct drm_qda_arg args[2];
	struct drm_qda_remote_invoke invoke = {
		.args = (uintptr_t)args, .num_args = 2, .stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(BENCH_LOOKUP, 1, 1, 0, 0),
	};
	uint32_t in[2] = { 77, 4 };
	struct drm_qda_remote_map m;
	uint64_t sum;
	uint32_t handle;
	uint8_t *mem;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, 0x3000);
	mem = gem_map(s.fd, handle, 0x3000);
	memcpy(mem + 0x1000, "\x01\x02\x03\xf0", 4);
	m = map_of(DRM_QDA_MAP_FD, 77);
	m.handle = handle;
	expect(s.fd, MAP, &m, 0);
	memcpy(s.mem, in, sizeof(in));
	args[0] = arg_of(s.gem, 0, sizeof(in));
	args[1] = arg_of(s.gem, 64, sizeof(sum));
	invoke.handle = s.bench;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke, 0);
	check_eq(invoke.status, 0);
	memcpy(&sum, s.mem + 64, sizeof(sum));
	check_eq(sum, 0xf6);
	munmap_one(m.map_id, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke, 0);
	check(invoke.status, "the DSP still finds it");
	gem_unmap(mem, 0x3000);
	sess_close(&s);
}

/* Let a call's reply name these dsp_ids as finished */
static void finish_ids(const uint64_t *ids, size_t n)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke invoke;
	char info[512], hex[16 * 16 + 1] = "";
	unsigned int rule, byte;
	struct job job;
	uint64_t addr;
	size_t i;

	invoke = echo_call(&s, args, arg_of(s.gem, 64, 8), arg_of(s.gem, 128, 8));
	rule = steer_number("hold");
	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke);
	wait_held(rule, 1, info, sizeof(info));
	addr = held_value(info, "addr") & 0xffffffff;
	for (i = 0; i < n; i++)
		for (byte = 0; byte < 8; byte++)
			snprintf(hex + strlen(hex), 3, "%02x",
				 (unsigned int)(ids[i] >> (8 * byte)) & 0xff);
	steer(NULL, 0, "poke sid=%u addr=0x%llx %s", s.sid,
	      (unsigned long long)(addr + 3 * 40), hex);
	check_eq(steer_number("release %u", rule), 1);
	check_eq(job_join(&job), 0);
	check_eq(invoke.status, 0);
}

/* not -EEXIST; the DSP did not really end it and may refuse */
static void check_free(int32_t dsp_id)
{
	struct drm_qda_remote_map m = map_of(DRM_QDA_MAP_FD_DELAYED, dsp_id);

	check_eq(call(s.fd, MAP, &m), 0);
}

static void test_fdlist(const void *arg)
{
	static const uint64_t ids[] = { 7 };
	uint32_t one;

	(void)arg;
	sess_open_bench(&s);
	one = map_one(DRM_QDA_MAP_FD_DELAYED, 7);
	finish_ids(ids, 1);
	/* the DSP has ended it */
	munmap_one(one, -ENOENT);
	check_free(7);
	sess_close(&s);
}

static void test_fdlist_other_types(const void *arg)
{
	static const uint64_t ids[] = { 1, 2, 3, 99, 0xffffffff };
	uint32_t one, two, three;

	(void)arg;
	sess_open_bench(&s);
	map_one(DRM_QDA_MAP_FD_DELAYED, 4);
	one = map_one(DRM_QDA_MAP_STATIC, 1);
	two = map_one(DRM_QDA_MAP_FD, 2);
	three = map_one(DRM_QDA_MAP_FD_NOMAP, 3);
	finish_ids(ids, ARRAY_SIZE(ids));
	munmap_one(one, 0);
	munmap_one(two, 0);
	munmap_one(three, 0);
	sess_close(&s);
}

/* full list, the same name twice, nothing after the first 0 */
static void test_fdlist_full(const void *arg)
{
	uint64_t ids[16] = { 7, 7, 8, 7, 0, 9 };
	uint32_t eight, nine, i;

	(void)arg;
	sess_open_bench(&s);
	map_one(DRM_QDA_MAP_FD_DELAYED, 7);
	eight = map_one(DRM_QDA_MAP_FD_DELAYED, 8);
	nine = map_one(DRM_QDA_MAP_FD_DELAYED, 9);
	finish_ids(ids, 6);
	munmap_one(eight, -ENOENT);
	munmap_one(nine, 0);
	for (i = 0; i < 16; i++)
		ids[i] = 100 + i;
	for (i = 0; i < 16; i++)
		map_one(DRM_QDA_MAP_FD_DELAYED, 100 + (int32_t)i);
	finish_ids(ids, 16);
	for (i = 0; i < 16; i++)
		check_free(100 + (int32_t)i);
	sess_close(&s);
}

/* what the DSP ended lets go of its buffer */
static void test_fdlist_unpins(const void *arg)
{
	static const uint64_t ids[] = { 7 };
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open_bench(&s);
	m = map_of(DRM_QDA_MAP_FD_DELAYED, 7);
	m.handle = gem_new(s.fd, 0x23000);
	expect(s.fd, MAP, &m, 0);
	check_eq(gem_close(s.fd, m.handle), 0);
	check(bus_has(s.sid, 0x23000), "a mapped buffer left the bank");
	finish_ids(ids, 1);
	check(!bus_has(s.sid, 0x23000), "the buffer is still in the bank");
	sess_close(&s);
}

/* the DSP ends a mapping by itself while the message that ends it is on its way */
static void test_fdlist_unmapping(const void *arg)
{
	static const uint64_t ids[] = { 7 };
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 }, before;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	u.map_id = map_one(DRM_QDA_MAP_FD_DELAYED, 7);
	before = u;
	rule = steer_number("fail op=unmap status=0x80000402 hold=1");
	job_start(&job, s.fd, MUNMAP, &u);
	wait_held(rule, 1, NULL, 0);
	finish_ids(ids, 1);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), -ENOENT);
	check(!memcmp(&u, &before, sizeof(u)), "a failed call changed its struct");
	munmap_one(u.map_id, -ENOENT);
	check_free(7);
	sess_close(&s);
}

/* and while the one that makes it is */
static void test_fdlist_mapping(const void *arg)
{
	static const uint64_t ids[] = { 7 };
	struct drm_qda_remote_map m;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	m = map_of(DRM_QDA_MAP_FD_DELAYED, 7);
	rule = steer_number("fail op=map hold=1");
	job_start(&job, s.fd, MAP, &m);
	wait_held(rule, 1, NULL, 0);
	finish_ids(ids, 1);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(m.status, 0);
	munmap_one(m.map_id, -ENOENT);
	check_free(7);
	sess_close(&s);
}

/* the DSP has not answered yet: another thread's attempt finds nothing */
static void test_munmap_race(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_map m;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open(&s);
	u.map_id = map_one(DRM_QDA_MAP_FD, 7);
	rule = steer_number("fail op=unmap hold=1");
	job_start(&job, s.fd, MUNMAP, &u);
	wait_held(rule, 1, NULL, 0);
	munmap_one(u.map_id, -ENOENT);
	/* nor is the integer free before the DSP says so */
	m = map_of(DRM_QDA_MAP_FD, 7);
	expect(s.fd, MAP, &m, -EEXIST);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(u.status, 0);
	expect(s.fd, MAP, &m, 0);
	sess_close(&s);
}

static void test_interrupted_map(const void *arg)
{
	struct drm_qda_remote_map m, before;
	int64_t end = soon();
	unsigned int rule;
	struct job job;
	int err;

	(void)arg;
	sess_open(&s);
	rule = steer_number("fail op=map hold=1");
	m = before = map_of(DRM_QDA_MAP_FD, 7);
	job_start(&job, s.fd, MAP, &m);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, 0);
	check_eq(job_join(&job), -EINTR);
	check(!memcmp(&m, &before, sizeof(m)), "a failed call changed its struct");
	steer(NULL, 0, "release %u", rule);
	/* undone when the DSP has answered: the integer becomes free */
	do {
		m = before;
		err = call(s.fd, MAP, &m);
	} while (err == -EEXIST && monotonic_ns() < end);
	check_eq(err, 0);
	check_eq(m.status, 0);
	record("interrupted EINTR");
	sess_close(&s);
}

static void test_interrupted_munmap(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_map m, good;
	int64_t end = soon();
	unsigned int rule;
	struct job job;
	int err;

	(void)arg;
	sess_open(&s);
	u.map_id = map_one(DRM_QDA_MAP_FD, 7);
	rule = steer_number("fail op=unmap hold=1");
	job_start(&job, s.fd, MUNMAP, &u);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, SA_RESTART);
	check_eq(job_join(&job), -EINTR);
	/* carried through: the id is gone at once, the integer when it is done */
	munmap_one(u.map_id, -ENOENT);
	steer(NULL, 0, "release %u", rule);
	good = map_of(DRM_QDA_MAP_FD, 7);
	do {
		m = good;
		err = call(s.fd, MAP, &m);
	} while (err == -EEXIST && monotonic_ns() < end);
	check_eq(err, 0);
	sess_close(&s);
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_map m;

	(void)arg;
	sess_open(&s);
	u.map_id = map_one(DRM_QDA_MAP_FD, 7);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), 0);
	expect(s.fd, MUNMAP, &u, -ECANCELED);
	m = map_of(DRM_QDA_MAP_FD, 8);
	expect(s.fd, MAP, &m, -ECANCELED);
	sess_close(&s);
}

static const struct bad_field bad[] = {
	BAD("offset-unaligned", drm_qda_remote_map, offset, 4097, -EINVAL),
	BAD("offset-outside", drm_qda_remote_map, offset, WORK_SIZE, -EINVAL),
	BAD("offset-wrap", drm_qda_remote_map, offset, -4096LL, -EINVAL),
	BAD("length-zero", drm_qda_remote_map, length, 0, -EINVAL),
	BAD("length-over", drm_qda_remote_map, length, WORK_SIZE - 4096 + 1, -EINVAL),
	BAD("length-max", drm_qda_remote_map, length, -1LL, -EINVAL),
	BAD("length-wrap", drm_qda_remote_map, length, -4096LL, -EINVAL),
	BAD("hint", drm_qda_remote_map, addr_hint, 0x1001, -EINVAL),
	BAD("handle", drm_qda_remote_map, handle, 999, -ENOENT),
	BAD("handle-zero", drm_qda_remote_map, handle, 0, -ENOENT),
	BAD("type-1", drm_qda_remote_map, type, 1, -EINVAL),
	BAD("type-4", drm_qda_remote_map, type, 4, -EINVAL),
	BAD("type-2000", drm_qda_remote_map, type, 0x2000, -EINVAL),
	BAD("type-high", drm_qda_remote_map, type, 0x80000002, -EINVAL),
	BAD("flags-none", drm_qda_remote_map, flags, 0, -EINVAL),
	BAD("flags", drm_qda_remote_map, flags, 3, -EINVAL),
	BAD("dsp-id-zero", drm_qda_remote_map, dsp_id, 0, -EINVAL),
	BAD("dsp-id-negative", drm_qda_remote_map, dsp_id, -1, -EINVAL),
};

static const struct bad_field bad_pages[] = {
	BAD("dsp-id", drm_qda_remote_map, dsp_id, 7, -EINVAL),
	BAD("flags", drm_qda_remote_map, flags, DRM_QDA_MAP_DSP_ID, -EINVAL),
};

static const struct bad_field bad_munmap[] = {
	BAD("map-id", drm_qda_remote_munmap, map_id, 0x7fff, -ENOENT),
	BAD("map-id-zero", drm_qda_remote_munmap, map_id, 0, -ENOENT),
	BAD("map-id-max", drm_qda_remote_munmap, map_id, 0xffffffff, -ENOENT),
	BAD("flags", drm_qda_remote_munmap, flags, 1, -EINVAL),
	BAD("pad", drm_qda_remote_munmap, pad, 1, -EINVAL),
};

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		add_case(types[i].name, test_type, &types[i].type);
	add_rows_shared("bad", bad, test_bad);
	add_rows("bad-pages", bad_pages, test_bad_pages);
	add_case("dsp-id", test_dsp_id, NULL);
	add_case("dsp-id-sessions", test_dsp_id_sessions, NULL);
	add_case("fail", test_fail, NULL);
	add_rows_shared("munmap-bad", bad_munmap, test_bad_munmap);
	add_case("munmap-fail", test_unmap_fail, NULL);
	add_case("munmap-race", test_munmap_race, NULL);
	add_case("address", test_address, NULL);
	add_case("hint", test_hint, NULL);
	add_case("lookup", test_lookup, NULL);
	add_case("fdlist", test_fdlist, NULL);
	add_case("fdlist-other-types", test_fdlist_other_types, NULL);
	add_case("fdlist-full", test_fdlist_full, NULL);
	add_case("fdlist-unpins", test_fdlist_unpins, NULL);
	add_case("fdlist-unmapping", test_fdlist_unmapping, NULL);
	add_case("fdlist-mapping", test_fdlist_mapping, NULL);
	add_case("interrupted-map", test_interrupted_map, NULL);
	add_case("interrupted-munmap", test_interrupted_munmap, NULL);
	add_case("released", test_released, NULL);
	return run_cases("map");
}
