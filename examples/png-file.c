// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "png-file.h"

/* libpng leaves by longjmp, so all that must survive it is in one of these */
struct png_reader {
	const char *path;
	FILE *file;
	png_structp png;
	png_infop info;
	int passes;
	char *why;
	size_t why_size;
};

struct png_writer {
	char *path;		/* with symbolic links resolved */
	char *temporary;	/* NULL: there is none to remove */
	FILE *file;
	png_structp png;
	png_infop info;
	char *why;
	size_t why_size;
};

static void on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static void read_error(png_structp png, png_const_charp text)
{
	struct png_reader *r = png_get_error_ptr(png);

	snprintf(r->why, r->why_size, "%s: %s", r->path, text);
	png_longjmp(png, 1);
}

static void read_data(png_structp png, png_bytep data, size_t size)
{
	struct png_reader *r = png_get_io_ptr(png);

	errno = 0;
	if (fread(data, 1, size, r->file) == size)
		return;
	if (ferror(r->file))
		png_error(png, strerror(errno ? errno : EIO));
	png_error(png, "the file ends in the middle of the picture");
}

static int open_file(struct png_reader *r)
{
	uint8_t head[8];
	size_t n;

	r->file = fopen(r->path, "rbe");
	if (!r->file) {
		snprintf(r->why, r->why_size, "%s: %s", r->path, strerror(errno));
		return -1;
	}
	errno = 0;
	n = fread(head, 1, sizeof(head), r->file);
	if (ferror(r->file)) {
		snprintf(r->why, r->why_size, "%s: %s", r->path,
			 strerror(errno ? errno : EIO));
		return -1;
	}
	if (n < sizeof(head) || png_sig_cmp(head, 0, sizeof(head))) {
		snprintf(r->why, r->why_size, "%s: %s", r->path,
			 n ? "this is not a PNG file" : "the file is empty");
		return -1;
	}
	return 0;
}

static int read_head(struct png_reader *r, struct png_picture *picture)
{
	png_byte color, depth;
	char text[128];

	if (setjmp(png_jmpbuf(r->png)))
		return -1;
	png_set_read_fn(r->png, r, read_data);
	png_set_sig_bytes(r->png, 8);
	/* the limit is our own, with better words for it */
	png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_read_info(r->png, r->info);
	picture->width = png_get_image_width(r->png, r->info);
	picture->height = png_get_image_height(r->png, r->info);
	/* before libpng allocates rows as long as the file claims them to be */
	if (picture->width > PNG_MAX_SIDE || picture->height > PNG_MAX_SIDE) {
		snprintf(text, sizeof(text),
			 "%u x %u pixels are too many; a side has at most %u",
			 picture->width, picture->height, PNG_MAX_SIDE);
		png_error(r->png, text);
	}

	color = png_get_color_type(r->png, r->info);
	depth = png_get_bit_depth(r->png, r->info);
	if (depth == 16)
		png_set_scale_16(r->png);
	if (color == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(r->png);
	if (color == PNG_COLOR_TYPE_GRAY && depth < 8)
		png_set_expand_gray_1_2_4_to_8(r->png);
	if (png_get_valid(r->png, r->info, PNG_INFO_tRNS))
		png_set_tRNS_to_alpha(r->png);
	if (color == PNG_COLOR_TYPE_GRAY_ALPHA ||
	    (color == PNG_COLOR_TYPE_GRAY &&
	     png_get_valid(r->png, r->info, PNG_INFO_tRNS)))
		png_set_gray_to_rgb(r->png);
	r->passes = png_set_interlace_handling(r->png);
	png_read_update_info(r->png, r->info);

	picture->channels = png_get_channels(r->png, r->info);
	return 0;
}

int png_reader_open(const char *path, struct png_reader **ret_reader,
		    struct png_picture *picture, char *why, size_t why_size)
{
	struct png_reader *r = calloc(1, sizeof(*r));

	if (!r)
		goto no_memory;
	r->path = path;
	r->why = why;
	r->why_size = why_size;
	if (open_file(r))
		goto fail;
	r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, read_error,
					on_warning);
	if (r->png)
		r->info = png_create_info_struct(r->png);
	if (!r->info)
		goto no_memory;
	if (read_head(r, picture))
		goto fail;
	*ret_reader = r;
	return 0;

no_memory:
	snprintf(why, why_size, "%s: %s", path, strerror(ENOMEM));
fail:
	png_reader_close(r);
	return -1;
}

