// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-kapi.h"
#include "kapi-ops.h"

struct fake fake;

struct fake_buffer {
	uint64_t size;
	int fd;
	void *cpu;
	bool used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_buffer buffers[FAKE_BUFFERS];
static struct fake_call calls[FAKE_CALLS];
static struct kapi_event events[FAKE_CALLS];
static unsigned int num_events;
static uint64_t last_ticket;

#define LISTENER_TICKET	UINT64_MAX
#define NO_LISTENER	((int32_t)0x80000414)
static struct fake_map {
	uint32_t id;		/* 0: free */
	int32_t dsp_id;
} maps[FAKE_MAPS];
static uint32_t last_map;

/* only one: its descriptor is what a context polls */
static struct fake_file {
	struct kapi_info info;
	int event_fd;
} the_file;

static int one_shot(int *error)
{
	int err = *error;

	*error = 0;
	return err;
}

void fake_reset(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_BUFFERS; i++)
		assert_false(buffers[i].used);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	memset(&fake, 0, sizeof(fake));
	memset(calls, 0, sizeof(calls));
	num_events = 0;
	fake.features = QDA_FEATURE_UNSIGNED_PD | QDA_FEATURE_PRIVILEGED;
	fake.max_shell = 1 << 20;
	fake.dsp = "cdsp";
}

/* --- files ---------------------------------------------------------------- */

int kapi_open(struct qda_ctx *ctx, const char *path, struct kapi_file **ret_file)
{
	int err = one_shot(&fake.fail_open);

	(void)ctx;
	if (err)
		return err;
	memset(&the_file, 0, sizeof(the_file));
	strcpy(the_file.info.driver, "qda");
	strcpy(the_file.info.dsp, fake.dsp);
	the_file.info.soft = !strncmp(path, "soft:", 5);
	the_file.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(the_file.event_fd >= 0);
	fake.opens++;
	fake.has_pd = fake.released = false;
	*ret_file = (struct kapi_file *)&the_file;
	return 0;
}

int kapi_open_fd(struct qda_ctx *ctx, int fd, struct kapi_file **ret_file)
{
	bool has_pd = fake.has_pd, released = fake.released;
	int err = kapi_open(ctx, "", ret_file);

	(void)fd;
	fake.has_pd = has_pd;
	fake.released = released;
	return err;
}

int kapi_identify(struct qda_ctx *ctx, const char *path, struct kapi_info *info,
		  struct kapi_file **ret_file)
{
	(void)ctx;
	(void)path;
	(void)info;
	(void)ret_file;
	return -ENODEV;
}

const char *kapi_soft_library(void)
{
	return "";
}

void kapi_soft_version(int *major, int *minor)
{
	*major = *minor = 0;
}

void kapi_close(struct kapi_file *file)
{
	if (!file)
		return;
	close(the_file.event_fd);
	fake.closes++;
	memset(maps, 0, sizeof(maps));
	fake.live_maps = 0;
}

int kapi_fd(const struct kapi_file *file)
{
	(void)file;
	return the_file.event_fd;
}

const struct kapi_info *kapi_info(const struct kapi_file *file)
{
	(void)file;
	return &the_file.info;
}

int kapi_query(struct kapi_file *file, enum kapi_param param, uint32_t index,
	       uint64_t *ret_value, int32_t *ret_status)
{
	(void)file;
	(void)index;
	(void)ret_status;
	switch (param) {
	case KAPI_FEATURES:
		*ret_value = fake.features;
		return 0;
	case KAPI_SESSION:
		*ret_value = (fake.has_pd ? KAPI_SESSION_HAS_PD : 0) |
			     (fake.released ? KAPI_SESSION_RELEASED : 0);
		return 0;
	case KAPI_MEM_NATIVE:
		*ret_value = fake.mem_native;
		return 0;
	case KAPI_MEM_IMPORTED:
		*ret_value = fake.mem_imported;
		return 0;
	case KAPI_MEM_LIMIT:
		*ret_value = fake.mem_limit;
		return 0;
	case KAPI_MAX_IN_FLIGHT:
		*ret_value = 64;
		return 0;
	case KAPI_MAX_SHELL:
		*ret_value = fake.max_shell;
		return 0;
	default:
		return -EINVAL;
	}
}

int kapi_attach(struct kapi_file *file, uint32_t pd, const char *name,
		int32_t *ret_status)
{
	int err = one_shot(&fake.fail_attach);

	(void)file;
	if (err)
		return err;
	if (fake.has_pd)
		return -EALREADY;
	fake.attach_pd = pd;
	strcpy(fake.attach_name, name ? name : "");
	fake.has_pd = true;
	*ret_status = 0;
	return 0;
}

