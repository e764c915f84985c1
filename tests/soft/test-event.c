// SPDX-License-Identifier: MIT
/* What becomes of a PD and of its DSP, and going on afterwards. */
#include "static.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qda/event.h>

#define WAIT_NS		20000000000

struct seen {
	unsigned int num;
	uint32_t kinds[8];
	uint32_t num_running;
	uint32_t methods[16];
	char module[64];
	struct qda_session *session;
};

static void on_event(void *data, struct qda_session *from,
		     const struct qda_session_event *event)
{
	struct seen *seen = data;
	uint32_t i;

	if (seen->num < 8)
		seen->kinds[seen->num] = event->kind;
	seen->num++;
	seen->session = from;
	if (!event->num_running)
		return;
	seen->num_running = event->num_running;
	for (i = 0; i < event->num_running && i < 16; i++)
		seen->methods[i] = event->running[i].method;
	snprintf(seen->module, sizeof(seen->module), "%s", event->running[0].module);
}

static bool saw(const struct seen *seen, uint32_t kind)
{
	unsigned int i;

	for (i = 0; i < seen->num && i < 8; i++)
		if (seen->kinds[i] == kind)
			return true;
	return false;
}

static void wait_for(const struct seen *seen, uint32_t kind)
{
	int64_t end = monotonic_ns() + WAIT_NS;

	while (!saw(seen, kind) && monotonic_ns() < end)
		assert_in_range(qda_ctx_wait(ctx, WAIT_NS / 50), 0, 100);
	assert_true(saw(seen, kind));
}

static void watch(struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	assert_int_equal(qda_session_set_event_callback(session, on_event, seen), 0);
}

static int32_t noop(struct qda_module *module)
{
	int32_t status = -1;

	assert_int_equal(qda_module_invoke(module, BENCH_NOOP, NULL, 0, &status), 0);
	return status;
}

/* only what was running, not what was called afterwards */
static void crash(void **state)
{
	struct qda_call *call;
	struct seen seen;
	int32_t status;

	(void)state;
	watch(&seen);
	assert_int_equal(noop(bench), 0);
	assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status), 0);
	assert_int_equal(status, STATUS_CRASHED);
	assert_int_equal(noop(bench), STATUS_NO_PROCESS);
	assert_int_equal(qda_call_new(bench, BENCH_NOOP, NULL, 0, &call), 0);
	assert_int_equal(qda_call_invoke(call, &status), 0);
	assert_int_equal(status, STATUS_NO_PROCESS);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(qda_call_wait(call, -1, &status), 0);
	assert_int_equal(status, STATUS_NO_PROCESS);
	qda_call_unref(call);
	wait_for(&seen, QDA_SESSION_PD_EXCEPTION);
	assert_int_equal(seen.num_running, 1);
	assert_int_equal(seen.methods[0], BENCH_CRASH);
	assert_string_equal(seen.module, "bench");
	assert_ptr_equal(seen.session, session);
}

/* of a PD that was attached to as well, which can crash like any other */
static void attached(void **state)
{
	static const struct qda_session_opts kinds[] = {
		{ .size = sizeof(kinds[0]), .pd = QDA_PD_ROOT },
		{ .size = sizeof(kinds[0]), .pd = QDA_PD_SENSORS },
		{ .size = sizeof(kinds[0]), .pd = QDA_PD_STATIC, .pd_name = "audiopd" },
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct seen seen;
	int32_t status;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ok(qda_session_open(device, &kinds[i], &session, &failure), &failure);
		ok(qda_module_open(session, "bench", &bench, &failure), &failure);
		watch(&seen);
		assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status),
				 0);
		assert_int_equal(status, STATUS_CRASHED);
		wait_for(&seen, QDA_SESSION_PD_EXCEPTION);
		assert_int_equal(seen.num_running, 1);
		assert_int_equal(seen.methods[0], BENCH_CRASH);
		assert_string_equal(seen.module, "bench");
		bench = qda_module_unref(bench);
		session = qda_session_unref(session);
	}
}

