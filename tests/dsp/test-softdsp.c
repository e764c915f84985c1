// SPDX-License-Identifier: MIT
/* qda-softdsp and its PDs, spoken to by hand */
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "status.h"

#define BENCH	"file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0"
#define PROBE	"file:///libprobe_skel.so?probe_skel_handle_invoke&_modver=1.0"
#define NOOP	0x02000000u
#define ECHO	0x03020100u
#define SLEEP	0x0b010000u
#define CRASH	0x08000000u
#define FAULT	0x09020100u

static struct server server;

static int setup(void **state)
{
	(void)state;
	server_run(&server, "--domain cdsp --banks 4");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(server_end(&server), 0);
	return 0;
}

/* PDs of closed connections are reaped a moment later */
static void wait_no_children(void)
{
	int i;

	for (i = 0; i < 2000 && count_children(server.pid); i++)
		usleep(5000);
	assert_int_equal(count_children(server.pid), 0);
}

static void finish(struct client *c)
{
	client_close(c);
	wait_no_children();
}

static void test_hello(void **state)
{
	struct qda_link_rep rep;
	struct client c;

	(void)state;
	client_open(&server, &c);
	assert_string_equal(c.hello.name, "cdsp");
	assert_int_equal(c.hello.a, 1 | 8 | 16);
	assert_int_equal(c.hello.b, 4);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_FREE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(rep.a, 4);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_PUT, 0, 0, 0, -1, NULL), -EINVAL);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_TAKE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(c.hello.c, rep.c);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_TAKE, 0, 0, 0, -1, NULL),
			 -EALREADY);
	assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(rep.a, QDA_LINK_PD_NONE);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_PUT, 0, 0, 0, -1, NULL), 0);
	assert_int_equal(link_call(&c, 99, 0, 0, 0, -1, NULL), -EINVAL);
	finish(&c);
}

static void test_banks_run_out(void **state)
{
	struct client c[5];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		client_open_bank(&server, &c[i]);
	client_open(&server, &c[4]);
	assert_int_equal(link_call(&c[4], QDA_LINK_BANK_TAKE, 0, 0, 0, -1, NULL),
			 -EBUSY);
	client_close(&c[0]);
	while (link_call(&c[4], QDA_LINK_BANK_TAKE, 0, 0, 0, -1, NULL))
		usleep(1000);
	for (i = 1; i < 5; i++)
		client_close(&c[i]);
}

static void test_create_and_call(void **state)
{
	struct client c;
	uint32_t h, len[2] = { 16, 16 };
	int32_t err;
	struct mem m;

	(void)state;
	client_open_pd(&server, &c);
	assert_int_equal(count_children(server.pid), 1);
	h = module_open(&c, BENCH, &err, NULL);
	assert_true(h > 20);
	assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), 0);
	mem_new(&c, &m, 8192);
	memcpy(m.p, len, sizeof(len));
	memcpy(m.p + 4090, "0123456789abcdef", 16);
	{
		const struct arg args[] = {
			ARG(&m, 0, 8), ARG(&m, 4090, 16), ARG(&m, 100, 16),
		};

		assert_int_equal(invoke(&c, c.lane, h, ECHO, args), 0);
	}
	assert_memory_equal(m.p + 100, "0123456789abcdef", 16);
	assert_int_equal(module_close(&c, h), 0);
	assert_int_equal(invoke(&c, c.lane, h, NOOP, NULL), DSP_EINVHANDLE);
	assert_int_equal(module_close(&c, h), DSP_EINVHANDLE);
	assert_int_equal(invoke(&c, c.lane, 21, NOOP, NULL), DSP_EINVHANDLE);
	assert_int_equal(invoke(&c, c.lane, 6, NOOP, NULL), DSP_EUNSUPPORTED);
	assert_int_equal(invoke(&c, c.root, h, NOOP, NULL), DSP_EINVALIDPROCESS);
	finish(&c);
}

static void read_file(const char *path, char **ret_data, size_t *ret_size)
{
	FILE *f = fopen(path, "r");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*ret_data = malloc((size_t)st.st_size);
	*ret_size = (size_t)st.st_size;
	assert_int_equal(fread(*ret_data, 1, *ret_size, f), *ret_size);
	fclose(f);
}

