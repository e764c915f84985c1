// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <sys/syscall.h>

#include "files-tree.h"
#include "refusal.h"

/* --- what the linker puts in place of syscall() ----------------------------- */

static bool no_openat2;
static int again;	/* openat2() is to be asked so many times more */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list ap;
	long arg[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && no_openat2) {
		errno = ENOSYS;
		return -1;
	}
	if (number == SYS_openat2 && again) {
		again--;
		errno = EAGAIN;
		return -1;
	}
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* --- the object under test -------------------------------------------------- */

static struct qda_ctx *ctx;
static struct files *files;
static bool links;	/* this kernel follows those that stay inside */

static void begin(int level)
{
	ctx = ctx_logging(level);
	files = files_for(ctx);
}

static void end(void)
{
	files_free(files);
	qda_ctx_unref(ctx);
	expect_outside_untouched();
}

static int with_openat2(void **state)
{
	no_openat2 = false;
	/* not every tool that runs tests knows it */
	links = __real_syscall(SYS_openat2, -1, NULL, NULL, 0) == 0 || errno != ENOSYS;
	return tree_make(state);
}

static int without_openat2(void **state)
{
	no_openat2 = true;
	links = false;
	return tree_make(state);
}

static void expect_open(const char *name, const char *text)
{
	char got[64] = "";
	int fd = files_open(files, "fopen", name, O_RDONLY);

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(-fd));
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
}

/* it is refused, once, and the log says this of it */
static void expect_refused(int result, int err, const char *said)
{
	if (result >= 0)
		fail_msg("not refused: %s", said);
	assert_int_equal(result, err);
	assert_int_equal(num_warnings, 1);
	if (!strstr(logged, said) || !strstr(logged, ": refused, "))
		fail_msg("logged '%s', not '%s'", logged, said);
	num_warnings = 0;
}

/* a file to read, refused */
static void refused(const char *name, const char *said)
{
	expect_refused(files_open(files, "fopen", name, O_RDONLY), -EACCES, said);
}

/* the message that there is no openat2() comes first, and once */
static void skip_first_warning(void)
{
	files_open(files, "fopen", "nowhere", O_RDONLY);
	num_warnings = 0;
}

/* --- tests ------------------------------------------------------------------ */

static void search_order(void **state)
{
	(void)state;
	begin(QDA_LOG_WARNING);
	expect_open("a", "one/a");
	expect_open("b", "one/cdsp/b");
	expect_open("c", "two/c");
	expect_open("cdsp/b", "one/cdsp/b");
	expect_open("./c", "two/c");
	expect_open(".//cdsp///./b", "one/cdsp/b");
	assert_int_equal(files_open(files, "fopen", "e", O_RDONLY), -ENOENT);
	assert_int_equal(files_open(files, "fopen", "a/b", O_RDONLY), -ENOENT);
	/* one that is there later */
	assert_int_equal(mkdir(at("missing"), 0755), 0);
	put_file("missing/e", "e");
	expect_open("e", "e");
	assert_int_equal(files_refusals(files), 0);
	end();
}

static void no_domain(void **state)
{
	struct path_dir dir = { (char *)at("one"), "x" };
	struct path_list list = { &dir, 1 };

	(void)state;
	ctx = ctx_logging(QDA_LOG_WARNING);
	assert_int_equal(files_new(ctx, NULL, &list, &files), 0);
	expect_open("b", "one/b");
	assert_null(files_domain(files));
	end();
}

static void absolute_names(void **state)
{
	(void)state;
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	expect_open(at("one/a"), "one/a");
	expect_open(at("one/cdsp/b"), "one/cdsp/b");
	expect_open(at("two//./a"), "two/a");
	assert_int_equal(files_open(files, "fopen", at("two/b"), O_RDONLY), -ENOENT);
	refused("/etc/passwd", "outside the directories");
	refused("/", "outside the directories");
	refused(at("outside/secret"), "outside the directories");
	refused(at("three/link"), "outside the directories");
	refused(at("one.more"), "outside the directories");
	refused(tree, "outside the directories");
	assert_int_equal(files_refusals(files), 6);
	end();
}

static void traversal(void **state)
{
	static const char *const names[] = {
		"..", "../outside/secret", "dir/../../outside/secret", "dir/..",
		"dir/../a", "./..//outside", "cdsp/../../outside/secret",
	};

	(void)state;
	begin(QDA_LOG_WARNING);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refused(names[i], "'..' is not allowed");
	refused(at("one/../outside/secret"), "'..' is not allowed");
	refused(at("one/dir/.."), "'..' is not allowed");
	/* but only as a part */
	assert_int_equal(files_open(files, "fopen", "..a", O_RDONLY), -ENOENT);
	assert_int_equal(files_open(files, "fopen", "a../...", O_RDONLY), -ENOENT);
	end();
}

