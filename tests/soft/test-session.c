// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static void opens(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t pid = 0, tid = 0, status;

	(void)state;
	ok(qda_session_open(device, NULL, &session, &failure), &failure);
	assert_int_equal(qda_session_is_unsigned(session), 1);
	assert_ptr_equal(qda_session_get_device(session), device);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	assert_int_equal(qda_invoke(bench, BENCH_WHERE, &status, QDA_OUT(&pid),
				    QDA_OUT(&tid)), 0);
	assert_int_equal(status, 0);
	/* somewhere else */
	assert_true(pid > 0 && tid > 0);
	assert_int_not_equal(pid, getpid());
}

static void again_and_again(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		ok(qda_session_open(device, NULL, &session, &failure), &failure);
		session = qda_session_unref(session);
	}
}

static void signed_and_builtin(void **state)
{
	struct qda_session_opts opts = {
		.size = sizeof(opts), .signing = QDA_SIGNING_SIGNED,
		.init_mem_size = 8 << 20, .max_in_flight = 4,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;

	(void)state;
	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	assert_int_equal(qda_session_is_unsigned(session), 0);
	session = qda_session_unref(session);
	opts.max_in_flight = 65;
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -ERANGE);
	opts.max_in_flight = 0;
	opts.init_mem_size = 1;
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -EINVAL);
	session = NULL;
}

static void attaches(void **state)
{
	struct qda_session_opts opts = { .size = sizeof(opts), .pd = QDA_PD_ROOT };
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t status;

	(void)state;
	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	assert_int_equal(qda_session_is_unsigned(session), 0);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
}

/* privilege is a property of the simulated device; of a real one, of the opener */
static void unprivileged(void **state)
{
	static const struct qda_session_opts refused[] = {
		{ .size = sizeof(refused[0]), .signing = QDA_SIGNING_SIGNED },
		{ .size = sizeof(refused[0]), .pd = QDA_PD_ROOT },
		{ .size = sizeof(refused[0]), .pd = QDA_PD_SENSORS },
		{ .size = sizeof(refused[0]), .pd = QDA_PD_STATIC, .pd_name = "audiopd" },
		{ .size = sizeof(refused[0]), .attrs = QDA_PD_ATTR_DEBUG },
		{ .size = sizeof(refused[0]), .attrs = QDA_PD_ATTR_PTRACE },
		{ .size = sizeof(refused[0]), .attrs = QDA_PD_ATTR_SYSTEM },
		{ .size = sizeof(refused[0]), .attrs = QDA_PD_ATTR_SYSTEM_UNSIGNED },
	};
	static const uint32_t harmless[] = {
		0, QDA_PD_ATTR_ADAPTIVE_QOS, QDA_PD_ATTR_DUMP,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session_opts opts = { .size = sizeof(opts) };
	struct qda_device *poor;
	uint64_t features;
	size_t i;

	(void)state;
	if (!on_soft_device())
		return;
	ok(qda_device_open(ctx, "soft:cdsp,priv=0", &poor, &failure), &failure);
	assert_int_equal(qda_device_query(poor, QDA_DEVICE_FEATURES, &features), 0);
	assert_false(features & QDA_FEATURE_PRIVILEGED);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(qda_session_open(poor, &refused[i], &session, &failure),
				 -EPERM);
		assert_non_null(strstr(failure.message, "not permitted without privilege"));
	}
	for (i = 0; i < ARRAY_SIZE(harmless); i++) {
		opts.attrs = harmless[i];
		ok(qda_session_open(poor, &opts, &session, &failure), &failure);
		assert_int_equal(qda_session_is_unsigned(session), 1);
		session = qda_session_unref(session);
	}
	qda_device_unref(poor);
	/* the other one, in the same process, has it */
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		if (refused[i].pd > QDA_PD_ROOT)
			continue;
		ok(qda_session_open(device, &refused[i], &session, &failure), &failure);
		session = qda_session_unref(session);
	}
}

static void a_shell_that_is_none(void **state)
{
	struct qda_session_opts opts = { .size = sizeof(opts) };
	struct qda_failure failure = QDA_FAILURE_INIT;
	char path[] = "/tmp/qda-shell-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	opts.shell = path;
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "is empty"));
	assert_int_equal(write(fd, "not a program", 13), 13);
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -EREMOTEIO);
	assert_int_equal(failure.status, STATUS_BAD_ELF);
	assert_non_null(strstr(failure.message, path));
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -E2BIG);
	close(fd);
	unlink(path);
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -ENOENT);
	session = NULL;
	/* the bank of the refused ones is free again */
	ok(qda_session_open(device, NULL, &session, &failure), &failure);
}

/* a program, but not for a DSP: it ends before it is a PD */
static void a_shell_that_does_not_start(void **state)
{
	struct qda_session_opts opts = { .size = sizeof(opts), .shell = "/bin/true" };
	struct qda_failure failure = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(qda_session_open(device, &opts, &session, &failure), -EREMOTEIO);
	assert_int_equal(failure.status, STATUS_NOT_LOADED);
	assert_non_null(strstr(failure.message, "could not start the shell image /bin/true"));
	assert_non_null(strstr(failure.message, "The reason is "));
	assert_null(strstr(failure.message, "module"));
	session = NULL;
}

