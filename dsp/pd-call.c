// SPDX-License-Identifier: MIT
/* One call: payload to arguments, handle to code. */
#include <string.h>

#include "pd.h"

__thread struct pd_call *pd_current;

static void count_slow(struct pd_call *call, uint64_t key)
{
	struct pd_count *counts = pd.shared->counts;
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15ULL >> 54), i;

	_Static_assert(PDLINK_COUNTS == 1 << 10, "the hash has that many bits");
	call->count = &pd.shared->other_calls;
	call->count_key = key;
	for (i = 0; i < PDLINK_COUNTS; i++) {
		struct pd_count *c = &counts[(at + i) % PDLINK_COUNTS];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&c->key, &found, key) ||
		    found == key) {
			call->count = &c->n;
			return;
		}
	}
}

static void count_call(struct pd_call *call)
{
	uint64_t key = ((uint64_t)call->msg.handle << 5 |
			payload_method(call->msg.sc)) + 1;

	if (call->count_key != key)
		count_slow(call, key);
	atomic_fetch_add_explicit(call->count, 1, memory_order_relaxed);
}

static void translate(struct pd_call *call)
{
	unsigned int buffers = payload_in(call->msg.sc) + payload_out(call->msg.sc);
	unsigned int i;

	for (i = 0; i < call->num_args; i++) {
		const struct payload_arg *arg = &call->args[i];

		if (i >= buffers) {
			call->pra[i].dma.fd = (int32_t)arg->dsp_id;
			call->pra[i].dma.offset = arg->offset;
		} else {
			call->pra[i].buf.pv = arg->len ? window_ptr(arg->addr) : NULL;
			call->pra[i].buf.nLen = arg->len;
		}
	}
}

static int32_t dispatch(struct pd_call *call)
{
	uint32_t handle = call->msg.handle;
	unsigned int method = payload_method(call->msg.sc);

	if (handle >= PD_FIRST_HANDLE)
		return remotectl_dispatch(call, call->pra);
	switch (handle) {
	case QDA_HANDLE_REMOTECTL:
		return remotectl_invoke(call, method, call->pra);
	case QDA_HANDLE_REMOTECTL1:
		/* its first two methods are the open and close of the interface */
		return method < 2 ? DSP_EUNSUPPORTED :
				    remotectl_invoke(call, method - 2, call->pra);
	case QDA_HANDLE_LISTENER:
		return listener_invoke(call->msg.sc, method, call->pra);
	case QDA_HANDLE_LISTENER1:
		return method < 2 ? DSP_EUNSUPPORTED :
				    listener_invoke(call->msg.sc, method - 2, call->pra);
	case QDA_HANDLE_CURRENT_PROCESS1:
		return process_invoke1(call, call->pra);
	default:
		return DSP_EUNSUPPORTED;
	}
}

int32_t call_execute(struct pd_call *call)
{
	int32_t status;

	window_acquire();
	count_call(call);
	call->num_args = payload_num_args(call->msg.sc);
	status = payload_locate(&call->msg, &pd.bank, &call->payload);
	if (status)
		return status;
	if (call->num_args) {
		/* the CPU may still write it: copied once, then only the copy */
		memcpy(call->meta, window_ptr(call->payload),
		       payload_meta_size(call->num_args));
		status = payload_decode(call->meta, call->msg.sc, &pd.bank, call->args);
		if (status)
			return status;
		translate(call);
	}
	pd_current = call;
	status = dispatch(call);
	pd_current = NULL;
	if (call->num_args)
		map_report_finished(call->payload + payload_meta_size(call->num_args));
	window_release();
	return status;
}
