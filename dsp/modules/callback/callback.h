/* SPDX-License-Identifier: MIT */
/* callback.idl, as the interface compiler declares it */
#ifndef CALLBACK_H
#define CALLBACK_H

#include "AEEStdDef.h"
#include "remote.h"

int callback_open(const char *uri, remote_handle64 *h);
int callback_close(remote_handle64 h);
int callback_run(remote_handle64 h, const char *name, int steps, int64 value,
		 int64 *result);
int callback_log(remote_handle64 h, int level, const char *text);

int callback_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

/* the application's interface, as its stub would declare it */
int callback_app_step(remote_handle h, int number, int64 value, int64 *result);

#endif
