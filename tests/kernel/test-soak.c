// SPDX-License-Identifier: MIT
/*
 * 100,000 calls and some hundred sessions leave nothing: kernel memory, bus addresses,
 * descriptors and threads are after as before. And what a single call allocates.
 *
 *   QDA_SOAK_CALLS  instead of 100000 (debug kernel: 5000; its detectors keep memory,
 *                   so slabs are only printed there)
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "qda_sim/qda_sim.h"

#include "attack.h"
#include "trace.h"

#define INVOKE		DRM_IOCTL_QDA_REMOTE_INVOKE
#define MAX_CACHES	400
#define BATCHES		4
/* one in so many calls makes objects and frees them */
#define CALLS_PER_MAP	200
/* a cache may fill the last pages of each processor */
#define SLACK_OBJECTS	300
#define SLACK_BYTES	(64 << 10)

#define RESPOND_CALLS	QDA_SIM_RESPOND_CALLS

static struct sess s;

/* --- what there is ------------------------------------------------------- */

struct cache {
	char name[40];
	long objects, size;
};

struct figures {
	struct cache caches[MAX_CACHES];
	size_t num_caches;
	long slab_kib;		/* objects in use, not pages */
	long unreclaimable_kib, shmem_kib, page_tables_kib;
	long bus_pages;		/* mapped in the banks */
	long vmaps;		/* areas in use, not those to be purged some day */
	long fds, threads;
};

/* half empty slabs of each processor go back, so that objects are what is counted */
static void shrink(void)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = opendir("/sys/kernel/slab");

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		file_write(path, "1");
	}
	if (dir)
		closedir(dir);
}

static long meminfo(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	check(p, "no %s in /proc/meminfo", key);
	return atol(p + strlen(key));
}

static long count_dir(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* pages mapped in all banks, where addresses are handed out: from the top */
static long bus_pages(void)
{
	struct qda_sim_info info;
	int fd = open("/dev/qda-sim-0", O_RDWR | O_CLOEXEC);
	unsigned int i, n;
	long pages = 0;

	check(fd >= 0 && !ioctl(fd, QDA_SIM_IOC_INFO, &info), "no /dev/qda-sim-0");
	for (i = 0; i < info.num_banks; i++)
		for (n = 1; n <= 2048; n++) {
			struct qda_sim_translate t = {
				.sid = info.sids[i],
				.addr = 0x100000000ULL - 4096ULL * n,
			};

			pages += !ioctl(fd, QDA_SIM_IOC_TRANSLATE, &t);
		}
	close(fd);
	return pages;
}

static long count_vmaps(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long n = 0;

	check(f, "no /proc/vmallocinfo");
	while (fgets(line, sizeof(line), f))
		n += !strstr(line, "unpurged") && !strstr(line, "vm_map_ram");
	fclose(f);
	return n;
}

/* files in memory, a log of the DSP among them, are no buffers */
static long files_kib(void)
{
	char where[256], type[32];
	FILE *f = fopen("/proc/mounts", "re");
	struct statvfs st;
	long kib = 0;

	check(f, "no /proc/mounts");
	while (fscanf(f, "%*s %255s %31s %*[^\n]", where, type) == 2)
		if ((!strcmp(type, "tmpfs") || !strcmp(type, "devtmpfs") ||
		     !strcmp(type, "rootfs")) && !statvfs(where, &st))
			kib += (long)((st.f_blocks - st.f_bfree) * st.f_frsize / 1024);
	fclose(f);
	return kib;
}

static void take_figures(struct figures *f)
{
	static char text[256 * 1024];
	char *line, *save = NULL;

	memset(f, 0, sizeof(*f));
	shrink();
	sleep_ms(100);
	shrink();
	check(!file_whole("/proc/slabinfo", text, sizeof(text)), "no /proc/slabinfo");
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct cache *c = &f->caches[f->num_caches];

		if (f->num_caches == MAX_CACHES ||
		    sscanf(line, "%39s %ld %*d %ld", c->name, &c->objects, &c->size) != 3)
			continue;
		f->slab_kib += c->objects * c->size / 1024;
		f->num_caches++;
	}
	check(f->num_caches > 20, "/proc/slabinfo has %zu caches", f->num_caches);
	check(!file_whole("/proc/meminfo", text, sizeof(text)), "no /proc/meminfo");
	f->unreclaimable_kib = meminfo(text, "SUnreclaim:");
	f->shmem_kib = meminfo(text, "Shmem:") - files_kib();
	f->page_tables_kib = meminfo(text, "SecPageTables:");
	f->bus_pages = bus_pages();
	f->vmaps = count_vmaps();
	f->fds = count_dir("/proc/self/fd");
	f->threads = count_dir("/proc/self/task");
}

