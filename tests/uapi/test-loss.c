// SPDX-License-Identifier: MIT
/* Ends: of a PD, of the DSP, of a session by its owner. */
#include <poll.h>

#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define WAIT	DRM_IOCTL_QDA_REMOTE_WAIT
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE

#define EXCEPTION	((int32_t)0x80000430)
#define NO_PROCESS	((int32_t)0x80000434)

static struct sess s;
static struct drm_qda_remote_session_release release;

static struct drm_qda_event_complete read_event(int fd)
{
	struct drm_qda_event_complete e = { .error = 1 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	check_eq(dev->sys->poll(&p, 1, SOON_MS), 1);
	check_eq(dev->sys->read(fd, &e, sizeof(e)), sizeof(e));
	return e;
}

/* --- PD ----------------------------------------------------------------- */

static void test_pd_crash(const void *arg)
{
	struct drm_qda_remote_invoke i, next;

	(void)arg;
	sess_open_bench(&s);
	next = i = noop_call(&s, 0);
	i.scalars = DRM_QDA_SCALARS(BENCH_CRASH, 0, 0, 0, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, EXCEPTION);
	/* it stays gone, memory stays */
	expect(s.fd, INVOKE, &next, 0);
	check_eq(next.status, NO_PROCESS);
	s.mem[0] = 1;
	gem_close(s.fd, gem_new(s.fd, 4096));
	expect(s.fd, RELEASE, &release, 0);
	sess_close(&s);
}

static void test_pd_killed(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("pause");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	kill(pd_pid(s.sid), SIGKILL);
	check_eq(job_join(&job), 0);
	check_eq(i.status, NO_PROCESS);
	check_eq(i.ticket, 0);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, NO_PROCESS);
	sess_close(&s);
}

/* the PD is dead and its lane closed, but nobody has looked yet */
static void test_pd_unnoticed(const void *arg)
{
	const uint32_t *flags = arg;
	struct drm_qda_remote_invoke i;
	struct drm_qda_event_complete e;
	int64_t end = soon();
	int32_t status = 0;
	uint64_t ticket;
	pid_t pd;

	sess_open_bench(&s);
	/* this thread's lane is there */
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	pd = pd_pid(s.sid);
	kill(pd, SIGKILL);
	while (!kill(pd, 0) && monotonic_ns() < end)
		sleep_ms(1);
	if (!(*flags & DRM_QDA_INVOKE_ASYNC)) {
		expect(s.fd, INVOKE, &i, 0);
		status = i.status;
	} else {
		ticket = noop_submit(&s, *flags, *flags & DRM_QDA_INVOKE_EVENT ? 5 : 0);
		if (*flags & DRM_QDA_INVOKE_EVENT) {
			e = read_event(s.fd);
			check_eq(e.ticket, ticket);
			check_eq(e.user_data, 5);
			check_eq(e.error, 0);
			status = e.status;
		} else {
			check_eq(wait_ticket(s.fd, ticket, soon(), &status), 0);
			check_eq(wait_ticket(s.fd, ticket, soon(), NULL), -ENOENT);
		}
	}
	check_eq(status, NO_PROCESS);
	sess_close(&s);
}

/* every call in flight ends, however it is waited for */
static void test_pd_in_flight(const void *arg)
{
	struct drm_qda_remote_invoke crash;
	struct drm_qda_event_complete e;
	uint64_t tickets[8], event;
	unsigned int rule;
	int32_t status;
	int n;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("pause handle=%u method=%u n=0", s.bench, BENCH_NOOP);
	for (n = 0; n < 8; n++)
		tickets[n] = noop_submit(&s, 0, 0);
	event = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 3);
	/* one thread's calls queue behind each other: only the first runs */
	wait_held(rule, 1, NULL, 0);
	steer(NULL, 0, "crash pd=%u", s.sid);
	for (n = 0; n < 8; n++) {
		status = 0;
		check_eq(wait_ticket(s.fd, tickets[n], soon(), &status), 0);
		check(status == EXCEPTION || status == NO_PROCESS, "status %#x",
		      status);
	}
	e = read_event(s.fd);
	check_eq(e.ticket, event);
	check_eq(e.error, 0);
	check(e.status < 0, "status %#x", e.status);
	steer(NULL, 0, "release %u", rule);
	crash = noop_call(&s, 0);
	expect(s.fd, INVOKE, &crash, 0);
	check_eq(crash.status, NO_PROCESS);
	sess_close(&s);
}

