// SPDX-License-Identifier: MIT
/* Open files of the DSP: what C's FILE does, without a buffer. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "apps-std-impl.h"

/* what the DSP can tell as a position; nothing is written further on */
#define LAST_POSITION	INT32_MAX
#define LINE_PART	512

/* --- the table -------------------------------------------------------------- */

static struct std_file *get_file(struct std_call *call)
{
	uint32_t i = call->arg[0].word - STD_BASE;

	if (i >= STD_TABLE || !call->std->file[i].used) {
		std_refuse(call, AEE_EBADFD, "there is no FILE %u", call->arg[0].word);
		return NULL;
	}
	return &call->std->file[i];
}

static struct std_file *free_slot(struct std_call *call)
{
	for (size_t i = 0; i < STD_TABLE; i++)
		if (!call->std->file[i].used)
			return &call->std->file[i];
	std_refuse(call, AEE_EOUTOFHANDLES, "%d files are open", STD_TABLE);
	return NULL;
}

static int close_file(struct std_file *file)
{
	file->used = false;
	std_fd_give();
	/* Linux has closed it in any case */
	return close(file->fd) && errno != EINTR ? -errno : 0;
}

void std_close_files(struct apps_std *std)
{
	for (size_t i = 0; i < STD_TABLE; i++)
		if (std->file[i].used)
			close_file(&std->file[i]);
}

/* --- opening ---------------------------------------------------------------- */

/* as fopen() has it: what is not known after the first letter is passed over */
static int parse_mode(const char *mode, struct std_file *file, int *ret_flags)
{
	bool plus = strchr(mode, '+');
	int flags;

	memset(file, 0, sizeof(*file));
	switch (*mode) {
	case 'r':
		flags = 0;
		break;
	case 'w':
		flags = O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = O_CREAT | O_APPEND;
		file->append = true;
		break;
	default:
		return -EINVAL;
	}
	if ((flags & O_CREAT) && strchr(mode, 'x'))
		flags |= O_EXCL;
	file->readable = plus || *mode == 'r';
	file->writable = plus || *mode != 'r';
	flags |= !file->writable ? O_RDONLY : file->readable ? O_RDWR : O_WRONLY;
	*ret_flags = flags;
	return 0;
}

static int32_t open_into(struct std_call *call, struct std_file *slot, const char *name,
			 const char *mode)
{
	struct std_file file;
	int32_t status;
	int flags;

	if (parse_mode(mode, &file, &flags))
		return std_refuse(call, AEE_EBADPARM,
				  "'%.8s' is not a mode to open a file in", mode);
	status = std_fd_take(call);
	if (status)
		return status;
	file.fd = files_open(call->std->files, call->name, name, flags);
	if (file.fd < 0) {
		std_fd_give();
		return std_status(file.fd);
	}
	file.used = true;
	*slot = file;
	return AEE_SUCCESS;
}

int32_t std_file_open(struct std_call *call, const char *name, const char *mode,
		      uint32_t *ret_number)
{
	struct std_file *file = free_slot(call);
	int32_t status;

	if (!file)
		return AEE_EOUTOFHANDLES;
	status = open_into(call, file, name, mode);
	if (!status)
		*ret_number = STD_BASE + (uint32_t)(file - call->std->file);
	return status;
}

int32_t std_fopen(struct std_call *call)
{
	uint32_t number = 0;
	int32_t status = std_file_open(call, call->arg[0].text, call->arg[1].text,
				       &number);

	put_word(call->result, number);
	return status;
}

/* the number stays; as in C the file is closed even if the other cannot be opened */
int32_t std_freopen(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	close_file(file);
	put_word(call->result, call->arg[0].word);
	return open_into(call, file, call->arg[1].text, call->arg[2].text);
}

int32_t std_fclose(struct std_call *call)
{
	struct std_file *file = get_file(call);

	return file ? std_status(close_file(file)) : AEE_EBADFD;
}

