/* SPDX-License-Identifier: MIT */
/* Memory that user space mapped into the PD, found by the integer it gave. */
#ifndef HAP_MEM_H
#define HAP_MEM_H

#include "AEEStdDef.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The address of mapping @fd (a plain integer, no file), and one reference.
 * @paddr may be NULL. 0, or AEE_ENOSUCHMAP.
 */
int HAP_mmap_get(int fd, void **vaddr, uint64 *paddr);
/* Give the reference back. 0, AEE_ENOSUCHMAP, AEE_EBADMAPREFCNT */
int HAP_mmap_put(int fd);

#define HAP_PROT_NONE	0x00
#define HAP_PROT_READ	0x01
#define HAP_PROT_WRITE	0x02
#define HAP_PROT_EXEC	0x04

/*
 * Part of mapping @fd, which user space may have registered only, for as long as
 * the PD wants it: (void *)-1 if there is no such mapping. @addr, @prot and @flags
 * are not looked at.
 */
void *HAP_mmap(void *addr, int len, int prot, int flags, int fd, long offset);
/*
 * 0 or AEE_ENOSUCHMAP. The last user's ends a delayed mapping, which user space
 * learns with the reply of the call.
 */
int HAP_munmap(void *addr, int len);

#ifdef __cplusplus
}
#endif
#endif
