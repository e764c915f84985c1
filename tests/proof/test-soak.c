// SPDX-License-Identifier: MIT
/*
 * A million calls leave no trace: descriptors, mappings, threads and memory of
 * the client, of the root process and of the PD are the same after as before.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "proof.h"
#include "support.h"

/* what an allocator may keep without it being growth per call */
#define RSS_SLACK_KIB 256

static void mix(struct rig *rig, struct qda_call *noop, struct qda_call *touch,
		long calls)
{
	uint8_t in[256] = { 0 }, out[256];
	int32_t status;

	for (long i = 0; i < calls; i++) {
		int err;

		switch (i & 7) {
		case 0:
			err = qda_call_invoke(touch, &status);
			break;
		case 1:
			err = qda_invoke(rig->bench, BENCH_ECHO, &status,
					 QDA_IN_SEQ(in, sizeof(in)),
					 QDA_OUT_SEQ(out, sizeof(out)));
			break;
		case 2:
			err = qda_call_submit(noop, NULL, NULL);
			if (!err)
				err = qda_call_wait(noop, -1, &status);
			break;
		default:
			err = qda_call_invoke(noop, &status);
			break;
		}
		if (err || status)
			fail_msg("call %ld: %s, status %s", i, qda_strerror(err),
				 qda_status_name(status));
	}
}

static void same(const char *who, pid_t pid, const struct footprint *before)
{
	struct footprint after;

	proc_footprint(pid, &after);
	print_message("%s: descriptors %ld -> %ld, mappings %ld -> %ld, threads %ld -> %ld, "
		      "anonymous memory %ld -> %ld KiB\n", who, before->fds, after.fds,
		      before->maps, after.maps, before->threads, after.threads,
		      before->rss_anon_kib, after.rss_anon_kib);
	assert_int_equal(after.fds, before->fds);
	assert_int_equal(after.maps, before->maps);
	assert_int_equal(after.threads, before->threads);
	assert_true(after.rss_anon_kib - before->rss_anon_kib <= RSS_SLACK_KIB);
}

static void million(void **state)
{
	const char *env = getenv("QDA_SOAK_CALLS");
	long calls = env ? atol(env) : 1000000;
	struct footprint client, server, pd;
	struct qda_call *noop, *touch;
	struct qda_buffer *buffer;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_true(rig.server > 0);
	assert_true(rig.pd > 0);
	assert_int_equal(qda_buffer_new(rig.session, 65536, &buffer), 0);
	assert_int_equal(qda_call_new(rig.bench, BENCH_NOOP, NULL, 0, &noop), 0);
	const struct qda_arg args[] = {
		QDA_IN_BUF(buffer, 0, 4096),
		QDA_OUT_BUF(buffer, 4096, 4096),
	};
	assert_int_equal(qda_call_new(rig.bench, BENCH_TOUCH, args, 2, &touch), 0);

	mix(&rig, noop, touch, calls / 100);
	proc_footprint(getpid(), &client);
	proc_footprint(rig.server, &server);
	proc_footprint(rig.pd, &pd);
	mix(&rig, noop, touch, calls);
	same("client", getpid(), &client);
	same("qda-softdsp", rig.server, &server);
	same("PD", rig.pd, &pd);

	qda_call_unref(noop);
	qda_call_unref(touch);
	qda_buffer_unref(buffer);
	rig_close(&rig);
}

/* sessions, buffers, modules and mappings come and go without a trace either */
static void objects(void **state)
{
	const unsigned int rounds = test_count(200);
	struct footprint before;
	struct rig keep;

	(void)state;
	rig_open(&keep);
	for (unsigned int i = 0; i < 20 + rounds; i++) {
		struct qda_mapping *mapping;
		struct qda_session *session;
		struct qda_module *module;
		struct qda_buffer *buffer;
		int32_t status;

		if (i == 20)
			proc_footprint(getpid(), &before);
		assert_int_equal(qda_session_open(keep.device, NULL, &session, NULL), 0);
		assert_int_equal(qda_module_open(session, "bench", &module, NULL), 0);
		assert_int_equal(qda_buffer_new(session, 100000, &buffer), 0);
		assert_int_equal(qda_mapping_new(buffer, NULL, &mapping, NULL), 0);
		assert_int_equal(qda_module_invoke(module, BENCH_NOOP, NULL, 0, &status),
				 0);
		qda_mapping_unref(mapping);
		qda_buffer_unref(buffer);
		qda_module_unref(module);
		qda_session_unref(session);
	}
	same("client", getpid(), &before);
	rig_close(&keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(million),
		cmocka_unit_test(objects),
	};

	return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
