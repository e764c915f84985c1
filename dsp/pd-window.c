// SPDX-License-Identifier: MIT
/*
 * The context bank as this PD sees it: a reserved range of its whole bus space.
 * Translation is one addition; what is not mapped faults as it would at an SMMU.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pd.h"

#define ALT_STACK_SIZE	(64u << 10)

int window_init(void)
{
	void *p = mmap(NULL, pd.bank.end, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	/* a crash is reported by its address, not by the image of a bank */
	madvise(p, pd.bank.end, MADV_DONTDUMP);
	pd.window = p;
	return 0;
}

static bool is_inside(uint64_t addr, uint64_t size)
{
	return size && addr < pd.bank.end && size <= pd.bank.end - addr;
}

int window_map(uint64_t addr, uint64_t size, uint64_t offset, int fd)
{
	if (!is_inside(addr, size))
		return -EINVAL;
	if (mmap(window_ptr(addr), size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, (off_t)offset) == MAP_FAILED)
		return -errno;
	window_release();
	return 0;
}

int window_unmap(uint64_t addr, uint64_t size)
{
	if (!is_inside(addr, size))
		return -EINVAL;
	window_acquire();
	if (mmap(window_ptr(addr), size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return -errno;
	window_release();
	return 0;
}

/* Leave the address for the root to report, then die of the signal. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	uintptr_t at = (uintptr_t)info->si_addr, base = (uintptr_t)pd.window;
	bool inside = info->si_code > 0 && at - base < pd.bank.end;
	uint32_t none = 0;

	(void)context;
	if (atomic_compare_exchange_strong(&pd.shared->fault, &none, 1)) {
		pd.shared->fault_signal = (uint32_t)sig;
		pd.shared->fault_in_window = inside;
		pd.shared->fault_addr = inside ? at - base : at;
		atomic_store(&pd.shared->fault, 2);
	}
	sigaction(sig, &dfl, NULL);
	/* a fault repeats itself on return, a signal that was sent does not */
	if (info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

void window_catch_faults(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/* DSP code that overruns its stack still has to be reported */
void *window_stack_new(void)
{
	return malloc(ALT_STACK_SIZE);
}

int window_thread_start(void *stack)
{
	stack_t alt = { .ss_sp = stack, .ss_size = ALT_STACK_SIZE };

	if (!stack)
		return -ENOMEM;
	return sigaltstack(&alt, NULL) ? -errno : 0;
}

void window_thread_stop(void *stack)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);
	free(stack);
}
