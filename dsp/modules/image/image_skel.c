// SPDX-License-Identifier: MIT
#include "image.h"
#include "skel.h"

struct sobel_in {
	uint32_t src_len, src_stride, dst_len, dst_stride, width, height;
};

struct blur_in {
	uint32_t src_len, src_stride, dst_len, dst_stride, width, height, channels;
	float sigma;
};

struct resize_in {
	uint32_t src_len, src_stride, src_width, src_height;
	uint32_t dst_len, dst_stride, dst_width, dst_height, channels;
};

struct gray_in {
	uint32_t src_len, src_stride, dst_len, dst_stride, width, height, channels;
};

/* in every method in1 is the source and out0 the destination */
static int skel_images(const remote_arg *pra, uint32_t src_len, uint32_t dst_len)
{
	int err = skel_seq(&pra[1], src_len, 1);

	return err ? err : skel_seq(&pra[2], dst_len, 1);
}

static int skel_sobel(remote_handle64 h, remote_arg *pra)
{
	struct sobel_in in;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_images(pra, in.src_len, in.dst_len);
	if (!err)
		err = image_sobel(h, pra[1].buf.pv, (int)in.src_len, in.src_stride,
				  pra[2].buf.pv, (int)in.dst_len, in.dst_stride,
				  in.width, in.height);
	return err;
}

static int skel_blur(remote_handle64 h, remote_arg *pra)
{
	struct blur_in in;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_images(pra, in.src_len, in.dst_len);
	if (!err)
		err = image_blur(h, pra[1].buf.pv, (int)in.src_len, in.src_stride,
				 pra[2].buf.pv, (int)in.dst_len, in.dst_stride,
				 in.width, in.height, in.channels, in.sigma);
	return err;
}

static int skel_resize(remote_handle64 h, remote_arg *pra)
{
	struct resize_in in;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_images(pra, in.src_len, in.dst_len);
	if (!err)
		err = image_resize(h, pra[1].buf.pv, (int)in.src_len, in.src_stride,
				   in.src_width, in.src_height, pra[2].buf.pv,
				   (int)in.dst_len, in.dst_stride, in.dst_width,
				   in.dst_height, in.channels);
	return err;
}

static int skel_rgb_to_gray(remote_handle64 h, remote_arg *pra)
{
	struct gray_in in;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_images(pra, in.src_len, in.dst_len);
	if (!err)
		err = image_rgb_to_gray(h, pra[1].buf.pv, (int)in.src_len,
					in.src_stride, pra[2].buf.pv,
					(int)in.dst_len, in.dst_stride, in.width,
					in.height, in.channels);
	return err;
}

SKEL_EXPORT int image_skel_handle_invoke(remote_handle64 h, uint32_t sc,
					 remote_arg *pra)
{
	static const uint32_t scalars[] = {
		SKEL_SC_OPEN,
		SKEL_SC_CLOSE,
		REMOTE_SCALARS_MAKE(2, 2, 1),
		REMOTE_SCALARS_MAKE(3, 2, 1),
		REMOTE_SCALARS_MAKE(4, 2, 1),
		REMOTE_SCALARS_MAKE(5, 2, 1),
	};
	uint32_t method = REMOTE_SCALARS_METHOD(sc);

	if (method >= sizeof(scalars) / sizeof(scalars[0]))
		return AEE_EUNSUPPORTED;
	if (sc != scalars[method])
		return AEE_EBADPARM;
	switch (method) {
	case 0:
		return skel_open(pra, image_open);
	case 1:
		return image_close(pra[0].h64);
	case 2:
		return skel_sobel(h, pra);
	case 3:
		return skel_blur(h, pra);
	case 4:
		return skel_resize(h, pra);
	default:
		return skel_rgb_to_gray(h, pra);
	}
}
