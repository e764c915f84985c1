/* SPDX-License-Identifier: MIT */
/*
 * The search path: the directories in which files of the DSP are looked for, in
 * order, and where each comes from (docs/search-path.md).
 */
#ifndef QDA_PATH_H
#define QDA_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct qda_ctx;

/* directories of one list; what is over is dropped with a warning */
#define PATH_MAX_DIRS	256

struct path_dir {
	char *path;		/* absolute, without trailing slashes (but "/") */
	const char *origin;	/* static: "application", "DSP_LIBRARY_PATH", ... */
};

struct path_list {
	struct path_dir *dirs;
	size_t num;
};

/*
 * Fill list. app: the application's own directories, ';' or ':' between them, or
 * NULL. A directory comes once. -ENOMEM.
 */
int path_list_make(struct path_list *list, struct qda_ctx *ctx, const char *app,
		   bool soft);
void path_list_free(struct path_list *list);

/* The places one file may be in: per directory the domain's subfolder, then itself */
struct path_search {
	const struct path_list *list;
	const char *domain;
	const char *file;
	size_t next;		/* even: subfolder, odd: the directory itself */
};

#define PATH_SEARCH(list_, domain_, file_) \
	{ .list = (list_), .domain = (domain_), .file = (file_) }

/* 1 and the next candidate in buf, or 0 at the end; skips what does not fit */
int path_search_next(struct path_search *search, char *buf, size_t size);

/*
 * Append a candidate to a list for a message: "a, b, c (Permission denied)". why: NULL
 * where there is nothing to say. Ends in ", ..." when full.
 */
void path_tried_add(char *tried, size_t size, const char *path, const char *why);
/* why a candidate was not taken; NULL: it only is not there */
const char *path_tried_why(int err);

#endif
