/* SPDX-License-Identifier: MIT */
/* The interface of <drm/qda_accel.h>. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <drm/qda_accel.h>

#include "internal.h"
#include "kapi-ops.h"

/* an argument is passed on as it is */
#define SAME(field)                                                             \
	static_assert(offsetof(struct kapi_arg, field) ==                       \
				      offsetof(struct drm_qda_arg, field) &&    \
			      sizeof(((struct kapi_arg *)0)->field) ==          \
				      sizeof(((struct drm_qda_arg *)0)->field), \
		      #field)
SAME(offset);
SAME(length);
SAME(address);
SAME(handle);
SAME(flags);
SAME(dsp_id);
SAME(pad);
static_assert(sizeof(struct kapi_arg) == sizeof(struct drm_qda_arg), "size");
#undef SAME

#define SAME(ours, theirs) static_assert((int)(ours) == (int)(theirs), #ours)
SAME(KAPI_ARG_DSP_ID, DRM_QDA_ARG_DSP_ID);
SAME(KAPI_INVOKE_ASYNC, DRM_QDA_INVOKE_ASYNC);
SAME(KAPI_INVOKE_EVENT, DRM_QDA_INVOKE_EVENT);
SAME(KAPI_PD_UP, DRM_QDA_PD_STATUS_UP);
SAME(KAPI_PD_EXIT, DRM_QDA_PD_STATUS_EXIT);
SAME(KAPI_PD_KILLED, DRM_QDA_PD_STATUS_KILLED);
SAME(KAPI_PD_EXCEPTION, DRM_QDA_PD_STATUS_EXCEPTION);
SAME(KAPI_PD_DSP_RESTART, DRM_QDA_PD_STATUS_DSP_RESTART);
SAME(QDA_FEATURE_UNSIGNED_PD, DRM_QDA_FEATURE_UNSIGNED_PD);
SAME(QDA_FEATURE_SENSORS_PD, DRM_QDA_FEATURE_SENSORS_PD);
SAME(QDA_FEATURE_STATIC_PD, DRM_QDA_FEATURE_STATIC_PD);
SAME(QDA_FEATURE_COHERENT, DRM_QDA_FEATURE_COHERENT);
SAME(QDA_FEATURE_PRIVILEGED, DRM_QDA_FEATURE_PRIVILEGED);
SAME(QDA_MAP_STATIC, DRM_QDA_MAP_STATIC);
SAME(QDA_MAP_FD, DRM_QDA_MAP_FD);
SAME(QDA_MAP_FD_DELAYED, DRM_QDA_MAP_FD_DELAYED);
SAME(QDA_MAP_FD_NOMAP, DRM_QDA_MAP_FD_NOMAP);
SAME(QDA_MAP_ADD_PAGES, DRM_QDA_MAP_ADD_PAGES);
#undef SAME

/* events taken by one read() */
#define EVENTS_MAX 32

/* the smallest event; so many of them as were asked for have room for the largest */
#define EVENT_SIZE sizeof(struct drm_qda_event_status)
static_assert(KAPI_EVENTS_MIN * EVENT_SIZE >= sizeof(struct drm_qda_event_complete),
	      "the largest event fits");

/* the interface's minor version since which there is accounting, and status events */
#define MINOR_ACCOUNTING 1

static void set_status(int32_t *ret_status, int32_t status)
{
	if (ret_status)
		*ret_status = status;
}

static int uapi_probe(struct kapi_file *file)
{
	struct drm_qda_query magic = { .type = DRM_QDA_QUERY_MAGIC };
	struct drm_qda_query name = { .type = DRM_QDA_QUERY_NAME };
	struct kapi_info *info = &file->info;
	int err, i;

	static_assert(sizeof(name.name) <= sizeof(info->dsp), "DSP name");

	if (info->major != DRM_QDA_MAJOR ||
	    strncmp(info->description, DRM_QDA_TAG, strlen(DRM_QDA_TAG))) {
		log_warn(file->ctx,
			 "driver %s %d.%d (%s) speaks another interface than %s %d",
			 info->driver, info->major, info->minor, info->description,
			 DRM_QDA_TAG, DRM_QDA_MAJOR);
		return -ENOTSUP;
	}
	err = kapi_ioctl_retry(file, DRM_IOCTL_QDA_QUERY, &magic);
	if (err == -EINVAL || err == -ENOTTY ||
	    (!err && magic.value != DRM_QDA_ABI_MAGIC)) {
		log_warn(file->ctx,
			 "driver %s %d.%d (%s) does not confirm its interface",
			 info->driver, info->major, info->minor, info->description);
		return -ENOTSUP;
	}
	if (err)
		return err;
	err = kapi_ioctl_retry(file, DRM_IOCTL_QDA_QUERY, &name);
	if (err)
		return err;
	memcpy(info->dsp, name.name, sizeof(name.name));
	info->dsp[sizeof(info->dsp) - 1] = '\0';
	for (i = 0; info->dsp[i]; i++)
		if (!isgraph((unsigned char)info->dsp[i]))
			info->dsp[i] = '?';
	return 0;
}

static int uapi_query(struct kapi_file *file, enum kapi_param param, uint32_t index,
		      uint64_t *ret_value, int32_t *ret_status)
{
	struct drm_qda_query query = { .type = DRM_QDA_QUERY_LIMIT };
	int err;

	switch (param) {
	case KAPI_DSP_ATTR:
		query.type = DRM_QDA_QUERY_DSP_ATTR;
		query.index = index;
		break;
	case KAPI_BANKS_TOTAL:
		query.type = DRM_QDA_QUERY_BANKS_TOTAL;
		break;
	case KAPI_BANKS_FREE:
		query.type = DRM_QDA_QUERY_BANKS_FREE;
		break;
	case KAPI_FEATURES:
		query.type = DRM_QDA_QUERY_FEATURES;
		break;
	case KAPI_SESSION:
		query.type = DRM_QDA_QUERY_SESSION;
		break;
	case KAPI_MEM_NATIVE:
		query.type = DRM_QDA_QUERY_MEMORY;
		query.index = DRM_QDA_MEMORY_NATIVE;
		break;
	case KAPI_MEM_IMPORTED:
		query.type = DRM_QDA_QUERY_MEMORY;
		query.index = DRM_QDA_MEMORY_IMPORTED;
		break;
	case KAPI_MEM_LIMIT:
		query.type = DRM_QDA_QUERY_MEMORY;
		query.index = DRM_QDA_MEMORY_LIMIT;
		break;
	case KAPI_MAX_IN_FLIGHT:
		query.index = DRM_QDA_LIMIT_IN_FLIGHT;
		break;
	case KAPI_MAX_BUFFER:
		query.index = DRM_QDA_LIMIT_BUFFER_SIZE;
		break;
	case KAPI_BANK_SIZE:
		query.index = DRM_QDA_LIMIT_BANK_SIZE;
		break;
	case KAPI_MAX_SHELL:
		query.index = DRM_QDA_LIMIT_SHELL_SIZE;
		break;
	case KAPI_MAX_INIT_MEM:
		query.index = DRM_QDA_LIMIT_INIT_MEM;
		break;
	case KAPI_MAX_MAPPINGS:
		query.index = DRM_QDA_LIMIT_MAPPINGS;
		break;
	default:
		return -EINVAL;
	}
	if (query.type == DRM_QDA_QUERY_MEMORY && file->info.minor < MINOR_ACCOUNTING)
		return -EOPNOTSUPP;
	/* only the attribute makes the DSP do something */
	if (param == KAPI_DSP_ATTR)
		err = kapi_ioctl(file, DRM_IOCTL_QDA_QUERY, &query);
	else
		err = kapi_ioctl_retry(file, DRM_IOCTL_QDA_QUERY, &query);
	if (err)
		return err;
	*ret_value = query.value;
	set_status(ret_status, query.status);
	return 0;
}

static int uapi_attach(struct kapi_file *file, uint32_t pd, const char *name,
		       int32_t *ret_status)
{
	struct drm_qda_session_attach attach = { 0 };
	size_t len = name ? strlen(name) : 0;
	int err;

	switch (pd) {
	case QDA_PD_ROOT:
		attach.pd = DRM_QDA_PD_ROOT;
		break;
	case QDA_PD_SENSORS:
		attach.pd = DRM_QDA_PD_SENSORS;
		break;
	case QDA_PD_STATIC:
		attach.pd = DRM_QDA_PD_STATIC;
		break;
	default:
		return -EINVAL;
	}
	if (len >= sizeof(attach.name))
		return -EINVAL;
	memcpy(attach.name, name ? name : "", len);
	err = kapi_ioctl(file, DRM_IOCTL_QDA_SESSION_ATTACH, &attach);
	if (!err)
		set_status(ret_status, attach.status);
	return err;
}

static int uapi_create(struct kapi_file *file, const struct kapi_create *create,
		       int32_t *ret_status)
{
	struct drm_qda_remote_session_create arg = {
		.handle = create->handle,
		.length = create->length,
		.siglen = create->siglen,
		.attrs = create->attrs,
		.init_mem_size = create->init_mem_size,
	};
	int err = kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &arg);

	if (!err)
		set_status(ret_status, arg.status);
	return err;
}

