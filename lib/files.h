/* SPDX-License-Identifier: MIT */
/*
 * What the DSP may touch of the file system: directories ("roots") that it was
 * given, each under a name of the DSP's own, and nothing outside them.
 *
 * The search path is given for reading; the application may give more, and let them
 * be written to. No name leads out of its root: no "..", no symbolic link, no magic
 * link. Only regular files are opened.
 *
 * Functions return 0 or a descriptor, or -errno; a refusal has been logged, and is
 * -EACCES, or -EINVAL for an empty name and -ENAMETOOLONG. op is the DSP's word for
 * what it wants, for the log. One thread at a time, except where "any thread" is said.
 */
#ifndef QDA_FILES_H
#define QDA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "path.h"

struct files;
struct qda_ctx;
struct qda_failure;

/*
 * path: directories in which names without a leading slash are looked for, which the
 * DSP may name as they are called here; those that do not exist are tried again each
 * time, until files_check(). domain: subfolder that comes before each of them, or NULL.
 * Both are copied, ctx must outlive the object.
 */
int files_new(struct qda_ctx *ctx, const char *domain, const struct path_list *path,
	      struct files **ret_files);
void files_free(struct files *files);

/*
 * Give the DSP the directory host_path, which must exist, under the absolute name
 * dsp_path. The longest name that fits wins; a name given again replaces the former
 * directory, in the search path as well. Any thread. -EINVAL: dsp_path is not
 * absolute or has "..", -ENOMEM, -ENOENT, -ENOTDIR, -EACCES...
 */
int files_add_root(struct files *files, const char *dsp_path, const char *host_path,
		   bool writable);
/*
 * Once all are given, before the DSP has them: -EINVAL if one that is for reading only
 * lies inside one for writing, whatever they are called, for there the DSP could rename
 * its way to it; or what looking failed with. If anything is for writing, a search
 * directory that is missing by now stays so: the DSP might be who makes it.
 */
int files_check(struct files *files, struct qda_failure *reterr);
/*
 * Let the DSP read in dir, which it names as it is called here, unless it is in a
 * directory that was given already: that one's rights stay. It is searched last, as
 * a module needs what lies beside it. Errors as above.
 */
int files_let_read(struct files *files, const char *dir);

/*
 * A regular file. flags: O_RDONLY, O_WRONLY or O_RDWR, with O_CREAT, O_EXCL, O_TRUNC
 * and O_APPEND; anything but plain O_RDONLY needs a writable root.
 */
int files_open(struct files *files, const char *op, const char *name, int flags);
int files_opendir(struct files *files, const char *op, const char *name);
/* regular files and directories only */
int files_stat(struct files *files, const char *op, const char *name, struct stat *st);
/* file or empty directory */
int files_remove(struct files *files, const char *op, const char *name);
int files_rmdir(struct files *files, const char *op, const char *name);
int files_mkdir(struct files *files, const char *op, const char *name, uint32_t mode);
int files_rename(struct files *files, const char *op, const char *from, const char *to);

/* Log and count that the DSP was refused what; too many go to the debug level. */
void files_refuse(struct files *files, const char *op, const char *what,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
unsigned int files_refusals(struct files *files);
const char *files_domain(const struct files *files);

/*
 * The search directories as the DSP names them, ';' between them; with existing, only
 * those that are there, and their subfolders. To be freed; NULL: no memory.
 */
char *files_search_path(struct files *files, bool existing);

/*
 * "a, b, c": what was tried of the last file that could not be opened for reading since
 * files_forget_tried(), as far as it fits; empty if there was none. Any thread.
 */
void files_last_tried(struct files *files, char *buf, size_t size);
void files_forget_tried(struct files *files);

#endif
