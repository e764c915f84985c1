/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "internal.h"

/* --- what the linker puts in place of madvise() ---------------------------- */

static bool madvise_fails;

int __real_madvise(void *addr, size_t length, int advice);
int __wrap_madvise(void *addr, size_t length, int advice)
{
	if (madvise_fails) {
		errno = EINVAL;
		return -1;
	}
	return __real_madvise(addr, length, advice);
}

/* --- log ------------------------------------------------------------------- */

static char last_message[2048];
static int last_priority, log_count;

static void keep_log(void *data, int priority, const char *file, int line,
		     const char *func, const char *message)
{
	assert_ptr_equal(data, &last_priority);
	assert_null(strchr(file, '/'));
	assert_true(line > 0);
	assert_true(*func);
	last_priority = priority;
	snprintf(last_message, sizeof(last_message), "%s", message);
	log_count++;
	errno = ENOTTY;
}

static struct qda_ctx *ctx_with_log(int level)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = keep_log,
				     .log_data = &last_priority, .log_level = level };
	struct qda_ctx *ctx;

	log_count = 0;
	assert_int_equal(qda_ctx_new(&opts, &ctx), 0);
	return ctx;
}

static void test_silent_by_default(void **state)
{
	struct qda_ctx *ctx;

	(void)state;
	unsetenv("QDA_LOG");
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	assert_int_equal(ctx->log_level, QDA_LOG_NONE);
	assert_null(qda_ctx_unref(ctx));
	ctx = ctx_with_log(0);
	log_err(ctx, "x");
	assert_int_equal(log_count, 0);
	qda_ctx_unref(ctx);
}

static void test_log_levels(void **state)
{
	struct qda_ctx *ctx = ctx_with_log(QDA_LOG_WARNING);
	int evaluated = 0;

	(void)state;
	log_err(ctx, "a %d", 1);
	assert_int_equal(last_priority, QDA_LOG_ERR);
	assert_string_equal(last_message, "a 1");
	log_warn(ctx, "b");
	assert_int_equal(log_count, 2);
	log_info(ctx, "c %d", ++evaluated);
	log_debug(ctx, "d %d", ++evaluated);
	assert_int_equal(log_count, 2);
	assert_int_equal(evaluated, 0);
	log_err((struct qda_ctx *)NULL, "nobody");
	qda_ctx_unref(ctx);
}

static void test_log_preserves_errno_and_is_one_line(void **state)
{
	struct qda_ctx *ctx = ctx_with_log(QDA_LOG_ERR);
	char big[4000];

	(void)state;
	errno = EXDEV;
	log_err(ctx, "a\nb\tc\x1b[1m%s", "\r");
	assert_int_equal(errno, EXDEV);
	assert_string_equal(last_message, "a b c?[1m ");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_err(ctx, "%s", big);
	assert_int_equal(strlen(last_message), 1023);
	qda_ctx_unref(ctx);
}

static void test_environment_overrides(void **state)
{
	static const struct {
		const char *env;
		int level;
	} cases[] = { { "none", -1 },	 { "err", 3 },	 { "warning", 4 }, { "info", 6 },
		      { "debug", 7 }, { "", 6 } };
	struct qda_ctx *ctx;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("QDA_LOG", cases[i].env, 1);
		ctx = ctx_with_log(QDA_LOG_INFO);
		assert_int_equal(ctx->log_level, cases[i].level);
		assert_int_equal(log_count, 0);
		qda_ctx_unref(ctx);
	}
	setenv("QDA_LOG", "loud", 1);
	ctx = ctx_with_log(0);
	assert_int_equal(log_count, 1);
	assert_non_null(strstr(last_message, "loud"));
	qda_ctx_unref(ctx);
	unsetenv("QDA_LOG");
}

static void test_default_log_is_one_line_on_stderr(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log_level = QDA_LOG_ERR };
	char line[4096];
	struct qda_ctx *ctx;
	int saved, fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(qda_ctx_new(&opts, &ctx), 0);
	assert_int_equal(pipe(fds), 0);
	saved = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	log_err(ctx, "%02000d", 7);
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], line, sizeof(line) - 1);
	assert_true(n > 1000);
	line[n] = '\0';
	assert_memory_equal(line, "libqda: error: 000", 18);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	assert_non_null(strstr(line, "test-context.c:"));
	close(saved);
	close(fds[0]);
	close(fds[1]);
	qda_ctx_unref(ctx);
}

/* --- options, references --------------------------------------------------- */

