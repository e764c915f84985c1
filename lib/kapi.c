/* SPDX-License-Identifier: MIT */
/* Opening and identifying a device; what all interfaces of DRM drivers share. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "internal.h"
#include "kapi-ops.h"

#define SOFT_PREFIX "soft:"

/* by DRM driver name; several interfaces of one name take turns at probe() */
static const struct {
	const char *driver;
	const struct kapi_ops *ops;
} backends[] = {
	{ DRM_QDA_NAME, &kapi_qda_ops },
};

int kapi_ioctl(struct kapi_file *file, unsigned long request, void *arg)
{
	if (file->sys->ioctl(file->fd, request, arg) >= 0)
		return 0;
	return errno > 0 ? -errno : -EIO;
}

int kapi_ioctl_retry(struct kapi_file *file, unsigned long request, void *arg)
{
	int err;

	do {
		err = kapi_ioctl(file, request, arg);
	} while (err == -EINTR);
	return err;
}

/* --- the soft device's library -------------------------------------------- */

const char *kapi_soft_library(void)
{
	const char *env = secure_getenv("QDA_SOFT_LIBRARY");

	return env && *env ? env : QDA_SOFT_LIBRARY_DEFAULT;
}

void kapi_soft_version(int *ret_major, int *ret_minor)
{
	*ret_major = DRM_QDA_MAJOR;
	*ret_minor = DRM_QDA_MINOR;
}

/*
 * RTLD_NODELETE: its code must stay while a descriptor is open that a forked
 * child or another library may still use. The handle itself is given back.
 */
static int soft_load(struct qda_ctx *ctx, void **ret_library,
		     const struct qda_sys **ret_sys)
{
	const char *path = kapi_soft_library();
	const struct qda_sys *sys;
	void *library;

	if (getauxval(AT_SECURE)) {
		log_err(ctx, "soft devices are refused in a program that runs with "
			     "more privilege than its user");
		return -EPERM;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!library) {
		const char *why = dlerror();

		/* the caller says that one */
		if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
			return -ENOENT;
		log_err(ctx, "soft device: %s", why);
		return access(path, R_OK) < 0 && errno == EACCES ? -EACCES : -ENOEXEC;
	}
	sys = dlsym(library, QDA_SOFT_SYS_SYMBOL);
	if (!sys) {
		log_err(ctx, "%s is not a soft device: it has no %s", path,
			QDA_SOFT_SYS_SYMBOL);
		dlclose(library);
		return -ENOEXEC;
	}
	*ret_library = library;
	*ret_sys = sys;
	return 0;
}

/* --- opening --------------------------------------------------------------- */

/* DRM_IOCTL_VERSION is the one call that is safe on any node of a DRM driver */
static int get_version(struct kapi_file *file)
{
	struct kapi_info *info = &file->info;
	struct drm_version version = {
		.name_len = sizeof(info->driver) - 1,
		.name = info->driver,
		.desc_len = sizeof(info->description) - 1,
		.desc = info->description,
	};
	int err = kapi_ioctl_retry(file, DRM_IOCTL_VERSION, &version);

	if (err == -ENOTTY || err == -EINVAL)
		return -ENXIO;
	if (err)
		return err;
	info->major = version.version_major;
	info->minor = version.version_minor;
	return 0;
}

static int identify(struct kapi_file *file, const char *path)
{
	int err = get_version(file);
	size_t i;

	if (err) {
		if (err == -ENXIO)
			log_info(file->ctx, "%s is not the node of a DRM driver", path);
		else
			log_info(file->ctx, "%s: %s", path, qda_strerror(err));
		return err;
	}
	err = -ENXIO;
	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (strcmp(file->info.driver, backends[i].driver))
			continue;
		file->ops = backends[i].ops;
		err = file->ops->probe(file);
		if (err != -ENOTSUP)
			break;
	}
	if (err == -ENXIO)
		log_info(file->ctx, "%s belongs to driver %s", path, file->info.driver);
	else if (err)
		log_info(file->ctx, "%s: %s", path, qda_strerror(err));
	else
		log_debug(file->ctx, "%s is %s of driver %s %d.%d (%s)", path,
			  file->info.dsp, file->info.driver, file->info.major,
			  file->info.minor, file->info.description);
	return err;
}

