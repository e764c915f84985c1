// SPDX-License-Identifier: MIT
/* Literal bytes: what the public interface compiler puts on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "objects.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SCRATCH_HANDLE 0x51u
#define SCRATCH_OFFSET 0x2000u

/* only its address matters */
static struct qda_session *const session = (struct qda_session *)(uintptr_t)0x1000;

static struct qda_buffer make_buffer(uint32_t handle, uint64_t size)
{
	struct qda_buffer buffer;

	memset(&buffer, 0, sizeof(buffer));
	buffer.session = session;
	buffer.handle = handle;
	buffer.size = size;
	return buffer;
}

/* a plan, its arguments and its input bytes */
struct packed {
	struct marshal_plan plan;
	struct kapi_arg kargs[540];
	uint8_t *scratch;
};

static int pack(struct packed *p, uint32_t method, const struct qda_arg *args, size_t n)
{
	int err = marshal_plan(&p->plan, session, method, args, n);

	p->scratch = NULL;
	if (err)
		return err;
	/* exactly as much as was asked for, and dirty, so that ASan sees all */
	p->scratch = malloc(p->plan.scratch ? p->plan.scratch : 1);
	assert_non_null(p->scratch);
	memset(p->scratch, 0xee, p->plan.scratch);
	memset(p->kargs, 0xee, sizeof(p->kargs));
	marshal_args(&p->plan, args, n, SCRATCH_HANDLE, SCRATCH_OFFSET, p->kargs);
	marshal_in(&p->plan, args, n, p->scratch);
	return 0;
}

static void unpack(struct packed *p, const struct qda_arg *args, size_t n)
{
	marshal_out(&p->plan, args, n, p->scratch);
}

static void expect_slice(const struct packed *p, unsigned int i, uint64_t offset,
			 uint64_t length)
{
	const struct kapi_arg *arg = &p->kargs[i];

	assert_int_equal(arg->length, length);
	assert_int_equal(arg->handle, SCRATCH_HANDLE);
	assert_int_equal(arg->offset, SCRATCH_OFFSET + offset);
	assert_int_equal(arg->address, 0);
	assert_int_equal(arg->flags, 0);
	assert_int_equal(arg->dsp_id, 0);
	assert_int_equal(arg->pad, 0);
}

static void expect_absent(const struct packed *p, unsigned int i)
{
	static const struct kapi_arg zero;

	assert_memory_equal(&p->kargs[i], &zero, sizeof(zero));
}

