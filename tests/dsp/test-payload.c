// SPDX-License-Identifier: MIT
/* Decoding of messages, payloads, URIs and steering commands */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "payload.h"
#include "status.h"
#include "steer-parse.h"

#define SID	3ULL
#define BUS(a)	(SID << 32 | (a))
#define SC	0x02010110u	/* one in, one out, one in handle */

/* as payload_bank() makes it: see test_bank() */
static const struct payload_bank bank = { .stream = BUS(0), .end = 1ULL << 32 };

struct meta {
	union qda_wire_arg args[3];
	struct qda_wire_buf bufs[3];
	struct qda_wire_page pages[3];
};

static const struct meta good = {
	.args = {
		{ .buf = { 0x1234567812345010ULL, 100 } },
		{ .buf = { 0, 4096 } },
		{ .dma = { 9, 16, 4096, 0 } },
	},
	.bufs = { { 1, 0 }, { 1, 1 }, { 1, 2 } },
	.pages = { { BUS(0x10000), 4096 }, { BUS(0x20000), 4096 },
		   { BUS(0x30000), 8192 } },
};

static int32_t decode(const struct meta *m, struct payload_arg *args)
{
	return payload_decode(m, SC, &bank, args);
}

static void test_decode_good(void **state)
{
	struct payload_arg args[3];

	(void)state;
	assert_int_equal(decode(&good, args), 0);
	assert_int_equal(args[0].addr, 0x10010);
	assert_int_equal(args[0].len, 100);
	assert_int_equal(args[1].addr, 0x20000);
	assert_int_equal(args[2].dsp_id, 9);
	assert_int_equal(args[2].offset, 16);
	assert_int_equal(args[2].page_size, 8192);
}

/* each case changes one field of what is good otherwise */
static void test_decode_bad(void **state)
{
	struct payload_arg args[3];
	struct meta m;

	(void)state;
#define BAD(change) \
	do { \
		m = good; \
		change; \
		assert_int_equal(decode(&m, args), DSP_EBADPARM); \
	} while (0)
	BAD(m.pages[0].addr = 2ULL << 32 | 0x10000);
	BAD(m.pages[0].addr = 0x10000);
	BAD(m.pages[0].addr += 16);
	BAD(m.pages[0].addr = BUS(0xfffff000); m.pages[0].size = 8192);
	BAD(m.pages[0].size = UINT64_MAX);
	BAD(m.pages[0].size = 0);
	BAD(m.args[0].buf.len = 4096);
	BAD(m.args[0].buf.len = UINT64_MAX);
	BAD(m.args[1].buf.len = 4097);
	BAD(m.bufs[0].num = 0);
	BAD(m.bufs[0].num = 2);
	BAD(m.bufs[0].num = UINT32_MAX);
	BAD(m.bufs[0].pgidx = 3);
	BAD(m.bufs[0].pgidx = UINT32_MAX);
	BAD(m.bufs[2].num = 0);
	BAD(m.args[2].dma.dsp_id = 0);
	BAD(m.args[2].dma.dsp_id = 0x80000000);
	BAD(m.args[2].dma.len = 8193);
	BAD(m.pages[2].addr = BUS(0x30000) ^ 1ULL << 33);
#undef BAD
	m = good;
	m.args[0].buf.len = 0;
	m.bufs[0].num = 0;
	assert_int_equal(decode(&m, args), 0);
	assert_int_equal(args[0].len, 0);
}

static void test_locate(void **state)
{
	struct payload_msg msg = { .sc = SC, .addr = BUS(0x1000), .size = 4096 }, m;
	uint64_t addr;

	(void)state;
	assert_int_equal(payload_locate(&msg, &bank, &addr), 0);
	assert_int_equal(addr, 0x1000);
	m = msg, m.addr = 0x1000;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EBADPARM);
	m = msg, m.addr += 4;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EBADPARM);
	m = msg, m.size = 3 * 40 + 383;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EBADPARM);
	m = msg, m.size = 0xfffff001;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EBADPARM);
	m = msg, m.sc |= 1u << 29;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EBADPARM);
	m = msg, m.sc |= 1;
	assert_int_equal(payload_locate(&m, &bank, &addr), DSP_EUNSUPPORTED);
	m = (struct payload_msg){ .sc = 0x02000000, .addr = 77 };
	assert_int_equal(payload_locate(&m, &bank, &addr), 0);
}

