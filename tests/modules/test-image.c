// SPDX-License-Identifier: MIT
#include "skel-call.h"

#include <math.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>

#include "image.h"
#include "image-reference.h"

#define SOBEL	0x02020100
#define BLUR	0x03020100
#define RESIZE	0x04020100
#define GRAY	0x05020100

#define GUARD	64
#define FILL	0xa5

/* a picture with bytes around it and between its rows that must not change */
static struct picture picture_new(int width, int height, int channels, size_t extra)
{
	struct picture p = {
		.stride = (size_t)(width * channels) + extra,
		.width = width,
		.height = height,
		.channels = channels,
	};

	p.data = malloc(picture_bytes(&p) + 2 * GUARD);
	assert_non_null(p.data);
	memset(p.data, FILL, picture_bytes(&p) + 2 * GUARD);
	p.data += GUARD;
	return p;
}

static void picture_free(struct picture *p)
{
	free(p->data - GUARD);
}

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

/* noise, with flat areas and extremes so that every limit is met */
static void picture_fill(struct picture *p)
{
	uint8_t value = 0;
	size_t x;
	int y;

	for (y = 0; y < p->height; y++) {
		uint32_t kind = next_random() % 4;

		for (x = 0; x < (size_t)(p->width * p->channels); x++) {
			if (kind == 0)
				value = (uint8_t)next_random();
			else if (next_random() % 7 == 0)
				value = kind == 1 ? 255 : kind == 2 ? 0 :
					(uint8_t)next_random();
			p->data[(size_t)y * p->stride + x] = value;
		}
	}
}

static void picture_check(const struct picture *got, const struct picture *want,
			  const char *what)
{
	const size_t row = (size_t)(got->width * got->channels);
	size_t i, size = picture_bytes(got);

	for (i = 0; i < GUARD; i++) {
		assert_int_equal(got->data[-1 - (ptrdiff_t)i], FILL);
		assert_int_equal(got->data[size + i], FILL);
	}
	for (i = 0; i < size; i++) {
		uint8_t expect = i % got->stride < row ? want->data[i] : FILL;

		if (got->data[i] != expect)
			fail_msg("%s %dx%dx%d: byte %zu of row %zu is %d, not %d", what,
				 got->width, got->height, got->channels,
				 i % got->stride, i / got->stride, got->data[i],
				 expect);
	}
}

static int call_sobel(const struct picture *src, struct picture *dst)
{
	uint32_t in[] = { (uint32_t)picture_bytes(src), (uint32_t)src->stride,
			  (uint32_t)picture_bytes(dst), (uint32_t)dst->stride,
			  (uint32_t)src->width, (uint32_t)src->height };
	remote_arg pra[3] = { BUF(in, sizeof(in)), BUF(src->data, in[0]),
			      BUF(dst->data, in[2]) };

	return image_skel_handle_invoke(0, SOBEL, pra);
}

static int call_blur(const struct picture *src, struct picture *dst, float sigma)
{
	uint32_t in[8] = { (uint32_t)picture_bytes(src), (uint32_t)src->stride,
			   (uint32_t)picture_bytes(dst), (uint32_t)dst->stride,
			   (uint32_t)src->width, (uint32_t)src->height,
			   (uint32_t)src->channels };
	remote_arg pra[3] = { BUF(in, sizeof(in)), BUF(src->data, in[0]),
			      BUF(dst->data, in[2]) };

	memcpy(&in[7], &sigma, 4);
	return image_skel_handle_invoke(0, BLUR, pra);
}

static int call_resize(const struct picture *src, struct picture *dst)
{
	uint32_t in[] = { (uint32_t)picture_bytes(src), (uint32_t)src->stride,
			  (uint32_t)src->width, (uint32_t)src->height,
			  (uint32_t)picture_bytes(dst), (uint32_t)dst->stride,
			  (uint32_t)dst->width, (uint32_t)dst->height,
			  (uint32_t)src->channels };
	remote_arg pra[3] = { BUF(in, sizeof(in)), BUF(src->data, in[0]),
			      BUF(dst->data, in[4]) };

	return image_skel_handle_invoke(0, RESIZE, pra);
}

