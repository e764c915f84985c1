// SPDX-License-Identifier: MIT
#include "common.h"

#define ARCH_VER 6	/* DSP attribute: architecture version */

static struct drm_qda_query filled(uint32_t type, uint32_t index)
{
	struct drm_qda_query q = {
		.type = type, .index = index, .status = (int32_t)FILL32,
		.value = FILL64,
	};

	memset(q.name, 0xa5, sizeof(q.name));
	return q;
}

/* value types leave no name and name types no value */
static void test_type(const void *arg)
{
	const uint32_t *type = arg;
	struct drm_qda_query q = filled(*type, 0);
	static const uint8_t none[DRM_QDA_NAME_LEN];
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	check_eq(q.status, 0);
	check_eq(q.type, *type);
	if (*type == DRM_QDA_QUERY_NAME) {
		check_eq(q.value, 0);
		check(!strcmp((char *)q.name, "cdsp"), "name is \"%.32s\"", q.name);
		check(!memcmp(q.name + 4, none, sizeof(none) - 4),
		      "name is not padded");
		record("name %s", q.name);
	} else {
		check(!memcmp(q.name, none, sizeof(none)), "a name was written");
		record("value %#llx", (unsigned long long)q.value);
	}
}

static void test_magic(const void *arg)
{
	(void)arg;
	check_eq(query(dev_open(), DRM_QDA_QUERY_MAGIC, 0), DRM_QDA_ABI_MAGIC);
}

static void test_limits(const void *arg)
{
	int fd = dev_open();
	uint32_t i;

	(void)arg;
	check_eq(query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_IN_FLIGHT), 64);
	check_eq(query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_SHELL_SIZE), 4 << 20);
	check_eq(query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_INIT_MEM), 256 << 20);
	check_eq(query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_MAPPINGS), 4096);
	check(query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BUFFER_SIZE) <=
	      query(fd, DRM_QDA_QUERY_LIMIT, DRM_QDA_LIMIT_BANK_SIZE),
	      "a buffer may be larger than a bank");
	for (i = 0; i <= DRM_QDA_LIMIT_MAPPINGS; i++)
		record("limit %u %llu", i,
		       (unsigned long long)query(fd, DRM_QDA_QUERY_LIMIT, i));
}

static void test_features(const void *arg)
{
	int fd = dev_open();
	uint64_t features = query(fd, DRM_QDA_QUERY_FEATURES, 0);

	(void)arg;
	check(features & DRM_QDA_FEATURE_PRIVILEGED, "the opener is not privileged");
	check(features & DRM_QDA_FEATURE_UNSIGNED_PD, "no unsigned PDs on a cdsp");
	check(!(features & ~0x1fULL), "undefined feature bits: %#llx",
	      (unsigned long long)features);
	fd = dev_open_unprivileged();
	check_eq(query(fd, DRM_QDA_QUERY_FEATURES, 0),
		 features & ~(uint64_t)DRM_QDA_FEATURE_PRIVILEGED);
}

static void test_features_adsp(const void *arg)
{
	uint64_t features;

	(void)arg;
	use_device("adsp", "");
	features = query(dev_open(), DRM_QDA_QUERY_FEATURES, 0);
	check(features & DRM_QDA_FEATURE_STATIC_PD, "no static PDs on an adsp");
	check(!(features & DRM_QDA_FEATURE_UNSIGNED_PD), "unsigned PDs on an adsp");
	record("features %#llx", (unsigned long long)features);
}

static void test_banks(const void *arg)
{
	int fd = dev_open(), other;
	uint64_t total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	uint32_t handle;

	(void)arg;
	check(total >= 2, "%llu banks", (unsigned long long)total);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total);
	/* open takes none, the first buffer does, the second does not */
	other = dev_open();
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total);
	handle = gem_new(other, 4096);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
	gem_new(other, 4096);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
	/* it is kept without a buffer */
	gem_close(other, handle);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), total - 1);
	dev_close(other);
	check_eq(wait_banks_free(fd, total), total);
	record("banks OK");
}

