/* SPDX-License-Identifier: MIT */
/* What qda_ctx_set_trace() shows. Without a tracer all of this is one comparison. */
#ifndef QDA_TRACE_H
#define QDA_TRACE_H

#include "objects.h"

#include <qda/reverse.h>

void trace_write_step(struct qda_session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* what the driver sends to the DSP by itself, on handle 1 */
void trace_write_control(struct qda_session *session, uint32_t scalars,
			 const char *format, ...) __attribute__((format(printf, 3, 4)));
void trace_write_call(struct qda_session *session, const struct kapi_invoke *invoke,
		      const struct scratch_region *region);
/* what became of it */
void trace_write_control_end(struct qda_session *session, uint32_t scalars,
			     const char *name, int err, int32_t status);
void trace_write_return(struct qda_session *session, const struct kapi_invoke *invoke,
			const struct scratch_region *region, int err);
void trace_write_reverse(struct qda_session *session,
			 const struct qda_reverse_call *call);
void trace_write_answer(struct qda_session *session,
			const struct qda_reverse_call *call, int32_t code);

/* "remotectl1 open"; "method 3" where the interface is none of firmware's own */
void trace_method_name(char *buf, size_t size, uint32_t handle, uint32_t method);

#define trace_on(session) __builtin_expect(session_ctx(session)->trace != NULL, 0)

/* something the library does itself */
#define trace_step(session, ...) \
	do { \
		if (trace_on(session)) \
			trace_write_step((session), __VA_ARGS__); \
	} while (0)
#define trace_control(session, scalars, ...) \
	do { \
		if (trace_on(session)) \
			trace_write_control((session), (scalars), __VA_ARGS__); \
	} while (0)
#define trace_control_end(session, scalars, name, err, status) \
	do { \
		if (trace_on(session)) \
			trace_write_control_end((session), (scalars), (name), (err), \
						(status)); \
	} while (0)
/* a call, about to be sent; region: where its packed arguments are, or NULL */
#define trace_call(session, invoke, region) \
	do { \
		if (trace_on(session)) \
			trace_write_call((session), (invoke), (region)); \
	} while (0)
#define trace_return(session, invoke, region, err) \
	do { \
		if (trace_on(session)) \
			trace_write_return((session), (invoke), (region), (err)); \
	} while (0)
/* a call of the DSP's, and what it was answered */
#define trace_reverse(session, call) \
	do { \
		if (trace_on(session)) \
			trace_write_reverse((session), (call)); \
	} while (0)
#define trace_reverse_done(session, call, code) \
	do { \
		if (trace_on(session)) \
			trace_write_answer((session), (call), (code)); \
	} while (0)

#endif
