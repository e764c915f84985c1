// SPDX-License-Identifier: MIT
/* Memory on the DSP's request: what it gets, what not, and that nothing stays. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-kapi.h"

#include "aee.h"
#include "apps-mem.h"
#include "refusal.h"

#define ADD_PAGES	0x1000
#define ADD_PAGES_LLC	0x3000
#define HLOS_FD		0x10000

#define BIG	(64 << 20)

static struct fake_session s;
static struct apps_mem *mem;
static unsigned int num_warnings, num_debug;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	(void)message;
	num_warnings += priority == QDA_LOG_WARNING;
	num_debug += priority == QDA_LOG_DEBUG;
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_session_open(&s);
	s.ctx->log = log_fn;
	s.ctx->log_level = QDA_LOG_DEBUG;
	num_warnings = num_debug = 0;
	return apps_mem_new(s.session, &mem);
}

static int teardown(void **state)
{
	unsigned int munmaps = fake.munmaps;

	(void)state;
	apps_mem_free(mem);
	/* the PD may live on */
	assert_int_equal(fake.munmaps, munmaps);
	fake_session_close(&s);
	assert_int_equal(fake.opens, fake.closes);
	assert_int_equal(fake.live_buffers, 0);
	return 0;
}

/* --- calls as the DSP makes them ------------------------------------------ */

static int32_t invoke(uint32_t method, const void *in, size_t in_size, void *out,
		      size_t out_size)
{
	uint8_t in_copy[64], out_copy[64] = { 0 };
	const struct qda_reverse_arg ins = { in_copy, in_size };
	const struct qda_reverse_arg outs = { out_copy, out_size };
	struct qda_reverse_call call = {
		.size = sizeof(call), .method = method, .in = &ins, .num_in = 1,
		.out = &outs, .num_out = !!out_size,
	};
	int32_t ret;

	memcpy(in_copy, in, in_size);
	ret = apps_mem_invoke(mem, &call);
	if (out_size)
		memcpy(out, out_copy, out_size);
	return ret;
}

static int32_t request_map(uint32_t rflags, int32_t len, uint32_t *ret_addr)
{
	const uint32_t in[5] = { 25, 1, rflags, 0x1234, (uint32_t)len };
	uint32_t out[2];
	int32_t ret = invoke(0, in, 20, out, 8);

	assert_int_equal(out[0], 0);
	*ret_addr = out[1];
	return ret;
}

static int32_t request_unmap(uint32_t addr, int32_t len)
{
	const uint32_t in[2] = { addr, (uint32_t)len };

	return invoke(1, in, 8, NULL, 0);
}

static int32_t request_map64(uint32_t rflags, int64_t len, uint64_t *ret_addr)
{
	const struct {
		uint32_t heap, flags, rflags, pad;
		uint64_t vin;
		int64_t len;
	} in = { 25, 1, rflags, 0xdead, 0x12345678000, len };
	uint64_t out[2];
	int32_t ret;

	ret = invoke(2, &in, 32, out, 16);
	assert_int_equal(out[0], 0);
	*ret_addr = out[1];
	return ret;
}

static int32_t request_unmap64(uint64_t addr, int64_t len)
{
	const uint64_t in[2] = { addr, (uint64_t)len };

	return invoke(3, in, 16, NULL, 0);
}

static int32_t share_map(int32_t id, int32_t size, uint64_t *ret_addr)
{
	const int32_t in[2] = { id, size };
	uint64_t out[2];
	int32_t ret = invoke(4, in, 8, out, 16);

	assert_int_equal(out[0], 0);
	*ret_addr = out[1];
	return ret;
}

static int32_t share_unmap(uint64_t addr, int32_t size)
{
	uint8_t in[12];

	memcpy(in, &addr, 8);
	memcpy(in + 8, &size, 4);
	return invoke(5, in, 12, NULL, 0);
}

static int32_t dma_map(int32_t id, int32_t offset, int32_t size)
{
	const int32_t in[3] = { id, offset, size };

	return invoke(6, in, 12, NULL, 0);
}

static int32_t dma_unmap(int32_t id, int32_t size)
{
	const int32_t in[2] = { id, size };

	return invoke(7, in, 8, NULL, 0);
}

/* --- heap ----------------------------------------------------------------- */

