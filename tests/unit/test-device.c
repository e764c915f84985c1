/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/auxv.h>

#include <cmocka.h>

#include "fake-memory.h"
#define fake_udev_calloc __real_calloc
#include "fake-udev.h"
#include "internal.h"

static bool at_secure;

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type)
{
	return type == AT_SECURE ? at_secure : __real_getauxval(type);
}

/* --- fixture ---------------------------------------------------------------- */

static struct qda_ctx *ctx;
static struct qda_failure failure;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	failure = (struct qda_failure)QDA_FAILURE_INIT;
	parent_driver = NULL;
	at_secure = false;
	unsetenv("QDA_DEVICE");
	setenv("QDA_SOFT_LIBRARY", "/nonexistent/libqda-soft.so", 1);
	return qda_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
	(void)state;
	qda_ctx_unref(ctx);
	assert_int_equal(fake_open_count, fake_close_count);
	assert_int_equal(udev_refs, 0);
	assert_int_equal(udev_devices, 0);
	return 0;
}

#define assert_message(part) \
	do { \
		if (!strstr(failure.message, part)) \
			fail_msg("\"%s\" is not in \"%s\"", part, failure.message); \
	} while (0)

/* --- list --------------------------------------------------------------------- */

static void test_list_finds_by_driver_name(void **state)
{
	struct qda_device **devices;

	(void)state;
	add_foreign("/dev/accel/accel0", "intel_vpu");
	add_node("/dev/accel/accel10", "adsp");
	add_node("/dev/accel/accel2", "cdsp");
	add_node("/dev/accel/accel3", "sdsp");
	fake_find("/dev/accel/accel3")->major = 0;
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), 2);
	assert_string_equal(qda_device_get_path(devices[0]), "/dev/accel/accel2");
	assert_string_equal(qda_device_get_name(devices[0]), "cdsp");
	assert_string_equal(qda_device_get_driver(devices[0]),
			    "qda 1.1 (" DRM_QDA_TAG " test)");
	assert_int_equal(qda_device_is_soft(devices[0]), 0);
	assert_string_equal(qda_device_get_path(devices[1]), "/dev/accel/accel10");
	assert_null(devices[2]);
	qda_device_list_free(devices);
	qda_device_list_free(NULL);
}

static void test_list_of_nothing(void **state)
{
	struct qda_device **devices = NULL;

	(void)state;
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL | QDA_LIST_SOFT, &devices),
			 0);
	assert_non_null(devices);
	assert_null(devices[0]);
	qda_device_list_free(devices);
}

static void test_list_refuses(void **state)
{
	struct qda_device **devices = NULL;

	(void)state;
	assert_int_equal(qda_device_list(NULL, QDA_LIST_KERNEL, &devices), -EINVAL);
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, NULL), -EINVAL);
	assert_int_equal(qda_device_list(ctx, 0, &devices), -EINVAL);
	assert_int_equal(qda_device_list(ctx, 1u << 2, &devices), -EINVAL);
	assert_null(devices);
}

static void test_list_without_permission(void **state)
{
	struct qda_device **devices = NULL;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	fake_nodes[0].open_errno = EACCES;
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), -EACCES);
	/* known to be another driver's: no reason to complain */
	parent_driver = "intel_vpu";
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), 0);
	qda_device_list_free(devices);
	parent_driver = "qda";
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), -EACCES);
	/* one that can be opened is enough */
	add_node("/dev/accel/accel1", "adsp");
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), 1);
	qda_device_list_free(devices);
}

static void test_list_out_of_descriptors(void **state)
{
	struct qda_device **devices = NULL;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	add_node("/dev/accel/accel1", "adsp");
	fake_nodes[1].open_errno = EMFILE;
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), -EMFILE);
	assert_null(devices);
}

