// SPDX-License-Identifier: MIT
/*
 * Variables of the DSP. They are the session's own: the environment of the process is
 * neither shown nor changed. The two of the search path cannot be set.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps-std-impl.h"

#define VARS_MAX	64
#define NAME_LENGTH	255
#define VALUE_LENGTH	4096
#define PIECES_MAX	64	/* directories in a variable of the DSP's */

static bool is_search_path(const char *name)
{
	return !strcmp(name, "ADSP_LIBRARY_PATH") || !strcmp(name, "DSP_LIBRARY_PATH");
}

static struct std_var *find(struct apps_std *std, const char *name)
{
	for (struct list *node = std->vars.next; node != &std->vars; node = node->next) {
		struct std_var *var = container_of(node, struct std_var, node);

		if (!strcmp(var->name, name))
			return var;
	}
	return NULL;
}

static void drop(struct apps_std *std, struct std_var *var)
{
	list_del(&var->node);
	std->num_vars--;
	free(var->name);
	free(var->value);
	free(var);
}

void std_clear_env(struct apps_std *std)
{
	while (!list_empty(&std->vars))
		drop(std, container_of(std->vars.next, struct std_var, node));
}

/* --- variables -------------------------------------------------------------- */

int32_t std_getenv(struct std_call *call)
{
	const char *name = call->arg[0].text, *value;
	char *path = NULL;
	struct std_var *var;
	size_t size;

	if (is_search_path(name)) {
		value = path = files_search_path(call->std->files, false);
		if (!path)
			return AEE_ENOMEMORY;
	} else {
		var = find(call->std, name);
		if (!var)
			return AEE_ERESOURCENOTFOUND;
		value = var->value;
	}
	size = strlen(value) + 1;
	put_word(call->result, (uint32_t)size);
	/* as much as there is room for; the DSP sees that it was not all */
	if (call->arg[1].word)
		snprintf((char *)call->arg[1].out, call->arg[1].word, "%s", value);
	free(path);
	return AEE_SUCCESS;
}

int32_t std_setenv(struct std_call *call)
{
	const char *name = call->arg[0].text, *value = call->arg[1].text;
	struct std_var *var = find(call->std, name);
	char *copy;

	if (is_search_path(name))
		return std_refuse(call, AEE_EBADPERMS,
				  "the search path is not the DSP's to change");
	if (!*name || strchr(name, '='))
		return std_refuse(call, AEE_EBADPARM, "the name of a variable is wrong");
	if (strlen(name) > NAME_LENGTH || strlen(value) > VALUE_LENGTH)
		return std_refuse(call, AEE_EBADSIZE, "a variable is too long");
	if (var && !call->arg[2].word)
		return AEE_SUCCESS;
	copy = strdup(value);
	if (!copy)
		return AEE_ENOMEMORY;
	if (var) {
		free(var->value);
		var->value = copy;
		return AEE_SUCCESS;
	}
	if (call->std->num_vars == VARS_MAX) {
		free(copy);
		return std_refuse(call, AEE_EOUTOFHANDLES, "%d variables are set",
				  VARS_MAX);
	}
	var = calloc(1, sizeof(*var));
	if (var)
		var->name = strdup(name);
	if (!var || !var->name) {
		free(var);
		free(copy);
		return AEE_ENOMEMORY;
	}
	var->value = copy;
	list_add(&call->std->vars, &var->node);
	call->std->num_vars++;
	return AEE_SUCCESS;
}

int32_t std_unsetenv(struct std_call *call)
{
	struct std_var *var = find(call->std, call->arg[0].text);

	if (is_search_path(call->arg[0].text))
		return std_refuse(call, AEE_EBADPERMS,
				  "the search path is not the DSP's to change");
	if (var)
		drop(call->std, var);
	return AEE_SUCCESS;
}

/* --- directories in variables ----------------------------------------------- */

