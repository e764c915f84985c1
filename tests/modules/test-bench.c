// SPDX-License-Identifier: MIT
#include "skel-call.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "HAP_mem.h"
#include "bench.h"

#define call	bench_skel_handle_invoke

/* what the PD runtime provides: one mapping, number 7 */
static uint8_t mapped[100];
static int map_refs;

int HAP_mmap_get(int fd, void **vaddr, uint64 *paddr)
{
	if (fd != 7)
		return AEE_ENOSUCHMAP;
	if (paddr)
		*paddr = 0;
	*vaddr = mapped;
	map_refs++;
	return AEE_SUCCESS;
}

int HAP_mmap_put(int fd)
{
	if (fd != 7)
		return AEE_ENOSUCHMAP;
	map_refs--;
	return AEE_SUCCESS;
}

void *HAP_mmap(void *addr, int len, int prot, int flags, int fd, long offset)
{
	if (addr || flags || prot != HAP_PROT_READ || offset || fd != 7 || len > 100)
		return (void *)-1;
	map_refs++;
	return mapped;
}

int HAP_munmap(void *addr, int len)
{
	if (addr != mapped || len > 100)
		return AEE_ENOSUCHMAP;
	map_refs--;
	return AEE_SUCCESS;
}

static void test_open_close(void **state)
{
	(void)state;
	check_open_close(call);
}

static void test_noop(void **state)
{
	(void)state;
	assert_status(call(0, 0x02000000, NULL), AEE_SUCCESS);
	assert_status(call(0, 0x02010000, NULL), AEE_EBADPARM);
	assert_status(call(0, 0x14000000, NULL), AEE_EUNSUPPORTED);
	assert_status(call(0, 0x1f000000, NULL), AEE_EUNSUPPORTED);
}

static void test_echo(void **state)
{
	uint8_t src[5] = "abcd", dst[7] = "......";
	uint32_t len[2] = { 5, 7 };
	remote_arg pra[3] = { BUF(len, 8), BUF(src, 5), BUF(dst, 7) };

	(void)state;
	assert_status(call(0, 0x03020100, pra), AEE_SUCCESS);
	assert_memory_equal(dst, "abcd\0.", 7);
	len[1] = 4;
	assert_status(call(0, 0x03020100, pra), AEE_EBUFFERTOOSMALL);
	len[1] = 8;
	assert_status(call(0, 0x03020100, pra), AEE_EBADPARM);
	len[1] = 7;
	pra[1].buf.nLen = 4;
	assert_status(call(0, 0x03020100, pra), AEE_EBADPARM);
	pra[0].buf.nLen = 7;
	assert_status(call(0, 0x03020100, pra), AEE_EBADPARM);
	/* nothing to copy, and no blocks */
	len[0] = len[1] = 0;
	pra[0].buf.nLen = 8;
	pra[1].buf.pv = pra[2].buf.pv = NULL;
	assert_status(call(0, 0x03020100, pra), AEE_SUCCESS);
}

static void test_sink_source(void **state)
{
	uint32_t in[2] = { 5, 300 }, len = 6, sum = 0;
	uint8_t data[301];
	remote_arg source[2] = { BUF(in, 8), BUF(data, 300) };
	remote_arg sink[3] = { BUF(&len, 4), BUF("foobar", 6), BUF(&sum, 4) };
	unsigned int i;

	(void)state;
	data[300] = 0x5a;
	assert_status(call(0, 0x05010100, source), AEE_SUCCESS);
	for (i = 0; i < 300; i++)
		assert_int_equal(data[i], (5 + i + i / 256) % 256);
	assert_int_equal(data[300], 0x5a);
	in[1] = 301;
	assert_status(call(0, 0x05010100, source), AEE_EBADPARM);

	/* the published test vector of FNV-1a */
	assert_status(call(0, 0x04020100, sink), AEE_SUCCESS);
	assert_int_equal(sum, 0xbf9cf968);
	len = 0;
	assert_status(call(0, 0x04020100, sink), AEE_SUCCESS);
	assert_int_equal(sum, 0x811c9dc5);
	len = 7;
	assert_status(call(0, 0x04020100, sink), AEE_EBADPARM);
	len = 6;
	sink[2].buf.nLen = 3;
	assert_status(call(0, 0x04020100, sink), AEE_EBADPARM);
}

