// SPDX-License-Identifier: MIT
/* One open file of a client: its control socket and its root lane */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "softdsp.h"

#define MAX_QUEUED	1024

static void send_rep(struct conn *conn, struct qda_link_rep *rep)
{
	chan_send(&conn->control, rep, sizeof(*rep), -1);
}

void conn_reply(struct conn *conn, uint32_t op, uint32_t seq, int error, uint64_t a,
		uint64_t b)
{
	struct qda_link_rep rep = {
		.op = op, .seq = seq, .error = error, .a = a, .b = b,
	};

	send_rep(conn, &rep);
}

void conn_busy(struct conn *conn)
{
	if (++conn->busy < CONN_MAX_BUSY)
		return;
	chan_pause(&conn->control, true);
	chan_pause(&conn->lane, true);
}

void conn_unbusy(struct conn *conn)
{
	if (conn->busy-- != CONN_MAX_BUSY)
		return;
	chan_pause(&conn->control, false);
	chan_pause(&conn->lane, false);
}

int conn_notify(struct conn *conn, uint32_t client_id, uint32_t status)
{
	struct qda_wire_notif notif = {
		.ctx = htole64(QDA_WIRE_NOTIF_CTX),
		.type = htole32(4),
		.client_id = htole32(client_id),
		.status = htole32(status),
	};

	return chan_send(&conn->lane, &notif, sizeof(notif), -1);
}

void conn_close(struct conn *conn)
{
	struct bank *bank = conn->bank;
	bool releasing = false;
	struct list *node, *tmp;

	list_for_each_safe(node, tmp, &conn->calls) {
		struct call *call = container_of(node, struct call, node);

		list_del(node);
		call->conn = NULL;
		if (bank && call->op == ROOT_OP_RELEASE) {
			call_orphan(call, bank);
			releasing = true;
		} else {
			steer_forget_call(call);
		}
	}
	chan_close(&conn->lane);
	chan_close(&conn->control);
	if (bank) {
		if (bank->pd)
			pd_forget_conn(bank->pd, conn);
		if (bank->pd && pd_is_alive(bank->pd) && !releasing)
			call_release(bank);
		bank_release(bank);
	}
	list_del(&conn->node);
	dsp.num_conns--;
	loop_free_later(conn);
}

static void on_lane_packet(struct chan *chan, struct packet *packet)
{
	struct conn *conn = container_of(chan, struct conn, lane);

	if (packet->truncated)
		conn_close(conn);
	else
		call_new(conn, packet->data, packet->len);
}

/* The control socket is the life line, not this one. */
static void on_lane_closed(struct chan *chan)
{
	chan_close(chan);
}

static void hello(struct conn *conn, const struct qda_link_req *req, int *fd)
{
	struct qda_link_rep rep = {
		.op = req->op,
		.seq = req->seq,
		.a = dsp.features,
		.b = dsp.num_banks,
		.c = BANK_SIZE,
	};

	if (req->a != QDA_LINK_VERSION)
		rep.error = -EPROTO;
	else if (conn->hello || *fd < 0 || !chan_is_packet_socket(*fd))
		rep.error = -EINVAL;
	else
		rep.error = chan_init(&conn->lane, *fd, MAX_QUEUED, on_lane_packet,
				      on_lane_closed);
	if (!rep.error) {
		*fd = -1;
		conn->hello = true;
		strncpy(rep.name, dsp.domain, sizeof(rep.name) - 1);
	}
	send_rep(conn, &rep);
}

static int take(struct conn *conn, struct qda_link_rep *rep)
{
	if (conn->bank)
		return -EALREADY;
	conn->bank = bank_take(conn);
	if (!conn->bank)
		return -EBUSY;
	rep->a = conn->bank->sid;
	rep->b = BANK_FIRST_ADDR;
	rep->c = BANK_SIZE;
	return 0;
}

static int put(struct conn *conn)
{
	if (!conn->bank)
		return -EINVAL;
	if (conn->bank->pd && pd_is_alive(conn->bank->pd))
		return -EBUSY;
	bank_release(conn->bank);
	conn->bank = NULL;
	return 0;
}

