// SPDX-License-Identifier: MIT
/* A buffer lives until the DSP has let go of it, whatever user space closes. */
#include <fcntl.h>

#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define ODD_SIZE 0x23000	/* no other buffer has it */

static struct sess s;

static bool bus_gone(void)
{
	int64_t end = soon();

	while (bus_has(s.sid, ODD_SIZE))
		if (monotonic_ns() > end)
			return false;
	return true;
}

static void test_call(const void *arg)
{
	const char *how = arg;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;
	uint32_t handle;
	uint8_t *mem;

	sess_open_bench(&s);
	handle = gem_new(s.fd, ODD_SIZE);
	mem = gem_map(s.fd, handle, ODD_SIZE);
	memcpy(mem, "alive", 5);
	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, 0x1000, 5));
	rule = steer_number("%s", how);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	check_eq(gem_close(s.fd, handle), 0);
	check_eq(gem_close(s.fd, handle), -EINVAL);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	check(!memcmp(mem + 0x1000, "alive", 5), "other bytes");
	check(bus_gone(), "the bank keeps it");
	gem_unmap(mem, ODD_SIZE);
	record("call OK");
	sess_close(&s);
}

/* asynchronous, timed out in a wait, then answered */
static void test_timed_out(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	uint32_t handle;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, ODD_SIZE);
	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, 0x1000, 5));
	i.flags = DRM_QDA_INVOKE_ASYNC;
	rule = steer_number("pause");
	expect(s.fd, INVOKE, &i, 0);
	wait_held(rule, 1, NULL, 0);
	check_eq(gem_close(s.fd, handle), 0);
	check_eq(wait_ticket(s.fd, i.ticket, monotonic_ns() + 10000000, NULL),
		 -ETIMEDOUT);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	check(bus_gone(), "the bank keeps it");
	sess_close(&s);
}

static void test_interrupted(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	uint32_t handle;
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, ODD_SIZE);
	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, 0x1000, 5));
	rule = steer_number("pause");
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, 0);
	check_eq(job_join(&job), -EINTR);
	check_eq(gem_close(s.fd, handle), 0);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	check(bus_gone(), "the bank keeps it");
	record("interrupted OK");
	sess_close(&s);
}

/* a call that ends as an event lets go before the event is read */
static void test_event(const void *arg)
{
	struct drm_qda_event_complete e;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	struct pollfd p = { .events = POLLIN };
	unsigned int rule;
	uint32_t handle;

	(void)arg;
	sess_open_bench(&s);
	p.fd = s.fd;
	handle = gem_new(s.fd, ODD_SIZE);
	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, 0x1000, 5));
	i.flags = DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT;
	rule = steer_number("hold");
	expect(s.fd, INVOKE, &i, 0);
	wait_held(rule, 1, NULL, 0);
	check_eq(gem_close(s.fd, handle), 0);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	steer(NULL, 0, "release %u", rule);
	check_eq(dev->sys->poll(&p, 1, SOON_MS), 1);
	check(bus_gone(), "the bank keeps it");
	check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(e.error, 0);
	sess_close(&s);
}

static void test_mapping(const void *arg)
{
	const uint32_t *type = arg;
	struct drm_qda_remote_map m = {
		.length = 0x1000, .type = *type,
		.flags = *type == DRM_QDA_MAP_ADD_PAGES ? 0 : DRM_QDA_MAP_DSP_ID,
		.dsp_id = *type == DRM_QDA_MAP_ADD_PAGES ? 0 : 3,
	};
	struct drm_qda_remote_munmap u = { 0 };

	sess_open(&s);
	m.handle = gem_new(s.fd, ODD_SIZE);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	check_eq(gem_close(s.fd, m.handle), 0);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	/* refused: it stands, and pins */
	steer(NULL, 0, "fail op=unmap status=0x80000448");
	u.map_id = m.map_id;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	check_eq(u.status, 0);
	check(bus_gone(), "the bank keeps it");
	sess_close(&s);
}

/* the handle is gone, the address is not free */
static void test_address_kept(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	uint64_t held, now;
	unsigned int rule;
	struct job job;
	uint32_t handle;
	unsigned int n;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, ODD_SIZE);
	held = bus_of(s.sid, ODD_SIZE);
	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, 0x1000, 5));
	rule = steer_number("pause");
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	check_eq(gem_close(s.fd, handle), 0);
	for (n = 0; n < test_count(50); n++) {
		handle = gem_new(s.fd, 0x31000);
		now = bus_of(s.sid, 0x31000);
		check(now >= held + ODD_SIZE || now + 0x31000 <= held,
		      "address reused");
		check_eq(gem_close(s.fd, handle), 0);
	}
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	record("kept OK");
	sess_close(&s);
}

