// SPDX-License-Identifier: MIT
/*
 * --device: clients come through a driver, over the virtual transport's node
 * (kernel/qda_sim), instead of sockets.
 *
 * The node does not say who calls, only in which context bank. So there is one
 * connection per bank, made here and never closed by a client: its lane ends here
 * and goes on to the node. Calls for a PD go to one of its threads per thread id of
 * the caller, as with sockets. What such a client would ask of its PD when a lane
 * ends, is asked here: calls that a dead PD leaves are answered for it.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qda_sim/qda_sim.h"
#include "softdsp.h"
#include "transport-dev.h"

/* packets of a PD that has ended; a child it left could send for ever */
#define MAX_LAST	4096
#define MAX_QUEUED	1024
/* more do not fit in an answer */
#define MAX_LISTED	2048
/* below what a PD takes; the driver does not tell when a thread has ended */
#define MAX_LANES	(PDLINK_MAX_LANES / 2)

struct lane {
	struct list node;		/* least recently used first */
	struct port *port;
	uint32_t tid, seq;
	struct chan chan;		/* other end: the PD */
	uint64_t *calls;		/* context words not answered */
	size_t num_calls, max_calls;
};

/* A bank, as its client's side of the sockets */
struct port {
	struct conn *conn;
	struct chan lane, control;
	struct list lanes;
	unsigned int num_lanes;
	bool releasing;			/* the driver has sent RELEASE */
};

static const char *path;
static struct source source = { .fd = -1 };
static struct qda_sim_info info;
static struct port ports[SOFTDSP_MAX_BANKS];
static uint32_t next_seq;
/* PDs of before a restart still die: nothing is read, the channel may be down */
static bool resetting, channel_up_later;

static uint32_t port_sid(const struct port *port)
{
	return (uint32_t)(port - ports) + 1;
}

/* --- memory ---------------------------------------------------------------- */

static bool access_memory(uint32_t sid, uint64_t addr, void *buf, size_t len, uint32_t flags)
{
	struct qda_sim_access access = {
		.sid = sid,
		.flags = flags,
		.addr = addr,
		.len = len,
		.buf = (uintptr_t)buf,
	};

	return !ioctl(source.fd, QDA_SIM_IOC_ACCESS, &access);
}

bool device_covers(uint32_t sid, uint64_t addr, uint64_t size)
{
	return access_memory(sid, addr, NULL, size, 0);
}

bool device_read(uint32_t sid, uint64_t addr, void *buf, size_t len)
{
	return !len || access_memory(sid, addr, buf, len, 0);
}

bool device_write(uint32_t sid, uint64_t addr, const void *buf, size_t len)
{
	return !len || access_memory(sid, addr, (void *)(uintptr_t)buf, len,
				     QDA_SIM_ACCESS_WRITE);
}

bool device_list_maps(uint32_t sid, void (*fn)(uint64_t addr, uint64_t size))
{
	static struct qda_sim_range ranges[MAX_LISTED];
	struct qda_sim_maps maps = {
		.sid = sid, .max = MAX_LISTED, .ranges = (uintptr_t)ranges,
	};
	uint32_t i;

	if (ioctl(source.fd, QDA_SIM_IOC_MAPS, &maps))
		return errno == ENODEV;	/* nothing is mapped in a bank that is not */
	for (i = 0; i < maps.num && i < MAX_LISTED; i++)
		fn(ranges[i].addr, ranges[i].size);
	return true;
}

void device_hand_over(struct pd *pd)
{
	struct pdlink_packet packet = {
		.op = PDLINK_MAP,
		.seq = UINT32_MAX,
		.b = pd->bank->wire.end,
		.c = QDA_SIM_OFFSET(pd->bank->sid, 0),
	};
	/* an open file of its own: ours is what keeps the channel */
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "qda-softdsp: %s: %s\n", path, strerror(errno));
		return;
	}
	chan_send(&pd->link, &packet, sizeof(packet), fd);
	close(fd);
}

/* --- to the driver ------------------------------------------------------------ */

