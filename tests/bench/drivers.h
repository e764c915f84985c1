/* SPDX-License-Identifier: MIT */
/* The two drivers of one DSP, as bench-drivers sees them. */
#ifndef BENCH_DRIVERS_H
#define BENCH_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* methods of the module bench */
#define BENCH_NOOP  2
#define BENCH_TOUCH 6

/* a handle that only the responder in the kernel answers */
#define ANY_HANDLE  0x1000

enum session_kind {
	SESSION_ATTACH,
	SESSION_CREATE,
};

/*
 * Every function ends the program when something fails. What one driver refuses
 * because its own clean-up lags behind is repeated, inside of what is timed.
 */
struct driver {
	const char *name; /* of its module */
	/* a user PD with the module bench */
	void (*open)(const char *node);
	void (*close)(void);
	/* the system call and no more; only with a responder */
	void (*ioctl_alone)(void);
	void (*noop)(void);
	/* touch(), with memory of the caller */
	void (*plain)(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
	/* touch(), from and to one buffer; @registered: known to the driver before */
	uint8_t *(*buffer_new)(size_t size, bool registered);
	void (*buffer_call)(void);
	void (*buffer_free)(void);
	/* open the node, start a PD, close it */
	void (*session)(const char *node, enum session_kind kind);
	/* until the ends of all sessions are answered, by who answers now; can be NULL */
	void (*settle)(const char *node);
};

extern const struct driver driver_fastrpc, driver_qda;

/* how often something was refused and repeated */
extern unsigned long bench_repeated;

_Noreturn void bench_fail(const char *what, int err);
/* -err was "not now": let others run; false: it is another error */
bool bench_again(int err, int not_now);

/* drivers-trace.c */
struct alloc_counts {
	double all; /* slab allocations of the calling thread */
	double own; /* of these, made by the driver itself */
	double pages; /* pages */
};

void bench_count_allocs(const char *module, void (*fn)(void *data), void *data,
			unsigned int calls, struct alloc_counts *ret_counts);

#endif
