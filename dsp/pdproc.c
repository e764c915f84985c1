// SPDX-License-Identifier: MIT
/* PD processes: start them, hand them what the client gives, report their end */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softdsp.h"
#include "transport-dev.h"

#define PD_LINK_FD	3
#define EXIT_NO_EXEC	127
/* more than a socket holds: a child of the PD may go on filling it */
#define LAST_WORDS	4096
/* every mapping may have to wait while the PD does not read */
#define MAX_QUEUED	(BANK_MAX_MAPPINGS + 4 * CONN_MAX_BUSY)

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC	(1U << 2)
#endif

/* What the PD owes an answer to; without conn and call nobody wants it */
struct request {
	struct list node;
	uint32_t seq;
	bool at_end;			/* answered by the PD's end only */
	struct conn *conn;
	struct qda_link_req req;
	struct call *call;
};

extern char **environ;

bool pd_is_alive(const struct pd *pd)
{
	return pd->state != PD_GONE;
}

void pd_free(struct pd *pd)
{
	if (pd->shared)
		munmap(pd->shared, sizeof(*pd->shared));
	loop_free_later(pd);
}

void pd_send_packet(struct pd *pd, const struct pdlink_packet *packet)
{
	chan_send(&pd->link, packet, sizeof(*packet), -1);
}

void pd_set_armed(struct pd *pd, uint32_t armed)
{
	if (pd->shared)
		atomic_store(&pd->shared->armed, armed);
}

/* --- requests -------------------------------------------------------------- */

static struct request *add_request(struct pd *pd)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->seq = ++pd->next_seq;
	list_add(&pd->requests, &r->node);
	return r;
}

void pd_forward(struct pd *pd, struct conn *conn, const struct qda_link_req *req,
		int fd)
{
	static const uint32_t ops[] = {
		[QDA_LINK_MAP] = PDLINK_MAP,
		[QDA_LINK_UNMAP] = PDLINK_UNMAP,
		[QDA_LINK_LANE] = PDLINK_LANE,
		[QDA_LINK_PD_STATE] = PDLINK_PING,
	};
	struct request *r = add_request(pd);
	struct pdlink_packet packet = { .op = ops[req->op] };

	if (!r) {
		conn_reply(conn, req->op, req->seq, -ENOMEM, 0, 0);
		return;
	}
	r->conn = conn;
	r->req = *req;
	conn_busy(conn);
	packet.seq = r->seq;
	packet.a = req->a;
	packet.b = req->b;
	packet.c = req->c;
	/* if it cannot be sent the PD is about to end, which answers it too */
	chan_send(&pd->link, &packet, sizeof(packet), fd);
}

void pd_register(struct pd *pd, struct call *call, const struct pdlink_packet *packet)
{
	struct pdlink_packet out = *packet;
	struct request *r = add_request(pd);

	if (!r) {
		call_finish(call, DSP_ENOMEMORY);
		return;
	}
	r->call = call;
	out.seq = r->seq;
	chan_send(&pd->link, &out, sizeof(out), -1);
}

void pd_forget_conn(struct pd *pd, struct conn *conn)
{
	struct list *node;

	list_for_each(node, &pd->requests) {
		struct request *r = container_of(node, struct request, node);

		if (r->conn == conn)
			r->conn = NULL;
	}
}

/* A request of the client is done, by the PD or by its end */
static void finish_request(struct pd *pd, struct request *r, int error, bool gone)
{
	struct mapping *map;
	uint64_t a = 0, b = 0;

	switch (r->req.op) {
	case QDA_LINK_MAP:
		if (error && !gone)
			bank_unmap(pd->bank, r->req.a, r->req.b);
		if (gone)
			error = 0;
		break;
	case QDA_LINK_UNMAP:
		if (gone)
			error = 0;
		if (!error) {
			error = bank_unmap(pd->bank, r->req.a, r->req.b);
		} else {
			map = bank_find_map(pd->bank, r->req.a, r->req.b);
			if (map)
				map->unmapping = false;
		}
		break;
	case QDA_LINK_LANE:
		if (gone)
			error = -ENOTCONN;
		break;
	case QDA_LINK_PD_STATE:
		a = gone ? QDA_LINK_PD_GONE : QDA_LINK_PD_RUNNING;
		b = gone ? (uint32_t)pd->status : 0;
		error = 0;
		break;
	}
	if (r->conn) {
		conn_reply(r->conn, r->req.op, r->req.seq, error, a, b);
		conn_unbusy(r->conn);
	}
}

