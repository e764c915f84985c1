// SPDX-License-Identifier: MIT
/* The soft device against a server that is broken or hostile. */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "fake-server.h"
#include "sys.h"

/* so long a verdict on an ended lane is waited for */
#define VERDICT_MS	5000

static const struct qda_sys *const sys = &qda_soft_sys;
static struct fake_server fake;

static int open_fake(void)
{
	char name[160];
	int fd;

	snprintf(name, sizeof(name), "soft:cdsp@%s", fake.path);
	fd = sys->open(name, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int call(int fd, unsigned long request, void *arg)
{
	return sys->ioctl(fd, request, arg) ? -errno : 0;
}

static int gem_create(int fd, uint32_t *ret_handle)
{
	struct drm_qda_gem_create c = { .size = 4096 };
	int err = call(fd, DRM_IOCTL_QDA_GEM_CREATE, &c);

	*ret_handle = c.handle;
	return err;
}

static int create(int fd, int32_t *ret_status)
{
	struct drm_qda_remote_session_create c = { .attrs = DRM_QDA_PD_UNSIGNED };
	int err = call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c);

	*ret_status = c.status;
	return err;
}

static int invoke(int fd, uint32_t flags, struct drm_qda_remote_invoke *i)
{
	*i = (struct drm_qda_remote_invoke){
		.stride = 40, .handle = 50, .flags = flags,
	};
	return call(fd, DRM_IOCTL_QDA_REMOTE_INVOKE, i);
}

static int wait_call(int fd, uint64_t ticket, int64_t deadline, int32_t *ret_status)
{
	struct drm_qda_remote_wait w = { .ticket = ticket, .deadline = deadline };
	int err = call(fd, DRM_IOCTL_QDA_REMOTE_WAIT, &w);

	*ret_status = w.status;
	return err;
}

static int session(int *ret_fd)
{
	int32_t status;
	int fd = open_fake(), err;

	assert_true(fd >= 0);
	err = create(fd, &status);
	assert_int_equal(err, 0);
	assert_int_equal(status, 0);
	*ret_fd = fd;
	return 0;
}

static void count_fds(int *ret)
{
	char path[32];
	int fd;

	*ret = 0;
	for (fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		*ret += access(path, F_OK) == 0;
	}
}

/* hangs up at each step of a session in turn: an error, no crash, nothing left */
static void hang_up_everywhere(void **state)
{
	struct drm_qda_remote_invoke i;
	int at, fd, before, after, err;
	uint32_t handle;
	int32_t status;

	(void)state;
	for (at = 0; at < 9; at++) {
		assert_int_equal(fake_start(&fake, FAKE_CLOSE, at), 0);
		count_fds(&before);
		fd = open_fake();
		if (!at) {
			assert_int_equal(fd, -ENODEV);
		} else {
			assert_true(fd >= 0);
			err = gem_create(fd, &handle);
			if (!err)
				err = create(fd, &status);
			if (!err)
				err = invoke(fd, 0, &i);
			if (!err)
				err = gem_create(fd, &handle);
			assert_true(err == -EPIPE || err == -ENODEV || at >= 6);
			if (err) {
				assert_int_equal(gem_create(fd, &handle), -ENODEV);
				assert_int_equal(invoke(fd, 0, &i), -ENODEV);
			}
			assert_int_equal(sys->close(fd), 0);
		}
		/* only the fake's own may differ */
		fake_stop(&fake);
		assert_int_equal(fake_start(&fake, FAKE_GOOD, 0), 0);
		count_fds(&after);
		assert_int_equal(before, after);
		fake_stop(&fake);
	}
}

static void bad_hello(void **state)
{
	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_NAME, 0), 0);
	assert_int_equal(open_fake(), -ENODEV);
	fake_stop(&fake);
	assert_int_equal(fake_start(&fake, FAKE_ERROR_POSITIVE, 0), 0);
	assert_int_equal(open_fake(), -EPROTO);
	fake_stop(&fake);
	assert_int_equal(fake_start(&fake, FAKE_ERROR_HUGE, 0), 0);
	assert_int_equal(open_fake(), -EPROTO);
	fake_stop(&fake);
	assert_int_equal(fake_start(&fake, FAKE_ERROR_EINTR, 0), 0);
	assert_int_equal(open_fake(), -EPROTO);
	fake_stop(&fake);
	assert_int_equal(open_fake(), -ENOENT);
}

