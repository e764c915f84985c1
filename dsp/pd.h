/* SPDX-License-Identifier: MIT */
/* The PD runtime: one process, one address space of the DSP. */
#ifndef QDA_PD_H
#define QDA_PD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "payload.h"
#include "pdlink.h"
#include "remote.h"
#include "status.h"

#define PD_FIRST_HANDLE		(QDA_HANDLE_STATIC_MAX + 1)

/* What a DSP thread needs for the call it runs; never shared */
struct pd_call {
	struct payload_msg msg;
	uint64_t payload;		/* bus address, if there are arguments */
	unsigned int num_args;
	bool exit_after;		/* the process ends when this is answered */
	struct payload_arg args[PAYLOAD_MAX_ARGS];
	remote_arg pra[PAYLOAD_MAX_ARGS];
	_Alignas(16) unsigned char meta[PAYLOAD_MAX_ARGS * QDA_WIRE_PER_ARG];
	/* counter of the method that was called last */
	uint64_t count_key;
	_Atomic uint64_t *count;
};

struct pd {
	int link;			/* to the root */
	uint32_t sid;
	const char *domain;
	const char *module_dir;
	struct pd_shared *shared;
	char *window;
};

extern struct pd pd;
/* the call this thread runs, NULL outside of calls */
extern __thread struct pd_call *pd_current;

/* --- pd-main.c ---------------------------------------------------------- */

/* Everything that ends the process in order. Never returns. */
_Noreturn void pd_exit(int status);
void pd_send(const struct pdlink_packet *packet);

/* --- pd-window.c: the bank's addresses and what faults in them ---------- */

int window_init(void);
/* errno values, negative */
int window_map(uint64_t addr, uint64_t size, uint64_t offset, int fd);
int window_unmap(uint64_t addr, uint64_t size);
/* SIGSEGV and SIGBUS of this process; each thread needs its own stack for it */
void window_catch_faults(void);
/* for window_thread_start(), which runs in the thread; NULL: no memory */
void *window_stack_new(void);
int window_thread_start(void *stack);
void window_thread_stop(void *stack);

/*
 * The client orders its calls and mappings, which ThreadSanitizer cannot see from
 * within one of the processes.
 */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define window_acquire()	__tsan_acquire(&pd.window)
#define window_release()	__tsan_release(&pd.window)
#else
#define window_acquire()	((void)0)
#define window_release()	((void)0)
#endif

static inline void *window_ptr(uint64_t addr)
{
	return pd.window + addr;
}

/* --- pd-thread.c: DSP threads -------------------------------------------- */

/* takes fd on success; -EMFILE at the limit */
int thread_add_lane(int fd, uint32_t tid);
void thread_set_stack_size(size_t size);
/* what steering kept back, run or sent now */
void thread_run_late(const struct pdlink_packet *packet);
void thread_verdict(const struct pdlink_packet *packet);

/* --- pd-call.c: one call -------------------------------------------------- */

int32_t call_execute(struct pd_call *call);

/* --- pd-map.c: memory that DSP code finds by an integer ------------------- */

int32_t map_register(uint32_t dsp_id, uint64_t addr, uint64_t size, uint32_t flags,
		     uint64_t answer, uint64_t *ret_addr);
int32_t map_unregister(uint32_t dsp_id, uint64_t dsp_addr, uint64_t size);
/* tell the CPU about mappings DSP code has ended, in the tail of a payload */
void map_report_finished(uint64_t fdlist);

/* --- pd-loader.c ---------------------------------------------------------- */

typedef int (*skel_invoke_fn)(remote_handle64 handle, uint32_t sc, remote_arg *pra);

struct module {
	void *object;
	skel_invoke_fn invoke;
};

/*
 * How modules are found. The one there is opens files of this machine; fetching
 * them from the client would be another.
 */
struct loader {
	/* status; text says why not, and where was looked */
	int32_t (*open)(const struct uri *uri, struct module *ret_module, char *text,
			size_t size);
	void (*close)(struct module *module);
};

extern const struct loader loader_file;

/* --- pd-remotectl.c: handles ---------------------------------------------- */

int32_t remotectl_invoke(struct pd_call *call, unsigned int method, remote_arg *pra);
/* a handle remotectl gave out */
int32_t remotectl_dispatch(struct pd_call *call, remote_arg *pra);

/* --- pd-process.c ---------------------------------------------------------- */

/* methods as numbered in the older interface, without open and close */
int32_t process_invoke(struct pd_call *call, unsigned int method, remote_arg *pra);
/* methods of a remote_handle64 interface are shifted by open and close */
int32_t process_invoke1(struct pd_call *call, remote_arg *pra);

#endif
