// SPDX-License-Identifier: MIT
/* remote.h as DSP code sees it: calls into the client */
#include "pd.h"

#define EXPORT	__attribute__((visibility("default")))

EXPORT int remote_handle_open(const char *name, remote_handle *ret_handle)
{
	return name && ret_handle ? apps_open(name, ret_handle) : DSP_EBADPARM;
}

EXPORT int remote_handle_invoke(remote_handle handle, uint32_t sc, remote_arg *pra)
{
	return reverse_call(handle, sc, pra);
}

EXPORT int remote_handle_close(remote_handle handle)
{
	return apps_close(handle);
}

EXPORT int remote_handle64_open(const char *name, remote_handle64 *ret_handle)
{
	uint32_t handle;
	int32_t status;

	if (!name || !ret_handle)
		return DSP_EBADPARM;
	status = apps_open(name, &handle);
	if (!status)
		*ret_handle = handle;
	return status;
}

EXPORT int remote_handle64_invoke(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	return handle > UINT32_MAX ? DSP_EINVHANDLE :
				     reverse_call((uint32_t)handle, sc, pra);
}

EXPORT int remote_handle64_close(remote_handle64 handle)
{
	return handle > UINT32_MAX ? DSP_EINVHANDLE : apps_close((uint32_t)handle);
}
