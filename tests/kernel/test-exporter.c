// SPDX-License-Identifier: MIT
/*
 * Imports of dma-bufs that are laid out, and fail, as they like. The exporter counts
 * what it was asked for, so that nothing can be forgotten.
 */
#include <fcntl.h>

#include "exporter.h"

#define PAGE	4096UL
#define P(n)	((n) * PAGE)

#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE

static struct sess s, other;

/* --- layouts and failures ------------------------------------------------- */

struct row {
	const char *name;
	struct qda_exporter_create script;
	int err;
};

static const struct row bad[] = {
	{ "hole", { .size = P(8), .num_pages = 12, .num_segments = 2,
		    .segments = { { 0, P(4) }, { P(8), P(4) } } }, -EINVAL },
	{ "hole-of-a-page", { .size = P(8), .num_pages = 9, .num_segments = 2,
			      .segments = { { 0, P(4) }, { P(5), P(4) } } }, -EINVAL },
	{ "hole-at-the-end", { .size = P(8), .num_pages = 9, .num_segments = 3,
			       .segments = { { 0, P(4) }, { P(4), P(3) },
					     { P(8), P(1) } } }, -EINVAL },
	{ "hole-of-a-byte", { .size = P(8), .num_pages = 9, .num_segments = 2,
			      .segments = { { 0, P(4) - 1 }, { P(4), P(4) + 1 } } },
	  -EINVAL },
	{ "backwards", { .size = P(8), .num_pages = 8, .num_segments = 2,
			 .segments = { { P(4), P(4) }, { 0, P(4) } } }, -EINVAL },
	{ "overlapping", { .size = P(8), .num_pages = 8, .num_segments = 2,
			   .segments = { { 0, P(4) }, { P(3), P(4) } } }, -EINVAL },
	{ "repeated", { .size = P(8), .num_pages = 4, .num_segments = 2,
			.segments = { { 0, P(4) }, { 0, P(4) } } }, -EINVAL },
	{ "too-short", { .size = P(8), .num_pages = 4 }, -EINVAL },
	{ "too-short-by-a-byte", { .size = P(8), .num_pages = 8, .num_segments = 1,
				   .segments = { { 0, P(8) - 1 } } }, -EINVAL },
	{ "not-at-a-page", { .size = P(4), .num_pages = 8, .num_segments = 1,
			     .segments = { { 100, P(5) } } }, -EINVAL },
	{ "odd-size", { .size = P(8) + 100, .num_pages = 9 }, -EINVAL },
	{ "small-size", { .size = 100, .num_pages = 1 }, -EINVAL },
	{ "no-size", { .size = 0, .num_pages = 1 }, -EINVAL },
	{ "huge-size", { .size = 1ULL << 46, .num_pages = 1 }, -E2BIG },
	{ "attach-enomem", { .size = P(8), .num_pages = 8, .attach_error = -ENOMEM },
	  -ENOMEM },
	{ "attach-eacces", { .size = P(8), .num_pages = 8, .attach_error = -EACCES },
	  -EACCES },
	{ "attach-ebusy", { .size = P(8), .num_pages = 8, .attach_error = -EBUSY },
	  -EBUSY },
	{ "attach-eopnotsupp", { .size = P(8), .num_pages = 8,
				 .attach_error = -EOPNOTSUPP }, -EOPNOTSUPP },
	{ "map-enomem", { .size = P(8), .num_pages = 8, .map_error = -ENOMEM },
	  -ENOMEM },
	{ "map-eio", { .size = P(8), .num_pages = 8, .map_error = -EIO }, -EIO },
	{ "map-etimedout", { .size = P(8), .num_pages = 8, .map_error = -ETIMEDOUT },
	  -ETIMEDOUT },
	{ "map-nothing", { .size = P(8), .num_pages = 8,
			   .flags = QDA_EXPORTER_NO_TABLE }, -ENOMEM },
	{ "pinned-attach-eio", { .size = P(8), .num_pages = 8, .attach_error = -EIO,
				 .flags = QDA_EXPORTER_MOVES }, -EIO },
	{ "pinned-map-eio", { .size = P(8), .num_pages = 8, .map_error = -EIO,
			      .flags = QDA_EXPORTER_MOVES }, -EIO },
	{ "pinned-hole", { .size = P(8), .num_pages = 12, .num_segments = 2,
			   .segments = { { 0, P(4) }, { P(8), P(4) } },
			   .flags = QDA_EXPORTER_MOVES }, -EINVAL },
};