static void test_soft_devices_are_listed_when_installed(void **state)
{
	struct qda_device **devices;

	(void)state;
	setenv("QDA_SOFT_LIBRARY", FAKE_SOFT_LIBRARY, 1);
	setenv("QDA_SOFTDSP", "/nonexistent/qda-softdsp", 1);
	assert_int_equal(qda_device_list(ctx, QDA_LIST_SOFT, &devices), 0);
	qda_device_list_free(devices);
	setenv("QDA_SOFTDSP", "/bin/true", 1);
	assert_int_equal(qda_device_list(ctx, QDA_LIST_SOFT, &devices), 2);
	assert_string_equal(qda_device_get_path(devices[0]), "soft:adsp");
	assert_string_equal(qda_device_get_name(devices[1]), "cdsp");
	assert_int_equal(qda_device_is_soft(devices[0]), 1);
	assert_non_null(strstr(qda_device_get_driver(devices[0]), "soft device"));
	qda_device_list_free(devices);
	assert_int_equal(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), 0);
	qda_device_list_free(devices);
	at_secure = true;
	assert_int_equal(qda_device_list(ctx, QDA_LIST_SOFT, &devices), 0);
	qda_device_list_free(devices);
	unsetenv("QDA_SOFTDSP");
}

/* --- open ------------------------------------------------------------------------ */

static void opens(const char *name, const char *path)
{
	struct qda_device *device;

	failure = (struct qda_failure)QDA_FAILURE_INIT;
	assert_int_equal(qda_device_open(ctx, name, &device, &failure), 0);
	assert_string_equal(qda_device_get_path(device), path);
	assert_null(qda_device_unref(device));
	assert_string_equal(failure.message, "");
}

static void fails(const char *name, int err)
{
	struct qda_device *device = NULL;

	failure = (struct qda_failure)QDA_FAILURE_INIT;
	assert_int_equal(qda_device_open(ctx, name, &device, &failure), err);
	assert_null(device);
	assert_null(strchr(failure.message, '\n'));
	assert_true(strlen(failure.message) > 0);
	assert_int_equal(qda_device_open(ctx, name, &device, NULL), err);
}

static void test_open_by_name(void **state)
{
	(void)state;
	add_foreign("/dev/accel/accel0", "amdxdna");
	add_node("/dev/accel/accel1", "adsp");
	add_node("/dev/accel/accel2", "cdsp");
	opens("cdsp", "/dev/accel/accel2");
	opens("adsp", "/dev/accel/accel1");
	opens("/dev/accel/accel1", "/dev/accel/accel1");
	fails("sdsp", -ENODEV);
	assert_message("no DSP called sdsp, but adsp (/dev/accel/accel1), cdsp (");
	fails("", -EINVAL);
	fails("accel0", -ENODEV);
}

static void test_open_default(void **state)
{
	(void)state;
	add_foreign("/dev/accel/accel0", "amdxdna");
	fails(NULL, -ENODEV);
	assert_message("this machine has no DSP with the qda driver");
	add_node("/dev/accel/accel1", "adsp");
	opens(NULL, "/dev/accel/accel1");
	add_node("/dev/accel/accel2", "sdsp");
	fails(NULL, -ENODEV);
	assert_message("QDA_DEVICE");
	add_node("/dev/accel/accel3", "cdsp");
	opens(NULL, "/dev/accel/accel3");
	setenv("QDA_DEVICE", "sdsp", 1);
	opens(NULL, "/dev/accel/accel2");
	opens("adsp", "/dev/accel/accel1");
	setenv("QDA_DEVICE", "/dev/accel/accel1", 1);
	opens(NULL, "/dev/accel/accel1");
	setenv("QDA_DEVICE", "", 1);
	opens(NULL, "/dev/accel/accel3");
}

static void test_open_says_why(void **state)
{
	(void)state;
	fails("/dev/accel/accel9", -ENODEV);
	assert_message("/dev/accel/accel9 does not exist");
	add_foreign("/dev/accel/accel0", "amdxdna");
	fails("/dev/accel/accel0", -ENXIO);
	assert_message("/dev/accel/accel0 belongs to driver amdxdna");
	fake_nodes[0].driver = NULL;
	fails("/dev/accel/accel0", -ENXIO);
	assert_message("is no accel device");
	fake_nodes[0].driver = "qda";
	fake_nodes[0].description = "Qualcomm DSP Accelerator Driver";
	fake_nodes[0].major = 0;
	fails("/dev/accel/accel0", -ENOTSUP);
	assert_message("driver qda 0.1 (Qualcomm DSP Accelerator Driver)");
	fake_nodes[0].open_errno = EMFILE;
	fails("/dev/accel/accel0", -EMFILE);
}

