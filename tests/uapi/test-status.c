// SPDX-License-Identifier: MIT
/* What becomes of the PD, and of the DSP, as events on the file. */
#include <fcntl.h>
#include <poll.h>

#include "common.h"

#define OPTION	DRM_IOCTL_QDA_SET_OPTION
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE
#define UP		DRM_QDA_PD_STATUS_UP
#define EXIT		DRM_QDA_PD_STATUS_EXIT
#define KILLED		DRM_QDA_PD_STATUS_KILLED
#define EXCEPTION	DRM_QDA_PD_STATUS_EXCEPTION
#define DSP_RESTART	DRM_QDA_PD_STATUS_DSP_RESTART

/* adsp_current_process1, see pd-process.c of the software DSP */
#define PROCESS			4
#define PROCESS_EXIT		2
#define PROCESS_NOTIFY		10

typedef struct drm_qda_event_status event;

static struct sess s;

static struct drm_qda_set_option option_of(uint64_t value)
{
	return (struct drm_qda_set_option){
		.option = DRM_QDA_OPTION_STATUS_EVENTS, .value = value,
	};
}

static void set_events(int fd, uint64_t value, int err)
{
	struct drm_qda_set_option o = option_of(value);

	expect(fd, OPTION, &o, err);
}

/* with the bench module, and events */
static void open_told(void)
{
	sess_open_bench(&s);
	set_events(s.fd, 1, 0);
}

static int poll_in(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = dev->sys->poll(&p, 1, timeout_ms);

	check(n >= 0, "poll: %s", strerror(errno));
	return n && (p.revents & POLLIN);
}

static void expect_event(int fd, uint32_t status)
{
	event e = { .status = FILL32, .pad = FILL32 };

	check(poll_in(fd, SOON_MS), "no event");
	check_eq(dev->sys->read(fd, &e, sizeof(e)), sizeof(e));
	check_eq(e.base.type, DRM_QDA_EVENT_STATUS);
	check_eq(e.base.length, sizeof(e));
	check_eq(e.pad, 0);
	record("event status %u", e.status);
	check_eq(e.status, status);
}

static void expect_none(int fd)
{
	check(!poll_in(fd, 20), "an event too many");
}

static void notify(uint32_t status)
{
	steer(NULL, 0, "notify sid=%u status=%u", s.sid, status);
}

static void process_call(uint32_t method)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	i.handle = PROCESS;
	i.scalars = DRM_QDA_SCALARS(method, 0, 0, 0, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, 0);
	check_eq(i.status, 0);
}

static void nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	check(flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK), "F_SETFL: %s",
	      strerror(errno));
}

/* an answer comes behind all that was sent before it */
static void settle(void)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i), 0);
	sleep_ms(5);
}

/* --- the PD --------------------------------------------------------------- */

static void test_each(const void *arg)
{
	uint32_t status;

	(void)arg;
	open_told();
	expect_none(s.fd);
	for (status = UP; status <= EXCEPTION; status++) {
		notify(status);
		expect_event(s.fd, status);
		expect_none(s.fd);
	}
	sess_close(&s);
}

/* nobody has asked: as if it had not been said */
static void test_off(const void *arg)
{
	(void)arg;
	sess_open_bench(&s);
	notify(EXIT);
	settle();
	expect_none(s.fd);
	set_events(s.fd, 1, 0);
	expect_none(s.fd);
	notify(UP);
	expect_event(s.fd, UP);
	/* what is unread stays, and nothing follows */
	notify(EXIT);
	check(poll_in(s.fd, SOON_MS), "no event");
	set_events(s.fd, 0, 0);
	notify(KILLED);
	settle();
	expect_event(s.fd, EXIT);
	expect_none(s.fd);
	sess_close(&s);
}

/* what is dropped shows in what comes after it */
static void test_unknown(const void *arg)
{
	const uint32_t *status = arg;

	open_told();
	notify(*status);
	notify(EXIT);
	expect_event(s.fd, EXIT);
	expect_none(s.fd);
	sess_close(&s);
}

/* a packet that is none, or of nobody */
static void test_malformed(const void *arg)
{
	open_told();
	steer(NULL, 0, "send sid=%u %s", s.sid, (const char *)arg);
	notify(EXIT);
	expect_event(s.fd, EXIT);
	expect_none(s.fd);
	sess_close(&s);
}