/* a released session's memory stays in the bank until the DSP has answered */
static void test_release(const void *arg)
{
	unsigned int rule;
	uint32_t handle;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, ODD_SIZE);
	rule = steer_number("fail op=release hold=1");
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), 0);
	wait_held(rule, 1, NULL, 0);
	check(bus_has(s.sid, ODD_SIZE), "taken from under the DSP");
	steer(NULL, 0, "release %u", rule);
	gem_close(s.fd, handle);
	record("release OK");
	sess_close(&s);
}

/* memory that was exported is its holder's */
static void test_exported(const void *arg)
{
	int buf = -1;
	uint8_t *mem;

	(void)arg;
	sess_open(&s);
	check_eq(prime_export(s.fd, s.gem, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	s.mem[3] = 33;
	sess_close(&s);
	mem = mmap(NULL, WORK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	check(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	check_eq(mem[3], 33);
	munmap(mem, WORK_SIZE);
	close(buf);
	record("exported OK");
}

/* a DSP process that does not run does not keep user space from closing */
static void test_stopped(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint32_t handle;
	struct job job;
	pid_t pd;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, 4096);
	pd = pd_pid(s.sid);
	check(!kill(pd, SIGSTOP), "no process %d", pd);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	job_wait_asleep(&job);
	sleep_ms(50);
	check(!job_done(&job), "a stopped process answered");
	check(!kill(pd, SIGCONT), "no process %d", pd);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	check_eq(gem_close(s.fd, handle), 0);
	record("stopped OK");
	sess_close(&s);
}

static void test_stopped_gem_close(const void *arg)
{
	uint32_t handle;
	int64_t end;
	pid_t pd;

	(void)arg;
	sess_open_bench(&s);
	handle = gem_new(s.fd, 4096);
	pd = pd_pid(s.sid);
	kill(pd, SIGSTOP);
	end = soon();
	check_eq(gem_close(s.fd, handle), 0);
	check(monotonic_ns() < end, "GEM_CLOSE hangs");
	kill(pd, SIGCONT);
	record("gem close OK");
	sess_close(&s);
}

static void test_stopped_close(const void *arg)
{
	int64_t end;
	pid_t pd;

	(void)arg;
	sess_open_bench(&s);
	noop_submit(&s, 0, 0);
	pd = pd_pid(s.sid);
	kill(pd, SIGSTOP);
	noop_submit(&s, 0, 0);
	end = soon();
	sess_close(&s);
	check(monotonic_ns() < end, "close hangs");
	kill(pd, SIGCONT);
	record("close OK");
}

/* close and create again, often: nothing piles up */
static void test_many_sessions(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int n;

	(void)arg;
	for (n = 0; n < test_count(30); n++) {
		sess_open_bench(&s);
		i = noop_call(&s, 0);
		check_eq(call(s.fd, INVOKE, &i), 0);
		check_eq(i.status, 0);
		sess_close(&s);
	}
	record("many OK");
}

int main(void)
{
	static const uint32_t fd = DRM_QDA_MAP_FD, fixed = DRM_QDA_MAP_STATIC,
		delayed = DRM_QDA_MAP_FD_DELAYED, pages = DRM_QDA_MAP_ADD_PAGES;

	add_case("call-paused", test_call, "pause");
	add_case("call-held", test_call, "hold");
	add_case("timed-out", test_timed_out, NULL);
	add_case("interrupted", test_interrupted, NULL);
	add_case("event", test_event, NULL);
	add_case("mapping-fd", test_mapping, &fd);
	add_case("mapping-static", test_mapping, &fixed);
	add_case("mapping-delayed", test_mapping, &delayed);
	add_case("mapping-pages", test_mapping, &pages);
	add_case("address-kept", test_address_kept, NULL);
	add_case("release", test_release, NULL);
	add_case("exported", test_exported, NULL);
	add_case("stopped", test_stopped, NULL);
	add_case("stopped-gem-close", test_stopped_gem_close, NULL);
	add_case("stopped-close", test_stopped_close, NULL);
	add_case("many-sessions", test_many_sessions, NULL);
	return run_cases("lifetime");
}
