// SPDX-License-Identifier: MIT
/* Steering: what tests of everything above rely on */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "status.h"

#define BENCH	"file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0"
#define NOOP	0x02000000u
#define GETASID	0x05000100u

static struct server server;
static struct client c;
static uint32_t h;

static int setup(void **state)
{
	int32_t err;

	(void)state;
	server_run(&server, "--domain cdsp --banks 3");
	client_open_pd(&server, &c);
	h = module_open(&c, BENCH, &err, NULL);
	assert_true(h > 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_close(&c);
	assert_int_equal(server_end(&server), 0);
	return 0;
}

static unsigned int number(const char *answer)
{
	assert_non_null(answer);
	return (unsigned int)strtoul(answer, NULL, 10);
}

static bool is_quiet(int lane)
{
	struct pollfd p = { lane, POLLIN, 0 };

	return poll(&p, 1, 50) == 0;
}

/* until as many calls are kept as are sent */
static void wait_held(unsigned int rule, unsigned int n)
{
	int i;

	for (i = 0; i < TEST_TIMEOUT_MS && number(steer(&server, "held %u", rule)) != n;
	     i++)
		usleep(1000);
	assert_int_equal(number(steer(&server, "held %u", rule)), n);
}

static uint64_t executed(void)
{
	const char *answer = steer(&server, "count handle=%u method=2", h);

	assert_non_null(answer);
	return strtoull(answer, NULL, 10);
}

static void test_hold(void **state)
{
	unsigned int rule = number(steer(&server, "hold handle=%u n=2", h));
	uint64_t ctx[3], got;
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		ctx[i] = msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	/* the third overtakes the two whose answers are kept */
	assert_int_equal(msg_wait(c.lane, &got), 0);
	assert_int_equal(got, ctx[2]);
	wait_held(rule, 2);
	assert_true(is_quiet(c.lane));
	assert_int_equal(executed(), 3);
	assert_int_equal(number(steer(&server, "release %u", rule)), 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(msg_wait(c.lane, &got), 0);
		assert_int_equal(got, ctx[i]);
	}
	assert_null(steer(&server, "release %u", rule));
	assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), 0);
}

static void test_pause(void **state)
{
	unsigned int rule = number(steer(&server, "pause handle=%#x method=2 n=0", h));
	uint64_t ctx, got;
	const char *held;
	char expect[128];

	(void)state;
	ctx = msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	wait_held(rule, 2);
	held = steer(&server, "held %u", rule);
	snprintf(expect, sizeof(expect), "2 ctx=%#llx addr=0 size=0 handle=%#x sc=%#x "
					 "tid=7 client=42 ctx=",
		 (unsigned long long)ctx, h, NOOP);
	assert_int_equal(strncmp(held, expect, strlen(expect)), 0);
	assert_int_equal(executed(), 0);
	assert_true(is_quiet(c.lane));
	/* others go on */
	assert_int_equal(invoke(&c, c.lane, h, 0x07010000, (struct arg[]){ { 0 } }) != 0,
			 1);
	assert_int_equal(number(steer(&server, "release %u", rule)), 2);
	assert_int_equal(msg_wait(c.lane, &got), 0);
	assert_int_equal(got, ctx);
	assert_int_equal(msg_wait(c.lane, &got), 0);
	assert_int_equal(executed(), 2);
}

static void test_cancel(void **state)
{
	unsigned int rule = number(steer(&server, "hold handle=%u", h));

	(void)state;
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	wait_held(rule, 1);
	assert_int_equal(number(steer(&server, "cancel %u", rule)), 1);
	assert_true(is_quiet(c.lane));
	assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), 0);
}

static void test_reply(void **state)
{
	char packet[300];
	uint64_t ctx, got;

	(void)state;
	steer(&server, "reply handle=%u status=0x80000401 times=3", h);
	ctx = msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(msg_wait(c.lane, &got), DSP_EFAILED);
		assert_int_equal(got, ctx);
	}
	assert_true(is_quiet(c.lane));
	steer(&server, "reply handle=%u ctx=1234 xor=f len=11", h);
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	assert_int_equal(recv(c.lane, packet, sizeof(packet), 0), 11);
	memcpy(&got, packet, 8);
	assert_int_equal(got, 0x123b);
	steer(&server, "reply handle=%u len=256", h);
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	assert_int_equal(recv(c.lane, packet, sizeof(packet), 0), 256);
	/* of the root, too; times=0 is no answer at all */
	steer(&server, "reply handle=1 times=0");
	msg_send(&c, c.root, 1, QDA_INIT_ATTACH, NULL, NULL);
	assert_true(is_quiet(c.root));
	steer(&server, "reply handle=1 status=5");
	msg_send(&c, c.root, 1, QDA_INIT_ATTACH, NULL, NULL);
	assert_int_equal(msg_wait(c.root, NULL), 5);
}

