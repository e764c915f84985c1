// SPDX-License-Identifier: MIT
/* What "qda-run doctor" says of firmware, with a made-up /sys/class/remoteproc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

volatile sig_atomic_t cli_interrupted;
static char dir[] = "/tmp/qda-firmware-XXXXXX";
static struct doctor doctor;
static struct check check;

static void write_file(const char *name, const char *text, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "wbe");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void add(const char *number, const char *name, const char *state,
		const char *firmware)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, number);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/name", number);
	write_file(path, name, strlen(name));
	snprintf(path, sizeof(path), "%s/state", number);
	write_file(path, state, strlen(state));
	snprintf(path, sizeof(path), "%s/firmware", number);
	write_file(path, firmware, strlen(firmware));
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	memset(&doctor, 0, sizeof(doctor));
	memset(&check, 0, sizeof(check));
	return system(command);
}

static void look(const char *device)
{
	snprintf(doctor.device, sizeof(doctor.device), "%s", device);
	firmware_check(dir, &doctor, &check);
}

static void none(void **state)
{
	(void)state;
	look("");
	assert_int_equal(check.result, CHECK_OK);
	firmware_check("/nonexistent", &doctor, &check);
	assert_int_equal(check.result, CHECK_OK);
	add("remoteproc0", "modem\n", "offline\n", "modem.mdt\n");
	look("");
	assert_int_equal(check.result, CHECK_OK);
	assert_string_equal(doctor.firmware, "");
}

static void running(void **state)
{
	(void)state;
	add("remoteproc0", "adsp\n", "running\n", "qcom/adsp.mbn\n");
	add("remoteproc1", "4080000.remoteproc-cdsp\n", "attached\n", "qcom/cdsp.mbn\n");
	add("remoteproc2", "cdsp1\n", "running\n", "qcom/cdsp1.mbn\n");
	look("");
	assert_int_equal(check.result, CHECK_OK);
	assert_non_null(strstr(check.detail, "adsp: running (qcom/adsp.mbn)"));
	assert_string_equal(doctor.firmware, "/lib/firmware/qcom/cdsp.mbn");
	look("cdsp1");
	assert_string_equal(doctor.firmware, "/lib/firmware/qcom/cdsp1.mbn");
	look("adsp");
	assert_string_equal(doctor.firmware, "/lib/firmware/qcom/adsp.mbn");
}

static void stopped(void **state)
{
	(void)state;
	add("remoteproc0", "adsp\n", "running\n", "adsp.mbn\n");
	add("remoteproc1", "cdsp\n", "offline\n", "cdsp.mbn\n");
	look("adsp");
	assert_int_equal(check.result, CHECK_OK);
	look("cdsp");
	assert_int_equal(check.result, CHECK_BROKEN);
	assert_int_equal(check.exit_status, RUN_DEVICE);
	assert_non_null(strstr(check.detail, "cdsp: offline (cdsp.mbn)"));
	assert_non_null(strstr(check.cure, "/remoteproc1/state"));
	assert_non_null(strstr(check.cure, "/lib/firmware/cdsp.mbn"));
	/* unnamed: it may be another one that is meant */
	look("");
	assert_int_equal(check.result, CHECK_WARNING);
	look("/dev/accel/accel0");
	assert_int_equal(check.result, CHECK_WARNING);
}

static void all_stopped(void **state)
{
	(void)state;
	add("remoteproc0", "slpi\n", "crashed\n", "");
	look("");
	assert_int_equal(check.result, CHECK_BROKEN);
	assert_non_null(strstr(check.detail, "slpi: crashed (no file)"));
}

static void build(void **state)
{
	static const char image[] = "\177ELF\0QC_IMAGEQC_IMAGE_VERSION_STRING="
				    "CDSP.HT.2.5-00123\0rest";
	static const char cut[] = "Q QC_IMAGE_VERSION_STRING";
	char path[128], name[64] = "x";

	(void)state;
	write_file("image", image, sizeof(image));
	snprintf(path, sizeof(path), "%s/image", dir);
	assert_true(firmware_build(path, name, sizeof(name)));
	assert_string_equal(name, "CDSP.HT.2.5-00123");
	assert_true(firmware_build(path, name, 5));
	assert_string_equal(name, "CDSP");
	write_file("image", cut, sizeof(cut) - 1);
	assert_false(firmware_build(path, name, sizeof(name)));
	write_file("image", "QC_IMAGE_VERSION_STRING=", 24);
	assert_false(firmware_build(path, name, sizeof(name)));
	assert_string_equal(name, "");
	assert_false(firmware_build("/nonexistent", name, sizeof(name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(none, clean),
		cmocka_unit_test_setup(running, clean),
		cmocka_unit_test_setup(stopped, clean),
		cmocka_unit_test_setup(all_stopped, clean),
		cmocka_unit_test_setup(build, clean),
	};
	int failed;

	if (!mkdtemp(dir))
		return 99;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clean(NULL);
	rmdir(dir);
	return failed;
}
