// SPDX-License-Identifier: MIT
/*
 * What a DSP sends that is wrong: packets of chance, statuses that look like errors,
 * lists of buffers it says it has done with, and news of a PD without end.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "qda/qda_wire.h"

#include "far.h"

static struct sess s;
static struct far far;

/* any bytes at all, at every moment; others' context words among them */
static void test_replies(const void *arg)
{
	unsigned int rule, n, k, len, rounds = test_count(400);
	char info[512], hex[600];
	struct chance c = { chance_seed() };
	struct witness w;
	uint64_t ctx, ticket;
	int32_t status;

	(void)arg;
	take_time();
	witness_start(&w);
	sess_open_bench(&s);
	rule = steer_number("hold handle=%u sid=%u", s.bench, s.sid);
	ticket = noop_submit(&s, 0, 0);
	wait_held(rule, 1, info, sizeof(info));
	ctx = held_value(info, "ctx");
	for (n = 0; n < rounds; n++) {
		uint8_t packet[256];

		len = 1 + chance_below(&c, chance_one_in(&c, 4) ? 255 : 24);
		for (k = 0; k < len; k++)
			packet[k] = (uint8_t)chance_next(&c);
		if (len >= 8 && !chance_one_in(&c, 3)) {
			/* close, but another: one bit, id or sequence number */
			uint64_t near = ctx ^ 1ULL << chance_below(&c, 64);

			memcpy(packet, &near, sizeof(near));
		}
		for (k = 0; k < len; k++)
			snprintf(hex + 2 * k, 3, "%02x", packet[k]);
		/* own stream id, none, the witness's */
		steer_command(dev->control, NULL, 0, "send sid=%u %s",
			      n % 3 ? s.sid : n % 2 ? w.s.sid : 200, hex);
	}
	check_eq(wait_ticket(s.fd, ticket, 0, NULL), -ETIMEDOUT);
	steer(NULL, 0, "release %u", rule);
	status = -1;
	check_eq(wait_ticket(s.fd, ticket, soon(), &status), 0);
	check_eq(status, 0);
	check_session(&s);
	sess_close(&s);
	witness_stop(&w);
	check_healthy();
}

/* a short reply to a call in flight must not end it; any status is passed on */
static void test_statuses(const void *arg)
{
	static const uint32_t statuses[] = {
		1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0xfffff001, 0x8000040d,
	};
	struct drm_qda_remote_invoke i;
	size_t n;

	(void)arg;
	sess_open_bench(&s);
	for (n = 0; n < ARRAY_SIZE(statuses); n++) {
		steer(NULL, 0, "reply handle=%u status=%#x", s.bench, statuses[n]);
		i = noop_call(&s, 0);
		/* what looks like an errno is none */
		check_eq(call(s.fd, INVOKE, &i), 0);
		check_eq((uint32_t)i.status, statuses[n]);
	}
	sess_close(&s);
	check_healthy();
}

/* lists of finished buffers: none of them, all of them, the same ones for ever */
static void test_fdlist(const void *arg)
{
	struct drm_qda_remote_munmap u = { 0 };
	struct drm_qda_remote_map m, keep;
	char info[512], hex[1300];
	unsigned int rule, n, fill;
	/* MINE: the delayed mapping's own name; 6 is that of one that is not delayed */
	enum { MINE = 5 };
	static const uint64_t fills[] = {
		0, 1, 6, MINE, 0x7fffffff, 0xffffffff, 0x100000006, 0xffffffffffffffff,
	};
	uint64_t addr, ticket, name;

	(void)arg;
	take_time();
	sess_open_bench(&s);
	keep = map_of(s.gem, 6);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &keep), 0);
	for (fill = 0; fill < ARRAY_SIZE(fills); fill++) {
		/* the DSP that is lied for still has what it is said to have ended */
		m = map_of(s.gem, 20 + (int32_t)fill);
		m.type = DRM_QDA_MAP_FD_DELAYED;
		check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), 0);
		check_eq(m.status, 0);
		name = fills[fill] == MINE ? (uint64_t)m.dsp_id : fills[fill];
		rule = steer_number("hold handle=%u sid=%u", s.bench, s.sid);
		ticket = noop_submit(&s, 0, 0);
		wait_held(rule, 1, info, sizeof(info));
		addr = held_value(info, "addr") & 0xffffffff;
		for (n = 0; n < 16 * 8; n++)
			snprintf(hex + 2 * n, 3, "%02x",
				 (unsigned int)(name >> (n % 8 * 8)) & 0xff);
		steer(NULL, 0, "poke sid=%u addr=%#llx %s", s.sid,
		      (unsigned long long)addr, hex);
		steer(NULL, 0, "release %u", rule);
		check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
		/* only the delayed one can have gone, by its own name only */
		u.map_id = m.map_id;
		n = (unsigned int)-call(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u);
		check(n == (fills[fill] == MINE ? ENOENT : 0),
		      "a list of %#llx, then MUNMAP: %s", (unsigned long long)name,
		      err_name(-(int)n));
	}
	u.map_id = keep.map_id;
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u), 0);
	check_eq(u.status, 0);
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