int32_t std_fdopen_decrypt(struct std_call *call)
{
	if (!get_file(call))
		return AEE_EBADFD;
	return std_refuse(call, AEE_EUNSUPPORTED,
			  "there is nothing here that could decrypt a file");
}

/* --- reading and writing ---------------------------------------------------- */

/* bytes; fewer at the end, and where *ret_err happened */
static size_t read_some(struct std_file *file, uint8_t *to, size_t size, int *ret_err)
{
	size_t done = 0;

	*ret_err = 0;
	while (done < size) {
		ssize_t n = pread(file->fd, to + done, size - done, file->pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*ret_err = -errno;
			file->error = true;
			break;
		}
		if (!n) {
			file->eof = true;
			break;
		}
		done += (size_t)n;
		file->pos += n;
	}
	return done;
}

int32_t std_fread(struct std_call *call)
{
	struct std_file *file = get_file(call);
	size_t n;
	int err;

	if (!file)
		return AEE_EBADFD;
	if (!file->readable) {
		file->error = true;
		return AEE_EBADPERMS;
	}
	n = read_some(file, call->arg[1].out, call->arg[1].word, &err);
	if (err && !n)
		return std_status(err);
	put_word(call->result, (uint32_t)n);
	put_word(call->result + 4, n < call->arg[1].word && !err);
	return AEE_SUCCESS;
}

/* as C's fgets(): up to and with the newline, and a NUL, which takes room as well */
int32_t std_fgets(struct std_call *call)
{
	struct std_file *file = get_file(call);
	uint8_t *to = call->arg[1].out;
	size_t room = call->arg[1].word, done = 0;
	bool line = false, error;
	int err;

	if (!file)
		return AEE_EBADFD;
	error = file->error;
	if (!file->readable) {
		file->error = true;
		return AEE_EBADPERMS;
	}
	if (!room)
		return AEE_EBADPARM;
	while (!line && done + 1 < room) {
		size_t want = room - 1 - done < LINE_PART ? room - 1 - done : LINE_PART;
		size_t n = read_some(file, to + done, want, &err);
		uint8_t *end = memchr(to + done, '\n', n);

		if (end) {
			size_t used = (size_t)(end - (to + done)) + 1;

			/* the rest is for the next call, and so is what ended it */
			file->pos -= (int64_t)(n - used);
			memset(end + 1, 0, n - used);
			file->eof = false;
			file->error = error;
			line = true;
			done += used;
		} else if (err) {
			return std_status(err);
		} else {
			done += n;
			if (n < want)
				break;
		}
	}
	to[done] = '\0';
	put_word(call->result, !done && file->eof);
	return AEE_SUCCESS;
}

/* nothing is written where the DSP could not tell its position any more */
static bool too_far(int64_t pos, uint64_t size)
{
	return pos > LAST_POSITION || size > (uint64_t)(LAST_POSITION - pos);
}

static int64_t size_of(const struct std_file *file)
{
	struct stat st;

	return fstat(file->fd, &st) ? -errno : st.st_size;
}

int32_t std_fwrite(struct std_call *call)
{
	struct std_file *file = get_file(call);
	size_t size = call->arg[1].word, done = 0;

	if (!file)
		return AEE_EBADFD;
	if (!file->writable) {
		file->error = true;
		return std_refuse(call, AEE_EBADPERMS, "FILE %u was opened for reading",
				  call->arg[0].word);
	}
	if (file->append) {
		int64_t end = size_of(file);

		if (end < 0)
			return AEE_EFILE;
		file->pos = end;
	}
	if (too_far(file->pos, size)) {
		file->error = true;
		return std_refuse(call, AEE_EBADSIZE,
				  "FILE %u would be larger than a file may be",
				  call->arg[0].word);
	}
	while (done < size) {
		ssize_t n = pwrite(file->fd, call->arg[1].in + done, size - done,
				   file->pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			file->error = true;
			if (!done)
				return std_status(n < 0 ? -errno : -EIO);
			break;
		}
		done += (size_t)n;
		file->pos += n;
	}
	put_word(call->result, (uint32_t)done);
	return AEE_SUCCESS;
}