static void calculator_sum(void **state)
{
	int32_t numbers[1000];
	int64_t sum = -1;
	const struct qda_arg args[] = {
		QDA_IN_SEQ(numbers, 1000), QDA_OUT(&sum),
	};
	static const uint8_t prim_in[] = { 0xe8, 0x03, 0, 0 };
	static const uint8_t result[] = { 0x2c, 0x9f, 0x07, 0, 0, 0, 0, 0 };
	struct packed p;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		numbers[i] = i;
	assert_int_equal(pack(&p, 2, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x02020100);
	assert_int_equal(p.plan.num_args, 3);
	expect_slice(&p, 0, 0, 4);
	expect_slice(&p, 1, 128, 4000);
	expect_slice(&p, 2, 128 + 4096, 8);
	assert_int_equal(p.plan.scratch, 128 + 4096 + 128);
	assert_memory_equal(p.scratch, prim_in, 4);
	assert_memory_equal(p.scratch + 128, numbers, 4000);
	/* an output the method does not touch is not old data */
	for (i = 0; i < 8; i++)
		assert_int_equal(p.scratch[128 + 4096 + i], 0);
	assert_int_equal(sum, -1);

	memcpy(p.scratch + 128 + 4096, result, 8);
	unpack(&p, args, N(args));
	assert_int_equal(sum, 499500);
	free(p.scratch);
}

static void remotectl_open(void **state)
{
	static const char uri[] = "file:///libcalculator_skel.so?calculator_skel_handle_invoke"
				  "&_modver=1.0&_idlver=1.2.3&_dom=cdsp";
	static const uint8_t prim_in[] = { 96, 0, 0, 0, 255, 0, 0, 0 };
	static const uint8_t prim_out[] = { 0x78, 0x56, 0x34, 0x12, 0xfb, 0xff, 0xff, 0xff };
	uint32_t handle = 0;
	int32_t error = 0;
	char text[255];
	const struct qda_arg args[] = {
		QDA_IN_STR(uri), QDA_OUT(&handle), QDA_OUT_SEQ(text, 255),
		QDA_OUT(&error),
	};
	struct packed p;

	(void)state;
	assert_int_equal(sizeof(uri), 96);
	assert_int_equal(pack(&p, 2, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x02020200);
	expect_slice(&p, 0, 0, 8);
	expect_slice(&p, 1, 128, 96);
	expect_slice(&p, 2, 256, 8);
	expect_slice(&p, 3, 384, 255);
	assert_memory_equal(p.scratch, prim_in, 8);
	assert_string_equal((char *)p.scratch + 128, uri);
	memcpy(p.scratch + 256, prim_out, 8);
	memset(p.scratch + 384, 'x', 255);
	unpack(&p, args, N(args));
	assert_int_equal(handle, 0x12345678);
	assert_int_equal(error, -5);
	assert_int_equal(text[254], 'x');
	free(p.scratch);
}

static void no_arguments(void **state)
{
	struct packed p;

	(void)state;
	assert_int_equal(pack(&p, 2, NULL, 0), 0);
	assert_int_equal(p.plan.scalars, 0x02000000);
	assert_int_equal(p.plan.num_args, 0);
	assert_int_equal(p.plan.scratch, 0);
	free(p.scratch);
}

static void long_methods(void **state)
{
	static const struct {
		uint32_t method, scalars;
		uint8_t word[4];
	} cases[] = {
		{ 31, 0x1f010000, { 31, 0, 0, 0 } },
		{ 32, 0x1f010000, { 32, 0, 0, 0 } },
		{ 0x12345678, 0x1f010000, { 0x78, 0x56, 0x34, 0x12 } },
		{ UINT32_MAX, 0x1f010000, { 0xff, 0xff, 0xff, 0xff } },
	};
	static const uint8_t with_value[] = { 40, 0, 0, 0, 0, 0, 0, 0,
					      8, 7, 6, 5, 4, 3, 2, 1 };
	uint64_t value = 0x0102030405060708;
	const struct qda_arg args[] = { QDA_IN(&value) };
	struct packed p;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(pack(&p, cases[i].method, NULL, 0), 0);
		assert_int_equal(p.plan.scalars, cases[i].scalars);
		assert_int_equal(p.plan.num_args, 1);
		expect_slice(&p, 0, 0, 4);
		assert_memory_equal(p.scratch, cases[i].word, 4);
		free(p.scratch);
	}
	assert_int_equal(pack(&p, 30, NULL, 0), 0);
	assert_int_equal(p.plan.scalars, 0x1e000000);
	free(p.scratch);
	assert_int_equal(pack(&p, 40, args, 1), 0);
	expect_slice(&p, 0, 0, 16);
	assert_memory_equal(p.scratch, with_value, 16);
	free(p.scratch);
}

/* a block is padded to its largest member, as an array of that member is */
static void alignment(void **state)
{
	struct point {
		uint16_t x;
		uint32_t y;
	} point = { 0x1122, 0x33445566 };
	uint8_t a = 0xaa, d = 0xdd, out8 = 0;
	uint64_t b = 0x1122334455667788, out64 = 0;
	uint16_t c = 0xcccc;
	float f = 1.0f;
	const struct qda_arg args[] = {
		QDA_IN(&a), QDA_IN(&b), QDA_IN(&c), QDA_IN(&point), QDA_IN(&f),
		QDA_IN(&d), QDA_OUT(&out64), QDA_OUT(&out8),
	};
	static const uint8_t expected[] = {
		0xaa, 0, 0, 0, 0, 0, 0, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0xcc, 0xcc, 0, 0,
		0x22, 0x11, 0, 0, 0x66, 0x55, 0x44, 0x33,
		0, 0, 0x80, 0x3f,
		0xdd, 0, 0, 0, 0, 0, 0, 0,
	};
	struct packed p;

	(void)state;
	memset((uint8_t *)&point + 2, 0, 2);
	assert_int_equal(pack(&p, 5, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x05010100);
	expect_slice(&p, 0, 0, sizeof(expected));
	expect_slice(&p, 1, 128, 16);
	assert_memory_equal(p.scratch, expected, sizeof(expected));
	memset(p.scratch + 128, 0x5a, 8);
	p.scratch[128 + 8] = 0x77;
	unpack(&p, args, N(args));
	assert_int_equal(out64, 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(out8, 0x77);
	free(p.scratch);
}

static void small_blocks(void **state)
{
	uint8_t a = 1, b = 2, c = 3;
	const struct qda_arg bytes[] = { QDA_IN(&a), QDA_IN(&b), QDA_IN(&c) };
	uint16_t s = 0x0605;
	const struct qda_arg shorts[] = { QDA_IN(&a), QDA_IN(&s), QDA_IN(&b) };
	struct packed p;

	(void)state;
	assert_int_equal(pack(&p, 2, bytes, 3), 0);
	expect_slice(&p, 0, 0, 3);
	assert_memory_equal(p.scratch, ((uint8_t[]){ 1, 2, 3 }), 3);
	free(p.scratch);
	assert_int_equal(pack(&p, 2, shorts, 3), 0);
	expect_slice(&p, 0, 0, 6);
	assert_memory_equal(p.scratch, ((uint8_t[]){ 1, 0, 5, 6, 2, 0 }), 6);
	free(p.scratch);
}

/* lengths and capacities stand among the scalars in declaration order */
static void declaration_order(void **state)
{
	uint32_t before = 0x11111111, after = 0x22222222, inout = 0x33333333;
	uint8_t in[5] = "abcde", out[7], both[3] = "xyz";
	uint8_t raw[9] = "raw bytes";
	int64_t result = 0;
	const struct qda_arg args[] = {
		QDA_IN(&before),
		QDA_OUT_SEQ(out, 7),
		QDA_IN_SEQ(in, 5),
		QDA_OUT(&result),
		QDA_ARG_INIT_IN_RAW(raw, 9),
		QDA_INOUT(&inout),
		QDA_INOUT_SEQ(both, 3),
		QDA_IN(&after),
	};
	static const uint8_t prim_in[] = {
		0x11, 0x11, 0x11, 0x11,
		7, 0, 0, 0,
		5, 0, 0, 0,
		0x33, 0x33, 0x33, 0x33,
		3, 0, 0, 0,
		0x22, 0x22, 0x22, 0x22,
	};
	struct packed p;
	uint8_t *o;

	(void)state;
	assert_int_equal(pack(&p, 3, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x03040300);
	expect_slice(&p, 0, 0, sizeof(prim_in));
	expect_slice(&p, 1, 128, 5);
	expect_slice(&p, 2, 256, 9);
	expect_slice(&p, 3, 384, 3);
	expect_slice(&p, 4, 512, 16);	/* i64, u32, padding */
	expect_slice(&p, 5, 640, 7);
	expect_slice(&p, 6, 768, 3);
	assert_int_equal(p.plan.scratch, 896);
	assert_memory_equal(p.scratch, prim_in, sizeof(prim_in));
	assert_memory_equal(p.scratch + 128, "abcde", 5);
	assert_memory_equal(p.scratch + 256, "raw bytes", 9);
	assert_memory_equal(p.scratch + 384, "xyz", 3);

	o = p.scratch + 512;
	memset(o, 0, 16);
	o[0] = 9;
	o[8] = 8;
	memcpy(p.scratch + 640, "seventh", 7);
	memcpy(p.scratch + 768, "XYZ", 3);
	unpack(&p, args, N(args));
	assert_int_equal(result, 9);
	assert_int_equal(inout, 8);
	assert_memory_equal(out, "seventh", 7);
	assert_memory_equal(both, "XYZ", 3);
	assert_memory_equal(in, "abcde", 5);
	free(p.scratch);
}

static void empty_sequences(void **state)
{
	uint8_t byte = 1;
	const struct qda_arg args[] = {
		QDA_ARG_INIT_IN_SEQ(NULL, 4, 0),
		QDA_ARG_INIT_IN_SEQ(&byte, 1, 1),
		QDA_ARG_INIT_OUT_SEQ(NULL, 8, 0),
		QDA_ARG_INIT_INOUT_SEQ(NULL, 1, 0),
		QDA_ARG_INIT_OUT_RAW(NULL, 0),
	};
	static const uint8_t prim_in[] = { 0, 0, 0, 0, 1, 0, 0, 0,
					   0, 0, 0, 0, 0, 0, 0, 0 };
	struct packed p;

	(void)state;
	assert_int_equal(pack(&p, 2, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x02040300);
	expect_slice(&p, 0, 0, 16);
	expect_absent(&p, 1);
	expect_slice(&p, 2, 128, 1);
	expect_absent(&p, 3);
	expect_absent(&p, 4);
	expect_absent(&p, 5);
	expect_absent(&p, 6);
	assert_memory_equal(p.scratch, prim_in, 16);
	unpack(&p, args, N(args));
	free(p.scratch);
}

static void buffers_and_handles(void **state)
{
	struct qda_buffer image = make_buffer(7, 8192);
	struct qda_buffer table = make_buffer(9, 4096);
	uint32_t width = 64;
	const struct qda_arg args[] = {
		QDA_HANDLE(&table, 16, 32, 77),
		QDA_IN_BUF(&image, 1, 4095),
		QDA_IN(&width),
		QDA_ARG_INIT_OUT_BUF(&image, 4096, 4, 1024),
		QDA_ARG_INIT_IN_BUF(&image, 8192, 2, 0),
	};
	static const uint8_t prim_in[] = {
		0xff, 0x0f, 0, 0, 64, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0,
	};
	struct packed p;

	(void)state;
	assert_int_equal(pack(&p, 4, args, N(args)), 0);
	assert_int_equal(p.plan.scalars, 0x04030110);
	assert_int_equal(p.plan.scratch, 128);
	expect_slice(&p, 0, 0, 16);
	assert_memory_equal(p.scratch, prim_in, 16);
	assert_int_equal(p.kargs[1].handle, 7);
	assert_int_equal(p.kargs[1].offset, 1);
	assert_int_equal(p.kargs[1].length, 4095);
	assert_int_equal(p.kargs[1].flags, 0);
	expect_absent(&p, 2);
	assert_int_equal(p.kargs[3].handle, 7);
	assert_int_equal(p.kargs[3].offset, 4096);
	assert_int_equal(p.kargs[3].length, 4096);
	assert_int_equal(p.kargs[4].handle, 9);
	assert_int_equal(p.kargs[4].offset, 16);
	assert_int_equal(p.kargs[4].length, 32);
	assert_int_equal(p.kargs[4].flags, KAPI_ARG_DSP_ID);
	assert_int_equal(p.kargs[4].dsp_id, 77);
	assert_int_equal(p.kargs[4].address, 0);
	unpack(&p, args, N(args));
	free(p.scratch);
}

/* each case is a good argument with one field changed */
static void bad_arguments(void **state)
{
	struct qda_buffer buffer = make_buffer(7, 8192);
	struct qda_buffer foreign = make_buffer(7, 8192);
	uint32_t word = 1;
	uint64_t words[4] = { 0 };
	const struct qda_arg value = QDA_IN(&word);
	const struct qda_arg seq = QDA_IN_SEQ(words, 4);
	const struct qda_arg inout = QDA_INOUT_SEQ(words, 4);
	const struct qda_arg raw = QDA_ARG_INIT_IN_RAW(words, 8);
	const struct qda_arg buf = QDA_OUT_BUF(&buffer, 4096, 4096);
	const struct qda_arg handle = QDA_HANDLE(&buffer, 0, 4096, 1);
	struct marshal_plan plan;
	struct qda_arg a;

	(void)state;
	foreign.session = (struct qda_session *)(uintptr_t)0x2000;
#define CHECK(good, field, bad, error) do { \
		a = (good); \
		assert_int_equal(marshal_plan(&plan, session, 2, &a, 1), 0); \
		a.field = (bad); \
		assert_int_equal(marshal_plan(&plan, session, 2, &a, 1), error); \
	} while (0)
	CHECK(value, kind, 0, -EINVAL);
	CHECK(value, kind, 10, -EINVAL);
	CHECK(value, data, NULL, -EINVAL);
	CHECK(value, width, 0, -EINVAL);
	CHECK(value, width, 6, -EINVAL);
	CHECK(value, align, 3, -EINVAL);
	CHECK(value, align, 8, -EINVAL);
	CHECK(value, align, 256, -EINVAL);
	CHECK(value, dsp_id, 1, -EINVAL);
	CHECK(value, buffer, &buffer, -EINVAL);
	CHECK(value, offset, 1, -EINVAL);
	CHECK(value, count, 1, -EINVAL);
	CHECK(seq, data, NULL, -EINVAL);
	CHECK(seq, buffer, &buffer, -EINVAL);
	CHECK(seq, width, 0, -EINVAL);
	CHECK(seq, align, 8, -EINVAL);
	CHECK(seq, dsp_id, 1, -EINVAL);
	CHECK(seq, offset, 1, -EINVAL);
	CHECK(seq, count, 1ULL << 32, -E2BIG);
	CHECK(inout, kind, 0xffffffff, -EINVAL);
	CHECK(inout, data, NULL, -EINVAL);
	CHECK(raw, width, 2, -EINVAL);
	CHECK(raw, count, UINT64_MAX, -E2BIG);
	CHECK(buf, buffer, &foreign, -EINVAL);
	CHECK(buf, data, words, -EINVAL);
	CHECK(buf, kind, QDA_ARG_INOUT_SEQ, -EINVAL);
	CHECK(buf, offset, 4097, -EINVAL);
	CHECK(buf, offset, UINT64_MAX, -EINVAL);
	CHECK(buf, count, 4097, -EINVAL);
	CHECK(buf, width, 2, -EINVAL);
	CHECK(buf, width, 0xffffffff, -E2BIG);
	CHECK(handle, buffer, NULL, -EINVAL);
	CHECK(handle, buffer, &foreign, -EINVAL);
	CHECK(handle, data, words, -EINVAL);
	CHECK(handle, dsp_id, 0, -EINVAL);
	CHECK(handle, dsp_id, -1, -EINVAL);
	CHECK(handle, count, 0, -EINVAL);
	CHECK(handle, count, 8193, -EINVAL);
	CHECK(handle, width, 4, -EINVAL);
	CHECK(handle, align, 1, -EINVAL);
	CHECK(handle, offset, 1ULL << 32, -E2BIG);
	CHECK(handle, count, 1ULL << 32, -E2BIG);
#undef CHECK
	assert_int_equal(marshal_plan(&plan, session, 2, NULL, 1), -EINVAL);
}

static void overflow(void **state)
{
	uint8_t byte;
	const struct qda_arg huge =
		QDA_ARG_INIT_IN_SEQ(&byte, UINT32_MAX, UINT32_MAX);
	struct qda_arg args[300];
	struct marshal_plan plan;
	size_t i;

	(void)state;
	assert_int_equal(marshal_plan(&plan, session, 2, &huge, 1), -E2BIG);

	/* each fits, all together do not */
	for (i = 0; i < 250; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_IN_RAW(&byte, 1ULL << 40);
	assert_int_equal(marshal_plan(&plan, session, 2, args, 1), 0);
	assert_int_equal(marshal_plan(&plan, session, 2, args, 250), -E2BIG);
	assert_int_equal(plan.refused, 1);

	for (i = 0; i < 300; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_IN(&byte, 1U << 31, 1);
	assert_int_equal(marshal_plan(&plan, session, 2, args, 1), 0);
	assert_int_equal(marshal_plan(&plan, session, 2, args, 2), -E2BIG);
}

static void limits(void **state)
{
	struct qda_buffer buffer = make_buffer(7, 8192);
	struct qda_arg args[600];
	struct packed p;
	uint8_t byte = 5;
	size_t i;

	(void)state;
	/* 255 in: 254 sequences and the block of their lengths */
	for (i = 0; i < 255; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_IN_SEQ(&byte, 1, 1);
	assert_int_equal(pack(&p, 2, args, 254), 0);
	assert_int_equal(p.plan.scalars, 0x02ff0000);
	assert_int_equal(p.plan.num_args, 255);
	expect_slice(&p, 0, 0, 254 * 4);
	expect_slice(&p, 254, 1024 + 253 * 128, 1);
	free(p.scratch);
	assert_int_equal(pack(&p, 2, args, 255), -E2BIG);

	for (i = 0; i < 256; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_IN_RAW(&byte, 1);
	assert_int_equal(pack(&p, 2, args, 255), 0);
	free(p.scratch);
	assert_int_equal(pack(&p, 2, args, 256), -E2BIG);
	assert_int_equal(pack(&p, 31, args, 255), -E2BIG);

	for (i = 0; i < 256; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_OUT_RAW(&byte, 1);
	assert_int_equal(pack(&p, 2, args, 255), 0);
	assert_int_equal(p.plan.scalars, 0x0200ff00);
	free(p.scratch);
	assert_int_equal(pack(&p, 2, args, 256), -E2BIG);
	args[255] = (struct qda_arg)QDA_ARG_INIT_OUT(&byte, 1, 1);
	assert_int_equal(pack(&p, 2, args, 256), -E2BIG);

	for (i = 0; i < 16; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_HANDLE(&buffer, 0, 1, 1);
	assert_int_equal(pack(&p, 2, args, 15), 0);
	assert_int_equal(p.plan.scalars, 0x020000f0);
	free(p.scratch);
	assert_int_equal(pack(&p, 2, args, 16), -E2BIG);

	/* any number of scalars */
	for (i = 0; i < 600; i++)
		args[i] = (struct qda_arg)QDA_ARG_INIT_IN(&byte, 1, 1);
	assert_int_equal(pack(&p, 2, args, 600), 0);
	assert_int_equal(p.plan.scalars, 0x02010000);
	expect_slice(&p, 0, 0, 600);
	free(p.scratch);
}

/* the three passes agree on places for any mixture */
static void mixtures(void **state)
{
	unsigned int seed = 1, round;

	(void)state;
	for (round = 0; round < 2000; round++) {
		static uint8_t in[40][64], out[40][64], want[40][64];
		struct qda_arg args[40];
		uint64_t end = 0;
		size_t n, i, j, size;
		struct packed p;

		n = (size_t)(rand_r(&seed) % 40);
		for (i = 0; i < n; i++) {
			static const uint32_t widths[] = { 1, 2, 4, 8, 16 };
			uint32_t width = widths[rand_r(&seed) % 5];
			uint32_t kind = (uint32_t)(rand_r(&seed) % 8) + 1;
			uint64_t count = (uint64_t)(rand_r(&seed) % 4);

			memset(&args[i], 0, sizeof(args[i]));
			args[i].kind = kind;
			args[i].width = kind >= QDA_ARG_IN_RAW ? 1 : width;
			args[i].count = kind >= QDA_ARG_IN_SEQ ? count : 0;
			args[i].data = out[i];
			for (j = 0; j < 64; j++)
				out[i][j] = in[i][j] = (uint8_t)rand_r(&seed);
		}
		assert_int_equal(pack(&p, 2, args, n), 0);
		for (i = 0; i < p.plan.num_args; i++) {
			if (!p.kargs[i].length)
				continue;
			/* slices in order, aligned, disjoint */
			assert_int_equal(p.kargs[i].offset % 128, 0);
			assert_true(p.kargs[i].offset >= SCRATCH_OFFSET + end);
			end = p.kargs[i].offset + p.kargs[i].length - SCRATCH_OFFSET;
		}
		assert_true(end <= p.plan.scratch);
		/* a method that complements every output byte of what it was sent */
		memcpy(want, in, sizeof(want));
		for (i = 0; i < n; i++) {
			if (args[i].kind != QDA_ARG_INOUT_SEQ)
				continue;
			size = args[i].width * args[i].count;
			for (j = 0; j < size; j++)
				want[i][j] = 0xcc;
		}
		for (i = 0; i < n; i++) {
			size = args[i].kind >= QDA_ARG_IN_SEQ ?
				       args[i].width * args[i].count :
				       args[i].width;
			if (args[i].kind != QDA_ARG_IN && args[i].kind != QDA_ARG_IN_SEQ &&
			    args[i].kind != QDA_ARG_IN_RAW)
				memset(want[i], 0xcc, size);
		}
		memset(p.scratch + p.plan.out_base, 0xcc,
		       p.plan.scratch - p.plan.out_base);
		unpack(&p, args, n);
		assert_memory_equal(out, want, n * 64);
		free(p.scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calculator_sum),
		cmocka_unit_test(remotectl_open),
		cmocka_unit_test(no_arguments),
		cmocka_unit_test(long_methods),
		cmocka_unit_test(alignment),
		cmocka_unit_test(small_blocks),
		cmocka_unit_test(declaration_order),
		cmocka_unit_test(empty_sequences),
		cmocka_unit_test(buffers_and_handles),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(overflow),
		cmocka_unit_test(limits),
		cmocka_unit_test(mixtures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