static void test_open_without_permission(void **state)
{
	char who[64];

	(void)state;
	/* a node that this machine is sure to have, for owner and group */
	add_node("/dev/null", "cdsp");
	fake_nodes[0].open_errno = EACCES;
	snprintf(who, sizeof(who), "as uid %u, gid %u", geteuid(), getegid());
	fails("/dev/null", -EACCES);
	assert_message("cannot open /dev/null (owner root, group root, mode 0666)");
	assert_message(who);
	assert_message("add the user to the node's group");
	/* also when it was not named but looked for */
	fails("cdsp", -EACCES);
	assert_message("/dev/null");
	fails(NULL, -EACCES);
}

static void test_open_soft(void **state)
{
	struct qda_device *device;

	(void)state;
	fails("soft:cdsp", -ENOENT);
	assert_message("the soft device is not installed (/nonexistent/libqda-soft.so)");
	setenv("QDA_SOFT_LIBRARY", FAKE_SOFT_LIBRARY, 1);
	assert_int_equal(qda_device_open(ctx, "soft:cdsp", &device, NULL), 0);
	assert_int_equal(qda_device_is_soft(device), 1);
	assert_string_equal(qda_device_get_path(device), "soft:cdsp");
	qda_device_unref(device);
	fails("soft:nosuch", -EINVAL);
	assert_message("soft:nosuch is not the name of a soft device");
	/* never unasked */
	fails(NULL, -ENODEV);
	fails("cdsp", -ENODEV);
	at_secure = true;
	fails("soft:cdsp", -EPERM);
	assert_message("more privilege than its user");
}

static void test_open_refuses_null(void **state)
{
	struct qda_device *device;

	(void)state;
	assert_int_equal(qda_device_open(NULL, "cdsp", &device, &failure), -EINVAL);
	assert_int_equal(qda_device_open(ctx, "cdsp", NULL, &failure), -EINVAL);
	assert_null(qda_device_ref(NULL));
	assert_null(qda_device_unref(NULL));
	assert_null(qda_device_get_name(NULL));
	assert_null(qda_device_get_path(NULL));
	assert_null(qda_device_get_driver(NULL));
	assert_int_equal(qda_device_is_soft(NULL), -EINVAL);
	assert_int_equal(qda_device_query(NULL, 0, &(uint64_t){ 0 }), -EINVAL);
	assert_int_equal(qda_device_get_attr(NULL, 0, &(uint32_t){ 0 }, NULL), -EINVAL);
}

/* --- asking -------------------------------------------------------------------- */

static struct drm_qda_query query_answer;
static int query_errno;

static bool answer_query(unsigned long request, void *arg, int *ret)
{
	struct drm_qda_query *query = arg;

	if (request != DRM_IOCTL_QDA_QUERY || query->type != DRM_QDA_QUERY_DSP_ATTR)
		return false;
	query->value = query_answer.value + query->index;
	query->status = query_answer.status;
	errno = query_errno;
	*ret = query_errno ? -1 : 0;
	return true;
}

static void test_query(void **state)
{
	struct qda_device *device;
	uint32_t attr = 21;
	uint64_t value = 21;
	int32_t status = 21;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	assert_int_equal(qda_device_open(ctx, "cdsp", &device, NULL), 0);
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &value), 0);
	assert_int_equal(value, 8);
	assert_int_equal(qda_device_query(device, QDA_DEVICE_FEATURES + 1, &value),
			 -EINVAL);
	assert_int_equal(qda_device_query(device, QDA_DEVICE_FEATURES, NULL), -EINVAL);
	fake_hook = answer_query;
	query_answer.value = 0x70;
	assert_int_equal(qda_device_get_attr(device, 6, &attr, NULL), 0);
	assert_int_equal(attr, 0x76);
	assert_int_equal(qda_device_get_attr(device, 256, &attr, NULL), -ERANGE);
	assert_int_equal(qda_device_get_attr(device, 6, NULL, NULL), -EINVAL);
	query_answer.status = -5;
	assert_int_equal(qda_device_get_attr(device, 6, &attr, NULL), -EREMOTEIO);
	assert_int_equal(qda_device_get_attr(device, 6, &attr, &status), -EREMOTEIO);
	assert_int_equal(status, -5);
	query_answer.status = 0;
	query_answer.value = 1ULL << 32;
	assert_int_equal(qda_device_get_attr(device, 6, &attr, NULL), -ERANGE);
	query_errno = EINTR;
	assert_int_equal(qda_device_get_attr(device, 6, &attr, NULL), -EINTR);
	query_errno = 0;
	assert_int_equal(attr, 0x76);
	/* gone; come back as another DSP */
	fake_nodes[0].dsp = "adsp";
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &value),
			 -ENODEV);
	fake_nodes[0].path = "/dev/accel/accel5";
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &value),
			 -ENODEV);
	qda_device_unref(device);
}