int png_reader_read(struct png_reader *r, const struct png_picture *picture,
		    png_progress_fn progress, void *progress_data)
{
	const uint64_t total = (uint64_t)r->passes * picture->height;
	int pass;
	uint32_t y;

	if (setjmp(png_jmpbuf(r->png)))
		return -1;
	if (png_get_rowbytes(r->png, r->info) > picture->stride)
		png_error(r->png, "its rows are longer than its head says");
	/* an interlaced picture comes in passes that refine the rows in place */
	for (pass = 0; pass < r->passes; pass++) {
		for (y = 0; y < picture->height; y++) {
			png_read_row(r->png, picture->data + y * picture->stride, NULL);
			if (y % 16 == 0 && progress &&
			    progress(progress_data, "reading",
				     (uint64_t)pass * picture->height + y, total))
				png_error(r->png, "interrupted");
		}
	}
	png_read_end(r->png, NULL);
	return 0;
}

void png_reader_close(struct png_reader *r)
{
	if (!r)
		return;
	if (r->png)
		png_destroy_read_struct(&r->png, &r->info, NULL);
	if (r->file)
		fclose(r->file);
	free(r);
}

/* --- writing -------------------------------------------------------------- */

static void write_error(png_structp png, png_const_charp text)
{
	struct png_writer *w = png_get_error_ptr(png);

	snprintf(w->why, w->why_size, "%s: %s", w->path, text);
	png_longjmp(png, 1);
}

static void write_data(png_structp png, png_bytep data, size_t size)
{
	struct png_writer *w = png_get_io_ptr(png);

	if (fwrite(data, 1, size, w->file) != size)
		png_error(png, strerror(errno));
}

static void write_flush(png_structp png)
{
	(void)png;
}

/* the name the file shall have, and a file beside it under another name */
static int open_temporary(struct png_writer *w, const char *path)
{
	struct stat st;
	size_t size;
	int fd;

	if (!stat(path, &st)) {
		if (!S_ISREG(st.st_mode)) {
			snprintf(w->why, w->why_size, "%s: not a regular file", path);
			return -1;
		}
		w->path = realpath(path, NULL);
	} else {
		w->path = strdup(path);
	}
	if (!w->path)
		goto fail;
	size = strlen(w->path) + sizeof(".XXXXXX");
	w->temporary = malloc(size);
	if (!w->temporary)
		goto fail;
	snprintf(w->temporary, size, "%s.XXXXXX", w->path);
	fd = mkstemp(w->temporary);
	if (fd < 0) {
		free(w->temporary);
		w->temporary = NULL;
		goto fail;
	}
	w->file = fdopen(fd, "wb");
	if (w->file)
		return 0;
	close(fd);
fail:
	snprintf(w->why, w->why_size, "%s: %s", path, strerror(errno));
	return -1;
}

static int write_rows(struct png_writer *w, const struct png_picture *picture,
		      png_progress_fn progress, void *progress_data)
{
	static const int colors[] = { 0, PNG_COLOR_TYPE_GRAY, 0, PNG_COLOR_TYPE_RGB,
				      PNG_COLOR_TYPE_RGB_ALPHA };
	uint32_t y;

	if (setjmp(png_jmpbuf(w->png)))
		return -1;
	png_set_write_fn(w->png, w, write_data, write_flush);
	png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_IHDR(w->png, w->info, picture->width, picture->height, 8,
		     colors[picture->channels], PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(w->png, w->info);
	for (y = 0; y < picture->height; y++) {
		png_write_row(w->png, picture->data + y * picture->stride);
		if (y % 16 == 0 && progress &&
		    progress(progress_data, "writing", y, picture->height))
			png_error(w->png, "interrupted");
	}
	png_write_end(w->png, w->info);
	return 0;
}

/* mkstemp() made it private; give it the permissions any new file gets */
static int finish(struct png_writer *w)
{
	mode_t mask = umask(0);
	int err;

	umask(mask);
	err = fchmod(fileno(w->file), 0666 & ~mask);
	if (fclose(w->file))
		err = -1;
	w->file = NULL;
	if (!err)
		err = rename(w->temporary, w->path);
	if (err) {
		snprintf(w->why, w->why_size, "%s: %s", w->path, strerror(errno));
		return -1;
	}
	free(w->temporary);
	w->temporary = NULL;
	return 0;
}

int png_write(const char *path, const struct png_picture *picture,
	      png_progress_fn progress, void *progress_data, char *why,
	      size_t why_size)
{
	struct png_writer w = { .why = why, .why_size = why_size };
	int err = open_temporary(&w, path);

	if (!err) {
		w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, write_error,
						on_warning);
		if (w.png)
			w.info = png_create_info_struct(w.png);
		if (!w.info) {
			snprintf(why, why_size, "%s: %s", path, strerror(ENOMEM));
			err = -1;
		}
	}
	if (!err)
		err = write_rows(&w, picture, progress, progress_data);
	if (!err)
		err = finish(&w);
	if (w.png)
		png_destroy_write_struct(&w.png, &w.info);
	if (w.file)
		fclose(w.file);
	if (w.temporary)
		unlink(w.temporary);
	free(w.temporary);
	free(w.path);
	return err;
}