static void test_new_refuses(void **state)
{
	struct {
		struct qda_ctx_opts opts;
		uint64_t tail;
	} big = { { .size = sizeof(big) }, 0 };
	struct qda_ctx_opts opts = { .size = sizeof(opts) };
	struct qda_ctx *ctx = NULL;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, NULL), -EINVAL);
	opts.size--;
	assert_int_equal(qda_ctx_new(&opts, &ctx), -EINVAL);
	opts.size++;
	opts.reserved = 1;
	assert_int_equal(qda_ctx_new(&opts, &ctx), -E2BIG);
	opts.reserved = 0;
	opts.log_level = 8;
	assert_int_equal(qda_ctx_new(&opts, &ctx), -EINVAL);
	opts.log_level = -2;
	assert_int_equal(qda_ctx_new(&opts, &ctx), -EINVAL);
	big.tail = 1;
	assert_int_equal(qda_ctx_new(&big.opts, &ctx), -E2BIG);
	assert_null(ctx);
	big.tail = 0;
	assert_int_equal(qda_ctx_new(&big.opts, &ctx), 0);
	qda_ctx_unref(ctx);
}

static void test_null_is_refused(void **state)
{
	(void)state;
	assert_null(qda_ctx_ref(NULL));
	assert_null(qda_ctx_unref(NULL));
	assert_int_equal(qda_ctx_get_fd(NULL), -EINVAL);
	assert_int_equal(qda_ctx_process(NULL), -EINVAL);
	assert_int_equal(qda_ctx_wait(NULL, 0), -EINVAL);
}

static void test_out_of_descriptors(void **state)
{
	struct rlimit old, none;
	struct qda_ctx *ctx = NULL;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(qda_ctx_new(NULL, &ctx), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_null(ctx);
}

static void test_references(void **state)
{
	struct qda_ctx *ctx;
	int fd;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	fd = qda_ctx_get_fd(ctx);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_ptr_equal(qda_ctx_ref(ctx), ctx);
	assert_null(qda_ctx_unref(ctx));
	assert_int_equal(qda_ctx_get_fd(ctx), fd);
	assert_null(qda_ctx_unref(ctx));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* --- watches --------------------------------------------------------------- */

struct owner {
	struct qda_watch watch;
	struct qda_ctx *ctx;
	atomic_uint refs;
	int ran, freed, ret;
	bool consume;
	struct owner *victim;
};

static struct owner *owner_of(struct qda_watch *watch)
{
	return container_of(watch, struct owner, watch);
}

static int owner_run(struct qda_watch *watch)
{
	struct owner *owner = owner_of(watch);
	uint64_t value;

	owner->ran++;
	if (owner->victim)
		qda_ctx_watch_del(owner->ctx, &owner->victim->watch);
	if (owner->consume && read(watch->fd, &value, sizeof(value)) < 0)
		return 0;
	return owner->ret;
}

static bool owner_ref(struct qda_watch *watch)
{
	return qda_ref_try(&owner_of(watch)->refs);
}

static void owner_unref(struct qda_watch *watch)
{
	struct owner *owner = owner_of(watch);

	if (atomic_fetch_sub(&owner->refs, 1) == 1)
		owner->freed++;
}

static void owner_init(struct owner *owner, struct qda_ctx *ctx, int fd)
{
	*owner = (struct owner){
		.watch = { .fd = fd, .fn = owner_run, .ref = owner_ref,
			   .unref = owner_unref },
		.ctx = ctx,
		.ret = 1,
		.consume = true,
	};
	atomic_init(&owner->refs, 1);
	assert_int_equal(qda_ctx_watch_add(ctx, &owner->watch), 0);
}

static void test_watch_runs_when_readable(void **state)
{
	struct owner owner;
	struct qda_ctx *ctx;
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&owner, ctx, fd);
	assert_int_equal(qda_ctx_process(ctx), 0);
	eventfd_write(fd, 1);
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(owner.ran, 1);
	qda_ctx_watch_del(ctx, &owner.watch);
	qda_ctx_watch_del(ctx, &owner.watch);
	eventfd_write(fd, 1);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(owner.refs, 1);
	qda_ctx_unref(ctx);
	close(fd);
}

static void test_watch_bad_descriptor(void **state)
{
	struct qda_watch watch = { .fd = -1 };
	struct qda_ctx *ctx;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	assert_int_equal(qda_ctx_watch_add(ctx, &watch), -EBADF);
	/* and may be deleted all the same */
	qda_ctx_watch_del(ctx, &watch);
	qda_ctx_unref(ctx);
}

static void test_watch_deleted_by_another_is_not_run(void **state)
{
	int fd1 = eventfd(1, EFD_CLOEXEC), fd2 = eventfd(1, EFD_CLOEXEC);
	struct owner a, b;
	struct qda_ctx *ctx;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&a, ctx, fd1);
	owner_init(&b, ctx, fd2);
	a.victim = &b;
	b.victim = &a;
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_int_equal(a.ran + b.ran, 1);
	assert_int_equal(a.refs, 1);
	assert_int_equal(b.refs, 1);
	qda_ctx_watch_del(ctx, &a.watch);
	qda_ctx_watch_del(ctx, &b.watch);
	qda_ctx_unref(ctx);
	close(fd1);
	close(fd2);
}

