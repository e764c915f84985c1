// SPDX-License-Identifier: MIT
/*
 * Lanes: the sockets FastRPC messages go over, one per thread of the caller. One
 * thread at a time receives on a lane, for everybody who waits there.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "soft.h"

/* a reply longer than any known one is cut and then ignored or not by its start */
#define REPLY_MAX	64

/* a PD that ends is reaped in no time; one that lives may be busy */
#define VERDICT_LIMIT	(5 * NSEC_PER_SEC)
/* how much of it somebody spends who only looks */
#define LOOK_LIMIT	(500 * NSEC_PER_MSEC)

/* --- getting one --------------------------------------------------------- */

static int lane_create(struct file *file, struct lane *lane, pid_t tid)
{
	struct qda_link_req req = { .op = QDA_LINK_LANE, .a = (uint64_t)tid };
	/* a receive with a timeout is never restarted after a signal */
	struct timeval far = { .tv_sec = 10 * 365 * 24 * 3600 };
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &far, sizeof(far));
	/* not waited for: a message sent now stays in the socket until it is read */
	err = link_post(file, &lane->attach, &req, pair[1]);
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	lane->tid = tid;
	lane->eof = false;
	atomic_store(&lane->fd, pair[0]);
	if (lane->index == file->num_lanes)
		file->num_lanes++;
	return 0;
}

/* Lanes are full: the one of a thread that has ended, else one in turn */
static struct lane *lane_share(struct file *file, pid_t tid)
{
	struct lane *lane, *idle = NULL;
	unsigned int i;

	for (i = 0; i < file->num_lanes; i++) {
		lane = &file->lanes[(file->next_shared + i) % file->num_lanes];
		if (lane->eof)
			continue;
		if (!lane->flying) {
			idle = lane;
			break;
		}
		if (!idle)
			idle = lane;
	}
	if (idle) {
		file->next_shared = idle->index + 1;
		if (!idle->tid)
			idle->tid = tid;
	}
	return idle;
}

/* A place for a new one, of which some may have been before, or NULL */
static struct lane *lane_place(struct file *file)
{
	unsigned int i;

	for (i = 0; i < file->num_lanes; i++) {
		struct lane *lane = &file->lanes[i];

		if (lane->eof && !lane->ending && !lane->users && !lane->flying &&
		    lane->attach.done)
			return lane;
	}
	return file->num_lanes < MAX_LANES ? &file->lanes[file->num_lanes] : NULL;
}

static struct lane *lane_find(struct file *file, pid_t tid)
{
	struct lane *orphan = NULL;
	unsigned int i;

	for (i = 0; i < file->num_lanes; i++) {
		struct lane *lane = &file->lanes[i];

		if (lane->eof)
			continue;
		if (lane->tid == tid)
			return lane;
		if (!lane->tid && !orphan)
			orphan = lane;
	}
	if (orphan)
		orphan->tid = tid;
	return orphan;
}

struct lane *lane_get(struct file *file, struct thread *thread, int *ret_err)
{
	unsigned int slot = (unsigned int)(file->id % LANE_CACHE);
	struct lane *lane;
	int err;

	/* the root process answers for a PD that is gone */
	if (file->pd_gone)
		return &file->lanes[ROOT_LANE];
	if (thread->lanes[slot].file_id == file->id) {
		lane = &file->lanes[thread->lanes[slot].lane];
		if (!lane->eof)
			return lane;
	}

	lane = lane_find(file, thread->tid);
	if (!lane && file->lanes_refused)
		lane = lane_share(file, thread->tid);
	if (!lane) {
		lane = lane_place(file);
		err = lane ? lane_create(file, lane, thread->tid) : 0;
		if (err) {
			*ret_err = err;
			return NULL;
		}
	}
	if (!lane)
		lane = lane_share(file, thread->tid);
	if (!lane)
		return &file->lanes[ROOT_LANE];
	thread->has_lanes = true;
	thread->lanes[slot].file_id = file->id;
	thread->lanes[slot].lane = lane->index;
	return lane;
}

void lanes_orphan(struct file *file, pid_t tid)
{
	unsigned int i;

	pthread_mutex_lock(&file->lock);
	for (i = 0; i < file->num_lanes; i++)
		if (file->lanes[i].tid == tid)
			file->lanes[i].tid = 0;
	pthread_mutex_unlock(&file->lock);
}

/* --- ending -------------------------------------------------------------- */

static void lane_unwatch(struct file *file, struct lane *lane)
{
	if (!lane->in_epoll)
		return;
	epoll_ctl(file->epfd, EPOLL_CTL_DEL, lane->fd, NULL);
	lane->in_epoll = false;
}

static void lane_close_unused(struct lane *lane)
{
	int fd;

	if (lane->index == ROOT_LANE || !lane->eof || lane->ending || lane->users)
		return;
	fd = atomic_exchange(&lane->fd, -1);
	if (fd >= 0)
		close(fd);
}

void lane_unuse(struct lane *lane)
{
	lane->users--;
	if (lane->eof)
		lane_close_unused(lane);
}

