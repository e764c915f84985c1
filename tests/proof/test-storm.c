// SPDX-License-Identifier: MIT
/*
 * Eight threads do everything at once while signals arrive and the PD stops and
 * goes on; then the same while PDs are killed. Each call runs exactly once, ends
 * as documented, and nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"
#include "support.h"

#define THREADS		8
#define GRACE_MS	60000	/* nothing takes that long: it hangs */
#define MAPS_SLACK	16	/* the server's allocator */
#define FIRST_COUNTED	BENCH_WHERE
#define NUM_COUNTED	7
#define NO_PROCESS	((int32_t)0x80000434)
#define CRASHED		((int32_t)0x80000430)

enum storm_method {
	STORM_LOOKUP = 10,
	STORM_ADD = 16,
	STORM_STATUS = 17,
	STORM_VECTORS = 18,
};

struct worker {
	pthread_t thread;
	unsigned int seed;
	atomic_uint steps;
};

static struct qda_ctx *ctx;
static struct test_server server;
static pid_t server_pid;
static char device_name[128];
static struct worker workers[THREADS];
static atomic_bool stop, workers_done, finished, deadly;
static atomic_long counted[NUM_COUNTED];
static atomic_long events_due, events_seen;
static atomic_int shared_pd;
static atomic_long deaths, eintrs, unsent, fails;

/* the session that all threads use; replaced when it dies */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static struct qda_session *shared_session;
static struct qda_module *shared_bench;
static struct qda_device *shared_device;

/* what fails in a thread cannot use cmocka */
#define must(cond, ...) do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s: ", __func__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			abort(); \
		} \
	} while (0)

static unsigned int dice(struct worker *w, unsigned int sides)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 16) % sides;
}

static void nothing(int signo)
{
	(void)signo;
}

/* How a call ended is fine: 1 it ran and its outputs count, 0 the PD died */
static int ended(int err, int32_t status, unsigned int method, int32_t want)
{
	if (!err && status == want) {
		atomic_fetch_add(&counted[method - FIRST_COUNTED], 1);
		return 1;
	}
	must(atomic_load(&deadly), "method %u: %s, %s", method, qda_strerror(err),
	     qda_status_name(status));
	if (!err)
		must(status == NO_PROCESS || status == CRASHED, "method %u: status %x",
		     method, (unsigned int)status);
	else
		must(err == -EPIPE || err == -ENODEV || err == -ECANCELED,
		     "method %u: %s", method, qda_strerror(err));
	atomic_fetch_add(&deaths, 1);
	return 0;
}

static int collect(struct qda_call *call, int err, int32_t *status)
{
	while (err == -EINTR) {
		atomic_fetch_add(&eintrs, 1);
		err = qda_call_wait(call, -1, status);
	}
	return err;
}

static int invoke(struct qda_call *call, int32_t *status)
{
	int err;

	while ((err = qda_call_invoke(call, status)) == -EAGAIN)
		atomic_fetch_add(&unsent, 1);
	return collect(call, err, status);
}

static int failed_open(int err, const struct qda_failure *failure)
{
	atomic_fetch_add(&fails, 1);
	if (err == -EINTR || err == -EBUSY)
		return 0;
	must(atomic_load(&deadly), "%s (%s)", qda_strerror(err), failure->message);
	must(err == -EPIPE || err == -ENODEV || err == -ECANCELED ||
	     (err == -EREMOTEIO && (failure->status == NO_PROCESS ||
				    failure->status == CRASHED)),
	     "%s, %x (%s)", qda_strerror(err), (unsigned int)failure->status,
	     failure->message);
	return 0;
}

/* own: a session of one's own, of which there may be too many */
static int open_all(struct qda_device **ret_device, struct qda_session **ret_session,
		    struct qda_module **ret_bench)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_device *device = NULL;
	struct qda_session *session = NULL;
	int err;

	err = qda_device_open(ctx, device_name, &device, &failure);
	if (!err)
		err = qda_session_open(device, NULL, &session, &failure);
	if (!err)
		err = qda_module_open(session, "bench", ret_bench, &failure);
	if (err) {
		failed_open(err, &failure);
		qda_session_unref(session);
		qda_device_unref(device);
		return err;
	}
	*ret_device = device;
	*ret_session = session;
	return 0;
}

static void learn_pd(struct qda_module *bench)
{
	int32_t pid = 0, tid, status = 0;
	int err = qda_invoke(bench, BENCH_WHERE, &status, QDA_OUT(&pid), QDA_OUT(&tid));

	if (ended(err, status, BENCH_WHERE, 0))
		atomic_store(&shared_pd, pid);
}

