// SPDX-License-Identifier: MIT
/* What a DSP may send that it should not. */
#include <poll.h>

#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE

static struct sess s;

/* the session works as if nothing had been */
static void check_alive(void)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	int32_t status = 1;

	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 8), arg_of(s.gem, 0x2000, 8));
	memcpy(s.mem + 0x1000, "unharmed", 8);
	memset(s.mem + 0x2000, 0, 8);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(s.mem + 0x2000, "unharmed", 8), "other bytes");
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), &status), 0);
	check_eq(status, 0);
}

/* a reply that is none: the call goes on waiting, release ends it */
static void test_lost(const void *arg)
{
	struct drm_qda_remote_wait w = { .deadline = 0, .status = (int32_t)FILL32 };
	const char *rule = arg;

	sess_open_bench(&s);
	steer(NULL, 0, "reply handle=%u %s", s.bench, rule);
	w.ticket = noop_submit(&s, 0, 0);
	w.deadline = monotonic_ns() + 50 * 1000000;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_WAIT, &w, -ETIMEDOUT);
	check_alive();
	w.deadline = 0;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_WAIT, &w, -ETIMEDOUT);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), 0);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_WAIT, &w, -ECANCELED);
	sess_close(&s);
}

/* a reply that is odd but good */
static void test_accepted(const void *arg)
{
	const char *rule = arg;
	struct drm_qda_remote_invoke i;

	sess_open_bench(&s);
	steer(NULL, 0, "reply handle=%u %s", s.bench, rule);
	i = noop_call(&s, 0);
	i.status = (int32_t)FILL32;
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_alive();
	sess_close(&s);
}

static void test_duplicate(const void *arg)
{
	struct drm_qda_event_complete e;
	struct pollfd p = { .events = POLLIN };
	uint64_t ticket;

	(void)arg;
	sess_open_bench(&s);
	p.fd = s.fd;
	steer(NULL, 0, "reply handle=%u times=5 n=1", s.bench);
	ticket = noop_submit(&s, 0, 0);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	check_eq(wait_ticket(s.fd, ticket, 0, NULL), -ENOENT);
	check_alive();
	steer(NULL, 0, "reply handle=%u times=5 n=1", s.bench);
	noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	check_eq(dev->sys->poll(&p, 1, SOON_MS), 1);
	check_eq(dev->sys->read(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(dev->sys->poll(&p, 1, 20), 0);
	check_alive();
	sess_close(&s);
}

/* the answer to a call that is over does not end one that has its place */
static void test_stale(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int hold, n;
	uint64_t ctx, tickets[4];
	char info[512], hex[64];
	struct job job;

	(void)arg;
	sess_open_bench(&s);
	hold = steer_number("hold");
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(hold, 1, info, sizeof(info));
	ctx = held_value(info, "ctx");
	steer(NULL, 0, "release %u", hold);
	check_eq(job_join(&job), 0);
	/* now every place is taken by a call that is held */
	hold = steer_number("hold n=0");
	for (n = 0; n < 4; n++)
		tickets[n] = noop_submit(&s, 0, 0);
	wait_held(hold, 4, NULL, 0);
	for (n = 0; n < 8; n++)
		snprintf(hex + 2 * n, 3, "%02x", (unsigned int)(ctx >> (8 * n)) & 0xff);
	steer(NULL, 0, "send sid=%u %s0100000000000000", s.sid, hex);
	sleep_ms(20);
	for (n = 0; n < 4; n++)
		check_eq(wait_ticket(s.fd, tickets[n], 0, NULL), -ETIMEDOUT);
	steer(NULL, 0, "release %u", hold);
	for (n = 0; n < 4; n++) {
		int32_t status = -1;

		check_eq(wait_ticket(s.fd, tickets[n], soon(), &status), 0);
		check_eq(status, 0);
	}
	check_alive();
	sess_close(&s);
}

/* packets nobody asked for, with nothing and with something in flight */
static void test_unsolicited(const void *arg)
{
	const char *hex = arg;
	unsigned int hold;
	uint64_t ticket;

	sess_open_bench(&s);
	steer(NULL, 0, "send sid=%u %s", s.sid, hex);
	check_alive();
	hold = steer_number("hold");
	ticket = noop_submit(&s, 0, 0);
	wait_held(hold, 1, NULL, 0);
	steer(NULL, 0, "send sid=%u %s", s.sid, hex);
	sleep_ms(5);
	check_eq(wait_ticket(s.fd, ticket, 0, NULL), -ETIMEDOUT);
	steer(NULL, 0, "release %u", hold);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	check_alive();
	sess_close(&s);
}

static void test_notification(const void *arg)
{
	unsigned int status;

	(void)arg;
	sess_open_bench(&s);
	for (status = 0; status < 6; status++)
		steer(NULL, 0, "notify sid=%u status=%u", s.sid, status);
	check_alive();
	sess_close(&s);
}

/* more than anybody asked for, while nobody listens */
static void test_flood(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	unsigned int n, round;

	(void)arg;
	sess_open_bench(&s);
	for (round = 0; round < 3; round++) {
		for (n = test_count(500); n; n--)
			steer(NULL, 0, "send sid=%u 0101000001000000ffffffff00000000",
			      s.sid);
		check_alive();
		/* the same channel carries the driver's own calls */
		m.handle = s.gem;
		m.dsp_id++;
		expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
		check_eq(m.status, 0);
	}
	sess_close(&s);
}

/* everything the DSP can write to of a message, overwritten before its reply */
static void test_payload(const void *arg)
{
	const unsigned int *byte = arg;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	char info[512], hex[1100] = "";
	unsigned int hold, n;
	struct job job;
	uint64_t addr;

	sess_open_bench(&s);
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 8), arg_of(s.gem, 0x2000, 8));
	memcpy(s.mem + 0x1000, "payload!", 8);
	hold = steer_number("hold");
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(hold, 1, info, sizeof(info));
	addr = held_value(info, "addr") & 0xffffffff;
	for (n = 0; n < 3 * 40 + 392; n++)
		snprintf(hex + 2 * n, 3, "%02x", *byte);
	steer(NULL, 0, "poke sid=%u addr=0x%llx %s", s.sid, (unsigned long long)addr,
	      hex);
	steer(NULL, 0, "release %u", hold);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	check_eq(i.ticket, 0);
	check(!memcmp(s.mem + 0x2000, "payload!", 8), "other bytes");
	/* and after it, while the next call may use the same memory */
	check_alive();
	sess_close(&s);
}

