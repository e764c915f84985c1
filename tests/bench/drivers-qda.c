// SPDX-License-Identifier: MIT
/* kernel/qda: plain arguments are copied by libqda, so calls go through it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/qda_accel.h>
#include <qda/qda.h>

#include "drivers.h"

/* as much as the other driver gives every PD */
#define INIT_MEM (2u << 20)

static int node = -1;
static struct qda_ctx *ctx;
static struct qda_session *session;
static struct qda_module *module;
static struct qda_call *noop;

static struct {
	struct qda_buffer *object;
	uint8_t *cpu;
	size_t size;
} buffer;

static void check(const char *what, int err, int32_t status)
{
	if (err || status)
		bench_fail(what, err ? err : status);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		bench_fail(path, -errno);
	return fd;
}

static void qda_open(const char *path)
{
	struct qda_session_opts opts = {
		.size = sizeof(opts),
		.signing = QDA_SIGNING_UNSIGNED,
	};
	struct qda_failure why = QDA_FAILURE_INIT;

	node = open_node(path);
	check("qda_ctx_new", qda_ctx_new(NULL, &ctx), 0);
	if (qda_session_open_fd(ctx, node, &opts, &session, &why) ||
	    qda_module_open(session, "bench", &module, &why))
		bench_fail(why.message, 0);
	check("qda_call_new", qda_call_new(module, BENCH_NOOP, NULL, 0, &noop), 0);
}

static void qda_close(void)
{
	noop = qda_call_unref(noop);
	module = qda_module_unref(module);
	session = qda_session_unref(session);
	ctx = qda_ctx_unref(ctx);
	close(node);
	node = -1;
}

static void qda_ioctl_alone(void)
{
	struct drm_qda_remote_invoke inv = {
		.handle = ANY_HANDLE,
		.stride = sizeof(struct drm_qda_arg),
	};

	if (ioctl(node, DRM_IOCTL_QDA_REMOTE_INVOKE, &inv))
		bench_fail("REMOTE_INVOKE", -errno);
	check("REMOTE_INVOKE", 0, inv.status);
}

static void qda_noop(void)
{
	int32_t status;
	int err = qda_call_invoke(noop, &status);

	check("noop", err, err ? 0 : status);
}

static void touch(const struct qda_arg *args)
{
	int32_t status;
	int err = qda_module_invoke(module, BENCH_TOUCH, args, 2, &status);

	check("touch", err, err ? 0 : status);
}

static void qda_plain(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	struct qda_arg args[] = { QDA_IN_SEQ(in, in_size), QDA_OUT_SEQ(out, out_size) };

	touch(args);
}

/* a buffer is always known before */
static uint8_t *qda_buffer_make(size_t size, bool registered)
{
	void *p;

	(void)registered;
	check("qda_buffer_new", qda_buffer_new(session, size, &buffer.object), 0);
	check("qda_buffer_map", qda_buffer_map(buffer.object, &p), 0);
	memset(p, 1, size);
	buffer.cpu = p;
	buffer.size = size;
	return p;
}

static void qda_buffer_call(void)
{
	struct qda_arg args[] = {
		QDA_IN_BUF(buffer.object, 0, buffer.size),
		QDA_OUT_BUF(buffer.object, 0, buffer.size),
	};

	touch(args);
}

static void qda_buffer_free(void)
{
	buffer.object = qda_buffer_unref(buffer.object);
}

static void qda_start_and_close(const char *path, enum session_kind kind)
{
	struct drm_qda_remote_session_create create = {
		.attrs = DRM_QDA_PD_UNSIGNED,
		.init_mem_size = INIT_MEM,
	};
	struct drm_qda_session_attach attach = { .pd = DRM_QDA_PD_ROOT };
	int fd = open_node(path), ret;

	/* banks of closed files come back a little later */
	do {
		if (kind == SESSION_CREATE)
			ret = ioctl(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &create);
		else
			ret = ioctl(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &attach);
	} while (ret < 0 && bench_again(-errno, EBUSY));
	if (ret)
		bench_fail("SESSION_CREATE or _ATTACH", -errno);
	check("session", 0, kind == SESSION_CREATE ? create.status : attach.status);
	close(fd);
}

static void qda_settle(const char *path)
{
	struct drm_qda_query total = { .type = DRM_QDA_QUERY_BANKS_TOTAL };
	struct drm_qda_query left = { .type = DRM_QDA_QUERY_BANKS_FREE };
	int fd = open_node(path), i;

	if (ioctl(fd, DRM_IOCTL_QDA_QUERY, &total))
		bench_fail("QUERY", -errno);
	for (i = 0; i < 10000 && left.value != total.value; i++) {
		usleep(1000);
		if (ioctl(fd, DRM_IOCTL_QDA_QUERY, &left))
			bench_fail("QUERY", -errno);
	}
	if (left.value != total.value)
		bench_fail("banks that do not come back", 0);
	close(fd);
}

const struct driver driver_qda = {
	.name = "qda",
	.open = qda_open,
	.close = qda_close,
	.ioctl_alone = qda_ioctl_alone,
	.noop = qda_noop,
	.plain = qda_plain,
	.buffer_new = qda_buffer_make,
	.buffer_call = qda_buffer_call,
	.buffer_free = qda_buffer_free,
	.session = qda_start_and_close,
	.settle = qda_settle,
};
