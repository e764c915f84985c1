// SPDX-License-Identifier: MIT
/* Modules that are part of the image, as on hardware some are: not fetched */
#include <string.h>

#include "pd.h"

int bench_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

static const struct builtin builtins[] = {
	{ "libpd_tuning_skel.so", "pd_tuning_skel_handle_invoke", tuning_invoke },
	{ "libbench_skel.so", "bench_skel_handle_invoke", bench_skel_handle_invoke },
};

/* an image that tests make has more of them */
extern const struct builtin pd_more_builtins[] __attribute__((weak));

static const struct builtin *find(const struct builtin *table, size_t num,
				  const struct uri *uri)
{
	size_t i;

	for (i = 0; i < num && table[i].file; i++)
		if (!strcmp(table[i].file, uri->file))
			return &table[i];
	return NULL;
}

const struct builtin *builtin_find(const struct uri *uri)
{
	const struct builtin *found =
		find(builtins, sizeof(builtins) / sizeof(builtins[0]), uri);

	if (!found)
		found = static_builtin(uri);
	if (!found && pd_more_builtins)
		found = find(pd_more_builtins, SIZE_MAX, uri);
	return found;
}
