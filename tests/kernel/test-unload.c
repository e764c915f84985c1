// SPDX-License-Identifier: MIT
/*
 * The module goes and comes back. As long as anything of it is in use, unloading is
 * refused and disturbs nobody; afterwards it works, with whatever the DSP still holds.
 */
#include <fcntl.h>

#include "attack.h"
#include "trace.h"

#define MODULE	"qda"
#define BUSY	(-EWOULDBLOCK)

static struct sess s;

static void need_module(void)
{
	if (!module_loaded(MODULE))
		skip_case("the driver is part of the kernel");
}

static void check_refused(const char *because)
{
	int err = module_unload(MODULE, 0);

	check(err == BUSY, "rmmod with %s: %s", because, err_name(err));
	check(module_loaded(MODULE), "rmmod with %s was refused and done", because);
}

static void check_unloaded(void)
{
	int err = module_unload(MODULE, SOON_MS);

	check(!err, "rmmod with nothing open: %s", err_name(err));
	check(!module_loaded(MODULE), "the module is still there");
	check(access(dev->path, F_OK), "the node outlived its driver");
}

static void load_again(void)
{
	module_load(MODULE, NULL);
	wait_node();
}

/* each kind of use by itself is enough */
static void test_refused(const void *arg)
{
	struct drm_qda_remote_invoke i;
	unsigned int rule;
	struct job job;
	uint8_t *mem;
	int buf, fd;

	(void)arg;
	take_time();
	need_module();
	fd = dev_open();
	check_refused("an open file");
	dev_close(fd);
	sess_open_bench(&s);
	rule = steer_number("hold handle=%u", s.bench);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	check_refused("a call in flight");
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(i.status, 0);
	check_session(&s);
	mem = s.mem;
	s.mem = NULL;
	check_eq(prime_export(s.fd, s.gem, DRM_CLOEXEC, &buf), 0);
	dev_close(s.fd);
	check_refused("a mapping and an exported buffer");
	mem[0] = 1;
	gem_unmap(mem, WORK_SIZE);
	check_refused("an exported buffer");
	close(buf);
	check_unloaded();
	load_again();
	check_healthy();
}

/*
 * Without the DSP's device the open files still need the code. The DSP runs on, and so
 * would the PDs, beside those of the next driver.
 */
static void test_unbound(const void *arg)
{
	static char text[64 << 10];
	struct drm_qda_remote_invoke i;
	struct sess idle;
	struct job job;
	unsigned int n;
	char name[64];
	int fd;

	(void)arg;
	need_module();
	rpmsg_name("cdsp", name, sizeof(name));
	fd = dev_open();
	sess_open_bench(&s);
	sess_open(&idle);
	n = steer_number("hold handle=%u", s.bench);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
	wait_held(n, 1, NULL, 0);
	trace_driver();
	check_eq(file_write("/sys/bus/rpmsg/drivers/qda/unbind", name), 0);
	trace_read(text, sizeof(text));
	/* RELEASE, of the two sessions, and the DSP's answers */
	n = trace_count(text, "qda_call_start:", "handle=0x1 sc=0x01010000", NULL);
	check(n == 2, "%u of 2 PDs were told to end: %s", n, text);
	n = trace_count(text, "qda_call_end:", "error=0 status=0x0", NULL);
	check(n == 2, "%u of 2 PDs have ended: %s", n, text);
	check_eq(job_join(&job), -EPIPE);
	wait_lost(fd);
	wait_lost(idle.fd);
	sess_close(&idle);
	check_refused("open files of a device that is gone");
	dev_close(fd);
	check_refused("a mapping of a device that is gone");
	sess_close(&s);
	check_unloaded();
	load_again();
	check_healthy();
}

/* nothing is open, but the DSP has not answered yet: the driver ends without it */
static void test_release_held(const void *arg)
{
	(void)arg;
	need_module();
	sess_open_bench(&s);
	noop_submit(&s, 0, 0);
	steer(NULL, 0, "fail op=release hold=1");
	sess_close(&s);
	check_unloaded();
	load_again();
	check_healthy();
}

