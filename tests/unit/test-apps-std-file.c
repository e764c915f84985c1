// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include "apps-std-call.h"

#define TEXT	"first\nsecond\n\nlast"

static void expect_read(uint32_t file, size_t size, const char *text, bool eof)
{
	assert_int_equal(read_file(FREAD, file, size), AEE_SUCCESS);
	assert_int_equal(result_word(0), strlen(text));
	assert_int_equal(result_word(1), eof);
	assert_memory_equal(out[1].data, text, strlen(text));
	/* nothing after it */
	for (size_t i = strlen(text); i < size; i++)
		assert_int_equal(((char *)out[1].data)[i], 0);
}

static void expect_line(uint32_t file, size_t size, const char *text, bool eof)
{
	assert_int_equal(read_file(FGETS, file, size), AEE_SUCCESS);
	assert_string_equal(out[1].data, text);
	assert_int_equal(result_word(0), eof);
	for (size_t i = strlen(text); i < size; i++)
		assert_int_equal(((char *)out[1].data)[i], 0);
}

static uint32_t state_of(uint32_t method, uint32_t file)
{
	assert_int_equal(call_file(method, 4, file), AEE_SUCCESS);
	return result_word(0);
}

static int32_t seek(uint32_t file, int32_t offset, uint32_t whence)
{
	return call_words(FSEEK, 0, 3, file, (uint32_t)offset, whence);
}

static int32_t reopen(uint32_t file, const char *name, const char *mode)
{
	new_call(FREOPEN, 4);
	add_word(file);
	add_text(name);
	add_text(mode);
	return go();
}

static void reading(void **state)
{
	uint32_t file;

	(void)state;
	put_file("two/text", TEXT);
	file = open_file("text", "r");
	assert_int_equal(file, 100);
	expect_read(file, 0, "", false);
	expect_read(file, 6, "first\n", false);
	assert_int_equal(state_of(FTELL, file), 6);
	assert_int_equal(state_of(FEOF, file), false);
	expect_read(file, 64, "second\n\nlast", true);
	assert_int_equal(state_of(FEOF, file), true);
	expect_read(file, 64, "", true);
	assert_int_equal(call_file(CLEARERR, 0, file), AEE_SUCCESS);
	assert_int_equal(state_of(FEOF, file), false);
	assert_int_equal(state_of(FERROR, file), false);
	assert_int_equal(call_file(REWIND, 0, file), AEE_SUCCESS);
	assert_int_equal(state_of(FTELL, file), 0);
	expect_read(file, strlen(TEXT), TEXT, false);
	assert_int_equal(call_file(FFLUSH, 0, file), AEE_SUCCESS);
	assert_int_equal(call_file(FSYNC, 0, file), AEE_SUCCESS);
	assert_int_equal(call_file(FLEN, 8, file), AEE_SUCCESS);
	assert_int_equal(result_wide(0), strlen(TEXT));
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_EBADFD);
	expect_logged("there is no FILE 100");
}

/* reading fails where it comes to this byte of a file, unless it is negative */
static off_t bad_byte = -1;
static int bad_reads;

static bool read_fails(size_t *count, off_t offset)
{
	if (bad_byte < 0 || offset + (off_t)*count <= bad_byte)
		return false;
	if (offset >= bad_byte) {
		bad_reads++;
		errno = EIO;
		return true;
	}
	*count = (size_t)(bad_byte - offset);
	return false;
}

/* which of them it is depends on the C library */
ssize_t __real_pread(int fd, void *buf, size_t count, off_t offset);
ssize_t __real_pread64(int fd, void *buf, size_t count, off_t offset);

ssize_t __wrap_pread(int fd, void *buf, size_t count, off_t offset)
{
	return read_fails(&count, offset) ? -1 : __real_pread(fd, buf, count, offset);
}

ssize_t __wrap_pread64(int fd, void *buf, size_t count, off_t offset)
{
	return read_fails(&count, offset) ? -1 : __real_pread64(fd, buf, count, offset);
}