/* 1: the answer comes from the PD */
static int map(struct conn *conn, const struct qda_link_req *req, int *fd)
{
	struct bank *bank = conn->bank;
	int err, memory = *fd;

	if (!bank || memory < 0)
		return -EINVAL;
	err = bank_map(bank, req->a, req->b, req->c, memory);
	if (err)
		return err;
	*fd = -1;
	if (!bank->pd || !pd_is_alive(bank->pd))
		return 0;
	pd_forward(bank->pd, conn, req, memory);
	return 1;
}

static int unmap(struct conn *conn, const struct qda_link_req *req)
{
	struct bank *bank = conn->bank;
	struct mapping *mapping = bank ? bank_find_map(bank, req->a, req->b) : NULL;

	if (!mapping || mapping->unmapping)
		return -EINVAL;
	if (!bank->pd || !pd_is_alive(bank->pd))
		return bank_unmap(bank, req->a, req->b);
	mapping->unmapping = true;
	pd_forward(bank->pd, conn, req, -1);
	return 1;
}

static int lane(struct conn *conn, const struct qda_link_req *req, int fd)
{
	if (fd < 0 || !chan_is_packet_socket(fd))
		return -EINVAL;
	if (!conn->bank || !conn->bank->pd || !pd_is_alive(conn->bank->pd) ||
	    conn->bank->pd->state == PD_DYING)
		return -ENOTCONN;
	pd_forward(conn->bank->pd, conn, req, fd);
	return 1;
}

static int pd_state(struct conn *conn, const struct qda_link_req *req,
		    struct qda_link_rep *rep)
{
	struct pd *pd = conn->bank ? conn->bank->pd : NULL;

	if (!pd) {
		rep->a = QDA_LINK_PD_NONE;
		return 0;
	}
	if (!pd_is_alive(pd)) {
		rep->a = QDA_LINK_PD_GONE;
		rep->b = (uint32_t)pd->status;
		return 0;
	}
	/* lanes end before the process is reaped: ask it whether it lives */
	pd_forward(pd, conn, req, -1);
	return 1;
}

static void on_request(struct chan *chan, struct packet *packet)
{
	struct conn *conn = container_of(chan, struct conn, control);
	struct qda_link_rep rep = { 0 };
	struct qda_link_req req;
	int *fd = &packet->fds[0];
	int ret;

	if (packet->truncated || packet->len != sizeof(req)) {
		log_line("control packet of %zu bytes: connection closed", packet->len);
		conn_close(conn);
		return;
	}
	memcpy(&req, packet->data, sizeof(req));
	log_line("request %u seq %u: %#llx %#llx %#llx", req.op, req.seq,
		 (unsigned long long)req.a, (unsigned long long)req.b,
		 (unsigned long long)req.c);
	if (req.op == QDA_LINK_HELLO) {
		hello(conn, &req, fd);
		return;
	}
	if (!conn->hello) {
		conn_close(conn);
		return;
	}
	rep.op = req.op;
	rep.seq = req.seq;
	switch (req.op) {
	case QDA_LINK_BANK_TAKE:
		ret = take(conn, &rep);
		break;
	case QDA_LINK_BANK_PUT:
		ret = put(conn);
		break;
	case QDA_LINK_BANK_FREE:
		rep.a = bank_count_free();
		ret = 0;
		break;
	case QDA_LINK_MAP:
		ret = map(conn, &req, fd);
		break;
	case QDA_LINK_UNMAP:
		ret = unmap(conn, &req);
		break;
	case QDA_LINK_LANE:
		ret = lane(conn, &req, *fd);
		break;
	case QDA_LINK_PD_STATE:
		ret = pd_state(conn, &req, &rep);
		break;
	default:
		ret = -EINVAL;
	}
	if (ret > 0)
		return;
	rep.error = ret;
	send_rep(conn, &rep);
}

static void on_control_closed(struct chan *chan)
{
	conn_close(container_of(chan, struct conn, control));
}

void conn_new(int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn || !chan_is_packet_socket(fd) ||
	    chan_init(&conn->control, fd, MAX_QUEUED, on_request, on_control_closed)) {
		close(fd);
		free(conn);
		return;
	}
	conn->lane.source.fd = -1;
	list_init(&conn->lane.out);
	list_init(&conn->calls);
	list_add(&dsp.conns, &conn->node);
	dsp.num_conns++;
}
