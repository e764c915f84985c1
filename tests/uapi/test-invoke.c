// SPDX-License-Identifier: MIT
#include "common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE
#define SC(m, in, out, ih, oh)	DRM_QDA_SCALARS(m, in, out, ih, oh)

static struct sess s;
static struct drm_qda_arg args[540];

static struct drm_qda_remote_invoke good_echo(void)
{
	struct drm_qda_remote_invoke i =
		echo_call(&s, args, arg_of(s.gem, 0x1123, 77),
			  arg_of(s.gem, 0x2fff, 77));

	i.status = (int32_t)FILL32;
	i.ticket = FILL64;
	return i;
}

static void test_echo(const void *arg)
{
	struct drm_qda_remote_invoke i;
	size_t n;

	(void)arg;
	sess_open_bench(&s);
	for (n = 0; n < 77; n++)
		s.mem[0x1123 + n] = (uint8_t)(n + 1);
	i = good_echo();
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(i.ticket, 0);
	check(!memcmp(s.mem + 0x2fff, s.mem + 0x1123, 77), "other bytes came back");
	check_eq(s.mem[0x2ffe], 0);
	check_eq(s.mem[0x2fff + 77], 0);
	sess_close(&s);
}

static void test_async(const void *arg)
{
	struct drm_qda_remote_invoke i;
	int32_t status = 1;

	(void)arg;
	sess_open_bench(&s);
	i = good_echo();
	i.flags = DRM_QDA_INVOKE_ASYNC;
	s.mem[0x1123] = 42;
	expect(s.fd, INVOKE, &i, 0);
	check(i.ticket && i.ticket != FILL64, "ticket %llx",
	      (unsigned long long)i.ticket);
	check_eq(i.status, 0);
	/* the array was read, it may go */
	memset(args, 0xff, sizeof(args));
	check_eq(wait_ticket(s.fd, i.ticket, soon(), &status), 0);
	check_eq(status, 0);
	check_eq(s.mem[0x2fff], 42);
	sess_close(&s);
}

static void test_bad(const void *arg)
{
	struct drm_qda_remote_invoke good, i;
	unsigned int ran;

	s = sess_shared();
	good = i = good_echo();
	expect(s.fd, INVOKE, &i, 0);
	ran = steer_number("count");
	expect_bad(s.fd, INVOKE, &good, arg);
	/* nothing reached the DSP */
	check_eq(steer_number("count"), ran);
}

/* one argument's field, in the middle of three */
static void bad_arg(const struct bad_field *row, unsigned int which)
{
	struct drm_qda_remote_invoke good, i;
	unsigned int ran;

	s = sess_shared();
	good = i = good_echo();
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	ran = steer_number("count");
	set_field(&args[which], row);
	i = good;
	expect(s.fd, INVOKE, &i, row->err);
	i.flags = DRM_QDA_INVOKE_ASYNC;
	expect(s.fd, INVOKE, &i, row->err);
	check_eq(steer_number("count"), ran);
}

static void test_bad_in(const void *arg)
{
	bad_arg(arg, 1);
}

static void test_bad_out(const void *arg)
{
	bad_arg(arg, 2);
}

static struct drm_qda_remote_invoke handle_call(void)
{
	uint32_t in[2] = { 3, 0 };

	memset(args, 0, 3 * sizeof(args[0]));
	memcpy(s.mem, in, sizeof(in));
	memcpy(s.mem + 0x1000, "\x01\x02\x40", 3);
	args[0] = arg_of(s.gem, 0, 4);
	args[1] = arg_of(s.gem, 64, 8);
	args[2] = arg_of(s.gem, 0x1000, 4096);
	args[2].flags = DRM_QDA_ARG_DSP_ID;
	args[2].dsp_id = 50;
	return (struct drm_qda_remote_invoke){
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.handle = s.bench, .scalars = SC(BENCH_HANDLE_SUM, 1, 1, 1, 0),
		.status = (int32_t)FILL32, .ticket = FILL64,
	};
}

static uint32_t map_handle(int32_t dsp_id)
{
	struct drm_qda_remote_map m = {
		.length = WORK_SIZE, .handle = s.gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = dsp_id,
	};

	expect(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m, 0);
	check_eq(m.status, 0);
	return m.map_id;
}

static void test_handle(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint64_t sum;

	(void)arg;
	sess_open_bench(&s);
	map_handle(50);
	i = handle_call();
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	memcpy(&sum, s.mem + 64, sizeof(sum));
	check_eq(sum, 0x43);
	sess_close(&s);
}

