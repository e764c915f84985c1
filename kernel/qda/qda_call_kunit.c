// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: which call a reply ends, and that it ends it once. The DSP is a struct
 * without a device; nothing is sent.
 */
#include <kunit/test.h>

#include <linux/slab.h>

#include "qda_drv.h"

#define BANK	3
#define STATUS	(-7)

struct qda_rx_fixture {
	struct qda_device *qdev;
	struct qda_session *session;
	struct qda_result results[2];
	/* the last one is told apart from its neighbours by nothing but its id */
	struct qda_call *calls[2];
};

static void qda_rx_fly(struct qda_rx_fixture *f, unsigned int i,
		       unsigned int slot, u64 seq)
{
	struct qda_call *call = qda_slot(f->session, slot);

	call->ctx = qda_ctx_make(seq << QDA_CTX_BANK_BITS | BANK, slot + 1,
				 QDA_PD_TYPE_USER);
	call->counted = true;
	call->result = &f->results[i];
	call->state = QDA_CALL_FLYING;
	f->session->in_flight++;
	f->calls[i] = call;
}

static int qda_rx_init(struct kunit *test)
{
	struct qda_rx_fixture *f;
	struct qda_chunk *chunk;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	f->qdev = kunit_kzalloc(test, sizeof(*f->qdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->qdev);
	f->session = kunit_kzalloc(test, sizeof(*f->session), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->session);
	chunk = kunit_kzalloc(test, sizeof(*chunk), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, chunk);

	spin_lock_init(&f->qdev->lock);
	init_waitqueue_head(&f->session->place_wq);
	f->qdev->banks[BANK].owner = f->session;
	f->session->qdev = f->qdev;
	mutex_init(&f->session->lock);
	qda_slots_init(f->session);
	mutex_lock(&f->session->lock);
	qda_slots_add(f->session, chunk);
	mutex_unlock(&f->session->lock);
	qda_rx_fly(f, 0, 0, 41);
	qda_rx_fly(f, 1, QDA_CHUNK_SLOTS, 42);
	test->priv = f;
	return 0;
}

static void qda_rx_reply(struct qda_rx_fixture *f, u64 ctx)
{
	const struct qda_wire_rsp rsp = {
		.ctx = cpu_to_le64(ctx),
		.retval = cpu_to_le32(STATUS),
	};

	qda_device_rx(f->qdev, &rsp, sizeof(rsp));
}

static void qda_rx_expect_flying(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(f->calls); i++) {
		KUNIT_EXPECT_EQ(test, f->calls[i]->state, QDA_CALL_FLYING);
		KUNIT_EXPECT_FALSE(test, f->results[i].done);
	}
	KUNIT_EXPECT_EQ(test, f->session->in_flight, 2);
}

static void qda_test_rx_match(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;

	qda_rx_reply(f, f->calls[1]->ctx);
	KUNIT_EXPECT_TRUE(test, f->results[1].done);
	KUNIT_EXPECT_TRUE(test, f->results[1].collect);
	KUNIT_EXPECT_EQ(test, f->results[1].error, 0);
	KUNIT_EXPECT_EQ(test, f->results[1].status, STATUS);
	KUNIT_EXPECT_EQ(test, f->calls[1]->state, QDA_CALL_ENDED);
	KUNIT_EXPECT_EQ(test, f->session->in_flight, 1);
	KUNIT_EXPECT_EQ(test, f->session->place_seq, 1);
	/* and no other */
	KUNIT_EXPECT_EQ(test, f->calls[0]->state, QDA_CALL_FLYING);
	KUNIT_EXPECT_FALSE(test, f->results[0].done);
}

static void qda_test_rx_repeated(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;
	const u64 ctx = f->calls[0]->ctx;

	qda_rx_reply(f, ctx);
	KUNIT_EXPECT_TRUE(test, f->results[0].done);
	f->results[0].done = false;
	qda_rx_reply(f, ctx);
	KUNIT_EXPECT_FALSE(test, f->results[0].done);
	KUNIT_EXPECT_EQ(test, f->session->in_flight, 1);
	/* the slot's next call is not ended by the last one's reply */
	qda_rx_fly(f, 0, 0, 43);
	qda_rx_reply(f, ctx);
	qda_rx_expect_flying(test);
	qda_rx_reply(f, f->calls[0]->ctx);
	KUNIT_EXPECT_TRUE(test, f->results[0].done);
}

static void qda_test_rx_forged(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;
	const u64 ctx = f->calls[0]->ctx;
	unsigned int bit, id;

	for (bit = 0; bit < 64; bit++)
		qda_rx_reply(f, ctx ^ 1ULL << bit);
	qda_rx_expect_flying(test);
	/* ids of no slot and of slots nobody uses */
	for (id = 0; id <= QDA_CTX_ID_MASK; id++) {
		if (id == 1)
			continue;
		qda_rx_reply(f, (ctx & ~(QDA_CTX_ID_MASK << QDA_CTX_ID_SHIFT)) |
				(u64)id << QDA_CTX_ID_SHIFT);
	}
	qda_rx_expect_flying(test);
	qda_rx_reply(f, 0);
	qda_rx_reply(f, U64_MAX);
	qda_rx_expect_flying(test);
	/* it is ended by its own all the same */
	qda_rx_reply(f, ctx);
	KUNIT_EXPECT_TRUE(test, f->results[0].done);
}

static void qda_test_rx_state(struct kunit *test)
{
	static const enum qda_call_state states[] = {
		QDA_CALL_FREE, QDA_CALL_TAKEN, QDA_CALL_ENDED, QDA_CALL_REAP,
		QDA_CALL_ZOMBIE,
	};
	struct qda_rx_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		f->calls[0]->state = states[i];
		qda_rx_reply(f, f->calls[0]->ctx);
		KUNIT_EXPECT_EQ(test, f->calls[0]->state, states[i]);
		KUNIT_EXPECT_FALSE(test, f->results[0].done);
	}
}

static void qda_test_rx_gone(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;

	f->qdev->lost = true;
	qda_rx_reply(f, f->calls[0]->ctx);
	qda_rx_expect_flying(test);
	f->qdev->lost = false;
	/* the bank has changed hands, or nobody has it */
	f->qdev->banks[BANK].owner = NULL;
	qda_rx_reply(f, f->calls[0]->ctx);
	qda_rx_expect_flying(test);
}

static void qda_test_rx_short(struct kunit *test)
{
	struct qda_rx_fixture *f = test->priv;
	struct qda_wire_rsp rsp = { .ctx = cpu_to_le64(f->calls[0]->ctx) };
	size_t len;

	for (len = 0; len < sizeof(rsp.ctx) + sizeof(rsp.retval); len++)
		qda_device_rx(f->qdev, &rsp, len);
	qda_rx_expect_flying(test);
	qda_device_rx(f->qdev, &rsp, len);
	KUNIT_EXPECT_TRUE(test, f->results[0].done);
}

static struct kunit_case qda_call_cases[] = {
	KUNIT_CASE(qda_test_rx_match),
	KUNIT_CASE(qda_test_rx_repeated),
	KUNIT_CASE(qda_test_rx_forged),
	KUNIT_CASE(qda_test_rx_state),
	KUNIT_CASE(qda_test_rx_gone),
	KUNIT_CASE(qda_test_rx_short),
	{ }
};

static struct kunit_suite qda_call_suite = {
	.name = "qda_call",
	.init = qda_rx_init,
	.test_cases = qda_call_cases,
};

kunit_test_suite(qda_call_suite);
