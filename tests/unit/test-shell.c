// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "objects.h"

#define MAX_SHELL 65536

static char dir[] = "/tmp/qda-shell-XXXXXX";
static char logged[8192];
static struct qda_ctx *ctx;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority == QDA_LOG_WARNING)
		snprintf(logged, sizeof(logged), "%s", message);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, size_t size)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t i;

	assert_true(fd >= 0);
	for (i = 0; i < size; i++)
		assert_int_equal(write(fd, &(char){ (char)i }, 1), 1);
	close(fd);
}

static int setup(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = log_fn,
				     .log_level = QDA_LOG_WARNING };

	(void)state;
	unsetenv("QDA_LOG");
	return !mkdtemp(dir) || qda_ctx_new(&opts, &ctx);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	qda_ctx_unref(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	logged[0] = '\0';
	unsetenv("ADSP_LIBRARY_PATH");
	setenv("DSP_LIBRARY_PATH", dir, 1);
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

static int find(struct shell *shell, bool is_unsigned, struct qda_failure *reterr)
{
	return shell_find(shell, ctx, "cdsp", 3, is_unsigned, false, MAX_SHELL, reterr);
}

static void order(void **state)
{
	struct shell shell;

	(void)state;
	write_file("fastrpc_shell_3", 10);
	write_file("fastrpc_shell_unsigned_3", 20);
	assert_int_equal(find(&shell, false, NULL), 0);
	assert_string_equal(shell.path, path_of("fastrpc_shell_3"));
	assert_int_equal(shell.size, 10);
	shell_close(&shell);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.size, 20);
	shell_close(&shell);
	/* the subfolder of the domain comes first */
	mkdir(path_of("cdsp"), 0755);
	write_file("cdsp/fastrpc_shell_unsigned_3", 30);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.size, 30);
	shell_close(&shell);
	assert_string_equal(logged, "");
}

static void not_found(void **state)
{
	struct shell shell;
	char want[512];

	(void)state;
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.fd, -1);
	assert_int_equal(shell.size, 0);
	snprintf(want, sizeof(want),
		 "%s/cdsp/fastrpc_shell_unsigned_3, %s/fastrpc_shell_unsigned_3, "
		 "/usr/lib/dsp/cdsp/fastrpc_shell_unsigned_3", dir, dir);
	assert_non_null(strstr(shell.tried, want));
	assert_non_null(strstr(logged, want));
	assert_non_null(strstr(logged, "/usr/lib/rfsa/adsp/fastrpc_shell_unsigned_3"));
	shell_close(&shell);

	assert_int_equal(shell_find(&shell, ctx, "odd", -EINVAL, true, false, MAX_SHELL,
				    NULL), 0);
	assert_int_equal(shell.fd, -1);
	assert_non_null(strstr(logged, "odd"));
}

static void many_tried(void **state)
{
	struct shell shell;
	char env[8192] = "";
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		sprintf(env + strlen(env), "/nowhere/at/all/%d;", i);
	setenv("DSP_LIBRARY_PATH", env, 1);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.fd, -1);
	assert_string_equal(shell.tried + strlen(shell.tried) - 5, ", ...");
	assert_null(strstr(shell.tried, "......"));
}

static void bad_files(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;

	(void)state;
	assert_int_equal(shell_open(&shell, path_of("none"), MAX_SHELL, &failure),
			 -ENOENT);
	assert_non_null(strstr(failure.message, path_of("none")));
	assert_int_equal(shell.fd, -1);

	assert_int_equal(shell_open(&shell, dir, MAX_SHELL, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "not a regular file"));

	assert_int_equal(mkfifo(path_of("fastrpc_shell_unsigned_3"), 0644), 0);
	assert_int_equal(find(&shell, true, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "not a regular file"));

	write_file("empty", 0);
	assert_int_equal(shell_open(&shell, path_of("empty"), MAX_SHELL, &failure),
			 -EINVAL);
	assert_non_null(strstr(failure.message, "empty"));

	write_file("large", MAX_SHELL + 1);
	assert_int_equal(shell_open(&shell, path_of("large"), MAX_SHELL, &failure),
			 -E2BIG);
	assert_non_null(strstr(failure.message, "65537"));
	assert_non_null(strstr(failure.message, "65536"));
	assert_int_equal(shell_open(&shell, path_of("large"), MAX_SHELL + 1, NULL), 0);
	shell_close(&shell);
	shell_close(&shell);
}

static void reading(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;
	uint8_t *data = malloc(1000);
	size_t i;

	(void)state;
	write_file("s", 1000);
	assert_int_equal(shell_open(&shell, path_of("s"), MAX_SHELL, &failure), 0);
	assert_int_equal(shell_read(&shell, data, &failure), 0);
	for (i = 0; i < 1000; i++)
		assert_int_equal(data[i], i & 0xff);
	/* grown meanwhile: not more than was measured (ASan watches) */
	write_file("s", 2000);
	assert_int_equal(shell_read(&shell, data, &failure), 0);
	assert_int_equal(truncate(path_of("s"), 600), 0);
	assert_int_equal(shell_read(&shell, data, &failure), -EIO);
	assert_non_null(strstr(failure.message, "truncated: 600 of 1000 bytes"));
	shell_close(&shell);
	free(data);
}

static void unreadable(void **state)
{
	struct shell shell;

	(void)state;
	if (!geteuid()) {
		/* root reads everything; lose the right for a moment */
		assert_int_equal(chmod(dir, 0755), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	assert_int_equal(seteuid(getuid()), 0);
	write_file("fastrpc_shell_3", 10);
	assert_int_equal(chmod(path_of("fastrpc_shell_3"), 0), 0);
	if (!getuid())
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(find(&shell, false, NULL), 0);
	assert_int_equal(shell_open(&(struct shell){ 0 }, path_of("fastrpc_shell_3"),
				    MAX_SHELL, NULL), -EACCES);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(shell.fd, -1);
	assert_non_null(strstr(shell.tried, "fastrpc_shell_3 ("));
	assert_non_null(strstr(shell.tried, qda_strerror(-EACCES)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(order, clean),
		cmocka_unit_test_setup(not_found, clean),
		cmocka_unit_test_setup(many_tried, clean),
		cmocka_unit_test_setup(bad_files, clean),
		cmocka_unit_test_setup(reading, clean),
		cmocka_unit_test_setup(unreadable, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
