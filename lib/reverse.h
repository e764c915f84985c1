/* SPDX-License-Identifier: MIT */
/*
 * Reverse calls: taking requests apart, finding who answers, putting answers together.
 * The thread that fetches them is listener.c's.
 */
#ifndef QDA_REVERSE_INTERNAL_H
#define QDA_REVERSE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qda/reverse.h>

/* a request, or an answer, may not be larger */
#define REVERSE_MAX_SIZE	(64u << 20)
#define REVERSE_MAX_ARGS	510

/* --- reverse-pack.c ------------------------------------------------------- */

/* One call, unpacked; the outputs lie in the answer that will be sent */
struct reverse_frame {
	struct qda_reverse_call call;
	uint8_t *answer;		/* allocated */
	size_t answer_size;
	struct qda_reverse_arg args[REVERSE_MAX_ARGS];
};

/*
 * request: size bytes, aligned to 8, which stay as long as the frame. 0 or an AEE
 * code, with why it was refused.
 */
int32_t reverse_unpack(struct reverse_frame *frame, uint32_t handle, uint32_t scalars,
		       void *request, size_t size, const char **ret_why);
void reverse_frame_free(struct reverse_frame *frame);

/* --- reverse.c -------------------------------------------------------------- */

struct qda_session;
struct reverse_table;

int reverse_table_new(struct qda_session *session, struct reverse_table **ret_table);
/* nothing of it runs any more */
void reverse_table_free(struct reverse_table *table);
/* a module of the library's own, for as long as the table lives */
int reverse_add_builtin(struct reverse_table *table, const char *name,
			qda_reverse_fn fn, void *data);
/* Run what the call names. 0, the callee's answer, or an AEE code of our own. */
int32_t reverse_dispatch(struct reverse_table *table, struct qda_reverse_call *call);
/* "apps_std" for a handle that was given out; for messages */
const char *reverse_name(struct reverse_table *table, uint32_t handle, char *buf,
			 size_t size);

#endif
