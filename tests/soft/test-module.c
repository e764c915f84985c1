// SPDX-License-Identifier: MIT
#include <limits.h>

#include "common.h"

static int64_t sum_of(struct qda_module *module)
{
	const int32_t numbers[] = { 1, 2, 3, -10 };
	int64_t sum = 0;
	int32_t status = -1;

	assert_int_equal(qda_invoke(module, CALCULATOR_SUM, &status,
				    QDA_IN_SEQ(numbers, 4), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	return sum;
}

static void by_every_name(void **state)
{
	static const char *const names[] = {
		"calculator",
		"libcalculator_skel.so",
		"file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0",
		"file:///libcalculator_skel.so?calculator_skel_handle_invoke"
		"&_modver=1.0&_idlver=1.2.3&_dom=cdsp",
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;
	const char *dir = getenv("DSP_LIBRARY_PATH");
	char path[PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ok(qda_module_open(session, names[i], &module, &failure), &failure);
		assert_int_equal(sum_of(module), -4);
		qda_module_unref(module);
	}
	if (!dir || dir[0] != '/' || strpbrk(dir, ":;"))
		return;
	/* with its directory; the build tree keeps modules in folders of their own */
	snprintf(path, sizeof(path), "%s/libcalculator_skel.so", dir);
	if (qda_module_open(session, path, &module, &failure))
		return;
	assert_int_equal(sum_of(module), -4);
	qda_module_unref(module);
}

static void several(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *a, *b, *again;
	int32_t status;

	(void)state;
	ok(qda_module_open(session, "calculator", &a, &failure), &failure);
	ok(qda_module_open(session, "bench", &b, &failure), &failure);
	ok(qda_module_open(session, "calculator", &again, &failure), &failure);
	assert_int_not_equal(qda_module_get_handle(a), qda_module_get_handle(b));
	qda_module_unref(a);
	assert_int_equal(sum_of(again), -4);
	assert_int_equal(qda_module_invoke(b, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
	qda_module_unref(again);
	qda_module_unref(b);
}

static void not_found(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module = NULL;

	(void)state;
	assert_int_equal(qda_module_open(session, "nosuchthing", &module, &failure),
			 -EREMOTEIO);
	assert_null(module);
	assert_int_not_equal(failure.status, 0);
	/* every place that was tried */
	assert_non_null(strstr(failure.message, "/libnosuchthing_skel.so"));
	assert_null(strchr(failure.message, '\n'));
	assert_int_equal(qda_module_open(session, "/nowhere/libx_skel.so", &module,
					 &failure), -ENOENT);
	assert_non_null(strstr(failure.message, "directory /nowhere: "));
	assert_int_equal(qda_module_open(session, "/proc/self/libx_skel.so", &module,
					 &failure), -EREMOTEIO);
	assert_non_null(strstr(failure.message, "/proc/self/libx_skel.so"));
	assert_int_equal(qda_module_open(session, "file:///x", &module, &failure),
			 -EREMOTEIO);
	assert_int_equal(qda_module_open(session, "a?b", &module, &failure), -EINVAL);
	/* a library without that entry */
	assert_int_equal(qda_module_open(session,
		"file:///libcalculator_skel.so?no_such_entry&_modver=1.0", &module,
		&failure), -EREMOTEIO);
}

static void closed_handle(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module, *stale;
	int32_t status = 0;

	(void)state;
	ok(qda_module_open(session, "calculator", &module, &failure), &failure);
	assert_int_equal(qda_module_from_handle(session, qda_module_get_handle(module),
						&stale), 0);
	assert_int_equal(sum_of(stale), -4);
	qda_module_unref(module);
	assert_int_equal(qda_module_invoke(stale, 2, NULL, 0, &status), 0);
	assert_int_not_equal(status, 0);
	qda_module_unref(stale);
	assert_int_equal(qda_module_from_handle(session, 1, &stale), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(by_every_name, setup_session),
		soft_test(several, setup_session),
		soft_test(not_found, setup_session),
		soft_test(closed_handle, setup_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
