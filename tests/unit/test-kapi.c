/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "fake-kernel.h"
#include "internal.h"

#define NODE "/dev/accel/accel0"

/* --- what the linker puts in place of libc's -------------------------------- */

static bool at_secure;
static int libraries;

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type)
{
	return type == AT_SECURE ? at_secure : __real_getauxval(type);
}

void *__real_dlopen(const char *path, int flags);
void *__wrap_dlopen(const char *path, int flags)
{
	void *library = __real_dlopen(path, flags);

	libraries += !!library;
	return library;
}

int __real_dlclose(void *library);
int __wrap_dlclose(void *library)
{
	libraries--;
	return __real_dlclose(library);
}

/* --- fixture ---------------------------------------------------------------- */

static struct qda_ctx *ctx;
static char last_log[1024];

static void keep_log(void *data, int priority, const char *file, int line,
		     const char *func, const char *message)
{
	(void)data, (void)priority, (void)file, (void)line, (void)func;
	/* of a failure the first, most specific line counts */
	if (!last_log[0])
		snprintf(last_log, sizeof(last_log), "%s", message);
}

static int setup(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = keep_log,
				     .log_level = QDA_LOG_INFO };

	(void)state;
	fake_reset();
	fake_nodes[0] = (struct fake_node)FAKE_QDA(NODE, "cdsp");
	last_log[0] = '\0';
	at_secure = false;
	unsetenv("QDA_SOFT_LIBRARY");
	return qda_ctx_new(&opts, &ctx);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fake_open_count, fake_close_count);
	assert_int_equal(libraries, 0);
	qda_ctx_unref(ctx);
	return 0;
}

static struct kapi_file *open_node(void)
{
	struct kapi_file *file = NULL;

	assert_int_equal(kapi_open(ctx, NODE, &file), 0);
	return file;
}

/* what the hook got, what it answers */
static union {
	struct drm_qda_query query;
	struct drm_qda_gem_create gem_create;
	struct drm_qda_gem_mmap_offset mmap_offset;
	struct drm_qda_session_attach attach;
	struct drm_qda_remote_session_create create;
	struct drm_qda_remote_map map;
	struct drm_qda_remote_munmap munmap;
	struct drm_qda_remote_invoke invoke;
	struct drm_qda_remote_wait wait;
	struct drm_qda_set_option option;
	struct drm_qda_remote_session_release release;
	struct drm_gem_close gem_close;
	struct drm_prime_handle prime;
	unsigned char bytes[256];
} got, answer;
static unsigned long got_request;
static int got_count, answer_errno, answer_errno_times;

static bool record(unsigned long request, void *arg, int *ret)
{
	size_t size = _IOC_SIZE(request);

	if (request == DRM_IOCTL_VERSION)
		return false;
	got_request = request;
	got_count++;
	memcpy(&got, arg, size);
	*ret = 0;
	if (answer_errno_times) {
		if (answer_errno_times > 0)
			answer_errno_times--;
		errno = answer_errno;
		*ret = -1;
		/* the one output that comes with an error */
		if (request == DRM_IOCTL_QDA_REMOTE_INVOKE)
			((struct drm_qda_remote_invoke *)arg)->ticket =
				answer.invoke.ticket;
		return true;
	}
	memcpy(arg, &answer, size);
	return true;
}

static struct kapi_file *open_recorded(void)
{
	struct kapi_file *file = open_node();

	memset(&got, 0xff, sizeof(got));
	memset(&answer, 0, sizeof(answer));
	got_count = 0;
	answer_errno_times = 0;
	fake_hook = record;
	return file;
}

/* --- identification --------------------------------------------------------- */

