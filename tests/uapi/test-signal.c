// SPDX-License-Identifier: MIT
/* Signals during calls: -EINTR with the ticket, and every call runs once. */
#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define WAIT	DRM_IOCTL_QDA_REMOTE_WAIT

static struct sess s;
static const int no_flags, restart = SA_RESTART;

/* hold keeps the reply, pause keeps the call from running */
static void interrupt_call(const char *steering, int sa_flags)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule, ran;
	int32_t status = 1;
	struct job job;

	sess_open_bench(&s);
	ran = steer_number("count handle=%u method=2", s.bench);
	rule = steer_number("%s", steering);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, sa_flags);
	check_eq(job_join(&job), -EINTR);
	check(i.ticket, "no ticket");
	check_eq(wait_ticket(s.fd, i.ticket, 0, NULL), -ETIMEDOUT);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), &status), 0);
	check_eq(status, 0);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), &status), -ENOENT);
	check_eq(steer_number("count handle=%u method=2", s.bench), ran + 1);
	record("call EINTR, once");
	sess_close(&s);
}

static void test_hold(const void *arg)
{
	interrupt_call("hold", *(const int *)arg);
}

static void test_pause(const void *arg)
{
	interrupt_call("pause", *(const int *)arg);
}

/* results arrive all the same */
static void test_results(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 8), arg_of(s.gem, 0x2000, 8));
	memcpy(s.mem + 0x1000, "12345678", 8);
	rule = steer_number("pause");
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, SA_RESTART);
	check_eq(job_join(&job), -EINTR);
	memset(args, 0xff, sizeof(args));
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	check(!memcmp(s.mem + 0x2000, "12345678", 8), "other bytes");
	record("results OK");
	sess_close(&s);
}

static void test_wait(const void *arg)
{
	struct drm_qda_remote_wait w, before;
	unsigned int rule;
	struct job job;
	int round;

	sess_open_bench(&s);
	rule = steer_number("hold");
	w = (struct drm_qda_remote_wait){
		.ticket = noop_submit(&s, 0, 0), .deadline = -1,
		.status = (int32_t)FILL32,
	};
	before = w;
	/* as often as one likes */
	for (round = 0; round < 3; round++) {
		job_start(&job, s.fd, WAIT, &w);
		job_signal(&job, *(const int *)arg);
		check_eq(job_join(&job), -EINTR);
		check(!memcmp(&w, &before, sizeof(w)),
		      "a failed call changed its struct");
	}
	steer(NULL, 0, "release %u", rule);
	expect(s.fd, WAIT, &w, 0);
	check_eq(w.status, 0);
	sess_close(&s);
}

/* an interrupted call goes on in one thread's lane while others use theirs */
static void test_others_go_on(const void *arg)
{
	struct drm_qda_remote_invoke i, j;
	unsigned int rule;
	struct job job, other;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, 0);
	check_eq(job_join(&job), -EINTR);
	j = noop_call(&s, 0);
	job_start(&other, s.fd, INVOKE, &j);
	check_eq(job_join(&other), 0);
	check_eq(j.status, 0);
	j = noop_call(&s, 0);
	expect(s.fd, INVOKE, &j, 0);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	sess_close(&s);
}

static void test_create(const void *arg)
{
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	struct drm_qda_remote_session_create before = c;
	struct drm_qda_remote_invoke i = noop_call(&s, 0);
	unsigned int rule;
	struct job job;
	int fd = dev_open();

	rule = steer_number("fail op=create hold=1");
	job_start(&job, fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, *(const int *)arg);
	check_eq(job_join(&job), -EINTR);
	check(!memcmp(&c, &before, sizeof(c)), "a failed call changed its struct");
	/* the session has ended as if it had been released */
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c, -ECANCELED);
	expect(fd, INVOKE, &i, -ECANCELED);
	steer(NULL, 0, "release %u", rule);
}

static void test_attach(const void *arg)
{
	struct drm_qda_session_attach a = { .status = (int32_t)FILL32 };
	unsigned int rule;
	struct job job;
	int fd = dev_open();

	rule = steer_number("fail op=attach hold=1");
	job_start(&job, fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, *(const int *)arg);
	check_eq(job_join(&job), -EINTR);
	expect(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a, -ECANCELED);
	steer(NULL, 0, "release %u", rule);
}

/* what nobody waits for any more does not keep a file from closing */
static void test_close_after(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, 0);
	check_eq(job_join(&job), -EINTR);
	sess_close(&s);
	steer(NULL, 0, "release %u", rule);
	record("close OK");
}

/* a storm of signals: every call ends once, none runs twice */
struct storm {
	unsigned int calls;
	int bad;
	int interrupted;
	int done;
};

static void *storm_main(void *arg)
{
	struct storm *storm = arg;
	struct drm_qda_remote_invoke i;
	unsigned int n;
	int err;

	for (n = 0; n < storm->calls; n++) {
		i = noop_call(&s, 0);
		err = call(s.fd, INVOKE, &i);
		if (err == -EINTR) {
			storm->interrupted++;
			if (!i.ticket) {
				/* it was not sent */
				n--;
				continue;
			}
			do {
				err = wait_ticket(s.fd, i.ticket, -1, &i.status);
			} while (err == -EINTR);
		}
		if (err || i.status)
			storm->bad++;
	}
	__atomic_store_n(&storm->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void on_usr1(int sig)
{
	(void)sig;
}

static void test_storm(const void *arg)
{
	struct sigaction action = {
		.sa_handler = on_usr1, .sa_flags = *(const int *)arg,
	};
	struct storm storm = { .calls = test_count(500) };
	pthread_t thread;
	unsigned int ran;

	sess_open_bench(&s);
	ran = steer_number("count handle=%u method=2", s.bench);
	sigaction(SIGUSR1, &action, NULL);
	check(!pthread_create(&thread, NULL, storm_main, &storm), "no thread");
	while (!__atomic_load_n(&storm.done, __ATOMIC_ACQUIRE)) {
		pthread_kill(thread, SIGUSR1);
		usleep(50);
	}
	pthread_join(thread, NULL);
	check_eq(storm.bad, 0);
	check_eq(steer_number("count handle=%u method=2", s.bench), ran + storm.calls);
	record("storm OK");
	sess_close(&s);
}

int main(void)
{
	add_case("hold", test_hold, &no_flags);
	add_case("hold-restart", test_hold, &restart);
	add_case("pause", test_pause, &no_flags);
	add_case("pause-restart", test_pause, &restart);
	add_case("results", test_results, NULL);
	add_case("wait", test_wait, &no_flags);
	add_case("wait-restart", test_wait, &restart);
	add_case("others-go-on", test_others_go_on, NULL);
	add_case("create", test_create, &no_flags);
	add_case("create-restart", test_create, &restart);
	add_case("attach", test_attach, &restart);
	add_case("close-after", test_close_after, NULL);
	add_case("storm", test_storm, &no_flags);
	add_case("storm-restart", test_storm, &restart);
	return run_cases("signal");
}
