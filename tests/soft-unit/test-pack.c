// SPDX-License-Identifier: MIT
/* The driver's pure code: what goes over the wire, byte by byte, and every check. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "qda/qda_pack.h"

#define NUM(a)	(sizeof(a) / sizeof((a)[0]))

/* --- payload ------------------------------------------------------------- */

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct qda_wire_msg), 40);
	assert_int_equal(sizeof(struct qda_wire_rsp), 16);
	assert_int_equal(sizeof(union qda_wire_arg), 16);
	assert_int_equal(sizeof(struct qda_wire_buf), 8);
	assert_int_equal(sizeof(struct qda_wire_page), 16);
	assert_int_equal(sizeof(struct qda_wire_create), 24);
	assert_int_equal(sizeof(struct qda_wire_create_static), 12);
	assert_int_equal(sizeof(struct qda_wire_mmap), 24);
	assert_int_equal(sizeof(struct qda_wire_munmap), 24);
	assert_int_equal(sizeof(struct qda_wire_mem_map), 32);
	assert_int_equal(sizeof(struct qda_wire_mem_unmap), 24);
	assert_int_equal(sizeof(struct qda_wire_rsp_v2), 24);
	assert_int_equal(sizeof(struct qda_wire_notif), 24);
	assert_int_equal(sizeof(struct drm_qda_arg), 40);
	/* lists, CRCs and the poll word behind 40 bytes per argument */
	assert_int_equal(QDA_WIRE_PAYLOAD(0), 128 + 256 + 8);
	assert_int_equal(QDA_WIRE_PAYLOAD(4), 160 + 128 + 256 + 8);
}

/* in: a page and a bit; out: absent; handle */
static const uint8_t expected[] = {
	/* remote arguments: pv 0x234, length 0x1010 */
	0x34, 0x02, 0, 0, 0, 0, 0, 0, 0x10, 0x10, 0, 0, 0, 0, 0, 0,
	/* absent */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* dsp_id 0x51, offset 0x100, length 0x20 */
	0x51, 0, 0, 0, 0, 1, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0,
	/* one page entry each, its own index */
	1, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 1, 0, 0, 0,
	1, 0, 0, 0, 2, 0, 0, 0,
	/* pages: stream id 3, two pages from 0x80002000 */
	0x00, 0x20, 0x00, 0x80, 3, 0, 0, 0, 0x00, 0x20, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* a handle's page is its whole buffer */
	0x00, 0x00, 0x00, 0x90, 3, 0, 0, 0, 0x00, 0x30, 0, 0, 0, 0, 0, 0,
};

