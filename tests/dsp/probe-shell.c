// SPDX-License-Identifier: MIT
/* What the shell image of these tests has more than the other: the probe module */
#include "pd.h"

int probe_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

extern const struct builtin pd_more_builtins[];
const struct builtin pd_more_builtins[] = {
	{ "libprobe_skel.so", "probe_skel_handle_invoke", probe_skel_handle_invoke },
	{ 0 },
};
