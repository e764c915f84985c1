/* SPDX-License-Identifier: MIT */
/* The configuration files (docs/search-path.md). */
#ifndef QDA_CONFIG_H
#define QDA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct qda_ctx;

#define CONFIG_MAX_SIZE		65536	/* bytes of one file */
#define CONFIG_MAX_LINE		4096
#define CONFIG_MAX_MODEL	128	/* bytes of a model or a pattern, with the NUL */

/* called for every path that applies: absolute directories, ';' or ':' between */
typedef int (*config_path_fn)(void *data, const char *dirs);

struct config_reader {
	struct qda_ctx *ctx;	/* gets the warnings */
	bool soft;		/* a soft device: only [soft] applies */
	const char *model;	/* of the board; NULL: none */
	config_path_fn path;
	void *data;
};

/*
 * All files there are. What is wrong in them is a warning and is left out; an error
 * is path's.
 */
int config_read(struct qda_ctx *ctx, bool soft, config_path_fn path, void *data);

/* --- the parts, for tests ----------------------------------------------- */

/* one text, called name in warnings */
int config_parse(const struct config_reader *reader, const char *name,
		 const char *text, size_t size);
/* file, then dir/...conf by name; neither needs to be there */
int config_read_files(const struct config_reader *reader, const char *file,
		      const char *dir);
/* model as a device tree file has it, "" if there is none */
void config_model(const char *file, char *model, size_t size);

#endif