/* the session is as good as before */
static void check_usable(struct sess *t)
{
	struct drm_qda_remote_invoke i = noop_call(t, 0);

	check_eq(gem_close(t->fd, gem_new(t->fd, P(3))), 0);
	check_eq(call(t->fd, INVOKE, &i), 0);
	check_eq(i.status, 0);
}

static void expect_import(int buf, int err)
{
	struct drm_prime_handle h = { .fd = buf, .handle = FILL32 };

	expect(s.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, err);
}

static void test_bad(const void *arg)
{
	const struct row *row = arg;
	uint64_t refused;
	uint32_t handle;
	int buf, good;

	exporter_open();
	s = sess_shared();
	/* the same way, with nothing wrong */
	good = exporter_buffer(exporter_plain(8));
	check_eq(prime_import(s.fd, good, &handle), 0);
	expect_counts(1, 1, 1);
	check_eq(gem_close(s.fd, handle), 0);
	close(good);
	expect_counts(0, 0, 0);

	refused = exporter_counts().refused;
	buf = exporter_buffer(row->script);
	expect_import(buf, row->err);
	expect_counts(1, 0, 0);
	/* it is no better the second time, and nothing was remembered of the first */
	expect_import(buf, row->err);
	expect_counts(1, 0, 0);
	check_eq(exporter_counts().pinned, 0);
	if (row->script.attach_error || row->script.map_error)
		check_eq(exporter_counts().refused, refused + 2);
	check_usable(&s);
	close(buf);
	expect_counts(0, 0, 0);
	exporter_close();
}

/* addresses that no DSP message can carry */
static void test_address(const void *arg)
{
	const int64_t *offset = arg;
	struct qda_exporter_create script = exporter_plain(2);
	uint64_t end;
	int buf;

	exporter_open();
	sess_open_bench(&s);
	end = query(s.fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BANK_SIZE);
	script.fake_addr = end + (uint64_t)*offset;
	buf = exporter_buffer(script);
	expect_import(buf, -EINVAL);
	expect_counts(1, 0, 0);
	/* the last one that can be sent is taken */
	close(buf);
	script.fake_addr = end - P(2);
	buf = exporter_buffer(script);
	expect_import(buf, 0);
	expect_counts(1, 1, 1);
	close(buf);
	sess_close(&s);
	exporter_close();
}

static const struct row good[] = {
	{ "one-segment", { .size = P(8), .num_pages = 8 }, 0 },
	{ "many-segments", { .size = P(8), .num_pages = 8, .num_segments = 4,
			     .segments = { { 0, P(1) }, { P(1), P(3) }, { P(4), P(2) },
					   { P(6), P(2) } } }, 0 },
	{ "odd-segments", { .size = P(8), .num_pages = 8, .num_segments = 3,
			    .segments = { { 0, 100 }, { 100, P(5) },
					  { P(5) + 100, P(3) - 100 } } }, 0 },
	{ "part", { .size = P(4), .num_pages = 8, .num_segments = 1,
		    .segments = { { P(3), P(4) } } }, 0 },
	{ "more-than-said", { .size = P(2), .num_pages = 8 }, 0 },
	{ "no-mmap", { .size = P(4), .num_pages = 4, .flags = QDA_EXPORTER_NO_MMAP }, 0 },
	{ "no-vmap", { .size = P(4), .num_pages = 4, .flags = QDA_EXPORTER_NO_VMAP }, 0 },
	{ "no-view", { .size = P(4), .num_pages = 4,
		       .flags = QDA_EXPORTER_NO_MMAP | QDA_EXPORTER_NO_VMAP }, 0 },
	{ "moves", { .size = P(4), .num_pages = 4, .flags = QDA_EXPORTER_MOVES }, 0 },
};