static void shared_get(struct qda_session **ret_session, struct qda_module **ret_bench)
{
	pthread_mutex_lock(&shared_lock);
	*ret_session = qda_session_ref(shared_session);
	*ret_bench = qda_module_ref(shared_bench);
	pthread_mutex_unlock(&shared_lock);
}

static void shared_drop(void)
{
	atomic_store(&shared_pd, 0);
	shared_bench = qda_module_unref(shared_bench);
	shared_session = qda_session_unref(shared_session);
	shared_device = qda_device_unref(shared_device);
}

static void shared_replace(struct qda_session *dead)
{
	pthread_mutex_lock(&shared_lock);
	if (shared_session == dead) {
		shared_drop();
		while (open_all(&shared_device, &shared_session, &shared_bench))
			usleep(1000);
		learn_pd(shared_bench);
	}
	pthread_mutex_unlock(&shared_lock);
}

/* --- what the threads do; 0: the session is dead -------------------------- */

static int do_prepared(struct worker *w, struct qda_module *bench)
{
	int64_t value = w->seed, amount = 7, want;
	const struct qda_arg args[] = { QDA_INOUT(&value), QDA_IN(&amount) };
	struct qda_call *call;
	int32_t status = 0;
	int err, alive = 1;

	must(!qda_call_new(bench, STORM_ADD, args, 2, &call), "call_new");
	for (unsigned int i = 0; i < 20 && alive; i++) {
		want = value + amount;
		if (dice(w, 2)) {
			do
				err = qda_call_submit(call, NULL, NULL);
			while (err == -EAGAIN);
			if (!err) {
				int64_t t = dice(w, 3) ? -1 : (int64_t)dice(w, 500000);

				do
					err = qda_call_wait(call, t, &status);
				while (err == -ETIMEDOUT);
				err = collect(call, err, &status);
			}
		} else {
			err = invoke(call, &status);
		}
		alive = ended(err, status, STORM_ADD, 0);
		if (alive)
			must(value == want, "%lld", (long long)(value - want));
	}
	qda_call_unref(call);
	return alive;
}

static int do_one_shot(struct worker *w, struct qda_module *bench)
{
	int16_t a[64], b[64];
	int32_t sum[64], status = 0;
	size_t n = 1 + dice(w, 64);
	int err;

	for (size_t i = 0; i < n; i++) {
		a[i] = (int16_t)dice(w, 30000);
		b[i] = (int16_t)dice(w, 30000);
	}
	err = qda_invoke(bench, STORM_VECTORS, &status, QDA_IN_SEQ(a, n),
			 QDA_IN_SEQ(b, n), QDA_OUT_SEQ(sum, n));
	if (!ended(err, status, STORM_VECTORS, 0))
		return 0;
	for (size_t i = 0; i < n; i++)
		must(sum[i] == a[i] + b[i], "%zu: %d", i, (int)sum[i]);
	return 1;
}

static int gone(int err, const struct qda_failure *failure)
{
	return failed_open(err, failure) || (err == -EINTR || err == -EBUSY);
}

static int do_memory(struct worker *w, struct qda_session *session,
		     struct qda_module *bench)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_mapping *mapping;
	struct qda_buffer *buffer;
	uint64_t sum = 0;
	uint32_t len = 4096 * (1 + dice(w, 16));
	int32_t status = 0, id;
	uint8_t fill = (uint8_t)w->seed;
	void *p;
	int err, alive = 1;

	err = qda_buffer_new(session, len, &buffer);
	if (err)
		return gone(err, &failure);
	must(!qda_buffer_map(buffer, &p), "map");
	memset(p, fill, len);
	err = qda_mapping_new(buffer, NULL, &mapping, &failure);
	if (err) {
		qda_buffer_unref(buffer);
		return gone(err, &failure);
	}
	id = qda_mapping_get_dsp_id(mapping);
	err = qda_invoke(bench, STORM_LOOKUP, &status, QDA_IN(&id), QDA_IN(&len),
			 QDA_OUT(&sum));
	if (err || status) {
		must(atomic_load(&deadly), "lookup: %s, %x", qda_strerror(err),
		     (unsigned int)status);
		alive = 0;
	} else {
		must(sum == (uint64_t)fill * len, "sum");
	}
	if (dice(w, 2)) {
		err = qda_mapping_unmap(mapping, &failure);
		if (err && err != -EINTR)
			must(atomic_load(&deadly), "unmap: %s (%s)", qda_strerror(err),
			     failure.message);
	}
	qda_mapping_unref(mapping);
	qda_buffer_unref(buffer);
	return alive;
}

static int do_module(struct worker *w, struct qda_session *session)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;
	int err, alive;

	err = qda_module_open(session, dice(w, 2) ? "bench" : "calculator", &module,
			      &failure);
	if (err)
		return gone(err, &failure);
	alive = 1;
	qda_module_unref(module);
	return alive;
}