static int call_gray(const struct picture *src, struct picture *dst)
{
	uint32_t in[] = { (uint32_t)picture_bytes(src), (uint32_t)src->stride,
			  (uint32_t)picture_bytes(dst), (uint32_t)dst->stride,
			  (uint32_t)src->width, (uint32_t)src->height,
			  (uint32_t)src->channels };
	remote_arg pra[3] = { BUF(in, sizeof(in)), BUF(src->data, in[0]),
			      BUF(dst->data, in[2]) };

	return image_skel_handle_invoke(0, GRAY, pra);
}

static const struct {
	int width, height;
	size_t extra;
} sizes[] = {
	{ 1, 1, 0 },  { 1, 1, 9 },   { 1, 37, 0 },  { 1, 37, 5 },  { 41, 1, 0 },
	{ 41, 1, 3 }, { 2, 2, 0 },   { 3, 3, 0 },   { 3, 3, 1 },   { 17, 31, 0 },
	{ 17, 31, 7 }, { 64, 5, 0 }, { 255, 3, 1 }, { 100, 80, 28 },
};

#define FOR_SIZES(i) for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)

static void test_sobel(void **state)
{
	size_t i;

	(void)state;
	FOR_SIZES(i) {
		int w = sizes[i].width, h = sizes[i].height;
		struct picture src = picture_new(w, h, 1, sizes[i].extra);
		struct picture got = picture_new(w, h, 1, sizes[i].extra * 2);
		struct picture want = picture_new(w, h, 1, sizes[i].extra * 2);

		picture_fill(&src);
		reference_sobel(&src, &want);
		assert_status(call_sobel(&src, &got), AEE_SUCCESS);
		picture_check(&got, &want, "sobel");
		picture_free(&src);
		picture_free(&got);
		picture_free(&want);
	}
}

static void test_blur(void **state)
{
	static const float sigmas[] = { 0.1f, 0.34f, 1.0f, 2.5f, 7.77f, 64.0f };
	size_t i, s;
	int c;

	(void)state;
	FOR_SIZES(i) {
		for (s = 0; s < sizeof(sigmas) / sizeof(sigmas[0]); s++) {
			for (c = 1; c <= 4; c++) {
				int w = sizes[i].width, h = sizes[i].height;
				struct picture src = picture_new(w, h, c, sizes[i].extra);
				struct picture got = picture_new(w, h, c, 0);
				struct picture want = picture_new(w, h, c, 0);

				picture_fill(&src);
				reference_blur(&src, &want, sigmas[s]);
				assert_status(call_blur(&src, &got, sigmas[s]), 0);
				picture_check(&got, &want, "blur");
				picture_free(&src);
				picture_free(&got);
				picture_free(&want);
			}
		}
	}
}

/* whatever sigma: a flat picture stays as it is, so the weights add up */
static void test_blur_sigmas(void **state)
{
	struct picture src = picture_new(5, 4, 1, 0);
	struct picture got = picture_new(5, 4, 1, 0);
	struct picture want = picture_new(5, 4, 1, 0);
	float sigma;
	int i;

	(void)state;
	memset(src.data, 255, 20);
	for (sigma = 0.1f; sigma <= 64.0f; sigma += 0.037f) {
		memset(got.data, 0, 20);
		assert_status(call_blur(&src, &got, sigma), AEE_SUCCESS);
		picture_check(&got, &src, "flat");
	}
	for (i = 0; i < 300; i++) {
		sigma = 0.1f + (float)(next_random() % 6390) / 100.0f;
		picture_fill(&src);
		reference_blur(&src, &want, sigma);
		assert_status(call_blur(&src, &got, sigma), AEE_SUCCESS);
		picture_check(&got, &want, "blur");
	}
	picture_free(&src);
	picture_free(&got);
	picture_free(&want);
}

static void test_resize(void **state)
{
	size_t i, j;
	int c;

	(void)state;
	FOR_SIZES(i) {
		FOR_SIZES(j) {
			for (c = 1; c <= 4; c++) {
				int w = sizes[j].width, h = sizes[j].height;
				struct picture src = picture_new(sizes[i].width,
								 sizes[i].height, c,
								 sizes[i].extra);
				struct picture got = picture_new(w, h, c, sizes[j].extra);
				struct picture want = picture_new(w, h, c,
								  sizes[j].extra);

				picture_fill(&src);
				reference_resize(&src, &want);
				assert_status(call_resize(&src, &got), AEE_SUCCESS);
				picture_check(&got, &want, "resize");
				if (i == j && !sizes[i].extra)
					assert_memory_equal(got.data, src.data,
							    picture_bytes(&src));
				picture_free(&src);
				picture_free(&got);
				picture_free(&want);
			}
		}
	}
}

