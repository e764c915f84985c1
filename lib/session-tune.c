// SPDX-License-Identifier: MIT
/* What a session holds in memory, its limit; and the latency it asks of the DSP */
#include <errno.h>
#include <string.h>

#include "firmware.h"
#include "objects.h"

QDA_EXPORT int qda_session_get_memory(struct qda_session *session,
				      struct qda_session_memory *ret_memory)
{
	struct qda_session_memory memory = { .size = sizeof(memory) };
	int err;

	if (!session || !ret_memory || ret_memory->size < sizeof(memory))
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (!err)
		err = kapi_query(session->file, KAPI_MEM_NATIVE, 0, &memory.native,
				 NULL);
	if (!err)
		err = kapi_query(session->file, KAPI_MEM_IMPORTED, 0, &memory.imported,
				 NULL);
	if (!err)
		err = kapi_query(session->file, KAPI_MEM_LIMIT, 0, &memory.limit, NULL);
	if (!err) {
		memory.size = ret_memory->size;
		memcpy(ret_memory, &memory, sizeof(memory));
	}
	return err;
}

QDA_EXPORT int qda_session_set_memory_limit(struct qda_session *session, uint64_t bytes)
{
	int err;

	if (!session || !bytes)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	return err ? err : kapi_set_memory_limit(session->file, bytes);
}

QDA_EXPORT int qda_session_set_latency(struct qda_session *session, uint32_t usec,
				       int32_t *ret_status)
{
	int err;

	if (!session || !ret_status)
		return -EINVAL;
	err = qda_ctx_check(session_ctx(session));
	if (err)
		return err;
	if (!session->is_user_pd)
		return -ENOTCONN;
	return session_invoke(session, CURRENT_PROCESS1, PROCESS1_SET_QOS,
			      (const struct qda_arg[]){ QDA_IN(&usec) }, 1, ret_status);
}
