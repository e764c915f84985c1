// SPDX-License-Identifier: MIT
#include <dirent.h>
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"

#define SID_BITS(c)	((uint64_t)(c)->sid << QDA_LINK_SID_SHIFT)

static void exec_server(struct server *s, int fd, const char *options)
{
	const char *path = getenv("QDA_SOFTDSP");
	char number[16], words[256];
	char *argv[24] = { (char *)(uintptr_t)path, (char *)(uintptr_t)"--control",
			   s->control, (char *)(uintptr_t)"--fd", number };
	char *save = NULL, *word;
	int n = 5;

	snprintf(number, sizeof(number), "%d", fd);
	snprintf(words, sizeof(words), "%s", options ? options : "");
	for (word = strtok_r(words, " ", &save); word && n < 23;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n++] = (char *)(uintptr_t)"--shell";
	argv[n++] = getenv("QDA_PROBE_SHELL");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(fd, F_SETFD, 0);
	execv(path, argv);
	perror(path);
	_exit(127);
}

static int connect_path(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, i;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	for (i = 0; i < TEST_TIMEOUT_MS; i++) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		close(fd);
		usleep(1000);
	}
	return -1;
}

void server_run(struct server *s, const char *options)
{
	int sv[2];

	memset(s, 0, sizeof(*s));
	assert_non_null(getenv("QDA_SOFTDSP"));
	snprintf(s->dir, sizeof(s->dir), "/tmp/qda-dsp-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->control, sizeof(s->control), "%s/control", s->dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	s->factory = sv[0];
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid)
		exec_server(s, sv[1], options);
	close(sv[1]);
	s->steer = connect_path(s->control);
	assert_true(s->steer >= 0);
}

int server_end(struct server *s)
{
	int status, i;

	close(s->steer);
	close(s->factory);
	for (i = 0; i < TEST_TIMEOUT_MS; i++) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid)
			break;
		usleep(1000);
	}
	if (i == TEST_TIMEOUT_MS) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, &status, 0);
		return -1;
	}
	unlink(s->control);
	if (rmdir(s->dir))
		return -2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

const char *steer(struct server *s, const char *format, ...)
{
	static char line[65536];
	va_list ap;
	ssize_t n;
	int len;

	va_start(ap, format);
	len = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	assert_int_equal(send(s->steer, line, (size_t)len, MSG_NOSIGNAL), len);
	n = recv(s->steer, line, sizeof(line) - 1, 0);
	assert_true(n > 0);
	line[n] = '\0';
	if (strncmp(line, "ok", 2))
		return NULL;
	return line + 2 + (line[2] == ' ');
}

void link_send(int sock, const void *data, size_t len, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	(void)!sendmsg(sock, &msg, MSG_NOSIGNAL);
}

int client_connect(struct server *s)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	link_send(s->factory, "", 1, sv[1]);
	close(sv[1]);
	return sv[0];
}

int link_call(struct client *c, uint32_t op, uint64_t a, uint64_t b, uint64_t d, int fd,
	      struct qda_link_rep *ret)
{
	struct qda_link_req req = { op, ++c->seq, a, b, d };
	struct pollfd p = { c->control, POLLIN, 0 };
	struct qda_link_rep rep;

	link_send(c->control, &req, sizeof(req), fd);
	if (poll(&p, 1, TEST_TIMEOUT_MS) != 1)
		return TIMED_OUT;
	if (recv(c->control, &rep, sizeof(rep), 0) != sizeof(rep))
		return LANE_ENDED;
	assert_int_equal(rep.op, op);
	assert_int_equal(rep.seq, c->seq);
	if (ret)
		*ret = rep;
	return rep.error;
}

void client_open(struct server *s, struct client *c)
{
	int sv[2];

	memset(c, 0, sizeof(*c));
	c->lane = -1;
	c->control = client_connect(s);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(link_call(c, QDA_LINK_HELLO, QDA_LINK_VERSION, 0, 0, sv[1],
				   &c->hello), 0);
	close(sv[1]);
	c->root = sv[0];
}

void client_open_bank(struct server *s, struct client *c)
{
	struct qda_link_rep rep;
	int err, i = 0;

	client_open(s, c);
	/* what was closed a moment ago is free when its PD has ended */
	do {
		err = link_call(c, QDA_LINK_BANK_TAKE, 0, 0, 0, -1, &rep);
		if (err == -EBUSY)
			usleep(1000);
	} while (err == -EBUSY && ++i < 5000);
	assert_int_equal(err, 0);
	c->sid = (uint32_t)rep.a;
	c->next = rep.b;
}

void client_open_pd(struct server *s, struct client *c)
{
	client_open_bank(s, c);
	assert_int_equal(pd_create(c, NULL, 0), 0);
	c->lane = lane_new(c, 1);
}

void client_close(struct client *c)
{
	if (c->lane >= 0)
		close(c->lane);
	if (c->root >= 0)
		close(c->root);
	close(c->control);
}

