// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent mappings of buffers into the PD. Each pins its buffer until the DSP has
 * confirmed that it is undone, has said that it has finished with it, or is gone.
 */
#include <linux/slab.h>

#include "qda_drv.h"

/**
 * enum qda_map_state - what the DSP is known to hold
 * @QDA_MAP_PENDING: asked to map it
 * @QDA_MAP_MAPPED: has it
 * @QDA_MAP_UNMAPPING: asked to unmap it
 * @QDA_MAP_LOST: has it, and nothing can be asked of it any more
 */
enum qda_map_state {
	QDA_MAP_PENDING,
	QDA_MAP_MAPPED,
	QDA_MAP_UNMAPPING,
	QDA_MAP_LOST,
};

/**
 * struct qda_map - one REMOTE_MAP; all under &qda_session.lock
 * @node: in &qda_session.map_list
 * @state: &enum qda_map_state
 * @id: user space's name for it; 0: has none any more
 * @dsp_id: the DSP's name for the buffer, 0: none
 * @type: &enum drm_qda_map_type
 * @bo: pinned
 * @size: what the DSP was told
 * @addr: what it answered
 * @finished: the DSP has ended it while it was asked to map or unmap it
 * @undone: nobody has learnt its id: it is being unmapped
 */
struct qda_map {
	struct list_head node;
	enum qda_map_state state;
	u32 id;
	s32 dsp_id;
	u32 type;
	struct qda_bo_map *bo;
	u64 size;
	u64 addr;
	bool finished;
	bool undone;
};

/* Its id is nobody's any more */
static void qda_map_forget(struct qda_session *session, struct qda_map *map)
{
	lockdep_assert_held(&session->lock);
	if (map->id)
		xa_erase(&session->maps, map->id);
	map->id = 0;
}

static void qda_map_free(struct qda_session *session, struct qda_map *map)
{
	qda_map_forget(session, map);
	if (map->dsp_id)
		xa_erase(&session->maps_by_dsp_id, map->dsp_id);
	list_del(&map->node);
	session->num_maps--;
	if (map->type == DRM_QDA_MAP_FD_DELAYED)
		WRITE_ONCE(session->num_delayed, session->num_delayed - 1);
	qda_bo_map_put(map->bo);
	kfree(map);
}

/**
 * qda_map_check_dsp_id() - whether a handle argument fits the mappings
 * @session: whose lock is held
 * @dsp_id: the DSP's name for the buffer
 * @gem: the buffer
 *
 * Return: 0, or -EINVAL when that names another buffer.
 */
int qda_map_check_dsp_id(struct qda_session *session, s32 dsp_id,
			 const struct qda_gem *gem)
{
	const struct qda_map *map = xa_load(&session->maps_by_dsp_id, dsp_id);

	lockdep_assert_held(&session->lock);
	return map && !qda_gem_same(map->bo->gem, gem) ? -EINVAL : 0;
}

/**
 * qda_map_finished() - the DSP has named a buffer as finished
 * @session: whose lock is held
 * @dsp_id: as the DSP said it; may be anything
 *
 * Honoured for delayed mappings only, and once, because then it is gone.
 */
void qda_map_finished(struct qda_session *session, u32 dsp_id)
{
	struct qda_map *map = xa_load(&session->maps_by_dsp_id, dsp_id);

	lockdep_assert_held(&session->lock);
	if (!map || map->type != DRM_QDA_MAP_FD_DELAYED)
		return;
	/* the call that has a message under way frees it */
	if (map->state == QDA_MAP_PENDING || map->state == QDA_MAP_UNMAPPING)
		map->finished = true;
	else
		qda_map_free(session, map);
}

/**
 * qda_maps_bury() - the DSP holds nothing any more
 * @session: whose lock is held; its calls have been buried
 */
void qda_maps_bury(struct qda_session *session)
{
	struct qda_map *map, *tmp;

	lockdep_assert_held(&session->lock);
	list_for_each_entry_safe(map, tmp, &session->map_list, node)
		qda_map_free(session, map);
}

/* --- how they end -------------------------------------------------------- */

static bool qda_unmap_ended(struct qda_call *call, int error, s32 status,
			    bool orphan)
{
	struct qda_session *session = call->session;
	struct qda_map *map = call->ended_data;

	if (map->finished || (!error && !status)) {
		qda_map_free(session, map);
	} else if (map->undone || (!error && orphan)) {
		/* nobody has the id any more; the mapping stands until it is buried */
		qda_map_forget(session, map);
		map->state = QDA_MAP_LOST;
	} else if (error == -ENOMEM) {
		map->state = QDA_MAP_MAPPED;	/* could not be sent */
	} else if (error) {
		map->state = QDA_MAP_LOST;
	} else {
		map->state = QDA_MAP_MAPPED;
	}
	return false;
}

static bool qda_map_ended(struct qda_call *call, int error, s32 status,
			  bool orphan)
{
	struct qda_session *session = call->session;
	struct qda_map *map = call->ended_data;

	if (error || status || map->finished) {
		qda_map_free(session, map);
		return false;
	}
	map->addr = le64_to_cpu(call->out_word);
	if (!orphan) {
		map->state = QDA_MAP_MAPPED;
		return false;
	}
	/* interrupted: undone with the slot that made it */
	map->undone = true;
	map->state = QDA_MAP_UNMAPPING;
	call->ended = qda_unmap_ended;
	qda_pack_unmap(call, map->type, map->dsp_id, map->addr, map->size);
	return true;
}