static void reply(uint32_t sid, const void *data, size_t len)
{
	struct {
		struct qda_sim_reply head;
		unsigned char data[QDA_SIM_MAX_DATA];
	} out = { .head = { .sid = sid, .len = (uint32_t)len } };

	if (len > sizeof(out.data))
		return;
	memcpy(out.data, data, len);
	/* no driver listens any more: then nobody misses it */
	if (write(source.fd, &out, sizeof(out.head) + len) < 0 && errno != ENOTCONN)
		log_line("reply of %zu bytes: %s", len, strerror(errno));
}

static void reply_status(uint32_t sid, uint64_t ctx, int32_t status)
{
	struct qda_wire_rsp rsp = {
		.ctx = htole64(ctx), .retval = htole32((uint32_t)status),
	};

	reply(sid, &rsp, sizeof(rsp));
}

/* --- lanes: to a thread of the PD --------------------------------------------- */

static void lane_free(struct lane *lane)
{
	chan_close(&lane->chan);
	list_del(&lane->node);
	lane->port->num_lanes--;
	free(lane->calls);
	loop_free_later(lane);
}

static void lane_fail(struct lane *lane, int32_t status)
{
	size_t i;

	for (i = 0; i < lane->num_calls; i++)
		reply_status(port_sid(lane->port), lane->calls[i], status);
	lane_free(lane);
}

static void on_lane_packet(struct chan *chan, struct packet *packet)
{
	struct lane *lane = container_of(chan, struct lane, chan);
	uint64_t ctx;
	size_t i;

	if (packet->len >= sizeof(ctx)) {
		memcpy(&ctx, packet->data, sizeof(ctx));
		ctx = le64toh(ctx);
		for (i = 0; i < lane->num_calls; i++) {
			if (lane->calls[i] != ctx)
				continue;
			lane->calls[i] = lane->calls[--lane->num_calls];
			break;
		}
	}
	reply(port_sid(lane->port), packet->data, packet->len);
}

/* Its PD ends: what it has left is answered when it is known how. */
static void on_lane_closed(struct chan *chan)
{
	chan_close(chan);
}

static struct lane *lane_new(struct port *port, struct pd *pd, uint32_t tid)
{
	struct qda_link_req req = { .op = QDA_LINK_LANE, .a = tid };
	struct lane *lane = calloc(1, sizeof(*lane));
	int sv[2];

	if (!lane)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv)) {
		free(lane);
		return NULL;
	}
	if (chan_init(&lane->chan, sv[0], MAX_QUEUED, on_lane_packet, on_lane_closed)) {
		close(sv[0]);
		close(sv[1]);
		free(lane);
		return NULL;
	}
	lane->port = port;
	lane->tid = tid;
	lane->seq = req.seq = ++next_seq;
	list_add(&port->lanes, &lane->node);
	port->num_lanes++;
	pd_forward(pd, port->conn, &req, sv[1]);
	close(sv[1]);
	return lane;
}

static struct lane *find_lane(struct port *port, struct pd *pd, uint32_t tid)
{
	struct lane *idle = NULL;
	struct list *node;

	list_for_each(node, &port->lanes) {
		struct lane *lane = container_of(node, struct lane, node);

		if (lane->tid == tid && chan_is_open(&lane->chan)) {
			list_del(node);
			list_add(&port->lanes, node);
			return lane;
		}
		if (!idle && !lane->num_calls)
			idle = lane;
	}
	if (port->num_lanes >= MAX_LANES && idle)
		lane_free(idle);
	return lane_new(port, pd, tid);
}

static void send_to_pd(struct port *port, struct pd *pd, const struct payload_msg *msg,
		       const struct qda_sim_record *record)
{
	struct lane *lane = find_lane(port, pd, msg->tid);
	uint64_t *calls;
	size_t max;

	if (lane && lane->num_calls == lane->max_calls) {
		max = lane->max_calls ? 2 * lane->max_calls : 4;
		calls = realloc(lane->calls, max * sizeof(*calls));
		if (calls) {
			lane->calls = calls;
			lane->max_calls = max;
		} else {
			lane = NULL;
		}
	}
	if (!lane) {
		reply_status(port_sid(port), msg->ctx, DSP_ENOMEMORY);
		return;
	}
	lane->calls[lane->num_calls++] = msg->ctx;
	chan_send(&lane->chan, record->data, record->len, -1);
}