static void test_hold_and_reply(void **state)
{
	unsigned int rule = number(steer(&server, "hold sid=%u n=1", c.sid));
	uint64_t got;

	(void)state;
	steer(&server, "reply sid=%u xor=100000 status=-2", c.sid);
	steer(&server, "reply sid=2 status=9");
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	wait_held(rule, 1);
	steer(&server, "release %u", rule);
	assert_int_equal(msg_wait(c.lane, &got), -2);
	assert_int_equal(got, c.ctx << 16 ^ 0x100000 ^ 0x101);
}

static void test_fail(void **state)
{
	struct client b;
	uint64_t addr;
	struct mem m;
	unsigned int rule;

	(void)state;
	mem_new(&c, &m, 4096);
	steer(&server, "fail op=map status=0x80000402 n=2");
	assert_int_equal(pd_map(&c, &m, 5, 2, &addr), DSP_ENOMEMORY);
	assert_int_equal(pd_map(&c, &m, 5, 2, &addr), DSP_ENOMEMORY);
	assert_int_equal(pd_map(&c, &m, 5, 2, &addr), 0);
	steer(&server, "fail op=unmap status=0x80000401");
	assert_int_equal(pd_unmap(&c, &m, 5, addr), DSP_EFAILED);
	assert_int_equal(pd_unmap(&c, &m, 5, addr), 0);
	steer(&server, "fail op=create status=0x80000402");
	client_open_bank(&server, &b);
	assert_int_equal(pd_create(&b, NULL, 0), DSP_ENOMEMORY);
	rule = number(steer(&server, "fail op=create hold=1"));
	{
		struct qda_wire_create in = { 1, 1, 0, 1, 0, 0 };
		struct qda_wire_page page;
		struct mem data, payload;

		mem_new(&b, &data, 4096);
		mem_new(&b, &payload, 4096);
		memcpy(data.p, &in, sizeof(in));
		page.addr = (uint64_t)b.sid << 32 | data.addr;
		page.size = 4096;
		memcpy(data.p + 128, &page, sizeof(page));
		{
			const struct arg args[] = {
				ARG(&data, 0, 24), ARG(&data, 64, 1), { 0 },
				ARG(&data, 128, 16),
			};

			msg_send(&b, b.root, 1, QDA_INIT_CREATE, &payload, args);
		}
	}
	wait_held(rule, 1);
	assert_true(pd_pid(&server, b.sid) > 0);
	assert_true(is_quiet(b.root));
	assert_int_equal(number(steer(&server, "release %u", rule)), 1);
	assert_int_equal(msg_wait(b.root, NULL), 0);
	/* the client goes while its RELEASE is kept: the bank waits for the answer */
	rule = number(steer(&server, "fail op=release hold=1"));
	{
		struct mem data, payload;
		struct arg arg;

		mem_new(&b, &data, 4096);
		mem_new(&b, &payload, 4096);
		arg = (struct arg)ARG(&data, 0, 4);
		msg_send(&b, b.root, 1, QDA_INIT_RELEASE, &payload, &arg);
	}
	wait_held(rule, 1);
	client_close(&b);
	usleep(20000);
	wait_held(rule, 1);
	assert_non_null(strstr(steer(&server, "maps sid=%u", b.sid), "0x"));
	assert_int_equal(number(steer(&server, "release %u", rule)), 1);
	assert_string_equal(steer(&server, "maps sid=%u", b.sid), "");
}

