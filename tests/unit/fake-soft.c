/* SPDX-License-Identifier: MIT */
/* A libqda-soft.so that opens one device and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "sys.h"

static int soft_open(const char *path, int flags)
{
	if (strcmp(path, "soft:cdsp")) {
		errno = EINVAL;
		return -1;
	}
	if (!(flags & O_CLOEXEC)) {
		errno = EPROTO;
		return -1;
	}
	return eventfd(0, EFD_CLOEXEC);
}

static int soft_close(int fd)
{
	return close(fd);
}

static void put(char *to, __kernel_size_t *len, const char *text)
{
	memcpy(to, text, strlen(text) < *len ? strlen(text) : *len);
	*len = strlen(text);
}

static int soft_ioctl(int fd, unsigned long request, void *arg)
{
	struct drm_version *version = arg;
	struct drm_qda_query *query = arg;

	(void)fd;
	if (request == DRM_IOCTL_VERSION) {
		version->version_major = DRM_QDA_MAJOR;
		version->version_minor = DRM_QDA_MINOR;
		put(version->name, &version->name_len, DRM_QDA_NAME);
		put(version->desc, &version->desc_len, DRM_QDA_TAG " fake soft device");
		return 0;
	}
	if (request == DRM_IOCTL_QDA_QUERY && query->type == DRM_QDA_QUERY_MAGIC) {
		query->value = DRM_QDA_ABI_MAGIC;
		return 0;
	}
	if (request == DRM_IOCTL_QDA_QUERY && query->type == DRM_QDA_QUERY_NAME) {
		strcpy((char *)query->name, "cdsp");
		return 0;
	}
	if (request == DRM_IOCTL_QDA_QUERY) {
		query->value = 5;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

__attribute__((visibility("default"))) const struct qda_sys qda_soft_sys = {
	.open = soft_open,
	.close = soft_close,
	.ioctl = soft_ioctl,
};