static void bad_bank(void **state)
{
	static const struct {
		enum fake_fault fault;
		int want;
	} rows[] = {
		{ FAKE_BANK_ZERO, -EPIPE },
		{ FAKE_BANK_WRAPS, -EPIPE },
		{ FAKE_BANK_TINY, -ENOSPC },
	};
	uint32_t handle;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(fake_start(&fake, rows[i].fault, 0), 0);
		fd = open_fake();
		assert_true(fd >= 0);
		assert_int_equal(gem_create(fd, &handle), rows[i].want);
		sys->close(fd);
		fake_stop(&fake);
	}
}

/* answers nobody asked for, cut ones, repeated ones: only the right one counts */
static void control_noise(void **state)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_BANKS_FREE };
	struct drm_qda_query name = { .type = DRM_QDA_QUERY_NAME };
	uint32_t handle;
	int fd, i;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_NOISE, 0), 0);
	session(&fd);
	for (i = 0; i < 50; i++) {
		assert_int_equal(gem_create(fd, &handle), 0);
		assert_int_equal(handle, 1);
		assert_int_equal(call(fd, DRM_IOCTL_GEM_CLOSE,
				      &(struct drm_gem_close){ .handle = handle }), 0);
	}
	assert_int_equal(call(fd, DRM_IOCTL_QDA_QUERY, &q), 0);
	assert_int_equal(q.value, 7);
	assert_int_equal(call(fd, DRM_IOCTL_QDA_QUERY, &name), 0);
	assert_memory_equal(name.name, "cdsp\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				       "\0\0\0\0", 32);
	sys->close(fd);
	fake_stop(&fake);
}

static void reply_noise(void **state)
{
	static const enum fake_fault faults[] = { FAKE_REPLY_NOISE, FAKE_REPLY_TWICE };
	struct drm_qda_remote_invoke i;
	int32_t status;
	unsigned int f;
	int fd, n;

	(void)state;
	for (f = 0; f < 2; f++) {
		assert_int_equal(fake_start(&fake, faults[f], 0), 0);
		session(&fd);
		for (n = 0; n < 100; n++) {
			assert_int_equal(invoke(fd, 0, &i), 0);
			assert_int_equal(i.status, 0x11);
			assert_int_equal(invoke(fd, DRM_QDA_INVOKE_ASYNC, &i), 0);
			assert_int_equal(wait_call(fd, i.ticket, -1, &status), 0);
			assert_int_equal(status, 0x11);
			assert_int_equal(wait_call(fd, i.ticket, -1, &status), -ENOENT);
		}
		assert_int_equal(atomic_load(&fake.calls), 200);
		sys->close(fd);
		fake_stop(&fake);
	}
}

/* a lane that ends: the PD's verdict, then the root process answers */
static void lane_ends(void **state)
{
	struct drm_qda_remote_invoke i;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_LANE_EOF, 0), 0);
	session(&fd);
	assert_int_equal(invoke(fd, 0, &i), 0);
	assert_int_equal(i.status, (int32_t)0x80000430);
	assert_int_equal(invoke(fd, 0, &i), 0);
	assert_int_equal(i.status, (int32_t)0x80000434);
	sys->close(fd);
	fake_stop(&fake);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct caller {
	int fd;
	int err[2];
	int32_t status[2];
};

static void *two_calls(void *arg)
{
	struct caller *c = arg;
	struct drm_qda_remote_invoke i;
	int n;

	for (n = 0; n < 2; n++) {
		c->err[n] = invoke(c->fd, 0, &i);
		c->status[n] = i.status;
	}
	return NULL;
}

/* the PD lives and refuses a further lane: its first call ends, the session stays */
static void lane_refused(void **state)
{
	struct drm_qda_remote_invoke i;
	struct caller c;
	int64_t start;
	pthread_t t;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_LANE_REFUSED, 0), 0);
	session(&fd);
	assert_int_equal(invoke(fd, 0, &i), 0);
	assert_int_equal(i.status, 0x11);
	c.fd = fd;
	start = now_ms();
	assert_int_equal(pthread_create(&t, NULL, two_calls, &c), 0);
	pthread_join(t, NULL);
	/* at once: no verdict is waited for in vain */
	assert_true(now_ms() - start < VERDICT_MS);
	assert_int_equal(c.err[0], 0);
	/* refused before it was sent it went over the other lane at once */
	assert_true(c.status[0] == (int32_t)0x80000434 || c.status[0] == 0x11);
	/* this one goes over the lane there is */
	assert_int_equal(c.err[1], 0);
	assert_int_equal(c.status[1], 0x11);
	assert_int_equal(invoke(fd, 0, &i), 0);
	assert_int_equal(i.status, 0x11);
	sys->close(fd);
	fake_stop(&fake);
}

