// SPDX-License-Identifier: MIT
/* drivers/misc/fastrpc.c: plain arguments are copied by the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/fastrpc.h>

#include "drivers.h"

#define URI			 "file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0"

#define SCALARS(method, in, out) ((method) << 24 | (in) << 16 | (out) << 8)

static int node = -1;
static uint32_t module;

static struct {
	uint8_t *cpu;
	size_t size;
	int fd;
	bool registered;
	uint64_t dsp_addr;
} buffer;

/* it frees the id of a message from a work item, later than the ioctl returns */
static void map_ioctl(const char *what, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(node, request, arg);
	while (ret < 0 && bench_again(-errno, ENOSPC));
	if (ret)
		bench_fail(what, ret < 0 ? -errno : ret);
}

static int try_invoke(uint32_t handle, uint32_t sc, struct fastrpc_invoke_args *args)
{
	struct fastrpc_invoke inv = {
		.handle = handle,
		.sc = sc,
		.args = (uintptr_t)args,
	};
	int ret = ioctl(node, FASTRPC_IOCTL_INVOKE, &inv);

	return ret < 0 ? -errno : ret;
}

static void invoke(uint32_t handle, uint32_t sc, struct fastrpc_invoke_args *args)
{
	int ret;

	/* as map_ioctl() */
	do
		ret = try_invoke(handle, sc, args);
	while (bench_again(ret, ENOSPC));
	if (ret)
		bench_fail("FASTRPC_IOCTL_INVOKE", ret);
}

static struct fastrpc_invoke_args arg(const void *p, size_t n)
{
	return (struct fastrpc_invoke_args){
		.ptr = (uintptr_t)p,
		.length = n,
		.fd = -1,
	};
}

static void start(int fd, enum session_kind kind)
{
	/* unsigned; the image is the DSP's own */
	struct fastrpc_init_create create = { .filefd = -1, .attrs = 8 };
	int ret;

	do {
		if (kind == SESSION_CREATE)
			ret = ioctl(fd, FASTRPC_IOCTL_INIT_CREATE, &create);
		else
			ret = ioctl(fd, FASTRPC_IOCTL_INIT_ATTACH);
	} while (ret < 0 && bench_again(-errno, ENOSPC));
	if (ret)
		bench_fail("INIT_CREATE or INIT_ATTACH", ret < 0 ? -errno : ret);
}

static int open_node(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDWR | O_CLOEXEC);
	while (fd < 0 && bench_again(-errno, EBUSY));
	if (fd < 0)
		bench_fail(path, -errno);
	return fd;
}

static void fastrpc_open(const char *path)
{
	uint32_t in[2] = { sizeof(URI), 256 }, out[2] = { 0, 0 };
	char error[256] = "";
	struct fastrpc_invoke_args args[] = {
		arg(in, sizeof(in)),
		arg(URI, sizeof(URI)),
		arg(out, sizeof(out)),
		arg(error, sizeof(error)),
	};

	node = open_node(path);
	start(node, SESSION_CREATE);
	invoke(0, SCALARS(0u, 2u, 2u), args);
	if (out[1])
		bench_fail(error, (int)out[1]);
	module = out[0];
}

static void fastrpc_close(void)
{
	close(node);
	node = -1;
}

static void fastrpc_ioctl_alone(void)
{
	invoke(ANY_HANDLE, 0, NULL);
}

static void fastrpc_noop(void)
{
	invoke(module, SCALARS((uint32_t)BENCH_NOOP, 0u, 0u), NULL);
}

static void touch(const uint8_t *in, size_t in_size, int in_fd, uint8_t *out,
		  size_t out_size, int out_fd)
{
	uint32_t lengths[2] = { (uint32_t)in_size, (uint32_t)out_size };
	struct fastrpc_invoke_args args[] = {
		arg(lengths, sizeof(lengths)),
		arg(in, in_size),
		arg(out, out_size),
	};

	args[1].fd = in_fd;
	args[2].fd = out_fd;
	invoke(module, SCALARS((uint32_t)BENCH_TOUCH, 2u, 1u), args);
}

static void fastrpc_plain(const uint8_t *in, size_t in_size, uint8_t *out,
			  size_t out_size)
{
	touch(in, in_size, -1, out, out_size, -1);
}

static uint8_t *fastrpc_buffer_new(size_t size, bool registered)
{
	struct fastrpc_alloc_dma_buf alloc = { .size = size };
	struct fastrpc_mem_map map = { .version = 0 };
	void *p;

	if (ioctl(node, FASTRPC_IOCTL_ALLOC_DMA_BUFF, &alloc))
		bench_fail("ALLOC_DMA_BUFF", -errno);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, alloc.fd, 0);
	if (p == MAP_FAILED)
		bench_fail("mmap", -errno);
	memset(p, 1, size);
	buffer.cpu = p;
	buffer.size = size;
	buffer.fd = alloc.fd;
	buffer.registered = registered;
	if (registered) {
		map.fd = alloc.fd;
		map.flags = FASTRPC_MAP_FD;
		map.vaddrin = (uintptr_t)p;
		map.length = size;
		map_ioctl("MEM_MAP", FASTRPC_IOCTL_MEM_MAP, &map);
		buffer.dsp_addr = map.vaddrout;
	}
	return p;
}

static void fastrpc_buffer_call(void)
{
	touch(buffer.cpu, buffer.size, buffer.fd, buffer.cpu, buffer.size, buffer.fd);
}

static void fastrpc_buffer_free(void)
{
	struct fastrpc_mem_unmap unmap = {
		.fd = buffer.fd,
		.vaddr = buffer.dsp_addr,
		.length = buffer.size,
	};

	if (buffer.registered)
		map_ioctl("MEM_UNMAP", FASTRPC_IOCTL_MEM_UNMAP, &unmap);
	munmap(buffer.cpu, buffer.size);
	close(buffer.fd);
}

static void fastrpc_session(const char *path, enum session_kind kind)
{
	int fd = open_node(path);

	start(fd, kind);
	close(fd);
}

const struct driver driver_fastrpc = {
	.name = "fastrpc",
	.open = fastrpc_open,
	.close = fastrpc_close,
	.ioctl_alone = fastrpc_ioctl_alone,
	.noop = fastrpc_noop,
	.plain = fastrpc_plain,
	.buffer_new = fastrpc_buffer_new,
	.buffer_call = fastrpc_buffer_call,
	.buffer_free = fastrpc_buffer_free,
	.session = fastrpc_session,
};
