// SPDX-License-Identifier: MIT
/* A client that keeps no rule: the server closes or answers, and lives on */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "status.h"

#define BENCH	"file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0"

static struct server server;
static struct client good;
static uint32_t h;

static int setup(void **state)
{
	int32_t err;

	(void)state;
	server_run(&server, "--domain cdsp --banks 3");
	client_open_pd(&server, &good);
	h = module_open(&good, BENCH, &err, NULL);
	return 0;
}

/* the well-behaved neighbour notices nothing */
static int teardown(void **state)
{
	(void)state;
	assert_int_equal(invoke(&good, good.lane, h, 0x02000000, NULL), 0);
	client_close(&good);
	assert_int_equal(server_end(&server), 0);
	return 0;
}

static bool is_closed(int fd)
{
	char buf[256];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), 0);
	} while (n > 0);
	return true;
}

static void test_control_garbage(void **state)
{
	char buf[70000] = { 0 };
	size_t sizes[] = { 1, 39, 41, 64, 4096, 70000 }, i;
	struct client c;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		client_open_bank(&server, &c);
		link_send(c.control, buf, sizes[i], -1);
		assert_true(is_closed(c.control));
		client_close(&c);
	}
	/* a request before hello */
	fd = client_connect(&server);
	buf[0] = QDA_LINK_BANK_TAKE;
	link_send(fd, buf, sizeof(struct qda_link_req), -1);
	assert_true(is_closed(fd));
	close(fd);
}

static void test_hello(void **state)
{
	int pipes[2];
	struct client c = { .lane = -1, .root = -1 };

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	c.control = client_connect(&server);
	assert_int_equal(link_call(&c, QDA_LINK_HELLO, 77, 0, 0, pipes[0], NULL),
			 -EPROTO);
	assert_int_equal(link_call(&c, QDA_LINK_HELLO, 1, 0, 0, -1, NULL), -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_HELLO, 1, 0, 0, pipes[0], NULL),
			 -EINVAL);
	client_close(&c);
	client_open(&server, &c);
	assert_int_equal(link_call(&c, QDA_LINK_HELLO, 1, 0, 0, c.root, NULL), -EINVAL);
	/* a bank's requests without a bank */
	assert_int_equal(link_call(&c, QDA_LINK_MAP, 0x100000, 4096, 0, pipes[0], NULL),
			 -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_UNMAP, 0x100000, 4096, 0, -1, NULL),
			 -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_LANE, 1, 0, 0, c.root, NULL), -ENOTCONN);
	client_close(&c);
	close(pipes[0]);
	close(pipes[1]);
}

static int sealed(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_map(void **state)
{
	int fd = sealed(8192, F_SEAL_SHRINK), soft = sealed(8192, 0);
	int file = open("/proc/self/exe", O_RDONLY);
	static const uint64_t bad[][3] = {
		{ 0x100000, 0, 0 },		{ 0x100000, 100, 0 },
		{ 0x100001, 4096, 0 },		{ 0x100000, 4096, 100 },
		{ 0x100000, 8192, 4096 },	{ 0x100000, 4096, UINT64_MAX & ~4095 },
		{ 0x100000, UINT64_MAX & ~4095, 0 }, { 0, 4096, 0 },
		{ 0xfffff000, 8192, 0 },	{ 1ULL << 32, 4096, 0 },
		{ UINT64_MAX & ~4095, 8192, 0 },
	};
	struct client c;
	size_t i;

	(void)state;
	client_open_bank(&server, &c);
#define MAP(a, s, o, f) link_call(&c, QDA_LINK_MAP, a, s, o, f, NULL)
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(MAP(bad[i][0], bad[i][1], bad[i][2], fd), -EINVAL);
	assert_int_equal(MAP(0x100000, 4096, 0, soft), -EINVAL);
	assert_int_equal(MAP(0x100000, 4096, 0, file), -EINVAL);
	assert_int_equal(MAP(0x100000, 4096, 0, -1), -EINVAL);
	assert_int_equal(MAP(0x100000, 8192, 0, fd), 0);
	assert_int_equal(MAP(0x101000, 4096, 0, fd), -EEXIST);
	assert_int_equal(MAP(0x102000, 8192, 0, fd), 0);
	assert_int_equal(link_call(&c, QDA_LINK_UNMAP, 0x100000, 4096, 0, -1, NULL),
			 -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_UNMAP, 0x101000, 4096, 0, -1, NULL),
			 -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_UNMAP, 0x100000, 8192, 0, -1, NULL), 0);
	assert_int_equal(link_call(&c, QDA_LINK_UNMAP, 0x100000, 8192, 0, -1, NULL),
			 -EINVAL);
#undef MAP
	client_close(&c);
	close(fd);
	close(soft);
	close(file);
}