static int uapi_release(struct kapi_file *file)
{
	struct drm_qda_remote_session_release release = { 0 };

	return kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release);
}

static int set_option(struct kapi_file *file, uint32_t option, uint64_t value)
{
	struct drm_qda_set_option arg = { .option = option, .value = value };

	return kapi_ioctl_retry(file, DRM_IOCTL_QDA_SET_OPTION, &arg);
}

static int uapi_set_max_in_flight(struct kapi_file *file, uint32_t value)
{
	return set_option(file, DRM_QDA_OPTION_IN_FLIGHT, value);
}

static int uapi_set_memory_limit(struct kapi_file *file, uint64_t bytes)
{
	if (file->info.minor < MINOR_ACCOUNTING)
		return -EOPNOTSUPP;
	return set_option(file, DRM_QDA_OPTION_MEMORY_LIMIT, bytes);
}

static int uapi_set_status_events(struct kapi_file *file, bool enable)
{
	if (file->info.minor < MINOR_ACCOUNTING)
		return -EOPNOTSUPP;
	return set_option(file, DRM_QDA_OPTION_STATUS_EVENTS, enable);
}

static int uapi_set_answer_timeout(struct kapi_file *file, int64_t ns)
{
	if (file->info.minor < MINOR_ACCOUNTING)
		return -EOPNOTSUPP;
	return set_option(file, DRM_QDA_OPTION_ANSWER_TIMEOUT,
			  (uint64_t)ns < DRM_QDA_MAX_ANSWER_TIMEOUT ?
				  (uint64_t)ns : DRM_QDA_MAX_ANSWER_TIMEOUT);
}

