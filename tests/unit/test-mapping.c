// SPDX-License-Identifier: MIT
/* Options of mappings, how they end, and how the library finds and keeps them. */
#include <pthread.h>

#include "fake-kapi.h"

static struct fake_session s;
static struct qda_buffer *buffer;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_session_open(&s);
	return qda_buffer_new(s.session, 16384, &buffer);
}

static int teardown(void **state)
{
	(void)state;
	qda_buffer_unref(buffer);
	fake_session_close(&s);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

static int map_with(struct qda_mapping_opts opts, struct qda_mapping **ret)
{
	opts.size = sizeof(opts);
	return qda_mapping_new(buffer, &opts, ret, NULL);
}

#define MAP(ret, ...) map_with((struct qda_mapping_opts){ __VA_ARGS__ }, ret)

static void options(void **state)
{
	struct qda_mapping *m, *n;

	(void)state;
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	assert_int_equal(fake.map.type, QDA_MAP_STATIC);
	assert_int_equal(fake.map.offset, 0);
	assert_int_equal(fake.map.length, 16384);
	assert_true(qda_mapping_get_dsp_id(m) > 0);
	assert_true(qda_mapping_get_address(m) != 0);
	assert_int_equal(MAP(&n, .type = QDA_MAP_FD, .offset = 4096), 0);
	assert_int_equal(fake.map.length, 12288);
	assert_int_not_equal(qda_mapping_get_dsp_id(m), qda_mapping_get_dsp_id(n));
	qda_mapping_unref(m);
	qda_mapping_unref(n);
	assert_int_equal(fake.munmaps, 2);

	assert_int_equal(MAP(&m, .type = QDA_MAP_ADD_PAGES), 0);
	assert_int_equal(fake.map.dsp_id, 0);
	assert_int_equal(qda_mapping_get_dsp_id(m), 0);
	qda_mapping_unref(m);
	assert_int_equal(MAP(&m, .dsp_id = 5, .length = 100, .addr_hint = 8192), 0);
	assert_int_equal(fake.map.dsp_id, 5);
	assert_int_equal(fake.map.length, 100);
	assert_int_equal(fake.map.addr_hint, 8192);
	qda_mapping_unref(m);

	m = (void *)1;
	assert_int_equal(MAP(&m, .type = 1), -EINVAL);
	assert_int_equal(MAP(&m, .dsp_id = -1), -EINVAL);
	assert_int_equal(MAP(&m, .type = QDA_MAP_ADD_PAGES, .dsp_id = 1), -EINVAL);
	assert_int_equal(MAP(&m, .offset = 1), -EINVAL);
	assert_int_equal(MAP(&m, .offset = 16384), -EINVAL);
	assert_int_equal(MAP(&m, .length = 16385), -EINVAL);
	assert_int_equal(MAP(&m, .offset = 4096, .length = UINT64_MAX), -EINVAL);
	assert_int_equal(MAP(&m, .addr_hint = 1), -EINVAL);
	assert_int_equal(qda_mapping_new(NULL, NULL, &m, NULL), -EINVAL);
	assert_int_equal(qda_mapping_new(buffer, NULL, NULL, NULL), -EINVAL);
	assert_ptr_equal(m, (void *)1);
	assert_null(qda_mapping_ref(NULL));
	assert_null(qda_mapping_unref(NULL));
	assert_int_equal(qda_mapping_get_address(NULL), 0);
	assert_int_equal(qda_mapping_get_dsp_id(NULL), 0);
	assert_int_equal(qda_mapping_unmap(NULL, NULL), -EINVAL);
}

static void refused(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	struct qda_mapping *m;

	(void)state;
	/* a number that is taken: the next is tried, unless it was asked for */
	fake.fail_map = -EEXIST;
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	qda_mapping_unref(m);
	fake.fail_map = -EEXIST;
	assert_int_equal(MAP(&m, .dsp_id = 3), -EEXIST);
	fake.fail_map = -EINTR;
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, &f), -EINTR);
	fake.status_map = (int32_t)0x80000402;
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, &f), -EREMOTEIO);
	assert_int_equal(f.status, (int32_t)0x80000402);
}