/*
 * What the calls of a lane end with: *ret_error, or 0 and *ret_status. -EINTR,
 * -ETIMEDOUT: not known yet.
 */
static int lane_verdict(struct file *file, struct lane *lane, int64_t deadline,
			int *ret_error, int32_t *ret_status)
{
	struct qda_link_req req = { .op = QDA_LINK_PD_STATE };
	struct qda_link_rep rep;
	bool refused;
	int err = 0;

	*ret_status = QDA_DSP_ERR(0x34);	/* invalid process */
	if (file->session != SESSION_RELEASED && !file->lost)
		err = link_ask(file, &req, &rep,
			       deadline < lane->verdict_by ? deadline :
							     lane->verdict_by);
	*ret_error = file->lost ? -EPIPE :
		     file->session == SESSION_RELEASED ? -ECANCELED : 0;
	if (*ret_error)
		return 0;
	if (err == -EINTR || (err == -ETIMEDOUT && clock_now() < lane->verdict_by))
		return err;

	/* answered in this order: a PD that lives may not have taken the lane */
	refused = lane->attach.done && lane->attach.rep.error;
	if (!err && rep.a != QDA_LINK_PD_RUNNING)
		file->pd_gone = true;
	else if (refused)
		file->lanes_refused = true;
	/* a lane that came too late has nothing to do with how the PD ended */
	if (!err && !refused && rep.a == QDA_LINK_PD_GONE && (int32_t)(uint32_t)rep.b)
		*ret_status = (int32_t)(uint32_t)rep.b;
	return 0;
}

/* The lane has ended; its calls have not yet, but those of the root lane. */
static void lane_mark(struct file *file, struct lane *lane)
{
	if (lane->index == ROOT_LANE) {
		file_lost(file);
	} else if (!lane->eof) {
		lane->eof = lane->ending = true;
		lane->verdict_by = clock_now() + VERDICT_LIMIT;
	}
}

int lane_eof(struct file *file, struct lane *lane, int64_t deadline)
{
	int32_t status = 0;
	int err, error = 0;
	unsigned int i;

	lane_mark(file, lane);
	while (lane->judging) {
		err = waitq_sleep(&lane->wq, &file->lock, deadline);
		if (err)
			return err;
	}
	if (!lane->ending)
		return 0;
	if (deadline != DEADLINE_NEVER && deadline <= clock_now() &&
	    clock_now() < lane->verdict_by)
		return -ETIMEDOUT;

	lane->judging = true;
	lane_use(lane);
	err = lane_verdict(file, lane, deadline, &error, &status);
	lane->judging = false;
	if (!err) {
		lane->ending = false;
		lane_unwatch(file, lane);
		for (i = 0; i < NUM_SLOTS; i++) {
			struct call *call = &file->calls[i];

			if (call->state == CALL_FLYING && call->lane == lane)
				call_end(file, call, error, status, false);
		}
	}
	waitq_wake(&lane->wq);
	pump_kick(file);
	lane_unuse(lane);
	return err;
}

/* Ends every receive on them. */
void lanes_shutdown(struct file *file)
{
	uint64_t one = 1;
	unsigned int i;

	for (i = 0; i < file->num_lanes; i++) {
		struct lane *lane = &file->lanes[i];

		lane->eof = true;
		if (!lane->judging)
			lane->ending = false;
		lane_unwatch(file, lane);
		if (lane->fd >= 0)
			shutdown(lane->fd, SHUT_RDWR);
		waitq_wake(&lane->wq);
		lane_close_unused(lane);
	}
	/* its end would wake whoever polls, for ever */
	if (file->lost)
		lane_unwatch(file, &file->lanes[ROOT_LANE]);
	waitq_wake(&file->lanes[ROOT_LANE].wq);
	if (write(file->kick_fd, &one, sizeof(one)) < 0)
		return;		/* is readable already */
}

/* --- receiving ----------------------------------------------------------- */

int lane_watch(struct file *file, struct lane *lane)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = lane->index };

	if (lane->in_epoll)
		return 0;
	if (epoll_ctl(file->epfd, EPOLL_CTL_ADD, lane->fd, &ev))
		return -ENOMEM;
	lane->in_epoll = true;
	return 0;
}

