// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls in flight: sending, replies, what becomes of a call that nobody waits for.
 * Where they live is qda_slot.c's.
 *
 * A call is FLYING from just before it is sent until exactly one of three things
 * ends it, whichever takes qda_device.lock first: a reply with its context word,
 * the end of its session, the loss of the DSP. What a call pins is dropped in
 * process context: by the thread that waited, by the session's worker if nobody
 * did, or, if the DSP never answered, when the session is buried.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <drm/drm_print.h>

#include "qda_drv.h"

#define CREATE_TRACE_POINTS
#include "qda_trace.h"

/* How long a message waits for room in the channel, before -ENOMEM */
#define QDA_SEND_PAUSE_US	2000
#define QDA_SEND_LIMIT		HZ

/* --- starting and sending ------------------------------------------------ */

/**
 * qda_call_start() - give a packed call an identity and let replies find it
 * @call: TAKEN, owned by the caller; session->lock is held
 * @result: where to put its end; NULL: nobody waits
 * @msg: message to send
 * @ret_ticket: for qda_call_send()
 *
 * After success qda_call_send() must follow.
 *
 * Return: 0, -ENODEV when the DSP is gone, -ECANCELED when the session has ended;
 * the call is still the caller's then.
 */
int qda_call_start(struct qda_call *call, struct qda_result *result,
		   struct qda_wire_msg *msg, u64 *ret_ticket)
{
	struct qda_session *session = call->session;
	struct qda_device *qdev = session->qdev;
	unsigned int n = DRM_QDA_SCALARS_NUM_ARGS(call->sc);
	bool init = call->handle == QDA_HANDLE_INIT;
	int err = 0;

	lockdep_assert_held(&session->lock);
	spin_lock_irq(&qdev->lock);
	if (qdev->lost) {
		err = -ENODEV;
	} else if (session->state == QDA_SESSION_RELEASED && !call->survives) {
		err = -ECANCELED;
	} else {
		u64 seq = ++qdev->seq << QDA_CTX_BANK_BITS |
			  session->bank->index;

		call->ctx = qda_ctx_make(seq, call->slot + 1,
					 session->pd_type);
		call->ticket = seq << QDA_CTX_ID_SHIFT | (call->slot + 1);
		call->result = result;
		call->state = QDA_CALL_FLYING;
		*ret_ticket = call->ticket;
		atomic_inc(&session->sending);
		trace_qda_call_start(call);
	}
	spin_unlock_irq(&qdev->lock);
	if (err)
		return err;

	msg->client_id = cpu_to_le32(init ? 0 : qda_client_id(session));
	msg->tid = cpu_to_le32(task_pid_nr(current));
	msg->ctx = cpu_to_le64(call->ctx);
	msg->handle = cpu_to_le32(call->handle);
	msg->sc = cpu_to_le32(call->sc);
	msg->addr = cpu_to_le64(qda_bus_addr(session, call->payload_dma));
	msg->size = cpu_to_le64(round_up(QDA_WIRE_PAYLOAD(n),
					 QDA_DSP_PAGE_SIZE));
	return 0;
}

/*
 * For as long as the channel has no room, up to a second. Not inside drm_dev_enter():
 * a transport may sleep for longer than the unplugging of somebody else's device
 * should wait, and that section is one for all DRM devices.
 */
static int qda_call_transmit(struct qda_device *qdev,
			     const struct qda_wire_msg *msg)
{
	const unsigned long end = jiffies + QDA_SEND_LIMIT;
	int err, idx;

	for (;;) {
		idx = srcu_read_lock(&qdev->transports);
		if (READ_ONCE(qdev->lost)) {
			srcu_read_unlock(&qdev->transports, idx);
			return -ENODEV;
		}
		/* the payload, before the message that names it */
		dma_wmb();
		err = qdev->transport->send(qdev->transport_priv, msg);
		srcu_read_unlock(&qdev->transports, idx);
		/* who is killed has nobody left to wait for */
		if (err != -EAGAIN || time_after(jiffies, end) ||
		    fatal_signal_pending(current))
			return err;
		fsleep(QDA_SEND_PAUSE_US);
	}
}

/* The transport has let go of a message */
static void qda_call_sent(struct qda_session *session)
{
	if (atomic_dec_and_test(&session->sending) &&
	    wq_has_sleeper(&session->place_wq))
		wake_up_all(&session->place_wq);
}

