/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "internal.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* descriptors served by one epoll_wait(); what is left keeps the fd readable */
#define PROCESS_BATCH 16

static const struct {
	const char *name;
	int level;
} log_levels[] = {
	{ "none", QDA_LOG_NONE },	{ "err", QDA_LOG_ERR },
	{ "warning", QDA_LOG_WARNING }, { "info", QDA_LOG_INFO },
	{ "debug", QDA_LOG_DEBUG },
};

static void set_log_level(struct qda_ctx *ctx, int level)
{
	const char *env = secure_getenv("QDA_LOG");
	size_t i;

	ctx->log_level = level ? level : QDA_LOG_NONE;
	if (!env || !*env)
		return;
	for (i = 0; i < sizeof(log_levels) / sizeof(log_levels[0]); i++) {
		if (!strcmp(env, log_levels[i].name)) {
			ctx->log_level = log_levels[i].level;
			return;
		}
	}
	/* whoever set it wants to see something */
	ctx->log_level = QDA_LOG_WARNING;
	log_warn(ctx, "QDA_LOG=%s is not one of none, err, warning, info, debug", env);
}

/* A kernel that cannot wipe leaves *ret NULL; getpid() does the job then. */
static int generation_new(const volatile uint8_t **ret)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *page;

	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (page == MAP_FAILED)
		return -ENOMEM;
	if (madvise(page, size, MADV_WIPEONFORK) < 0) {
		munmap(page, size);
		*ret = NULL;
		return 0;
	}
	*page = 1;
	*ret = page;
	return 0;
}

int qda_ctx_check(const struct qda_ctx *ctx)
{
	bool same = ctx->generation ? *ctx->generation : ctx->owner == getpid();

	return same ? 0 : -EOWNERDEAD;
}

QDA_EXPORT int qda_ctx_new(const struct qda_ctx_opts *opts, struct qda_ctx **ret_ctx)
{
	struct qda_ctx_opts ours;
	struct qda_ctx *ctx;
	int err;

	if (!ret_ctx)
		return -EINVAL;
	err = qda_opts_copy(&ours, sizeof(ours), sizeof(ours), opts);
	if (err)
		return err;
	if (ours.reserved)
		return -E2BIG;
	if (ours.log_level < QDA_LOG_NONE || ours.log_level > QDA_LOG_DEBUG)
		return -EINVAL;

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	err = generation_new(&ctx->generation);
	if (err)
		goto free_ctx;
	ctx->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ctx->epoll_fd < 0) {
		err = -errno;
		goto free_generation;
	}
	err = -pthread_mutex_init(&ctx->lock, NULL);
	if (err)
		goto close_epoll;
	ctx->owner = getpid();
	atomic_init(&ctx->refs, 1);
	atomic_flag_clear(&ctx->processing);
	list_init(&ctx->watches);
	ctx->log = ours.log;
	ctx->log_data = ours.log_data;
	set_log_level(ctx, ours.log_level);
	*ret_ctx = ctx;
	return 0;

close_epoll:
	close(ctx->epoll_fd);
free_generation:
	if (ctx->generation)
		munmap((void *)(uintptr_t)ctx->generation,
		       (size_t)sysconf(_SC_PAGESIZE));
free_ctx:
	free(ctx);
	return err;
}

QDA_EXPORT struct qda_ctx *qda_ctx_ref(struct qda_ctx *ctx)
{
	if (ctx)
		atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	return ctx;
}

