// SPDX-License-Identifier: MIT
/*
 * Every allocation of every call fails once, one at a time (CONFIG_FAILSLAB, by
 * /proc/thread-self/fail-nth): the call says so, undoes what it had begun, and works
 * the next time.
 */
#include <fcntl.h>
#include <poll.h>

#include "attack.h"

#define INVOKE		DRM_IOCTL_QDA_REMOTE_INVOKE
#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_NTH	"/proc/thread-self/fail-nth"
/* no call allocates as often; a loop that never ends shows */
#define MAX_FAULTS	400

static struct sess s;
static int nth_fd;

/* --- injection ----------------------------------------------------------- */

static void inject_setup(void)
{
	check(!file_write(FAILSLAB "ignore-gfp-wait", "N"), "no failslab");
	check(!file_write(FAILSLAB "verbose", "0"), "failslab cannot be silenced");
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	check(nth_fd >= 0, "no " FAIL_NTH);
}

static void inject(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (pwrite(nth_fd, text, strlen(text), 0) < 0)
		abort();
}

/* whether it happened */
static bool injected(void)
{
	char text[16] = "";
	unsigned int left;

	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 0)
		abort();
	left = (unsigned int)strtoul(text, NULL, 10);
	if (left)
		inject(0);
	return !left;
}

/*
 * prepare: everything the call needs. act: the call, 0 or negative errno. undo: after
 * either; ok says which.
 */
struct victim {
	const char *name;
	void (*prepare)(void);
	int (*act)(void);
	void (*undo)(bool ok);
};

static void test_victim(const void *arg)
{
	const struct victim *v = arg;
	unsigned int n, failed = 0, survived = 0;
	bool hit;
	int err;

	take_time();
	inject_setup();
	/* after a case that failed it may be on its way back */
	wait_node();
	sess_open_bench(&s);
	for (n = 1; n < MAX_FAULTS; n++) {
		if (v->prepare)
			v->prepare();
		inject(n);
		err = v->act();
		hit = injected();
		check(!err || hit, "%s without a failure: %s", v->name, err_name(err));
		check(!err || err == -ENOMEM || err == -ENOSPC,
		      "%s, allocation %u failed: %s", v->name, n, err_name(err));
		failed += err != 0;
		survived += hit && !err;
		if (v->undo)
			v->undo(!err);
		if (!hit)
			break;
	}
	check(n < MAX_FAULTS, "%s allocates without end", v->name);
	print_message("%s: %u allocations, %u of them fatal, %u not\n", v->name, n - 1,
		      failed, survived);
	close(nth_fd);
	/* without one: it was about the device */
	if (!s.mem)
		sess_open_bench(&s);
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

/* --- calls --------------------------------------------------------------- */

static int fd;
static uint32_t handle;
static int buf = -1;
static uint64_t ticket;
static struct drm_qda_remote_map map;

static int act_open(void)
{
	fd = open(dev->path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static void undo_open(bool ok)
{
	if (ok)
		close(fd);
}

static int act_create(void)
{
	struct drm_qda_gem_create a = { .size = 0x21000 };
	int err = call(s.fd, DRM_IOCTL_QDA_GEM_CREATE, &a);

	handle = a.handle;
	return err;
}

static void undo_create(bool ok)
{
	if (ok)
		check_eq(gem_close(s.fd, handle), 0);
}

/* the first one also takes the bank and makes the message memory */
static void prepare_file(void)
{
	fd = dev_open();
}

static int act_first(void)
{
	struct drm_qda_gem_create a = { .size = 4096 };

	return call(fd, DRM_IOCTL_QDA_GEM_CREATE, &a);
}

static void undo_file(bool ok)
{
	(void)ok;
	dev_close(fd);
}

static void prepare_gem(void)
{
	handle = gem_new(s.fd, 0x5000);
}

static int act_offset(void)
{
	uint64_t offset;

	return gem_offset(s.fd, handle, &offset);
}

static void undo_gem(bool ok)
{
	(void)ok;
	check_eq(gem_close(s.fd, handle), 0);
}

static int act_export(void)
{
	return prime_export(s.fd, handle, DRM_CLOEXEC | DRM_RDWR, &buf);
}

static void undo_export(bool ok)
{
	if (ok)
		close(buf);
	undo_gem(ok);
}

static void prepare_foreign(void)
{
	buf = dmabuf_new(0x3000);
}

/* an export of another file of ours */
static void prepare_shared(void)
{
	fd = dev_open();
	check_eq(prime_export(fd, gem_new(fd, 0x3000), DRM_CLOEXEC | DRM_RDWR, &buf), 0);
}

static int act_import(void)
{
	return prime_import(s.fd, buf, &handle);
}

static void undo_import(bool ok)
{
	if (ok)
		check_eq(gem_close(s.fd, handle), 0);
	close(buf);
}

static void undo_shared(bool ok)
{
	undo_import(ok);
	dev_close(fd);
}

static int act_pd(void)
{
	struct drm_qda_remote_session_create a = { 0 };
	int err = call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &a);

	return err ? err : a.status ? -EIO : 0;
}

static void undo_pd(bool ok)
{
	int32_t status = 0;

	/* what failed for want of memory can be tried again */
	if (!ok) {
		check_eq(create_pd(fd, 0, &status), 0);
		check_eq(status, 0);
	}
	dev_close(fd);
}

static int act_attach(void)
{
	struct drm_qda_session_attach a = { .pd = DRM_QDA_PD_ROOT };
	int err = call(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &a);

	return err ? err : a.status ? -EIO : 0;
}

static void prepare_running(void)
{
	int32_t status = 0;

	fd = dev_open();
	check_eq(create_pd(fd, 0, &status), 0);
}

static int act_release(void)
{
	return call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		    &(struct drm_qda_remote_session_release){ 0 });
}

static int act_close(void)
{
	dev_close(fd);
	return 0;
}

static int act_map(void)
{
	map = (struct drm_qda_remote_map){
		.length = 4096, .handle = s.gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 0x1234,
	};
	return call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &map);
}

