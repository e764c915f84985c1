// SPDX-License-Identifier: MIT
/* Dispatch by the DRM core's rules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

/* how long a buffer's end waits for the DSP to let go */
#define SETTLE_WAIT	(100 * NSEC_PER_MSEC)

#define SMALL_ARG	256

/* takes file->lock itself */
#define CMD_UNLOCKED	(1u << 0)
/* also when the DSP is gone */
#define CMD_LOST	(1u << 1)
/* waits: a signal while it looks what has arrived counts */
#define CMD_WAITS	(1u << 2)

struct command {
	unsigned long request;
	int (*fn)(struct file *file, void *data);
	unsigned int flags;
};

#define QDA_CMD(name, fn, flags) \
	[DRM_QDA_##name] = { DRM_IOCTL_QDA_##name, fn, flags }

static const struct command commands[] = {
	QDA_CMD(QUERY, query, 0),
	QDA_CMD(GEM_CREATE, gem_create, 0),
	QDA_CMD(GEM_MMAP_OFFSET, gem_mmap_offset, 0),
	QDA_CMD(SESSION_ATTACH, session_attach, 0),
	QDA_CMD(REMOTE_SESSION_CREATE, session_create, 0),
	QDA_CMD(REMOTE_MAP, map_create, 0),
	QDA_CMD(REMOTE_MUNMAP, map_remove, 0),
	QDA_CMD(REMOTE_INVOKE, invoke_call, CMD_UNLOCKED),
	QDA_CMD(REMOTE_WAIT, invoke_wait, CMD_LOST | CMD_WAITS),
	QDA_CMD(SET_OPTION, invoke_set_option, 0),
	QDA_CMD(REMOTE_SESSION_RELEASE, session_release, 0),
};

static const struct command core_commands[] = {
	{ DRM_IOCTL_VERSION, core_version, 0 },
	{ DRM_IOCTL_GET_CAP, core_get_cap, 0 },
	{ DRM_IOCTL_GEM_CLOSE, gem_close, 0 },
	{ DRM_IOCTL_PRIME_HANDLE_TO_FD, prime_export, 0 },
	{ DRM_IOCTL_PRIME_FD_TO_HANDLE, prime_import, 0 },
};

/* Last number the core uses; what it has and we do not want is refused */
#define CORE_LAST	0xd3

static const struct command *command_find(unsigned int nr, int *ret_err)
{
	unsigned int i;

	if (nr >= DRM_COMMAND_BASE && nr < DRM_COMMAND_END) {
		i = nr - DRM_COMMAND_BASE;
		*ret_err = -EINVAL;
		return i < ARRAY_SIZE(commands) ? &commands[i] : NULL;
	}
	for (i = 0; i < ARRAY_SIZE(core_commands); i++)
		if (_IOC_NR(core_commands[i].request) == nr)
			return &core_commands[i];
	*ret_err = nr <= CORE_LAST ? -EOPNOTSUPP : -EINVAL;
	return NULL;
}

static bool nothing_unmapping(struct file *file)
{
	return file->lost || !file->unmapping;
}

void unmaps_settle(struct file *file)
{
	link_wait_until(file, clock_now() + SETTLE_WAIT, nothing_unmapping);
}

static int command_run(const struct command *cmd, struct file *file, void *data)
{
	unsigned int unmaps;
	int err;

	if (cmd->flags & CMD_UNLOCKED)
		return cmd->fn(file, data);

	pthread_mutex_lock(&file->lock);
	unmaps = file->unmaps;
	if (!file_alive(file) && !(cmd->flags & CMD_LOST)) {
		err = -ENODEV;
	} else {
		/* as if the interrupts of what has arrived had run */
		err = lanes_drain(file, 0);
		if (!err || !(cmd->flags & CMD_WAITS))
			err = cmd->fn(file, data);
		if (unmaps != file->unmaps)
			unmaps_settle(file);
	}
	pthread_mutex_unlock(&file->lock);
	return err;
}

int file_ioctl(struct file *file, unsigned long request, uint64_t arg)
{
	union {
		uint8_t bytes[SMALL_ARG];
		uint64_t align;
	} small;
	const struct command *cmd;
	size_t in = 0, out = 0, size, own;
	void *data = &small;
	int err, err_out;

	if (_IOC_TYPE(request) != DRM_IOCTL_BASE)
		return -ENOTTY;
	cmd = command_find(_IOC_NR(request), &err);
	if (!cmd)
		return err;

	/* a caller of another age may pass less or more than we know */
	own = _IOC_SIZE(cmd->request);
	if (request & cmd->request & (_IOC_WRITE << _IOC_DIRSHIFT))
		in = _IOC_SIZE(request);
	if (request & cmd->request & ((unsigned long)_IOC_READ << _IOC_DIRSHIFT))
		out = _IOC_SIZE(request);
	size = in > out ? in : out;
	if (size < own)
		size = own;
	if (size > sizeof(small)) {
		data = malloc(size);
		if (!data)
			return -ENOMEM;
	}

	err = copy_in(data, arg, in);
	if (!err) {
		memset((uint8_t *)data + in, 0, size - in);
		err = command_run(cmd, file, data);
		err_out = copy_out(arg, data, out);
		if (err_out)
			err = err_out;
	}
	if (data != &small)
		free(data);
	return err;
}