int kapi_create(struct kapi_file *file, const struct kapi_create *create,
		int32_t *ret_status)
{
	int err = one_shot(&fake.fail_create);

	(void)file;
	fake.creates++;
	if (err)
		return err;
	if (fake.has_pd)
		return -EALREADY;
	fake.create = *create;
	if (create->handle) {
		struct fake_buffer *b = &buffers[create->handle - 1];

		assert_true(b->used && create->length <= b->size);
		memcpy(fake.shell, b->cpu, create->length < sizeof(fake.shell) ?
						   create->length : sizeof(fake.shell));
	}
	*ret_status = fake.status_create;
	fake.has_pd = !fake.status_create;
	return 0;
}

int kapi_set_max_in_flight(struct kapi_file *file, uint32_t value)
{
	(void)file;
	if (value > 64)
		return -ERANGE;
	fake.max_in_flight = value;
	return 0;
}

int kapi_set_answer_timeout(struct kapi_file *file, int64_t ns)
{
	(void)file;
	fake.answer_timeout = ns;
	return 0;
}

int kapi_set_memory_limit(struct kapi_file *file, uint64_t bytes)
{
	(void)file;
	if (!bytes)
		return -ERANGE;
	if (fake.mem_limit && bytes > fake.mem_limit)
		return -EPERM;
	fake.mem_limit = bytes;
	return 0;
}

int kapi_set_status_events(struct kapi_file *file, bool enable)
{
	(void)file;
	fake.status_events = enable;
	return 0;
}

/* --- memory --------------------------------------------------------------- */

static int new_buffer(uint64_t size, int fd, uint32_t *ret_handle)
{
	unsigned int i;

	for (i = 0; i < FAKE_BUFFERS; i++) {
		struct fake_buffer *b = &buffers[i];

		if (b->used)
			continue;
		memset(b, 0, sizeof(*b));
		b->used = true;
		b->size = size;
		b->fd = fd;
		b->cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_true(b->cpu != MAP_FAILED);
		fake.live_buffers++;
		*ret_handle = i + 1;
		return 0;
	}
	return -ENOSPC;
}

int kapi_gem_create(struct kapi_file *file, uint64_t *size, uint32_t *ret_handle)
{
	int err = one_shot(&fake.fail_gem_create);
	int fd;

	(void)file;
	if (err)
		return err;
	if (*size > 1ULL << 31)
		return -E2BIG;
	*size = (*size + 4095) & ~4095ULL;
	fd = memfd_create("fake", MFD_CLOEXEC);
	assert_true(fd >= 0 && !ftruncate(fd, (off_t)*size));
	pthread_mutex_lock(&lock);
	err = new_buffer(*size, fd, ret_handle);
	pthread_mutex_unlock(&lock);
	return err;
}

int kapi_gem_close(struct kapi_file *file, uint32_t handle)
{
	struct fake_buffer *b = &buffers[handle - 1];

	(void)file;
	pthread_mutex_lock(&lock);
	assert_true(b->used);
	munmap(b->cpu, b->size);
	close(b->fd);
	b->used = false;
	fake.live_buffers--;
	pthread_mutex_unlock(&lock);
	return 0;
}

int kapi_gem_mmap(struct kapi_file *file, uint32_t handle, uint64_t size,
		  void **ret_ptr)
{
	int err = one_shot(&fake.fail_gem_mmap);

	(void)file;
	if (err)
		return err;
	assert_true(buffers[handle - 1].used);
	*ret_ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			buffers[handle - 1].fd, 0);
	assert_true(*ret_ptr != MAP_FAILED);
	return 0;
}

void kapi_munmap_cpu(struct kapi_file *file, void *ptr, uint64_t size)
{
	(void)file;
	munmap(ptr, size);
}

int kapi_prime_import(struct kapi_file *file, int fd, uint32_t *ret_handle)
{
	int err = one_shot(&fake.fail_import);
	struct stat want, st;
	unsigned int i;

	(void)file;
	if (err)
		return err;
	if (fstat(fd, &want))
		return -errno;
	pthread_mutex_lock(&lock);
	for (i = 0; i < FAKE_BUFFERS; i++) {
		if (!buffers[i].used || fstat(buffers[i].fd, &st) ||
		    st.st_ino != want.st_ino)
			continue;
		pthread_mutex_unlock(&lock);
		*ret_handle = i + 1;
		return 0;
	}
	err = new_buffer((uint64_t)want.st_size, fcntl(fd, F_DUPFD_CLOEXEC, 3),
			 ret_handle);
	pthread_mutex_unlock(&lock);
	return err;
}

