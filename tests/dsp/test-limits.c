// SPDX-License-Identifier: MIT
/* Descriptors and connections run out: an error, never a loop or a false answer */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"

/* as many as steering takes at a time, and some */
#define MAX_STEERERS	64
#define MORE		8

static struct server server;

static int setup(void **state)
{
	(void)state;
	server_run(&server, "--domain cdsp --banks 2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(server_end(&server), 0);
	return 0;
}

/* what a process may have open from now on; its old limit */
static rlim_t limit_files(pid_t pid, rlim_t max)
{
	struct rlimit old, limit;

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &old), 0);
	limit = old;
	limit.rlim_cur = max;
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
	return old.rlim_cur;
}

/* clock ticks of processor time */
static unsigned long used_time(pid_t pid)
{
	unsigned long user = 0, kernel = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u "
				   "%*u %*u %lu %lu", &user, &kernel), 2);
	fclose(f);
	return user + kernel;
}

static void assert_rests(pid_t pid)
{
	unsigned long before = used_time(pid);

	usleep(500000);
	/* half a second is 50 ticks of a loop that never sleeps */
	assert_in_range(used_time(pid) - before, 0, 10);
}

static int connect_steer(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", server.control);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static bool is_served(int fd, int timeout_ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char answer[64];

	(void)!send(fd, "count", 5, MSG_NOSIGNAL);
	return poll(&p, 1, timeout_ms) == 1 && recv(fd, answer, sizeof(answer), 0) > 0;
}

static void test_too_many_connections(void **state)
{
	int fds[MAX_STEERERS + MORE], i;

	(void)state;
	for (i = 0; i < MAX_STEERERS + MORE; i++)
		fds[i] = connect_steer();
	/* the test's own is one of them */
	for (i = 0; i < MAX_STEERERS - 1; i++)
		assert_true(is_served(fds[i], TEST_TIMEOUT_MS));
	assert_false(is_served(fds[MAX_STEERERS - 1], 300));
	assert_rests(server.pid);
	for (i = 0; i < MAX_STEERERS - 1; i++)
		close(fds[i]);
	for (; i < MAX_STEERERS + MORE; i++) {
		assert_true(is_served(fds[i], TEST_TIMEOUT_MS));
		close(fds[i]);
	}
}

static void test_server_without_descriptors(void **state)
{
	rlim_t limit;
	int fd;

	(void)state;
	assert_non_null(steer(&server, "pds"));
	limit = limit_files(server.pid, 3);
	fd = connect_steer();
	assert_false(is_served(fd, 300));
	assert_rests(server.pid);
	assert_non_null(steer(&server, "pds"));
	limit_files(server.pid, limit);
	assert_true(is_served(fd, TEST_TIMEOUT_MS));
	close(fd);
}

static void test_pd_without_descriptors(void **state)
{
	struct client c;
	struct mem m;
	rlim_t limit;
	int sv[2], i, lane, memory = memfd_create("test", MFD_ALLOW_SEALING);
	pid_t pid;

	(void)state;
	assert_int_equal(ftruncate(memory, 4096), 0);
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	client_open_pd(&server, &c);
	pid = pd_pid(&server, c.sid);
	limit = limit_files(pid, 3);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(link_call(&c, QDA_LINK_LANE, 9, 0, 0, sv[1], NULL),
				 -EMFILE);
		assert_int_equal(link_call(&c, QDA_LINK_MAP, c.next, 4096, 0, memory,
					   NULL), -EMFILE);
	}
	close(sv[0]);
	close(sv[1]);
	close(memory);
	limit_files(pid, limit);
	/* nothing is left behind: all lanes and the address can be used */
	mem_new(&c, &m, 4096);
	lane = lane_new(&c, 9);
	assert_int_equal(invoke(&c, lane, 4, 0x03000000, NULL), 0);
	close(lane);
	mem_free(&c, &m);
	client_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_too_many_connections), TEST(test_server_without_descriptors),
		TEST(test_pd_without_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
