// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "objects.h"

static char dir[] = "/tmp/qda-path-XXXXXX";
static char config[64];
static char logged[1024];
static int num_logged;
static struct qda_ctx *ctx;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority != QDA_LOG_WARNING)
		return;
	snprintf(logged, sizeof(logged), "%s", message);
	num_logged++;
}

/* allocations until one fails; negative: none does */
static int fail_after = -1;

void *__real_malloc(size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_after >= 0 && !fail_after-- ? NULL : __real_malloc(size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fail_after >= 0 && !fail_after-- ? NULL : __real_reallocarray(p, n, size);
}

static void set_env(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void set_paths(const char *dsp, const char *adsp)
{
	set_env("DSP_LIBRARY_PATH", dsp);
	set_env("ADSP_LIBRARY_PATH", adsp);
}

static void write_config(const char *text)
{
	FILE *file = fopen(config, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = log_fn,
				     .log_level = QDA_LOG_WARNING };

	(void)state;
	unsetenv("QDA_LOG");
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	snprintf(config, sizeof(config), "%s/qda.conf", dir);
	setenv("QDA_CONFIG", config, 1);
	setenv("QDA_BOARD", "Some Board", 1);
	return qda_ctx_new(&opts, &ctx);
}

static int teardown(void **state)
{
	(void)state;
	qda_ctx_unref(ctx);
	unlink(config);
	return chdir("/") || rmdir(dir);
}

static int clean(void **state)
{
	(void)state;
	write_config("");
	set_paths(NULL, NULL);
	num_logged = 0;
	logged[0] = '\0';
	return 0;
}

/* "directory (origin)" per line */
static void expect(const char *app, bool soft, const char *text)
{
	char all[16384] = "";
	struct path_list list;
	size_t i;

	assert_int_equal(path_list_make(&list, ctx, app, soft), 0);
	for (i = 0; i < list.num; i++)
		sprintf(all + strlen(all), "%s (%s)\n", list.dirs[i].path,
			list.dirs[i].origin);
	assert_string_equal(all, text);
	path_list_free(&list);
	assert_int_equal(list.num, 0);
	assert_null(list.dirs);
}

#define KERNEL	"/usr/lib/dsp (default)\n/usr/lib/rfsa/adsp (default)\n" \
		"/vendor/dsp (default)\n/vendor/lib/rfsa/adsp (default)\n"
#define SOFT	QDA_DSP_DIR " (default)\n"

static void defaults(void **state)
{
	(void)state;
	expect(NULL, false, KERNEL);
	expect(NULL, true, SOFT);
	set_paths("", "");
	expect("", true, SOFT);
}

static void variables(void **state)
{
	(void)state;
	set_paths("/a", NULL);
	expect(NULL, true, "/a (DSP_LIBRARY_PATH)\n" SOFT);
	set_paths(NULL, "/b");
	expect(NULL, false, "/b (ADSP_LIBRARY_PATH)\n" KERNEL);
	set_paths("/a", "/b");
	expect(NULL, true, "/a (DSP_LIBRARY_PATH)\n" SOFT);
	set_paths("", "/b");
	expect(NULL, true, "/b (ADSP_LIBRARY_PATH)\n" SOFT);
}

static void order(void **state)
{
	(void)state;
	write_config("[default]\npath = /conf;/conf2\n"
		     "[board \"Some *\"]\npath = /board\n"
		     "[board \"Other\"]\npath = /other\n"
		     "[soft]\npath = /soft\n");
	set_paths("/env", "/not");
	expect("/app", false, "/app (application)\n/env (DSP_LIBRARY_PATH)\n"
	       "/conf (configuration)\n/conf2 (configuration)\n"
	       "/board (configuration)\n" KERNEL);
	/* what is for boards would be for another machine */
	expect("/app", true, "/app (application)\n/env (DSP_LIBRARY_PATH)\n"
	       "/soft (configuration)\n" SOFT);
	assert_int_equal(num_logged, 0);
}

static void separators(void **state)
{
	(void)state;
	set_paths(";;/b:/c/:;", NULL);
	expect("/x;/y:", true, "/x (application)\n/y (application)\n"
	       "/b (DSP_LIBRARY_PATH)\n/c (DSP_LIBRARY_PATH)\n" SOFT);
	set_paths(":;", NULL);
	expect(";", true, SOFT);
}

static void once(void **state)
{
	(void)state;
	set_paths("/a:/b//:/usr/lib/dsp/", NULL);
	expect("//a/.:/a", false, "/a (application)\n/b (DSP_LIBRARY_PATH)\n"
	       "/usr/lib/dsp (DSP_LIBRARY_PATH)\n"
	       "/usr/lib/rfsa/adsp (default)\n"
	       "/vendor/dsp (default)\n/vendor/lib/rfsa/adsp (default)\n");
}

static void relative(void **state)
{
	char text[512], gone[] = "/tmp/qda-gone-XXXXXX";

	(void)state;
	snprintf(text, sizeof(text), "%s/x/y (application)\n%s (application)\n"
		 "%s/../up (application)\n%s/.hid (application)\n/ (application)\n" SOFT,
		 dir, dir, dir, dir);
	expect("./x//y/;.;../up;.hid/;///", true, text);
	assert_int_equal(chdir("/"), 0);
	expect("x", true, "/x (application)\n" SOFT);

	/* nowhere */
	assert_non_null(mkdtemp(gone));
	assert_int_equal(chdir(gone), 0);
	assert_int_equal(rmdir(gone), 0);
	expect("x;/a;y/z", true, "/a (application)\n" SOFT);
	assert_int_equal(num_logged, 2);
	assert_non_null(strstr(logged, "y/z of application"));
	assert_int_equal(chdir(dir), 0);
}

static void many(void **state)
{
	struct path_list list;
	char env[8192] = "";
	int i;

	(void)state;
	for (i = 0; i < 300; i++)
		sprintf(env + strlen(env), "/many/%d:", i);
	set_paths(env, NULL);
	assert_int_equal(path_list_make(&list, ctx, "/app", true), 0);
	assert_int_equal(list.num, PATH_MAX_DIRS);
	assert_string_equal(list.dirs[PATH_MAX_DIRS - 1].path, "/many/254");
	path_list_free(&list);
	assert_int_equal(num_logged, 1);
	assert_non_null(strstr(logged, "/many/255 of DSP_LIBRARY_PATH"));
}

static void no_memory(void **state)
{
	struct path_list list;
	int i, err;

	(void)state;
	write_config("[default]\npath = /c;/d\n");
	set_paths("/a:/b", NULL);
	for (i = 0;; i++) {
		fail_after = i;
		err = path_list_make(&list, ctx, "/app", false);
		if (fail_after >= 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(list.num, 0);
		assert_null(list.dirs);
	}
	fail_after = -1;
	assert_int_equal(err, 0);
	assert_int_equal(list.num, 9);
	path_list_free(&list);
	/* two for each directory, one for the file */
	assert_in_range(i, 19, 30);
}

/* --- search ------------------------------------------------------------- */

static void expect_search(const char *app, size_t size, const char *text)
{
	struct path_list list;
	struct path_search search = PATH_SEARCH(&list, "cdsp", "f");
	char all[4096] = "", path[256];

	assert_int_equal(path_list_make(&list, ctx, app, true), 0);
	while (path_search_next(&search, path, size)) {
		strcat(all, path);
		strcat(all, "\n");
	}
	/* the end stays the end */
	assert_int_equal(path_search_next(&search, path, size), 0);
	path_list_free(&list);
	assert_string_equal(all, text);
}

#define SOFT_SEARCH	QDA_DSP_DIR "/cdsp/f\n" QDA_DSP_DIR "/f\n"

static void search(void **state)
{
	(void)state;
	expect_search("/a;/b", 256, "/a/cdsp/f\n/a/f\n/b/cdsp/f\n/b/f\n" SOFT_SEARCH);
	expect_search("/", 256, "/cdsp/f\n/f\n" SOFT_SEARCH);
}

static void too_long(void **state)
{
	char app[600];

	(void)state;
	memset(app, 'x', sizeof(app));
	app[0] = '/';
	strcpy(app + 500, ":/a");
	expect_search(app, 256, "/a/cdsp/f\n/a/f\n" SOFT_SEARCH);
	/* only the subfolder does not fit */
	memset(app, 'x', sizeof(app));
	app[0] = '/';
	app[253] = '\0';
	{
		char text[700];

		snprintf(text, sizeof(text), "%s/f\n" SOFT_SEARCH, app);
		expect_search(app, 256, text);
	}
}

static void tried(void **state)
{
	char text[64] = "", want[64];
	int i;

	(void)state;
	path_tried_add(text, sizeof(text), "/a", path_tried_why(-ENOENT));
	path_tried_add(text, sizeof(text), "/b", path_tried_why(-ENOTDIR));
	snprintf(want, sizeof(want), "/a, /b, /c (%s)", qda_strerror(-EACCES));
	path_tried_add(text, sizeof(text), "/c", path_tried_why(-EACCES));
	assert_string_equal(text, want);

	/* whatever the room, it ends well and says once that it is not all */
	for (i = 7; i <= (int)sizeof(text); i++) {
		int k;

		text[0] = '\0';
		for (k = 0; k < 100; k++)
			path_tried_add(text, (size_t)i, k % 3 ? "/long/er" : "/s", NULL);
		assert_in_range(strlen(text), 3, i - 1);
		assert_string_equal(text + strlen(text) - 3, "...");
		assert_null(strstr(text, "..., "));
		assert_null(strstr(text, "......"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults, clean),
		cmocka_unit_test_setup(variables, clean),
		cmocka_unit_test_setup(order, clean),
		cmocka_unit_test_setup(separators, clean),
		cmocka_unit_test_setup(once, clean),
		cmocka_unit_test_setup(relative, clean),
		cmocka_unit_test_setup(many, clean),
		cmocka_unit_test_setup(no_memory, clean),
		cmocka_unit_test_setup(search, clean),
		cmocka_unit_test_setup(too_long, clean),
		cmocka_unit_test_setup(tried, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
