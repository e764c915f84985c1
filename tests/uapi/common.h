/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite of the raw uapi. The same source runs on the soft device
 * and on the kernel driver:
 *
 *   QDA_UAPI_DEVICE    node to open. Unset: a qda-softdsp is started per group
 *   QDA_UAPI_CONTROL   steering socket of the DSP behind QDA_UAPI_DEVICE
 *   QDA_UAPI_DEVICE_X, QDA_UAPI_CONTROL_X  a further device (X: ADSP, SDSP) for
 *                      cases that need another DSP
 *   QDA_UAPI_SPARE     /dev/qda-sim-N that nobody serves, of a DSP with one context
 *                      bank: cases start a qda-softdsp for it. Its node, when it
 *                      is there, is QDA_UAPI_DEVICE_SDSP
 *   QDA_SOFT_LIBRARY, QDA_SOFTDSP  the soft device and its server
 *   QDA_UAPI_RESULTS   file that gets one line per call looked at, and one with the
 *                      outcome of each case
 *   QDA_UAPI_FILTER    run only the cases this pattern matches (* and ?)
 */
#ifndef QDA_UAPI_COMMON_H
#define QDA_UAPI_COMMON_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <drm/qda_accel.h>

#include "support.h"
#include "sys.h"

/* what outputs hold before a call, so that a stray write shows */
#define FILL32	0xa5a5a5a5U
#define FILL64	0xa5a5a5a5a5a5a5a5ULL

/* --- the frame ---------------------------------------------------------- */

struct device {
	const struct qda_sys *sys;
	struct test_server server;	/* soft only */
	char options[80];
	char path[160];
	char label[32];		/* kernel only: what the node must say it is */
	int control;
};

extern struct device *dev;	/* the one the running case uses */
extern bool is_soft;

typedef void (*case_fn)(const void *arg);

void add_case(const char *name, case_fn fn, const void *arg);
/* Run what was added; what main() returns */
int run_cases(const char *group);

/*
 * Another device for this case: a DSP of another name, or with other options
 * (soft: qda-softdsp options). Skips where there is none.
 */
void use_device(const char *domain, const char *options);
/* one of its own, ended with the case (soft only, skips elsewhere) */
void use_fresh_device(const char *domain, const char *options);
void skip_case(const char *why);

