// SPDX-License-Identifier: MIT
/* From descriptors to open files; poll() and read() of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soft.h"

#define CHUNK		1024
#define CHUNKS		1024
#define FEW_FDS		16

struct slot {
	_Atomic(struct file *) file;
	atomic_uint gen;
};

/* grows only; a forked child reads it without the lock */
static _Atomic(struct slot *) chunks[CHUNKS];
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

void files_reset_locks(void)
{
	pthread_rwlock_init(&lock, NULL);
}

static struct slot *slot_of(int fd)
{
	struct slot *chunk;

	if (fd < 0 || fd >= CHUNK * CHUNKS)
		return NULL;
	chunk = atomic_load_explicit(&chunks[fd / CHUNK], memory_order_acquire);
	return chunk ? &chunk[fd % CHUNK] : NULL;
}

int file_get(int fd, struct file **ret_file)
{
	struct slot *slot = slot_of(fd);
	struct file *file;

	if (!slot || !atomic_load_explicit(&slot->file, memory_order_acquire))
		return -EBADF;
	if (atomic_load_explicit(&slot->gen, memory_order_acquire) !=
	    soft_generation_peek())
		return -EOWNERDEAD;
	pthread_rwlock_rdlock(&lock);
	file = atomic_load_explicit(&slot->file, memory_order_relaxed);
	if (file)
		atomic_fetch_add_explicit(&file->refs, 1, memory_order_relaxed);
	pthread_rwlock_unlock(&lock);
	*ret_file = file;
	return file ? 0 : -EBADF;
}

void files_thread_ended(pid_t tid)
{
	struct file *file;
	int i, fd;

	for (i = 0; i < CHUNKS; i++) {
		if (!atomic_load_explicit(&chunks[i], memory_order_acquire))
			continue;
		for (fd = i * CHUNK; fd < (i + 1) * CHUNK; fd++) {
			if (file_get(fd, &file))
				continue;
			lanes_orphan(file, tid);
			file_put(file);
		}
	}
}

static int slot_fill(int fd, struct file *file)
{
	struct slot *chunk, *slot;

	if (fd < 0 || fd >= CHUNK * CHUNKS)
		return -EMFILE;
	chunk = atomic_load(&chunks[fd / CHUNK]);
	if (!chunk) {
		chunk = calloc(CHUNK, sizeof(*chunk));
		if (!chunk)
			return -ENOMEM;
		atomic_store_explicit(&chunks[fd / CHUNK], chunk, memory_order_release);
	}
	slot = &chunk[fd % CHUNK];
	atomic_store_explicit(&slot->gen, file->gen, memory_order_release);
	atomic_store_explicit(&slot->file, file, memory_order_release);
	return 0;
}

int file_open(const char *path, int flags)
{
	struct file *file;
	int fd, err;

	fd = file_create(path, flags, &file);
	if (fd < 0)
		return fd;
	pthread_rwlock_wrlock(&lock);
	err = slot_fill(fd, file);
	pthread_rwlock_unlock(&lock);
	if (err) {
		close(fd);
		file_put(file);
		return err;
	}
	return fd;
}

int file_close(int fd)
{
	struct slot *slot = slot_of(fd);
	struct file *file;

	if (!slot || !atomic_load(&slot->file))
		return -EBADF;
	if (atomic_load(&slot->gen) != soft_generation_peek()) {
		file = atomic_exchange(&slot->file, NULL);
		close(fd);
		if (file)
			file_close_child(file);
		return 0;
	}
	pthread_rwlock_wrlock(&lock);
	file = atomic_exchange(&slot->file, NULL);
	/* nobody may get this number before the slot is empty */
	if (file)
		close(fd);
	pthread_rwlock_unlock(&lock);
	if (!file)
		return -EBADF;
	file_put(file);
	return 0;
}

ssize_t file_read(int fd, void *buf, size_t count)
{
	struct file *file;
	bool nonblock;
	ssize_t ret;
	int err;

	err = file_get(fd, &file);
	if (err)
		return err;
	nonblock = fcntl(file->epfd, F_GETFL) & O_NONBLOCK;
	pthread_mutex_lock(&file->lock);
	link_drain(file);
	ret = events_read(file, (uintptr_t)buf, count, nonblock);
	pthread_mutex_unlock(&file->lock);
	file_put(file);
	return ret;
}

/* What a soft descriptor is ready for; -EBADF: not one of ours */
static int file_ready(int fd, short events, int64_t deadline)
{
	struct file *file;
	short ready = 0;
	int err;

	err = file_get(fd, &file);
	if (err)
		return err;
	pthread_mutex_lock(&file->lock);
	link_drain(file);
	lanes_drain(file, deadline);
	if (file->events_queued)
		ready = (short)(events & (POLLIN | POLLRDNORM));
	pthread_mutex_unlock(&file->lock);
	file_put(file);
	return ready;
}

/*
 * One pass: the kernel says which descriptors may be ready; whether a soft one is
 * depends on what the packets that woke it are.
 */
static int poll_pass(struct pollfd *fds, struct pollfd *work, nfds_t nfds,
		     int64_t deadline)
{
	int n, count = 0;
	nfds_t i;

	memcpy(work, fds, nfds * sizeof(*fds));
	n = poll_until(work, nfds, deadline);
	if (n < 0)
		return n;
	for (i = 0; i < nfds; i++) {
		int ready = file_ready(fds[i].fd, fds[i].events, deadline);

		if (ready == -EOWNERDEAD)
			ready = POLLERR;
		fds[i].revents = ready == -EBADF ? work[i].revents : (short)ready;
		count += fds[i].revents != 0;
	}
	return count;
}

int file_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	struct pollfd few[FEW_FDS], *work = few;
	int64_t deadline = DEADLINE_NEVER;
	int ret;

	if (timeout_ms >= 0)
		deadline = clock_now() + timeout_ms * NSEC_PER_MSEC;
	if (nfds > FEW_FDS) {
		work = calloc(nfds, sizeof(*work));
		if (!work)
			return -ENOMEM;
	}
	ret = poll_pass(fds, work, nfds, 0);
	while (!ret && timeout_ms &&
	       (deadline == DEADLINE_NEVER || clock_now() < deadline))
		ret = poll_pass(fds, work, nfds, deadline);
	if (work != few)
		free(work);
	return ret;
}
