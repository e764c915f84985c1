// SPDX-License-Identifier: MIT
/*
 * Memory that others hold when the channel of the DSP goes: files, mappings, exported
 * buffers, importers.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>

#include "exporter.h"
#include "producers.h"

#define PAGE	4096UL
#define ODD_SIZE 0x25000

static struct sess s;

struct held {
	int fd;
	uint32_t handle;
	uint8_t *mem, *through;		/* by offset of the node, by the dma-buf */
	int buf;
};

static void fill(uint8_t *mem, uint8_t seed)
{
	size_t at;

	for (at = 0; at < ODD_SIZE; at++)
		mem[at] = (uint8_t)(seed + at + at / 256);
}

static void check_filled(const uint8_t *mem, uint8_t seed, const char *what)
{
	size_t at;

	for (at = 0; at < ODD_SIZE; at++)
		check(mem[at] == (uint8_t)(seed + at + at / 256), "%s: byte %zu is %#x",
		      what, at, mem[at]);
}

static uint8_t *map_buf(int buf)
{
	void *mem = mmap(NULL, ODD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);

	check(mem != MAP_FAILED, "mmap of an export: %s", strerror(errno));
	return mem;
}

static void hold(struct held *h, int fd, uint8_t seed)
{
	h->fd = fd;
	h->handle = gem_new(fd, ODD_SIZE);
	h->mem = gem_map(fd, h->handle, ODD_SIZE);
	check_eq(prime_export(fd, h->handle, DRM_CLOEXEC | DRM_RDWR, &h->buf), 0);
	h->through = map_buf(h->buf);
	fill(h->mem, seed);
}

/* readable, writable, one memory */
static void check_held(struct held *h, uint8_t seed)
{
	check_filled(h->mem, seed, "mmap of the node");
	check_filled(h->through, seed, "mmap of the dma-buf");
	h->mem[1] = 0xab;
	check_eq(h->through[1], 0xab);
	h->through[2] = 0xcd;
	check_eq(h->mem[2], 0xcd);
	fill(h->mem, seed);
}

static void let_go(struct held *h)
{
	gem_unmap(h->mem, ODD_SIZE);
	munmap(h->through, ODD_SIZE);
	close(h->buf);
}

/* the file is open, its memory mapped both ways; the channel goes */
static void test_open_file(const void *arg)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC, .fd = -1 };
	struct drm_qda_gem_create c = { .size = PAGE };
	struct drm_qda_query q;
	struct held h;
	int64_t end = soon();
	uint8_t *late;
	int fd;

	use_device(arg, "");
	fd = dev_open();
	hold(&h, fd, 3);
	dsp_crash();
	do {
		q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_BANKS_FREE };
	} while (!call(fd, DRM_IOCTL_QDA_QUERY, &q) && monotonic_ns() < end);
	expect(fd, DRM_IOCTL_QDA_GEM_CREATE, &c, -ENODEV);
	prime.handle = h.handle;
	expect(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime, -ENODEV);
	check_held(&h, 3);
	/* a page that nobody has touched yet */
	madvise(h.mem, ODD_SIZE, MADV_DONTNEED);
	check_held(&h, 3);
	/* what is exported can be mapped, by the descriptor, now as well */
	late = map_buf(h.buf);
	check_filled(late, 3, "a mapping made afterwards");
	wait_device_back();
	check_held(&h, 3);
	dev_close(fd);
	check_held(&h, 3);
	munmap(late, ODD_SIZE);
	let_go(&h);
}

/* the file is closed first, only the dma-buf and a mapping of it are left */
static void test_closed_file(const void *arg)
{
	struct held h;
	uint64_t total;
	uint8_t *late;
	int fd;

	use_device(arg, "");
	hold(&h, dev_open(), 5);
	/* a mapping of the node would keep the file open */
	gem_unmap(h.mem, ODD_SIZE);
	dev_close(h.fd);
	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	check_eq(wait_banks_free(fd, total), total);
	dev_close(fd);
	dsp_crash();
	wait_device_back();
	check_filled(h.through, 5, "mmap of the dma-buf");
	fill(h.through, 6);
	late = map_buf(h.buf);
	check_filled(late, 6, "a mapping made afterwards");
	munmap(late, ODD_SIZE);
	munmap(h.through, ODD_SIZE);
	close(h.buf);
}

