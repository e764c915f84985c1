// SPDX-License-Identifier: MIT
/* image.idl says what each filter computes, bit for bit. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "AEEStdErr.h"
#include "image.h"

#define MAX_SIDE	(1u << 24)
#define MAX_CHANNELS	4
#define MIN_SIGMA	0.1f
#define MAX_SIGMA	64.0f
#define MAX_RADIUS	192

/* the module keeps no state, so every open gets the same handle */
static char instance;

int image_open(const char *uri, remote_handle64 *h)
{
	(void)uri;
	*h = (remote_handle64)(uintptr_t)&instance;
	return AEE_SUCCESS;
}

int image_close(remote_handle64 h)
{
	if (h != (remote_handle64)(uintptr_t)&instance)
		return AEE_EINVHANDLE;
	return AEE_SUCCESS;
}

/* bytes from the first to the last pixel; 0: no valid image in len bytes */
static uint64 image_span(int len, uint32 stride, uint32 width, uint32 height,
			 uint32 channels)
{
	uint64 row, span;

	if (!width || !height || width > MAX_SIDE || height > MAX_SIDE)
		return 0;
	row = (uint64)width * channels;
	if (stride < row)
		return 0;
	span = (uint64)(height - 1) * stride + row;
	return len < 0 || span > (uint64)len ? 0 : span;
}

static bool overlap(const uint8 *a, uint64 a_span, const uint8 *b, uint64 b_span)
{
	uintptr_t pa = (uintptr_t)a, pb = (uintptr_t)b;

	return pa < pb ? pb - pa < a_span : pa - pb < b_span;
}

static bool images_valid(const uint8 *src, uint64 src_span, const uint8 *dst,
			 uint64 dst_span)
{
	return src && dst && src_span && dst_span &&
	       !overlap(src, src_span, dst, dst_span);
}

static uint8 sobel_pixel(const uint8 *up, const uint8 *mid, const uint8 *down,
			 size_t l, size_t x, size_t r)
{
	int gx = up[r] + 2 * mid[r] + down[r] - up[l] - 2 * mid[l] - down[l];
	int gy = down[l] + 2 * down[x] + down[r] - up[l] - 2 * up[x] - up[r];
	int sum = abs(gx) + abs(gy);

	return (uint8)(sum > 255 ? 255 : sum);
}

/* the pixels that have a neighbour on both sides; 16 bit lanes are enough */
static void sobel_inner(const uint8 *restrict up, const uint8 *restrict mid,
			const uint8 *restrict down, uint8 *restrict dst, size_t width)
{
	size_t x;

	for (x = 1; x + 1 < width; x++) {
		int16 gx = (int16)((up[x + 1] - up[x - 1]) +
				   2 * (mid[x + 1] - mid[x - 1]) +
				   (down[x + 1] - down[x - 1]));
		int16 gy = (int16)((down[x - 1] - up[x - 1]) +
				   2 * (down[x] - up[x]) +
				   (down[x + 1] - up[x + 1]));
		int16 ax = (int16)(gx < 0 ? -gx : gx);
		int16 ay = (int16)(gy < 0 ? -gy : gy);
		int16 sum = (int16)(ax + ay);

		dst[x] = (uint8)(sum > 255 ? 255 : sum);
	}
}

int image_sobel(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
		uint8 *dst, int dstLen, uint32 dstStride, uint32 width,
		uint32 height)
{
	size_t last = (size_t)width - 1;
	size_t y;

	(void)h;
	if (!images_valid(src, image_span(srcLen, srcStride, width, height, 1),
			  dst, image_span(dstLen, dstStride, width, height, 1)))
		return AEE_EBADPARM;

	for (y = 0; y < height; y++) {
		const uint8 *mid = src + y * srcStride;
		const uint8 *up = y ? mid - srcStride : mid;
		const uint8 *down = y + 1 < height ? mid + srcStride : mid;
		uint8 *out = dst + y * dstStride;

		out[0] = sobel_pixel(up, mid, down, 0, 0, last ? 1 : 0);
		sobel_inner(up, mid, down, out, width);
		if (last)
			out[last] = sobel_pixel(up, mid, down, last - 1, last, last);
	}
	return AEE_SUCCESS;
}