static int uapi_gem_create(struct kapi_file *file, uint64_t *size, uint32_t *ret_handle)
{
	struct drm_qda_gem_create create = { .size = *size };
	int err = kapi_ioctl_retry(file, DRM_IOCTL_QDA_GEM_CREATE, &create);

	if (err)
		return err;
	*size = create.size;
	*ret_handle = create.handle;
	return 0;
}

static int uapi_gem_mmap_offset(struct kapi_file *file, uint32_t handle,
				uint64_t *ret_offset)
{
	struct drm_qda_gem_mmap_offset arg = { .handle = handle };
	int err = kapi_ioctl_retry(file, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &arg);

	if (!err)
		*ret_offset = arg.offset;
	return err;
}

static int uapi_map(struct kapi_file *file, const struct kapi_map *map,
		    uint32_t *ret_id, uint64_t *ret_addr, int32_t *ret_status)
{
	struct drm_qda_remote_map arg = {
		.offset = map->offset,
		.length = map->length,
		.addr_hint = map->addr_hint,
		.handle = map->handle,
		.type = map->type,
		.flags = map->dsp_id ? DRM_QDA_MAP_DSP_ID : 0,
		.dsp_id = map->dsp_id,
	};
	int err = kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_MAP, &arg);

	if (err)
		return err;
	*ret_id = arg.map_id;
	*ret_addr = arg.dsp_addr;
	set_status(ret_status, arg.status);
	return 0;
}

static int uapi_munmap(struct kapi_file *file, uint32_t id, int32_t *ret_status)
{
	struct drm_qda_remote_munmap arg = { .map_id = id };
	int err = kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_MUNMAP, &arg);

	if (!err)
		set_status(ret_status, arg.status);
	return err;
}

