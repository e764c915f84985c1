// SPDX-License-Identifier: MIT
/* The shape of each method, and files that are shared. */
#include "apps-std-call.h"
#include "refusal.h"

/*
 * What is on the wire: inputs, outputs, bytes of the first of each; and, as in
 * apps-std.c, what they mean. Written down apart from it.
 */
static const struct shape {
	const char *name;
	size_t num_in, num_out, prim_in, prim_out;
	const char *args;
} shapes[NUM_METHODS] = {
	{ "fopen", 3, 1, 8, 4, "ss" },
	{ "freopen", 3, 1, 12, 4, "wss" },
	{ "fflush", 1, 0, 4, 0, "w" },
	{ "fclose", 1, 0, 4, 0, "w" },
	{ "fread", 1, 2, 8, 8, "wo" },
	{ "fwrite", 2, 1, 8, 8, "wb" },
	{ "fgetpos", 1, 2, 8, 4, "wo" },
	{ "fsetpos", 2, 0, 8, 0, "wb" },
	{ "ftell", 1, 1, 4, 4, "w" },
	{ "fseek", 1, 0, 12, 0, "www" },
	{ "flen", 1, 1, 4, 8, "w" },
	{ "rewind", 1, 0, 4, 0, "w" },
	{ "feof", 1, 1, 4, 4, "w" },
	{ "ferror", 1, 1, 4, 4, "w" },
	{ "clearerr", 1, 0, 4, 0, "w" },
	{ "print_string", 2, 0, 4, 0, "s" },
	{ "getenv", 2, 2, 8, 4, "so" },
	{ "setenv", 3, 0, 12, 0, "ssw" },
	{ "unsetenv", 2, 0, 4, 0, "s" },
	{ "fopen_with_env", 5, 1, 16, 4, "ssss" },
	{ "fgets", 1, 2, 8, 4, "wo" },
	{ "get_search_paths_with_env", 4, 3, 12, 6, "ssp" },
	{ "fileExists", 2, 1, 4, 1, "s" },
	{ "fsync", 1, 0, 4, 0, "w" },
	{ "fremove", 2, 0, 4, 0, "s" },
	{ "fdopen_decrypt", 1, 1, 4, 4, "w" },
	{ "opendir", 2, 1, 4, 8, "s" },
	{ "closedir", 1, 0, 8, 0, "d" },
	{ "readdir", 1, 1, 8, 264, "d" },
	{ "mkdir", 2, 0, 8, 0, "sw" },
	{ "rmdir", 2, 0, 4, 0, "s" },
	{ "stat", 2, 1, 4, 96, "s" },
	{ "ftrunc", 1, 0, 8, 0, "ww" },
	{ "frename", 3, 0, 8, 0, "ss" },
	{ "fopen_fd", 3, 1, 8, 8, "ss" },
	{ "fclose_fd", 1, 0, 4, 0, "w" },
	{ "fopen_with_env_fd", 5, 1, 16, 8, "ssss" },
};

/* a call of this method that is in order, of things that do not exist */
static void well_formed(uint32_t method)
{
	const struct shape *shape = &shapes[method];
	const uint32_t sizes[2] = { 16, 16 };

	new_call(method, shape->prim_out);
	for (const char *kind = shape->args; *kind; kind++) {
		switch (*kind) {
		case 'w':
			add_word(7);
			break;
		case 'd':
			add_wide(7);
			break;
		case 's':
			add_text("rr");
			break;
		case 'b':
			add_bytes("12345678", 8);
			break;
		case 'o':
			add_room(8);
			break;
		case 'p':
			add_word(2);
			in[call.num_in++] = block(sizes, sizeof(sizes));
			out[call.num_out++] = block(NULL, 16);
			out[call.num_out++] = block(NULL, 16);
			break;
		}
	}
	assert_int_equal(call.num_in, shape->num_in);
	assert_int_equal(call.num_out, shape->num_out);
	assert_int_equal(in[0].size, shape->prim_in + (method >= 31 ? 4 : 0));
	assert_int_equal(call.num_out ? out[0].size : 0, shape->prim_out);
}

/* a copy one byte shorter or longer, so that ASan sees what is beyond */
static void resize(struct qda_reverse_arg *arg, size_t size)
{
	struct qda_reverse_arg other = block(NULL, size);

	if (size)
		memcpy(other.data, arg->data, size < arg->size ? size : arg->size);
	free(arg->data);
	*arg = other;
}

static void drop_last(struct qda_reverse_arg *list, size_t *num)
{
	free(list[--*num].data);
}

static void refused(uint32_t method)
{
	int32_t status = go();

	if (status != AEE_EBADPARM)
		fail_msg("%s: 0x%x", shapes[method].name, status);
}