static const struct cache *find_cache(const struct figures *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->num_caches; i++)
		if (!strcmp(f->caches[i].name, name))
			return &f->caches[i];
	return NULL;
}

/* nothing that has grown with the work */
static void compare(const struct figures *a, const struct figures *b, long work)
{
	size_t i;

	print_message("after %ld: objects %ld -> %ld KiB, unreclaimable slab %ld -> %ld "
		      "KiB, shmem %ld -> %ld KiB, IOMMU page tables %ld -> %ld KiB, bus "
		      "pages %ld -> %ld, vmap areas %ld -> %ld, descriptors %ld -> %ld, "
		      "threads %ld -> %ld\n",
		      work, a->slab_kib, b->slab_kib, a->unreclaimable_kib,
		      b->unreclaimable_kib, a->shmem_kib, b->shmem_kib,
		      a->page_tables_kib, b->page_tables_kib, a->bus_pages, b->bus_pages,
		      a->vmaps, b->vmaps, a->fds, b->fds, a->threads, b->threads);
	for (i = 0; i < b->num_caches; i++) {
		const struct cache *c = &b->caches[i], *old = find_cache(a, c->name);
		long grown = c->objects - (old ? old->objects : 0);

		if (grown <= SLACK_OBJECTS)
			continue;
		print_message("%s: %ld more objects of %ld bytes\n", c->name, grown,
			      c->size);
		/* slabs at hand on a CPU count as full */
		if (!is_debug_kernel() && grown > work / 10 &&
		    grown * c->size > SLACK_BYTES)
			check(0, "%s has grown by %ld objects", c->name, grown);
	}
	check_eq(b->bus_pages, a->bus_pages);
	check_eq(b->fds, a->fds);
	check_eq(b->threads, a->threads);
	/* the stacks of threads that come and go */
	check(b->vmaps <= a->vmaps + 16, "%ld vmap areas more", b->vmaps - a->vmaps);
	check(b->shmem_kib <= a->shmem_kib + 256, "buffers were not freed");
	check(b->page_tables_kib <= a->page_tables_kib + 64,
	      "page tables were not freed");
	if (!is_debug_kernel())
		check(b->slab_kib <= a->slab_kib + 256, "%ld KiB of kernel objects more",
		      b->slab_kib - a->slab_kib);
}

/*
 * What is lost with each unit of work is lost in each batch of it; what happens to fill
 * a slab, less of it than SLACK_OBJECTS, is not.
 */
static void compare_batches(const struct figures f[BATCHES + 1], long units)
{
	long least, limit = units / 2 > 16 ? units / 2 : 16;
	size_t i, k;

	for (i = 0; i < f[BATCHES].num_caches && !is_debug_kernel(); i++) {
		const char *name = f[BATCHES].caches[i].name;

		/* purged when there are 32 MiB of them; their figure is another one */
		if (!strcmp(name, "vmap_area"))
			continue;
		least = LONG_MAX;
		for (k = 0; k < BATCHES; k++) {
			const struct cache *a = find_cache(&f[k], name);
			const struct cache *b = find_cache(&f[k + 1], name);
			long grown = (b ? b->objects : 0) - (a ? a->objects : 0);

			if (grown < least)
				least = grown;
		}
		check(least < limit, "%s grows by %ld objects with each %ld", name, least,
		      units);
	}
}

/* --- calls --------------------------------------------------------------- */

static long soak_calls(void)
{
	const char *env = getenv("QDA_SOAK_CALLS");

	return env ? atol(env) : is_debug_kernel() ? 5000 : 100000;
}

static void respond(int bits)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", bits);
	check_eq(file_write("/sys/kernel/debug/qda_sim/cdsp/respond", text), 0);
}