static void payload_bytes(void **state)
{
	const struct drm_qda_arg args[] = {
		{ .offset = 0x2234, .length = 0x1010, .handle = 1 },
		{ 0 },
		{ .offset = 0x100, .length = 0x20, .handle = 2, .dsp_id = 0x51,
		  .flags = DRM_QDA_ARG_DSP_ID },
	};
	const struct qda_object_span spans[] = {
		{ 0x380000000, 0x10000 },
		{ ~0ULL, ~0ULL },
		{ 0x390000000, 0x3000 },
	};
	uint64_t payload[(QDA_WIRE_PAYLOAD(3) + 8) / 8];
	const uint8_t *bytes = (uint8_t *)payload;
	size_t i;

	(void)state;
	memset(payload, 0xee, sizeof(payload));
	qda_pack_args(payload, 3, DRM_QDA_SCALARS(2, 1, 1, 1, 0), args, spans);
	assert_memory_equal(bytes, expected, sizeof(expected));
	for (i = sizeof(expected); i < QDA_WIRE_PAYLOAD(3); i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(bytes[i], 0xee);
}

static void payload_address(void **state)
{
	const struct drm_qda_arg arg = {
		.offset = 0x1ffc, .length = 8, .handle = 1, .address = 0xdeadbffc,
	};
	const struct qda_object_span span = { 0x100001000, 0x4000 };
	uint64_t payload[QDA_WIRE_PAYLOAD(1) / 8];

	(void)state;
	qda_pack_args(payload, 1, DRM_QDA_SCALARS(0, 0, 1, 0, 0), &arg, &span);
	/* no bit of a pointer but those that lie in the page */
	assert_int_equal(payload[0], 0xffc);
	assert_int_equal(payload[1], 8);
	/* 4 bytes before a page's end and 4 after: both pages */
	assert_int_equal(payload[3], 0x100002000);
	assert_int_equal(payload[4], 0x2000);
}

static void payload_control(void **state)
{
	const struct qda_ctl_arg args[] = {
		{ 0x200000408, 24 }, { 0, 0 }, { 0x200003000, 4096 },
	};
	uint64_t payload[QDA_WIRE_PAYLOAD(3) / 8], zero = 0;

	(void)state;
	memset(payload, 0xee, sizeof(payload));
	qda_pack_ctl(payload, 3, args);
	assert_int_equal(payload[0], 0x408);
	assert_int_equal(payload[1], 24);
	assert_int_equal(payload[2], zero);
	assert_int_equal(payload[3], zero);
	assert_int_equal(payload[4], 0);
	assert_int_equal(payload[5], 4096);
	assert_int_equal(payload[6], 1);
	assert_int_equal(payload[7], 1ULL << 32);	/* num 0, index 1 */
	assert_int_equal(payload[9], 0x200000000);
	assert_int_equal(payload[10], 4096);
	assert_int_equal(payload[11], 0);
	assert_int_equal(payload[12], 0);
	assert_int_equal(payload[13], 0x200003000);
	assert_int_equal(payload[14], 4096);
	assert_int_equal(payload[15], 0);
}

static void finished_list(void **state)
{
	uint64_t payload[QDA_WIRE_PAYLOAD(2) / 8] = { 0 };
	uint64_t *list = &payload[2 * QDA_WIRE_PER_ARG / 8];
	uint32_t ids[QDA_WIRE_FDLIST_LEN];
	unsigned int i;

	(void)state;
	assert_int_equal(qda_unpack_fdlist(payload, 2, ids), 0);
	list[0] = 7;
	list[1] = 0x80000000;		/* no dsp_id */
	list[2] = 1ULL << 32 | 9;	/* neither */
	list[3] = 8;
	list[5] = 99;			/* behind the end */
	assert_int_equal(qda_unpack_fdlist(payload, 2, ids), 2);
	assert_int_equal(ids[0], 7);
	assert_int_equal(ids[1], 8);
	/* no zero at all: the list ends by itself */
	for (i = 0; i < 16; i++)
		list[i] = i + 1;
	list[16] = 55;
	assert_int_equal(qda_unpack_fdlist(payload, 2, ids), 16);
	assert_int_equal(ids[15], 16);
}

/* --- replies ------------------------------------------------------------- */

static void context_word(void **state)
{
	uint64_t ctx = qda_ctx_make(0x123456789abc, 0x41, QDA_PD_TYPE_USER);

	(void)state;
	assert_int_equal(ctx, 0x123456789abc4101);
	assert_int_equal(qda_ctx_id(ctx), 0x41);
	assert_int_equal(qda_ctx_make(1ULL << 48 | 5, 1, QDA_PD_TYPE_ROOT), 0x50100);
}

static void reply_lengths(void **state)
{
	const uint8_t bytes[32] = {
		0x01, 0x41, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12,
		0x30, 0x04, 0x00, 0x80,
	};
	struct qda_reply reply = { 0 };
	size_t len;

	(void)state;
	for (len = 0; len < 12; len++)
		assert_int_equal(qda_parse_reply(bytes, len, &reply), QDA_REPLY_IGNORE);
	for (len = 12; len <= sizeof(bytes); len++) {
		memset(&reply, 0, sizeof(reply));
		assert_int_equal(qda_parse_reply(bytes, len, &reply), QDA_REPLY_CALL);
		assert_int_equal(reply.ctx, 0x123456789abc4101);
		assert_int_equal(reply.status, (int32_t)0x80000430);
	}
}

static void reply_early(void **state)
{
	uint8_t bytes[24] = { 1, 1, [8] = 5, [20] = 2 };
	struct qda_reply reply;
	uint8_t flags;

	(void)state;
	for (flags = 0; flags < 8; flags++) {
		bytes[12] = flags;
		assert_int_equal(qda_parse_reply(bytes, sizeof(bytes), &reply),
				 flags == 0 || flags == 3 ? QDA_REPLY_CALL :
							    QDA_REPLY_IGNORE);
	}
	/* not that version: the rest means nothing */
	bytes[20] = 0;
	assert_int_equal(qda_parse_reply(bytes, sizeof(bytes), &reply), QDA_REPLY_CALL);
}

static void reply_notification(void **state)
{
	uint8_t bytes[24] = {
		0xcd, 0xab, 0xcd, 0xab, 0, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2,
	};
	struct qda_reply reply;
	size_t len;

	(void)state;
	for (len = 12; len < 20; len++)
		assert_int_equal(qda_parse_reply(bytes, len, &reply), QDA_REPLY_IGNORE);
	for (; len <= sizeof(bytes); len++) {
		assert_int_equal(qda_parse_reply(bytes, len, &reply), QDA_REPLY_NOTIF);
		assert_int_equal(reply.client_id, 3);
		assert_int_equal(reply.status, 2);
	}
	bytes[16] = 3;
	assert_int_equal(qda_parse_reply(bytes, 24, &reply), QDA_REPLY_NOTIF);
	/* a status that is not the DSP's to say, or none */
	bytes[16] = 4;
	assert_int_equal(qda_parse_reply(bytes, 24, &reply), QDA_REPLY_IGNORE);
	bytes[16] = 0;
	bytes[19] = 0x80;
	assert_int_equal(qda_parse_reply(bytes, 24, &reply), QDA_REPLY_IGNORE);
	bytes[19] = 0;
	assert_int_equal(qda_parse_reply(bytes, 24, &reply), QDA_REPLY_NOTIF);
	bytes[8] = 5;
	assert_int_equal(qda_parse_reply(bytes, 24, &reply), QDA_REPLY_IGNORE);
}

/* --- checks -------------------------------------------------------------- */

static void check_arg(void **state)
{
	const struct drm_qda_arg good = { .offset = 0x1010, .length = 4, .handle = 1 };
	const struct drm_qda_arg handle = {
		.length = 4, .handle = 1, .flags = DRM_QDA_ARG_DSP_ID, .dsp_id = 1,
	};
	struct drm_qda_arg a = { 0 };

	(void)state;
	assert_int_equal(qda_check_arg(&a, QDA_ARG_IN), 0);
	assert_int_equal(qda_check_arg(&a, QDA_ARG_OUT), 0);
	assert_int_equal(qda_check_arg(&a, QDA_ARG_IN_HANDLE), -EINVAL);
#define ABSENT(field) \
	do { \
		a = (struct drm_qda_arg){ .field = 1 }; \
		assert_int_equal(qda_check_arg(&a, QDA_ARG_IN), -EINVAL); \
	} while (0)
	ABSENT(offset);
	ABSENT(address);
	ABSENT(handle);
	ABSENT(flags);
	ABSENT(dsp_id);
	ABSENT(pad);
#define ARG(base, cls, want, ...) \
	do { \
		a = base; \
		__VA_ARGS__; \
		assert_int_equal(qda_check_arg(&a, cls), want); \
	} while (0)
	ARG(good, QDA_ARG_IN, 1, (void)0);
	ARG(good, QDA_ARG_OUT, 1, a.address = 0x7010);
	ARG(good, QDA_ARG_OUT, -EINVAL, a.address = 0x7011);
	ARG(good, QDA_ARG_OUT, -EINVAL, a.address = 0x7000);
	ARG(good, QDA_ARG_IN, -EINVAL, a.flags = DRM_QDA_ARG_DSP_ID; a.dsp_id = 1);
	ARG(good, QDA_ARG_IN, -EINVAL, a.flags = 2);
	ARG(good, QDA_ARG_IN, -EINVAL, a.dsp_id = 1);
	ARG(good, QDA_ARG_IN, -EINVAL, a.pad = 1);
	ARG(handle, QDA_ARG_IN_HANDLE, 1, (void)0);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.flags = 0);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.flags = 3);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.dsp_id = 0);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.dsp_id = -1);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.address = 0x1000);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.offset = 1ULL << 32);
	ARG(handle, QDA_ARG_IN_HANDLE, -EINVAL, a.length = 1ULL << 32);
	ARG(handle, QDA_ARG_IN_HANDLE, 1, a.length = (1ULL << 32) - 1);
}

