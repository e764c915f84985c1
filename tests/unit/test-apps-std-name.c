// SPDX-License-Identifier: MIT
#include "apps-std-call.h"

#define ENTRY_EOF	(260 / 4)

static int32_t call_dir(uint32_t method, uint64_t dir)
{
	new_call(method, method == READDIR ? 264 : 0);
	add_wide(dir);
	return go();
}

static uint64_t open_dir(const char *name)
{
	int32_t status = call_name(OPENDIR, 8, name);

	if (status)
		fail_msg("%s: 0x%x", name, status);
	return result_wide(0);
}

static int32_t make_dir(const char *name, uint32_t mode)
{
	new_call(MKDIR, 0);
	add_text(name);
	add_word(mode);
	return go();
}

static void existence(void **state)
{
	(void)state;
	assert_int_equal(call_name(FILE_EXISTS, 1, "c"), AEE_SUCCESS);
	assert_int_equal(*(uint8_t *)out[0].data, 1);
	assert_int_equal(call_name(FILE_EXISTS, 1, at("one/dir")), AEE_SUCCESS);
	assert_int_equal(*(uint8_t *)out[0].data, 1);
	assert_int_equal(call_name(FILE_EXISTS, 1, "e"), AEE_SUCCESS);
	assert_int_equal(*(uint8_t *)out[0].data, 0);
	assert_int_equal(call_name(FILE_EXISTS, 1, "a/x"), AEE_SUCCESS);
	assert_int_equal(*(uint8_t *)out[0].data, 0);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_name(FILE_EXISTS, 1, "/etc/passwd"), AEE_EBADPERMS);
	expect_logged("outside");
	assert_int_equal(call_name(FILE_EXISTS, 1, "middle/secret"), AEE_EBADPERMS);
	expect_logged("symbolic link");
}

static void status_of_files(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(at("one/cdsp/b"), &st), 0);
	assert_int_equal(call_name(STAT, 96, "b"), AEE_SUCCESS);
	assert_int_equal(result_wide(0), 0);
	assert_int_equal(result_wide(1), st.st_dev);
	assert_int_equal(result_wide(2), st.st_ino);
	assert_int_equal(result_word(6), st.st_mode);
	assert_int_equal(result_word(7), st.st_nlink);
	assert_int_equal(result_wide(4), st.st_rdev);
	assert_int_equal(result_wide(5), 10);
	assert_int_equal(result_wide(6), st.st_atim.tv_sec);
	assert_int_equal(result_wide(7), st.st_atim.tv_nsec);
	assert_int_equal(result_wide(8), st.st_mtim.tv_sec);
	assert_int_equal(result_wide(9), st.st_mtim.tv_nsec);
	assert_int_equal(result_wide(10), st.st_ctim.tv_sec);
	assert_int_equal(result_wide(11), st.st_ctim.tv_nsec);
	assert_int_equal(call_name(STAT, 96, "dir"), AEE_SUCCESS);
	assert_true(S_ISDIR(result_word(6)));
	assert_int_equal(call_name(STAT, 96, "e"), AEE_ENOSUCHFILE);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_name(STAT, 96, "fifo"), AEE_EBADPERMS);
	expect_logged("not a regular file");
	assert_int_equal(call_name(STAT, 96, "../outside"), AEE_EBADPERMS);
	expect_logged("'..'");
}

static void reading_directories(void **state)
{
	bool seen_b = false;
	char big[256];
	int num = 0;
	uint64_t dir;

	(void)state;
	/* one that an entry has no room for, and one that just fits */
	memset(big, 'x', 255);
	big[255] = '\0';
	put_file("one/cdsp/x", "");
	assert_int_equal(chdir(at("one/cdsp")), 0);
	assert_int_equal(rename("x", big), 0);
	assert_int_equal(symlink("x", big + 1), 0);
	assert_int_equal(chdir("/"), 0);
	dir = open_dir(at("one/cdsp"));
	assert_int_equal(dir, 100);
	for (;;) {
		const char *name;

		assert_int_equal(call_dir(READDIR, dir), AEE_SUCCESS);
		name = (const char *)out[0].data + 4;
		if (result_word(ENTRY_EOF))
			break;
		if (!strcmp(name, "b")) {
			struct stat st;

			seen_b = true;
			assert_int_equal(stat(at("one/cdsp/b"), &st), 0);
			assert_int_equal(result_word(0), (uint32_t)st.st_ino);
		} else if (strcmp(name, ".") && strcmp(name, "..")) {
			assert_string_equal(name, big + 1);
		}
		num++;
	}
	assert_true(seen_b);
	assert_int_equal(num, 4);
	assert_string_equal((char *)out[0].data + 4, "");
	/* the end stays the end */
	assert_int_equal(call_dir(READDIR, dir), AEE_SUCCESS);
	assert_int_equal(result_word(ENTRY_EOF), 1);
	assert_int_equal(call_dir(CLOSEDIR, dir), AEE_SUCCESS);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_dir(CLOSEDIR, dir), AEE_EINVHANDLE);
	expect_logged("there is no directory 100");
	assert_int_equal(open_dir("dir"), 100);
}