static void finish_all(struct pd *pd)
{
	struct request *r;

	while (!list_empty(&pd->requests)) {
		r = container_of(pd->requests.next, struct request, node);
		list_del(&r->node);
		if (r->at_end)
			call_finish(r->call, 0);
		else if (r->call)
			call_registered(r->call, pd->status, 0);
		else
			finish_request(pd, r, 0, true);
		free(r);
	}
}

/* --- its end ---------------------------------------------------------------- */

uint64_t pd_count(const struct pd *pd, const uint32_t *handle, const uint32_t *method)
{
	uint64_t sum = 0, key, n;
	size_t i;

	if (!pd->shared)
		return 0;
	if (!handle && !method)
		sum = atomic_load(&pd->shared->other_calls);
	for (i = 0; i < PDLINK_COUNTS; i++) {
		key = atomic_load(&pd->shared->counts[i].key);
		n = atomic_load(&pd->shared->counts[i].n);
		if (!key-- || (handle && *handle != key >> 5) ||
		    (method && *method != (key & 0x1f)))
			continue;
		sum += n;
	}
	return sum;
}

static void keep_counts(struct pd *pd)
{
	uint64_t key;
	size_t i;

	count_other(atomic_load(&pd->shared->other_calls));
	for (i = 0; i < PDLINK_COUNTS; i++) {
		key = atomic_load(&pd->shared->counts[i].key);
		if (key--)
			count_add((uint32_t)(key >> 5), key & 0x1f,
				  atomic_load(&pd->shared->counts[i].n));
	}
	munmap(pd->shared, sizeof(*pd->shared));
	pd->shared = NULL;
}

static void report_fault(struct pd *pd)
{
	if (atomic_load(&pd->shared->fault) != 2)
		return;
	if (pd->shared->fault_in_window)
		fault_add(pd->bank->sid, pd->shared->fault_addr);
	else
		log_line("PD %d: signal %u at %#llx", pd->pid, pd->shared->fault_signal,
			 (unsigned long long)pd->shared->fault_addr);
}

static int32_t start_failure(const struct pd *pd)
{
	/* no such file: its interpreter, which the image names */
	if (pd->exec_error == ENOEXEC || pd->exec_error == ENOENT ||
	    pd->exec_error == ELIBBAD || pd->exec_error == EINVAL)
		return DSP_EBADELF;
	if (pd->exec_error == ENOMEM || pd->exec_error == E2BIG)
		return DSP_ENOMEMORY;
	return DSP_EUNABLETOLOAD;
}

static void on_exited(struct source *source, uint32_t mask)
{
	struct pd *pd = container_of(source, struct pd, exited);
	struct call *create;
	siginfo_t info = { 0 };
	uint32_t how = 2;

	(void)mask;
	/* what it forked holds its lanes, so that nobody would see them end; not yet
	 * reaped, it is still the one whose number the group has */
	kill(-pd->pid, SIGKILL);
	/* only this child: waiting for any would take what is not ours */
	if (waitid(P_PID, (id_t)pd->pid, &info, WEXITED | WNOHANG) || !info.si_pid)
		return;
	loop_remove(&pd->exited);
	/* its last words may still be in the socket; it cannot start any more */
	pd->state = PD_DYING;
	chan_drain(&pd->link, LAST_WORDS);
	chan_close(&pd->link);
	pd->state = PD_GONE;
	pd->status = DSP_EINVALIDPROCESS;
	if (info.si_code != CLD_EXITED && info.si_status != SIGKILL) {
		pd->status = DSP_ECPUEXCEPTION;
		how = 3;
	} else if (info.si_code == CLD_EXITED) {
		how = 1;
	}
	log_line("PD %d of stream %u ended: %s %d", pd->pid, pd->bank->sid,
		 info.si_code == CLD_EXITED ? "exit" : "signal", info.si_status);
	report_fault(pd);
	keep_counts(pd);
	steer_forget_pd(pd);
	create = pd->create;
	pd->create = NULL;
	/* what has never run has no client to tell but the one that waits */
	if (pd->notify && pd->bank->conn && !pd->killed && !create)
		conn_notify(pd->bank->conn, pd->client_id, how);
	if (create)
		call_finish(create, start_failure(pd));
	finish_all(pd);
	if (device_used())
		device_pd_gone(pd);
	/* the connection is gone and waited only for this */
	if (!pd->bank->conn && pd->bank->pd == pd)
		bank_release(pd->bank);
}