/* --- ports --------------------------------------------------------------------- */

static void ignore_packet(struct chan *chan, struct packet *packet)
{
	(void)chan;
	(void)packet;
}

static void port_check_released(struct port *port);

static void on_answer(struct chan *chan, struct packet *packet)
{
	struct port *port = container_of(chan, struct port, lane);

	reply(port_sid(port), packet->data, packet->len);
	port_check_released(port);
}

static void on_control_answer(struct chan *chan, struct packet *packet)
{
	struct port *port = container_of(chan, struct port, control);
	struct qda_link_rep rep;
	struct list *node;

	if (packet->len != sizeof(rep))
		return;
	memcpy(&rep, packet->data, sizeof(rep));
	if (rep.op != QDA_LINK_LANE || !rep.error || rep.error == -ENOTCONN)
		return;
	list_for_each(node, &port->lanes) {
		struct lane *lane = container_of(node, struct lane, node);

		if (lane->seq == rep.seq) {
			lane_fail(lane, DSP_ENOMEMORY);
			return;
		}
	}
}

static int make_chan(struct chan *near, struct chan *far,
		     void (*packet)(struct chan *, struct packet *))
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		return -errno;
	if (chan_init(near, sv[0], MAX_QUEUED, ignore_packet, on_lane_closed)) {
		close(sv[0]);
		close(sv[1]);
		return -ENOMEM;
	}
	if (chan_init(far, sv[1], MAX_QUEUED, packet, on_lane_closed)) {
		chan_close(near);
		close(sv[1]);
		return -ENOMEM;
	}
	return 0;
}

static struct port *port_open(uint32_t sid)
{
	struct bank *bank = bank_find(sid);
	struct port *port;
	struct conn *conn;

	if (!bank)
		return NULL;
	port = &ports[sid - 1];
	if (port->conn)
		return port;
	conn = calloc(1, sizeof(*conn));
	if (!conn || make_chan(&conn->lane, &port->lane, on_answer)) {
		free(conn);
		return NULL;
	}
	if (make_chan(&conn->control, &port->control, on_control_answer)) {
		chan_close(&conn->lane);
		chan_close(&port->lane);
		free(conn);
		return NULL;
	}
	list_init(&conn->calls);
	list_init(&port->lanes);
	conn->hello = true;
	conn->bank = bank;
	bank->taken = true;
	bank->conn = conn;
	list_add(&dsp.conns, &conn->node);
	port->conn = conn;
	return port;
}

static void port_close(struct port *port)
{
	if (!port->conn)
		return;
	while (!list_empty(&port->lanes))
		lane_free(container_of(port->lanes.next, struct lane, node));
	chan_close(&port->lane);
	chan_close(&port->control);
	conn_close(port->conn);
	port->conn = NULL;
	port->releasing = false;
}

/* The session's end is all that there is of a client's close: nothing is left of it */
static void port_check_released(struct port *port)
{
	struct conn *conn = port->conn;

	if (!conn || !port->releasing || !list_empty(&conn->calls) ||
	    (conn->bank->pd && pd_is_alive(conn->bank->pd)))
		return;
	chan_drain(&port->lane, MAX_LAST);
	/* which may have come here already */
	if (port->conn == conn)
		port_close(port);
}

void device_pd_gone(struct pd *pd)
{
	struct port *port = &ports[pd->bank->sid - 1];
	unsigned int i;

	while (port->conn && !list_empty(&port->lanes)) {
		struct lane *lane = container_of(port->lanes.next, struct lane, node);

		/* it may have answered before it ended */
		if (chan_is_open(&lane->chan))
			chan_drain(&lane->chan, MAX_LAST);
		/* the driver that had it killed waits for nothing else of it */
		if (pd->killed)
			lane_free(lane);
		else
			lane_fail(lane, pd->status);
	}
	port_check_released(port);
	if (!resetting)
		return;
	for (i = 0; i < dsp.num_banks; i++) {
		if (dsp.banks[i].pd && dsp.banks[i].pd != pd &&
		    pd_is_alive(dsp.banks[i].pd))
			return;
	}
	device_resume();
}

/* --- from the driver ------------------------------------------------------------- */