/* there is no buffer */
int32_t std_fflush(struct std_call *call)
{
	return get_file(call) ? AEE_SUCCESS : AEE_EBADFD;
}

int32_t std_fsync(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	/* what the DSP cannot have written it need not wait for */
	return file->writable && fsync(file->fd) ? std_status(-errno) : AEE_SUCCESS;
}

int32_t std_ftrunc(struct std_call *call)
{
	struct std_file *file = get_file(call);
	int32_t size = (int32_t)call->arg[1].word;

	if (!file)
		return AEE_EBADFD;
	if (!file->writable)
		return std_refuse(call, AEE_EBADPERMS, "FILE %u was opened for reading",
				  call->arg[0].word);
	if (size < 0)
		return std_refuse(call, AEE_EBADSIZE, "%d is not a size", size);
	return ftruncate(file->fd, size) ? std_status(-errno) : AEE_SUCCESS;
}

/* --- where it stands -------------------------------------------------------- */

int32_t std_ftell(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	if (file->pos > LAST_POSITION)
		return AEE_EBADOFFSET;
	put_word(call->result, (uint32_t)file->pos);
	return AEE_SUCCESS;
}

int32_t std_fseek(struct std_call *call)
{
	struct std_file *file = get_file(call);
	int32_t offset = (int32_t)call->arg[1].word;
	int64_t pos;

	if (!file)
		return AEE_EBADFD;
	switch (call->arg[2].word) {
	case 0:
		pos = 0;
		break;
	case 1:
		pos = file->pos;
		break;
	case 2:
		pos = size_of(file);
		if (pos < 0)
			return AEE_EFILE;
		break;
	default:
		return std_refuse(call, AEE_EBADPARM, "%u is not a place to seek from",
				  call->arg[2].word);
	}
	if (__builtin_add_overflow(pos, offset, &pos) || pos < 0)
		return AEE_EBADOFFSET;
	file->pos = pos;
	file->eof = false;
	return AEE_SUCCESS;
}

int32_t std_rewind(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	file->pos = 0;
	file->eof = file->error = false;
	return AEE_SUCCESS;
}

/* a position, to the DSP, is bytes of which it knows only the number */
int32_t std_fgetpos(struct std_call *call)
{
	struct std_file *file = get_file(call);
	uint32_t room = call->arg[1].word;

	if (!file)
		return AEE_EBADFD;
	put_word(call->result, sizeof(file->pos));
	if (room > sizeof(file->pos))
		room = sizeof(file->pos);
	if (room)
		memcpy(call->arg[1].out, &file->pos, room);
	return AEE_SUCCESS;
}

int32_t std_fsetpos(struct std_call *call)
{
	struct std_file *file = get_file(call);
	int64_t pos;

	if (!file)
		return AEE_EBADFD;
	if (call->arg[1].word != sizeof(pos))
		return AEE_EBADSIZE;
	memcpy(&pos, call->arg[1].in, sizeof(pos));
	if (pos < 0)
		return AEE_EBADOFFSET;
	file->pos = pos;
	file->eof = false;
	return AEE_SUCCESS;
}

int32_t std_flen(struct std_call *call)
{
	struct std_file *file = get_file(call);
	int64_t size;

	if (!file)
		return AEE_EBADFD;
	size = size_of(file);
	if (size < 0)
		return AEE_EFILE;
	put_wide(call->result, (uint64_t)size);
	return AEE_SUCCESS;
}

int32_t std_feof(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	put_word(call->result, file->eof);
	return AEE_SUCCESS;
}

int32_t std_ferror(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	put_word(call->result, file->error);
	return AEE_SUCCESS;
}

int32_t std_clearerr(struct std_call *call)
{
	struct std_file *file = get_file(call);

	if (!file)
		return AEE_EBADFD;
	file->eof = file->error = false;
	return AEE_SUCCESS;
}
