/* SPDX-License-Identifier: MIT */
/*
 * Which methods a PD was running when it crashed. A call in flight leaves its name in
 * a slot of its thread's; two threads that share one cost a name, never more.
 */
#ifndef QDA_RUNNING_H
#define QDA_RUNNING_H

#include "firmware.h"
#include "internal.h"

/*
 * The session of which this thread runs a reverse function of the application's: it is
 * the listener, so nobody else serves that session's PD meanwhile.
 */
extern __thread struct qda_session *running_served
	__attribute__((visibility("hidden")));
/* a call that this thread waits for: says, once, what may become of it */
void running_nested(struct qda_session *session, uint32_t handle, uint32_t method);

/* the slot that the call is in, for running_leave() */
static inline atomic_uint_least64_t *
running_enter(struct qda_session *session, uint32_t handle, uint32_t method)
{
	uint64_t call = (uint64_t)handle << 32 | method;
	struct qda_session **here = &running_served;
	atomic_uint_least64_t *slot;

	/* where it is was asked for; without this the compiler would ask twice */
	__asm__("" : "+r"(here));
	if (__builtin_expect(*here == session, 0))
		running_nested(session, handle, method);
	/* what is made afterwards was not running when the PD ended */
	if (__builtin_expect(atomic_load_explicit(&session->pd_lost,
						  memory_order_relaxed), 0))
		call = 0;
	/* thread-local storage lies at the same place of each thread's own pages */
	slot = &session->running[((uintptr_t)here >> 12) % SESSION_RUNNING];
	atomic_store_explicit(slot, call, memory_order_relaxed);
	return slot;
}

/* the PD is gone: keep what this call was */
void running_lost(struct qda_session *session, uint32_t handle, uint32_t method);

/* status: 0 where there was no answer */
static inline void running_leave(struct qda_session *session,
				 atomic_uint_least64_t *slot, uint32_t handle,
				 uint32_t method, int32_t status)
{
	if (__builtin_expect(status_is_lost(status), 0) &&
	    atomic_load_explicit(slot, memory_order_relaxed))
		running_lost(session, handle, method);
	atomic_store_explicit(slot, 0, memory_order_relaxed);
}

#endif
