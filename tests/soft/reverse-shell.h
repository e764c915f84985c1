/* SPDX-License-Identifier: MIT */
/* Between test-reverse.c and the module of its shell image */
#ifndef QDA_REVERSE_SHELL_H
#define QDA_REVERSE_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* what the application is given and has to give, told apart by the factor */
#define TRANSFER_IN		7
#define TRANSFER_OUT		3
#define TRANSFER_ANSWER		0x600df00d
/* result: it was not what it has to be */
#define TRANSFER_WRONG		0x5555

/* after so many bytes they repeat: byte by byte, 64 MiB take long under a sanitizer */
#define TRANSFER_PERIOD		256

static inline uint8_t transfer_byte(size_t i, size_t size, unsigned int factor)
{
	return (uint8_t)(i * factor + size);
}

static inline void transfer_fill(uint8_t *p, size_t size, unsigned int factor)
{
	size_t i;

	for (i = 0; i < size && i < TRANSFER_PERIOD; i++)
		p[i] = transfer_byte(i, size, factor);
	for (; i < size; i += TRANSFER_PERIOD)
		memcpy(p + i, p, size - i < TRANSFER_PERIOD ? size - i : TRANSFER_PERIOD);
}

static inline bool transfer_is(const uint8_t *p, size_t size, unsigned int factor)
{
	size_t i;

	for (i = 0; i < size && i < TRANSFER_PERIOD; i++)
		if (p[i] != transfer_byte(i, size, factor))
			return false;
	return i == size || !memcmp(p, p + TRANSFER_PERIOD, size - TRANSFER_PERIOD);
}

#endif