/* a medium that is bad from some byte on: as stdio has it, no end of the file */
static void reading_fails(void **state)
{
	uint32_t file;

	(void)state;
	put_file("two/text", TEXT);
	file = open_file("text", "r");
	bad_byte = 8;
	expect_read(file, 5, "first", false);
	assert_int_equal(state_of(FERROR, file), false);
	/* what there is first, then the error */
	expect_read(file, 64, "\nse", false);
	assert_int_equal(bad_reads, 1);
	assert_int_equal(state_of(FTELL, file), 8);
	assert_int_equal(state_of(FEOF, file), false);
	assert_int_equal(state_of(FERROR, file), true);
	assert_int_equal(read_file(FREAD, file, 64), AEE_EFILE);
	assert_int_equal(state_of(FEOF, file), false);
	assert_int_equal(call_file(CLEARERR, 0, file), AEE_SUCCESS);
	assert_int_equal(state_of(FERROR, file), false);
	assert_int_equal(read_file(FREAD, file, 64), AEE_EFILE);
	assert_int_equal(state_of(FERROR, file), true);
	/* it comes back */
	bad_byte = -1;
	expect_read(file, 64, "cond\n\nlast", true);
	assert_int_equal(state_of(FERROR, file), true);
}

static void lines_fail(void **state)
{
	uint32_t file;

	(void)state;
	put_file("two/text", TEXT);
	file = open_file("text", "r");
	/* a line that was read before is one */
	bad_byte = 8;
	expect_line(file, 64, "first\n", false);
	assert_int_equal(state_of(FTELL, file), 6);
	assert_int_equal(state_of(FERROR, file), false);
	/* half a line is none */
	assert_int_equal(read_file(FGETS, file, 64), AEE_EFILE);
	assert_int_equal(state_of(FERROR, file), true);
	assert_int_equal(state_of(FEOF, file), false);
	/* an error of before stays */
	assert_int_equal(seek(file, 0, 0), AEE_SUCCESS);
	expect_line(file, 64, "first\n", false);
	assert_int_equal(state_of(FERROR, file), true);
	/* no more is asked for than there is room */
	assert_int_equal(call_file(REWIND, 0, file), AEE_SUCCESS);
	bad_byte = 3;
	expect_line(file, 4, "fir", false);
	assert_int_equal(state_of(FERROR, file), false);
	bad_byte = -1;
	expect_line(file, 64, "st\n", false);
}

static void lines(void **state)
{
	char big[1500];
	uint32_t file;

	(void)state;
	put_file("two/text", TEXT);
	file = open_file("text", "r");
	expect_line(file, 64, "first\n", false);
	assert_int_equal(state_of(FTELL, file), 6);
	expect_line(file, 4, "sec", false);
	expect_line(file, 5, "ond\n", false);
	expect_line(file, 1, "", false);
	expect_line(file, 64, "\n", false);
	expect_line(file, 64, "last", false);
	assert_int_equal(state_of(FEOF, file), true);
	expect_line(file, 64, "", true);
	assert_int_equal(read_file(FGETS, file, 0), AEE_EBADPARM);
	/* longer than what is read at once */
	memset(big, 'x', sizeof(big) - 1);
	big[1200] = '\n';
	big[sizeof(big) - 1] = '\0';
	put_file("two/text", big);
	assert_int_equal(seek(file, 0, 0), AEE_SUCCESS);
	big[1201] = '\0';
	expect_line(file, 4000, big, false);
	assert_int_equal(state_of(FTELL, file), 1201);
}