static void test_open_identifies(void **state)
{
	struct kapi_file *file = open_node();
	const struct kapi_info *info = kapi_info(file);

	(void)state;
	assert_string_equal(info->driver, "qda");
	assert_string_equal(info->description, DRM_QDA_TAG " test");
	assert_int_equal(info->major, 1);
	assert_string_equal(info->dsp, "cdsp");
	assert_false(info->soft);
	assert_true(kapi_fd(file) >= 0);
	assert_int_equal(fake_open_flags, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	kapi_close(file);
	kapi_close(NULL);
}

static void refused(int err, const char *log)
{
	struct kapi_file *file = NULL;

	last_log[0] = '\0';
	assert_int_equal(kapi_open(ctx, NODE, &file), err);
	assert_null(file);
	if (!strstr(last_log, log))
		fail_msg("\"%s\" is not in \"%s\"", log, last_log);
}

static void test_open_refuses_other_nodes(void **state)
{
	struct fake_node *node = &fake_nodes[0], good = *node;
	struct kapi_info found;
	struct kapi_file *file = NULL;

	(void)state;
	node->driver = "intel_vpu";
	refused(-ENXIO, "intel_vpu");
	assert_int_equal(kapi_identify(ctx, NODE, &found, &file), -ENXIO);
	assert_string_equal(found.driver, "intel_vpu");
	node->driver = NULL;
	refused(-ENXIO, "not the node of a DRM driver");
	*node = good;
	node->driver = "qda2";
	refused(-ENXIO, "qda2");
	node->driver = "qd";
	refused(-ENXIO, "qd");
	*node = good;
	node->major = 2;
	refused(-ENOTSUP, "qda 2.1");
	node->major = 0;
	refused(-ENOTSUP, "qda 0.1");
	*node = good;
	node->description = "Qualcomm DSP Accelerator Driver";
	refused(-ENOTSUP, "Qualcomm DSP Accelerator Driver");
	node->description = "QDA/handle-offse";
	refused(-ENOTSUP, "another interface");
	node->description = "";
	refused(-ENOTSUP, "another interface");
	*node = good;
	node->magic++;
	refused(-ENOTSUP, "does not confirm");
	*node = good;
	node->query_errno = ENOTTY;
	refused(-ENOTSUP, "does not confirm");
	node->query_errno = ENODEV;
	refused(-ENODEV, NODE);
	*node = good;
	node->version_errno = ENODEV;
	refused(-ENODEV, NODE);
	*node = good;
	node->open_errno = EACCES;
	refused(-EACCES, "cannot open " NODE);
	*node = good;
	kapi_close(open_node());
}

/* nothing but VERSION may be asked before the driver is known */
static unsigned long first_foreign;

static bool only_version(unsigned long request, void *arg, int *ret)
{
	(void)arg, (void)ret;
	if (request != DRM_IOCTL_VERSION)
		first_foreign = request;
	return false;
}

static void test_foreign_driver_is_asked_nothing_else(void **state)
{
	(void)state;
	fake_hook = only_version;
	fake_nodes[0].driver = "amdxdna";
	refused(-ENXIO, "amdxdna");
	assert_int_equal(first_foreign, 0);
	fake_nodes[0].driver = "qda";
	fake_nodes[0].major = 0;
	refused(-ENOTSUP, "qda 0.1");
	assert_int_equal(first_foreign, 0);
}

static void test_newer_minor_is_taken(void **state)
{
	struct kapi_file *file;

	(void)state;
	fake_nodes[0].minor = 7;
	file = open_node();
	assert_int_equal(kapi_info(file)->minor, 7);
	kapi_close(file);
}

static void test_long_and_odd_names_are_contained(void **state)
{
	struct kapi_file *file;
	char description[300], dsp[DRM_QDA_NAME_LEN];

	(void)state;
	memset(description, 'd', sizeof(description) - 1);
	memcpy(description, DRM_QDA_TAG, strlen(DRM_QDA_TAG));
	description[sizeof(description) - 1] = '\0';
	memset(dsp, 'n', sizeof(dsp) - 1);
	dsp[sizeof(dsp) - 1] = '\0';
	dsp[1] = '\n';
	fake_nodes[0].description = description;
	fake_nodes[0].dsp = dsp;
	file = open_node();
	assert_int_equal(strlen(kapi_info(file)->description), 63);
	assert_int_equal(strlen(kapi_info(file)->dsp), 31);
	assert_int_equal(kapi_info(file)->dsp[1], '?');
	kapi_close(file);
}

static void test_missing_node(void **state)
{
	struct kapi_file *file = NULL;

	(void)state;
	assert_int_equal(kapi_open(ctx, "/dev/accel/accel9", &file), -ENODEV);
	assert_null(file);
}

/* --- descriptors handed over ------------------------------------------------- */

static void test_open_fd_duplicates(void **state)
{
	struct kapi_file *file = NULL;
	int fd = fake_open(NODE, O_RDWR);

	(void)state;
	assert_int_equal(kapi_open_fd(ctx, fd, &file), 0);
	assert_int_not_equal(kapi_fd(file), fd);
	assert_int_equal(fcntl(kapi_fd(file), F_GETFD), FD_CLOEXEC);
	assert_string_equal(kapi_info(file)->dsp, "cdsp");
	fake_open_count++;
	kapi_close(file);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	fake_close(fd);
}

static void test_open_fd_refuses(void **state)
{
	struct kapi_file *file = NULL;
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	assert_int_equal(kapi_open_fd(ctx, -1, &file), -EBADF);
	assert_int_equal(kapi_open_fd(ctx, fd, &file), -ENXIO);
	close(fd);
	fake_nodes[0].driver = "ivpu";
	fd = fake_open(NODE, O_RDWR);
	assert_int_equal(kapi_open_fd(ctx, fd, &file), -ENXIO);
	assert_int_equal(kapi_open_fd(ctx, fd, &file), -ENXIO);
	fake_open_count += 2;
	fake_close(fd);
	assert_null(file);
}

static int epoll_with(uint64_t data, int fd)
{
	struct epoll_event event = { .events = 0, .data.u64 = data };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
	return epfd;
}

static void test_soft_descriptors_are_told_apart(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	int soft = epoll_with(QDA_SOFT_FD_MAGIC, fd), other = epoll_with(1, fd);
	struct kapi_file *file = NULL;

	(void)state;
	assert_int_equal(kapi_open_fd(ctx, other, &file), -ENXIO);
	last_log[0] = '\0';
	assert_int_equal(kapi_open_fd(ctx, soft, &file), -EOPNOTSUPP);
	assert_non_null(strstr(last_log, "soft sessions cannot be passed on"));
	assert_null(file);
	close(soft);
	close(other);
	close(fd);
}

/* --- the soft device's library ------------------------------------------------ */

static void test_soft_library(void **state)
{
	struct kapi_file *files[3];
	uint64_t value;
	int i;

	(void)state;
	setenv("QDA_SOFT_LIBRARY", FAKE_SOFT_LIBRARY, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(kapi_open(ctx, "soft:cdsp", &files[i]), 0);
		assert_true(kapi_info(files[i])->soft);
		assert_int_equal(kapi_query(files[i], KAPI_BANKS_TOTAL, 0, &value, NULL),
				 0);
		assert_int_equal(value, 5);
	}
	assert_int_equal(libraries, 3);
	for (i = 0; i < 3; i++)
		kapi_close(files[i]);
	assert_int_equal(libraries, 0);
	assert_int_equal(kapi_open(ctx, "soft:nosuch", &files[0]), -EINVAL);
}

static void test_soft_library_missing(void **state)
{
	struct kapi_file *file = NULL;

	(void)state;
	setenv("QDA_SOFT_LIBRARY", "/nonexistent/libqda-soft.so", 1);
	/* that it is missing is said by who asked for it */
	assert_int_equal(kapi_open(ctx, "soft:cdsp", &file), -ENOENT);
	assert_null(strstr(last_log, "/nonexistent/libqda-soft.so"));
	setenv("QDA_SOFT_LIBRARY", "/etc/passwd", 1);
	assert_int_equal(kapi_open(ctx, "soft:cdsp", &file), -ENOEXEC);
	setenv("QDA_SOFT_LIBRARY", "libm.so.6", 1);
	last_log[0] = '\0';
	assert_int_equal(kapi_open(ctx, "soft:cdsp", &file), -ENOEXEC);
	assert_non_null(strstr(last_log, "qda_soft_sys"));
	assert_null(file);
}

static void test_soft_is_refused_with_privilege(void **state)
{
	struct kapi_file *file = NULL;

	(void)state;
	setenv("QDA_SOFT_LIBRARY", FAKE_SOFT_LIBRARY, 1);
	at_secure = true;
	assert_int_equal(kapi_open(ctx, "soft:cdsp", &file), -EPERM);
	assert_non_null(strstr(last_log, "refused"));
	assert_null(file);
}

/* --- structs ------------------------------------------------------------------ */

static void test_query(void **state)
{
	static const struct {
		enum kapi_param param;
		uint32_t type, index;
	} cases[] = {
		{ KAPI_DSP_ATTR, DRM_QDA_QUERY_DSP_ATTR, 6 },
		{ KAPI_BANKS_TOTAL, DRM_QDA_QUERY_BANKS_TOTAL, 0 },
		{ KAPI_BANKS_FREE, DRM_QDA_QUERY_BANKS_FREE, 0 },
		{ KAPI_FEATURES, DRM_QDA_QUERY_FEATURES, 0 },
		{ KAPI_SESSION, DRM_QDA_QUERY_SESSION, 0 },
		{ KAPI_MAX_IN_FLIGHT, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_IN_FLIGHT },
		{ KAPI_MAX_BUFFER, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BUFFER_SIZE },
		{ KAPI_BANK_SIZE, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BANK_SIZE },
		{ KAPI_MAX_SHELL, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_SHELL_SIZE },
		{ KAPI_MAX_INIT_MEM, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_INIT_MEM },
		{ KAPI_MAX_MAPPINGS, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_MAPPINGS },
		{ KAPI_MEM_NATIVE, DRM_QDA_QUERY_MEMORY, DRM_QDA_MEMORY_NATIVE },
		{ KAPI_MEM_IMPORTED, DRM_QDA_QUERY_MEMORY, DRM_QDA_MEMORY_IMPORTED },
		{ KAPI_MEM_LIMIT, DRM_QDA_QUERY_MEMORY, DRM_QDA_MEMORY_LIMIT },
	};
	struct kapi_file *file = open_recorded();
	uint64_t value;
	int32_t status;
	size_t i;

	(void)state;
	answer.query.value = 0x123456789abcULL;
	answer.query.status = -7;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		value = 0;
		status = 0;
		assert_int_equal(kapi_query(file, cases[i].param, cases[i].index, &value,
					    &status),
				 0);
		assert_int_equal(got_request, DRM_IOCTL_QDA_QUERY);
		assert_int_equal(got.query.type, cases[i].type);
		assert_int_equal(got.query.index, cases[i].index);
		assert_int_equal(got.query.flags, 0);
		assert_int_equal(value, answer.query.value);
		assert_int_equal(status, -7);
	}
	assert_int_equal(kapi_query(file, (enum kapi_param)99, 0, &value, NULL), -EINVAL);
	kapi_close(file);
}

