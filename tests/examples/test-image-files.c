// SPDX-License-Identifier: MIT
/* What image and make-image say of files and words, whatever the device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "example-png.h"
#include "example-run.h"

static void test_make_image(void **state)
{
	struct picture a, b;
	struct run run;

	(void)state;
	run_example(&run, "make-image", "a.png", "320x200", NULL);
	assert_int_equal(run.status, 0);
	run_example(&run, "make-image", "b.png", "320x200", NULL);
	assert_int_equal(run.status, 0);
	a = example_png_read("a.png");
	b = example_png_read("b.png");
	example_compare(&a, &b, "the same again");
	free(a.data);
	free(b.data);
	run_example(&run, "make-image", "a.png", "1x1", NULL);
	assert_int_equal(run.status, 0);
	run_example(&run, "make-image", "a.png", "0x1", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "make-image", "a.png", "99999x1", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "make-image", "nowhere/a.png", "5x5", NULL);
	assert_sentence(&run, 1, "nowhere/a.png");
	assert_int_equal(unlink("a.png") | unlink("b.png"), 0);
}

/* image fails with this sentence and leaves nothing beside its input */
static void refused(const char *in, const char *out, const char *text)
{
	int files = run_count_files();
	struct run run;

	run_example(&run, "image", in, out, "sobel", NULL);
	assert_sentence(&run, 1, text);
	assert_int_equal(run_count_files(), files);
}

static void test_image_bad_files(void **state)
{
	static const struct png_kind rgb = { "RGB", 2, 8, 0, 0 };
	struct picture p = example_png_write("good.png", &rgb, 64, 64);
	static uint8_t data[65536];
	FILE *file = fopen("good.png", "rbe");
	size_t size, cut;

	(void)state;
	free(p.data);
	assert_non_null(file);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	assert_true(size > 500 && size < sizeof(data));

	refused("missing.png", "out.png", "missing.png: No such file or directory");
	refused(".", "out.png", "directory");
	run_write_file("bad.png", "", 0);
	refused("bad.png", "out.png", "bad.png: the file is empty");
	run_write_file("bad.png", "GIF89a, but longer", 18);
	refused("bad.png", "out.png", "bad.png: this is not a PNG file");
	for (cut = 5; cut < size; cut += size / 9) {
		run_write_file("bad.png", data, cut);
		refused("bad.png", "out.png", cut < 8 ? "not a PNG" : "the file ends");
	}
	run_write_file("bad.png", data, size - 1);
	refused("bad.png", "out.png", "the file ends");
	data[size / 2] ^= 1;
	run_write_file("bad.png", data, size);
	refused("bad.png", "out.png", "bad.png: IDAT: ");

	example_png_head("bad.png", 60000, 60000);
	refused("bad.png", "out.png", "60000 x 60000 pixels are too many");
	example_png_head("bad.png", 0x7fffffff, 1);
	refused("bad.png", "out.png", "pixels are too many");
	/* fits, but is not there */
	example_png_head("bad.png", 8000, 8000);
	refused("bad.png", "out.png", "the file ends");

	refused("good.png", "nowhere/out.png", "nowhere/out.png: No such file");
	refused("good.png", "/dev/null", "/dev/null: not a regular file");
	refused("good.png", ".", "not a regular file");
	refused("good.png", "/dev/full/x", "Not a directory");
	assert_int_equal(unlink("bad.png"), 0);
	assert_int_equal(unlink("good.png"), 0);
}

static void test_image_usage(void **state)
{
	static const char *const bad[] = {
		"",	     "sharpen",	   "blur=",	"blur=0",     "blur=65",
		"blur=nan",  "blur=2x",	   "blurred",	"resize",     "resize=0x5",
		"resize=5",  "resize=5x",  "resize=5x0", "resize=5x5x", "resize=-5x5",
		"resize=99999999x1",	   "sobel=3",	"resize=5x5 ",
	};
	struct run run;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		run_example(&run, "image", "in.png", "out.png", bad[i], NULL);
		if (run.status != 2 || !strstr(run.err, "what is the filter"))
			fail_msg("\"%s\": status %d, %s", bad[i], run.status, run.err);
	}
	run_example(&run, "image", "in.png", "out.png", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "image", "-x", "in.png", "out.png", "sobel", NULL);
	assert_int_equal(run.status, 2);
	assert_int_equal(run_count_files(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_make_image),
		TEST(test_image_bad_files),
		TEST(test_image_usage),
	};
	int failed;

	run_setup();
	failed = cmocka_run_group_tests_name("image-files", tests, NULL, NULL);
	run_teardown();
	return failed;
}
