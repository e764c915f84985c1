/* SPDX-License-Identifier: MIT */
/* PNG files of every kind, and their pixels as 8 bit values, for comparison. */
#ifndef EXAMPLE_PNG_H
#define EXAMPLE_PNG_H

#include "image-reference.h"

struct png_kind {
	const char *name;
	int color_type;		/* PNG_COLOR_TYPE_ */
	int depth;
	int interlace;
	int transparent;	/* with a tRNS chunk */
};

extern const struct png_kind png_kinds[];
extern const unsigned int num_png_kinds;

/* write a picture of that kind; the result is how a reader should see it */
struct picture example_png_write(const char *path, const struct png_kind *kind,
				 int width, int height);
/* a head that promises this size, and nothing after it */
void example_png_head(const char *path, unsigned int width, unsigned int height);
/* any 8 bit file, as it is, with no help from the examples' own reader */
struct picture example_png_read(const char *path);

struct picture example_picture(int width, int height, int channels);
void example_compare(const struct picture *got, const struct picture *want,
		     const char *what);

#endif
