// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: what the driver does with numbers it did not make up: bounds, payloads,
 * replies. User space runs more of the same code in tests/soft-unit.
 */
#include <kunit/test.h>

#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "qda_pack.h"

#define BUS	0x300000000ULL

static void *payload_new(struct kunit *test, unsigned int n)
{
	size_t size = QDA_WIRE_PAYLOAD(n);
	u8 *p = kunit_kzalloc(test, size + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0xa5, size + 1);
	return p;
}

static void qda_test_pack_buffer(struct kunit *test)
{
	const u32 sc = DRM_QDA_SCALARS(3, 1, 1, 0, 0);
	struct drm_qda_arg args[2] = {
		{ .offset = 0x1ff0, .length = 0x20, .handle = 1 },
	};
	struct qda_object_span spans[2] = { { .bus = BUS, .size = SZ_16K } };
	u8 *p = payload_new(test, 2);
	union qda_wire_arg *wire = (void *)p;
	struct qda_wire_buf *bufs = (void *)(wire + 2);
	struct qda_wire_page *pages = (void *)(bufs + 2);

	qda_pack_args(p, 2, sc, args, spans);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(wire[0].buf.pv), 0xff0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(wire[0].buf.len), 0x20);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(bufs[0].num), 1);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(pages[0].addr), BUS + 0x1000);
	/* two pages are touched */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(pages[0].size), 0x2000);
	/* absent */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(wire[1].buf.len), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(bufs[1].num), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(pages[1].size), 0);
	/* all of it, and nothing behind it */
	KUNIT_EXPECT_EQ(test, p[QDA_WIRE_PAYLOAD(2) - 1], 0);
	KUNIT_EXPECT_EQ(test, p[QDA_WIRE_PAYLOAD(2)], 0xa5);
}

static void qda_test_pack_handle(struct kunit *test)
{
	const u32 sc = DRM_QDA_SCALARS(0, 0, 0, 1, 0);
	const struct drm_qda_arg arg = {
		.offset = 0x800, .length = 0x10, .handle = 1, .dsp_id = 77,
		.flags = DRM_QDA_ARG_DSP_ID,
	};
	const struct qda_object_span span = { .bus = BUS, .size = SZ_8K };
	u8 *p = payload_new(test, 1);
	union qda_wire_arg *wire = (void *)p;
	struct qda_wire_page *page = (void *)((struct qda_wire_buf *)(wire + 1) + 1);

	qda_pack_args(p, 1, sc, &arg, &span);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(wire->dma.dsp_id), 77);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(wire->dma.offset), 0x800);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(wire->dma.len), 0x10);
	/* the whole object */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page->addr), BUS);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(page->size), SZ_8K);
}

static void qda_test_fdlist(struct kunit *test)
{
	u8 *p = payload_new(test, 0);
	struct qda_wire_tail *tail = (void *)p;
	u32 ids[QDA_WIRE_FDLIST_LEN];
	unsigned int i;

	/* never more than fit, whatever the DSP writes */
	for (i = 0; i < QDA_WIRE_FDLIST_LEN; i++)
		tail->fdlist[i] = cpu_to_le64(i + 1);
	KUNIT_EXPECT_EQ(test, qda_unpack_fdlist(p, 0, ids),
			QDA_WIRE_FDLIST_LEN);
	/* no id has more than 31 bits; the list ends with 0 */
	tail->fdlist[0] = cpu_to_le64(1ULL << 40);
	tail->fdlist[1] = cpu_to_le64(5);
	tail->fdlist[2] = 0;
	KUNIT_EXPECT_EQ(test, qda_unpack_fdlist(p, 0, ids), 1);
	KUNIT_EXPECT_EQ(test, ids[0], 5);
}

static void qda_test_context(struct kunit *test)
{
	u64 ctx = qda_ctx_make(U64_MAX, 255, QDA_PD_TYPE_SENSORS);

	KUNIT_EXPECT_EQ(test, ctx, 0xffffffffffffff02ULL);
	KUNIT_EXPECT_EQ(test, qda_ctx_id(ctx), 255);
	KUNIT_EXPECT_NE(test, qda_ctx_make(1, 7, 1), qda_ctx_make(2, 7, 1));
}

static void qda_test_reply(struct kunit *test)
{
	struct qda_wire_rsp_v2 v2 = {
		.ctx = cpu_to_le64(0x10101),
		.retval = cpu_to_le32(0x8000040e),
		.version = cpu_to_le32(QDA_WIRE_RSP_V2),
	};
	struct qda_reply reply;

	KUNIT_EXPECT_EQ(test, qda_parse_reply(&v2, 11, &reply),
			QDA_REPLY_IGNORE);
	KUNIT_EXPECT_EQ(test, qda_parse_reply(&v2, 12, &reply), QDA_REPLY_CALL);
	KUNIT_EXPECT_EQ(test, reply.ctx, 0x10101);
	KUNIT_EXPECT_EQ(test, reply.status, QDA_DSP_ERR(0x0e));
	KUNIT_EXPECT_EQ(test, qda_parse_reply(&v2, sizeof(v2), &reply),
			QDA_REPLY_CALL);
	/* an early wake-up is not the end */
	v2.flags = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, qda_parse_reply(&v2, sizeof(v2), &reply),
			QDA_REPLY_IGNORE);
	v2.ctx = cpu_to_le64(QDA_WIRE_NOTIF_CTX);
	KUNIT_EXPECT_EQ(test, qda_parse_reply(&v2, 16, &reply),
			QDA_REPLY_IGNORE);
}

static void qda_test_bounds(struct kunit *test)
{
	struct drm_qda_arg arg = { .offset = SZ_4K, .length = 1, .handle = 1 };
	struct drm_qda_remote_map map = {
		.length = SZ_4K, .offset = ~(u64)SZ_4K + 1,
	};

	KUNIT_EXPECT_EQ(test, qda_check_arg(&arg, QDA_ARG_IN), 1);
	KUNIT_EXPECT_EQ(test, qda_check_arg_range(&arg, SZ_4K),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, qda_check_arg_range(&arg, SZ_4K + 1),
			0);
	/* offset + length wraps */
	arg.length = U64_MAX;
	KUNIT_EXPECT_EQ(test, qda_check_arg_range(&arg, SZ_8K),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, qda_check_map_range(&map, SZ_8K), -EINVAL);
}

static void qda_test_init_handle(struct kunit *test)
{
	struct drm_qda_remote_invoke a = {
		.handle = DRM_QDA_HANDLE_INIT,
		.stride = sizeof(struct drm_qda_arg),
	};

	KUNIT_EXPECT_EQ(test, qda_check_invoke(&a), -EPERM);
	a.handle = 2;
	KUNIT_EXPECT_EQ(test, qda_check_invoke(&a), 0);
}

static struct kunit_case qda_pack_cases[] = {
	KUNIT_CASE(qda_test_pack_buffer),
	KUNIT_CASE(qda_test_pack_handle),
	KUNIT_CASE(qda_test_fdlist),
	KUNIT_CASE(qda_test_context),
	KUNIT_CASE(qda_test_reply),
	KUNIT_CASE(qda_test_bounds),
	KUNIT_CASE(qda_test_init_handle),
	{ }
};

static struct kunit_suite qda_pack_suite = {
	.name = "qda_pack",
	.test_cases = qda_pack_cases,
};

kunit_test_suite(qda_pack_suite);
