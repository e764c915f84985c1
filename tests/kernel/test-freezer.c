// SPDX-License-Identifier: MIT
/*
 * Suspend freezes processes wherever they wait. A call that the DSP has goes on
 * afterwards as if nothing had been: with -EINTR a PD that is being made would be lost,
 * and to an application suspend is no signal.
 */
#include "attack.h"

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

/* --- calls that the DSP keeps back, all at once: a second is long ----------- */

/* so many control calls of a session the DSP may have, another one waits for a place */
#define CONTROLS	7

static unsigned int rules[4 + CONTROLS];

static void set_limit(int fd, const void *limited)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_ANSWER_TIMEOUT, .value = 600000 * MS,
	};

	if (limited)
		check_eq(call(fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
}

static void hold_control(struct job *job, unsigned int *rule, const char *op, int fd,
			 unsigned long request, void *arg)
{
	*rule = steer_number("fail op=%s hold=1", op);
	job_start(job, fd, request, arg);
	wait_held(*rule, 1, NULL, 0);
}

/* with a limit to how long each may wait, or without one */
static void test_calls(const void *limited)
{
	struct drm_qda_set_option one = {
		.option = DRM_QDA_OPTION_IN_FLIGHT, .value = 1,
	};
	struct drm_qda_remote_session_create create = { .status = 1 };
	struct drm_qda_session_attach attach = { .status = 1 };
	struct drm_qda_remote_map maps[CONTROLS + 1];
	struct drm_qda_remote_wait wait = { .deadline = -1, .status = 1 };
	struct drm_qda_remote_invoke invoke, place;
	static const char *const names[] = {
		"CREATE", "ATTACH", "INVOKE", "WAIT", "INVOKE without a place",
	};
	struct job jobs[ARRAY_SIZE(names) + CONTROLS + 1];
	struct job *map_jobs = &jobs[ARRAY_SIZE(names)];
	struct sess full;
	int fds[2] = { dev_open(), dev_open() };
	unsigned int n;

	sess_open_bench(&s);
	sess_open_bench(&full);
	check_eq(call(full.fd, DRM_IOCTL_QDA_SET_OPTION, &one), 0);
	for (n = 0; n < ARRAY_SIZE(fds); n++)
		set_limit(fds[n], limited);
	set_limit(s.fd, limited);

	hold_control(&jobs[0], &rules[0], "create", fds[0], CREATE, &create);
	hold_control(&jobs[1], &rules[1], "attach", fds[1], ATTACH, &attach);
	rules[2] = steer_number("hold sid=%u", s.sid);
	invoke = noop_call(&s, 0);
	invoke.status = 1;
	job_start(&jobs[2], s.fd, INVOKE, &invoke);
	wait_held(rules[2], 1, NULL, 0);
	rules[3] = steer_number("hold sid=%u", full.sid);
	wait.ticket = noop_submit(&full, 0, 0);
	wait_held(rules[3], 1, NULL, 0);
	if (limited)
		wait.deadline = monotonic_ns() + 600000 * MS;
	job_start(&jobs[3], full.fd, WAIT, &wait);
	place = noop_call(&full, 0);
	place.status = 1;
	job_start(&jobs[4], full.fd, INVOKE, &place);
	for (n = 0; n < CONTROLS; n++) {
		maps[n] = map_of(s.gem, (int32_t)n + 1);
		hold_control(&map_jobs[n], &rules[4 + n], "map", s.fd, MAP, &maps[n]);
	}
	maps[n] = map_of(s.gem, (int32_t)n + 1);
	job_start(&map_jobs[n], s.fd, MAP, &maps[n]);
	for (n = 0; n < ARRAY_SIZE(jobs); n++)
		job_wait_asleep(&jobs[n]);

	freeze();
	sleep_ms(50);
	for (n = 0; n < ARRAY_SIZE(jobs); n++)
		check(!job_done(&jobs[n]), "%s ended with %s",
		      n < ARRAY_SIZE(names) ? names[n] : "MAP",
		      err_name(jobs[n].ret));
	for (n = 0; n < ARRAY_SIZE(rules); n++)
		steer(NULL, 0, "release %u", rules[n]);
	for (n = 0; n < ARRAY_SIZE(jobs); n++)
		check_eq(job_join(&jobs[n]), 0);

	check_eq(create.status | attach.status | invoke.status | wait.status |
		 place.status, 0);
	for (n = 0; n <= CONTROLS; n++)
		check(!maps[n].status && maps[n].map_id, "no mapping %u", n);
	check_eq(call(fds[0], CREATE, &create), -EALREADY);
	check_session(&s);
	for (n = 0; n < ARRAY_SIZE(fds); n++)
		dev_close(fds[n]);
	sess_close(&full);
	sess_close(&s);
}

/* suspend ends no wait, its deadline does */
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
	w.deadline = monotonic_ns() + 4000 * MS;
	job_start(&job, s.fd, WAIT, &w);
	job_wait_asleep(&job);
	freeze();
	check_eq(job_join(&job), -ETIMEDOUT);
	check(monotonic_ns() >= w.deadline, "it ended before its time");
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, w.ticket, soon(), NULL), 0);
	sess_close(&s);
}

int main(void)
{
	static const char limited;

	add_case("calls", test_calls, NULL);
	add_case("calls-limited", test_calls, &limited);
	add_case("deadline", test_deadline, NULL);
	return run_kernel_cases("freezer");
}