static void test_exit(const void *arg)
{
	(void)arg;
	open_told();
	process_call(PROCESS_NOTIFY);
	process_call(PROCESS_EXIT);
	expect_event(s.fd, EXIT);
	expect_none(s.fd);
	sess_close(&s);
}

static void test_exception(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	open_told();
	process_call(PROCESS_NOTIFY);
	i = noop_call(&s, 0);
	i.scalars = DRM_QDA_SCALARS(BENCH_CRASH, 0, 0, 0, 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, 0);
	expect_event(s.fd, EXCEPTION);
	expect_none(s.fd);
	sess_close(&s);
}

/* nothing is in flight, nobody is in a call */
static void test_killed(const void *arg)
{
	(void)arg;
	open_told();
	process_call(PROCESS_NOTIFY);
	kill(pd_pid(s.sid), SIGKILL);
	expect_event(s.fd, KILLED);
	expect_none(s.fd);
	sess_close(&s);
}

/* a PD whose client has not asked it to is silent */
static void test_silent(const void *arg)
{
	(void)arg;
	open_told();
	process_call(PROCESS_EXIT);
	settle();
	expect_none(s.fd);
	record("silent");
	sess_close(&s);
}

static void test_sessions(const void *arg)
{
	struct sess other;

	(void)arg;
	sess_open_bench(&other);
	set_events(other.fd, 1, 0);
	open_told();
	notify(EXIT);
	expect_event(s.fd, EXIT);
	expect_none(other.fd);
	sess_close(&other);
	sess_close(&s);
}

/* --- the queue ------------------------------------------------------------- */

/* so many and no more; the newest are dropped */
static void test_bound(const void *arg)
{
	uint32_t n;

	(void)arg;
	open_told();
	for (n = 0; n < DRM_QDA_MAX_STATUS_EVENTS; n++)
		notify(n % 2 ? EXIT : UP);
	for (n = 0; n < 50; n++)
		notify(EXCEPTION);
	settle();
	for (n = 0; n < DRM_QDA_MAX_STATUS_EVENTS; n++)
		expect_event(s.fd, n % 2 ? EXIT : UP);
	expect_none(s.fd);
	/* there is room again */
	notify(KILLED);
	expect_event(s.fd, KILLED);
	expect_none(s.fd);
	sess_close(&s);
}

/* events of two sizes in one queue: whole ones only, in their order */
static void test_mixed(const void *arg)
{
	struct {
		event first;
		struct drm_qda_event_complete complete;
		event last;
	} e;
	uint64_t ticket;

	(void)arg;
	open_told();
	notify(UP);
	check(poll_in(s.fd, SOON_MS), "no event");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 7);
	/* behind its answer, and something behind that */
	settle();
	notify(EXIT);
	settle();
	check_eq(dev->sys->read(s.fd, &e, sizeof(e.first) - 1), 0);
	check_eq(dev->sys->read(s.fd, &e, sizeof(e) - sizeof(e.last) - 1),
		 sizeof(e.first));
	check_eq(e.first.status, UP);
	check_eq(dev->sys->read(s.fd, &e.complete, sizeof(e.complete) - 1), 0);
	check_eq(dev->sys->read(s.fd, &e.complete, sizeof(e)),
		 sizeof(e.complete) + sizeof(e.last));
	check_eq(e.complete.base.type, DRM_QDA_EVENT_COMPLETE);
	check_eq(e.complete.ticket, ticket);
	check_eq(e.last.base.type, DRM_QDA_EVENT_STATUS);
	check_eq(e.last.status, EXIT);
	expect_none(s.fd);
	record("mixed OK");
	sess_close(&s);
}

