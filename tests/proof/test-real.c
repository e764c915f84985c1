// SPDX-License-Identifier: MIT
/* The method really runs elsewhere, and really lives and dies there. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"

static void runs_in_another_process(void **state)
{
	int32_t status = -1, pid = 0, tid = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_true(rig.server > 0 && rig.pd > 0);
	assert_int_equal(qda_invoke(rig.bench, BENCH_WHERE, &status, QDA_OUT(&pid),
				    QDA_OUT(&tid)), 0);
	assert_int_equal(status, 0);
	assert_int_equal((pid_t)pid, rig.pd);
	assert_int_not_equal((pid_t)pid, getpid());
	rig_close(&rig);
}

/* threads stop one after the other, and not at once */
static void stop(pid_t pid)
{
	assert_int_equal(kill(pid, SIGSTOP), 0);
	while (proc_state(pid) != 'T')
		usleep(1000);
	usleep(50000);
}

static void stopped_means_not_done(void **state)
{
	struct qda_call *call;
	int32_t status = -1;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(qda_call_new(rig.bench, BENCH_NOOP, NULL, 0, &call), 0);
	assert_int_equal(qda_call_invoke(call, &status), 0);
	stop(rig.pd);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(qda_call_wait(call, 300000000, &status), -ETIMEDOUT);
	assert_int_equal(kill(rig.pd, SIGCONT), 0);
	assert_int_equal(qda_call_wait(call, 30000000000, &status), 0);
	assert_int_equal(status, 0);
	qda_call_unref(call);
	rig_close(&rig);
}

static void nothing(void *data, struct qda_call *call, int err, int32_t status)
{
	(void)call;
	assert_int_equal(err, 0);
	assert_int_equal(status, 0);
	++*(int *)data;
}

/* processing events never waits for the DSP, also if it drops the last reference */
static void process_does_not_block(void **state)
{
	struct pollfd pfd = { .events = POLLIN };
	struct qda_call *call;
	struct rig rig;
	int ended = 0;

	(void)state;
	rig_open(&rig);
	assert_int_equal(qda_call_new(rig.bench, BENCH_NOOP, NULL, 0, &call), 0);
	assert_int_equal(qda_call_submit(call, nothing, &ended), 0);
	qda_call_unref(call);
	rig.bench = qda_module_unref(rig.bench);
	pfd.fd = qda_ctx_get_fd(rig.ctx);
	assert_int_equal(poll(&pfd, 1, 30000), 1);
	stop(rig.pd);
	alarm(30);	/* ends the test if it blocks */
	assert_int_equal(qda_ctx_process(rig.ctx), 1);
	alarm(0);
	assert_int_equal(ended, 1);
	assert_int_equal(kill(rig.pd, SIGCONT), 0);
	rig_close(&rig);
}

static void killed_means_failed(void **state)
{
	struct qda_call *call;
	uint32_t us = 60000000;
	int32_t status = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	const struct qda_arg args[] = { QDA_IN(&us) };
	assert_int_equal(qda_call_new(rig.bench, BENCH_SLEEP, args, 1, &call), 0);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(kill(rig.pd, SIGKILL), 0);
	/* a dead PD is what the DSP reports, not an error of the transport */
	assert_int_equal(qda_call_wait(call, 30000000000, &status), 0);
	assert_int_not_equal(status, 0);
	assert_string_not_equal(qda_status_name(status), "unknown");
	qda_call_unref(call);
	rig_close(&rig);
}

static void dsp_killed_is_an_error(void **state)
{
	struct qda_call *call;
	uint32_t us = 60000000;
	int32_t status = 0;
	struct rig rig;
	pid_t server, pd;

	(void)state;
	rig_open(&rig);
	server = rig.server;
	pd = rig.pd;
	const struct qda_arg args[] = { QDA_IN(&us) };
	assert_int_equal(qda_call_new(rig.bench, BENCH_SLEEP, args, 1, &call), 0);
	assert_int_equal(qda_call_submit(call, NULL, NULL), 0);
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(qda_call_wait(call, 30000000000, &status), -EPIPE);
	assert_int_equal(qda_call_submit(call, NULL, NULL), -ENODEV);
	assert_true(proc_wait_gone(pd, 20000));
	qda_call_unref(call);
	rig_close(&rig);
}

/* SIGKILL of the client takes its PD with it, and a DSP that was its own */
static void nothing_survives_the_client(void **state)
{
	struct { pid_t server, pd; } pids = { 0 };
	int pipefd[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	child = fork();
	if (child == 0) {
		struct rig rig;

		rig_open(&rig);
		pids.server = rig.server;
		pids.pd = rig.pd;
		if (write(pipefd[1], &pids, sizeof(pids)) != sizeof(pids))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipefd[0], &pids, sizeof(pids)), sizeof(pids));
	assert_true(pids.server > 0 && pids.pd > 0);
	assert_int_not_equal(proc_state(pids.pd), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (proof_is_private())
		assert_true(proc_wait_gone(pids.server, 20000));
	else
		assert_int_not_equal(proc_state(pids.server), 0);
	assert_true(proc_wait_gone(pids.pd, 20000));
	close(pipefd[0]);
	close(pipefd[1]);
}

/* no child of ours, no SIGCHLD, nothing for a careless wait() to steal */
static volatile sig_atomic_t sigchld;

static void on_sigchld(int signo)
{
	(void)signo;
	sigchld = 1;
}

static void no_child_signals(void **state)
{
	struct sigaction action = { .sa_handler = on_sigchld }, old;
	struct rig rig;
	int status;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, &action, &old), 0);
	rig_open(&rig);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	rig_close(&rig);
	usleep(50000);
	assert_int_equal(sigchld, 0);
	sigaction(SIGCHLD, &old, NULL);
}

/* at the next page on the soft device; other memory of the session may follow else */
static void past_the_end_faults(void **state)
{
	int32_t status = 0;
	struct qda_buffer *buffer;
	struct rig rig;
	uint64_t size;

	(void)state;
	rig_open(&rig);
	assert_int_equal(qda_buffer_new(rig.session, 8192, &buffer), 0);
	size = qda_buffer_get_size(buffer);
	int64_t inside = (int64_t)size - 1, outside = (int64_t)size, end;
	uint8_t byte;

	assert_int_equal(qda_invoke(rig.bench, BENCH_FAULT, &status,
				    QDA_IN_BUF(buffer, 0, size), QDA_IN(&inside),
				    QDA_OUT(&byte)), 0);
	assert_int_equal(status, 0);
	end = outside + (proof_is_private() ? 4096 : 4 << 20);
	for (; outside < end && !status; outside += 4096)
		assert_int_equal(qda_invoke(rig.bench, BENCH_FAULT, &status,
					    QDA_IN_BUF(buffer, 0, size),
					    QDA_IN(&outside), QDA_OUT(&byte)), 0);
	assert_int_not_equal(status, 0);
	assert_string_equal(qda_status_name(status), "AEE_ECPUEXCEPTION");
	assert_true(proc_wait_gone(rig.pd, 20000));
	qda_buffer_unref(buffer);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_in_another_process),
		cmocka_unit_test(stopped_means_not_done),
		cmocka_unit_test(process_does_not_block),
		cmocka_unit_test(killed_means_failed),
		cmocka_unit_test(dsp_killed_is_an_error),
		cmocka_unit_test(nothing_survives_the_client),
		cmocka_unit_test(no_child_signals),
		cmocka_unit_test(past_the_end_faults),
	};

	return cmocka_run_group_tests_name("real", tests, NULL, NULL);
}
