// SPDX-License-Identifier: MIT
#include "AEEStdErr.h"
#include "calculator.h"

/* the module keeps no state, so every open gets the same handle */
static char instance;

int calculator_open(const char *uri, remote_handle64 *h)
{
	(void)uri;
	*h = (remote_handle64)(uintptr_t)&instance;
	return AEE_SUCCESS;
}

int calculator_close(remote_handle64 h)
{
	if (h != (remote_handle64)(uintptr_t)&instance)
		return AEE_EINVHANDLE;
	return AEE_SUCCESS;
}

int calculator_sum(remote_handle64 h, const int *vec, int vecLen, int64 *res)
{
	int64 sum = 0;
	int i;

	(void)h;
	for (i = 0; i < vecLen; i++)
		sum += vec[i];
	*res = sum;
	return AEE_SUCCESS;
}

int calculator_max(remote_handle64 h, const int *vec, int vecLen, int *res)
{
	int max, i;

	(void)h;
	if (vecLen < 1)
		return AEE_EBADPARM;
	max = vec[0];
	for (i = 1; i < vecLen; i++)
		max = vec[i] > max ? vec[i] : max;
	*res = max;
	return AEE_SUCCESS;
}
