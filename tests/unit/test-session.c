// SPDX-License-Identifier: MIT
/* Opening: options, shells, refusals; what a failed open leaves behind. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-kapi.h"

static struct qda_ctx *ctx;
static struct qda_device *device;
static char dir[] = "/tmp/qda-session-XXXXXX";

static int setup(void **state)
{
	(void)state;
	fake_reset();
	setenv("DSP_LIBRARY_PATH", dir, 1);
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	assert_int_equal(fake_device(ctx, &device), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

static void defaults(void **state)
{
	struct qda_session *session;

	(void)state;
	assert_int_equal(qda_session_open(device, NULL, &session, NULL), 0);
	assert_int_equal(fake.create.length, 600);
	assert_int_equal(fake.create.attrs, 0x8);
	assert_int_equal(fake.create.siglen, 0);
	assert_int_equal(fake.shell[0], 'u');
	/* the image was only lent */
	assert_int_equal(fake.live_buffers, 0);
	assert_int_equal(qda_session_is_unsigned(session), 1);
	assert_ptr_equal(qda_session_get_device(session), device);
	assert_ptr_equal(qda_session_ref(session), session);
	qda_session_unref(session);
	assert_int_equal(fake.releases, 0);
	qda_session_unref(session);
	assert_int_equal(fake.releases, 1);
	assert_null(qda_session_unref(NULL));
	assert_null(qda_session_ref(NULL));
	assert_null(qda_session_get_device(NULL));
	assert_int_equal(qda_session_is_unsigned(NULL), -EINVAL);
	assert_int_equal(qda_session_release(NULL), -EINVAL);
}

static int open_with(struct qda_session_opts opts, struct qda_failure *failure)
{
	struct qda_session *session = (void *)1;
	int err;

	if (!opts.size)
		opts.size = sizeof(opts);
	err = qda_session_open(device, &opts, &session, failure);
	if (err)
		assert_ptr_equal(session, (void *)1);
	else
		qda_session_unref(session);
	return err;
}

#define OPEN(failure, ...) open_with((struct qda_session_opts){ __VA_ARGS__ }, failure)

static void signing(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(OPEN(&f, .signing = QDA_SIGNING_SIGNED), 0);
	assert_int_equal(fake.create.attrs, 0);
	assert_int_equal(fake.shell[0], 's');
	assert_int_equal(OPEN(&f, .signing = QDA_SIGNING_UNSIGNED, .attrs = 0x10), 0);
	assert_int_equal(fake.create.attrs, 0x18);
	/* automatic, on a DSP without unsigned PDs */
	fake.features = 0;
	assert_int_equal(OPEN(&f, .init_mem_size = 5 << 20), 0);
	assert_int_equal(fake.create.attrs, 0);
	assert_int_equal(fake.create.init_mem_size, 5 << 20);
	assert_int_equal(fake.shell[0], 's');
}

static void attaching(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .max_in_flight = 5), 0);
	assert_int_equal(fake.attach_pd, QDA_PD_ROOT);
	assert_string_equal(fake.attach_name, "");
	/* the listener's call comes on top */
	assert_int_equal(fake.max_in_flight, 6);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_STATIC, .pd_name = "audiopd"), 0);
	assert_string_equal(fake.attach_name, "audiopd");
	assert_int_equal(fake.creates, 0);
	fake.fail_attach = -EPERM;
	assert_int_equal(OPEN(&f, .pd = QDA_PD_STATIC, .pd_name = "audiopd"), -EPERM);
	assert_non_null(strstr(f.message, "static PD audiopd"));
}

static void bad_options(void **state)
{
	struct {
		struct qda_session_opts opts;
		uint64_t unknown;
	} larger = { { .size = sizeof(larger) }, 0 };
	struct qda_session *session;
	struct qda_failure f = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(OPEN(&f, .size = 4), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = 4), -EINVAL);
	assert_int_equal(OPEN(&f, .signing = 3), -EINVAL);
	assert_int_equal(OPEN(&f, .pd_name = "x"), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_STATIC), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_STATIC, .pd_name = ""), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .shell = "/x"), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .attrs = 1), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .signing = 1), -EINVAL);
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .init_mem_size = 1), -EINVAL);
	assert_int_equal(OPEN(&f, .attrs = 8), -EINVAL);
	assert_int_equal(OPEN(&f, .max_in_flight = 65), -ERANGE);
	assert_int_equal(OPEN(&f, .listener = 2), -EINVAL);
	assert_int_equal(OPEN(&f, .listener = 1, .read_dirs = "/x"), -EINVAL);
	assert_int_equal(OPEN(&f, .listener = 1, .thread_stack = 65536), -EINVAL);
	assert_int_equal(OPEN(&f, .thread_priority = 256), -EINVAL);
	assert_int_equal(OPEN(&f, .thread_stack = 100), -EINVAL);
	assert_int_equal(OPEN(&f, .reserved = 1), -E2BIG);
	assert_int_equal(fake.creates, 0);

	assert_int_equal(qda_session_open(device, &larger.opts, &session, &f), 0);
	qda_session_unref(session);
	larger.unknown = 1;
	assert_int_equal(qda_session_open(device, &larger.opts, &session, &f), -E2BIG);
	assert_int_equal(qda_session_open(NULL, NULL, &session, &f), -EINVAL);
	assert_int_equal(qda_session_open(device, NULL, NULL, NULL), -EINVAL);
}

