/* SPDX-License-Identifier: MIT */
/* What the frame of the suite does with its devices; cases have use_device(). */
#ifndef QDA_UAPI_DEVICES_H
#define QDA_UAPI_DEVICES_H

#include <stdbool.h>

/* the one all cases begin with; 0 or negative errno, and it has said why */
int devices_start(void);
/* how many did not end cleanly */
int devices_stop(void);

void devices_begin_case(void);
/* whether a DSP of this case's is there to be asked what it keeps */
bool devices_serve(void);
/*
 * Of what this case has started so many processes live on, and sockets to them. 0, or how
 * the one of use_fresh_device() ended
 */
int devices_end_case(int *ret_processes, int *ret_sockets);
/* after a case that did not pass: its device may be in any state */
int devices_recover(bool skipped);

/* close what the case has opened, but for what is kept */
void dev_close_all(void);
void dev_keep(int fd, bool keep);

#endif