static void well_formed_calls(void **state)
{
	(void)state;
	for (uint32_t method = 0; method < NUM_METHODS; method++) {
		well_formed(method);
		if (go() == AEE_EBADPARM)
			fail_msg("%s", shapes[method].name);
		/* longer than need be */
		well_formed(method);
		resize(&in[0], in[0].size + 4);
		if (call.num_out)
			resize(&out[0], out[0].size + 4);
		if (go() == AEE_EBADPARM)
			fail_msg("%s", shapes[method].name);
		assert_string_equal(apps_std_method_name(method), shapes[method].name);
	}
	assert_null(apps_std_method_name(NUM_METHODS));
	assert_null(apps_std_method_name(UINT32_MAX));
}

static void wrong_numbers_of_blocks(void **state)
{
	(void)state;
	for (uint32_t method = 0; method < NUM_METHODS; method++) {
		well_formed(method);
		while (call.num_in) {
			drop_last(in, &call.num_in);
			refused(method);
		}
		well_formed(method);
		in[call.num_in++] = block("x", 2);
		refused(method);
		well_formed(method);
		while (call.num_out) {
			drop_last(out, &call.num_out);
			refused(method);
		}
		well_formed(method);
		out[call.num_out++] = block(NULL, 8);
		refused(method);
	}
	/* all of them are logged, and after some only counted */
	assert_true(files_refusals(files) > 100);
	assert_int_equal(num_warnings, REFUSAL_LOUD + 1);
}

static void short_blocks(void **state)
{
	(void)state;
	for (uint32_t method = 0; method < NUM_METHODS; method++) {
		for (size_t i = 0; i < shapes[method].num_in; i++) {
			well_formed(method);
			resize(&in[i], in[i].size - 1);
			refused(method);
		}
		for (size_t i = 0; i < shapes[method].num_out; i++) {
			well_formed(method);
			resize(&out[i], out[i].size - 1);
			refused(method);
		}
	}
}

static void wild_lengths(void **state)
{
	static const uint32_t lengths[] = {
		17, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	(void)state;
	for (uint32_t method = 0; method < NUM_METHODS; method++) {
		for (size_t i = 0; shapes[method].args[i]; i++) {
			size_t word = i + (method >= 31);

			if (strchr("wd", shapes[method].args[i]))
				continue;
			for (size_t n = 0; n < 5; n++) {
				well_formed(method);
				memcpy((uint32_t *)in[0].data + word, &lengths[n], 4);
				refused(method);
			}
		}
	}
	/* the sizes that are in a block of their own */
	for (size_t n = 0; n < 5; n++) {
		well_formed(GET_SEARCH_PATHS);
		memcpy((uint32_t *)in[3].data + 1, &lengths[n], 4);
		refused(GET_SEARCH_PATHS);
	}
}

static void strings_without_end(void **state)
{
	(void)state;
	for (uint32_t method = 0; method < NUM_METHODS; method++) {
		size_t taken = 0;

		for (size_t i = 0; shapes[method].args[i]; i++) {
			uint32_t zero = 0;
			size_t word = i + (method >= 31);

			if (shapes[method].args[i] != 's')
				continue;
			taken++;
			well_formed(method);
			memset(in[taken].data, 'x', in[taken].size);
			refused(method);
			/* an end that is not said to be in it */
			well_formed(method);
			((uint32_t *)in[0].data)[word]--;
			refused(method);
			well_formed(method);
			memcpy((uint32_t *)in[0].data + word, &zero, 4);
			refused(method);
		}
	}
}

static void unknown_methods(void **state)
{
	static const uint32_t numbers[] = { 0, 30, 37, 1000, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		new_call(31, 0);
		memcpy(in[0].data, &numbers[i], 4);
		add_word(100);
		assert_int_equal(go(), AEE_EUNSUPPORTED);
		expect_logged("no number");
	}
	well_formed(STAT);
	call.method = STAT + 1;
	assert_int_equal(go(), AEE_EUNSUPPORTED);
	num_warnings = 0;
	for (size_t size = 0; size < 4; size++) {
		new_call(31, 0);
		in[0].size = size;
		assert_int_equal(go(), AEE_EBADPARM);
		expect_logged("the number of the method is missing");
	}
	clear_call();
	call.method = 31;
	assert_int_equal(go(), AEE_EBADPARM);
}

static void print_string(void **state)
{
	(void)state;
	num_infos = 0;
	assert_int_equal(call_name(PRINT_STRING, 0, "hello\nthere"), AEE_SUCCESS);
	assert_int_equal(num_infos, 1);
	assert_string_equal(logged, "DSP: hello there");
}

static void decrypt(void **state)
{
	(void)state;
	assert_int_equal(call_file(FDOPEN_DECRYPT, 4, 100), AEE_EBADFD);
	num_warnings = 0;
	assert_int_equal(open_file("a", "r"), 100);
	assert_int_equal(call_file(FDOPEN_DECRYPT, 4, 100), AEE_EUNSUPPORTED);
	expect_logged("decrypt");
	assert_int_equal(call_file(FCLOSE, 0, 100), AEE_SUCCESS);
}

/* --- sharing ---------------------------------------------------------------- */

static int num_shared, num_unshared, share_error;
static uint64_t share_longer;

static int fake_share(void *data, int fd, uint64_t *len, int32_t *ret_dsp_id)
{
	char text[16] = "";

	assert_ptr_equal(data, &owner);
	if (share_error)
		return share_error;
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), *len);
	assert_true(!strcmp(text, "one/a") || !strcmp(text, "one/cdsp/b"));
	*len += share_longer;
	*ret_dsp_id = 1000 + num_shared++;
	return 0;
}

