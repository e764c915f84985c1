/* SPDX-License-Identifier: MIT */
/* What kapi-qda.c makes of what read() gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "fake-kernel.h"
#include "internal.h"

#define NODE "/dev/accel/accel0"

static struct qda_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_nodes[0] = (struct fake_node)FAKE_QDA(NODE, "cdsp");
	return qda_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fake_open_count, fake_close_count);
	qda_ctx_unref(ctx);
	return 0;
}

static struct kapi_file *open_node(void)
{
	struct kapi_file *file = NULL;

	assert_int_equal(kapi_open(ctx, NODE, &file), 0);
	return file;
}

static struct drm_qda_event_complete complete_event(uint64_t ticket)
{
	return (struct drm_qda_event_complete){
		.base = { DRM_QDA_EVENT_COMPLETE, sizeof(struct drm_qda_event_complete) },
		.ticket = ticket,
		.user_data = ticket * 2,
		.status = 3,
	};
}

static int read_events(struct kapi_file *file, const void *data, ssize_t size,
		       struct kapi_event *events, size_t max)
{
	fake_read_data = data;
	fake_read_size = size;
	return kapi_read_events(file, events, max);
}

static void test_events(void **state)
{
	struct drm_qda_event_complete in[3];
	struct kapi_file *file = open_node();
	struct kapi_event out[40];

	(void)state;
	in[0] = complete_event(1);
	in[1] = complete_event(2);
	in[1].error = -EPIPE;
	in[2] = complete_event(3);
	/* of another type: passed over */
	in[2].base.type = 5;
	assert_int_equal(read_events(file, in, sizeof(in), out, 40), 2);
	assert_int_equal(out[0].ticket, 1);
	assert_int_equal(out[0].user_data, 2);
	assert_int_equal(out[0].error, 0);
	assert_int_equal(out[0].status, 3);
	assert_int_equal(out[1].error, -EPIPE);
	assert_int_equal(out[1].status, 0);
	assert_int_equal(fake_poll_count, 0);
	assert_int_equal(read_events(file, in, sizeof(in[0]), out, 2), 1);
	assert_int_equal(read_events(file, in, 0, out, 40), 0);
	/* a buffer too small for the largest event, or for all that fits in it */
	assert_int_equal(read_events(file, in, sizeof(in), out, 0), -EINVAL);
	assert_int_equal(read_events(file, in, sizeof(in[0]), out, 1), -EINVAL);
	fake_read_errno = EAGAIN;
	assert_int_equal(read_events(file, in, sizeof(in), out, 40), 0);
	fake_read_errno = EINTR;
	assert_int_equal(read_events(file, in, sizeof(in), out, 40), 0);
	fake_read_errno = ENODEV;
	assert_int_equal(read_events(file, in, sizeof(in), out, 40), -ENODEV);
	kapi_close(file);
}

/* a status is smaller: as many of them as are asked for, none is lost */
static void test_status_events(void **state)
{
	struct {
		struct drm_qda_event_status first;
		struct drm_qda_event_complete complete;
		struct drm_qda_event_status last[2];
	} in = {
		.first = { { DRM_QDA_EVENT_STATUS, sizeof(in.first) }, 3, 0 },
		.complete = complete_event(1),
		.last = { { { DRM_QDA_EVENT_STATUS, sizeof(in.first) }, 0, 0 },
			  { { DRM_QDA_EVENT_STATUS, sizeof(in.first) }, 4, 0 } },
	};
	struct kapi_file *file = open_node();
	struct kapi_event out[8];

	(void)state;
	memset(out, 0xff, sizeof(out));
	assert_int_equal(read_events(file, &in, sizeof(in), out, 8), 4);
	assert_int_equal(out[0].type, KAPI_EVENT_STATUS);
	assert_int_equal(out[0].status, KAPI_PD_EXCEPTION);
	assert_int_equal(out[0].ticket, 0);
	assert_int_equal(out[0].user_data, 0);
	assert_int_equal(out[0].error, 0);
	assert_int_equal(out[1].type, KAPI_EVENT_COMPLETE);
	assert_int_equal(out[1].ticket, 1);
	assert_int_equal(out[2].type, KAPI_EVENT_STATUS);
	assert_int_equal(out[2].status, KAPI_PD_UP);
	assert_int_equal(out[3].status, KAPI_PD_DSP_RESTART);
	/* what two have room for, exactly */
	assert_int_equal(read_events(file, in.last, sizeof(in.last), out, 2), 2);
	in.last[0].base.length = sizeof(in.first) - 1;
	assert_int_equal(read_events(file, in.last, sizeof(in.last), out, 8), -EPROTO);
	kapi_close(file);
}

/* a later minor version may append to the event */
static void test_longer_event_is_taken(void **state)
{
	struct {
		struct drm_qda_event_complete known;
		uint64_t more;
	} in[2] = { { complete_event(1), 9 }, { complete_event(2), 9 } };
	struct kapi_file *file = open_node();
	struct kapi_event out[8];

	(void)state;
	in[0].known.base.length = in[1].known.base.length = sizeof(in[0]);
	assert_int_equal(read_events(file, in, sizeof(in), out, 8), 2);
	assert_int_equal(out[1].ticket, 2);
	kapi_close(file);
}

static void test_malformed_events(void **state)
{
	struct drm_qda_event_complete in[2] = { complete_event(1), complete_event(2) };
	static const uint32_t lengths[] = { 0, 7, 8, 31, 33, 64, 0xffffffff };
	struct kapi_file *file = open_node();
	struct kapi_event out[8];
	ssize_t size;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		in[1].base.length = lengths[i];
		assert_int_equal(read_events(file, &in[1], sizeof(in[1]), out, 8),
				 -EPROTO);
		/* what came before it is not lost */
		assert_int_equal(read_events(file, in, sizeof(in), out, 8), 1);
		assert_int_equal(out[0].ticket, 1);
	}
	in[0] = complete_event(1);
	for (size = 1; size < (ssize_t)sizeof(in[0]); size++)
		assert_int_equal(read_events(file, in, size, out, 8), -EPROTO);
	in[0].error = EPIPE;
	assert_int_equal(read_events(file, in, sizeof(in[0]), out, 8), -EPROTO);
	in[0].error = INT32_MIN;
	assert_int_equal(read_events(file, in, sizeof(in[0]), out, 8), -EPROTO);
	/* more than was asked for */
	assert_int_equal(read_events(file, in, 4096, out, 8), -EPROTO);
	kapi_close(file);
}

/* on a descriptor that may block, read() comes only after poll() said so */
static void test_events_of_a_blocking_descriptor(void **state)
{
	struct drm_qda_event_complete in = complete_event(1);
	int fd = fake_open(NODE, O_RDWR);
	struct kapi_file *file = NULL;
	struct kapi_event out[2];

	(void)state;
	assert_int_equal(kapi_open_fd(ctx, fd, &file), 0);
	assert_int_equal(read_events(file, &in, sizeof(in), out, 2), 0);
	assert_int_equal(fake_read_count, 0);
	/* hung up, and nothing to read: read() would block */
	fake_poll_ret = 1;
	fake_poll_revents = POLLHUP | POLLERR;
	assert_int_equal(read_events(file, &in, sizeof(in), out, 2), 0);
	assert_int_equal(fake_read_count, 0);
	fake_poll_revents = POLLIN;
	assert_int_equal(read_events(file, &in, sizeof(in), out, 2), 1);
	fake_open_count++;
	kapi_close(file);
	fake_close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events),
		TEST(status_events),
		TEST(longer_event_is_taken),
		TEST(malformed_events),
		TEST(events_of_a_blocking_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
