// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include "files-tree.h"

#define NOBODY	65534

/* --- the object under test -------------------------------------------------- */

static struct qda_ctx *ctx;
static struct files *files;

/* the search path: one, and a name in the tree */
static void begin(const char *second)
{
	struct path_dir dirs[] = { { (char *)at("one"), "first" },
				   { (char *)at(second), "second" } };
	struct path_list list = { dirs, 2 };

	ctx = ctx_logging(QDA_LOG_WARNING);
	assert_int_equal(files_new(ctx, "cdsp", &list, &files), 0);
}

static void end(void)
{
	files_free(files);
	qda_ctx_unref(ctx);
	expect_outside_untouched();
}

static int make(void **state)
{
	static const char *const dirs[] = { "three/sub", "three/sub/ro", "three.more" };
	int ret = tree_make(state);

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(at(dirs[i]), 0755), 0);
	return ret;
}

static void give(const char *dsp_path, const char *name, bool writable)
{
	assert_int_equal(files_add_root(files, dsp_path, at(name), writable), 0);
}

static void allowed(void)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	if (files_check(files, &failure))
		fail_msg("%s", failure.message);
	end();
}

/* with both directories, and where the inner one is from */
static void refused(const char *outer, const char *inner, const char *origin)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	char text[1024];

	assert_int_equal(files_check(files, NULL), -EINVAL);
	assert_int_equal(files_check(files, &failure), -EINVAL);
	snprintf(text, sizeof(text),
		 "session option write_dirs: the DSP may change %s, and with it %s (%s) inside, which is for reading only; give both the same rights, or a directory elsewhere: ",
		 at(outer), at(inner), origin);
	if (strncmp(failure.message, text, strlen(text)))
		fail_msg("'%s', not '%s'", failure.message, text);
	end();
}

static void write_to(const char *name, int wanted)
{
	int fd = files_open(files, "fopen", name, O_WRONLY | O_CREAT);

	assert_int_equal(fd < 0 ? fd : 0, wanted);
	if (fd >= 0)
		close(fd);
}

/* --- what may lie in what --------------------------------------------------- */

static void nothing_for_writing(void **state)
{
	(void)state;
	begin("two");
	give("/a", "three", false);
	give("/b", "three/sub", false);
	allowed();
	begin("one/cdsp");
	allowed();
}

static void reading_in_writing(void **state)
{
	(void)state;
	begin("two");
	give("/rw", "three", true);
	give("/rw/sub", "three/sub", false);
	refused("three", "three/sub", "application");
	/* the other way round, deeper, and not by the DSP's names */
	begin("two");
	give("/ro", "three/sub/ro", false);
	give("/rw", "three", true);
	refused("three", "three/sub/ro", "application");
	/* of two the nearer one */
	begin("two");
	give("/rw", "three", true);
	give("/ro", "three/sub/ro", false);
	give("/x", "three/sub", true);
	refused("three/sub", "three/sub/ro", "application");
	/* what is searched is read */
	begin("three/sub");
	give("/rw", "three", true);
	refused("three", "three/sub", "second");
	begin("two");
	give("/rw", ".", true);
	refused(".", "one", "first");
}

static void by_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(symlink("three/sub/ro", at("ro")), 0);
	assert_int_equal(symlink("three", at("rw")), 0);
	begin("ro");
	give("/rw", "rw", true);
	refused("rw", "ro", "second");
	/* a name that passes through it leads elsewhere */
	assert_int_equal(symlink("../two", at("three/leave")), 0);
	begin("three/leave");
	give("/rw", "three", true);
	allowed();
	/* nothing but the DSP's names lies in another */
	begin("two");
	give("/rw", "three", true);
	give("/rw/sub", "three.more", false);
	allowed();
}

static void writing_in_reading(void **state)
{
	(void)state;
	begin("three");
	give("/rw", "three/sub", true);
	give("/rw/ro", "three/sub/ro", true);
	give("/more", "three.more", false);
	allowed();
	begin("two");
	give("/", "..", false);
	give("/rw", "three", true);
	allowed();
}

