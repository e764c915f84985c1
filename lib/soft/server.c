// SPDX-License-Identifier: MIT
/*
 * The simulated DSPs of this process: private servers, one per name, and named
 * ones that were started by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dsp/sendfd.h"
#include "dsp/sockpath.h"
#include "name.h"

/* how long the last close waits for the server to end */
#define REAP_MS		500
#define MAX_ARGS	16

struct device {
	struct list node;
	unsigned int refs;
	char *key;			/* full name */
	char domain[DRM_QDA_NAME_LEN];
	bool stale;			/* its DSP is gone; a new open starts anew */
	int factory;			/* private server, or -1 */
	int pidfd;
	bool attrs_known;
	uint32_t attrs[QDA_UTIL_NUM_ATTRS];
};

/* A server that had not ended when its last file was closed (a forked child may
 * still have a session) */
struct straggler {
	struct list node;
	int pidfd;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list devices = { &devices, &devices };
static struct list stragglers = { &stragglers, &stragglers };

void servers_reset_locks(void)
{
	struct list *n, *next;

	pthread_mutex_init(&lock, NULL);
	/* the parent's; what it has open is closed file by file */
	list_init(&devices);
	list_for_each_safe(n, next, &stragglers) {
		struct straggler *s = container_of(n, struct straggler, node);

		close(s->pidfd);
		free(s);
	}
	list_init(&stragglers);
}

static void reap_stragglers(void)
{
	struct list *n, *next;

	list_for_each_safe(n, next, &stragglers) {
		struct straggler *s = container_of(n, struct straggler, node);

		if (!server_reap(s->pidfd, 0))
			continue;
		list_del(n);
		close(s->pidfd);
		free(s);
	}
}

static int connect_path(const char *server)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	/* a name that is a path may be anybody's */
	bool is_explicit = strchr(server, '/');
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd, err;

	err = sockpath_find(server, false, addr.sun_path, sizeof(addr.sun_path));
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		err = -errno;
		if (err != -EINTR) {
			close(fd);
			return err;
		}
	}
	/* whoever listens sees all our buffers */
	if (!is_explicit &&
	    (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
	     (peer.uid != geteuid() && peer.uid))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

/* one byte that carries the control socket of a new open file */
static int factory_send(int factory, int fd)
{
	while (send_with_fd(factory, "", 1, fd, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int factory_connect(const struct device *dev)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = factory_send(dev->factory, pair[1]);
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	return pair[0];
}

static int start_private(struct device *dev, const struct soft_name *name)
{
	const char *argv[MAX_ARGS];
	char fd_text[16], banks_text[16];
	int pair[2], err, n = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	snprintf(fd_text, sizeof(fd_text), "%d", pair[1]);
	snprintf(banks_text, sizeof(banks_text), "%u", name->banks);
	argv[n++] = server_program();
	argv[n++] = "--domain";
	argv[n++] = name->domain;
	if (name->banks) {
		argv[n++] = "--banks";
		argv[n++] = banks_text;
	}
	if (name->unprivileged)
		argv[n++] = "--unprivileged";
	if (name->generation) {
		argv[n++] = "--generation";
		argv[n++] = name->generation;
	}
	argv[n++] = "--fd";
	argv[n++] = fd_text;
	argv[n] = NULL;

	err = server_spawn(argv, pair[1], &dev->pidfd);
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	dev->factory = pair[0];
	return 0;
}

static struct device *device_find(const char *path)
{
	struct list *n;

	list_for_each(n, &devices) {
		struct device *dev = container_of(n, struct device, node);

		if (!dev->stale && !strcmp(dev->key, path))
			return dev;
	}
	return NULL;
}

static struct device *device_new(const char *path, const char *domain)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->key = strdup(path);
	if (!dev->key) {
		free(dev);
		return NULL;
	}
	snprintf(dev->domain, sizeof(dev->domain), "%s", domain);
	dev->factory = dev->pidfd = -1;
	dev->refs = 1;
	list_add(&devices, &dev->node);
	return dev;
}

static void device_free(struct device *dev)
{
	struct straggler *s;

	if (dev->factory >= 0)
		close(dev->factory);
	if (dev->pidfd >= 0 &&
	    !server_reap(dev->pidfd, clock_now() + REAP_MS * NSEC_PER_MSEC)) {
		s = malloc(sizeof(*s));
		if (s) {
			s->pidfd = dev->pidfd;
			dev->pidfd = -1;
			pthread_mutex_lock(&lock);
			list_add(&stragglers, &s->node);
			pthread_mutex_unlock(&lock);
		}
	}
	if (dev->pidfd >= 0)
		close(dev->pidfd);
	free(dev->key);
	free(dev);
}

/* Under the lock. -EPIPE: the private server is gone. */
static int device_connect(struct device **ret_dev, const char *path,
			  const struct soft_name *name)
{
	struct device *dev = device_find(path);
	int fd, err;

	if (dev) {
		dev->refs++;
	} else {
		dev = device_new(path, name->domain);
		if (!dev)
			return -ENOMEM;
		err = name->server ? 0 : start_private(dev, name);
		if (err)
			goto fail;
	}
	fd = name->server ? connect_path(name->server) : factory_connect(dev);
	if (fd < 0) {
		err = fd;
		goto fail;
	}
	*ret_dev = dev;
	return fd;

fail:
	if (--dev->refs == 0) {
		list_del(&dev->node);
		*ret_dev = dev;		/* to be freed without the lock */
	}
	return err;
}

int device_open(const char *path, struct device **ret_dev, int *ret_control)
{
	struct soft_name name;
	struct device *dev = NULL;
	int fd, err;

	err = soft_name_parse(path, &name);
	if (err)
		return err;

	pthread_mutex_lock(&lock);
	reap_stragglers();
	fd = device_connect(&dev, path, &name);
	if ((fd == -EPIPE || fd == -ECONNRESET) && !dev) {
		struct device *old = device_find(path);

		/* somebody killed it: start another */
		if (old)
			old->stale = true;
		fd = device_connect(&dev, path, &name);
	}
	pthread_mutex_unlock(&lock);
	if (fd < 0) {
		if (dev)
			device_free(dev);
		return fd;
	}
	*ret_dev = dev;
	*ret_control = fd;
	return 0;
}

void device_put(struct device *dev)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --dev->refs == 0;
	if (last)
		list_del(&dev->node);
	reap_stragglers();
	pthread_mutex_unlock(&lock);
	if (last)
		device_free(dev);
}

void device_put_child(struct device *dev)
{
	if (--dev->refs)
		return;
	if (dev->factory >= 0)
		close(dev->factory);
	if (dev->pidfd >= 0)
		close(dev->pidfd);
}

void device_lost(struct device *dev)
{
	pthread_mutex_lock(&lock);
	dev->stale = true;
	pthread_mutex_unlock(&lock);
}

const char *device_domain(const struct device *dev)
{
	return dev->domain;
}

bool device_attrs_get(struct device *dev, uint32_t index, uint32_t *ret_value)
{
	bool known;

	pthread_mutex_lock(&lock);
	known = dev->attrs_known;
	if (known)
		*ret_value = dev->attrs[index - 1];
	pthread_mutex_unlock(&lock);
	return known;
}

void device_attrs_set(struct device *dev, const uint32_t attrs[QDA_UTIL_NUM_ATTRS])
{
	pthread_mutex_lock(&lock);
	memcpy(dev->attrs, attrs, sizeof(dev->attrs));
	dev->attrs_known = true;
	pthread_mutex_unlock(&lock);
}
