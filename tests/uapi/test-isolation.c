// SPDX-License-Identifier: MIT
/* No session reaches another's memory, nor the DSP what it was not given. */
#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE

static struct sess s, other;

static bool touches(const char *what, unsigned int sid, uint64_t addr)
{
	char text[512];
	int err;

	err = steer_command(dev->control, text, sizeof(text),
			    what[1] == 'e' ? "peek sid=%u addr=0x%llx len=4" :
			    "poke sid=%u addr=0x%llx 61626364", sid,
			    (unsigned long long)addr);
	check(!err || err == -EREMOTE, "steering: %s", err_name(err));
	return !err;
}

static void test_handles(const void *arg)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	struct drm_qda_remote_map m = {
		.length = 4096, .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 3,
	};
	struct drm_qda_remote_munmap u = { 0 };
	uint32_t theirs;
	int n;

	(void)arg;
	sess_open_bench(&other);
	sess_open_bench(&s);
	/* a number this session has not handed out */
	for (n = 0; n < 5; n++)
		theirs = gem_new(other.fd, 4096);
	i = echo_call(&s, args, arg_of(theirs, 0, 8), arg_of(s.gem, 0x2000, 8));
	expect(s.fd, INVOKE, &i, -ENOENT);
	m.handle = theirs;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, -ENOENT);
	expect(other.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	/* nor can it unmap what is not its own */
	u.map_id = m.map_id;
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, -ENOENT);
	expect(other.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u, 0);
	sess_close(&s);
	sess_close(&other);
}

/* the same remote handle is another PD's business */
static void test_remote_handles(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&other);
	sess_open(&s);
	i = noop_call(&other, 0);
	expect(s.fd, INVOKE, &i, 0);
	check(i.status, "another PD's handle works");
	expect(other.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
	sess_close(&other);
}

static void test_bus(const void *arg)
{
	uint64_t addr;
	uint32_t handle;
	uint8_t *mem;

	(void)arg;
	sess_open(&other);
	sess_open(&s);
	/* far from what the other one has */
	gem_new(s.fd, 64 << 20);
	handle = gem_new(s.fd, 0x23000);
	mem = gem_map(s.fd, handle, 0x23000);
	addr = bus_of(s.sid, 0x23000);
	check(touches("peek", s.sid, addr), "own memory faults");
	check(!touches("peek", other.sid, addr), "another session's memory");
	check(!touches("poke", other.sid, addr), "another session's memory");
	check_eq(mem[0], 0);
	check(touches("poke", s.sid, addr), "own memory faults");
	check(!memcmp(mem, "abcd", 4), "poked elsewhere");
	gem_unmap(mem, 0x23000);
	record("bus OK");
	sess_close(&s);
	sess_close(&other);
}

#define TRIES 8

/* one number, two banks, two places */
static void test_same_address(const void *arg)
{
	uint64_t mine[TRIES], theirs[TRIES];
	uint8_t *mem[TRIES], *other_mem[TRIES];
	int i, j, n, same = -1;

	(void)arg;
	sess_open(&other);
	sess_open(&s);
	/* what a bank hands out depends on what it had before; no two sizes are equal */
	for (n = 0; n < TRIES; n++) {
		uint64_t size = 0x23000 + (uint64_t)n * 0x1000;

		mem[n] = gem_map(s.fd, gem_new(s.fd, size), size);
		other_mem[n] = gem_map(other.fd, gem_new(other.fd, size), size);
		mine[n] = bus_of(s.sid, size);
		theirs[n] = bus_of(other.sid, size);
	}
	for (i = 0; i < TRIES; i++)
		for (j = 0; j < TRIES; j++)
			if (mine[i] == theirs[j])
				same = i;
	if (same < 0)
		skip_case("the banks hand out different addresses");
	check(touches("poke", s.sid, mine[same]), "own memory faults");
	for (n = 0; n < TRIES; n++) {
		check(!memcmp(mem[n], "abcd", 4) == (n == same), "poked elsewhere");
		check_eq(other_mem[n][0], 0);
		gem_unmap(mem[n], 0x23000 + (uint64_t)n * 0x1000);
		gem_unmap(other_mem[n], 0x23000 + (uint64_t)n * 0x1000);
	}
	record("same OK");
	sess_close(&s);
	sess_close(&other);
}

