// SPDX-License-Identifier: MIT
/* Persistent mappings of buffers into the PD. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

static struct list *id_bucket(struct file *file, uint32_t id)
{
	return &file->maps_by_id[id % MAP_BUCKETS];
}

static struct list *dsp_id_bucket(struct file *file, int32_t dsp_id)
{
	return &file->maps_by_dsp_id[(uint32_t)dsp_id % MAP_BUCKETS];
}

static struct map *map_by_id(struct file *file, uint32_t id)
{
	struct list *head = id_bucket(file, id), *n;

	list_for_each(n, head) {
		struct map *map = container_of(n, struct map, by_id);

		if (map->id == id)
			return map;
	}
	return NULL;
}

struct map *map_by_dsp_id(struct file *file, int32_t dsp_id)
{
	struct list *head = dsp_id_bucket(file, dsp_id), *n;

	list_for_each(n, head) {
		struct map *map = container_of(n, struct map, by_dsp_id);

		if (map->dsp_id == dsp_id)
			return map;
	}
	return NULL;
}

static void map_free(struct file *file, struct map *map)
{
	list_del(&map->by_id);
	list_del(&map->by_dsp_id);
	list_del(&map->all);
	file->num_maps--;
	if (map->type == DRM_QDA_MAP_FD_DELAYED)
		file->num_delayed--;
	object_put(file, map->obj);
	free(map);
}

void map_finished_by_dsp(struct file *file, uint32_t dsp_id)
{
	struct map *map = map_by_dsp_id(file, (int32_t)dsp_id);

	if (map && map->type == DRM_QDA_MAP_FD_DELAYED) {
		/* the call that has a message under way frees it */
		if (map->state == MAP_PENDING || map->state == MAP_UNMAPPING)
			map->finished = true;
		else
			map_free(file, map);
	}
}

void maps_forget(struct file *file)
{
	struct list *n, *next;

	/* what still waits for an answer is freed by its call */
	list_for_each_safe(n, next, &file->maps) {
		struct map *map = container_of(n, struct map, all);

		if (map->state == MAP_MAPPED || map->state == MAP_LOST)
			map_free(file, map);
	}
}

/* --- messages ------------------------------------------------------------ */

static void pack_map(struct file *file, struct call *call, const struct map *map,
		     uint64_t hint)
{
	struct qda_wire_page page = {
		.addr = htole64(map->bus),
		.size = htole64(map->size),
	};
	struct qda_wire_mem_map mem_map = {
		.client_id = htole32(file->sid),
		.dsp_id = htole32((uint32_t)map->dsp_id),
		.flags = htole32(map->type),
		.vaddr = htole64(hint),
		.num = htole32(sizeof(page)),
	};
	struct qda_wire_mmap mmap = {
		.client_id = htole32(file->sid),
		.flags = htole32(map->type),
		.vaddr = htole64(hint),
		.num = htole32(sizeof(page)),
	};
	const struct ctl_block out = { .len = sizeof(__le64), .out = true };
	const struct ctl_block in_page = { .data = &page, .len = sizeof(page) };
	const struct ctl_block mem_map_blocks[] = {
		{ .data = &mem_map, .len = sizeof(mem_map) }, in_page, { 0 }, out,
	};
	const struct ctl_block mmap_blocks[] = {
		{ .data = &mmap, .len = sizeof(mmap) }, in_page, out,
	};

	if (map->type == DRM_QDA_MAP_ADD_PAGES)
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_MMAP, mmap_blocks,
			 ARRAY_SIZE(mmap_blocks));
	else
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_MEM_MAP, mem_map_blocks,
			 ARRAY_SIZE(mem_map_blocks));
}

static void pack_unmap(struct file *file, struct call *call, const struct map *map)
{
	struct qda_wire_mem_unmap mem_unmap = {
		.client_id = htole32(file->sid),
		.dsp_id = htole32((uint32_t)map->dsp_id),
		.vaddr = htole64(map->addr),
		.length = htole64(map->size),
	};
	struct qda_wire_munmap munmap = {
		.client_id = htole32(file->sid),
		.vaddr = htole64(map->addr),
		.size = htole64(map->size),
	};
	const struct ctl_block mem_unmap_block = {
		.data = &mem_unmap, .len = sizeof(mem_unmap),
	};
	const struct ctl_block munmap_block = {
		.data = &munmap, .len = sizeof(munmap),
	};

	if (map->type == DRM_QDA_MAP_ADD_PAGES)
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_MUNMAP, &munmap_block, 1);
	else
		ctl_pack(file, call, QDA_HANDLE_INIT, QDA_INIT_MEM_UNMAP,
			 &mem_unmap_block, 1);
}

/* --- how they end -------------------------------------------------------- */