static void test_attach(void **state)
{
	static const char zero[DRM_QDA_NAME_LEN];
	char longest[DRM_QDA_NAME_LEN] = "";
	struct kapi_file *file = open_recorded();
	int32_t status = 0;

	(void)state;
	answer.attach.status = 5;
	assert_int_equal(kapi_attach(file, QDA_PD_ROOT, NULL, &status), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_SESSION_ATTACH);
	assert_int_equal(got.attach.pd, DRM_QDA_PD_ROOT);
	assert_memory_equal(got.attach.name, zero, sizeof(zero));
	assert_int_equal(status, 5);
	assert_int_equal(kapi_attach(file, QDA_PD_SENSORS, "", &status), 0);
	assert_int_equal(got.attach.pd, DRM_QDA_PD_SENSORS);
	assert_int_equal(kapi_attach(file, QDA_PD_STATIC, "audiopd", &status), 0);
	assert_int_equal(got.attach.pd, DRM_QDA_PD_STATIC);
	assert_string_equal((char *)got.attach.name, "audiopd");
	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(kapi_attach(file, QDA_PD_STATIC, longest, &status), 0);
	got_count = 0;
	assert_int_equal(kapi_attach(file, QDA_PD_STATIC,
				     "0123456789abcdef0123456789abcdef", &status),
			 -EINVAL);
	assert_int_equal(kapi_attach(file, QDA_PD_USER, NULL, &status), -EINVAL);
	assert_int_equal(kapi_attach(file, 77, NULL, &status), -EINVAL);
	assert_int_equal(got_count, 0);
	kapi_close(file);
}