static void heap(void **state)
{
	uint64_t a, b, c;
	uint32_t d;

	(void)state;
	assert_int_equal(request_map64(ADD_PAGES, 10000, &a), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_ADD_PAGES);
	assert_int_equal(fake.map.length, 12288);
	assert_int_equal(fake.map.dsp_id, 0);
	assert_int_equal(fake.map.addr_hint, 0);
	assert_int_equal(request_map64(ADD_PAGES_LLC, 4096, &b), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_ADD_PAGES);
	assert_true(a && b && a != b);
	fake.map_addr = 0xfffff000;
	assert_int_equal(request_map(ADD_PAGES, 1, &d), AEE_SUCCESS);
	assert_int_equal(d, 0xfffff000);
	fake.map_addr = 0x100000000;
	assert_int_equal(request_map64(ADD_PAGES, 1, &c), AEE_SUCCESS);
	assert_true(c == 0x100000000);
	assert_int_equal(fake.live_buffers, 4);
	assert_int_equal(fake.live_maps, 4);

	/* only what was given, and only once */
	assert_int_equal(request_unmap64(a + 4096, 10000), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(a, 8192), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(a, 12289), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(a, 0), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(a, -1), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(a, INT64_MAX), AEE_ENOSUCHMAP);
	assert_int_equal(fake.munmaps, 0);
	assert_int_equal(request_unmap64(a, 10000), AEE_SUCCESS);
	assert_int_equal(request_unmap64(a, 10000), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap((uint32_t)b, 4096), AEE_SUCCESS);
	assert_int_equal(request_unmap(0, 4096), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap(d, -4096), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap(d, 4096), AEE_SUCCESS);
	assert_int_equal(share_unmap(c, 1), AEE_SUCCESS);
	assert_int_equal(fake.live_buffers, 0);
	assert_int_equal(fake.live_maps, 0);

	/* what is left ends with the session, see teardown() */
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_SUCCESS);
}

static void heap_refused(void **state)
{
	static const uint32_t unknown[] = { 0, 4, 6, 8, 0x2000, 0x11000, UINT32_MAX };
	uint64_t a;
	uint32_t b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		num_warnings = 0;
		assert_int_equal(request_map64(unknown[i], 4096, &a), AEE_EUNSUPPORTED);
		assert_int_equal(num_warnings, 1);
	}
	assert_int_equal(request_map64(ADD_PAGES, 0, &a), AEE_EBADPARM);
	assert_int_equal(request_map64(ADD_PAGES, -1, &a), AEE_EBADPARM);
	assert_int_equal(request_map64(ADD_PAGES, INT64_MIN, &a), AEE_EBADPARM);
	assert_int_equal(request_map(ADD_PAGES, -4096, &b), AEE_EBADPARM);
	assert_int_equal(request_map64(ADD_PAGES, INT64_MAX, &a), AEE_ENOMEMORY);
	assert_int_equal(request_map64(ADD_PAGES, APPS_MEM_MAX_BYTES + 1, &a),
			 AEE_ENOMEMORY);
	fake.fail_gem_create = -ENOSPC;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_ENOMEMORY);
	fake.fail_gem_create = -EDQUOT;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_ENOMEMORY);
	fake.fail_map = -ECANCELED;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_EBADSTATE);
	fake.fail_map = -EINTR;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_EFAILED);
	fake.status_map = (int32_t)0x80000402;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_EFAILED);
	fake.status_map = 0;
	assert_int_equal(a, 0);
	/* an address the answer has no room for is given back */
	fake.map_addr = 0x100000000;
	assert_int_equal(request_map(ADD_PAGES, 4096, &b), AEE_ENOMEMORY);
	assert_int_equal(b, 0);
	assert_int_equal(fake.munmaps, 1);
	assert_int_equal(fake.live_buffers, 0);
	assert_int_equal(fake.live_maps, 0);

	/* the DSP does not let go: it stands */
	fake.map_addr = 0;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_SUCCESS);
	fake.status_munmap = 5;
	assert_int_equal(request_unmap64(a, 4096), AEE_EFAILED);
	fake.status_munmap = 0;
	assert_int_equal(fake.live_buffers, 1);
	fake.fail_munmap = -EINTR;
	fake.munmaps = 0;
	assert_int_equal(request_unmap64(a, 4096), AEE_SUCCESS);
	assert_int_equal(fake.munmaps, 2);
	assert_int_equal(fake.live_buffers, 0);
}

