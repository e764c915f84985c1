/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <qda/device.h>

/* far beyond every known one */
#define MANY 1024u

static const uint32_t known[] = {
	QDA_ATTR_DOMAIN_SUPPORT,
	QDA_ATTR_UNSIGNED_PD,
	QDA_ATTR_HVX_64B,
	QDA_ATTR_HVX_128B,
	QDA_ATTR_VTCM_PAGE,
	QDA_ATTR_VTCM_COUNT,
	QDA_ATTR_ARCH_VER,
	QDA_ATTR_HMX_DEPTH,
	QDA_ATTR_HMX_SPATIAL,
	QDA_ATTR_ASYNC_FASTRPC,
	QDA_ATTR_STATUS_NOTIFICATION,
	QDA_ATTR_MCID_MULTICAST,
	QDA_ATTR_EXTENDED_MAP,
	QDA_ATTR_HANDLE_PRIORITY,
	QDA_ATTR_PERF_V2_DSP,
	QDA_ATTR_MAP_DMA_HANDLE_REVERSE,
	QDA_ATTR_DSPSIGNAL_DSP,
	QDA_ATTR_PROC_SHARED_BUFFER,
	QDA_ATTR_PERF_V2_DRIVER,
	QDA_ATTR_DRIVER_ERROR_CODES,
	QDA_ATTR_USERSPACE_ALLOCATION,
	QDA_ATTR_DSPSIGNAL_DRIVER,
};
#define NUM_KNOWN (sizeof(known) / sizeof(known[0]))

static const struct {
	uint32_t attr, value;
	const char *text;
} formats[] = {
	{ QDA_ATTR_DOMAIN_SUPPORT, 1, "yes" },
	{ QDA_ATTR_UNSIGNED_PD, 0, "no" },
	{ QDA_ATTR_UNSIGNED_PD, 2, "yes (2)" },
	{ QDA_ATTR_HVX_128B, 0, "0" },
	{ QDA_ATTR_HVX_128B, 4, "4" },
	{ QDA_ATTR_VTCM_PAGE, 0, "0 bytes" },
	{ QDA_ATTR_VTCM_PAGE, 262144, "256 KiB" },
	{ QDA_ATTR_VTCM_PAGE, 8388608, "8 MiB" },
	{ QDA_ATTR_VTCM_PAGE, 0xc0000000, "3 GiB" },
	{ QDA_ATTR_VTCM_PAGE, 262145, "262145 bytes" },
	{ QDA_ATTR_VTCM_PAGE, UINT32_MAX, "4294967295 bytes" },
	{ QDA_ATTR_VTCM_COUNT, 16, "16" },
	{ QDA_ATTR_ARCH_VER, 0x75, "v75" },
	{ QDA_ATTR_ARCH_VER, 0x8c75, "v75" },
	{ QDA_ATTR_ARCH_VER, 0x01008c73, "v73" },
	{ QDA_ATTR_ARCH_VER, 0x60, "v60" },
	{ QDA_ATTR_ARCH_VER, 0, "0x0" },
	{ QDA_ATTR_ARCH_VER, 0x05, "0x5" },
	{ QDA_ATTR_ARCH_VER, 0x7a, "0x7a" },
	{ QDA_ATTR_ARCH_VER, 0x1a5, "0x1a5" },
	{ QDA_ATTR_HMX_DEPTH, 0, "not told" },
	{ QDA_ATTR_HMX_SPATIAL, 64, "64" },
	{ QDA_ATTR_STATUS_NOTIFICATION, 0, "no" },
	{ QDA_ATTR_STATUS_NOTIFICATION, 3, "yes" },
	{ QDA_ATTR_STATUS_NOTIFICATION, 1, "another form (1)" },
	{ QDA_ATTR_HANDLE_PRIORITY, 8, "8" },
	{ QDA_ATTR_PROC_SHARED_BUFFER, 1, "yes" },
	{ QDA_ATTR_USERSPACE_ALLOCATION, 1, "yes" },
	{ 200, 31, "0x1f" },
	{ UINT32_MAX, UINT32_MAX, "0xffffffff" },
};

static void test_names(void **state)
{
	uint32_t attr, named = 0;
	size_t i, j;

	(void)state;
	assert_string_equal(qda_attr_name(QDA_ATTR_HVX_128B), "hvx_128b");
	assert_string_equal(qda_attr_name(QDA_ATTR_ARCH_VER), "arch_ver");
	assert_string_equal(qda_attr_name(QDA_ATTR_PROC_SHARED_BUFFER),
			    "proc_shared_buffer");
	for (i = 0; i < NUM_KNOWN; i++) {
		const char *name = qda_attr_name(known[i]);

		assert_non_null(name);
		/* it becomes a JSON key and part of scripts */
		for (j = 0; name[j]; j++)
			assert_true(islower((unsigned char)name[j]) ||
				    isdigit((unsigned char)name[j]) || name[j] == '_');
		for (j = 0; j < i; j++)
			assert_string_not_equal(name, qda_attr_name(known[j]));
	}
	for (attr = 0; attr < MANY; attr++)
		named += !!qda_attr_name(attr);
	assert_int_equal(named, NUM_KNOWN);
	assert_null(qda_attr_name(UINT32_MAX));
}

static void test_texts(void **state)
{
	uint32_t attr;
	size_t length;

	(void)state;
	for (attr = 0; attr < MANY; attr++) {
		const char *text = qda_attr_text(attr);

		assert_int_equal(!!text, !!qda_attr_name(attr));
		if (!text)
			continue;
		length = strlen(text);
		assert_in_range(length, 10, 140);
		assert_true(isupper((unsigned char)text[0]));
		assert_int_equal(text[length - 1], '.');
		assert_int_equal(attr >= 128, !strncmp(text, "Internal", 8));
	}
	assert_null(qda_attr_text(UINT32_MAX));
}

static void test_formats(void **state)
{
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		assert_int_equal(qda_attr_format(formats[i].attr, formats[i].value,
						 text, sizeof(text)),
				 strlen(formats[i].text));
		assert_string_equal(text, formats[i].text);
	}
}

/* every attribute's longest text fits into what the header promises */
static void test_room(void **state)
{
	static const uint32_t values[] = { 0, 1, 3, 0x75, 0x7fffffff, UINT32_MAX };
	char text[32];
	uint32_t attr;
	size_t i;

	(void)state;
	for (attr = 0; attr < MANY; attr++)
		for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			assert_in_range(qda_attr_format(attr, values[i], text,
							sizeof(text)),
					1, sizeof(text) - 1);
}

static void test_cut_off(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(qda_attr_format(QDA_ATTR_VTCM_PAGE, 262144, text, 4), 7);
	assert_memory_equal(text, "256\0xxxx", 8);
	assert_int_equal(qda_attr_format(QDA_ATTR_VTCM_PAGE, 262144, text, 0), 7);
	assert_memory_equal(text, "256\0xxxx", 8);
	assert_int_equal(qda_attr_format(QDA_ATTR_ARCH_VER, 0x75, NULL, 0), 3);
	assert_int_equal(qda_attr_format(QDA_ATTR_ARCH_VER, 0x75, NULL, 4), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