/* One packet: its length, 0 at the end, -errno. Without the lock. */
static ssize_t lane_recv(struct file *file, struct lane *lane, void *buf,
			 int64_t deadline)
{
	struct pollfd pfd[2] = {
		{ .fd = lane->fd, .events = POLLIN },
		{ .fd = file->kick_fd, .events = POLLIN },
	};
	bool root = lane->index == ROOT_LANE;
	uint64_t kicks;
	ssize_t n;
	int err;

	if (deadline == DEADLINE_NEVER && !root) {
		n = recv(lane->fd, buf, REPLY_MAX, 0);
		return n < 0 ? -errno : n;
	}
	n = recv(lane->fd, buf, REPLY_MAX, MSG_DONTWAIT);
	if (n >= 0 || errno != EAGAIN)
		return n < 0 ? -errno : n;
	err = poll_until(pfd, root ? 2 : 1, deadline);
	if (err <= 0)
		return err ? err : -ETIMEDOUT;
	if (root && pfd[1].revents && read(file->kick_fd, &kicks, sizeof(kicks)) < 0)
		return -EAGAIN;
	n = recv(lane->fd, buf, REPLY_MAX, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

/*
 * Nobody else receives here. Takes what has arrived, keeps the lock. A PD that goes on
 * sending meanwhile may not hold it: what comes later wakes who polls once more.
 */
static int lane_drain(struct file *file, struct lane *lane, int64_t deadline)
{
	uint8_t buf[REPLY_MAX] __attribute__((aligned(8)));
	int left = -1;		/* bytes behind the first packet */
	int err = 0;
	ssize_t n;

	lane->receiving = true;
	lane_use(lane);
	while (!lane->eof && !file->lost) {
		n = recv(lane->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		if (n > 0) {
			reply_dispatch(file, lane, buf,
				       n < REPLY_MAX ? (size_t)n : REPLY_MAX);
			if (left >= 0)
				left -= (int)n;
			else if (ioctl(lane->fd, FIONREAD, &left))
				left = 0;
			if (left < 0)
				break;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			lane_mark(file, lane);
			break;
		} else if (errno == EAGAIN) {
			break;
		}
	}
	if (lane->ending) {
		/* a PD that is gone is so at once */
		int64_t look = lane->verdict_by - VERDICT_LIMIT + LOOK_LIMIT;

		err = lane_eof(file, lane, look > deadline ? look : deadline);
	}
	lane->receiving = false;
	waitq_wake(&lane->wq);
	lane_unuse(lane);
	return err;
}

/* Nobody listens or asks, and there may be something */
static bool lane_may_drain(const struct file *file, const struct lane *lane)
{
	return !lane->receiving && !lane->judging && !file->lost &&
	       (!lane->eof || lane->ending);
}

int lanes_drain(struct file *file, int64_t deadline)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i <= MAX_LANES; i++) {
		struct lane *lane = &file->lanes[i];

		if (i >= file->num_lanes && i != ROOT_LANE)
			continue;
		if (!lane_may_drain(file, lane))
			continue;
		/* the root lane also carries what nobody asked for */
		if (lane->flying || lane->in_epoll || lane->ending || i == ROOT_LANE)
			err = lane_drain(file, lane, deadline) == -EINTR ? -EINTR : err;
		/* its events have all come; later replies are of no interest */
		if (lane->in_epoll && !lane->events &&
		    !(i == ROOT_LANE && file->status_events))
			lane_unwatch(file, lane);
	}
	events_sync(file);
	return err;
}

void lanes_last_words(struct file *file)
{
	uint8_t buf[REPLY_MAX] __attribute__((aligned(8)));
	struct qda_reply reply;
	ssize_t n;

	if (!file->status_events)
		return;
	do {
		n = recv(file->lanes[ROOT_LANE].fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0 && qda_parse_reply(buf, (size_t)n, &reply) == QDA_REPLY_NOTIF)
			status_notify(file, &reply);
	} while (n > 0 || (n < 0 && errno == EINTR));
}

/* One step of lane_wait(): receive, or sleep while another thread does. */
static int lane_step(struct file *file, struct lane *lane, int64_t deadline)
{
	uint8_t buf[REPLY_MAX] __attribute__((aligned(8)));
	int err = 0;
	ssize_t n;

	if (lane->receiving)
		return waitq_sleep(&lane->wq, &file->lock, deadline);
	if (lane->ending && !file->lost)
		return lane_eof(file, lane, deadline);
	if (lane->eof || file->lost)
		return -EPIPE;

	lane->receiving = true;
	pthread_mutex_unlock(&file->lock);
	n = lane_recv(file, lane, buf, deadline);
	pthread_mutex_lock(&file->lock);
	if (n > 0)
		reply_dispatch(file, lane, buf, (size_t)n);
	else if (n == 0 || (n != -EINTR && n != -EAGAIN && n != -ETIMEDOUT))
		err = lane_eof(file, lane, deadline);
	lane->receiving = false;
	return n == -EINTR || n == -ETIMEDOUT ? (int)n : err;
}

int lane_wait(struct file *file, struct lane *lane, struct result *result,
	      int64_t deadline)
{
	int err = 0;

	lane_use(lane);
	while (!result->done && !err) {
		/* a PD may send so much that no step finds the time to be over */
		if (deadline != DEADLINE_NEVER && deadline <= clock_now()) {
			if (lane_may_drain(file, lane))
				lane_drain(file, lane, deadline);
			err = -ETIMEDOUT;
		} else {
			err = lane_step(file, lane, deadline);
		}
	}
	/* somebody else has to receive now */
	if (!lane->receiving) {
		waitq_wake(&lane->wq);
		pump_kick(file);
	}
	lane_unuse(lane);
	events_sync(file);
	return result->done ? 0 : err;
}