/* the next piece of *rest, which is written to; NULL at the end */
static char *next_piece(char **rest, const char *delim)
{
	char *piece = *rest, *end;

	if (!piece)
		return NULL;
	end = *delim ? strstr(piece, delim) : NULL;
	if (end) {
		*end = '\0';
		*rest = end + strlen(delim);
	} else {
		*rest = NULL;
	}
	return piece;
}

/* a directory, "" for none, its subfolder or "", and a name */
static int32_t try_name(struct std_call *call, const char *dir, const char *sub,
			const char *name,
			int32_t (*fn)(struct std_call *, const char *))
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s%s%s", dir, *dir ? "/" : "", sub,
			 *sub ? "/" : "", name);

	if (n >= (int)sizeof(path))
		return std_refuse(call, AEE_EINVALIDFILENAME, "a name is too long");
	return fn(call, path);
}

static bool too_many(struct std_call *call, const char *value, const char *delim)
{
	unsigned int num = 1;

	while (*delim && (value = strstr(value, delim))) {
		value += strlen(delim);
		num++;
	}
	if (num > PIECES_MAX)
		std_refuse(call, AEE_EBADPARM, "more than %d directories", PIECES_MAX);
	return num > PIECES_MAX;
}

int32_t std_each_name(struct std_call *call, const char *variable, const char *delim,
		      const char *name, int32_t (*fn)(struct std_call *, const char *))
{
	struct std_var *var = is_search_path(variable) ? NULL : find(call->std, variable);
	const char *domain = files_domain(call->std->files);
	int32_t status = AEE_ENOSUCHFILE;
	char *copy, *rest, *piece;

	/* the search path is where a name is looked for anyway */
	if (!var)
		return fn(call, name);
	if (too_many(call, var->value, delim))
		return AEE_EBADPARM;
	copy = rest = strdup(var->value);
	if (!copy)
		return AEE_ENOMEMORY;
	while (status == AEE_ENOSUCHFILE && (piece = next_piece(&rest, delim))) {
		if (*piece && domain)
			status = try_name(call, piece, domain, name, fn);
		if (status == AEE_ENOSUCHFILE)
			status = try_name(call, piece, "", name, fn);
	}
	free(copy);
	return status;
}

static int32_t open_named(struct std_call *call, const char *name)
{
	uint32_t number = 0;
	int32_t status = std_file_open(call, name, call->arg[3].text, &number);

	put_word(call->result, number);
	return status;
}

int32_t std_fopen_with_env(struct std_call *call)
{
	return std_each_name(call, call->arg[0].text, call->arg[1].text,
			     call->arg[2].text, open_named);
}

int32_t std_search_paths(struct std_call *call)
{
	bool search = is_search_path(call->arg[0].text);
	struct std_var *var = find(call->std, call->arg[0].text);
	const char *delim = search ? ";" : call->arg[1].text;
	uint32_t num = 0;
	uint16_t longest = 0;
	char *copy, *rest, *piece;

	if (!search && !var)
		return AEE_ERESOURCENOTFOUND;
	if (!search && too_many(call, var->value, delim))
		return AEE_EBADPARM;
	copy = rest = search ? files_search_path(call->std->files, true) :
		strdup(var->value);
	if (!copy)
		return AEE_ENOMEMORY;
	while ((piece = next_piece(&rest, delim))) {
		size_t size = strlen(piece) + 1;
		struct stat st;

		if (!*piece || (!search && (files_stat(call->std->files, call->name,
						       piece, &st) ||
					    !S_ISDIR(st.st_mode))))
			continue;
		/* a path cut short would be another one */
		if (num < call->arg[2].word && size <= call->paths[num].size)
			memcpy(call->paths[num].data, piece, size);
		if (size > longest)
			longest = (uint16_t)size;
		num++;
	}
	free(copy);
	put_word(call->result, num);
	memcpy(call->result + 4, &longest, sizeof(longest));
	return AEE_SUCCESS;
}