static void test_create_and_release(void **state)
{
	struct kapi_create create = { .handle = 1, .length = 2, .siglen = 3, .attrs = 4,
				      .init_mem_size = 1ULL << 33 };
	struct drm_qda_remote_session_create want = { .handle = 1, .length = 2,
						      .siglen = 3, .attrs = 4,
						      .init_mem_size = 1ULL << 33 };
	struct kapi_file *file = open_recorded();
	int32_t status = 0;

	(void)state;
	answer.create.status = -9;
	assert_int_equal(kapi_create(file, &create, &status), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE);
	assert_memory_equal(&got.create, &want, sizeof(want));
	assert_int_equal(status, -9);
	assert_int_equal(kapi_release(file), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE);
	assert_int_equal(got.release.flags, 0);
	assert_int_equal(got.release.pad, 0);
	assert_int_equal(kapi_set_max_in_flight(file, 17), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_SET_OPTION);
	assert_int_equal(got.option.option, DRM_QDA_OPTION_IN_FLIGHT);
	assert_int_equal(got.option.value, 17);
	assert_int_equal(got.option.flags, 0);
	kapi_close(file);
}

static void test_gem(void **state)
{
	struct kapi_file *file = open_recorded();
	uint64_t size = 5000;
	uint32_t handle = 0;
	void *ptr = NULL;
	int fd = -1;

	(void)state;
	answer.gem_create.size = 8192;
	answer.gem_create.handle = 9;
	assert_int_equal(kapi_gem_create(file, &size, &handle), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_GEM_CREATE);
	assert_int_equal(got.gem_create.size, 5000);
	assert_int_equal(got.gem_create.flags, 0);
	assert_int_equal(size, 8192);
	assert_int_equal(handle, 9);
	assert_int_equal(kapi_gem_mmap(file, 9, size, &ptr), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_GEM_MMAP_OFFSET);
	assert_int_equal(got.mmap_offset.handle, 9);
	assert_int_equal(got.mmap_offset.pad, 0);
	memset(ptr, 1, size);
	kapi_munmap_cpu(file, ptr, size);
	assert_int_equal(kapi_gem_close(file, 9), 0);
	assert_int_equal(got_request, DRM_IOCTL_GEM_CLOSE);
	assert_int_equal(got.gem_close.handle, 9);
	answer.prime.handle = 11;
	answer.prime.fd = 33;
	assert_int_equal(kapi_prime_import(file, 22, &handle), 0);
	assert_int_equal(got_request, DRM_IOCTL_PRIME_FD_TO_HANDLE);
	assert_int_equal(got.prime.fd, 22);
	assert_int_equal(got.prime.flags, 0);
	assert_int_equal(handle, 11);
	assert_int_equal(kapi_prime_export(file, 11, &fd), 0);
	assert_int_equal(got_request, DRM_IOCTL_PRIME_HANDLE_TO_FD);
	assert_int_equal(got.prime.handle, 11);
	assert_int_equal(got.prime.flags, DRM_CLOEXEC | DRM_RDWR);
	assert_int_equal(fd, 33);
	kapi_close(file);
}