static void symbolic_links(void **state)
{
	(void)state;
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	refused("absolute", "symbolic link");
	refused("relative", "symbolic link");
	refused("middle/secret", "symbolic link");
	refused(at("one/absolute"), "symbolic link");
	refused(at("one/middle/secret"), "symbolic link");
	refused("loop", "symbolic link");
	refused("magic/etc/passwd", "symbolic link");
	if (links)
		expect_open("inside", "one/a");
	else
		refused("inside", "symbolic link");
	/* one directory refuses, another has it */
	expect_open("d", "two/d");
	assert_int_equal(num_warnings, 1);
	assert_non_null(strstr(logged, "symbolic link"));
	end();
}

static void special_files(void **state)
{
	(void)state;
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	refused("fifo", "not a regular file");
	refused("socket", "not a regular file");
	refused("dir", "a directory, not a file");
	refused(".", "a directory, not a file");
	refused(at("one"), "a directory, not a file");
	assert_int_equal(files_add_root(files, "/dev", "/dev", true), 0);
	refused("/dev/null", "not a regular file");
	expect_refused(files_open(files, "fopen", "/dev/null", O_WRONLY), -EACCES,
		       "not a regular file");
	expect_refused(files_open(files, "fopen", "/dev/full",
				  O_RDWR | O_CREAT | O_TRUNC), -EACCES,
		       "not a regular file");
	end();
}

static void names(void **state)
{
	char *big = malloc(3 * PATH_MAX);

	(void)state;
	assert_non_null(big);
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	memset(big, 'x', 3 * PATH_MAX);
	big[3 * PATH_MAX - 1] = '\0';
	expect_refused(files_open(files, "fopen", big, O_RDONLY), -ENAMETOOLONG,
		       "the name is too long");
	/* the log has a part of it */
	assert_true(strlen(logged) < 400);
	big[NAME_MAX + 1] = '\0';
	expect_refused(files_open(files, "fopen", big, O_RDONLY), -ENAMETOOLONG,
		       "the name is too long");
	/* one that is too long with the subfolder only */
	for (size_t i = 0; i < PATH_MAX; i++)
		big[i] = i & 1 ? '/' : 'x';
	big[PATH_MAX - 1] = '\0';
	assert_int_equal(files_open(files, "fopen", big, O_RDONLY), -ENOENT);
	expect_refused(files_open(files, "fopen", "", O_RDONLY), -EINVAL,
		       "the name is empty");
	refused("/x\n\x1b[31m\xff'y", "'/x ?[31m?'y'");
	free(big);
	end();
}

static void granted(void **state)
{
	struct stat st;

	(void)state;
	begin(QDA_LOG_WARNING);
	put_file("three/f", "f");
	/* elsewhere under a name of the DSP's own; the longest that fits */
	assert_int_equal(files_add_root(files, "/vendor/etc", at("three"), false), 0);
	assert_int_equal(files_add_root(files, "/vendor/etc/inner/", at("two"), true), 0);
	assert_int_equal(files_add_root(files, "//vendor//x", at("one"), false), 0);
	expect_open("/vendor/etc/f", "f");
	expect_open("/vendor/etc/inner/a", "two/a");
	expect_open("/vendor/x/a", "one/a");
	assert_int_equal(files_open(files, "fopen", "/vendor/etc/a", O_RDONLY), -ENOENT);
	num_warnings = 0;
	refused("/vendor/a", "outside the directories");
	refused("/vendor/etcetera", "outside the directories");
	/* it is not searched */
	assert_int_equal(files_open(files, "fopen", "f", O_RDONLY), -ENOENT);
	expect_refused(files_open(files, "fopen", "/vendor/etc/f", O_RDWR), -EACCES,
		       "'/vendor/etc' (application) is given for reading only");
	/* given again */
	assert_int_equal(files_add_root(files, "/vendor/etc", at("two"), false), 0);
	expect_open("/vendor/etc/a", "two/a");
	assert_int_equal(files_stat(files, "stat", "/vendor/etc", &st), 0);
	assert_true(S_ISDIR(st.st_mode));

	assert_int_equal(files_add_root(files, "vendor", at("two"), false), -EINVAL);
	assert_int_equal(files_add_root(files, "", at("two"), false), -EINVAL);
	assert_int_equal(files_add_root(files, "/a/../b", at("two"), false), -EINVAL);
	assert_int_equal(files_add_root(files, "/n", at("nowhere"), false), -ENOENT);
	assert_int_equal(files_add_root(files, "/n", at("two/a"), false), -ENOTDIR);
	/* everything: the application may */
	assert_int_equal(files_add_root(files, "/", "/", false), 0);
	expect_open(at("outside/secret"), SECRET);
	refused("/proc/self/root/etc/passwd", "symbolic link");
	end();
}

