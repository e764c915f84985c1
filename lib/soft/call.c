// SPDX-License-Identifier: MIT
/* Calls in flight: slots of the message pool, replies, what has ended. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soft.h"

#define PAGE_UP(x)	(((x) + SOFT_PAGE - 1) & ~(SOFT_PAGE - 1))

_Static_assert(QDA_WIRE_PAYLOAD(DRM_QDA_MAX_ARGS) <= SLOT_STRIDE, "a slot fits all");
_Static_assert(NUM_SLOTS <= QDA_CTX_ID_MASK, "a slot has an id");

/* --- slots --------------------------------------------------------------- */

struct call *call_take(struct file *file, unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++) {
		struct call *call = &file->calls[i];

		if (call->state != CALL_FREE)
			continue;
		call->state = CALL_TAKEN;
		call->id = i + 1;
		call->ticket = 0;
		call->result = NULL;
		call->event = false;
		call->outlives_session = false;
		call->ended = NULL;
		call->ended_data = NULL;
		call->num_objs = 0;
		if (i < SLOTS_USER)
			file->in_flight++;
		return call;
	}
	return NULL;
}

void call_drop(struct file *file, struct call *call)
{
	unsigned int i;

	if (call->event)
		event_unreserve(file);
	call->event = false;
	call->state = CALL_FREE;
	if (call->id <= SLOTS_USER)
		file->in_flight--;
	for (i = 0; i < call->num_objs; i++)
		object_put(file, call->objs[i]);
	call->num_objs = 0;
	pump_kick(file);
}

uint64_t call_bus(const struct file *file, const struct call *call, size_t offset)
{
	return ((uint64_t)file->sid << QDA_LINK_SID_SHIFT) + file->pool_range->start +
	       (uint64_t)(call->id - 1) * SLOT_STRIDE + offset;
}

void call_start(struct file *file, struct call *call, struct lane *lane)
{
	uint64_t seq = ++file->seq & QDA_CTX_SEQ_MASK;

	call->ctx = qda_ctx_make(seq, call->id, file->pd_type);
	if (!call->ticket)
		call->ticket = seq << 8 | call->id;
	call->lane = lane;
	call->state = CALL_FLYING;
	lane->flying++;
	lane->events += call->event;
}

/* Replies do not find it any more. */
static void call_land(struct call *call)
{
	call->lane->flying--;
	call->lane->events -= call->event;
	call->state = CALL_TAKEN;
}

static int call_not_sent(struct file *file, struct call *call, int err)
{
	if (call->ended)
		call->ended(file, call, err, 0, false);
	call_drop(file, call);
	return err;
}

/* Where to send a call whose lane has ended */
static int call_move(struct file *file, const struct call *call, unsigned int tries,
		     struct lane **ret_lane)
{
	struct lane *lane;
	int err = 0;

	if (file->lost)
		return -ENODEV;
	if (file->session == SESSION_RELEASED)
		return -ECANCELED;
	/* the root process answers for a PD that is gone */
	lane = tries ? &file->lanes[ROOT_LANE] :
		       lane_get(file, soft_thread(), &err);
	if (!lane && err == -EPIPE) {
		file_lost(file);
		return -ENODEV;
	}
	if (!err && call->event)
		err = lane_watch(file, lane);
	*ret_lane = lane;
	return err;
}

int call_send(struct file *file, struct call *call, uint32_t tid)
{
	struct lane *lane = call->lane;
	struct qda_wire_msg msg;
	unsigned int tries = 0;
	uint64_t ctx;
	ssize_t n;
	int err;

	for (;;) {
		unsigned int num = DRM_QDA_SCALARS_NUM_ARGS(call->sc);

		ctx = call->ctx;
		msg.client_id = htole32(call->handle == QDA_HANDLE_INIT ? 0 : file->sid);
		msg.tid = htole32(tid);
		msg.ctx = htole64(ctx);
		msg.handle = htole32(call->handle);
		msg.sc = htole32(call->sc);
		msg.addr = htole64(call_bus(file, call, 0));
		msg.size = htole64(PAGE_UP(QDA_WIRE_PAYLOAD(num)));

		lane_use(lane);
		pthread_mutex_unlock(&file->lock);
		do {
			n = send(lane->fd, &msg, sizeof(msg),
				 MSG_NOSIGNAL | MSG_DONTWAIT);
			err = n < 0 ? errno : 0;
		} while (err == EINTR);
		pthread_mutex_lock(&file->lock);

		/* may have ended, and its slot be somebody else's by now */
		if (!err || call->state != CALL_FLYING || call->ctx != ctx) {
			lane_unuse(lane);
			return 0;
		}
		call_land(call);
		if (err == EAGAIN || err == ENOBUFS || err == ENOMEM) {
			lane_unuse(lane);
			return call_not_sent(file, call, -ENOMEM);
		}
		/* it has not been sent: another lane takes it, under its ticket */
		err = lane_eof(file, lane, DEADLINE_NEVER);
		lane_unuse(lane);
		if (!err)
			err = call_move(file, call, tries++, &lane);
		if (err)
			return call_not_sent(file, call, err);
		call_start(file, call, lane);
	}
}

struct call *call_flying(struct file *file, uint64_t ticket)
{
	unsigned int id = (unsigned int)(ticket & QDA_CTX_ID_MASK);
	struct call *call;

