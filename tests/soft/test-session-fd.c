// SPDX-License-Identifier: MIT
/* A session that is passed on, and a soft one, which cannot be. */
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

static void soft_is_refused(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t status = -1;

	(void)state;
	assert_int_equal(qda_session_export_fd(session, &failure), -EOPNOTSUPP);
	assert_non_null(strstr(failure.message, "soft:cdsp: soft sessions cannot be "
						"passed on"));
	/* nothing has happened to it */
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
}

/* as a broker opens it */
static int export(void)
{
	const struct qda_session_opts opts = {
		.size = sizeof(opts), .listener = QDA_LISTENER_OFF,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	int fd;

	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	fd = qda_session_export_fd(session, &failure);
	if (fd < 0)
		fail_msg("%s", failure.message);
	return fd;
}

/* whoever has nothing but the descriptor uses it; the PD's process on the DSP */
static int use(struct qda_ctx *own, int fd, int32_t *ret_pid)
{
	struct qda_session *received = NULL;
	struct qda_module *module = NULL;
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t tid = 0, status = -1;
	int err = qda_session_open_fd(own, fd, NULL, &received, &failure);

	if (!err)
		err = qda_module_open(received, "bench", &module, &failure);
	if (!err)
		err = qda_invoke(module, BENCH_WHERE, &status, QDA_OUT(ret_pid),
				 QDA_OUT(&tid));
	if (err)
		fprintf(stderr, "%s\n", failure.message);
	qda_module_unref(module);
	qda_session_unref(received);
	return err || status;
}

struct gift {
	int fd;
	int32_t pid;
};

static int receiver(void *arg)
{
	struct gift *gift = arg;
	struct qda_ctx *own = NULL;

	if (qda_ctx_new(NULL, &own) || use(own, gift->fd, &gift->pid))
		return 1;
	qda_ctx_unref(own);
	return 0;
}

static void passed_on(void **state)
{
	struct gift *gift = mmap(NULL, sizeof(*gift), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t banks, now;
	int32_t pid = 0;
	int i;

	(void)state;
	assert_true(gift != MAP_FAILED);
	gift->fd = export();
	session = qda_session_unref(session);
	assert_int_equal(child_run(receiver, gift, 60000), 0);
	assert_true(gift->pid > 0);
	/* the child's objects are gone, and the PD is not: it is the descriptor's */
	assert_int_equal(use(ctx, gift->fd, &pid), 0);
	assert_int_equal(pid, gift->pid);
	assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_FREE, &banks), 0);
	assert_int_equal(close(gift->fd), 0);
	/* with the last one it ends */
	for (i = 0; i < 500; i++) {
		assert_int_equal(qda_device_query(device, QDA_DEVICE_BANKS_FREE, &now), 0);
		if (now == banks + 1)
			break;
		sleep_ms(20);
	}
	assert_int_equal(now, banks + 1);
	munmap(gift, sizeof(*gift));
}

static void released_by_the_receiver(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *received;
	int fd = export();

	(void)state;
	ok(qda_session_open_fd(ctx, fd, NULL, &received, &failure), &failure);
	assert_int_equal(qda_session_release(received), 0);
	qda_session_unref(received);
	assert_int_equal(qda_session_open_fd(ctx, fd, NULL, &received, &failure),
			 -ECANCELED);
	/* it was the same one */
	assert_int_equal(qda_session_release(session), -ECANCELED);
	close(fd);
}

/* the calls of the DSP would go to two processes */
static void served_is_refused(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t status = -1;

	(void)state;
	assert_int_equal(qda_session_export_fd(session, &failure), -EBUSY);
	assert_non_null(strstr(failure.message, "QDA_LISTENER_OFF"));
	assert_int_equal(qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest soft[] = {
		soft_test(soft_is_refused, setup_bench),
	};
	const struct CMUnitTest kernel[] = {
		soft_test(served_is_refused, setup_bench),
		soft_test(passed_on, setup_device),
		soft_test(released_by_the_receiver, setup_device),
	};

	return on_soft_device() ? cmocka_run_group_tests(soft, NULL, NULL) :
				  cmocka_run_group_tests(kernel, NULL, NULL);
}
