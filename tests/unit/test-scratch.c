// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"
#include "scratch.h"

/* memory that counts what is out and can run dry */
struct source {
	pthread_mutex_t lock;
	uint64_t bytes, limit;
	unsigned int live, allocs;
	uint32_t last;
};

static int source_alloc(void *owner, uint64_t *size, uint32_t *ret_handle,
			void **ret_cpu)
{
	struct source *source = owner;
	int err = 0;

	*size = (*size + 4095) & ~4095ULL;
	pthread_mutex_lock(&source->lock);
	if (source->bytes + *size > source->limit) {
		err = -ENOSPC;
	} else {
		source->bytes += *size;
		source->live++;
		source->allocs++;
		*ret_handle = ++source->last;
	}
	pthread_mutex_unlock(&source->lock);
	if (err)
		return err;
	*ret_cpu = malloc(*size);
	assert_non_null(*ret_cpu);
	return 0;
}

static void source_free(void *owner, uint32_t handle, void *cpu, uint64_t size)
{
	struct source *source = owner;

	free(cpu);
	pthread_mutex_lock(&source->lock);
	assert_true(handle > 0 && handle <= source->last);
	source->bytes -= size;
	source->live--;
	pthread_mutex_unlock(&source->lock);
}

static const struct scratch_ops ops = { source_alloc, source_free };

static struct qda_scratch *make_pool(struct source *source, uint64_t max_idle)
{
	struct qda_scratch *pool;

	memset(source, 0, sizeof(*source));
	pthread_mutex_init(&source->lock, NULL);
	source->limit = UINT64_MAX / 2;
	assert_int_equal(scratch_new(&ops, source, max_idle, &pool), 0);
	return pool;
}

static struct scratch_region *get(struct qda_scratch *pool, uint64_t size)
{
	struct scratch_region *region;

	assert_int_equal(scratch_get(pool, size, &region), 0);
	return region;
}

static void nothing(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 0);
	struct scratch_region *region = (void *)1;

	(void)state;
	assert_int_equal(scratch_get(pool, 0, &region), 0);
	assert_null(region);
	scratch_put(pool, NULL);
	assert_int_equal(source.allocs, 0);
	assert_int_equal(scratch_get(pool, UINT64_MAX, &region), -E2BIG);
	assert_int_equal(scratch_get(pool, (1ULL << 40) + 1, &region), -E2BIG);
	scratch_free(pool);
	scratch_free(NULL);
}

static void every_size_is_there(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 1 << 20);
	uint64_t size;

	(void)state;
	/* around every power of two; ASan watches the far end */
	for (size = 1; size < 40 << 20; size += size < 600 ? 1 : size / 7) {
		struct scratch_region *region = get(pool, size);

		assert_int_equal(region->offset % 128, 0);
		region->cpu[0] = 1;
		region->cpu[size - 1] = 1;
		scratch_put(pool, region);
		assert_true(source.bytes <= (1 << 20));
	}
	scratch_free(pool);
	assert_int_equal(source.live, 0);
	assert_int_equal(source.bytes, 0);
}

static void regions_are_disjoint(void **state)
{
	enum { COUNT = 300 };
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 1 << 20);
	struct scratch_region *regions[COUNT];
	unsigned int i, j;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		regions[i] = get(pool, 700);
		memset(regions[i]->cpu, (int)(i & 0xff), 700);
	}
	for (i = 0; i < COUNT; i++)
		for (j = 0; j < 700; j++)
			assert_int_equal(regions[i]->cpu[j], i & 0xff);
	/* 64 KiB slabs of 768 bytes each */
	assert_int_equal(source.live, (COUNT + 84) / 85);
	for (i = 0; i < COUNT; i++)
		scratch_put(pool, regions[i]);
	scratch_free(pool);
	assert_int_equal(source.live, 0);
}

static void reuse(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 64 << 20);
	struct scratch_region *first = get(pool, 100), *region;
	unsigned int i;

	(void)state;
	scratch_put(pool, first);
	for (i = 0; i < 100000; i++) {
		region = get(pool, 100 + i % 400);
		assert_ptr_equal(region, first);
		scratch_put(pool, region);
	}
	assert_int_equal(source.allocs, 1);
	region = get(pool, 16 << 20);
	scratch_put(pool, region);
	assert_ptr_equal(get(pool, 16 << 20), region);
	assert_int_equal(source.allocs, 2);
	/* still out at the end: gone with the pool */
	scratch_free(pool);
	assert_int_equal(source.live, 0);
}

static void idle_limit(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 4 << 20);
	struct scratch_region *regions[8];
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++)
		regions[i] = get(pool, 1 << 20);
	assert_int_equal(source.bytes, 8 << 20);
	for (i = 0; i < 8; i++)
		scratch_put(pool, regions[i]);
	assert_int_equal(source.bytes, 4 << 20);
	/* larger than all that may be kept */
	scratch_put(pool, get(pool, 8 << 20));
	assert_true(source.bytes <= 4 << 20);
	scratch_free(pool);
	assert_int_equal(source.live, 0);
}

static void short_of_space(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 64 << 20);
	struct scratch_region *region, *small;

	(void)state;
	source.limit = 11 << 20;
	scratch_put(pool, get(pool, 8 << 20));
	assert_int_equal(source.bytes, 8 << 20);
	/* what is idle makes room */
	small = get(pool, 100);
	region = get(pool, 9 << 20);
	assert_int_equal(scratch_get(pool, 9 << 20, &(struct scratch_region *){ NULL }),
			 -ENOSPC);
	scratch_put(pool, region);
	scratch_put(pool, small);
	scratch_free(pool);
	assert_int_equal(source.live, 0);
}

static void *worker(void *data)
{
	struct qda_scratch *pool = data;
	unsigned int seed = (unsigned int)(uintptr_t)&seed, i;

	for (i = 0; i < 20000; i++) {
		uint64_t size = 1ULL << (rand_r(&seed) % 20);
		struct scratch_region *region;

		if (scratch_get(pool, size, &region))
			abort();
		region->cpu[0] = (uint8_t)i;
		region->cpu[size - 1] = (uint8_t)i;
		scratch_put(pool, region);
	}
	return NULL;
}

static void threads(void **state)
{
	struct source source;
	struct qda_scratch *pool = make_pool(&source, 2 << 20);
	pthread_t thread[4];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, worker, pool), 0);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_true(source.bytes <= 2 << 20);
	scratch_free(pool);
	assert_int_equal(source.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(every_size_is_there),
		cmocka_unit_test(regions_are_disjoint),
		cmocka_unit_test(reuse),
		cmocka_unit_test(idle_limit),
		cmocka_unit_test(short_of_space),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
