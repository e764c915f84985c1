// SPDX-License-Identifier: MIT
/* States of calls, and what becomes of those nobody collects. */
#include "fake-kapi.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct fake_session s;
static struct qda_module *module;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_session_open(&s);
	assert_int_equal(qda_module_from_handle(s.session, 0x100, &module), 0);
	return 0;
}

/* the session must be over when all references are: nothing hides in it */
static int teardown(void **state)
{
	(void)state;
	qda_module_unref(module);
	fake_session_close(&s);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

/* method 2: out0 = in0 + 1; method 3 fails */
static int32_t add_one(struct fake_call *call)
{
	if (call->scalars >> 24 == 3)
		return -7;
	if (call->num_args)
		*(uint32_t *)call->data[1] = *(uint32_t *)call->data[0] + 1;
	return 0;
}

static uint32_t in_value, out_value;

static struct qda_call *prepare(uint32_t method)
{
	const struct qda_arg args[] = { QDA_IN(&in_value), QDA_OUT(&out_value) };
	struct qda_call *call;

	fake.method = add_one;
	in_value = 1;
	out_value = 0;
	assert_int_equal(qda_call_new(module, method, args, N(args), &call), 0);
	return call;
}

static void one_shot(void **state)
{
	uint32_t in = 41, out = 0;
	int32_t status = -1;

	(void)state;
	fake.method = add_one;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN(&in), QDA_OUT(&out)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(out, 42);
	/* refused by the method: outputs stay */
	assert_int_equal(qda_invoke(module, 3, &status, QDA_IN(&in), QDA_OUT(&out)), 0);
	assert_int_equal(status, -7);
	assert_int_equal(out, 42);
	/* signals: waits on for the same call, never issues a second */
	fake.invokes = 0;
	fake.hold = true;
	fake.interrupts = 3;
	in = 7;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN(&in), QDA_OUT(&out)), 0);
	assert_int_equal(out, 8);
	assert_int_equal(fake.invokes, 1);
	assert_int_equal(fake.waits, 4);
	assert_int_equal(fake_in_flight(), 0);
	/* a signal before anything was sent is not the caller's business either */
	fake.hold = false;
	fake.fail_invoke = -EINTR;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN(&in), QDA_OUT(&out)), 0);
	/* transport errors */
	status = 99;
	fake.fail_invoke = -EPIPE;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN(&in), QDA_OUT(&out)),
			 -EPIPE);
	assert_int_equal(status, 99);
	assert_int_equal(qda_module_invoke(module, 2, NULL, 1, &status), -EINVAL);
	assert_int_equal(qda_module_invoke(NULL, 2, NULL, 0, &status), -EINVAL);
	assert_int_equal(qda_module_invoke(module, 2, NULL, 0, NULL), -EINVAL);
	assert_int_equal(qda_module_invoke(module, 2, NULL, 0, &status), 0);
}

static int32_t many_args(struct fake_call *call)
{
	return (int32_t)call->num_args;
}

static void no_memory(void **state)
{
	struct qda_arg args[20];
	uint8_t big[100];
	int32_t status;
	size_t i;

	(void)state;
	fake.method = many_args;
	for (i = 0; i < N(args); i++)
		args[i] = QDA_IN_SEQ(big, sizeof(big));
	fake.fail_gem_create = -ENOSPC;
	assert_int_equal(qda_module_invoke(module, 2, args, N(args), &status), -ENOSPC);
	fake.fail_gem_mmap = -ENOMEM;
	assert_int_equal(qda_module_invoke(module, 2, args, N(args), &status), -ENOMEM);
	assert_int_equal(qda_module_invoke(module, 2, args, N(args), &status), 0);
	assert_int_equal(status, 21);
}

