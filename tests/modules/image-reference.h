/* SPDX-License-Identifier: MIT */
/*
 * The filters of dsp/modules/image/image.idl once more, one pixel at a time and
 * straight from the formulas, to compare with.
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

struct picture {
	uint8_t *data;
	size_t stride;
	int width, height, channels;
};

void reference_sobel(const struct picture *src, struct picture *dst);
void reference_blur(const struct picture *src, struct picture *dst, float sigma);
void reference_resize(const struct picture *src, struct picture *dst);
void reference_gray(const struct picture *src, struct picture *dst);

/* largest size of an image given as width, height, channels and stride */
size_t picture_bytes(const struct picture *p);

#endif
