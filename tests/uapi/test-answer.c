// SPDX-License-Identifier: MIT
/* Control calls that the DSP leaves without an answer, and how long they wait for it */
#include "common.h"

#define OPTION	DRM_IOCTL_QDA_SET_OPTION
#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP
#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE
#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE

#define MS	1000000ULL
#define LIMIT	(50 * MS)

static struct sess s;

static struct drm_qda_set_option limit_of(uint64_t ns)
{
	return (struct drm_qda_set_option){
		.option = DRM_QDA_OPTION_ANSWER_TIMEOUT, .value = ns,
	};
}

static void set_limit(int fd, uint64_t ns)
{
	struct drm_qda_set_option o = limit_of(ns);

	check_eq(call(fd, OPTION, &o), 0);
}

static struct drm_qda_remote_map map_of(int32_t dsp_id)
{
	return (struct drm_qda_remote_map){
		.length = 4096, .handle = s.gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = dsp_id,
		.dsp_addr = FILL64, .map_id = FILL32, .status = (int32_t)FILL32,
	};
}

/* not before its time, and with the struct as it was */
static void expect_timeout_at(int line, int fd, unsigned long request, void *arg)
{
	int64_t start = monotonic_ns();

	expect_at(__FILE__, line, fd, request, arg, -ETIMEDOUT);
	check(monotonic_ns() - start >= (int64_t)LIMIT, "line %d: after %lld ns", line,
	      (long long)(monotonic_ns() - start));
}
#define expect_timeout(fd, request, arg) expect_timeout_at(__LINE__, fd, request, arg)

/* what has timed out is undone when the DSP has answered: its integer becomes free */
static void wait_free(int32_t dsp_id)
{
	struct drm_qda_remote_map m;
	int64_t end = soon();
	int err;

	do {
		m = map_of(dsp_id);
		err = call(s.fd, MAP, &m);
	} while ((err == -EEXIST || err == -ETIMEDOUT) && monotonic_ns() < end);
	check_eq(err, 0);
	check_eq(m.status, 0);
}

static void test_map(const void *arg)
{
	struct drm_qda_remote_map m;
	unsigned int rule;

	(void)arg;
	sess_open(&s);
	set_limit(s.fd, LIMIT);
	rule = steer_number("fail op=map hold=1");
	m = map_of(7);
	expect_timeout(s.fd, MAP, &m);
	wait_held(rule, 1, NULL, 0);
	m = map_of(7);
	expect(s.fd, MAP, &m, -EEXIST);
	steer(NULL, 0, "release %u", rule);
	set_limit(s.fd, 0);
	wait_free(7);
	sess_close(&s);
}

static void test_munmap(const void *arg)
{
	struct drm_qda_remote_munmap u = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_map m = map_of(7);
	unsigned int rule;

	(void)arg;
	sess_open(&s);
	m = map_of(7);
	expect(s.fd, MAP, &m, 0);
	u.map_id = m.map_id;
	set_limit(s.fd, LIMIT);
	rule = steer_number("fail op=unmap hold=1");
	expect_timeout(s.fd, MUNMAP, &u);
	wait_held(rule, 1, NULL, 0);
	/* carried through */
	expect(s.fd, MUNMAP, &u, -ENOENT);
	steer(NULL, 0, "release %u", rule);
	set_limit(s.fd, 0);
	wait_free(7);
	sess_close(&s);
}

static void test_create(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	unsigned int rule;
	uint64_t banks;
	int fd = dev_open();

	(void)arg;
	banks = query(fd, DRM_QDA_QUERY_BANKS_FREE, 0);
	set_limit(fd, LIMIT);
	rule = steer_number("fail op=create hold=1");
	expect_timeout(fd, CREATE, &c);
	wait_held(rule, 1, NULL, 0);
	/* ended as if it had been released */
	expect(fd, CREATE, &c, -ECANCELED);
	expect(fd, OPTION, &(struct drm_qda_set_option){
			.option = DRM_QDA_OPTION_ANSWER_TIMEOUT }, -ECANCELED);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), banks - 1);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_banks_free(fd, banks), banks);
}