static void test_map(void **state)
{
	struct kapi_map map = { .offset = 4096, .length = 2, .addr_hint = 3, .handle = 4,
				.type = QDA_MAP_FD, .dsp_id = 6 };
	struct drm_qda_remote_map want = { .offset = 4096, .length = 2, .addr_hint = 3,
					   .handle = 4, .type = DRM_QDA_MAP_FD,
					   .flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 6 };
	struct kapi_file *file = open_recorded();
	uint64_t addr = 0;
	uint32_t id = 0;
	int32_t status = 1;

	(void)state;
	answer.map.map_id = 8;
	answer.map.dsp_addr = 1ULL << 40;
	assert_int_equal(kapi_map(file, &map, &id, &addr, &status), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_MAP);
	assert_memory_equal(&got.map, &want, sizeof(want));
	assert_int_equal(id, 8);
	assert_int_equal(addr, 1ULL << 40);
	assert_int_equal(status, 0);
	map.dsp_id = 0;
	map.type = QDA_MAP_ADD_PAGES;
	assert_int_equal(kapi_map(file, &map, &id, &addr, &status), 0);
	assert_int_equal(got.map.flags, 0);
	assert_int_equal(got.map.dsp_id, 0);
	answer.munmap.status = 3;
	assert_int_equal(kapi_munmap(file, 8, &status), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_MUNMAP);
	assert_int_equal(got.munmap.map_id, 8);
	assert_int_equal(got.munmap.flags, 0);
	assert_int_equal(got.munmap.pad, 0);
	assert_int_equal(status, 3);
	kapi_close(file);
}

