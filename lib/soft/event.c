// SPDX-License-Identifier: MIT
/*
 * What read() gives: ends of calls, and what becomes of the PD. Each has its place
 * before there is anything to say, by the DRM core's rules for the space they take.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "soft.h"

static void event_push(struct file *file, const struct drm_event *event)
{
	unsigned int at = (file->events_head + file->events_queued) % MAX_EVENTS;

	memcpy(&file->events[at], event, event->length);
	file->events_queued++;
	/* who polls may be another thread than who receives */
	events_sync(file);
}

bool event_reserve(struct file *file)
{
	if (file->event_space < sizeof(struct drm_qda_event_complete))
		return false;
	file->event_space -= sizeof(struct drm_qda_event_complete);
	return true;
}

void event_unreserve(struct file *file)
{
	file->event_space += sizeof(struct drm_qda_event_complete);
}

void event_complete(struct file *file, const struct call *call, int error,
		    int32_t status)
{
	const struct drm_qda_event_complete event = {
		.base.type = DRM_QDA_EVENT_COMPLETE,
		.base.length = sizeof(event),
		.ticket = call->ticket,
		.user_data = call->user_data,
		.error = error,
		.status = status,
	};

	event_push(file, &event.base);
}

bool event_is_queued(const struct file *file, uint64_t ticket)
{
	unsigned int i;

	for (i = 0; i < file->events_queued; i++) {
		const union event *event =
			&file->events[(file->events_head + i) % MAX_EVENTS];

		if (event->base.type == DRM_QDA_EVENT_COMPLETE &&
		    event->complete.ticket == ticket)
			return true;
	}
	return false;
}

/* --- status --------------------------------------------------------------- */

static void status_push(struct file *file, uint32_t status)
{
	const struct drm_qda_event_status event = {
		.base.type = DRM_QDA_EVENT_STATUS,
		.base.length = sizeof(event),
		.status = status,
	};

	file->status_unread++;
	event_push(file, &event.base);
}

int status_set(struct file *file, bool enable)
{
	const size_t size = sizeof(struct drm_qda_event_status);
	int err;

	if (enable == file->status_events)
		return 0;
	if (!enable) {
		file->event_space += size;
		file->status_events = false;
		return 0;
	}
	/* the place of the last one */
	if (file->event_space < size)
		return -ENOMEM;
	err = lane_watch(file, &file->lanes[ROOT_LANE]);
	if (err)
		return err;
	file->event_space -= size;
	file->status_events = true;
	return 0;
}

void status_notify(struct file *file, const struct qda_reply *reply)
{
	const size_t size = sizeof(struct drm_qda_event_status);

	if (!file->status_events || reply->client_id != file->sid)
		return;
	if (file->session != SESSION_STARTING && file->session != SESSION_RUNNING)
		return;
	/* nothing makes the DSP say it only once */
	if (file->status_unread >= DRM_QDA_MAX_STATUS_EVENTS ||
	    file->event_space < size)
		return;
	file->event_space -= size;
	status_push(file, (uint32_t)reply->status);
}

void status_lost(struct file *file)
{
	if (!file->status_events)
		return;
	file->status_events = false;
	status_push(file, DRM_QDA_PD_STATUS_DSP_RESTART);
}

/* --- reading -------------------------------------------------------------- */

void events_sync(struct file *file)
{
	uint64_t one = 1;
	bool want = file->events_queued > 0;

	if (want == file->event_fd_set || file->events_quiet)
		return;
	if (want ? write(file->event_fd, &one, sizeof(one)) > 0 :
		   read(file->event_fd, &one, sizeof(one)) > 0)
		file->event_fd_set = want;
}

/* Copy out whole events, as many as fit */
static ssize_t events_copy(struct file *file, uint64_t buf, size_t count)
{
	size_t copied = 0;

	while (file->events_queued) {
		const union event *event = &file->events[file->events_head];
		size_t size = event->base.length;

		if (count - copied < size)
			break;
		if (copy_out(buf + copied, event, size))
			return copied ? (ssize_t)copied : -EFAULT;
		file->status_unread -= event->base.type == DRM_QDA_EVENT_STATUS;
		file->event_space += size;
		file->events_head = (file->events_head + 1) % MAX_EVENTS;
		file->events_queued--;
		copied += size;
	}
	return (ssize_t)copied;
}

ssize_t events_read(struct file *file, uint64_t buf, size_t count, bool nonblock)
{
	struct pollfd pfd = { .fd = file->epfd, .events = POLLIN };
	ssize_t ret;
	int err;

	for (;;) {
		file->events_quiet++;
		lanes_drain(file, nonblock ? 0 : DEADLINE_NEVER);
		ret = file->events_queued ? events_copy(file, buf, count) : -EAGAIN;
		file->events_quiet--;
		events_sync(file);
		if (ret != -EAGAIN || nonblock)
			return ret;

		pthread_mutex_unlock(&file->lock);
		err = poll_until(&pfd, 1, DEADLINE_NEVER);
		pthread_mutex_lock(&file->lock);
		if (err < 0)
			return err;
	}
}
