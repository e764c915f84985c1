// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "exporter.h"

#define PAGE 4096UL

static int device = -1;

void exporter_open(void)
{
	if (device >= 0)
		close(device);
	if (!module_loaded("qda_exporter"))
		module_load("qda_exporter", "");
	device = open("/dev/qda-exporter", O_RDWR | O_CLOEXEC);
	check(device >= 0, "/dev/qda-exporter: %s", strerror(errno));
	expect_counts(0, 0, 0);
}

void exporter_close(void)
{
	struct qda_exporter_counts c;

	wait_counts(0, 0, 0);
	c = exporter_counts();
	check_eq(c.pinned, 0);
	check_eq(c.vmapped, 0);
	close(device);
	device = -1;
}

struct qda_exporter_create exporter_plain(uint32_t pages)
{
	return (struct qda_exporter_create){ .size = pages * PAGE, .num_pages = pages };
}

int exporter_buffer(struct qda_exporter_create script)
{
	int err = plain_ioctl(device, QDA_EXPORTER_IOC_CREATE, &script);

	check(!err, "the exporter module: %s", err_name(err));
	return script.fd;
}

uint8_t *exporter_mem(int buf, uint32_t pages)
{
	void *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);

	check(mem != MAP_FAILED, "mmap of the module's buffer: %s", strerror(errno));
	return mem;
}

void exporter_set_errors(int buf, int attach_error, int map_error)
{
	struct qda_exporter_script script = {
		.fd = buf, .attach_error = attach_error, .map_error = map_error,
	};
	int err = plain_ioctl(device, QDA_EXPORTER_IOC_SCRIPT, &script);

	check(!err, "the exporter module: %s", err_name(err));
}

int exporter_move(int buf)
{
	return plain_ioctl(device, QDA_EXPORTER_IOC_MOVE, &buf);
}

struct qda_exporter_counts exporter_counts(void)
{
	struct qda_exporter_counts counts;
	int err = plain_ioctl(device, QDA_EXPORTER_IOC_COUNTS, &counts);

	check(!err, "the exporter module: %s", err_name(err));
	return counts;
}

void expect_counts_at(const char *file, int line, unsigned int buffers,
		      unsigned int attached, unsigned int mapped)
{
	struct qda_exporter_counts c = exporter_counts();

	if (c.buffers == buffers && c.attached == attached && c.mapped == mapped)
		return;
	fail_at(file, line, "the exporter counts %u buffers, %u attachments, %u mappings, "
		"not %u, %u, %u", c.buffers, c.attached, c.mapped, buffers, attached,
		mapped);
}

void wait_counts_at(const char *file, int line, unsigned int buffers,
		    unsigned int attached, unsigned int mapped)
{
	struct qda_exporter_counts c;
	int64_t end = soon();

	do {
		c = exporter_counts();
		if (c.buffers == buffers && c.attached == attached && c.mapped == mapped)
			return;
		sleep_ms(2);
	} while (monotonic_ns() < end);
	expect_counts_at(file, line, buffers, attached, mapped);
}