/* the space of completions does not fill with them, nor the other way round */
static void test_space(const void *arg)
{
	struct drm_qda_remote_invoke i;
	struct drm_qda_event_complete e;
	int64_t end = soon();
	int err = 0, n = 0;

	(void)arg;
	sess_open_bench(&s);
	nonblock(s.fd);
	while (n < 4096 && monotonic_ns() < end) {
		i = noop_call(&s, DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);
		err = call(s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
		/* at the limit of calls there is an answer to come */
		if (err != -EAGAIN || n >= 128)
			n += !err;
		else
			sleep_ms(1);
		if (err && n >= 128)
			break;
	}
	check_eq(n, 128);
	/* behind all their answers */
	settle();
	/* no place for the last one, so no events */
	set_events(s.fd, 1, -ENOMEM);
	check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	set_events(s.fd, 1, 0);
	/* half of an event's space is left: one, and one dropped */
	notify(EXIT);
	notify(UP);
	settle();
	for (n = 0; n < 127; n++)
		check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	expect_event(s.fd, EXIT);
	expect_none(s.fd);
	sess_close(&s);
}

struct poller {
	pthread_t thread;
	int fd;
	int ret, done;
	bool reads;
	event e;
};

static void *poller_main(void *arg)
{
	struct poller *p = arg;
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	if (p->reads)
		p->ret = (int)dev->sys->read(p->fd, &p->e, sizeof(p->e));
	else
		p->ret = dev->sys->poll(&pfd, 1, SOON_MS);
	__atomic_store_n(&p->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void poller_start(struct poller *p)
{
	check(!pthread_create(&p->thread, NULL, poller_main, p), "no thread");
	sleep_ms(20);
	check(!__atomic_load_n(&p->done, __ATOMIC_ACQUIRE), "it did not sleep");
}

static void poller_join(struct poller *p)
{
	int64_t end = soon();

	while (!__atomic_load_n(&p->done, __ATOMIC_ACQUIRE)) {
		check(monotonic_ns() < end, "it does not wake up");
		sleep_ms(1);
	}
	pthread_join(p->thread, NULL);
}

/* who sleeps is woken, by a PD or by the loss of the DSP */
static void test_blocking(const void *arg)
{
	const struct { bool reads, crash; } *how = arg;
	struct poller p = { .reads = how->reads };

	open_told();
	p.fd = s.fd;
	poller_start(&p);
	if (how->crash)
		steer(NULL, 0, "crash dsp");
	else
		notify(EXIT);
	poller_join(&p);
	if (how->reads) {
		check_eq(p.ret, sizeof(p.e));
		check_eq(p.e.status, how->crash ? DSP_RESTART : EXIT);
		record("read %d status %u", p.ret, p.e.status);
	} else {
		check_eq(p.ret, 1);
		expect_event(s.fd, how->crash ? DSP_RESTART : EXIT);
	}
	sess_close(&s);
}

/* also while another thread waits for an answer on the same channel */
static void test_beside_call(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	struct poller p = { .reads = false };
	unsigned int rule;
	struct job job;

	(void)arg;
	open_told();
	m.handle = s.gem;
	rule = steer_number("fail op=map hold=1");
	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	wait_held(rule, 1, NULL, 0);
	p.fd = s.fd;
	poller_start(&p);
	notify(EXIT);
	poller_join(&p);
	check_eq(p.ret, 1);
	expect_event(s.fd, EXIT);
	check(!job_done(&job), "the call has ended");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	sess_close(&s);
}

/* --- the DSP ---------------------------------------------------------------- */

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

static void poll_for(unsigned int ms)
{
	check(!poll_in(s.fd, (int)ms), "an event too many");
}

/* whoever asked is told, with a PD, with a bank, with neither */
static void test_restart(const void *arg)
{
	int bank = dev_open(), none = dev_open(), silent = dev_open();

	(void)arg;
	set_events(none, 1, 0);
	gem_new(bank, 4096);
	set_events(bank, 1, 0);
	/* twice is once */
	set_events(bank, 1, 0);
	gem_new(silent, 4096);
	open_told();
	steer(NULL, 0, "crash dsp");
	expect_event(s.fd, DSP_RESTART);
	expect_event(bank, DSP_RESTART);
	expect_event(none, DSP_RESTART);
	expect_none(silent);
	expect_none(s.fd);
	expect_none(bank);
	nonblock(none);
	check_eq(dev->sys->read(none, &(event){ .pad = 0 }, sizeof(event)), -1);
	check_eq(errno, EAGAIN);
	set_events(s.fd, 1, -ENODEV);
	set_events(s.fd, 0, -ENODEV);
	/* the end of the channel does not keep who polls awake */
	check_idle(poll_for, 300);
	sess_close(&s);
	wait_back();
}

/* it comes last, whatever was unread */
static void test_restart_last(const void *arg)
{
	struct drm_qda_event_complete e;
	unsigned int rule;
	uint64_t ticket;
	int n;

	(void)arg;
	open_told();
	for (n = 0; n < DRM_QDA_MAX_STATUS_EVENTS; n++)
		notify(UP);
	settle();
	rule = steer_number("hold");
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 4);
	wait_held(rule, 1, NULL, 0);
	steer(NULL, 0, "crash dsp");
	for (n = 0; n < DRM_QDA_MAX_STATUS_EVENTS; n++)
		expect_event(s.fd, UP);
	check(poll_in(s.fd, SOON_MS), "no event");
	check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(e.base.type, DRM_QDA_EVENT_COMPLETE);
	check_eq(e.ticket, ticket);
	check_eq(e.error, -EPIPE);
	expect_event(s.fd, DSP_RESTART);
	expect_none(s.fd);
	sess_close(&s);
	wait_back();
}

/* switched off again, nobody is told */
static void test_restart_off(const void *arg)
{
	struct drm_qda_query q = { 0 };
	int64_t end = soon();

	(void)arg;
	open_told();
	set_events(s.fd, 0, 0);
	steer(NULL, 0, "crash dsp");
	while (!call(s.fd, DRM_IOCTL_QDA_QUERY, &q) && monotonic_ns() < end)
		sleep_ms(1);
	expect_none(s.fd);
	record("none");
	sess_close(&s);
	wait_back();
}

/* a session that was released has no PD any more, but still its DSP */
static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release r = { 0 };

	(void)arg;
	open_told();
	process_call(PROCESS_NOTIFY);
	expect(s.fd, RELEASE, &r, 0);
	expect_none(s.fd);
	set_events(s.fd, 0, -ECANCELED);
	steer(NULL, 0, "crash dsp");
	expect_event(s.fd, DSP_RESTART);
	expect_none(s.fd);
	sess_close(&s);
	wait_back();
}

/* --- the option ------------------------------------------------------------- */

static void test_bad_option(const void *arg)
{
	struct drm_qda_set_option good = option_of(1), o = good;
	int fd = dev_open();

	expect(fd, OPTION, &o, 0);
	expect_bad(fd, OPTION, &good, arg);
}

static const struct bad_field bad[] = {
	BAD("value-2", drm_qda_set_option, value, 2, -ERANGE),
	BAD("value-wrap", drm_qda_set_option, value, (1ULL << 32) + 1, -ERANGE),
	BAD("flags", drm_qda_set_option, flags, 1, -EINVAL),
};

/* unread, they do not keep the file from closing */
static void test_unread(const void *arg)
{
	(void)arg;
	open_told();
	notify(EXIT);
	check(poll_in(s.fd, SOON_MS), "no event");
	notify(EXIT);
	sess_close(&s);
	record("unread OK");
}

int main(void)
{
	static const struct { bool reads, crash; } poll_pd = { false, false },
		read_pd = { true, false }, poll_dsp = { false, true },
		read_dsp = { true, true };
	static const uint32_t restart = DSP_RESTART, five = 5, huge = 0xffffffff;

	add_case("each", test_each, NULL);
	add_case("off", test_off, NULL);
	add_case("restart-said", test_unknown, &restart);
	add_case("unknown-5", test_unknown, &five);
	add_case("unknown-huge", test_unknown, &huge);
	add_case("client-zero", test_malformed,
		 "cdabcdab0000000004000000000000000200000000000000");
	add_case("client-unknown", test_malformed,
		 "cdabcdab0000000004000000630000000200000000000000");
	add_case("client-huge", test_malformed,
		 "cdabcdab0000000004000000ffffffff0200000000000000");
	add_case("short", test_malformed, "cdabcdab0000000004000000010000000200");
	add_case("exit", test_exit, NULL);
	add_case("exception", test_exception, NULL);
	add_case("killed", test_killed, NULL);
	add_case("silent", test_silent, NULL);
	add_case("sessions", test_sessions, NULL);
	add_case("bound", test_bound, NULL);
	add_case("mixed", test_mixed, NULL);
	add_case("space", test_space, NULL);
	add_case("poll", test_blocking, &poll_pd);
	add_case("read", test_blocking, &read_pd);
	add_case("beside-call", test_beside_call, NULL);
	add_case("unread", test_unread, NULL);
	add_case("restart", test_restart, NULL);
	add_case("restart-last", test_restart_last, NULL);
	add_case("restart-off", test_restart_off, NULL);
	add_case("restart-poll", test_blocking, &poll_dsp);
	add_case("restart-read", test_blocking, &read_dsp);
	add_case("released", test_released, NULL);
	add_rows("option-bad", bad, test_bad_option);
	return run_cases("status");
}