/* its owner's last reference is gone, only the deletion is still to come */
static void test_watch_of_dying_owner_is_not_run(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct owner owner;
	struct qda_ctx *ctx;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&owner, ctx, fd);
	atomic_store(&owner.refs, 0);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(owner.ran, 0);
	assert_int_equal(owner.freed, 0);
	qda_ctx_watch_del(ctx, &owner.watch);
	qda_ctx_unref(ctx);
	close(fd);
}

static void test_broken_watch_is_removed(void **state)
{
	struct qda_ctx *ctx = ctx_with_log(QDA_LOG_ERR);
	int fd = eventfd(1, EFD_CLOEXEC);
	struct owner owner;

	(void)state;
	owner_init(&owner, ctx, fd);
	owner.consume = false;
	owner.ret = -ENOMEM;
	assert_int_equal(qda_ctx_process(ctx), -ENOMEM);
	owner.ret = -EAGAIN;
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(log_count, 0);
	owner.ret = -EPROTO;
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(log_count, 1);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(owner.ran, 3);
	qda_ctx_unref(ctx);
	close(fd);
}

static void test_hung_up_watch_is_drained_and_removed(void **state)
{
	struct owner owner;
	struct qda_ctx *ctx;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&owner, ctx, fds[0]);
	assert_int_equal(write(fds[1], "12345678", 8), 8);
	close(fds[1]);
	assert_int_equal(qda_ctx_process(ctx), 1);
	owner.ret = 0;
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(qda_ctx_process(ctx), 0);
	assert_int_equal(owner.ran, 2);
	qda_ctx_unref(ctx);
	close(fds[0]);
}

static void test_many_watches(void **state)
{
	struct owner owners[40];
	struct qda_ctx *ctx;
	int i, n, total = 0;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	for (i = 0; i < 40; i++)
		owner_init(&owners[i], ctx, eventfd(1, EFD_CLOEXEC));
	while ((n = qda_ctx_process(ctx)) > 0)
		total += n;
	assert_int_equal(total, 40);
	for (i = 0; i < 40; i++) {
		assert_int_equal(owners[i].ran, 1);
		qda_ctx_watch_del(ctx, &owners[i].watch);
		close(owners[i].watch.fd);
	}
	qda_ctx_unref(ctx);
}

/* --- process and wait ------------------------------------------------------- */

static int process_inside(struct qda_watch *watch)
{
	struct owner *owner = owner_of(watch);

	owner->ret = qda_ctx_process(owner->ctx);
	/* a callback may drop the last reference of its caller */
	qda_ctx_watch_del(owner->ctx, watch);
	qda_ctx_unref(owner->ctx);
	return 1;
}

static void test_process_is_not_reentrant(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct owner owner;
	struct qda_ctx *ctx;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&owner, ctx, fd);
	owner.watch.fn = process_inside;
	assert_int_equal(qda_ctx_process(ctx), 1);
	assert_int_equal(owner.ret, -EBUSY);
	close(fd);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *write_later(void *arg)
{
	usleep(20000);
	eventfd_write(*(int *)arg, 1);
	return NULL;
}

static void test_wait(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct owner owner;
	struct qda_ctx *ctx;
	pthread_t thread;
	int64_t start;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	owner_init(&owner, ctx, fd);
	assert_int_equal(qda_ctx_wait(ctx, 0), 0);
	start = now();
	assert_int_equal(qda_ctx_wait(ctx, 30000000), 0);
	assert_true(now() - start >= 30000000);
	pthread_create(&thread, NULL, write_later, &fd);
	assert_int_equal(qda_ctx_wait(ctx, -1), 1);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, write_later, &fd);
	assert_int_equal(qda_ctx_wait(ctx, INT64_MAX), 1);
	pthread_join(thread, NULL);
	qda_ctx_watch_del(ctx, &owner.watch);
	qda_ctx_unref(ctx);
	close(fd);
}

static void on_signal(int sig)
{
	(void)sig;
}

static atomic_bool was_interrupted;

/* again and again: one that comes before the wait interrupts nothing */
static void *signal_later(void *arg)
{
	while (!atomic_load(&was_interrupted)) {
		usleep(20000);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	return NULL;
}

static void test_wait_is_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t thread, self = pthread_self();
	struct qda_ctx *ctx;

	(void)state;
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	pthread_create(&thread, NULL, signal_later, &self);
	assert_int_equal(qda_ctx_wait(ctx, -1), -EINTR);
	atomic_store(&was_interrupted, true);
	pthread_join(thread, NULL);
	qda_ctx_unref(ctx);
}

/* --- fork ------------------------------------------------------------------ */

