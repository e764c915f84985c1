// SPDX-License-Identifier: MIT
/* Buffers: memory shared with the DSP. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objects.h"

static struct list *bucket(struct qda_session *session, uint32_t handle)
{
	return &session->buffers[handle % SESSION_BUFFER_BUCKETS];
}

static struct qda_buffer *buffer_alloc(struct qda_session *session)
{
	struct qda_buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	atomic_init(&buffer->refs, 1);
	list_init(&buffer->node);
	buffer->dmabuf = -1;
	buffer->session = qda_session_ref(session);
	return buffer;
}

/* a buffer that never got into the table */
static void buffer_discard(struct qda_buffer *buffer)
{
	if (buffer->dmabuf >= 0)
		close(buffer->dmabuf);
	qda_session_unref(buffer->session);
	free(buffer);
}

QDA_EXPORT int qda_buffer_new(struct qda_session *session, uint64_t size,
			      struct qda_buffer **ret_buffer)
{
	struct qda_buffer *buffer;
	int err;

	if (!session || !size || !ret_buffer)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;

	buffer = buffer_alloc(session);
	if (!buffer)
		return -ENOMEM;
	err = kapi_gem_create(session->file, &size, &buffer->handle);
	if (err) {
		buffer_discard(buffer);
		return err;
	}
	buffer->size = size;
	pthread_mutex_lock(&session->lock);
	list_add(bucket(session, buffer->handle), &buffer->node);
	pthread_mutex_unlock(&session->lock);
	*ret_buffer = buffer;
	return 0;
}

/* Bytes of what fd refers to; the driver has accepted it already. */
static int import_size(int fd, uint64_t *ret_size)
{
	struct stat st;
	off_t size;

	if (fstat(fd, &st))
		return -errno;
	size = st.st_size;
	/* a memfd tells by stat, and its offset is not ours to move */
	if (!S_ISREG(st.st_mode))
		size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	if (!size)
		return -EINVAL;
	*ret_size = (uint64_t)size;
	return 0;
}

static struct qda_buffer *find_buffer(struct qda_session *session, uint32_t handle)
{
	struct list *head = bucket(session, handle);
	struct list *node;

	list_for_each(node, head) {
		struct qda_buffer *buffer = container_of(node, struct qda_buffer, node);

		if (buffer->handle == handle)
			return buffer;
	}
	return NULL;
}

QDA_EXPORT int qda_buffer_import(struct qda_session *session, int fd,
				 struct qda_buffer **ret_buffer)
{
	struct qda_buffer *buffer, *found;
	uint32_t handle;
	int err;

	if (!session || !ret_buffer)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (fd < 0)
		return -EBADF;

	buffer = buffer_alloc(session);
	if (!buffer)
		return -ENOMEM;
	buffer->dmabuf = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (buffer->dmabuf < 0) {
		err = -errno;
		buffer_discard(buffer);
		return err;
	}

	/*
	 * A second import gets the handle of the first without another reference
	 * in the driver, so it must not meet the last release half way.
	 */
	pthread_mutex_lock(&session->lock);
	err = kapi_prime_import(session->file, buffer->dmabuf, &handle);
	if (err)
		goto unlock;
	found = find_buffer(session, handle);
	if (found) {
		qda_buffer_ref(found);
		pthread_mutex_unlock(&session->lock);
		buffer_discard(buffer);
		*ret_buffer = found;
		return 0;
	}
	err = import_size(buffer->dmabuf, &buffer->size);
	if (err) {
		kapi_gem_close(session->file, handle);
		goto unlock;
	}
	buffer->handle = handle;
	list_add(bucket(session, handle), &buffer->node);
	pthread_mutex_unlock(&session->lock);
	*ret_buffer = buffer;
	return 0;

unlock:
	pthread_mutex_unlock(&session->lock);
	buffer_discard(buffer);
	return err;
}

QDA_EXPORT int qda_buffer_export(struct qda_buffer *buffer)
{
	int fd, err;

	if (!buffer)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(buffer->session));
	if (err)
		return err;
	err = kapi_prime_export(buffer->session->file, buffer->handle, &fd);
	return err ? err : fd;
}

QDA_EXPORT struct qda_buffer *qda_buffer_ref(struct qda_buffer *buffer)
{
	if (buffer)
		atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
	return buffer;
}