static void endings(void **state)
{
	static const struct {
		int error, want;
	} gone[] = {
		{ 0, 0 }, { -ENOENT, -EALREADY },
		{ -ECANCELED, -ECANCELED }, { -ENODEV, -ENODEV }, { -EPIPE, -EPIPE },
	};
	struct qda_failure f = QDA_FAILURE_INIT;
	struct qda_mapping *m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
		fake.munmaps = 0;
		fake.fail_munmap = gone[i].error;
		assert_int_equal(qda_mapping_unmap(m, &f), gone[i].want);
		assert_int_equal(qda_mapping_unmap(m, &f), -EALREADY);
		qda_mapping_unref(qda_mapping_ref(m));
		qda_mapping_unref(m);
		assert_int_equal(fake.munmaps, 1);
	}
	/* nobody knows whether it was sent: the last reference asks again */
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	fake.munmaps = 0;
	fake.fail_munmap = -EINTR;
	assert_int_equal(qda_mapping_unmap(m, &f), -EINTR);
	fake.fail_munmap = -ETIMEDOUT;
	assert_int_equal(qda_mapping_unmap(m, &f), -ETIMEDOUT);
	fake.fail_munmap = 0;
	qda_mapping_unref(m);
	assert_int_equal(fake.munmaps, 3);
	/* the DSP refuses: it stands */
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	fake.status_munmap = 5;
	assert_int_equal(qda_mapping_unmap(m, &f), -EREMOTEIO);
	assert_int_equal(f.status, 5);
	fake.status_munmap = 0;
	assert_int_equal(qda_mapping_unmap(m, &f), 0);
	qda_mapping_unref(m);

	/* holds its buffer */
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	buffer = qda_buffer_unref(buffer);
	assert_int_equal(fake.live_buffers, 1);
	qda_mapping_unref(m);
	assert_int_equal(fake.live_buffers, 0);
}

/* --- what the library does with it ---------------------------------------- */

static void found(void **state)
{
	struct qda_mapping *m, *n;

	(void)state;
	assert_null(mapping_find(s.session, 77));
	assert_int_equal(MAP(&m, .type = QDA_MAP_ADD_PAGES), 0);
	assert_null(mapping_find(s.session, 0x40000000));
	qda_mapping_unref(m);
	assert_int_equal(MAP(&m, .dsp_id = 77, .offset = 4096), 0);
	assert_null(mapping_find(s.session, 78));
	n = mapping_find(s.session, 77);
	assert_ptr_equal(n, m);
	assert_int_equal(n->offset, 4096);
	assert_int_equal(n->length, 12288);
	qda_mapping_unref(m);
	assert_int_equal(fake.live_maps, 1);
	/* unmapped: the number is free */
	assert_int_equal(qda_mapping_unmap(n, NULL), 0);
	assert_null(mapping_find(s.session, 77));
	assert_int_equal(MAP(&m, .dsp_id = 77), 0);
	assert_ptr_equal(mapping_find(s.session, 77), m);
	qda_mapping_unref(m);
	qda_mapping_unref(m);
	qda_mapping_unref(n);
	assert_null(mapping_find(s.session, 77));
	assert_int_equal(fake.live_maps, 0);
}

static void held(void **state)
{
	struct qda_mapping *m;

	(void)state;
	/* let go first */
	assert_int_equal(MAP(&m, .dsp_id = 77), 0);
	mapping_hold(m);
	mapping_drop(m, true);
	assert_int_equal(fake.live_maps, 1);
	/* the last reference goes first: only the mapping stays */
	mapping_hold(m);
	mapping_hold(m);
	qda_mapping_unref(m);
	buffer = qda_buffer_unref(buffer);
	assert_int_equal(fake.live_buffers, 0);
	assert_int_equal(fake.live_maps, 1);
	assert_null(mapping_find(s.session, 77));
	mapping_drop(m, true);
	assert_int_equal(fake.live_maps, 1);
	mapping_drop(m, true);
	assert_int_equal(fake.live_maps, 0);
	/* and nothing is asked of the DSP if that must not be */
	assert_int_equal(qda_buffer_new(s.session, 16384, &buffer), 0);
	assert_int_equal(MAP(&m, .dsp_id = 77), 0);
	mapping_hold(m);
	qda_mapping_unref(m);
	fake.munmaps = 0;
	mapping_drop(m, false);
	assert_int_equal(fake.munmaps, 0);
}

static void *map_and_drop(void *data)
{
	atomic_bool *done = data;
	struct qda_mapping *m;
	unsigned int i;
	int err;

	for (i = 0; i < 3000; i++) {
		err = MAP(&m, .dsp_id = 77);
		if (!err)
			qda_mapping_unref(m);
		else
			assert_int_equal(err, -EEXIST);
	}
	atomic_store(done, true);
	return NULL;
}

static void find_against_unref(void **state)
{
	atomic_bool done = false;
	struct qda_mapping *m;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, map_and_drop, &done), 0);
	while (!atomic_load(&done)) {
		m = mapping_find(s.session, 77);
		if (!m)
			continue;
		mapping_hold(m);
		qda_mapping_unref(m);
		mapping_drop(m, true);
	}
	pthread_join(thread, NULL);
	assert_int_equal(fake.live_maps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(options, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(endings, setup, teardown),
		cmocka_unit_test_setup_teardown(found, setup, teardown),
		cmocka_unit_test_setup_teardown(held, setup, teardown),
		cmocka_unit_test_setup_teardown(find_against_unref, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