static void send_signal(struct pd *pd)
{
	if (pd->state == PD_GONE || pd->state == PD_DYING)
		return;
	pd->state = PD_DYING;
	/* works on a stopped process too; there is none it does not end */
	syscall(SYS_pidfd_send_signal, pd->exited.fd, SIGKILL, NULL, 0);
}

void pd_kill(struct pd *pd, struct call *call)
{
	struct request *r = call ? add_request(pd) : NULL;

	if (r) {
		r->call = call;
		r->at_end = true;
	} else if (call) {
		call_finish(call, DSP_ENOMEMORY);
	}
	pd->killed = true;
	send_signal(pd);
}

int pd_check_deadlines(void)
{
	int64_t now = now_ms(), next = -1, left;
	unsigned int i;

	for (i = 0; i < dsp.num_banks; i++) {
		struct pd *pd = dsp.banks[i].pd;

		if (!pd || pd->state != PD_STARTING)
			continue;
		left = pd->deadline_ms - now;
		if (left <= 0)
			send_signal(pd);
		else if (next < 0 || left < next)
			next = left;
	}
	return (int)next;
}

/* --- what it says ------------------------------------------------------------ */

static void on_answer(struct pd *pd, const struct pdlink_packet *packet)
{
	struct call *create = pd->create;
	struct list *node;

	if (!packet->seq) {
		if (pd->state != PD_STARTING)
			return;
		if (packet->error) {
			send_signal(pd);
			return;
		}
		pd->state = PD_RUNNING;
		pd->create = NULL;
		call_finish(create, 0);
		return;
	}
	list_for_each(node, &pd->requests) {
		struct request *r = container_of(node, struct request, node);

		if (r->seq != packet->seq || r->at_end)
			continue;
		list_del(node);
		if (r->call)
			call_registered(r->call, packet->status, packet->a);
		else
			finish_request(pd, r, packet->error, false);
		free(r);
		return;
	}
}

static void on_packet(struct chan *chan, struct packet *in)
{
	struct pd *pd = container_of(chan, struct pd, link);
	struct pdlink_packet packet;

	if (in->len != sizeof(packet)) {
		send_signal(pd);
		return;
	}
	memcpy(&packet, in->data, sizeof(packet));
	switch (packet.op) {
	case PDLINK_ANSWER:
		on_answer(pd, &packet);
		break;
	case PDLINK_CALL:
	case PDLINK_REPLY:
		steer_pd_packet(pd, &packet);
		break;
	case PDLINK_NOTIFY:
		pd->notify = true;
		break;
	case PDLINK_EXEC_FAILED:
		pd->exec_error = packet.error;
		break;
	default:
		send_signal(pd);
	}
}

static void on_link_closed(struct chan *chan)
{
	struct pd *pd = container_of(chan, struct pd, link);

	/* nothing can be asked of it any more; mostly it is ending anyway */
	chan_close(chan);
	send_signal(pd);
}

/* --- its beginning ------------------------------------------------------------ */

static _Noreturn void run_child(int link, int image, pid_t root)
{
	const char *argv[] = {
		"qda-pd", "--fd", "3", "--domain", dsp.domain, NULL,
	};
	struct pdlink_packet failed = { .op = PDLINK_EXEC_FAILED };
	struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != root)
		_exit(EXIT_NO_EXEC);
	setsid();
	setrlimit(RLIMIT_CORE, &no_core);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* out of the way of the numbers that are about to be used */
	image = fcntl(image, F_DUPFD_CLOEXEC, 10);
	link = fcntl(link, F_DUPFD_CLOEXEC, 10);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	dup2(link, PD_LINK_FD);
	syscall(SYS_close_range, PD_LINK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	syscall(SYS_execveat, image, "", argv, environ, AT_EMPTY_PATH);
	failed.error = errno;
	send(PD_LINK_FD, &failed, sizeof(failed), MSG_NOSIGNAL);
	_exit(EXIT_NO_EXEC);
}

