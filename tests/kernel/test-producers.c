// SPDX-License-Identifier: MIT
/*
 * Memory of other drivers, given to the DSP without a copy, and the driver's own memory
 * given to others.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/videodev2.h>

#include "producers.h"

#define PAGE	4096UL
#define SYNC_RW	DMA_BUF_SYNC_RW
#define ODD_SIZE 0x25000

static struct sess s;
static struct producer p;
static struct camera camera;

/* --- into the DSP --------------------------------------------------------- */

enum kind { SYSTEM, CMA, UDMABUF, VGEM, VKMS };

struct import_case {
	enum kind kind;
	const char *domain;
};

static void make(enum kind kind)
{
	switch (kind) {
	case SYSTEM:
		heap_new(&p, false, ODD_SIZE);
		break;
	case CMA:
		heap_new(&p, true, ODD_SIZE);
		break;
	case UDMABUF:
		udmabuf_new(&p, ODD_SIZE);
		break;
	case VGEM:
		dumb_new(&p, "vgem", ODD_SIZE);
		break;
	case VKMS:
		dumb_new(&p, "vkms", ODD_SIZE);
		break;
	}
}

/* the same bytes, seen from both ends, and no call in between that could copy them */
static void check_one_memory(unsigned int sid, uint64_t bus, volatile uint8_t *mem,
			     size_t size, int buf)
{
	uint8_t byte;
	size_t at;

	for (at = 1; at < size; at += PAGE + 17) {
		if (buf >= 0)
			dmabuf_sync(buf, DMA_BUF_SYNC_START | SYNC_RW);
		mem[at] = (uint8_t)(0x30 + at / PAGE);
		if (buf >= 0)
			dmabuf_sync(buf, DMA_BUF_SYNC_END | SYNC_RW);
		check(dsp_reads(sid, bus + at, &byte), "the DSP faults at byte %zu", at);
		check_eq(byte, (uint8_t)(0x30 + at / PAGE));
		check(dsp_writes(sid, bus + at + 1, (uint8_t)(0x90 + at / PAGE)),
		      "the DSP faults at byte %zu", at + 1);
		if (buf >= 0)
			dmabuf_sync(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
		check_eq(mem[at + 1], (uint8_t)(0x90 + at / PAGE));
		if (buf >= 0)
			dmabuf_sync(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	}
}

static void check_translated(unsigned int sid, uint64_t bus, const uint8_t *mem,
			     size_t size, bool tells_pages)
{
	uint64_t phys, same;
	bool dma = false;
	size_t at;
	int err;

	for (at = 0; at < size; at += PAGE) {
		err = sim_translate(sid, bus + at, &phys, &dma);
		check(!err, "page %zu is not mapped", at / PAGE);
		check(dma, "the bank's domain is not a DMA domain");
		check(phys != bus + at, "page %zu has its physical address on the bus",
		      at / PAGE);
		if (phys_of(mem + at, &same))
			check(phys == same, "page %zu is another page", at / PAGE);
		else
			check(!tells_pages, "no page numbers of this mapping");
	}
}

/* the DSP copies within the buffer; the producer's mapping shows it, and no more */
static void check_call(uint32_t handle, uint8_t *mem, int buf)
{
	const size_t from = 123, to = 0x12345, n = 0x11000;
	struct drm_qda_remote_invoke i;
	struct drm_qda_arg args[3];
	size_t at;

	if (buf >= 0)
		dmabuf_sync(buf, DMA_BUF_SYNC_START | SYNC_RW);
	memset(mem, 0x11, ODD_SIZE);
	for (at = 0; at < n; at++)
		mem[from + at] = (uint8_t)(at * 7 + at / 256);
	if (buf >= 0)
		dmabuf_sync(buf, DMA_BUF_SYNC_END | SYNC_RW);
	i = echo_call(&s, args, arg_of(handle, from, n), arg_of(handle, to, n));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	if (buf >= 0)
		dmabuf_sync(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	for (at = 0; at < n; at++)
		check(mem[to + at] == (uint8_t)(at * 7 + at / 256), "byte %zu is %#x",
		      to + at, mem[to + at]);
	check_eq(mem[from - 1], 0x11);
	check_eq(mem[to - 1], 0x11);
	check_eq(mem[to + n], 0x11);
	check_eq(mem[ODD_SIZE - 1], 0x11);
	if (buf >= 0)
		dmabuf_sync(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

static void test_import(const void *arg)
{
	const struct import_case *c = arg;
	uint32_t handle = 0;
	uint64_t bus;

	make(c->kind);
	check_eq(p.size, ODD_SIZE);
	use_device(c->domain, "");
	sess_open_bench(&s);
	check_eq(prime_import(s.fd, p.buf, &handle), 0);
	bus = bus_where(s.sid, p.mem);
	check_translated(s.sid, bus, p.mem, p.size, p.tells_pages);
	check_one_memory(s.sid, bus, p.mem, p.size, p.buf);
	check_call(handle, p.mem, p.buf);
	check_eq(gem_close(s.fd, handle), 0);
	check(!dsp_reads(s.sid, bus, NULL), "still reached after GEM_CLOSE");
	p.mem[5] = 0x55;
	/* once more, and this time the producer goes first */
	check_eq(prime_import(s.fd, p.buf, &handle), 0);
	close(p.buf);
	p.buf = -1;
	bus = bus_where(s.sid, p.mem);
	check_one_memory(s.sid, bus, p.mem, p.size, -1);
	producer_free(&p);
	check(dsp_reads(s.sid, bus, NULL), "taken from under the DSP");
	sess_close(&s);
}

/* one buffer in two banks of one DSP and one of another: three addresses, one memory */
static void test_shared(const void *arg)
{
	const char *domains[] = { "cdsp", "cdsp", "adsp" };
	struct sess t[3];
	uint64_t bus[3];
	uint32_t handle = 0;
	uint8_t byte;
	int n, m;

	(void)arg;
	make(UDMABUF);
	for (n = 0; n < 3; n++) {
		use_device(domains[n], "");
		sess_open(&t[n]);
		check_eq(prime_import(t[n].fd, p.buf, &handle), 0);
		bus[n] = bus_where(t[n].sid, p.mem);
	}
	for (n = 0; n < 3; n++) {
		use_device(domains[n], "");
		check(dsp_writes(t[n].sid, bus[n] + 4000, (uint8_t)(n + 1)), "faults");
		check_eq(p.mem[4000], n + 1);
		for (m = 0; m < 3; m++) {
			use_device(domains[m], "");
			check(dsp_reads(t[m].sid, bus[m] + 4000, &byte), "faults");
			check_eq(byte, n + 1);
		}
	}
	for (n = 0; n < 3; n++) {
		use_device(domains[n], "");
		sess_close(&t[n]);
	}
	producer_free(&p);
	use_device("cdsp", "");
}

/* --- the camera ----------------------------------------------------------- */

static uint32_t checksum(const uint8_t *data, size_t size)
{
	uint32_t sum = 2166136261U;

	while (size--)
		sum = (sum ^ *data++) * 16777619U;
	return sum;
}

/* what the DSP says is the checksum of a frame that nobody has copied */
static uint32_t dsp_checksum(uint32_t handle)
{
	uint32_t n = (uint32_t)CAM_FRAME;
	struct drm_qda_arg args[3] = {
		arg_of(s.gem, 0, sizeof(n)), arg_of(handle, 0, n),
		arg_of(s.gem, 64, sizeof(n)),
	};
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.handle = s.bench, .scalars = DRM_QDA_SCALARS(BENCH_SINK, 2, 1, 0, 0),
	};

	memcpy(s.mem, &n, sizeof(n));
	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	memcpy(&n, s.mem + 64, sizeof(n));
	return n;
}

/* frames of the camera, read by the DSP where the camera has put them */
static void test_camera(const void *arg)
{
	const bool *contig = arg;
	uint32_t handles[CAM_BUFFERS] = { 0 }, sequence, last = 0, sum, previous = 0;
	unsigned int i, n, changed = 0;
	uint64_t bus, phys;

	camera_open(&camera, *contig);
	camera_own_buffers(&camera);
	sess_open_bench(&s);
	for (i = 0; i < CAM_BUFFERS; i++)
		check_eq(prime_import(s.fd, camera.buf[i], &handles[i]), 0);
	camera_start(&camera);
	for (n = 0; n < 8; n++) {
		i = camera_frame(&camera, &sequence);
		check(!n || sequence > last, "frame %u after %u", sequence, last);
		last = sequence;
		sum = dsp_checksum(handles[i]);
		check_eq(sum, checksum(camera.mem[i], CAM_FRAME));
		changed += n && sum != previous;
		previous = sum;
		check_eq(camera_queue(&camera, i, -1), 0);
	}
	/* it is a film, not a picture */
	check(changed, "all frames are the same");
	/* and the DSP draws into a frame: the camera's mapping shows it */
	i = camera_frame(&camera, NULL);
	for (n = 0; n < CAM_BUFFERS; n++)
		if (n != i)
			check_eq(gem_close(s.fd, handles[n]), 0);
	bus = bus_where(s.sid, camera.mem[i]);
	check_eq(sim_translate(s.sid, bus, &phys, NULL), 0);
	check(phys != bus, "a physical address on the bus");
	check_one_memory(s.sid, bus, camera.mem[i], camera.size, -1);
	camera_close(&camera);
	/* the frame outlives the camera */
	check(dsp_reads(s.sid, bus + 1, NULL), "taken from under the DSP");
	sess_close(&s);
}

/* the camera films into the DSP's memory */
static void test_camera_into_ours(const void *arg)
{
	uint32_t handles[CAM_BUFFERS];
	uint8_t *mem[CAM_BUFFERS];
	int buf[CAM_BUFFERS];
	unsigned int i, n;
	size_t size = (CAM_FRAME + PAGE - 1) / PAGE * PAGE;

	(void)arg;
	camera_open(&camera, false);
	camera_foreign_buffers(&camera);
	sess_open_bench(&s);
	for (i = 0; i < CAM_BUFFERS; i++) {
		handles[i] = gem_new(s.fd, size);
		mem[i] = gem_map(s.fd, handles[i], size);
		check_eq(prime_export(s.fd, handles[i], DRM_CLOEXEC | DRM_RDWR,
				      &buf[i]), 0);
		check_eq(camera_queue(&camera, i, buf[i]), 0);
	}
	camera_start(&camera);
	for (n = 0; n < 6; n++) {
		i = camera_frame(&camera, NULL);
		check_eq(dsp_checksum(handles[i]), checksum(mem[i], CAM_FRAME));
		check(mem[i][0] || mem[i][CAM_FRAME / 2], "an empty frame");
		check_eq(camera_queue(&camera, i, buf[i]), 0);
	}
	/* the session goes while the camera goes on */
	sess_close(&s);
	for (n = 0; n < 4; n++) {
		i = camera_frame(&camera, NULL);
		memset(mem[i], 0, CAM_FRAME);
		check_eq(camera_queue(&camera, i, buf[i]), 0);
	}
	i = camera_frame(&camera, NULL);
	check(mem[i][0] || mem[i][CAM_FRAME / 2], "an empty frame");
	camera_close(&camera);
	for (i = 0; i < CAM_BUFFERS; i++) {
		gem_unmap(mem[i], size);
		close(buf[i]);
	}
}

/* --- out of the driver ---------------------------------------------------- */

static int export_one(int fd, uint64_t size, uint8_t **ret_mem)
{
	uint32_t handle = gem_new(fd, size);
	int buf = -1;

	*ret_mem = gem_map(fd, handle, size);
	check_eq(prime_export(fd, handle, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	check_eq(gem_close(fd, handle), 0);
	return buf;
}

/* another device holds our buffer when the session has gone */
static void test_export(const void *arg)
{
	const char *driver = arg;
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	struct drm_mode_map_dumb map = { 0 };
	int fd = dev_open(), card = card_open(driver), buf, err;
	uint8_t *own, *other;
	uint64_t total;

	buf = export_one(fd, ODD_SIZE, &own);
	memset(own, 0x42, ODD_SIZE);
	prime.fd = buf;
	check_eq(plain_ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	close(buf);
	gem_unmap(own, ODD_SIZE);
	dev_close(fd);
	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	check_eq(wait_banks_free(fd, total), total);
	/* the core maps imports through the descriptor only */
	map.handle = prime.handle;
	err = plain_ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map);
	check_eq(err, -EINVAL);
	prime.fd = -1;
	prime.flags = DRM_CLOEXEC | DRM_RDWR;
	check_eq(plain_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	other = mmap(NULL, ODD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, prime.fd, 0);
	check(other != MAP_FAILED, "mmap through %s: %s", driver, strerror(errno));
	check_eq(other[0], 0x42);
	check_eq(other[ODD_SIZE - 1], 0x42);
	other[ODD_SIZE / 2] = 7;
	close(card);
	close(prime.fd);
	check_eq(other[ODD_SIZE / 2], 7);
	munmap(other, ODD_SIZE);
	dev_close(fd);
}

/* one DSP's buffer is another DSP's, with an address there of its own */
static void test_between_dsps(const void *arg)
{
	const char *const *domains = arg;
	uint32_t handle = 0;
	uint64_t bus;
	uint8_t *mem;
	int fd, buf;

	use_device(domains[0], "");
	fd = dev_open();
	buf = export_one(fd, ODD_SIZE, &mem);
	use_device(domains[1], "");
	sess_open_bench(&s);
	check_eq(prime_import(s.fd, buf, &handle), 0);
	bus = bus_where(s.sid, mem);
	check_translated(s.sid, bus, mem, ODD_SIZE, false);
	check_one_memory(s.sid, bus, mem, ODD_SIZE, buf);
	check_call(handle, mem, buf);
	/* its maker is gone, all but the memory */
	dev_close(fd);
	close(buf);
	check_one_memory(s.sid, bus, mem, ODD_SIZE, -1);
	check_call(handle, mem, -1);
	gem_unmap(mem, ODD_SIZE);
	check(dsp_reads(s.sid, bus, NULL), "taken from under the DSP");
	sess_close(&s);
	use_device("cdsp", "");
}

static void test_unload(const void *arg)
{
	const char *module = arg;

	if (!module_loaded(module))
		module_load(module, "");
	/* nobody of us holds anything of it */
	check_eq(module_unload(module, 2000), 0);
}

int main(void)
{
	static const struct {
		const char *name;
		struct import_case c;
	} imports[] = {
		{ "system-heap", { SYSTEM, "cdsp" } },
		{ "cma-heap", { CMA, "cdsp" } },
		{ "udmabuf", { UDMABUF, "cdsp" } },
		{ "vgem", { VGEM, "cdsp" } },
		{ "vkms", { VKMS, "cdsp" } },
		{ "system-heap-adsp", { SYSTEM, "adsp" } },
		{ "cma-heap-adsp", { CMA, "adsp" } },
		{ "udmabuf-adsp", { UDMABUF, "adsp" } },
		{ "vgem-adsp", { VGEM, "adsp" } },
		{ "vkms-adsp", { VKMS, "adsp" } },
	};
	static const char *const there[] = { "adsp", "cdsp" };
	static const char *const back[] = { "cdsp", "adsp" };
	static const bool scattered = false, contig = true;
	size_t n;

	for (n = 0; n < ARRAY_SIZE(imports); n++)
		add_case(imports[n].name, test_import, &imports[n].c);
	add_case("shared", test_shared, NULL);
	add_case("camera-vmalloc", test_camera, &scattered);
	add_case("camera-contig", test_camera, &contig);
	add_case("camera-into-ours", test_camera_into_ours, NULL);
	add_case("export-vgem", test_export, "vgem");
	add_case("export-vkms", test_export, "vkms");
	add_case("between-dsps", test_between_dsps, there);
	add_case("between-dsps-back", test_between_dsps, back);
	add_case("unload-vivid", test_unload, "vivid");
	add_case("unload-vgem", test_unload, "vgem");
	add_case("unload-vkms", test_unload, "vkms");
	return run_kernel_cases("producers");
}