static struct flood {
	pthread_t thread;
	bool stop;
} flood;

static void *flood_main(void *arg)
{
	struct qda_wire_notif notif = {
		.ctx = QDA_WIRE_NOTIF_CTX, .type = QDA_WIRE_NOTIF_STATUS, .client_id = 1,
	};

	(void)arg;
	while (!__atomic_load_n(&flood.stop, __ATOMIC_RELAXED)) {
		notif.status = (notif.status + 1) % 4;
		/* the channel may be closed */
		far_write(far.fd, far.sid, &notif, sizeof(notif));
	}
	return NULL;
}

static void tell(int fd, uint64_t value)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_STATUS_EVENTS, .value = value,
	};

	check_eq(call(fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
}

/* what is unread; how often the DSP was lost, and whether that came last */
static void drain(int fd, unsigned int *ret_lost, bool *ret_last)
{
	struct drm_qda_event_status e = { 0 };
	unsigned int n;

	*ret_lost = 0;
	/* there may be more as fast as it is read */
	for (n = 0; n < 64 && read(fd, &e, sizeof(e)) == sizeof(e); n++)
		*ret_lost += e.status == DRM_QDA_PD_STATUS_DSP_RESTART;
	*ret_last = e.status == DRM_QDA_PD_STATUS_DSP_RESTART;
}

/* it says so while its client starts and stops to listen, closes, or loses its driver */
static void test_news(const void *arg)
{
	struct drm_qda_session_attach a;
	unsigned int n, k, lost;
	struct job job;
	char name[64];
	bool last;

	(void)arg;
	for (n = 0; n < test_count(12); n++) {
		far_open(&far);
		check(!fcntl(far.client, F_SETFL, O_RDWR | O_NONBLOCK), "F_SETFL");
		a = (struct drm_qda_session_attach){ .pd = DRM_QDA_PD_ROOT };
		job_start(&job, far.client, DRM_IOCTL_QDA_SESSION_ATTACH, &a);
		check_eq(far_answer(&far, far_message(&far), 0), 0);
		check_eq(job_join(&job), 0);
		flood.stop = false;
		check(!pthread_create(&flood.thread, NULL, flood_main, NULL),
		      "no thread");
		for (k = 0; k < 100; k++) {
			struct pollfd p = { .fd = far.client, .events = POLLIN };

			tell(far.client, 1);
			/* often before the other thread has run at all */
			if (!(k % 10))
				check(poll(&p, 1, SOON_MS) == 1, "nothing was told");
			drain(far.client, &lost, &last);
			check(!lost, "a loss that was none");
			tell(far.client, 0);
		}
		tell(far.client, 1);
		if (n % 2) {
			rpmsg_name("sdsp", name, sizeof(name));
			check_eq(file_write("/sys/bus/rpmsg/drivers/qda/unbind", name),
				 0);
			drain(far.client, &lost, &last);
			check(lost == 1 && last, "%u losses, the last event: %d", lost,
			      last);
		} else {
			dev_close(far.client);
			check_eq(far_answer(&far, far_message(&far), 0), 0);
			far.client = dev_open();
		}
		__atomic_store_n(&flood.stop, true, __ATOMIC_RELAXED);
		pthread_join(flood.thread, NULL);
		far_close(&far);
	}
	check_healthy();
}

int main(void)
{
	add_case("packets", test_replies, NULL);
	add_case("statuses", test_statuses, NULL);
	add_case("finished-lists", test_fdlist, NULL);
	add_case("news", test_news, NULL);
	return run_kernel_cases("replies");
}
