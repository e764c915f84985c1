/* SPDX-License-Identifier: MIT */
/* Method numbers of dsp/modules/bench/bench.idl, as a client knows them. */
#ifndef QDA_BENCH_METHODS_H
#define QDA_BENCH_METHODS_H

enum bench_method {
	BENCH_NOOP = 2,
	BENCH_ECHO = 3,
	BENCH_SINK = 4,
	BENCH_TOUCH = 6,
	BENCH_SPIN = 7,
	BENCH_CRASH = 8,
	BENCH_FAULT = 9,
	BENCH_SLEEP = 11,
	BENCH_WHERE = 12,
};

#endif
