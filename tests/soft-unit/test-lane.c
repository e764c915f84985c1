// SPDX-License-Identifier: MIT
/* A PD that sends faster than its client takes what it sends. */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "clock.h"
#include "fake-server.h"
#include "sys.h"

/* packets that are always there */
#define NOISE_AHEAD	5
#define NOISE_CTX	0x123456789abcd000ULL
#define MSEC		1000000LL

static const struct qda_sys *const sys = &qda_soft_sys;
static struct fake_server fake;
static int fd;

/* replaced as often as it is taken; more often, and a loop would never end */
static atomic_int noise_fd = -1, noise_taken;
#define NOISE_LIMIT	1000000

static void send_noise(void)
{
	const struct qda_wire_rsp rsp = { .ctx = NOISE_CTX };

	assert_int_equal(send(noise_fd, &rsp, sizeof(rsp), MSG_NOSIGNAL), sizeof(rsp));
}

/* the soft device's as well: for one packet that is taken the next one is there */
__attribute__((visibility("default")))
ssize_t recv(int sockfd, void *buf, size_t len, int flags)
{
	ssize_t n = recvfrom(sockfd, buf, len, flags, NULL, NULL);
	struct qda_wire_rsp rsp = { 0 };

	if (n == (ssize_t)sizeof(rsp))
		memcpy(&rsp, buf, sizeof(rsp));
	if (noise_fd >= 0 && rsp.ctx == NOISE_CTX) {
		if (atomic_fetch_add(&noise_taken, 1) > NOISE_LIMIT) {
			fputs("a loop that the PD decides the end of\n", stderr);
			_exit(1);
		}
		send_noise();
	}
	return n;
}

static int call(unsigned long request, void *arg)
{
	return sys->ioctl(fd, request, arg) ? -errno : 0;
}

static void invoke(uint32_t flags, uint64_t *ret_ticket)
{
	struct drm_qda_remote_invoke i = {
		.stride = 40, .handle = 50, .flags = DRM_QDA_INVOKE_ASYNC | flags,
		.user_data = flags ? 77 : 0,
	};
	int calls = fake.calls;

	assert_int_equal(call(DRM_IOCTL_QDA_REMOTE_INVOKE, &i), 0);
	*ret_ticket = i.ticket;
	/* it has the lane, and has answered if it is going to */
	while (fake.calls == calls)
		usleep(1000);
	usleep(10000);
}

static int wait_call(uint64_t ticket, int64_t deadline, int32_t *ret_status)
{
	struct drm_qda_remote_wait w = { .ticket = ticket, .deadline = deadline };
	int err = call(DRM_IOCTL_QDA_REMOTE_WAIT, &w);

	*ret_status = w.status;
	return err;
}

/* a call that is not answered, on a lane that is flooded */
static int flood_begin(void **state)
{
	struct drm_qda_remote_session_create create = { .attrs = DRM_QDA_PD_UNSIGNED };
	char name[160];
	uint64_t ticket;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_REPLY_NEVER, 0), 0);
	snprintf(name, sizeof(name), "soft:cdsp@%s", fake.path);
	fd = sys->open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(call(DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &create), 0);
	invoke(DRM_QDA_INVOKE_EVENT, &ticket);
	noise_fd = fake.lanes[0];
	for (int i = 0; i < NOISE_AHEAD; i++)
		send_noise();
	noise_taken = 0;
	return 0;
}

static int flood_end(void **state)
{
	(void)state;
	noise_fd = -1;
	assert_int_equal(sys->close(fd), 0);
	fake_stop(&fake);
	return 0;
}

/* what has arrived, and no more */
static void looking_once(void **state)
{
	uint64_t ticket;
	int32_t status;

	(void)state;
	invoke(0, &ticket);
	noise_taken = 0;
	/* the driver looks, and so does the wait; two come while it does */
	assert_int_equal(wait_call(ticket, 0, &status), -ETIMEDOUT);
	assert_in_range(noise_taken, NOISE_AHEAD, 2 * (NOISE_AHEAD + 2));
}

static void waiting(void **state)
{
	int64_t start = clock_now();
	uint64_t ticket;
	int32_t status;

	(void)state;
	invoke(0, &ticket);
	assert_int_equal(wait_call(ticket, start + 100 * MSEC, &status), -ETIMEDOUT);
	assert_true(clock_now() >= start + 100 * MSEC);
	assert_true(noise_taken > NOISE_AHEAD);
}

/* one look is enough for an answer that has arrived, whatever has come before it */
static void behind_it(void **state)
{
	uint64_t ticket;
	int32_t status;

	(void)state;
	fake.fault = FAKE_GOOD;
	invoke(0, &ticket);
	assert_int_equal(wait_call(ticket, 0, &status), 0);
	assert_int_equal(status, 0x11);
	/* before it is asked for: any look does */
	invoke(0, &ticket);
	noise_fd = -1;
	assert_int_equal(wait_call(ticket, 0, &status), 0);
}

static void events(void **state)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct drm_qda_event_complete event;
	uint64_t ticket;

	(void)state;
	assert_int_equal(sys->poll(&pfd, 1, 0), 0);
	assert_int_equal(sys->poll(&pfd, 1, 100), 0);
	assert_int_equal(sys->read(fd, &event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	/* what was left is found, if nothing else comes */
	fake.fault = FAKE_GOOD;
	invoke(DRM_QDA_INVOKE_EVENT, &ticket);
	assert_int_equal(sys->poll(&pfd, 1, 0), 1);
	assert_int_equal(sys->read(fd, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.ticket, ticket);
	assert_int_equal(event.user_data, 77);
	assert_int_equal(event.status, 0x11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(looking_once, flood_begin, flood_end),
		cmocka_unit_test_setup_teardown(waiting, flood_begin, flood_end),
		cmocka_unit_test_setup_teardown(behind_it, flood_begin, flood_end),
		cmocka_unit_test_setup_teardown(events, flood_begin, flood_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
