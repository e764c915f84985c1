// SPDX-License-Identifier: MIT
#include "apps-std-call.h"

static int32_t get_variable(const char *name, size_t room)
{
	new_call(GETENV, 4);
	add_text(name);
	add_room(room);
	return go();
}

static void expect_variable(const char *name, const char *value)
{
	assert_int_equal(get_variable(name, strlen(value) + 1), AEE_SUCCESS);
	assert_int_equal(result_word(0), strlen(value) + 1);
	assert_string_equal(out[1].data, value);
}

static int32_t open_with_env(const char *variable, const char *delim, const char *name,
			     const char *mode)
{
	new_call(FOPEN_WITH_ENV, 4);
	add_text(variable);
	add_text(delim);
	add_text(name);
	add_text(mode);
	return go();
}

static void expect_opened(const char *text)
{
	uint32_t file = result_word(0);

	assert_int_equal(read_file(FREAD, file, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), strlen(text));
	assert_memory_equal(out[1].data, text, strlen(text));
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
}

/* room for num paths of this size each */
static int32_t search_paths(const char *variable, const char *delim, uint32_t num,
			    uint32_t size)
{
	uint32_t sizes[BLOCKS];

	new_call(GET_SEARCH_PATHS, 6);
	add_text(variable);
	add_text(delim);
	add_word(num);
	for (uint32_t i = 0; i < num; i++) {
		sizes[i] = size;
		out[call.num_out++] = block(NULL, size);
	}
	in[call.num_in++] = block(sizes, 4 * (size_t)num);
	return go();
}

static uint16_t longest_path(void)
{
	uint16_t longest;

	memcpy(&longest, (char *)out[0].data + 4, 2);
	return longest;
}

static void variables(void **state)
{
	(void)state;
	assert_int_equal(get_variable("A", 16), AEE_ERESOURCENOTFOUND);
	assert_int_equal(set_variable("A", "one", 0), AEE_SUCCESS);
	expect_variable("A", "one");
	assert_int_equal(set_variable("A", "two", 0), AEE_SUCCESS);
	expect_variable("A", "one");
	assert_int_equal(set_variable("A", "two", 1), AEE_SUCCESS);
	expect_variable("A", "two");
	assert_int_equal(set_variable("B", "", 1), AEE_SUCCESS);
	expect_variable("B", "");
	/* too little room: as much as fits, and how much it would be */
	assert_int_equal(get_variable("A", 2), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_string_equal(out[1].data, "t");
	assert_int_equal(get_variable("A", 0), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_int_equal(call_name(UNSETENV, 0, "A"), AEE_SUCCESS);
	assert_int_equal(get_variable("A", 16), AEE_ERESOURCENOTFOUND);
	assert_int_equal(call_name(UNSETENV, 0, "A"), AEE_SUCCESS);
	assert_int_equal(num_warnings, 0);
}

static void not_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("QDA_TEST_SECRET", "x", 1), 0);
	assert_int_equal(get_variable("QDA_TEST_SECRET", 16), AEE_ERESOURCENOTFOUND);
	assert_int_equal(get_variable("PATH", 16), AEE_ERESOURCENOTFOUND);
	assert_int_equal(set_variable("QDA_TEST_SECRET", "y", 1), AEE_SUCCESS);
	assert_string_equal(getenv("QDA_TEST_SECRET"), "x");
	assert_int_equal(call_name(UNSETENV, 0, "QDA_TEST_SECRET"), AEE_SUCCESS);
	assert_string_equal(getenv("QDA_TEST_SECRET"), "x");
	unsetenv("QDA_TEST_SECRET");
}

static void variables_refused(void **state)
{
	char *big = calloc(1, 4098), name[8];

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 4097);
	assert_int_equal(set_variable("A", big, 1), AEE_EBADSIZE);
	expect_logged("too long");
	assert_int_equal(set_variable("A", big + 1, 1), AEE_SUCCESS);
	big[256] = '\0';
	assert_int_equal(set_variable(big, "A", 1), AEE_EBADSIZE);
	expect_logged("too long");
	assert_int_equal(set_variable(big + 1, "A", 1), AEE_SUCCESS);
	free(big);
	assert_int_equal(set_variable("", "A", 1), AEE_EBADPARM);
	expect_logged("name");
	assert_int_equal(set_variable("A=B", "A", 1), AEE_EBADPARM);
	expect_logged("name");
	assert_int_equal(set_variable("ADSP_LIBRARY_PATH", "/", 1), AEE_EBADPERMS);
	expect_logged("search path");
	assert_int_equal(set_variable("DSP_LIBRARY_PATH", "/", 0), AEE_EBADPERMS);
	expect_logged("search path");
	assert_int_equal(call_name(UNSETENV, 0, "ADSP_LIBRARY_PATH"), AEE_EBADPERMS);
	expect_logged("search path");
	for (int i = 2; i < 64; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		assert_int_equal(set_variable(name, name, 1), AEE_SUCCESS);
	}
	assert_int_equal(set_variable("MORE", "A", 1), AEE_EOUTOFHANDLES);
	expect_logged("64 variables");
	assert_int_equal(set_variable("V2", "A", 1), AEE_SUCCESS);
	assert_int_equal(call_name(UNSETENV, 0, "V3"), AEE_SUCCESS);
	assert_int_equal(set_variable("MORE", "A", 1), AEE_SUCCESS);
	expect_variable("V2", "A");
	expect_variable("V63", "V63");
}