void fail_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));
#define check(cond, ...) \
	do { \
		if (!(cond)) \
			fail_at(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)
#define check_eq(a, b) \
	do { \
		long long check_a_ = (long long)(a), check_b_ = (long long)(b); \
		check(check_a_ == check_b_, "%s is %lld (0x%llx), not %lld (0x%llx)", \
		      #a, check_a_, check_a_, check_b_, check_b_); \
	} while (0)

/* a result line of the running case; nothing that differs between two runs */
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *err_name(int err);

/* --- calls -------------------------------------------------------------- */

int dev_open(void);
/* negative errno instead of a failed case; the path may be another */
int dev_try_open(const char *path);
/* as a process without CAP_SYS_ADMIN; skips where it cannot be done */
int dev_open_unprivileged(void);
void dev_close(int fd);

/* 0 or negative errno; usable from any thread */
int call(int fd, unsigned long request, void *arg);
/* call, record, compare; a failed one must have left the struct alone */
void expect_at(const char *file, int line, int fd, unsigned long request, void *arg,
	       int err);
#define expect(fd, request, arg, err) \
	expect_at(__FILE__, __LINE__, fd, request, arg, err)

/* one field of a struct that worked, changed */
struct bad_field {
	const char *name;
	size_t offset, size;
	uint64_t value;
	int err;
};
#define BAD(name, type, field, value, err) \
	{ name, offsetof(struct type, field), sizeof(((struct type *)0)->field), \
	  (uint64_t)(value), err }
/* a byte of an array member */
#define BAD_BYTE(name, type, field, index, value, err) \
	{ name, offsetof(struct type, field) + (index), 1, (uint64_t)(value), err }
void set_field(void *arg, const struct bad_field *bad);
void expect_bad(int fd, unsigned long request, const void *good,
		const struct bad_field *bad);
#define add_rows(prefix, rows, fn) \
	add_rows_(prefix, rows, ARRAY_SIZE(rows), fn)
/* for cases that leave the session they look at as it was: all have sess_shared() */
void add_case_shared(const char *name, case_fn fn, const void *arg);
#define add_rows_shared(prefix, rows, fn) \
	add_rows_shared_(prefix, rows, ARRAY_SIZE(rows), fn)
void add_rows_(const char *prefix, const struct bad_field *rows, size_t n, case_fn fn);
void add_rows_shared_(const char *prefix, const struct bad_field *rows, size_t n,
		      case_fn fn);

/* --- objects ------------------------------------------------------------ */

uint32_t gem_new(int fd, uint64_t size);
int gem_close(int fd, uint32_t handle);
int gem_offset(int fd, uint32_t handle, uint64_t *ret_offset);
void *gem_map(int fd, uint32_t handle, uint64_t size);
void gem_unmap(void *ptr, uint64_t size);
int prime_export(int fd, uint32_t handle, uint32_t flags, int *ret_fd);
int prime_import(int fd, int buf, uint32_t *ret_handle);
/* something this host can import: a dma-buf, a sealed memfd on the soft device */
int dmabuf_new(size_t size);

uint64_t query(int fd, uint32_t type, uint32_t index);
/* how many banks are free, after waiting for it to become as many */
uint64_t wait_banks_free(int fd, uint64_t want);
/* hold all banks but n; the descriptors are closed with the case */
void take_banks_but(unsigned int n);

/* a session with its working buffer, and perhaps the bench module in it */
#define WORK_SIZE	0x10000
struct sess {
	int fd;
	uint32_t gem;
	uint8_t *mem;
	unsigned int sid;	/* steering's name for it */
	uint32_t bench;		/* remote handle */
};
void sess_open(struct sess *s);
void sess_open_bench(struct sess *s);
/* on a descriptor that is open */
void sess_create(struct sess *s, int fd);
void sess_close(struct sess *s);
/* that of add_case_shared(), with the bench module in it; not to be closed */
struct sess sess_shared(void);
int create_pd(int fd, uint32_t attrs, int32_t *ret_status);

/* the bench module's methods (dsp/modules/bench/bench.idl) */
enum {
	BENCH_NOOP = 2,
	BENCH_ECHO = 3,
	BENCH_CRASH = 8,
	BENCH_FAULT = 9,
	BENCH_LOOKUP = 10,
	BENCH_HANDLE_SUM = 13,
	BENCH_STATUS = 17,
};

static inline struct drm_qda_arg arg_of(uint32_t gem, uint64_t offset, uint64_t length)
{
	return (struct drm_qda_arg){
		.offset = offset, .length = length, .handle = gem,
	};
}

/* a call of the bench module without arguments */
struct drm_qda_remote_invoke noop_call(const struct sess *s, uint32_t flags);
/*
 * echo: the bytes of [offset, length) of gem to the same range of another buffer or
 * of the same one; args must live as long as the call. Lengths go to the first
 * bytes of the working buffer.
 */
struct drm_qda_remote_invoke echo_call(const struct sess *s, struct drm_qda_arg args[3],
				       struct drm_qda_arg from, struct drm_qda_arg to);
/* asynchronous noop; its ticket */
uint64_t noop_submit(const struct sess *s, uint32_t flags, uint64_t user_data);
int wait_ticket(int fd, uint64_t ticket, int64_t deadline, int32_t *ret_status);
/* a limit for waits that must succeed */
int64_t soon(void);
#define SOON_MS	(is_soft ? 30000 : 60000)

/* --- steering ----------------------------------------------------------- */

/* must answer ok */
void steer(char *answer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int steer_number(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* the DSP crashes and comes back, with no rule of what it was told before */
void restart_dsp(int control);
/* until the rule keeps n calls; info (may be NULL): the answer's last line */
void wait_held(unsigned int rule, unsigned int n, char *info, size_t size);
/* key= of the first call in an answer of "held" */
uint64_t held_value(const char *info, const char *key);
/* process of a PD */
pid_t pd_pid(unsigned int sid);
/* whether a range of this size is mapped in the bank */
bool bus_has(unsigned int sid, uint64_t size);
/* or a larger one */
bool bus_spans(unsigned int sid, uint64_t size);
/* bus address of the range of this size; the case fails without one */
uint64_t bus_of(unsigned int sid, uint64_t size);

/* --- threads and signals ------------------------------------------------ */

/* one ioctl in a thread of its own */
struct job {
	pthread_t thread;
	int fd;
	unsigned long request;
	void *arg;
	int ret;
	int done;
	pid_t tid;
};
void job_start(struct job *job, int fd, unsigned long request, void *arg);
/* the case fails when it takes longer than SOON_MS */
int job_join(struct job *job);
bool job_done(struct job *job);
/* SIGUSR1 with a handler that does nothing, installed with these flags */
void job_signal(struct job *job, int sa_flags);
/* until the thread sleeps in its call */
void job_wait_asleep(struct job *job);
/* the case fails when this process needs a processor while fn waits for ms */
void check_idle(void (*fn)(unsigned int ms), unsigned int ms);

#endif