static void test_create_images(void **state)
{
	char path[4096], *data;
	struct client c;
	size_t size;

	(void)state;
	client_open_bank(&server, &c);
	assert_int_equal(pd_create(&c, "not an ELF file at all", 22), DSP_EBADELF);
	snprintf(path, sizeof(path), "%s/fastrpc_shell_3", getenv("QDA_SHELL_DIR"));
	read_file(path, &data, &size);
	assert_true(size <= 4 << 20);
	assert_int_equal(pd_create(&c, data, 8192), DSP_EBADELF);
	/* a program, but none that runs a PD */
	free(data);
	read_file("/bin/true", &data, &size);
	assert_int_equal(pd_create(&c, data, size), DSP_EUNABLETOLOAD);
	free(data);
	read_file(path, &data, &size);
	assert_int_equal(pd_create(&c, data, size), 0);
	assert_int_equal(pd_create(&c, data, size), DSP_EALREADY);
	free(data);
	c.lane = lane_new(&c, 5);
	assert_int_equal(invoke(&c, c.lane, 4, 0x05000100, (struct arg[]){ { 0 } }),
			 DSP_EBADPARM);
	finish(&c);
}

static void test_module_errors(void **state)
{
	char text[2048];
	struct client c;
	int32_t err;

	(void)state;
	client_open_pd(&server, &c);
	/* nobody here answers reverse calls */
	assert_int_equal(module_open(&c, "file:///libnone_skel.so?x", &err, text), 0);
	assert_int_equal(err, DSP_ENOTINITIALIZED);
	assert_non_null(strstr(text, "libnone_skel.so"));
	assert_non_null(strstr(text, "no listener"));
	assert_int_equal(module_open(&c, "file:///libbench_skel.so?nothing", &err, text),
			 0);
	assert_int_equal(err, DSP_ENOSUCHSYMBOL);
	assert_int_equal(module_open(&c, "bench", &err, text), 0);
	assert_int_equal(err, DSP_EINVALIDFILENAME);
	/* an interface without handles of its own */
	assert_true(module_open(&c, PROBE, &err, text) > 20);
	finish(&c);
}

static void test_crash(void **state)
{
	static const struct {
		uint32_t sc;
		bool probe;
		int32_t status;
	} cases[] = {
		{ CRASH, false, DSP_ECPUEXCEPTION },
		{ 0x03000000, true, DSP_EINVALIDPROCESS },	/* _exit() */
		{ 0x04000000, true, DSP_ECPUEXCEPTION },	/* abort() */
		{ 0x06000000, true, DSP_EINVALIDPROCESS },	/* fork(), _exit() */
	};
	struct qda_link_rep rep;
	struct client c, other;
	int32_t err;
	uint32_t h, h2;
	size_t i;

	(void)state;
	client_open_pd(&server, &other);
	h2 = module_open(&other, BENCH, &err, NULL);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_open_pd(&server, &c);
		h = module_open(&c, cases[i].probe ? PROBE : BENCH, &err, NULL);
		msg_send(&c, c.lane, h, cases[i].sc, NULL, NULL);
		assert_int_equal(msg_wait(c.lane, NULL), LANE_ENDED);
		assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
		assert_int_equal(rep.a, QDA_LINK_PD_GONE);
		assert_int_equal((int32_t)rep.b, cases[i].status);
		assert_int_equal(invoke(&c, c.root, h, NOOP, NULL), DSP_EINVALIDPROCESS);
		assert_int_equal(link_call(&c, QDA_LINK_LANE, 1, 0, 0, c.root, NULL),
				 -ENOTCONN);
		assert_int_equal(invoke(&other, other.lane, h2, NOOP, NULL), 0);
		client_close(&c);
	}
	finish(&other);
}

