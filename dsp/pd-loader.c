// SPDX-License-Identifier: MIT
/* Modules that are files of this machine, searched as the client would search */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pd.h"

/* Where to write what went wrong; a text that is cut off is still one */
struct text {
	const char *start;
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text,
						      const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->at, text->left, format, ap);
	va_end(ap);
	if (n < 0 || !text->left)
		return;
	if ((size_t)n >= text->left)
		n = (int)text->left - 1;
	text->at += n;
	text->left -= (size_t)n;
}

/* A search path may name a directory twice, or the shell's own */
static bool was_tried(const struct text *text, const char *path)
{
	size_t len = strlen(path);
	const char *at = text->start;

	while ((at = strstr(at, path))) {
		if (at > text->start && at[-1] == ' ' &&
		    !strncmp(at + len, " (", 2))
			return true;
		at++;
	}
	return false;
}

/* 1: loaded; 0: not here; negative: here, but it cannot be loaded */
static int try_path(const char *path, void **ret_object, struct text *text)
{
	const char *why;

	if (access(path, F_OK)) {
		say(text, " %s (%s)", path, strerror(errno));
		return 0;
	}
	*ret_object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*ret_object)
		return 1;
	why = dlerror();
	say(text, " %s (%s)", path, why ? why : "cannot be loaded");
	return -1;
}

static int try_dir(const char *dir, size_t len, const char *sub, const char *file,
		   void **ret_object, struct text *text)
{
	char path[PATH_MAX];
	int n;

	while (len && dir[len - 1] == '/')
		len--;
	n = snprintf(path, sizeof(path), "%.*s%s%s/%s", (int)len, dir, sub ? "/" : "",
		     sub ? sub : "", file);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		say(text, " (a directory's name is too long)");
		return 0;
	}
	return was_tried(text, path) ? 0 : try_path(path, ret_object, text);
}

static int search(const char *file, void **ret_object, struct text *text)
{
	const char *list = getenv("DSP_LIBRARY_PATH");
	size_t len;
	int ret = 0;

	if (!list || !*list)
		list = getenv("ADSP_LIBRARY_PATH");
	while (list && *list && !ret) {
		len = strcspn(list, ";:");
		if (len && len < PATH_MAX) {
			ret = try_dir(list, len, pd.domain, file, ret_object, text);
			if (!ret)
				ret = try_dir(list, len, NULL, file, ret_object, text);
		}
		list += len + (list[len] != '\0');
	}
	if (!ret && *pd.module_dir)
		ret = try_dir(pd.module_dir, strlen(pd.module_dir), NULL, file,
			      ret_object, text);
	return ret;
}

static int32_t file_open(const struct uri *uri, struct module *ret_module, char *buf,
			 size_t size)
{
	struct text text = { buf, buf, size };
	struct module module = { 0 };
	const char *name = strrchr(uri->file, '/');
	char symbol[URI_MAX + 32], path[URI_MAX + 1];
	size_t len;
	int found;

	name = name ? name + 1 : uri->file;
	say(&text, "%s: tried", name);
	if (name == uri->file) {
		found = search(name, &module.object, &text);
	} else {
		/* "file:///opt/x.so" and "file:////opt/x.so" are the same file */
		snprintf(path, sizeof(path), "/%s", uri->file);
		found = try_path(path[1] == '/' ? path + 1 : path, &module.object,
				 &text);
	}
	if (found <= 0)
		return found ? DSP_EUNABLETOLOAD : DSP_ENOSUCHMOD;

	if (uri->symbol[0]) {
		snprintf(symbol, sizeof(symbol), "%s", uri->symbol);
	} else {
		/* libX.so exports X_handle_invoke */
		if (!strncmp(name, "lib", 3))
			name += 3;
		len = strcspn(name, ".");
		snprintf(symbol, sizeof(symbol), "%.*s_handle_invoke", (int)len, name);
	}
	*(void **)&module.invoke = dlsym(module.object, symbol);
	if (!module.invoke) {
		text = (struct text){ buf, buf, size };
		say(&text, "%s: has no symbol %s", uri->file, symbol);
		dlclose(module.object);
		return DSP_ENOSUCHSYMBOL;
	}
	*ret_module = module;
	return 0;
}

static void file_close(struct module *module)
{
	dlclose(module->object);
}

const struct loader loader_file = {
	.open = file_open,
	.close = file_close,
};