static void the_search_path(void **state)
{
	char expected[512];

	(void)state;
	snprintf(expected, sizeof(expected), "%s/one;%s/missing;%s/two", tree, tree,
		 tree);
	expect_variable("ADSP_LIBRARY_PATH", expected);
	expect_variable("DSP_LIBRARY_PATH", expected);

	assert_int_equal(search_paths("ADSP_LIBRARY_PATH", ";", 0, 0), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_int_equal(longest_path(), strlen(at("one/cdsp")) + 1);
	assert_int_equal(search_paths("ADSP_LIBRARY_PATH", ":", 4, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_string_equal(out[1].data, at("one/cdsp"));
	assert_string_equal(out[2].data, at("one"));
	assert_string_equal(out[3].data, at("two/cdsp"));
	assert_string_equal(out[4].data, at("two"));
	/* fewer, and one that does not fit */
	assert_int_equal(search_paths("DSP_LIBRARY_PATH", ";", 2,
				      (uint32_t)strlen(at("one")) + 1), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_string_equal(out[1].data, "");
	assert_string_equal(out[2].data, at("one"));
	/* more than there are */
	assert_int_equal(search_paths("ADSP_LIBRARY_PATH", ";", 8, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), 4);
	assert_string_equal(out[8].data, "");
	assert_int_equal(num_warnings, 0);
}

static void paths_of_a_variable(void **state)
{
	(void)state;
	assert_int_equal(search_paths("P", ";", 1, 64), AEE_ERESOURCENOTFOUND);
	assert_int_equal(set_variable("P", "dir,,/w,a,nowhere", 1), AEE_SUCCESS);
	assert_int_equal(search_paths("P", ",", 2, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), 2);
	assert_int_equal(longest_path(), 4);
	assert_string_equal(out[1].data, "dir");
	assert_string_equal(out[2].data, "/w");
	assert_int_equal(num_warnings, 0);
	assert_int_equal(set_variable("P", "/etc;/w", 1), AEE_SUCCESS);
	assert_int_equal(search_paths("P", ";", 1, 64), AEE_SUCCESS);
	expect_logged("'/etc'");
	assert_int_equal(result_word(0), 1);
	assert_string_equal(out[1].data, "/w");
	/* no delimiter: one directory */
	assert_int_equal(search_paths("P", "", 1, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), 0);
}

static void opening(void **state)
{
	(void)state;
	assert_int_equal(open_with_env("ADSP_LIBRARY_PATH", ";", "b", "r"), AEE_SUCCESS);
	assert_int_equal(result_word(0), 100);
	expect_opened("one/cdsp/b");
	assert_int_equal(open_with_env("DSP_LIBRARY_PATH", ";", "c", "rb"), AEE_SUCCESS);
	expect_opened("two/c");
	assert_int_equal(open_with_env("ADSP_LIBRARY_PATH", ";", "e", "r"),
			 AEE_ENOSUCHFILE);
	/* as it is, when the variable is not set */
	assert_int_equal(open_with_env("UNSET", ";", "c", "r"), AEE_SUCCESS);
	expect_opened("two/c");
	/* its directories, with the subfolder first */
	put_file("three/a", "three/a");
	assert_int_equal(set_variable("P", "/none-such::/w", 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", "::", "a", "r"), AEE_EBADPERMS);
	expect_logged("'/none-such/cdsp/a'");
	assert_int_equal(set_variable("P", "nowhere::/w::", 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", "::", "a", "r"), AEE_SUCCESS);
	expect_opened("three/a");
	assert_int_equal(mkdir(at("three/cdsp"), 0755), 0);
	put_file("three/cdsp/a", "three/cdsp/a");
	assert_int_equal(open_with_env("P", "::", "a", "r"), AEE_SUCCESS);
	expect_opened("three/cdsp/a");
	/* the last piece is empty: the search path */
	assert_int_equal(open_with_env("P", "::", "c", "r"), AEE_SUCCESS);
	expect_opened("two/c");
	assert_int_equal(num_warnings, 0);
}

static void opening_refused(void **state)
{
	char *big = calloc(1, 4097);

	(void)state;
	assert_int_equal(open_with_env("ADSP_LIBRARY_PATH", ";", "a", "w"),
			 AEE_EBADPERMS);
	expect_logged("no directory of the search path");
	assert_int_equal(open_with_env("ADSP_LIBRARY_PATH", ";", "../outside/secret",
				       "r"), AEE_EBADPERMS);
	expect_logged("'..'");
	assert_int_equal(set_variable("P", "/w/..;/w", 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", ";", "outside/secret", "r"), AEE_EBADPERMS);
	expect_logged("'..'");
	assert_int_equal(set_variable("P", "/w/middle", 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", ";", "new", "w"), AEE_EBADPERMS);
	expect_logged("symbolic link");
	assert_non_null(big);
	memset(big, 'x', 4096);
	assert_int_equal(set_variable("P", big, 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", ";", "a", "r"), AEE_EINVALIDFILENAME);
	expect_logged("too long");
	free(big);
	/* a flood in one variable */
	big = calloc(1, 4097);
	assert_non_null(big);
	memset(big, ';', 64);
	assert_int_equal(set_variable("P", big, 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", ";", "e", "r"), AEE_EBADPARM);
	expect_logged("more than 64 directories");
	assert_int_equal(search_paths("P", ";", 1, 64), AEE_EBADPARM);
	expect_logged("more than 64 directories");
	assert_int_equal(set_variable("P", big + 1, 1), AEE_SUCCESS);
	assert_int_equal(open_with_env("P", ";", "e", "r"), AEE_ENOSUCHFILE);
	assert_int_equal(search_paths("P", ";", 1, 64), AEE_SUCCESS);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(variables),
		TEST(not_the_environment),
		TEST(variables_refused),
		TEST(the_search_path),
		TEST(paths_of_a_variable),
		TEST(opening),
		TEST(opening_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
