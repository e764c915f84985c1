// SPDX-License-Identifier: MIT
/* How much may be going on at once. */
#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define OPTION	DRM_IOCTL_QDA_SET_OPTION
#define MAX	64

static struct sess s;

static void set_limit(uint64_t value)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_IN_FLIGHT, .value = value,
	};

	expect(s.fd, OPTION, &o, 0);
}

static void expect_full(void)
{
	struct drm_qda_remote_invoke i = noop_call(&s, DRM_QDA_INVOKE_ASYNC);

	i.ticket = FILL64;
	i.status = (int32_t)FILL32;
	expect(s.fd, INVOKE, &i, -EAGAIN);
}

/*
 * The DSP has run calls before their answers are here. An asynchronous call is refused
 * for want of a place as well; a synchronous one waits for that, and is refused only when
 * so many answers are here that nobody has asked for.
 */
static void wait_full(void)
{
	struct drm_qda_remote_invoke i;
	int64_t end = soon();

	for (;;) {
		i = noop_call(&s, 0);
		i.ticket = FILL64;
		if (call(s.fd, INVOKE, &i))
			break;
		check(monotonic_ns() < end, "there is always a place");
	}
	expect(s.fd, INVOKE, &i, -EAGAIN);
	expect_full();
}

static void test_async(const void *arg)
{
	uint64_t tickets[MAX];
	unsigned int rule;
	int i;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold n=0");
	for (i = 0; i < MAX; i++)
		tickets[i] = noop_submit(&s, 0, 0);
	expect_full();
	steer(NULL, 0, "release %u", rule);
	for (i = 0; i < MAX; i++)
		check_eq(wait_ticket(s.fd, tickets[i], soon(), NULL), 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	sess_close(&s);
}

/* a synchronous call sleeps until there is room */
static void test_sync_waits(const void *arg)
{
	struct drm_qda_event_complete e;
	struct drm_qda_remote_invoke i;
	unsigned int rule, ran;
	struct job job;
	int n;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold n=0");
	/* calls that take no place any more when they have ended */
	for (n = 0; n < MAX; n++)
		noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	expect_full();
	wait_held(rule, MAX, NULL, 0);
	ran = steer_number("count handle=%u", s.bench);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	job_wait_asleep(&job);
	sleep_ms(20);
	check(!job_done(&job), "it did not wait");
	check_eq(steer_number("count handle=%u", s.bench), ran);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	for (n = 0; n < MAX; n++)
		check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	record("sync OK");
	sess_close(&s);
}

/* finished calls nobody fetches take places too, in both forms */
static void test_unconsumed(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint64_t tickets[MAX];
	int64_t end = soon();
	unsigned int ran;
	int n;

	(void)arg;
	sess_open_bench(&s);
	ran = steer_number("count handle=%u", s.bench);
	for (n = 0; n < MAX; n++)
		tickets[n] = noop_submit(&s, 0, 0);
	while (steer_number("count handle=%u", s.bench) < ran + MAX)
		check(monotonic_ns() < end, "the calls do not end");
	wait_full();
	check_eq(wait_ticket(s.fd, tickets[0], soon(), NULL), 0);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	for (n = 1; n < MAX; n++)
		check_eq(wait_ticket(s.fd, tickets[n], soon(), NULL), 0);
	sess_close(&s);
}

/* a session's limit is not another's */
static void test_sessions(const void *arg)
{
	struct sess other;
	unsigned int rule;
	int i;

	(void)arg;
	sess_open_bench(&s);
	sess_open_bench(&other);
	rule = steer_number("hold sid=%u n=0", s.sid);
	for (i = 0; i < MAX; i++)
		noop_submit(&s, 0, 0);
	expect_full();
	check_eq(wait_ticket(other.fd, noop_submit(&other, 0, 0), soon(), NULL), 0);
	steer(NULL, 0, "release %u", rule);
	sess_close(&other);
	sess_close(&s);
}

static void test_option(const void *arg)
{
	unsigned int rule;
	uint64_t a, b;

	(void)arg;
	sess_open_bench(&s);
	set_limit(2);
	rule = steer_number("hold n=0");
	a = noop_submit(&s, 0, 0);
	b = noop_submit(&s, 0, 0);
	wait_held(rule, 2, NULL, 0);
	expect_full();
	/* raised with calls in flight */
	set_limit(3);
	noop_submit(&s, 0, 0);
	expect_full();
	/* lowered below what is in flight: nothing happens to those */
	set_limit(1);
	expect_full();
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, a, soon(), NULL), 0);
	check_eq(wait_ticket(s.fd, b, soon(), NULL), 0);
	sess_close(&s);
}

static void test_option_sync(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	uint64_t ticket;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	set_limit(1);
	rule = steer_number("hold n=1");
	ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	job_wait_asleep(&job);
	check(!job_done(&job), "it did not wait");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	record("option sync OK");
	sess_close(&s);
}

