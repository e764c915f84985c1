/* SPDX-License-Identifier: MIT */
/* image.idl, as the interface compiler declares it */
#ifndef IMAGE_H
#define IMAGE_H

#include "AEEStdDef.h"
#include "remote.h"

int image_open(const char *uri, remote_handle64 *h);
int image_close(remote_handle64 h);
int image_sobel(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
		uint8 *dst, int dstLen, uint32 dstStride, uint32 width,
		uint32 height);
int image_blur(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
	       uint8 *dst, int dstLen, uint32 dstStride, uint32 width,
	       uint32 height, uint32 channels, float sigma);
int image_resize(remote_handle64 h, const uint8 *src, int srcLen, uint32 srcStride,
		 uint32 srcWidth, uint32 srcHeight, uint8 *dst, int dstLen,
		 uint32 dstStride, uint32 dstWidth, uint32 dstHeight,
		 uint32 channels);
int image_rgb_to_gray(remote_handle64 h, const uint8 *src, int srcLen,
		      uint32 srcStride, uint8 *dst, int dstLen, uint32 dstStride,
		      uint32 width, uint32 height, uint32 channels);

int image_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

#endif