/* --- ioctls -------------------------------------------------------------- */

static struct qda_map *qda_map_new(struct qda_session *session,
				   const struct drm_qda_remote_map *a,
				   struct qda_bo_map *bo)
{
	struct qda_map *map;
	int err;

	if (a->dsp_id && xa_load(&session->maps_by_dsp_id, a->dsp_id))
		return ERR_PTR(-EEXIST);
	if (session->num_maps >= QDA_MAX_MAPPINGS)
		return ERR_PTR(-ENOSPC);

	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->state = QDA_MAP_PENDING;
	map->dsp_id = a->dsp_id;
	map->type = a->type;
	map->bo = bo;
	map->size = round_up(a->length, QDA_DSP_PAGE_SIZE);
	err = xa_alloc_cyclic(&session->maps, &map->id, map, xa_limit_32b,
			      &session->next_map, GFP_KERNEL);
	if (err < 0)
		goto free;
	if (map->dsp_id) {
		err = xa_insert(&session->maps_by_dsp_id, map->dsp_id, map,
				GFP_KERNEL);
		if (err)
			goto erase;
	}
	bo->refs++;
	list_add_tail(&map->node, &session->map_list);
	session->num_maps++;
	if (map->type == DRM_QDA_MAP_FD_DELAYED)
		WRITE_ONCE(session->num_delayed, session->num_delayed + 1);
	return map;

erase:
	xa_erase(&session->maps, map->id);
free:
	kfree(map);
	return ERR_PTR(-ENOMEM);
}

/* Everything up to sending; session->lock is held */
static int qda_map_prepare(struct drm_file *file, struct qda_call *call,
			   const struct drm_qda_remote_map *a, u32 *ret_id)
{
	struct qda_session *session = call->session;
	struct qda_bo_map *bo;
	struct qda_map *map;
	struct qda_gem *gem;
	int err;

	err = qda_session_check(session);
	if (err)
		return err;
	gem = qda_gem_lookup(file, a->handle);
	if (!gem)
		return -ENOENT;
	bo = qda_bo_map_find(session, gem);
	err = qda_check_map_range(a, gem->base.size);
	drm_gem_object_put(&gem->base);
	if (err)
		return err;
	if (!bo)
		return -ENOENT;
	map = qda_map_new(session, a, bo);
	if (IS_ERR(map))
		return PTR_ERR(map);
	qda_pack_map(call, map->type, map->dsp_id, a->addr_hint,
		     qda_bus_addr(session, bo->addr) + a->offset, map->size);
	call->ended = qda_map_ended;
	call->ended_data = map;
	*ret_id = map->id;
	return 0;
}

/**
 * qda_map_create() - DRM_IOCTL_QDA_REMOTE_MAP
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_map_create(struct drm_file *file, struct drm_qda_remote_map *a)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_map *map;
	struct qda_call *call;
	s32 status = 0;
	u64 addr = 0;
	u32 id = 0;
	int err;

	err = qda_check_map(a);
	if (!err)
		err = qda_session_check(session);
	if (!err)
		err = qda_ctl_take(session, true, &call);
	if (err)
		return err;

	mutex_lock(&session->lock);
	err = qda_map_prepare(file, call, a, &id);
	mutex_unlock(&session->lock);
	if (err) {
		qda_call_drop(call);
		return err;
	}
	err = qda_ctl_run(call, &status);
	if (err)
		return err;

	if (status) {
		id = 0;
	} else {
		/* another thread may have unmapped it already */
		mutex_lock(&session->lock);
		map = xa_load(&session->maps, id);
		if (map)
			addr = map->addr;
		mutex_unlock(&session->lock);
	}
	a->dsp_addr = addr;
	a->map_id = id;
	a->status = status;
	return 0;
}

/**
 * qda_map_remove() - DRM_IOCTL_QDA_REMOTE_MUNMAP
 * @session: caller's
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_map_remove(struct qda_session *session, struct drm_qda_remote_munmap *a)
{
	struct qda_map *map = NULL;
	struct qda_call *call;
	s32 status = 0;
	int err;

	err = qda_check_munmap(a);
	if (!err)
		err = qda_session_check(session);
	if (!err)
		err = qda_ctl_take(session, true, &call);
	if (err)
		return err;

	mutex_lock(&session->lock);
	err = qda_session_check(session);
	if (!err) {
		map = xa_load(&session->maps, a->map_id);
		if (!map || map->state != QDA_MAP_MAPPED)
			err = -ENOENT;
	}
	if (!err) {
		map->state = QDA_MAP_UNMAPPING;
		qda_pack_unmap(call, map->type, map->dsp_id, map->addr,
			       map->size);
		call->ended = qda_unmap_ended;
		call->ended_data = map;
	}
	mutex_unlock(&session->lock);
	if (err) {
		qda_call_drop(call);
		return err;
	}
	err = qda_ctl_run(call, &status);
	if (err)
		return err;
	if (status) {
		/* refused because the DSP has ended it itself meanwhile */
		mutex_lock(&session->lock);
		if (!xa_load(&session->maps, a->map_id))
			err = -ENOENT;
		mutex_unlock(&session->lock);
		if (err)
			return err;
	}
	a->status = status;
	return 0;
}
