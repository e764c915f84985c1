/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * @defgroup call Call
 * Calling a method of a module.
 *
 * Arguments are listed in the declaration order of the interface, and packed as
 * the public interface compiler packs them: scalars, lengths and capacities into
 * one block each way, sequences and strings as buffers of their own.
 *
 * The common case is one statement:
 *
 *	err = qda_invoke(calculator, 2, &status,
 *			 QDA_IN_SEQ(numbers, count), QDA_OUT(&sum));
 *
 * The fast case prepares once and calls often. A prepared call with buffers is
 * one system call each time, allocates nothing and copies nothing but scalars:
 *
 *	err = qda_call_new(image, 2, args, num_args, &call);
 *	while (...)
 *		err = qda_call_invoke(call, &status);
 * @{
 */
#ifndef QDA_CALL_H
#define QDA_CALL_H

#include <qda/buffer.h>
#include <qda/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_call;

/** Kinds of arguments. */
enum qda_arg_kind {
	QDA_ARG_IN = 1,		/**< scalar or struct by value: data, width, align */
	QDA_ARG_OUT = 2,	/**< scalar or struct out: data, width, align */
	QDA_ARG_INOUT = 3,
	QDA_ARG_IN_SEQ = 4,	/**< sequence or string: data or buffer, width, count */
	QDA_ARG_OUT_SEQ = 5,	/**< count is the capacity */
	QDA_ARG_INOUT_SEQ = 6,	/**< data only */
	QDA_ARG_IN_RAW = 7,	/**< a buffer without a length in the scalar block */
	QDA_ARG_OUT_RAW = 8,
	QDA_ARG_HANDLE = 9,	/**< dma handle: buffer, offset, count bytes, dsp_id */
};

/**
 * One argument. Use the QDA_ macros below; unused fields must be zero.
 *
 * @var qda_arg::data
 * Borrowed until the call has ended (prepared calls: as long as the call object
 * lives; read at each invocation, written at each completion).
 */
struct qda_arg {
	uint32_t kind;		/**< enum qda_arg_kind */
	uint32_t width;		/**< bytes of the value, or of one element */
	uint32_t align;		/**< of a struct by value; 0: width */
	int32_t dsp_id;		/**< QDA_ARG_HANDLE */
	void *data;		/**< memory of the caller, copied */
	struct qda_buffer *buffer;	/**< or a buffer of the session, not copied */
	uint64_t offset;	/**< bytes into the buffer */
	uint64_t count;		/**< elements (RAW, HANDLE: bytes) */
};

/* Initialisers of struct qda_arg */
#define QDA__ARG(kind, width, align, id, data, buffer, offset, count) \
	{ (kind), (uint32_t)(width), (uint32_t)(align), (id), \
	  (void *)(uintptr_t)(data), (buffer), (offset), (count) }

#define QDA_ARG_INIT_IN(p, width, align) \
	QDA__ARG(QDA_ARG_IN, width, align, 0, p, NULL, 0, 0)
#define QDA_ARG_INIT_OUT(p, width, align) \
	QDA__ARG(QDA_ARG_OUT, width, align, 0, p, NULL, 0, 0)
#define QDA_ARG_INIT_INOUT(p, width, align) \
	QDA__ARG(QDA_ARG_INOUT, width, align, 0, p, NULL, 0, 0)
#define QDA_ARG_INIT_IN_SEQ(p, width, n) \
	QDA__ARG(QDA_ARG_IN_SEQ, width, 0, 0, p, NULL, 0, n)
#define QDA_ARG_INIT_OUT_SEQ(p, width, n) \
	QDA__ARG(QDA_ARG_OUT_SEQ, width, 0, 0, p, NULL, 0, n)
#define QDA_ARG_INIT_INOUT_SEQ(p, width, n) \
	QDA__ARG(QDA_ARG_INOUT_SEQ, width, 0, 0, p, NULL, 0, n)
#define QDA_ARG_INIT_IN_RAW(p, n) \
	QDA__ARG(QDA_ARG_IN_RAW, 1, 0, 0, p, NULL, 0, n)
#define QDA_ARG_INIT_OUT_RAW(p, n) \
	QDA__ARG(QDA_ARG_OUT_RAW, 1, 0, 0, p, NULL, 0, n)
#define QDA_ARG_INIT_IN_BUF(buf, off, width, n) \
	QDA__ARG(QDA_ARG_IN_SEQ, width, 0, 0, 0, buf, off, n)
#define QDA_ARG_INIT_OUT_BUF(buf, off, width, n) \
	QDA__ARG(QDA_ARG_OUT_SEQ, width, 0, 0, 0, buf, off, n)
#define QDA_ARG_INIT_HANDLE(buf, off, len, id) \
	QDA__ARG(QDA_ARG_HANDLE, 1, 0, id, 0, buf, off, len)

/**
 * Call a method once and wait for its answer.
 *
 * Takes what it needs from the session's pool; allocates only when the pool is
 * empty or the copied arguments are larger than what it holds. The wait goes on
 * after signals: use a prepared call where it must not. Thread safe; the DSP
 * runs calls of different threads at the same time.
 *
 * @param method the method's number in its interface
 * @param args in declaration order; NULL if num_args is 0
 * @param ret_status what the method returned; outputs are written only if it is 0
 * @return 0 the method ran and answered; -EINVAL a bad argument; -E2BIG too many
 *	or too large; -ENOMEM; -ENOSPC; -ENOTCONN; -EPERM; -EAGAIN too many results
 *	wait to be collected; -EPIPE the DSP was lost, the method may have
 *	run; -ENODEV; -ECANCELED the session was released; -EOWNERDEAD
 * @since 0.1
 */
int qda_module_invoke(struct qda_module *module, uint32_t method,
		      const struct qda_arg *args, size_t num_args,
		      int32_t *ret_status);

/**
 * Prepare a call: check and lay out the arguments, take references on buffers,
 * allocate what is needed.
 * @param ret_call a reference for the caller
 * @return 0; -EINVAL; -E2BIG; -ENOMEM; -ENOSPC; -ENODEV; -EOWNERDEAD
 * @since 0.1
 */
int qda_call_new(struct qda_module *module, uint32_t method,
		 const struct qda_arg *args, size_t num_args,
		 struct qda_call **ret_call);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_call *qda_call_ref(struct qda_call *call);
/**
 * Drop a reference. A call in flight keeps what the DSP uses alive by itself. If it
 * was submitted with a callback, that is still called; else its result is dropped.
 * Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_call *qda_call_unref(struct qda_call *call);

/**
 * Make a prepared call and wait for its answer. One system call, no allocation.
 * @return as qda_module_invoke(); -EBUSY it is in flight already; -EINTR a signal
 *	came: the call goes on, collect it with qda_call_wait(); -EAGAIN also when a
 *	signal came before it was sent: make it again
 * @since 0.1
 */
int qda_call_invoke(struct qda_call *call, int32_t *ret_status);

/**
 * Told how an asynchronous call ended, by qda_ctx_process(). Outputs have been
 * written if err and status are 0. The call can be submitted again from here.
 */
typedef void (*qda_call_fn)(void *data, struct qda_call *call, int err,
			    int32_t status);

/**
 * Start a prepared call and return at once. Several calls of one session may be
 * in flight, each object once.
 * @param fn called by qda_ctx_process() when it has ended; NULL: collect it with
 *	qda_call_wait()
 * @return 0; -EAGAIN too many in flight, collect some first; -EBUSY this one is in
 *	flight; else as qda_module_invoke()
 * @since 0.1
 */
int qda_call_submit(struct qda_call *call, qda_call_fn fn, void *data);

/**
 * Wait for a call that was submitted without a callback, or whose
 * qda_call_invoke() was interrupted, and collect its result.
 * @param timeout_ns nanoseconds; 0: only look; negative: no limit
 * @return 0; -ETIMEDOUT it goes on; -EINTR it goes on; -EINVAL not in flight, or
 *	has a callback; -EBUSY another thread waits for it; -EPIPE, -ECANCELED as
 *	qda_module_invoke(); -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_call_wait(struct qda_call *call, int64_t timeout_ns, int32_t *ret_status);

#ifdef __cplusplus
}
#else
/* C only: compound literals of struct qda_arg, with widths taken from types */
#define QDA_IN(p) ((struct qda_arg)QDA_ARG_INIT_IN(p, sizeof(*(p)), _Alignof(__typeof__(*(p)))))
#define QDA_OUT(p) ((struct qda_arg)QDA_ARG_INIT_OUT(p, sizeof(*(p)), _Alignof(__typeof__(*(p)))))
#define QDA_INOUT(p) ((struct qda_arg)QDA_ARG_INIT_INOUT(p, sizeof(*(p)), _Alignof(__typeof__(*(p)))))
/** A scalar given by value. */
#define QDA_IN_U32(v) QDA_IN(&(uint32_t){ (v) })
#define QDA_IN_I32(v) QDA_IN(&(int32_t){ (v) })
#define QDA_IN_I64(v) QDA_IN(&(int64_t){ (v) })
#define QDA_IN_U64(v) QDA_IN(&(uint64_t){ (v) })
#define QDA_IN_FLOAT(v) QDA_IN(&(float){ (v) })
#define QDA_IN_SEQ(p, n) ((struct qda_arg)QDA_ARG_INIT_IN_SEQ(p, sizeof(*(p)), n))
#define QDA_OUT_SEQ(p, n) ((struct qda_arg)QDA_ARG_INIT_OUT_SEQ(p, sizeof(*(p)), n))
#define QDA_INOUT_SEQ(p, n) ((struct qda_arg)QDA_ARG_INIT_INOUT_SEQ(p, sizeof(*(p)), n))
/** A string; its length counts the NUL. */
#define QDA_IN_STR(s) ((struct qda_arg)QDA_ARG_INIT_IN_SEQ(s, 1, __builtin_strlen(s) + 1))
#define QDA_IN_BUF(buf, off, n) ((struct qda_arg)QDA_ARG_INIT_IN_BUF(buf, off, 1, n))
#define QDA_OUT_BUF(buf, off, n) ((struct qda_arg)QDA_ARG_INIT_OUT_BUF(buf, off, 1, n))
#define QDA_HANDLE(buf, off, len, id) ((struct qda_arg)QDA_ARG_INIT_HANDLE(buf, off, len, id))

/** qda_module_invoke() with the arguments listed in place. */
#define qda_invoke(module, method, ret_status, ...) \
	qda_module_invoke(module, method, \
		((const struct qda_arg[]){ __VA_ARGS__ }), \
		sizeof((const struct qda_arg[]){ __VA_ARGS__ }) / sizeof(struct qda_arg), \
		ret_status)
#endif
/** @} */
#endif
