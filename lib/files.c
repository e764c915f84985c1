// SPDX-License-Identifier: MIT
/* What the DSP wants of files, see files.h */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files-impl.h"
#include "refusal.h"

#define WHY_MAX		512

/* one thing that the DSP wants of one name */
struct request {
	struct files *files;
	const char *op;
	const char *name;
	bool write;
	bool must_exist;
	int flags;
	struct stat *st;
	/* a descriptor or 0; -ENOENT to go on with the next directory */
	int (*try)(const struct request *req, int dir, const char *rel);
	char clean[PATH_MAX];
	char why[WHY_MAX];	/* it was refused; empty if not */
	char tried[TRIED_MAX];
};

/* --- refusals --------------------------------------------------------------- */

void files_refuse(struct files *files, const char *op, const char *what,
		  const char *format, ...)
{
	char asked[256];
	va_list ap;

	/* a name may be as long as the DSP likes */
	snprintf(asked, sizeof(asked), "DSP asked for '%.200s' (%s)", what, op);
	va_start(ap, format);
	refusal_log(files->ctx, &files->refusals, asked, format, ap);
	va_end(ap);
}

const char *files_domain(const struct files *files)
{
	return files->domain;
}

unsigned int files_refusals(struct files *files)
{
	return atomic_load(&files->refusals);
}

/* what a refusal of the system means here; NULL: it is not one */
static const char *reason(int err)
{
	switch (err) {
	case -EXDEV:
		return "a symbolic link leads out of the directory";
	case -ELOOP:
		return "a symbolic link that is not followed";
	case -EISDIR:
		return "a directory, not a file";
	case -ENODEV:
		return "not a regular file";
	case -EBUSY:
		return "the directory itself cannot be changed";
	case -EACCES:
	case -EPERM:
		return "permission denied";
	case -EROFS:
		return "the file system is read-only";
	case -ENAMETOOLONG:
		return "the name is too long";
	default:
		return NULL;
	}
}

__attribute__((format(printf, 2, 3)))
static void refuse(struct request *req, const char *format, ...)
{
	va_list ap;

	if (req->why[0])
		return;
	va_start(ap, format);
	vsnprintf(req->why, sizeof(req->why), format, ap);
	va_end(ap);
}

/* --- names ------------------------------------------------------------------ */

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* --- what can be wanted of a name ------------------------------------------- */

static int check_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -ENODEV;
}