static void check_option(uint32_t option, uint64_t value)
{
	assert_int_equal(got_request, DRM_IOCTL_QDA_SET_OPTION);
	assert_int_equal(got.option.option, option);
	assert_int_equal(got.option.value, value);
	assert_int_equal(got.option.flags, 0);
}

static void test_options(void **state)
{
	struct kapi_file *file = open_recorded();

	(void)state;
	assert_int_equal(kapi_set_memory_limit(file, 5ULL << 32), 0);
	check_option(DRM_QDA_OPTION_MEMORY_LIMIT, 5ULL << 32);
	assert_int_equal(kapi_set_status_events(file, true), 0);
	check_option(DRM_QDA_OPTION_STATUS_EVENTS, 1);
	assert_int_equal(kapi_set_status_events(file, false), 0);
	check_option(DRM_QDA_OPTION_STATUS_EVENTS, 0);
	assert_int_equal(kapi_set_answer_timeout(file, 1), 0);
	check_option(DRM_QDA_OPTION_ANSWER_TIMEOUT, 1);
	assert_int_equal(kapi_set_answer_timeout(file, INT64_MAX), 0);
	check_option(DRM_QDA_OPTION_ANSWER_TIMEOUT, DRM_QDA_MAX_ANSWER_TIMEOUT);
	answer_errno = EPERM;
	answer_errno_times = 1;
	assert_int_equal(kapi_set_memory_limit(file, 5ULL << 33), -EPERM);
	kapi_close(file);
}

