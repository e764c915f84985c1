/* SPDX-License-Identifier: MIT */
/* What files.c and files-root.c share: the directories that the DSP was given */
#ifndef QDA_FILES_IMPL_H
#define QDA_FILES_IMPL_H

#include "beneath.h"
#include "files.h"
#include "internal.h"

#define TRIED_MAX	2048

struct root {
	char *dsp_path;		/* clean, see beneath.h */
	char *host_path;
	const char *origin;
	int fd;			/* O_PATH; -1: was not there */
	bool missing;		/* and will not be */
	bool writable;
	bool search;
};

struct files {
	struct qda_ctx *ctx;
	char *domain;
	atomic_uint refusals;
	atomic_bool walks;	/* the kernel has no openat2() */
	atomic_bool told_walks;
	pthread_mutex_t lock;	/* what follows; no log call while it is held */
	struct root *roots;
	size_t num_roots;
	char tried[TRIED_MAX];
};

/*
 * The root with the longest name that an absolute name lies below, and what remains of
 * that; NULL
 */
struct root *root_of(const struct files *files, const char *name, const char **ret_rel);
/* the descriptor of its directory, which may appear only later; -1 */
int root_fd(struct root *root);
/* beneath_open(), and remember how */
int files_open_beneath(struct files *files, int dir, const char *rel, int flags,
		       mode_t mode);

#endif