/* w[0 ... 2 * radius], adding up to 32768; returns the radius */
static uint32 blur_weights(float sigma, uint16 *w)
{
	uint32 radius = (uint32)ceil(3.0 * (double)sigma);
	double two_s2 = 2.0 * (double)sigma * (double)sigma;
	double e[MAX_RADIUS + 1], sum = 1.0;
	uint32 rest = 32768, k;

	e[0] = 1.0;
	for (k = 1; k <= radius; k++) {
		e[k] = exp(-(double)(k * k) / two_s2);
		sum += 2.0 * e[k];
	}
	for (k = 1; k <= radius; k++) {
		uint16 v = (uint16)floor(32768.0 * e[k] / sum + 0.5);

		w[radius - k] = w[radius + k] = v;
		rest -= 2u * v;
	}
	w[radius] = (uint16)rest;
	return radius;
}

static void blur_add(uint32 *restrict acc, const uint16 *restrict row, uint16 weight,
		     size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		acc[i] += (uint32)row[i] * weight;
}

/* one source row, widened and with its edge pixels repeated on both sides */
static void blur_pad(uint16 *restrict pad, const uint8 *restrict row, uint32 width,
		     uint32 channels, uint32 radius)
{
	size_t n = (size_t)width * channels, edge = (size_t)radius * channels, i;

	for (i = 0; i < edge; i++) {
		pad[i] = row[i % channels];
		pad[edge + n + i] = row[n - channels + i % channels];
	}
	for (i = 0; i < n; i++)
		pad[edge + i] = row[i];
}

static void blur_row_h(uint16 *restrict out, uint32 *restrict acc,
		       const uint16 *restrict pad, const uint16 *w, uint32 radius,
		       uint32 channels, size_t n)
{
	size_t i;
	uint32 k;

	memset(acc, 0, n * sizeof(*acc));
	for (k = 0; k <= 2 * radius; k++)
		if (w[k])
			blur_add(acc, pad + (size_t)k * channels, w[k], n);
	for (i = 0; i < n; i++)
		out[i] = (uint16)((acc[i] + 64) >> 7);
}

int image_blur(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
	       uint8 *dst, int dstLen, uint32 dstStride, uint32 width,
	       uint32 height, uint32 channels, float sigma)
{
	uint16 w[2 * MAX_RADIUS + 1];
	uint16 *pad = NULL, *ring = NULL;
	uint32 *acc = NULL;
	uint32 radius, rows, done = 0;
	int err = AEE_ENOMEMORY;
	size_t n, i, y;

	(void)h;
	if (!channels || channels > MAX_CHANNELS ||
	    !(sigma >= MIN_SIGMA && sigma <= MAX_SIGMA) ||
	    !images_valid(src, image_span(srcLen, srcStride, width, height, channels),
			  dst, image_span(dstLen, dstStride, width, height, channels)))
		return AEE_EBADPARM;

	radius = blur_weights(sigma, w);
	n = (size_t)width * channels;
	/* as many blurred rows as one row of the result needs */
	rows = 2 * radius + 1 < height ? 2 * radius + 1 : height;
	pad = malloc((n + 2 * (size_t)radius * channels) * sizeof(*pad));
	acc = malloc(n * sizeof(*acc));
	if ((uint64)n * rows <= SIZE_MAX / sizeof(*ring))
		ring = malloc(n * rows * sizeof(*ring));
	if (!pad || !acc || !ring)
		goto out;

	for (y = 0; y < height; y++) {
		size_t top = y > radius ? y - radius : 0;
		size_t end = height - 1 - y > radius ? y + radius : height - 1;
		uint8 *row = dst + y * dstStride;
		uint32 k;

		for (; done <= end; done++) {
			blur_pad(pad, src + (size_t)done * srcStride, width, channels,
				 radius);
			blur_row_h(ring + done % rows * n, acc, pad, w, radius,
				   channels, n);
		}
		memset(acc, 0, n * sizeof(*acc));
		for (k = 0; k <= 2 * radius; k++) {
			size_t at = y + k < radius ? 0 : y + k - radius;

			at = at < top ? top : at > end ? end : at;
			if (w[k])
				blur_add(acc, ring + at % rows * n, w[k], n);
		}
		for (i = 0; i < n; i++)
			row[i] = (uint8)((acc[i] + 4194304) >> 23);
	}
	err = AEE_SUCCESS;
out:
	free(ring);
	free(acc);
	free(pad);
	return err;
}

/* where a row or column of the result lies in the source, in 1/256 pixels */
static uint32 resize_position(uint32 i, uint32 src, uint32 dst)
{
	uint64 c = 256 * (2 * (uint64)i + 1) * src / (2 * (uint64)dst);
	uint64 max = 256 * ((uint64)src - 1);

	c = c < 128 ? 0 : c - 128;
	return (uint32)(c > max ? max : c);
}

