// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aee.h"
#include "reverse.h"

#define SC(method, in, out)	((uint32_t)((method) << 24 | (in) << 16 | (out) << 8))

/* a request being put together */
static _Alignas(8) uint8_t buf[1 << 16];
static size_t len;
static struct reverse_frame frame;
static const char *why;

static void add_word(uint32_t word)
{
	memcpy(buf + len, &word, sizeof(word));
	len += sizeof(word);
}

static void add_in(const void *data, uint32_t size)
{
	add_word(size);
	if (!size)
		return;
	while (len % 8)
		buf[len++] = 0xee;
	memcpy(buf + len, data, size);
	len += size;
}

static int setup(void **state)
{
	(void)state;
	len = 0;
	why = NULL;
	memset(&frame, 0xa5, sizeof(frame));
	return 0;
}

/* of exactly its size, so that a sanitizer sees a byte too much */
static int32_t unpack_sized(uint32_t sc, size_t size)
{
	uint8_t *request = malloc(size ? size : 1);
	int32_t code;

	assert_non_null(request);
	memcpy(request, buf, size);
	code = reverse_unpack(&frame, 0x123, sc, request, size, &why);
	if (!code)
		reverse_frame_free(&frame);
	free(request);
	return code;
}

static void both_ways(void **state)
{
	static const uint8_t expected[] = {
		4, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c', 'd',	/* at 0, 8 */
		0, 0, 0, 0,					/* at 12: empty */
		3, 0, 0, 0, 0, 0, 0, 0, 'x', 'y', 'z',		/* at 16, 24 */
	};
	const struct qda_reverse_call *call = &frame.call;

	(void)state;
	add_in("one", 3);
	add_in(NULL, 0);
	add_in("twelve bytes", 12);
	add_word(4);
	add_word(0);
	add_word(3);
	assert_int_equal(reverse_unpack(&frame, 0x123, SC(31, 3, 3), buf, len, &why), 0);
	assert_int_equal(call->size, sizeof(*call));
	assert_int_equal(call->method, 31);
	assert_int_equal(call->handle, 0x123);
	assert_int_equal(call->num_in, 3);
	assert_int_equal(call->num_out, 3);
	assert_int_equal(call->in[0].size, 3);
	assert_memory_equal(call->in[0].data, "one", 3);
	assert_int_equal(call->in[1].size, 0);
	assert_null(call->in[1].data);
	assert_int_equal(call->in[2].size, 12);
	assert_memory_equal(call->in[2].data, "twelve bytes", 12);
	assert_int_equal((uintptr_t)call->in[2].data % 8, 0);
	assert_int_equal(call->out[0].size, 4);
	assert_int_equal((uintptr_t)call->out[0].data % 8, 0);
	assert_null(call->out[1].data);
	assert_int_equal(call->out[2].size, 3);
	assert_memory_equal(call->out[2].data, "\0\0\0", 3);
	memcpy(call->out[0].data, "abcd", 4);
	memcpy(call->out[2].data, "xyz", 3);
	assert_int_equal(frame.answer_size, sizeof(expected));
	assert_memory_equal(frame.answer, expected, sizeof(expected));
	reverse_frame_free(&frame);
	assert_null(frame.answer);
	assert_int_equal(frame.answer_size, 0);
}

static void nothing(void **state)
{
	(void)state;
	assert_int_equal(reverse_unpack(&frame, 1, SC(0, 0, 0), NULL, 0, &why), 0);
	assert_int_equal(frame.call.num_in, 0);
	assert_int_equal(frame.call.num_out, 0);
	assert_null(frame.answer);
	assert_int_equal(frame.answer_size, 0);
	reverse_frame_free(&frame);
	assert_int_equal(reverse_unpack(&frame, 1, SC(0, 1, 0), NULL, 0, &why),
			 AEE_EBADSIZE);
}

/* every byte less is refused, and more of them are nobody's */
static void cut_off(void **state)
{
	size_t size;

	(void)state;
	add_in("first", 5);
	add_in("second", 6);
	add_word(16);
	add_word(0);
	for (size = 0; size < len; size++) {
		assert_int_equal(unpack_sized(SC(1, 2, 2), size), AEE_EBADSIZE);
		assert_non_null(why);
		assert_null(frame.answer);
	}
	assert_int_equal(unpack_sized(SC(1, 2, 2), len), 0);
	assert_int_equal(unpack_sized(SC(1, 2, 2), len + 100), 0);
}

static void lengths(void **state)
{
	static const uint32_t wild[] = { 17, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	size_t i;

	(void)state;
	add_in("sixteen bytes ..", 16);
	assert_int_equal(unpack_sized(SC(0, 1, 0), len), 0);
	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		memcpy(buf, &wild[i], sizeof(wild[i]));
		assert_int_equal(unpack_sized(SC(0, 1, 0), len), AEE_EBADSIZE);
		assert_string_equal(why, "an input is longer than the request");
		assert_int_equal(unpack_sized(SC(0, 1, 0), 4), AEE_EBADSIZE);
	}
}

static void answers(void **state)
{
	static const uint32_t wild[] = { 0x80000000, 0xfffffff0, 0xffffffff };
	size_t i;

	(void)state;
	/* 8 bytes are its length and padding */
	add_word(REVERSE_MAX_SIZE - 8);
	assert_int_equal(unpack_sized(SC(0, 0, 1), len), 0);
	len = 0;
	add_word(REVERSE_MAX_SIZE - 7);
	assert_int_equal(unpack_sized(SC(0, 0, 1), len), AEE_EBADSIZE);
	assert_string_equal(why, "it asks for an answer that is too large");
	/* together, and where the sum would be small again */
	len = 0;
	for (i = 0; i < 255; i++)
		add_word(REVERSE_MAX_SIZE / 255);
	assert_int_equal(unpack_sized(SC(0, 0, 255), len), AEE_EBADSIZE);
	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		len = 0;
		add_word(8);
		add_word(wild[i]);
		add_word(16);
		assert_int_equal(unpack_sized(SC(0, 0, 3), len), AEE_EBADSIZE);
	}
}

static void scalars(void **state)
{
	static const uint32_t bad[] = { 1, 0x10, 0xff, 0x20000000, 0xe0000000, 0xffffffff };
	size_t i;

	(void)state;
	memset(buf, 0, sizeof(buf));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(unpack_sized(bad[i], sizeof(buf)), AEE_EBADPARM);
		assert_non_null(strstr(why, "handles"));
	}
	/* as many as there can be */
	assert_int_equal(reverse_unpack(&frame, 1, SC(30, 255, 255), buf, 510 * 4, &why), 0);
	assert_int_equal(frame.call.num_in + frame.call.num_out, REVERSE_MAX_ARGS);
	assert_ptr_equal(frame.call.out, frame.args + 255);
	assert_int_equal(frame.answer_size, 255 * 4);
	reverse_frame_free(&frame);
	assert_int_equal(unpack_sized(SC(30, 255, 255), 510 * 4 - 1), AEE_EBADSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_ways, setup),
		cmocka_unit_test_setup(nothing, setup),
		cmocka_unit_test_setup(cut_off, setup),
		cmocka_unit_test_setup(lengths, setup),
		cmocka_unit_test_setup(answers, setup),
		cmocka_unit_test_setup(scalars, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
