// SPDX-License-Identifier: MIT
/* Numbers, names and URIs of sessions. */
#include "common.h"

#define NUM	3

static struct qda_session *open_one(const char *name)
{
	const struct qda_session_opts opts = { .size = sizeof(opts), .name = name };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *one;

	ok(qda_session_open(device, &opts, &one, &failure), &failure);
	return one;
}

static void numbers(void **state)
{
	struct qda_session *s[NUM];
	char expected[64];
	int i, domain;

	(void)state;
	for (i = 0; i < NUM; i++) {
		s[i] = open_one(NULL);
		assert_int_equal(qda_session_get_id(s[i]), i);
		snprintf(expected, sizeof(expected), "%s:%d",
			 qda_device_get_name(device), i);
		assert_string_equal(qda_session_get_name(s[i]), expected);
	}
	domain = qda_session_get_effective_domain(s[0]);
	assert_in_range(domain, 0, 7);
	assert_int_equal(qda_session_get_effective_domain(s[2]), domain + 16);
	/* the lowest that is free */
	qda_session_unref(s[1]);
	s[1] = open_one("mine");
	assert_int_equal(qda_session_get_id(s[1]), 1);
	assert_string_equal(qda_session_get_name(s[1]), "mine");
	for (i = 0; i < NUM; i++)
		qda_session_unref(s[i]);
}

static void uris(void **state)
{
	struct qda_session *other = open_one(NULL);
	const char *dsp = qda_device_get_name(device);
	char uri[256], expected[256];
	size_t size;

	(void)state;
	assert_int_equal(qda_session_get_uri(other, "bench", uri, sizeof(uri)), 0);
	snprintf(expected, sizeof(expected),
		 "file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0&_dom=%s&_session=1",
		 dsp);
	assert_string_equal(uri, expected);
	for (size = 1; size <= strlen(expected); size++)
		assert_int_equal(qda_session_get_uri(other, "bench", uri, size),
				 -ENAMETOOLONG);
	assert_int_equal(qda_session_get_uri(other, "bench", uri, size), 0);
	assert_int_equal(qda_session_get_uri(other, "file:///x?y&_dom=adsp", uri,
					     sizeof(uri)), 0);
	assert_string_equal(uri, "file:///x?y&_dom=adsp&_session=1");
	assert_int_equal(qda_session_get_uri(other, "", uri, sizeof(uri)), -EINVAL);
	assert_int_equal(qda_session_get_uri(other, NULL, uri, sizeof(uri)), -EINVAL);
	assert_int_equal(qda_session_get_uri(other, "x", NULL, 0), -EINVAL);
	qda_session_unref(other);
}

static void refused(void **state)
{
	static const char *const bad[] = { "", "a\nb", "\033[1m", "\x7f" };
	struct qda_session_opts opts = { .size = sizeof(opts) };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *none = NULL;
	char text[65];
	size_t i;

	(void)state;
	assert_int_equal(qda_session_get_id(NULL), -EINVAL);
	assert_int_equal(qda_session_get_effective_domain(NULL), -EINVAL);
	assert_null(qda_session_get_name(NULL));
	assert_int_equal(qda_session_get_uri(NULL, "x", text, sizeof(text)), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		opts.name = bad[i];
		assert_int_equal(qda_session_open(device, &opts, &none, &failure),
				 -EINVAL);
	}
	memset(text, 'n', 64);
	text[64] = '\0';
	opts.name = text;
	assert_int_equal(qda_session_open(device, &opts, &none, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "option name"));
	text[63] = '\0';
	ok(qda_session_open(device, &opts, &none, &failure), &failure);
	assert_string_equal(qda_session_get_name(none), text);
	qda_session_unref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(numbers, setup_device),
		soft_test(uris, setup_session),
		soft_test(refused, setup_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