static void check_ranges(void **state)
{
	static const struct {
		uint64_t offset, length, size;
		int want;
	} rows[] = {
		{ 0, 4096, 4096, 0 },
		{ 0, 4097, 4096, -EINVAL },
		{ 4096, 1, 4096, -EINVAL },
		{ 4095, 1, 4096, 0 },
		{ UINT64_MAX, 2, 4096, -EINVAL },
		{ 1, UINT64_MAX, 4096, -EINVAL },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, -EINVAL },
	};
	struct drm_qda_remote_map map = { 0 };
	struct drm_qda_arg a = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NUM(rows); i++) {
		a.offset = map.offset = rows[i].offset;
		a.length = map.length = rows[i].length;
		assert_int_equal(qda_check_arg_range(&a, rows[i].size),
				 rows[i].want);
		assert_int_equal(qda_check_map_range(&map, rows[i].size), rows[i].want);
	}
}

static void check_invoke(void **state)
{
	const struct drm_qda_remote_invoke good = {
		.args = 0x1000, .num_args = 3, .stride = 40, .handle = 5,
		.scalars = DRM_QDA_SCALARS(31, 1, 1, 1, 0),
	};
	struct drm_qda_remote_invoke a;

	(void)state;
#define INVOKE(want, ...) \
	do { \
		a = good; \
		__VA_ARGS__; \
		assert_int_equal(qda_check_invoke(&a), want); \
	} while (0)
	INVOKE(0, (void)0);
	INVOKE(0, a.flags = DRM_QDA_INVOKE_ASYNC);
	INVOKE(0, a.flags = 3; a.user_data = 9);
	INVOKE(-EINVAL, a.flags = DRM_QDA_INVOKE_EVENT);
	INVOKE(-EINVAL, a.flags = 4);
	INVOKE(-EINVAL, a.user_data = 1);
	INVOKE(-EINVAL, a.flags = DRM_QDA_INVOKE_ASYNC; a.user_data = 1);
	INVOKE(-EINVAL, a.scalars |= 1U << 29);
	INVOKE(-EINVAL, a.scalars |= 1U << 31);
	INVOKE(-EINVAL, a.num_args = 2);
	INVOKE(-EINVAL, a.num_args = 4);
	INVOKE(-EINVAL, a.stride = 32);
	INVOKE(-EINVAL, a.stride = 44);
	INVOKE(0, a.stride = 48);
	INVOKE(0, a.stride = QDA_MAX_STRIDE);
	INVOKE(-E2BIG, a.stride = QDA_MAX_STRIDE + 8);
	INVOKE(-EPERM, a.handle = DRM_QDA_HANDLE_INIT);
	INVOKE(0, a.handle = 0);
	INVOKE(-EOPNOTSUPP, a.scalars |= 1; a.num_args = 4);
}

