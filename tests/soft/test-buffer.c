// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

/* the DSP's checksum: FNV-1a */
static uint32_t fnv(const uint8_t *data, size_t size)
{
	uint32_t hash = 2166136261U;
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619U;
	return hash;
}

static void expect_dsp_sees(struct qda_buffer *buffer, uint64_t offset,
			    const uint8_t *data, size_t size)
{
	int32_t status = -1;
	uint32_t sum = 0;

	assert_int_equal(qda_invoke(bench, BENCH_SINK, &status,
				    QDA_IN_BUF(buffer, offset, size), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum, fnv(data, size));
}

static void shared(void **state)
{
	struct qda_buffer *buffer;
	int32_t status;
	uint8_t *cpu;
	size_t i;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 100000, &buffer), 0);
	assert_int_equal(qda_buffer_get_size(buffer), 102400);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	for (i = 0; i < 102400; i++)
		assert_int_equal(cpu[i], 0);
	for (i = 0; i < 102400; i++)
		cpu[i] = (uint8_t)(i * 7);
	expect_dsp_sees(buffer, 0, cpu, 102400);
	expect_dsp_sees(buffer, 4097, cpu + 4097, 1);
	expect_dsp_sees(buffer, 102399, cpu + 102399, 1);
	expect_dsp_sees(buffer, 12345, cpu + 12345, 54321);
	assert_int_equal(qda_invoke(bench, BENCH_SOURCE, &status, QDA_IN_U32(9),
				    QDA_OUT_BUF(buffer, 5000, 10000)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(cpu[4999], (uint8_t)(4999 * 7));
	for (i = 0; i < 10000; i++)
		assert_int_equal(cpu[5000 + i], (uint8_t)(9 + i + (i >> 8)));
	assert_int_equal(cpu[15000], (uint8_t)(15000 * 7));
	qda_buffer_unref(buffer);
}

static void refused(void **state)
{
	struct qda_buffer *buffer;
	uint64_t max;
	int fd;

	(void)state;
	assert_int_equal(qda_device_query(device, QDA_DEVICE_MAX_BUFFER, &max), 0);
	assert_int_equal(qda_buffer_new(session, 0, &buffer), -EINVAL);
	assert_int_equal(qda_buffer_new(session, max + 1, &buffer), -E2BIG);
	assert_int_equal(qda_buffer_new(session, UINT64_MAX, &buffer), -E2BIG);
	assert_int_equal(qda_buffer_import(session, -1, &buffer), -EBADF);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(qda_buffer_import(session, fd, &buffer), -EINVAL);
	close(fd);
	/* could shrink under the DSP */
	fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(qda_buffer_import(session, fd, &buffer), -EINVAL);
	close(fd);
}

static void many(void **state)
{
	enum { COUNT = 500 };
	struct qda_buffer *buffers[COUNT];
	uint8_t *cpu, value;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(qda_buffer_new(session, 4096, &buffers[i]), 0);
		if (i % 100)
			continue;
		assert_int_equal(qda_buffer_map(buffers[i], (void **)&cpu), 0);
		cpu[0] = (uint8_t)(i / 100 + 1);
	}
	for (i = 0; i < COUNT; i += 100) {
		value = (uint8_t)(i / 100 + 1);
		expect_dsp_sees(buffers[i], 0, &value, 1);
	}
	for (i = 0; i < COUNT; i++)
		qda_buffer_unref(buffers[i]);
}

static void imported(void **state)
{
	int memfd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd = memfd;
	struct qda_buffer *a, *b;
	uint8_t *mine, *cpu;

	(void)state;
	assert_int_equal(ftruncate(memfd, 65536), 0);
	assert_int_equal(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	mine = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	assert_true(mine != MAP_FAILED);
	memset(mine, 0x5c, 65536);
	/* a driver takes dma-bufs only */
	if (!on_soft_device())
		fd = dmabuf_of(memfd, 65536);
	assert_true(fd >= 0);
	assert_int_equal(qda_buffer_import(session, fd, &a), 0);
	assert_int_equal(qda_buffer_import(session, fd, &b), 0);
	assert_ptr_equal(a, b);
	qda_buffer_unref(b);
	assert_int_equal(qda_buffer_get_size(a), 65536);
	expect_dsp_sees(a, 0, mine, 65536);
	assert_int_equal(qda_buffer_map(a, (void **)&cpu), 0);
	assert_int_equal(qda_buffer_sync_begin(a, QDA_SYNC_WRITE), 0);
	cpu[100] = 1;
	assert_int_equal(qda_buffer_sync_end(a, QDA_SYNC_WRITE), 0);
	assert_int_equal(mine[100], 1);
	expect_dsp_sees(a, 0, mine, 65536);
	qda_buffer_unref(a);
	munmap(mine, 65536);
	close(memfd);
	if (fd != memfd)
		close(fd);
}

static void between_sessions(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *other;
	struct qda_buffer *from, *to;
	int32_t status;
	uint8_t *cpu;
	size_t i;
	int fd;

	(void)state;
	ok(qda_session_open(device, NULL, &other, &failure), &failure);
	assert_int_equal(qda_buffer_new(other, 8192, &from), 0);
	assert_int_equal(qda_buffer_map(from, (void **)&cpu), 0);
	fd = qda_buffer_export(from);
	assert_true(fd >= 0);
	assert_int_equal(qda_buffer_import(session, fd, &to), 0);
	close(fd);
	assert_int_equal(qda_invoke(bench, BENCH_SOURCE, &status, QDA_IN_U32(3),
				    QDA_OUT_BUF(to, 0, 8192)), 0);
	assert_int_equal(status, 0);
	for (i = 0; i < 8192; i++)
		assert_int_equal(cpu[i], (uint8_t)(3 + i + (i >> 8)));
	/* the importer's side does not need the exporter's */
	qda_buffer_unref(from);
	qda_session_unref(other);
	assert_int_equal(qda_buffer_map(to, (void **)&cpu), 0);
	expect_dsp_sees(to, 0, cpu, 8192);
	qda_buffer_unref(to);
}

static void mapping_outlives_the_pd(void **state)
{
	struct qda_buffer *buffer;
	uint8_t *cpu;

	(void)state;
	assert_int_equal(qda_buffer_new(session, 4096, &buffer), 0);
	assert_int_equal(qda_buffer_map(buffer, (void **)&cpu), 0);
	assert_int_equal(qda_session_release(session), 0);
	memset(cpu, 1, 4096);
	bench = qda_module_unref(bench);
	session = qda_session_unref(session);
	/* the buffer holds the session */
	memset(cpu, 2, 4096);
	assert_int_equal(qda_session_release(qda_buffer_get_session(buffer)), -ECANCELED);
	qda_buffer_unref(buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(shared, setup_bench),
		soft_test(refused, setup_bench),
		soft_test(many, setup_bench),
		soft_test(imported, setup_bench),
		soft_test(between_sessions, setup_bench),
		soft_test(mapping_outlives_the_pd, setup_bench),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