/* the DSP copies a text from the first to the last bytes of the buffer */
static void check_call(uint32_t handle, uint64_t size)
{
	static const char text[] = "from here to there";
	const uint64_t to = size - sizeof(text);
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;

	/* by way of the DSP, since not every buffer can be mapped */
	memcpy(s.mem + 0x1000, text, sizeof(text));
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, sizeof(text)),
		      arg_of(handle, 0, sizeof(text)));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	i = echo_call(&s, args, arg_of(handle, 0, sizeof(text)),
		      arg_of(handle, to, sizeof(text)));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	i = echo_call(&s, args, arg_of(handle, to, sizeof(text)),
		      arg_of(s.gem, 0x2000, sizeof(text)));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(s.mem + 0x2000, text, sizeof(text)), "other bytes");
}

static void test_good(const void *arg)
{
	const struct row *row = arg;
	struct drm_qda_gem_mmap_offset o = { .offset = FILL64 };
	struct qda_exporter_counts c;
	uint32_t handle = 0;
	int buf;

	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(row->script);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	check_call(handle, row->script.size);
	c = exporter_counts();
	check_eq(c.attached, 1);
	check_eq(c.mapped, 1);
	check_eq(c.pinned, !!(row->script.flags & QDA_EXPORTER_MOVES));
	/* calls ask for no view of the CPU */
	check_eq(c.vmapped, 0);
	o.handle = handle;
	expect(s.fd, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &o, -EINVAL);
	if (!(row->script.flags & QDA_EXPORTER_NO_MMAP)) {
		uint8_t *mem = exporter_mem(buf, (uint32_t)(row->script.size / PAGE));

		if (!row->script.segments[0].offset)
			check(!memcmp(mem, "from here", 9), "not the same memory");
		munmap(mem, row->script.size);
	}
	check_eq(gem_close(s.fd, handle), 0);
	expect_counts(1, 0, 0);
	close(buf);
	expect_counts(0, 0, 0);
	sess_close(&s);
	exporter_close();
}

/* a failure of the second session is none of the first */
static void test_second(const void *arg)
{
	const int *errors = arg;
	uint32_t handle = 0, theirs = 0;
	int buf;

	exporter_open();
	sess_open_bench(&other);
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(8));
	check_eq(prime_import(other.fd, buf, &theirs), 0);
	exporter_set_errors(buf, errors[0], errors[1]);
	expect_import(buf, errors[0] ? errors[0] : errors[1]);
	expect_counts(1, 1, 1);
	/* who has it gets it again without a new mapping */
	check_eq(prime_import(other.fd, buf, &handle), 0);
	check_eq(handle, theirs);
	check_usable(&s);
	check_usable(&other);
	exporter_set_errors(buf, 0, 0);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	expect_counts(1, 2, 2);
	check_call(handle, P(8));
	check_eq(gem_close(other.fd, theirs), 0);
	expect_counts(1, 1, 1);
	check_call(handle, P(8));
	check_eq(gem_close(s.fd, handle), 0);
	expect_counts(1, 0, 0);
	close(buf);
	sess_close(&s);
	sess_close(&other);
	exporter_close();
}

static void test_many_failures(const void *arg)
{
	uint64_t refused;
	uint32_t handle;
	int buf, n;

	(void)arg;
	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(8));
	refused = exporter_counts().refused;
	for (n = 0; n < 300; n++) {
		exporter_set_errors(buf, n % 2 ? -EIO : 0, -ENOMEM);
		check_eq(prime_import(s.fd, buf, &handle), n % 2 ? -EIO : -ENOMEM);
	}
	check_eq(exporter_counts().refused, refused + 300);
	expect_counts(1, 0, 0);
	exporter_set_errors(buf, 0, 0);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	check_call(handle, P(8));
	close(buf);
	sess_close(&s);
	exporter_close();
}

/* no bank, no attachment */
static void test_no_bank(const void *arg)
{
	struct drm_prime_handle h = { .handle = FILL32 };
	uint64_t attaches;

	(void)arg;
	exporter_open();
	h.fd = exporter_buffer(exporter_plain(8));
	take_banks_but(0);
	attaches = exporter_counts().attaches;
	expect(dev_open(), DRM_IOCTL_PRIME_FD_TO_HANDLE, &h, -EBUSY);
	check_eq(exporter_counts().attaches, attaches);
	close(h.fd);
	exporter_close();
}

/* --- moving and closing while it is used ---------------------------------- */

static unsigned int rule;