static int make_shared(struct pd *pd)
{
	int fd = memfd_create("qda-pd-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p;

	if (fd < 0)
		return -1;
	/* the PD must not be able to take it away from under us */
	if (ftruncate(fd, sizeof(*pd->shared)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		close(fd);
		return -1;
	}
	p = mmap(NULL, sizeof(*pd->shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		close(fd);
		return -1;
	}
	pd->shared = p;
	return fd;
}

static int spawn(struct pd *pd, int image, int *ret_link)
{
	int sv[2], pidfd;
	pid_t root = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		return -errno;
	pd->pid = fork();
	if (!pd->pid)
		run_child(sv[1], image, root);
	close(sv[1]);
	if (pd->pid < 0) {
		close(sv[0]);
		return -EAGAIN;
	}
	pidfd = pidfd_open(pd->pid, 0);
	if (pidfd < 0 || fcntl(pidfd, F_SETFD, FD_CLOEXEC) ||
	    loop_add(&pd->exited, pidfd, EPOLLIN, on_exited)) {
		if (pidfd >= 0)
			close(pidfd);
		close(sv[0]);
		kill(pd->pid, SIGKILL);
		waitpid(pd->pid, NULL, 0);
		return -ENOMEM;
	}
	*ret_link = sv[0];
	return 0;
}

static int start(struct pd *pd, const struct pd_params *params, int image)
{
	struct pdlink_packet hello = {
		.op = PDLINK_HELLO,
		.a = PDLINK_VERSION,
		.b = pd->bank->sid,
		.c = params->heap,
		.sid_pos = dsp.sid_pos,
		.flags = params->kind | (params->is_signed ? PDLINK_SIGNED : 0),
	};
	int err, link = -1, shared = make_shared(pd);

	if (shared < 0)
		return -ENOMEM;
	err = spawn(pd, image, &link);
	if (err) {
		close(shared);
		return err;
	}
	if (chan_init(&pd->link, link, MAX_QUEUED, on_packet, on_link_closed)) {
		/* its end is reported like any other */
		close(link);
		pd->link.source.fd = -1;
		close(shared);
		send_signal(pd);
		return 0;
	}
	chan_send(&pd->link, &hello, sizeof(hello), shared);
	close(shared);
	return 0;
}

/* all that is mapped already; nobody waits for these answers */
static void hand_over_mappings(struct pd *pd)
{
	size_t i;

	if (device_used())
		device_hand_over(pd);
	for (i = 0; i < pd->bank->num_maps; i++) {
		const struct mapping *map = &pd->bank->maps[i];
		struct pdlink_packet packet = {
			.op = PDLINK_MAP,
			.seq = UINT32_MAX,
			.a = map->addr,
			.b = map->size,
			.c = map->offset,
		};

		chan_send(&pd->link, &packet, sizeof(packet), map->fd);
	}
}

void pd_start(struct bank *bank, const struct pd_params *params, struct call *call)
{
	int32_t status = 0;
	int image = params->image;
	struct pd *pd = NULL;

	if (bank->pd && pd_is_alive(bank->pd))
		status = DSP_EALREADY;
	if (!status && image < 0) {
		image = open(dsp.shell, O_RDONLY | O_CLOEXEC);
		if (image < 0) {
			fprintf(stderr, "qda-softdsp: built-in shell %s: %s\n",
				dsp.shell, strerror(errno));
			status = DSP_ENOSUCHMOD;
		}
	}
	if (!status) {
		pd = calloc(1, sizeof(*pd));
		if (!pd)
			status = DSP_ENOMEMORY;
	}
	if (!status) {
		pd->bank = bank;
		pd->client_id = params->client_id;
		pd->link.source.fd = pd->exited.fd = -1;
		list_init(&pd->link.out);
		list_init(&pd->requests);
		pd->deadline_ms = now_ms() + CREATE_TIMEOUT_MS;
		if (start(pd, params, image)) {
			pd_free(pd);
			status = DSP_ENOMEMORY;
		}
	}
	if (image >= 0)
		close(image);
	if (status) {
		call_finish(call, status);
		return;
	}
	if (bank->pd)
		pd_free(bank->pd);
	bank->pd = pd;
	pd->create = call;
	pd_set_armed(pd, steer_armed());
	hand_over_mappings(pd);
}
