// SPDX-License-Identifier: MIT
/*
 * Runs each file of QDA_HOSTILE_CASES (README.md) in a process of its own: a hostile
 * DSP does what the file says, the client has to be alive and well afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "support.h"

#define MAX_CASES	128
#define CASE_MS		120000

static struct CMUnitTest tests[MAX_CASES];
static size_t num_tests;

static int run_case(void *arg)
{
	client_run_case(arg);
	/* with what a sanitizer does at the end */
	exit(0);
}

static void one(void **state)
{
	int status = child_run(run_case, *state, CASE_MS * (test_is_slow() ? 8 : 1));

	if (status == -ETIMEDOUT)
		fail_msg("the client hangs");
	if (status > 256)
		fail_msg("the client was killed by signal %d", status - 256);
	assert_int_equal(status, 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name,
		      ((const struct CMUnitTest *)b)->name);
}

static bool find_cases(const char *path)
{
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;
	char *file;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strstr(entry->d_name, ".md"))
			continue;
		if (num_tests == MAX_CASES ||
		    asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			abort();
		tests[num_tests++] = (struct CMUnitTest){
			.name = strrchr(file, '/') + 1,
			.test_func = one,
			.initial_state = file,
		};
	}
	closedir(dir);
	qsort(tests, num_tests, sizeof(tests[0]), by_name);
	return num_tests;
}

int main(void)
{
	const char *filter = getenv("QDA_HOSTILE_FILTER");
	size_t i;
	int failed;

	if (!find_cases(getenv("QDA_HOSTILE_CASES"))) {
		fputs("QDA_HOSTILE_CASES names no directory with cases\n", stderr);
		return 1;
	}
	if (filter)
		cmocka_set_test_filter(filter);
	failed = _cmocka_run_group_tests("hostile", tests, num_tests, NULL, NULL);
	for (i = 0; i < num_tests; i++)
		free(tests[i].initial_state);
	return failed;
}