static void resize_row(uint16 *restrict out, const uint8 *restrict row,
		       const uint32 *restrict pos, uint32 src_width,
		       uint32 dst_width, uint32 channels)
{
	size_t x, c;

	for (x = 0; x < dst_width; x++) {
		uint32 x0 = pos[x] >> 8, f = pos[x] & 255;
		uint32 x1 = x0 + 1 < src_width ? x0 + 1 : x0;
		const uint8 *p0 = row + (size_t)x0 * channels;
		const uint8 *p1 = row + (size_t)x1 * channels;

		for (c = 0; c < channels; c++)
			*out++ = (uint16)((256 - f) * p0[c] + f * p1[c]);
	}
}

static void resize_mix(uint8 *restrict out, const uint16 *restrict top,
		       const uint16 *restrict bottom, uint32 f, size_t n)
{
	uint16 g = (uint16)f, e = (uint16)(256 - f);
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = (uint8)(((uint32)top[i] * e + (uint32)bottom[i] * g +
				  32768) >> 16);
}

int image_resize(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
		 uint32 srcWidth, uint32 srcHeight, uint8 *dst, int dstLen,
		 uint32 dstStride, uint32 dstWidth, uint32 dstHeight,
		 uint32 channels)
{
	uint32 in_row[2] = { UINT32_MAX, UINT32_MAX };
	uint16 *row[2] = { NULL, NULL };
	uint32 *pos = NULL;
	int err = AEE_ENOMEMORY;
	uint32 x, y;
	size_t n;

	(void)h;
	if (!channels || channels > MAX_CHANNELS ||
	    !images_valid(src, image_span(srcLen, srcStride, srcWidth, srcHeight,
					  channels),
			  dst, image_span(dstLen, dstStride, dstWidth, dstHeight,
					  channels)))
		return AEE_EBADPARM;

	n = (size_t)dstWidth * channels;
	pos = malloc(dstWidth * sizeof(*pos));
	row[0] = malloc(n * sizeof(*row[0]));
	row[1] = malloc(n * sizeof(*row[1]));
	if (!pos || !row[0] || !row[1])
		goto out;
	for (x = 0; x < dstWidth; x++)
		pos[x] = resize_position(x, srcWidth, dstWidth);

	for (y = 0; y < dstHeight; y++) {
		uint32 p = resize_position(y, srcHeight, dstHeight);
		uint32 y0 = p >> 8, y1 = y0 + 1 < srcHeight ? y0 + 1 : y0;
		uint32 want, i;

		/* source rows alternate between the two buffers */
		for (want = y0, i = 0; i < 2; want = y1, i++) {
			if (in_row[want & 1] == want)
				continue;
			resize_row(row[want & 1], src + (size_t)want * srcStride, pos,
				   srcWidth, dstWidth, channels);
			in_row[want & 1] = want;
		}
		resize_mix(dst + (size_t)y * dstStride, row[y0 & 1], row[y1 & 1],
			   p & 255, n);
	}
	err = AEE_SUCCESS;
out:
	free(row[1]);
	free(row[0]);
	free(pos);
	return err;
}

/* inlined once for each pixel size, so that it is a constant in the loop */
static inline void gray_row(uint8 *restrict out, const uint8 *restrict in,
			    size_t width, size_t channels)
{
	size_t x;

	for (x = 0; x < width; x++) {
		const uint8 *p = in + x * channels;

		out[x] = (uint8)((77u * p[0] + 150u * p[1] + 29u * p[2] + 128) >> 8);
	}
}

int image_rgb_to_gray(remote_handle64 h, const uint8 *src, int srcLen,
		      uint32 srcStride, uint8 *dst, int dstLen, uint32 dstStride,
		      uint32 width, uint32 height, uint32 channels)
{
	size_t y;

	(void)h;
	if ((channels != 3 && channels != 4) ||
	    !images_valid(src, image_span(srcLen, srcStride, width, height, channels),
			  dst, image_span(dstLen, dstStride, width, height, 1)))
		return AEE_EBADPARM;

	for (y = 0; y < height; y++) {
		const uint8 *in = src + y * srcStride;
		uint8 *out = dst + y * dstStride;

		if (channels == 3)
			gray_row(out, in, width, 3);
		else
			gray_row(out, in, width, 4);
	}
	return AEE_SUCCESS;
}
