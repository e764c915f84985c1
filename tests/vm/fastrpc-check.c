// SPDX-License-Identifier: MIT
/*
 * Does drivers/misc/fastrpc.c work over the virtual transport?
 *
 * usage: fastrpc-check NODE noop COUNT      any answer to handle 0x1000 will do
 *        fastrpc-check NODE calls COUNT     the software DSP's bench module
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <misc/fastrpc.h>

#define URI	"file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0"

static int node;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fastrpc-check: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int invoke(uint32_t handle, uint32_t sc, struct fastrpc_invoke_args *args)
{
	struct fastrpc_invoke inv = { .handle = handle, .sc = sc, .args = (uintptr_t)args };

	return ioctl(node, FASTRPC_IOCTL_INVOKE, &inv);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct fastrpc_invoke_args arg(const void *p, size_t n)
{
	return (struct fastrpc_invoke_args){ .ptr = (uintptr_t)p, .length = n, .fd = -1 };
}

static void time_noops(uint32_t handle, uint32_t sc, long count)
{
	double from = now_us();
	long i, full = 0;
	int ret;

	for (i = 0; i < count; i++) {
		ret = invoke(handle, sc, NULL);
		/* it frees a call's id from a work item, later than it returns */
		while (ret < 0 && errno == ENOSPC) {
			full++;
			usleep(1000);
			ret = invoke(handle, sc, NULL);
		}
		if (ret) {
			if (ret > 0)
				errno = 0;
			fprintf(stderr, "noop %ld: %#x\n", i, ret);
			fail("noop");
		}
	}
	printf("%ld noops, %.1f us each; %ld times no free id\n", count,
	       (now_us() - from) / (double)count, full);
}

static uint32_t fnv(const unsigned char *p, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static uint32_t open_bench(void)
{
	uint32_t in[2] = { sizeof(URI), 256 }, out[2] = { 0, 0 };
	char error[256] = "";
	struct fastrpc_invoke_args args[] = {
		arg(in, sizeof(in)), arg(URI, sizeof(URI)), arg(out, sizeof(out)),
		arg(error, sizeof(error)),
	};
	int ret = invoke(0, 0x00020200, args);

	if (ret || out[1]) {
		fprintf(stderr, "open: %#x %#x %s\n", ret, out[1], error);
		fail("remotectl open");
	}
	return out[0];
}

static void sink(uint32_t handle, const unsigned char *data, size_t size, int fd,
		 const char *what)
{
	uint32_t in = (uint32_t)size, out = 0;
	struct fastrpc_invoke_args args[] = {
		arg(&in, sizeof(in)), arg(data, size), arg(&out, sizeof(out)),
	};
	double from = now_us();
	int ret;

	args[1].fd = fd;
	ret = invoke(handle, 0x04020100, args);
	if (ret || out != fnv(data, size)) {
		fprintf(stderr, "%s: %#x, checksum %#x, not %#x\n", what, ret, out,
			fnv(data, size));
		exit(1);
	}
	printf("%s, %zu bytes: %.1f us\n", what, size, now_us() - from);
}

static void calls(long count)
{
	static unsigned char data[1 << 20];
	struct fastrpc_init_create create = { .filefd = -1, .attrs = 8 };
	struct fastrpc_alloc_dma_buf buf = { .size = sizeof(data) };
	uint32_t handle;
	void *p;
	size_t i;

	if (ioctl(node, FASTRPC_IOCTL_INIT_CREATE, &create))
		fail("INIT_CREATE");
	handle = open_bench();
	printf("module opened: handle %#x\n", handle);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 31 + (i >> 9));
	time_noops(handle, 0x02000000, count);
	sink(handle, data, 4096, -1, "inline");
	sink(handle, data, 65536, -1, "inline");
	sink(handle, data, sizeof(data), -1, "inline");
	if (ioctl(node, FASTRPC_IOCTL_ALLOC_DMA_BUFF, &buf))
		fail("ALLOC_DMA_BUFF");
	p = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE, MAP_SHARED, buf.fd, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	memcpy(p, data, sizeof(data));
	sink(handle, p, sizeof(data), buf.fd, "dma-buf");
	munmap(p, sizeof(data));
	close(buf.fd);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	node = open(argv[1], O_RDWR | O_CLOEXEC);
	if (node < 0)
		fail(argv[1]);
	if (strcmp(argv[2], "noop")) {
		calls(atol(argv[3]));
	} else {
		if (ioctl(node, FASTRPC_IOCTL_INIT_ATTACH))
			fail("INIT_ATTACH");
		time_noops(0x1000, 0, atol(argv[3]));
	}
	close(node);
	return 0;
}