void kapi_close(struct kapi_file *file)
{
	int saved_errno = errno;

	if (!file)
		return;
	if (file->fd >= 0)
		file->sys->close(file->fd);
	if (file->library)
		dlclose(file->library);
	free(file);
	errno = saved_errno;
}

static struct kapi_file *file_new(struct qda_ctx *ctx)
{
	struct kapi_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->ctx = ctx;
	file->sys = &qda_sys_kernel;
	file->fd = -1;
	return file;
}

static int file_open(struct kapi_file *file, const char *path)
{
	/* non-blocking is for reading events */
	int err, flags = O_RDWR | O_CLOEXEC | O_NONBLOCK;

	if (!strncmp(path, SOFT_PREFIX, strlen(SOFT_PREFIX))) {
		file->info.soft = true;
		err = soft_load(file->ctx, &file->library, &file->sys);
		if (err)
			return err;
	} else {
		err = kapi_node_check(path, -1);
		if (err == -ENOENT || err == -ENOTDIR)
			return -ENODEV;
		if (err)
			return err;
	}
	do {
		file->fd = file->sys->open(path, flags);
	} while (file->fd < 0 && errno == EINTR && !file->info.soft);
	if (file->fd >= 0) {
		file->nonblock = true;
		return 0;
	}
	/* gone since it was looked at, or a node with nothing behind it */
	if (!file->info.soft && (errno == ENOENT || errno == ENXIO))
		return -ENODEV;
	return -errno;
}

int kapi_identify(struct qda_ctx *ctx, const char *path, struct kapi_info *found,
		  struct kapi_file **ret_file)
{
	struct kapi_file *file = file_new(ctx);
	int err;

