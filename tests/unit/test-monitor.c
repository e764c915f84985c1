/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake-memory.h"
#define fake_udev_calloc __real_calloc
#include "fake-udev.h"
#include "internal.h"

/* --- fixture ---------------------------------------------------------------- */

static struct qda_ctx *ctx;
static int udev_num_events;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	udev_num_events = udev_next_event = 0;
	udev_no_monitor = false;
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

/* --- hotplug -------------------------------------------------------------------- */

static void udev_send(const char *action, const char *devnode)
{
	udev_events[udev_num_events++] = (struct udev_device){ devnode, action, NULL };
	assert_int_equal(write(udev_fds[1], "x", 1), 1);
}

static char changes[1024];
static int end_in_callback;
static struct qda_device *kept;

static void on_change(void *data, uint32_t change, struct qda_device *device)
{
	size_t len = strlen(changes);

	assert_ptr_equal(data, changes);
	snprintf(changes + len, sizeof(changes) - len, "%s%s:%s ",
		 change == QDA_DEVICE_ADDED ? "+" : "-", qda_device_get_name(device),
		 qda_device_get_path(device));
	if (end_in_callback == 1)
		assert_int_equal(qda_ctx_set_device_callback(ctx, NULL, NULL), 0);
	if (end_in_callback == 2)
		kept = qda_device_ref(device);
}

static void watch_devices(void)
{
	changes[0] = '\0';
	end_in_callback = 0;
	assert_int_equal(qda_ctx_set_device_callback(ctx, on_change, changes), 0);
}

static void test_come_and_go(void **state)
{
	(void)state;
	add_node("/dev/accel/accel0", "adsp");
	watch_devices();
	assert_int_equal(qda_ctx_process(ctx), 0);
	/* it was there already */
	udev_send("add", "/dev/accel/accel0");
	assert_int_equal(qda_ctx_process(ctx), 0);
	add_node("/dev/accel/accel1", "cdsp");
	udev_send("add", "/dev/accel/accel1");
	udev_send("change", "/dev/accel/accel1");
	udev_send("add", NULL);
	udev_send("remove", "/dev/accel/accel0");
	udev_send("remove", "/dev/accel/accel0");
	udev_send("remove", "/dev/accel/accel7");
	assert_int_equal(qda_ctx_process(ctx), 2);
	assert_string_equal(changes, "+cdsp:/dev/accel/accel1 -adsp:/dev/accel/accel0 ");
	/* the DSP restarted: its node comes back */
	changes[0] = '\0';
	udev_send("add", "/dev/accel/accel0");
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_string_equal(changes, "+adsp:/dev/accel/accel0 ");
}

static void test_of_other_drivers(void **state)
{
	(void)state;
	watch_devices();
	add_foreign("/dev/accel/accel0", "intel_vpu");
	add_node("/dev/accel/accel1", "cdsp");
	fake_nodes[1].open_errno = EACCES;
	udev_send("add", "/dev/accel/accel0");
	udev_send("add", "/dev/accel/accel1");
	udev_send("add", "/dev/accel/accel2");
	udev_send("remove", "/dev/accel/accel0");
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_string_equal(changes, "");
}

static void test_of_many(void **state)
{
	int i, n, total = 0;

	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	watch_devices();
	for (i = 0; i < 20; i++) {
		udev_send("remove", "/dev/accel/accel0");
		udev_send("add", "/dev/accel/accel0");
	}
	while ((n = qda_ctx_process(ctx)) > 0)
		total += n;
	assert_int_equal(total, 40);
}

static void test_ended_by_its_callback(void **state)
{
	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	watch_devices();
	end_in_callback = 1;
	udev_send("remove", "/dev/accel/accel0");
	udev_send("add", "/dev/accel/accel0");
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_string_equal(changes, "-cdsp:/dev/accel/accel0 ");
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(udev_refs, 0);
}

static void test_device_can_be_kept(void **state)
{
	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	watch_devices();
	end_in_callback = 2;
	udev_send("remove", "/dev/accel/accel0");
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_string_equal(qda_device_get_path(kept), "/dev/accel/accel0");
	qda_device_unref(kept);
}

static void test_replaced_and_ended(void **state)
{
	(void)state;
	watch_devices();
	assert_int_equal(qda_ctx_set_device_callback(ctx, NULL, NULL), 0);
	assert_int_equal(udev_refs, 0);
	assert_int_equal(qda_ctx_set_device_callback(ctx, NULL, NULL), 0);
	watch_devices();
}

static void test_without_udev(void **state)
{
	(void)state;
	udev_no_monitor = true;
	assert_int_equal(qda_ctx_set_device_callback(ctx, on_change, NULL), -ENOSYS);
	assert_null(ctx->monitor);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	add_node("/dev/accel/accel0", "cdsp");
	UNTIL_MEMORY_SUFFICES(qda_ctx_set_device_callback(ctx, on_change, changes), 0);
}

static void test_event_out_of_memory(void **state)
{
	int granted;

	(void)state;
	watch_devices();
	add_node("/dev/accel/accel0", "cdsp");
	for (granted = 0; granted < 10 && !changes[0]; granted++) {
		udev_send("add", "/dev/accel/accel0");
		allocations_left = granted;
		assert_in_range(qda_ctx_process(ctx) + ENOMEM, 0, ENOMEM + 1);
		allocations_left = -1;
	}
	assert_string_equal(changes, "+cdsp:/dev/accel/accel0 ");
	assert_true(granted > 2);
}

static void test_refuses_null(void **state)
{
	(void)state;
	assert_int_equal(qda_ctx_set_device_callback(NULL, on_change, NULL), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(come_and_go),
		TEST(of_other_drivers),
		TEST(of_many),
		TEST(ended_by_its_callback),
		TEST(device_can_be_kept),
		TEST(replaced_and_ended),
		TEST(without_udev),
		TEST(out_of_memory),
		TEST(event_out_of_memory),
		TEST(refuses_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