static void let_read(void **state)
{
	int fd;

	(void)state;
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	assert_int_equal(files_add_root(files, at("three"), at("three"), true), 0);
	assert_int_equal(mkdir(at("three/sub"), 0755), 0);
	assert_int_equal(files_let_read(files, at("three")), 0);
	assert_int_equal(files_let_read(files, at("three/sub")), 0);
	fd = files_open(files, "fopen", at("three/sub/f"), O_WRONLY | O_CREAT);
	assert_true(fd >= 0);
	close(fd);
	refused(at("outside/d"), "outside the directories");
	assert_int_equal(files_let_read(files, at("outside")), 0);
	expect_open(at("outside/d"), SECRET);
	/* the last that is searched */
	expect_open("secret", SECRET);
	expect_open("a", "one/a");
	expect_refused(files_open(files, "fopen", at("outside/d"), O_WRONLY), -EACCES,
		       "for reading only");
	assert_int_equal(files_let_read(files, at("nowhere")), -ENOENT);
	assert_int_equal(files_let_read(files, "outside"), -EINVAL);
	end();
}

static void search_dir_made_writable(void **state)
{
	int fd;

	(void)state;
	begin(QDA_LOG_WARNING);
	skip_first_warning();
	expect_refused(files_open(files, "fopen", "new", O_WRONLY | O_CREAT), -EACCES,
		       "no directory of the search path may be written to");
	assert_int_equal(files_add_root(files, at("two"), at("two"), true), 0);
	/* reading goes on as before */
	expect_open("c", "two/c");
	fd = files_open(files, "fopen", "new", O_WRONLY | O_CREAT);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_string_equal(file_text("two/cdsp/new"), "x");
	/* a is in one as well, which it cannot mean */
	fd = files_open(files, "fopen", "a", O_WRONLY);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(files_rename(files, "frename", "new", "renamed"), 0);
	assert_string_equal(file_text("two/cdsp/renamed"), "x");
	end();
}

static void writing_refused(void **state)
{
	static const int flags[] = {
		O_WRONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT,
		O_WRONLY | O_APPEND | O_CREAT, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT,
	};

	(void)state;
	begin(QDA_LOG_WARNING);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		expect_refused(files_open(files, "fopen", at("one/a"), flags[i]), -EACCES,
			       "(first) is given for reading only");
		expect_refused(files_open(files, "fopen", "a", flags[i]), -EACCES,
			       "no directory of the search path");
	}
	expect_refused(files_remove(files, "fremove", at("one/a")), -EACCES,
		       "for reading only");
	expect_refused(files_remove(files, "fremove", "a"), -EACCES, "no directory");
	expect_refused(files_mkdir(files, "mkdir", at("one/n"), 0755), -EACCES,
		       "for reading only");
	expect_refused(files_rmdir(files, "rmdir", at("one/dir")), -EACCES,
		       "for reading only");
	expect_refused(files_rename(files, "frename", at("one/a"), at("one/n")), -EACCES,
		       "for reading only");
	assert_int_equal(files_add_root(files, "/w", at("three"), true), 0);
	put_file("three/f", "f");
	skip_first_warning();
	/* both ends count */
	expect_refused(files_rename(files, "frename", "/w/f", at("one/f")), -EACCES,
		       "for reading only");
	expect_refused(files_rename(files, "frename", at("one/a"), "/w/a"), -EACCES,
		       "for reading only");
	assert_string_equal(file_text("three/f"), "f");
	assert_int_equal(access(at("one/dir"), F_OK), 0);
	end();
}

