/* SPDX-License-Identifier: MIT */
/*
 * Which methods a PD was running when it crashed. A call in flight leaves its name in
 * a slot of its thread's; two threads that share one cost a name, never more.
 */
#ifndef QDA_RUNNING_H
#define QDA_RUNNING_H

#include "firmware.h"
#include "internal.h"

static inline atomic_uint_least64_t *running_slot(struct qda_session *session)
{
	static __thread char here;

	/* thread-local storage lies at the same place of each thread's own pages */
	return &session->running[((uintptr_t)&here >> 12) % SESSION_RUNNING];
}

static inline void running_enter(struct qda_session *session, uint32_t handle,
				 uint32_t method)
{
	uint64_t call = (uint64_t)handle << 32 | method;

	/* what is made afterwards was not running when the PD ended */
	if (__builtin_expect(atomic_load_explicit(&session->pd_lost,
						  memory_order_relaxed), 0))
		call = 0;
	atomic_store_explicit(running_slot(session), call, memory_order_relaxed);
}

/* the PD is gone: keep what this call was */
void running_lost(struct qda_session *session, uint32_t handle, uint32_t method);

/* status: 0 where there was no answer */
static inline void running_leave(struct qda_session *session, uint32_t handle,
				 uint32_t method, int32_t status)
{
	if (__builtin_expect(status_is_lost(status), 0) &&
	    atomic_load_explicit(running_slot(session), memory_order_relaxed))
		running_lost(session, handle, method);
	atomic_store_explicit(running_slot(session), 0, memory_order_relaxed);
}

#endif
