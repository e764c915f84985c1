// SPDX-License-Identifier: MIT
/* What a client may ask of threads and latency, and what is left of nonsense */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "status.h"

#define TUNING		"file:///libpd_tuning_skel.so?pd_tuning_skel_handle_invoke&_modver=1.0"
#define TUNING_GET	0x02000100u
/* of handles 8, 0 and 4 */
#define SET_PARAM1	0x05020000u
#define SET_PARAM	0x03020000u
#define SET_QOS1	0x06010000u

#define THREADS		1
#define AS_IT_IS	UINT32_MAX
#define KIB		1024u
#define MIB		(1024 * KIB)

/* offsets of blocks in the memory that both sides see */
enum { HEAD = 0, VALUES = 64, ANSWER = 128 };

struct answer {
	uint32_t priority, stack, latency, pad;
	uint64_t own_stack;
};

static struct server server;
static struct client c;
static struct mem m;
static uint32_t tuning;

static int setup(void **state)
{
	int32_t err;

	(void)state;
	server_run(&server, "--domain cdsp --banks 1");
	client_open_pd(&server, &c);
	mem_new(&c, &m, 4096);
	tuning = module_open(&c, TUNING, &err, NULL);
	assert_true(tuning > 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_close(&c);
	assert_int_equal(server_end(&server), 0);
	return 0;
}

static struct answer get(int lane)
{
	const struct arg args[] = { ARG(&m, ANSWER, sizeof(struct answer)) };
	struct answer answer;

	memset(m.p + ANSWER, 0xff, sizeof(answer));
	assert_int_equal(invoke(&c, lane, tuning, TUNING_GET, args), 0);
	memcpy(&answer, m.p + ANSWER, sizeof(answer));
	return answer;
}

/* num: how many values it says there are, of len bytes */
static int32_t set_param(uint32_t handle, uint32_t id, uint32_t num, uint32_t priority,
			 uint32_t stack, uint64_t len)
{
	const uint32_t head[] = { id, num }, values[] = { priority, stack };
	const struct arg args[] = { ARG(&m, HEAD, sizeof(head)), ARG(&m, VALUES, len) };

	memcpy(m.p + HEAD, head, sizeof(head));
	memcpy(m.p + VALUES, values, sizeof(values));
	return invoke(&c, c.lane, handle, handle ? SET_PARAM1 : SET_PARAM, args);
}

static void expect(uint32_t priority, uint32_t stack)
{
	struct answer now = get(c.lane);

	assert_int_equal(now.priority, priority);
	assert_int_equal(now.stack, stack);
}

static void test_threads(void **state)
{
	uint64_t before;
	int lane;

	(void)state;
	expect(0, 0);
	before = get(c.lane).own_stack;
	assert_true(before > 0);
	assert_int_equal(set_param(8, THREADS, 2, 100, 3 * MIB, 8), 0);
	expect(100, 3 * MIB);
	/* a thread that is there keeps its own, the next one has it */
	assert_int_equal(get(c.lane).own_stack, before);
	lane = lane_new(&c, 77);
	assert_in_range(get(lane).own_stack, 3 * MIB, 6 * MIB - 1);
	close(lane);
	/* what is left to the DSP stays */
	assert_int_equal(set_param(8, THREADS, 2, AS_IT_IS, 1 * MIB, 8), 0);
	expect(100, 1 * MIB);
	assert_int_equal(set_param(0, THREADS, 2, 7, AS_IT_IS, 8), 0);
	expect(7, 1 * MIB);
	/* more than it gives, and less */
	assert_int_equal(set_param(8, THREADS, 2, 8, 64 * MIB, 8), 0);
	expect(8, 16 * MIB);
	assert_int_equal(set_param(8, THREADS, 2, 9, 0, 8), 0);
	expect(9, 256 * KIB);
}

static void test_nonsense(void **state)
{
	const struct arg no_room[] = { ARG(&m, ANSWER, sizeof(struct answer) - 1) };

	(void)state;
	assert_int_equal(set_param(8, THREADS, 2, 100, 1 * MIB, 8), 0);
	assert_int_equal(set_param(8, THREADS + 1, 2, 1, 2 * MIB, 8), DSP_EUNSUPPORTED);
	assert_int_equal(set_param(8, THREADS, 1, 1, 2 * MIB, 8), DSP_EBADPARM);
	assert_int_equal(set_param(8, THREADS, 2, 1, 2 * MIB, 7), DSP_EBADPARM);
	assert_int_equal(set_param(8, THREADS, UINT32_MAX, 1, 2 * MIB, 8), DSP_EBADPARM);
	expect(100, 1 * MIB);
	assert_int_not_equal(invoke(&c, c.lane, tuning, TUNING_GET, no_room), 0);
	assert_int_not_equal(invoke(&c, c.lane, tuning, 0x03000100u, no_room), 0);
}

static int32_t vote(uint32_t usec, uint64_t len)
{
	const struct arg args[] = { ARG(&m, HEAD, len) };

	memcpy(m.p + HEAD, &usec, sizeof(usec));
	return invoke(&c, c.lane, 4, SET_QOS1, args);
}

static void test_latency(void **state)
{
	(void)state;
	assert_int_equal(get(c.lane).latency, 0);
	assert_int_equal(vote(100, 4), 0);
	assert_int_equal(get(c.lane).latency, 100);
	assert_int_equal(vote(200, 3), DSP_EBADPARM);
	assert_int_equal(get(c.lane).latency, 100);
	expect(0, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads),
		TEST(test_nonsense),
		TEST(test_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
