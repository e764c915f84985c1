// SPDX-License-Identifier: MIT
/* adsp_current_process: what a client may ask of its own PD */
#include <string.h>
#include <unistd.h>

#include "pd.h"

enum process_method {
	PROCESS_EXIT,
	PROCESS_THREAD_EXIT,
	PROCESS_SET_LOGGING_PARAMS,
	PROCESS_GET_ASID,
	PROCESS_SET_QOS,
	PROCESS_EXCEPTION,
	PROCESS_SET_LOGGING_PARAMS2,
	PROCESS_POLL_MODE,
	PROCESS_ENABLE_NOTIFICATIONS,
};

/* exactly these arguments, the first input and output of these sizes */
static bool shape(uint32_t sc, const remote_arg *pra, unsigned int in,
		  unsigned int out, size_t in0, size_t out0)
{
	return payload_in(sc) == in && payload_out(sc) == out &&
	       !payload_in_handles(sc) && (!in || pra[0].buf.nLen >= in0) &&
	       (!out || pra[in].buf.nLen >= out0);
}

int32_t process_invoke(struct pd_call *call, unsigned int method, remote_arg *pra)
{
	struct pdlink_packet packet = { .op = PDLINK_NOTIFY };
	uint32_t sc = call->msg.sc, asid = pd.sid, usec;

	switch (method) {
	case PROCESS_EXIT:
		if (!shape(sc, pra, 0, 0, 0, 0))
			return DSP_EBADPARM;
		log_flush();
		call->exit_after = true;
		return 0;
	case PROCESS_THREAD_EXIT:
		/* the lane stays: its next call would make the thread again */
		return shape(sc, pra, 0, 0, 0, 0) ? 0 : DSP_EBADPARM;
	case PROCESS_GET_ASID:
		if (!shape(sc, pra, 0, 1, 0, sizeof(asid)))
			return DSP_EBADPARM;
		memcpy(pra[0].buf.pv, &asid, sizeof(asid));
		return 0;
	case PROCESS_SET_QOS:
		if (!shape(sc, pra, 1, 0, sizeof(usec), 0))
			return DSP_EBADPARM;
		memcpy(&usec, pra[0].buf.pv, sizeof(usec));
		tuning_set_latency(usec);
		return 0;
	case PROCESS_EXCEPTION:
		__builtin_trap();
	case PROCESS_ENABLE_NOTIFICATIONS:
		if (!shape(sc, pra, 0, 0, 0, 0))
			return DSP_EBADPARM;
		pd_send(&packet);
		return 0;
	default:
		return DSP_EUNSUPPORTED;
	}
}

int32_t process_invoke1(struct pd_call *call, remote_arg *pra)
{
	unsigned int method = payload_method(call->msg.sc);

	if (method < 2)
		return DSP_EUNSUPPORTED;
	return process_invoke(call, method - 2, pra);
}