static void positions(void **state)
{
	uint64_t wild = UINT64_MAX;
	char pos[8];
	uint32_t file;

	(void)state;
	file = open_file("a", "r");
	assert_int_equal(seek(file, 2, 0), AEE_SUCCESS);
	assert_int_equal(seek(file, 1, 1), AEE_SUCCESS);
	assert_int_equal(state_of(FTELL, file), 3);
	assert_int_equal(read_file(FGETPOS, file, 64), AEE_SUCCESS);
	assert_int_equal(result_word(0), sizeof(pos));
	memcpy(pos, out[1].data, sizeof(pos));
	assert_int_equal(read_file(FGETPOS, file, 0), AEE_SUCCESS);
	assert_int_equal(result_word(0), sizeof(pos));
	assert_int_equal(read_file(FGETPOS, file, 3), AEE_SUCCESS);
	assert_int_equal(seek(file, -1, 2), AEE_SUCCESS);
	expect_read(file, 8, "a", true);
	new_call(FSETPOS, 0);
	add_word(file);
	add_bytes(pos, sizeof(pos));
	assert_int_equal(go(), AEE_SUCCESS);
	assert_int_equal(state_of(FEOF, file), false);
	expect_read(file, 8, "/a", true);
	new_call(FSETPOS, 0);
	add_word(file);
	add_bytes(pos, 4);
	assert_int_equal(go(), AEE_EBADSIZE);
	new_call(FSETPOS, 0);
	add_word(file);
	add_bytes(&wild, 8);
	assert_int_equal(go(), AEE_EBADOFFSET);
	assert_int_equal(seek(file, -1, 0), AEE_EBADOFFSET);
	assert_int_equal(seek(file, -6, 1), AEE_EBADOFFSET);
	assert_int_equal(seek(file, INT32_MIN, 2), AEE_EBADOFFSET);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(seek(file, 0, 3), AEE_EBADPARM);
	expect_logged("3 is not a place");
	assert_int_equal(state_of(FTELL, file), 5);
	/* after the end is allowed, until it cannot be told */
	assert_int_equal(seek(file, INT32_MAX, 0), AEE_SUCCESS);
	assert_int_equal(state_of(FTELL, file), INT32_MAX);
	expect_read(file, 8, "", true);
	assert_int_equal(seek(file, 1, 1), AEE_SUCCESS);
	assert_int_equal(call_file(FTELL, 4, file), AEE_EBADOFFSET);
	/* as far as it goes, and not around */
	wild = INT64_MAX;
	new_call(FSETPOS, 0);
	add_word(file);
	add_bytes(&wild, 8);
	assert_int_equal(go(), AEE_SUCCESS);
	assert_int_equal(seek(file, 1, 1), AEE_EBADOFFSET);
}

static void writing(void **state)
{
	uint32_t file;

	(void)state;
	file = open_file("/w/f", "w+");
	assert_int_equal(write_file(file, "hello world"), AEE_SUCCESS);
	assert_int_equal(result_word(0), 11);
	assert_int_equal(result_word(1), 0);
	assert_int_equal(seek(file, 6, 0), AEE_SUCCESS);
	assert_int_equal(write_file(file, "there"), AEE_SUCCESS);
	assert_int_equal(write_file(file, ""), AEE_SUCCESS);
	assert_int_equal(result_word(0), 0);
	assert_string_equal(file_text("three/f"), "hello there");
	assert_int_equal(call_file(FSYNC, 0, file), AEE_SUCCESS);
	assert_int_equal(call_words(FTRUNC, 0, 2, file, 5, 0), AEE_SUCCESS);
	assert_string_equal(file_text("three/f"), "hello");
	assert_int_equal(call_file(REWIND, 0, file), AEE_SUCCESS);
	expect_read(file, 16, "hello", true);
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
	/* at the end, wherever it stands */
	file = open_file("/w/f", "a");
	assert_int_equal(write_file(file, "!"), AEE_SUCCESS);
	assert_int_equal(call_file(REWIND, 0, file), AEE_SUCCESS);
	assert_int_equal(write_file(file, "?"), AEE_SUCCESS);
	assert_int_equal(state_of(FTELL, file), 7);
	assert_string_equal(file_text("three/f"), "hello!?");
	/* it cannot be read */
	assert_int_equal(read_file(FREAD, file, 4), AEE_EBADPERMS);
	assert_int_equal(state_of(FERROR, file), true);
	assert_int_equal(call_file(CLEARERR, 0, file), AEE_SUCCESS);
	assert_int_equal(state_of(FERROR, file), false);
	assert_int_equal(read_file(FGETS, file, 4), AEE_EBADPERMS);
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
	file = open_file("/w/f", "r+");
	assert_int_equal(write_file(file, "J"), AEE_SUCCESS);
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
	assert_string_equal(file_text("three/f"), "Jello!?");
	assert_int_equal(call_file(FCLOSE, 0, open_file("/w/f", "w")), AEE_SUCCESS);
	assert_string_equal(file_text("three/f"), "");
	assert_int_equal(call_two_names(FOPEN, 4, "/w/f", "wx"), AEE_EFILE);
	assert_int_equal(num_warnings, 0);
}

