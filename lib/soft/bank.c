// SPDX-License-Identifier: MIT
/* The file's context bank: taking it, mapping memory into it, giving it back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soft.h"

#define POOL_SIZE	((uint64_t)NUM_SLOTS * SLOT_STRIDE)

static int memfd_sealed(const char *name, uint64_t size)
{
	int fd, err;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int memory_new(const char *name, uint64_t size)
{
	int fd = memfd_sealed(name, size);

	/* what a kernel would say, whatever the limit that was hit */
	return fd == -ENOSPC || fd == -EFBIG ? -ENOMEM : fd;
}

/* the DSP has let go: the addresses may be used again */
static void range_unmapped(struct file *file, struct link_wait *w)
{
	struct range *range = container_of(w, struct range, unmap);

	file->unmapping--;
	bus_free(&file->bus, range);
}

void bank_unmap(struct file *file, struct range *range)
{
	struct qda_link_req req = {
		.op = QDA_LINK_UNMAP,
		.a = range->start,
		.b = range->size,
	};

	range->unmap.fn = range_unmapped;
	/* the DSP still has it: its addresses are not used again before close */
	if (link_post(file, &range->unmap, &req, -1))
		return;
	file->unmapping++;
	file->unmaps++;
}

int bank_map(struct file *file, int fd, uint64_t size, struct range **ret_range)
{
	struct qda_link_req req = { .op = QDA_LINK_MAP, .b = size };
	struct qda_link_rep rep;
	unsigned int epoch = file->bank_epoch;
	struct range *range;
	int err = 0;

	range = bus_alloc(&file->bus, size, &err);
	if (!range && err == -ENOSPC && file->unmapping) {
		/* addresses may have become free */
		link_drain(file);
		range = file->lost ? NULL : bus_alloc(&file->bus, size, &err);
	}
	if (!range)
		return file->lost ? -ENODEV : err;

	req.a = range->start;
	err = link_call(file, &req, fd, &rep, true);
	if (epoch != file->bank_epoch) {
		/* the session was released meanwhile, and the range with it */
		*ret_range = NULL;
		return err;
	}
	if (err == -EINTR)
		bank_unmap(file, range);	/* in order behind the request */
	else if (err)
		bus_free(&file->bus, range);
	if (err)
		return err;
	*ret_range = range;
	return 0;
}

static int pool_create(struct file *file)
{
	int fd, err;
	void *p;

	fd = memory_new("qda-messages", POOL_SIZE);
	if (fd < 0)
		return fd;
	p = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		close(fd);
		return -ENOMEM;
	}
	do
		err = bank_map(file, fd, POOL_SIZE, &file->pool_range);
	while (err == -EINTR);
	if (err) {
		munmap(p, POOL_SIZE);
		close(fd);
		return err;
	}
	file->pool = p;
	atomic_store(&file->pool_fd, fd);
	return 0;
}

static void pool_destroy(struct file *file)
{
	int fd = atomic_exchange(&file->pool_fd, -1);

	if (file->pool)
		munmap(file->pool, POOL_SIZE);
	if (fd >= 0)
		close(fd);
	file->pool = NULL;
	file->pool_range = NULL;
}

static int bank_take(struct file *file)
{
	struct qda_link_req req = { .op = QDA_LINK_BANK_TAKE };
	struct qda_link_rep rep;
	int err;

	err = link_call(file, &req, -1, &rep, false);
	if (err)
		return err;
	if (!rep.a || rep.a > UINT32_MAX || (rep.b | rep.c) & (SOFT_PAGE - 1) ||
	    !rep.b || rep.b > UINT32_MAX || rep.c > (1ULL << 32) - rep.b) {
		file_lost(file);
		return -EPIPE;
	}
	file->sid = (uint32_t)rep.a;
	bus_init(&file->bus, rep.b, rep.c);
	err = pool_create(file);
	if (err && !file->lost) {
		struct link_wait put = { .done = false };

		req.op = QDA_LINK_BANK_PUT;
		link_call(file, &req, -1, &put.rep, false);
	}
	return err;
}

static int bank_settle(struct file *file)
{
	int err = 0;

	while (!err) {
		/* another thread is at it, and receives for itself */
		if (file->bank == BANK_TAKING)
			err = waitq_sleep(&file->wq, &file->lock, DEADLINE_NEVER);
		/* nobody may be waiting for this answer */
		else if (file->bank == BANK_PUTTING)
			err = link_step(file, DEADLINE_NEVER);
		else
			break;
	}
	if (err)
		return err;
	return file->lost ? -ENODEV : 0;
}

static int bank_ready(struct file *file)
{
	int err = bank_settle(file);

	if (err || file->bank == BANK_READY)
		return err;

	file->bank = BANK_TAKING;
	err = bank_take(file);
	file->bank = err ? BANK_NONE : BANK_READY;
	waitq_wake(&file->wq);
	return err;
}

int bank_get(struct file *file)
{
	int err = bank_ready(file);

	if (!err)
		file->bank_keep = true;
	return err;
}

int bank_borrow(struct file *file)
{
	int err = bank_ready(file);

	if (!err)
		file->bank_borrowers++;
	return err;
}

static void bank_was_put(struct file *file, struct link_wait *w)
{
	(void)w;
	file->bank = BANK_NONE;
	waitq_wake(&file->link.wq);
}

/* Nothing of it is in use any more; nobody waits for the answer. */
static void bank_put(struct file *file)
{
	struct qda_link_req req = { .op = QDA_LINK_BANK_PUT };
	struct list *n, *next;

	objects_forget(file);
	if (file->pool_range)
		bank_unmap(file, file->pool_range);
	pool_destroy(file);

	/* what waits for an UNMAP goes with the bank */
	list_for_each_safe(n, next, &file->link.pending) {
		struct link_wait *w = container_of(n, struct link_wait, node);

		if (w->fn == range_unmapped) {
			list_del(n);
			range_unmapped(file, w);
		}
	}
	bus_destroy(&file->bus);
	file->bank_epoch++;
	file->bank_keep = false;
	file->bank_dead = false;

	file->bank = BANK_PUTTING;
	file->bank_put.fn = bank_was_put;
	if (link_post(file, &file->bank_put, &req, -1))
		file->bank = BANK_NONE;
}

void bank_return(struct file *file)
{
	file->bank_borrowers--;
	if (file->bank == BANK_READY && !file->bank_borrowers &&
	    (!file->bank_keep || file->bank_dead))
		bank_put(file);
}

void bank_gone(struct file *file)
{
	if (file->bank != BANK_READY)
		return;
	if (file->bank_borrowers)
		file->bank_dead = true;
	else
		bank_put(file);
}

void bank_destroy(struct file *file)
{
	pool_destroy(file);
	bus_destroy(&file->bus);
}
