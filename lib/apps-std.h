/* SPDX-License-Identifier: MIT */
/* "apps_std": the C library's file functions and more, as the DSP calls them. */
#ifndef QDA_APPS_STD_H
#define QDA_APPS_STD_H

#include <stddef.h>
#include <stdint.h>

#include <qda/reverse.h>

struct apps_std;
struct files;
struct qda_ctx;

/* what only the session can do; each may be NULL */
struct apps_std_ops {
	/*
	 * Put the whole of a file where the DSP can map it. *len: bytes of the file
	 * in, bytes that the DSP gets out. fd stays the caller's. 0 or -errno.
	 */
	int (*share)(void *owner, int fd, uint64_t *len, int32_t *ret_dsp_id);
	int (*unshare)(void *owner, int32_t dsp_id);
};

/* ctx, files, ops and owner must outlive the object. -ENOMEM. */
int apps_std_new(struct qda_ctx *ctx, struct files *files,
		 const struct apps_std_ops *ops, void *owner, struct apps_std **ret_std);
/* closes all files, and unshares what is shared */
void apps_std_free(struct apps_std *std);

/* One call of the DSP; one thread at a time. An aee code. */
int32_t apps_std_invoke(struct apps_std *std, const struct qda_reverse_call *call);

/* name of a method by its real number, or NULL */
const char *apps_std_method_name(uint32_t method);

#endif
