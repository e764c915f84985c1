// SPDX-License-Identifier: MIT
/* Files and memory of the client: its interfaces apps_std and apps_mem */
#include <string.h>

#include "pd.h"

#define APPS_REMOTECTL	0
#define MAX_NAME	1024

enum apps_std_method {
	APPS_STD_FOPEN = 0,
	APPS_STD_FREOPEN = 1,
	APPS_STD_FCLOSE = 3,
	APPS_STD_FREAD = 4,
	APPS_STD_FWRITE = 5,
	APPS_STD_FSEEK = 9,
	APPS_STD_FLEN = 10,
	APPS_STD_FOPEN_WITH_ENV = 19,
	APPS_STD_FREMOVE = 24,
	APPS_STD_OPENDIR = 26,
	APPS_STD_CLOSEDIR = 27,
	APPS_STD_READDIR = 28,
	/* from here on the number is in the first block, the method is this one */
	APPS_STD_STAT = 31,
	APPS_STD_FRENAME = 33,
};

#define APPS_STD_LONG	31

enum apps_mem_method {
	APPS_MEM_REQUEST_MAP64 = 2,
	APPS_MEM_REQUEST_UNMAP64 = 3,
};

#define HEAP_ID		25
#define ADD_PAGES	0x1000u

_Static_assert(sizeof(struct apps_entry) == 264, "as the client packs it");
_Static_assert(sizeof(struct apps_stat) == 96, "as the client packs it");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t apps_std, apps_mem;

#define BLOCK(p, n)	{ .buf = { (void *)(uintptr_t)(p), (n) } }

int32_t apps_open(const char *name, uint32_t *ret_handle)
{
	size_t len = strnlen(name, MAX_NAME) + 1;
	uint32_t in[2] = { (uint32_t)len, 0 }, out[2] = { 0 };
	char text[256];
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(name, len),
		BLOCK(out, sizeof(out)),
		BLOCK(text, sizeof(text)),
	};
	int32_t status;

	if (len > MAX_NAME)
		return DSP_EBADPARM;
	in[1] = sizeof(text);
	status = reverse_call(APPS_REMOTECTL, REMOTE_SCALARS_MAKE(0, 2, 2), pra);
	if (!status)
		status = (int32_t)out[1];
	if (!status)
		*ret_handle = out[0];
	return status;
}

int32_t apps_close(uint32_t handle)
{
	uint32_t in[2] = { handle, 256 }, out = 0;
	char text[256];
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(&out, sizeof(out)),
		BLOCK(text, sizeof(text)),
	};
	int32_t status =
		reverse_call(APPS_REMOTECTL, REMOTE_SCALARS_MAKE(1, 1, 2), pra);

	return status ? status : (int32_t)out;
}

/* opened once, for as long as the process lives */
static int32_t call(const char *name, uint32_t *interface, uint32_t sc,
		    const remote_arg *pra)
{
	uint32_t handle;
	int32_t status = 0;

	pthread_mutex_lock(&lock);
	if (!*interface)
		status = apps_open(name, interface);
	handle = *interface;
	pthread_mutex_unlock(&lock);
	return status ? status : reverse_call(handle, sc, pra);
}

static int32_t std_call(uint32_t sc, const remote_arg *pra)
{
	return call("apps_std", &apps_std, sc, pra);
}

static int32_t mem_call(uint32_t sc, const remote_arg *pra)
{
	return call("apps_mem", &apps_mem, sc, pra);
}

static uint32_t text_size(const char *text)
{
	return (uint32_t)strlen(text) + 1;
}

/* --- files ----------------------------------------------------------------- */

int32_t apps_fopen(const char *path, const char *mode, uint32_t *ret_file)
{
	uint32_t in[2] = { text_size(path), text_size(mode) };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(path, in[0]),
		BLOCK(mode, in[1]),
		BLOCK(ret_file, sizeof(*ret_file)),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FOPEN, 3, 1), pra);
}

int32_t apps_freopen(uint32_t file, const char *path, const char *mode,
		     uint32_t *ret_file)
{
	uint32_t in[3] = { file, text_size(path), text_size(mode) };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(path, in[1]),
		BLOCK(mode, in[2]),
		BLOCK(ret_file, sizeof(*ret_file)),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FREOPEN, 3, 1), pra);
}

int32_t apps_fopen_with_env(const char *env, const char *name, uint32_t *ret_file)
{
	uint32_t in[4] = { (uint32_t)strlen(env) + 1, 2, (uint32_t)strlen(name) + 1, 2 };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)), BLOCK(env, in[0]), BLOCK(";", 2),
		BLOCK(name, in[2]),    BLOCK("r", 2),	  BLOCK(ret_file, 4),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FOPEN_WITH_ENV, 5, 1), pra);
}

