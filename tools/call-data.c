// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call-data.h"

#define READ_STEP (1u << 20)

static bool needs_in_fd(const struct call_slot *slot)
{
	return slot->arg.form == CALL_BUF || slot->arg.form == CALL_HANDLE;
}

static int no_memory(const struct call_slot *slot, uint64_t bytes)
{
	char text[24];

	return cli_fail_errno(RUN_OTHER, -ENOMEM, "argument '%s' (%s)", slot->text,
			      cli_bytes(bytes, text));
}

static int too_large(const struct call_data *data, const struct call_slot *slot,
		     uint64_t bytes)
{
	char is[24], max[24];

	return cli_fail(RUN_DATA,
			"argument '%s' is too large: %s, and this device takes "
			"at most %s in one buffer",
			slot->text, cli_bytes(bytes, is),
			cli_bytes(data->max_bytes, max));
}

int call_data_parse(struct call_data *data, char **words, size_t num)
{
	/* what fits in the scalars word: 255 buffers each way, 15 handles */
	size_t in = 0, out = 0, handles = 0, i;
	bool prim_in = false, prim_out = false;
	char why[512];
	int err;

	data->slots = calloc(num + 1, sizeof(*data->slots));
	data->args = calloc(num + 1, sizeof(*data->args));
	if (!data->slots || !data->args)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "%zu arguments", num);
	data->num = num;
	for (i = 0; i < num; i++) {
		struct call_slot *slot = &data->slots[i];

		slot->in_fd = -1;
		slot->text = words[i];
		slot->arg.fd = -1;
	}
	for (i = 0; i < num; i++) {
		struct call_slot *slot = &data->slots[i];
		const struct call_arg *arg = &slot->arg;

		err = call_arg_parse(words[i], &slot->arg, why, sizeof(why));
		if (err == -ENOMEM)
			return cli_fail_errno(RUN_OTHER, err, "argument %zu", i + 1);
		if (err)
			return cli_fail(RUN_USAGE, "%s; see ARGUMENTS in qda-run(1)",
					why);
		call_arg_name(arg, slot->name, sizeof(slot->name));
		switch (arg->form) {
		case CALL_SCALAR:
		case CALL_STRUCT:
			prim_in |= arg->dir & CALL_IN;
			prim_out |= arg->dir & CALL_OUT;
			break;
		case CALL_HANDLE:
			handles++;
			break;
		case CALL_RAW:
			in += arg->dir == CALL_IN;
			out += arg->dir == CALL_OUT;
			break;
		default:
			prim_in = true;
			in += !!(arg->dir & CALL_IN);
			out += !!(arg->dir & CALL_OUT);
		}
	}
	in += prim_in;
	out += prim_out;
	if (in > 255 || out > 255)
		return cli_fail(RUN_USAGE,
				"the arguments make %zu %s buffers, and a call "
				"carries at most 255",
				in > 255 ? in : out, in > 255 ? "input" : "output");
	if (handles > 15)
		return cli_fail(RUN_USAGE,
				"%zu handle arguments, and a call carries at "
				"most 15",
				handles);
	return RUN_OK;
}

/* -1 and errno, or how much there was before the end */
static ssize_t read_all(int fd, void *where, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, (char *)where + done, size - done);
		if (n < 0 && errno == EINTR && !cli_interrupted)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int cannot_read(const struct call_slot *slot, int err)
{
	return cli_fail(RUN_DATA, "cannot read %s: %s", slot->arg.in_file,
			strerror(err));
}

