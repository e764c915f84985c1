/* SPDX-License-Identifier: MIT */
/* PNG files in and out of memory the caller owns: 8 bit, 1, 3 or 4 channels. */
#ifndef PNG_FILE_H
#define PNG_FILE_H

#include <stddef.h>
#include <stdint.h>

/* a side may have so many pixels; the DSP module has the same limit */
#define PNG_MAX_SIDE	16777216u

struct png_picture {
	uint32_t width;
	uint32_t height;
	uint32_t channels;	/* 1 gray, 3 RGB, 4 RGBA */
	size_t stride;		/* bytes from one row to the next */
	uint8_t *data;
};

/* Called now and then; returns non-zero to stop. */
typedef int (*png_progress_fn)(void *data, const char *what, uint64_t done,
			       uint64_t total);

struct png_reader;

/*
 * Open a file and read its head: fills all of @picture but stride and data.
 * Palettes, low and high bit depths, transparency and gray with alpha are
 * converted. 0, or -1 with one sentence in @why.
 */
int png_reader_open(const char *path, struct png_reader **ret_reader,
		    struct png_picture *picture, char *why, size_t why_size);
/* Read the rows to picture->data. */
int png_reader_read(struct png_reader *reader, const struct png_picture *picture,
		    png_progress_fn progress, void *progress_data);
/* NULL is allowed */
void png_reader_close(struct png_reader *reader);

/*
 * Write a file that is there complete or not at all: it gets its name when it
 * is finished. 0, or -1 with one sentence in @why.
 */
int png_write(const char *path, const struct png_picture *picture,
	      png_progress_fn progress, void *progress_data, char *why,
	      size_t why_size);

#endif