static void writing(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	begin(QDA_LOG_WARNING);
	assert_int_equal(files_add_root(files, "/w", at("three"), true), 0);
	fd = files_open(files, "fopen", "/w/f", O_RDWR | O_CREAT | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_string_equal(file_text("three/f"), "text");
	assert_int_equal(files_open(files, "fopen", "/w/f",
				    O_WRONLY | O_CREAT | O_EXCL), -EEXIST);
	assert_int_equal(files_mkdir(files, "mkdir", "/w/d", 07777), 0);
	assert_int_equal(stat(at("three/d"), &st), 0);
	assert_int_equal(st.st_mode & 07000, 0);
	assert_int_equal(files_mkdir(files, "mkdir", "/w/d/", 0755), -EEXIST);
	assert_int_equal(files_rename(files, "frename", "/w/f", "/w/d/g"), 0);
	assert_string_equal(file_text("three/d/g"), "text");
	assert_int_equal(files_rmdir(files, "rmdir", "/w/d"), -ENOTEMPTY);
	assert_int_equal(files_rmdir(files, "rmdir", "/w/d/g"), -ENOTDIR);
	assert_int_equal(files_remove(files, "fremove", "/w/d/g"), 0);
	assert_int_equal(files_remove(files, "fremove", "/w/d/g"), -ENOENT);
	assert_int_equal(files_remove(files, "fremove", "/w/d"), 0);
	assert_int_equal(files_mkdir(files, "mkdir", "/w/no/d", 0755), -ENOENT);
	assert_int_equal(files_rename(files, "frename", "/w/no", "/w/d"), -ENOENT);
	skip_first_warning();
	/* the directory that was given is not the DSP's own */
	expect_refused(files_rmdir(files, "rmdir", "/w"), -EACCES, "itself");
	expect_refused(files_rename(files, "frename", "/w/.", "/w/x"), -EACCES, "itself");
	expect_refused(files_remove(files, "fremove", "/w/"), -EACCES, "itself");
	/* a link itself can be removed, what it points to is out of reach */
	expect_refused(files_open(files, "fopen", "/w/link", O_WRONLY | O_TRUNC), -EACCES,
		       "symbolic link");
	expect_refused(files_open(files, "fopen", "/w/dangling", O_WRONLY | O_CREAT),
		       -EACCES, "symbolic link");
	expect_refused(files_open(files, "fopen", "/w/middle/new", O_WRONLY | O_CREAT),
		       -EACCES, "symbolic link");
	expect_refused(files_mkdir(files, "mkdir", "/w/middle/new", 0755), -EACCES,
		       "symbolic link");
	expect_refused(files_remove(files, "fremove", "/w/middle/secret"), -EACCES,
		       "symbolic link");
	expect_refused(files_rename(files, "frename", "/w/middle/secret", "/w/s"),
		       -EACCES, "symbolic link");
	assert_int_equal(files_remove(files, "fremove", "/w/link"), 0);
	assert_int_equal(lstat(at("three/link"), &st), -1);
	end();
}

static void directories(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	begin(QDA_LOG_WARNING);
	fd = files_opendir(files, "opendir", "dir");
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	close(fd);
	fd = files_opendir(files, "opendir", at("one"));
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(files_opendir(files, "opendir", "a"), -ENOENT);
	assert_int_equal(files_opendir(files, "opendir", "fifo"), -ENOENT);
	skip_first_warning();
	expect_refused(files_opendir(files, "opendir", "middle"), -EACCES,
		       "symbolic link");
	expect_refused(files_opendir(files, "opendir", "/etc"), -EACCES, "outside");
	assert_int_equal(files_stat(files, "stat", "c", &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(files_stat(files, "stat", "dir", &st), 0);
	assert_int_equal(files_stat(files, "stat", "e", &st), -ENOENT);
	expect_refused(files_stat(files, "stat", "fifo", &st), -EACCES, "not a regular");
	expect_refused(files_stat(files, "stat", "relative", &st), -EACCES, "symbolic");
	end();
}

static void what_was_tried(void **state)
{
	char expected[2048], tried[2048], little[12];
	struct stat st;

	(void)state;
	begin(QDA_LOG_NONE);
	files_last_tried(files, tried, sizeof(tried));
	assert_string_equal(tried, "");
	assert_int_equal(files_open(files, "fopen", "e", O_RDONLY), -ENOENT);
	snprintf(expected, sizeof(expected), "%s/one/cdsp/e, %s/one/e, "
		 "%s/missing/cdsp/e, %s/missing/e, %s/two/cdsp/e, %s/two/e", tree, tree,
		 tree, tree, tree, tree);
	files_last_tried(files, tried, sizeof(tried));
	assert_string_equal(tried, expected);
	files_last_tried(files, little, sizeof(little));
	assert_memory_equal(little, expected, sizeof(little) - 1);
	/* neither what is found, nor what is not opened, changes it */
	expect_open("a", "one/a");
	assert_int_equal(files_stat(files, "stat", "x", &st), -ENOENT);
	files_last_tried(files, tried, sizeof(tried));
	assert_string_equal(tried, expected);
	assert_int_equal(files_open(files, "fopen", "fifo", O_RDONLY), -EACCES);
	files_last_tried(files, tried, sizeof(tried));
	snprintf(expected, sizeof(expected), "%s/one/fifo (not a regular file), ", tree);
	assert_non_null(strstr(tried, expected));
	files_forget_tried(files);
	files_last_tried(files, tried, sizeof(tried));
	assert_string_equal(tried, "");
	end();
}

static void the_search_path(void **state)
{
	char expected[512], *path;

	(void)state;
	begin(QDA_LOG_NONE);
	assert_int_equal(files_add_root(files, "/vendor", at("three"), true), 0);
	path = files_search_path(files, false);
	snprintf(expected, sizeof(expected), "%s/one;%s/missing;%s/two", tree, tree,
		 tree);
	assert_string_equal(path, expected);
	free(path);
	path = files_search_path(files, true);
	snprintf(expected, sizeof(expected), "%s/one/cdsp;%s/one;%s/two/cdsp;%s/two",
		 tree, tree, tree, tree);
	assert_string_equal(path, expected);
	free(path);
	end();
}

static void flood(void **state)
{
	(void)state;
	begin(QDA_LOG_WARNING);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(files_open(files, "fopen", "/x", O_RDONLY), -EACCES);
	/* and one line that says so */
	assert_int_equal(num_warnings, REFUSAL_LOUD + 1);
	assert_int_equal(files_refusals(files), 1000);
	end();

	begin(QDA_LOG_WARNING);
	files_refuse(files, "op", "what", "%d", 999);
	assert_string_equal(logged, "DSP asked for 'what' (op): refused, 999");
	end();
}

static void old_kernel_is_told_once(void **state)
{
	(void)state;
	no_openat2 = true;
	begin(QDA_LOG_WARNING);
	expect_open("a", "one/a");
	expect_open("b", "one/cdsp/b");
	assert_int_equal(num_warnings, 1);
	assert_non_null(strstr(logged, "no openat2()"));
	end();
}

static void look_up_interrupted(void **state)
{
	(void)state;
	if (!links) {
		print_message("openat2() is missing here: nothing to interrupt\n");
		skip();
	}
	begin(QDA_LOG_WARNING);
	again = 5;
	expect_open("a", "one/a");
	assert_int_equal(again, 0);
	again = 1000;
	assert_int_equal(files_open(files, "fopen", "a", O_RDONLY), -EAGAIN);
	again = 0;
	end();
}

static atomic_bool stop;

static void *add_roots(void *data)
{
	(void)data;
	while (!atomic_load(&stop)) {
		assert_int_equal(files_add_root(files, "/r", at("one"), false), 0);
		assert_int_equal(files_add_root(files, "/r", at("two"), false), 0);
	}
	return NULL;
}

static void roots_from_another_thread(void **state)
{
	pthread_t thread;

	(void)state;
	begin(QDA_LOG_NONE);
	atomic_store(&stop, false);
	assert_int_equal(files_add_root(files, "/r", at("one"), false), 0);
	assert_int_equal(pthread_create(&thread, NULL, add_roots, NULL), 0);
	for (int i = 0; i < 500; i++) {
		int fd = files_open(files, "fopen", "/r/a", O_RDONLY);

		assert_true(fd >= 0);
		close(fd);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	end();
}

/* every test with a kernel that has openat2(), and with one that has not */
#define BOTH(test) \
	{ #test, test, with_openat2, tree_remove, NULL }, \
	{ #test "_without_openat2", test, without_openat2, tree_remove, NULL }
#define ONCE(test) \
	cmocka_unit_test_setup_teardown(test, with_openat2, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(search_order),
		ONCE(no_domain),
		BOTH(absolute_names),
		BOTH(traversal),
		BOTH(symbolic_links),
		BOTH(special_files),
		BOTH(names),
		BOTH(granted),
		ONCE(let_read),
		BOTH(search_dir_made_writable),
		BOTH(writing_refused),
		BOTH(writing),
		BOTH(directories),
		ONCE(what_was_tried),
		BOTH(the_search_path),
		ONCE(flood),
		ONCE(old_kernel_is_told_once),
		ONCE(look_up_interrupted),
		BOTH(roots_from_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
