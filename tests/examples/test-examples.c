// SPDX-License-Identifier: MIT
/* The programs of examples/, run as a user runs them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "example-png.h"
#include "example-run.h"
#include "support.h"

static void assert_done(const struct run *run, const char *text)
{
	if (run->status || !strstr(run->out, text))
		fail_msg("expected \"%s\", got status %d, \"%s\" and:\n%s", text,
			 run->status, run->out, run->err);
}

/* QDA_TEST_OTHER: the adsp of a machine that has one */
static const char *other_device(void)
{
	const char *name = getenv("QDA_TEST_OTHER");

	return name ? name : "soft:adsp";
}

static bool on_soft_device(void)
{
	return !getenv("QDA_TEST_DEVICE");
}

static const char *no_device(void)
{
	return on_soft_device() ? "soft:nodsp" : "nodsp";
}

/* --- hello, async, threads ------------------------------------------------ */

static void test_hello(void **state)
{
	static const char *const argv[] = { "hello", NULL };
	struct run run;

	(void)state;
	run_example(&run, "hello", NULL);
	assert_done(&run, "= 499500, says the cdsp\n");
	assert_string_equal(run.err, "");
	run_example(&run, "hello", other_device(), NULL);
	assert_done(&run, "= 499500, says the adsp\n");

	run_example(&run, "hello", no_device(), NULL);
	assert_sentence(&run, 1, no_device());
	run_example(&run, "hello", "/dev/null", NULL);
	assert_sentence(&run, 1, "/dev/null");
	run_example(&run, "hello", "-x", NULL);
	assert_sentence(&run, 2, "usage");
	run_example(&run, "hello", "a", "b", NULL);
	assert_sentence(&run, 2, "usage");

	if (!on_soft_device())
		return;
	run_finish(run_start("QDA_SOFT_LIBRARY=/nonexistent.so", argv), &run);
	assert_sentence(&run, 1, "/nonexistent.so");
	run_finish(run_start("QDA_SOFTDSP=/nonexistent", argv), &run);
	assert_sentence(&run, 1, "/nonexistent");
}

static void test_async(void **state)
{
	struct run run;

	(void)state;
	run_example(&run, "async", "-n", "500", NULL);
	assert_done(&run, "500 calls, 8 in flight at a time, all sums right\n");
	run_example(&run, "async", "-q", "1", "-n", "100", NULL);
	assert_done(&run, "100 calls, 1 in flight");
	run_example(&run, "async", "-q", "63", "-n", "500", NULL);
	assert_done(&run, "500 calls, 63 in flight");
	run_example(&run, "async", "-q", "63", "-n", "3", NULL);
	assert_done(&run, "3 calls, 3 in flight");
	run_example(&run, "async", "-q", "65", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "async", "-n", "0", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "async", "-n", "12x", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "async", "-d", no_device(), NULL);
	assert_sentence(&run, 1, no_device());
}

/* its own interface is called, its log comes, and it ends in order */
static void test_callback(void **state)
{
	struct run run;
	char *at;
	int i;

	(void)state;
	run_example(&run, "callback", NULL);
	assert_done(&run, "after 5 steps the DSP has 32\n");
	assert_string_equal(run.err, "");
	at = run.out;
	for (i = 0; i < 5; i++) {
		char want[64];

		snprintf(want, sizeof(want), "  step %d: %d becomes %d\n", i, 1 << i,
			 2 << i);
		at = strstr(at, want);
		if (!at)
			fail_msg("no \"%s\", or in another order:\n%s", want, run.out);
	}
	/* at the latest when the PD ends, and once */
	at = strstr(run.out, "cdsp: callback_imp.c:");
	assert_non_null(at);
	assert_non_null(strstr(at, ": now I call you\n"));
	assert_null(strstr(at + 1, "cdsp: callback_imp.c:"));

	run_example(&run, "callback", other_device(), NULL);
	assert_done(&run, "adsp: callback_imp.c:");
	run_example(&run, "callback", no_device(), NULL);
	assert_sentence(&run, 1, no_device());
	run_example(&run, "callback", "-x", NULL);
	assert_sentence(&run, 2, "usage");
	run_example(&run, "callback", "a", "b", NULL);
	assert_sentence(&run, 2, "usage");
}

