// SPDX-License-Identifier: MIT
#include "common.h"

#define WAIT	DRM_IOCTL_QDA_REMOTE_WAIT

static struct sess s;

static struct drm_qda_remote_wait wait_for(uint64_t ticket, int64_t deadline)
{
	return (struct drm_qda_remote_wait){
		.ticket = ticket, .deadline = deadline, .status = (int32_t)FILL32,
	};
}

static void test_once(const void *arg)
{
	struct drm_qda_remote_wait w;
	uint64_t ticket;

	(void)arg;
	sess_open_bench(&s);
	ticket = noop_submit(&s, 0, 0);
	w = wait_for(ticket, soon());
	expect(s.fd, WAIT, &w, 0);
	check_eq(w.status, 0);
	check_eq(w.ticket, ticket);
	expect(s.fd, WAIT, &w, -ENOENT);
	sess_close(&s);
}

static void test_status(const void *arg)
{
	struct drm_qda_remote_wait w;

	(void)arg;
	sess_open_bench(&s);
	steer(NULL, 0, "reply handle=%u status=0x80000407", s.bench);
	w = wait_for(noop_submit(&s, 0, 0), -1);
	expect(s.fd, WAIT, &w, 0);
	check_eq(w.status, (int32_t)0x80000407);
	sess_close(&s);
}

static void test_deadline(const void *arg)
{
	struct drm_qda_remote_wait w;
	unsigned int rule;
	uint64_t ticket;
	int64_t start;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	/* poll: 0, past, and the very far past */
	w = wait_for(ticket, 0);
	expect(s.fd, WAIT, &w, -ETIMEDOUT);
	w = wait_for(ticket, 1);
	expect(s.fd, WAIT, &w, -ETIMEDOUT);
	w = wait_for(ticket, monotonic_ns());
	expect(s.fd, WAIT, &w, -ETIMEDOUT);
	/* a real one is not cut short */
	start = monotonic_ns();
	w = wait_for(ticket, start + 30 * 1000000);
	expect(s.fd, WAIT, &w, -ETIMEDOUT);
	check(monotonic_ns() >= start + 30 * 1000000, "it did not wait");
	/* the ticket stays valid */
	steer(NULL, 0, "release %u", rule);
	w = wait_for(ticket, soon());
	expect(s.fd, WAIT, &w, 0);
	check_eq(w.status, 0);
	sess_close(&s);
}

/* polling collects what has finished */
static void test_poll(const void *arg)
{
	struct drm_qda_remote_wait w;
	int64_t end = soon();
	uint64_t ticket;
	int err;

	(void)arg;
	sess_open_bench(&s);
	ticket = noop_submit(&s, 0, 0);
	do {
		w = wait_for(ticket, 0);
		err = call(s.fd, WAIT, &w);
	} while (err == -ETIMEDOUT && monotonic_ns() < end);
	check_eq(err, 0);
	check_eq(w.status, 0);
	record("poll OK");
	sess_close(&s);
}

static void test_forever(const void *arg)
{
	struct drm_qda_remote_wait w;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	w = wait_for(noop_submit(&s, 0, 0), INT64_MIN);
	job_start(&job, s.fd, WAIT, &w);
	job_wait_asleep(&job);
	check(!job_done(&job), "it did not wait");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(w.status, 0);
	record("forever OK");
	sess_close(&s);
}

/* answers may come in another order than calls, and be fetched in any */
static void test_order(const void *arg)
{
	struct drm_qda_remote_wait w;
	uint64_t tickets[8];
	int i;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < 8; i++)
		tickets[i] = noop_submit(&s, 0, 0);
	for (i = 7; i >= 0; i--) {
		w = wait_for(tickets[i], soon());
		expect(s.fd, WAIT, &w, 0);
	}
	for (i = 0; i < 8; i++) {
		w = wait_for(tickets[i], 0);
		expect(s.fd, WAIT, &w, -ENOENT);
	}
	sess_close(&s);
}

static void test_two_waiters(const void *arg)
{
	struct drm_qda_remote_wait w, other;
	unsigned int rule;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	w = other = wait_for(noop_submit(&s, 0, 0), -1);
	job_start(&job, s.fd, WAIT, &w);
	job_wait_asleep(&job);
	expect(s.fd, WAIT, &other, -EBUSY);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	expect(s.fd, WAIT, &other, -ENOENT);
	sess_close(&s);
}