static int act_unmap(void)
{
	struct drm_qda_remote_munmap u = { .map_id = map.map_id };

	return call(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u);
}

static void undo_map(bool ok)
{
	if (ok)
		check_eq(act_unmap(), 0);
}

static void prepare_map(void)
{
	check_eq(act_map(), 0);
	check_eq(map.status, 0);
}

/* a mapping whose unmap failed stands, by the same name */
static void undo_unmap(bool ok)
{
	if (!ok)
		check_eq(act_unmap(), 0);
}

static int act_invoke(void)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	return call(s.fd, INVOKE, &i);
}

static int invoke_many(unsigned int n)
{
	static struct drm_qda_arg args[255];
	struct drm_qda_remote_invoke i = noop_call(&s, 0);
	unsigned int k;

	for (k = 0; k < n; k++)
		args[k] = arg_of(s.gem, 0, 16);
	i.args = (uintptr_t)args;
	i.num_args = n;
	i.scalars = DRM_QDA_SCALARS(BENCH_NOOP, n, 0, 0, 0);
	return call(s.fd, INVOKE, &i);
}

static int act_many(void)
{
	return invoke_many(40);
}

/* more than the message memory of a slot has room for */
static int act_most(void)
{
	return invoke_many(255);
}

static int act_async(void)
{
	struct drm_qda_remote_invoke i = noop_call(&s, DRM_QDA_INVOKE_ASYNC);
	int err = call(s.fd, INVOKE, &i);

	ticket = i.ticket;
	return err;
}

static void undo_async(bool ok)
{
	if (ok)
		check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
}

static int act_event(void)
{
	struct drm_qda_remote_invoke i =
		noop_call(&s, DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);

	return call(s.fd, INVOKE, &i);
}

static void undo_event(bool ok)
{
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	struct drm_qda_event_complete e;

	/* as many events as calls that were taken */
	check_eq(poll(&p, 1, ok ? 10000 : 5), ok);
	if (ok)
		check_eq(read(s.fd, &e, sizeof(e)), sizeof(e));
}