int kapi_prime_export(struct kapi_file *file, uint32_t handle, int *ret_fd)
{
	(void)file;
	*ret_fd = fcntl(buffers[handle - 1].fd, F_DUPFD_CLOEXEC, 3);
	return *ret_fd < 0 ? -errno : 0;
}

static struct fake_map *find_map(uint32_t id)
{
	unsigned int i;

	for (i = 0; i < FAKE_MAPS; i++)
		if (maps[i].id == id)
			return &maps[i];
	return NULL;
}

int kapi_map(struct kapi_file *file, const struct kapi_map *map, uint32_t *ret_id,
	     uint64_t *ret_addr, int32_t *ret_status)
{
	int err = one_shot(&fake.fail_map);
	struct fake_map *m = NULL;
	unsigned int i;

	(void)file;
	fake.map = *map;
	if (err)
		return err;
	assert_true(buffers[map->handle - 1].used && map->length);
	assert_true(map->offset <= buffers[map->handle - 1].size);
	assert_true(map->length <= buffers[map->handle - 1].size - map->offset);
	pthread_mutex_lock(&lock);
	for (i = 0; i < FAKE_MAPS && !err; i++)
		if (maps[i].id && map->dsp_id && maps[i].dsp_id == map->dsp_id)
			err = -EEXIST;
	*ret_status = fake.status_map;
	if (!err && !fake.status_map) {
		m = find_map(0);
		assert_non_null(m);
		*m = (struct fake_map){ ++last_map, map->dsp_id };
		fake.live_maps++;
		*ret_id = m->id;
		*ret_addr = fake.map_addr ? fake.map_addr : 0x1000ULL * last_map;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void fake_finish_map(int32_t dsp_id)
{
	unsigned int i;

	for (i = 0; i < FAKE_MAPS; i++) {
		if (!maps[i].id || maps[i].dsp_id != dsp_id)
			continue;
		maps[i].id = 0;
		fake.live_maps--;
		return;
	}
	fail();
}

int kapi_munmap(struct kapi_file *file, uint32_t id, int32_t *ret_status)
{
	struct fake_map *m;
	int err;

	(void)file;
	assert_true(id);
	pthread_mutex_lock(&lock);
	err = one_shot(&fake.fail_munmap);
	fake.munmaps++;
	*ret_status = fake.status_munmap;
	m = find_map(id);
	if (!err && !m)
		err = -ENOENT;
	if (m && !fake.status_munmap) {
		m->id = 0;
		fake.live_maps--;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

/* --- calls ---------------------------------------------------------------- */

/* under the lock */
static void finish(struct fake_call *call, int error)
{
	call->error = error;
	if (!error)
		call->status = fake.method ? fake.method(call) : 0;
	call->done = true;
	if (call->flags & KAPI_INVOKE_EVENT) {
		events[num_events++] = (struct kapi_event){
			.ticket = call->ticket, .user_data = call->user_data,
			.error = call->error, .status = call->status,
		};
		call->used = false;
		assert_int_equal(eventfd_write(the_file.event_fd, 1), 0);
	}
}

int kapi_invoke(struct kapi_file *file, struct kapi_invoke *invoke)
{
	struct fake_call *call = NULL;
	unsigned int i;
	int err;

	(void)file;
	/* this firmware has no listener; tests of one are against a real far end */
	if (invoke->handle == 3 || invoke->handle == 7) {
		invoke->status = NO_LISTENER;
		invoke->ticket = LISTENER_TICKET;
		return 0;
	}
	pthread_mutex_lock(&lock);
	fake.invokes++;
	err = one_shot(&fake.fail_invoke);
	if (!err && fake.released)
		err = -ECANCELED;
	if (!err && fake_in_flight() >= 64)
		err = -EAGAIN;
	if (err)
		goto unlock;
	for (i = 0; i < FAKE_CALLS && !call; i++)
		if (!calls[i].used)
			call = &calls[i];
	assert_non_null(call);
	assert_true(invoke->num_args <= FAKE_MAX_ARGS);
	memset(call, 0, sizeof(*call));
	call->used = true;
	call->ticket = ++last_ticket;
	call->handle = invoke->handle;
	call->scalars = invoke->scalars;
	call->flags = invoke->flags;
	call->user_data = invoke->user_data;
	call->num_args = invoke->num_args;
	for (i = 0; i < call->num_args; i++) {
		const struct kapi_arg *arg = &invoke->args[i];

		call->args[i] = *arg;
		if (!arg->length)
			continue;
		assert_true(buffers[arg->handle - 1].used);
		assert_true(arg->offset + arg->length <= buffers[arg->handle - 1].size);
		call->data[i] = (uint8_t *)buffers[arg->handle - 1].cpu + arg->offset;
	}
	if (!fake.hold)
		finish(call, 0);
	if (call->flags & KAPI_INVOKE_ASYNC) {
		invoke->ticket = call->ticket;
	} else if (fake.hold) {
		invoke->ticket = call->ticket;
		err = -EINTR;
	} else {
		invoke->status = call->status;
		call->used = false;
	}
unlock:
	pthread_mutex_unlock(&lock);
	return err;
}

int kapi_wait(struct kapi_file *file, uint64_t ticket, int64_t deadline,
	      int32_t *ret_status)
{
	struct fake_call *call = NULL;
	unsigned int i;
	int err;

	(void)file;
	if (ticket == LISTENER_TICKET) {
		*ret_status = NO_LISTENER;
		return 0;
	}
	pthread_mutex_lock(&lock);
	fake.waits++;
	err = one_shot(&fake.fail_wait);
	for (i = 0; i < FAKE_CALLS && !err && !call; i++)
		if (calls[i].used && calls[i].ticket == ticket)
			call = &calls[i];
	if (err)
		goto unlock;
	err = -ENOENT;
	if (!call)
		goto unlock;
	err = -EINTR;
	if (deadline < 0 && fake.interrupts && fake.interrupts--)
		goto unlock;
	/* with no limit it has to end some time */
	if (!call->done && deadline < 0)
		finish(call, 0);
	err = -ETIMEDOUT;
	if (!call->done)
		goto unlock;
	err = call->error;
	*ret_status = call->status;
	call->used = false;
unlock:
	pthread_mutex_unlock(&lock);
	return err;
}

int kapi_release(struct kapi_file *file)
{
	unsigned int i;

	(void)file;
	pthread_mutex_lock(&lock);
	fake.releases++;
	fake.released = true;
	for (i = 0; i < FAKE_CALLS; i++)
		if (calls[i].used && !calls[i].done)
			finish(&calls[i], -ECANCELED);
	pthread_mutex_unlock(&lock);
	return fake.has_pd ? 0 : -ENOTCONN;
}

int kapi_read_events(struct kapi_file *file, struct kapi_event *out, size_t max)
{
	size_t n;
	eventfd_t value;

	(void)file;
	pthread_mutex_lock(&lock);
	n = num_events < max ? num_events : max;
	memcpy(out, events, n * sizeof(*out));
	num_events -= (unsigned int)n;
	memmove(events, events + n, num_events * sizeof(*events));
	if (!num_events)
		eventfd_read(the_file.event_fd, &value);
	pthread_mutex_unlock(&lock);
	return (int)n;
}

void fake_stray_event(uint64_t user_data)
{
	events[num_events++] = (struct kapi_event){ .ticket = 1, .user_data = user_data };
	assert_int_equal(eventfd_write(the_file.event_fd, 1), 0);
}

void fake_status_event(enum kapi_pd_status status)
{
	events[num_events++] = (struct kapi_event){
		.type = KAPI_EVENT_STATUS, .status = (int32_t)status,
	};
	assert_int_equal(eventfd_write(the_file.event_fd, 1), 0);
}

void fake_run_held(void)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	fake.hold = false;
	for (i = 0; i < FAKE_CALLS; i++)
		if (calls[i].used && !calls[i].done)
			finish(&calls[i], 0);
	pthread_mutex_unlock(&lock);
}

unsigned int fake_in_flight(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < FAKE_CALLS; i++)
		n += calls[i].used;
	return n;
}

/* --- sessions ------------------------------------------------------------- */

int fake_device(struct qda_ctx *ctx, struct qda_device **ret_device)
{
	struct kapi_file *file;
	int err;

	err = kapi_open(ctx, "soft:cdsp", &file);
	assert_int_equal(err, 0);
	err = qda_device_from_file(ctx, "soft:cdsp", file, ret_device);
	kapi_close(file);
	return err;
}

void fake_session_open(struct fake_session *s)
{
	assert_int_equal(qda_ctx_new(NULL, &s->ctx), 0);
	assert_int_equal(fake_device(s->ctx, &s->device), 0);
	assert_int_equal(qda_session_open(s->device, NULL, &s->session, NULL), 0);
}

void fake_session_close(struct fake_session *s)
{
	qda_session_unref(s->session);
	qda_device_unref(s->device);
	qda_ctx_unref(s->ctx);
}
