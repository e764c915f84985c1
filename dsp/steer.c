// SPDX-License-Identifier: MIT
/* The steering socket: one packet is one command, one packet the answer. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "steer-rules.h"
#include "transport-dev.h"

#define MAX_ANSWER	60000
#define MAX_QUEUED	64
#define MAX_CLIENTS	64

struct client {
	struct list node;
	struct chan chan;
};

static struct list clients = { &clients, &clients };
static unsigned int num_clients;
static struct listener listener = { .source = { .fd = -1 } };
static char answer[MAX_ANSWER];

__attribute__((format(printf, 1, 2))) static void ok(const char *format, ...)
{
	va_list ap;
	size_t at = strlen(strcpy(answer, "ok "));

	va_start(ap, format);
	vsnprintf(answer + at, sizeof(answer) - at, format, ap);
	va_end(ap);
}

__attribute__((format(printf, 1, 2))) static void error(const char *format, ...)
{
	va_list ap;
	size_t at = strlen(strcpy(answer, "error "));

	va_start(ap, format);
	vsnprintf(answer + at, sizeof(answer) - at, format, ap);
	va_end(ap);
}

static void append(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void append(const char *format, ...)
{
	va_list ap;
	size_t at = strlen(answer);

	va_start(ap, format);
	vsnprintf(answer + at, sizeof(answer) - at, format, ap);
	va_end(ap);
}

static const char *state_name(enum pd_state state)
{
	static const char *const names[] = {
		[PD_STARTING] = "starting",
		[PD_RUNNING] = "running",
		[PD_DYING] = "dying",
		[PD_GONE] = "gone",
	};

	return names[state];
}

static void do_pds(void)
{
	unsigned int i;

	ok("%s", "");
	for (i = 0; i < dsp.num_banks; i++) {
		struct pd *pd = dsp.banks[i].pd;

		if (pd)
			append("%s%u:%d:%s", answer[3] ? " " : "", i + 1, pd->pid,
			       state_name(pd->state));
	}
}

static void do_count(const struct steer_command *cmd)
{
	uint32_t handle = (uint32_t)cmd->value[STEER_KEY_HANDLE];
	uint32_t method = (uint32_t)cmd->value[STEER_KEY_METHOD];
	const uint32_t *h = steer_has(cmd, STEER_KEY_HANDLE) ? &handle : NULL;
	const uint32_t *m = steer_has(cmd, STEER_KEY_METHOD) ? &method : NULL;
	uint64_t sum = count_sum(h, m);
	unsigned int i;

	for (i = 0; i < dsp.num_banks; i++) {
		if (dsp.banks[i].pd)
			sum += pd_count(dsp.banks[i].pd, h, m);
	}
	ok("%llu", (unsigned long long)sum);
}

static void append_map(uint64_t addr, uint64_t size)
{
	append("%s%#llx:%#llx", answer[3] ? " " : "", (unsigned long long)addr,
	       (unsigned long long)size);
}

static void do_maps(const struct bank *bank)
{
	size_t i;

	ok("%s", "");
	for (i = 0; i < bank->num_maps; i++)
		append_map(bank->maps[i].addr, bank->maps[i].size);
	/* the driver tells nobody what it maps: there the IOMMU is asked */
	if (device_used() && !device_list_maps(bank->sid, append_map))
		error("%s", strerror(errno));
}

static void do_peek(const struct bank *bank, uint64_t addr, size_t len)
{
	static uint8_t data[STEER_MAX_DATA];
	size_t i;
	char *at;

	if (addr >= bank->wire.end || !bank_read(bank, addr, data, len)) {
		error("fault");
		return;
	}
	ok("%s", "");
	at = answer + 3;
	for (i = 0; i < len; i++)
		at += sprintf(at, "%02x", data[i]);
}

static void do_poke(const struct bank *bank, const struct steer_command *cmd)
{
	uint64_t addr = cmd->value[STEER_KEY_ADDR];

	if (addr >= bank->wire.end || !bank_write(bank, addr, cmd->data, cmd->len))
		error("fault");
	else
		ok("%zu", cmd->len);
}

/* commands that name a bank with a client */
static void do_session(const struct steer_command *cmd, struct conn *conn)
{
	struct pd *pd = conn->bank->pd;
	int err;

	/* the client does not read: answers need the room that is left */
	if (chan_is_full(&conn->lane)) {
		error("full");
		return;
	}
	if (cmd->verb == STEER_SEND)
		err = cmd->len ? chan_send(&conn->lane, cmd->data, cmd->len, -1) :
				 -EINVAL;
	else
		err = conn_notify(conn, pd ? pd->client_id : 0,
				  (uint32_t)cmd->value[STEER_KEY_STATUS]);
	if (err)
		error("%s", strerror(-err));
	else
		ok("%s", "sent");
}