static void check_attach(void **state)
{
	struct drm_qda_session_attach a = { .pd = DRM_QDA_PD_ROOT };
	const uint32_t all = DRM_QDA_FEATURE_STATIC_PD | DRM_QDA_FEATURE_SENSORS_PD;

	(void)state;
	assert_int_equal(qda_check_attach(&a, true, 0), 0);
	assert_int_equal(qda_check_attach(&a, false, all), -EPERM);
	a.name[31] = 1;
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	a = (struct drm_qda_session_attach){ .pd = DRM_QDA_PD_SENSORS };
	assert_int_equal(qda_check_attach(&a, true, all), 0);
	assert_int_equal(qda_check_attach(&a, true, DRM_QDA_FEATURE_STATIC_PD),
			 -EOPNOTSUPP);
	a = (struct drm_qda_session_attach){ .pd = DRM_QDA_PD_STATIC };
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	strcpy((char *)a.name, "audiopd");
	assert_int_equal(qda_check_attach(&a, true, all), 0);
	assert_int_equal(qda_check_attach(&a, true, DRM_QDA_FEATURE_SENSORS_PD),
			 -EOPNOTSUPP);
	a.name[9] = 'x';
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	memset(a.name, 'x', sizeof(a.name));
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	a = (struct drm_qda_session_attach){ .pd = 3 };
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	a = (struct drm_qda_session_attach){ .flags = 1 };
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
	a = (struct drm_qda_session_attach){ .pad = 1 };
	assert_int_equal(qda_check_attach(&a, true, all), -EINVAL);
}