static void event_call(void)
{
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	struct drm_qda_event_complete e;

	noop_submit(&s, DRM_QDA_INVOKE_EVENT, 1);
	check_eq(poll(&p, 1, SOON_MS), 1);
	check_eq(read(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(e.error, 0);
}

/* a mapping for some calls, other buffers and exports now and then */
static void mapped_call(void)
{
	struct drm_qda_remote_munmap u = { 0 };
	struct drm_qda_remote_map m = {
		.length = 8192, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 5,
	};
	int buf;

	m.handle = gem_new(s.fd, 20000);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), 0);
	check_eq(m.status, 0);
	u.map_id = m.map_id;
	check_eq(prime_export(s.fd, m.handle, DRM_CLOEXEC, &buf), 0);
	close(buf);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u), 0);
	check_eq(u.status, 0);
	check_eq(gem_close(s.fd, m.handle), 0);
}

static void work(long calls)
{
	struct drm_qda_remote_invoke noop = noop_call(&s, 0), i;
	struct drm_qda_arg args[3];
	uint64_t ticket;
	long n;

	for (n = 0; n < calls; n++) {
		/* most are answered in the kernel, each 25th thousand by the DSP */
		if (n % 1000 == 0)
			respond(n % 25000 ? RESPOND_CALLS : 0);
		switch (n % 8) {
		case 0:
			ticket = noop_submit(&s, 0, 0);
			check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
			break;
		case 1:
			event_call();
			break;
		case 2:
			i = echo_call(&s, args, arg_of(s.gem, 0x1000, 256),
				      arg_of(s.gem, 0x2000, 256));
			check_eq(call(s.fd, INVOKE, &i), 0);
			check_eq(i.status, 0);
			break;
		case 3:
			if (n % CALLS_PER_MAP == 3) {
				mapped_call();
				break;
			}
			/* fall through */
		default:
			i = noop;
			check_eq(call(s.fd, INVOKE, &i), 0);
			check_eq(i.status, 0);
			break;
		}
	}
	respond(0);
}

static void test_calls(const void *arg)
{
	static struct figures f[BATCHES + 1];
	long calls = soak_calls();
	size_t k;

	(void)arg;
	/* one case may be longer than all others together */
	alarm(600);
	sess_open_bench(&s);
	work(calls / 20);
	take_figures(&f[0]);
	for (k = 0; k < BATCHES; k++) {
		work(calls / BATCHES);
		take_figures(&f[k + 1]);
	}
	compare(&f[0], &f[BATCHES], calls);
	compare_batches(f, calls / BATCHES / CALLS_PER_MAP);
	check_session(&s);
	sess_close(&s);
}

static void cycles(long n)
{
	int64_t end;

	while (n--) {
		sess_open_bench(&s);
		mapped_call();
		check_session(&s);
		sess_close(&s);
	}
	check_healthy();
	/* its own session's end is answered later */
	for (end = soon(); !driver_idle("cdsp"); sleep_ms(1))
		check(monotonic_ns() < end, "the driver holds banks for nobody");
}

static void test_objects(const void *arg)
{
	static struct figures f[BATCHES + 1];
	long n = soak_calls() / 2000;
	size_t k;

	(void)arg;
	alarm(600);
	cycles(20);
	take_figures(&f[0]);
	/* nothing is open: nothing may be mapped in any bank */
	check_eq(f[0].bus_pages, 0);
	for (k = 0; k < BATCHES; k++) {
		cycles(n);
		take_figures(&f[k + 1]);
	}
	compare(&f[0], &f[BATCHES], BATCHES * n);
	compare_batches(f, n);
}

/* --- allocations per call ------------------------------------------------ */

#define TRACED_CALLS	500

struct allocations {
	long driver, transport, others;
	char example[200];
};

static void trace_start(void)
{
	static const char * const events[] = { "kmalloc", "kmem_cache_alloc" };
	char text[64];
	size_t i;

	trace_set("tracing_on", "0");
	trace_set("buffer_size_kb", "4096");
	trace_set("trace", "");
	snprintf(text, sizeof(text), "%ld", syscall(SYS_gettid));
	trace_set("set_event_pid", text);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(text, sizeof(text), "events/kmem/%s/enable", events[i]);
		trace_set(text, "1");
	}
	trace_set("tracing_on", "1");
}