	if (!id || id > SLOTS_USER)
		return NULL;
	call = &file->calls[id - 1];
	return call->state == CALL_FLYING && call->ticket == ticket ? call : NULL;
}

/* --- ending -------------------------------------------------------------- */

void call_end(struct file *file, struct call *call, int error, int32_t status,
	      bool keep)
{
	struct result *result = call->result;
	struct lane *lane = call->lane;
	bool sent_again = false;

	call_land(call);
	call->result = NULL;
	if (call->ended)
		sent_again = call->ended(file, call, error, status, !result);

	if (result) {
		result->error = error;
		result->status = status;
		result->done = true;
		waitq_wake(&lane->wq);
	}
	if (sent_again)
		return;
	if (call->event) {
		event_complete(file, call, error, status);
		call->event = false;
	} else if (!result && !call->ended && file->num_done < MAX_DONE) {
		file->done[file->num_done++] = (struct done_call){
			.ticket = call->ticket,
			.error = error,
			.status = status,
		};
	}
	if (keep)
		call->state = CALL_ZOMBIE;
	else
		call_drop(file, call);
}

void calls_end_all(struct file *file, int error, bool keep)
{
	unsigned int i;

	for (i = 0; i < NUM_SLOTS; i++) {
		struct call *call = &file->calls[i];

		if (call->state == CALL_FLYING && !(keep && call->outlives_session))
			call_end(file, call, error, 0, keep);
	}
	pump_kick(file);
	events_sync(file);
}

void calls_bury_zombies(struct file *file)
{
	unsigned int i;

	for (i = 0; i < NUM_SLOTS; i++)
		if (file->calls[i].state == CALL_ZOMBIE)
			call_drop(file, &file->calls[i]);
}

void reply_dispatch(struct file *file, struct lane *lane, const void *data, size_t len)
{
	uint32_t finished[QDA_WIRE_FDLIST_LEN];
	struct qda_reply reply;
	struct call *call;
	unsigned int id, i, n;

	switch (qda_parse_reply(data, len, &reply)) {
	case QDA_REPLY_CALL:
		break;
	case QDA_REPLY_NOTIF:
		/* the root process speaks of PDs, not one of them */
		if (lane->index == ROOT_LANE)
			status_notify(file, &reply);
		return;
	default:
		return;
	}
	id = qda_ctx_id(reply.ctx);
	if (!id || id > NUM_SLOTS)
		return;
	/* late, repeated, forged, or on a lane it was not sent on */
	call = &file->calls[id - 1];
	if (call->state != CALL_FLYING || call->ctx != reply.ctx || call->lane != lane)
		return;

	if (file->num_delayed && !call->ended) {
		n = qda_unpack_fdlist(call_payload(file, call),
				      DRM_QDA_SCALARS_NUM_ARGS(call->sc), finished);
		for (i = 0; i < n; i++)
			map_finished_by_dsp(file, finished[i]);
	}
	call_end(file, call, 0, reply.status, false);
}

/* --- waiting for a place ------------------------------------------------- */

void pump_kick(struct file *file)
{
	uint64_t one = 1;

	if (file->pumping && write(file->pump_fd, &one, sizeof(one)) < 0)
		return;		/* is readable already */
}

static bool ctl_place_free(const struct file *file)
{
	unsigned int i;

	for (i = SLOTS_USER; i < SLOTS_USER + SLOTS_CTL; i++)
		if (file->calls[i].state == CALL_FREE)
			return true;
	return false;
}

/* Whether those who still wait on pump_fd have something to wake up for */
static bool pump_useful(const struct file *file)
{
	if (file->lost)
		return true;
	if (file->pumping > file->pumping_ctl &&
	    (file->session == SESSION_RELEASED || file->in_flight < file->limit))
		return true;
	return file->pumping_ctl && ctl_place_free(file);
}

int calls_pump(struct file *file, bool ctl, int64_t deadline)
{
	struct pollfd fds[MAX_LANES + 2];
	struct lane *lanes[MAX_LANES + 2];
	uint64_t kicks;
	unsigned int i, n = 1;
	int err;

	fds[0] = (struct pollfd){ .fd = file->pump_fd, .events = POLLIN };
	for (i = 0; i <= MAX_LANES; i++) {
		struct lane *lane = &file->lanes[i];

		if (!lane->flying || lane->receiving || lane->judging ||
		    (lane->eof && !lane->ending))
			continue;
		lane_use(lane);
		lanes[n] = lane;
		fds[n++] = (struct pollfd){ .fd = lane->fd, .events = POLLIN };
	}
	file->pumping++;
	file->pumping_ctl += ctl;
	pthread_mutex_unlock(&file->lock);
	err = poll_until(fds, n, deadline);
	pthread_mutex_lock(&file->lock);
	file->pumping--;
	file->pumping_ctl -= ctl;
	for (i = 1; i < n; i++)
		lane_unuse(lanes[i]);
	/* one kick wakes all who wait, but only one may find it */
	if (err < 0 || (fds[0].revents &&
			read(file->pump_fd, &kicks, sizeof(kicks)) > 0 &&
			pump_useful(file)))
		pump_kick(file);
	if (!file->pumping && read(file->pump_fd, &kicks, sizeof(kicks)) < 0)
		kicks = 0;
	lanes_drain(file, deadline);
	return err < 0 ? err : 0;
}