static void check_create(void **state)
{
	const struct drm_qda_remote_session_create good = {
		.offset = 4096, .handle = 1, .length = 5000, .siglen = 5000,
		.attrs = DRM_QDA_PD_UNSIGNED, .init_mem_size = QDA_MIN_INIT_MEM,
	};
	const uint32_t unsign = DRM_QDA_FEATURE_UNSIGNED_PD;
	struct drm_qda_remote_session_create a;
	static const uint32_t power[] = { 0x1, 0x2, 0x20, 0x40, 0x20000 };
	size_t i;

	(void)state;
#define CREATE(priv, features, want, ...) \
	do { \
		a = good; \
		__VA_ARGS__; \
		assert_int_equal(qda_check_create(&a, priv, features), want); \
	} while (0)
	CREATE(false, unsign, 0, (void)0);
	CREATE(true, 0, -EOPNOTSUPP, (void)0);
	CREATE(false, 0, -EOPNOTSUPP, (void)0);
	CREATE(true, 0, 0, a.attrs = 0);
	CREATE(false, unsign, -EPERM, a.attrs = 0);
	CREATE(false, unsign, 0, a.attrs |= 0x90);
	for (i = 0; i < NUM(power); i++) {
		CREATE(false, unsign, -EPERM, a.attrs |= power[i]);
		CREATE(true, unsign, 0, a.attrs |= power[i]);
	}
	CREATE(true, unsign, -EINVAL, a.attrs |= 4);
	CREATE(true, unsign, -EINVAL, a.attrs |= 1U << 31);
	CREATE(true, unsign, -EINVAL, a.flags = 1);
	CREATE(true, unsign, -EINVAL, a.handle = 0);
	CREATE(true, unsign, -EINVAL, a.length = 0; a.siglen = 0);
	CREATE(true, unsign, -EINVAL, a.length = a.siglen = a.handle = 0);
	CREATE(true, unsign, 0, a.length = a.siglen = a.handle = 0; a.offset = 0);
	CREATE(true, unsign, -EINVAL, a.offset = 8);
	CREATE(true, unsign, -EINVAL, a.siglen = 5001);
	CREATE(true, unsign, -EINVAL, a.init_mem_size = QDA_MIN_INIT_MEM - 1);
	CREATE(true, unsign, -EINVAL, a.init_mem_size = QDA_MAX_INIT_MEM + 1);
	CREATE(true, unsign, 0, a.init_mem_size = QDA_MAX_INIT_MEM);
	CREATE(true, unsign, 0, a.length = QDA_MAX_SHELL);
	CREATE(true, unsign, -E2BIG, a.length = QDA_MAX_SHELL + 1);

	a = good;
	assert_int_equal(qda_check_shell(&a, 4096 + 5000), 0);
	assert_int_equal(qda_check_shell(&a, 4096 + 4999), -EINVAL);
	assert_int_equal(qda_create_attrs(&a, true), 0x48);
	assert_int_equal(qda_create_attrs(&a, false), 0x8);
	assert_int_equal(qda_init_mem_size(&a), 1 << 20);
	a.init_mem_size = (1 << 20) + 1;
	assert_int_equal(qda_init_mem_size(&a), (1 << 20) + 4096);
	a.init_mem_size = 0;
	assert_int_equal(qda_init_mem_size(&a), 2 << 20);
	a.length = (2 << 20) + 1;
	assert_int_equal(qda_init_mem_size(&a), 9 << 20);
}

