// SPDX-License-Identifier: MIT
/* The search path, see path.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "internal.h"
#include "path.h"

/* ';' is the peers' separator, ':' everybody else's */
#define SEPARATORS ";:"

static const char *const soft_defaults[] = { QDA_DSP_DIR, NULL };

/* distributions, then Android */
static const char *const kernel_defaults[] = {
	"/usr/lib/dsp",
	"/usr/lib/rfsa/adsp",
	"/vendor/dsp",
	"/vendor/lib/rfsa/adsp",
	NULL,
};

struct builder {
	struct path_list *list;
	struct qda_ctx *ctx;
	char *cwd;		/* NULL: unknown */
	const char *origin;
	bool full;		/* and said so */
};

/* dir without empty and "." components, below cwd if it is relative */
static char *clean_path(const char *dir, size_t len, const char *cwd)
{
	char *path, *out;

	if (*dir == '/')
		cwd = "";
	path = malloc(strlen(cwd) + len + 3);
	if (!path)
		return NULL;
	out = stpcpy(path, cwd);
	if (out > path && out[-1] == '/')
		out--;
	while (len) {
		const char *slash = memchr(dir, '/', len);
		size_t part = slash ? (size_t)(slash - dir) : len;

		if (part && !(part == 1 && *dir == '.')) {
			*out++ = '/';
			out = mempcpy(out, dir, part);
		}
		part += slash != NULL;
		dir += part;
		len -= part;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
	return path;
}

/* takes over path */
static int list_append(struct builder *b, char *path)
{
	struct path_list *list = b->list;
	struct path_dir *dirs;
	size_t i;

	for (i = 0; i < list->num; i++) {
		if (!strcmp(list->dirs[i].path, path)) {
			free(path);
			return 0;
		}
	}
	if (list->num == PATH_MAX_DIRS) {
		if (!b->full)
			log_warn(b->ctx, "search path: more than %d directories, %s of %s "
				 "and what follows is left out", PATH_MAX_DIRS, path,
				 b->origin);
		b->full = true;
		free(path);
		return 0;
	}
	dirs = reallocarray(list->dirs, list->num + 1, sizeof(*dirs));
	if (!dirs) {
		free(path);
		return -ENOMEM;
	}
	dirs[list->num++] = (struct path_dir){ .path = path, .origin = b->origin };
	list->dirs = dirs;
	return 0;
}

static int add_dirs(void *data, const char *dirs)
{
	struct builder *b = data;

	while (*(dirs += strspn(dirs, SEPARATORS))) {
		size_t len = strcspn(dirs, SEPARATORS);
		char *path;
		int err;

		if (*dirs != '/' && !b->cwd) {
			log_warn(b->ctx, "search path: %.*s of %s is relative and there is "
				 "no working directory, left out", (int)len, dirs,
				 b->origin);
			dirs += len;
			continue;
		}
		path = clean_path(dirs, len, b->cwd);
		if (!path)
			return -ENOMEM;
		err = list_append(b, path);
		if (err)
			return err;
		dirs += len;
	}
	return 0;
}

static int add_environment(struct builder *b)
{
	static const char *const names[] = { "DSP_LIBRARY_PATH", "ADSP_LIBRARY_PATH" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = secure_getenv(names[i]);

		if (!value || !*value)
			continue;
		b->origin = names[i];
		return add_dirs(b, value);
	}
	return 0;
}

int path_list_make(struct path_list *list, struct qda_ctx *ctx, const char *app,
		   bool soft)
{
	const char *const *dir = soft ? soft_defaults : kernel_defaults;
	struct builder b = { .list = list, .ctx = ctx, .origin = "application" };
	int err = 0;

	memset(list, 0, sizeof(*list));
	b.cwd = getcwd(NULL, 0);
	if (app)
		err = add_dirs(&b, app);
	if (!err)
		err = add_environment(&b);
	if (!err) {
		b.origin = "configuration";
		err = config_read(ctx, soft, add_dirs, &b);
	}
	b.origin = "default";
	for (; !err && *dir; dir++)
		err = add_dirs(&b, *dir);
	free(b.cwd);
	if (err)
		path_list_free(list);
	return err;
}

void path_list_free(struct path_list *list)
{
	while (list->num)
		free(list->dirs[--list->num].path);
	free(list->dirs);
	list->dirs = NULL;
}

int path_search_next(struct path_search *search, char *buf, size_t size)
{
	while (search->next < 2 * search->list->num) {
		const char *dir = search->list->dirs[search->next / 2].path;
		const char *slash = strcmp(dir, "/") ? "/" : "";
		int length;

		if (search->next++ % 2)
			length = snprintf(buf, size, "%s%s%s", dir, slash, search->file);
		else
			length = snprintf(buf, size, "%s%s%s/%s", dir, slash,
					  search->domain, search->file);
		if (length > 0 && (size_t)length < size)
			return 1;
	}
	return 0;
}

const char *path_tried_why(int err)
{
	return err && err != -ENOENT && err != -ENOTDIR ? qda_strerror(err) : NULL;
}

void path_tried_add(char *tried, size_t size, const char *path, const char *why)
{
	size_t used = strlen(tried);
	size_t left = size - used;
	int length;

	if (used >= 3 && !strcmp(tried + used - 3, "..."))
		return;
	length = snprintf(tried + used, left, "%s%s%s%s%s", used ? ", " : "", path,
			  why ? " (" : "", why ? why : "", why ? ")" : "");
	/* the end stays free to say that it is not all */
	if (length < 0 || (size_t)length + sizeof(", ...") > left) {
		tried[used] = '\0';
		if (left >= sizeof(", ..."))
			strcpy(tried + used, used ? ", ..." : "...");
	}
}
