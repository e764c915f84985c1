// SPDX-License-Identifier: MIT
/* Identity and lifetime of buffers. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-kapi.h"

static struct fake_session s;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_session_open(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_session_close(&s);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

static int make_memfd(off_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static void native(void **state)
{
	struct qda_buffer *buffer;
	void *cpu, *again;

	(void)state;
	assert_int_equal(qda_buffer_new(s.session, 0, &buffer), -EINVAL);
	assert_int_equal(qda_buffer_new(NULL, 1, &buffer), -EINVAL);
	assert_int_equal(qda_buffer_new(s.session, 1, NULL), -EINVAL);
	fake.fail_gem_create = -ENOSPC;
	assert_int_equal(qda_buffer_new(s.session, 1, &buffer), -ENOSPC);
	assert_int_equal(qda_buffer_new(s.session, 5000, &buffer), 0);
	assert_int_equal(qda_buffer_get_size(buffer), 8192);
	assert_ptr_equal(qda_buffer_get_session(buffer), s.session);
	fake.fail_gem_mmap = -ENOMEM;
	assert_int_equal(qda_buffer_map(buffer, &cpu), -ENOMEM);
	assert_int_equal(qda_buffer_map(buffer, &cpu), 0);
	assert_int_equal(qda_buffer_map(buffer, &again), 0);
	assert_ptr_equal(cpu, again);
	memset(cpu, 1, 8192);
	assert_int_equal(qda_buffer_sync_begin(buffer, QDA_SYNC_READ), 0);
	assert_int_equal(qda_buffer_sync_end(buffer, QDA_SYNC_READ), 0);
	assert_int_equal(qda_buffer_sync_begin(buffer, 0), -EINVAL);
	assert_int_equal(qda_buffer_sync_begin(buffer, 4), -EINVAL);
	qda_buffer_unref(qda_buffer_ref(buffer));
	qda_buffer_unref(buffer);
	assert_null(qda_buffer_unref(NULL));
	assert_null(qda_buffer_ref(NULL));
	assert_int_equal(qda_buffer_get_size(NULL), 0);
	assert_null(qda_buffer_get_session(NULL));
	assert_int_equal(qda_buffer_map(NULL, &cpu), -EINVAL);
	assert_int_equal(qda_buffer_export(NULL), -EINVAL);
}

static void imports(void **state)
{
	struct qda_buffer *a, *b, *c;
	int fd = make_memfd(12288), other = make_memfd(4096);
	uint8_t *cpu;

	(void)state;
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	assert_int_equal(qda_buffer_import(s.session, fd, &a), 0);
	/* the caller's offset is not touched */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
	assert_int_equal(qda_buffer_get_size(a), 12288);
	assert_int_equal(qda_buffer_import(s.session, fd, &b), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(qda_buffer_import(s.session, other, &c), 0);
	assert_ptr_not_equal(a, c);
	assert_int_equal(fake.live_buffers, 2);
	assert_int_equal(pwrite(fd, "x", 1, 5), 1);
	close(fd);
	assert_int_equal(qda_buffer_map(a, (void **)&cpu), 0);
	assert_int_equal(cpu[5], 'x');
	/* a memfd knows no DMA_BUF_IOCTL_SYNC: said once, fine ever after */
	assert_int_equal(qda_buffer_sync_begin(a, QDA_SYNC_READ | QDA_SYNC_WRITE), 0);
	assert_true(atomic_load(&a->no_sync));
	assert_int_equal(qda_buffer_sync_end(a, QDA_SYNC_READ | QDA_SYNC_WRITE), 0);
	qda_buffer_unref(a);
	assert_int_equal(fake.live_buffers, 2);
	qda_buffer_unref(b);
	assert_int_equal(fake.live_buffers, 1);
	qda_buffer_unref(c);

	assert_int_equal(qda_buffer_import(s.session, -1, &a), -EBADF);
	assert_int_equal(qda_buffer_import(s.session, other + 100, &a), -EBADF);
	assert_int_equal(qda_buffer_import(NULL, other, &a), -EINVAL);
	fake.fail_import = -EINVAL;
	assert_int_equal(qda_buffer_import(s.session, other, &a), -EINVAL);
	close(other);
}

static void export_and_back(void **state)
{
	struct qda_buffer *buffer, *same;
	int fd;

	(void)state;
	assert_int_equal(qda_buffer_new(s.session, 4096, &buffer), 0);
	fd = qda_buffer_export(buffer);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(qda_buffer_import(s.session, fd, &same), 0);
	assert_ptr_equal(same, buffer);
	close(fd);
	qda_buffer_unref(same);
	qda_buffer_unref(buffer);
}

static void outlives_the_users_session(void **state)
{
	struct qda_buffer *buffer;

	(void)state;
	assert_int_equal(qda_buffer_new(s.session, 4096, &buffer), 0);
	fake_session_close(&s);
	assert_int_equal(fake.opens - fake.closes, 1);
	qda_buffer_unref(buffer);
	assert_int_equal(fake.opens, fake.closes);
	memset(&s, 0, sizeof(s));
}

static void *importer(void *data)
{
	int i, fd = *(int *)data;

	for (i = 0; i < 3000; i++) {
		struct qda_buffer *buffer;

		/* the handle must not be closed by another's last release */
		if (qda_buffer_import(s.session, fd, &buffer))
			return (void *)1;
		qda_buffer_unref(buffer);
	}
	return NULL;
}

static void import_against_release(void **state)
{
	int i, fd = make_memfd(4096);
	pthread_t threads[4];
	void *ret;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, importer, &fd), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &ret);
		assert_null(ret);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(native, setup, teardown),
		cmocka_unit_test_setup_teardown(imports, setup, teardown),
		cmocka_unit_test_setup_teardown(export_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(outlives_the_users_session, setup, teardown),
		cmocka_unit_test_setup_teardown(import_against_release, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
