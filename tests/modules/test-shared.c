// SPDX-License-Identifier: MIT
/* The built modules: found under their names, loadable, exporting one function. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "skel-call.h"

static void check_module(const char *name)
{
	char path[PATH_MAX], symbol[64];
	void *so;
	skel_fn skel;

	/* one folder in the build tree; see dsp/modules/meson.build */
	snprintf(path, sizeof(path), "%s/lib%s_skel.so", getenv("TEST_MODULES"), name);
	/* lazy: what the PD runtime provides is not there */
	so = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!so)
		fail_msg("%s", dlerror());
	snprintf(symbol, sizeof(symbol), "%s_skel_handle_invoke", name);
	*(void **)&skel = dlsym(so, symbol);
	assert_non_null(skel);
	check_open_close(skel);
	/* all else is the module's own */
	snprintf(symbol, sizeof(symbol), "%s_open", name);
	assert_null(dlsym(so, symbol));
	assert_int_equal(dlclose(so), 0);
}

static void test_calculator(void **state)
{
	(void)state;
	check_module("calculator");
}

static void test_image(void **state)
{
	(void)state;
	check_module("image");
}

static void test_callback(void **state)
{
	(void)state;
	check_module("callback");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calculator),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_callback),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
