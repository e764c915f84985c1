// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <time.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "AEEStdErr.h"
#include "HAP_mem.h"
#include "bench.h"

/* the module keeps no state, so every open gets the same handle */
static char instance;

int bench_open(const char *uri, remote_handle64 *h)
{
	(void)uri;
	*h = (remote_handle64)(uintptr_t)&instance;
	return AEE_SUCCESS;
}

int bench_close(remote_handle64 h)
{
	if (h != (remote_handle64)(uintptr_t)&instance)
		return AEE_EINVHANDLE;
	return AEE_SUCCESS;
}

int bench_noop(remote_handle64 h)
{
	(void)h;
	return AEE_SUCCESS;
}

int bench_echo(remote_handle64 h, const uint8 *source, int sourceLen, uint8 *dest,
	       int destLen)
{
	(void)h;
	if (destLen < sourceLen)
		return AEE_EBUFFERTOOSMALL;
	/* the caller may have passed the same memory for both */
	if (sourceLen)
		memmove(dest, source, (size_t)sourceLen);
	return AEE_SUCCESS;
}

int bench_sink(remote_handle64 h, const uint8 *data, int dataLen, uint32 *checksum)
{
	uint32 sum = 2166136261u;
	int i;

	(void)h;
	for (i = 0; i < dataLen; i++)
		sum = (sum ^ data[i]) * 16777619u;
	*checksum = sum;
	return AEE_SUCCESS;
}

int bench_source(remote_handle64 h, uint32 seed, uint8 *data, int dataLen)
{
	uint32 i;

	(void)h;
	for (i = 0; i < (uint32)dataLen; i++)
		data[i] = (uint8)(seed + i + (i >> 8));
	return AEE_SUCCESS;
}

int bench_touch(remote_handle64 h, const uint8 *source, int sourceLen, uint8 *dest,
		int destLen)
{
	uint8 first, last;

	(void)h;
	if (sourceLen < 1 || destLen < 1)
		return AEE_EBADPARM;
	first = (uint8)(source[0] + 1);
	last = (uint8)(source[sourceLen - 1] + 1);
	dest[0] = first;
	dest[destLen - 1] = last;
	return AEE_SUCCESS;
}

static uint64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64)ts.tv_sec * 1000000000 + (uint64)ts.tv_nsec;
}

int bench_spin(remote_handle64 h, uint32 microseconds)
{
	uint64 end = now_ns() + (uint64)microseconds * 1000;

	(void)h;
	while (now_ns() < end)
		;
	return AEE_SUCCESS;
}

/* not const and not static, so that no compiler can tell what it holds */
int *volatile bench_nowhere;

__attribute__((no_sanitize("undefined"))) int bench_crash(remote_handle64 h)
{
	(void)h;
	*(volatile int *)bench_nowhere = 1;
	return AEE_EFAILED;
}

__attribute__((no_sanitize("undefined", "address")))
int bench_fault(remote_handle64 h, const uint8 *buffer, int bufferLen, int64 offset,
		uint8 *value)
{
	(void)h;
	(void)bufferLen;
	/* as integers: this is meant to leave the object */
	*value = *(const volatile uint8 *)((uintptr_t)buffer + (uintptr_t)offset);
	return AEE_SUCCESS;
}

static uint64 sum_bytes(const uint8 *data, uint32 length)
{
	uint64 sum = 0;
	uint32 i;

	for (i = 0; i < length; i++)
		sum += data[i];
	return sum;
}

int bench_lookup(remote_handle64 h, int dspId, uint32 length, uint64 *sum)
{
	return bench_handle_sum(h, length, dspId, 0, sum);
}

int bench_sleep(remote_handle64 h, uint32 microseconds)
{
	struct timespec ts = {
		.tv_sec = microseconds / 1000000,
		.tv_nsec = microseconds % 1000000 * 1000,
	};

	(void)h;
	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
	return AEE_SUCCESS;
}

int bench_where(remote_handle64 h, int *pid, int *tid)
{
	(void)h;
#ifdef __linux__
	*pid = (int)getpid();
	*tid = (int)syscall(SYS_gettid);
#else
	*pid = 0;
	*tid = 0;
#endif
	return AEE_SUCCESS;
}

int bench_handle_sum(remote_handle64 h, uint32 length, int bufferFd,
		     uint32 bufferOffset, uint64 *sum)
{
	void *address = NULL;
	int err = HAP_mmap_get(bufferFd, &address, NULL);

	(void)h;
	if (err)
		return err;
	/* nothing tells how long a mapping is: past its end is a fault */
	*sum = sum_bytes((const uint8 *)address + bufferOffset, length);
	return HAP_mmap_put(bufferFd);
}

int bench_scalars(remote_handle64 h, uint8 a, short b, int c, int64 d, float e,
		  double f, double *rf, float *re, int64 *rd, int *rc, short *rb,
		  uint8 *ra)
{
	(void)h;
	*rf = f + 1;
	*re = e + 1;
	*rd = (int64)((uint64)d + 1);
	*rc = (int)((uint32)c + 1);
	*rb = (short)((uint16)b + 1);
	*ra = (uint8)(a + 1);
	return AEE_SUCCESS;
}

int bench_text(remote_handle64 h, const char *text, int textLen, char *upper,
	       int upperLen)
{
	int i;

	(void)h;
	if (upperLen < textLen)
		return AEE_EBUFFERTOOSMALL;
	for (i = 0; i < textLen; i++) {
		char c = text[i];

		upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	memset(upper + textLen, 0, (size_t)(upperLen - textLen));
	return AEE_SUCCESS;
}

int bench_add(remote_handle64 h, int64 *value, int64 amount)
{
	(void)h;
	*value = (int64)((uint64)*value + (uint64)amount);
	return AEE_SUCCESS;
}

int bench_status(remote_handle64 h, int code)
{
	(void)h;
	return code;
}

int bench_vectors(remote_handle64 h, const short *a, int aLen, const short *b,
		  int bLen, int *sum, int sumLen)
{
	int i;

	(void)h;
	if (aLen != bLen || aLen != sumLen)
		return AEE_EBADPARM;
	for (i = 0; i < sumLen; i++)
		sum[i] = a[i] + b[i];
	return AEE_SUCCESS;
}

int bench_map_once(remote_handle64 h, int dspId, uint32 length, uint64 *sum)
{
	void *address;

	(void)h;
	if (!length || length > INT32_MAX)
		return AEE_EBADPARM;
	address = HAP_mmap(NULL, (int)length, HAP_PROT_READ, 0, dspId, 0);
	if (!address || address == (void *)-1)
		return AEE_ENOSUCHMAP;
	*sum = sum_bytes(address, length);
	return HAP_munmap(address, (int)length);
}