static void test_attributes(const void *arg)
{
	int fd = dev_open();
	uint32_t i;

	(void)arg;
	for (i = 0; i < 256; i++)
		query(fd, DRM_QDA_QUERY_DSP_ATTR, i);
	check(query(fd, DRM_QDA_QUERY_DSP_ATTR, ARCH_VER), "no architecture version");
	for (i = 0; i < 12; i++)
		record("attribute %u %#llx", i,
		       (unsigned long long)query(fd, DRM_QDA_QUERY_DSP_ATTR, i));
}

/* asked for once per device, not per file */
static void test_attribute_cached(const void *arg)
{
	unsigned int before;
	int fd = dev_open();

	(void)arg;
	query(fd, DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);
	before = steer_number("count handle=2");
	query(fd, DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);
	query(dev_open(), DRM_QDA_QUERY_DSP_ATTR, 1);
	check_eq(steer_number("count handle=2"), before);
	record("cached OK");
}

/* cached answers need no bank, an uncached one borrows one */
static void test_attribute_busy(const void *arg)
{
	struct drm_qda_query q = filled(DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);
	int fd;

	(void)arg;
	use_fresh_device("cdsp", "--banks 1");
	fd = dev_open();
	gem_new(fd, 4096);
	expect(dev_open(), DRM_IOCTL_QDA_QUERY, &q, -EBUSY);
	dev_close(fd);
	fd = dev_open();
	wait_banks_free(fd, 1);
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), 1);
	gem_new(fd, 4096);
	expect(dev_open(), DRM_IOCTL_QDA_QUERY, &q, 0);
}

static void test_attribute_unsupported(const void *arg)
{
	struct drm_qda_query q = filled(DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);

	(void)arg;
	use_fresh_device("cdsp", "");
	steer(NULL, 0, "fail op=query status=0x80000414");
	expect(dev_open(), DRM_IOCTL_QDA_QUERY, &q, -EOPNOTSUPP);
}

/* another status is passed on, outputs zero, and asked again */
static void test_attribute_status(const void *arg)
{
	struct drm_qda_query q = filled(DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);
	int fd;

	(void)arg;
	use_fresh_device("cdsp", "");
	steer(NULL, 0, "fail op=query status=0x8000040e");
	fd = dev_open();
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	check_eq(q.status, (int32_t)0x8000040e);
	check_eq(q.value, 0);
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	check_eq(q.status, 0);
	check(q.value, "no architecture version");
}

static void test_released(const void *arg)
{
	struct drm_qda_remote_session_release release = { 0 };
	struct sess s;

	(void)arg;
	sess_open(&s);
	expect(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release, 0);
	check_eq(query(s.fd, DRM_QDA_QUERY_MAGIC, 0), DRM_QDA_ABI_MAGIC);
	check(query(s.fd, DRM_QDA_QUERY_BANKS_TOTAL, 0), "no banks");
	query(s.fd, DRM_QDA_QUERY_DSP_ATTR, ARCH_VER);
	sess_close(&s);
}

static void test_session(const void *arg)
{
	struct drm_qda_remote_session_release release = { 0 };
	int fd = dev_open(), other = dev_open();
	int32_t status = 0;

	(void)arg;
	check_eq(query(fd, DRM_QDA_QUERY_SESSION, 0), 0);
	check_eq(create_pd(fd, DRM_QDA_PD_UNSIGNED, &status), 0);
	check_eq(status, 0);
	check_eq(query(fd, DRM_QDA_QUERY_SESSION, 0),
		 DRM_QDA_SESSION_HAS_PD | DRM_QDA_SESSION_UNSIGNED);
	/* it is the file's, not the device's */
	check_eq(query(other, DRM_QDA_QUERY_SESSION, 0), 0);
	check_eq(create_pd(other, 0, &status), 0);
	check_eq(status, 0);
	check_eq(query(other, DRM_QDA_QUERY_SESSION, 0), DRM_QDA_SESSION_HAS_PD);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, &release, 0);
	check_eq(query(fd, DRM_QDA_QUERY_SESSION, 0), DRM_QDA_SESSION_RELEASED);
}

static void test_bad(const void *arg)
{
	struct drm_qda_query good = filled(DRM_QDA_QUERY_BANKS_TOTAL, 0), q = good;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect_bad(fd, DRM_IOCTL_QDA_QUERY, &good, arg);
}

static void test_bad_limit(const void *arg)
{
	struct drm_qda_query good = filled(DRM_QDA_QUERY_LIMIT, 0), q = good;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect_bad(fd, DRM_IOCTL_QDA_QUERY, &good, arg);
}