/* a driver from before there were any is asked nothing */
static void test_minor_0(void **state)
{
	struct kapi_file *file;
	uint64_t value = 1;

	(void)state;
	fake_nodes[0].minor = 0;
	file = open_recorded();
	assert_int_equal(kapi_query(file, KAPI_MEM_NATIVE, 0, &value, NULL), -EOPNOTSUPP);
	assert_int_equal(kapi_query(file, KAPI_MEM_IMPORTED, 0, &value, NULL),
			 -EOPNOTSUPP);
	assert_int_equal(kapi_query(file, KAPI_MEM_LIMIT, 0, &value, NULL), -EOPNOTSUPP);
	assert_int_equal(kapi_set_memory_limit(file, 1), -EOPNOTSUPP);
	assert_int_equal(kapi_set_status_events(file, true), -EOPNOTSUPP);
	assert_int_equal(kapi_set_answer_timeout(file, 1), -EOPNOTSUPP);
	assert_int_equal(got_count, 0);
	assert_int_equal(value, 1);
	/* what it has is asked as ever */
	assert_int_equal(kapi_query(file, KAPI_SESSION, 0, &value, NULL), 0);
	kapi_close(file);
}

static void test_invoke_and_wait(void **state)
{
	struct kapi_arg args[2] = { { .handle = 1 }, { .handle = 2 } };
	struct kapi_invoke invoke = { .args = args, .num_args = 2, .handle = 3,
				      .scalars = 0x02010100,
				      .flags = KAPI_INVOKE_ASYNC | KAPI_INVOKE_EVENT,
				      .user_data = 44, .ticket = 1, .status = 1 };
	struct kapi_file *file = open_recorded();
	int32_t status = 0;

	(void)state;
	answer.invoke.ticket = 55;
	answer.invoke.status = -66;
	assert_int_equal(kapi_invoke(file, &invoke), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_INVOKE);
	assert_int_equal(got.invoke.args, (uintptr_t)args);
	assert_int_equal(got.invoke.num_args, 2);
	assert_int_equal(got.invoke.stride, sizeof(struct drm_qda_arg));
	assert_int_equal(got.invoke.handle, 3);
	assert_int_equal(got.invoke.scalars, 0x02010100);
	assert_int_equal(got.invoke.flags,
			 DRM_QDA_INVOKE_ASYNC | DRM_QDA_INVOKE_EVENT);
	assert_int_equal(got.invoke.user_data, 44);
	assert_int_equal(got.invoke.ticket, 0);
	assert_int_equal(got.invoke.status, 0);
	assert_int_equal(invoke.ticket, 55);
	assert_int_equal(invoke.status, -66);
	memset(&answer, 0, sizeof(answer));
	answer.wait.status = 12;
	assert_int_equal(kapi_wait(file, 55, -1, &status), 0);
	assert_int_equal(got_request, DRM_IOCTL_QDA_REMOTE_WAIT);
	assert_int_equal(got.wait.ticket, 55);
	assert_int_equal(got.wait.deadline, -1);
	assert_int_equal(got.wait.flags, 0);
	assert_int_equal(status, 12);
	kapi_close(file);
}

/* --- errors ------------------------------------------------------------------- */

static void test_interrupted_invoke_gives_its_ticket(void **state)
{
	struct kapi_invoke invoke = { .ticket = 1, .status = 2 };
	struct kapi_file *file = open_recorded();

	(void)state;
	answer.invoke.ticket = 77;
	answer_errno = EINTR;
	answer_errno_times = 1;
	assert_int_equal(kapi_invoke(file, &invoke), -EINTR);
	assert_int_equal(got_count, 1);
	assert_int_equal(invoke.ticket, 77);
	assert_int_equal(invoke.status, 2);
	answer_errno = EPIPE;
	answer_errno_times = 1;
	invoke.ticket = 1;
	assert_int_equal(kapi_invoke(file, &invoke), -EPIPE);
	assert_int_equal(invoke.ticket, 1);
	kapi_close(file);
}