static void limits(void **state)
{
	uint64_t a[4], more;
	struct qda_buffer *buffer;
	struct qda_mapping *m;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(request_map64(ADD_PAGES, BIG, &a[i]), AEE_SUCCESS);
	assert_int_equal(request_map64(ADD_PAGES, 1, &more), AEE_ENOMEMORY);
	assert_int_equal(request_map64(HLOS_FD, 1, &more), AEE_ENOMEMORY);
	assert_int_equal(request_unmap64(a[2], BIG), AEE_SUCCESS);
	assert_int_equal(request_map64(ADD_PAGES, BIG + 1, &more), AEE_ENOMEMORY);
	assert_int_equal(request_map64(HLOS_FD, BIG, &a[2]), AEE_SUCCESS);
	for (i = 0; i < 4; i++)
		assert_int_equal(request_unmap64(a[i], BIG), AEE_SUCCESS);
	assert_int_equal(fake.live_buffers, 0);
	/* what failed is not counted */
	for (i = 0; i < 4; i++) {
		fake.fail_map = -EIO;
		assert_int_equal(request_map64(ADD_PAGES, BIG, &a[0]), AEE_EFAILED);
		fake.fail_gem_create = -ENOMEM;
		assert_int_equal(request_map64(ADD_PAGES, BIG, &a[0]), AEE_ENOMEMORY);
	}
	assert_int_equal(request_map64(ADD_PAGES, 4 * BIG, &a[0]), AEE_SUCCESS);
	assert_int_equal(request_unmap64(a[0], 4 * BIG), AEE_SUCCESS);

	assert_int_equal(qda_buffer_new(s.session, 4096, &buffer), 0);
	assert_int_equal(qda_mapping_new(buffer, NULL, &m, NULL), 0);
	for (i = 0; i < APPS_MEM_MAX_MAPS; i++)
		assert_int_equal(share_map(qda_mapping_get_dsp_id(m), 1, &more),
				 AEE_SUCCESS);
	assert_int_equal(share_map(qda_mapping_get_dsp_id(m), 1, &a[0]), AEE_ENOMEMORY);
	assert_int_equal(dma_map(qda_mapping_get_dsp_id(m), 0, 1), AEE_ENOMEMORY);
	assert_int_equal(request_map64(ADD_PAGES, 1, &a[0]), AEE_ENOMEMORY);
	assert_int_equal(request_map64(HLOS_FD, 1, &a[0]), AEE_ENOMEMORY);
	assert_int_equal(share_unmap(more, 1), AEE_SUCCESS);
	assert_int_equal(request_map64(ADD_PAGES, 1, &a[0]), AEE_SUCCESS);
	qda_mapping_unref(m);
	qda_buffer_unref(buffer);
	assert_int_equal(fake.live_buffers, 1);

	/* a flood is not a flood of the log */
	num_warnings = num_debug = 0;
	for (i = 0; i < 1000; i++)
		assert_int_equal(share_unmap(1, 1), AEE_ENOSUCHMAP);
	assert_true(num_warnings <= REFUSAL_LOUD + 1);
	assert_true(num_debug >= 1000 - REFUSAL_LOUD);
}

/* --- memory with a number ------------------------------------------------- */

static void hlos(void **state)
{
	uint64_t id, id2, addr;
	uint32_t id3, handle;

	(void)state;
	/* a number that could be an address is not given */
	s.session->next_dsp_id = 0x50000000;
	fake.fail_map = -EEXIST;
	assert_int_equal(request_map64(HLOS_FD, 5000, &id), AEE_SUCCESS);
	assert_int_equal(id, 0x50000002);
	assert_int_equal(fake.map.type, QDA_MAP_FD_DELAYED);
	assert_int_equal(fake.map.length, 8192);
	assert_int_equal(fake.map.dsp_id, (int32_t)id);
	handle = fake.map.handle;
	assert_int_equal(request_map(HLOS_FD, 4096, &id3), AEE_SUCCESS);
	assert_int_equal(id3, id + 1);

	/* the DSP may have it by its number, and once more with an address */
	assert_int_equal(dma_map((int32_t)id, 4096, 4097), AEE_EBADSIZE);
	assert_int_equal(dma_map((int32_t)id, 4096, 4096), AEE_SUCCESS);
	assert_int_equal(fake.live_maps, 2);
	assert_int_equal(share_map((int32_t)id, 8192, &addr), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_STATIC);
	assert_int_equal(fake.map.handle, handle);
	assert_int_equal(fake.live_maps, 3);
	assert_int_equal(share_unmap(addr, 8192), AEE_SUCCESS);
	assert_int_equal(dma_unmap((int32_t)id, 4096), AEE_SUCCESS);
	assert_int_equal(fake.live_maps, 2);

	/* the DSP lets go of a delayed mapping, and comes back for it */
	fake_finish_map((int32_t)id);
	assert_int_equal(dma_map((int32_t)id, 0, 8192), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_FD_DELAYED);
	assert_int_equal(fake.map.handle, handle);
	assert_int_equal(fake.map.dsp_id, (int32_t)id);
	assert_int_equal(dma_unmap((int32_t)id, 8192), AEE_SUCCESS);
	assert_int_equal(fake.live_maps, 1);
	assert_int_equal(fake.live_buffers, 2);

	assert_int_equal(request_unmap64(id, 4096), AEE_ENOSUCHMAP);
	assert_int_equal(request_unmap64(id, 5000), AEE_SUCCESS);
	assert_int_equal(dma_map((int32_t)id, 0, 4096), AEE_EBADFD);
	assert_int_equal(share_map((int32_t)id, 4096, &id2), AEE_EBADFD);
	assert_int_equal(request_unmap(id3, 4096), AEE_SUCCESS);
	assert_int_equal(fake.live_buffers, 0);
	assert_int_equal(fake.live_maps, 0);
	fake.fail_map = -ENOSPC;
	assert_int_equal(request_map64(HLOS_FD, 5000, &id), AEE_ENOMEMORY);
	assert_int_equal(id, 0);
}