/* Whoever waits has what it waited for, and the call forgets it */
static void qda_result_set(struct qda_call *call, int error, s32 status,
			   bool collect)
{
	struct qda_result *result = call->result;

	lockdep_assert_held(&call->session->qdev->lock);
	call->result = NULL;
	result->error = error;
	result->status = status;
	result->collect = collect;
	/* pairs with qda_result_done(): the rest first */
	smp_store_release(&result->done, true);
	wake_up(&call->wq);
}

/* The send failed: the call is ours again, unless it has ended meanwhile */
static bool qda_call_unfly(struct qda_call *call, u64 ticket)
{
	struct qda_device *qdev = call->session->qdev;
	struct qda_event *event = NULL;
	bool ours;

	spin_lock_irq(&qdev->lock);
	ours = call->state == QDA_CALL_FLYING && call->ticket == ticket;
	if (ours) {
		call->state = QDA_CALL_TAKEN;
		/* another thread may be waiting for it already */
		if (call->result)
			qda_result_set(call, -ENOENT, 0, false);
		event = call->event;
		call->event = NULL;
	}
	spin_unlock_irq(&qdev->lock);
	if (event)
		drm_event_cancel_free(&qdev->drm, &event->base);
	return ours;
}

/**
 * qda_call_send() - send a started call
 * @call: flying; not to be touched any more but through @ticket
 * @ticket: of the call
 * @msg: from qda_call_start()
 *
 * Called without session->lock. May sleep for as long as the transport does.
 *
 * Return: 0: sent, or ended meanwhile. -ENODEV: the DSP is gone, or its channel is
 * broken and it will be soon. -ENOMEM: the transport is congested. After an error
 * nothing is left of the call.
 */
int qda_call_send(struct qda_call *call, u64 ticket,
		  const struct qda_wire_msg *msg)
{
	struct qda_session *session = call->session;
	struct qda_device *qdev = session->qdev;
	int err;

	err = qda_call_transmit(qdev, msg);
	qda_call_sent(session);
	if (!err || !qda_call_unfly(call, ticket))
		return 0;
	if (READ_ONCE(qdev->lost) ||
	    (err != -EAGAIN && err != -ENOMEM && err != -ETIMEDOUT))
		err = -ENODEV;
	else
		err = -ENOMEM;
	qda_call_collect(call, false, err, 0);
	return err;
}

/* --- ending -------------------------------------------------------------- */

static void qda_event_send(struct qda_call *call, int error, s32 status)
{
	struct qda_event *event = call->event;

	call->event = NULL;
	event->ev.ticket = call->ticket;
	event->ev.error = error;
	event->ev.status = status;
	drm_send_event(&call->session->qdev->drm, &event->base);
}

/*
 * The one place where a call stops flying. @keep: it has no answer, what it pins
 * stays until the session is buried.
 */
static void qda_call_end_locked(struct qda_call *call, int error, s32 status,
				bool keep)
{
	struct qda_session *session = call->session;
	struct qda_device *qdev = session->qdev;
	struct qda_result *result = call->result;

	lockdep_assert_held(&qdev->lock);
	trace_qda_call_end(call, error, status);
	qda_call_uncount(call);
	call->error = error;
	call->status = status;

	if (!call->event && !result && !call->ended &&
	    session->num_done < QDA_MAX_DONE) {
		session->done[session->num_done++] = (struct qda_done){
			.ticket = call->ticket,
			.error = error,
			.status = status,
		};
	}

	if (keep) {
		call->state = QDA_CALL_ZOMBIE;
	} else if (result) {
		call->state = QDA_CALL_ENDED;
	} else {
		call->state = QDA_CALL_REAP;
		list_add_tail(&call->reap_node, &session->reap);
		atomic_inc(&session->to_reap);
		qda_session_get(session);
		if (!queue_work(qdev->wq, &session->reap_work))
			qda_session_put(session);
	}
	if (result)
		qda_result_set(call, error, status, !keep);
	/* whoever reads it finds the call among those to collect */
	if (call->event)
		qda_event_send(call, error, status);
	qda_place_wake(session);
}

/**
 * qda_calls_end_locked() - end calls without an answer
 * @session: whose
 * @error: why
 * @all: also those that survive the session
 *
 * Called with &qda_device.lock held.
 */
void qda_calls_end_locked(struct qda_session *session, int error, bool all)
{
	unsigned int i;

	lockdep_assert_held(&session->qdev->lock);
	for (i = 0; i < qda_num_slots(session); i++) {
		struct qda_call *call = qda_slot(session, i);

		if (call->state == QDA_CALL_FLYING && (all || !call->survives))
			qda_call_end_locked(call, error, 0, true);
	}
}