/* at the limit it has not been sent: no ticket, and it never runs */
static void test_interrupted_at_limit(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule, ran;
	uint64_t ticket;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	set_limit(1);
	rule = steer_number("hold n=1");
	ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	ran = steer_number("count handle=%u", s.bench);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	job_signal(&job, SA_RESTART);
	check_eq(job_join(&job), -EINTR);
	check_eq(i.ticket, 0);
	steer(NULL, 0, "release %u", rule);
	sleep_ms(20);
	check_eq(steer_number("count handle=%u", s.bench), ran);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	record("interrupted EINTR, not sent");
	sess_close(&s);
}

/* what the listener brings may be what all others wait for */
static void test_listener(const void *arg)
{
	static const uint32_t handles[] = { 3, 7 };
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	size_t n;

	(void)arg;
	sess_open_bench(&s);
	set_limit(1);
	rule = steer_number("hold n=1");
	noop_submit(&s, 0, 0);
	wait_held(rule, 1, NULL, 0);
	expect_full();
	for (n = 0; n < sizeof(handles) / sizeof(handles[0]); n++) {
		i = noop_call(&s, 0);
		i.handle = handles[n];
		/* init2: methods of the second have two more in front */
		i.scalars = DRM_QDA_SCALARS(n ? 5 : 3, 0, 0, 0, 0);
		check_eq(call(s.fd, INVOKE, &i), 0);
		check_eq(i.status, 0);
	}
	expect_full();
	record("listener OK");
	steer(NULL, 0, "release %u", rule);
	sess_close(&s);
}

/* ends nobody has collected, and calls in flight, are no more than this together */
#define MAX_ENDS	(2 * MAX)

static struct drm_qda_remote_invoke listener_call(void)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	i.handle = 3;
	i.scalars = DRM_QDA_SCALARS(3, 0, 0, 0, 0);
	return i;
}

/* all at once, held by the DSP, interrupted; how many tickets that makes */
static unsigned int listeners_cut_off(uint64_t *tickets, unsigned int held,
				      unsigned int *ret_refused)
{
	struct drm_qda_remote_invoke i[MAX + 1];
	unsigned int rule = steer_number("hold handle=3 n=0");
	unsigned int n, made = 0;
	struct job jobs[MAX + 1];
	int64_t end = soon();
	bool all;

	for (n = 0; n <= MAX; n++) {
		i[n] = listener_call();
		job_start(&jobs[n], s.fd, INVOKE, &i[n]);
	}
	wait_held(rule, held, NULL, 0);
	job_signal(&jobs[0], 0);
	do {
		check(monotonic_ns() < end, "a signal does not interrupt the call");
		sleep_ms(5);
		for (n = 0, all = true; n <= MAX; n++) {
			if (job_done(&jobs[n]))
				continue;
			all = false;
			pthread_kill(jobs[n].thread, SIGUSR1);
		}
	} while (!all);
	*ret_refused = 0;
	for (n = 0; n <= MAX; n++) {
		if (job_join(&jobs[n]) == -EAGAIN) {
			*ret_refused += 1;
			continue;
		}
		check_eq(jobs[n].ret, -EINTR);
		check(i[n].ticket, "no ticket");
		tickets[made++] = i[n].ticket;
	}
	steer(NULL, 0, "release %u", rule);
	return made;
}

/*
 * What has been collected by nobody keeps no listener from its place, but its own ends
 * do, before one of them would be lost.
 */