/* firmware that does not tell is no failure: the loss of the DSP is told all the same */
static void firmware_without(void **state)
{
	const struct qda_session_opts opts = { .size = sizeof(opts), .pd = QDA_PD_ROOT };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct steered adsp;
	struct qda_session *again;
	struct seen seen;
	char text[256];

	(void)state;
	steered_adsp(&adsp);
	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	/* adsp_current_process1 enable_notifications: AEE_EUNSUPPORTED */
	assert_int_equal(steer_command(adsp.control, text, sizeof(text),
				       "reply handle=4 method=10 status=0x80000414"), 0);
	watch(&seen);
	assert_int_equal(steer_command(adsp.control, text, sizeof(text),
				       "count handle=4 method=10"), 0);
	assert_int_not_equal(strtol(text, NULL, 10), 0);
	assert_int_equal(steer_command(adsp.control, text, sizeof(text), "crash dsp"), 0);
	wait_for(&seen, QDA_SESSION_DSP_RESTART);
	ok(qda_session_reopen(session, WAIT_NS, &again, &failure), &failure);
	qda_session_unref(again);
	session = qda_session_unref(session);
	device = qda_device_unref(device);
	steered_end(&adsp);
}

struct sleeper {
	sem_t begun;
	int32_t status;
};

static void *sleeps(void *data)
{
	struct sleeper *sleeper = data;
	uint32_t usec = 20000000;
	struct qda_call *call;
	int err;

	err = qda_call_new(bench, BENCH_SLEEP,
			   &(struct qda_arg)QDA_ARG_INIT_IN(&usec, 4, 4), 1, &call);
	if (!err)
		err = qda_call_submit(call, NULL, NULL);
	sem_post(&sleeper->begun);
	if (!err)
		err = qda_call_wait(call, -1, &sleeper->status);
	qda_call_unref(call);
	return (void *)(intptr_t)err;
}

/* another thread's call was running, too */
static void crash_of_two(void **state)
{
	struct sleeper sleeper = { .status = 0 };
	pthread_t thread;
	struct seen seen;
	int32_t status;
	void *err;

	(void)state;
	watch(&seen);
	assert_int_equal(sem_init(&sleeper.begun, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleeps, &sleeper), 0);
	sem_wait(&sleeper.begun);
	assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status), 0);
	pthread_join(thread, &err);
	assert_null(err);
	assert_true(sleeper.status == STATUS_CRASHED ||
		    sleeper.status == STATUS_NO_PROCESS);
	wait_for(&seen, QDA_SESSION_PD_EXCEPTION);
	assert_int_equal(seen.num_running, 2);
	assert_int_equal(seen.methods[0] + seen.methods[1], BENCH_CRASH + BENCH_SLEEP);
}

static void ended(void **state)
{
	struct seen seen;

	(void)state;
	watch(&seen);
	assert_int_equal(qda_session_set_event_callback(session, NULL, NULL), 0);
	/* nobody is told any more */
	assert_int_equal(qda_session_exit(session, WAIT_NS), 0);
	assert_int_equal(qda_ctx_wait(ctx, 200000000), 0);
	assert_int_equal(seen.num, 0);
	assert_int_equal(qda_session_exit(session, WAIT_NS), -ECANCELED);
}

static void goes_on(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *again;
	struct qda_module *module;
	int32_t status;

	(void)state;
	assert_int_equal(qda_module_invoke(bench, BENCH_CRASH, NULL, 0, &status), 0);
	ok(qda_session_reopen(session, WAIT_NS, &again, &failure), &failure);
	assert_ptr_not_equal(again, session);
	assert_int_equal(qda_session_is_unsigned(again),
			 qda_session_is_unsigned(session));
	ok(qda_module_open(again, "bench", &module, &failure), &failure);
	assert_int_equal(noop(module), 0);
	assert_int_equal(noop(bench), STATUS_NO_PROCESS);
	qda_module_unref(module);
	qda_session_unref(again);
}

/* with what the first was opened with, also where that is gone by now */
static void same_options(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *named, *again = NULL;
	char granted[] = "/tmp/qda-event-XXXXXX";
	struct qda_session_opts opts = {
		.size = sizeof(opts), .read_dirs = granted, .name = "a name",
	};

	(void)state;
	assert_non_null(mkdtemp(granted));
	ok(qda_session_open(device, &opts, &named, &failure), &failure);
	opts.name = NULL;
	ok(qda_session_reopen(named, 0, &again, &failure), &failure);
	assert_string_equal(qda_session_get_name(again), "a name");
	qda_session_unref(again);
	assert_int_equal(rmdir(granted), 0);
	/* which does not come back by waiting */
	assert_int_equal(qda_session_reopen(named, -1, &again, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, granted));
	qda_session_unref(named);
}

