/* SPDX-License-Identifier: MIT */
/* What "soft:DOMAIN@SERVER" may name: the soft device and the server must agree. */
#ifndef QDA_SOFTDSP_SOCKPATH_H
#define QDA_SOFTDSP_SOCKPATH_H

#include <stdbool.h>
#include <stddef.h>

/* in the order of their numbers */
#define QDA_SOFT_GENERATIONS	"v66", "v68", "v73", "v75"
#define QDA_SOFT_MAX_BANKS	64

/*
 * Path of a server's socket: the name itself if it has a '/', else a file in
 * $XDG_RUNTIME_DIR, if that is absolute, or in /tmp/qda-UID, which is made if asked.
 * -EINVAL: the name is empty; -ENAMETOOLONG; -EPERM: others could write to the
 * directory; or why it is not there. After an error path is the directory, or "".
 */
int sockpath_find(const char *name, bool make_dir, char *path, size_t size);

#endif