static int fake_unshare(void *data, int32_t dsp_id)
{
	assert_ptr_equal(data, &owner);
	assert_in_range(dsp_id, 1000, 1000 + num_shared - 1);
	num_unshared++;
	return 0;
}

static int std_make_sharing(void **state)
{
	static const struct apps_std_ops ops = { fake_share, fake_unshare };
	int err;

	num_shared = num_unshared = share_error = 0;
	share_longer = 0;
	std_ops = &ops;
	err = std_make(state);
	std_ops = NULL;
	return err;
}

static int std_remove_sharing(void **state)
{
	int before = num_unshared, err = std_remove(state);

	/* a DSP that does not answer would keep the end of the session for each */
	assert_int_equal(num_unshared, before);
	return err;
}

static int32_t open_with_env(uint32_t method, const char *variable, const char *name,
			     const char *mode)
{
	new_call(method, method == FOPEN_WITH_ENV ? 4 : 8);
	add_text(variable);
	add_text(";");
	add_text(name);
	add_text(mode);
	return go();
}

static void sharing_is_unsupported(void **state)
{
	(void)state;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_EUNSUPPORTED);
	assert_int_equal(open_with_env(FOPEN_WITH_ENV_FD, "ADSP_LIBRARY_PATH", "a", "r"),
			 AEE_EUNSUPPORTED);
	/* the DSP will go another way: nothing to warn of */
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_file(FCLOSE_FD, 0, 1), AEE_EBADFD);
}

static void sharing(void **state)
{
	(void)state;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_SUCCESS);
	assert_int_equal(result_word(0), 1000);
	assert_int_equal(result_word(1), 5);
	assert_int_equal(open_with_env(FOPEN_WITH_ENV_FD, "ADSP_LIBRARY_PATH", "b", "r"),
			 AEE_SUCCESS);
	assert_int_equal(result_word(0), 1001);
	assert_int_equal(result_word(1), 10);
	assert_int_equal(call_file(FCLOSE_FD, 0, 1000), AEE_SUCCESS);
	assert_int_equal(num_unshared, 1);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_file(FCLOSE_FD, 0, 1000), AEE_EBADFD);
	expect_logged("no file is mapped as 1000");
	/* the other ends with the session, which gives back what it has shared */
}

static void sharing_refused(void **state)
{
	(void)state;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "w"), AEE_EBADPERMS);
	expect_logged("for reading only");
	assert_int_equal(open_with_env(FOPEN_WITH_ENV_FD, "X", "a", "a+"), AEE_EBADPERMS);
	expect_logged("for reading only");
	assert_int_equal(call_two_names(FOPEN_FD, 8, "relative", "r"), AEE_EBADPERMS);
	expect_logged("symbolic link");
	assert_int_equal(call_two_names(FOPEN_FD, 8, "e", "r"), AEE_ENOSUCHFILE);
	put_file("two/empty", "");
	assert_int_equal(call_two_names(FOPEN_FD, 8, "empty", "r"), AEE_EBADSIZE);
	expect_logged("0 bytes");
	put_file("two/huge", "");
	assert_int_equal(truncate(at("two/huge"), 1ll << 31), 0);
	assert_int_equal(call_two_names(FOPEN_FD, 8, "huge", "r"), AEE_EBADSIZE);
	expect_logged("2147483648 bytes");
	share_error = -ENOMEM;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_ENOMEMORY);
	share_error = -EOPNOTSUPP;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_EUNSUPPORTED);
	share_error = 0;
	share_longer = INT32_MAX;
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_EBADSIZE);
	share_longer = 0;
	num_warnings = 0;
	for (int i = 1; i < 256; i++)
		assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_SUCCESS);
	assert_int_equal(call_two_names(FOPEN_FD, 8, "a", "r"), AEE_EOUTOFHANDLES);
	expect_logged("256 files are mapped");
}

#define SHARING(test) \
	cmocka_unit_test_setup_teardown(test, std_make_sharing, std_remove_sharing)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(well_formed_calls),
		TEST(wrong_numbers_of_blocks),
		TEST(short_blocks),
		TEST(wild_lengths),
		TEST(strings_without_end),
		TEST(unknown_methods),
		TEST(print_string),
		TEST(decrypt),
		TEST(sharing_is_unsupported),
		SHARING(sharing),
		SHARING(sharing_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
