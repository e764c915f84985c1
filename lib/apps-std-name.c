// SPDX-License-Identifier: MIT
/* Directories of the DSP, and what is done to files by name. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "apps-std-impl.h"

#define ENTRY_NAME	4	/* where in an entry its parts are */
#define ENTRY_NAME_MAX	255
#define ENTRY_EOF	260

/* --- names ------------------------------------------------------------------ */

int32_t std_exists(struct std_call *call)
{
	struct stat st;
	int err = files_stat(call->std->files, call->name, call->arg[0].text, &st);

	*call->result = !err;
	return err == -ENOENT ? AEE_SUCCESS : std_status(err);
}

int32_t std_stat(struct std_call *call)
{
	struct stat st;
	int err = files_stat(call->std->files, call->name, call->arg[0].text, &st);
	uint8_t *to = call->result;

	if (err)
		return std_status(err);
	/* the first 8 bytes have no known use */
	put_wide(to + 8, st.st_dev);
	put_wide(to + 16, st.st_ino);
	put_word(to + 24, st.st_mode);
	put_word(to + 28, (uint32_t)st.st_nlink);
	put_wide(to + 32, st.st_rdev);
	put_wide(to + 40, (uint64_t)st.st_size);
	put_wide(to + 48, (uint64_t)st.st_atim.tv_sec);
	put_wide(to + 56, (uint64_t)st.st_atim.tv_nsec);
	put_wide(to + 64, (uint64_t)st.st_mtim.tv_sec);
	put_wide(to + 72, (uint64_t)st.st_mtim.tv_nsec);
	put_wide(to + 80, (uint64_t)st.st_ctim.tv_sec);
	put_wide(to + 88, (uint64_t)st.st_ctim.tv_nsec);
	return AEE_SUCCESS;
}

int32_t std_fremove(struct std_call *call)
{
	return std_status(files_remove(call->std->files, call->name, call->arg[0].text));
}

int32_t std_frename(struct std_call *call)
{
	return std_status(files_rename(call->std->files, call->name, call->arg[0].text,
				       call->arg[1].text));
}

int32_t std_mkdir(struct std_call *call)
{
	return std_status(files_mkdir(call->std->files, call->name, call->arg[0].text,
				      call->arg[1].word));
}

int32_t std_rmdir(struct std_call *call)
{
	return std_status(files_rmdir(call->std->files, call->name, call->arg[0].text));
}

/* --- directories ------------------------------------------------------------ */

static DIR **get_dir(struct std_call *call)
{
	uint64_t i = call->arg[0].wide - STD_BASE;

	if (i >= STD_TABLE || !call->std->dir[i]) {
		std_refuse(call, AEE_EINVHANDLE, "there is no directory %llu",
			   (unsigned long long)call->arg[0].wide);
		return NULL;
	}
	return &call->std->dir[i];
}

static void close_dir(DIR **dir)
{
	closedir(*dir);
	*dir = NULL;
	std_fd_give();
}

int32_t std_opendir(struct std_call *call)
{
	struct apps_std *std = call->std;
	int32_t status;
	uint64_t i = 0;
	int fd;

	while (i < STD_TABLE && std->dir[i])
		i++;
	if (i == STD_TABLE)
		return std_refuse(call, AEE_EOUTOFHANDLES, "%d directories are open",
				  STD_TABLE);
	status = std_fd_take(call);
	if (status)
		return status;
	fd = files_opendir(std->files, call->name, call->arg[0].text);
	if (fd < 0) {
		std_fd_give();
		return std_status(fd);
	}
	std->dir[i] = fdopendir(fd);
	if (!std->dir[i]) {
		int err = -errno;

		std_fd_give();
		close(fd);
		return std_status(err);
	}
	put_wide(call->result, STD_BASE + i);
	return AEE_SUCCESS;
}

int32_t std_closedir(struct std_call *call)
{
	DIR **dir = get_dir(call);

	if (!dir)
		return AEE_EINVHANDLE;
	close_dir(dir);
	return AEE_SUCCESS;
}

int32_t std_readdir(struct std_call *call)
{
	DIR **dir = get_dir(call);
	struct dirent *entry;
	size_t len;

	if (!dir)
		return AEE_EINVHANDLE;
	do {
		errno = 0;
		entry = readdir(*dir);
		if (!entry && errno)
			return std_status(-errno);
		len = entry ? strlen(entry->d_name) : 0;
		/* a name cut short would be another one */
	} while (len >= ENTRY_NAME_MAX);
	if (!entry) {
		put_word(call->result + ENTRY_EOF, 1);
		return AEE_SUCCESS;
	}
	put_word(call->result, (uint32_t)entry->d_ino);
	memcpy(call->result + ENTRY_NAME, entry->d_name, len + 1);
	return AEE_SUCCESS;
}

void std_close_dirs(struct apps_std *std)
{
	for (size_t i = 0; i < STD_TABLE; i++)
		if (std->dir[i])
			close_dir(&std->dir[i]);
}