static void check_map(void **state)
{
	const struct drm_qda_remote_map good = {
		.length = 1, .handle = 1, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 1,
	};
	static const struct {
		uint32_t type;
		int want;
	} types[] = {
		{ 0, 0 }, { 1, -EINVAL }, { 2, 0 }, { 3, 0 }, { 4, -EINVAL },
		{ 15, -EINVAL }, { 16, 0 }, { 17, -EINVAL },
		{ 0x1000, -EINVAL },	/* takes no dsp_id */
		{ UINT32_MAX, -EINVAL },
	};
	struct drm_qda_remote_map a;
	size_t i;

	(void)state;
#define MAP(want, ...) \
	do { \
		a = good; \
		__VA_ARGS__; \
		assert_int_equal(qda_check_map(&a), want); \
	} while (0)
	for (i = 0; i < NUM(types); i++)
		MAP(types[i].want, a.type = types[i].type);
	MAP(0, a.type = 0x1000; a.flags = 0; a.dsp_id = 0);
	MAP(-EINVAL, a.type = 0x1000; a.flags = 0);
	MAP(-EINVAL, a.flags = 0);
	MAP(-EINVAL, a.flags = 0; a.dsp_id = 0);
	MAP(-EINVAL, a.flags = 3);
	MAP(-EINVAL, a.dsp_id = 0);
	MAP(-EINVAL, a.dsp_id = -5);
	MAP(-EINVAL, a.length = 0);
	MAP(-EINVAL, a.offset = 1);
	MAP(-EINVAL, a.addr_hint = 0x10);
	MAP(0, a.offset = 4096; a.addr_hint = 0x5000);
}

static void check_small(void **state)
{
	struct drm_qda_query q = { 0 };
	struct drm_qda_gem_create c = { .size = 1 };
	struct drm_qda_set_option o = { .value = 1 };
	uint32_t type;

	(void)state;
	for (type = 0; type <= DRM_QDA_QUERY_MEMORY; type++) {
		q = (struct drm_qda_query){ .type = type };
		assert_int_equal(qda_check_query(&q), 0);
		q.flags = 1;
		assert_int_equal(qda_check_query(&q), -EINVAL);
		q = (struct drm_qda_query){ .type = type, .index = 1 };
		assert_int_equal(qda_check_query(&q),
				 type == DRM_QDA_QUERY_DSP_ATTR ||
				 type == DRM_QDA_QUERY_LIMIT ||
				 type == DRM_QDA_QUERY_MEMORY ? 0 : -EINVAL);
	}
	q = (struct drm_qda_query){ .type = 9 };
	assert_int_equal(qda_check_query(&q), -EINVAL);
	q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_MEMORY, .index = 3 };
	assert_int_equal(qda_check_query(&q), 0);
	q.index = 4;
	assert_int_equal(qda_check_query(&q), -EINVAL);
	q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_LIMIT, .index = 6 };
	assert_int_equal(qda_check_query(&q), -EINVAL);
	q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_DSP_ATTR, .index = 255 };
	assert_int_equal(qda_check_query(&q), 0);
	q.index = 256;
	assert_int_equal(qda_check_query(&q), -ERANGE);

	assert_int_equal(qda_check_gem_create(&c), 0);
	c.size = QDA_MAX_BUFFER;
	assert_int_equal(qda_check_gem_create(&c), 0);
	c.size++;
	assert_int_equal(qda_check_gem_create(&c), -E2BIG);
	c.size = 0;
	assert_int_equal(qda_check_gem_create(&c), -EINVAL);
	c = (struct drm_qda_gem_create){ .size = 1, .flags = 1 };
	assert_int_equal(qda_check_gem_create(&c), -EINVAL);

	assert_int_equal(qda_check_option(&o), 0);
	o.value = 64;
	assert_int_equal(qda_check_option(&o), 0);
	o.value = 65;
	assert_int_equal(qda_check_option(&o), -ERANGE);
	o.value = 0;
	assert_int_equal(qda_check_option(&o), -ERANGE);
	o = (struct drm_qda_set_option){ .option = DRM_QDA_OPTION_MEMORY_LIMIT };
	assert_int_equal(qda_check_option(&o), -ERANGE);
	o.value = 1;
	assert_int_equal(qda_check_option(&o), 0);
	o.value = UINT64_MAX;
	assert_int_equal(qda_check_option(&o), 0);
	o = (struct drm_qda_set_option){ .option = DRM_QDA_OPTION_STATUS_EVENTS };
	assert_int_equal(qda_check_option(&o), 0);
	o.value = 1;
	assert_int_equal(qda_check_option(&o), 0);
	o.value = 2;
	assert_int_equal(qda_check_option(&o), -ERANGE);
	o = (struct drm_qda_set_option){ .option = DRM_QDA_OPTION_ANSWER_TIMEOUT };
	assert_int_equal(qda_check_option(&o), 0);
	o.value = DRM_QDA_MAX_ANSWER_TIMEOUT;
	assert_int_equal(qda_check_option(&o), 0);
	o.value++;
	assert_int_equal(qda_check_option(&o), -ERANGE);
	o = (struct drm_qda_set_option){ .option = 4, .value = 1 };
	assert_int_equal(qda_check_option(&o), -EINVAL);
	for (o.option = 0; o.option < 4; o.option++) {
		o.flags = 1;
		assert_int_equal(qda_check_option(&o), -EINVAL);
	}
}

