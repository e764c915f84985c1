// SPDX-License-Identifier: MIT
/*
 * The IOMMU is there, translates, and keeps the DSP from what it was not given.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common.h"

#define PAGE	4096UL
#define ODD_SIZE 0x23000

#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP
#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE

/* what a PD answers whose code touched what is not mapped */
#define EXCEPTION	((int32_t)0x80000430)

static struct sess s, other;

/* a native buffer and where it is in the bank */
struct buffer {
	uint32_t handle;
	uint64_t size, bus;
	uint8_t *mem;
};

static void buffer_new(struct buffer *b, const struct sess *t, uint64_t size)
{
	b->handle = gem_new(t->fd, size);
	b->size = size;
	b->mem = gem_map(t->fd, b->handle, size);
	b->bus = bus_where(t->sid, b->mem);
}

static void buffer_unmap(struct buffer *b)
{
	gem_unmap(b->mem, b->size);
	b->mem = NULL;
}

/* --- context banks in sysfs ----------------------------------------------- */

#define MAX_BANKS 64

/* IOMMU groups of the children of the node's device: only context banks have one */
static unsigned int find_groups(char groups[MAX_BANKS][16])
{
	char parent[64], link[PATH_MAX], target[PATH_MAX];
	unsigned int n = 0;
	struct dirent *entry;
	struct stat st;
	ssize_t len;
	DIR *dir;

	check(!stat(dev->path, &st), "%s: %s", dev->path, strerror(errno));
	snprintf(parent, sizeof(parent), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
		 minor(st.st_rdev));
	dir = opendir(parent);
	check(dir, "%s: %s", parent, strerror(errno));
	while ((entry = readdir(dir))) {
		snprintf(link, sizeof(link), "%s/%s/iommu_group", parent, entry->d_name);
		len = readlink(link, target, sizeof(target) - 1);
		if (entry->d_name[0] == '.' || len < 0)
			continue;
		target[len] = '\0';
		check(n < MAX_BANKS, "too many banks");
		snprintf(groups[n++], sizeof(groups[0]), "%.15s",
			 strrchr(target, '/') + 1);
	}
	closedir(dir);
	return n;
}

static void test_domains(const void *arg)
{
	char groups[MAX_BANKS][16], path[64], type[32];
	unsigned int n, i, j;
	uint64_t total;
	int fd, err;

	use_device(arg, "");
	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	dev_close(fd);
	n = find_groups(groups);
	check_eq(n, total);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%.15s/type",
			 groups[i]);
		err = file_read(path, type, sizeof(type));
		check(!err, "%s: %s", path, err_name(err));
		check(!strcmp(type, "DMA") || !strcmp(type, "DMA-FQ"),
		      "the domain of group %s is %s", groups[i], type);
		for (j = 0; j < i; j++)
			check(strcmp(groups[i], groups[j]), "two banks share group %s",
			      groups[i]);
	}
}

/* nor can root turn translation off, with a session or without */
static void test_domains_kept(const void *arg)
{
	char groups[MAX_BANKS][16], path[64], type[32];
	unsigned int n, i, round;

	use_device(arg, "");
	n = find_groups(groups);
	check(n, "no context banks");
	for (round = 0; round < 2; round++) {
		if (round)
			sess_open(&s);
		for (i = 0; i < n; i++) {
			snprintf(path, sizeof(path),
				 "/sys/kernel/iommu_groups/%.15s/type", groups[i]);
			check_eq(file_write(path, "identity"), -EPERM);
			check_eq(file_read(path, type, sizeof(type)), 0);
			check(strstr(type, "DMA"), "the domain of group %s is %s",
			      groups[i], type);
		}
	}
	sess_close(&s);
}

/* --- addresses ------------------------------------------------------------ */

/* every page of every buffer is somewhere else than its address says */
static void test_addresses(const void *arg)
{
	static const uint64_t sizes[] = { 0x1000, 0x7000, ODD_SIZE, 0x40000 };
	unsigned int n, scattered = 0, pages = 0;
	struct buffer b;
	uint64_t phys, last;
	size_t at;
	bool dma;

	use_device(arg, "");
	sess_open(&s);
	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		buffer_new(&b, &s, sizes[n]);
		last = 0;
		for (at = 0; at < sizes[n]; at += PAGE) {
			dma = false;
			check_eq(sim_translate(s.sid, b.bus + at, &phys, &dma), 0);
			check(dma, "not a DMA domain");
			check(phys != b.bus + at, "page %zu has its physical address",
			      at / PAGE);
			scattered += at && phys != last + PAGE;
			last = phys;
			pages++;
			/* it is this memory */
			check(dsp_writes(s.sid, b.bus + at + 7, (uint8_t)(at / PAGE + 1)),
			      "faults");
			check_eq(b.mem[at + 7], (uint8_t)(at / PAGE + 1));
		}
		buffer_unmap(&b);
		check_eq(gem_close(s.fd, b.handle), 0);
	}
	check(scattered, "%u pages lie in one piece: nothing shows a translation", pages);
	sess_close(&s);
}

