// SPDX-License-Identifier: MIT
/* Files that the DSP maps instead of reading them. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "apps-std-impl.h"

static int32_t share(struct std_call *call, int fd)
{
	struct apps_std *std = call->std;
	struct stat st;
	uint64_t len;
	int32_t id;
	int err;

	if (fstat(fd, &st))
		return std_status(-errno);
	if (!st.st_size || st.st_size > INT32_MAX)
		return std_refuse(call, AEE_EBADSIZE,
				  "a file of %lld bytes cannot be mapped",
				  (long long)st.st_size);
	len = (uint64_t)st.st_size;
	err = std->ops->share(std->owner, fd, &len, &id);
	if (err)
		return std_status(err);
	std->shared[std->num_shared++] = id;
	if (len > INT32_MAX)
		return AEE_EBADSIZE;
	put_word(call->result, (uint32_t)id);
	put_word(call->result + 4, (uint32_t)len);
	return AEE_SUCCESS;
}

static int32_t share_name(struct std_call *call, const char *name)
{
	int32_t status;
	int fd;

	fd = files_open(call->std->files, call->name, name, O_RDONLY);
	if (fd < 0)
		return std_status(fd);
	status = share(call, fd);
	close(fd);
	return status;
}

/* AEE_SUCCESS when one more file can be shared */
static int32_t check_share(struct std_call *call, const char *mode)
{
	struct apps_std *std = call->std;

	/* the DSP then reads the file by the other methods */
	if (!std->ops->share || !std->ops->unshare)
		return AEE_EUNSUPPORTED;
	if (*mode != 'r')
		return std_refuse(call, AEE_EBADPERMS,
				  "a file is mapped for reading only, not in mode '%.8s'",
				  mode);
	if (std->num_shared == STD_TABLE)
		return std_refuse(call, AEE_EOUTOFHANDLES, "%d files are mapped",
				  STD_TABLE);
	return AEE_SUCCESS;
}

int32_t std_fopen_fd(struct std_call *call)
{
	int32_t status = check_share(call, call->arg[1].text);

	return status ? status : share_name(call, call->arg[0].text);
}

int32_t std_fopen_with_env_fd(struct std_call *call)
{
	int32_t status = check_share(call, call->arg[3].text);

	return status ? status : std_each_name(call, call->arg[0].text,
					       call->arg[1].text, call->arg[2].text,
					       share_name);
}

int32_t std_fclose_fd(struct std_call *call)
{
	struct apps_std *std = call->std;
	int32_t id = (int32_t)call->arg[0].word;

	for (unsigned int i = 0; i < std->num_shared; i++) {
		if (std->shared[i] != id)
			continue;
		std->shared[i] = std->shared[--std->num_shared];
		return std_status(std->ops->unshare(std->owner, id));
	}
	return std_refuse(call, AEE_EBADFD, "no file is mapped as %d", id);
}
