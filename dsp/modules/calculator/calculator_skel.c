// SPDX-License-Identifier: MIT
#include "calculator.h"
#include "skel.h"

static int skel_sum(remote_handle64 h, remote_arg *pra)
{
	uint32_t len;
	int64 res = 0;
	int err = skel_get(&pra[0], &len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len, sizeof(int));
	if (!err)
		err = calculator_sum(h, pra[1].buf.pv, (int)len, &res);
	if (!err)
		err = skel_put(&pra[2], &res, sizeof(res));
	return err;
}

static int skel_max(remote_handle64 h, remote_arg *pra)
{
	uint32_t len;
	int res = 0;
	int err = skel_get(&pra[0], &len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len, sizeof(int));
	if (!err)
		err = calculator_max(h, pra[1].buf.pv, (int)len, &res);
	if (!err)
		err = skel_put(&pra[2], &res, sizeof(res));
	return err;
}

SKEL_EXPORT int calculator_skel_handle_invoke(remote_handle64 h, uint32_t sc,
					      remote_arg *pra)
{
	static const uint32_t scalars[] = {
		SKEL_SC_OPEN,
		SKEL_SC_CLOSE,
		REMOTE_SCALARS_MAKE(2, 2, 1),
		REMOTE_SCALARS_MAKE(3, 2, 1),
	};
	uint32_t method = REMOTE_SCALARS_METHOD(sc);

	if (method >= sizeof(scalars) / sizeof(scalars[0]))
		return AEE_EUNSUPPORTED;
	if (sc != scalars[method])
		return AEE_EBADPARM;
	switch (method) {
	case 0:
		return skel_open(pra, calculator_open);
	case 1:
		return calculator_close(pra[0].h64);
	case 2:
		return skel_sum(h, pra);
	default:
		return skel_max(h, pra);
	}
}
