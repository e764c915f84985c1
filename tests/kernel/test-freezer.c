// SPDX-License-Identifier: MIT
/*
 * Suspend freezes processes wherever they wait. A call that the DSP has goes on
 * afterwards as if nothing had been: with -EINTR a PD that is being made would be lost,
 * and to an application suspend is no signal.
 */
#include "common.h"

#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE
#define ATTACH	DRM_IOCTL_QDA_SESSION_ATTACH
#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define WAIT	DRM_IOCTL_QDA_REMOTE_WAIT

#define POWER	"/sys/power"
#define DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define MS	1000000LL

static struct sess s;

/* --- suspend, as far as processes are frozen ----------------------------- */

/* the longest time between two looks at the clock */
struct pulse {
	pthread_t thread;
	int64_t longest;
	int stop;
};

static void *pulse_main(void *arg)
{
	struct pulse *p = arg;
	int64_t now, last = monotonic_ns();

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		sleep_ms(2);
		now = monotonic_ns();
		if (now - last > p->longest)
			p->longest = now - last;
		last = now;
	}
	return NULL;
}

static void write_to(const char *path, const char *text)
{
	int err = file_write(path, text);

	check(!err, "%s: %s", path, err_name(err));
}

/* all processes for a second; the clock of waits goes on */
static void freeze(void)
{
	struct pulse p = { .longest = 0 };

	write_to(DELAY, "1");
	write_to(POWER "/pm_test", "freezer");
	check_eq(pthread_create(&p.thread, NULL, pulse_main, &p), 0);
	sleep_ms(5);
	write_to(POWER "/state", "freeze");
	__atomic_store_n(&p.stop, 1, __ATOMIC_RELEASE);
	pthread_join(p.thread, NULL);
	write_to(POWER "/pm_test", "none");
	check(p.longest >= 900 * MS, "nothing stood still for more than %lld ms",
	      (long long)(p.longest / MS));
}

/* with what the DSP keeps back: still asleep afterwards, and then well */
static void frozen_in(struct job *job, unsigned int rule)
{
	job_wait_asleep(job);
	freeze();
	sleep_ms(50);
	check(!job_done(job), "the call ended with %s", err_name(job->ret));
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(job), 0);
}

/* --- cases: once without a limit, once with one that is far ----------------- */

static void set_limit(int fd, const void *limited)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_ANSWER_TIMEOUT, .value = 600000 * MS,
	};

	if (limited)
		check_eq(call(fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
}

static void test_create(const void *limited)
{
	struct drm_qda_remote_session_create c = { .status = 1 };
	unsigned int rule;
	struct job job;
	int fd = dev_open();

	set_limit(fd, limited);
	rule = steer_number("fail op=create hold=1");
	job_start(&job, fd, CREATE, &c);
	wait_held(rule, 1, NULL, 0);
	frozen_in(&job, rule);
	check_eq(c.status, 0);
	check_eq(call(fd, CREATE, &c), -EALREADY);
	dev_close(fd);
}

static void test_attach(const void *limited)
{
	struct drm_qda_session_attach a = { .status = 1 };
	unsigned int rule;
	struct job job;
	int fd = dev_open();

	set_limit(fd, limited);
	rule = steer_number("fail op=attach hold=1");
	job_start(&job, fd, ATTACH, &a);
	wait_held(rule, 1, NULL, 0);
	frozen_in(&job, rule);
	check_eq(a.status, 0);
	dev_close(fd);
}

static void test_map(const void *limited)
{
	struct drm_qda_remote_map m;
	unsigned int rule;
	struct job job;

	sess_open_bench(&s);
	set_limit(s.fd, limited);
	m = (struct drm_qda_remote_map){
		.length = 4096, .handle = s.gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 7, .status = 1,
	};
	rule = steer_number("fail op=map hold=1 sid=%u", s.sid);
	job_start(&job, s.fd, MAP, &m);
	wait_held(rule, 1, NULL, 0);
	frozen_in(&job, rule);
	check_eq(m.status, 0);
	check(m.map_id, "no mapping");
	sess_close(&s);
}

static void test_invoke(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	i = noop_call(&s, 0);
	i.status = 1;
	rule = steer_number("hold sid=%u", s.sid);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	frozen_in(&job, rule);
	check_eq(i.status, 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	sess_close(&s);
}

static void test_wait(const void *limited)
{
	struct drm_qda_remote_wait w = { .deadline = -1, .status = 1 };
	unsigned int rule;
	struct job job;

	sess_open_bench(&s);
	rule = steer_number("hold sid=%u", s.sid);
	w.ticket = noop_submit(&s, 0, 0);
	if (limited)
		w.deadline = monotonic_ns() + 600000 * MS;
	wait_held(rule, 1, NULL, 0);
	job_start(&job, s.fd, WAIT, &w);
	frozen_in(&job, rule);
	check_eq(w.status, 0);
	sess_close(&s);
}

/* a synchronous call that has not been sent, as there is no place for it */
static void test_place(const void *arg)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_IN_FLIGHT, .value = 1,
	};
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	uint64_t ticket;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	check_eq(call(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
	rule = steer_number("hold sid=%u", s.sid);
	ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	frozen_in(&job, rule);
	check_eq(i.status, 0);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	sess_close(&s);
}

/* the deadline of a wait goes on meanwhile, and is over when processes run again */
static void test_deadline(const void *arg)
{
	struct drm_qda_remote_wait w = { .status = 1 };
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold sid=%u", s.sid);
	w.ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	w.deadline = monotonic_ns() + 500 * MS;
	job_start(&job, s.fd, WAIT, &w);
	freeze();
	check_eq(job_join(&job), -ETIMEDOUT);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, w.ticket, soon(), NULL), 0);
	sess_close(&s);
}

int main(void)
{
	static const char limited;

	add_case("create", test_create, NULL);
	add_case("create-limited", test_create, &limited);
	add_case("attach", test_attach, NULL);
	add_case("attach-limited", test_attach, &limited);
	add_case("map", test_map, NULL);
	add_case("map-limited", test_map, &limited);
	add_case("invoke", test_invoke, NULL);
	add_case("wait", test_wait, NULL);
	add_case("wait-limited", test_wait, &limited);
	add_case("place", test_place, NULL);
	add_case("deadline", test_deadline, NULL);
	return run_kernel_cases("freezer");
}
