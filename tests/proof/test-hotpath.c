// SPDX-License-Identifier: MIT
/*
 * What a prepared call costs, counted and not timed: system calls (by ptrace),
 * allocations (by replacing malloc), threads.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"
#include "support.h"

/* how many of each are counted */
static int num_calls;

/* --- allocations -------------------------------------------------------- */

/* everything is built hidden, and a hidden malloc replaces nothing */
#define INTERPOSE __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static atomic_long allocations;

INTERPOSE void *malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

INTERPOSE void *calloc(size_t n, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(n, size);
}

INTERPOSE void *realloc(void *ptr, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(ptr, size);
}

INTERPOSE void *aligned_alloc(size_t align, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_memalign(align, size);
}

INTERPOSE int posix_memalign(void **ret, size_t align, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	*ret = __libc_memalign(align, size);
	return *ret ? 0 : ENOMEM;
}

/* --- the calls that are counted ------------------------------------------ */

struct hot {
	struct rig rig;
	struct qda_buffer *buffer;
	struct qda_call *noop;	/* no arguments */
	struct qda_call *touch;	/* a buffer in, a buffer out */
};

static void hot_open(struct hot *hot)
{
	rig_open(&hot->rig);
	assert_int_equal(qda_buffer_new(hot->rig.session, 1 << 20, &hot->buffer), 0);
	assert_int_equal(qda_call_new(hot->rig.bench, BENCH_NOOP, NULL, 0, &hot->noop),
			 0);
	const struct qda_arg args[] = {
		QDA_IN_BUF(hot->buffer, 0, 1 << 19),
		QDA_OUT_BUF(hot->buffer, 1 << 19, 1 << 19),
	};
	assert_int_equal(qda_call_new(hot->rig.bench, BENCH_TOUCH, args, 2, &hot->touch),
			 0);
}

static void hot_close(struct hot *hot)
{
	qda_call_unref(hot->noop);
	qda_call_unref(hot->touch);
	qda_buffer_unref(hot->buffer);
	rig_close(&hot->rig);
}

static int repeat(struct qda_call *call, int n)
{
	int32_t status = -1;

	for (int i = 0; i < n; i++) {
		int err = qda_call_invoke(call, &status);

		if (err || status)
			return -1;
	}
	return 0;
}

static void no_allocation(void **state)
{
	struct hot hot;
	long before;

	(void)state;
	hot_open(&hot);
	assert_int_equal(repeat(hot.noop, 100), 0);
	assert_int_equal(repeat(hot.touch, 100), 0);

	before = atomic_load(&allocations);
	assert_int_equal(repeat(hot.noop, num_calls), 0);
	assert_int_equal(atomic_load(&allocations), before);
	assert_int_equal(repeat(hot.touch, num_calls), 0);
	assert_int_equal(atomic_load(&allocations), before);
	/* the trap itself must be able to fail */
	free(strdup("x"));
	assert_int_equal(atomic_load(&allocations), before + 1);
	hot_close(&hot);
}

/* a one-shot call with small arguments takes everything from the pool */
static void no_allocation_one_shot(void **state)
{
	int32_t numbers[64], status = -1;
	struct hot hot;
	uint32_t sum;
	long before;

	(void)state;
	memset(numbers, 1, sizeof(numbers));
	hot_open(&hot);
	for (int i = 0; i < 10; i++)
		assert_int_equal(qda_invoke(hot.rig.bench, BENCH_SINK, &status,
					    QDA_IN_SEQ((uint8_t *)numbers,
						       sizeof(numbers)),
					    QDA_OUT(&sum)), 0);
	before = atomic_load(&allocations);
	for (int i = 0; i < num_calls; i++)
		assert_int_equal(qda_invoke(hot.rig.bench, BENCH_SINK, &status,
					    QDA_IN_SEQ((uint8_t *)numbers,
						       sizeof(numbers)),
					    QDA_OUT(&sum)), 0);
	assert_int_equal(atomic_load(&allocations), before);
	assert_int_equal(status, 0);
	hot_close(&hot);
}

/* --- system calls ----------------------------------------------------------- */

/* a system call that does nothing and that nobody else makes */
static void mark(int number)
{
	syscall(SYS_write, -1, NULL, number);
}

enum { MARK_NOOP = 7001, MARK_TOUCH, MARK_END };

