/* SPDX-License-Identifier: MIT */
#include "internal.h"

QDA_EXPORT const char *qda_version(void)
{
	return QDA_VERSION;
}