	memset(found, 0, sizeof(*found));
	if (!file)
		return -ENOMEM;
	err = file_open(file, path);
	if (err)
		log_info(ctx, "cannot open %s: %s", path, qda_strerror(err));
	else
		err = identify(file, path);
	*found = file->info;
	if (err) {
		kapi_close(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

int kapi_open(struct qda_ctx *ctx, const char *path, struct kapi_file **ret_file)
{
	struct kapi_info found;

	return kapi_identify(ctx, path, &found, ret_file);
}

/* A soft descriptor is an epoll instance with a marked entry. */
static bool is_soft_fd(int fd)
{
	char path[64], line[256];
	uint64_t data;
	bool found = false;
	FILE *info;
	char *p;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return false;
	while (!found && fgets(line, sizeof(line), info)) {
		p = strncmp(line, "tfd:", 4) ? NULL : strstr(line, "data:");
		if (p && sscanf(p, "data: %" SCNx64, &data) == 1)
			found = data == QDA_SOFT_FD_MAGIC;
	}
	fclose(info);
	return found;
}

int kapi_open_fd(struct qda_ctx *ctx, int fd, struct kapi_file **ret_file)
{
	struct kapi_file *file;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "descriptor %d", fd);
	err = kapi_node_check(NULL, fd);
	if (err == -ENXIO && is_soft_fd(fd)) {
		log_err(ctx,
			"%s is a soft device: soft sessions cannot be passed on, open "
			"it by name",
			name);
		return -EOPNOTSUPP;
	}
	if (err) {
		log_info(ctx, "%s is not the node of an accel driver", name);
		return err;
	}
	file = file_new(ctx);
	if (!file)
		return -ENOMEM;
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	err = file->fd < 0 ? -errno : identify(file, name);
	if (err) {
		kapi_close(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

int kapi_fd(const struct kapi_file *file)
{
	return file->fd;
}

const struct kapi_info *kapi_info(const struct kapi_file *file)
{
	return &file->info;
}

/* --- core calls of DRM ----------------------------------------------------- */

int kapi_gem_close(struct kapi_file *file, uint32_t handle)
{
	struct drm_gem_close arg = { .handle = handle };

	return kapi_ioctl_retry(file, DRM_IOCTL_GEM_CLOSE, &arg);
}

int kapi_prime_import(struct kapi_file *file, int fd, uint32_t *ret_handle)
{
	struct drm_prime_handle arg = { .fd = fd };
	int err = kapi_ioctl_retry(file, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);

	if (!err)
		*ret_handle = arg.handle;
	return err;
}

int kapi_prime_export(struct kapi_file *file, uint32_t handle, int *ret_fd)
{
	struct drm_prime_handle arg = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
		.fd = -1,
	};
	int err = kapi_ioctl_retry(file, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg);

	if (!err)
		*ret_fd = arg.fd;
	return err;
}

int kapi_gem_mmap(struct kapi_file *file, uint32_t handle, uint64_t size,
		  void **ret_ptr)
{
	uint64_t offset;
	void *ptr;
	int err;

	if (size > SIZE_MAX)
		return -ENOMEM;
	err = file->ops->gem_mmap_offset(file, handle, &offset);
	if (err)
		return err;
	ptr = file->sys->mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      file->fd, offset);
	if (ptr == MAP_FAILED)
		return -errno;
	*ret_ptr = ptr;
	return 0;
}

void kapi_munmap_cpu(struct kapi_file *file, void *ptr, uint64_t size)
{
	file->sys->munmap(ptr, (size_t)size);
}

/* --- calls of the interface ------------------------------------------------ */

int kapi_query(struct kapi_file *file, enum kapi_param param, uint32_t index,
	       uint64_t *ret_value, int32_t *ret_status)
{
	return file->ops->query(file, param, index, ret_value, ret_status);
}

int kapi_attach(struct kapi_file *file, uint32_t pd, const char *name,
		int32_t *ret_status)
{
	return file->ops->attach(file, pd, name, ret_status);
}

int kapi_create(struct kapi_file *file, const struct kapi_create *create,
		int32_t *ret_status)
{
	return file->ops->create(file, create, ret_status);
}

int kapi_release(struct kapi_file *file)
{
	return file->ops->release(file);
}

int kapi_set_max_in_flight(struct kapi_file *file, uint32_t value)
{
	return file->ops->set_max_in_flight(file, value);
}

int kapi_set_memory_limit(struct kapi_file *file, uint64_t bytes)
{
	return file->ops->set_memory_limit(file, bytes);
}

int kapi_set_status_events(struct kapi_file *file, bool enable)
{
	return file->ops->set_status_events(file, enable);
}

int kapi_set_answer_timeout(struct kapi_file *file, int64_t ns)
{
	return file->ops->set_answer_timeout(file, ns);
}

int kapi_gem_create(struct kapi_file *file, uint64_t *size, uint32_t *ret_handle)
{
	return file->ops->gem_create(file, size, ret_handle);
}

int kapi_map(struct kapi_file *file, const struct kapi_map *map, uint32_t *ret_id,
	     uint64_t *ret_addr, int32_t *ret_status)
{
	return file->ops->map(file, map, ret_id, ret_addr, ret_status);
}

int kapi_munmap(struct kapi_file *file, uint32_t id, int32_t *ret_status)
{
	return file->ops->munmap(file, id, ret_status);
}

int kapi_invoke(struct kapi_file *file, struct kapi_invoke *invoke)
{
	return file->ops->invoke(file, invoke);
}

int kapi_wait(struct kapi_file *file, uint64_t ticket, int64_t deadline,
	      int32_t *ret_status)
{
	return file->ops->wait(file, ticket, deadline, ret_status);
}

int kapi_read_events(struct kapi_file *file, struct kapi_event *events, size_t max)
{
	return file->ops->read_events(file, events, max);
}