static void test_gray(void **state)
{
	size_t i;
	int c;

	(void)state;
	FOR_SIZES(i) {
		for (c = 3; c <= 4; c++) {
			int w = sizes[i].width, h = sizes[i].height;
			struct picture src = picture_new(w, h, c, sizes[i].extra);
			struct picture got = picture_new(w, h, 1, sizes[i].extra);
			struct picture want = picture_new(w, h, 1, sizes[i].extra);

			picture_fill(&src);
			reference_gray(&src, &want);
			assert_status(call_gray(&src, &got), AEE_SUCCESS);
			picture_check(&got, &want, "gray");
			picture_free(&src);
			picture_free(&got);
			picture_free(&want);
		}
	}
}

static void test_full_hd(void **state)
{
	struct picture rgb = picture_new(1920, 1080, 3, 64);
	struct picture gray = picture_new(1920, 1080, 1, 0);
	struct picture got = picture_new(1920, 1080, 1, 0);
	struct picture blur = picture_new(1920, 1080, 3, 0);
	struct picture blur_want = picture_new(1920, 1080, 3, 0);
	struct picture small = picture_new(1279, 721, 3, 1);
	struct picture small_want = picture_new(1279, 721, 3, 1);

	(void)state;
	picture_fill(&rgb);
	reference_gray(&rgb, &gray);
	assert_status(call_gray(&rgb, &got), AEE_SUCCESS);
	picture_check(&got, &gray, "gray");

	memset(got.data, FILL, picture_bytes(&got));
	assert_status(call_sobel(&gray, &got), AEE_SUCCESS);
	{
		struct picture want = picture_new(1920, 1080, 1, 0);

		reference_sobel(&gray, &want);
		picture_check(&got, &want, "sobel");
		picture_free(&want);
	}

	reference_blur(&rgb, &blur_want, 1.5f);
	assert_status(call_blur(&rgb, &blur, 1.5f), AEE_SUCCESS);
	picture_check(&blur, &blur_want, "blur");

	reference_resize(&rgb, &small_want);
	assert_status(call_resize(&rgb, &small), AEE_SUCCESS);
	picture_check(&small, &small_want, "resize");

	picture_free(&rgb);
	picture_free(&gray);
	picture_free(&got);
	picture_free(&blur);
	picture_free(&blur_want);
	picture_free(&small);
	picture_free(&small_want);
}

/*
 * One bad field at a time: the same call passes unmodified, fails with one word
 * of its scalars changed, and then has written nothing.
 */
struct bad_case {
	const char *name;
	uint32_t sc;
	int word;		/* -1: an argument, see arg and len */
	uint32_t value;
	int arg;
	size_t len;
};

#define F32(name, sc, value)	{ name, sc, 7, value, 0, 0 }