/* --- the application's buffers -------------------------------------------- */

static struct qda_mapping *app_mapping(int32_t dsp_id, uint32_t type, uint64_t offset)
{
	struct qda_mapping_opts o = { .size = sizeof(o), .type = type, .dsp_id = dsp_id,
				      .offset = offset };
	struct qda_buffer *buffer;
	struct qda_mapping *m;

	assert_int_equal(qda_buffer_new(s.session, 16384, &buffer), 0);
	assert_int_equal(qda_mapping_new(buffer, &o, &m, NULL), 0);
	qda_buffer_unref(buffer);
	return m;
}

static void shared(void **state)
{
	struct qda_mapping *m = app_mapping(77, QDA_MAP_FD, 4096);
	uint32_t handle = fake.map.handle;
	uint64_t a, b;

	(void)state;
	assert_int_equal(share_map(77, 12288, &a), AEE_SUCCESS);
	assert_int_equal(fake.map.handle, handle);
	assert_int_equal(fake.map.offset, 4096);
	assert_int_equal(fake.map.length, 12288);
	assert_true(fake.map.dsp_id > 0 && fake.map.dsp_id != 77);
	assert_int_equal(share_map(77, 100, &b), AEE_SUCCESS);

	assert_int_equal(share_map(77, 12289, &b), AEE_EBADSIZE);
	assert_int_equal(share_map(77, 0, &b), AEE_EBADPARM);
	assert_int_equal(share_map(77, -1, &b), AEE_EBADPARM);
	assert_int_equal(share_map(0, 4096, &b), AEE_EBADPARM);
	assert_int_equal(share_map(-77, 4096, &b), AEE_EBADPARM);
	assert_int_equal(share_map(78, 4096, &b), AEE_EBADFD);
	fake.fail_map = -ENOMEM;
	assert_int_equal(share_map(77, 4096, &b), AEE_ENOMEMORY);
	assert_int_equal(fake.live_maps, 3);

	/* the DSP has it past the application's unmapping */
	assert_int_equal(qda_mapping_unmap(m, NULL), 0);
	assert_int_equal(share_map(77, 4096, &b), AEE_EBADFD);
	qda_mapping_unref(m);
	assert_int_equal(fake.live_maps, 2);
	assert_int_equal(share_unmap(a, 4096), AEE_ENOSUCHMAP);
	assert_int_equal(share_unmap(a + 1, 12288), AEE_ENOSUCHMAP);
	assert_int_equal(share_unmap(a, -12288), AEE_ENOSUCHMAP);
	assert_int_equal(share_unmap(a, 12288), AEE_SUCCESS);
	assert_int_equal(share_unmap(a, 12288), AEE_ENOSUCHMAP);
	assert_int_equal(fake.live_maps, 1);
}