static int try_open(const struct request *req, int dir, const char *rel)
{
	int err, fd;

	/* first without touching it: to open a device may do something */
	fd = files_open_beneath(req->files, dir, rel, O_PATH, 0);
	if (fd >= 0) {
		err = check_regular(fd);
		close(fd);
		if (err)
			return err;
	} else if (fd != -ENOENT || !(req->flags & O_CREAT)) {
		return fd;
	}
	fd = files_open_beneath(req->files, dir, rel,
				req->flags | O_NONBLOCK | O_NOCTTY, 0666);
	if (fd < 0)
		return fd;
	err = check_regular(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int try_opendir(const struct request *req, int dir, const char *rel)
{
	return files_open_beneath(req->files, dir, rel,
				  O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
}

static int try_stat(const struct request *req, int dir, const char *rel)
{
	int err = 0, fd = files_open_beneath(req->files, dir, rel, O_PATH, 0);

	if (fd < 0)
		return fd;
	if (fstat(fd, req->st))
		err = -errno;
	else if (!S_ISREG(req->st->st_mode) && !S_ISDIR(req->st->st_mode))
		err = -ENODEV;
	close(fd);
	return err;
}

/* the directory in which rel is, or is to be */
static int try_parent(const struct request *req, int dir, const char *rel)
{
	const char *base = last_part(rel);
	char parent[PATH_MAX] = ".";
	struct stat st;
	int err, fd;

	if (!strcmp(rel, "."))
		return -EBUSY;
	if (base != rel) {
		memcpy(parent, rel, (size_t)(base - rel) - 1);
		parent[base - rel - 1] = '\0';
	}
	fd = files_open_beneath(req->files, dir, parent, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0 && req->must_exist &&
	    fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* --- requests --------------------------------------------------------------- */

static void note_tried(struct request *req, const struct root *root, const char *rel,
		       const char *why)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s",
		 strcmp(root->dsp_path, "/") ? root->dsp_path : "", rel);
	path_tried_add(req->tried, sizeof(req->tried), path, why);
}

static int try_root(struct request *req, struct root *root, const char *rel)
{
	const char *why;
	int result;

	if (req->write && !root->writable) {
		refuse(req, "'%s' (%s) is given for reading only", root->dsp_path,
		       root->origin);
		return -EACCES;
	}
	result = root_fd(root) < 0 ? -ENOENT : req->try(req, root->fd, rel);
	if (result >= 0)
		return result;
	if (result == -ENOTDIR)
		result = -ENOENT;
	why = reason(result);
	note_tried(req, root, rel, why);
	if (!why)
		return result;
	refuse(req, "'%s' in '%s': %s", rel, root->dsp_path, why);
	return result == -ENAMETOOLONG ? result : -EACCES;
}

static int try_absolute(struct request *req)
{
	const char *rel;
	struct root *root = root_of(req->files, req->clean, &rel);

	if (!root) {
		refuse(req, "it is outside the directories that the DSP was given");
		return -EACCES;
	}
	return try_root(req, root, rel);
}

static int try_search(struct request *req)
{
	const char *domain = req->files->domain;
	char with_domain[PATH_MAX];
	bool refused = false, any = false;
	int result;

	for (size_t i = 0; i < req->files->num_roots; i++) {
		struct root *root = &req->files->roots[i];

		if (!root->search || (req->write && !root->writable))
			continue;
		any = true;
		for (int sub = domain ? 1 : 0; sub >= 0; sub--) {
			int n = sub ? snprintf(with_domain, sizeof(with_domain), "%s/%s",
					       domain, req->clean) : 0;

			if (n >= (int)sizeof(with_domain))
				continue;
			result = try_root(req, root, sub ? with_domain : req->clean);
			if (result != -ENOENT && result != -EACCES)
				return result;
			refused |= result == -EACCES;
		}
	}
	if (!any && req->write) {
		refuse(req, "no directory of the search path may be written to");
		return -EACCES;
	}
	return refused ? -EACCES : -ENOENT;
}

static int run(struct request *req)
{
	struct files *files = req->files;
	int result;

	req->why[0] = '\0';
	req->tried[0] = '\0';
	result = *req->name ? beneath_clean(req->name, req->clean) : -EINVAL;
	if (result == -EINVAL) {
		refuse(req, "the name is empty");
	} else if (result == -ENAMETOOLONG) {
		refuse(req, "the name is too long");
	} else if (result) {
		refuse(req, "'..' is not allowed in a name");
		result = -EACCES;
	} else {
		pthread_mutex_lock(&files->lock);
		result = *req->clean == '/' ? try_absolute(req) : try_search(req);
		if (result < 0 && req->try == try_open && !req->write)
			memcpy(files->tried, req->tried, sizeof(files->tried));
		pthread_mutex_unlock(&files->lock);
	}
	if (atomic_load(&files->walks) && !atomic_exchange(&files->told_walks, true))
		log_warn(files->ctx, "this kernel has no openat2(): no symbolic link is followed in what the DSP asks for");
	if (req->why[0])
		files_refuse(files, req->op, req->name, "%s", req->why);
	else if (result < 0)
		log_debug(files->ctx, "DSP asked for '%.200s' (%s): %s",
			  req->name, req->op, qda_strerror(result));
	return result;
}

int files_open(struct files *files, const char *op, const char *name, int flags)
{
	struct request req = { .files = files, .op = op, .name = name, .flags = flags,
			       .write = flags != O_RDONLY, .try = try_open };

	return run(&req);
}

int files_opendir(struct files *files, const char *op, const char *name)
{
	struct request req = { .files = files, .op = op, .name = name,
			       .try = try_opendir };

	return run(&req);
}

int files_stat(struct files *files, const char *op, const char *name, struct stat *st)
{
	struct request req = { .files = files, .op = op, .name = name, .st = st,
			       .try = try_stat };

	return run(&req);
}

static int open_parent(struct request *req, struct files *files, const char *op,
		       const char *name, bool must_exist)
{
	req->files = files;
	req->op = op;
	req->name = name;
	req->write = true;
	req->must_exist = must_exist;
	req->try = try_parent;
	return run(req);
}

static int unlink_name(struct files *files, const char *op, const char *name,
		       bool file)
{
	struct request req = { 0 };
	int err = -EISDIR, fd = open_parent(&req, files, op, name, true);

	if (fd < 0)
		return fd;
	if (file)
		err = unlinkat(fd, last_part(req.clean), 0) ? -errno : 0;
	if (err == -EISDIR)
		err = unlinkat(fd, last_part(req.clean), AT_REMOVEDIR) ? -errno : 0;
	close(fd);
	return err;
}

int files_remove(struct files *files, const char *op, const char *name)
{
	return unlink_name(files, op, name, true);
}

int files_rmdir(struct files *files, const char *op, const char *name)
{
	return unlink_name(files, op, name, false);
}

int files_mkdir(struct files *files, const char *op, const char *name, uint32_t mode)
{
	struct request req = { 0 };
	int err = 0, fd = open_parent(&req, files, op, name, false);

	if (fd < 0)
		return fd;
	if (mkdirat(fd, last_part(req.clean), mode & 0777))
		err = -errno;
	close(fd);
	return err;
}

int files_rename(struct files *files, const char *op, const char *from, const char *to)
{
	struct request old = { 0 }, new = { 0 };
	int err = 0, old_fd, new_fd;

	old_fd = open_parent(&old, files, op, from, true);
	if (old_fd < 0)
		return old_fd;
	new_fd = open_parent(&new, files, op, to, false);
	if (new_fd < 0) {
		close(old_fd);
		return new_fd;
	}
	if (renameat(old_fd, last_part(old.clean), new_fd, last_part(new.clean)))
		err = -errno;
	close(old_fd);
	close(new_fd);
	return err;
}

/* --- what was searched ------------------------------------------------------ */

void files_last_tried(struct files *files, char *buf, size_t size)
{
	pthread_mutex_lock(&files->lock);
	snprintf(buf, size, "%s", files->tried);
	pthread_mutex_unlock(&files->lock);
}

void files_forget_tried(struct files *files)
{
	pthread_mutex_lock(&files->lock);
	files->tried[0] = '\0';
	pthread_mutex_unlock(&files->lock);
}
