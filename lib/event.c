// SPDX-License-Identifier: MIT
/* What becomes of a session's PD: status notifications, and what it was running */
#include <errno.h>
#include <string.h>

#include "firmware.h"
#include "objects.h"
#include "running.h"
#include "trace.h"

#include <qda/event.h>

/* under session->lock */
static void copy_name(struct qda_session *session, uint32_t handle,
		      char name[MODULE_NAME])
{
	struct list *node;

	name[0] = '\0';
	list_for_each(node, &session->modules) {
		struct qda_module *module = container_of(node, struct qda_module, node);

		if (module->handle == handle && module->name) {
			strncpy(name, module->name, MODULE_NAME - 1);
			name[MODULE_NAME - 1] = '\0';
			return;
		}
	}
}

void session_module_name(struct qda_session *session, uint32_t handle,
			 char name[MODULE_NAME])
{
	pthread_mutex_lock(&session->lock);
	copy_name(session, handle, name);
	pthread_mutex_unlock(&session->lock);
}

/* under session->lock */
static void add_lost(struct qda_session *session, uint64_t call)
{
	unsigned int i;

	for (i = 0; i < session->num_lost; i++)
		if (session->lost[i] == call)
			return;
	if (session->num_lost < SESSION_LOST)
		session->lost[session->num_lost++] = call;
}

void running_lost(struct qda_session *session, uint32_t handle, uint32_t method)
{
	pthread_mutex_lock(&session->lock);
	add_lost(session, (uint64_t)handle << 32 | method);
	pthread_mutex_unlock(&session->lock);
	atomic_store_explicit(&session->pd_lost, true, memory_order_relaxed);
}

/* those that have returned with it, and those that are about to; names are copies */
static unsigned int collect(struct qda_session *session,
			    struct qda_running_call running[SESSION_LOST],
			    char names[SESSION_LOST][MODULE_NAME])
{
	unsigned int i, n;
	uint64_t call;

	pthread_mutex_lock(&session->lock);
	for (i = 0; i < SESSION_RUNNING; i++) {
		call = atomic_load_explicit(&session->running[i], memory_order_relaxed);
		if (call)
			add_lost(session, call);
	}
	n = session->num_lost;
	for (i = 0; i < n; i++) {
		running[i].handle = (uint32_t)(session->lost[i] >> 32);
		running[i].method = (uint32_t)session->lost[i];
		copy_name(session, running[i].handle, names[i]);
		running[i].module = names[i];
	}
	pthread_mutex_unlock(&session->lock);
	return n;
}

static bool has_ended(uint32_t kind)
{
	return kind == QDA_SESSION_PD_EXIT || kind == QDA_SESSION_PD_KILLED ||
	       kind == QDA_SESSION_PD_EXCEPTION;
}

int session_status_event(struct qda_session *session, uint32_t kind)
{
	struct qda_running_call running[SESSION_LOST];
	char names[SESSION_LOST][MODULE_NAME];
	struct qda_session_event event = {
		.size = sizeof(event),
		.kind = kind,
		.running = running,
	};
	qda_session_event_fn fn;
	unsigned int i;
	void *data;

	if (has_ended(kind))
		event.num_running = collect(session, running, names);
	for (i = 0; i < event.num_running && kind == QDA_SESSION_PD_EXCEPTION; i++)
		log_warn(session_ctx(session), "%s: the PD has crashed, it was running method %u of %s",
			 session->device->info.dsp, running[i].method,
			 *running[i].module ? running[i].module : "an unknown module");
	pthread_mutex_lock(&session->lock);
	fn = session->event_fn;
	data = session->event_data;
	pthread_mutex_unlock(&session->lock);
	if (!fn)
		return 0;
	fn(data, session, &event);
	return 1;
}

QDA_EXPORT int qda_session_set_event_callback(struct qda_session *session,
					      qda_session_event_fn fn, void *data)
{
	int32_t status = 0;
	int err;

	if (!session)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	pthread_mutex_lock(&session->lock);
	session->event_fn = fn;
	session->event_data = data;
	pthread_mutex_unlock(&session->lock);
	err = kapi_set_status_events(session->file, fn != NULL);
	if (err || !fn)
		return err;
	/* attached PDs are asked like those made here; firmware may know it of neither */
	err = session_invoke(session, CURRENT_PROCESS1, PROCESS1_ENABLE_NOTIFICATIONS,
			     NULL, 0, &status);
	if (!err && status)
		log_info(session_ctx(session),
			 "%s tells nothing of its PDs (%s), only its loss is noticed",
			 session->device->info.dsp, qda_status_name(status));
	return err;
}