static void do_session(struct worker *w)
{
	struct qda_session *session;
	struct qda_device *device;
	struct qda_module *bench;

	if (open_all(&device, &session, &bench))
		return;
	do_one_shot(w, bench);
	if (dice(w, 2))
		qda_session_release(session);
	qda_session_unref(session);
	qda_module_unref(bench);
	qda_device_unref(device);
}

static void on_event(void *data, struct qda_call *call, int err, int32_t status)
{
	(void)data;
	(void)call;
	ended(err, status, STORM_STATUS, 42);
	atomic_fetch_add(&events_seen, 1);
}

static int do_event(struct qda_module *bench)
{
	static const int32_t code = 42;
	const struct qda_arg args[] = { QDA_IN(&code) };
	struct qda_call *call;
	int err;

	must(!qda_call_new(bench, STORM_STATUS, args, 1, &call), "call_new");
	err = qda_call_submit(call, on_event, NULL);
	qda_call_unref(call);
	if (!err)
		atomic_fetch_add(&events_due, 1);
	else if (err != -EAGAIN)
		return ended(err, 0, STORM_STATUS, 42);
	return 1;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		struct qda_session *session;
		struct qda_module *bench;
		int alive = 1;

		atomic_fetch_add(&w->steps, 1);
		shared_get(&session, &bench);
		switch (dice(w, 16)) {
		case 0:
			do_session(w);
			break;
		case 1:
		case 2:
			alive = do_module(w, session);
			break;
		case 3:
		case 4:
		case 5:
			alive = do_memory(w, session, bench);
			break;
		case 6:
		case 7:
			alive = do_event(bench);
			break;
		case 8:
		case 9:
		case 10:
			alive = do_one_shot(w, bench);
			break;
		default:
			alive = do_prepared(w, bench);
			break;
		}
		qda_module_unref(bench);
		if (!alive)
			shared_replace(session);
		qda_session_unref(session);
	}
	return NULL;
}

/* --- what is done to them --------------------------------------------------- */

static void *process_events(void *arg)
{
	int err;

	/* until they are done they may submit more */
	while (!atomic_load(&workers_done) ||
	       atomic_load(&events_seen) < atomic_load(&events_due)) {
		err = qda_ctx_wait(ctx, 50000000);
		must(err >= 0 || err == -EINTR, "%s", qda_strerror(err));
	}
	return arg;
}

static void *signals(void *arg)
{
	struct sigaction action = { .sa_handler = nothing };
	struct worker dicer = { .seed = 99 };

	while (!atomic_load(&stop)) {
		action.sa_flags = dice(&dicer, 2) ? SA_RESTART : 0;
		sigaction(SIGALRM, &action, NULL);
		pthread_kill(workers[dice(&dicer, THREADS)].thread, SIGALRM);
		usleep(dice(&dicer, 3000));
	}
	return arg;
}

static void *trouble(void *arg)
{
	struct worker dicer = { .seed = 7 };
	pid_t pd;

	while (!atomic_load(&stop)) {
		usleep(1000 + dice(&dicer, 60000));
		pd = atomic_load(&shared_pd);
		if (!pd)
			continue;
		if (atomic_load(&deadly) && !dice(&dicer, 3)) {
			atomic_store(&shared_pd, 0);
			kill(pd, SIGKILL);
			continue;
		}
		if (!kill(pd, SIGSTOP)) {
			usleep(dice(&dicer, 20000));
			kill(pd, SIGCONT);
		}
	}
	return arg;
}

static void *watch(void *arg)
{
	int64_t end = monotonic_ns() + *(int64_t *)arg + GRACE_MS * 1000000LL;

	while (!atomic_load(&finished)) {
		must(monotonic_ns() < end, "hangs");
		sleep_ms(20);
	}
	return NULL;
}

/* a DSP for this test, or the one behind QDA_TEST_DEVICE */
static void far_end_start(void)
{
	const char *control = getenv("QDA_UAPI_CONTROL");

	if (proof_is_private()) {
		assert_int_equal(server_start(&server, "--domain cdsp --banks 8"), 0);
		snprintf(device_name, sizeof(device_name), "soft:cdsp@%s",
			 server.listen);
		return;
	}
	assert_non_null(control);
	server.control_fd = steer_connect(control, 5000);
	assert_true(server.control_fd >= 0);
	snprintf(device_name, sizeof(device_name), "%s", proof_device());
}

static void far_end_stop(void)
{
	if (proof_is_private())
		assert_int_equal(server_stop(&server), 0);
	else
		close(server.control_fd);
}

