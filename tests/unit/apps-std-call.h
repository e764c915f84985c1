/* SPDX-License-Identifier: MIT */
/* Calls of the DSP to apps_std, put together a word and a block at a time. */
#ifndef TESTS_APPS_STD_CALL_H
#define TESTS_APPS_STD_CALL_H

#include "files-tree.h"

#include "aee.h"
#include "apps-std.h"

#define BLOCKS	40

enum {
	FOPEN, FREOPEN, FFLUSH, FCLOSE, FREAD, FWRITE, FGETPOS, FSETPOS, FTELL, FSEEK,
	FLEN, REWIND, FEOF, FERROR, CLEARERR, PRINT_STRING, GETENV, SETENV, UNSETENV,
	FOPEN_WITH_ENV, FGETS, GET_SEARCH_PATHS, FILE_EXISTS, FSYNC, FREMOVE,
	FDOPEN_DECRYPT, OPENDIR, CLOSEDIR, READDIR, MKDIR, RMDIR, STAT, FTRUNC, FRENAME,
	FOPEN_FD, FCLOSE_FD, FOPEN_WITH_ENV_FD, NUM_METHODS
};

static struct qda_ctx *ctx;
static struct files *files;
static struct apps_std *std;

static struct qda_reverse_arg in[BLOCKS], out[BLOCKS];
static struct qda_reverse_call call;

/* exactly as large as it says, so that ASan sees all */
static struct qda_reverse_arg block(const void *bytes, size_t size)
{
	struct qda_reverse_arg arg = { size ? calloc(1, size) : NULL, size };

	if (size) {
		assert_non_null(arg.data);
		if (bytes)
			memcpy(arg.data, bytes, size);
	}
	return arg;
}

static inline void clear_call(void)
{
	for (size_t i = 0; i < call.num_in; i++)
		free(in[i].data);
	for (size_t i = 0; i < call.num_out; i++)
		free(out[i].data);
	memset(&call, 0, sizeof(call));
	call.size = sizeof(call);
	call.in = in;
	call.out = out;
}

static inline void add_prim(const void *bytes, size_t size)
{
	in[0].data = realloc(in[0].data, in[0].size + size);
	assert_non_null(in[0].data);
	memcpy((char *)in[0].data + in[0].size, bytes, size);
	in[0].size += size;
}

static inline void add_word(uint32_t word)
{
	add_prim(&word, sizeof(word));
}

static inline void add_wide(uint64_t wide)
{
	add_prim(&wide, sizeof(wide));
}

static inline void add_bytes(const void *bytes, size_t size)
{
	add_word((uint32_t)size);
	in[call.num_in++] = block(bytes, size);
}

static inline void add_text(const char *text)
{
	add_bytes(text, strlen(text) + 1);
}

static inline void add_room(size_t size)
{
	add_word((uint32_t)size);
	out[call.num_out++] = block(NULL, size);
}

/* result: bytes of the first output */
static inline void new_call(uint32_t method, size_t result)
{
	clear_call();
	call.method = method < 31 ? method : 31;
	call.num_in = 1;
	in[0] = block(NULL, 0);
	if (method >= 31)
		add_word(method);
	if (result) {
		call.num_out = 1;
		out[0] = block(NULL, result);
	}
}

static inline int32_t go(void)
{
	return apps_std_invoke(std, &call);
}

static inline uint32_t result_word(size_t i)
{
	uint32_t word;

	assert_true(4 * i + 4 <= out[0].size);
	memcpy(&word, (char *)out[0].data + 4 * i, 4);
	return word;
}

static inline uint64_t result_wide(size_t i)
{
	uint64_t wide;

	assert_true(8 * i + 8 <= out[0].size);
	memcpy(&wide, (char *)out[0].data + 8 * i, 8);
	return wide;
}

/* --- calls that many tests make --------------------------------------------- */

static inline int32_t call_words(uint32_t method, size_t result, size_t num, uint32_t a,
				 uint32_t b, uint32_t c)
{
	new_call(method, result);
	add_word(a);
	if (num > 1)
		add_word(b);
	if (num > 2)
		add_word(c);
	return go();
}

static inline int32_t call_file(uint32_t method, size_t result, uint32_t file)
{
	return call_words(method, result, 1, file, 0, 0);
}

static inline int32_t call_name(uint32_t method, size_t result, const char *name)
{
	new_call(method, result);
	add_text(name);
	return go();
}

static inline int32_t call_two_names(uint32_t method, size_t result, const char *a,
				     const char *b)
{
	new_call(method, result);
	add_text(a);
	add_text(b);
	return go();
}

static inline uint32_t open_file(const char *name, const char *mode)
{
	int32_t status = call_two_names(FOPEN, 4, name, mode);

	if (status)
		fail_msg("%s: 0x%x", name, status);
	return result_word(0);
}

/* a call to read: bytes are in out[1] */
static inline int32_t read_file(uint32_t method, uint32_t file, size_t size)
{
	new_call(method, method == FREAD ? 8 : 4);
	add_word(file);
	add_room(size);
	return go();
}

static inline int32_t write_file(uint32_t file, const char *text)
{
	new_call(FWRITE, 8);
	add_word(file);
	add_bytes(text, strlen(text));
	return go();
}

static inline int32_t set_variable(const char *name, const char *value, uint32_t again)
{
	new_call(SETENV, 0);
	add_text(name);
	add_text(value);
	add_word(again);
	return go();
}

/* the last call was refused, and this is in the log */
static inline void expect_logged(const char *said)
{
	if (num_warnings != 1 || !strstr(logged, said) || !strstr(logged, "refused"))
		fail_msg("%d warnings, '%s', not '%s'", num_warnings, logged, said);
	num_warnings = 0;
}

/* --- set up ----------------------------------------------------------------- */

/* owner of the ops is the address of this */
static int owner;
static const struct apps_std_ops *std_ops;

/* directory three is given for writing, as /w */
static inline int std_make(void **state)
{
	if (tree_make(state))
		return -1;
	ctx = ctx_logging(QDA_LOG_INFO);
	files = files_for(ctx);
	assert_int_equal(files_add_root(files, "/w", at("three"), true), 0);
	assert_int_equal(apps_std_new(ctx, files, std_ops, &owner, &std), 0);
	/* where there is no openat2() this is said once */
	files_open(files, "x", "nowhere", O_RDONLY);
	num_warnings = 0;
	return 0;
}

static inline int std_remove(void **state)
{
	clear_call();
	apps_std_free(std);
	files_free(files);
	qda_ctx_unref(ctx);
	expect_outside_untouched();
	return tree_remove(state);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, std_make, std_remove)

#endif
