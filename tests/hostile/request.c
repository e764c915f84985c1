// SPDX-License-Identifier: MIT
/* The requests of a case, and what the client answered */
#include <stdlib.h>
#include <string.h>

#include "pd.h"
#include "script.h"
#include "shell.h"

struct request request;

static uint32_t last_ctx;

static void align(struct bytes *b)
{
	bytes_add(b, NULL, (8 - b->len % 8) % 8);
}

static void request_begin(void)
{
	bytes_free(&request.packed);
	bytes_free(&request.answer);
	request.open = true;
	request.ctx = ++last_ctx;
	request.handle = request.num_out = 0;
}

static void add_in(const struct bytes *b)
{
	uint32_t len = (uint32_t)b->len;

	bytes_add(&request.packed, &len, sizeof(len));
	if (!len)
		return;
	align(&request.packed);
	bytes_add(&request.packed, b->data, b->len);
}

static void request_end(uint32_t method, unsigned int num_in)
{
	bytes_add(&request.packed, request.out_len,
		  request.num_out * sizeof(request.out_len[0]));
	request.sc = method << 24 | num_in << 16 | request.num_out << 8;
	request.needed = (uint32_t)request.packed.len;
}

/* "in*3=w1" is three of them */
static unsigned int times(char *key)
{
	char *star = strchr(key, '*');

	if (!star)
		return 1;
	*star = '\0';
	return (unsigned int)number(star + 1);
}

/* words of a line: key=value, the last of a key counts */
void request_call(char *words)
{
	const char *sc = NULL, *needed = NULL, *bytes = NULL;
	unsigned int num_in = 0, n;
	uint32_t method = 0;
	uint64_t cut = 0;
	char *word, *value;

	request_begin();
	while ((word = script_word(&words))) {
		struct bytes b = { 0 };

		value = strchr(word, '=');
		if (!value)
			fail("\"%s\" has no value", word);
		*value++ = '\0';
		n = times(word);
		if (!strcmp(word, "in")) {
			block(value, &b);
			for (num_in += n; n; n--)
				add_in(&b);
			bytes_free(&b);
		} else if (!strcmp(word, "out")) {
			for (; n && request.num_out < MAX_OUT; n--)
				request.out_len[request.num_out++] =
					(uint32_t)number(value);
		} else if (!strcmp(word, "handle")) {
			request.handle = (uint32_t)number(value);
		} else if (!strcmp(word, "method")) {
			method = (uint32_t)number(value);
		} else if (!strcmp(word, "ctx")) {
			request.ctx = (uint32_t)number(value);
		} else if (!strcmp(word, "cut")) {
			cut = number(value);
		} else if (!strcmp(word, "sc")) {
			sc = value;
		} else if (!strcmp(word, "needed")) {
			needed = value;
		} else if (!strcmp(word, "bytes")) {
			bytes = value;
		} else {
			fail("\"%s\" is not known", word);
		}
	}
	request_end(method, num_in);
	if (bytes) {
		bytes_free(&request.packed);
		block(bytes, &request.packed);
	}
	request.packed.len -= cut < request.packed.len ? cut : request.packed.len;
	if (bytes || cut)
		request.needed = (uint32_t)request.packed.len;
	if (sc)
		request.sc = (uint32_t)number(sc);
	if (needed)
		request.needed = (uint32_t)number(needed);
}

void request_open(const char *name)
{
	uint32_t in[2] = { (uint32_t)strlen(name) + 1, 64 };
	const struct bytes prim = { (uint8_t *)in, sizeof(in) };
	const struct bytes text = { (uint8_t *)(uintptr_t)name, in[0] };

	request_begin();
	add_in(&prim);
	add_in(&text);
	request.out_len[0] = 8;
	request.out_len[1] = 64;
	request.num_out = 2;
	request_end(0, 2);
}

/* What a DSP insists on: the outputs have the sizes that it asked for */
void request_answer(uint32_t ctx, int32_t result, const uint8_t *data, size_t size)
{
	size_t at = 0;
	unsigned int i;
	uint32_t len;

	if (!request.open) {
		if (ctx || result != -1)
			fail("answered %u with %#x, which was not asked", ctx,
			     (uint32_t)result);
		return;
	}
	request.open = false;
	if (ctx != request.ctx)
		fail("answered %u, asked was %u", ctx, request.ctx);
	request.result = result;
	bytes_add(&request.answer, data, size);
	if (result && size)
		fail("error %#x with %zu bytes", (uint32_t)result, size);
	for (i = 0; !result && i < request.num_out; i++) {
		if (size - at < sizeof(len))
			fail("the answer ends before output %u", i);
		memcpy(&len, request.answer.data + at, sizeof(len));
		at += sizeof(len);
		if (len)
			at = (at + 7) & ~(size_t)7;
		if (len != request.out_len[i] || at > size || len > size - at)
			fail("output %u has %u bytes, asked were %u", i, len,
			     request.out_len[i]);
		request.out[i] = request.answer.data + at;
		at += len;
	}
	if (!result && at != size)
		fail("the answer has %zu bytes, %zu were asked for", size, at);
}

static const uint8_t *output(unsigned int i, uint64_t at, size_t len)
{
	if (request.result)
		fail("no outputs, it answered %#x", (uint32_t)request.result);
	if (i >= request.num_out || at + len > request.out_len[i])
		fail("output %u has no %zu bytes at %llu", i, len, (unsigned long long)at);
	return request.out[i] + at;
}

void request_expect(const char *code)
{
	if (request.result != (int32_t)number(code))
		fail("answered %#x instead of %s", (uint32_t)request.result, code);
}

void request_compare(const char *index, const char *expected)
{
	struct bytes b = { 0 };

	block(expected, &b);
	if (memcmp(output((unsigned int)number(index), 0, b.len), b.data, b.len))
		fail("output %s is not %s", index, expected);
	bytes_free(&b);
}

void request_save(const char *name, const char *index, const char *at)
{
	uint32_t value;

	memcpy(&value, output((unsigned int)number(index), number(at), sizeof(value)),
	       sizeof(value));
	script_set(name, value);
}
