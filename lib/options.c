/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* no option struct gets near this: a larger size is an uninitialised one */
#define OPTS_SIZE_MAX 4096

int qda_opts_copy(void *ours, size_t our_size, size_t min_size, const void *opts)
{
	const unsigned char *bytes = opts;
	size_t size, i;

	memset(ours, 0, our_size);
	if (!opts)
		return 0;
	memcpy(&size, opts, sizeof(size));
	if (size < min_size)
		return -EINVAL;
	if (size > OPTS_SIZE_MAX)
		return -E2BIG;
	for (i = our_size; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(ours, opts, size < our_size ? size : our_size);
	return 0;
}
