// SPDX-License-Identifier: MIT
/* The session's protection domain: create, attach, release. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "soft.h"

/* how long the release waits, so that what follows finds the bank free */
#define RELEASE_WAIT	(100 * NSEC_PER_MSEC)

static bool is_privileged(const struct file *file)
{
	return file->info.features & DRM_QDA_FEATURE_PRIVILEGED;
}

int session_check(const struct file *file)
{
	if (file->lost)
		return -ENODEV;
	if (file->session == SESSION_RELEASED)
		return -ECANCELED;
	return file->session == SESSION_RUNNING ? 0 : -ENOTCONN;
}

static void drop_init_mem(struct file *file)
{
	struct object *obj = file->init_mem;

	file->init_mem = NULL;
	if (obj)
		object_put(file, obj);
}

/* The PD has ended and nothing of this session is on the DSP any more. */
static void session_buried(struct file *file)
{
	calls_bury_zombies(file);
	maps_forget(file);
	drop_init_mem(file);
	bank_gone(file);
}

static bool release_ended(struct file *file, struct call *call, int error,
			  int32_t status, bool orphan)
{
	(void)call;
	(void)orphan;
	/* a DSP that refuses may still use the memory: it stays until close */
	if (!error && !status)
		session_buried(file);
	return false;
}

void session_send_release(struct file *file)
{
	__le32 client_id = htole32(file->sid);
	const struct ctl_block block = { .data = &client_id, .len = sizeof(client_id) };
	struct call *call;

	if (file->release_sent || file->lost)
		return;
	call = call_take(file, SLOT_RELEASE, 1);
	if (!call)
		return;
	file->release_sent = true;
	call->ended = release_ended;
	call->outlives_session = true;
	ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_RELEASE, &block, 1);
	ctl_post(file, call);
}

void session_end(struct file *file)
{
	file->session = SESSION_RELEASED;
	calls_end_all(file, -ECANCELED, true);
	lanes_shutdown(file);
}

/*
 * Send it and wait, but not for long: whoever comes next then finds the bank free.
 * Goes on by itself when the DSP takes its time.
 */
void session_finish(struct file *file)
{
	struct call *call = &file->calls[SLOT_RELEASE];
	struct result result = { .done = false };
	int64_t deadline;
	int err;

	session_send_release(file);
	if (file->lost || call->state != CALL_FLYING || call->result)
		return;
	call->result = &result;
	deadline = clock_now() + RELEASE_WAIT;
	do
		err = lane_wait(file, &file->lanes[ROOT_LANE], &result, deadline);
	while (err == -EINTR);
	if (!result.done)
		call->result = NULL;
}

int session_release(struct file *file, void *data)
{
	int err;

	err = qda_check_release(data);
	if (!err)
		err = session_check(file);
	if (err)
		return err;
	session_end(file);
	session_finish(file);
	return 0;
}

/* --- beginning ----------------------------------------------------------- */

/* What CREATE and ATTACH do when they are answered, waited for or not */
static bool begin_ended(struct file *file, struct call *call, int error, int32_t status,
			bool orphan)
{
	(void)call;
	(void)orphan;
	if (error) {
		drop_init_mem(file);
	} else if (file->session == SESSION_RELEASED) {
		/* interrupted: undone */
		if (status)
			session_buried(file);
		else
			session_send_release(file);
	} else if (status) {
		drop_init_mem(file);
		file->session = SESSION_NONE;
	} else {
		file->session = SESSION_RUNNING;
	}
	return false;
}

static int session_may_begin(const struct file *file)
{
	if (file->session == SESSION_RELEASED)
		return -ECANCELED;
	return file->session == SESSION_NONE ? 0 : -EALREADY;
}

/* session is STARTING and the message is packed */
static int session_begin(struct file *file, struct call *call, int32_t *ret_status)
{
	int err;

	call->ended = begin_ended;
	call->outlives_session = true;
	err = ctl_run(file, call, ret_status);
	if (err == -EINTR || err == -ETIMEDOUT)
		session_end(file);
	return err;
}

static void session_not_begun(struct file *file)
{
	drop_init_mem(file);
	if (file->session == SESSION_STARTING)
		file->session = SESSION_NONE;
}