static void directories_refused(void **state)
{
	static const uint64_t numbers[] = {
		0, 99, 101, 355, 356, 1ull << 32 | 100, 1ull << 63 | 100, UINT64_MAX,
	};

	(void)state;
	assert_int_equal(call_name(OPENDIR, 8, "a"), AEE_ENOSUCHFILE);
	assert_int_equal(call_name(OPENDIR, 8, "none"), AEE_ENOSUCHFILE);
	assert_int_equal(num_warnings, 0);
	assert_int_equal(call_name(OPENDIR, 8, "/etc"), AEE_EBADPERMS);
	expect_logged("outside");
	assert_int_equal(call_name(OPENDIR, 8, "middle"), AEE_EBADPERMS);
	expect_logged("symbolic link");
	assert_int_equal(call_name(OPENDIR, 8, "dir/.."), AEE_EBADPERMS);
	expect_logged("'..'");
	open_dir("dir");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(call_dir(READDIR, numbers[i]), AEE_EINVHANDLE);
		expect_logged("there is no directory");
		assert_int_equal(call_dir(CLOSEDIR, numbers[i]), AEE_EINVHANDLE);
		expect_logged("there is no directory");
	}
	for (uint32_t i = 1; i < 256; i++)
		assert_int_equal(open_dir("dir"), 100 + i);
	assert_int_equal(call_name(OPENDIR, 8, "dir"), AEE_EOUTOFHANDLES);
	expect_logged("256 directories are open");
}

static void changing(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(make_dir("/w/d", 0700), AEE_SUCCESS);
	assert_int_equal(stat(at("three/d"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(make_dir("/w/d", 0700), AEE_EFILE);
	put_file("three/d/f", "f");
	assert_int_equal(call_two_names(FRENAME, 0, "/w/d/f", "/w/g"), AEE_SUCCESS);
	assert_string_equal(file_text("three/g"), "f");
	assert_int_equal(call_name(RMDIR, 0, "/w/d"), AEE_SUCCESS);
	assert_int_equal(access(at("three/d"), F_OK), -1);
	assert_int_equal(call_name(FREMOVE, 0, "/w/g"), AEE_SUCCESS);
	assert_int_equal(access(at("three/g"), F_OK), -1);
	assert_int_equal(call_name(FREMOVE, 0, "/w/g"), AEE_ENOSUCHFILE);
	assert_int_equal(call_name(RMDIR, 0, "/w/g"), AEE_ENOSUCHFILE);
	assert_int_equal(call_two_names(FRENAME, 0, "/w/g", "/w/h"), AEE_ENOSUCHFILE);
	assert_int_equal(make_dir("/w/g/h", 0700), AEE_ENOSUCHFILE);
	assert_int_equal(num_warnings, 0);
}

static void changing_refused(void **state)
{
	static const char *const names[] = {
		"a", "b", "dir", "../outside/secret", "/etc/qda-test", "middle/secret",
		"/w/middle/secret", "/w", "/w/../outside",
	};

	(void)state;
	put_file("three/f", "f");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(make_dir(names[i], 0755), AEE_EBADPERMS);
		assert_int_equal(call_name(FREMOVE, 0, names[i]), AEE_EBADPERMS);
		assert_int_equal(call_name(RMDIR, 0, names[i]), AEE_EBADPERMS);
		assert_int_equal(call_two_names(FRENAME, 0, names[i], "/w/new"),
				 AEE_EBADPERMS);
		assert_int_equal(call_two_names(FRENAME, 0, "/w/f", names[i]),
				 AEE_EBADPERMS);
		assert_int_equal(files_refusals(files), 5 * (i + 1));
		assert_int_equal(access(at("three/new"), F_OK), -1);
	}
	assert_string_equal(file_text("three/f"), "f");
	assert_string_equal(file_text("one/cdsp/b"), "one/cdsp/b");
	assert_int_equal(access(at("one/dir"), F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(existence),
		TEST(status_of_files),
		TEST(reading_directories),
		TEST(directories_refused),
		TEST(changing),
		TEST(changing_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
