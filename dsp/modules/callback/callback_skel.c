// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "callback.h"
#include "skel.h"

struct run_in {
	uint32_t name_len;
	int32_t steps;
	int64_t value;
};

struct log_in {
	int32_t level;
	uint32_t text_len;
};

static int skel_run(remote_handle64 h, remote_arg *pra)
{
	struct run_in in;
	int64 result = 0;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_str(&pra[1], in.name_len);
	if (!err)
		err = callback_run(h, pra[1].buf.pv, in.steps, in.value, &result);
	if (!err)
		err = skel_put(&pra[2], &result, sizeof(result));
	return err;
}

static int skel_log(remote_handle64 h, remote_arg *pra)
{
	struct log_in in;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_str(&pra[1], in.text_len);
	if (!err)
		err = callback_log(h, in.level, pra[1].buf.pv);
	return err;
}

SKEL_EXPORT int callback_skel_handle_invoke(remote_handle64 h, uint32_t sc,
					    remote_arg *pra)
{
	static const uint32_t scalars[] = {
		SKEL_SC_OPEN,
		SKEL_SC_CLOSE,
		REMOTE_SCALARS_MAKE(2, 2, 1),
		REMOTE_SCALARS_MAKE(3, 2, 0),
	};
	uint32_t method = REMOTE_SCALARS_METHOD(sc);

	if (method >= sizeof(scalars) / sizeof(scalars[0]))
		return AEE_EUNSUPPORTED;
	if (sc != scalars[method])
		return AEE_EBADPARM;
	switch (method) {
	case 0:
		return skel_open(pra, callback_open);
	case 1:
		return callback_close(pra[0].h64);
	case 2:
		return skel_run(h, pra);
	default:
		return skel_log(h, pra);
	}
}
