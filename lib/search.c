// SPDX-License-Identifier: MIT
/* Where files of a DSP are looked for, and what is found there, without a session */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

QDA_EXPORT int qda_device_get_search_path(struct qda_device *device,
					  struct qda_search_dir **ret_dirs)
{
	struct qda_search_dir *dirs;
	struct path_list list;
	size_t i, size;
	char *text;
	int err;

	if (!device || !ret_dirs)
		return -EINVAL;
	err = qda_ctx_check(device->ctx);
	if (!err)
		err = path_list_make(&list, device->ctx, NULL, device->info.soft);
	if (err)
		return err;
	size = (list.num + 1) * sizeof(*dirs);
	for (i = 0; i < list.num; i++)
		size += strlen(list.dirs[i].path) + 1;
	/* in one piece: the names follow the array */
	dirs = calloc(1, size);
	if (dirs) {
		text = (char *)(dirs + list.num + 1);
		for (i = 0; i < list.num; i++) {
			dirs[i].path = text;
			dirs[i].origin = list.dirs[i].origin;
			text = stpcpy(text, list.dirs[i].path) + 1;
		}
		*ret_dirs = dirs;
		err = (int)list.num;
	}
	path_list_free(&list);
	return dirs ? err : -ENOMEM;
}

QDA_EXPORT void qda_search_path_free(struct qda_search_dir *dirs)
{
	free(dirs);
}

QDA_EXPORT int qda_device_find_shell(struct qda_device *device, uint32_t is_unsigned,
				     char *buf, size_t size, struct qda_failure *reterr)
{
	struct path_list list;
	struct shell shell;
	uint64_t max;
	int err;

	if (!device || !buf || !size || is_unsigned > 1)
		return qda_fail(reterr, -EINVAL, 0, "no device or no place for a path");
	err = qda_device_query(device, QDA_DEVICE_MAX_SHELL, &max);
	if (err)
		return qda_fail(reterr, err, 0, "%s: asking for the size of shells",
				device->info.dsp);
	err = path_list_make(&list, device->ctx, NULL, device->info.soft);
	if (err)
		return qda_fail(reterr, err, 0, "search path");
	err = shell_find(&shell, device->ctx, &list, device->info.dsp,
			 qda_device_domain_id(device), is_unsigned, device->info.soft,
			 max < UINT32_MAX ? max : UINT32_MAX, reterr);
	path_list_free(&list);
	if (err)
		return err;
	if (shell.image.fd < 0)
		return qda_fail(reterr, -ENOENT, 0, "no shell image for %s (tried %s)",
				device->info.dsp,
				shell.tried[0] ? shell.tried : "nothing");
	if (strlen(shell.image.path) >= size)
		err = qda_fail(reterr, -ENAMETOOLONG, 0, "shell image %s",
			       shell.image.path);
	else if (shell.doubt[0])
		err = qda_fail(reterr, -ENOEXEC, 0, "shell image %s: %s",
			       shell.image.path, shell.doubt);
	if (err != -ENAMETOOLONG)
		strcpy(buf, shell.image.path);
	shell_close(&shell);
	return err;
}