static void prepare_ticket(void)
{
	ticket = noop_submit(&s, 0, 0);
}

static int act_wait(void)
{
	return wait_ticket(s.fd, ticket, soon(), NULL);
}

/* what the DSP says of itself is asked once per device: a new one each time, and no
 * session of the old one's
 */
static void prepare_query(void)
{
	if (s.mem)
		sess_close(&s);
	sim_channel(false);
	channel_up();
	fd = dev_open();
}

static int act_query(void)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_DSP_ATTR, .index = 1 };

	return call(fd, DRM_IOCTL_QDA_QUERY, &q);
}

static void undo_query(bool ok)
{
	if (!ok)
		check_eq(act_query(), 0);
	dev_close(fd);
}

static int set_status(uint64_t value)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_STATUS_EVENTS, .value = value,
	};

	return call(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o);
}

static int act_status(void)
{
	return set_status(1);
}

static void undo_status(bool done)
{
	(void)done;
	check_eq(set_status(0), 0);
}

static const struct victim victims[] = {
	{ "open", NULL, act_open, undo_open },
	{ "gem-create", NULL, act_create, undo_create },
	{ "first-gem-create", prepare_file, act_first, undo_file },
	{ "mmap-offset", prepare_gem, act_offset, undo_gem },
	{ "export", prepare_gem, act_export, undo_export },
	{ "import-foreign", prepare_foreign, act_import, undo_import },
	{ "import-shared", prepare_shared, act_import, undo_shared },
	{ "create", prepare_file, act_pd, undo_pd },
	{ "attach", prepare_file, act_attach, undo_file },
	{ "release", prepare_running, act_release, undo_file },
	{ "close", prepare_running, act_close, NULL },
	{ "map", NULL, act_map, undo_map },
	{ "munmap", prepare_map, act_unmap, undo_unmap },
	{ "invoke", NULL, act_invoke, NULL },
	{ "invoke-40", NULL, act_many, NULL },
	{ "invoke-255", NULL, act_most, NULL },
	{ "invoke-async", NULL, act_async, undo_async },
	{ "invoke-event", NULL, act_event, undo_event },
	{ "wait", prepare_ticket, act_wait, NULL },
	{ "query", prepare_query, act_query, undo_query },
	{ "status-events", NULL, act_status, undo_status },
};

/* calls there is message memory for from the start */
#define FIRST_CALLS	8

/* what all others wait for needs no more memory than they had */
static void test_listener(const void *arg)
{
	uint64_t tickets[FIRST_CALLS];
	unsigned int rule, n, nth;

	(void)arg;
	take_time();
	inject_setup();
	for (nth = 1; nth <= 10; nth++) {
		struct drm_qda_remote_invoke i;
		int err;

		sess_open_bench(&s);
		rule = steer_number("hold handle=%u sid=%u n=0", s.bench, s.sid);
		for (n = 0; n < FIRST_CALLS; n++)
			tickets[n] = noop_submit(&s, 0, 0);
		wait_held(rule, n, NULL, 0);
		i = noop_call(&s, 0);
		/* init2 of the listener */
		i.handle = 3;
		i.scalars = DRM_QDA_SCALARS(3, 0, 0, 0, 0);
		inject(nth);
		err = call(s.fd, INVOKE, &i);
		injected();
		check(!err && !i.status, "allocation %u failed: %s", nth, err_name(err));
		steer(NULL, 0, "release %u", rule);
		for (n = 0; n < FIRST_CALLS; n++)
			check_eq(wait_ticket(s.fd, tickets[n], soon(), NULL), 0);
		sess_close(&s);
	}
	close(nth_fd);
	check_healthy();
}

int main(void)
{
	size_t i;

	if (access(FAILSLAB, F_OK)) {
		printf("this kernel cannot make allocations fail (CONFIG_FAILSLAB)\n");
		return 77;
	}
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		add_case(victims[i].name, test_victim, &victims[i]);
	add_case("listener", test_listener, NULL);
	return run_kernel_cases("fuzzalloc");
}
