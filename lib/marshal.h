/* SPDX-License-Identifier: MIT */
/*
 * From arguments in declaration order to what goes over the wire, as the public
 * interface compiler lays it out. Pure: no memory, no locks, no system calls.
 *
 * Copied arguments are slices of one piece of scratch memory:
 *
 *	scalar inputs | input sequences ... | scalar outputs | output sequences ...
 */
#ifndef QDA_MARSHAL_H
#define QDA_MARSHAL_H

#include <stddef.h>
#include <stdint.h>

#include <qda/call.h>

#include "kapi.h"

/* slices and the scratch memory itself start at multiples of this */
#define MARSHAL_ALIGN		128
/* method numbers from here on travel in the first word of the scalar inputs */
#define MARSHAL_LONG_METHOD	31
#define MARSHAL_MAX_BUFFERS	255
#define MARSHAL_MAX_HANDLES	15
#define MARSHAL_MAX_BLOCK	(1ULL << 31)
#define MARSHAL_MAX_SCRATCH	(1ULL << 40)

struct marshal_plan {
	uint64_t prim_in, prim_out;	/* bytes of the blocks of scalars */
	uint64_t out_base;		/* where the outputs start in the scratch */
	uint64_t scratch;		/* bytes of scratch memory, may be 0 */
	uint32_t method;
	uint32_t scalars;
	uint32_t num_args;		/* in the message */
	size_t refused;			/* after an error: which argument */
};

/*
 * Check the arguments and measure. session is what their buffers must belong to.
 * -EINVAL, -E2BIG.
 */
int marshal_plan(struct marshal_plan *plan, const struct qda_session *session,
		 uint32_t method, const struct qda_arg *args, size_t num_args);
/* Write plan->num_args arguments. The scratch is at offset of buffer handle. */
void marshal_args(const struct marshal_plan *plan, const struct qda_arg *args,
		  size_t num_args, uint32_t handle, uint64_t offset,
		  struct kapi_arg *kargs);
/* Copy what goes to the DSP into the scratch. */
void marshal_in(const struct marshal_plan *plan, const struct qda_arg *args,
		size_t num_args, uint8_t *scratch);
/* Copy what came back to the caller's memory. */
void marshal_out(const struct marshal_plan *plan, const struct qda_arg *args,
		 size_t num_args, const uint8_t *scratch);

#endif