static int uapi_invoke(struct kapi_file *file, struct kapi_invoke *invoke)
{
	struct drm_qda_remote_invoke arg = {
		.args = (uintptr_t)invoke->args,
		.num_args = invoke->num_args,
		.stride = sizeof(struct drm_qda_arg),
		.handle = invoke->handle,
		.scalars = invoke->scalars,
		.flags = invoke->flags,
		.user_data = invoke->user_data,
	};
	int err = kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_INVOKE, &arg);

	if (err && err != -EINTR)
		return err;
	invoke->ticket = arg.ticket;
	if (!err)
		invoke->status = arg.status;
	return err;
}

static int uapi_wait(struct kapi_file *file, uint64_t ticket, int64_t deadline,
		     int32_t *ret_status)
{
	struct drm_qda_remote_wait wait = { .ticket = ticket, .deadline = deadline };
	int err = kapi_ioctl(file, DRM_IOCTL_QDA_REMOTE_WAIT, &wait);

	if (!err)
		set_status(ret_status, wait.status);
	return err;
}

/*
 * Returns how many events were stored; what is malformed ends the parsing, since
 * nothing says where the next event would begin.
 */
static int parse_events(struct kapi_file *file, const unsigned char *buf, size_t len,
			struct kapi_event *events, size_t max)
{
	struct drm_qda_event_complete complete;
	struct drm_qda_event_status changed;
	struct drm_event base;
	size_t count = 0;

	while (len && count < max) {
		if (len < sizeof(base))
			goto malformed;
		memcpy(&base, buf, sizeof(base));
		if (base.length < sizeof(base) || base.length > len)
			goto malformed;
		switch (base.type) {
		case DRM_QDA_EVENT_COMPLETE:
			if (base.length < sizeof(complete))
				goto malformed;
			memcpy(&complete, buf, sizeof(complete));
			if (complete.error > 0 || complete.error < -4095)
				goto malformed;
			events[count++] = (struct kapi_event){
				.type = KAPI_EVENT_COMPLETE,
				.ticket = complete.ticket,
				.user_data = complete.user_data,
				.error = complete.error,
				.status = complete.error ? 0 : complete.status,
			};
			break;
		case DRM_QDA_EVENT_STATUS:
			if (base.length < sizeof(changed))
				goto malformed;
			memcpy(&changed, buf, sizeof(changed));
			events[count++] = (struct kapi_event){
				.type = KAPI_EVENT_STATUS,
				.status = (int32_t)changed.status,
			};
			break;
		default:
			/* of a later minor version, and not asked for */
			break;
		}
		buf += base.length;
		len -= base.length;
	}
	return (int)count;

malformed:
	log_err(file->ctx, "malformed event: %zu bytes are left after %zu events", len,
		count);
	return count ? (int)count : -EPROTO;
}

static int uapi_read_events(struct kapi_file *file, struct kapi_event *events,
			    size_t max)
{
	struct drm_qda_event_status buf[EVENTS_MAX];
	struct pollfd pfd = { .fd = file->fd, .events = POLLIN };
	ssize_t n;

	if (max < KAPI_EVENTS_MIN)
		return -EINVAL;
	if (max > EVENTS_MAX)
		max = EVENTS_MAX;
	/* a descriptor somebody else opened may block in read() */
	if (!file->nonblock &&
	    (file->sys->poll(&pfd, 1, 0) <= 0 || !(pfd.revents & POLLIN)))
		return 0;
	n = file->sys->read(file->fd, buf, max * EVENT_SIZE);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)n > max * EVENT_SIZE)
		return -EPROTO;
	return parse_events(file, (const unsigned char *)buf, (size_t)n, events, max);
}

const struct kapi_ops kapi_qda_ops = {
	.probe = uapi_probe,
	.query = uapi_query,
	.attach = uapi_attach,
	.create = uapi_create,
	.release = uapi_release,
	.set_max_in_flight = uapi_set_max_in_flight,
	.set_memory_limit = uapi_set_memory_limit,
	.set_status_events = uapi_set_status_events,
	.set_answer_timeout = uapi_set_answer_timeout,
	.gem_create = uapi_gem_create,
	.gem_mmap_offset = uapi_gem_mmap_offset,
	.map = uapi_map,
	.munmap = uapi_munmap,
	.invoke = uapi_invoke,
	.wait = uapi_wait,
	.read_events = uapi_read_events,
};