static void shells(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/none", dir);
	assert_int_equal(OPEN(&f, .shell = path), -ENOENT);
	assert_non_null(strstr(f.message, path));
	assert_int_equal(OPEN(&f, .shell = dir), -EINVAL);
	snprintf(path, sizeof(path), "%s/fastrpc_shell_3", dir);
	assert_int_equal(OPEN(&f, .shell = path), 0);
	assert_int_equal(fake.shell[0], 's');
	assert_int_equal(fake.create.attrs, 8);
	fake.max_shell = 599;
	assert_int_equal(OPEN(&f, .size = 0), -E2BIG);
	fake.max_shell = 600;
	assert_int_equal(OPEN(&f, .size = 0), 0);

	/* none: the DSP's own, and its refusal names the paths */
	setenv("DSP_LIBRARY_PATH", "/nowhere;/nothing", 1);
	assert_int_equal(OPEN(&f, .size = 0), 0);
	assert_int_equal(fake.create.handle, 0);
	assert_int_equal(fake.create.length, 0);
	fake.status_create = (int32_t)0x80000445;
	assert_int_equal(OPEN(&f, .size = 0), -EREMOTEIO);
	assert_int_equal(f.status, (int32_t)0x80000445);
	assert_non_null(strstr(f.message, "/nowhere/cdsp/fastrpc_shell_unsigned_3"));
	assert_non_null(strstr(f.message, "/nothing/fastrpc_shell_unsigned_3"));
}

static void library_path(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	const char *refusal;

	(void)state;
	setenv("DSP_LIBRARY_PATH", "/nowhere", 1);
	assert_int_equal(OPEN(&f, .library_path = dir), 0);
	assert_int_equal(fake.create.length, 600);
	assert_int_equal(fake.shell[0], 'u');
	/* the application's come first */
	fake.status_create = (int32_t)0x80000445;
	assert_int_equal(OPEN(&f, .library_path = "/first;/second"), -EREMOTEIO);
	refusal = strstr(f.message, "(tried /first/cdsp/fastrpc_shell_unsigned_3, "
			 "/first/fastrpc_shell_unsigned_3, /second/cdsp/");
	assert_non_null(refusal);
	assert_non_null(strstr(refusal, ", /nowhere/cdsp/fastrpc_shell_unsigned_3"));
}

static void test_signature(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/fastrpc_shell_unsigned_3", dir);
	assert_int_equal(OPEN(&f, .signing = QDA_SIGNING_SIGNED, .test_signature = path),
			 0);
	assert_int_equal(fake.create.length, 1200);
	assert_int_equal(fake.create.siglen, 600);
	assert_int_equal(fake.shell[599], 's');
	assert_int_equal(fake.shell[600], 'u');
	assert_int_equal(fake.live_buffers, 0);

	fake.creates = 0;
	assert_int_equal(OPEN(&f, .test_signature = path), -EINVAL);
	assert_non_null(strstr(f.message, "unsigned"));
	assert_int_equal(OPEN(&f, .pd = QDA_PD_ROOT, .test_signature = path), -EINVAL);
	assert_int_equal(OPEN(&f, .signing = QDA_SIGNING_SIGNED,
			      .test_signature = "/none"), -ENOENT);
	assert_non_null(strstr(f.message, "test signature /none"));
	fake.max_shell = 1199;
	assert_int_equal(OPEN(&f, .signing = QDA_SIGNING_SIGNED, .test_signature = path),
			 -E2BIG);
	assert_int_equal(fake.creates, 0);
}

