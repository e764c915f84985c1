/* SPDX-License-Identifier: MIT */
/* calculator.idl, as the interface compiler declares it */
#ifndef CALCULATOR_H
#define CALCULATOR_H

#include "AEEStdDef.h"
#include "remote.h"

int calculator_open(const char *uri, remote_handle64 *h);
int calculator_close(remote_handle64 h);
int calculator_sum(remote_handle64 h, const int *vec, int vecLen, int64 *res);
int calculator_max(remote_handle64 h, const int *vec, int vecLen, int *res);

int calculator_skel_handle_invoke(remote_handle64 h, uint32_t sc, remote_arg *pra);

#endif
