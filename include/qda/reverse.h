/* SPDX-License-Identifier: MIT */
/**
 * @file reverse.h
 * @defgroup reverse Reverse calls
 * Calls that DSP code makes into the application: FastRPC's reverse calls.
 *
 * The library answers the firmware's own ones (files, heap, log). An application
 * registers functions of its own under a name; DSP code opens that name and calls
 * methods by number, as it would call a module.
 * @{
 */
#ifndef QDA_REVERSE_H
#define QDA_REVERSE_H

#include <qda/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One block of a reverse call. */
struct qda_reverse_arg {
	void *data;		/**< aligned to 8; NULL if size is 0 */
	size_t size;		/**< bytes */
};

/**
 * A reverse call, taken apart. The first input holds the scalars and the lengths
 * of what follows, the first output the scalars returned, laid out as the interface
 * compiler does. Inputs are private copies, which the DSP cannot change any more;
 * outputs are zero. Neither is valid after the function has returned.
 */
struct qda_reverse_call {
	size_t size;		/**< sizeof(struct qda_reverse_call) */
	/** 0 to 31; for 31 the first word of the first input is the real number */
	uint32_t method;
	uint32_t handle;	/**< what the DSP got when it opened the name */
	const struct qda_reverse_arg *in;
	size_t num_in;
	const struct qda_reverse_arg *out; /**< to be filled, never resized */
	size_t num_out;
};

/**
 * Called for each reverse call, on the session's own thread, one at a time. It may
 * call any function of the library; the DSP's caller waits meanwhile, and so does
 * every further reverse call of the session.
 * So what it calls on the session's DSP must not call back, nor need a file of a
 * module: that would wait until another thread releases the session. The first call
 * of a session that is made so, and waited for without limit, is logged as a warning.
 * It has to return:
 * no longjmp(), no pthread_exit(), and a child that it forks ends itself.
 * @return 0, or an error code for the DSP, as qda_status_name() knows them (14 is
 *	AEE_EBADPARM): outputs are then not sent
 */
typedef int32_t (*qda_reverse_fn)(void *data, const struct qda_reverse_call *call);

struct qda_reverse;

/**
 * Register functions of the application under a name. DSP code opens it as "name" or
 * as "file:///libname_skel.so?...", with remote_handle_open() or the stubs generated
 * for it. Thread safe. The object holds a reference on the session.
 *
 * @param name 1 to 255 letters, digits, '_', '.' and '-'; unique in the session
 * @param fn called for every method
 * @param ret_reverse for the caller, to be dropped with qda_reverse_unref()
 * @param reterr NULL, or where to say why
 * @return 0; -EINVAL; -EEXIST; -EOPNOTSUPP the session has no listener; -ENOMEM;
 *	-EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_reverse_new(struct qda_session *session, const char *name, qda_reverse_fn fn,
		    void *data, struct qda_reverse **ret_reverse,
		    struct qda_failure *reterr);

/**
 * Take the name and its handles back. Waits for a call of it that is running, unless
 * it is that call which drops it; afterwards fn is not called any more. So two functions
 * must not each take back what the other one runs in. Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_reverse *qda_reverse_unref(struct qda_reverse *reverse);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