static void the_same_twice(void **state)
{
	(void)state;
	begin("three");
	give("/ro", "three", false);
	give("/rw", "three", true);
	allowed();
	/* also where that is in another for writing */
	begin("three/sub");
	give("/rw", "three", true);
	give("/sub", "three/sub", true);
	allowed();
	/* a name given again is the last one's alone */
	begin("three/sub");
	give("/rw", "three", true);
	give("/ro", "three/sub/ro", false);
	give(at("three/sub"), "three/sub", true);
	give("/ro", "three.more", false);
	allowed();
	begin("three/sub");
	give("/rw", "three", true);
	give("/rw", "three", false);
	allowed();
}

/* --- directories that are not there ------------------------------------------ */

static void missing_in_writing(void **state)
{
	(void)state;
	begin("three/new");
	give("/rw", "three", true);
	refused("three", "three/new", "second, not there yet");
	begin("three/sub/new/and/more");
	give("/rw", "three", true);
	refused("three", "three/sub/new/and/more", "second, not there yet");
	/* a file is no directory either */
	put_file("three/f", "f");
	begin("three/f/new");
	give("/rw", "three", true);
	refused("three", "three/f/new", "second, not there yet");
	assert_int_equal(symlink("three/sub", at("sub")), 0);
	begin("sub/new");
	give("/rw", "three", true);
	refused("three", "sub/new", "second, not there yet");
	begin("three.more/new");
	give("/rw", "three", true);
	allowed();
}

/* nor what a link that leads nowhere comes to lead to */
static void missing_stays_missing(void **state)
{
	char link[PATH_MAX], *path;
	struct path_dir dir = { link, "link" };
	struct path_list list = { &dir, 1 };

	(void)state;
	snprintf(link, sizeof(link), "%s", at("new"));
	assert_int_equal(symlink("three/sub/new", link), 0);
	for (int writable = 0; writable < 2; writable++) {
		ctx = ctx_logging(QDA_LOG_WARNING);
		assert_int_equal(files_new(ctx, NULL, &list, &files), 0);
		give("/rw", "three", writable);
		assert_int_equal(files_check(files, NULL), 0);
		if (writable)
			assert_int_equal(files_mkdir(files, "mkdir", "/rw/sub/new", 0755),
					 0);
		else
			assert_int_equal(mkdir(at("three/sub/new"), 0755), 0);
		put_file("three/sub/new/f", "f");
		path = files_search_path(files, true);
		assert_string_equal(path, writable ? "" : link);
		free(path);
		for (int i = 0; i < 2; i++) {
			int fd = files_open(files, "fopen", i ? "f" : at("new/f"), 0);

			assert_int_equal(fd < 0 ? fd : 0, writable ? -ENOENT : 0);
			if (fd >= 0)
				close(fd);
		}
		if (!writable) {
			assert_int_equal(unlink(at("three/sub/new/f")), 0);
			assert_int_equal(rmdir(at("three/sub/new")), 0);
			end();
		}
	}
	/* the application may still say that a module is there */
	assert_int_equal(files_let_read(files, link), 0);
	assert_int_equal(close(files_open(files, "fopen", "f", O_RDONLY)), 0);
	write_to(at("new/f"), -EACCES);
	end();
}

/* --- when nobody can look ----------------------------------------------------- */

static void not_upwards(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	bool root = !geteuid();
	int result;

	(void)state;
	for (int inside = 0; inside < 2; inside++) {
		begin("two");
		give("/ro", "three/sub", false);
		give("/rw", inside ? "." : "three.more", true);
		give(at("one"), "one", true);
		give(at("two"), "two", true);
		assert_int_equal(chmod(tree, 0), 0);
		assert_int_equal(root ? seteuid(NOBODY) : 0, 0);
		result = files_check(files, &failure);
		assert_int_equal(root ? seteuid(0) : 0, 0);
		assert_int_equal(chmod(tree, 0700), 0);
		assert_int_equal(result, inside ? -EINVAL : 0);
		end();
	}
	assert_non_null(strstr(failure.message, "/three/sub (application) inside"));
}

static void no_descriptors(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct rlimit before, none;
	int result;

	(void)state;
	begin("two");
	give("/rw", "three", true);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = files_check(files, &failure);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(result, -EMFILE);
	assert_non_null(strstr(failure.message, "/one (first) lies in: "));
	end();
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_for_writing),
		TEST(reading_in_writing),
		TEST(by_what_they_are),
		TEST(writing_in_reading),
		TEST(the_same_twice),
		TEST(missing_in_writing),
		TEST(missing_stays_missing),
		TEST(not_upwards),
		TEST(no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