static int in_child(void *arg)
{
	struct qda_session *again;

	(void)arg;
	if (qda_session_set_event_callback(session, on_event, NULL) != -EOWNERDEAD)
		return 1;
	if (qda_session_reopen(session, 0, &again, NULL) != -EOWNERDEAD)
		return 2;
	if (qda_session_exit(session, 0) != -EOWNERDEAD)
		return 3;
	return 0;
}

static void refused(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *again;

	(void)state;
	assert_int_equal(qda_session_set_event_callback(NULL, on_event, NULL), -EINVAL);
	assert_int_equal(qda_session_reopen(NULL, 0, &again, &failure), -EINVAL);
	assert_int_equal(qda_session_reopen(session, 0, NULL, NULL), -EINVAL);
	assert_int_equal(qda_session_exit(NULL, 0), -EINVAL);
	assert_int_equal(child_run(in_child, NULL, 10000), 0);
	assert_int_equal(qda_session_release(session), 0);
	assert_int_equal(qda_session_set_event_callback(session, on_event, NULL),
			 -ECANCELED);
}

/* --- a DSP that ends ------------------------------------------------------------------ */

/* a shared server that comes back at the same place */
struct server {
	char path[64], dir[32];
	pid_t pid;
};

static int start_at(struct server *server)
{
	const char *program = getenv("QDA_SOFTDSP");

	server->pid = fork();
	if (!server->pid) {
		execl(program, program, "--domain", "cdsp", "--listen", server->path,
		      (char *)NULL);
		_exit(127);
	}
	while (server->pid > 0 && access(server->path, F_OK)) {
		if (waitpid(server->pid, NULL, WNOHANG))
			return -1;
		sleep_ms(5);
	}
	return server->pid > 0 ? 0 : -1;
}

static void kill_at(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->path);
}

static void *starts(void *data)
{
	sleep_ms(300);
	return (void *)(intptr_t)start_at(data);
}

static void killed(void **state)
{
	struct server server = { .dir = "/tmp/qda-event-XXXXXX" };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *again = NULL;
	struct qda_module *module;
	char name[96];
	pthread_t thread;
	struct seen seen;
	int32_t status;
	void *err;

	(void)state;
	/* there the firmware is everybody's; proof-restart steers it */
	if (!on_soft_device() || !getenv("QDA_SOFTDSP"))
		skip();
	assert_non_null(mkdtemp(server.dir));
	snprintf(server.path, sizeof(server.path), "%s/socket", server.dir);
	assert_int_equal(start_at(&server), 0);
	snprintf(name, sizeof(name), "soft:cdsp@%s", server.path);
	qda_device_unref(device);
	ok(qda_device_open(ctx, name, &device, &failure), &failure);
	ok(qda_session_open(device, NULL, &session, &failure), &failure);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	watch(&seen);
	kill_at(&server);
	status = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);
	assert_true(status == -EPIPE || status == -ENODEV);
	wait_for(&seen, QDA_SESSION_DSP_RESTART);
	assert_int_equal(seen.num_running, 0);

	/* neither at once nor in time */
	assert_int_not_equal(qda_session_reopen(session, 0, &again, &failure), 0);
	failure.message[0] = '\0';
	assert_int_equal(qda_session_reopen(session, 200000000, &again, &failure),
			 -ETIMEDOUT);
	assert_string_not_equal(failure.message, "");
	assert_null(again);

	assert_int_equal(pthread_create(&thread, NULL, starts, &server), 0);
	ok(qda_session_reopen(session, WAIT_NS, &again, &failure), &failure);
	pthread_join(thread, &err);
	assert_null(err);
	ok(qda_module_open(again, "bench", &module, &failure), &failure);
	assert_int_equal(noop(module), 0);
	qda_module_unref(module);
	qda_session_unref(again);
	kill_at(&server);
	assert_int_equal(rmdir(server.dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(crash, setup_bench),
		soft_test(crash_of_two, setup_bench),
		soft_test(ended, setup_session),
		static_test(attached),
		static_test(firmware_without),
		soft_test(goes_on, setup_bench),
		soft_test(same_options, setup_device),
		soft_test(refused, setup_session),
		soft_test(killed, setup_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
