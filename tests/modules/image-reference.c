// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>

#include "image-reference.h"

size_t picture_bytes(const struct picture *p)
{
	return p->stride * (size_t)(p->height - 1) +
	       (size_t)p->width * (size_t)p->channels;
}

static int limit(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* outside of the picture is its edge */
static long long get(const struct picture *p, int x, int y, int c)
{
	x = limit(x, 0, p->width - 1);
	y = limit(y, 0, p->height - 1);
	return p->data[(size_t)y * p->stride + (size_t)(x * p->channels + c)];
}

static void put(struct picture *p, int x, int y, int c, long long value)
{
	p->data[(size_t)y * p->stride + (size_t)(x * p->channels + c)] = (uint8_t)value;
}

void reference_sobel(const struct picture *src, struct picture *dst)
{
	static const int kernel[3][3] = { { -1, 0, 1 }, { -2, 0, 2 }, { -1, 0, 1 } };
	int x, y, i, j;

	for (y = 0; y < dst->height; y++) {
		for (x = 0; x < dst->width; x++) {
			long long gx = 0, gy = 0;

			for (j = -1; j <= 1; j++) {
				for (i = -1; i <= 1; i++) {
					long long p = get(src, x + i, y + j, 0);

					gx += kernel[j + 1][i + 1] * p;
					gy += kernel[i + 1][j + 1] * p;
				}
			}
			gx = llabs(gx) + llabs(gy);
			put(dst, x, y, 0, gx > 255 ? 255 : gx);
		}
	}
}

void reference_blur(const struct picture *src, struct picture *dst, float sigma)
{
	const int radius = (int)ceilf(3 * sigma);
	long long *weight = calloc((size_t)radius + 1, sizeof(*weight));
	long long *h = calloc((size_t)src->width * (size_t)src->height, sizeof(*h));
	long double sum = 0, s = (long double)sigma;
	int x, y, c, k;

	if (!weight || !h)
		abort();
	for (k = -radius; k <= radius; k++)
		sum += expl(-(long double)k * k / (2 * s * s));
	weight[0] = 32768;
	for (k = 1; k <= radius; k++) {
		weight[k] = (long long)floorl(
			32768 * expl(-(long double)k * k / (2 * s * s)) / sum + 0.5L);
		weight[0] -= 2 * weight[k];
	}
	for (c = 0; c < src->channels; c++) {
		for (y = 0; y < src->height; y++) {
			for (x = 0; x < src->width; x++) {
				long long v = 64;

				for (k = -radius; k <= radius; k++)
					v += weight[abs(k)] * get(src, x + k, y, c);
				h[(size_t)y * (size_t)src->width + (size_t)x] = v / 128;
			}
		}
		for (x = 0; x < src->width; x++) {
			for (y = 0; y < src->height; y++) {
				long long v = 4194304;

				for (k = -radius; k <= radius; k++) {
					int row = limit(y + k, 0, src->height - 1);

					v += weight[abs(k)] *
					     h[(size_t)row * (size_t)src->width +
					       (size_t)x];
				}
				put(dst, x, y, c, v / 8388608);
			}
		}
	}
	free(h);
	free(weight);
}

/* the position as a fraction: whole pixel, and 256ths of the way to the next */
static void position(int i, int from, int to, int *ret_pixel, int *ret_part)
{
	long long c = 128LL * (2LL * i + 1) * from / to - 128;

	if (c < 0)
		c = 0;
	if (c > 256LL * (from - 1))
		c = 256LL * (from - 1);
	*ret_pixel = (int)(c / 256);
	*ret_part = (int)(c % 256);
}

void reference_resize(const struct picture *src, struct picture *dst)
{
	int x, y, c, x0, y0, fx, fy;

	for (y = 0; y < dst->height; y++) {
		position(y, src->height, dst->height, &y0, &fy);
		for (x = 0; x < dst->width; x++) {
			position(x, src->width, dst->width, &x0, &fx);
			for (c = 0; c < dst->channels; c++) {
				long long v =
					(256 - fy) * (256 - fx) * get(src, x0, y0, c) +
					(256 - fy) * fx * get(src, x0 + 1, y0, c) +
					fy * (256 - fx) * get(src, x0, y0 + 1, c) +
					fy * fx * get(src, x0 + 1, y0 + 1, c);

				put(dst, x, y, c, (v + 32768) / 65536);
			}
		}
	}
}

void reference_gray(const struct picture *src, struct picture *dst)
{
	int x, y;

	for (y = 0; y < dst->height; y++)
		for (x = 0; x < dst->width; x++)
			put(dst, x, y, 0,
			    (77 * get(src, x, y, 0) + 150 * get(src, x, y, 1) +
			     29 * get(src, x, y, 2) + 128) / 256);
}