QDA_EXPORT struct qda_ctx *qda_ctx_unref(struct qda_ctx *ctx)
{
	int saved_errno = errno;

	if (!ctx)
		return NULL;
	if (atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	qda_ctx_monitor_stop(ctx);
	/* in a forked child this closes the child's copies and no more */
	close(ctx->epoll_fd);
	if (!qda_ctx_check(ctx))
		pthread_mutex_destroy(&ctx->lock);
	if (ctx->generation)
		munmap((void *)(uintptr_t)ctx->generation,
		       (size_t)sysconf(_SC_PAGESIZE));
	free(ctx);
	errno = saved_errno;
	return NULL;
}

QDA_EXPORT int qda_ctx_get_fd(struct qda_ctx *ctx)
{
	return ctx ? ctx->epoll_fd : -EINVAL;
}

int qda_ctx_watch_add(struct qda_ctx *ctx, struct qda_watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };
	int err = qda_ctx_check(ctx);

	if (err)
		return err;
	pthread_mutex_lock(&ctx->lock);
	if (epoll_ctl(ctx->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0) {
		err = -errno;
		list_init(&watch->node);
	} else {
		list_add(&ctx->watches, &watch->node);
	}
	pthread_mutex_unlock(&ctx->lock);
	return err;
}

void qda_ctx_watch_del(struct qda_ctx *ctx, struct qda_watch *watch)
{
	/* A child shares the parent's epoll set, and the lock may be held for good */
	if (qda_ctx_check(ctx))
		return;
	pthread_mutex_lock(&ctx->lock);
	if (!list_empty(&watch->node)) {
		epoll_ctl(ctx->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
		list_del(&watch->node);
	}
	pthread_mutex_unlock(&ctx->lock);
}

static bool watch_is_added(struct qda_ctx *ctx, struct qda_watch *watch)
{
	bool added;

	pthread_mutex_lock(&ctx->lock);
	added = !list_empty(&watch->node);
	pthread_mutex_unlock(&ctx->lock);
	return added;
}

/* Runs one watch; a broken one must not keep the context's fd readable. */
static int watch_run(struct qda_ctx *ctx, struct qda_watch *watch, uint32_t events)
{
	int ret;

	if (!watch_is_added(ctx, watch))
		return 0;
	ret = watch->fn(watch);
	if (ret == -ENOMEM || ret == -EINTR || ret == -EAGAIN)
		return ret;
	if (ret < 0) {
		log_err(ctx, "no further events from descriptor %d: %s", watch->fd,
			qda_strerror(ret));
		qda_ctx_watch_del(ctx, watch);
		return 0;
	}
	if (!ret && (events & (EPOLLHUP | EPOLLERR)))
		qda_ctx_watch_del(ctx, watch);
	return ret;
}

/*
 * epoll_wait() under the lock that guards the set returns no watch that has been
 * deleted, and one whose owner is just being freed refuses the reference.
 */
static int collect(struct qda_ctx *ctx, struct epoll_event *events)
{
	int i, n, kept = 0;

	pthread_mutex_lock(&ctx->lock);
	n = epoll_wait(ctx->epoll_fd, events, PROCESS_BATCH, 0);
	if (n < 0)
		n = errno == EINTR ? 0 : -errno;
	for (i = 0; i < n; i++) {
		struct qda_watch *watch = events[i].data.ptr;

		if (!watch->ref || watch->ref(watch))
			events[kept++] = events[i];
	}
	pthread_mutex_unlock(&ctx->lock);
	return n < 0 ? n : kept;
}

QDA_EXPORT int qda_ctx_process(struct qda_ctx *ctx)
{
	struct epoll_event events[PROCESS_BATCH];
	int i, n, ret, err, count = 0;

	if (!ctx)
		return -EINVAL;
	err = qda_ctx_check(ctx);
	if (err)
		return err;
	if (atomic_flag_test_and_set_explicit(&ctx->processing, memory_order_acquire))
		return -EBUSY;
	/* a callback may drop the caller's reference */
	qda_ctx_ref(ctx);
	n = collect(ctx, events);
	if (n < 0)
		err = n;
	for (i = 0; i < n; i++) {
		struct qda_watch *watch = events[i].data.ptr;

		ret = watch_run(ctx, watch, events[i].events);
		if (ret > 0)
			count += ret;
		else if (ret == -ENOMEM)
			err = ret;
		if (watch->unref)
			watch->unref(watch);
	}
	atomic_flag_clear_explicit(&ctx->processing, memory_order_release);
	qda_ctx_unref(ctx);
	return count ? count : err;
}

QDA_EXPORT int qda_ctx_wait(struct qda_ctx *ctx, int64_t timeout_ns)
{
	int64_t deadline = clock_deadline(timeout_ns);
	struct timespec ts, *timeout;
	struct pollfd pfd;
	int ret;

	if (!ctx)
		return -EINVAL;
	for (;;) {
		ret = qda_ctx_process(ctx);
		if (ret || !timeout_ns)
			return ret;
		timeout = NULL;
		if (deadline >= 0) {
			int64_t left = deadline - clock_now();

			if (left <= 0)
				return 0;
			ts.tv_sec = (time_t)(left / 1000000000);
			ts.tv_nsec = (long)(left % 1000000000);
			timeout = &ts;
		}
		pfd = (struct pollfd){ .fd = ctx->epoll_fd, .events = POLLIN };
		if (ppoll(&pfd, 1, timeout, NULL) < 0)
			return -errno;
	}
}

QDA_EXPORT int qda_ctx_set_trace(struct qda_ctx *ctx, qda_trace_fn fn, void *data)
{
	int err = ctx ? qda_ctx_check(ctx) : -EINVAL;

	if (err)
		return err;
	ctx->trace = fn;
	ctx->trace_data = data;
	return 0;
}

QDA_EXPORT int qda_ctx_set_dsp_log(struct qda_ctx *ctx, qda_dsp_log_fn fn, void *data)
{
	int err = ctx ? qda_ctx_check(ctx) : -EINVAL;

	if (err)
		return err;
	ctx->dsp_log = fn;
	ctx->dsp_log_data = data;
	return 0;
}
