// SPDX-License-Identifier: MIT
/* A module that needs a library. Method 2: what that says -> { number } */
#include <stdint.h>

#include "dep.h"
#include "skel.h"

SKEL_EXPORT int SKEL_INVOKE(remote_handle64 h, uint32_t sc, remote_arg *pra);

SKEL_EXPORT int SKEL_INVOKE(remote_handle64 h, uint32_t sc, remote_arg *pra)
{
	int32_t number = dep_answer();

	(void)h;
	if (sc != REMOTE_SCALARS_MAKEX(0, 2, 0, 1, 0, 0))
		return AEE_EUNSUPPORTED;
	return skel_put(pra, &number, sizeof(number));
}
