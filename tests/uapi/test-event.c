// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>

#include "common.h"

typedef struct drm_qda_event_complete event;

static struct sess s;

static int poll_in(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = dev->sys->poll(&p, 1, timeout_ms);

	check(n >= 0, "poll: %s", strerror(errno));
	return n && (p.revents & POLLIN);
}

static ssize_t read_events(int fd, void *buf, size_t size)
{
	ssize_t n = dev->sys->read(fd, buf, size);

	return n < 0 ? -errno : n;
}

static void nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	check(flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK), "F_SETFL: %s",
	      strerror(errno));
}

static void check_event(const event *e, uint64_t ticket, uint64_t user_data)
{
	check_eq(e->base.type, DRM_QDA_EVENT_COMPLETE);
	check_eq(e->base.length, sizeof(*e));
	check_eq(e->ticket, ticket);
	check_eq(e->user_data, user_data);
	record("event error %d status %#x", e->error, e->status);
}

static void test_read(const void *arg)
{
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	check(!poll_in(s.fd, 0), "readable without an event");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 0x1122334455667788);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 0x1122334455667788);
	check_eq(e.error, 0);
	check_eq(e.status, 0);
	check(!poll_in(s.fd, 0), "still readable");
	sess_close(&s);
}

static void test_status(const void *arg)
{
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	steer(NULL, 0, "reply handle=%u status=0x80000407", s.bench);
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 0);
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 0);
	check_eq(e.error, 0);
	check_eq(e.status, (int32_t)0x80000407);
	sess_close(&s);
}

/* several in one read, never a part of one */
static void test_many(const void *arg)
{
	event e[4];
	uint64_t seen = 0;
	int i, got = 0;
	ssize_t n;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < 10; i++)
		noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1ULL << i);
	while (got < 10) {
		n = read_events(s.fd, e, sizeof(e) - 1);
		check(n > 0 && n % (ssize_t)sizeof(e[0]) == 0 &&
		      n <= 3 * (ssize_t)sizeof(e[0]),
		      "read %zd bytes", n);
		for (i = 0; i < n / (ssize_t)sizeof(e[0]); i++) {
			check(!(seen & e[i].user_data), "an event twice");
			seen |= e[i].user_data;
			got++;
		}
	}
	check_eq(seen, 0x3ff);
	record("many OK");
	sess_close(&s);
}

/* too small a read gets nothing and loses nothing */
static void test_small_read(const void *arg)
{
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 7);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, &e, sizeof(e) - 1), 0);
	check_eq(read_events(s.fd, &e, 0), 0);
	check(poll_in(s.fd, 0), "a short read ate the event");
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 7);
	sess_close(&s);
}

static void test_nonblock(const void *arg)
{
	event e;

	(void)arg;
	sess_open_bench(&s);
	nonblock(s.fd);
	check_eq(read_events(s.fd, &e, sizeof(e)), -EAGAIN);
	noop_submit(&s, DRM_QDA_INVOKE_EVENT, 7);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(read_events(s.fd, &e, sizeof(e)), -EAGAIN);
	record("nonblock EAGAIN");
	sess_close(&s);
}

static void test_fault(const void *arg)
{
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 7);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, NULL, sizeof(e)), -EFAULT);
	/* it is still there */
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 7);
	sess_close(&s);
}

struct reader {
	int fd;
	ssize_t ret;
	event e;
	int done;
	pthread_t thread;
};

static void *read_main(void *arg)
{
	struct reader *r = arg;

	r->ret = read_events(r->fd, &r->e, sizeof(r->e));
	__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void join_reader(struct reader *r)
{
	int64_t end = soon();

	while (!__atomic_load_n(&r->done, __ATOMIC_ACQUIRE)) {
		check(monotonic_ns() < end, "read() did not return");
		sleep_ms(1);
	}
	pthread_join(r->thread, NULL);
}

/* read() and poll() sleep until a call ends, without anybody else fetching it */
static void test_blocking(const void *arg)
{
	struct reader r = { 0 };
	unsigned int rule;
	uint64_t ticket;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 9);
	wait_held(rule, 1, NULL, 0);
	check(!poll_in(s.fd, 20), "an event before the answer");
	r.fd = s.fd;
	check(!pthread_create(&r.thread, NULL, read_main, &r), "no thread");
	sleep_ms(20);
	check(!__atomic_load_n(&r.done, __ATOMIC_ACQUIRE), "read() returned early");
	steer(NULL, 0, "release %u", rule);
	join_reader(&r);
	check_eq(r.ret, sizeof(r.e));
	check_event(&r.e, ticket, 9);
	sess_close(&s);
}