static const struct bad_case bad_cases[] = {
	{ "source longer than its block", SOBEL, 0, 65, 0, 0 },
	{ "source too short", SOBEL, 0, 63, 0, 0 },
	{ "source empty", SOBEL, 0, 0, 0, 0 },
	{ "source length with the sign bit", SOBEL, 0, 0x80000040, 0, 0 },
	{ "source stride below width", SOBEL, 1, 7, 0, 0 },
	{ "source stride too large", SOBEL, 1, 9, 0, 0 },
	{ "source stride that overflows", SOBEL, 1, UINT32_MAX, 0, 0 },
	{ "source stride 0", SOBEL, 1, 0, 0, 0 },
	{ "destination longer than its block", SOBEL, 2, 65, 0, 0 },
	{ "destination too short", SOBEL, 2, 63, 0, 0 },
	{ "destination stride below width", SOBEL, 3, 7, 0, 0 },
	{ "destination stride too large", SOBEL, 3, 9, 0, 0 },
	{ "width 0", SOBEL, 4, 0, 0, 0 },
	{ "width beyond the stride", SOBEL, 4, 9, 0, 0 },
	{ "width that overflows", SOBEL, 4, UINT32_MAX, 0, 0 },
	{ "height 0", SOBEL, 5, 0, 0, 0 },
	{ "height beyond the block", SOBEL, 5, 9, 0, 0 },
	{ "height that overflows", SOBEL, 5, 0x20000001, 0, 0 },
	{ "scalars too short", SOBEL, -1, 0, 0, 23 },
	{ "source block too short", SOBEL, -1, 0, 1, 63 },
	{ "destination block too short", SOBEL, -1, 0, 2, 63 },
	{ "channels 0", BLUR, 6, 0, 0, 0 },
	{ "channels 2 in a row for 1", BLUR, 6, 2, 0, 0 },
	{ "channels 5", BLUR, 6, 5, 0, 0 },
	{ "channels that overflow", BLUR, 6, UINT32_MAX, 0, 0 },
	F32("sigma 0", BLUR, 0),
	F32("sigma -1", BLUR, 0xbf800000),
	F32("sigma NaN", BLUR, 0x7fc00000),
	F32("sigma infinite", BLUR, 0x7f800000),
	F32("sigma 65", BLUR, 0x42820000),
	F32("sigma denormal", BLUR, 1),
	{ "blur scalars too short", BLUR, -1, 0, 0, 31 },
	{ "blur height 0", BLUR, 5, 0, 0, 0 },
	{ "resize source width 0", RESIZE, 2, 0, 0, 0 },
	{ "resize source height 0", RESIZE, 3, 0, 0, 0 },
	{ "resize source height 9", RESIZE, 3, 9, 0, 0 },
	{ "resize width 0", RESIZE, 6, 0, 0, 0 },
	{ "resize width 9", RESIZE, 6, 9, 0, 0 },
	{ "resize height 0", RESIZE, 7, 0, 0, 0 },
	{ "resize height 9", RESIZE, 7, 9, 0, 0 },
	{ "resize channels 0", RESIZE, 8, 0, 0, 0 },
	{ "resize channels 5", RESIZE, 8, 5, 0, 0 },
	{ "resize scalars too short", RESIZE, -1, 0, 0, 35 },
	{ "gray of 1 channel", GRAY, 6, 1, 0, 0 },
	{ "gray of 2 channels", GRAY, 6, 2, 0, 0 },
	{ "gray of 4 channels in rows of 3", GRAY, 6, 4, 0, 0 },
	{ "gray of 5 channels", GRAY, 6, 5, 0, 0 },
	{ "gray width 9", GRAY, 4, 9, 0, 0 },
	{ "gray scalars too short", GRAY, -1, 0, 0, 27 },
};

static size_t good_scalars(uint32_t sc, uint32_t in[9])
{
	static const uint32_t sobel[] = { 64, 8, 64, 8, 8, 8 };
	/* 1.0f */
	static const uint32_t blur[] = { 64, 8, 64, 8, 8, 8, 1, 0x3f800000 };
	static const uint32_t resize[] = { 64, 8, 8, 8, 64, 8, 8, 8, 1 };
	static const uint32_t gray[] = { 192, 24, 64, 8, 8, 8, 3 };

	switch (sc) {
	case SOBEL:
		memcpy(in, sobel, sizeof(sobel));
		return sizeof(sobel);
	case BLUR:
		memcpy(in, blur, sizeof(blur));
		return sizeof(blur);
	case RESIZE:
		memcpy(in, resize, sizeof(resize));
		return sizeof(resize);
	default:
		memcpy(in, gray, sizeof(gray));
		return sizeof(gray);
	}
}

static void test_bad_parameters(void **state)
{
	uint8_t src[192] = { 1, 2, 3 }, dst[64], untouched[64];
	size_t i;

	(void)state;
	memset(untouched, FILL, sizeof(untouched));
	for (i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		const struct bad_case *bad = &bad_cases[i];
		uint32_t in[9];
		remote_arg pra[3] = { BUF(in, good_scalars(bad->sc, in)),
				      BUF(src, bad->sc == GRAY ? 192 : 64),
				      BUF(dst, 64) };

		assert_status(image_skel_handle_invoke(0, bad->sc, pra), AEE_SUCCESS);
		memset(dst, FILL, sizeof(dst));
		if (bad->word >= 0)
			in[bad->word] = bad->value;
		else
			pra[bad->arg].buf.nLen = bad->len;
		if (image_skel_handle_invoke(0, bad->sc, pra) != (int)AEE_EBADPARM)
			fail_msg("accepted: %s", bad->name);
		assert_memory_equal(dst, untouched, sizeof(dst));
	}
}