static long executed(unsigned int method)
{
	char answer[64];

	assert_int_equal(steer_command(server.control_fd, answer, sizeof(answer),
				       "count method=%u", method), 0);
	return atol(answer);
}

/* until the server has let go of the sessions that were closed */
static void wait_idle(void)
{
	char answer[1024];
	int i, idle = 0;

	/* twice: what it found closed with the first it has dropped before the second */
	for (i = 0; i < 2000 && idle < 2; i++) {
		assert_int_equal(steer_command(server.control_fd, answer,
					       sizeof(answer), "pds"), 0);
		idle = *answer ? 0 : idle + 1;
		sleep_ms(10);
	}
	assert_int_equal(idle, 2);
}

static void settle(const struct footprint *before)
{
	struct footprint now;
	char answer[1024] = "";
	int i;

	for (i = 0; i < 2000; i++) {
		proc_footprint(server_pid, &now);
		if (now.fds == before->fds && now.threads == before->threads &&
		    now.maps <= before->maps + MAPS_SLACK)
			return;
		sleep_ms(10);
	}
	steer_command(server.control_fd, answer, sizeof(answer), "pds");
	fail_msg("server: descriptors %ld -> %ld, mappings %ld -> %ld, threads %ld -> %ld; %s",
		 before->fds, now.fds, before->maps, now.maps, before->threads,
		 now.threads, answer);
}

static void storm(bool kill_them, int64_t ns)
{
	pthread_t processor, signaller, troubler, watchdog;
	struct leak_counts before;
	struct footprint server_before;
	long total = 0;
	char text[256];
	sigset_t set;
	unsigned int i;

	far_end_start();
	assert_int_equal(qda_ctx_new(NULL, &ctx), 0);
	leak_count(&before);
	while (open_all(&shared_device, &shared_session, &shared_bench))
		;
	learn_pd(shared_bench);
	server_pid = proc_parent(atomic_load(&shared_pd));
	shared_drop();
	wait_idle();
	proc_footprint(server_pid, &server_before);
	for (i = 0; i < NUM_COUNTED; i++)
		atomic_store(&counted[i], executed(FIRST_COUNTED + i));
	atomic_store(&stop, false);
	atomic_store(&workers_done, false);
	atomic_store(&finished, false);
	atomic_store(&deadly, kill_them);
	while (open_all(&shared_device, &shared_session, &shared_bench))
		;
	learn_pd(shared_bench);

	signal(SIGALRM, nothing);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	for (i = 0; i < THREADS; i++) {
		workers[i].seed = 1000 * i + 1;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(pthread_create(&processor, NULL, process_events, NULL), 0);
	assert_int_equal(pthread_create(&signaller, NULL, signals, NULL), 0);
	assert_int_equal(pthread_create(&troubler, NULL, trouble, NULL), 0);
	assert_int_equal(pthread_create(&watchdog, NULL, watch, &ns), 0);
	sleep_ms((unsigned int)(ns / 1000000));
	atomic_store(&stop, true);
	pthread_join(troubler, NULL);
	pthread_join(signaller, NULL);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		total += atomic_load(&workers[i].steps);
	}
	atomic_store(&workers_done, true);
	pthread_join(processor, NULL);
	shared_drop();
	atomic_store(&finished, true);
	pthread_join(watchdog, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);

	print_message("%ld steps, %ld interrupted, %ld before they were sent, "
		      "%ld opens refused, %ld deaths seen\n",
		      total, atomic_load(&eintrs), atomic_load(&unsent),
		      atomic_load(&fails), atomic_load(&deaths));
	assert_int_equal(atomic_load(&events_seen), atomic_load(&events_due));
	for (i = 0; i < NUM_COUNTED; i++) {
		long ran = executed(FIRST_COUNTED + i);
		long ended_well = atomic_load(&counted[i]);

		print_message("method %u: %ld ran, %ld answered\n", FIRST_COUNTED + i,
			      ran, ended_well);
		if (kill_them)
			assert_true(ran >= ended_well);
		else
			assert_int_equal(ran, ended_well);
	}
	if (leak_check(&before, 20000, text, sizeof(text)))
		fail_msg("%s", text);
	settle(&server_before);
	qda_ctx_unref(ctx);
	far_end_stop();
}

static int64_t storm_ns(void)
{
	const char *env = getenv("QDA_STORM_SECONDS");

	return (env ? atoll(env) : 4) * 1000000000;
}

static void calm_pds(void **state)
{
	(void)state;
	storm(false, storm_ns());
}

static void dying_pds(void **state)
{
	(void)state;
	storm(true, storm_ns());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calm_pds),
		cmocka_unit_test(dying_pds),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