static void test_fault_is_reported(void **state)
{
	struct {
		uint32_t len, pad;
		int64_t offset;
	} in = { 16, 0, 4096 };
	char expect[64];
	struct client c;
	struct mem m, data;
	int32_t err;
	uint32_t h;

	(void)state;
	client_open_pd(&server, &c);
	h = module_open(&c, BENCH, &err, NULL);
	mem_new(&c, &m, 4096);
	mem_new(&c, &data, 4096);
	memcpy(m.p, &in, sizeof(in));
	steer(&server, "faults");
	{
		struct arg args[] = {
			ARG(&m, 0, 16), ARG(&data, 0, 16), ARG(&m, 64, 1),
		};
		struct mem payload;

		/* still inside, then one page past it */
		in.offset = 100;
		data.p[100] = 77;
		memcpy(m.p, &in, sizeof(in));
		assert_int_equal(invoke(&c, c.lane, h, FAULT, args), 0);
		assert_int_equal(m.p[64], 77);
		in.offset = 4096;
		memcpy(m.p, &in, sizeof(in));
		mem_new(&c, &payload, 4096);
		snprintf(expect, sizeof(expect), "1 sid=%u addr=%#llx", c.sid,
			 (unsigned long long)data.addr + 4096);
		msg_send(&c, c.lane, h, FAULT, &payload, args);
		assert_int_equal(msg_wait(c.lane, NULL), LANE_ENDED);
	}
	wait_no_children();
	assert_string_equal(steer(&server, "faults"), expect);
	assert_string_equal(steer(&server, "faults"), "0");
	finish(&c);
}

static void test_foreign_memory(void **state)
{
	struct client a, b;
	struct mem m;
	struct arg arg;

	(void)state;
	client_open_pd(&server, &a);
	client_open_pd(&server, &b);
	mem_new(&a, &m, 4096);
	arg = (struct arg)ARG(&m, 0, 4);
	{
		struct client fake = b;
		struct mem payload;

		mem_new(&b, &payload, 4096);
		msg_send(&b, b.lane, 4, 0x04010000, NULL, NULL);
		assert_int_equal(msg_wait(b.lane, NULL), DSP_EBADPARM);
		/* b's payload, but what it says is of stream a */
		fake.sid = a.sid;
		msg_send(&fake, b.lane, 4, 0x04010000, &payload, &arg);
		assert_int_equal(msg_wait(b.lane, NULL), DSP_EBADPARM);
		msg_send(&fake, b.root, 1, QDA_INIT_ATTACH, &payload, &arg);
		assert_int_equal(msg_wait(b.root, NULL), DSP_EBADPARM);
	}
	client_close(&a);
	finish(&b);
}

static void test_release(void **state)
{
	struct qda_link_rep rep;
	struct client c;

	(void)state;
	client_open_pd(&server, &c);
	assert_int_equal(link_call(&c, QDA_LINK_BANK_PUT, 0, 0, 0, -1, NULL), -EBUSY);
	assert_int_equal(pd_release(&c), 0);
	assert_int_equal(count_children(server.pid), 0);
	wait_lane_end(c.lane);
	assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(rep.a, QDA_LINK_PD_GONE);
	assert_int_equal((int32_t)rep.b, DSP_EINVALIDPROCESS);
	finish(&c);
}

/* kill() returns before the process has stopped */
static void stop(pid_t pid)
{
	char path[64], what = 0;
	FILE *f;
	int i;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (i = 0; i < 2000 && what != 'T'; i++) {
		usleep(1000);
		f = fopen(path, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &what), 1);
		fclose(f);
	}
	usleep(1000);
}

static void test_stopped_pd(void **state)
{
	struct mem data, payload;
	struct client c;
	struct arg arg;
	uint32_t h;
	int32_t err;
	pid_t pid;

	(void)state;
	client_open_pd(&server, &c);
	h = module_open(&c, BENCH, &err, NULL);
	pid = pd_pid(&server, c.sid);
	assert_true(pid > 0);
	stop(pid);
	msg_send(&c, c.lane, h, NOOP, NULL, NULL);
	usleep(100000);
	assert_int_equal(recv(c.lane, &err, 1, MSG_DONTWAIT), -1);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(msg_wait(c.lane, NULL), 0);
	/* killing works on a stopped process, too */
	mem_new(&c, &data, 4096);
	mem_new(&c, &payload, 4096);
	arg = (struct arg)ARG(&data, 0, 4);
	stop(pid);
	msg_send(&c, c.root, QDA_HANDLE_INIT, QDA_INIT_RELEASE, &payload, &arg);
	assert_int_equal(msg_wait(c.root, NULL), 0);
	mem_free(&c, &data);
	finish(&c);
}

static void test_killed_pd(void **state)
{
	struct qda_link_rep rep;
	struct client c;

	(void)state;
	client_open_pd(&server, &c);
	assert_int_equal(kill(pd_pid(&server, c.sid), SIGKILL), 0);
	wait_lane_end(c.lane);
	assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(rep.a, QDA_LINK_PD_GONE);
	assert_int_equal((int32_t)rep.b, DSP_EINVALIDPROCESS);
	finish(&c);
}

