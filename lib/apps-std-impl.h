/* SPDX-License-Identifier: MIT */
/* What the parts of apps_std share. */
#ifndef QDA_APPS_STD_IMPL_H
#define QDA_APPS_STD_IMPL_H

#include <dirent.h>
#include <stdbool.h>

#include "aee.h"
#include "apps-std.h"
#include "files.h"
#include "internal.h"

#define STD_BASE	100	/* number of the first file, and of the first directory */
#define STD_TABLE	256
#define STD_ARGS	4

/* one argument: its word in the first input, and the block that belongs to it */
struct std_arg {
	uint32_t word;		/* value, or length of the block in bytes */
	uint64_t wide;
	const char *text;
	const uint8_t *in;
	uint8_t *out;
};

/* a call whose shape is right */
struct std_call {
	struct apps_std *std;
	const char *name;		/* of the method */
	struct std_arg arg[STD_ARGS];
	uint8_t *result;		/* the first output, zeroed */
	const struct qda_reverse_arg *paths; /* of get_search_paths_with_env */
};

struct std_file {
	bool used;
	bool readable, writable, append;
	bool eof, error;
	int fd;
	int64_t pos;
};

struct std_var {
	struct list node;
	char *name;
	char *value;
};

struct apps_std {
	struct qda_ctx *ctx;
	struct files *files;
	const struct apps_std_ops *ops;
	void *owner;
	struct std_file file[STD_TABLE];
	DIR *dir[STD_TABLE];
	int32_t shared[STD_TABLE];
	unsigned int num_shared;
	struct list vars;
	unsigned int num_vars;
};

static inline void put_word(uint8_t *to, uint32_t value)
{
	__builtin_memcpy(to, &value, sizeof(value));
}

static inline void put_wide(uint8_t *to, uint64_t value)
{
	__builtin_memcpy(to, &value, sizeof(value));
}

/* the DSP's code for -errno */
int32_t std_status(int err);
/* log a refusal that is not about a name; what is e.g. "FILE 107" */
__attribute__((format(printf, 3, 4)))
int32_t std_refuse(struct std_call *call, int32_t status, const char *format, ...);

/*
 * A descriptor for the DSP, before it is opened: all DSPs of a process together leave it
 * half of what it may have. Refuses with AEE_EOUTOFHANDLES.
 */
int32_t std_fd_take(struct std_call *call);
void std_fd_give(void);

/* apps-std-file.c */
int32_t std_fopen(struct std_call *call);
int32_t std_freopen(struct std_call *call);
int32_t std_fflush(struct std_call *call);
int32_t std_fclose(struct std_call *call);
int32_t std_fread(struct std_call *call);
int32_t std_fwrite(struct std_call *call);
int32_t std_fgetpos(struct std_call *call);
int32_t std_fsetpos(struct std_call *call);
int32_t std_ftell(struct std_call *call);
int32_t std_fseek(struct std_call *call);
int32_t std_flen(struct std_call *call);
int32_t std_rewind(struct std_call *call);
int32_t std_feof(struct std_call *call);
int32_t std_ferror(struct std_call *call);
int32_t std_clearerr(struct std_call *call);
int32_t std_fgets(struct std_call *call);
int32_t std_fsync(struct std_call *call);
int32_t std_fdopen_decrypt(struct std_call *call);
int32_t std_ftrunc(struct std_call *call);
/* a number for the file of this name; *ret_number is written on AEE_SUCCESS */
int32_t std_file_open(struct std_call *call, const char *name, const char *mode,
		      uint32_t *ret_number);
void std_close_files(struct apps_std *std);

/* apps-std-name.c */
int32_t std_exists(struct std_call *call);
int32_t std_fremove(struct std_call *call);
int32_t std_frename(struct std_call *call);
int32_t std_stat(struct std_call *call);
int32_t std_opendir(struct std_call *call);
int32_t std_closedir(struct std_call *call);
int32_t std_readdir(struct std_call *call);
int32_t std_mkdir(struct std_call *call);
int32_t std_rmdir(struct std_call *call);
void std_close_dirs(struct apps_std *std);

/* apps-std-env.c */
int32_t std_getenv(struct std_call *call);
int32_t std_setenv(struct std_call *call);
int32_t std_unsetenv(struct std_call *call);
int32_t std_search_paths(struct std_call *call);
int32_t std_fopen_with_env(struct std_call *call);
void std_clear_env(struct apps_std *std);
/*
 * Call fn for each name that a file may have by a variable's directories, until it
 * answers something else than AEE_ENOSUCHFILE.
 */
int32_t std_each_name(struct std_call *call, const char *variable, const char *delim,
		      const char *name, int32_t (*fn)(struct std_call *, const char *));

/* apps-std-share.c */
int32_t std_fopen_fd(struct std_call *call);
int32_t std_fclose_fd(struct std_call *call);
int32_t std_fopen_with_env_fd(struct std_call *call);

#endif