static void refusals(void **state)
{
	static const int errors[] = { -EINTR, -EPERM, -EPIPE, -ENODEV, -EBUSY };
	struct qda_failure f = QDA_FAILURE_INIT;
	struct qda_session *session;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake.fail_create = errors[i];
		assert_int_equal(OPEN(&f, .size = 0), errors[i]);
		fake.fail_gem_create = errors[i];
		assert_int_equal(OPEN(&f, .size = 0), errors[i]);
		fake.fail_open = errors[i];
		assert_int_equal(OPEN(&f, .size = 0), errors[i]);
	}
	fake.fail_gem_mmap = -ENOMEM;
	assert_int_equal(OPEN(&f, .size = 0), -ENOMEM);
	fake.status_create = (int32_t)0x80000452;
	assert_int_equal(OPEN(&f, .size = 0), -EREMOTEIO);
	assert_int_equal(f.status, (int32_t)0x80000452);
	assert_non_null(strstr(f.message,
			       "fastrpc_shell_unsigned_3 (it is not an ELF image): "));
	/* of shells, not of modules; what else the DSP says keeps the tables' words */
	fake.status_create = (int32_t)0x80000406;
	assert_int_equal(OPEN(&f, .size = 0), -EREMOTEIO);
	assert_int_equal(f.status, (int32_t)0x80000406);
	assert_non_null(strstr(f.message, "the DSP could not start the shell image "));
	assert_non_null(strstr(f.message, "fastrpc_shell_unsigned_3 for an unsigned PD "
					  "(it is not an ELF image) "
					  "(AEE_EUNABLETOLOAD, 0x80000406). "));
	assert_non_null(strstr(f.message, "standard error of qda-softdsp"));
	assert_null(strstr(f.message, "module"));
	fake.has_pd = false;
	assert_int_equal(qda_session_open_fd(ctx, 0, NULL, &session, &f), -EREMOTEIO);
	assert_non_null(strstr(f.message, "the DSP's own log"));
	assert_null(strstr(f.message, "module"));
	fake.status_create = (int32_t)0x80000402;
	assert_int_equal(OPEN(&f, .size = 0), -EREMOTEIO);
	assert_non_null(strstr(f.message, "creating an unsigned PD from "));
	fake.status_create = 0;

	/* the node belongs to another DSP now */
	fake.dsp = "adsp";
	assert_int_equal(OPEN(&f, .size = 0), -ENODEV);
	assert_non_null(strstr(f.message, "adsp"));
}

static void descriptors(void **state)
{
	struct qda_session_opts opts = { .size = sizeof(opts) };
	struct qda_failure f = QDA_FAILURE_INIT;
	struct qda_session *session;

	(void)state;
	assert_int_equal(qda_session_open_fd(ctx, -1, NULL, &session, &f), -EBADF);
	assert_int_equal(qda_session_open_fd(NULL, 0, NULL, &session, &f), -EINVAL);
	fake.has_pd = false;
	assert_int_equal(qda_session_open_fd(ctx, 0, &opts, &session, &f), 0);
	assert_int_equal(qda_session_is_unsigned(session), 1);
	assert_string_equal(qda_device_get_name(qda_session_get_device(session)), "cdsp");
	/* that device cannot be opened again */
	assert_int_equal(qda_session_open(qda_session_get_device(session), NULL,
					  &(struct qda_session *){ NULL }, &f), -ENODEV);
	qda_session_unref(session);

	f.message[0] = '\0';
	fake.has_pd = true;
	fake.released = false;
	assert_int_equal(qda_session_open_fd(ctx, 0, NULL, &session, &f), 0);
	assert_string_equal(f.message, "");
	qda_session_unref(session);
	fake.has_pd = true;
	/* how it is used may be said, not how it is made */
	opts.listener = QDA_LISTENER_OFF;
	assert_int_equal(qda_session_open_fd(ctx, 0, &opts, &session, &f), 0);
	qda_session_unref(session);
	fake.has_pd = true;
	opts.signing = QDA_SIGNING_UNSIGNED;
	assert_int_equal(qda_session_open_fd(ctx, 0, &opts, &session, &f), -EINVAL);
	assert_non_null(strstr(f.message, "PD already"));
	/* neither use nor failure has ended what is the descriptor's */
	assert_false(fake.released);
	fake.released = true;
	assert_int_equal(qda_session_open_fd(ctx, 0, NULL, &session, &f), -ECANCELED);
}

static void write_shell(const char *name, char first)
{
	char path[256];
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	for (i = 0; i < 600; i++)
		fputc(first, file);
	fclose(file);
}

static int group_setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	unsetenv("ADSP_LIBRARY_PATH");
	write_shell("fastrpc_shell_3", 's');
	write_shell("fastrpc_shell_unsigned_3", 'u');
	return 0;
}

static int group_teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(signing, setup, teardown),
		cmocka_unit_test_setup_teardown(attaching, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_options, setup, teardown),
		cmocka_unit_test_setup_teardown(shells, setup, teardown),
		cmocka_unit_test_setup_teardown(library_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
