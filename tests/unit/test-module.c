// SPDX-License-Identifier: MIT
/* Names of modules, the loader's two interfaces, opens that were interrupted. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake-kapi.h"

static struct fake_session s;

/* the loader behind handle 8 and handle 0 */
static struct loader {
	int32_t status8, status0;	/* of the interface as a whole */
	int32_t error;			/* of loading */
	const char *text;
	char uri[8192];
	unsigned int opened, closed;
	uint32_t last_scalars, last_handle, closed_handle;
} loader;

static int32_t load(struct fake_call *call)
{
	uint32_t base = call->handle ? 2 : 0, method = call->scalars >> 24;
	int32_t status = call->handle ? loader.status8 : loader.status0;
	const uint32_t *in = call->data[0];
	uint32_t *out;

	assert_true(call->handle == 8 || call->handle == 0);
	loader.last_scalars = call->scalars;
	loader.last_handle = call->handle;
	if (status)
		return status;
	if (method == base) {
		assert_int_equal(call->num_args, 4);
		assert_int_equal(call->args[0].length, 8);
		assert_int_equal(in[0], call->args[1].length);
		assert_int_equal(in[1], 255);
		assert_int_equal(call->args[2].length, 8);
		assert_int_equal(call->args[3].length, 255);
		memcpy(loader.uri, call->data[1], in[0]);
		out = call->data[2];
		out[0] = 0xabc0 + loader.opened;
		out[1] = (uint32_t)loader.error;
		memset(call->data[3], 'x', 255);
		if (loader.text)
			strcpy(call->data[3], loader.text);
		loader.opened += !loader.error;
		return 0;
	}
	assert_int_equal(method, base + 1);
	assert_int_equal(call->num_args, 3);
	assert_int_equal(call->args[0].length, 8);
	assert_int_equal(in[1], call->args[2].length);
	loader.closed_handle = in[0];
	*(int32_t *)call->data[1] = 0;
	loader.closed++;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	memset(&loader, 0, sizeof(loader));
	fake.method = load;
	fake_session_open(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_session_close(&s);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

static void expect_uri(const char *name, const char *want)
{
	char uri[PATH_MAX + 1024];

	assert_int_equal(module_uri(name, "cdsp", uri, sizeof(uri)), 0);
	assert_string_equal(uri, want);
}

static void uris(void **state)
{
	char cwd[PATH_MAX], want[2 * PATH_MAX], uri[PATH_MAX + 1024];
	char *longest;

	(void)state;
	expect_uri("calculator",
		   "file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	expect_uri("libcalculator_skel.so",
		   "file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	expect_uri("/x/libfoo_skel.so",
		   "file:////x/libfoo_skel.so?foo_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	expect_uri("libfoo.so.1",
		   "file:///libfoo.so.1?foo_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	expect_uri("/a.so/libb_skel.so",
		   "file:////a.so/libb_skel.so?b_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	expect_uri("lib", "file:///liblib_skel.so?lib_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	/* unchanged, whatever it says */
	expect_uri("file:///libx.so?y&_dom=adsp", "file:///libx.so?y&_dom=adsp");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(want, sizeof(want),
		 "file:///%s/./libfoo_skel.so?foo_skel_handle_invoke&_modver=1.0&_dom=cdsp",
		 cwd);
	expect_uri("./libfoo_skel.so", want);

	assert_int_equal(module_uri("", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri("a?b", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri("a&b", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri("a\nb", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri("/dir/", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri(".so", "cdsp", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(module_uri("calculator", "cdsp", uri, 20), -ENAMETOOLONG);
	longest = malloc(PATH_MAX + 1);
	memset(longest, 'a', PATH_MAX);
	longest[PATH_MAX] = '\0';
	assert_int_equal(module_uri(longest, "cdsp", uri, sizeof(uri)), -ENAMETOOLONG);
	longest[PATH_MAX - 1] = '\0';
	assert_int_equal(module_uri(longest, "cdsp", uri, sizeof(uri)), -ENAMETOOLONG);
	free(longest);
}

static void open_and_close(void **state)
{
	struct qda_module *module;

	(void)state;
	assert_int_equal(qda_module_open(s.session, "calculator", &module, NULL), 0);
	assert_int_equal(loader.last_scalars, 0x02020200);
	assert_string_equal(loader.uri,
		"file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0&_dom=cdsp");
	assert_int_equal(qda_module_get_handle(module), 0xabc0);
	assert_ptr_equal(qda_module_get_session(module), s.session);
	assert_ptr_equal(qda_module_ref(module), module);
	qda_module_unref(module);
	assert_int_equal(loader.closed, 0);
	qda_module_unref(module);
	assert_int_equal(loader.closed, 1);
	assert_int_equal(loader.last_scalars, 0x03010200);
	assert_int_equal(loader.closed_handle, 0xabc0);
}

static void older_firmware(void **state)
{
	static const uint32_t answers[] = { 0x80000414, 0x80000600, 0x8000043e };
	struct qda_module *module;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		atomic_store(&s.session->remotectl, 8);
		loader.status8 = (int32_t)answers[i];
		assert_int_equal(qda_module_open(s.session, "a", &module, NULL), 0);
		assert_int_equal(loader.last_scalars, 0x00020200);
		assert_int_equal(loader.last_handle, 0);
		qda_module_unref(module);
		assert_int_equal(loader.last_scalars, 0x01010200);
		assert_int_equal(loader.last_handle, 0);
	}
	/* remembered */
	fake.invokes = 0;
	assert_int_equal(qda_module_open(s.session, "a", &module, NULL), 0);
	assert_int_equal(fake.invokes, 1);
	qda_module_unref(module);
}

static void refused(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module = (void *)1;

	(void)state;
	/* both interfaces are missing */
	loader.status8 = loader.status0 = (int32_t)0x80000414;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EREMOTEIO);
	assert_int_equal(failure.status, (int32_t)0x80000414);
	assert_int_equal(atomic_load(&s.session->remotectl), 8);
	/* another answer is the answer */
	loader.status8 = (int32_t)0x80000434;
	fake.invokes = 0;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EREMOTEIO);
	assert_int_equal(failure.status, (int32_t)0x80000434);
	assert_int_equal(fake.invokes, 1);

	loader.status8 = 0;
	loader.error = -5;
	loader.text = "cannot open\n/a/b\n\x1b[31m\xff tried";
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EREMOTEIO);
	assert_int_equal(failure.status, -5);
	assert_non_null(strstr(failure.message, "cannot open /a/b ?[31m? tried"));
	/* not terminated: cut, not read past */
	loader.text = NULL;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EREMOTEIO);
	assert_non_null(strstr(failure.message, "xxxxxxxx"));

	fake.fail_invoke = -EPIPE;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EPIPE);
	assert_int_equal(qda_module_open(s.session, "", &module, &failure), -EINVAL);
	assert_int_equal(qda_module_open(NULL, "a", &module, &failure), -EINVAL);
	assert_int_equal(qda_module_open(s.session, NULL, &module, NULL), -EINVAL);
	assert_int_equal(qda_module_open(s.session, "a", NULL, NULL), -EINVAL);
	assert_ptr_equal(module, (void *)1);
	assert_int_equal(loader.closed, 0);
}

static void interrupted_open(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;

	(void)state;
	fake.hold = true;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EINTR);
	fake_run_held();
	assert_int_equal(loader.opened, 1);
	assert_int_equal(loader.closed, 0);
	/* found at the next opportunity, and closed without waiting */
	assert_int_equal(qda_module_open(s.session, "b", &module, &failure), 0);
	assert_int_equal(loader.closed, 1);
	assert_int_equal(loader.closed_handle, 0xabc0);
	qda_module_unref(module);
	assert_int_equal(loader.closed, 2);
	assert_int_equal(loader.closed_handle, 0xabc1);
	assert_int_equal(fake_in_flight(), 0);

	/* one that failed has nothing to close */
	fake.hold = true;
	loader.error = -1;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EINTR);
	fake_run_held();
	loader.error = 0;
	session_reap(s.session);
	assert_int_equal(loader.closed, 2);

	/* never answered: goes with the session */
	fake.hold = true;
	assert_int_equal(qda_module_open(s.session, "a", &module, &failure), -EINTR);
}

/* a module whose method still runs for nobody is not unloaded under it */
static void close_waits_for_orphans(void **state)
{
	struct qda_module *module;
	struct qda_call *call;

	(void)state;
	assert_int_equal(qda_module_open(s.session, "a", &module, NULL), 0);
	/* any handle will do: the call is never run by this loader */
	fake.method = NULL;
	fake.hold = true;
	assert_int_equal(qda_call_new(module, 2, NULL, 0, &call), 0);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	qda_call_unref(call);
	qda_module_unref(module);
	assert_int_equal(loader.closed, 0);
	fake_run_held();
	fake.method = load;
	session_reap(s.session);
	assert_int_equal(loader.closed, 1);
	assert_int_equal(loader.closed_handle, 0xabc0);
	session_reap(s.session);
	assert_int_equal(fake_in_flight(), 0);

	/* and at the session's end it is just dropped */
	assert_int_equal(qda_module_open(s.session, "a", &module, NULL), 0);
	fake.hold = true;
	assert_int_equal(qda_call_new(module, 2, NULL, 0, &call), 0);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	fake.method = NULL;
	qda_call_unref(call);
	qda_module_unref(module);
}

static void from_handle(void **state)
{
	struct qda_module *module;

	(void)state;
	assert_int_equal(qda_module_from_handle(s.session, 1, &module), -EPERM);
	assert_int_equal(qda_module_from_handle(NULL, 4, &module), -EINVAL);
	assert_int_equal(qda_module_from_handle(s.session, 4, NULL), -EINVAL);
	assert_int_equal(qda_module_from_handle(s.session, 4, &module), 0);
	assert_int_equal(qda_module_get_handle(module), 4);
	qda_module_unref(module);
	assert_int_equal(loader.closed, 0);
	assert_null(qda_module_ref(NULL));
	assert_null(qda_module_unref(NULL));
	assert_null(qda_module_get_session(NULL));
	assert_int_equal(qda_module_get_handle(NULL), 0);
}

static void released(void **state)
{
	struct qda_module *module, *late;

	(void)state;
	assert_int_equal(qda_module_open(s.session, "a", &module, NULL), 0);
	assert_int_equal(qda_session_release(s.session), 0);
	assert_int_equal(qda_module_open(s.session, "a", &late, NULL), -ECANCELED);
	fake.invokes = 0;
	qda_module_unref(module);
	assert_int_equal(fake.invokes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris),
		cmocka_unit_test_setup_teardown(open_and_close, setup, teardown),
		cmocka_unit_test_setup_teardown(older_firmware, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted_open, setup, teardown),
		cmocka_unit_test_setup_teardown(close_waits_for_orphans, setup, teardown),
		cmocka_unit_test_setup_teardown(from_handle, setup, teardown),
		cmocka_unit_test_setup_teardown(released, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