/* each call once, with the errno, and with its outputs untouched */
static void check_errors(struct kapi_file *file, int err, int count)
{
	struct kapi_create create = { 0 };
	struct kapi_invoke invoke = { .status = 21 };
	struct kapi_map map = { 0 };
	uint64_t value = 21;
	uint32_t id = 21;
	int32_t status = 21;

	got_count = 0;
	assert_int_equal(kapi_query(file, KAPI_DSP_ATTR, 1, &value, &status), err);
	assert_int_equal(kapi_attach(file, QDA_PD_ROOT, NULL, &status), err);
	assert_int_equal(kapi_create(file, &create, &status), err);
	assert_int_equal(kapi_release(file), err);
	assert_int_equal(kapi_map(file, &map, &id, &value, &status), err);
	assert_int_equal(kapi_munmap(file, 1, &status), err);
	assert_int_equal(kapi_invoke(file, &invoke), err);
	assert_int_equal(kapi_wait(file, 1, 0, &status), err);
	assert_int_equal(got_count, count);
	assert_int_equal(value, 21);
	assert_int_equal(id, 21);
	assert_int_equal(status, 21);
	assert_int_equal(invoke.status, 21);
}

static void test_errno_is_passed_on(void **state)
{
	static const int errnos[] = { EINVAL, ENOMEM, EBUSY,	 EPERM,	    EALREADY,
				      ENODEV, EPIPE,  ECANCELED, EOPNOTSUPP, EAGAIN };
	struct kapi_file *file = open_recorded();
	size_t i;

	(void)state;
	answer_errno_times = -1;
	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		answer_errno = errnos[i];
		check_errors(file, -errnos[i], 8);
	}
	/* a table that fails without a reason */
	answer_errno = 0;
	check_errors(file, -EIO, 8);
	kapi_close(file);
}

static void test_calls_to_the_dsp_are_never_repeated(void **state)
{
	struct kapi_file *file = open_recorded();

	(void)state;
	answer_errno = EINTR;
	answer_errno_times = -1;
	check_errors(file, -EINTR, 8);
	kapi_close(file);
}

static void test_harmless_calls_are_repeated(void **state)
{
	struct kapi_file *file = open_recorded();
	uint64_t value = 1;
	uint32_t handle;
	void *ptr;
	int fd;

	(void)state;
	answer_errno = EINTR;
#define REPEATED(call) \
	do { \
		got_count = 0; \
		answer_errno_times = 2; \
		assert_int_equal(call, 0); \
		assert_int_equal(got_count, 3); \
	} while (0)
	REPEATED(kapi_query(file, KAPI_BANKS_FREE, 0, &value, NULL));
	REPEATED(kapi_gem_create(file, &value, &handle));
	REPEATED(kapi_gem_close(file, 1));
	REPEATED(kapi_prime_import(file, 1, &handle));
	REPEATED(kapi_prime_export(file, 1, &fd));
	REPEATED(kapi_set_max_in_flight(file, 1));
	REPEATED(kapi_set_memory_limit(file, 1));
	REPEATED(kapi_set_status_events(file, true));
	REPEATED(kapi_set_answer_timeout(file, 1));
	REPEATED(kapi_gem_mmap(file, 1, 4096, &ptr));
#undef REPEATED
	kapi_munmap_cpu(file, ptr, 4096);
	kapi_close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_identifies),
		TEST(open_refuses_other_nodes),
		TEST(foreign_driver_is_asked_nothing_else),
		TEST(newer_minor_is_taken),
		TEST(long_and_odd_names_are_contained),
		TEST(missing_node),
		TEST(open_fd_duplicates),
		TEST(open_fd_refuses),
		TEST(soft_descriptors_are_told_apart),
		TEST(soft_library),
		TEST(soft_library_missing),
		TEST(soft_is_refused_with_privilege),
		TEST(query),
		TEST(attach),
		TEST(create_and_release),
		TEST(gem),
		TEST(map),
		TEST(options),
		TEST(minor_0),
		TEST(invoke_and_wait),
		TEST(interrupted_invoke_gives_its_ticket),
		TEST(errno_is_passed_on),
		TEST(calls_to_the_dsp_are_never_repeated),
		TEST(harmless_calls_are_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
