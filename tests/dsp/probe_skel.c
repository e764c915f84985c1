// SPDX-License-Identifier: MIT
/* A module for the tests of the DSP side: an interface without handles. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "AEEStdErr.h"
#include "HAP_mem.h"
#include "remote.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int probe_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

/* 2: { id, length }: map by hand, sum up, unmap -> { sum } */
static int use_mapping(remote_arg *pra)
{
	uint32_t in[2], sum = 0, i;
	unsigned char *p;

	memcpy(in, pra[0].buf.pv, sizeof(in));
	p = HAP_mmap(NULL, (int)in[1], 3, 0, (int)in[0], 0);
	if (p == (void *)-1)
		return (int)AEE_ENOSUCHMAP;
	for (i = 0; i < in[1]; i++)
		sum += p[i];
	memcpy(pra[1].buf.pv, &sum, sizeof(sum));
	return HAP_munmap(p, (int)in[1]);
}

EXPORT int probe_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra)
{
	if (h)
		return (int)AEE_EFAILED;
	switch (REMOTE_SCALARS_METHOD(sc)) {
	case 2:
		return use_mapping(pra);
	case 3:
		_exit(3);
	case 4:
		abort();
	case 5:
		/* what a call sees of absent arguments */
		return pra[0].buf.pv || pra[0].buf.nLen ? 1 : 0;
	case 6:
		/* leaves a process that holds all its sockets */
		if (!fork()) {
			pause();
			_exit(0);
		}
		_exit(3);
	default:
		return (int)AEE_EUNSUPPORTED;
	}
}