static void test_bad_handle_arg(const void *arg)
{
	const struct bad_field *row = arg;
	struct drm_qda_remote_munmap u = { 0 };
	struct drm_qda_remote_invoke i;

	s = sess_shared();
	u.map_id = map_handle(50);
	i = handle_call();
	expect(s.fd, INVOKE, &i, 0);
	i = handle_call();
	set_field(&args[2], row);
	expect(s.fd, INVOKE, &i, row->err);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u), 0);
	check_eq(u.status, 0);
}

/* the integer is known and names another buffer */
static void test_handle_mismatch(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	map_handle(50);
	i = handle_call();
	expect(s.fd, INVOKE, &i, 0);
	i = handle_call();
	args[2].handle = gem_new(s.fd, WORK_SIZE);
	expect(s.fd, INVOKE, &i, -EINVAL);
	sess_close(&s);
}

/* arguments further apart: what is between must be zero */
static void test_stride(const void *arg)
{
	struct { struct drm_qda_arg a; uint64_t more[2]; } wide[3];
	struct drm_qda_remote_invoke good, i;
	size_t n;

	(void)arg;
	sess_open_bench(&s);
	good = good_echo();
	memset(wide, 0, sizeof(wide));
	for (n = 0; n < 3; n++)
		wide[n].a = args[n];
	good.args = (uintptr_t)wide;
	good.stride = sizeof(wide[0]);
	s.mem[0x1123] = 33;
	i = good;
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(s.mem[0x2fff], 33);
	for (n = 0; n < 3; n++) {
		i = good;
		wide[n].more[1] = 1ULL << 63;
		expect(s.fd, INVOKE, &i, -E2BIG);
		wide[n].more[1] = 0;
	}
	expect(s.fd, INVOKE, &good, 0);
	sess_close(&s);
}

static void test_stride_huge(const void *arg)
{
	struct drm_qda_remote_invoke good, i;

	(void)arg;
	sess_open_bench(&s);
	good = i = good_echo();
	expect(s.fd, INVOKE, &i, 0);
	/* the array would leave the address space */
	i = good;
	i.stride = 4096;
	i.args = ~0ULL - 0x1fff;
	expect(s.fd, INVOKE, &i, -EFAULT);
	sess_close(&s);
}

static void test_array_fault(const void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct drm_qda_remote_invoke good, i;
	char *two;

	(void)arg;
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	assert_ptr_not_equal(two, MAP_FAILED);
	munmap(two + page, page);
	sess_open_bench(&s);
	good = good_echo();
	/* up to the edge, across it, beyond it, nowhere */
	memcpy(two + page - 120, args, 120);
	i = good;
	i.args = (uintptr_t)(two + page - 120);
	expect(s.fd, INVOKE, &i, 0);
	memcpy(two + page - 112, args, 112);
	i = good;
	i.args = (uintptr_t)(two + page - 112);
	expect(s.fd, INVOKE, &i, -EFAULT);
	i.args = (uintptr_t)(two + page);
	expect(s.fd, INVOKE, &i, -EFAULT);
	i.args = 0;
	expect(s.fd, INVOKE, &i, -EFAULT);
	i.args = ~0ULL - 7;
	expect(s.fd, INVOKE, &i, -EFAULT);
	munmap(two, page);
	sess_close(&s);
}

/* an array that is not needed is not looked at */
static void test_no_args(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	i.args = 16;
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
}

static void test_absent(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	/* echo of nothing */
	i = echo_call(&s, args, (struct drm_qda_arg){ 0 }, (struct drm_qda_arg){ 0 });
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
}

static void test_bad_absent(const void *arg)
{
	const struct bad_field *row = arg;
	struct drm_qda_remote_invoke i;

	s = sess_shared();
	i = echo_call(&s, args, (struct drm_qda_arg){ 0 }, (struct drm_qda_arg){ 0 });
	expect(s.fd, INVOKE, &i, 0);
	set_field(&args[1], row);
	expect(s.fd, INVOKE, &i, row->err);
}

/* as many arguments as scalars can say, 255 in, 255 out, 15 handles */
static void test_most_args(const void *arg)
{
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 525, .stride = sizeof(args[0]),
		.scalars = SC(30, 255, 255, 15, 0),
	};
	int n;

	(void)arg;
	sess_open_bench(&s);
	for (n = 0; n < 525; n++) {
		args[n] = arg_of(s.gem, (uint64_t)n * 16, 16);
		if (n >= 510) {
			args[n].flags = DRM_QDA_ARG_DSP_ID;
			args[n].dsp_id = n;
		}
	}
	i.handle = s.bench;
	expect(s.fd, INVOKE, &i, 0);
	check(i.status, "the module has no method 30");
	/* it goes on */
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
}