static int child_uses(struct qda_ctx *ctx, struct owner *owner)
{
	struct qda_watch watch = { .fd = owner->watch.fd };
	struct qda_ctx *own;

	if (qda_ctx_check(ctx) != -EOWNERDEAD)
		return 1;
	if (qda_ctx_process(ctx) != -EOWNERDEAD || qda_ctx_wait(ctx, -1) != -EOWNERDEAD)
		return 2;
	if (qda_ctx_watch_add(ctx, &watch) != -EOWNERDEAD)
		return 3;
	if (qda_ctx_new(NULL, &own) || qda_ctx_process(own))
		return 4;
	qda_ctx_unref(own);
	/* must not reach into the parent's epoll set */
	qda_ctx_watch_del(ctx, &owner->watch);
	qda_ctx_unref(ctx);
	return 0;
}

static void check_fork(void)
{
	int status, fd = eventfd(0, EFD_CLOEXEC);
	struct owner owner;
	struct qda_ctx *ctx;
	pid_t pid;

	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	assert_true(!ctx->generation == madvise_fails);
	owner_init(&owner, ctx, fd);
	/* as when another thread held it at the time of the fork */
	pthread_mutex_lock(&ctx->lock);
	pid = fork();
	if (!pid)
		_exit(child_uses(ctx, &owner));
	pthread_mutex_unlock(&ctx->lock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	eventfd_write(fd, 1);
	assert_int_equal(qda_ctx_process(ctx), 1);
	qda_ctx_watch_del(ctx, &owner.watch);
	qda_ctx_unref(ctx);
	close(fd);
}

static void test_fork(void **state)
{
	(void)state;
	check_fork();
}

static void test_fork_on_a_kernel_that_cannot_wipe(void **state)
{
	(void)state;
	madvise_fails = true;
	check_fork();
	madvise_fails = false;
}

/* --- owners that go while another thread processes -------------------------- */

static atomic_bool stress_stop;
static atomic_int stress_ran;

struct session {
	struct qda_watch watch;
	struct qda_ctx *ctx;
	atomic_uint refs;
};

static void session_put(struct session *session)
{
	if (atomic_fetch_sub(&session->refs, 1) != 1)
		return;
	qda_ctx_watch_del(session->ctx, &session->watch);
	close(session->watch.fd);
	free(session);
}

static bool session_ref(struct qda_watch *watch)
{
	return qda_ref_try(&container_of(watch, struct session, watch)->refs);
}

static void session_unref(struct qda_watch *watch)
{
	session_put(container_of(watch, struct session, watch));
}

static int session_run(struct qda_watch *watch)
{
	(void)watch;
	atomic_fetch_add(&stress_ran, 1);
	return 1;
}

static void *stress_process(void *arg)
{
	while (!atomic_load(&stress_stop))
		qda_ctx_process(arg);
	return NULL;
}

static void *stress_sessions(void *arg)
{
	int i;

	for (i = 0; i < 2000 || atomic_load(&stress_ran) < 10; i++) {
		struct session *session = calloc(1, sizeof(*session));

		session->ctx = arg;
		session->watch.fd = eventfd(1, EFD_CLOEXEC);
		session->watch.fn = session_run;
		session->watch.ref = session_ref;
		session->watch.unref = session_unref;
		atomic_init(&session->refs, 1);
		if (qda_ctx_watch_add(arg, &session->watch))
			abort();
		if (i % 3 == 0)
			sched_yield();
		session_put(session);
	}
	return NULL;
}

static void test_owners_go_during_processing(void **state)
{
	pthread_t threads[4];
	struct qda_ctx *ctx;
	int i;

	(void)state;
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	atomic_store(&stress_stop, false);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, stress_process, ctx);
	for (i = 2; i < 4; i++)
		pthread_create(&threads[i], NULL, stress_sessions, ctx);
	for (i = 2; i < 4; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stress_stop, true);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(list_empty(&ctx->watches));
	qda_ctx_unref(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_by_default),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_log_preserves_errno_and_is_one_line),
		cmocka_unit_test(test_environment_overrides),
		cmocka_unit_test(test_default_log_is_one_line_on_stderr),
		cmocka_unit_test(test_new_refuses),
		cmocka_unit_test(test_null_is_refused),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_watch_runs_when_readable),
		cmocka_unit_test(test_watch_bad_descriptor),
		cmocka_unit_test(test_watch_deleted_by_another_is_not_run),
		cmocka_unit_test(test_watch_of_dying_owner_is_not_run),
		cmocka_unit_test(test_broken_watch_is_removed),
		cmocka_unit_test(test_hung_up_watch_is_drained_and_removed),
		cmocka_unit_test(test_many_watches),
		cmocka_unit_test(test_process_is_not_reentrant),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_is_interrupted),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_fork_on_a_kernel_that_cannot_wipe),
		cmocka_unit_test(test_owners_go_during_processing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