static void test_mapping(void **state)
{
	uint32_t in[2] = { 77, 4096 }, sum;
	uint64_t addr, addr2, fdlist[16];
	struct mem m, data, payload;
	struct client c;
	int32_t err;
	uint32_t h, h2;

	(void)state;
	client_open_pd(&server, &c);
	h = module_open(&c, PROBE, &err, NULL);
	h2 = module_open(&c, BENCH, &err, NULL);
	mem_new(&c, &m, 4096);
	memset(m.p, 2, 4096);
	mem_new(&c, &data, 4096);
	memcpy(data.p, in, sizeof(in));
	assert_int_equal(pd_map(&c, &m, 77, 2, &addr), 0);
	assert_true(addr != 0);
	assert_int_equal(pd_map(&c, &m, 77, 2, &addr2), DSP_EALREADY);
	assert_int_equal(pd_map(&c, &m, 78, 1, &addr2), DSP_EBADPARM);
	assert_int_equal(pd_map(&c, &m, 0, 0, &addr2), DSP_EBADPARM);
	{
		const struct arg args[] = { ARG(&data, 0, 8), ARG(&data, 64, 8) };

		/* bench looks it up, and may do so after a lookup has ended */
		assert_int_equal(invoke(&c, c.lane, h2, 0x0a010100, args), 0);
		assert_int_equal(*(uint64_t *)(void *)(data.p + 64), 8192);
		assert_int_equal(invoke(&c, c.lane, h, 0x02010100, args), 0);
		memcpy(&sum, data.p + 64, 4);
		assert_int_equal(sum, 8192);
		assert_int_equal(pd_unmap(&c, &m, 77, addr + 4096), DSP_ENOSUCHMAP);
		assert_int_equal(pd_unmap(&c, &m, 77, addr), 0);
		assert_int_equal(pd_unmap(&c, &m, 77, addr), DSP_ENOSUCHMAP);
		assert_int_equal(invoke(&c, c.lane, h, 0x02010100, args),
				 DSP_ENOSUCHMAP);
		/* a delayed one is ended by the DSP, which says so once */
		assert_int_equal(pd_map(&c, &m, 77, 3, &addr), 0);
		mem_new(&c, &payload, 4096);
		msg_send(&c, c.lane, h, 0x02010100, &payload, args);
		assert_int_equal(msg_wait(c.lane, NULL), 0);
		memcpy(fdlist, payload.p + 2 * QDA_WIRE_PER_ARG, sizeof(fdlist));
		assert_int_equal(fdlist[0], 77);
		assert_int_equal(fdlist[1], 0);
		msg_send(&c, c.lane, h, 0x02010100, &payload, args);
		assert_int_equal(msg_wait(c.lane, NULL), DSP_ENOSUCHMAP);
		memcpy(fdlist, payload.p + 2 * QDA_WIRE_PER_ARG, sizeof(fdlist));
		assert_int_equal(fdlist[0], 0);
		assert_int_equal(pd_map(&c, &m, 77, 16, &addr), 0);
	}
	steer(&server, "mapaddr abcd000");
	assert_int_equal(pd_map(&c, &m, 79, 0, &addr), 0);
	assert_int_equal(addr, 0xabcd000);
	assert_int_equal(pd_unmap(&c, &m, 79, addr), 0);
	finish(&c);
}

static void test_attributes(void **state)
{
	struct client c;
	struct mem m;
	uint32_t *out;

	(void)state;
	client_open_bank(&server, &c);
	mem_new(&c, &m, 4096);
	out = (void *)(m.p + 64);
	*(uint32_t *)(void *)m.p = 255;
	{
		const struct arg args[] = { ARG(&m, 0, 4), ARG(&m, 64, 255 * 4) };
		const struct arg small[] = { ARG(&m, 0, 4), ARG(&m, 64, 254 * 4) };

		assert_int_equal(invoke(&c, c.root, 2, QDA_UTIL_GET_ATTRS, args), 0);
		assert_int_equal(out[0], 1);
		assert_int_equal(out[5], 0x73);
		assert_string_equal(steer(&server, "attr 6 0x75"), "117");
		assert_int_equal(invoke(&c, c.root, 2, QDA_UTIL_GET_ATTRS, args), 0);
		assert_int_equal(out[5], 0x75);
		assert_int_equal(invoke(&c, c.root, 2, QDA_UTIL_GET_ATTRS, small),
				 DSP_EBADPARM);
		steer(&server, "fail op=query status=0x80000414");
		assert_int_equal(invoke(&c, c.root, 2, QDA_UTIL_GET_ATTRS, args),
				 DSP_EUNSUPPORTED);
		assert_int_equal(invoke(&c, c.root, 2, 0x01010100, args),
				 DSP_EUNSUPPORTED);
	}
	finish(&c);
}