static void dma(void **state)
{
	struct qda_mapping *m = app_mapping(77, QDA_MAP_FD_NOMAP, 0);
	struct qda_mapping *n = app_mapping(78, QDA_MAP_FD_DELAYED, 8192);

	(void)state;
	assert_int_equal(dma_map(0, 0, 4096), AEE_EBADPARM);
	assert_int_equal(dma_map(-77, 0, 4096), AEE_EBADPARM);
	assert_int_equal(dma_map(77, 0, 0), AEE_EBADPARM);
	assert_int_equal(dma_map(77, 0, -1), AEE_EBADPARM);
	assert_int_equal(dma_map(77, -4096, 4096), AEE_EBADPARM);
	assert_int_equal(dma_map(77, 1, 4096), AEE_EBADPARM);
	assert_int_equal(dma_map(77, 4096, 12289), AEE_EBADSIZE);
	assert_int_equal(dma_map(77, 20480, 1), AEE_EBADSIZE);
	assert_int_equal(dma_map(77, INT32_MAX & ~4095, INT32_MAX), AEE_EBADSIZE);
	assert_int_equal(dma_map(79, 0, 4096), AEE_EBADFD);
	fake.fail_map = -EIO;
	assert_int_equal(dma_map(77, 0, 4096), AEE_EFAILED);
	assert_int_equal(dma_unmap(77, 16384), AEE_ENOSUCHMAP);

	/* in place: kept, although the application drops it */
	assert_int_equal(dma_map(77, 0, 16384), AEE_SUCCESS);
	assert_int_equal(dma_map(77, 0, 16384), AEE_EALREADY);
	assert_int_equal(request_unmap64(77, 16384), AEE_ENOSUCHMAP);
	qda_mapping_unref(m);
	assert_int_equal(fake.live_maps, 2);
	assert_int_equal(fake.live_buffers, 1);
	assert_int_equal(dma_unmap(0, 16384), AEE_ENOSUCHMAP);
	assert_int_equal(dma_unmap(77, 4096), AEE_ENOSUCHMAP);
	assert_int_equal(dma_unmap(77, -16384), AEE_ENOSUCHMAP);
	assert_int_equal(dma_unmap(78, 16384), AEE_ENOSUCHMAP);
	assert_int_equal(dma_unmap(77, 16384), AEE_SUCCESS);
	assert_int_equal(fake.live_maps, 1);
	assert_int_equal(dma_map(77, 0, 16384), AEE_EBADFD);

	/* the DSP ended the delayed mapping: it is made anew, and is the DSP's */
	fake_finish_map(78);
	assert_int_equal(fake.live_maps, 0);
	assert_int_equal(dma_map(78, 4096, 4096), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_FD_DELAYED);
	assert_int_equal(fake.map.dsp_id, 78);
	assert_int_equal(fake.map.offset, 12288);
	assert_int_equal(fake.map.length, 4096);
	qda_mapping_unref(n);
	assert_int_equal(fake.live_maps, 1);
	assert_int_equal(dma_unmap(78, 4096), AEE_SUCCESS);
	assert_int_equal(fake.live_maps, 0);
	assert_int_equal(fake.live_buffers, 0);

	/* one that is only registered stays so */
	m = app_mapping(77, QDA_MAP_FD_NOMAP, 0);
	fake_finish_map(77);
	assert_int_equal(dma_map(77, 0, 4096), AEE_SUCCESS);
	assert_int_equal(fake.map.type, QDA_MAP_FD_NOMAP);
	qda_mapping_unref(m);

	/* held and dropped, and left to the end */
	m = app_mapping(80, QDA_MAP_FD, 0);
	n = app_mapping(81, QDA_MAP_FD, 0);
	assert_int_equal(dma_map(80, 0, 4096), AEE_SUCCESS);
	assert_int_equal(dma_map(81, 0, 4096), AEE_SUCCESS);
	qda_mapping_unref(m);
	assert_int_equal(dma_map(81, 0, 4096), AEE_EALREADY);
	assert_int_equal(qda_mapping_unmap(n, NULL), 0);
	qda_mapping_unref(n);
}

/* --- files ---------------------------------------------------------------- */