static void writing_refused(void **state)
{
	uint32_t file = open_file("a", "r");
	struct stat st;

	(void)state;
	assert_int_equal(write_file(file, "x"), AEE_EBADPERMS);
	expect_logged("opened for reading");
	assert_int_equal(state_of(FERROR, file), true);
	assert_int_equal(call_words(FTRUNC, 0, 2, file, 0, 0), AEE_EBADPERMS);
	expect_logged("opened for reading");
	for (int i = 0; i < 5; i++) {
		static const char *const modes[] = { "w", "a", "r+", "w+", "a+" };

		assert_int_equal(call_two_names(FOPEN, 4, at("one/a"), modes[i]),
				 AEE_EBADPERMS);
		expect_logged("for reading only");
		assert_int_equal(call_two_names(FOPEN, 4, "a", modes[i]), AEE_EBADPERMS);
		expect_logged("no directory of the search path");
	}
	/* "rw" is no way to write */
	assert_int_equal(write_file(open_file("a", "rw"), "x"),
			 AEE_EBADPERMS);
	expect_logged("opened for reading");
	file = open_file("/w/f", "w");
	assert_int_equal(call_words(FTRUNC, 0, 2, file, UINT32_MAX, 0), AEE_EBADSIZE);
	expect_logged("-1 is not a size");
	/* a file of more than 2 GiB */
	assert_int_equal(seek(file, INT32_MAX - 1, 0), AEE_SUCCESS);
	assert_int_equal(write_file(file, "xx"), AEE_EBADSIZE);
	expect_logged("larger than a file may be");
	assert_int_equal(stat(at("three/f"), &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(write_file(file, "x"), AEE_SUCCESS);
	assert_int_equal(call_file(FCLOSE, 0, file), AEE_SUCCESS);
	file = open_file("/w/f", "a");
	assert_int_equal(write_file(file, "x"), AEE_EBADSIZE);
	expect_logged("larger than a file may be");
}

static void modes(void **state)
{
	static const char *const wrong[] = { "", "x", "+r", "R", " r" };

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(call_two_names(FOPEN, 4, "a", wrong[i]), AEE_EBADPARM);
		expect_logged("is not a mode");
	}
	open_file("a", "rbe");
	open_file("a", "rx");
	assert_int_equal(num_warnings, 0);
}

static void reopening(void **state)
{
	uint32_t file = open_file("a", "r");

	(void)state;
	expect_read(file, 4, "one/", false);
	assert_int_equal(reopen(file, "c", "r"), AEE_SUCCESS);
	assert_int_equal(result_word(0), file);
	expect_read(file, 16, "two/c", true);
	assert_int_equal(reopen(file, "/w/f", "w"), AEE_SUCCESS);
	assert_int_equal(write_file(file, "x"), AEE_SUCCESS);
	assert_int_equal(num_warnings, 0);
	/* closed even so */
	assert_int_equal(reopen(file, "a", "w"), AEE_EBADPERMS);
	expect_logged("no directory of the search path");
	assert_int_equal(reopen(file, "a", "r"), AEE_EBADFD);
	expect_logged("there is no FILE 100");
	assert_int_equal(open_file("a", "r"), file);
	assert_int_equal(reopen(file, "e", "r"), AEE_ENOSUCHFILE);
	assert_int_equal(open_file("a", "r"), file);
}

static void opening_refused(void **state)
{
	static const struct {
		const char *name;
		int32_t status;
		const char *said;
	} cases[] = {
		{ "../outside/secret", AEE_EBADPERMS, "'..'" },
		{ "/etc/passwd", AEE_EBADPERMS, "outside the directories" },
		{ "absolute", AEE_EBADPERMS, "symbolic link" },
		{ "relative", AEE_EBADPERMS, "symbolic link" },
		{ "middle/secret", AEE_EBADPERMS, "symbolic link" },
		{ "/w/middle/secret", AEE_EBADPERMS, "symbolic link" },
		{ "fifo", AEE_EBADPERMS, "not a regular file" },
		{ "socket", AEE_EBADPERMS, "not a regular file" },
		{ "dir", AEE_EBADPERMS, "a directory, not a file" },
		{ "", AEE_EINVALIDFILENAME, "the name is empty" },
	};
	char *big = malloc(8001);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(call_two_names(FOPEN, 4, cases[i].name, "r"),
				 cases[i].status);
		expect_logged(cases[i].said);
	}
	assert_non_null(big);
	memset(big, 'x', 8000);
	big[8000] = '\0';
	assert_int_equal(call_two_names(FOPEN, 4, big, "r"), AEE_EINVALIDFILENAME);
	expect_logged("the name is too long");
	free(big);
	assert_int_equal(call_two_names(FOPEN, 4, "e", "r"), AEE_ENOSUCHFILE);
	assert_int_equal(num_warnings, 0);
}

