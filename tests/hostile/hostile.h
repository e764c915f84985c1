/* SPDX-License-Identifier: MIT */
/* Between the hostile shell image and the test that runs it */
#ifndef QDA_HOSTILE_H
#define QDA_HOSTILE_H

#include <stdint.h>

#define HOSTILE_MAGIC	"QDAHOST1"

/* { milliseconds } -> struct hostile_report, when the case is done or it is too late */
#define HOSTILE_REPORT	2
/* no arguments: what the case awaits */
#define HOSTILE_GO	3

struct hostile_report {
	uint32_t done;
	uint32_t failed;
	uint32_t num_next2;
	uint32_t dsp;		/* process */
	char text[512];
};

#endif