void mem_new(struct client *c, struct mem *m, uint64_t size)
{
	m->size = (size + 4095) & ~4095ULL;
	m->addr = c->next;
	c->next += m->size + 4096;
	m->fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(m->fd >= 0);
	assert_int_equal(ftruncate(m->fd, (off_t)m->size), 0);
	assert_int_equal(fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	m->p = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	assert_true(m->p != MAP_FAILED);
	assert_int_equal(link_call(c, QDA_LINK_MAP, m->addr, m->size, 0, m->fd, NULL),
			 0);
}

void mem_free(struct client *c, struct mem *m)
{
	assert_int_equal(link_call(c, QDA_LINK_UNMAP, m->addr, m->size, 0, -1, NULL),
			 0);
	munmap(m->p, m->size);
	close(m->fd);
}

int lane_new(struct client *c, uint32_t tid)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(link_call(c, QDA_LINK_LANE, tid, 0, 0, sv[1], NULL), 0);
	close(sv[1]);
	return sv[0];
}

static unsigned int num_args(uint32_t sc)
{
	return (sc >> 16 & 0xff) + (sc >> 8 & 0xff) + (sc >> 4 & 0xf) + (sc & 0xf);
}

static void pack(struct client *c, char *payload, uint32_t sc, const struct arg *args)
{
	unsigned int n = num_args(sc), i;
	union qda_wire_arg *ra = (void *)payload;
	struct qda_wire_buf *list = (void *)(ra + n);
	struct qda_wire_page *page = (void *)(list + n);

	memset(payload, 0, QDA_WIRE_PAYLOAD(n));
	for (i = 0; i < n; i++) {
		if (args[i].dsp_id) {
			ra[i].dma.dsp_id = args[i].dsp_id;
			ra[i].dma.len = (uint32_t)args[i].len;
		} else {
			ra[i].buf.pv = 0x7777777700000000ULL | (args[i].addr & 4095);
			ra[i].buf.len = args[i].len;
		}
		if (!args[i].len)
			continue;
		list[i].num = 1;
		list[i].pgidx = i;
		page[i].addr = SID_BITS(c) | (args[i].addr & ~4095ULL);
		page[i].size = ((args[i].addr & 4095) + args[i].len + 4095) & ~4095ULL;
	}
}

uint64_t msg_send(struct client *c, int lane, uint32_t handle, uint32_t sc,
		  struct mem *payload, const struct arg *args)
{
	struct qda_wire_msg msg = {
		.client_id = handle == 1 ? 0 : 42,
		.tid = 7,
		.ctx = ++c->ctx << QDA_CTX_SEQ_SHIFT | 1 << QDA_CTX_ID_SHIFT | 1,
		.handle = handle,
		.sc = sc,
	};

	if (payload) {
		pack(c, payload->p, sc, args);
		msg.addr = SID_BITS(c) | payload->addr;
		msg.size = payload->size;
	}
	(void)!send(lane, &msg, sizeof(msg), MSG_NOSIGNAL);
	return msg.ctx;
}

int32_t msg_wait(int lane, uint64_t *ret_ctx)
{
	struct pollfd p = { lane, POLLIN, 0 };
	struct qda_wire_rsp rsp;
	ssize_t n;

	if (poll(&p, 1, TEST_TIMEOUT_MS) != 1)
		return TIMED_OUT;
	n = recv(lane, &rsp, sizeof(rsp), 0);
	if (n <= 0)
		return LANE_ENDED;
	assert_int_equal(n, sizeof(rsp));
	if (ret_ctx)
		*ret_ctx = rsp.ctx;
	return (int32_t)rsp.retval;
}

int32_t invoke(struct client *c, int lane, uint32_t handle, uint32_t sc,
	       const struct arg *args)
{
	struct mem payload;
	uint64_t ctx, got = 0;
	int32_t status;

	mem_new(c, &payload, QDA_WIRE_PAYLOAD(num_args(sc)));
	ctx = msg_send(c, lane, handle, sc, &payload, args);
	status = msg_wait(lane, &got);
	if (status != TIMED_OUT && status != LANE_ENDED)
		assert_int_equal(got, ctx);
	mem_free(c, &payload);
	return status;
}

int32_t pd_create(struct client *c, const void *image, size_t size)
{
	struct mem data, init;
	struct qda_wire_create *in;
	struct qda_wire_page *page;
	int32_t status;

	mem_new(c, &data, 4096 + size);
	mem_new(c, &init, 1 << 20);
	in = (void *)data.p;
	*in = (struct qda_wire_create){
		.client_id = 42, .namelen = 5, .filelen = (uint32_t)size,
		.num_pages = 1, .attrs = 8,
	};
	strcpy(data.p + 64, "test");
	page = (void *)(data.p + 128);
	page->addr = SID_BITS(c) | init.addr;
	page->size = init.size;
	if (size)
		memcpy(data.p + 4096, image, size);
	{
		const struct arg args[] = {
			ARG(&data, 0, sizeof(*in)),
			ARG(&data, 64, 5),
			ARG(&data, 4096, size),
			ARG(&data, 128, sizeof(*page)),
		};

		status = invoke(c, c->root, QDA_HANDLE_INIT, QDA_INIT_CREATE_ATTR, args);
	}
	mem_free(c, &data);
	/* the init memory stays the PD's */
	munmap(init.p, init.size);
	close(init.fd);
	return status;
}