static void test_bad_memory(const void *arg)
{
	struct drm_qda_query good = filled(DRM_QDA_QUERY_MEMORY, 3), q = good;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect_bad(fd, DRM_IOCTL_QDA_QUERY, &good, arg);
}

static void test_bad_attribute(const void *arg)
{
	struct drm_qda_query good = filled(DRM_QDA_QUERY_DSP_ATTR, 255), q = good;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect_bad(fd, DRM_IOCTL_QDA_QUERY, &good, arg);
}

/* an index means nothing to the other types */
static void test_bad_index(const void *arg)
{
	static const struct bad_field index =
		BAD("index", drm_qda_query, index, 1, -EINVAL);
	const uint32_t *type = arg;
	struct drm_qda_query good = filled(*type, 0), q = good;
	int fd = dev_open();

	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	expect_bad(fd, DRM_IOCTL_QDA_QUERY, &good, &index);
}

static const struct bad_field bad[] = {
	BAD("type", drm_qda_query, type, 9, -EINVAL),
	BAD("type-huge", drm_qda_query, type, 0xffffffff, -EINVAL),
	BAD("flags", drm_qda_query, flags, 1, -EINVAL),
	BAD("flags-high", drm_qda_query, flags, 0x80000000, -EINVAL),
};

static const struct bad_field bad_limit[] = {
	BAD("limit", drm_qda_query, index, 6, -EINVAL),
	BAD("limit-huge", drm_qda_query, index, 0xffffffff, -EINVAL),
	BAD("limit-flags", drm_qda_query, flags, 1, -EINVAL),
};

static const struct bad_field bad_memory[] = {
	BAD("memory", drm_qda_query, index, 4, -EINVAL),
	BAD("memory-huge", drm_qda_query, index, 0xffffffff, -EINVAL),
	BAD("memory-flags", drm_qda_query, flags, 1, -EINVAL),
};

static const struct bad_field bad_attribute[] = {
	BAD("attribute-256", drm_qda_query, index, 256, -ERANGE),
	BAD("attribute-huge", drm_qda_query, index, 0xffffffff, -ERANGE),
	BAD("attribute-flags", drm_qda_query, flags, 1, -EINVAL),
};

static const struct {
	const char *name;
	const char *bad_index;
	uint32_t type;
} types[] = {
	{ "type-magic", "bad-index-magic", DRM_QDA_QUERY_MAGIC },
	{ "type-name", "bad-index-name", DRM_QDA_QUERY_NAME },
	{ "type-banks-total", "bad-index-banks-total", DRM_QDA_QUERY_BANKS_TOTAL },
	{ "type-banks-free", "bad-index-banks-free", DRM_QDA_QUERY_BANKS_FREE },
	{ "type-features", "bad-index-features", DRM_QDA_QUERY_FEATURES },
	{ "type-session", "bad-index-session", DRM_QDA_QUERY_SESSION },
	{ "type-limit", NULL, DRM_QDA_QUERY_LIMIT },
	{ "type-memory", NULL, DRM_QDA_QUERY_MEMORY },
	{ "type-attribute", NULL, DRM_QDA_QUERY_DSP_ATTR },
};

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		add_case(types[i].name, test_type, &types[i].type);
		if (types[i].bad_index)
			add_case(types[i].bad_index, test_bad_index, &types[i].type);
	}
	add_case("magic", test_magic, NULL);
	add_case("limits", test_limits, NULL);
	add_case("features", test_features, NULL);
	add_case("features-adsp", test_features_adsp, NULL);
	add_case("banks", test_banks, NULL);
	add_case("attributes", test_attributes, NULL);
	add_case("attribute-cached", test_attribute_cached, NULL);
	add_case("attribute-busy", test_attribute_busy, NULL);
	add_case("attribute-unsupported", test_attribute_unsupported, NULL);
	add_case("attribute-status", test_attribute_status, NULL);
	add_case("released", test_released, NULL);
	add_case("session", test_session, NULL);
	add_rows("bad", bad, test_bad);
	add_rows("bad", bad_limit, test_bad_limit);
	add_rows("bad", bad_memory, test_bad_memory);
	add_rows("bad", bad_attribute, test_bad_attribute);
	return run_cases("query");
}