int32_t apps_flen(uint32_t file, uint64_t *ret_len)
{
	const remote_arg pra[] = {
		BLOCK(&file, sizeof(file)),
		BLOCK(ret_len, sizeof(*ret_len)),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FLEN, 1, 1), pra);
}

int32_t apps_fread(uint32_t file, void *buf, uint32_t len, uint32_t *ret_read)
{
	uint32_t in[2] = { file, len }, out[2] = { 0 };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(out, sizeof(out)),
		BLOCK(buf, len),
	};
	int32_t status = std_call(REMOTE_SCALARS_MAKE(APPS_STD_FREAD, 1, 2), pra);

	if (!status && out[0] > len)
		return DSP_EBADSIZE;
	*ret_read = out[0];
	return status;
}

int32_t apps_fclose(uint32_t file)
{
	const remote_arg pra[] = { BLOCK(&file, sizeof(file)) };

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FCLOSE, 1, 0), pra);
}

int32_t apps_fwrite(uint32_t file, const void *buf, uint32_t len)
{
	uint32_t in[2] = { file, len }, out[2] = { 0 };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(buf, len),
		BLOCK(out, sizeof(out)),
	};
	int32_t status = std_call(REMOTE_SCALARS_MAKE(APPS_STD_FWRITE, 2, 1), pra);

	return !status && out[0] != len ? DSP_EBADSIZE : status;
}

int32_t apps_fseek(uint32_t file, int32_t offset, uint32_t whence)
{
	uint32_t in[3] = { file, (uint32_t)offset, whence };
	const remote_arg pra[] = { BLOCK(in, sizeof(in)) };

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FSEEK, 1, 0), pra);
}

/* --- names ------------------------------------------------------------------ */

int32_t apps_fremove(const char *path)
{
	uint32_t in = text_size(path);
	const remote_arg pra[] = { BLOCK(&in, sizeof(in)), BLOCK(path, in) };

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_FREMOVE, 2, 0), pra);
}

int32_t apps_frename(const char *from, const char *to)
{
	uint32_t in[3] = { APPS_STD_FRENAME, text_size(from), text_size(to) };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(from, in[1]),
		BLOCK(to, in[2]),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_LONG, 3, 0), pra);
}

int32_t apps_stat(const char *path, struct apps_stat *ret_stat)
{
	uint32_t in[2] = { APPS_STD_STAT, text_size(path) };
	const remote_arg pra[] = {
		BLOCK(in, sizeof(in)),
		BLOCK(path, in[1]),
		BLOCK(ret_stat, sizeof(*ret_stat)),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_LONG, 2, 1), pra);
}

int32_t apps_opendir(const char *path, uint64_t *ret_dir)
{
	uint32_t in = text_size(path);
	const remote_arg pra[] = {
		BLOCK(&in, sizeof(in)),
		BLOCK(path, in),
		BLOCK(ret_dir, sizeof(*ret_dir)),
	};

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_OPENDIR, 2, 1), pra);
}

int32_t apps_readdir(uint64_t dir, struct apps_entry *ret_entry)
{
	const remote_arg pra[] = {
		BLOCK(&dir, sizeof(dir)),
		BLOCK(ret_entry, sizeof(*ret_entry)),
	};
	int32_t status = std_call(REMOTE_SCALARS_MAKE(APPS_STD_READDIR, 1, 1), pra);

	ret_entry->name[sizeof(ret_entry->name) - 1] = '\0';
	return status;
}

int32_t apps_closedir(uint64_t dir)
{
	const remote_arg pra[] = { BLOCK(&dir, sizeof(dir)) };

	return std_call(REMOTE_SCALARS_MAKE(APPS_STD_CLOSEDIR, 1, 0), pra);
}

/* --- memory ----------------------------------------------------------------- */

int32_t apps_map_heap(uint64_t size, void **ret_heap, uint64_t *ret_addr)
{
	struct {
		uint32_t heap_id, allocation_flags, flags, pad;
		uint64_t hint;
		int64_t len;
	} in = { .heap_id = HEAP_ID, .flags = ADD_PAGES, .len = (int64_t)size };
	uint64_t out[2] = { 0 };
	const remote_arg pra[] = { BLOCK(&in, sizeof(in)), BLOCK(out, sizeof(out)) };
	int32_t status =
		mem_call(REMOTE_SCALARS_MAKE(APPS_MEM_REQUEST_MAP64, 1, 1), pra);

	if (status)
		return status;
	*ret_addr = out[1];
	/* it cannot be trusted to be what its kernel has mapped */
	*ret_heap = map_heap(out[1], size);
	return *ret_heap ? 0 : DSP_EBADVA;
}

int32_t apps_unmap_heap(uint64_t addr, uint64_t size)
{
	uint64_t in[2] = { addr, size };
	const remote_arg pra[] = { BLOCK(in, sizeof(in)) };

	return mem_call(REMOTE_SCALARS_MAKE(APPS_MEM_REQUEST_UNMAP64, 1, 0), pra);
}