/* one object, many arguments, overlapping */
static void test_same_object(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	memset(s.mem + 0x1000, 7, 64);
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 64), arg_of(s.gem, 0x1000, 64));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(s.mem[0x103f], 7);
	sess_close(&s);
}

/* a buffer's very last bytes */
static void test_whole_buffer(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint32_t a, b;
	uint8_t *pa, *pb;

	(void)arg;
	sess_open_bench(&s);
	a = gem_new(s.fd, 1 << 20);
	b = gem_new(s.fd, 1 << 20);
	pa = gem_map(s.fd, a, 1 << 20);
	pb = gem_map(s.fd, b, 1 << 20);
	memset(pa, 0x77, 1 << 20);
	i = echo_call(&s, args, arg_of(a, 0, 1 << 20), arg_of(b, 0, 1 << 20));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(pa, pb, 1 << 20), "other bytes");
	gem_unmap(pa, 1 << 20);
	gem_unmap(pb, 1 << 20);
	sess_close(&s);
}

/* an address is for its low bits only: no bit of it reaches another place */
static void test_address(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	i = good_echo();
	args[1].address = 0x7fff00000123;
	args[2].address = ~0ULL;
	s.mem[0x1123] = 3;
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(s.mem[0x2fff], 3);
	sess_close(&s);
}

static void test_status(const void *arg)
{
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 1, .stride = sizeof(args[0]),
		.scalars = SC(BENCH_STATUS, 1, 0, 0, 0), .status = (int32_t)FILL32,
	};
	static const int32_t codes[] = {
		1, -1, 0x2e, (int32_t)0x8000040e, INT32_MIN, 0,
	};
	size_t n;

	(void)arg;
	sess_open_bench(&s);
	i.handle = s.bench;
	args[0] = arg_of(s.gem, 0, 4);
	for (n = 0; n < ARRAY_SIZE(codes); n++) {
		memcpy(s.mem, &codes[n], 4);
		expect(s.fd, INVOKE, &i, 0);
		check_eq(i.status, codes[n]);
	}
	sess_close(&s);
}

static void test_unknown_handle(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	i = noop_call(&s, 0);
	i.handle = 0xdeadbeef;
	expect(s.fd, INVOKE, &i, 0);
	check(i.status, "an unknown remote handle answered 0");
	check_eq(i.ticket, 0);
	sess_close(&s);
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_invoke i;

	(void)arg;
	sess_open_bench(&s);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), 0);
	i = noop_call(&s, 0);
	expect(s.fd, INVOKE, &i, -ECANCELED);
	i = noop_call(&s, DRM_QDA_INVOKE_ASYNC);
	expect(s.fd, INVOKE, &i, -ECANCELED);
	sess_close(&s);
}

static const struct bad_field bad[] = {
	BAD("args-null", drm_qda_remote_invoke, args, 0, -EFAULT),
	BAD("num-args-less", drm_qda_remote_invoke, num_args, 2, -EINVAL),
	BAD("num-args-more", drm_qda_remote_invoke, num_args, 4, -EINVAL),
	BAD("num-args-zero", drm_qda_remote_invoke, num_args, 0, -EINVAL),
	BAD("num-args-max", drm_qda_remote_invoke, num_args, 0xffffffff, -EINVAL),
	BAD("stride-32", drm_qda_remote_invoke, stride, 32, -EINVAL),
	BAD("stride-44", drm_qda_remote_invoke, stride, 44, -EINVAL),
	BAD("stride-41", drm_qda_remote_invoke, stride, 41, -EINVAL),
	BAD("stride-0", drm_qda_remote_invoke, stride, 0, -EINVAL),
	BAD("stride-4104", drm_qda_remote_invoke, stride, 4104, -E2BIG),
	BAD("stride-max", drm_qda_remote_invoke, stride, 0xfffffff8, -E2BIG),
	BAD("handle-init", drm_qda_remote_invoke, handle, 1, -EPERM),
	BAD("scalars-29", drm_qda_remote_invoke, scalars,
	    SC(BENCH_ECHO, 2, 1, 0, 0) | 1U << 29, -EINVAL),
	BAD("scalars-31", drm_qda_remote_invoke, scalars,
	    SC(BENCH_ECHO, 2, 1, 0, 0) | 1U << 31, -EINVAL),
	BAD("scalars-count", drm_qda_remote_invoke, scalars,
	    SC(BENCH_ECHO, 2, 2, 0, 0), -EINVAL),
	BAD("scalars-out-handle", drm_qda_remote_invoke, scalars,
	    SC(BENCH_ECHO, 2, 0, 0, 1), -EOPNOTSUPP),
	BAD("flags-4", drm_qda_remote_invoke, flags, 4, -EINVAL),
	BAD("flags-high", drm_qda_remote_invoke, flags, 0x80000000, -EINVAL),
	BAD("flags-event", drm_qda_remote_invoke, flags, DRM_QDA_INVOKE_EVENT, -EINVAL),
	BAD("user-data", drm_qda_remote_invoke, user_data, 1, -EINVAL),
};