/* until the process has blocked SIGINT, to read it from a descriptor */
static void wait_for_signalfd(pid_t pid)
{
	unsigned long long blocked = 0;
	char path[64], line[256];
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	for (i = 0; i < 3000 && !(blocked & 1ULL << (SIGINT - 1)); i++) {
		sleep_ms(10);
		file = fopen(path, "re");
		assert_non_null(file);
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
				break;
		fclose(file);
	}
	assert_true(blocked & 1ULL << (SIGINT - 1));
}

static void test_async_interrupted(void **state)
{
	static const char *const argv[] = { "async", "-n", "1000000000", NULL };
	struct run run;
	pid_t pid;

	(void)state;
	pid = run_start(NULL, argv);
	wait_for_signalfd(pid);
	sleep_ms(500);
	assert_int_equal(kill(pid, SIGINT), 0);
	run_finish(pid, &run);
	assert_sentence(&run, 1, "interrupted after");
}

static void test_threads(void **state)
{
	struct run run;

	(void)state;
	run_example(&run, "threads", "-n", "25", NULL);
	assert_done(&run, "8 threads, 50 calls each, all results right");
	run_example(&run, "threads", "-t", "1", "-n", "10", NULL);
	assert_done(&run, "1 threads, 20 calls each");
	run_example(&run, "threads", "-t", "64", "-n", "3", NULL);
	assert_done(&run, "64 threads, 6 calls each");
	run_example(&run, "threads", "-t", "0", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "threads", "-d", no_device(), NULL);
	assert_sentence(&run, 1, no_device());
}

/* --- image ---------------------------------------------------------------- */

static void filter_and_compare(const struct picture *want, const char *one,
			       const char *two)
{
	struct picture got;
	struct run run;

	run_example(&run, "image", "in.png", "out.png", one, two, NULL);
	assert_done(&run, "out.png: ");
	got = example_png_read("out.png");
	example_compare(&got, want, two ? two : one);
	free(got.data);
	assert_int_equal(unlink("out.png"), 0);
}

/* what the demo shows: a real picture, each filter, against the reference */
static void test_image_filters(void **state)
{
	const unsigned int width = test_count(1925);
	struct picture in, gray, out;
	struct run run;
	char size[32];

	(void)state;
	snprintf(size, sizeof(size), "%ux%u", width, test_count(1083));
	run_example(&run, "make-image", "in.png", size, NULL);
	assert_int_equal(run.status, 0);
	in = example_png_read("in.png");
	assert_int_equal(in.width, width);
	assert_int_equal(in.channels, 3);

	gray = example_picture(in.width, in.height, 1);
	reference_gray(&in, &gray);
	filter_and_compare(&gray, "gray", NULL);

	out = example_picture(in.width, in.height, 1);
	reference_sobel(&gray, &out);
	filter_and_compare(&out, "sobel", NULL);
	filter_and_compare(&out, "gray", "sobel");
	free(out.data);

	out = example_picture(in.width, in.height, 3);
	reference_blur(&in, &out, 1.25f);
	filter_and_compare(&out, "blur=1.25", NULL);
	free(out.data);

	out = example_picture(641, 359, 3);
	reference_resize(&in, &out);
	filter_and_compare(&out, "resize=641x359", NULL);
	free(gray.data);
	gray = example_picture(641, 359, 1);
	reference_gray(&out, &gray);
	filter_and_compare(&gray, "resize=641x359", "gray");
	free(out.data);
	free(gray.data);
	free(in.data);
	assert_int_equal(unlink("in.png"), 0);
}