static void test_listener_unconsumed(const void *arg)
{
	uint64_t tickets[MAX_ENDS + 2];
	struct drm_qda_remote_invoke i;
	unsigned int n, refused;

	(void)arg;
	sess_open_bench(&s);
	n = listeners_cut_off(tickets, MAX + 1, &refused);
	check_eq(n, MAX + 1);
	check_eq(refused, 0);
	wait_full();
	n += listeners_cut_off(tickets + n, MAX_ENDS - n, &refused);
	check_eq(n, MAX_ENDS);
	check_eq(refused, 2);
	i = listener_call();
	expect(s.fd, INVOKE, &i, -EAGAIN);
	/* one is collected, and there is a place */
	check_eq(wait_ticket(s.fd, tickets[--n], soon(), NULL), 0);
	i = listener_call();
	expect(s.fd, INVOKE, &i, 0);
	while (n--)
		check_eq(wait_ticket(s.fd, tickets[n], soon(), NULL), 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	sess_close(&s);
}

/* as many ends and calls in flight as others can make leave the listener its place */
static void test_listener_last_place(const void *arg)
{
	uint64_t tickets[MAX_ENDS - 1];
	struct drm_qda_remote_invoke i;
	int64_t end = soon();
	unsigned int rule, ran;
	int n;

	(void)arg;
	sess_open_bench(&s);
	ran = steer_number("count handle=%u", s.bench);
	for (n = 0; n < MAX - 1; n++)
		tickets[n] = noop_submit(&s, 0, 0);
	while (steer_number("count handle=%u", s.bench) < ran + MAX - 1)
		check(monotonic_ns() < end, "the calls do not end");
	rule = steer_number("hold handle=%u n=0", s.bench);
	for (; n < MAX_ENDS - 1; n++) {
		/* until the answers of the first are here, too */
		i = noop_call(&s, DRM_QDA_INVOKE_ASYNC);
		while (call(s.fd, INVOKE, &i) == -EAGAIN && monotonic_ns() < end)
			sleep_ms(1);
		check(i.ticket, "no place for call %d", n);
		tickets[n] = i.ticket;
	}
	expect_full();
	wait_held(rule, MAX, NULL, 0);
	i = listener_call();
	expect(s.fd, INVOKE, &i, 0);
	steer(NULL, 0, "release %u", rule);
	expect_full();
	i = listener_call();
	expect(s.fd, INVOKE, &i, 0);
	while (n--)
		check_eq(wait_ticket(s.fd, tickets[n], soon(), NULL), 0);
	sess_close(&s);
}

static void test_bad_option(const void *arg)
{
	struct drm_qda_set_option good = {
		.option = DRM_QDA_OPTION_IN_FLIGHT, .value = MAX,
	}, o = good;

	sess_open(&s);
	expect(s.fd, OPTION, &o, 0);
	expect_bad(s.fd, OPTION, &good, arg);
	sess_close(&s);
}

/* a property of the file: set before there is a PD, kept */
static void test_option_early(const void *arg)
{
	unsigned int rule;
	int fd = dev_open();

	(void)arg;
	s.fd = fd;
	set_limit(1);
	record("early OK");
	sess_create(&s, fd);
	rule = steer_number("hold n=0");
	/* an unknown handle is answered too */
	noop_submit(&s, 0, 0);
	expect_full();
	steer(NULL, 0, "release %u", rule);
	sess_close(&s);
}

/* how many mappings a session may have */
static void test_mappings(const void *arg)
{
	struct drm_qda_remote_munmap u = { 0 };
	struct drm_qda_remote_map m;
	int64_t limit;
	int32_t i;

	(void)arg;
	if (test_is_slow())
		skip_case("makes thousands of mappings");
	sess_open(&s);
	limit = (int64_t)query(s.fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_MAPPINGS);
	m = (struct drm_qda_remote_map){
		.length = 4096, .handle = s.gem, .type = DRM_QDA_MAP_FD_NOMAP,
		.flags = DRM_QDA_MAP_DSP_ID,
	};
	for (i = 1; i <= limit; i++) {
		m.dsp_id = i;
		m.map_id = FILL32;
		m.status = (int32_t)FILL32;
		check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), 0);
		check_eq(m.status, 0);
		check(m.map_id != FILL32, "no map id");
		u.map_id = m.map_id;
	}
	m.dsp_id = i;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, -ENOSPC);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	sess_close(&s);
}

static const struct bad_field bad[] = {
	BAD("option", drm_qda_set_option, option, 4, -EINVAL),
	BAD("option-max", drm_qda_set_option, option, 0xffffffff, -EINVAL),
	BAD("flags", drm_qda_set_option, flags, 1, -EINVAL),
	BAD("value-zero", drm_qda_set_option, value, 0, -ERANGE),
	BAD("value-65", drm_qda_set_option, value, MAX + 1, -ERANGE),
	BAD("value-wrap", drm_qda_set_option, value, (1ULL << 32) + 1, -ERANGE),
};

/* who waits for a place sleeps, however many they are */
static void test_quiet(const void *arg)
{
	struct drm_qda_remote_invoke i[8];
	struct job jobs[8];
	unsigned int rule[2];
	int n;

	(void)arg;
	sess_open_bench(&s);
	set_limit(1);
	rule[0] = steer_number("hold n=1");
	rule[1] = steer_number("hold n=1");
	for (n = 0; n < 8; n++) {
		i[n] = noop_call(&s, 0);
		job_start(&jobs[n], s.fd, INVOKE, &i[n]);
	}
	wait_held(rule[0], 1, NULL, 0);
	for (n = 0; n < 8; n++)
		job_wait_asleep(&jobs[n]);
	/* one place becomes free and is taken: the others look once */
	steer(NULL, 0, "release %u", rule[0]);
	wait_held(rule[1], 1, NULL, 0);
	sleep_ms(20);
	check_idle(sleep_ms, 300);
	steer(NULL, 0, "release %u", rule[1]);
	for (n = 0; n < 8; n++)
		check_eq(job_join(&jobs[n]), 0);
	record("quiet");
	sess_close(&s);
}

int main(void)
{
	add_case("async", test_async, NULL);
	add_case("sync-waits", test_sync_waits, NULL);
	add_case("unconsumed", test_unconsumed, NULL);
	add_case("sessions", test_sessions, NULL);
	add_case("option", test_option, NULL);
	add_case("option-sync", test_option_sync, NULL);
	add_case("listener", test_listener, NULL);
	add_case("listener-unconsumed", test_listener_unconsumed, NULL);
	add_case("listener-last-place", test_listener_last_place, NULL);
	add_case("option-early", test_option_early, NULL);
	add_case("quiet", test_quiet, NULL);
	add_case("interrupted", test_interrupted_at_limit, NULL);
	add_rows("option-bad", bad, test_bad_option);
	add_case("mappings", test_mappings, NULL);
	return run_cases("limits");
}