static void do_crash_pd(struct pd *pd)
{
	if (!pd || pd->state != PD_RUNNING) {
		error("no PD runs there");
		return;
	}
	/* as if its code had raised it: the fault handler and all */
	if (syscall(SYS_pidfd_send_signal, pd->exited.fd, SIGSEGV, NULL, 0))
		error("%s", strerror(errno));
	else
		ok("%d", pd->pid);
}

static void do_bank(const struct steer_command *cmd)
{
	uint64_t sid = cmd->value[cmd->verb == STEER_CRASH ? STEER_KEY_PD :
							     STEER_KEY_SID];
	struct bank *bank = bank_find(sid);

	if (!bank) {
		error("no stream %llu, there are 1 to %u", (unsigned long long)sid,
		      dsp.num_banks);
		return;
	}
	switch (cmd->verb) {
	case STEER_MAPS:
		do_maps(bank);
		break;
	case STEER_PEEK:
		do_peek(bank, cmd->value[STEER_KEY_ADDR],
			(size_t)cmd->value[STEER_KEY_LEN]);
		break;
	case STEER_POKE:
		do_poke(bank, cmd);
		break;
	case STEER_CRASH:
		do_crash_pd(bank->pd);
		break;
	default:
		if (!bank->conn)
			error("no client has stream %llu", (unsigned long long)sid);
		else
			do_session(cmd, bank->conn);
	}
}

static void do_rule(const struct steer_command *cmd)
{
	uint32_t id = (uint32_t)cmd->word[0];
	int n;

	switch (cmd->verb) {
	case STEER_RELEASE:
	case STEER_CANCEL:
		n = rules_release(id, cmd->verb == STEER_RELEASE);
		if (n < 0)
			error("no rule %u", id);
		else
			ok("%d", n);
		break;
	case STEER_HELD:
		ok("%s", "");
		if (!rules_held(id, answer + 3, sizeof(answer) - 3))
			error("no rule %u", id);
		break;
	default:
		id = rules_add(cmd);
		if (id)
			ok("%u", id);
		else
			error("out of memory");
	}
}

static void execute(const struct steer_command *cmd)
{
	switch (cmd->verb) {
	case STEER_HOLD:
	case STEER_PAUSE:
	case STEER_REPLY:
	case STEER_FAIL:
	case STEER_RELEASE:
	case STEER_CANCEL:
	case STEER_HELD:
		do_rule(cmd);
		break;
	case STEER_MAPADDR:
		rules_set_map_address(cmd->word[0]);
		ok("%#llx", (unsigned long long)cmd->word[0]);
		break;
	case STEER_FAULTS:
		ok("%s", "");
		fault_list(answer + 3, sizeof(answer) - 3);
		break;
	case STEER_HEAP:
		ok("%s", "");
		heap_show(answer + 3, sizeof(answer) - 3);
		break;
	case STEER_COUNT:
		do_count(cmd);
		break;
	case STEER_PDS:
		do_pds();
		break;
	case STEER_ATTR:
		if (cmd->word[0] > UINT32_MAX || cmd->word[1] > UINT32_MAX ||
		    !attrs_set((uint32_t)cmd->word[0], (uint32_t)cmd->word[1]))
			error("attributes are 1 to %d, of 32 bits", QDA_UTIL_NUM_ATTRS);
		else
			ok("%llu", (unsigned long long)cmd->word[1]);
		break;
	case STEER_CRASH:
		if (!steer_has(cmd, STEER_KEY_PD)) {
			softdsp_restart();
			ok("%s", "restarted");
			break;
		}
		do_bank(cmd);
		break;
	default:
		do_bank(cmd);
	}
}

static void on_command(struct chan *chan, struct packet *packet)
{
	static struct steer_command cmd;
	const char *wrong;

	wrong = packet->truncated ? "the line is too long" :
				    steer_parse(packet->data, packet->len, &cmd);
	if (wrong)
		error("%s", wrong);
	else
		execute(&cmd);
	chan_send(chan, answer, strlen(answer), -1);
}

static void on_closed(struct chan *chan)
{
	struct client *client = container_of(chan, struct client, chan);

	chan_close(chan);
	list_del(&client->node);
	num_clients--;
	loop_free_later(client);
}

static void on_connect(struct source *source, uint32_t mask)
{
	int fd = listen_accept(source, num_clients >= MAX_CLIENTS);
	struct client *client;

	(void)mask;
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (!client ||
	    chan_init(&client->chan, fd, MAX_QUEUED, on_command, on_closed)) {
		close(fd);
		free(client);
		return;
	}
	list_add(&clients, &client->node);
	num_clients++;
}

int steer_listen(const char *path)
{
	return listen_at(&listener, path, on_connect);
}

void steer_stop(void)
{
	rules_clear();
	while (!list_empty(&clients))
		on_closed(&container_of(clients.next, struct client, node)->chan);
	loop_remove(&listener.source);
}