/* control calls of a session whose PD is gone have an answer, too */
static void test_pd_control(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	int err;

	(void)arg;
	sess_open_bench(&s);
	m.handle = s.gem;
	steer(NULL, 0, "crash pd=%u", s.sid);
	err = call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	check(err || m.status, "mapped into a PD that is gone");
	check_eq(err, 0);
	expect(s.fd, RELEASE, &release, 0);
	record("control OK");
	sess_close(&s);
}

static void test_pd_others(const void *arg)
{
	struct drm_qda_remote_invoke i;
	struct sess other;

	(void)arg;
	sess_open_bench(&s);
	sess_open_bench(&other);
	i = noop_call(&s, 0);
	i.scalars = DRM_QDA_SCALARS(BENCH_CRASH, 0, 0, 0, 0);
	expect(s.fd, INVOKE, &i, 0);
	i = noop_call(&other, 0);
	expect(other.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
	i = noop_call(&other, 0);
	expect(other.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	/* and a new one can be had */
	sess_open_bench(&s);
	sess_close(&s);
	sess_close(&other);
}

/* --- DSP ---------------------------------------------------------------- */

static void expect_gone(int fd, uint32_t gem)
{
	struct drm_qda_query q = { 0 };
	struct drm_qda_gem_create c = { .size = 4096 };
	struct drm_qda_remote_invoke i = noop_call(&s, 0);
	struct drm_qda_remote_map m = {
		.length = 4096, .handle = gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 3,
	};

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, -ENODEV);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -ENODEV);
	expect(fd, INVOKE, &i, -ENODEV);
	i.flags = DRM_QDA_INVOKE_ASYNC;
	expect(fd, INVOKE, &i, -ENODEV);
	expect(fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, -ENODEV);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE,
	       &(struct drm_qda_remote_session_create){ 0 }, -ENODEV);
	expect(fd, RELEASE, &release, -ENODEV);
}

/* the new device may need a moment */
static void wait_back(void)
{
	int64_t end = soon();
	int fd;

	while ((fd = dev_try_open(dev->path)) < 0 && monotonic_ns() < end)
		sleep_ms(1);
	check(fd >= 0, "the device did not come back: %s", err_name(fd));
	dev_close(fd);
}

/* until the file has noticed */
static void wait_gone(int fd)
{
	struct drm_qda_query q;
	int64_t end = soon();
	int err;

	do {
		q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_BANKS_FREE };
		err = call(fd, DRM_IOCTL_QDA_QUERY, &q);
	} while (!err && monotonic_ns() < end);
	check(err, "the file does not notice that its DSP is gone");
}

static void test_dsp_sync(const void *arg)
{
	struct drm_qda_remote_invoke i, before;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	memset(s.mem, 0x66, WORK_SIZE);
	rule = steer_number("pause");
	i = noop_call(&s, 0);
	i.status = (int32_t)FILL32;
	i.ticket = FILL64;
	before = i;
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	steer(NULL, 0, "crash dsp");
	check_eq(job_join(&job), -EPIPE);
	check(!memcmp(&i, &before, sizeof(i)), "a failed call changed its struct");
	expect_gone(s.fd, s.gem);
	/* memory outlives it */
	check_eq(s.mem[WORK_SIZE - 1], 0x66);
	s.mem[0] = 1;
	sess_close(&s);
	wait_back();
	sess_open_bench(&s);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
}

static void test_dsp_wait(const void *arg)
{
	struct drm_qda_remote_wait w = { .deadline = -1 };
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	w.ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	job_start(&job, s.fd, WAIT, &w);
	job_wait_asleep(&job);
	steer(NULL, 0, "crash dsp");
	check_eq(job_join(&job), -EPIPE);
	expect(s.fd, WAIT, &w, -ENODEV);
	expect_gone(s.fd, s.gem);
	record("wait EPIPE");
	sess_close(&s);
	wait_back();
}