/* two threads, two tickets, answers in the other order */
static void test_two_tickets(const void *arg)
{
	struct drm_qda_remote_wait w[2];
	unsigned int rule[2];
	struct job job[2];
	int i;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < 2; i++) {
		rule[i] = steer_number("hold n=1");
		w[i] = wait_for(noop_submit(&s, 0, 0), -1);
		wait_held(rule[i], 1, NULL, 0);
		job_start(&job[i], s.fd, WAIT, &w[i]);
		job_wait_asleep(&job[i]);
	}
	steer(NULL, 0, "release %u", rule[1]);
	check_eq(job_join(&job[1]), 0);
	check(!job_done(&job[0]), "one answer ended two calls");
	steer(NULL, 0, "release %u", rule[0]);
	check_eq(job_join(&job[0]), 0);
	record("tickets OK");
	sess_close(&s);
}

static void test_event_ticket(const void *arg)
{
	struct drm_qda_remote_wait w;
	unsigned int rule;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	w = wait_for(noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1), 0);
	expect(s.fd, WAIT, &w, -EINVAL);
	steer(NULL, 0, "release %u", rule);
	sess_close(&s);
}

/* a ticket is a number of its session alone */
static void test_foreign(const void *arg)
{
	struct drm_qda_remote_wait w;
	struct sess other;

	(void)arg;
	sess_open_bench(&s);
	sess_open_bench(&other);
	w = wait_for(noop_submit(&s, 0, 0), soon());
	expect(other.fd, WAIT, &w, -ENOENT);
	expect(s.fd, WAIT, &w, 0);
	sess_close(&other);
	sess_close(&s);
}

static void test_never_reused(const void *arg)
{
	unsigned int n = test_count(1000);
	uint64_t ticket, last = 0;

	(void)arg;
	sess_open_bench(&s);
	while (n--) {
		ticket = noop_submit(&s, 0, 0);
		check(ticket != last, "ticket %llx twice", (unsigned long long)ticket);
		if (last)
			check_eq(wait_ticket(s.fd, last, soon(), NULL), -ENOENT);
		check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
		last = ticket;
	}
	record("never reused");
	sess_close(&s);
}

static void test_bad(const void *arg)
{
	struct drm_qda_remote_wait w;
	uint64_t ticket;

	s = sess_shared();
	ticket = noop_submit(&s, 0, 0);
	w = wait_for(ticket, soon());
	expect_bad(s.fd, WAIT, &w, arg);
	expect(s.fd, WAIT, &w, 0);
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_wait w;
	struct drm_qda_remote_session_release r = { 0 };
	uint64_t answered, waiting;
	unsigned int rule;

	(void)arg;
	sess_open_bench(&s);
	/* one has its answer, seen by polling another after it */
	answered = noop_submit(&s, 0, 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	sleep_ms(5);
	rule = steer_number("hold");
	waiting = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, 0);
	w = wait_for(waiting, soon());
	expect(s.fd, WAIT, &w, -ECANCELED);
	/* the ticket is consumed; one that never was is no other */
	expect(s.fd, WAIT, &w, -ENOENT);
	w = wait_for(0x123400, soon());
	expect(s.fd, WAIT, &w, -ENOENT);
	w = wait_for(answered, soon());
	expect(s.fd, WAIT, &w, 0);
	check_eq(w.status, 0);
	steer(NULL, 0, "release %u", rule);
	sess_close(&s);
}

static const struct bad_field bad[] = {
	BAD("flags", drm_qda_remote_wait, flags, 1, -EINVAL),
	BAD("flags-high", drm_qda_remote_wait, flags, 0x80000000, -EINVAL),
	BAD("ticket-zero", drm_qda_remote_wait, ticket, 0, -ENOENT),
	BAD("ticket", drm_qda_remote_wait, ticket, 0x123400, -ENOENT),
	BAD("ticket-max", drm_qda_remote_wait, ticket, -1LL, -ENOENT),
};

int main(void)
{
	add_case("once", test_once, NULL);
	add_case("status", test_status, NULL);
	add_case("deadline", test_deadline, NULL);
	add_case("poll", test_poll, NULL);
	add_case("forever", test_forever, NULL);
	add_case("order", test_order, NULL);
	add_case("two-waiters", test_two_waiters, NULL);
	add_case("two-tickets", test_two_tickets, NULL);
	add_case("event-ticket", test_event_ticket, NULL);
	add_case("foreign", test_foreign, NULL);
	add_case("never-reused", test_never_reused, NULL);
	add_rows_shared("bad", bad, test_bad);
	add_case("released", test_released, NULL);
	return run_cases("wait");
}