static void test_memory(void **state)
{
	char expect[64];
	struct mem m;

	(void)state;
	mem_new(&c, &m, 8192);
	memcpy(m.p + 4094, "\x12\x34\xab\xcd", 4);
	assert_string_equal(steer(&server, "peek sid=%u addr=%llx len=4", c.sid,
				  (unsigned long long)m.addr + 4094), "1234abcd");
	assert_string_equal(steer(&server, "poke sid=%u addr=0x%llx 99 88", c.sid,
				  (unsigned long long)m.addr), "2");
	assert_memory_equal(m.p, "\x99\x88", 2);
	assert_null(steer(&server, "peek sid=%u addr=%llx len=3", c.sid,
			  (unsigned long long)m.addr + 8190));
	assert_null(steer(&server, "poke sid=%u addr=ffffffff00000000 00", c.sid));
	assert_null(steer(&server, "peek sid=9 addr=0 len=1"));
	snprintf(expect, sizeof(expect), "%#llx:0x2000", (unsigned long long)m.addr);
	assert_non_null(strstr(steer(&server, "maps sid=%u", c.sid), expect));
	mem_free(&c, &m);
	assert_null(strstr(steer(&server, "maps sid=%u", c.sid), expect));
	assert_null(steer(&server, "peek sid=%u addr=%llx len=1", c.sid,
			  (unsigned long long)m.addr));
}

static void test_send(void **state)
{
	char packet[16];
	int n = 0;

	(void)state;
	steer(&server, "send sid=%u 00010203", c.sid);
	assert_int_equal(recv(c.root, packet, sizeof(packet), 0), 4);
	assert_memory_equal(packet, "\0\1\2\3", 4);
	assert_null(steer(&server, "send sid=3 00"));
	/* a client that does not read is told from one that is gone */
	while (n < 10000 && steer(&server, "send sid=%u 00010203", c.sid))
		n++;
	assert_in_range(n, 100, 9999);
	assert_null(steer(&server, "notify sid=%u status=1", c.sid));
	for (; n; n--)
		assert_int_equal(recv(c.root, packet, sizeof(packet), 0), 4);
	assert_non_null(steer(&server, "send sid=%u 00", c.sid));
	assert_int_equal(recv(c.root, packet, sizeof(packet), 0), 1);
	assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), 0);
}

static void test_crash_pd(void **state)
{
	unsigned int rule = number(steer(&server, "hold handle=%u", h));
	struct qda_link_rep rep;

	(void)state;
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	wait_held(rule, 1);
	assert_non_null(steer(&server, "crash pd=%u", c.sid));
	wait_lane_end(c.lane);
	assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal((int32_t)rep.b, DSP_ECPUEXCEPTION);
	assert_int_equal(number(steer(&server, "held %u", rule)), 0);
	assert_int_equal(executed(), 1);
	assert_null(steer(&server, "crash pd=%u", c.sid));
	assert_non_null(strstr(steer(&server, "pds"), "gone"));
}

static void test_crash_dsp(void **state)
{
	struct client d;
	char byte;

	(void)state;
	assert_non_null(steer(&server, "crash dsp"));
	assert_true(recv(c.control, &byte, 1, 0) <= 0);
	wait_lane_end(c.lane);
	for (int i = 0; i < TEST_TIMEOUT_MS && *steer(&server, "pds"); i++)
		usleep(1000);
	assert_string_equal(steer(&server, "pds"), "");
	client_open_pd(&server, &d);
	assert_int_equal(invoke(&d, d.lane, 4, 0x03000000, NULL), 0);
	client_close(&d);
}

/* while a rule stands all goes another way; nothing may get lost on it */
static void test_armed_traffic(void **state)
{
	int i;

	(void)state;
	number(steer(&server, "hold handle=0xffffffff n=0"));
	for (i = 0; i < 2000; i++)
		assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), 0);
	assert_int_equal(executed(), 2000);
}

static void test_bad_commands(void **state)
{
	(void)state;
	assert_null(steer(&server, "what"));
	assert_null(steer(&server, "held 77"));
	assert_null(steer(&server, "cancel 77"));
	assert_null(steer(&server, "attr 0 1"));
	assert_null(steer(&server, "attr 256 1"));
	assert_null(steer(&server, "maps sid=0"));
	assert_null(steer(&server, "maps sid=4"));
	assert_non_null(steer(&server, "faults"));
	assert_null(steer(&server, "heap sid=1"));
	assert_string_equal(steer(&server, "heap"), "attached=0 given=0 addr=0 size=0");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold), TEST(test_pause), TEST(test_cancel),
		TEST(test_reply), TEST(test_hold_and_reply), TEST(test_fail),
		TEST(test_memory), TEST(test_send), TEST(test_crash_pd),
		TEST(test_crash_dsp), TEST(test_armed_traffic), TEST(test_bad_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