/* apply offset= and length= to what there is, and count the elements */
static int set_range(const struct call_data *data, struct call_slot *slot,
		     const char *what, uint64_t size)
{
	struct call_arg *arg = &slot->arg;
	uint32_t width = arg->type->width;
	uint64_t length = arg->length;

	if (arg->offset > size)
		return cli_fail(RUN_DATA,
				"%s is too short: it holds %llu bytes and the "
				"argument starts at %llu",
				what, (unsigned long long)size,
				(unsigned long long)arg->offset);
	if (!length)
		length = size - arg->offset;
	if (length > size - arg->offset)
		return cli_fail(RUN_DATA, "%s is truncated: it holds %llu bytes and "
					  "%llu from byte %llu are needed", what,
				(unsigned long long)size, (unsigned long long)length,
				(unsigned long long)arg->offset);
	if (length % width)
		return cli_fail(RUN_DATA,
				"%s is truncated or of another type: %llu bytes "
				"are not whole %s of %u bytes",
				what, (unsigned long long)length, arg->type->name,
				width);
	if (length > data->max_bytes)
		return too_large(data, slot, length);
	if (!length && arg->form != CALL_SEQ)
		return cli_fail(RUN_DATA, "%s is empty", what);
	arg->count = length / width;
	slot->bytes = (size_t)length;
	return RUN_OK;
}

/* a pipe or the like: all there is, then as if it were a file */
static int read_stream(const struct call_data *data, struct call_slot *slot, int fd)
{
	struct call_arg *arg = &slot->arg;
	size_t size = 0, room = 0;
	uint8_t *memory = NULL, *more;
	ssize_t n;
	int ret;

	for (;;) {
		if (room - size < READ_STEP) {
			room = room ? room * 2 : 2 * READ_STEP;
			more = realloc(memory, room);
			if (!more) {
				free(memory);
				return no_memory(slot, room);
			}
			memory = more;
		}
		n = read_all(fd, memory + size, READ_STEP);
		if (n < 0) {
			ret = cannot_read(slot, errno);
			free(memory);
			return ret;
		}
		size += (size_t)n;
		if (size > data->max_bytes) {
			free(memory);
			return too_large(data, slot, size);
		}
		if ((size_t)n < READ_STEP)
			break;
	}
	ret = set_range(data, slot, arg->in_file, size);
	if (ret) {
		free(memory);
		return ret;
	}
	memmove(memory, memory + arg->offset, slot->bytes);
	arg->offset = 0;
	slot->data = memory;
	return RUN_OK;
}

static int read_part(struct call_slot *slot, int fd, uint8_t *where)
{
	ssize_t n;

	if (lseek(fd, (off_t)slot->arg.offset, SEEK_SET) < 0)
		return cannot_read(slot, errno);
	n = read_all(fd, where, slot->bytes);
	if (n < 0)
		return cannot_read(slot, errno);
	if ((size_t)n < slot->bytes)
		return cli_fail(RUN_DATA, "%s was truncated while it was read",
				slot->arg.in_file);
	return RUN_OK;
}

static int finish_string(struct call_slot *slot)
{
	uint8_t *nul = memchr(slot->data, 0, slot->bytes);
	uint8_t *longer;

	if (nul)
		return cli_fail(RUN_DATA, "%s is no string: byte %zu of it is 0",
				slot->arg.in_file, (size_t)(nul - slot->data));
	longer = realloc(slot->data, slot->bytes + 1);
	if (!longer)
		return no_memory(slot, slot->bytes + 1);
	longer[slot->bytes++] = 0;
	slot->data = longer;
	slot->arg.count = slot->bytes;
	return RUN_OK;
}

static int load_file(const struct call_data *data, struct call_slot *slot)
{
	struct stat st;
	int fd, ret;

	fd = open(slot->arg.in_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_read(slot, errno);
	if (fstat(fd, &st) < 0)
		ret = cannot_read(slot, errno);
	else if (S_ISDIR(st.st_mode))
		ret = cannot_read(slot, EISDIR);
	else if (!S_ISREG(st.st_mode))
		ret = read_stream(data, slot, fd);
	else
		ret = set_range(data, slot, slot->arg.in_file, (uint64_t)st.st_size);
	if (!ret && !slot->data) {
		if (needs_in_fd(slot)) {
			slot->in_fd = fd;
			return RUN_OK;
		}
		slot->data = malloc(slot->bytes ? slot->bytes : 1);
		ret = slot->data ? read_part(slot, fd, slot->data) :
				   no_memory(slot, slot->bytes);
	}
	close(fd);
	if (!ret && slot->arg.form == CALL_STR)
		ret = finish_string(slot);
	return ret;
}

/* where a result goes must be known to work before the DSP is troubled */
static int check_out_file(struct call_slot *slot)
{
	const char *file = slot->arg.out_file;
	struct stat st;
	char *slash;
	int ret = 0;

	if (!stat(file, &st)) {
		slot->out_path = realpath(file, NULL);
		if (S_ISDIR(st.st_mode))
			return cli_fail(RUN_OTHER, "cannot write %s: it is a directory",
					file);
		/* /dev/null and pipes cannot be replaced by a file */
		if (!S_ISREG(st.st_mode))
			return RUN_OK;
	} else {
		slot->out_path = strdup(file);
	}
	if (!slot->out_path)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "%s", file);
	slash = strrchr(slot->out_path, '/');
	if (!slash) {
		ret = access(".", W_OK | X_OK);
	} else if (slash != slot->out_path) {
		*slash = '\0';
		ret = access(slot->out_path, W_OK | X_OK);
		*slash = '/';
	}
	if (ret < 0)
		return cli_fail(RUN_OTHER, "cannot write %s: %s", file,
				strerror(errno));
	return RUN_OK;
}