/* the same address is another bank's, or too far, where the stream id is elsewhere */
static void test_bank(void **state)
{
	struct payload_bank near = payload_bank(SID, 32), far = payload_bank(SID, 56);
	uint64_t addr;

	(void)state;
	assert_memory_equal(&near, &bank, sizeof(bank));
	assert_false(payload_range(BUS(0x1000), 4096, &far, &addr));
	assert_false(payload_range(SID << 56 | 0x1000, 4096, &near, &addr));
	assert_true(payload_range(SID << 56 | 0x3fffff000, 4096, &far, &addr));
	assert_int_equal(addr, 0x3fffff000);
	assert_false(payload_range(SID << 56 | 0x3fffff000, 4097, &far, &addr));
	assert_false(payload_range(SID << 56 | 0x400000000, 4096, &far, &addr));
	assert_false(payload_range((SID + 1) << 56 | 0x1000, 4096, &far, &addr));
}

static void test_message(void **state)
{
	char wire[48] = { 0 };
	struct payload_msg msg;

	(void)state;
	assert_false(payload_parse_msg(wire, 39, &msg));
	assert_false(payload_parse_msg(wire, 41, &msg));
	assert_false(payload_parse_msg(wire, 0, &msg));
	wire[8] = 1;
	wire[16] = 2;
	wire[39] = 3;
	assert_true(payload_parse_msg(wire, 40, &msg));
	assert_int_equal(msg.ctx, 1);
	assert_int_equal(msg.handle, 2);
	assert_int_equal(msg.size, 3ULL << 56);
}

static void test_uri(void **state)
{
	static const char full[] =
		"file:///libx_skel.so?x_skel_handle_invoke&_modver=1.0&_dom=cdsp";
	static char longest[3 * URI_MAX];
	struct uri uri;

	(void)state;
	assert_true(uri_parse(full, sizeof(full), &uri));
	assert_string_equal(uri.file, "libx_skel.so");
	assert_string_equal(uri.symbol, "x_skel_handle_invoke");
	assert_true(uri_parse(full, 20, &uri));
	assert_string_equal(uri.file, "libx_skel.so");
	assert_string_equal(uri.symbol, "");
	assert_true(uri_parse("file:////opt/x.so?_modver=1.0", 29, &uri));
	assert_string_equal(uri.file, "/opt/x.so");
	assert_string_equal(uri.symbol, "");
	assert_false(uri_parse("file:///", 8, &uri));
	assert_false(uri_parse("file:///?x", 10, &uri));
	assert_false(uri_parse("file:", 5, &uri));
	assert_false(uri_parse("calculator", 10, &uri));
	assert_false(uri_parse("", 0, &uri));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "file:///", 8);
	assert_false(uri_parse(longest, sizeof(longest), &uri));
	longest[20] = '?';
	assert_false(uri_parse(longest, sizeof(longest), &uri));
}

static const char *parse(const char *line, struct steer_command *cmd)
{
	return steer_parse(line, strlen(line), cmd);
}

static void test_steer_parse(void **state)
{
	static const char *const bad[] = {
		"", "  ", "nonsense", "hold sid=", "hold sid=x", "hold sid=1 sid=2",
		"hold ctx=1", "hold 3", "release", "release 1 2", "release x",
		"reply len=0", "reply len=257", "fail op=create", "fail status=1",
		"fail op=foo status=1", "notify sid=1", "send 00", "send sid=1",
		"send sid=1 0", "send sid=1 0g", "peek sid=1 addr=0 len=0",
		"peek sid=1 addr=0 len=16385", "crash", "crash pd", "crash pd=1 dsp",
		"attr 1", "hold handle=0x100000000", "reply status=0x100000000",
		"reply times=1001", "mapaddr",
	};
	struct steer_command cmd;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(parse(bad[i], &cmd));
	assert_non_null(steer_parse("maps\0sid=1", 10, &cmd));

	assert_null(parse("reply handle=0x101 method=3 n=0 ctx=ff xor=0x10 len=12 "
			  "status=-1 times=3\n", &cmd));
	assert_int_equal(cmd.verb, STEER_REPLY);
	assert_int_equal(cmd.value[STEER_KEY_HANDLE], 0x101);
	assert_int_equal(cmd.value[STEER_KEY_CTX], 0xff);
	assert_int_equal(cmd.value[STEER_KEY_XOR], 0x10);
	assert_int_equal((int32_t)cmd.value[STEER_KEY_STATUS], -1);
	assert_true(steer_has(&cmd, STEER_KEY_N));
	assert_false(steer_has(&cmd, STEER_KEY_SID));
	assert_null(parse("poke sid=1 addr=1000 00ff aB", &cmd));
	assert_int_equal(cmd.len, 3);
	assert_int_equal(cmd.data[2], 0xab);
	assert_int_equal(cmd.value[STEER_KEY_ADDR], 0x1000);
	assert_null(parse("crash dsp", &cmd));
	assert_null(parse("attr 6 0x75", &cmd));
	assert_int_equal(cmd.word[1], 0x75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_bank),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_decode_good),
		cmocka_unit_test(test_decode_bad),
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_steer_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