/* an asynchronous echo within the buffer that the DSP keeps; its ticket */
static uint64_t hold_call(uint32_t handle, const char *how)
{
	static struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;

	i = echo_call(&s, args, arg_of(handle, 0, 5), arg_of(handle, P(2), 5));
	i.flags = DRM_QDA_INVOKE_ASYNC;
	rule = steer_number("%s", how);
	expect(s.fd, INVOKE, &i, 0);
	wait_held(rule, 1, NULL, 0);
	return i.ticket;
}

/* memory that may move stays where it is for as long as the DSP knows its address */
static void test_move(const void *arg)
{
	struct qda_exporter_create script = exporter_plain(4);
	uint32_t handle = 0;
	uint64_t ticket;
	int32_t status;
	uint8_t *mem;
	int buf;

	(void)arg;
	exporter_open();
	sess_open_bench(&s);
	script.flags = QDA_EXPORTER_MOVES;
	buf = exporter_buffer(script);
	mem = exporter_mem(buf, 4);
	memcpy(mem, "moves", 5);
	check_eq(exporter_move(buf), 0);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	check_eq(exporter_move(buf), -EBUSY);
	ticket = hold_call(handle, "pause");
	check_eq(exporter_move(buf), -EBUSY);
	check_eq(gem_close(s.fd, handle), 0);
	check_eq(exporter_move(buf), -EBUSY);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, ticket, soon(), &status), 0);
	check_eq(status, 0);
	wait_counts(1, 0, 0);
	check_eq(exporter_counts().pinned, 0);
	check_eq(exporter_move(buf), 0);
	check(!memcmp(mem, "moves", 5) && !memcmp(mem + P(2), "moves", 5), "other bytes");
	/* at its new place it can be used again */
	memcpy(mem, "still", 5);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	ticket = hold_call(handle, "pause");
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, ticket, soon(), &status), 0);
	check(!memcmp(mem + P(2), "still", 5), "other bytes");
	munmap(mem, P(4));
	close(buf);
	sess_close(&s);
	exporter_close();
}

/* whatever user space closes, the DSP keeps what it was given until it answers */
static void test_close_in_flight(const void *arg)
{
	const char *how = arg;
	uint32_t handle = 0;
	uint64_t ticket;
	int32_t status;
	uint8_t *mem;
	int buf;

	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(4));
	mem = exporter_mem(buf, 4);
	memcpy(mem, "alive", 5);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	ticket = hold_call(handle, how);
	check_eq(gem_close(s.fd, handle), 0);
	check_eq(gem_close(s.fd, handle), -EINVAL);
	close(buf);
	expect_counts(1, 1, 1);
	check_eq(wait_ticket(s.fd, ticket, monotonic_ns() + 20000000, NULL), -ETIMEDOUT);
	expect_counts(1, 1, 1);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, ticket, soon(), &status), 0);
	check_eq(status, 0);
	check(!memcmp(mem + P(2), "alive", 5), "other bytes");
	wait_counts(1, 0, 0);
	munmap(mem, P(4));
	wait_counts(0, 0, 0);
	sess_close(&s);
	exporter_close();
}

/* the file goes with the call in flight: until the DSP has let go of the session */
static void test_session_gone(const void *arg)
{
	unsigned int release;
	uint32_t handle = 0;
	int buf, fd;

	(void)arg;
	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(4));
	check_eq(prime_import(s.fd, buf, &handle), 0);
	hold_call(handle, "hold");
	release = steer_number("fail op=release hold=1");
	close(buf);
	sess_close(&s);
	wait_held(release, 1, NULL, 0);
	expect_counts(1, 1, 1);
	fd = dev_open();
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0),
		 query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0) - 1);
	dev_close(fd);
	steer(NULL, 0, "release %u", release);
	wait_counts(0, 0, 0);
	exporter_close();
}

static int die_with_call(void *arg)
{
	uint32_t handle = 0;

	sess_open_bench(&s);
	if (prime_import(s.fd, *(int *)arg, &handle))
		return 1;
	hold_call(handle, "hold");
	raise(SIGKILL);
	return 2;
}

static void test_killed(const void *arg)
{
	int buf;

	(void)arg;
	exporter_open();
	buf = exporter_buffer(exporter_plain(4));
	check_eq(child_run(die_with_call, &buf, 20000), 256 + SIGKILL);
	close(buf);
	wait_counts(0, 0, 0);
	exporter_close();
}