int32_t pd_release(struct client *c)
{
	struct mem data;
	struct arg arg;
	int32_t status;

	mem_new(c, &data, 4096);
	arg = (struct arg)ARG(&data, 0, 4);
	status = invoke(c, c->root, QDA_HANDLE_INIT, QDA_INIT_RELEASE, &arg);
	mem_free(c, &data);
	return status;
}

int32_t pd_map(struct client *c, const struct mem *m, uint32_t id, uint32_t flags,
	       uint64_t *ret_addr)
{
	struct mem data;
	struct qda_wire_page page = { SID_BITS(c) | m->addr, m->size };
	int32_t status;

	mem_new(c, &data, 4096);
	*(struct qda_wire_mem_map *)(void *)data.p = (struct qda_wire_mem_map){
		.client_id = 42, .dsp_id = id, .flags = flags, .num = sizeof(page),
	};
	memcpy(data.p + 64, &page, sizeof(page));
	{
		const struct arg args[] = {
			ARG(&data, 0, 32), ARG(&data, 64, 16), { 0 }, ARG(&data, 128, 8),
		};

		status = invoke(c, c->root, QDA_HANDLE_INIT, QDA_INIT_MEM_MAP, args);
	}
	memcpy(ret_addr, data.p + 128, 8);
	mem_free(c, &data);
	return status;
}

int32_t pd_unmap(struct client *c, const struct mem *m, uint32_t id, uint64_t addr)
{
	struct mem data;
	struct arg arg;
	int32_t status;

	mem_new(c, &data, 4096);
	*(struct qda_wire_mem_unmap *)(void *)data.p = (struct qda_wire_mem_unmap){
		.client_id = 42, .dsp_id = id, .vaddr = addr, .length = m->size,
	};
	arg = (struct arg)ARG(&data, 0, 24);
	status = invoke(c, c->root, QDA_HANDLE_INIT, QDA_INIT_MEM_UNMAP, &arg);
	mem_free(c, &data);
	return status;
}

uint32_t module_open(struct client *c, const char *uri, int32_t *ret_error, char *text)
{
	size_t len = strlen(uri) + 1;
	uint32_t in[2] = { (uint32_t)len, 2048 }, out[2];
	struct mem data;

	mem_new(c, &data, 8192);
	memcpy(data.p, in, sizeof(in));
	memcpy(data.p + 64, uri, len);
	{
		const struct arg args[] = {
			ARG(&data, 0, 8), ARG(&data, 64, len), ARG(&data, 2048, 8),
			ARG(&data, 4096, 2048),
		};

		assert_int_equal(invoke(c, c->lane, QDA_HANDLE_REMOTECTL1, 0x02020200,
					args), 0);
	}
	memcpy(out, data.p + 2048, sizeof(out));
	if (text)
		memcpy(text, data.p + 4096, 2048);
	*ret_error = (int32_t)out[1];
	mem_free(c, &data);
	return out[1] ? 0 : out[0];
}

int32_t module_close(struct client *c, uint32_t handle)
{
	uint32_t in[2] = { handle, 256 }, out;
	struct mem data;

	mem_new(c, &data, 4096);
	memcpy(data.p, in, sizeof(in));
	{
		const struct arg args[] = {
			ARG(&data, 0, 8), ARG(&data, 64, 4), ARG(&data, 128, 256),
		};

		assert_int_equal(invoke(c, c->lane, QDA_HANDLE_REMOTECTL1, 0x03010200,
					args), 0);
	}
	memcpy(&out, data.p + 64, 4);
	mem_free(c, &data);
	return (int32_t)out;
}

void wait_lane_end(int lane)
{
	struct pollfd p = { lane, POLLIN, 0 };
	char c;

	assert_int_equal(poll(&p, 1, TEST_TIMEOUT_MS), 1);
	assert_true(recv(lane, &c, 1, 0) <= 0);
}

int count_children(pid_t pid)
{
	char path[64];
	struct dirent *d;
	DIR *dir = opendir("/proc");
	FILE *f;
	int n = 0, ppid;

	assert_non_null(dir);
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", d->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%*d (%*[^)]) %*c %d", &ppid) == 1 && ppid == pid)
			n++;
		fclose(f);
	}
	closedir(dir);
	return n;
}

pid_t pd_pid(struct server *s, uint32_t sid)
{
	const char *at = steer(s, "pds");
	unsigned int id;
	int pid, n;

	for (; at && sscanf(at, " %u:%d:%*s%n", &id, &pid, &n) == 2; at += n) {
		if (id == sid)
			return pid;
	}
	return 0;
}
