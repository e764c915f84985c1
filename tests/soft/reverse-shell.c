// SPDX-License-Identifier: MIT
/* What the shell image of test-reverse.c has more than the other: a module that calls */
#include <stdlib.h>
#include <string.h>

#include "pd.h"
#include "reverse-shell.h"

/* two blocks each way, with bytes that depend on their place and number */
static int transfer(remote_handle app, const struct transfer *t)
{
	uint8_t *in = malloc(t->in_size + 1), *out = malloc(t->out_size + 1);
	uint32_t prim[2] = { t->in_size, t->out_size }, answer = 0;
	remote_arg pra[] = {
		{ .buf = { prim, sizeof(prim) } },
		{ .buf = { in, t->in_size } },
		{ .buf = { &answer, sizeof(answer) } },
		{ .buf = { out, t->out_size } },
	};
	int status = DSP_ENOMEMORY;

	if (in && out) {
		transfer_fill(in, t->in_size, TRANSFER_IN);
		status = remote_handle_invoke(
			app, REMOTE_SCALARS_MAKE(t->method, 2, 2), pra);
	}
	if (!status && (!transfer_is(out, t->out_size, TRANSFER_OUT) ||
			answer != TRANSFER_ANSWER))
		status = TRANSFER_WRONG;
	free(in);
	free(out);
	return status;
}

static int run(const struct transfer *t, const char *name, uint32_t *ret_handle)
{
	remote_handle app = t->handle;
	uint32_t i;
	int status = app ? 0 : remote_handle_open(name, &app);

	*ret_handle = app;
	for (i = 0; i < t->count && !status; i++)
		status = transfer(app, t);
	if (!t->handle && !t->keep && app)
		remote_handle_close(app);
	return status;
}

static int reverse_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra)
{
	uint32_t out[2] = { 0 };
	struct transfer t;

	(void)h;
	if (REMOTE_SCALARS_METHOD(sc) != REVERSE_TRANSFER)
		return DSP_EUNSUPPORTED;
	if (payload_in(sc) != 2 || payload_out(sc) != 1 ||
	    pra[0].buf.nLen < sizeof(t) || pra[2].buf.nLen < sizeof(out))
		return DSP_EBADPARM;
	memcpy(&t, pra[0].buf.pv, sizeof(t));
	if (!t.name_len || t.name_len > pra[1].buf.nLen)
		return DSP_EBADPARM;
	out[0] = (uint32_t)run(&t, pra[1].buf.pv, &out[1]);
	memcpy(pra[2].buf.pv, out, sizeof(out));
	return 0;
}

extern const struct builtin pd_more_builtins[];
const struct builtin pd_more_builtins[] = {
	{ "libreverse_skel.so", "reverse_skel_handle_invoke", reverse_invoke },
	{ 0 },
};
