// SPDX-License-Identifier: MIT
/* The directories that the DSP was given, see files.h */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files-impl.h"

const char *root_rest(const struct root *root, const char *name)
{
	size_t len = strcmp(root->dsp_path, "/") ? strlen(root->dsp_path) : 0;

	if (strncmp(name, root->dsp_path, len) || (name[len] && name[len] != '/'))
		return NULL;
	name += len;
	name += *name == '/';
	return *name ? name : ".";
}

int root_fd(struct root *root)
{
	if (root->fd < 0)
		root->fd = open(root->host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root->fd;
}

int files_open_beneath(struct files *files, int dir, const char *rel, int flags,
		       mode_t mode)
{
	bool walked = false;
	int fd = beneath_open(dir, rel, flags, mode, &walked);

	if (walked)
		atomic_store(&files->walks, true);
	return fd;
}

/* --- roots ------------------------------------------------------------------ */

static void root_free(struct root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	free(root->dsp_path);
	free(root->host_path);
}

/* takes what root has, also on error; the lock is held, or nobody else is there */
static int put_root(struct files *files, struct root *root)
{
	struct root *roots;

	for (size_t i = 0; i < files->num_roots; i++) {
		struct root *old = &files->roots[i];

		if (strcmp(old->dsp_path, root->dsp_path))
			continue;
		root->search |= old->search;
		root_free(old);
		*old = *root;
		return 0;
	}
	roots = reallocarray(files->roots, files->num_roots + 1, sizeof(*roots));
	if (!roots) {
		root_free(root);
		return -ENOMEM;
	}
	files->roots = roots;
	roots[files->num_roots++] = *root;
	return 0;
}

static int make_root(struct root *root, const char *dsp_path, const char *host_path)
{
	char clean[PATH_MAX];
	int err;

	memset(root, 0, sizeof(*root));
	root->fd = -1;
	if (*dsp_path != '/')
		return -EINVAL;
	err = beneath_clean(dsp_path, clean);
	if (err)
		return err == -EXDEV ? -EINVAL : err;
	root->dsp_path = strdup(clean);
	root->host_path = strdup(host_path);
	if (!root->dsp_path || !root->host_path) {
		root_free(root);
		return -ENOMEM;
	}
	return 0;
}

static bool is_covered(const struct files *files, const char *dsp_path)
{
	for (size_t i = 0; i < files->num_roots; i++)
		if (root_rest(&files->roots[i], dsp_path))
			return true;
	return false;
}

/* beside: of a module, read and searched unless it is covered already */
static int add_root(struct files *files, const char *dsp_path, const char *host_path,
		    bool writable, bool beside)
{
	struct root root;
	int err = make_root(&root, dsp_path, host_path);

	if (err)
		return err;
	root.writable = writable;
	root.origin = beside ? "module" : "application";
	root.search = beside;
	pthread_mutex_lock(&files->lock);
	if (beside && is_covered(files, root.dsp_path)) {
		root_free(&root);
	} else if (root_fd(&root) < 0) {
		err = -errno;
		root_free(&root);
	} else {
		err = put_root(files, &root);
	}
	pthread_mutex_unlock(&files->lock);
	return err;
}

int files_add_root(struct files *files, const char *dsp_path, const char *host_path,
		   bool writable)
{
	return add_root(files, dsp_path, host_path, writable, false);
}

int files_let_read(struct files *files, const char *dir)
{
	return add_root(files, dir, dir, false, true);
}

int files_new(struct qda_ctx *ctx, const char *domain, const struct path_list *path,
	      struct files **ret_files)
{
	struct files *files = calloc(1, sizeof(*files));
	int err = 0;

	if (!files)
		return -ENOMEM;
	files->ctx = ctx;
	pthread_mutex_init(&files->lock, NULL);
	if (domain) {
		files->domain = strdup(domain);
		if (!files->domain)
			err = -ENOMEM;
	}
	for (size_t i = 0; !err && i < path->num; i++) {
		struct root root;

		err = make_root(&root, path->dirs[i].path, path->dirs[i].path);
		if (err) {
			/* what the DSP cannot name it cannot have */
			if (err != -ENOMEM) {
				log_warn(ctx, "'%s' (%s) is no directory for the DSP: not an absolute path",
					 path->dirs[i].path, path->dirs[i].origin);
				err = 0;
			}
			continue;
		}
		root.origin = path->dirs[i].origin;
		root.search = true;
		err = put_root(files, &root);
	}
	if (err) {
		files_free(files);
		return err;
	}
	*ret_files = files;
	return 0;
}

void files_free(struct files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->num_roots; i++)
		root_free(&files->roots[i]);
	free(files->roots);
	free(files->domain);
	pthread_mutex_destroy(&files->lock);
	free(files);
}

/* --- what was searched ------------------------------------------------------ */

static bool is_dir(struct files *files, struct root *root, const char *rel)
{
	int fd = root_fd(root);

	if (fd < 0)
		return false;
	fd = files_open_beneath(files, fd, rel, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

char *files_search_path(struct files *files, bool existing)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *between = "";
	bool failed;

	if (!out)
		return NULL;
	pthread_mutex_lock(&files->lock);
	for (size_t i = 0; i < files->num_roots; i++) {
		struct root *root = &files->roots[i];

		if (!root->search)
			continue;
		if (existing && files->domain && is_dir(files, root, files->domain)) {
			fprintf(out, "%s%s/%s", between, root->dsp_path, files->domain);
			between = ";";
		}
		if (!existing || is_dir(files, root, ".")) {
			fprintf(out, "%s%s", between, root->dsp_path);
			between = ";";
		}
	}
	pthread_mutex_unlock(&files->lock);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