static void on_message(const struct qda_sim_record *record)
{
	struct payload_msg msg;
	struct port *port;
	struct pd *pd;

	if (!payload_parse_msg(record->data, record->len, &msg))
		return;
	port = port_open(record->sid);
	if (!port) {
		/* no such bank: there is no memory to look at */
		fault_add(record->sid, msg.addr);
		reply_status(0, msg.ctx, DSP_EBADVA);
		return;
	}
	pd = port->conn->bank->pd;
	if (msg.handle == QDA_HANDLE_INIT && msg.sc == QDA_INIT_RELEASE)
		port->releasing = true;
	if (msg.handle == QDA_HANDLE_INIT || msg.handle == QDA_HANDLE_UTILITIES || !pd)
		call_new(port->conn, record->data, record->len);
	else if (pd->state == PD_GONE)
		/* sent to a PD, so no rule for the root's messages applies */
		reply_status(record->sid, msg.ctx, DSP_EINVALIDPROCESS);
	else if (pd->state != PD_RUNNING)
		call_new(port->conn, record->data, record->len);
	else
		send_to_pd(port, pd, &msg, record);
}

static void reset(void)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < dsp.num_banks; i++) {
		port_close(&ports[i]);
		any |= dsp.banks[i].pd && pd_is_alive(dsp.banks[i].pd);
	}
	heap_forget();
	steer_forget_orphans();
	resetting = true;
	if (any)
		loop_set_events(&source, 0);
	else
		device_resume();
}

void device_resume(void)
{
	uint32_t up = 1;

	resetting = false;
	loop_set_events(&source, EPOLLIN);
	if (!channel_up_later)
		return;
	channel_up_later = false;
	if (ioctl(source.fd, QDA_SIM_IOC_CHANNEL, &up))
		perror("qda-softdsp: channel");
}

void device_restart(void)
{
	uint32_t down = 0;

	/* the driver finds out first, then everything is gone */
	if (ioctl(source.fd, QDA_SIM_IOC_CHANNEL, &down))
		perror("qda-softdsp: channel");
	channel_up_later = true;
	reset();
}

static void on_device(struct source *src, uint32_t mask)
{
	struct qda_sim_record record;

	(void)mask;
	if (read(src->fd, &record, sizeof(record)) != sizeof(record))
		return;
	switch (record.type) {
	case QDA_SIM_RECORD_MSG:
		log_line("message of %u bytes in bank %u", record.len, record.sid);
		on_message(&record);
		break;
	case QDA_SIM_RECORD_UP:
		log_line("channel open");
		break;
	case QDA_SIM_RECORD_DOWN:
		log_line("channel closed");
		reset();
		break;
	}
}

/* --- start ------------------------------------------------------------------------- */

const char *device_open(const char *name)
{
	uint32_t i;
	int fd = open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, QDA_SIM_IOC_INFO, &info)) {
		fprintf(stderr, "qda-softdsp: %s: %s\n", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	path = name;
	source.fd = fd;
	dsp.sid_pos = info.sid_pos;
	dsp.num_banks = 1;
	for (i = 0; i < info.num_banks && i < QDA_SIM_MAX_BANKS; i++) {
		if (info.sids[i] > dsp.num_banks && info.sids[i] <= SOFTDSP_MAX_BANKS)
			dsp.num_banks = info.sids[i];
	}
	info.label[sizeof(info.label) - 1] = '\0';
	return (const char *)info.label;
}

int device_start(void)
{
	int fd = source.fd;

	source.fd = -1;
	if (loop_add(&source, fd, EPOLLIN, on_device)) {
		close(fd);
		return -ENOMEM;
	}
	if (ioctl(fd, QDA_SIM_IOC_OWN)) {
		fprintf(stderr, "qda-softdsp: %s: %s\n", path,
			errno == EBUSY ? "another qda-softdsp serves it" :
					 strerror(errno));
		return -EBUSY;
	}
	return 0;
}

void device_stop(void)
{
	unsigned int i;

	if (!path)
		return;
	for (i = 0; i < dsp.num_banks; i++)
		port_close(&ports[i]);
	/* its close is what the driver sees as the DSP's end */
	loop_remove(&source);
	path = NULL;
}

bool device_used(void)
{
	return path;
}
