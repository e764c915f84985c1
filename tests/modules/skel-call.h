/* SPDX-License-Identifier: MIT */
/* Arrays of arguments by hand, as the PD runtime would pass them to a skel. */
#ifndef SKEL_CALL_H
#define SKEL_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "AEEStdErr.h"
#include "remote.h"

#define BUF(p, n)	{ .buf = { (void *)(uintptr_t)(p), (n) } }

#define assert_status(call, status) assert_int_equal((int32_t)(call), (int32_t)(status))

typedef int (*skel_fn)(remote_handle64 h, uint32_t sc, remote_arg *pra);

/* open and close as the loader does, and with each thing wrong that can be */
static inline void check_open_close(skel_fn skel)
{
	static const char uri[] = "file:///libx_skel.so?x_skel_handle_invoke&_modver=1.0";
	uint32_t len = sizeof(uri);
	remote_arg good[3] = { BUF(&len, sizeof(len)), BUF(uri, sizeof(uri)) };
	remote_arg pra[3];

	memcpy(pra, good, sizeof(pra));
	assert_status(skel(0, 0x00020001, pra), AEE_SUCCESS);
	assert_true(pra[2].h64 != 0);

	good[0].h64 = pra[2].h64;
	assert_status(skel(pra[2].h64, 0x01000010, good), AEE_SUCCESS);
	good[0].h64++;
	assert_status(skel(pra[2].h64, 0x01000010, good), AEE_EINVHANDLE);
	assert_status(skel(pra[2].h64, 0x01000000, good), AEE_EBADPARM);

	pra[0].buf.nLen = 3;
	assert_status(skel(0, 0x00020001, pra), AEE_EBADPARM);
	pra[0].buf.nLen = 4;
	len++;
	assert_status(skel(0, 0x00020001, pra), AEE_EBADPARM);
	/* without its NUL */
	len -= 2;
	assert_status(skel(0, 0x00020001, pra), AEE_EBADPARM);
	len = 0;
	assert_status(skel(0, 0x00020001, pra), AEE_EBADPARM);
	len = sizeof(uri);
	assert_status(skel(0, 0x00010001, pra), AEE_EBADPARM);
	assert_status(skel(0, 0x1f020001, pra), AEE_EUNSUPPORTED);
}

#endif
