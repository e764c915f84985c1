// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "bench.h"
#include "skel.h"

/* bytes of a block up to and with its last member, without trailing padding */
#define END_OF(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))

struct fault_in {
	uint32_t len;
	int64_t offset;
};

struct scalars_in {
	uint8_t a;
	int16_t b;
	int32_t c;
	int64_t d;
	float e;
	double f;
};

struct scalars_out {
	double f;
	float e;
	int64_t d;
	int32_t c;
	int16_t b;
	uint8_t a;
};

static int skel_noop(remote_handle64 h, remote_arg *pra)
{
	(void)pra;
	return bench_noop(h);
}

static int skel_echo(remote_handle64 h, remote_arg *pra)
{
	uint32_t len[2];
	int err = skel_get(&pra[0], len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len[0], 1);
	if (!err)
		err = skel_seq(&pra[2], len[1], 1);
	if (!err)
		err = bench_echo(h, pra[1].buf.pv, (int)len[0], pra[2].buf.pv,
				 (int)len[1]);
	return err;
}

static int skel_sink(remote_handle64 h, remote_arg *pra)
{
	uint32_t len, checksum = 0;
	int err = skel_get(&pra[0], &len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len, 1);
	if (!err)
		err = bench_sink(h, pra[1].buf.pv, (int)len, &checksum);
	if (!err)
		err = skel_put(&pra[2], &checksum, sizeof(checksum));
	return err;
}

static int skel_source(remote_handle64 h, remote_arg *pra)
{
	uint32_t in[2];
	int err = skel_get(&pra[0], in, sizeof(in));

	if (!err)
		err = skel_seq(&pra[1], in[1], 1);
	if (!err)
		err = bench_source(h, in[0], pra[1].buf.pv, (int)in[1]);
	return err;
}

static int skel_touch(remote_handle64 h, remote_arg *pra)
{
	uint32_t len[2];
	int err = skel_get(&pra[0], len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len[0], 1);
	if (!err)
		err = skel_seq(&pra[2], len[1], 1);
	if (!err)
		err = bench_touch(h, pra[1].buf.pv, (int)len[0], pra[2].buf.pv,
				  (int)len[1]);
	return err;
}

static int skel_spin(remote_handle64 h, remote_arg *pra)
{
	uint32_t us;
	int err = skel_get(&pra[0], &us, sizeof(us));

	return err ? err : bench_spin(h, us);
}

static int skel_crash(remote_handle64 h, remote_arg *pra)
{
	(void)pra;
	return bench_crash(h);
}

static int skel_fault(remote_handle64 h, remote_arg *pra)
{
	struct fault_in in;
	uint8_t value = 0;
	int err = skel_get(&pra[0], &in, sizeof(in));

	if (!err)
		err = skel_seq(&pra[1], in.len, 1);
	if (!err)
		err = bench_fault(h, pra[1].buf.pv, (int)in.len, in.offset, &value);
	if (!err)
		err = skel_put(&pra[2], &value, sizeof(value));
	return err;
}

static int skel_lookup(remote_handle64 h, remote_arg *pra)
{
	uint32_t in[2];
	uint64_t sum = 0;
	int err = skel_get(&pra[0], in, sizeof(in));

	if (!err)
		err = bench_lookup(h, (int)in[0], in[1], &sum);
	if (!err)
		err = skel_put(&pra[1], &sum, sizeof(sum));
	return err;
}

static int skel_sleep(remote_handle64 h, remote_arg *pra)
{
	uint32_t us;
	int err = skel_get(&pra[0], &us, sizeof(us));

	return err ? err : bench_sleep(h, us);
}

static int skel_where(remote_handle64 h, remote_arg *pra)
{
	int32_t out[2] = { 0, 0 };
	int err = bench_where(h, &out[0], &out[1]);

	return err ? err : skel_put(&pra[0], out, sizeof(out));
}

static int skel_handle_sum(remote_handle64 h, remote_arg *pra)
{
	/* a copy: the array of arguments may lie in shared memory as well */
	remote_dma_handle dma = pra[2].dma;
	uint32_t length;
	uint64_t sum = 0;
	int err = skel_get(&pra[0], &length, sizeof(length));

	if (!err)
		err = bench_handle_sum(h, length, dma.fd, dma.offset, &sum);
	if (!err)
		err = skel_put(&pra[1], &sum, sizeof(sum));
	return err;
}

static int skel_scalars(remote_handle64 h, remote_arg *pra)
{
	struct scalars_in in;
	struct scalars_out out;
	int err;

	memset(&out, 0, sizeof(out));
	err = skel_get(&pra[0], &in, END_OF(struct scalars_in, f));
	if (!err)
		err = bench_scalars(h, in.a, in.b, in.c, in.d, in.e, in.f, &out.f,
				    &out.e, &out.d, &out.c, &out.b, &out.a);
	if (!err)
		err = skel_put(&pra[1], &out, END_OF(struct scalars_out, a));
	return err;
}

