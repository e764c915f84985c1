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
	struct payload_bank bank;
	enum pd_kind kind;
	bool is_signed;
	uint64_t remote_heap;		/* bytes that are this PD's for good */
	const char *domain;
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

/* takes fd on success; -EMFILE at the limit. Its thread waits for thread_begin_lane() */
int thread_add_lane(int fd, uint32_t tid, uint32_t *ret_serial);
void thread_begin_lane(uint32_t serial);
/* what steering kept back, run or sent now */
void thread_run_late(const struct pdlink_packet *packet);
void thread_verdict(const struct pdlink_packet *packet);

/* --- pd-call.c: one call -------------------------------------------------- */

int32_t call_execute(struct pd_call *call);

/* --- pd-map.c: memory that DSP code finds by an integer ------------------- */

int32_t map_register(uint32_t dsp_id, uint64_t addr, uint64_t size, uint32_t flags,
		     uint64_t answer, uint64_t *ret_addr);
int32_t map_unregister(uint32_t dsp_id, uint64_t dsp_addr, uint64_t size);
/* heap pages that the client was told to be at dsp_addr; NULL: there are none */
void *map_heap(uint64_t dsp_addr, uint64_t size);
/* tell the CPU about mappings DSP code has ended, in the tail of a payload */
void map_report_finished(uint64_t fdlist);

/* --- pd-reverse.c: calls into the client ------------------------------------ */

/* Waits for the client's answer. DSP_ENOTINITIALIZED: it has no listener */
int32_t reverse_call(uint32_t handle, uint32_t sc, const remote_arg *pra);
/* adsp_listener, methods as in its older form */
int32_t listener_invoke(uint32_t sc, unsigned int method, remote_arg *pra);

/* --- pd-apps.c: names and files of the client -------------------------------- */

/* an entry of a directory, as readdir has it */
struct apps_entry {
	uint32_t ino;
	char name[256];			/* 255 are the name's */
	uint32_t eof;
};

struct apps_stat {
	uint64_t tsz, dev, ino;
	uint32_t mode, nlink;
	uint64_t rdev, size;
	int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
};

/* Statuses are the client's, or why it could not be asked */
int32_t apps_open(const char *name, uint32_t *ret_handle);
int32_t apps_close(uint32_t handle);
int32_t apps_fopen(const char *path, const char *mode, uint32_t *ret_file);
int32_t apps_freopen(uint32_t file, const char *path, const char *mode,
		     uint32_t *ret_file);
int32_t apps_fopen_with_env(const char *env, const char *name, uint32_t *ret_file);
int32_t apps_flen(uint32_t file, uint64_t *ret_len);
int32_t apps_fread(uint32_t file, void *buf, uint32_t len, uint32_t *ret_read);
int32_t apps_fwrite(uint32_t file, const void *buf, uint32_t len);
#define APPS_FROM_START	0
int32_t apps_fseek(uint32_t file, int32_t offset, uint32_t whence);
int32_t apps_fclose(uint32_t file);
int32_t apps_frename(const char *from, const char *to);
int32_t apps_fremove(const char *path);
int32_t apps_stat(const char *path, struct apps_stat *ret_stat);
int32_t apps_opendir(const char *path, uint64_t *ret_dir);
/* ret_entry->eof: there is no further one */
int32_t apps_readdir(uint64_t dir, struct apps_entry *ret_entry);
int32_t apps_closedir(uint64_t dir);
/* memory of the client's, which this PD may use until it is given back */
int32_t apps_map_heap(uint64_t size, void **ret_heap, uint64_t *ret_addr);
int32_t apps_unmap_heap(uint64_t addr, uint64_t size);

/* --- pd-log.c ------------------------------------------------------------------ */

/* wait a moment for what is on its way to the client */
void log_flush(void);

/* --- pd-loader.c, pd-builtin.c ------------------------------------------------- */

typedef int (*skel_invoke_fn)(remote_handle64 handle, uint32_t sc, remote_arg *pra);

struct object;

struct module {
	struct object *object;		/* NULL: part of the image */
	skel_invoke_fn invoke;
};

/* status; text says why not */
int32_t loader_open(const struct uri *uri, struct module *ret_module, char *text,
		    size_t size);
void loader_close(struct module *module);

/* A module that is part of the image; the last of a table has no file */
struct builtin {
	const char *file;
	const char *symbol;
	skel_invoke_fn invoke;
};

/* by its file's name, NULL: there is none */
const struct builtin *builtin_find(const struct uri *uri);

/* --- pd-static.c: the PDs that are there to attach to ------------------------- */

/* what pd_status answers; see docs/softdsp.md */
struct static_report {
	uint32_t kind;
	uint32_t state;
	int32_t error;			/* the first of the job's */
	uint32_t files;
	uint64_t bytes;
	uint32_t checksum;
	int32_t stored;
	uint64_t oemconfig;
	uint64_t heap;
	uint32_t registered;
	uint32_t pad;
};

/* the client serves calls: do what this kind of PD does when it starts */
void static_begin(void);
/* interfaces that such a PD has besides those of the image */
const struct builtin *static_builtin(const struct uri *uri);

/* pd-static-sensors.c */
void static_sensors(struct static_report *report);

/* --- pd-remotectl.c: handles ---------------------------------------------- */

int32_t remotectl_invoke(struct pd_call *call, unsigned int method, remote_arg *pra);
/* a handle remotectl gave out */
int32_t remotectl_dispatch(struct pd_call *call, remote_arg *pra);

/* --- pd-tuning.c: what the client asks of threads and latency -------------- */

/* UINT32_MAX: as it is */
void tuning_set_threads(uint32_t priority, uint32_t stack);
void tuning_set_latency(uint32_t usec);
/* bytes for threads from now on, 0: the system's default */
size_t tuning_stack(void);
/* the interface pd_tuning */
int tuning_invoke(remote_handle64 handle, uint32_t sc, remote_arg *pra);

/* --- pd-process.c ---------------------------------------------------------- */

/* methods as numbered in the older interface, without open and close */
int32_t process_invoke(struct pd_call *call, unsigned int method, remote_arg *pra);
/* methods of a remote_handle64 interface are shifted by open and close */
int32_t process_invoke1(struct pd_call *call, remote_arg *pra);

#endif