/* there is a hole on both sides of a buffer */
static void test_edges(const void *arg)
{
	uint64_t addr;

	(void)arg;
	sess_open(&s);
	/* an IOMMU's ranges are aligned to their size: neighbours may touch them */
	if (is_soft)
		gem_new(s.fd, 4096);
	gem_new(s.fd, 0x23000);
	if (is_soft)
		gem_new(s.fd, 4096);
	addr = bus_of(s.sid, 0x23000);
	check(touches("peek", s.sid, addr), "first bytes");
	check(touches("peek", s.sid, addr + 0x23000 - 4), "last bytes");
	check(!touches("peek", s.sid, addr - 4), "before the buffer");
	check(!touches("peek", s.sid, addr + 0x23000), "past the buffer");
	check(!touches("peek", s.sid, addr + 0x23000 - 2), "across the end");
	check(!touches("peek", s.sid, 0), "address 0");
	check(!touches("peek", s.sid, 0xffffffff), "last address");
	record("edges OK");
	sess_close(&s);
}

/* what was given back is gone at once */
static void test_closed(const void *arg)
{
	uint64_t addr;
	uint32_t handle;

	(void)arg;
	sess_open(&s);
	handle = gem_new(s.fd, 0x23000);
	addr = bus_of(s.sid, 0x23000);
	check_eq(gem_close(s.fd, handle), 0);
	check(!bus_has(s.sid, 0x23000), "still listed");
	check(!touches("peek", s.sid, addr), "still there");
	record("closed OK");
	sess_close(&s);
}

/* DSP code one page past its buffer: the PD ends, the fault has an address */
static void test_fault(const void *arg)
{
	const int64_t *offset = arg;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(BENCH_FAULT, 2, 1, 0, 0),
	};
	struct { uint32_t len, pad; int64_t offset; } in = { 0x1000, 0, 100 };
	unsigned long long addr = 0, want;
	unsigned int n = 0, sid = 0;
	char text[512];
	uint32_t handle;
	int64_t far;

	sess_open_bench(&s);
	steer(NULL, 0, "faults");
	handle = gem_new(s.fd, 0x3000);
	addr = bus_of(s.sid, 0x3000);
	/* within what the bank could map */
	far = addr + (uint64_t)*offset > UINT32_MAX ? -*offset : *offset;
	want = addr + (uint64_t)far;
	i.handle = s.bench;
	args[0] = arg_of(s.gem, 0, sizeof(in));
	args[1] = arg_of(handle, 0, 0x1000);
	args[2] = arg_of(s.gem, 64, 1);
	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	in.offset = far;
	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, (int32_t)0x80000430);
	steer(text, sizeof(text), "faults");
	check(sscanf(text, "%u sid=%u addr=%llx", &n, &sid, &addr) == 3 && n == 1,
	      "faults: %s", text);
	check_eq(sid, s.sid);
	check_eq(addr & 0xffffffff, want & 0xffffffff);
	sess_close(&s);
}

/* a reply's poke of another session's payload has no effect on this one */
static void test_calls_beside(const void *arg)
{
	struct drm_qda_arg args[3], theirs[3];
	struct drm_qda_remote_invoke i, j;
	int n;

	(void)arg;
	sess_open_bench(&s);
	sess_open_bench(&other);
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 4), arg_of(s.gem, 0x2000, 4));
	j = echo_call(&other, theirs, arg_of(other.gem, 0x1000, 4),
		      arg_of(other.gem, 0x2000, 4));
	for (n = 0; n < 100; n++) {
		memcpy(s.mem + 0x1000, &n, 4);
		memset(other.mem + 0x1000, 0x80 | n, 4);
		check_eq(call(s.fd, INVOKE, &i), 0);
		check_eq(call(other.fd, INVOKE, &j), 0);
		check(!memcmp(s.mem + 0x2000, &n, 4), "other bytes");
		check_eq(other.mem[0x2000], 0x80 | n);
	}
	record("beside OK");
	sess_close(&other);
	sess_close(&s);
}

static int use_in_child(void *arg)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);
	struct drm_qda_query q = { 0 };

	(void)arg;
	if (is_soft) {
		if (!call(s.fd, DRM_IOCTL_QDA_QUERY, &q) || !call(s.fd, INVOKE, &i))
			return 1;
	} else if (call(s.fd, INVOKE, &i) || i.status) {
		return 2;
	}
	/* closing a copy ends nothing */
	dev->sys->close(s.fd);
	return 0;
}

/* a child holds the file, as any; on the soft device it cannot use it */
static void test_fork(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	check_eq(child_run(use_in_child, NULL, SOON_MS), 0);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
}

int main(void)
{
	static const int64_t past = 0x3000, before = -1, far = 1 << 28;

	add_case("handles", test_handles, NULL);
	add_case("remote-handles", test_remote_handles, NULL);
	add_case("bus", test_bus, NULL);
	add_case("same-address", test_same_address, NULL);
	add_case("edges", test_edges, NULL);
	add_case("closed", test_closed, NULL);
	add_case("fault-past", test_fault, &past);
	add_case("fault-before", test_fault, &before);
	add_case("fault-far", test_fault, &far);
	add_case("calls-beside", test_calls_beside, NULL);
	add_case("fork", test_fork, NULL);
	return run_cases("isolation");
}