/* The bank says which session, the id which slot; or NULL */
static struct qda_call *qda_call_of_ctx(struct qda_device *qdev, u64 ctx)
{
	unsigned int bank = ctx >> QDA_CTX_SEQ_SHIFT & (QDA_MAX_BANKS - 1);
	struct qda_session *session = qdev->banks[bank].owner;

	lockdep_assert_held(&qdev->lock);
	return session ? qda_call_at(session, qda_ctx_id(ctx)) : NULL;
}

/**
 * qda_device_rx() - a packet has come from the DSP
 * @qdev: which
 * @data: the packet, in memory the DSP cannot change any more
 * @len: bytes
 *
 * Any context. Whatever belongs to no call in flight is ignored: late, repeated
 * and forged replies cannot match the context word of a younger call.
 */
void qda_device_rx(struct qda_device *qdev, const void *data, size_t len)
{
	struct qda_reply reply = { };
	struct qda_call *call = NULL;
	enum qda_reply_kind kind;
	unsigned long flags;

	kind = qda_parse_reply(data, len, &reply);
	spin_lock_irqsave(&qdev->lock, flags);
	if (kind == QDA_REPLY_CALL && !qdev->lost)
		call = qda_call_of_ctx(qdev, reply.ctx);
	if (kind == QDA_REPLY_NOTIF && qda_status_rx(qdev, &reply))
		goto unlock;
	if (!call || call->state != QDA_CALL_FLYING || call->ctx != reply.ctx) {
		trace_qda_reply_ignored(qdev, reply.ctx, len);
		goto unlock;
	}

	/* what the DSP wrote, after the reply that says so; read once */
	dma_rmb();
	if (call->ended) {
		if (!reply.status && call->out)
			memcpy(call->out, call->payload + call->out_at,
			       call->out_len);
	} else if (READ_ONCE(call->session->num_delayed)) {
		call->num_finished =
			qda_unpack_fdlist(call->payload,
					  DRM_QDA_SCALARS_NUM_ARGS(call->sc),
					  call->finished);
	}
	qda_call_end_locked(call, 0, reply.status, false);
unlock:
	spin_unlock_irqrestore(&qdev->lock, flags);
}

/*
 * Leave sending to a worker. GLINK may sleep for ten seconds or more, deaf to signals,
 * and whoever collects holds up all others who do: a process that asks for its memory
 * could not be killed, because another one was cut off in a REMOTE_MAP.
 */
static void qda_call_post(struct qda_call *call)
{
	struct qda_session *session = call->session;
	struct qda_device *qdev = session->qdev;

	/* unplug buries under it, and flushes the queue only then */
	lockdep_assert_held(&session->lock);
	spin_lock_irq(&qdev->lock);
	list_add_tail(&call->reap_node, &session->posts);
	qda_session_get(session);
	if (!queue_work(qdev->wq, &session->post_work))
		qda_session_put(session);
	spin_unlock_irq(&qdev->lock);
}

/**
 * qda_call_collect() - act on the end of a call and free its slot
 * @call: owned by the caller
 * @orphan: nobody waited for it
 * @error: how it ended
 * @status: what the DSP answered
 *
 * Process context, without session->lock. Does not wait for the transport.
 */
void qda_call_collect(struct qda_call *call, bool orphan, int error, s32 status)
{
	struct qda_session *session = call->session;
	bool again = false;
	unsigned int i;

	mutex_lock(&session->lock);
	for (i = 0; i < call->num_finished; i++)
		qda_map_finished(session, call->finished[i]);
	call->num_finished = 0;
	if (call->ended)
		again = call->ended(call, error, status, orphan);
	if (again)
		qda_call_post(call);
	else
		qda_call_unpin(call);
	mutex_unlock(&session->lock);
	if (!again)
		qda_call_drop(call);
}

/* The next of a list; the caller's then */
static struct qda_call *qda_call_pop(struct qda_session *session,
				     struct list_head *list)
{
	struct qda_call *call;

	spin_lock_irq(&session->qdev->lock);
	call = list_first_entry_or_null(list, struct qda_call, reap_node);
	if (call) {
		list_del_init(&call->reap_node);
		call->state = QDA_CALL_TAKEN;
	}
	spin_unlock_irq(&session->qdev->lock);
	return call;
}