static void test_overlap(void **state)
{
	static const uint32_t methods[] = { SOBEL, BLUR, RESIZE, GRAY };
	uint8_t *memory = calloc(1, 1024);
	size_t i;

	(void)state;
	assert_non_null(memory);
	for (i = 0; i < 4; i++) {
		uint32_t in[9];
		size_t prim = good_scalars(methods[i], in);
		size_t n = methods[i] == GRAY ? 192 : 64;
		remote_arg pra[3] = { BUF(in, prim), BUF(memory + 256, n),
				      BUF(memory, 64) };
		size_t at;

		for (at = 256 - 80; at < 256 + n + 16; at++) {
			bool bad = at + 64 > 256 && at < 256 + n;

			pra[2].buf.pv = memory + at;
			assert_status(image_skel_handle_invoke(0, methods[i], pra),
				      bad ? AEE_EBADPARM : AEE_SUCCESS);
		}
	}
	free(memory);
}

static void test_null(void **state)
{
	static const uint32_t methods[] = { SOBEL, BLUR, RESIZE, GRAY };
	uint8_t src[192] = { 0 }, dst[64];
	size_t i;
	int arg;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (arg = 0; arg < 3; arg++) {
			uint32_t in[9];
			remote_arg pra[3] = { BUF(in, good_scalars(methods[i], in)),
					      BUF(src, sizeof(src)),
					      BUF(dst, sizeof(dst)) };

			pra[arg].buf.pv = NULL;
			assert_status(image_skel_handle_invoke(0, methods[i], pra),
				      AEE_EBADPARM);
		}
		assert_status(image_skel_handle_invoke(0, methods[i] ^ 0x00010000, NULL),
			      AEE_EBADPARM);
	}
	assert_status(image_skel_handle_invoke(0, 0x06020100, NULL), AEE_EUNSUPPORTED);
	/* the skel lets no such length through, and no one else shall */
	assert_status(image_sobel(0, src, -1, 8, dst, 64, 8, 8, 8), AEE_EBADPARM);
	assert_status(image_sobel(0, src, 64, 8, dst, -1, 8, 8, 8), AEE_EBADPARM);
}

/* sides above the limit are refused even where the memory would be there */
static void test_side_limit(void **state)
{
	const size_t n = (1u << 24) + 1;
	uint8_t *src = calloc(1, n), *dst = calloc(1, n);
	struct picture a = { src, n, (int)n, 1, 1 }, b = { dst, n, (int)n, 1, 1 };

	(void)state;
	assert_non_null(src);
	assert_non_null(dst);
	assert_status(call_sobel(&a, &b), AEE_EBADPARM);
	a.width = b.width = (int)n - 1;
	assert_status(call_sobel(&a, &b), AEE_SUCCESS);
	assert_status(call_resize(&a, &b), AEE_SUCCESS);
	free(src);
	free(dst);
}

/* any scalars whatever: only what lies in the blocks is touched (ASan looks) */
static void test_random_scalars(void **state)
{
	static const uint32_t methods[] = { SOBEL, BLUR, RESIZE, GRAY };
	static const uint32_t values[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 24, 63, 64, 65,
					   192, 0x3f800000, 0x7fffffff, 0x80000000,
					   0x1000000, 0x1000001, UINT32_MAX };
	int i, accepted = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		size_t src_len = next_random() % 200, dst_len = next_random() % 70;
		uint8_t *src = calloc(1, src_len + 1), *dst = calloc(1, dst_len + 1);
		uint32_t in[9], sc = methods[next_random() % 4];
		remote_arg pra[3] = { BUF(in, good_scalars(sc, in)), BUF(src, src_len),
				      BUF(dst, dst_len) };
		int changes = (int)(next_random() % 6);

		assert_true(src && dst);
		while (changes-- > 0)
			in[next_random() % 9] =
				values[next_random() % (sizeof(values) / 4)];
		if (next_random() % 8 == 0)
			pra[0].buf.nLen = next_random() % 36;
		/* the byte that the blocks do not have */
		src[src_len] = dst[dst_len] = FILL;
		if (!image_skel_handle_invoke(0, sc, pra))
			accepted++;
		assert_int_equal(dst[dst_len], FILL);
		free(src);
		free(dst);
	}
	assert_true(accepted > 100);
}

static void test_open_close(void **state)
{
	(void)state;
	check_open_close(image_skel_handle_invoke);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close),
		cmocka_unit_test(test_sobel),
		cmocka_unit_test(test_blur),
		cmocka_unit_test(test_blur_sigmas),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_gray),
		cmocka_unit_test(test_full_hd),
		cmocka_unit_test(test_bad_parameters),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_random_scalars),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_side_limit),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
