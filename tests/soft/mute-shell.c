// SPDX-License-Identifier: MIT
/* A shell image whose listener never answers the client that starts it */
#include <unistd.h>

#include "pd.h"

int32_t listener_invoke(uint32_t sc, unsigned int method, remote_arg *pra)
{
	(void)sc;
	(void)method;
	(void)pra;
	for (;;)
		pause();
}

int32_t reverse_call(uint32_t handle, uint32_t sc, const remote_arg *pra)
{
	(void)handle;
	(void)sc;
	(void)pra;
	return DSP_ENOTINITIALIZED;
}

extern const struct builtin pd_more_builtins[];
const struct builtin pd_more_builtins[] = {
	{ 0 },
};
