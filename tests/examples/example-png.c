// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "example-png.h"

#define KIND(name, type, depth, interlace, trns) \
	{ name, PNG_COLOR_TYPE_##type, depth, interlace, trns }

const struct png_kind png_kinds[] = {
	KIND("gray 1", GRAY, 1, 0, 0),
	KIND("gray 2", GRAY, 2, 0, 0),
	KIND("gray 4 interlaced", GRAY, 4, 1, 0),
	KIND("gray 8", GRAY, 8, 0, 0),
	KIND("gray 8 with tRNS", GRAY, 8, 0, 1),
	KIND("gray 16", GRAY, 16, 1, 0),
	KIND("gray with alpha 8", GRAY_ALPHA, 8, 0, 0),
	KIND("gray with alpha 16", GRAY_ALPHA, 16, 0, 0),
	KIND("palette 1", PALETTE, 1, 0, 0),
	KIND("palette 4 interlaced", PALETTE, 4, 1, 0),
	KIND("palette 8", PALETTE, 8, 0, 0),
	KIND("palette 8 with tRNS", PALETTE, 8, 0, 1),
	KIND("RGB 8", RGB, 8, 0, 0),
	KIND("RGB 8 interlaced", RGB, 8, 1, 0),
	KIND("RGB 16", RGB, 16, 0, 0),
	KIND("RGBA 8", RGB_ALPHA, 8, 0, 0),
	KIND("RGBA 16 interlaced", RGB_ALPHA, 16, 1, 0),
};
const unsigned int num_png_kinds = sizeof(png_kinds) / sizeof(png_kinds[0]);

struct picture example_picture(int width, int height, int channels)
{
	struct picture p = {
		.stride = (size_t)(width * channels),
		.width = width,
		.height = height,
		.channels = channels,
	};

	p.data = calloc(1, picture_bytes(&p));
	assert_non_null(p.data);
	return p;
}

void example_compare(const struct picture *got, const struct picture *want,
		     const char *what)
{
	size_t i, n = picture_bytes(want);

	if (got->width != want->width || got->height != want->height ||
	    got->channels != want->channels)
		fail_msg("%s: %d x %d x %d, not %d x %d x %d", what, got->width,
			 got->height, got->channels, want->width, want->height,
			 want->channels);
	for (i = 0; i < n; i++)
		if (got->data[i] != want->data[i])
			fail_msg("%s: byte %zu of row %zu is %d, not %d", what,
				 i % want->stride, i / want->stride, got->data[i],
				 want->data[i]);
}

/* value of a sample, below 2 to the power of depth */
static unsigned int sample(int x, int y, int c, int depth)
{
	unsigned int v = (unsigned int)(x * 2477 + y * 9091 + c * 16127 + x * y * 13);

	return v & ((1u << depth) - 1);
}

static uint8_t to_8(unsigned int v, int depth)
{
	if (depth == 16)
		return (uint8_t)((v * 255 + 32767) / 65535);
	return (uint8_t)(v * 255 / ((1u << depth) - 1));
}

static void store(uint8_t *row, size_t i, unsigned int v, int depth)
{
	if (depth == 16) {
		row[2 * i] = (uint8_t)(v >> 8);
		row[2 * i + 1] = (uint8_t)v;
	} else {
		size_t bit = i * (size_t)depth;

		row[bit / 8] |= (uint8_t)(v << (8 - (size_t)depth - bit % 8));
	}
}

/* what a reader should make of one pixel */
static void expect_pixel(struct picture *p, const struct png_kind *kind,
			 const png_color *palette, int x, int y)
{
	uint8_t *out = p->data + (size_t)y * p->stride + (size_t)(x * p->channels);
	unsigned int v = sample(x, y, 0, kind->depth);
	int c;

	switch (kind->color_type) {
	case PNG_COLOR_TYPE_GRAY:
	case PNG_COLOR_TYPE_GRAY_ALPHA:
		for (c = 0; c < 3 && c < p->channels; c++)
			out[c] = to_8(v, kind->depth);
		if (kind->transparent)
			out[3] = v == 5 ? 0 : 255;
		else if (p->channels == 4)
			out[3] = to_8(sample(x, y, 1, kind->depth), kind->depth);
		break;
	case PNG_COLOR_TYPE_PALETTE:
		out[0] = palette[v].red;
		out[1] = palette[v].green;
		out[2] = palette[v].blue;
		if (kind->transparent)
			out[3] = v < 2 ? (uint8_t)(100 * v) : 255;
		break;
	default:
		for (c = 0; c < p->channels; c++)
			out[c] = to_8(sample(x, y, c, kind->depth), kind->depth);
	}
}

static int channels_seen(const struct png_kind *kind)
{
	switch (kind->color_type) {
	case PNG_COLOR_TYPE_GRAY:
		return kind->transparent ? 4 : 1;
	case PNG_COLOR_TYPE_PALETTE:
		return kind->transparent ? 4 : 3;
	case PNG_COLOR_TYPE_RGB:
		return 3;
	default:
		return 4;
	}
}

static void start(FILE *file, png_structp *png, png_infop *info)
{
	*png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	assert_non_null(*png);
	*info = png_create_info_struct(*png);
	assert_non_null(*info);
	png_init_io(*png, file);
	png_set_user_limits(*png, 0x7fffffff, 0x7fffffff);
}

struct picture example_png_write(const char *path, const struct png_kind *kind,
				 int width, int height)
{
	static const int samples[] = { [PNG_COLOR_TYPE_GRAY] = 1,
				       [PNG_COLOR_TYPE_RGB] = 3,
				       [PNG_COLOR_TYPE_PALETTE] = 1,
				       [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
				       [PNG_COLOR_TYPE_RGB_ALPHA] = 4 };
	struct picture p = example_picture(width, height, channels_seen(kind));
	const int n = samples[kind->color_type];
	size_t row_size = (size_t)(width * n * kind->depth + 7) / 8;
	uint8_t *rows = calloc((size_t)height, row_size);
	uint8_t **row = calloc((size_t)height, sizeof(*row));
	png_color_16 key = { .gray = 5 };
	uint8_t alpha[2] = { 0, 100 };
	png_color palette[256];
	FILE *file = fopen(path, "wbe");
	png_structp png;
	png_infop info;
	int x, y, c;

	assert_true(rows && row && file);
	for (c = 0; c < 256; c++)
		palette[c] = (png_color){ (uint8_t)(c * 7), (uint8_t)(255 - c),
					  (uint8_t)(c * 31) };
	for (y = 0; y < height; y++) {
		row[y] = rows + (size_t)y * row_size;
		for (x = 0; x < width; x++) {
			expect_pixel(&p, kind, palette, x, y);
			for (c = 0; c < n; c++)
				store(row[y], (size_t)(x * n + c),
				      sample(x, y, c, kind->depth), kind->depth);
		}
	}
	start(file, &png, &info);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, kind->depth,
		     kind->color_type,
		     kind->interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	if (kind->color_type == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 1 << kind->depth);
	if (kind->transparent)
		png_set_tRNS(png, info, alpha, 2, &key);
	png_set_rows(png, info, row);
	png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	png_destroy_write_struct(&png, &info);
	assert_int_equal(fclose(file), 0);
	free(row);
	free(rows);
	return p;
}

void example_png_head(const char *path, unsigned int width, unsigned int height)
{
	FILE *file = fopen(path, "wbe");
	png_structp png;
	png_infop info;

	assert_non_null(file);
	start(file, &png, &info);
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	png_destroy_write_struct(&png, &info);
	/* pixels begin, but none are there */
	assert_int_equal(fwrite("\0\0\1\0IDAT", 1, 8, file), 8);
	assert_int_equal(fclose(file), 0);
}

struct picture example_png_read(const char *path)
{
	FILE *file = fopen(path, "rbe");
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	struct picture p;
	uint8_t **rows;
	int y;

	assert_true(file && png && info);
	png_init_io(png, file);
	png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	assert_int_equal(png_get_bit_depth(png, info), 8);
	p = example_picture((int)png_get_image_width(png, info),
			    (int)png_get_image_height(png, info),
			    png_get_channels(png, info));
	rows = png_get_rows(png, info);
	for (y = 0; y < p.height; y++)
		memcpy(p.data + (size_t)y * p.stride, rows[y], p.stride);
	png_destroy_read_struct(&png, &info, NULL);
	fclose(file);
	return p;
}
