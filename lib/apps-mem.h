/* SPDX-License-Identifier: MIT */
/*
 * "apps_mem": memory that the DSP asks for, to grow the heap of its PD, and buffers
 * of the application that it wants to get at by their number.
 *
 * Numbers are dsp_ids: what the application gave a buffer by a qda_mapping, and what
 * the library gives to memory that the DSP asks for as a file descriptor. No address
 * of this process is ever answered.
 */
#ifndef QDA_APPS_MEM_H
#define QDA_APPS_MEM_H

#include <qda/reverse.h>

/* what the DSP may have at a time: bytes allocated for it, and maps of all kinds */
#define APPS_MEM_MAX_BYTES	(256ULL << 20)
#define APPS_MEM_MAX_MAPS	1024u

struct apps_mem;

/* Borrows the session, which must outlive it. -ENOMEM */
int apps_mem_new(struct qda_session *session, struct apps_mem **ret_mem);
/*
 * Lets go of all. Asks nothing of the DSP, whose PD may live on in another process
 * and needs its heap: what is mapped ends with the PD or with the session's file.
 * After the last apps_mem_invoke(), on any thread; before the session's lock goes.
 */
void apps_mem_free(struct apps_mem *mem);

/*
 * One call of the DSP; data: struct apps_mem. Asks the DSP to map and unmap, so it
 * may block. The caller has a reference on the session, which may become the last
 * one. An aee code.
 */
int32_t apps_mem_invoke(void *data, const struct qda_reverse_call *call);

/*
 * A file where the DSP can map it, for struct apps_std_ops; data: struct apps_mem.
 * Counts as memory the DSP has asked for. *len: bytes of the file in, bytes that were
 * there out. 0, -EINVAL, -ENOMEM also for too much, -EIO, what reading it returns;
 * -ENOENT no such number.
 */
int apps_mem_share_file(void *data, int fd, uint64_t *len, int32_t *ret_dsp_id);
int apps_mem_unshare_file(void *data, int32_t dsp_id);

/* name of a method by its number, or NULL */
const char *apps_mem_method_name(uint32_t method);

#endif