static bool unmap_ended(struct file *file, struct call *call, int error, int32_t status,
			bool orphan)
{
	struct map *map = call->ended_data;

	if (file->session == SESSION_RELEASED && error) {
		map->state = MAP_LOST;		/* until the PD has ended */
	} else if (error == -ENOMEM && !map->finished) {
		map->state = MAP_MAPPED;	/* could not be sent */
	} else if (error || !status || map->finished) {
		map_free(file, map);
	} else if (orphan) {
		/* interrupted: the id is gone, the mapping stands */
		list_del(&map->by_id);
		map->state = MAP_LOST;
	} else {
		map->state = MAP_MAPPED;
	}
	return false;
}

static bool map_ended(struct file *file, struct call *call, int error, int32_t status,
		      bool orphan)
{
	struct map *map = call->ended_data;
	__le64 addr;

	if (file->session == SESSION_RELEASED && error) {
		map->state = MAP_LOST;
		return false;
	}
	if (error || status || map->finished) {
		map_free(file, map);
		return false;
	}
	memcpy(&addr, ctl_out(file, call), sizeof(addr));
	map->addr = le64toh(addr);
	if (!orphan) {
		map->state = MAP_MAPPED;
		return false;
	}
	/* interrupted: undone with the slot that made it */
	map->state = MAP_UNMAPPING;
	call->ended = unmap_ended;
	pack_unmap(file, call, map);
	ctl_post(file, call);
	return true;
}

/* --- ioctls -------------------------------------------------------------- */

static struct map *map_new(struct file *file, const struct drm_qda_remote_map *a,
			   struct object *obj)
{
	struct map *map = calloc(1, sizeof(*map));
	uint64_t page = QDA_DSP_PAGE_SIZE;

	if (!map)
		return NULL;
	do
		map->id = ++file->next_map_id;
	while (!map->id || map_by_id(file, map->id));
	map->dsp_id = a->dsp_id;
	map->type = a->type;
	map->obj = obj;
	obj->refs++;
	map->bus = object_bus(file, obj) + a->offset;
	map->size = (a->length + page - 1) & ~(page - 1);
	map->state = MAP_PENDING;
	list_add(id_bucket(file, map->id), &map->by_id);
	list_init(&map->by_dsp_id);
	if (map->dsp_id)
		list_add(dsp_id_bucket(file, map->dsp_id), &map->by_dsp_id);
	list_add(&file->maps, &map->all);
	file->num_maps++;
	if (map->type == DRM_QDA_MAP_FD_DELAYED)
		file->num_delayed++;
	return map;
}

int map_create(struct file *file, void *data)
{
	struct drm_qda_remote_map *a = data;
	struct object *obj;
	int32_t status = 0;
	struct call *call;
	struct map *map;
	uint32_t id;
	int err;

	err = qda_check_map(a);
	if (!err)
		err = session_check(file);
	if (err)
		return err;
	/* may sleep: everything it could change is looked at afterwards */
	err = ctl_take(file, &call);
	if (err)
		return err;
	err = session_check(file);
	if (err)
		goto drop;
	err = -ENOENT;
	obj = object_find(file, a->handle);
	if (!obj)
		goto drop;
	err = qda_check_map_range(a, obj->size);
	if (err)
		goto drop;
	err = -EEXIST;
	if (a->dsp_id && map_by_dsp_id(file, a->dsp_id))
		goto drop;
	err = -ENOSPC;
	if (file->num_maps >= QDA_MAX_MAPPINGS)
		goto drop;
	err = -ENOMEM;
	map = map_new(file, a, obj);
	if (!map)
		goto drop;

	id = map->id;
	call->ended = map_ended;
	call->ended_data = map;
	pack_map(file, call, map, a->addr_hint);
	err = ctl_run(file, call, &status);
	if (err)
		return err;
	if (!status) {
		/* another thread may have unmapped it already */
		map = map_by_id(file, id);
		a->dsp_addr = map ? map->addr : 0;
		a->map_id = id;
	} else {
		a->dsp_addr = 0;
		a->map_id = 0;
	}
	a->status = status;
	return 0;

drop:
	call_drop(file, call);
	return err;
}

int map_remove(struct file *file, void *data)
{
	struct drm_qda_remote_munmap *a = data;
	int32_t status = 0;
	uint32_t id;
	struct call *call;
	struct map *map;
	int err;

	err = qda_check_munmap(a);
	if (!err)
		err = session_check(file);
	if (err)
		return err;
	err = ctl_take(file, &call);
	if (err)
		return err;
	err = session_check(file);
	map = err ? NULL : map_by_id(file, a->map_id);
	if (!map || map->state != MAP_MAPPED) {
		call_drop(file, call);
		return err ? err : -ENOENT;
	}
	map->state = MAP_UNMAPPING;
	call->ended = unmap_ended;
	call->ended_data = map;
	pack_unmap(file, call, map);
	id = map->id;
	err = ctl_run(file, call, &status);
	if (err)
		return err;
	/* refused because the DSP has ended it itself meanwhile */
	if (status && !map_by_id(file, id))
		return -ENOENT;
	a->status = status;
	return 0;
}
