// SPDX-License-Identifier: MIT
/*
 * Paint a picture to filter: mountains over a lake under stars and a moon, with
 * writing in the sky. Nothing is random: the same size gives the same picture.
 *
 *	make-image OUT.png [WxH]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "png-file.h"

struct color {
	double r, g, b;
};

#define RIDGES	4

struct scene {
	uint32_t width, height;
	double unit;		/* pixels of one scene height */
	float *ridges[RIDGES];	/* skyline of each, as a height above the lake */
};

#define HORIZON	0.68

static double hash(int32_t x, int32_t y, uint32_t seed)
{
	uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^
		     seed * 0xc2b2ae3du;

	h = (h ^ (h >> 15)) * 0x2c1b3c6du;
	h = (h ^ (h >> 12)) * 0x297a2d39u;
	return (double)((h ^ (h >> 15)) >> 8) / 16777216.0;
}

static double mix(double a, double b, double t)
{
	return a + (b - a) * t;
}

static struct color blend(struct color a, struct color b, double t)
{
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return (struct color){ mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t) };
}

static double noise(double x, double y, uint32_t seed)
{
	int32_t ix = (int32_t)floor(x), iy = (int32_t)floor(y);
	double fx = x - ix, fy = y - iy;

	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	return mix(mix(hash(ix, iy, seed), hash(ix + 1, iy, seed), fx),
		   mix(hash(ix, iy + 1, seed), hash(ix + 1, iy + 1, seed), fx), fy);
}

static double cloud(double x, double y, uint32_t seed, int octaves)
{
	double sum = 0, weight = 0.5;
	int i;

	for (i = 0; i < octaves; i++) {
		sum += weight * noise(x, y, seed + (uint32_t)i);
		x *= 2.03;
		y *= 2.03;
		weight /= 2;
	}
	return sum;
}

/* 5 x 7 dots for each letter, a row in the low five bits */
static const struct {
	char letter;
	uint8_t rows[7];
} font[] = {
	{ 'A', { 0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11 } },
	{ 'B', { 0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e } },
	{ 'D', { 0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e } },
	{ 'I', { 0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e } },
	{ 'L', { 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f } },
	{ 'Q', { 0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d } },
};

static int writing(double x, double y)
{
	static const char text[] = "LIBQDA";
	int column = (int)floor(x), row = (int)floor(y), i;

	if (x < 0 || y < 0 || row >= 7 || column / 6 >= (int)sizeof(text) - 1)
		return 0;
	for (i = 0; i < (int)(sizeof(font) / sizeof(font[0])); i++)
		if (font[i].letter == text[column / 6])
			return column % 6 < 5 &&
			       font[i].rows[row] >> (4 - column % 6) & 1;
	return 0;
}

static struct color sky(double x, double y)
{
	static const struct color zenith = { 14, 20, 58 }, middle = { 92, 58, 120 },
				  low = { 255, 158, 96 }, white = { 255, 250, 236 };
	struct color c = y < 0.4 ? blend(zenith, middle, y / 0.4) :
				   blend(middle, low, (y - 0.4) / (HORIZON - 0.4));
	double dx = x - 1.35, dy = y - 0.2, moon = sqrt(dx * dx + dy * dy);
	double veil = cloud(x * 2.5, y * 9, 11, 5);
	double star = hash((int32_t)floor(x * 400), (int32_t)floor(y * 400), 5);

	if (star > 0.9975)
		c = blend(c, white, (star - 0.9975) * 400 * (1 - y / 0.45));
	c = blend(c, white, 0.35 * exp(-moon * 7));
	c = blend(c, low, (veil - 0.52) * 2.4 * y);
	if (moon < 0.075)
		c = blend(white, (struct color){ 196, 190, 190 },
			  cloud(dx * 30, dy * 30, 21, 4) * 1.4 - 0.4);
	if (writing((x - 0.12) / 0.016, (y - 0.1) / 0.016))
		c = blend(c, white, 0.9);
	return c;
}

static struct color land(const struct scene *scene, double x, double y, uint32_t column)
{
	static const struct color near = { 16, 22, 34 }, far = { 150, 98, 122 },
				  snow = { 236, 226, 236 };
	struct color c = sky(x, y);
	int i;