static bool faults(unsigned int sid, uint64_t addr)
{
	return !dsp_reads(sid, addr, NULL) && !dsp_writes(sid, addr, 0xee);
}

/*
 * Behind a buffer that has no power of two pages, below 32, an address space has a hole,
 * whoever maps it; any other may have a neighbour, but one of this session.
 */
static void test_guard(const void *arg)
{
	static const uint64_t pages[] = { 1, 3, 1, 5, 2, 6, 7, 4, 9, 8, 11, 31, 3, 3, 1 };
	const unsigned int num = ARRAY_SIZE(pages), imports = 4;
	struct buffer b[ARRAY_SIZE(pages) + 4];
	unsigned int n;
	int buf;

	use_device(arg, "");
	sess_open(&s);
	for (n = 0; n < num; n++)
		buffer_new(&b[n], &s, pages[n] * PAGE);
	for (; n < num + imports; n++) {
		b[n].size = (2 * (n - num) + 3) * PAGE;
		buf = dmabuf_new(b[n].size);
		check_eq(prime_import(s.fd, buf, &b[n].handle), 0);
		b[n].mem = mmap(NULL, b[n].size, PROT_READ | PROT_WRITE, MAP_SHARED, buf,
				0);
		check(b[n].mem != MAP_FAILED, "mmap of a dma-buf: %s", strerror(errno));
		close(buf);
		b[n].bus = bus_where(s.sid, b[n].mem);
	}
	for (n = 0; n < num + imports; n++) {
		uint64_t size = b[n].size / PAGE, end = b[n].bus + b[n].size;

		check(dsp_reads(s.sid, b[n].bus, NULL), "first byte");
		check(dsp_reads(s.sid, end - 1, NULL), "last byte");
		if (!(size & (size - 1)))
			continue;
		check(faults(s.sid, end), "the byte past buffer %u of %llu pages", n,
		      (unsigned long long)size);
		check(faults(s.sid, end + PAGE - 1), "a page past buffer %u", n);
	}
	for (n = 0; n < num + imports; n++)
		munmap(b[n].mem, b[n].size);
	sess_close(&s);
}

/* DSP code that reads a page too far: its PD ends, others do not */
static void test_fault_in_call(const void *arg)
{
	struct { uint32_t len, pad; int64_t offset; } in = { PAGE, 0, 0 };
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(BENCH_FAULT, 2, 1, 0, 0),
	}, noop;
	unsigned long long addr = 0;
	unsigned int n = 0, sid = 0;
	struct buffer b;
	char text[512];

	use_device(arg, "");
	sess_open_bench(&other);
	sess_open_bench(&s);
	steer(NULL, 0, "faults");
	buffer_new(&b, &s, ODD_SIZE);
	i.handle = s.bench;
	args[0] = arg_of(s.gem, 0, sizeof(in));
	args[1] = arg_of(b.handle, 0, PAGE);
	args[2] = arg_of(s.gem, 64, 1);
	in.offset = ODD_SIZE - 1;
	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	in.offset = ODD_SIZE + PAGE - 1;
	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, EXCEPTION);
	steer(text, sizeof(text), "faults");
	check(sscanf(text, "%u sid=%u addr=%llx", &n, &sid, &addr) == 3 && n == 1,
	      "faults: %s", text);
	check_eq(sid, s.sid);
	check_eq(addr & 0xffffffff, (b.bus + (uint64_t)in.offset) & 0xffffffff);
	noop = noop_call(&other, 0);
	expect(other.fd, INVOKE, &noop, 0);
	check_eq(noop.status, 0);
	buffer_unmap(&b);
	sess_close(&s);
	sess_close(&other);
}

/* --- what was given back -------------------------------------------------- */