static void test_dsp_event(const void *arg)
{
	struct drm_qda_event_complete e;
	unsigned int rule;
	uint64_t ticket;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 4);
	wait_held(rule, 1, NULL, 0);
	steer(NULL, 0, "crash dsp");
	e = read_event(s.fd);
	check_eq(e.ticket, ticket);
	check_eq(e.user_data, 4);
	check_eq(e.error, -EPIPE);
	check_eq(e.status, 0);
	record("event EPIPE");
	sess_close(&s);
	wait_back();
}

static void test_dsp_control(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	m.handle = s.gem;
	rule = steer_number("fail op=map hold=1");
	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	wait_held(rule, 1, NULL, 0);
	steer(NULL, 0, "crash dsp");
	check_eq(job_join(&job), -EPIPE);
	record("control EPIPE");
	sess_close(&s);
	wait_back();
}

/* an idle file learns it with its next call */
static void test_dsp_idle(const void *arg)
{
	int fd = dev_open();

	(void)arg;
	sess_open_bench(&s);
	steer(NULL, 0, "crash dsp");
	wait_gone(s.fd);
	expect_gone(s.fd, s.gem);
	wait_gone(fd);
	expect_gone(fd, 1);
	record("idle ENODEV");
	sess_close(&s);
	wait_back();
}

/* not asked to end, not able to tidy up */
static void test_dsp_killed(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	int64_t end = soon();
	struct job job;
	pid_t pd;
	int fd;

	(void)arg;
	use_fresh_device("cdsp", "");
	sess_open_bench(&s);
	pd = pd_pid(s.sid);
	rule = steer_number("pause");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	server_kill(&dev->server);
	check_eq(job_join(&job), -EPIPE);
	expect_gone(s.fd, s.gem);
	s.mem[0] = 1;
	/* its node goes with it, if not at the same moment */
	while ((fd = dev_try_open(dev->path)) >= 0 && monotonic_ns() < end) {
		dev_close(fd);
		sleep_ms(1);
	}
	check(fd < 0, "opened a DSP that is gone");
	sess_close(&s);
	for (end = soon(); !kill(pd, 0) && monotonic_ns() < end;)
		sleep_ms(1);
	check(kill(pd, 0), "the PD outlived the DSP");
}

/* --- release ------------------------------------------------------------ */

static void test_release_waiters(const void *arg)
{
	struct drm_qda_set_option o = { .value = 2 };
	struct drm_qda_remote_invoke i, full;
	struct drm_qda_remote_wait w = { .deadline = -1 };
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	struct job call_job, full_job, wait_job, map_job;
	unsigned int rule, map_rule;

	(void)arg;
	sess_open_bench(&s);
	m.handle = s.gem;
	check_eq(call(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
	rule = steer_number("hold n=0 handle=%u", s.bench);
	map_rule = steer_number("fail op=map hold=1");
	/* in a call, in a wait, before a call, in a control call */
	w.ticket = noop_submit(&s, 0, 0);
	i = full = noop_call(&s, 0);
	job_start(&call_job, s.fd, INVOKE, &i);
	wait_held(rule, 2, NULL, 0);
	job_start(&wait_job, s.fd, WAIT, &w);
	job_start(&full_job, s.fd, INVOKE, &full);
	job_start(&map_job, s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	job_wait_asleep(&wait_job);
	job_wait_asleep(&full_job);
	wait_held(map_rule, 1, NULL, 0);
	expect(s.fd, RELEASE, &release, 0);
	check_eq(job_join(&call_job), -ECANCELED);
	check_eq(job_join(&wait_job), -ECANCELED);
	check_eq(job_join(&full_job), -ECANCELED);
	check_eq(job_join(&map_job), -ECANCELED);
	expect(s.fd, RELEASE, &release, -ECANCELED);
	expect(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o, -ECANCELED);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE,
	       &(struct drm_qda_remote_session_create){ 0 }, -ECANCELED);
	expect(s.fd, DRM_IOCTL_QDA_SESSION_ATTACH,
	       &(struct drm_qda_session_attach){ 0 }, -ECANCELED);
	steer(NULL, 0, "release %u", rule);
	steer(NULL, 0, "release %u", map_rule);
	sess_close(&s);
}

/* the DSP answers a release when it likes: nobody waits, the bank does */
static void test_release_held(const void *arg)
{
	struct drm_qda_gem_create c = { .size = 4096 };
	unsigned int rule;
	int fd;

	(void)arg;
	take_banks_but(1);
	sess_open_bench(&s);
	rule = steer_number("fail op=release hold=1");
	expect(s.fd, RELEASE, &release, 0);
	wait_held(rule, 1, NULL, 0);
	sess_close(&s);
	fd = dev_open();
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -EBUSY);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_banks_free(fd, 1), 1);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
}