static void wrong_numbers(void **state)
{
	static const uint32_t numbers[] = {
		0, 1, 99, 100, 101, 355, 356, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	static const struct {
		uint32_t method;
		size_t result, words;
	} methods[] = {
		{ FFLUSH, 0, 1 }, { FCLOSE, 0, 1 }, { FTELL, 4, 1 }, { FSEEK, 0, 3 },
		{ FLEN, 8, 1 }, { REWIND, 0, 1 }, { FEOF, 4, 1 }, { FERROR, 4, 1 },
		{ CLEARERR, 0, 1 }, { FSYNC, 0, 1 }, { FDOPEN_DECRYPT, 4, 1 },
		{ FTRUNC, 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++)
			assert_int_equal(call_words(methods[k].method, methods[k].result,
						    methods[k].words, numbers[i], 0, 0),
					 AEE_EBADFD);
		assert_int_equal(read_file(FREAD, numbers[i], 8), AEE_EBADFD);
		assert_int_equal(read_file(FGETS, numbers[i], 8), AEE_EBADFD);
		assert_int_equal(read_file(FGETPOS, numbers[i], 8), AEE_EBADFD);
		assert_int_equal(write_file(numbers[i], "x"), AEE_EBADFD);
		new_call(FSETPOS, 0);
		add_word(numbers[i]);
		add_bytes("12345678", 8);
		assert_int_equal(go(), AEE_EBADFD);
		assert_int_equal(reopen(numbers[i], "a", "r"), AEE_EBADFD);
	}
	assert_int_equal(files_refusals(files), 180);
}

static void table_full(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(open_file("a", "r"), 100 + i);
	assert_int_equal(call_two_names(FOPEN, 4, "a", "r"), AEE_EOUTOFHANDLES);
	expect_logged("256 files are open");
	/* the lowest that is free */
	assert_int_equal(call_file(FCLOSE, 0, 200), AEE_SUCCESS);
	assert_int_equal(call_file(FCLOSE, 0, 107), AEE_SUCCESS);
	assert_int_equal(open_file("a", "r"), 107);
	assert_int_equal(open_file("a", "r"), 200);
	expect_read(355, 16, "one/a", true);
}

/* what the process may have is not for the DSP alone, and comes back */
static void descriptors(void **state)
{
	struct rlimit limit, few;
	uint32_t i = open_file("/w/f", "w");

	(void)state;
	assert_int_equal(write_file(i, "f"), AEE_SUCCESS);
	assert_int_equal(call_file(FCLOSE, 0, i), AEE_SUCCESS);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (i = 0; i < 32; i++)
		assert_int_equal(open_file("a", "r"), 100 + i);
	assert_int_equal(call_two_names(FOPEN, 4, "a", "r"), AEE_EOUTOFHANDLES);
	expect_logged("DSPs may have 32 descriptors, half");
	/* nothing was emptied for it */
	assert_int_equal(call_two_names(FOPEN, 4, "/w/f", "w"), AEE_EOUTOFHANDLES);
	assert_string_equal(file_text("three/f"), "f");
	assert_int_equal(call_file(FCLOSE, 0, 107), AEE_SUCCESS);
	assert_int_equal(open_file("a", "r"), 107);
	/* one that cannot be opened has none */
	assert_int_equal(call_file(FCLOSE, 0, 107), AEE_SUCCESS);
	for (i = 0; i < 100; i++)
		call_two_names(FOPEN, 4, "nothing", "r");
	assert_int_equal(open_file("a", "r"), 107);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(open_file("a", "r"), 132);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading),
		TEST(reading_fails),
		TEST(lines),
		TEST(lines_fail),
		TEST(positions),
		TEST(writing),
		TEST(writing_refused),
		TEST(modes),
		TEST(reopening),
		TEST(opening_refused),
		TEST(wrong_numbers),
		TEST(table_full),
		TEST(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