/**
 * qda_calls_reap() - collect the calls nobody waited for
 * @session: whose
 *
 * The worker does it, and every call of user space that could see a difference, so
 * that what an answered call has changed is changed for whoever knows of the answer.
 *
 * No signal ends it, because it may come after a ticket was consumed and would lose the
 * answer. None has to: collecting never sends, and only what has ended by now is
 * collected, however fast another thread's calls end.
 */
void qda_calls_reap(struct qda_session *session)
{
	unsigned int left = atomic_read(&session->to_reap);
	struct qda_call *call;

	if (!left)
		return;
	/* not before what another thread is at has been collected */
	mutex_lock(&session->reap_lock);
	for (; left; left--) {
		call = qda_call_pop(session, &session->reap);
		if (!call)
			break;
		qda_call_collect(call, true, call->error, call->status);
		atomic_dec(&session->to_reap);
	}
	mutex_unlock(&session->reap_lock);
}

void qda_calls_reap_work(struct work_struct *work)
{
	struct qda_session *session =
		container_of(work, struct qda_session, reap_work);

	qda_calls_reap(session);
	qda_session_put(session);
}

void qda_calls_post_work(struct work_struct *work)
{
	struct qda_session *session =
		container_of(work, struct qda_session, post_work);
	struct qda_call *call;

	while ((call = qda_call_pop(session, &session->posts)))
		qda_ctl_post(call);
	qda_session_put(session);
}

/**
 * qda_calls_bury() - the DSP has let go of everything: drop what calls pin
 * @session: whose lock is held
 *
 * Slots that a thread owns pin nothing afterwards, and their thread frees them. Calls
 * that survive the session are left to their end, which may have more to do: give a
 * borrowed bank back.
 */
void qda_calls_bury(struct qda_session *session)
{
	struct qda_device *qdev = session->qdev;
	unsigned int i;

	lockdep_assert_held(&session->lock);
	for (i = 0; i < qda_num_slots(session); i++) {
		struct qda_call *call = qda_slot(session, i);
		enum qda_call_state state;

		spin_lock_irq(&qdev->lock);
		state = call->state;
		spin_unlock_irq(&qdev->lock);
		/* only a holder of session->lock starts one */
		if (state == QDA_CALL_FREE || state == QDA_CALL_FLYING)
			continue;

		qda_call_unpin(call);
		if (!call->survives) {
			call->ended = NULL;
			call->num_finished = 0;
		}

		spin_lock_irq(&qdev->lock);
		if (call->state == QDA_CALL_REAP && !call->survives) {
			list_del_init(&call->reap_node);
			atomic_dec(&session->to_reap);
			call->state = QDA_CALL_ZOMBIE;
		}
		if (call->state == QDA_CALL_ZOMBIE) {
			call->state = QDA_CALL_FREE;
			qda_place_wake(session);
		}
		spin_unlock_irq(&qdev->lock);
	}
}

/* --- waiting ------------------------------------------------------------- */

static bool qda_result_done(struct qda_result *result)
{
	/* pairs with qda_call_end_locked(): then the rest is there */
	return smp_load_acquire(&result->done);
}

/**
 * qda_call_wait() - wait until a call has ended
 * @call: started with @result
 * @result: on the caller's stack
 * @deadline: absolute CLOCK_MONOTONIC nanoseconds; 0 or past: only look;
 *	negative: no limit
 *
 * Return: 0: ended, see @result. -EINTR, -ETIMEDOUT: the call goes on, @result
 * is forgotten.
 */
int qda_call_wait(struct qda_call *call, struct qda_result *result, s64 deadline)
{
	struct qda_device *qdev = call->session->qdev;
	/* nobody without a limit needs the clock */
	ktime_t left = deadline > 0 ?
		       ktime_sub(ns_to_ktime(deadline), ktime_get()) : 0;
	int err = -ETIME;

	if (qda_result_done(result))
		err = 0;
	else if (deadline < 0)
		err = wait_event_freezable(call->wq, qda_result_done(result));
	else if (left > 0)
		err = qda_wait_event_left(call->wq, qda_result_done(result),
					  left);
	if (!err) {
		/* whoever ended it has let go of the call and of result */
		spin_lock_irq(&qdev->lock);
		spin_unlock_irq(&qdev->lock);
		return 0;
	}

	spin_lock_irq(&qdev->lock);
	if (result->done)
		err = 0;
	else if (call->result == result)
		call->result = NULL;
	spin_unlock_irq(&qdev->lock);
	if (!err)
		return 0;
	return err == -ETIME ? -ETIMEDOUT : -EINTR;
}