/* random messages to the root and to a PD: one answer each, or none */
static void test_random_messages(void **state)
{
	static const uint32_t scs[] = {
		QDA_INIT_ATTACH, QDA_INIT_RELEASE, QDA_INIT_MMAP, QDA_INIT_MUNMAP,
		QDA_INIT_CREATE, QDA_INIT_CREATE_ATTR, QDA_INIT_CREATE_STATIC,
		QDA_INIT_MEM_MAP, QDA_INIT_MEM_UNMAP, QDA_UTIL_GET_ATTRS,
		0x02020200, 0x03010200, 0x05020000, 0x05000100,
	};
	struct qda_wire_msg msg;
	struct client c;
	struct mem m;
	unsigned int i, j;
	int lane;

	(void)state;
	srandom(1);
	client_open_bank(&server, &c);
	mem_new(&c, &m, 65536);
	for (i = 0; i < 20000; i++) {
		if (i % 2000 == 0 && i) {
			/* the PD may have met its end by the garbage */
			client_close(&c);
			client_open_pd(&server, &c);
			mem_new(&c, &m, 65536);
		}
		lane = c.lane >= 0 && i & 1 ? c.lane : c.root;
		for (j = 0; j < 1024; j++)
			m.p[j] = (char)(random() & random() & random());
		msg = (struct qda_wire_msg){
			.ctx = 0x10100 + i,
			.handle = (uint32_t)random() % 10,
			.sc = scs[(unsigned long)random() % 14],
			.addr = ((uint64_t)c.sid << 32) + m.addr,
			.size = 65536,
		};
		/* entries that are nearly right */
		for (j = 0; j < 4; j++) {
			unsigned int n = (msg.sc >> 16 & 0xff) + (msg.sc >> 8 & 0xff);
			struct qda_wire_page *page = (void *)(m.p + 24 * n);
			struct qda_wire_buf *buf = (void *)(m.p + 16 * n);
			union qda_wire_arg *arg = (void *)m.p;

			if (j >= n || random() % 8 == 0)
				continue;
			arg[j].buf.len = (uint64_t)random() % 300;
			buf[j] = (struct qda_wire_buf){ 1, j };
			page[j].addr = msg.addr + 4096 * j;
			page[j].size = 8192;
		}
		if (random() % 50 == 0)
			((char *)&msg)[random() % 40] ^= (char)(1 << random() % 8);
		if (send(lane, &msg, sizeof(msg), MSG_NOSIGNAL) < 0)
			continue;
		if (i % 16 == 15) {
			char drain[64];

			while (recv(lane, drain, sizeof(drain), MSG_DONTWAIT) > 0)
				;
		}
	}
	client_close(&c);
}

static void test_short_messages(void **state)
{
	struct client c;
	char buf[100] = { 0 };
	size_t n;

	(void)state;
	client_open_pd(&server, &c);
	for (n = 1; n < sizeof(buf); n++) {
		if (n == 40)
			continue;
		link_send(c.lane, buf, n, -1);
		link_send(c.root, buf, n, -1);
	}
	assert_int_equal(invoke(&c, c.lane, 4, 0x03000000, NULL), 0);
	assert_int_equal(invoke(&c, c.root, 4, 0x03000000, NULL), DSP_EINVALIDPROCESS);
	client_close(&c);
}

/* requests without ever taking an answer: the server must not block or grow */
static void test_client_never_reads(void **state)
{
	struct qda_link_req req = { QDA_LINK_BANK_FREE, 1, 0, 0, 0 };
	struct qda_wire_msg msg = { .handle = 9, .sc = 0x02000000 };
	struct client c;
	int i, n = 0;

	(void)state;
	client_open_pd(&server, &c);
	for (i = 0; i < 20000; i++) {
		if (send(c.control, &req, sizeof(req), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			n++;
		(void)!send(c.root, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)!send(c.lane, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	assert_true(n > 100);
	assert_int_equal(invoke(&good, good.lane, h, 0x02000000, NULL), 0);
	client_close(&c);
}

/* descriptors nobody asked for are closed, not collected */
static void test_descriptor_flood(void **state)
{
	struct client c;
	char path[64];
	int i, fd;

	(void)state;
	client_open(&server, &c);
	fd = open("/dev/null", O_RDONLY);
	for (i = 0; i < 500; i++)
		assert_int_equal(link_call(&c, QDA_LINK_BANK_FREE, 0, 0, 0, fd, NULL),
				 0);
	close(fd);
	client_close(&c);
	snprintf(path, sizeof(path), "/proc/%d/fd/200", server.pid);
	assert_int_equal(access(path, F_OK), -1);
}

static int attack(void)
{
	struct client c;

	client_open_pd(&server, &c);
	msg_send(&c, c.lane, 4, 0x03000000, NULL, NULL);
	kill(getpid(), SIGKILL);
	return 0;
}

static void test_client_killed(void **state)
{
	int i, status;
	pid_t pid;

	(void)state;
	for (i = 0; i < 5; i++) {
		pid = fork();
		if (!pid)
			_exit(attack());
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
	}
	for (i = 0; i < TEST_TIMEOUT_MS && count_children(server.pid) > 1; i++)
		usleep(1000);
	assert_int_equal(count_children(server.pid), 1);
}

/* shell images that end as the root reads that they run: one answer, once */
static void run_image(const char *variable, int times)
{
	const char *path = getenv(variable);
	struct client c;
	char *image;
	long size;
	FILE *f;

	assert_non_null(path);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_in_range(size, 1, 4 << 20);
	rewind(f);
	image = malloc((size_t)size);
	assert_int_equal(fread(image, 1, (size_t)size, f), size);
	fclose(f);
	while (times--) {
		int32_t status;

		client_open_bank(&server, &c);
		status = pd_create(&c, image, (size_t)size);
		/* seen to run, or not any more */
		if (status)
			assert_int_equal(status, DSP_EUNABLETOLOAD);
		client_close(&c);
	}
	free(image);
	assert_int_equal(invoke(&good, good.lane, h, 0x02000000, NULL), 0);
}

static void test_image_gone(void **state)
{
	(void)state;
	run_image("QDA_EVIL_SHELL", 100);
}

static void test_image_leaves_child(void **state)
{
	(void)state;
	run_image("QDA_EVIL_SHELL_CHILD", 20);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_control_garbage), TEST(test_hello), TEST(test_map),
		TEST(test_random_messages), TEST(test_short_messages),
		TEST(test_client_never_reads), TEST(test_descriptor_flood),
		TEST(test_client_killed), TEST(test_image_gone),
		TEST(test_image_leaves_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