int call_data_load(struct call_data *data)
{
	size_t i;
	int ret;

	for (i = 0; i < data->num; i++) {
		struct call_slot *slot = &data->slots[i];
		struct call_arg *arg = &slot->arg;
		uint64_t bytes = arg->count;

		if (arg->form != CALL_STRUCT && arg->form != CALL_RAW)
			bytes *= arg->type->width;
		if (bytes > data->max_bytes)
			return too_large(data, slot, bytes);
		slot->bytes = (size_t)bytes;
		if (arg->out_file) {
			ret = check_out_file(slot);
			if (ret)
				return ret;
		}
		if (arg->in_file) {
			ret = load_file(data, slot);
			if (ret)
				return ret;
		} else if (arg->data) {
			slot->data = arg->data;
			arg->data = NULL;
		} else if (arg->dir == CALL_OUT && arg->form != CALL_BUF &&
			   arg->form != CALL_DMABUF) {
			slot->data = calloc(1, slot->bytes);
			if (!slot->data)
				return no_memory(slot, slot->bytes);
		}
		if (arg->count > UINT32_MAX)
			return too_large(data, slot, slot->bytes);
	}
	return RUN_OK;
}

static int new_buffer(struct call_slot *slot, struct qda_session *session)
{
	char text[24];
	void *address;
	int err;

	err = qda_buffer_new(session, slot->bytes, &slot->buffer);
	if (err < 0)
		return cli_fail_errno(err == -E2BIG ? RUN_DATA :
				      err == -ENODEV ? RUN_LOST : RUN_OTHER, err,
				      "argument '%s': cannot allocate a buffer of %s",
				      slot->text, cli_bytes(slot->bytes, text));
	err = qda_buffer_map(slot->buffer, &address);
	if (err < 0)
		return cli_fail_errno(RUN_OTHER, err, "argument '%s': cannot map the "
				      "buffer", slot->text);
	slot->mapped = address;
	if (slot->in_fd >= 0)
		return read_part(slot, slot->in_fd, slot->mapped);
	if (slot->data)
		memcpy(slot->mapped, slot->data, slot->bytes);
	return RUN_OK;
}

/*
 * A memory file opens by its path in /proc; a dma-buf of another process does
 * not, and is fetched from that process.
 */
static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), pidfd, pid, number;
	char end;

	if (fd >= 0 || sscanf(path, "/proc/%d/fd/%d%c", &pid, &number, &end) != 2)
		return fd;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -1;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	close(pidfd);
	return fd;
}

static int import_buffer(const struct call_data *data, struct call_slot *slot,
			 struct qda_session *session)
{
	struct call_arg *arg = &slot->arg;
	int fd = arg->fd, err;
	char what[64];