static void files(void **state)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	uint64_t len = 5000, addr;
	int32_t id, id2;
	void *cpu;

	(void)state;
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_int_equal(pwrite(fd, "end", 3, 4997), 3);
	/* where the descriptor stands does not matter */
	assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), 0);
	assert_int_equal(len, 5000);
	assert_int_equal(fake.map.type, QDA_MAP_FD);
	assert_int_equal(fake.map.length, 8192);
	assert_int_equal(fake.map.dsp_id, id);
	assert_int_equal(kapi_gem_mmap(s.session->file, fake.map.handle, 8192, &cpu), 0);
	assert_memory_equal((char *)cpu + 4997, "end", 4);
	kapi_munmap_cpu(s.session->file, cpu, 8192);
	/* the DSP gets at it like at other buffers */
	assert_int_equal(dma_map(id, 0, 5000), AEE_SUCCESS);
	assert_int_equal(dma_unmap(id, 5000), AEE_SUCCESS);
	assert_int_equal(share_map(id, 5000, &addr), AEE_SUCCESS);
	assert_int_equal(share_unmap(addr, 5000), AEE_SUCCESS);
	/* shorter than it was */
	len = 6000;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id2), 0);
	assert_int_equal(len, 5000);
	assert_int_equal(apps_mem_unshare_file(mem, id2), 0);
	assert_int_equal(apps_mem_unshare_file(mem, id2), -ENOENT);
	fake.status_munmap = 5;
	assert_int_equal(apps_mem_unshare_file(mem, id), -EIO);
	fake.status_munmap = 0;
	assert_int_equal(apps_mem_unshare_file(mem, id), 0);
	assert_int_equal(fake.live_buffers, 0);

	len = 0;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -EINVAL);
	len = UINT64_MAX;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -EINVAL);
	len = APPS_MEM_MAX_BYTES + 1;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -ENOMEM);
	len = 5000;
	fake.fail_gem_mmap = -ENOMEM;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -ENOMEM);
	fake.fail_map = -ENOSPC;
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -EIO);
	assert_int_equal(apps_mem_share_file(mem, -1, &len, &id), -EBADF);
	len = 5000;
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(apps_mem_share_file(mem, fd, &len, &id), -ENODATA);
	assert_int_equal(fake.live_buffers + fake.live_maps, 0);
	close(fd);
}

/* --- endings -------------------------------------------------------------- */

/* the driver's things are the parent's */
static void forked(void **state)
{
	struct qda_mapping *m = app_mapping(77, QDA_MAP_FD, 0);
	uint64_t a;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(request_map64(ADD_PAGES, 4096, &a), AEE_SUCCESS);
	assert_int_equal(dma_map(77, 0, 4096), AEE_SUCCESS);
	qda_mapping_unref(m);
	child = fork();
	if (!child) {
		apps_mem_free(mem);
		_exit(fake.live_buffers == 1 && fake.live_maps == 2 && !fake.munmaps ?
		      0 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* --- calls of another shape ----------------------------------------------- */

static void shapes(void **state)
{
	static const struct {
		size_t in, out;
	} sizes[] = {
		{ 20, 8 }, { 8, 0 }, { 32, 16 }, { 16, 0 },
		{ 8, 16 }, { 12, 0 }, { 12, 0 }, { 8, 0 },
	};
	uint8_t in[64] = { 0 }, out[2][64];
	struct qda_reverse_arg ins[2], outs[2];
	struct qda_reverse_call call = { .size = sizeof(call), .in = ins, .out = outs };
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_non_null(apps_mem_method_name(i));
		call.method = i;
		ins[0] = ins[1] = (struct qda_reverse_arg){ in, sizes[i].in };
		outs[0] = (struct qda_reverse_arg){ out[0], sizes[i].out };
		outs[1] = (struct qda_reverse_arg){ out[1], sizes[i].out };
		call.num_in = 2;
		call.num_out = !!sizes[i].out;
		num_debug = num_warnings = 0;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
		call.num_in = 0;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
		call.num_in = 1;
		call.num_out++;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
		call.num_out--;
		ins[0].size--;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
		ins[0].size++;
		if (!sizes[i].out)
			continue;
		outs[0].size--;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
		call.num_out = 0;
		assert_int_equal(apps_mem_invoke(mem, &call), AEE_EBADPARM);
	}
	call.method = 8;
	assert_int_equal(apps_mem_invoke(mem, &call), AEE_EUNSUPPORTED);
	call.method = 31;
	assert_int_equal(apps_mem_invoke(mem, &call), AEE_EUNSUPPORTED);
	assert_null(apps_mem_method_name(8));
	assert_int_equal(fake.live_buffers + fake.live_maps, 0);
	apps_mem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(heap, setup, teardown),
		cmocka_unit_test_setup_teardown(heap_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(hlos, setup, teardown),
		cmocka_unit_test_setup_teardown(shared, setup, teardown),
		cmocka_unit_test_setup_teardown(dma, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
		cmocka_unit_test_setup_teardown(forked, setup, teardown),
		cmocka_unit_test_setup_teardown(shapes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
