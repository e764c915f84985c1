// SPDX-License-Identifier: MIT
/* Where a server's socket is; what the server accepts, the soft device accepts */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sockpath.h"

static char dir[64], path[108];

static int setup(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	snprintf(dir, sizeof(dir), SOCKPATH_TMP "/qda-%u", (unsigned int)geteuid());
	rmdir(dir);
	unlink(dir);
	return 0;
}

static int teardown(void **state)
{
	return setup(state);
}

static int find(const char *name, bool make)
{
	return sockpath_find(name, make, path, sizeof(path));
}

static void test_names(void **state)
{
	char name[200];

	(void)state;
	assert_int_equal(find("", true), -EINVAL);
	assert_int_equal(find("./a", false), 0);
	assert_string_equal(path, "./a");
	assert_int_equal(find("/run/a.sock", false), 0);
	assert_string_equal(path, "/run/a.sock");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(find(name, true), -ENAMETOOLONG);
	assert_string_equal(path, "");
	name[50] = '/';
	assert_int_equal(find(name, false), -ENAMETOOLONG);
	name[108] = '\0';
	assert_int_equal(find(name, false), -ENAMETOOLONG);
	name[107] = '\0';
	assert_int_equal(find(name, false), 0);
	assert_string_equal(path, name);
}

static void test_runtime_dir(void **state)
{
	static const char *const none[] = { "", ".", "run/user", "-" };
	char want[108];
	size_t i;

	(void)state;
	setenv("XDG_RUNTIME_DIR", "/run/user/77", 1);
	assert_int_equal(find("s", false), 0);
	assert_string_equal(path, "/run/user/77/qda-softdsp-s.sock");
	/* one that is not absolute is as good as none, to both sides */
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(want, sizeof(want), "%s/qda-softdsp-s.sock", dir);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		setenv("XDG_RUNTIME_DIR", none[i], 1);
		assert_int_equal(find("s", i & 1), 0);
		assert_string_equal(path, want);
	}
}

static void test_directory(void **state)
{
	static const mode_t bad[] = { 0755, 0750, 0701, 0770, 0777, 0710 };
	struct stat st;
	size_t i;

	(void)state;
	assert_int_equal(find("s", false), -ENOENT);
	assert_string_equal(path, dir);
	assert_int_equal(find("s", true), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(find("s", false), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chmod(dir, bad[i]), 0);
		assert_int_equal(find("s", true), -EPERM);
		assert_string_equal(path, dir);
		assert_int_equal(find("s", false), -EPERM);
	}
	assert_int_equal(rmdir(dir), 0);
	/* somebody's link to a directory that is ours */
	assert_int_equal(symlink(SOCKPATH_TMP, dir), 0);
	assert_int_equal(find("s", true), -EPERM);
	assert_int_equal(find("s", false), -EPERM);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names), TEST(test_runtime_dir), TEST(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
