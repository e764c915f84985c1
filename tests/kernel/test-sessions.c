// SPDX-License-Identifier: MIT
/* Two sessions try every argument to reach each other's memory. */
#include "common.h"

#define PAGE	4096UL
#define ODD_SIZE 0x23000
#define OUTPUT	0x2000

#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP
#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE

static struct sess s, other;

/* values that belong to the other session */
static uint64_t loot[16];
static unsigned int num_loot;

static void plunder(uint64_t value)
{
	check(num_loot < ARRAY_SIZE(loot), "too many values");
	loot[num_loot++] = value;
}

/*
 * The other session: a buffer handle that this one has no counterpart of, a mapping,
 * its id, its DSP addresses and its bus addresses.
 */
static struct drm_qda_remote_map theirs;
static uint8_t *their_mem;
static uint64_t their_bus;

static void open_victim(void)
{
	uint32_t handle = 0;
	int n;

	sess_open_bench(&other);
	for (n = 0; n < 6; n++)
		handle = gem_new(other.fd, PAGE);
	handle = gem_new(other.fd, ODD_SIZE);
	their_mem = gem_map(other.fd, handle, ODD_SIZE);
	their_bus = bus_where(other.sid, their_mem);
	memset(their_mem, 0x77, ODD_SIZE);
	theirs = (struct drm_qda_remote_map){
		.length = ODD_SIZE, .handle = handle, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 4711,
	};
	/* ids are counted per session: get past those of the other one */
	for (n = 0; n < 5; n++) {
		struct drm_qda_remote_map m = theirs;

		m.dsp_id = 100 + n;
		check_eq(call(other.fd, MAP, &m), 0);
	}
	check_eq(call(other.fd, MAP, &theirs), 0);
	check_eq(theirs.status, 0);
	num_loot = 0;
	plunder(theirs.handle);
	plunder(theirs.map_id);
	plunder((uint64_t)theirs.dsp_id);
	plunder(theirs.dsp_addr);
	plunder(their_bus);
	plunder(their_bus | (uint64_t)other.sid << 32);
	plunder(bus_where(other.sid, other.mem));
	plunder((uintptr_t)their_mem);
	plunder((uintptr_t)other.mem);
	plunder(other.bench);
	plunder(other.sid);
}

static void check_victim(void)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	size_t at;

	for (at = 0; at < ODD_SIZE; at++)
		check(their_mem[at] == 0x77, "byte %zu of another session changed", at);
	/* nothing of it was unmapped, closed or ended */
	check_eq(bus_where(other.sid, their_mem), their_bus);
	i = echo_call(&other, args, arg_of(theirs.handle, 0, 16),
		      arg_of(other.gem, 0x3000, 16));
	check_eq(call(other.fd, INVOKE, &i), 0);
	check_eq(i.status, 0);
	check_eq(other.mem[0x3000], 0x77);
}

static void close_victim(void)
{
	struct drm_qda_remote_munmap u = { .map_id = theirs.map_id };

	check_eq(call(other.fd, MUNMAP, &u), 0);
	check_eq(u.status, 0);
	gem_unmap(their_mem, ODD_SIZE);
	sess_close(&other);
}

/* no eight bytes of ours may have become theirs */
static void check_no_loot(void)
{
	size_t at;

	for (at = 0; at + 8 <= WORK_SIZE; at += 8)
		check(memcmp(s.mem + at, "\x77\x77\x77\x77\x77\x77\x77\x77", 8),
		      "bytes of another session at %zu", at);
}

/* the next try writes to the same place */
static void check_no_loot_of(size_t offset, uint64_t value)
{
	check(memcmp(s.mem + OUTPUT, "\x77\x77\x77\x77\x77\x77\x77\x77", 8),
	      "%#llx at %zu brought bytes of another session",
	      (unsigned long long)value, offset);
	memset(s.mem + OUTPUT, 0, 64);
}

static void set_bytes(void *arg, size_t offset, size_t size, uint64_t value)
{
	memcpy((uint8_t *)arg + offset, &value, size);
}

/* every aligned field of a struct of n bytes, of 4 and of 8 bytes, with every value */
typedef void (*try_fn)(size_t offset, size_t size, uint64_t value);

static void sweep(size_t n, try_fn try)
{
	size_t offset, size;
	unsigned int v;

	for (size = 4; size <= 8; size += 4)
		for (offset = 0; offset + size <= n; offset += size)
			for (v = 0; v < num_loot; v++)
				try(offset, size, loot[v]);
}

/*
 * A call that reads or writes: it may fail, be refused by the DSP or work on memory of
 * this session, whatever that means. It must not move a byte to or from the other one.
 */
static void try_invoke(size_t offset, size_t size, uint64_t value)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;

	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 64), arg_of(s.gem, OUTPUT, 64));
	/* with a pointer of its own the struct must stay sane, not asynchronous */
	set_bytes(&i, offset, size, value);
	i.flags &= ~(uint32_t)(DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);
	call(s.fd, INVOKE, &i);
	check_no_loot_of(offset, value);
}

static unsigned int which_arg;

static void try_arg(size_t offset, size_t size, uint64_t value)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	int err;

	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 64), arg_of(s.gem, OUTPUT, 64));
	set_bytes(&args[which_arg], offset, size, value);
	err = call(s.fd, INVOKE, &i);
	check_no_loot_of(offset, value);
	/* a foreign handle names nothing here */
	if (offset == offsetof(struct drm_qda_arg, handle) && size == 4 &&
	    value == theirs.handle)
		check_eq(err, -ENOENT);
}