/* one holder at a time goes; the memory is there until the last has gone */
static void test_one_by_one(const void *arg)
{
	struct held h;

	use_device(arg, "");
	hold(&h, dev_open(), 7);
	dsp_crash();
	gem_unmap(h.mem, ODD_SIZE);
	check_filled(h.through, 7, "mmap of the dma-buf");
	dev_close(h.fd);
	check_filled(h.through, 7, "mmap of the dma-buf");
	close(h.buf);
	wait_device_back();
	check_filled(h.through, 7, "mmap of the dma-buf");
	fill(h.through, 8);
	check_filled(h.through, 8, "mmap of the dma-buf");
	munmap(h.through, ODD_SIZE);
}

/* what was exported by the DSP before it went is imported by the one that came back */
static void test_reimport(const void *arg)
{
	struct drm_qda_remote_invoke i;
	struct drm_qda_arg args[3];
	struct held h;
	uint32_t handle = 0;

	use_device(arg, "");
	hold(&h, dev_open(), 9);
	dsp_crash();
	wait_device_back();
	sess_open_bench(&s);
	check_eq(prime_import(s.fd, h.buf, &handle), 0);
	i = echo_call(&s, args, arg_of(handle, 100, 0x8000), arg_of(s.gem, 0x1000, 0x8000));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(s.mem + 0x1000, h.mem + 100, 0x8000), "other bytes");
	i = echo_call(&s, args, arg_of(s.gem, 0x1000, 1), arg_of(handle, 0, 1));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(h.through[0], h.mem[100]);
	dev_close(h.fd);
	let_go(&h);
	/* the old device has gone; its memory is this session's alone now */
	check(dsp_writes(s.sid, bus_where(s.sid, s.mem), 1), "faults");
	i = echo_call(&s, args, arg_of(handle, 200, 16), arg_of(s.gem, 0x1000, 16));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check_eq(s.mem[0x1000], (uint8_t)(9 + 200));
	sess_close(&s);
}

/* another device has it: the other DSP goes on using it */
static void test_other_dsp(const void *arg)
{
	const char *const *domains = arg;
	struct drm_qda_remote_invoke i;
	struct drm_qda_arg args[3];
	struct held h;
	uint32_t handle = 0;
	uint64_t bus;

	use_device(domains[0], "");
	hold(&h, dev_open(), 11);
	use_device(domains[1], "");
	sess_open_bench(&s);
	check_eq(prime_import(s.fd, h.buf, &handle), 0);
	bus = bus_where(s.sid, h.mem);
	use_device(domains[0], "");
	dsp_crash();
	wait_device_back();
	use_device(domains[1], "");
	check_eq(bus_where(s.sid, h.mem), bus);
	i = echo_call(&s, args, arg_of(handle, 0, 0x1000), arg_of(handle, 0x20001, 0x1000));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(h.mem, h.through + 0x20001, 0x1000), "other bytes");
	dev_close(h.fd);
	let_go(&h);
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	sess_close(&s);
	/* and it is given back when the device it came from is long gone */
	use_device(domains[0], "");
	sess_open_bench(&s);
	sess_close(&s);
	use_device("cdsp", "");
}

/* and the other way: who imported goes, the exporter's memory is as it was */
static void test_importer_goes(const void *arg)
{
	struct held h;
	uint32_t handle = 0;

	(void)arg;
	hold(&h, dev_open(), 13);
	use_device("adsp", "");
	sess_open(&s);
	check_eq(prime_import(s.fd, h.buf, &handle), 0);
	dsp_crash();
	check_held(&h, 13);
	sess_close(&s);
	wait_device_back();
	use_device("cdsp", "");
	check_held(&h, 13);
	dev_close(h.fd);
	let_go(&h);
}

