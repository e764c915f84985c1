// SPDX-License-Identifier: MIT
/* Which process and which thread this is, without asking the kernel each time. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "soft.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK	18
#endif

#define GEN_BUSY	UINT32_MAX

static _Atomic(atomic_uint *) gen_page;
static atomic_uint gen_last;		/* inherited by a child, unlike the page */
static __thread struct thread self;
static pthread_key_t exit_key;
static bool exit_key_made;

static void thread_exit(void *arg)
{
	struct thread *thread = arg;

	/* the cache may have forgotten some: ask every file */
	if (thread->has_lanes && thread->gen == soft_generation_peek())
		files_thread_ended(thread->tid);
	free(thread->scratch);
	*thread = (struct thread){ 0 };
}

static atomic_uint *make_page(void)
{
	atomic_uint *page, *old = NULL;

	page = mmap(NULL, SOFT_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, SOFT_PAGE, MADV_WIPEONFORK)) {
		munmap(page, SOFT_PAGE);
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&gen_page, &old, page)) {
		munmap(page, SOFT_PAGE);
		return old;
	}
	return page;
}

uint32_t soft_generation_peek(void)
{
	atomic_uint *page = atomic_load_explicit(&gen_page, memory_order_acquire);
	uint32_t gen = page ? atomic_load_explicit(page, memory_order_acquire) : 0;

	return gen == GEN_BUSY ? 0 : gen;
}

uint32_t soft_generation(void)
{
	atomic_uint *page = atomic_load(&gen_page);
	uint32_t gen;

	if (!page)
		page = make_page();
	if (!page)
		return 0;
	for (;;) {
		gen = atomic_load(page);
		if (gen && gen != GEN_BUSY)
			return gen;
		if (!gen && atomic_compare_exchange_strong(page, &gen, GEN_BUSY)) {
			/* a lock that was held at fork has no owner any more */
			files_reset_locks();
			servers_reset_locks();
			if (!exit_key_made)
				exit_key_made = !pthread_key_create(&exit_key,
								    thread_exit);
			gen = atomic_fetch_add(&gen_last, 1) + 1;
			atomic_store(page, gen);
			return gen;
		}
		sched_yield();
	}
}

static void find_stack(struct thread *thread)
{
	pthread_attr_t attr;
	size_t size;
	void *addr;

	thread->stack_lo = thread->stack_hi = 0;
	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &addr, &size)) {
		thread->stack_lo = (uintptr_t)addr;
		thread->stack_hi = (uintptr_t)addr + size;
	}
	pthread_attr_destroy(&attr);
}

struct thread *soft_thread(void)
{
	uint32_t gen = soft_generation_peek();
	unsigned int i;

	if (self.gen != gen) {
		for (i = 0; i < LANE_CACHE; i++)
			self.lanes[i].file_id = 0;
		self.has_lanes = false;
		self.tid = (pid_t)syscall(SYS_gettid);
		find_stack(&self);
		if (exit_key_made)
			pthread_setspecific(exit_key, &self);
		self.gen = gen;
	}
	return &self;
}
