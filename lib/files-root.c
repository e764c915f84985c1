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

#define OPEN_DIR	(O_PATH | O_DIRECTORY | O_CLOEXEC)

/* what remains of an absolute name below a root; NULL if it is not there */
static const char *root_rest(const struct root *root, const char *name)
{
	size_t len = strcmp(root->dsp_path, "/") ? strlen(root->dsp_path) : 0;

	if (strncmp(name, root->dsp_path, len) || (name[len] && name[len] != '/'))
		return NULL;
	name += len;
	name += *name == '/';
	return *name ? name : ".";
}

struct root *root_of(const struct files *files, const char *name, const char **ret_rel)
{
	struct root *best = NULL;

	for (size_t i = 0; i < files->num_roots; i++) {
		struct root *root = &files->roots[i];
		const char *rest = root_rest(root, name);

		if (rest && (!best || strlen(root->dsp_path) > strlen(best->dsp_path))) {
			best = root;
			*ret_rel = rest;
		}
	}
	return best;
}

int root_fd(struct root *root)
{
	if (root->fd < 0 && !root->missing)
		root->fd = open(root->host_path, OPEN_DIR);
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
	const char *rel;
	const struct root *root = root_of(files, dsp_path, &rel);

	return root && !root->missing;
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

/* --- one inside another ----------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* 1 and the directory given for writing that this one is; 0; -errno */
static int find_writable(const struct files *files, const struct stat *dir,
			 const struct root **ret_root)
{
	struct stat st;

	for (size_t i = 0; i < files->num_roots; i++) {
		const struct root *root = &files->roots[i];

		if (!root->writable)
			continue;
		if (fstat(root->fd, &st))
			return -errno;
		if (is_same(&st, dir)) {
			*ret_root = root;
			return 1;
		}
	}
	return 0;
}

/* the same for path, below dir, and all that it lies in */
static int find_around(const struct files *files, int dir, const char *path,
		       const struct root **ret_root)
{
	struct stat here, below = { 0 };
	int up, result, fd = openat(dir, path, OPEN_DIR);

	if (fd < 0)
		return -errno;
	for (;;) {
		result = fstat(fd, &here) ? -errno : 0;
		/* nothing is above the last one but itself */
		if (result || is_same(&here, &below))
			break;
		result = find_writable(files, &here, ret_root);
		if (result)
			break;
		up = openat(fd, "..", OPEN_DIR);
		if (up < 0) {
			result = -errno;
			break;
		}
		close(fd);
		fd = up;
		below = here;
	}
	close(fd);
	return result;
}

/* the same for the nearest directory that is there */
static int find_around_missing(const struct files *files, const struct root *root,
			       const struct root **ret_root)
{
	char path[PATH_MAX];
	int result;

	/* absolute: only the search path has such */
	snprintf(path, sizeof(path), "%s", root->host_path);
	do {
		*strrchr(path, '/') = '\0';
		result = find_around(files, AT_FDCWD, *path ? path : "/", ret_root);
	} while (result < 0 && *path);
	return result;
}

static int find_outer(const struct files *files, struct root *root,
		      const struct root **ret_root)
{
	struct stat st;
	int result;

	if (root_fd(root) < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return -errno;
		root->missing = true;
		return find_around_missing(files, root, ret_root);
	}
	if (fstat(root->fd, &st))
		return -errno;
	/* under another name it is given for writing itself */
	result = find_writable(files, &st, ret_root);
	if (result)
		return result < 0 ? result : 0;
	result = find_around(files, root->fd, "..", ret_root);
	/* who may not go up from somewhere may not come down there either */
	return result == -EACCES ? 0 : result;
}

int files_check(struct files *files, struct qda_failure *reterr)
{
	const struct root *outer;
	bool any = false;
	int result = 0;

	pthread_mutex_lock(&files->lock);
	for (size_t i = 0; i < files->num_roots; i++)
		any |= files->roots[i].writable;
	for (size_t i = 0; any && !result && i < files->num_roots; i++) {
		struct root *root = &files->roots[i];

		if (root->writable)
			continue;
		result = find_outer(files, root, &outer);
		if (result < 0)
			qda_fail(reterr, result, 0, "what directory %s (%s) lies in",
				 root->host_path, root->origin);
		if (result <= 0)
			continue;
		result = qda_fail(reterr, -EINVAL, 0,
				  "session option write_dirs: the DSP may change %s, and with it %s (%s%s) inside, which is for reading only; give both the same rights, or a directory elsewhere",
				  outer->host_path, root->host_path, root->origin,
				  root->missing ? ", not there yet" : "");
	}
	pthread_mutex_unlock(&files->lock);
	return result;
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