static void test_sweep_invoke(const void *arg)
{
	use_device(arg, "");
	open_victim();
	sess_open_bench(&s);
	sweep(sizeof(struct drm_qda_remote_invoke), try_invoke);
	for (which_arg = 0; which_arg < 3; which_arg++)
		sweep(sizeof(struct drm_qda_arg), try_arg);
	check_no_loot();
	check_victim();
	sess_close(&s);
	close_victim();
}

static void try_map(size_t offset, size_t size, uint64_t value)
{
	struct drm_qda_remote_map m = {
		.length = PAGE, .handle = s.gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 3,
	};
	struct drm_qda_remote_munmap u = { 0 };
	int err;

	set_bytes(&m, offset, size, value);
	err = call(s.fd, MAP, &m);
	if (offset == offsetof(struct drm_qda_remote_map, handle) && size == 4 &&
	    value == theirs.handle)
		check_eq(err, -ENOENT);
	if (err || m.status)
		return;
	/* whatever it is, it is of this session's memory */
	u.map_id = m.map_id;
	check_eq(call(s.fd, MUNMAP, &u), 0);
}

static void try_munmap(size_t offset, size_t size, uint64_t value)
{
	struct drm_qda_remote_munmap u = { 0 };
	int err;

	set_bytes(&u, offset, size, value);
	err = call(s.fd, MUNMAP, &u);
	check(err == -ENOENT || err == -EINVAL, "REMOTE_MUNMAP gave %s", err_name(err));
}

static void test_sweep_map(const void *arg)
{
	use_device(arg, "");
	open_victim();
	sess_open_bench(&s);
	sweep(sizeof(struct drm_qda_remote_map), try_map);
	sweep(sizeof(struct drm_qda_remote_munmap), try_munmap);
	check_no_loot();
	check_victim();
	sess_close(&s);
	close_victim();
}

static void try_create(size_t offset, size_t size, uint64_t value)
{
	struct drm_qda_remote_session_create c = { 0 };
	int fd = dev_open(), err;
	uint64_t free_banks = query(fd, DRM_QDA_QUERY_BANKS_FREE, 0);

	/* a shell of its own, so that each field means something */
	c.handle = gem_new(fd, 4 * PAGE);
	c.length = 4 * PAGE;
	set_bytes(&c, offset, size, value);
	err = call(fd, CREATE, &c);
	if (offset == offsetof(struct drm_qda_remote_session_create, handle) &&
	    size == 4 && value == theirs.handle)
		check_eq(err, -ENOENT);
	/* zeroes are no program */
	check(err || c.status || !c.handle, "a PD runs %#llx at %zu",
	      (unsigned long long)value, offset);
	dev_close(fd);
	/* a PD takes its time to end, and there are few banks */
	check_eq(wait_banks_free(other.fd, free_banks), free_banks);
}

static void test_sweep_create(const void *arg)
{
	use_device(arg, "");
	open_victim();
	sweep(sizeof(struct drm_qda_remote_session_create), try_create);
	check_victim();
	close_victim();
}

/* the DSP itself, with one session's stream and the other one's addresses */
static void test_sweep_bus(const void *arg)
{
	uint64_t bus, at;
	uint8_t byte;

	use_device(arg, "");
	open_victim();
	sess_open(&s);
	bus = their_bus;
	/* far enough down that nothing small of ours is at the same number */
	for (at = 0; at < ODD_SIZE; at += PAGE) {
		check(dsp_reads(other.sid, bus + at, &byte), "own memory faults");
		check_eq(byte, 0x77);
		if (dsp_reads(s.sid, bus + at, &byte))
			check(byte != 0x77, "another session's memory");
		dsp_writes(s.sid, bus + at, 0x66);
		check_eq(their_mem[at], 0x77);
	}
	check_victim();
	sess_close(&s);
	close_victim();
}

#define MAX_PAGES 4096

static size_t bank_pages(unsigned int sid, uint64_t pages[MAX_PAGES])
{
	struct sim_range ranges[256];
	size_t num = sim_ranges(sid, ranges, ARRAY_SIZE(ranges)), i, n = 0;
	uint64_t at;

	for (i = 0; i < num; i++)
		for (at = 0; at < ranges[i].size; at += PAGE) {
			check(n < MAX_PAGES, "too many pages in the bank");
			check_eq(sim_translate(sid, ranges[i].addr + at, &pages[n++],
					       NULL), 0);
		}
	return n;
}

/* whatever is in two banks, messages too, no page is in both */
static void test_disjoint(const void *arg)
{
	static uint64_t own[MAX_PAGES], foreign[MAX_PAGES];
	size_t n, m, i, j;

	use_device(arg, "");
	sess_open_bench(&s);
	sess_open_bench(&other);
	for (i = 1; i < 12; i++) {
		gem_new(s.fd, i * PAGE);
		gem_new(other.fd, i * PAGE);
	}
	n = bank_pages(s.sid, own);
	m = bank_pages(other.sid, foreign);
	check(n > 66 && m > 66, "%zu and %zu pages are mapped", n, m);
	for (i = 0; i < n; i++)
		for (j = 0; j < m; j++)
			check(own[i] != foreign[j], "page %#llx is in both banks",
			      (unsigned long long)own[i]);
	sess_close(&s);
	sess_close(&other);
}

int main(void)
{
	static const struct kernel_case cases[] = {
		{ "disjoint", test_disjoint },
		{ "invoke", test_sweep_invoke },
		{ "map", test_sweep_map },
		{ "create", test_sweep_create },
		{ "bus", test_sweep_bus },
	};

	add_on_both_dsps(cases, ARRAY_SIZE(cases));
	return run_kernel_cases("sessions");
}