/* a graphics device has it */
static void test_graphics(const void *arg)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int card = card_open(arg);
	struct held h;
	uint8_t *mem;

	hold(&h, dev_open(), 17);
	prime.fd = h.buf;
	check_eq(plain_ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	dsp_crash();
	dev_close(h.fd);
	let_go(&h);
	prime.fd = -1;
	prime.flags = DRM_CLOEXEC | DRM_RDWR;
	check_eq(plain_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	mem = map_buf(prime.fd);
	check_filled(mem, 17, "mmap through a graphics device");
	munmap(mem, ODD_SIZE);
	close(prime.fd);
	close(card);
	wait_device_back();
	check_eq(module_unload(arg, 2000), 0);
}

/* a camera films into it through its own mapping in the kernel */
static void test_camera(const void *arg)
{
	size_t size = (CAM_FRAME + PAGE - 1) / PAGE * PAGE;
	struct camera camera;
	int fd = dev_open(), buf[CAM_BUFFERS];
	uint8_t *mem[CAM_BUFFERS];
	unsigned int i, n;
	uint32_t handle;

	(void)arg;
	camera_open(&camera, false);
	camera_foreign_buffers(&camera);
	for (i = 0; i < CAM_BUFFERS; i++) {
		handle = gem_new(fd, size);
		mem[i] = gem_map(fd, handle, size);
		check_eq(prime_export(fd, handle, DRM_CLOEXEC | DRM_RDWR, &buf[i]), 0);
		check_eq(camera_queue(&camera, i, buf[i]), 0);
	}
	camera_start(&camera);
	for (n = 0; n < 12; n++) {
		if (n == 3)
			dsp_crash();
		if (n == 6)
			dev_close(fd);
		i = camera_frame(&camera, NULL);
		check(mem[i][0] || mem[i][CAM_FRAME / 2], "an empty frame");
		memset(mem[i], 0, CAM_FRAME);
		check_eq(camera_queue(&camera, i, buf[i]), 0);
	}
	camera_close(&camera);
	for (i = 0; i < CAM_BUFFERS; i++) {
		gem_unmap(mem[i], size);
		close(buf[i]);
	}
	wait_device_back();
	check_eq(module_unload("vivid", 2000), 0);
}

/* who may only read it cannot give it to a DSP, which could write it */
static void test_read_only(const void *arg)
{
	int fd = dev_open(), other = dev_open(), buf;
	uint32_t handle = gem_new(fd, PAGE), theirs = 0;

	(void)arg;
	check_eq(prime_export(fd, handle, DRM_CLOEXEC, &buf), 0);
	check_eq(prime_import(other, buf, &theirs), -EINVAL);
	/* who has it already may say so */
	check_eq(prime_import(fd, buf, &theirs), 0);
	check_eq(theirs, handle);
	close(buf);
	gem_close(fd, handle);
	handle = gem_new(fd, PAGE);
	check_eq(prime_export(fd, handle, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	check_eq(prime_import(other, buf, &theirs), 0);
	close(buf);
	dev_close(other);
	dev_close(fd);
}

/* with everything at once, and calls in flight, again and again */
static void test_storm(const void *arg)
{
	struct held h[4];
	unsigned int rule;
	int round, n, buf, rounds = (int)test_count(5);
	uint32_t handle;

	(void)arg;
	exporter_open();
	for (round = 0; round < rounds; round++) {
		sess_open_bench(&s);
		buf = exporter_buffer(exporter_plain(8));
		check_eq(prime_import(s.fd, buf, &handle), 0);
		for (n = 0; n < 4; n++)
			hold(&h[n], n % 2 ? s.fd : dev_open(), (uint8_t)(20 * n));
		rule = steer_number("hold");
		for (n = 0; n < 8; n++)
			noop_submit(&s, n % 2 ? DRM_QDA_INVOKE_EVENT : 0, n % 2);
		wait_held(rule, 1, NULL, 0);
		dsp_crash();
		for (n = 0; n < 4; n++)
			check_held(&h[n], (uint8_t)(20 * n));
		wait_counts(1, 0, 0);
		if (round % 2)
			wait_device_back();
		sess_close(&s);
		for (n = 0; n < 4; n++) {
			check_held(&h[n], (uint8_t)(20 * n));
			if (!(n % 2))
				dev_close(h[n].fd);
			let_go(&h[n]);
		}
		close(buf);
		wait_counts(0, 0, 0);
		wait_device_back();
	}
	exporter_close();
	check_eq(module_unload("qda_exporter", 2000), 0);
}

int main(void)
{
	static const char *const there[] = { "adsp", "cdsp" };
	static const char *const back[] = { "cdsp", "adsp" };

	add_case("open-file", test_open_file, "cdsp");
	add_case("open-file-adsp", test_open_file, "adsp");
	add_case("closed-file", test_closed_file, "cdsp");
	add_case("closed-file-adsp", test_closed_file, "adsp");
	add_case("one-by-one", test_one_by_one, "cdsp");
	add_case("reimport", test_reimport, "cdsp");
	add_case("reimport-adsp", test_reimport, "adsp");
	add_case("other-dsp", test_other_dsp, there);
	add_case("other-dsp-back", test_other_dsp, back);
	add_case("importer-goes", test_importer_goes, NULL);
	add_case("graphics-vgem", test_graphics, "vgem");
	add_case("graphics-vkms", test_graphics, "vkms");
	add_case("camera", test_camera, NULL);
	add_case("read-only", test_read_only, NULL);
	add_case("storm", test_storm, NULL);
	return run_kernel_cases("export");
}