static void control_messages(void **state)
{
	int32_t status;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_CTL_EOF, 0), 0);
	fd = open_fake();
	assert_int_equal(create(fd, &status), -EPIPE);
	assert_int_equal(create(fd, &status), -ENODEV);
	sys->close(fd);
	fake_stop(&fake);

	assert_int_equal(fake_start(&fake, FAKE_CTL_STATUS, 0), 0);
	fd = open_fake();
	assert_int_equal(create(fd, &status), 0);
	assert_int_equal(status, (int32_t)0x80000414);
	/* nothing was created: again is allowed */
	assert_int_equal(create(fd, &status), 0);
	sys->close(fd);
	fake_stop(&fake);
}

/* --- signals ------------------------------------------------------------- */

static void on_alarm(int sig)
{
	(void)sig;
}

/* Signals for the thread that started it, once a counter of the fake has come so far */
struct nag {
	pthread_t thread, victim;
	atomic_int *counter;
	int from;
	atomic_bool stop;
};

static void *nag_main(void *data)
{
	struct nag *nag = data;

	/* again and again: one that comes before the victim sleeps is lost on it */
	while (!atomic_load(&nag->stop)) {
		if (atomic_load(nag->counter) >= nag->from)
			pthread_kill(nag->victim, SIGALRM);
		usleep(10000);
	}
	return NULL;
}

static void nag_start(struct nag *nag, atomic_int *counter, int from)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &sa, NULL);
	*nag = (struct nag){
		.victim = pthread_self(), .counter = counter, .from = from,
	};
	assert_int_equal(pthread_create(&nag->thread, NULL, nag_main, nag), 0);
}

static void nag_stop(struct nag *nag)
{
	atomic_store(&nag->stop, true);
	pthread_join(nag->thread, NULL);
}

static void interrupted(void **state)
{
	struct drm_qda_remote_invoke i;
	struct nag nag;
	int32_t status;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_REPLY_NEVER, 0), 0);
	session(&fd);
	/* once it has been sent */
	nag_start(&nag, &fake.calls, 1);
	assert_int_equal(invoke(fd, 0, &i), -EINTR);
	assert_int_not_equal(i.ticket, 0);
	assert_int_equal(wait_call(fd, i.ticket, -1, &status), -EINTR);
	nag_stop(&nag);
	assert_int_equal(wait_call(fd, i.ticket, 0, &status), -ETIMEDOUT);
	assert_int_equal(atomic_load(&fake.calls), 1);
	sys->close(fd);
	fake_stop(&fake);
}

/* a lane has ended and nobody says how: waits end when they should, the file stays */
static void verdict_never(void **state)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_BANKS_FREE };
	struct drm_qda_remote_invoke i, other;
	struct nag nag;
	int32_t status;
	int64_t start;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_STATE_SILENT, 0), 0);
	session(&fd);
	start = now_ms();
	assert_int_equal(invoke(fd, DRM_QDA_INVOKE_ASYNC, &i), 0);
	nag_start(&nag, &fake.calls, 1);
	assert_int_equal(invoke(fd, 0, &other), -EINTR);
	assert_int_equal(wait_call(fd, i.ticket, -1, &status), -EINTR);
	nag_stop(&nag);
	assert_true(now_ms() - start < VERDICT_MS);
	/* in the end they end with a status */
	assert_int_equal(wait_call(fd, i.ticket, -1, &status), 0);
	assert_int_equal(status, (int32_t)0x80000434);
	assert_true(now_ms() - start < 9000);
	assert_int_equal(call(fd, DRM_IOCTL_QDA_QUERY, &q), 0);
	sys->close(fd);
	fake_stop(&fake);
}

/* the mapping of a new buffer is never acknowledged */
static void interrupted_map(void **state)
{
	struct nag nag;
	uint32_t handle;
	int fd;

	(void)state;
	/* HELLO, BANK_TAKE, MAP of the pool, MAP of a buffer */
	assert_int_equal(fake_start(&fake, FAKE_SILENT, 3), 0);
	fd = open_fake();
	nag_start(&nag, &fake.requests, 4);
	assert_int_equal(gem_create(fd, &handle), -EINTR);
	nag_stop(&nag);
	assert_int_equal(gem_create(fd, &handle), 0);
	assert_int_equal(handle, 1);
	sys->close(fd);
	fake_stop(&fake);
}

/* an unmap that is never acknowledged: its addresses stay out of use, no hang */
static void unmap_never(void **state)
{
	struct drm_gem_close c;
	uint32_t handle;
	int fd;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_SILENT, 4), 0);
	fd = open_fake();
	assert_int_equal(gem_create(fd, &handle), 0);
	c = (struct drm_gem_close){ .handle = handle };
	assert_int_equal(call(fd, DRM_IOCTL_GEM_CLOSE, &c), 0);
	assert_int_equal(gem_create(fd, &handle), 0);
	sys->close(fd);
	fake_stop(&fake);
}