/* the DSP goes with everything it held */
static void test_dsp_gone(const void *arg)
{
	const char *what = arg;
	struct drm_qda_remote_map m = {
		.length = P(4), .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 5,
	};
	uint64_t ticket = 0;
	uint32_t handle = 0;
	int buf;

	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(4));
	check_eq(prime_import(s.fd, buf, &handle), 0);
	m.handle = handle;
	if (strcmp(what, "map"))
		ticket = hold_call(handle, "hold");
	else
		expect(s.fd, MAP, &m, 0);
	dsp_crash();
	if (ticket)
		check_eq(wait_ticket(s.fd, ticket, soon(), NULL), -EPIPE);
	/* no bank is left that it could be attached to */
	wait_counts(1, 0, 0);
	close(buf);
	/* the handle is there until the file goes, as no call is answered any more */
	check_eq(gem_close(s.fd, handle), -ENODEV);
	expect_counts(1, 0, 0);
	sess_close(&s);
	wait_counts(0, 0, 0);
	wait_device_back();
	exporter_close();
}

/* a persistent mapping holds it until it is undone */
static void test_mapped(const void *arg)
{
	struct drm_qda_remote_map m = {
		.length = P(4), .type = DRM_QDA_MAP_FD, .flags = DRM_QDA_MAP_DSP_ID,
		.dsp_id = 5,
	};
	struct drm_qda_remote_munmap u = { 0 };
	int buf;

	(void)arg;
	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(4));
	check_eq(prime_import(s.fd, buf, &m.handle), 0);
	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, 0);
	check_eq(gem_close(s.fd, m.handle), 0);
	close(buf);
	expect_counts(1, 1, 1);
	u.map_id = m.map_id;
	expect(s.fd, MUNMAP, &u, 0);
	check_eq(u.status, 0);
	wait_counts(0, 0, 0);
	sess_close(&s);
	exporter_close();
}

/* the module cannot go before its buffers, and can afterwards */
static void test_unload(const void *arg)
{
	uint32_t handle = 0;
	int buf;

	(void)arg;
	exporter_open();
	sess_open_bench(&s);
	buf = exporter_buffer(exporter_plain(4));
	check_eq(prime_import(s.fd, buf, &handle), 0);
	close(buf);
	expect_counts(1, 1, 1);
	check_eq(module_unload("qda_exporter", 0), -EAGAIN);
	check_eq(gem_close(s.fd, handle), 0);
	sess_close(&s);
	exporter_close();
	check_eq(module_unload("qda_exporter", 2000), 0);
}

int main(void)
{
	static const int attach_fails[] = { -EACCES, 0 }, map_fails[] = { 0, -ENOMEM };
	static const int64_t end = 0, across = -4096, unaligned = -3 * 4096 + 0x100,
			     far = 1LL << 40, sid = 1LL << 32;
	char name[64];
	size_t n;

	for (n = 0; n < ARRAY_SIZE(bad); n++) {
		snprintf(name, sizeof(name), "bad-%s", bad[n].name);
		add_case_shared(name, test_bad, &bad[n]);
	}
	for (n = 0; n < ARRAY_SIZE(good); n++) {
		snprintf(name, sizeof(name), "good-%s", good[n].name);
		add_case(name, test_good, &good[n]);
	}
	add_case("address-end", test_address, &end);
	add_case("address-across", test_address, &across);
	add_case("address-unaligned", test_address, &unaligned);
	add_case("address-far", test_address, &far);
	add_case("address-stream", test_address, &sid);
	add_case("second-attach", test_second, attach_fails);
	add_case("second-map", test_second, map_fails);
	add_case("many-failures", test_many_failures, NULL);
	add_case("no-bank", test_no_bank, NULL);
	add_case("move", test_move, NULL);
	add_case("close-paused", test_close_in_flight, "pause");
	add_case("close-held", test_close_in_flight, "hold");
	add_case("session-gone", test_session_gone, NULL);
	add_case("killed", test_killed, NULL);
	add_case("dsp-gone-call", test_dsp_gone, "call");
	add_case("dsp-gone-map", test_dsp_gone, "map");
	add_case("mapped", test_mapped, NULL);
	add_case("unload", test_unload, NULL);
	return run_kernel_cases("exporter");
}
