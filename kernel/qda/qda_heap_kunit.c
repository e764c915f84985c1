// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the audio PD's memory, who owns it when, with a hypervisor that is not there.
 * The region is a carve-out, of which nothing is touched.
 */
#include <kunit/device.h>
#include <kunit/test.h>

#include <linux/of_reserved_mem.h>
#include <linux/sizes.h>

#include "qda_heap.h"

#define BASE	0x94a00000ULL
#define HLOS	BIT_ULL(QCOM_SCM_VMID_HLOS)
#define VMS	(BIT_ULL(22) | BIT_ULL(37))

static const u32 vmids[] = { 22, 37 };

/* The hypervisor: what it was asked for, and what it says */
static struct {
	unsigned int calls;
	phys_addr_t addr;
	size_t size;
	u64 from, to;
	int err;
} hyp;

static int hyp_assign(phys_addr_t addr, size_t size, u64 *owners,
		      const struct qcom_scm_vmperm *vms, unsigned int num_vms)
{
	unsigned int i;

	hyp.calls++;
	hyp.addr = addr;
	hyp.size = size;
	hyp.from = *owners;
	hyp.to = 0;
	for (i = 0; i < num_vms; i++)
		hyp.to |= BIT_ULL(vms[i].vmid);
	if (hyp.err)
		return hyp.err;
	*owners = hyp.to;
	return 0;
}

static struct qda_heap *heap_new(struct kunit *test, size_t size)
{
	struct qda_heap *heap = kunit_kzalloc(test, sizeof(*heap), GFP_KERNEL);
	struct reserved_mem *region = kunit_kzalloc(test, sizeof(*region),
						    GFP_KERNEL);
	struct device *dev = kunit_device_register(test, "qda-heap");
	struct qda_wire_page page;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	KUNIT_ASSERT_NOT_NULL(test, region);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	memset(&hyp, 0, sizeof(hyp));
	region->base = BASE;
	region->size = size;
	mutex_init(&heap->lock);
	/* without a node there is no region */
	KUNIT_EXPECT_EQ(test, qda_heap_init(heap, dev), 0);
	KUNIT_EXPECT_NULL(test, heap->region);
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_FALSE(test, qda_heap_offer(heap, &page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.size), 0);
	heap->region = region;
	heap->carveout = true;
	heap->assign = hyp_assign;
	return heap;
}

static void qda_test_heap_given(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, SZ_8M);
	struct qda_wire_page page;

	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, vmids, ARRAY_SIZE(vmids)), 0);
	/* nothing before it is prepared */
	KUNIT_EXPECT_FALSE(test, qda_heap_offer(heap, &page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.size), 0);
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, hyp.calls, 1);
	KUNIT_EXPECT_EQ(test, hyp.addr, BASE);
	KUNIT_EXPECT_EQ(test, hyp.size, QDA_HEAP_SIZE);
	KUNIT_EXPECT_EQ(test, hyp.from, HLOS);
	KUNIT_EXPECT_EQ(test, hyp.to, VMS);
	KUNIT_EXPECT_TRUE(test, qda_heap_offer(heap, &page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.addr), BASE);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.size), QDA_HEAP_SIZE);
	/* once; its address is told every time */
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_FALSE(test, qda_heap_offer(heap, &page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.addr), BASE);
	KUNIT_EXPECT_EQ(test, hyp.calls, 1);
	qda_heap_close(heap);
	KUNIT_EXPECT_EQ(test, hyp.calls, 2);
	KUNIT_EXPECT_EQ(test, hyp.from, VMS);
	KUNIT_EXPECT_EQ(test, hyp.to, HLOS);
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), -ENODEV);
	KUNIT_EXPECT_FALSE(test, qda_heap_offer(heap, &page));
}

static void qda_test_heap_refused(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, SZ_8M);
	struct qda_wire_page page;

	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, vmids, ARRAY_SIZE(vmids)), 0);
	hyp.err = -EINVAL;
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), -EIO);
	hyp.err = 0;
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, hyp.calls, 2);
	KUNIT_EXPECT_TRUE(test, qda_heap_offer(heap, &page));
	qda_heap_refused(heap);
	/* it stays whose it is, and is offered again */
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, hyp.calls, 2);
	KUNIT_EXPECT_TRUE(test, qda_heap_offer(heap, &page));
	qda_heap_close(heap);
	KUNIT_EXPECT_EQ(test, hyp.calls, 3);
}

static void qda_test_heap_not_back(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, SZ_8M);

	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, vmids, ARRAY_SIZE(vmids)), 0);
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	hyp.err = -EINVAL;
	qda_heap_close(heap);
	KUNIT_EXPECT_EQ(test, hyp.calls, 2);
	KUNIT_EXPECT_EQ(test, heap->owners, VMS);
}

static void qda_test_heap_small(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, SZ_1M + 1);
	struct qda_wire_page page;

	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), 0);
	KUNIT_EXPECT_TRUE(test, qda_heap_offer(heap, &page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page.size), SZ_1M);
	qda_heap_close(heap);
	/* nobody was to own it */
	KUNIT_EXPECT_EQ(test, hyp.calls, 0);
}

static void qda_test_heap_tiny(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, 1);
	struct qda_wire_page page;

	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, qda_heap_offer(heap, &page));
	qda_heap_close(heap);
}

static void qda_test_heap_vms(struct kunit *test)
{
	struct qda_heap *heap = heap_new(test, SZ_8M);
	u32 many[QDA_HEAP_MAX_VMS + 1] = { };
	const u32 high = 64;

	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, many, QDA_HEAP_MAX_VMS), 0);
	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, many, ARRAY_SIZE(many)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, qda_heap_set_vms(heap, &high, 1), -EINVAL);
	/* as when nobody can be asked */
	heap->err = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, qda_heap_prepare(heap), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, hyp.calls, 0);
	qda_heap_close(heap);
}

static struct kunit_case qda_heap_cases[] = {
	KUNIT_CASE(qda_test_heap_given),
	KUNIT_CASE(qda_test_heap_refused),
	KUNIT_CASE(qda_test_heap_not_back),
	KUNIT_CASE(qda_test_heap_small),
	KUNIT_CASE(qda_test_heap_tiny),
	KUNIT_CASE(qda_test_heap_vms),
	{ }
};

static struct kunit_suite qda_heap_suite = {
	.name = "qda_heap",
	.test_cases = qda_heap_cases,
};

kunit_test_suite(qda_heap_suite);
