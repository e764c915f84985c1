// SPDX-License-Identifier: MIT
/* Buffers: objects, handles, import, export, mapping for the CPU. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "soft.h"

#define DMA_BUF_MAGIC	0x444d4142
#define HUGETLBFS_MAGIC	0x958458f6

/* Fake mmap offsets: the file's number, the handle, 32 bits of nothing */
#define OFFSET_SHIFT	32
#define FILE_SHIFT	48
#define FILE_MASK	0x7fffULL

_Static_assert(QDA_MAX_BUFFER < 1ULL << OFFSET_SHIFT, "offsets do not overlap");
_Static_assert(HANDLE_CHUNKS * HANDLE_CHUNK <= 1 << (FILE_SHIFT - OFFSET_SHIFT),
	       "a handle fits below the file");

/* --- handles ------------------------------------------------------------- */

static struct object **handle_slot(struct file *file, uint32_t handle)
{
	struct object **chunk;

	if (!handle || handle >= HANDLE_CHUNKS * HANDLE_CHUNK)
		return NULL;
	chunk = atomic_load_explicit(&file->handles[handle / HANDLE_CHUNK],
				     memory_order_acquire);
	return chunk ? &chunk[handle % HANDLE_CHUNK] : NULL;
}

struct object *object_find(struct file *file, uint32_t handle)
{
	struct object **slot = handle_slot(file, handle);

	return slot ? *slot : NULL;
}

/* The lowest free handle, which takes over the caller's reference. */
static int handle_new(struct file *file, struct object *obj)
{
	uint32_t h;

	for (h = file->handle_hint; h < HANDLE_CHUNKS * HANDLE_CHUNK; h++) {
		if (!handle_slot(file, h)) {
			struct object **chunk = calloc(HANDLE_CHUNK, sizeof(*chunk));

			if (!chunk)
				return -ENOMEM;
			atomic_store_explicit(&file->handles[h / HANDLE_CHUNK], chunk,
					      memory_order_release);
		}
		if (!*handle_slot(file, h)) {
			*handle_slot(file, h) = obj;
			obj->handle = h;
			file->handle_hint = h + 1;
			return 0;
		}
	}
	return -ENOMEM;
}

static void handle_close(struct file *file, struct object *obj)
{
	uint32_t h = obj->handle;

	*handle_slot(file, h) = NULL;
	obj->handle = 0;
	if (h < file->handle_hint)
		file->handle_hint = h;
	object_put(file, obj);
}

/* --- objects ------------------------------------------------------------- */

static struct list *object_bucket(struct file *file, uint64_t ino)
{
	return &file->objects[ino % OBJECT_BUCKETS];
}

static struct object *object_by_inode(struct file *file, const struct stat *st)
{
	struct list *head = object_bucket(file, st->st_ino), *n;

	list_for_each(n, head) {
		struct object *obj = container_of(n, struct object, hash);

		if (obj->ino == st->st_ino && obj->dev == st->st_dev)
			return obj;
	}
	return NULL;
}

/* Before it is mapped: two threads at the limit cannot both have what is left */
static int memory_charge(struct file *file, uint64_t size, bool imported)
{
	int err = qda_check_memory(file->memory_limit, file->native + file->imported,
				   size);

	if (!err)
		*(imported ? &file->imported : &file->native) += size;
	return err;
}

static void memory_uncharge(struct file *file, uint64_t size, bool imported)
{
	*(imported ? &file->imported : &file->native) -= size;
}

static void object_unmap(struct file *file, struct object *obj)
{
	if (!obj->range)
		return;
	bank_unmap(file, obj->range);
	obj->range = NULL;
	memory_uncharge(file, obj->size, obj->imported);
}

void object_put(struct file *file, struct object *obj)
{
	if (--obj->refs)
		return;
	list_del(&obj->hash);
	object_unmap(file, obj);
	close(atomic_exchange(&obj->memfd, -1));
	free(obj);
}

uint64_t object_bus(const struct file *file, const struct object *obj)
{
	return (uint64_t)file->sid << QDA_LINK_SID_SHIFT | obj->range->start;
}

/* Takes over memfd, also when it fails; others do not find it yet. */
static int object_add(struct file *file, int memfd, uint64_t size, bool imported,
		      struct object **ret_obj)
{
	struct object *obj;
	struct stat st;
	int err;

	obj = calloc(1, sizeof(*obj));
	if (!obj) {
		close(memfd);
		return -ENOMEM;
	}
	obj->refs = 1;
	obj->size = size;
	obj->imported = imported;
	atomic_init(&obj->memfd, memfd);
	list_init(&obj->hash);
	if (fstat(memfd, &st)) {
		err = -errno;
		goto fail;
	}
	obj->dev = st.st_dev;
	obj->ino = st.st_ino;

	/* what is made after the release is memory only */
	if (file->session != SESSION_RELEASED) {
		err = memory_charge(file, size, imported);
		if (err)
			goto fail;
		err = bank_get(file);
		if (!err)
			err = bank_map(file, memfd, size, &obj->range);
		/* also when the session was released meanwhile */
		if (!obj->range)
			memory_uncharge(file, size, imported);
		if (err)
			goto fail;
	}
	*ret_obj = obj;
	return 0;

fail:
	close(memfd);
	free(obj);
	return err;
}

int object_new(struct file *file, uint64_t size, struct object **ret_obj)
{
	int fd = memory_new("qda-buffer", size);

	int err;

	if (fd < 0)
		return fd;
	err = object_add(file, fd, size, false, ret_obj);
	if (!err)
		list_add(object_bucket(file, (*ret_obj)->ino), &(*ret_obj)->hash);
	return err;
}