static void test_attach(const void *arg)
{
	struct drm_qda_session_attach a = { .status = (int32_t)FILL32 };
	unsigned int rule;
	int fd = dev_open();

	(void)arg;
	set_limit(fd, LIMIT);
	rule = steer_number("fail op=attach hold=1");
	expect_timeout(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a);
	expect(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a, -ECANCELED);
	steer(NULL, 0, "release %u", rule);
}

static void test_query(const void *arg)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_DSP_ATTR, .index = 1 };
	unsigned int rule;
	int fd = dev_open();

	(void)arg;
	set_limit(fd, LIMIT);
	rule = steer_number("fail op=query hold=1");
	expect_timeout(fd, DRM_IOCTL_QDA_QUERY, &q);
	steer(NULL, 0, "release %u", rule);
	set_limit(fd, 0);
	query(fd, DRM_QDA_QUERY_DSP_ATTR, 1);
}

/* those without an answer have all places there are: the limit is for the wait, too */
static void test_places(const void *arg)
{
	struct drm_qda_remote_map m;
	unsigned int rule, i;
	char text[4096];

	(void)arg;
	sess_open(&s);
	set_limit(s.fd, LIMIT);
	rule = steer_number("fail op=map hold=1 n=64");
	for (i = 0; i < 12; i++) {
		int64_t start = monotonic_ns();

		m = map_of((int32_t)i + 1);
		check_eq(call(s.fd, MAP, &m), -ETIMEDOUT);
		check(monotonic_ns() - start >= (int64_t)LIMIT, "map %u: too soon", i);
	}
	steer(text, sizeof(text), "held %u", rule);
	check(strtoul(text, NULL, 10) < 12, "the DSP was sent %s", text);
	record("places ETIMEDOUT");
	steer(NULL, 0, "release %u", rule);
	set_limit(s.fd, 0);
	wait_free(1);
	/* one that was never sent left nothing */
	wait_free(12);
	sess_close(&s);
}

static void test_no_limit(const void *arg)
{
	struct drm_qda_remote_map m;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open(&s);
	set_limit(s.fd, LIMIT);
	set_limit(s.fd, 0);
	rule = steer_number("fail op=map hold=1");
	m = map_of(7);
	job_start(&job, s.fd, MAP, &m);
	wait_held(rule, 1, NULL, 0);
	sleep_ms(4 * (unsigned int)(LIMIT / MS));
	check(!job_done(&job), "there was a limit");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	sess_close(&s);
}

/* calls of methods have limits of their own */
static void test_invoke(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	set_limit(s.fd, LIMIT);
	rule = steer_number("hold");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	sleep_ms(4 * (unsigned int)(LIMIT / MS));
	check(!job_done(&job), "the call had the limit of control calls");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	sess_close(&s);
}

static void test_bad(const void *arg)
{
	struct drm_qda_set_option good = limit_of(DRM_QDA_MAX_ANSWER_TIMEOUT), o = good;
	int fd = dev_open();

	expect(fd, OPTION, &o, 0);
	expect_bad(fd, OPTION, &good, arg);
}

static const struct bad_field bad[] = {
	BAD("max", drm_qda_set_option, value, UINT64_MAX, -ERANGE),
	BAD("more", drm_qda_set_option, value, DRM_QDA_MAX_ANSWER_TIMEOUT + 1, -ERANGE),
	BAD("flags", drm_qda_set_option, flags, 1, -EINVAL),
	BAD("option", drm_qda_set_option, option, 4, -EINVAL),
};

int main(void)
{
	add_case("map", test_map, NULL);
	add_case("munmap", test_munmap, NULL);
	add_case("create", test_create, NULL);
	add_case("attach", test_attach, NULL);
	add_case("query", test_query, NULL);
	add_case("places", test_places, NULL);
	add_case("no-limit", test_no_limit, NULL);
	add_case("invoke", test_invoke, NULL);
	add_rows("bad", bad, test_bad);
	return run_cases("answer");
}
