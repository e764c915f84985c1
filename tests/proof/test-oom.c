// SPDX-License-Identifier: MIT
/*
 * Fail each allocation of the library and of the soft device in turn: the
 * failure is reported as -ENOMEM (or was not needed), nothing leaks, and the next
 * attempt works.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proof.h"
#include "soft-leak.h"

/* everything is built hidden, and a hidden malloc replaces nothing */
#define INTERPOSE __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

static atomic_long live;	/* blocks in use in the whole process */
static atomic_long seen;	/* allocations of our libraries since armed */
static long fail_at;		/* 0: none */
static atomic_bool failed;

struct range {
	uintptr_t start, end;
};

static struct range ranges[4];
static int num_ranges;

static int add_range(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	if (!strstr(info->dlpi_name, "libqda") || num_ranges == 4)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X)) {
			ranges[num_ranges].start = info->dlpi_addr + ph->p_vaddr;
			ranges[num_ranges].end = ranges[num_ranges].start + ph->p_memsz;
			num_ranges++;
			break;
		}
	}
	return 0;
}

static bool must_fail(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	for (int i = 0; i < num_ranges; i++) {
		if (at < ranges[i].start || at >= ranges[i].end)
			continue;
		if (atomic_fetch_add(&seen, 1) + 1 == fail_at) {
			atomic_store(&failed, true);
			errno = ENOMEM;
			return true;
		}
		return false;
	}
	return false;
}

static void *count(void *ptr)
{
	if (ptr)
		atomic_fetch_add(&live, 1);
	return ptr;
}

INTERPOSE void *malloc(size_t size)
{
	return must_fail(__builtin_return_address(0)) ? NULL :
	       count(__libc_malloc(size));
}

INTERPOSE void *calloc(size_t n, size_t size)
{
	return must_fail(__builtin_return_address(0)) ? NULL :
	       count(__libc_calloc(n, size));
}

INTERPOSE void *realloc(void *ptr, size_t size)
{
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return ptr ? __libc_realloc(ptr, size) : count(__libc_realloc(ptr, size));
}

INTERPOSE void free(void *ptr)
{
	if (ptr)
		atomic_fetch_sub(&live, 1);
	__libc_free(ptr);
}

static void done(void *data, struct qda_call *call, int err, int32_t status)
{
	(void)call;
	(void)status;
	*(int *)data = err ? err : 1;
}

/* everything the library can do, once; the first error ends it */
static int scenario(void)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *session = NULL;
	struct qda_mapping *mapping = NULL;
	struct qda_buffer *buffer = NULL, *imported = NULL;
	struct qda_device *device = NULL;
	struct qda_device **list = NULL;
	struct qda_module *module = NULL;
	struct qda_call *call = NULL;
	struct qda_ctx *ctx = NULL;
	static uint8_t big[300000];
	int finished = 0, fd = -1;
	int32_t status = 0;
	uint32_t sum;
	void *cpu;
	int err;

	err = qda_ctx_new(NULL, &ctx);
	if (err)
		return err;
	err = qda_device_list(ctx, QDA_LIST_KERNEL | QDA_LIST_SOFT, &list);
	if (err < 0)
		goto out;
	err = qda_device_open(ctx, proof_device(), &device, &failure);
	if (err)
		goto out;
	err = qda_session_open(device, NULL, &session, &failure);
	if (err)
		goto out;
	err = qda_module_open(session, "bench", &module, &failure);
	if (err)
		goto out;
	err = qda_buffer_new(session, 65536, &buffer);
	if (err)
		goto out;
	err = qda_buffer_map(buffer, &cpu);
	if (err)
		goto out;
	err = qda_mapping_new(buffer, NULL, &mapping, &failure);
	if (err)
		goto out;
	fd = qda_buffer_export(buffer);
	if (fd < 0) {
		err = fd;
		goto out;
	}
	err = qda_buffer_import(session, fd, &imported);
	if (err)
		goto out;
	err = qda_invoke(module, BENCH_SINK, &status, QDA_IN_SEQ(big, sizeof(big)),
			 QDA_OUT(&sum));
	if (err)
		goto out;
	const struct qda_arg args[] = {
		QDA_IN_BUF(buffer, 0, 4096),
		QDA_OUT_BUF(buffer, 4096, 4096),
	};
	err = qda_call_new(module, BENCH_TOUCH, args, 2, &call);
	if (err)
		goto out;
	err = qda_call_invoke(call, &status);
	if (err)
		goto out;
	err = qda_call_submit(call, done, &finished);
	while (!err && !finished) {
		err = qda_ctx_wait(ctx, 10000000000);
		err = err > 0 ? 0 : err ? err : -ETIMEDOUT;
	}
	if (!err && finished < 0)
		err = finished;
out:
	if (fd >= 0)
		close(fd);
	qda_call_unref(call);
	qda_mapping_unref(mapping);
	qda_buffer_unref(imported);
	qda_buffer_unref(buffer);
	qda_module_unref(module);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_device_list_free(list);
	qda_ctx_unref(ctx);
	return err ? err : status ? -EREMOTEIO : 0;
}

/* a DSP that ended late, as on a busy machine, is let go of later; not what leaks */
static void let_go(long blocks, long fds)
{
	struct footprint now;
	int i;

	for (i = 0; i < 2000; i++) {
		proc_footprint(getpid(), &now);
		if (atomic_load(&live) <= blocks && now.fds <= fds)
			return;
		soft_let_go();
		sleep_ms(10);
	}
}

static void each_allocation(void **state)
{
	struct footprint before, after;
	long blocks, n, hit = 0;

	(void)state;
	/* what loads itself once, and then where our code is */
	assert_int_equal(scenario(), 0);
	assert_int_equal(scenario(), 0);
	soft_let_go();
	dl_iterate_phdr(add_range, NULL);
	assert_true(num_ranges >= (proof_is_private() ? 2 : 1));

	proc_footprint(getpid(), &before);
	blocks = atomic_load(&live);
	for (n = 1;; n++) {
		int err;

		atomic_store(&seen, 0);
		atomic_store(&failed, false);
		fail_at = n;
		err = scenario();
		fail_at = 0;
		if (atomic_load(&live) > blocks)
			let_go(blocks, before.fds);
		if (!atomic_load(&failed)) {
			assert_int_equal(err, 0);
			break;
		}
		hit++;
		if (err && err != -ENOMEM)
			fail_msg("allocation %ld: %s", n, qda_strerror(err));
		/* fewer: the C library has let go of what it kept of a thread */
		if (atomic_load(&live) > blocks)
			fail_msg("allocation %ld failed: %ld blocks leaked", n,
				 atomic_load(&live) - blocks);
		assert_true(n < 2000);
	}
	let_go(blocks, before.fds);
	proc_footprint(getpid(), &after);
	assert_int_equal(after.fds, before.fds);
	print_message("%ld allocations failed one by one\n", hit);
	assert_true(hit > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation),
	};

	return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