/* Drop a reference unless it is the last one. */
static bool drop_early(struct qda_buffer *buffer)
{
	unsigned int refs = atomic_load_explicit(&buffer->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak(&buffer->refs, &refs, refs - 1))
			return true;
	return false;
}

QDA_EXPORT struct qda_buffer *qda_buffer_unref(struct qda_buffer *buffer)
{
	struct qda_session *session;
	void *cpu;

	if (!buffer || drop_early(buffer))
		return NULL;
	session = buffer->session;
	if (qda_ctx_check(session_ctx(session))) {
		/* the handle and the mapping are the parent's */
		if (atomic_fetch_sub(&buffer->refs, 1) == 1)
			buffer_discard(buffer);
		return NULL;
	}

	/* an import may find it until it is out of the table */
	pthread_mutex_lock(&session->lock);
	if (atomic_fetch_sub(&buffer->refs, 1) != 1) {
		pthread_mutex_unlock(&session->lock);
		return NULL;
	}
	list_del(&buffer->node);
	kapi_gem_close(session->file, buffer->handle);
	pthread_mutex_unlock(&session->lock);

	cpu = atomic_load(&buffer->cpu);
	if (cpu && buffer->dmabuf >= 0)
		munmap(cpu, buffer->size);
	else if (cpu)
		kapi_munmap_cpu(session->file, cpu, buffer->size);
	buffer_discard(buffer);
	return NULL;
}

QDA_EXPORT uint64_t qda_buffer_get_size(const struct qda_buffer *buffer)
{
	return buffer ? buffer->size : 0;
}

QDA_EXPORT struct qda_session *qda_buffer_get_session(const struct qda_buffer *buffer)
{
	return buffer ? buffer->session : NULL;
}

QDA_EXPORT int qda_buffer_map(struct qda_buffer *buffer, void **ret_address)
{
	struct qda_session *session;
	void *cpu;
	int err = 0;

	if (!buffer || !ret_address)
		return -EINVAL;
	session = buffer->session;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;

	cpu = atomic_load_explicit(&buffer->cpu, memory_order_acquire);
	if (cpu) {
		*ret_address = cpu;
		return 0;
	}
	pthread_mutex_lock(&session->lock);
	cpu = atomic_load(&buffer->cpu);
	if (!cpu && buffer->dmabuf >= 0) {
		cpu = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   buffer->dmabuf, 0);
		if (cpu == MAP_FAILED) {
			err = -errno;
			cpu = NULL;
		}
	} else if (!cpu) {
		err = kapi_gem_mmap(session->file, buffer->handle, buffer->size, &cpu);
	}
	if (!err)
		atomic_store_explicit(&buffer->cpu, cpu, memory_order_release);
	pthread_mutex_unlock(&session->lock);
	if (!err)
		*ret_address = cpu;
	return err;
}

static int buffer_sync(struct qda_buffer *buffer, uint32_t access, uint64_t phase)
{
	struct dma_buf_sync sync = { .flags = phase };
	int err;

	if (!buffer || !access || access & ~(uint32_t)(QDA_SYNC_READ | QDA_SYNC_WRITE))
		return -EINVAL;
	err = qda_ctx_check(session_ctx(buffer->session));
	if (err)
		return err;
	if (buffer->dmabuf < 0 ||
	    atomic_load_explicit(&buffer->no_sync, memory_order_relaxed))
		return 0;

	if (access & QDA_SYNC_READ)
		sync.flags |= DMA_BUF_SYNC_READ;
	if (access & QDA_SYNC_WRITE)
		sync.flags |= DMA_BUF_SYNC_WRITE;
	while (ioctl(buffer->dmabuf, DMA_BUF_IOCTL_SYNC, &sync)) {
		if (errno == EINTR || errno == EAGAIN)
			continue;
		if (errno != ENOTTY)
			return -errno;
		/* a memfd: plain memory */
		atomic_store_explicit(&buffer->no_sync, true, memory_order_relaxed);
		break;
	}
	return 0;
}

QDA_EXPORT int qda_buffer_sync_begin(struct qda_buffer *buffer, uint32_t access)
{
	return buffer_sync(buffer, access, DMA_BUF_SYNC_START);
}

QDA_EXPORT int qda_buffer_sync_end(struct qda_buffer *buffer, uint32_t access)
{
	return buffer_sync(buffer, access, DMA_BUF_SYNC_END);
}
