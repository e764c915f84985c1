/* SPDX-License-Identifier: MIT */
/*
 * Chance against the driver, for a bounded time. Threads share files and buffers and
 * do whatever comes next: calls that are right but for some fields, structs cut and
 * extended, wild numbers (fuzzcalls.c), mappings, reads, closes, duplicates, children
 * (fuzzer.c). Nothing is asserted on the way but that the kernel lives; at the end
 * nothing is left, and the device works.
 *
 *   QDA_FUZZ_SEED     repeat: each thread's choices follow from it
 *   QDA_FUZZ_SECONDS  per case, default 6
 */
#ifndef QDA_KERNEL_FUZZER_H
#define QDA_KERNEL_FUZZER_H

#include <stdatomic.h>

#include "attack.h"

#define FUZZ_HANDLES	8
#define FUZZ_WINDOWS	8
#define FUZZ_ARENA	0x4000

/* one open file, shared by all threads; a hint only, it may have gone already */
struct fuzz_target {
	int fd;
	uint32_t handles[FUZZ_HANDLES];
	uint64_t sizes[FUZZ_HANDLES];
	uint64_t offsets[FUZZ_HANDLES];
	uint64_t tickets[8];
	uint32_t maps[4];
	uint32_t bench;
	uint64_t created;	/* bytes since it was opened */
};

struct fuzzer {
	pthread_t thread;
	struct chance chance;
	struct { void *mem; size_t size; } windows[FUZZ_WINDOWS];
	int bufs[4];
	unsigned long calls;
	atomic_ulong successes;
	/* structs and arguments, and room for as much as a number can ask to write */
	uint8_t arena[FUZZ_ARENA];
	uint8_t behind[0x4000];
};

/* one ioctl; what it brings is kept for the next ones */
void fuzz_call(struct fuzzer *f, struct fuzz_target *t);

/* what happens to the DSP meanwhile, every so often; NULL: nothing */
typedef void (*upset_fn)(struct chance *c);
void fuzz(upset_fn upset, unsigned int every_ms);

#endif