static void trace_stop(struct allocations *a)
{
	char line[512], *site;
	FILE *f;

	memset(a, 0, sizeof(*a));
	trace_set("tracing_on", "0");
	trace_set("events/kmem/enable", "0");
	f = fopen(TRACING "trace", "re");
	check(f, "no " TRACING "trace");
	while (fgets(line, sizeof(line), f)) {
		site = strstr(line, "call_site=");
		if (!site)
			continue;
		site += strlen("call_site=");
		if (!strncmp(site, "sim_", 4) || strstr(site, "[qda_sim]")) {
			a->transport++;
		} else if (!strncmp(site, "qda_", 4) || strstr(site, "[qda]")) {
			a->driver++;
			snprintf(a->example, sizeof(a->example), "%.190s", site);
		} else if (strncmp(site, "vfs_write", 9) && !strstr(site, "trace")) {
			a->others++;
			if (!a->driver)
				snprintf(a->example, sizeof(a->example), "%.190s", site);
		}
	}
	fclose(f);
	trace_set("set_event_pid", "");
	trace_set("trace", "");
}

static void some_calls(const struct drm_qda_remote_invoke *what, long n)
{
	struct drm_qda_remote_invoke i;
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	struct drm_qda_event_complete e;

	while (n--) {
		i = *what;
		if (call(s.fd, INVOKE, &i) || i.status)
			check(0, "a call failed");
		if (i.flags & DRM_QDA_INVOKE_EVENT)
			check(poll(&p, 1, 10000) == 1 &&
			      read(s.fd, &e, sizeof(e)) == sizeof(e), "no event");
		else if (i.flags & DRM_QDA_INVOKE_ASYNC)
			check_eq(wait_ticket(s.fd, i.ticket, soon(), NULL), 0);
	}
}

/* want: allocations of the driver, per call; -1: only printed */
static void count_allocations(const char *name,
			      const struct drm_qda_remote_invoke *what, int bits,
			      long want)
{
	struct allocations a;

	respond(bits);
	some_calls(what, 50);
	trace_start();
	some_calls(what, TRACED_CALLS);
	trace_stop(&a);
	respond(0);
	print_message("%s, answered by the %s: driver %ld, transport %ld, others %ld in "
		      "%d calls%s%s\n", name, bits ? "kernel" : "DSP", a.driver,
		      a.transport, a.others, TRACED_CALLS, a.example[0] ? ", e.g. " : "",
		      a.example);
	if (want < 0)
		return;
	check_eq(a.driver, want * TRACED_CALLS);
	/* an interrupt may have allocated on the task's time, but not per call */
	check(a.others < TRACED_CALLS / 10, "%ld allocations outside: %s", a.others,
	      a.example);
}

/* the tracer itself must see something */
static void check_tracer(void)
{
	struct allocations a;
	int n;

	trace_start();
	for (n = 0; n < 10; n++)
		gem_close(s.fd, gem_new(s.fd, 4096));
	trace_stop(&a);
	check(a.driver >= 10, "10 buffers made, and the tracer saw %ld allocations",
	      a.driver);
}

static void test_allocations(const void *arg)
{
	struct drm_qda_remote_invoke noop, echo, many, async, event;
	struct drm_qda_arg args[3], lots[40];
	int n;

	(void)arg;
	sess_open_bench(&s);
	check_tracer();
	noop = noop_call(&s, 0);
	echo = echo_call(&s, args, arg_of(s.gem, 0x1000, 256),
			 arg_of(s.gem, 0x2000, 256));
	count_allocations("noop", &noop, RESPOND_CALLS, 0);
	count_allocations("noop", &noop, 0, 0);
	count_allocations("3 buffers", &echo, RESPOND_CALLS, 0);
	count_allocations("3 buffers", &echo, 0, 0);
	async = noop;
	async.flags = DRM_QDA_INVOKE_ASYNC;
	count_allocations("asynchronous noop", &async, RESPOND_CALLS, 0);
	event = async;
	event.flags |= DRM_QDA_INVOKE_EVENT;
	count_allocations("noop with an event", &event, RESPOND_CALLS, -1);
	for (n = 0; n < 40; n++)
		lots[n] = arg_of(s.gem, 64 * (unsigned int)n, 64);
	many = noop;
	many.args = (uintptr_t)lots;
	many.num_args = 40;
	many.scalars = DRM_QDA_SCALARS(BENCH_NOOP, 40, 0, 0, 0);
	count_allocations("40 buffers", &many, RESPOND_CALLS, -1);
	sess_close(&s);
}

int main(void)
{
	add_case("allocations", test_allocations, NULL);
	add_case("calls", test_calls, NULL);
	add_case("objects", test_objects, NULL);
	return run_kernel_cases("soak");
}