/* the DSP's answers to the driver's own calls are no better */
static void test_control(const void *arg)
{
	const char *rule = arg;
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	struct drm_qda_remote_munmap u = { 0 };
	unsigned int number;

	number = steer_number("reply handle=1 n=0 %s", rule);
	sess_open_bench(&s);
	m.handle = s.gem;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	check_eq(m.status, 0);
	u.map_id = m.map_id;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	check_eq(u.status, 0);
	check_alive();
	steer(NULL, 0, "release %u", number);
	sess_close(&s);
}

static const struct {
	const char *name, *rule;
} lost[] = {
	{ "wrong-ctx", "ctx=0x1234567800" },
	{ "wrong-id", "xor=0x100" },
	{ "wrong-id-high", "xor=0x8000" },
	{ "wrong-sequence", "xor=0x10000" },
	{ "wrong-sequence-high", "xor=0x8000000000000000" },
	{ "wrong-reserved", "xor=0x10" },
	{ "wrong-pd", "xor=0x2" },
	{ "ctx-zero", "ctx=0" },
	{ "ctx-ones", "ctx=0xffffffffffffffff" },
	{ "ctx-notification", "ctx=0xabcdabcd" },
	{ "short-1", "len=1" },
	{ "short-8", "len=8" },
	{ "short-11", "len=11" },
}, accepted[] = {
	{ "length-12", "len=12" },
	{ "length-24", "len=24" },
}, packets[] = {
	{ "unsolicited", "0101000001000000ffffffff00000000" },
	{ "unsolicited-zero", "00000000000000000000000000000000" },
	{ "unsolicited-byte", "ff" },
	{ "unsolicited-8", "0001000000000000" },
	{ "unsolicited-long", "010100000100000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000000000000000000000000000000000" },
	{ "notification-short", "cdabcdab00000000" },
	{ "notification-unknown", "cdabcdab00000000ffffffffffffffffffffffffffffffff" },
};

int main(void)
{
	static const unsigned int ff = 0xff, zero = 0, one = 1;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lost); i++)
		add_case(lost[i].name, test_lost, lost[i].rule);
	for (i = 0; i < ARRAY_SIZE(accepted); i++)
		add_case(accepted[i].name, test_accepted, accepted[i].rule);
	for (i = 0; i < ARRAY_SIZE(packets); i++)
		add_case(packets[i].name, test_unsolicited, packets[i].rule);
	add_case("duplicate", test_duplicate, NULL);
	add_case("stale", test_stale, NULL);
	add_case("notification", test_notification, NULL);
	add_case("flood", test_flood, NULL);
	add_case("payload-ff", test_payload, &ff);
	add_case("payload-0", test_payload, &zero);
	add_case("payload-1", test_payload, &one);
	add_case("control-duplicate", test_control, "times=3");
	add_case("control-length-12", test_control, "len=12");
	return run_cases("reply");
}