/* --- fork ---------------------------------------------------------------- */

/* the child's own: a fake serves one connection */
static struct fake_server other;

static int in_child(int fd)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_NAME };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char name[160], byte[64];
	int own;

	if (call(fd, DRM_IOCTL_QDA_QUERY, &q) != -EOWNERDEAD)
		return 1;
	if (sys->read(fd, byte, sizeof(byte)) != -1 || errno != EOWNERDEAD)
		return 2;
	if (sys->mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EOWNERDEAD)
		return 3;
	if (sys->poll(&p, 1, 0) != 1 || p.revents != POLLERR)
		return 4;
	snprintf(name, sizeof(name), "soft:cdsp@%s", other.path);
	own = sys->open(name, O_RDWR | O_CLOEXEC);
	if (own < 0 || call(own, DRM_IOCTL_QDA_QUERY, &q))
		return 5;
	/* its own file does not bring the parent's to life */
	if (call(fd, DRM_IOCTL_QDA_QUERY, &q) != -EOWNERDEAD)
		return 6;
	if (sys->close(fd) || sys->close(fd) != -1 || errno != EBADF)
		return 7;
	return sys->close(own) ? 8 : 0;
}

static void forked(void **state)
{
	struct drm_qda_remote_invoke i;
	int fd, status;
	pid_t pid;

	(void)state;
	assert_int_equal(fake_start(&fake, FAKE_GOOD, 0), 0);
	assert_int_equal(fake_start(&other, FAKE_GOOD, 0), 0);
	session(&fd);
	assert_int_equal(invoke(fd, 0, &i), 0);
	pid = fork();
	if (!pid)
		_exit(in_child(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* the parent's session has noticed nothing */
	assert_int_equal(invoke(fd, 0, &i), 0);
	assert_int_equal(i.status, 0x11);
	sys->close(fd);
	fake_stop(&other);
	fake_stop(&fake);
}

/* --- names, descriptors -------------------------------------------------- */

static void names(void **state)
{
	static const struct {
		const char *name;
		int want;
	} rows[] = {
		{ "soft:", ENODEV },
		{ "soft:xdsp", ENODEV },
		{ "/dev/accel/accel0", ENODEV },
		{ "soft:cdsp@", EINVAL },
		{ "soft:cdsp@/nowhere,banks=2", EINVAL },
		{ "soft:cdsp@/nowhere/there", ENOENT },
		{ "soft:cdsp,banks", EINVAL },
		{ "soft:cdsp,banks=", EINVAL },
		{ "soft:cdsp,banks=0", EINVAL },
		{ "soft:cdsp,banks=65", EINVAL },
		{ "soft:cdsp,banks=-1", EINVAL },
		{ "soft:cdsp,banks=4x", EINVAL },
		{ "soft:cdsp,priv=2", EINVAL },
		{ "soft:cdsp,gen=v99", EINVAL },
		{ "soft:cdsp,colour=red", EINVAL },
		{ "soft:cdsp,", EINVAL },
	};
	char name[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		errno = 0;
		assert_int_equal(sys->open(rows[i].name, O_RDWR), -1);
		if (errno != rows[i].want)
			fail_msg("%s: %s", rows[i].name, strerror(errno));
	}
	memset(name, 'x', sizeof(name));
	memcpy(name, "soft:", 5);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sys->open(name, O_RDWR), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(sys->open(NULL, O_RDWR), -1);
	assert_int_equal(errno, EFAULT);
}

static void not_ours(void **state)
{
	struct drm_qda_query q = { 0 };
	int fds[] = { -1, 0, 500, 1 << 20, INT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_int_equal(call(fds[i], DRM_IOCTL_QDA_QUERY, &q), -EBADF);
		assert_int_equal(sys->close(fds[i]), -1);
		assert_int_equal(errno, EBADF);
		assert_int_equal(sys->read(fds[i], &q, sizeof(q)), -1);
		assert_int_equal(errno, EBADF);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hang_up_everywhere),
		cmocka_unit_test(bad_hello),
		cmocka_unit_test(bad_bank),
		cmocka_unit_test(control_noise),
		cmocka_unit_test(reply_noise),
		cmocka_unit_test(lane_ends),
		cmocka_unit_test(lane_refused),
		cmocka_unit_test(verdict_never),
		cmocka_unit_test(control_messages),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(interrupted_map),
		cmocka_unit_test(unmap_never),
		cmocka_unit_test(forked),
		cmocka_unit_test(names),
		cmocka_unit_test(not_ours),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