static void test_image_kinds(void **state)
{
	static const int sizes[][2] = { { 1, 1 }, { 1, 9 }, { 13, 1 }, { 37, 21 } };
	char resize[32];
	unsigned int i, s;

	(void)state;
	for (i = 0; i < num_png_kinds; i += num_png_kinds / test_count(num_png_kinds)) {
		/* the odd sizes for some of them */
		for (s = i % 4 ? 3 : 0; s < 4; s++) {
			struct picture want = example_png_write(
				"in.png", &png_kinds[i], sizes[s][0], sizes[s][1]);

			/* to its own size: every pixel stays as it is */
			snprintf(resize, sizeof(resize), "resize=%dx%d", sizes[s][0],
				 sizes[s][1]);
			filter_and_compare(&want, resize, NULL);
			free(want.data);
		}
	}
	assert_int_equal(unlink("in.png"), 0);
}

/* the result replaces a file, through links, with ordinary permissions */
static void test_image_output(void **state)
{
	static const struct png_kind kind = { "gray", 0, 8, 0, 0 };
	struct picture want = example_png_write("in.png", &kind, 50, 40);
	struct picture got;
	struct stat st;
	struct run run;
	mode_t mask = umask(027);

	(void)state;
	run_write_file("real.png", "old", 3);
	assert_int_equal(symlink("real.png", "out.png"), 0);
	run_example(&run, "image", "in.png", "out.png", "gray", NULL);
	umask(mask);
	assert_done(&run, "out.png: 50 x 40, 1 filter in ");
	assert_int_equal(lstat("out.png", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("real.png", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	got = example_png_read("real.png");
	example_compare(&got, &want, "gray of gray");
	free(got.data);

	/* in place */
	run_example(&run, "image", "in.png", "in.png", "resize=50x40", NULL);
	assert_done(&run, "in.png: 50 x 40");
	got = example_png_read("in.png");
	example_compare(&got, &want, "in place");
	free(got.data);
	free(want.data);
	assert_int_equal(run_count_files(), 3);
	assert_int_equal(unlink("out.png") | unlink("real.png") | unlink("in.png"), 0);
}

/* progress while the DSP works for long; then Ctrl-C, and nothing is left */
static void test_image_interrupted(void **state)
{
	static const char *const argv[] = { "image",   "in.png",  "out.png", "blur=64",
					    "blur=64", "blur=64", "blur=64", "blur=64",
					    "blur=64", "blur=64", "blur=64", NULL };
	static const struct png_kind rgb = { "RGB", 2, 8, 0, 0 };
	struct picture p = example_png_write("in.png", &rgb, (int)test_count(4000),
					     (int)test_count(3000));
	char text[4096];
	struct run run;
	pid_t pid;
	int i;

	(void)state;
	free(p.data);
	pid = run_start(NULL, argv);
	for (i = 0; i < 6000; i++) {
		run_peek(text, sizeof(text));
		if (strstr(text, "s on the DSP"))
			break;
		sleep_ms(10);
	}
	assert_non_null(strstr(text, "image: blur: "));
	assert_int_equal(kill(pid, SIGINT), 0);
	run_finish(pid, &run);
	assert_int_equal(run.status, 256 + SIGINT);
	assert_non_null(strstr(run.err, "image: interrupted\n"));
	assert_int_equal(run_count_files(), 1);
	assert_int_equal(unlink("in.png"), 0);
}

/* --- sensors-daemon -------------------------------------------------------- */

static void make_board(void)
{
	FILE *file;

	assert_int_equal(mkdir("board", 0700), 0);
	assert_int_equal(mkdir("board/sensors", 0700), 0);
	assert_int_equal(mkdir("board/sensors/config", 0700), 0);
	assert_int_equal(mkdir("board/sensors/registry", 0700), 0);
	file = fopen("board/sensors/config/lsm6ds3.json", "w");
	assert_non_null(file);
	fputs("{}\n", file);
	assert_int_equal(fclose(file), 0);
}

static void remove_board(void)
{
	unlink("board/sensors/config/lsm6ds3.json");
	unlink("board/sensors/registry/sns_summary");
	rmdir("board/sensors/config");
	rmdir("board/sensors/registry");
	rmdir("board/sensors");
	assert_int_equal(rmdir("board"), 0);
}

/* so many times */
static void wait_for(const char *text, int times)
{
	int64_t end = monotonic_ns() + 60000000000;
	char err[4096];
	int n;

	do {
		const char *at = err;

		sleep_ms(20);
		run_peek(err, sizeof(err));
		for (n = 0; (at = strstr(at, text)); n++)
			at++;
	} while (n < times && monotonic_ns() < end);
	if (n != times)
		fail_msg("\"%s\" %d times, not %d: %s", text, n, times, err);
}

static void test_sensors_daemon(void **state)
{
	const char *const argv[] = {
		"sensors-daemon", "-d", other_device(), "board", NULL,
	};
	struct run run;
	pid_t pid;

	(void)state;
	make_board();
	pid = run_start(NULL, argv);
	wait_for("sensorspd: up, 1 files of 3 bytes", 1);
	assert_int_equal(access("board/sensors/registry/sns_summary", R_OK), 0);
	assert_int_equal(kill(pid, SIGINT), 0);
	run_finish(pid, &run);
	assert_int_equal(run.status, 0);
	remove_board();

	run_example(&run, "sensors-daemon", "-d", no_device(), ".", NULL);
	assert_sentence(&run, 1, no_device());
	run_example(&run, "sensors-daemon", "-d", other_device(), "-p", "nopd", ".", NULL);
	assert_sentence(&run, 1, "nopd");
	run_example(&run, "sensors-daemon", "-x", NULL);
	assert_int_equal(run.status, 2);
	run_example(&run, "sensors-daemon", "a", "b", NULL);
	assert_sentence(&run, 2, "usage");
}

/* what it serves is served again when the DSP is back */
static void test_sensors_daemon_goes_on(void **state)
{
	struct test_server server = { 0 };
	char name[128], answer[256];
	const char *const argv[] = { "sensors-daemon", "-d", name, "board", NULL };
	const char *control = getenv("QDA_UAPI_CONTROL_ADSP");
	struct run run;
	pid_t pid;
	int fd;

	(void)state;
	if (on_soft_device()) {
		assert_int_equal(server_start(&server, "--domain adsp"), 0);
		snprintf(name, sizeof(name), "soft:adsp@%s", server.listen);
		fd = server.control_fd;
	} else {
		snprintf(name, sizeof(name), "%s", other_device());
		fd = control ? steer_connect(control, 5000) : -1;
		assert_true(fd >= 0);
	}
	make_board();
	pid = run_start(NULL, argv);
	wait_for("sensorspd: up, 1 files of 3 bytes", 1);
	assert_int_equal(steer_command(fd, answer, sizeof(answer), "crash dsp"), 0);
	wait_for("sensors-daemon: attached again", 1);
	wait_for("sensorspd: up, 1 files of 3 bytes", 2);
	assert_int_equal(kill(pid, SIGTERM), 0);
	run_finish(pid, &run);
	assert_int_equal(run.status, 0);
	remove_board();
	if (server.pid)
		assert_int_equal(server_stop(&server), 0);
	else
		close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hello),	   TEST(test_callback),
		TEST(test_async),
		TEST(test_async_interrupted), TEST(test_threads),
		TEST(test_image_filters),  TEST(test_image_kinds),
		TEST(test_image_output),   TEST(test_image_interrupted),
		TEST(test_sensors_daemon),
		TEST(test_sensors_daemon_goes_on),
	};
	int failed;

	run_setup();
	failed = cmocka_run_group_tests_name("examples", tests, NULL, NULL);
	run_teardown();
	return failed;
}
