// SPDX-License-Identifier: MIT
/*
 * The interface is frozen: sizes, offsets and numbers as they were published. A
 * line may be added here; one that has to be changed is a broken interface.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <drm/qda_accel.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct row {
	const char *name;
	/* the same on machines of 32 bits */
	uint64_t is, was;
	size_t is_size, was_size;
};

#define SIZE(type, size) \
	{ #type, sizeof(struct type), size, 0, 0 }
#define FIELD(type, field, offset, size) \
	{ #type "." #field, offsetof(struct type, field), offset, \
	  sizeof(((struct type *)0)->field), size }
#define NUMBER(name, number) \
	{ #name, DRM_IOCTL_QDA_##name, number, 0, 0 }
#define VALUE(name, value) \
	{ #name, (uint64_t)(name), value, 0, 0 }

static const struct row sizes[] = {
	SIZE(drm_qda_query, 56),
	SIZE(drm_qda_gem_create, 16),
	SIZE(drm_qda_gem_mmap_offset, 16),
	SIZE(drm_qda_session_attach, 48),
	SIZE(drm_qda_remote_session_create, 40),
	SIZE(drm_qda_remote_map, 56),
	SIZE(drm_qda_remote_munmap, 16),
	SIZE(drm_qda_arg, 40),
	SIZE(drm_qda_remote_invoke, 48),
	SIZE(drm_qda_remote_wait, 24),
	SIZE(drm_qda_event_complete, 32),
	SIZE(drm_qda_event_status, 16),
	SIZE(drm_qda_set_option, 16),
	SIZE(drm_qda_remote_session_release, 8),
};

static const struct row fields[] = {
	FIELD(drm_qda_query, type, 0, 4),
	FIELD(drm_qda_query, index, 4, 4),
	FIELD(drm_qda_query, flags, 8, 4),
	FIELD(drm_qda_query, status, 12, 4),
	FIELD(drm_qda_query, value, 16, 8),
	FIELD(drm_qda_query, name, 24, 32),
	FIELD(drm_qda_gem_create, size, 0, 8),
	FIELD(drm_qda_gem_create, handle, 8, 4),
	FIELD(drm_qda_gem_create, flags, 12, 4),
	FIELD(drm_qda_gem_mmap_offset, offset, 0, 8),
	FIELD(drm_qda_gem_mmap_offset, handle, 8, 4),
	FIELD(drm_qda_gem_mmap_offset, pad, 12, 4),
	FIELD(drm_qda_session_attach, pd, 0, 4),
	FIELD(drm_qda_session_attach, flags, 4, 4),
	FIELD(drm_qda_session_attach, name, 8, 32),
	FIELD(drm_qda_session_attach, status, 40, 4),
	FIELD(drm_qda_session_attach, pad, 44, 4),
	FIELD(drm_qda_remote_session_create, offset, 0, 8),
	FIELD(drm_qda_remote_session_create, handle, 8, 4),
	FIELD(drm_qda_remote_session_create, length, 12, 4),
	FIELD(drm_qda_remote_session_create, siglen, 16, 4),
	FIELD(drm_qda_remote_session_create, attrs, 20, 4),
	FIELD(drm_qda_remote_session_create, init_mem_size, 24, 8),
	FIELD(drm_qda_remote_session_create, flags, 32, 4),
	FIELD(drm_qda_remote_session_create, status, 36, 4),
	FIELD(drm_qda_remote_map, offset, 0, 8),
	FIELD(drm_qda_remote_map, length, 8, 8),
	FIELD(drm_qda_remote_map, addr_hint, 16, 8),
	FIELD(drm_qda_remote_map, dsp_addr, 24, 8),
	FIELD(drm_qda_remote_map, handle, 32, 4),
	FIELD(drm_qda_remote_map, type, 36, 4),
	FIELD(drm_qda_remote_map, flags, 40, 4),
	FIELD(drm_qda_remote_map, dsp_id, 44, 4),
	FIELD(drm_qda_remote_map, map_id, 48, 4),
	FIELD(drm_qda_remote_map, status, 52, 4),
	FIELD(drm_qda_remote_munmap, map_id, 0, 4),
	FIELD(drm_qda_remote_munmap, flags, 4, 4),
	FIELD(drm_qda_remote_munmap, status, 8, 4),
	FIELD(drm_qda_remote_munmap, pad, 12, 4),
	FIELD(drm_qda_arg, offset, 0, 8),
	FIELD(drm_qda_arg, length, 8, 8),
	FIELD(drm_qda_arg, address, 16, 8),
	FIELD(drm_qda_arg, handle, 24, 4),
	FIELD(drm_qda_arg, flags, 28, 4),
	FIELD(drm_qda_arg, dsp_id, 32, 4),
	FIELD(drm_qda_arg, pad, 36, 4),
	FIELD(drm_qda_remote_invoke, args, 0, 8),
	FIELD(drm_qda_remote_invoke, num_args, 8, 4),
	FIELD(drm_qda_remote_invoke, stride, 12, 4),
	FIELD(drm_qda_remote_invoke, handle, 16, 4),
	FIELD(drm_qda_remote_invoke, scalars, 20, 4),
	FIELD(drm_qda_remote_invoke, flags, 24, 4),
	FIELD(drm_qda_remote_invoke, status, 28, 4),
	FIELD(drm_qda_remote_invoke, ticket, 32, 8),
	FIELD(drm_qda_remote_invoke, user_data, 40, 8),
	FIELD(drm_qda_remote_wait, ticket, 0, 8),
	FIELD(drm_qda_remote_wait, deadline, 8, 8),
	FIELD(drm_qda_remote_wait, flags, 16, 4),
	FIELD(drm_qda_remote_wait, status, 20, 4),
	FIELD(drm_qda_event_complete, base, 0, 8),
	FIELD(drm_qda_event_complete, ticket, 8, 8),
	FIELD(drm_qda_event_complete, user_data, 16, 8),
	FIELD(drm_qda_event_complete, error, 24, 4),
	FIELD(drm_qda_event_complete, status, 28, 4),
	FIELD(drm_qda_event_status, base, 0, 8),
	FIELD(drm_qda_event_status, status, 8, 4),
	FIELD(drm_qda_event_status, pad, 12, 4),
	FIELD(drm_qda_set_option, option, 0, 4),
	FIELD(drm_qda_set_option, flags, 4, 4),
	FIELD(drm_qda_set_option, value, 8, 8),
	FIELD(drm_qda_remote_session_release, flags, 0, 4),
	FIELD(drm_qda_remote_session_release, pad, 4, 4),
};

static const struct row numbers[] = {
	NUMBER(QUERY, 0xc0386440),
	NUMBER(GEM_CREATE, 0xc0106441),
	NUMBER(GEM_MMAP_OFFSET, 0xc0106442),
	NUMBER(SESSION_ATTACH, 0xc0306443),
	NUMBER(REMOTE_SESSION_CREATE, 0xc0286444),
	NUMBER(REMOTE_MAP, 0xc0386445),
	NUMBER(REMOTE_MUNMAP, 0xc0106446),
	NUMBER(REMOTE_INVOKE, 0xc0306447),
	NUMBER(REMOTE_WAIT, 0xc0186448),
	NUMBER(SET_OPTION, 0xc0106449),
	NUMBER(REMOTE_SESSION_RELEASE, 0xc008644a),
};

static const struct row values[] = {
	VALUE(DRM_QDA_QUERY_MAGIC, 0),
	VALUE(DRM_QDA_QUERY_NAME, 1),
	VALUE(DRM_QDA_QUERY_DSP_ATTR, 2),
	VALUE(DRM_QDA_QUERY_BANKS_TOTAL, 3),
	VALUE(DRM_QDA_QUERY_BANKS_FREE, 4),
	VALUE(DRM_QDA_QUERY_LIMIT, 5),
	VALUE(DRM_QDA_QUERY_FEATURES, 6),
	VALUE(DRM_QDA_QUERY_SESSION, 7),
	VALUE(DRM_QDA_QUERY_MEMORY, 8),
	VALUE(DRM_QDA_SESSION_HAS_PD, 1),
	VALUE(DRM_QDA_SESSION_UNSIGNED, 2),
	VALUE(DRM_QDA_SESSION_RELEASED, 4),
	VALUE(DRM_QDA_LIMIT_IN_FLIGHT, 0),
	VALUE(DRM_QDA_LIMIT_BUFFER_SIZE, 1),
	VALUE(DRM_QDA_LIMIT_BANK_SIZE, 2),
	VALUE(DRM_QDA_LIMIT_SHELL_SIZE, 3),
	VALUE(DRM_QDA_LIMIT_INIT_MEM, 4),
	VALUE(DRM_QDA_LIMIT_MAPPINGS, 5),
	VALUE(DRM_QDA_MEMORY_NATIVE, 0),
	VALUE(DRM_QDA_MEMORY_IMPORTED, 1),
	VALUE(DRM_QDA_MEMORY_LIMIT, 2),
	VALUE(DRM_QDA_MEMORY_MAPPINGS, 3),
	VALUE(DRM_QDA_FEATURE_UNSIGNED_PD, 1),
	VALUE(DRM_QDA_FEATURE_SENSORS_PD, 2),
	VALUE(DRM_QDA_FEATURE_STATIC_PD, 4),
	VALUE(DRM_QDA_FEATURE_COHERENT, 8),
	VALUE(DRM_QDA_FEATURE_PRIVILEGED, 0x10),
	VALUE(DRM_QDA_PD_ROOT, 0),
	VALUE(DRM_QDA_PD_STATIC, 1),
	VALUE(DRM_QDA_PD_SENSORS, 2),
	VALUE(DRM_QDA_PD_DEBUG, 1),
	VALUE(DRM_QDA_PD_PTRACE, 2),
	VALUE(DRM_QDA_PD_UNSIGNED, 8),
	VALUE(DRM_QDA_PD_ADAPTIVE_QOS, 0x10),
	VALUE(DRM_QDA_PD_SYSTEM, 0x20),
	VALUE(DRM_QDA_PD_PRIVILEGED, 0x40),
	VALUE(DRM_QDA_PD_DUMP, 0x80),
	VALUE(DRM_QDA_PD_SYSTEM_UNSIGNED, 0x20000),
	VALUE(DRM_QDA_MAP_STATIC, 0),
	VALUE(DRM_QDA_MAP_FD, 2),
	VALUE(DRM_QDA_MAP_FD_DELAYED, 3),
	VALUE(DRM_QDA_MAP_FD_NOMAP, 0x10),
	VALUE(DRM_QDA_MAP_ADD_PAGES, 0x1000),
	VALUE(DRM_QDA_OPTION_IN_FLIGHT, 0),
	VALUE(DRM_QDA_OPTION_MEMORY_LIMIT, 1),
	VALUE(DRM_QDA_OPTION_STATUS_EVENTS, 2),
	VALUE(DRM_QDA_OPTION_ANSWER_TIMEOUT, 3),
	VALUE(DRM_QDA_MAX_ANSWER_TIMEOUT, 3600000000000),
	VALUE(DRM_QDA_MAJOR, 1),
	VALUE(DRM_QDA_ABI_MAGIC, 0x6c69627164613031),
	VALUE(DRM_QDA_MAX_ARGS, 540),
	VALUE(DRM_QDA_HANDLE_INIT, 1),
	VALUE(DRM_QDA_NAME_LEN, 32),
	VALUE(DRM_QDA_MAP_DSP_ID, 1),
	VALUE(DRM_QDA_ARG_DSP_ID, 1),
	VALUE(DRM_QDA_INVOKE_ASYNC, 1),
	VALUE(DRM_QDA_INVOKE_EVENT, 2),
	VALUE(DRM_QDA_EVENT_COMPLETE, 0x80000000),
	VALUE(DRM_QDA_EVENT_STATUS, 0x80000001),
	VALUE(DRM_QDA_MAX_STATUS_EVENTS, 8),
	VALUE(DRM_QDA_PD_STATUS_UP, 0),
	VALUE(DRM_QDA_PD_STATUS_EXIT, 1),
	VALUE(DRM_QDA_PD_STATUS_KILLED, 2),
	VALUE(DRM_QDA_PD_STATUS_EXCEPTION, 3),
	VALUE(DRM_QDA_PD_STATUS_DSP_RESTART, 4),
	{ "scalars", DRM_QDA_SCALARS(31, 255, 254, 15, 14), 0x1ffffefe, 0, 0 },
	{ "scalars method", DRM_QDA_SCALARS_METHOD(0x1f0a0b3cU), 31, 0, 0 },
	{ "scalars in", DRM_QDA_SCALARS_IN(0x1f0a0b3cU), 10, 0, 0 },
	{ "scalars out", DRM_QDA_SCALARS_OUT(0x1f0a0b3cU), 11, 0, 0 },
	{ "scalars in handles", DRM_QDA_SCALARS_IN_HANDLES(0x1f0a0b3cU), 3, 0, 0 },
	{ "scalars out handles", DRM_QDA_SCALARS_OUT_HANDLES(0x1f0a0b3cU), 12, 0, 0 },
	{ "scalars all", DRM_QDA_SCALARS_NUM_ARGS(0x1f0a0b3cU), 36, 0, 0 },
};

static void check_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].is != rows[i].was || rows[i].is_size != rows[i].was_size)
			fail_msg("%s is %#" PRIx64 " (size %zu), was %#" PRIx64 " (size %zu)",
				 rows[i].name, rows[i].is, rows[i].is_size, rows[i].was,
				 rows[i].was_size);
}

static void test_sizes(void **state)
{
	size_t i;

	(void)state;
	check_rows(sizes, COUNT(sizes));
	for (i = 0; i < COUNT(sizes); i++)
		assert_int_equal(sizes[i].is % 8, 0);
}

static void test_fields(void **state)
{
	size_t i;

	(void)state;
	check_rows(fields, COUNT(fields));
	/* naturally aligned; arrays of bytes and nested structs are by their parts */
	for (i = 0; i < COUNT(fields); i++)
		if (fields[i].is_size <= 8)
			assert_int_equal(fields[i].is % fields[i].is_size, 0);
}

static void test_numbers(void **state)
{
	(void)state;
	check_rows(numbers, COUNT(numbers));
}

static void test_values(void **state)
{
	(void)state;
	check_rows(values, COUNT(values));
	assert_string_equal(DRM_QDA_NAME, "qda");
	assert_string_equal(DRM_QDA_TAG, "QDA/handle-offset");
}

int main(void)
{
	const struct CMUnitTest abi[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(abi, NULL, NULL);
}
