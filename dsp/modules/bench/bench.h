/* SPDX-License-Identifier: MIT */
/* bench.idl, as the interface compiler declares it */
#ifndef BENCH_H
#define BENCH_H

#include "AEEStdDef.h"
#include "remote.h"

int bench_open(const char *uri, remote_handle64 *h);
int bench_close(remote_handle64 h);
int bench_noop(remote_handle64 h);
int bench_echo(remote_handle64 h, const uint8 *source, int sourceLen, uint8 *dest,
	       int destLen);
int bench_sink(remote_handle64 h, const uint8 *data, int dataLen, uint32 *checksum);
int bench_source(remote_handle64 h, uint32 seed, uint8 *data, int dataLen);
int bench_touch(remote_handle64 h, const uint8 *source, int sourceLen, uint8 *dest,
		int destLen);
int bench_spin(remote_handle64 h, uint32 microseconds);
int bench_crash(remote_handle64 h);
int bench_fault(remote_handle64 h, const uint8 *buffer, int bufferLen, int64 offset,
		uint8 *value);
int bench_lookup(remote_handle64 h, int dspId, uint32 length, uint64 *sum);
int bench_sleep(remote_handle64 h, uint32 microseconds);
int bench_where(remote_handle64 h, int *pid, int *tid);
int bench_handle_sum(remote_handle64 h, uint32 length, int bufferFd,
		     uint32 bufferOffset, uint64 *sum);
int bench_scalars(remote_handle64 h, uint8 a, short b, int c, int64 d, float e,
		  double f, double *rf, float *re, int64 *rd, int *rc, short *rb,
		  uint8 *ra);
int bench_text(remote_handle64 h, const char *text, int textLen, char *upper,
	       int upperLen);
int bench_add(remote_handle64 h, int64 *value, int64 amount);
int bench_status(remote_handle64 h, int code);
int bench_vectors(remote_handle64 h, const short *a, int aLen, const short *b,
		  int bLen, int *sum, int sumLen);
int bench_map_once(remote_handle64 h, int dspId, uint32 length, uint64 *sum);

int bench_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

#endif