	for (i = 0; i < RIDGES; i++) {
		double top = HORIZON - (double)scene->ridges[i][column];
		double depth = (double)i / (RIDGES - 1);
		double grain = cloud(x * 26, y * 40, 40 + (uint32_t)i, 4);

		if (y < top)
			continue;
		c = blend(blend(far, near, depth), (struct color){ 70, 60, 74 },
			  (grain - 0.4) * 0.8);
		/* snow on what is high, and not too far down from the ridge */
		if (top < 0.5 && y < top + 0.035 + 0.05 * grain)
			c = blend(c, snow, 0.75 - 0.9 * (y - top) / 0.085);
	}
	return c;
}

static struct color pixel(const struct scene *scene, uint32_t column, uint32_t row)
{
	static const struct color water = { 18, 26, 54 };
	double x = (column + 0.5) / scene->unit, y = (row + 0.5) / scene->unit;
	double depth, wave, mirror;
	int64_t shifted;

	if (y < HORIZON)
		return land(scene, x, y, column);
	/* the lake shows the land upside down, shaken by waves */
	depth = (y - HORIZON) / (1 - HORIZON);
	wave = cloud(x * 14, 30 / (depth + 0.08), 70, 3) - 0.44;
	mirror = HORIZON - (y - HORIZON) * 1.6 - wave * 0.05 * depth;
	shifted = (int64_t)column + (int64_t)floor(wave * 0.06 * depth * scene->unit);
	shifted = shifted < 0 ? 0 : shifted >= scene->width ? scene->width - 1 : shifted;
	if (mirror > HORIZON - 0.001)
		mirror = HORIZON - 0.001;
	return blend(land(scene, (double)shifted / scene->unit, mirror < 0 ? 0 : mirror,
			  (uint32_t)shifted), water, 0.3 + 0.4 * depth);
}

static int build(struct scene *scene)
{
	static const double height[RIDGES] = { 0.34, 0.27, 0.17, 0.08 };
	static const double scale[RIDGES] = { 2.1, 3.0, 4.4, 7.0 };
	uint32_t x;
	int i;

	for (i = 0; i < RIDGES; i++) {
		scene->ridges[i] = malloc(scene->width * sizeof(float));
		if (!scene->ridges[i])
			return -1;
		for (x = 0; x < scene->width; x++) {
			double at = x / scene->unit * scale[i];
			double n = cloud(at, 0.5, 90 + (uint32_t)i * 10, 8);

			/* folded, so that the tops are sharp */
			n = 1 - fabs(2 * n - 1);
			scene->ridges[i][x] = (float)(height[i] * (n * n * 1.15 - 0.1));
		}
	}
	return 0;
}

static uint8_t level(double value)
{
	return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5);
}

static void paint(const struct scene *scene, uint8_t *data, size_t stride)
{
	uint32_t x, y;

	for (y = 0; y < scene->height; y++) {
		uint8_t *out = data + y * stride;

		for (x = 0; x < scene->width; x++, out += 3) {
			struct color c = pixel(scene, x, y);
			double film = (hash((int32_t)x, (int32_t)y, 3) - 0.5) * 3;

			out[0] = level(c.r + film);
			out[1] = level(c.g + film);
			out[2] = level(c.b + film);
		}
	}
}

int main(int argc, char **argv)
{
	struct scene scene = { .width = 1920, .height = 1080 };
	struct png_picture picture;
	char why[512] = "";
	int used = 0, err = -1, i;

	if (argc < 2 || argc > 3 || argv[1][0] == '-' ||
	    (argc == 3 && (sscanf(argv[2], "%5" SCNu32 "x%5" SCNu32 "%n", &scene.width,
				  &scene.height, &used) != 2 || argv[2][used])) ||
	    !scene.width || !scene.height || scene.width > 16384 ||
	    scene.height > 16384) {
		fprintf(stderr, "usage: make-image OUT.png [WxH]\n"
				"  at most 16384x16384, default 1920x1080\n");
		return 2;
	}
	scene.unit = scene.height;
	picture = (struct png_picture){
		.width = scene.width,
		.height = scene.height,
		.channels = 3,
		.stride = (size_t)scene.width * 3,
	};
	picture.data = malloc(picture.stride * picture.height);
	if (!picture.data || build(&scene)) {
		perror("make-image");
	} else {
		paint(&scene, picture.data, picture.stride);
		err = png_write(argv[1], &picture, NULL, NULL, why, sizeof(why));
		if (err)
			fprintf(stderr, "make-image: %s\n", why);
	}
	for (i = 0; i < RIDGES; i++)
		free(scene.ridges[i]);
	free(picture.data);
	return err ? 1 : 0;
}