static void check_memory(void **state)
{
	(void)state;
	/* no limit */
	assert_int_equal(qda_check_memory(0, 0, UINT64_MAX), 0);
	assert_int_equal(qda_check_memory(0, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(qda_check_memory(8192, 0, 8192), 0);
	assert_int_equal(qda_check_memory(8192, 4096, 4096), 0);
	assert_int_equal(qda_check_memory(8192, 4096, 4097), -EDQUOT);
	assert_int_equal(qda_check_memory(8192, 8192, 1), -EDQUOT);
	/* the limit was set below what is held */
	assert_int_equal(qda_check_memory(8192, 12288, 1), -EDQUOT);
	/* nothing wraps */
	assert_int_equal(qda_check_memory(8192, 4096, UINT64_MAX - 4095), -EDQUOT);
	assert_int_equal(qda_check_memory(UINT64_MAX, 4096, UINT64_MAX), -EDQUOT);

	assert_int_equal(qda_check_memory_limit(0, UINT64_MAX), 0);
	assert_int_equal(qda_check_memory_limit(8192, 8192), 0);
	assert_int_equal(qda_check_memory_limit(8192, 1), 0);
	assert_int_equal(qda_check_memory_limit(8192, 8193), -EPERM);
}

static void check_flags_and_pads(void **state)
{
	struct drm_qda_gem_mmap_offset off = { .pad = 1 };
	struct drm_qda_remote_munmap un = { .flags = 1 };
	struct drm_qda_remote_wait wait = { .flags = 1 };
	struct drm_qda_remote_session_release rel = { .flags = 1 };

	(void)state;
	assert_int_equal(qda_check_gem_mmap_offset(&off), -EINVAL);
	assert_int_equal(qda_check_munmap(&un), -EINVAL);
	assert_int_equal(qda_check_wait(&wait), -EINVAL);
	assert_int_equal(qda_check_release(&rel), -EINVAL);
	un = (struct drm_qda_remote_munmap){ .pad = 1 };
	assert_int_equal(qda_check_munmap(&un), -EINVAL);
	rel = (struct drm_qda_remote_session_release){ .pad = 1 };
	assert_int_equal(qda_check_release(&rel), -EINVAL);
	off.pad = un.pad = wait.flags = rel.pad = 0;
	assert_int_equal(qda_check_gem_mmap_offset(&off), 0);
	assert_int_equal(qda_check_munmap(&un), 0);
	assert_int_equal(qda_check_wait(&wait), 0);
	assert_int_equal(qda_check_release(&rel), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(payload_bytes),
		cmocka_unit_test(payload_address),
		cmocka_unit_test(payload_control),
		cmocka_unit_test(finished_list),
		cmocka_unit_test(context_word),
		cmocka_unit_test(reply_lengths),
		cmocka_unit_test(reply_early),
		cmocka_unit_test(reply_notification),
		cmocka_unit_test(check_arg),
		cmocka_unit_test(check_ranges),
		cmocka_unit_test(check_invoke),
		cmocka_unit_test(check_attach),
		cmocka_unit_test(check_create),
		cmocka_unit_test(check_map),
		cmocka_unit_test(check_small),
		cmocka_unit_test(check_memory),
		cmocka_unit_test(check_flags_and_pads),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
