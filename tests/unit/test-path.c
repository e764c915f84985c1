// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "objects.h"

static void set_paths(const char *dsp, const char *adsp)
{
	if (dsp)
		setenv("DSP_LIBRARY_PATH", dsp, 1);
	else
		unsetenv("DSP_LIBRARY_PATH");
	if (adsp)
		setenv("ADSP_LIBRARY_PATH", adsp, 1);
	else
		unsetenv("ADSP_LIBRARY_PATH");
}

/* all candidates, each followed by a newline */
static void expect(bool soft, const char *text)
{
	struct path_search search;
	char all[4096] = "", path[256];

	assert_int_equal(path_search_begin(&search, "cdsp", "f", soft), 0);
	while (path_search_next(&search, path, sizeof(path))) {
		strcat(all, path);
		strcat(all, "\n");
	}
	/* the end stays the end */
	assert_int_equal(path_search_next(&search, path, sizeof(path)), 0);
	path_search_end(&search);
	assert_string_equal(all, text);
}

#define KERNEL	"/usr/lib/dsp/cdsp/f\n/usr/lib/dsp/f\n" \
		"/usr/lib/rfsa/adsp/cdsp/f\n/usr/lib/rfsa/adsp/f\n"
#define SOFT	QDA_DSP_DIR "/cdsp/f\n" QDA_DSP_DIR "/f\n"

static void defaults(void **state)
{
	(void)state;
	set_paths(NULL, NULL);
	expect(false, KERNEL);
	expect(true, SOFT);
	set_paths("", "");
	expect(true, SOFT);
}

static void variables(void **state)
{
	(void)state;
	set_paths("/a", NULL);
	expect(true, "/a/cdsp/f\n/a/f\n" SOFT);
	set_paths(NULL, "/b");
	expect(false, "/b/cdsp/f\n/b/f\n" KERNEL);
	set_paths("/a", "/b");
	expect(true, "/a/cdsp/f\n/a/f\n" SOFT);
	set_paths("", "/b");
	expect(true, "/b/cdsp/f\n/b/f\n" SOFT);
}

static void separators(void **state)
{
	(void)state;
	set_paths("/a;/b:/c/", NULL);
	expect(true, "/a/cdsp/f\n/a/f\n/b/cdsp/f\n/b/f\n/c/cdsp/f\n/c/f\n" SOFT);
	set_paths(";;:/a::;", NULL);
	expect(true, "/a/cdsp/f\n/a/f\n" SOFT);
	set_paths(":;", NULL);
	expect(true, SOFT);
}

static void too_long(void **state)
{
	char env[600];

	(void)state;
	memset(env, 'x', sizeof(env));
	env[0] = '/';
	strcpy(env + 500, ":/a");
	set_paths(env, NULL);
	expect(true, "/a/cdsp/f\n/a/f\n" SOFT);
	/* only the subfolder does not fit */
	memset(env, 'x', sizeof(env));
	env[0] = '/';
	env[253] = '\0';
	set_paths(env, NULL);
	strcat(env, "/f\n" SOFT);
	expect(true, env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(variables),
		cmocka_unit_test(separators),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