/* The PD and its bank have ended: objects are memory only from now on. */
void objects_forget(struct file *file)
{
	unsigned int i;
	struct list *n;

	for (i = 0; i < OBJECT_BUCKETS; i++) {
		list_for_each(n, &file->objects[i])
			object_unmap(file, container_of(n, struct object, hash));
	}
}

static uint64_t offset_of(const struct file *file, uint32_t handle)
{
	return (file->id & FILE_MASK) << FILE_SHIFT | (uint64_t)handle << OFFSET_SHIFT;
}

static struct object *object_at(struct file *file, uint64_t offset)
{
	uint32_t handle = (uint32_t)(offset >> OFFSET_SHIFT) &
			  ((1U << (FILE_SHIFT - OFFSET_SHIFT)) - 1);

	return offset == offset_of(file, handle) ? object_find(file, handle) : NULL;
}

/* --- ioctls -------------------------------------------------------------- */

int gem_create(struct file *file, void *data)
{
	struct drm_qda_gem_create *a = data;
	uint64_t size = (a->size + SOFT_PAGE - 1) & ~(SOFT_PAGE - 1);
	struct object *obj;
	int err;

	err = qda_check_gem_create(a);
	if (err)
		return err;
	err = object_new(file, size, &obj);
	if (err)
		return err;
	err = handle_new(file, obj);
	if (err) {
		object_put(file, obj);
		return err;
	}
	a->size = size;
	a->handle = obj->handle;
	return 0;
}

int gem_mmap_offset(struct file *file, void *data)
{
	struct drm_qda_gem_mmap_offset *a = data;
	struct object *obj;
	int err;

	err = qda_check_gem_mmap_offset(a);
	if (err)
		return err;
	obj = object_find(file, a->handle);
	if (!obj)
		return -ENOENT;
	if (obj->imported)
		return -EINVAL;
	a->offset = offset_of(file, a->handle);
	return 0;
}

int gem_close(struct file *file, void *data)
{
	struct drm_gem_close *a = data;
	struct object *obj = object_find(file, a->handle);

	if (!obj)
		return -EINVAL;
	handle_close(file, obj);
	return 0;
}

int prime_export(struct file *file, void *data)
{
	struct drm_prime_handle *a = data;
	struct object *obj;
	int fd;

	if (a->flags & ~(uint32_t)(DRM_CLOEXEC | DRM_RDWR))
		return -EINVAL;
	obj = object_find(file, a->handle);
	if (!obj)
		return -ENOENT;
	fd = fcntl(obj->memfd, a->flags & DRM_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (fd < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	a->fd = fd;
	return 0;
}

/* Whether the DSP can rely on this memory, and its size. */
static int import_check(int fd, struct stat *st, uint64_t *ret_size)
{
	struct statfs fs;
	off_t size;
	int flags, seals;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -EBADF;
	if (fstat(fd, st) || fstatfs(fd, &fs))
		return -EINVAL;
	/* a hole in another file would end the PD that touches it */
	seals = fcntl(fd, F_GET_SEALS);
	if (fs.f_type != DMA_BUF_MAGIC && (seals < 0 || !(seals & F_SEAL_SHRINK)))
		return -EINVAL;
	if (seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return -EINVAL;
	if ((flags & O_ACCMODE) != O_RDWR || fs.f_type == HUGETLBFS_MAGIC)
		return -EINVAL;
	size = fs.f_type == DMA_BUF_MAGIC ? lseek(fd, 0, SEEK_END) : st->st_size;
	if (size <= 0 || ((uint64_t)size & (SOFT_PAGE - 1)))
		return -EINVAL;
	if ((uint64_t)size > QDA_MAX_BUFFER)
		return -E2BIG;
	*ret_size = (uint64_t)size;
	return 0;
}

int prime_import(struct file *file, void *data)
{
	struct drm_prime_handle *a = data;
	struct object *obj;
	struct stat st;
	uint64_t size;
	int fd, err;

	/* the same memory, imported twice at once, would be charged twice */
	while (file->importing) {
		err = waitq_sleep(&file->wq, &file->lock, DEADLINE_NEVER);
		if (err)
			return err;
	}
	if (file->lost)
		return -ENODEV;
	err = import_check(a->fd, &st, &size);
	if (err)
		return err;
	obj = object_by_inode(file, &st);
	if (obj) {
		obj->refs++;
	} else {
		fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return errno == EINVAL ? -EMFILE : -errno;
		file->importing = true;
		err = object_add(file, fd, size, true, &obj);
		file->importing = false;
		waitq_wake(&file->wq);
		if (err)
			return err;
		list_add(object_bucket(file, obj->ino), &obj->hash);
	}
	if (obj->handle) {
		a->handle = obj->handle;
		object_put(file, obj);
		return 0;
	}
	/* new, or its handle was closed and the DSP still has it */
	err = handle_new(file, obj);
	if (err) {
		object_put(file, obj);
		return err;
	}
	a->handle = obj->handle;
	return 0;
}

void *gem_mmap(struct file *file, void *addr, size_t length, int prot, int flags,
	       uint64_t offset)
{
	struct object *obj = NULL;
	void *p = MAP_FAILED;
	int err = EINVAL;

	pthread_mutex_lock(&file->lock);
	if (!file_alive(file))
		err = ENODEV;
	else
		obj = object_at(file, offset);
	/* a private mapping could part from what the DSP sees */
	if (obj && !obj->imported && length && length <= obj->size &&
	    (flags & MAP_TYPE) != MAP_PRIVATE) {
		if ((prot & PROT_WRITE) && (file->open_flags & O_ACCMODE) == O_RDONLY) {
			err = EACCES;
		} else {
			p = mmap(addr, length, prot, flags, obj->memfd, 0);
			err = errno;
		}
	}
	pthread_mutex_unlock(&file->lock);
	if (p == MAP_FAILED)
		errno = err;
	return p;
}