static void banks_run_out(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *sessions[65], *late;
	uint64_t banks, i;

	(void)state;
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_TOTAL, &banks), 0);
	assert_true(banks > 0 && banks <= 64);
	for (i = 0; i < banks; i++)
		ok(qda_session_open(device, NULL, &sessions[i], &failure), &failure);
	assert_int_equal(qda_session_open(device, NULL, &late, &failure), -EBUSY);
	assert_true(failure.message[0]);
	qda_session_unref(sessions[0]);
	/* given back when the DSP has answered, which may be later */
	for (i = 0; i < 1000; i++) {
		if (!qda_session_open(device, NULL, &sessions[0], &failure))
			break;
		sleep_ms(20);
	}
	assert_true(i < 1000);
	for (i = 0; i < banks; i++)
		qda_session_unref(sessions[i]);
}

static void released(void **state)
{
	struct qda_buffer *buffer;
	struct qda_module *module;
	uint8_t *cpu;
	int32_t status;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	assert_int_equal(qda_session_release(session), 0);
	assert_int_equal(qda_session_release(session), -ECANCELED);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status),
			 -ECANCELED);
	assert_int_equal(qda_module_open(session, "bench", &module, NULL), -ECANCELED);
	/* for the CPU nothing has changed */
	cpu[0] = 1;
	cpu[4095] = 1;
	qda_buffer_unref(buffer);
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	qda_buffer_unref(buffer);
}

static void *sleeper(void *data)
{
	int32_t status;
	int err = qda_invoke(bench, BENCH_SLEEP, &status, QDA_IN_U32(30 * 1000000));

	(void)data;
	return (void *)(intptr_t)err;
}

static void released_under_calls(void **state)
{
	pthread_t threads[4];
	void *ret;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sleeper, NULL), 0);
	sleep_ms(100);
	assert_int_equal(qda_session_release(session), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &ret);
		assert_int_equal((intptr_t)ret, -ECANCELED);
	}
}

/* memory of one session means nothing in another */
static void isolated(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *other;
	struct qda_buffer *buffer;
	struct qda_module *module;
	int32_t status, pid[2], tid;

	(void)state;
	ok(qda_session_open(device, NULL, &other, &failure), &failure);
	ok(qda_module_open(other, "bench", &module, &failure), &failure);
	assert_int_equal(qda_invoke(bench, BENCH_WHERE, &status, QDA_OUT(&pid[0]),
				    QDA_OUT(&tid)), 0);
	assert_int_equal(qda_invoke(module, BENCH_WHERE, &status, QDA_OUT(&pid[1]),
				    QDA_OUT(&tid)), 0);
	assert_int_not_equal(pid[0], pid[1]);
	assert_int_equal(qda_buffer_new(other, 4096, &buffer), 0);
	assert_int_equal(qda_invoke(bench, BENCH_SINK, &status,
				    QDA_IN_BUF(buffer, 0, 4096), QDA_OUT(&tid)),
			 -EINVAL);
	/* one crashes, the other does not notice */
	assert_int_equal(qda_module_invoke(module, BENCH_CRASH, NULL, 0, &status), 0);
	assert_int_equal(status, STATUS_CRASHED);
	assert_int_equal(qda_module_invoke(module, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, STATUS_NO_PROCESS);
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
	qda_buffer_unref(buffer);
	qda_module_unref(module);
	qda_session_unref(other);
}

static int in_child(void *arg)
{
	struct qda_session *s;
	struct qda_buffer *buffer = arg, *b;
	struct qda_call *call;
	int32_t status;
	void *cpu;

	if (qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status) != -EOWNERDEAD)
		return 1;
	if (qda_session_open(device, NULL, &s, NULL) != -EOWNERDEAD)
		return 2;
	if (qda_session_release(session) != -EOWNERDEAD)
		return 3;
	if (qda_buffer_new(session, 1, &b) != -EOWNERDEAD)
		return 4;
	if (qda_buffer_map(buffer, &cpu) != -EOWNERDEAD)
		return 5;
	if (qda_call_new(bench, BENCH_NOOP, NULL, 0, &call) != -EOWNERDEAD)
		return 6;
	if (qda_mapping_new(buffer, NULL, &(struct qda_mapping *){ NULL }, NULL) !=
	    -EOWNERDEAD)
		return 7;
	if (qda_module_open(session, "bench", &(struct qda_module *){ NULL }, NULL) !=
	    -EOWNERDEAD)
		return 8;
	/* its copies only */
	qda_buffer_unref(buffer);
	qda_module_unref(bench);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	return 0;
}

static void forked(void **state)
{
	struct qda_buffer *buffer;
	uint8_t *cpu;
	uint32_t sum;
	int32_t status;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	assert_int_equal(child_run(in_child, buffer, 10000), 0);
	/* all of it is still there */
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(qda_invoke(bench, BENCH_SINK, &status,
				    QDA_IN_BUF(buffer, 0, 4096), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	qda_buffer_unref(buffer);
}

static void not_a_node(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(qda_session_open_fd(ctx, fd, NULL, &session, &failure), -ENXIO);
	close(fd);
	assert_int_equal(qda_session_open_fd(ctx, fd, NULL, &session, &failure), -EBADF);
	session = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(opens, setup_device),
		soft_test(again_and_again, setup_device),
		soft_test(signed_and_builtin, setup_device),
		soft_test(attaches, setup_device),
		soft_test(unprivileged, setup_device),
		soft_test(a_shell_that_is_none, setup_device),
		soft_test(a_shell_that_does_not_start, setup_device),
		soft_test(banks_run_out, setup_device),
		soft_test(released, setup_bench),
		soft_test(released_under_calls, setup_bench),
		soft_test(isolated, setup_bench),
		soft_test(forked, setup_bench),
		soft_test(not_a_node, setup_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
