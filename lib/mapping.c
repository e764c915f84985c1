// SPDX-License-Identifier: MIT
/* Persistent mappings of buffers into the PD. */
#include <errno.h>
#include <stdlib.h>

#include "objects.h"

/* chosen dsp_ids start here, far from the small numbers programs choose */
#define FIRST_DSP_ID	0x40000000
#define DSP_PAGE	4096ULL

enum mapping_state {
	MAPPING_MAPPED,
	MAPPING_UNMAPPING,
	MAPPING_GONE,
};

int32_t mapping_next_dsp_id(struct qda_session *session)
{
	int32_t id;

	pthread_mutex_lock(&session->lock);
	if (session->next_dsp_id < FIRST_DSP_ID || session->next_dsp_id == INT32_MAX)
		session->next_dsp_id = FIRST_DSP_ID;
	id = session->next_dsp_id++;
	pthread_mutex_unlock(&session->lock);
	return id;
}

static int check_opts(const struct qda_buffer *buffer, struct qda_mapping_opts *opts,
		      struct qda_failure *reterr)
{
	switch (opts->type) {
	case QDA_MAP_STATIC:
	case QDA_MAP_FD:
	case QDA_MAP_FD_DELAYED:
	case QDA_MAP_FD_NOMAP:
		break;
	case QDA_MAP_ADD_PAGES:
		if (opts->dsp_id)
			return qda_fail(reterr, -EINVAL, 0,
					"memory for the PD's heap has no dsp_id");
		break;
	default:
		return qda_fail(reterr, -EINVAL, 0, "mapping type %u is unknown",
				opts->type);
	}
	if (opts->dsp_id < 0)
		return qda_fail(reterr, -EINVAL, 0, "dsp_id %d is negative",
				opts->dsp_id);
	if (opts->offset % DSP_PAGE || opts->addr_hint % DSP_PAGE)
		return qda_fail(reterr, -EINVAL, 0,
				"mapping offset and address must be multiples of 4096");
	if (opts->offset >= buffer->size ||
	    opts->length > buffer->size - opts->offset)
		return qda_fail(reterr, -EINVAL, 0,
				"mapping range lies outside the buffer");
	if (!opts->length)
		opts->length = buffer->size - opts->offset;
	return 0;
}

QDA_EXPORT int qda_mapping_new(struct qda_buffer *buffer,
			       const struct qda_mapping_opts *opts,
			       struct qda_mapping **ret_mapping,
			       struct qda_failure *reterr)
{
	struct qda_mapping_opts o;
	struct qda_mapping *mapping;
	struct qda_session *session;
	struct kapi_map map = { 0 };
	int32_t status = 0;
	bool choose;
	int err;

	if (!buffer || !ret_mapping)
		return qda_fail(reterr, -EINVAL, 0, "mapping: no buffer or no result");
	session = buffer->session;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return qda_fail(reterr, err, 0, "mapping");
	err = qda_opts_copy(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return qda_fail(reterr, err, 0, "options of the mapping");
	err = check_opts(buffer, &o, reterr);
	if (err)
		return err;

	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return qda_fail(reterr, -ENOMEM, 0, "mapping");
	map.handle = buffer->handle;
	map.offset = o.offset;
	map.length = o.length;
	map.addr_hint = o.addr_hint;
	map.type = o.type;
	map.dsp_id = o.dsp_id;
	choose = !o.dsp_id && o.type != QDA_MAP_ADD_PAGES;
	do {
		if (choose)
			map.dsp_id = mapping_next_dsp_id(session);
		err = kapi_map(session->file, &map, &mapping->id, &mapping->addr,
			       &status);
	} while (err == -EEXIST && choose);

	if (!err && status)
		err = -EREMOTEIO;
	if (err) {
		free(mapping);
		return qda_fail(reterr, err, status,
				"%s: mapping %llu bytes", session->device->info.dsp,
				(unsigned long long)map.length);
	}
	atomic_init(&mapping->refs, 1);
	atomic_init(&mapping->state, MAPPING_MAPPED);
	mapping->dsp_id = map.dsp_id;
	mapping->offset = map.offset;
	mapping->length = map.length;
	mapping->type = map.type;
	mapping->session = session;
	mapping->buffer = qda_buffer_ref(buffer);
	pthread_mutex_lock(&session->lock);
	list_add(&session->mappings, &mapping->node);
	pthread_mutex_unlock(&session->lock);
	*ret_mapping = mapping;
	return 0;
}

/* The state was MAPPED and is ours to change. */
static int unmap(struct qda_mapping *mapping, int32_t *ret_status)
{
	int err;

	*ret_status = 0;
	err = kapi_munmap(mapping->session->file, mapping->id, ret_status);
	switch (err) {
	case 0:
		if (*ret_status)
			err = -EREMOTEIO;
		break;
	case -ENOENT:
		err = -EALREADY;
		break;
	}
	switch (err) {
	case 0:
	case -EALREADY:
	case -ECANCELED:
	case -ENODEV:
	case -EPIPE:
		atomic_store(&mapping->state, MAPPING_GONE);
		break;
	default:
		atomic_store(&mapping->state, MAPPING_MAPPED);
		break;
	}
	return err;
}

QDA_EXPORT int qda_mapping_unmap(struct qda_mapping *mapping,
				 struct qda_failure *reterr)
{
	int expected = MAPPING_MAPPED;
	int32_t status;
	int err;