static long meminfo(const char *key)
{
	char text[8192], *p;

	check(!file_whole("/proc/meminfo", text, sizeof(text)), "no /proc/meminfo");
	p = strstr(text, key);
	check(p, "no %s in /proc/meminfo", key);
	return atol(p + strlen(key));
}

static void traffic(void)
{
	struct sess many[2];
	size_t n, k;

	for (n = 0; n < ARRAY_SIZE(many); n++)
		sess_open_bench(&many[n]);
	for (k = 0; k < 3; k++)
		for (n = 0; n < ARRAY_SIZE(many); n++)
			check_session(&many[n]);
	for (n = 0; n < ARRAY_SIZE(many); n++)
		sess_close(&many[n]);
}

static void test_cycles(const void *arg)
{
	/* growth is looked for where no detector keeps freed memory */
	unsigned int n, rounds = is_debug_kernel() ? 2 : 20;
	long slab = 0, after;
	int64_t end;

	(void)arg;
	take_time();
	need_module();
	for (n = 0; n < rounds; n++) {
		traffic();
		check_unloaded();
		load_again();
		/* the first rounds fill caches */
		if (n == 4)
			slab = meminfo("SUnreclaim:");
	}
	check_healthy();
	/* some of it is freed later */
	for (end = soon(); (after = meminfo("SUnreclaim:")) - slab >= 512 &&
	     !is_debug_kernel() && monotonic_ns() < end;)
		sleep_ms(50);
	print_message("%u cycles\n", rounds);
	/* the detectors keep freed memory; leaks are for kmemleak to find there */
	if (is_debug_kernel())
		return;
	print_message("unreclaimable slab %ld -> %ld KiB\n", slab, after);
	check(after - slab < 512, "%ld KiB in %u cycles", after - slab, rounds - 5);
}

static int storm_stop;

/* nothing of it is open half of the time, however long opening takes */
static void *storm_main(void *arg)
{
	unsigned long *opened = arg;

	while (!__atomic_load_n(&storm_stop, __ATOMIC_ACQUIRE)) {
		struct drm_qda_remote_session_create create = { 0 };
		struct drm_qda_gem_create gem = { .size = 65536 };
		int64_t from = monotonic_ns();
		int fd = open(dev->path, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			sleep_ms(2);
			continue;
		}
		call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &create);
		call(fd, DRM_IOCTL_QDA_GEM_CREATE, &gem);
		close(fd);
		++*opened;
		sleep_ms((unsigned int)((monotonic_ns() - from) / 1000000) + 3);
	}
	return NULL;
}

/* clients come and go, so does the module: either it is refused, or it is gone */
static void test_storm(const void *arg)
{
	unsigned int n, gone = 0, refused = 0, enough = is_debug_kernel() ? 3 : 20;
	unsigned long opened[2] = { 0 };
	pthread_t threads[2];
	int64_t end;
	int err;

	(void)arg;
	take_time();
	need_module();
	storm_stop = 0;
	for (n = 0; n < 2; n++)
		check(!pthread_create(&threads[n], NULL, storm_main, &opened[n]),
		      "no thread");
	end = monotonic_ns() + 60000000000LL;
	for (n = 0; gone < enough || refused < enough; n++) {
		err = module_unload(MODULE, 0);
		if (!err) {
			gone++;
			module_load(MODULE, NULL);
		} else {
			check(err == BUSY || err == -EBUSY || err == -ENOENT,
			      "rmmod: %s", err_name(err));
			refused++;
		}
		check(monotonic_ns() < end, "unloaded %u times, refused %u times in a minute",
		      gone, refused);
		sleep_ms(n % 7);
	}
	__atomic_store_n(&storm_stop, 1, __ATOMIC_RELEASE);
	for (n = 0; n < 2; n++)
		pthread_join(threads[n], NULL);
	print_message("unloaded %u times, refused %u times, %lu files\n", gone, refused,
		      opened[0] + opened[1]);
	check(opened[0] && opened[1], "a thread had no file in all that time");
	wait_node();
	check_healthy();
}

int main(void)
{
	add_case("refused", test_refused, NULL);
	add_case("unbound", test_unbound, NULL);
	add_case("release-held", test_release_held, NULL);
	add_case("cycles", test_cycles, NULL);
	add_case("storm", test_storm, NULL);
	return run_kernel_cases("unload");
}