static void states(void **state)
{
	struct qda_call *call = prepare(2);
	int32_t status = -1;

	(void)state;
	assert_int_equal(qda_call_wait(call, 0, &status), -EINVAL);
	assert_int_equal(qda_call_invoke(call, &status), 0);
	assert_int_equal(out_value, 2);
	assert_int_equal(qda_call_wait(call, 0, &status), -EINVAL);

	/* submitted, to be collected */
	fake.hold = true;
	in_value = 10;
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(qda_call_submit(call, NULL, NULL), -EBUSY);
	assert_int_equal(qda_call_invoke(call, &status), -EBUSY);
	assert_int_equal(qda_call_wait(call, 0, &status), -ETIMEDOUT);
	assert_int_equal(qda_call_wait(call, 1, &status), -ETIMEDOUT);
	assert_int_equal(qda_call_wait(call, INT64_MAX, &status), -ETIMEDOUT);
	fake.interrupts = 1;
	assert_int_equal(qda_call_wait(call, -1, &status), -EINTR);
	assert_int_equal(out_value, 2);
	fake_run_held();
	assert_int_equal(qda_call_wait(call, 0, &status), 0);
	assert_int_equal(out_value, 11);
	assert_int_equal(qda_call_wait(call, 0, &status), -EINVAL);

	/* interrupted, to be collected */
	fake.hold = true;
	in_value = 20;
	assert_int_equal(qda_call_invoke(call, &status), -EINTR);
	assert_int_equal(qda_call_invoke(call, &status), -EBUSY);
	assert_int_equal(qda_call_wait(call, -1, &status), 0);
	assert_int_equal(out_value, 21);

	/* interrupted before it was sent: ready again, and one-shot calls repeat */
	fake.hold = false;
	fake.fail_invoke = -EINTR;
	assert_int_equal(qda_call_invoke(call, &status), -EAGAIN);
	assert_int_equal(qda_call_wait(call, 0, &status), -EINVAL);
	assert_int_equal(qda_call_invoke(call, &status), 0);

	/* a submission is not told: it repeats what was not sent */
	fake.fail_invoke = -EINTR;
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(qda_call_wait(call, -1, &status), 0);

	/* a failed submission leaves it ready */
	fake.fail_invoke = -ENOTCONN;
	assert_int_equal(qda_call_submit(call, NULL, NULL), -ENOTCONN);
	fake.fail_invoke = -ENODEV;
	assert_int_equal(qda_call_invoke(call, &status), -ENODEV);
	assert_int_equal(qda_call_invoke(call, &status), 0);

	/* the result is lost with the DSP */
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	fake.fail_wait = -EPIPE;
	assert_int_equal(qda_call_wait(call, -1, &status), -EPIPE);
	assert_int_equal(qda_call_wait(call, -1, &status), -EINVAL);

	assert_int_equal(qda_call_invoke(NULL, &status), -EINVAL);
	assert_int_equal(qda_call_invoke(call, NULL), -EINVAL);
	assert_int_equal(qda_call_submit(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(qda_call_wait(NULL, 0, &status), -EINVAL);
	assert_int_equal(qda_call_new(module, 2, NULL, 0, NULL), -EINVAL);
	assert_int_equal(qda_call_new(NULL, 2, NULL, 0, &call), -EINVAL);
	assert_null(qda_call_unref(call));
	assert_null(qda_call_unref(NULL));
	assert_null(qda_call_ref(NULL));
}

struct ending {
	int count, err, again;
	int32_t status;
	uint32_t out;
};

static void ended(void *data, struct qda_call *call, int err, int32_t status)
{
	struct ending *ending = data;

	ending->count++;
	ending->err = err;
	ending->status = status;
	ending->out = out_value;
	if (ending->again) {
		ending->again--;
		in_value++;
		assert_int_equal(qda_call_submit(call, ended, data), 0);
	}
}

static void callbacks(void **state)
{
	struct qda_call *call = prepare(2);
	struct ending ending = { 0 };
	int32_t status;

	(void)state;
	assert_int_equal(qda_call_submit(call, ended, &ending), 0);
	assert_int_equal(qda_call_submit(call, ended, &ending), -EBUSY);
	assert_int_equal(qda_call_wait(call, -1, &status), -EINVAL);
	assert_int_equal(ending.count, 0);
	assert_int_equal(qda_ctx_wait(s.ctx, -1), 1);
	assert_int_equal(ending.count, 1);
	assert_int_equal(ending.out, 2);
	assert_int_equal(qda_ctx_process(s.ctx), 0);

	/* again from the callback */
	ending.again = 100;
	assert_int_equal(qda_call_submit(call, ended, &ending), 0);
	while (ending.count < 102)
		assert_true(qda_ctx_wait(s.ctx, -1) > 0);
	assert_int_equal(ending.out, 102);

	/* refused at submission */
	fake.fail_invoke = -EAGAIN;
	assert_int_equal(qda_call_submit(call, ended, &ending), -EAGAIN);
	assert_int_equal(ending.count, 102);

	fake.fail_invoke = -EINTR;
	assert_int_equal(qda_call_submit(call, ended, &ending), 0);
	assert_int_equal(qda_ctx_wait(s.ctx, -1), 1);
	assert_int_equal(ending.count, 103);

	/* events of nobody */
	fake_stray_event(0);
	fake_stray_event(UINT64_MAX);
	fake_stray_event((uintptr_t)call);
	assert_int_equal(qda_ctx_process(s.ctx), 0);

	/* released while in flight */
	fake.hold = true;
	assert_int_equal(qda_call_submit(call, ended, &ending), 0);
	assert_int_equal(qda_session_release(s.session), 0);
	assert_int_equal(qda_session_release(s.session), -ECANCELED);
	assert_int_equal(qda_ctx_wait(s.ctx, -1), 1);
	assert_int_equal(ending.count, 104);
	assert_int_equal(ending.err, -ECANCELED);
	assert_int_equal(ending.status, 0);
	assert_int_equal(qda_call_submit(call, ended, &ending), -ECANCELED);
	qda_call_unref(call);
}

/* the callback comes although the submitter has let go of everything */
static void callback_keeps_alive(void **state)
{
	struct qda_call *call = prepare(2);
	struct qda_ctx *ctx = qda_ctx_ref(s.ctx);
	struct ending ending = { 0 };

	(void)state;
	fake.hold = true;
	assert_int_equal(qda_call_submit(call, ended, &ending), 0);
	qda_call_unref(call);
	module = qda_module_unref(module);
	fake_session_close(&s);
	assert_int_equal(fake.releases, 0);
	fake_run_held();
	assert_int_equal(qda_ctx_wait(ctx, -1), 1);
	assert_int_equal(ending.count, 1);
	assert_int_equal(ending.out, 2);
	assert_int_equal(fake.releases, 1);
	qda_ctx_unref(ctx);
	memset(&s, 0, sizeof(s));
}

static void orphan_collected_later(void **state)
{
	struct qda_call *call = prepare(2), *other = prepare(2);
	int32_t status;
	unsigned int i;

	(void)state;
	/* finished when dropped: nothing is left at once */
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	qda_call_unref(call);
	assert_int_equal(fake_in_flight(), 0);

	for (i = 0; i < 64; i++) {
		call = prepare(2);
		fake.hold = true;
		assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
		qda_call_unref(call);
	}
	assert_int_equal(fake_in_flight(), 64);
	assert_int_equal(qda_call_submit(other, NULL, NULL), -EAGAIN);
	fake_run_held();
	/* those that are over make room, also for a synchronous call */
	assert_int_equal(qda_call_invoke(other, &status), 0);
	assert_int_equal(fake_in_flight(), 0);
	qda_call_unref(other);
}

/* the scratch memory of a call in flight is not given to another */
static void orphan_keeps_scratch(void **state)
{
	struct qda_call *call = prepare(2), *other;
	int32_t status;

	(void)state;
	fake.hold = true;
	in_value = 1000;
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	qda_call_unref(call);
	fake.hold = false;
	other = prepare(2);
	in_value = 5;
	assert_int_equal(qda_call_invoke(other, &status), 0);
	assert_int_equal(out_value, 6);
	in_value = 7;
	/* the late one writes to its own memory */
	assert_int_equal(qda_call_submit(other, NULL, NULL), 0);
	fake_run_held();
	assert_int_equal(qda_call_wait(other, -1, &status), 0);
	assert_int_equal(out_value, 8);
	qda_call_unref(other);
}

static void orphan_at_the_end(void **state)
{
	struct qda_buffer *buffer;
	struct qda_call *call;

	(void)state;
	assert_int_equal(qda_buffer_new(s.session, 4096, &buffer), 0);
	assert_int_equal(qda_call_new(module, 2,
				      &(struct qda_arg)QDA_ARG_INIT_IN_BUF(buffer, 0, 1, 64),
				      1, &call), 0);
	qda_buffer_unref(buffer);
	fake.hold = true;
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	qda_call_unref(call);
	/* teardown: the session does not wait, and is gone */
}

static void interrupted_and_dropped(void **state)
{
	struct qda_call *call = prepare(2);
	int32_t status;

	(void)state;
	fake.hold = true;
	assert_int_equal(qda_call_invoke(call, &status), -EINTR);
	qda_call_unref(call);
	assert_int_equal(fake_in_flight(), 1);
	fake_run_held();
	call = prepare(2);	/* collects */
	assert_int_equal(fake_in_flight(), 0);
	qda_call_unref(call);
}

static void foreign_buffer(void **state)
{
	struct qda_buffer *buffer;
	struct qda_session *own = s.session;
	struct qda_session other;
	struct qda_call *call;
	int32_t status;

	(void)state;
	assert_int_equal(qda_buffer_new(own, 4096, &buffer), 0);
	buffer->session = &other;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN_BUF(buffer, 0, 4)),
			 -EINVAL);
	assert_int_equal(qda_call_new(module, 2,
				      &(struct qda_arg)QDA_ARG_INIT_IN_BUF(buffer, 0, 1, 4),
				      1, &call), -EINVAL);
	buffer->session = own;
	assert_int_equal(qda_invoke(module, 2, &status, QDA_IN_BUF(buffer, 0, 4)), 0);
	qda_buffer_unref(buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_shot, setup, teardown),
		cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(states, setup, teardown),
		cmocka_unit_test_setup_teardown(callbacks, setup, teardown),
		cmocka_unit_test_setup_teardown(callback_keeps_alive, setup, teardown),
		cmocka_unit_test_setup_teardown(orphan_collected_later, setup, teardown),
		cmocka_unit_test_setup_teardown(orphan_keeps_scratch, setup, teardown),
		cmocka_unit_test_setup_teardown(orphan_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted_and_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_buffer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