static void traced(void)
{
	struct hot hot;

	hot_open(&hot);
	if (repeat(hot.noop, 100) || repeat(hot.touch, 100))
		_exit(1);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	raise(SIGSTOP);
	mark(MARK_NOOP);
	repeat(hot.noop, num_calls);
	mark(MARK_TOUCH);
	repeat(hot.touch, num_calls);
	mark(MARK_END);
	hot_close(&hot);
	_exit(0);
}

struct tally {
	long send, recv, ioctl, other;
	uint64_t first_other;
};

static bool is_send(uint64_t nr)
{
	return nr == SYS_sendto || nr == SYS_sendmsg || nr == SYS_write;
}

static bool is_recv(uint64_t nr)
{
	return nr == SYS_recvfrom || nr == SYS_recvmsg || nr == SYS_read;
}

static void count_syscalls(struct tally tallies[2])
{
	struct __ptrace_syscall_info info;
	struct tally *current = NULL;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		traced();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
				   &info) > 0);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (info.entry.nr == SYS_write && (int)info.entry.args[0] == -1) {
			current = info.entry.args[2] == MARK_NOOP ? &tallies[0] :
				  info.entry.args[2] == MARK_TOUCH ? &tallies[1] : NULL;
			continue;
		}
		if (!current)
			continue;
		if (is_send(info.entry.nr)) {
			current->send++;
		} else if (is_recv(info.entry.nr)) {
			current->recv++;
		} else if (info.entry.nr == SYS_ioctl) {
			current->ioctl++;
		} else {
			if (!current->other++)
				current->first_other = info.entry.nr;
		}
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* one send and one receive on the soft device, one ioctl on the kernel's */
static void one_round_trip(void **state)
{
	long messages = proof_is_private() ? num_calls : 0;
	struct tally tallies[2] = { 0 };

	(void)state;
	count_syscalls(tallies);
	for (int i = 0; i < 2; i++) {
		print_message("%s: %ld calls: %ld send, %ld receive, %ld ioctl, %ld other (first: %lu)\n",
			      i ? "touch" : "noop", (long)num_calls, tallies[i].send,
			      tallies[i].recv, tallies[i].ioctl, tallies[i].other,
			      (unsigned long)tallies[i].first_other);
		assert_int_equal(tallies[i].send, messages);
		assert_int_equal(tallies[i].recv, messages);
		assert_int_equal(tallies[i].ioctl, num_calls - messages);
		assert_int_equal(tallies[i].other, 0);
	}
}

/* --- threads ------------------------------------------------------------- */

static void done(void *data, struct qda_call *call, int err, int32_t status)
{
	(void)call;
	assert_int_equal(err, 0);
	assert_int_equal(status, 0);
	++*(int *)data;
}

static long threads_at_depth(struct rig *rig, unsigned int depth)
{
	struct qda_call *calls[32];
	uint32_t us = 1000;
	struct footprint print;
	int finished = 0;

	assert_true(depth <= 32);
	for (unsigned int i = 0; i < depth; i++) {
		const struct qda_arg args[] = { QDA_IN(&us) };

		assert_int_equal(qda_call_new(rig->bench, BENCH_SPIN, args, 1, &calls[i]),
				 0);
		assert_int_equal(qda_call_submit(calls[i], done, &finished), 0);
	}
	proc_footprint(getpid(), &print);
	while (finished < (int)depth)
		assert_true(qda_ctx_wait(rig->ctx, 10000000000) > 0);
	for (unsigned int i = 0; i < depth; i++)
		qda_call_unref(calls[i]);
	return print.threads;
}

static void depth_needs_no_threads(void **state)
{
	struct rig rig;
	long one, many;

	(void)state;
	rig_open(&rig);
	one = threads_at_depth(&rig, 1);
	many = threads_at_depth(&rig, 32);
	print_message("client threads: %ld at depth 1, %ld at depth 32\n", one, many);
	assert_int_equal(one, many);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_allocation),
		cmocka_unit_test(no_allocation_one_shot),
		cmocka_unit_test(one_round_trip),
		cmocka_unit_test(depth_needs_no_threads),
	};

	num_calls = (int)test_count(1000);
	return cmocka_run_group_tests_name("hotpath", tests, NULL, NULL);
}