static void test_device_of_a_descriptor(void **state)
{
	struct kapi_file *file;
	struct qda_device *device;
	uint64_t value;

	(void)state;
	add_node("/dev/accel/accel0", "adsp");
	assert_int_equal(kapi_open(ctx, "/dev/accel/accel0", &file), 0);
	assert_int_equal(qda_device_from_file(ctx, NULL, file, &device), 0);
	kapi_close(file);
	assert_string_equal(qda_device_get_name(device), "adsp");
	assert_non_null(qda_device_get_path(device));
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &value),
			 -EOPNOTSUPP);
	qda_device_unref(device);
}

static void test_domain_ids(void **state)
{
	static const char *const names[] = { "adsp",  "mdsp",  "sdsp", "cdsp",
					     "cdsp1", "gdsp0", "gdsp1" };
	struct kapi_info info = { 0 };
	struct qda_device *device;
	int i;

	(void)state;
	for (i = 0; i < 7; i++) {
		snprintf(info.dsp, sizeof(info.dsp), "%s", names[i]);
		assert_int_equal(qda_device_new(ctx, NULL, &info, &device), 0);
		assert_int_equal(qda_device_domain_id(device), i);
		qda_device_unref(device);
	}
	snprintf(info.dsp, sizeof(info.dsp), "xdsp");
	assert_int_equal(qda_device_new(ctx, NULL, &info, &device), 0);
	assert_int_equal(qda_device_domain_id(device), -EINVAL);
	qda_device_unref(device);
}

/* the device keeps its context */
static void test_device_outlives_the_callers_context(void **state)
{
	struct qda_device *device;
	struct qda_ctx *own;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	assert_int_equal(qda_ctx_new(NULL, &own), 0);
	assert_int_equal(qda_device_open(own, "cdsp", &device, NULL), 0);
	qda_ctx_unref(own);
	qda_device_unref(qda_device_ref(device));
	assert_string_equal(qda_device_get_name(device), "cdsp");
	qda_device_unref(device);
}

/* --- memory -------------------------------------------------------------------- */

static void test_out_of_memory(void **state)
{
	struct qda_device **devices = NULL, *device = NULL;
	struct qda_ctx *own = NULL;
	uint64_t value;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	add_node("/dev/accel/accel1", "adsp");
	UNTIL_MEMORY_SUFFICES(qda_ctx_new(NULL, &own), 0);
	qda_ctx_unref(own);
	UNTIL_MEMORY_SUFFICES(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), 2);
	qda_device_list_free(devices);
	UNTIL_MEMORY_SUFFICES(qda_device_open(ctx, "cdsp", &device, NULL), 0);
	UNTIL_MEMORY_SUFFICES(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &value),
			      0);
	device = qda_device_unref(device);
	UNTIL_MEMORY_SUFFICES(qda_device_open(ctx, "/dev/accel/accel1", &device, NULL),
			      0);
	qda_device_unref(device);
}

static void test_out_of_memory_of_denied(void **state)
{
	struct qda_device **devices = NULL;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	fake_nodes[0].open_errno = EACCES;
	UNTIL_MEMORY_SUFFICES(qda_device_list(ctx, QDA_LIST_KERNEL, &devices), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(list_finds_by_driver_name),
		TEST(list_of_nothing),
		TEST(list_refuses),
		TEST(list_without_permission),
		TEST(list_out_of_descriptors),
		TEST(soft_devices_are_listed_when_installed),
		TEST(open_by_name),
		TEST(open_default),
		TEST(open_says_why),
		TEST(open_without_permission),
		TEST(open_soft),
		TEST(open_refuses_null),
		TEST(query),
		TEST(device_of_a_descriptor),
		TEST(domain_ids),
		TEST(device_outlives_the_callers_context),
		TEST(out_of_memory),
		TEST(out_of_memory_of_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