static void test_touch(void **state)
{
	uint8_t src[4] = { 1, 2, 3, 255 }, dst[3] = { 9, 9, 9 };
	uint32_t len[2] = { 4, 3 };
	remote_arg pra[3] = { BUF(len, 8), BUF(src, 4), BUF(dst, 3) };

	(void)state;
	assert_status(call(0, 0x06020100, pra), AEE_SUCCESS);
	assert_int_equal(dst[0], 2);
	assert_int_equal(dst[1], 9);
	assert_int_equal(dst[2], 0);
	len[0] = 0;
	assert_status(call(0, 0x06020100, pra), AEE_EBADPARM);
	len[0] = 4;
	len[1] = 0;
	assert_status(call(0, 0x06020100, pra), AEE_EBADPARM);
}

static int64_t elapsed_us(uint32_t sc, uint32_t us)
{
	remote_arg pra[1] = { BUF(&us, 4) };
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_status(call(0, sc, pra), AEE_SUCCESS);
	clock_gettime(CLOCK_MONOTONIC, &b);
	pra[0].buf.nLen = 3;
	assert_status(call(0, sc, pra), AEE_EBADPARM);
	return (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
}

static void test_time(void **state)
{
	(void)state;
	assert_true(elapsed_us(0x07010000, 2000) >= 2000);
	assert_true(elapsed_us(0x0b010000, 2000) >= 2000);
	elapsed_us(0x07010000, 0);
	elapsed_us(0x0b010000, 0);
}

/* status of a child that makes the call with default signal handling */
static int in_child(uint32_t sc, remote_arg *pra)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(call(0, sc, pra) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_crash(void **state)
{
	uint8_t *page = aligned_alloc(4096, 4096), value = 0;
	struct {
		uint32_t len;
		int64_t offset;
	} in = { 16, 0 };
	remote_arg pra[3] = { BUF(&in, sizeof(in)), BUF(page, 16), BUF(&value, 1) };
	int status;

	(void)state;
	assert_non_null(page);
	status = in_child(0x08000000, NULL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);

	page[15] = 77;
	in.offset = 15;
	assert_status(call(0, 0x09020100, pra), AEE_SUCCESS);
	assert_int_equal(value, 77);
	/* wherever it points */
	page[17] = 78;
	in.offset = 17;
	assert_status(call(0, 0x09020100, pra), AEE_SUCCESS);
	assert_int_equal(value, 78);
	in.offset = -(int64_t)(uintptr_t)page;
	status = in_child(0x09020100, pra);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	in.len = 17;
	assert_status(call(0, 0x09020100, pra), AEE_EBADPARM);
	free(page);
}

static void test_lookup(void **state)
{
	struct {
		int32_t id;
		uint32_t length;
	} in = { 7, 100 };
	uint32_t length = 100;
	uint64_t sum = 0;
	remote_arg lookup[2] = { BUF(&in, 8), BUF(&sum, 8) };
	remote_arg handle[3] = { BUF(&length, 4), BUF(&sum, 8),
				 { .dma = { 7, 10 } } };

	(void)state;
	memset(mapped, 3, sizeof(mapped));
	assert_status(call(0, 0x0a010100, lookup), AEE_SUCCESS);
	assert_int_equal(sum, 300);
	in.id = 8;
	assert_status(call(0, 0x0a010100, lookup), AEE_ENOSUCHMAP);

	length = 20;
	mapped[9] = 100;
	assert_status(call(0, 0x0d010110, handle), AEE_SUCCESS);
	assert_int_equal(sum, 60);
	handle[2].dma.fd = 6;
	assert_status(call(0, 0x0d010110, handle), AEE_ENOSUCHMAP);
	assert_status(call(0, 0x0d010100, handle), AEE_EBADPARM);

	in.id = 7;
	sum = 0;
	assert_status(call(0, 0x13010100, lookup), AEE_SUCCESS);
	assert_int_equal(sum, 300 + 97);
	in.length = 101;
	assert_status(call(0, 0x13010100, lookup), AEE_ENOSUCHMAP);
	in.length = 0;
	assert_status(call(0, 0x13010100, lookup), AEE_EBADPARM);
	in.length = 0x80000000;
	assert_status(call(0, 0x13010100, lookup), AEE_EBADPARM);
	assert_int_equal(map_refs, 0);
}

static void test_where(void **state)
{
	int32_t out[2] = { 0, 0 };
	remote_arg pra[1] = { BUF(out, 8) };

	(void)state;
	assert_status(call(0, 0x0c000100, pra), AEE_SUCCESS);
	assert_int_equal(out[0], getpid());
	assert_int_equal(out[1], syscall(SYS_gettid));
	pra[0].buf.nLen = 7;
	assert_status(call(0, 0x0c000100, pra), AEE_EBADPARM);
}

static void test_scalars(void **state)
{
	/* offsets as the interface compiler places them, written out */
	uint8_t in[32] = { 0 }, out[31] = { 0 };
	remote_arg pra[2] = { BUF(in, 32), BUF(out, 31) };
	int16_t b = -2;
	int32_t c = INT32_MAX;
	int64_t d = 1LL << 40;
	float e = 1.5f;
	double f = -2.25;

	(void)state;
	in[0] = 255;
	memcpy(in + 2, &b, 2);
	memcpy(in + 4, &c, 4);
	memcpy(in + 8, &d, 8);
	memcpy(in + 16, &e, 4);
	memcpy(in + 24, &f, 8);
	assert_status(call(0, 0x0e010100, pra), AEE_SUCCESS);
	memcpy(&f, out, 8);
	memcpy(&e, out + 8, 4);
	memcpy(&d, out + 16, 8);
	memcpy(&c, out + 24, 4);
	assert_true(f == -1.25);
	assert_true(e == 2.5f);
	assert_int_equal(d, (1LL << 40) + 1);
	assert_status(c, INT32_MIN);
}

static void test_scalars_end(void **state)
{
	uint8_t in[32] = { 0 }, out[31];
	remote_arg pra[2] = { BUF(in, 32), BUF(out, 31) };
	int16_t b;

	(void)state;
	in[0] = 255;
	memset(out, 0xa5, sizeof(out));
	assert_status(call(0, 0x0e010100, pra), AEE_SUCCESS);
	memcpy(&b, out + 28, 2);
	assert_int_equal(b, 1);
	assert_int_equal(out[30], 0);
	pra[1].buf.nLen = 30;
	assert_status(call(0, 0x0e010100, pra), AEE_EBADPARM);
	pra[1].buf.nLen = 31;
	pra[0].buf.nLen = 31;
	assert_status(call(0, 0x0e010100, pra), AEE_EBADPARM);
}

static void test_text(void **state)
{
	char upper[16];
	uint32_t len[2] = { 12, 16 };
	remote_arg pra[3] = { BUF(len, 8), BUF("Hello, dsp!", 12), BUF(upper, 16) };

	(void)state;
	memset(upper, '.', sizeof(upper));
	assert_status(call(0, 0x0f020100, pra), AEE_SUCCESS);
	assert_memory_equal(upper, "HELLO, DSP!\0\0\0\0", 16);
	len[1] = 11;
	assert_status(call(0, 0x0f020100, pra), AEE_EBUFFERTOOSMALL);
	len[1] = 16;
	/* no NUL inside the count */
	len[0] = 11;
	assert_status(call(0, 0x0f020100, pra), AEE_EBADPARM);
}

static void test_add_status(void **state)
{
	int64_t in[2] = { 40, 2 }, out = 0;
	int32_t code = 39;
	remote_arg add[2] = { BUF(in, 16), BUF(&out, 8) };
	remote_arg status[1] = { BUF(&code, 4) };

	(void)state;
	assert_status(call(0, 0x10010100, add), AEE_SUCCESS);
	assert_int_equal(out, 42);
	assert_status(call(0, 0x11010000, status), 39);
	code = (int32_t)AEE_ENOSUCHMOD;
	assert_status(call(0, 0x11010000, status), AEE_ENOSUCHMOD);
}

static void test_vectors(void **state)
{
	int16_t a[3] = { 1, -32768, 32767 }, b[3] = { 2, -32768, 32767 };
	int32_t sum[3] = { 0 };
	uint32_t len[3] = { 3, 3, 3 };
	remote_arg pra[4] = { BUF(len, 12), BUF(a, 6), BUF(b, 6), BUF(sum, 12) };

	(void)state;
	assert_status(call(0, 0x12030100, pra), AEE_SUCCESS);
	assert_int_equal(sum[0], 3);
	assert_int_equal(sum[1], -65536);
	assert_int_equal(sum[2], 65534);
	len[1] = 2;
	assert_status(call(0, 0x12030100, pra), AEE_EBADPARM);
	len[1] = 3;
	pra[3].buf.nLen = 11;
	assert_status(call(0, 0x12030100, pra), AEE_EBADPARM);
	pra[3].buf.nLen = 12;
	pra[2].buf.pv = (char *)b + 1;
	assert_status(call(0, 0x12030100, pra), AEE_EBADMEMALIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close), cmocka_unit_test(test_noop),
		cmocka_unit_test(test_echo),	   cmocka_unit_test(test_sink_source),
		cmocka_unit_test(test_touch),	   cmocka_unit_test(test_time),
		cmocka_unit_test(test_crash),	   cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_where),	   cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_scalars_end), cmocka_unit_test(test_text),
		cmocka_unit_test(test_add_status), cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