static int skel_text(remote_handle64 h, remote_arg *pra)
{
	uint32_t len[2];
	int err = skel_get(&pra[0], len, sizeof(len));

	if (!err)
		err = skel_str(&pra[1], len[0]);
	if (!err)
		err = skel_seq(&pra[2], len[1], 1);
	if (!err)
		err = bench_text(h, pra[1].buf.pv, (int)len[0], pra[2].buf.pv,
				 (int)len[1]);
	return err;
}

static int skel_add(remote_handle64 h, remote_arg *pra)
{
	int64 in[2];
	int err = skel_get(&pra[0], in, sizeof(in));

	if (!err)
		err = bench_add(h, &in[0], in[1]);
	if (!err)
		err = skel_put(&pra[1], &in[0], sizeof(in[0]));
	return err;
}

static int skel_status(remote_handle64 h, remote_arg *pra)
{
	int32_t code;
	int err = skel_get(&pra[0], &code, sizeof(code));

	return err ? err : bench_status(h, code);
}

static int skel_vectors(remote_handle64 h, remote_arg *pra)
{
	uint32_t len[3];
	int err = skel_get(&pra[0], len, sizeof(len));

	if (!err)
		err = skel_seq(&pra[1], len[0], sizeof(short));
	if (!err)
		err = skel_seq(&pra[2], len[1], sizeof(short));
	if (!err)
		err = skel_seq(&pra[3], len[2], sizeof(int));
	if (!err)
		err = bench_vectors(h, pra[1].buf.pv, (int)len[0], pra[2].buf.pv,
				    (int)len[1], pra[3].buf.pv, (int)len[2]);
	return err;
}

static int skel_map_once(remote_handle64 h, remote_arg *pra)
{
	uint32_t in[2];
	uint64_t sum = 0;
	int err = skel_get(&pra[0], in, sizeof(in));

	if (!err)
		err = bench_map_once(h, (int)in[0], in[1], &sum);
	if (!err)
		err = skel_put(&pra[1], &sum, sizeof(sum));
	return err;
}

SKEL_EXPORT int bench_skel_handle_invoke(remote_handle64 h, uint32_t sc,
					 remote_arg *pra)
{
	static const struct {
		uint32_t sc;
		int (*fn)(remote_handle64 h, remote_arg *pra);
	} methods[] = {
		{ SKEL_SC_OPEN, NULL },
		{ SKEL_SC_CLOSE, NULL },
		{ REMOTE_SCALARS_MAKE(2, 0, 0), skel_noop },
		{ REMOTE_SCALARS_MAKE(3, 2, 1), skel_echo },
		{ REMOTE_SCALARS_MAKE(4, 2, 1), skel_sink },
		{ REMOTE_SCALARS_MAKE(5, 1, 1), skel_source },
		{ REMOTE_SCALARS_MAKE(6, 2, 1), skel_touch },
		{ REMOTE_SCALARS_MAKE(7, 1, 0), skel_spin },
		{ REMOTE_SCALARS_MAKE(8, 0, 0), skel_crash },
		{ REMOTE_SCALARS_MAKE(9, 2, 1), skel_fault },
		{ REMOTE_SCALARS_MAKE(10, 1, 1), skel_lookup },
		{ REMOTE_SCALARS_MAKE(11, 1, 0), skel_sleep },
		{ REMOTE_SCALARS_MAKE(12, 0, 1), skel_where },
		{ REMOTE_SCALARS_MAKEX(0, 13, 1, 1, 1, 0), skel_handle_sum },
		{ REMOTE_SCALARS_MAKE(14, 1, 1), skel_scalars },
		{ REMOTE_SCALARS_MAKE(15, 2, 1), skel_text },
		{ REMOTE_SCALARS_MAKE(16, 1, 1), skel_add },
		{ REMOTE_SCALARS_MAKE(17, 1, 0), skel_status },
		{ REMOTE_SCALARS_MAKE(18, 3, 1), skel_vectors },
		{ REMOTE_SCALARS_MAKE(19, 1, 1), skel_map_once },
	};
	uint32_t method = REMOTE_SCALARS_METHOD(sc);

	if (method >= sizeof(methods) / sizeof(methods[0]))
		return AEE_EUNSUPPORTED;
	if (sc != methods[method].sc)
		return AEE_EBADPARM;
	if (method == 0)
		return skel_open(pra, bench_open);
	if (method == 1)
		return bench_close(pra[0].h64);
	return methods[method].fn(h, pra);
}