	if (arg->path) {
		fd = open_path(arg->path);
		if (fd < 0)
			return cli_fail(RUN_DATA, "cannot open %s: %s", arg->path,
					strerror(errno));
	}
	err = qda_buffer_import(session, fd, &slot->buffer);
	if (arg->path)
		close(fd);
	if (err == -EINVAL)
		return cli_fail(RUN_DATA, "argument '%s' is not memory this DSP can "
					  "share: a dma-buf is needed (a memfd sealed "
					  "with F_SEAL_SHRINK for a soft device); use "
					  "buf:@FILE for a file", slot->text);
	if (err < 0)
		return cli_fail_errno(err == -ENODEV ? RUN_LOST : RUN_DATA, err,
				      "argument '%s': cannot import the buffer",
				      slot->text);
	snprintf(what, sizeof(what), "the buffer of argument '%.30s'", slot->text);
	return set_range(data, slot, what, qda_buffer_get_size(slot->buffer));
}

/* an id no other handle argument asked for */
static int32_t free_dsp_id(const struct call_data *data)
{
	int32_t id = 1;
	size_t i = 0;

	while (i < data->num) {
		if (data->slots[i].arg.dsp_id == id) {
			id++;
			i = 0;
		} else {
			i++;
		}
	}
	return id;
}

static void fill_arg(struct call_slot *slot, struct qda_arg *arg)
{
	enum call_dir dir = slot->arg.dir;

	arg->width = slot->arg.type->width;
	arg->count = slot->arg.count;
	arg->data = slot->data;
	switch (slot->arg.form) {
	case CALL_STRUCT:
		arg->width = (uint32_t)slot->bytes;
		arg->align = slot->arg.align;
		/* fall through */
	case CALL_SCALAR:
		arg->count = 0;
		arg->kind = dir == CALL_IN ? QDA_ARG_IN :
			    dir == CALL_OUT ? QDA_ARG_OUT : QDA_ARG_INOUT;
		break;
	case CALL_SEQ:
	case CALL_STR:
		arg->kind = dir == CALL_IN ? QDA_ARG_IN_SEQ :
			    dir == CALL_OUT ? QDA_ARG_OUT_SEQ : QDA_ARG_INOUT_SEQ;
		break;
	case CALL_RAW:
		arg->kind = dir == CALL_IN ? QDA_ARG_IN_RAW : QDA_ARG_OUT_RAW;
		break;
	case CALL_BUF:
	case CALL_DMABUF:
		arg->kind = dir == CALL_IN ? QDA_ARG_IN_SEQ : QDA_ARG_OUT_SEQ;
		break;
	case CALL_HANDLE:
		arg->kind = QDA_ARG_HANDLE;
		arg->count = slot->bytes;
		arg->dsp_id = slot->arg.dsp_id;
		break;
	}
	if (slot->buffer) {
		arg->data = NULL;
		arg->buffer = slot->buffer;
		/* offset= of a file was used up in reading it */
		arg->offset = slot->mapped && !slot->arg.fresh ? 0 : slot->arg.offset;
	}
}

int call_data_prepare(struct call_data *data, struct qda_session *session)
{
	size_t i;
	int ret;

	for (i = 0; i < data->num; i++) {
		struct call_slot *slot = &data->slots[i];
		struct call_arg *arg = &slot->arg;

		ret = RUN_OK;
		if (arg->form == CALL_BUF || arg->in_file || arg->fresh) {
			if (needs_in_fd(slot))
				ret = new_buffer(slot, session);
			if (!ret && arg->fresh)
				ret = set_range(data, slot, slot->text, slot->bytes);
		} else if (arg->form == CALL_DMABUF || arg->form == CALL_HANDLE) {
			ret = import_buffer(data, slot, session);
		}
		if (ret)
			return ret;
		if (arg->form == CALL_HANDLE && !arg->dsp_id)
			arg->dsp_id = free_dsp_id(data);
		fill_arg(slot, &data->args[i]);
	}
	return RUN_OK;
}

void call_data_free(struct call_data *data)
{
	size_t i;

	for (i = 0; data->slots && i < data->num; i++) {
		struct call_slot *slot = &data->slots[i];

		if (slot->temp)
			unlink(slot->temp);
		free(slot->temp);
		free(slot->out_path);
		if (slot->in_fd >= 0)
			close(slot->in_fd);
		qda_buffer_unref(slot->buffer);
		free(slot->data);
		call_arg_free(&slot->arg);
	}
	free(data->slots);
	free(data->args);
	memset(data, 0, sizeof(*data));
}