static const struct bad_field bad_buffer[] = {
	BAD("handle", drm_qda_arg, handle, 999, -ENOENT),
	BAD("handle-zero", drm_qda_arg, handle, 0, -ENOENT),
	BAD("offset-outside", drm_qda_arg, offset, WORK_SIZE, -EINVAL),
	BAD("offset-end", drm_qda_arg, offset, WORK_SIZE - 76, -EINVAL),
	BAD("offset-wrap", drm_qda_arg, offset, -8LL, -EINVAL),
	BAD("length-over", drm_qda_arg, length, WORK_SIZE + 1, -EINVAL),
	BAD("length-4g", drm_qda_arg, length, (1ULL << 32) + 77, -EINVAL),
	BAD("length-max", drm_qda_arg, length, -1LL, -EINVAL),
	BAD("length-absent", drm_qda_arg, length, 0, -EINVAL),
	BAD("address", drm_qda_arg, address, 0x5678, -EINVAL),
	BAD("flags", drm_qda_arg, flags, 2, -EINVAL),
	BAD("flags-dsp-id", drm_qda_arg, flags, DRM_QDA_ARG_DSP_ID, -EINVAL),
	BAD("dsp-id", drm_qda_arg, dsp_id, 5, -EINVAL),
	BAD("pad", drm_qda_arg, pad, 1, -EINVAL),
};

static const struct bad_field bad_handle_arg[] = {
	BAD("gem-handle", drm_qda_arg, handle, 999, -ENOENT),
	BAD("flags-none", drm_qda_arg, flags, 0, -EINVAL),
	BAD("flags", drm_qda_arg, flags, 3, -EINVAL),
	BAD("dsp-id-zero", drm_qda_arg, dsp_id, 0, -EINVAL),
	BAD("dsp-id-negative", drm_qda_arg, dsp_id, -50, -EINVAL),
	BAD("absent", drm_qda_arg, length, 0, -EINVAL),
	BAD("offset-32-bit", drm_qda_arg, offset, 1ULL << 32, -EINVAL),
	BAD("length-32-bit", drm_qda_arg, length, (1ULL << 32) + 16, -EINVAL),
	BAD("length-over", drm_qda_arg, length, WORK_SIZE, -EINVAL),
	BAD("address", drm_qda_arg, address, 0x1000, -EINVAL),
	BAD("pad", drm_qda_arg, pad, 1, -EINVAL),
};

static const struct bad_field bad_absent[] = {
	BAD("offset", drm_qda_arg, offset, 1, -EINVAL),
	BAD("address", drm_qda_arg, address, 0x1000, -EINVAL),
	BAD("handle", drm_qda_arg, handle, 1, -EINVAL),
	BAD("flags", drm_qda_arg, flags, 1, -EINVAL),
	BAD("dsp-id", drm_qda_arg, dsp_id, 1, -EINVAL),
	BAD("pad", drm_qda_arg, pad, 1, -EINVAL),
};

int main(void)
{
	add_case("echo", test_echo, NULL);
	add_case("async", test_async, NULL);
	add_rows_shared("bad", bad, test_bad);
	add_rows_shared("bad-in", bad_buffer, test_bad_in);
	add_rows_shared("bad-out", bad_buffer, test_bad_out);
	add_case("handle", test_handle, NULL);
	add_rows_shared("bad-handle", bad_handle_arg, test_bad_handle_arg);
	add_case("handle-mismatch", test_handle_mismatch, NULL);
	add_case("stride", test_stride, NULL);
	add_case("stride-huge", test_stride_huge, NULL);
	add_case("array-fault", test_array_fault, NULL);
	add_case("no-args", test_no_args, NULL);
	add_case("absent", test_absent, NULL);
	add_rows_shared("bad-absent", bad_absent, test_bad_absent);
	add_case("most-args", test_most_args, NULL);
	add_case("same-object", test_same_object, NULL);
	add_case("whole-buffer", test_whole_buffer, NULL);
	add_case("address", test_address, NULL);
	add_case("status", test_status, NULL);
	add_case("unknown-handle", test_unknown_handle, NULL);
	add_case("released", test_released, NULL);
	return run_cases("invoke");
}
