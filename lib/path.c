// SPDX-License-Identifier: MIT
/*
 * Where files of the DSP are looked for: DSP_LIBRARY_PATH, else ADSP_LIBRARY_PATH,
 * then the defaults; in each folder first in the subfolder of the domain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

/* ';' is the peers' separator, ':' everybody else's */
#define SEPARATORS ";:"

static const char *const soft_defaults[] = { QDA_DSP_DIR, NULL };

static const char *const kernel_defaults[] = {
	"/usr/lib/dsp",
	"/usr/lib/rfsa/adsp",
	NULL,
};

static const char *library_path(void)
{
	const char *value = secure_getenv("DSP_LIBRARY_PATH");

	if (!value || !*value)
		value = secure_getenv("ADSP_LIBRARY_PATH");
	return value && *value ? value : NULL;
}

int path_search_begin(struct path_search *search, const char *domain,
		      const char *file, bool soft)
{
	const char *env = library_path();

	memset(search, 0, sizeof(*search));
	search->domain = domain;
	search->file = file;
	search->defaults = soft ? soft_defaults : kernel_defaults;
	if (env) {
		search->env = strdup(env);
		if (!search->env)
			return -ENOMEM;
		search->rest = search->env;
	}
	return 0;
}

static const char *next_dir(struct path_search *search)
{
	while (search->rest) {
		const char *dir = strsep(&search->rest, SEPARATORS);

		if (*dir)
			return dir;
	}
	return *search->defaults ? *search->defaults++ : NULL;
}

int path_search_next(struct path_search *search, char *buf, size_t size)
{
	for (;;) {
		const char *slash;
		int length;

		if (!search->dir) {
			search->dir = next_dir(search);
			search->subfolder = false;
			if (!search->dir)
				return 0;
		}

		slash = search->dir[strlen(search->dir) - 1] == '/' ? "" : "/";
		if (!search->subfolder) {
			search->subfolder = true;
			length = snprintf(buf, size, "%s%s%s/%s", search->dir, slash,
					  search->domain, search->file);
		} else {
			length = snprintf(buf, size, "%s%s%s", search->dir, slash,
					  search->file);
			search->dir = NULL;
		}
		if (length > 0 && (size_t)length < size)
			return 1;
	}
}

void path_search_end(struct path_search *search)
{
	free(search->env);
	search->env = NULL;
	search->rest = NULL;
}
