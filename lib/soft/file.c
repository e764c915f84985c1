// SPDX-License-Identifier: MIT
/* Open files of the device: what happens at open, loss and the last close. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soft.h"

static atomic_uint_fast64_t next_id;

static void fd_close(atomic_int *fd)
{
	int old = atomic_exchange(fd, -1);

	if (old >= 0)
		close(old);
}

bool file_alive(struct file *file)
{
	link_drain(file);
	return !file->lost;
}

/* Whatever is outstanding ends now, and nothing is sent any more. */
static void file_abandon(struct file *file)
{
	struct list *n;

	file->lost = true;
	while (!list_empty(&file->link.pending)) {
		struct link_wait *w;

		n = file->link.pending.next;
		w = container_of(n, struct link_wait, node);
		list_del(n);
		w->rep.error = -EPIPE;
		w->done = true;
		if (w->fn)
			w->fn(file, w);
	}
	calls_end_all(file, -EPIPE, false);
	status_lost(file);
	calls_bury_zombies(file);
	maps_forget(file);
	lanes_shutdown(file);
	pump_kick(file);
	waitq_wake(&file->link.wq);
}

void file_lost(struct file *file)
{
	if (file->lost)
		return;
	lanes_last_words(file);
	device_lost(file->dev);
	file_abandon(file);
}

/* --- open ---------------------------------------------------------------- */

static struct file *file_new(struct device *dev, int control, int open_flags)
{
	struct file *file = calloc(1, sizeof(*file));
	unsigned int i;

	if (!file)
		return NULL;
	atomic_init(&file->refs, 1);
	file->gen = soft_generation_peek();
	file->id = atomic_fetch_add(&next_id, 1) + 1;
	file->open_flags = open_flags;
	file->dev = dev;
	atomic_init(&file->epfd, -1);
	atomic_init(&file->marker_fd, -1);
	atomic_init(&file->event_fd, -1);
	atomic_init(&file->kick_fd, -1);
	atomic_init(&file->pump_fd, -1);
	atomic_init(&file->pool_fd, -1);
	pthread_mutex_init(&file->lock, NULL);
	link_init(&file->link, control);
	list_init(&file->bus.ranges);
	for (i = 0; i < OBJECT_BUCKETS; i++)
		list_init(&file->objects[i]);
	for (i = 0; i < MAP_BUCKETS; i++) {
		list_init(&file->maps_by_id[i]);
		list_init(&file->maps_by_dsp_id[i]);
	}
	list_init(&file->maps);
	for (i = 0; i <= MAX_LANES; i++) {
		atomic_init(&file->lanes[i].fd, -1);
		file->lanes[i].index = i;
	}
	file->handle_hint = 1;
	file->limit = QDA_MAX_IN_FLIGHT;
	file->event_space = EVENT_SPACE;
	return file;
}

static void close_fds(struct file *file)
{
	unsigned int i;

	fd_close(&file->link.fd);
	for (i = 0; i <= MAX_LANES; i++)
		fd_close(&file->lanes[i].fd);
	fd_close(&file->epfd);
	fd_close(&file->marker_fd);
	fd_close(&file->event_fd);
	fd_close(&file->kick_fd);
	fd_close(&file->pump_fd);
}

static void objects_free(struct file *file)
{
	unsigned int i;

	if (file->init_mem)
		object_put(file, file->init_mem);
	for (i = 0; i < HANDLE_CHUNKS; i++) {
		struct object **chunk = atomic_load(&file->handles[i]);
		unsigned int j;

		for (j = 0; chunk && j < HANDLE_CHUNK; j++)
			if (chunk[j])
				object_put(file, chunk[j]);
		free(chunk);
	}
}

/* The last reference has gone: nobody is inside a call. */
static void file_free(struct file *file)
{
	pthread_mutex_lock(&file->lock);
	if (file->session == SESSION_RUNNING && file_alive(file)) {
		session_end(file);
		session_finish(file);
	}
	/* the end of the control socket does the rest on the other side */
	file_abandon(file);
	objects_free(file);
	bank_destroy(file);
	close_fds(file);
	pthread_mutex_unlock(&file->lock);
	pthread_mutex_destroy(&file->lock);
	device_put(file->dev);
	free(file);
}

void file_put(struct file *file)
{
	if (atomic_fetch_sub(&file->refs, 1) == 1)
		file_free(file);
}

/* In a forked child: give up what was inherited, without any lock. */
void file_close_child(struct file *file)
{
	unsigned int i, j;

	close_fds(file);
	fd_close(&file->pool_fd);
	if (file->init_mem)
		fd_close(&file->init_mem->memfd);
	for (i = 0; i < HANDLE_CHUNKS; i++) {
		struct object **chunk = atomic_load(&file->handles[i]);

		for (j = 0; chunk && j < HANDLE_CHUNK; j++)
			if (chunk[j])
				fd_close(&chunk[j]->memfd);
	}
	device_put_child(file->dev);
}

static int add_fd(struct file *file, int fd, uint64_t data, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(file->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* The descriptors behind the one the user gets; that one is returned. */
static int make_fds(struct file *file)
{
	int fd, err;

	atomic_store(&file->marker_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	atomic_store(&file->event_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	atomic_store(&file->kick_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	atomic_store(&file->pump_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (file->marker_fd < 0 || file->event_fd < 0 || file->kick_fd < 0 ||
	    file->pump_fd < 0)
		return -errno;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return -errno;
	atomic_store(&file->epfd, fcntl(fd, F_DUPFD_CLOEXEC, 0));
	err = file->epfd < 0 ? -errno : 0;
	if (!err)
		err = add_fd(file, file->marker_fd, QDA_SOFT_FD_MAGIC, 0);
	if (!err)
		err = add_fd(file, file->event_fd, MAX_LANES + 1, EPOLLIN);
	if (!err && (file->open_flags & O_NONBLOCK) &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err = -errno;
	if (!err && !(file->open_flags & O_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int hello(struct file *file)
{
	struct qda_link_req req = { .op = QDA_LINK_HELLO, .a = QDA_LINK_VERSION };
	struct qda_link_rep rep;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	atomic_store(&file->lanes[ROOT_LANE].fd, pair[0]);
	pthread_mutex_lock(&file->lock);
	err = link_call(file, &req, pair[1], &rep, false);
	pthread_mutex_unlock(&file->lock);
	close(pair[1]);
	if (err)
		return err == -EPIPE ? -ENODEV : err;

	memcpy(file->info.name, rep.name, sizeof(file->info.name));
	file->info.name[sizeof(file->info.name) - 1] = '\0';
	file->info.features = (uint32_t)rep.a;
	file->info.banks = (uint32_t)rep.b;
	file->info.bank_size = rep.c;
	/* soft:cdsp@server of an adsp */
	if (strcmp(file->info.name, device_domain(file->dev)))
		return -ENODEV;
	/* nothing hides behind the NUL */
	memset(file->info.name, 0, sizeof(file->info.name));
	strcpy(file->info.name, device_domain(file->dev));
	return 0;
}

int file_create(const char *path, int flags, struct file **ret_file)
{
	struct device *dev;
	struct file *file;
	int control, err, fd;

	if (!soft_generation())
		return -ENOMEM;
	err = device_open(path, &dev, &control);
	if (err)
		return err;
	file = file_new(dev, control, flags);
	if (!file) {
		close(control);
		device_put(dev);
		return -ENOMEM;
	}
	err = hello(file);
	fd = err ? err : make_fds(file);
	if (fd < 0) {
		file_put(file);
		return fd;
	}
	*ret_file = file;
	return fd;
}