/* an event call is pollable while other calls wait and go */
static void test_beside_calls(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 9);
	i = noop_call(&s, 0);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i), 0);
	check_eq(i.status, 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 9);
	sess_close(&s);
}

/* a plain asynchronous call leaves no event */
static void test_no_event(const void *arg)
{
	(void)arg;
	sess_open_bench(&s);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	check(!poll_in(s.fd, 20), "an event nobody asked for");
	record("none");
	sess_close(&s);
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release r = { 0 };
	unsigned int rule;
	uint64_t ticket;
	event e;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 9);
	wait_held(rule, 1, NULL, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &r, 0);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(read_events(s.fd, &e, sizeof(e)), sizeof(e));
	check_event(&e, ticket, 9);
	check_eq(e.error, -ECANCELED);
	check_eq(e.status, 0);
	steer(NULL, 0, "release %u", rule);
	check(!poll_in(s.fd, 20), "a second event for one call");
	sess_close(&s);
}

/* events of a session are its own */
static void test_sessions(const void *arg)
{
	struct sess other;
	event e;

	(void)arg;
	sess_open_bench(&s);
	sess_open_bench(&other);
	noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	check(poll_in(s.fd, SOON_MS), "no event");
	check(!poll_in(other.fd, 20), "another session's event");
	nonblock(other.fd);
	check_eq(read_events(other.fd, &e, sizeof(e)), -EAGAIN);
	record("sessions OK");
	sess_close(&other);
	sess_close(&s);
}

/* unread events do not keep a file from closing */
static void test_unread(const void *arg)
{
	int i;

	(void)arg;
	sess_open_bench(&s);
	for (i = 0; i < 20; i++)
		noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	check(poll_in(s.fd, SOON_MS), "no event");
	sess_close(&s);
	record("unread OK");
}

/* unread events fill up: -EAGAIN, and reading makes room again */
static void test_space(const void *arg)
{
	struct drm_qda_remote_invoke i;
	int64_t end = soon();
	int err = 0, n = 0, got = 0;
	event e[8];
	ssize_t len;

	(void)arg;
	sess_open_bench(&s);
	nonblock(s.fd);
	while (n < 4096 && monotonic_ns() < end) {
		i = noop_call(&s, DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);
		i.user_data = 1;
		err = call(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
		if (err)
			break;
		n++;
	}
	check_eq(err, -EAGAIN);
	while (got < n && monotonic_ns() < end) {
		len = read_events(s.fd, e, sizeof(e));
		if (len == -EAGAIN) {
			poll_in(s.fd, 1000);
			continue;
		}
		check(len > 0, "read: %zd", len);
		got += (int)(len / (ssize_t)sizeof(e[0]));
	}
	check_eq(got, n);
	noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	check(poll_in(s.fd, SOON_MS), "no event");
	record("space EAGAIN");
	sess_close(&s);
}

int main(void)
{
	add_case("read", test_read, NULL);
	add_case("status", test_status, NULL);
	add_case("many", test_many, NULL);
	add_case("small-read", test_small_read, NULL);
	add_case("nonblock", test_nonblock, NULL);
	add_case("fault", test_fault, NULL);
	add_case("blocking", test_blocking, NULL);
	add_case("beside-calls", test_beside_calls, NULL);
	add_case("no-event", test_no_event, NULL);
	add_case("released", test_released, NULL);
	add_case("sessions", test_sessions, NULL);
	add_case("unread", test_unread, NULL);
	add_case("space", test_space, NULL);
	return run_cases("event");
}
