/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM qda

#if !defined(__QDA_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __QDA_TRACE_H__

#include <linux/tracepoint.h>

#include "qda_drv.h"

/* A message has been given an identity and is about to be sent */
TRACE_EVENT(qda_call_start,
	TP_PROTO(const struct qda_call *call),
	TP_ARGS(call),
	TP_STRUCT__entry(
		__string(dsp, call->session->qdev->name)
		__field(u64, ctx)
		__field(u64, ticket)
		__field(u32, handle)
		__field(u32, sc)
	),
	TP_fast_assign(
		__assign_str(dsp);
		__entry->ctx = call->ctx;
		__entry->ticket = call->ticket;
		__entry->handle = call->handle;
		__entry->sc = call->sc;
	),
	TP_printk("%s ctx=%#llx ticket=%#llx handle=%#x sc=%#010x",
		  __get_str(dsp), __entry->ctx, __entry->ticket,
		  __entry->handle, __entry->sc)
);

/* A call has ended: answered, or cut short with an error */
TRACE_EVENT(qda_call_end,
	TP_PROTO(const struct qda_call *call, int error, s32 status),
	TP_ARGS(call, error, status),
	TP_STRUCT__entry(
		__string(dsp, call->session->qdev->name)
		__field(u64, ctx)
		__field(u64, ticket)
		__field(int, error)
		__field(s32, status)
	),
	TP_fast_assign(
		__assign_str(dsp);
		__entry->ctx = call->ctx;
		__entry->ticket = call->ticket;
		__entry->error = error;
		__entry->status = status;
	),
	TP_printk("%s ctx=%#llx ticket=%#llx error=%d status=%#x",
		  __get_str(dsp), __entry->ctx, __entry->ticket,
		  __entry->error, __entry->status)
);

/* A packet that belongs to no call in flight */
TRACE_EVENT(qda_reply_ignored,
	TP_PROTO(const struct qda_device *qdev, u64 ctx, size_t len),
	TP_ARGS(qdev, ctx, len),
	TP_STRUCT__entry(
		__string(dsp, qdev->name)
		__field(u64, ctx)
		__field(size_t, len)
	),
	TP_fast_assign(
		__assign_str(dsp);
		__entry->ctx = ctx;
		__entry->len = len;
	),
	TP_printk("%s ctx=%#llx len=%zu", __get_str(dsp), __entry->ctx,
		  __entry->len)
);

#endif /* __QDA_TRACE_H__ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE qda_trace
#include <trace/define_trace.h>
