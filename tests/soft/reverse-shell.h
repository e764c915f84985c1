/* SPDX-License-Identifier: MIT */
/* Between test-reverse.c and the module of its shell image */
#ifndef QDA_REVERSE_SHELL_H
#define QDA_REVERSE_SHELL_H

#include <stdint.h>

#define REVERSE_TRANSFER	2

/* first input of REVERSE_TRANSFER; then the name, with a NUL */
struct transfer {
	uint32_t name_len;
	uint32_t handle;	/* of an open name, instead of it; or 0 */
	uint32_t method;	/* of the application's */
	uint32_t in_size, out_size;
	uint32_t count;		/* of calls */
	uint32_t keep;		/* the handle, which is answered after the result */
};

/* what the application is given and has to give */
#define TRANSFER_IN(i, size)	((uint8_t)((i) * 7 + (size)))
#define TRANSFER_OUT(i, size)	((uint8_t)((i) * 3 + (size) + 1))
#define TRANSFER_ANSWER		0x600df00d
/* result: it was not what it has to be */
#define TRANSFER_WRONG		0x5555

#endif