static void test_stale(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = ODD_SIZE, .type = DRM_QDA_MAP_STATIC,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 9,
	};
	struct drm_qda_remote_munmap u = { 0 };
	struct sim_range ranges[16];
	int64_t end = soon();
	struct buffer b;

	use_device(arg, "");
	sess_open_bench(&s);
	/* its handle closed; that user space can still see it does not matter */
	buffer_new(&b, &s, ODD_SIZE);
	check(dsp_reads(s.sid, b.bus, NULL), "faults");
	check_eq(gem_close(s.fd, b.handle), 0);
	check(faults(s.sid, b.bus), "there after GEM_CLOSE");
	check(faults(s.sid, b.bus + ODD_SIZE - 1), "there after GEM_CLOSE");
	buffer_unmap(&b);
	/* a mapping holds it, to its end */
	buffer_new(&b, &s, ODD_SIZE);
	m.handle = b.handle;
	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, 0);
	check_eq(gem_close(s.fd, b.handle), 0);
	check(dsp_reads(s.sid, b.bus, NULL), "faults while it is mapped");
	u.map_id = m.map_id;
	expect(s.fd, MUNMAP, &u, 0);
	check(faults(s.sid, b.bus), "there after REMOTE_MUNMAP");
	buffer_unmap(&b);
	/* the file closed: the whole bank is empty */
	buffer_new(&b, &s, ODD_SIZE);
	/* a mapping would keep the file open */
	buffer_unmap(&b);
	sess_close(&s);
	while (dsp_reads(s.sid, b.bus, NULL) && monotonic_ns() < end)
		sleep_ms(1);
	check(faults(s.sid, b.bus), "there after close");
	while (sim_ranges(s.sid, ranges, 16) && monotonic_ns() < end)
		sleep_ms(1);
	check_eq(sim_ranges(s.sid, ranges, 16), 0);
}

/* the address of an ended call's buffer, used by DSP code that goes on */
static void test_stale_in_call(const void *arg)
{
	struct { uint32_t len, pad; int64_t offset; } in = { 1, 0, 0 };
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(BENCH_FAULT, 2, 1, 0, 0),
	};
	struct buffer b;

	use_device(arg, "");
	sess_open_bench(&s);
	buffer_new(&b, &s, ODD_SIZE);
	i.handle = s.bench;
	args[0] = arg_of(s.gem, 0, sizeof(in));
	args[1] = arg_of(s.gem, 512, 1);
	args[2] = arg_of(s.gem, 64, 1);
	in.offset = (int64_t)(b.bus - (bus_where(s.sid, s.mem) + 512));
	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(gem_close(s.fd, b.handle), 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, EXCEPTION);
	buffer_unmap(&b);
	sess_close(&s);
}

/* --- banks ---------------------------------------------------------------- */

static void test_exhausted(const void *arg)
{
	struct drm_qda_gem_create c = { .size = PAGE };
	struct drm_qda_remote_session_create pd = { 0 };
	struct drm_qda_session_attach attach = { .pd = DRM_QDA_PD_ROOT };
	struct drm_prime_handle h = { .handle = FILL32 };
	int holders[MAX_BANKS], fd;
	uint64_t total, n;

	use_device(arg, "");
	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	check(total <= MAX_BANKS, "too many banks");
	for (n = 0; n < total; n++) {
		check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - n);
		holders[n] = dev_open();
		gem_new(holders[n], PAGE);
	}
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), 0);
	h.fd = dmabuf_new(PAGE);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -EBUSY);
	expect(fd, CREATE, &pd, -EBUSY);
	expect(fd, DRM_IOCTL_QDA_SESSION_ATTACH, &attach, -EBUSY);
	expect(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EBUSY);
	/* who has one is not touched by it */
	for (n = 0; n < total; n++)
		check_eq(gem_close(holders[n], gem_new(holders[n], PAGE)), 0);
	/* one comes back, and is had */
	dev_close(holders[0]);
	check_eq(wait_banks_free(fd, 1), 1);
	check_eq(prime_import(fd, h.fd, &h.handle), 0);
	close(h.fd);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), 0);
	for (n = 1; n < total; n++)
		dev_close(holders[n]);
	check_eq(wait_banks_free(fd, total - 1), total - 1);
	dev_close(fd);
	fd = dev_open();
	check_eq(wait_banks_free(fd, total), total);
	dev_close(fd);
	sess_open_bench(&s);
	sess_close(&s);
}

int main(void)
{
	static const struct kernel_case cases[] = {
		{ "domains", test_domains },
		{ "domains-kept", test_domains_kept },
		{ "addresses", test_addresses },
		{ "guard", test_guard },
		{ "fault-in-call", test_fault_in_call },
		{ "stale", test_stale },
		{ "stale-in-call", test_stale_in_call },
		{ "exhausted", test_exhausted },
	};

	add_on_both_dsps(cases, ARRAY_SIZE(cases));
	return run_kernel_cases("iommu");
}