static void test_many_lanes(void **state)
{
	int lanes[256], i, sv[2];
	struct client c;

	(void)state;
	client_open_pd(&server, &c);
	for (i = 0; i < 255; i++)
		lanes[i] = lane_new(&c, (uint32_t)i + 10);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(link_call(&c, QDA_LINK_LANE, 1, 0, 0, sv[1], NULL), -EMFILE);
	close(sv[1]);
	close(sv[0]);
	for (i = 0; i < 255; i++)
		assert_int_equal(invoke(&c, lanes[i], 4, 0x03000000, NULL), 0);
	for (i = 0; i < 255; i++)
		close(lanes[i]);
	/* their threads end, and there is place again */
	for (i = 0; i < TEST_TIMEOUT_MS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
		if (!link_call(&c, QDA_LINK_LANE, 1, 0, 0, sv[1], NULL))
			break;
		close(sv[0]);
		close(sv[1]);
		usleep(1000);
	}
	close(sv[1]);
	assert_int_equal(invoke(&c, sv[0], 4, 0x03000000, NULL), 0);
	close(sv[0]);
	finish(&c);
}

static void test_process_exit(void **state)
{
	struct qda_link_rep rep;
	struct client c;

	(void)state;
	client_open_pd(&server, &c);
	assert_int_equal(invoke(&c, c.lane, 4, 0x02000000, NULL), 0);
	wait_lane_end(c.lane);
	assert_int_equal(link_call(&c, QDA_LINK_PD_STATE, 0, 0, 0, -1, &rep), 0);
	assert_int_equal(rep.a, QDA_LINK_PD_GONE);
	assert_int_equal((int32_t)rep.b, DSP_EINVALIDPROCESS);
	finish(&c);
}

static void test_notification(void **state)
{
	struct qda_wire_notif notif;
	struct client c;

	(void)state;
	client_open_pd(&server, &c);
	assert_int_equal(invoke(&c, c.lane, 4, 0x0a000000, NULL), 0);
	steer(&server, "crash pd=%u", c.sid);
	assert_int_equal(recv(c.root, &notif, sizeof(notif), 0), sizeof(notif));
	assert_int_equal(notif.ctx, QDA_WIRE_NOTIF_CTX);
	assert_int_equal(notif.type, 4);
	assert_int_equal(notif.client_id, 42);
	assert_int_equal(notif.status, 3);
	steer(&server, "notify sid=%u status=7", c.sid);
	assert_int_equal(recv(c.root, &notif, sizeof(notif), 0), sizeof(notif));
	assert_int_equal(notif.status, 7);
	finish(&c);
}

/* the end of the root is the end of everything it started */
static void test_server_killed(void **state)
{
	struct server s;
	struct client c;
	pid_t pid;
	int i, status;

	(void)state;
	server_run(&s, NULL);
	client_open_pd(&s, &c);
	pid = pd_pid(&s, c.sid);
	assert_true(pid > 0);
	kill(pid, SIGSTOP);
	kill(s.pid, SIGKILL);
	waitpid(s.pid, &status, 0);
	for (i = 0; i < TEST_TIMEOUT_MS && !kill(pid, 0); i++)
		usleep(1000);
	assert_int_equal(kill(pid, 0), -1);
	client_close(&c);
	close(s.factory);
	close(s.steer);
	unlink(s.control);
	rmdir(s.dir);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hello),
		TEST(test_banks_run_out),
		TEST(test_create_and_call),
		TEST(test_create_images),
		TEST(test_module_errors),
		TEST(test_crash),
		TEST(test_fault_is_reported),
		TEST(test_foreign_memory),
		TEST(test_release),
		TEST(test_stopped_pd),
		TEST(test_killed_pd),
		TEST(test_mapping),
		TEST(test_attributes),
		TEST(test_many_lanes),
		TEST(test_process_exit),
		TEST(test_notification),
		TEST(test_server_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
