/* SPDX-License-Identifier: GPL-2.0-only */
/* The remote heap: memory that the audio PD is given for good, see qda_heap.c */
#ifndef __QDA_HEAP_H__
#define __QDA_HEAP_H__

#include <linux/firmware/qcom/qcom_scm.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "qda_wire.h"

/* the audio PD's first memory; it asks for more through its listener */
#define QDA_HEAP_SIZE		(3 * SZ_1M)
#define QDA_HEAP_MAX_VMS	16

struct device;
struct reserved_mem;

/**
 * struct qda_heap - the memory a DSP's node has for the audio PD
 * @lock: protects what follows; taken inside &qda_session.lock
 * @dev: channel of the DSP
 * @region: where the memory is; NULL: the DSP has none
 * @carveout: all of @region is ours, there is nobody to allocate it from
 * @err: why it cannot be given to the DSP, or 0
 * @cpu: what was allocated, or NULL
 * @addr: physical address, which is the DSP's too
 * @size: 0: nothing is allocated yet
 * @vms: to be its owners while the DSP has it
 * @num_vms: of them; 0: the DSP reaches it as it is
 * @assign: qcom_scm_assign_mem(), or what a test has instead
 * @owners: who owns it now, a bit for each VM
 * @given: the DSP has it, or may have it
 * @dsp_gone: and touches nothing any more
 * @closed: it is not to be had any more
 */
struct qda_heap {
	struct mutex lock; /* see @lock above */
	struct device *dev;
	const struct reserved_mem *region;
	bool carveout;
	int err;
	void *cpu;
	dma_addr_t addr;
	size_t size;
	struct qcom_scm_vmperm vms[QDA_HEAP_MAX_VMS];
	unsigned int num_vms;
	int (*assign)(phys_addr_t addr, size_t size, u64 *owners,
		      const struct qcom_scm_vmperm *vms, unsigned int num_vms);
	u64 owners;
	bool given;
	bool dsp_gone;
	bool closed;
};

int qda_heap_init(struct qda_heap *heap, struct device *dev);
int qda_heap_set_vms(struct qda_heap *heap, const u32 *vmids, unsigned int n);
bool qda_heap_wanted(const u8 *name);
int qda_heap_prepare(struct qda_heap *heap);
bool qda_heap_offer(struct qda_heap *heap, struct qda_wire_page *ret_page);
void qda_heap_refused(struct qda_heap *heap);
void qda_heap_dsp_gone(struct qda_heap *heap);
void qda_heap_close(struct qda_heap *heap);

#endif /* __QDA_HEAP_H__ */
