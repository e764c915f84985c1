// SPDX-License-Identifier: MIT
/* Texts of configuration files, for a board and for a soft device */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "internal.h"
#include "plant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int num_warnings, num_paths;
static int path_err;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)func;
	if (!*message)
		abort();
	num_warnings++;
}

static int add_path(void *data, const char *dirs)
{
	const char *p;

	(void)data;
	num_paths++;
	/* absolute ones only, of one line */
	for (p = dirs; *(p += strspn(p, ";:")); p += strcspn(p, ";:"))
		if (*p != '/')
			abort();
	if (!*dirs || strlen(dirs) > CONFIG_MAX_LINE || strchr(dirs, '\n'))
		abort();
	FUZZ_PLANT(!strncmp(dirs, "/;/", 3));
	return path_err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qda_ctx ctx = { .log = log_fn, .log_level = QDA_LOG_WARNING };
	struct config_reader reader = { .ctx = &ctx, .model = "Vendor, Inc. Board 5",
					.path = add_path };
	char *text = malloc(size + !size);
	int err, soft;

	if (!text)
		return 0;
	memcpy(text, data, size);
	for (soft = 0; soft < 2; soft++) {
		reader.soft = soft;
		num_warnings = 0;
		if (config_parse(&reader, "fuzz", text, size) || num_warnings > 11)
			abort();
		/* the first path's error ends it and comes back */
		path_err = -5;
		num_paths = 0;
		err = config_parse(&reader, "fuzz", text, size);
		if (num_paths > 1 || err != (num_paths ? path_err : 0))
			abort();
		path_err = 0;
	}
	free(text);
	return 0;
}