/* a call that has no answer does not outlive its PD */
static void test_close_held(const void *arg)
{
	struct drm_qda_gem_create c = { .size = 4096 };
	unsigned int rule;
	int fd;

	(void)arg;
	take_banks_but(1);
	sess_open_bench(&s);
	rule = steer_number("hold");
	noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	sess_close(&s);
	fd = dev_open();
	check_eq(wait_banks_free(fd, 1), 1);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
	steer(NULL, 0, "release %u", rule);
}

/* close is a release: until the DSP has answered it the bank stays taken */
static void test_close_release_held(const void *arg)
{
	struct drm_qda_gem_create c = { .size = 4096 };
	unsigned int rule;
	int fd;

	(void)arg;
	take_banks_but(1);
	sess_open_bench(&s);
	rule = steer_number("fail op=release hold=1");
	sess_close(&s);
	wait_held(rule, 1, NULL, 0);
	fd = dev_open();
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -EBUSY);
	sleep_ms(20);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -EBUSY);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_banks_free(fd, 1), 1);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, 0);
}

/* a DSP that refuses to release has let go all the same, for want of better */
static void test_release_fails(const void *arg)
{
	(void)arg;
	sess_open_bench(&s);
	steer(NULL, 0, "fail op=release status=0x80000401");
	expect(s.fd, RELEASE, &release, 0);
	sess_close(&s);
	/* the frame checks that the bank comes back; leave nothing behind */
	steer(NULL, 0, "crash dsp");
	wait_back();
}

static void test_close_while_dsp_lost(const void *arg)
{
	unsigned int rule;
	int fd;

	(void)arg;
	take_banks_but(1);
	sess_open_bench(&s);
	rule = steer_number("fail op=release hold=1");
	sess_close(&s);
	wait_held(rule, 1, NULL, 0);
	/* the channel is lost: what was waiting for it is let go */
	steer(NULL, 0, "crash dsp");
	wait_back();
	fd = dev_open();
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0),
		 query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0));
	record("lost OK");
}

int main(void)
{
	static const uint32_t how[] = {
		0, DRM_QDA_INVOKE_ASYNC, DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT,
	};

	add_case("pd-crash", test_pd_crash, NULL);
	add_case("pd-killed", test_pd_killed, NULL);
	add_case("pd-unnoticed-sync", test_pd_unnoticed, &how[0]);
	add_case("pd-unnoticed-async", test_pd_unnoticed, &how[1]);
	add_case("pd-unnoticed-event", test_pd_unnoticed, &how[2]);
	add_case("pd-in-flight", test_pd_in_flight, NULL);
	add_case("pd-control", test_pd_control, NULL);
	add_case("pd-others", test_pd_others, NULL);
	add_case("dsp-sync", test_dsp_sync, NULL);
	add_case("dsp-wait", test_dsp_wait, NULL);
	add_case("dsp-event", test_dsp_event, NULL);
	add_case("dsp-control", test_dsp_control, NULL);
	add_case("dsp-idle", test_dsp_idle, NULL);
	add_case("dsp-killed", test_dsp_killed, NULL);
	add_case("release-waiters", test_release_waiters, NULL);
	add_case("release-held", test_release_held, NULL);
	add_case("close-held", test_close_held, NULL);
	add_case("close-release-held", test_close_release_held, NULL);
	add_case("release-fails", test_release_fails, NULL);
	add_case("close-while-dsp-lost", test_close_while_dsp_lost, NULL);
	return run_cases("loss");
}