int session_attach(struct file *file, void *data)
{
	static const struct qda_wire_page no_page;
	struct drm_qda_session_attach *a = data;
	__le32 client_id;
	struct qda_wire_create_static create = {
		.namelen = htole32((uint32_t)strnlen((char *)a->name, sizeof(a->name)) +
				   1),
	};
	const struct ctl_block attach_blocks[] = {
		{ .data = &client_id, .len = sizeof(client_id) },
	};
	const struct ctl_block static_blocks[] = {
		{ .data = &create, .len = sizeof(create) },
		{ .data = a->name, .len = le32toh(create.namelen) },
		{ .data = &no_page, .len = sizeof(no_page) },
	};
	int32_t status = 0;
	struct call *call;
	int err;

	err = qda_check_attach(a, is_privileged(file), file->info.features);
	if (!err)
		err = session_may_begin(file);
	if (err)
		return err;

	file->session = SESSION_STARTING;
	err = bank_get(file);
	if (!err)
		err = ctl_take(file, &call);
	if (err) {
		session_not_begun(file);
		return err;
	}
	client_id = create.client_id = htole32(file->sid);
	file->pd_type = a->pd == DRM_QDA_PD_STATIC ? QDA_PD_TYPE_USER :
			a->pd == DRM_QDA_PD_SENSORS ? QDA_PD_TYPE_SENSORS :
						      QDA_PD_TYPE_ROOT;
	if (a->pd == DRM_QDA_PD_STATIC)
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_CREATE_STATIC,
			 static_blocks, ARRAY_SIZE(static_blocks));
	else
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_ATTACH, attach_blocks,
			 ARRAY_SIZE(attach_blocks));
	err = session_begin(file, call, &status);
	if (err) {
		session_not_begun(file);
		return err;
	}
	a->status = status;
	return 0;
}

static void pack_create(struct file *file, struct call *call,
			const struct drm_qda_remote_session_create *a,
			const struct object *shell)
{
	uint32_t attrs = qda_create_attrs(a, is_privileged(file));
	char name[32] = "qda";
	struct qda_wire_create create;
	struct qda_wire_page page;
	struct ctl_block blocks[4];

	prctl(PR_GET_NAME, name, 0, 0, 0);
	create.client_id = htole32(file->sid);
	create.namelen = htole32((uint32_t)strlen(name) + 1);
	create.filelen = htole32(a->length);
	create.num_pages = htole32(1);
	create.attrs = htole32(attrs);
	create.siglen = htole32(a->siglen);
	page.addr = htole64(object_bus(file, file->init_mem));
	page.size = htole64(file->init_mem->size);

	blocks[0] = (struct ctl_block){ .data = &create, .len = sizeof(create) };
	blocks[1] = (struct ctl_block){ .data = name, .len = strlen(name) + 1 };
	blocks[2] = (struct ctl_block){ .len = a->length };
	if (shell)
		blocks[2].bus = object_bus(file, shell) + a->offset;
	blocks[3] = (struct ctl_block){ .data = &page, .len = sizeof(page) };
	ctl_pack(file, call, QDA_HANDLE_INIT,
		 attrs ? QDA_INIT_CREATE_ATTR : QDA_INIT_CREATE, blocks, 4);
}

int session_create(struct file *file, void *data)
{
	struct drm_qda_remote_session_create *a = data;
	struct object *shell = NULL;
	int32_t status = 0;
	struct call *call;
	int err;

	err = qda_check_create(a, is_privileged(file), file->info.features);
	if (!err)
		err = session_may_begin(file);
	if (err)
		return err;
	if (a->handle) {
		shell = object_find(file, a->handle);
		if (!shell)
			return -ENOENT;
		err = qda_check_shell(a, shell->size);
		if (err)
			return err;
		shell->refs++;
	}

	file->session = SESSION_STARTING;
	err = object_new(file, qda_init_mem_size(a), &file->init_mem);
	if (!err)
		err = ctl_take(file, &call);
	if (err) {
		if (shell)
			object_put(file, shell);
		session_not_begun(file);
		return err;
	}
	if (shell)
		call->objs[call->num_objs++] = shell;
	file->pd_type = QDA_PD_TYPE_USER;
	file->is_unsigned = a->attrs & DRM_QDA_PD_UNSIGNED;
	pack_create(file, call, a, shell);
	err = session_begin(file, call, &status);
	if (err == -EINTR || err == -ETIMEDOUT)
		return err;	/* the init memory is the DSP's until it answers */
	if (err) {
		session_not_begun(file);
		return err;
	}
	a->status = status;
	return 0;
}