	if (!mapping)
		return qda_fail(reterr, -EINVAL, 0, "no mapping");
	err = qda_ctx_check(session_ctx(mapping->buffer->session));
	if (err)
		return qda_fail(reterr, err, 0, "unmapping");
	if (!atomic_compare_exchange_strong(&mapping->state, &expected,
					    MAPPING_UNMAPPING))
		return qda_fail(reterr, -EALREADY, 0, "unmapping");
	err = unmap(mapping, &status);
	if (err)
		return qda_fail(reterr, err, status, "%s: unmapping",
				mapping->buffer->session->device->info.dsp);
	return 0;
}

QDA_EXPORT struct qda_mapping *qda_mapping_ref(struct qda_mapping *mapping)
{
	if (mapping)
		atomic_fetch_add_explicit(&mapping->refs, 1, memory_order_relaxed);
	return mapping;
}

/* Nobody refers to it any more. */
static void end_mapping(struct qda_mapping *mapping)
{
	struct qda_ctx *ctx = session_ctx(mapping->session);
	int32_t status;
	int err;

	if (atomic_load(&mapping->state) != MAPPING_MAPPED)
		return;
	err = unmap(mapping, &status);
	if (err && atomic_load(&mapping->state) == MAPPING_MAPPED)
		log_warn(ctx, "unmapping dsp_id %d: %s", mapping->dsp_id,
			 err == -EREMOTEIO ? qda_status_text(status) :
					     qda_strerror(err));
}

QDA_EXPORT struct qda_mapping *qda_mapping_unref(struct qda_mapping *mapping)
{
	struct qda_session *session;
	struct qda_buffer *buffer;
	bool held;

	if (!mapping || atomic_fetch_sub(&mapping->refs, 1) != 1)
		return NULL;
	session = mapping->session;
	buffer = mapping->buffer;
	if (!qda_ctx_check(session_ctx(session))) {
		pthread_mutex_lock(&session->lock);
		held = mapping->holds;
		if (held)
			mapping->buffer = NULL;
		else
			list_del(&mapping->node);
		pthread_mutex_unlock(&session->lock);
		if (held) {
			/* the driver keeps the memory */
			qda_buffer_unref(buffer);
			return NULL;
		}
		end_mapping(mapping);
	}
	qda_buffer_unref(buffer);
	free(mapping);
	return NULL;
}

struct qda_mapping *mapping_find(struct qda_session *session, int32_t dsp_id)
{
	struct qda_mapping *mapping, *found = NULL;
	struct list *node;

	pthread_mutex_lock(&session->lock);
	list_for_each(node, &session->mappings) {
		mapping = container_of(node, struct qda_mapping, node);
		if (mapping->dsp_id != dsp_id ||
		    atomic_load(&mapping->state) == MAPPING_GONE ||
		    !qda_ref_try(&mapping->refs))
			continue;
		found = mapping;
		break;
	}
	pthread_mutex_unlock(&session->lock);
	return found;
}

void mapping_hold(struct qda_mapping *mapping)
{
	pthread_mutex_lock(&mapping->session->lock);
	mapping->holds++;
	pthread_mutex_unlock(&mapping->session->lock);
}

void mapping_drop(struct qda_mapping *mapping, bool may_block)
{
	struct qda_session *session = mapping->session;
	bool last;

	if (qda_ctx_check(session_ctx(session))) {
		/* the lock and the mapping are the parent's */
		if (!--mapping->holds && !mapping->buffer)
			free(mapping);
		return;
	}
	pthread_mutex_lock(&session->lock);
	last = !--mapping->holds && !mapping->buffer;
	if (last)
		list_del(&mapping->node);
	pthread_mutex_unlock(&session->lock);
	if (!last)
		return;
	if (may_block)
		end_mapping(mapping);
	free(mapping);
}

QDA_EXPORT uint64_t qda_mapping_get_address(const struct qda_mapping *mapping)
{
	return mapping ? mapping->addr : 0;
}

QDA_EXPORT int32_t qda_mapping_get_dsp_id(const struct qda_mapping *mapping)
{
	return mapping ? mapping->dsp_id : 0;
}
