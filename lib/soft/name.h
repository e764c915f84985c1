/* SPDX-License-Identifier: MIT */
/* Names of soft devices. */
#ifndef QDA_SOFT_NAME_H
#define QDA_SOFT_NAME_H

#include "soft.h"

struct soft_name {
	char text[256];			/* what the pointers point into */
	const char *domain;
	char *server;			/* NULL: a private one */
	unsigned int banks;		/* 0: not given */
	bool unprivileged;
	const char *generation;		/* NULL: not given */
};

/* -ENODEV: no such DSP; -EINVAL: a key or value that does not exist */
int soft_name_parse(const char *path, struct soft_name *name);

#endif
