/* SPDX-License-Identifier: MIT */
/* A tree of files in /tmp for the tests of what the DSP may touch, and the log. */
#ifndef TESTS_FILES_TREE_H
#define TESTS_FILES_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "files.h"
#include "internal.h"

#define SECRET	"what nobody may read"

/* one/cdsp, two: the search path; three: to be given; outside: not the DSP's */
static char tree[64];

/* a name in the tree; a few at a time */
static inline const char *at(const char *name)
{
	static char names[8][PATH_MAX];
	static unsigned int next;
	char *to = names[next++ % 8];

	snprintf(to, PATH_MAX, "%s/%s", tree, name);
	return to;
}

static inline void put_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* what is in the file; "" if it is not there */
static inline const char *file_text(const char *name)
{
	static char text[256];
	FILE *f = fopen(at(name), "r");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

static inline void put_socket(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static inline int tree_make(void **state)
{
	static const char *const dirs[] = {
		"one", "one/cdsp", "one/dir", "two", "two/cdsp", "three", "outside",
	};

	(void)state;
	strcpy(tree, "/tmp/test-files-XXXXXX");
	assert_non_null(mkdtemp(tree));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(at(dirs[i]), 0755), 0);
	put_file("one/a", "one/a");
	put_file("one/cdsp/b", "one/cdsp/b");
	put_file("one/b", "one/b");
	put_file("two/a", "two/a");
	put_file("two/c", "two/c");
	put_file("two/d", "two/d");
	put_file("outside/secret", SECRET);
	put_file("outside/d", SECRET);
	assert_int_equal(symlink(at("outside/secret"), at("one/absolute")), 0);
	assert_int_equal(symlink("../outside/secret", at("one/relative")), 0);
	assert_int_equal(symlink("../outside", at("one/middle")), 0);
	assert_int_equal(symlink("/proc/self/root", at("one/magic")), 0);
	assert_int_equal(symlink("loop", at("one/loop")), 0);
	assert_int_equal(symlink("a", at("one/inside")), 0);
	assert_int_equal(symlink("../outside/d", at("one/d")), 0);
	assert_int_equal(mkfifo(at("one/fifo"), 0644), 0);
	put_socket("one/socket");
	assert_int_equal(symlink("../outside", at("three/middle")), 0);
	assert_int_equal(symlink("../outside/new", at("three/dangling")), 0);
	assert_int_equal(symlink("../outside/secret", at("three/link")), 0);
	return 0;
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
			   struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tree_remove(void **state)
{
	(void)state;
	return nftw(tree, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* nothing of what is not the DSP's has changed */
static inline void expect_outside_untouched(void)
{
	struct stat st;

	assert_string_equal(file_text("outside/secret"), SECRET);
	assert_string_equal(file_text("outside/d"), SECRET);
	assert_int_equal(stat(at("outside"), &st), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(access(at("outside/new"), F_OK), -1);
	assert_string_equal(file_text("one/a"), "one/a");
	assert_string_equal(file_text("two/a"), "two/a");
}

/* --- the log ---------------------------------------------------------------- */

static char logged[2048];	/* the last message */
static int num_warnings, num_infos, num_debugs;

static inline void keep_log(void *data, int priority, const char *file, int line,
		     const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority <= QDA_LOG_WARNING)
		num_warnings++;
	else if (priority == QDA_LOG_INFO)
		num_infos++;
	else
		num_debugs++;
	snprintf(logged, sizeof(logged), "%s", message);
}

static inline struct qda_ctx *ctx_logging(int level)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = keep_log,
				     .log_level = level };
	struct qda_ctx *ctx;

	unsetenv("QDA_LOG");
	num_warnings = num_infos = num_debugs = 0;
	logged[0] = '\0';
	assert_int_equal(qda_ctx_new(&opts, &ctx), 0);
	return ctx;
}

/* the search path one, two, and a directory that is not there */
static inline struct files *files_for(struct qda_ctx *ctx)
{
	struct path_dir dirs[] = {
		{ (char *)at("one"), "first" }, { (char *)at("missing"), "second" },
		{ (char *)at("two"), "third" },
	};
	struct path_list list = { dirs, 3 };
	struct files *files;

	assert_int_equal(files_new(ctx, "cdsp", &list, &files), 0);
	return files;
}

#endif
