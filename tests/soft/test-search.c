// SPDX-License-Identifier: MIT
/* Where files of the DSP are looked for, as the application sees it */
#include "common.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/qda-search-XXXXXX";
static char *library_path;	/* as the tests have it */

static const char *at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(at(name), "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int restore(void **state)
{
	(void)state;
	unlink(at("fastrpc_shell_unsigned_3"));
	setenv("DSP_LIBRARY_PATH", library_path, 1);
	return teardown(state);
}

static void search_path(void **state)
{
	struct qda_search_dir *dirs = NULL;
	int n;

	(void)state;
	setenv("DSP_LIBRARY_PATH", "/one;/two:/one", 1);
	n = qda_device_get_search_path(device, &dirs);
	assert_true(n >= 3);
	assert_string_equal(dirs[0].path, "/one");
	assert_string_equal(dirs[0].origin, "DSP_LIBRARY_PATH");
	assert_string_equal(dirs[1].path, "/two");
	assert_string_not_equal(dirs[2].origin, "DSP_LIBRARY_PATH");
	assert_string_equal(dirs[n - 1].origin, "default");
	assert_non_null(dirs[n - 1].path);
	assert_null(dirs[n].path);
	qda_search_path_free(dirs);
	qda_search_path_free(NULL);
	assert_int_equal(qda_device_get_search_path(NULL, &dirs), -EINVAL);
	assert_int_equal(qda_device_get_search_path(device, NULL), -EINVAL);
}

static void shell(void **state)
{
	/* behind the driver the tests' DSP is one of this machine's kind */
	const int expected = on_soft_device() ? 0 : -ENOEXEC;
	struct qda_failure failure = QDA_FAILURE_INIT;
	char path[4096] = "", small[4];

	(void)state;
	assert_int_equal(qda_device_find_shell(device, 1, path, sizeof(path), &failure),
			 expected);
	if (expected)
		assert_non_null(strstr(failure.message, "not for Hexagon"));
	assert_non_null(strstr(path, "/fastrpc_shell_unsigned_3"));
	assert_int_equal(access(path, R_OK), 0);
	assert_int_equal(qda_device_find_shell(device, 0, path, sizeof(path), NULL),
			 expected);
	assert_non_null(strstr(path, "/fastrpc_shell_3"));
	assert_int_equal(qda_device_find_shell(device, 1, small, sizeof(small), NULL),
			 -ENAMETOOLONG);
	assert_int_equal(qda_device_find_shell(device, 2, path, sizeof(path), NULL),
			 -EINVAL);
	assert_int_equal(qda_device_find_shell(device, 1, path, 0, NULL), -EINVAL);
	assert_int_equal(qda_device_find_shell(device, 1, NULL, 5, NULL), -EINVAL);
	assert_int_equal(qda_device_find_shell(NULL, 1, path, sizeof(path), NULL),
			 -EINVAL);
}

static void bad_shell(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	char path[4096] = "";

	(void)state;
	setenv("DSP_LIBRARY_PATH", dir, 1);
	write_file("fastrpc_shell_unsigned_3", "no program", 10);
	assert_int_equal(qda_device_find_shell(device, 1, path, sizeof(path), &failure),
			 -ENOEXEC);
	assert_string_equal(path, at("fastrpc_shell_unsigned_3"));
	assert_non_null(strstr(failure.message, "not an ELF image"));
	write_file("fastrpc_shell_unsigned_3", "", 0);
	assert_int_equal(qda_device_find_shell(device, 1, path, sizeof(path), &failure),
			 -EBADMSG);
	assert_non_null(strstr(failure.message, "is empty"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_device, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(search_path), TEST(shell), TEST(bad_shell),
	};
	const char *given = getenv("DSP_LIBRARY_PATH");
	int failed;

	library_path = strdup(given ? given : "");
	if (!library_path || !mkdtemp(dir))
		return 99;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	free(library_path);
	return failed;
}
