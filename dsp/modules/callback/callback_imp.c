// SPDX-License-Identifier: MIT
#define FARF_LOW	1
#define FARF_MEDIUM	1

#include "AEEStdErr.h"
#include "HAP_farf.h"
#include "callback.h"

static char instance;

int callback_open(const char *uri, remote_handle64 *h)
{
	(void)uri;
	*h = (remote_handle64)(uintptr_t)&instance;
	return AEE_SUCCESS;
}

int callback_close(remote_handle64 h)
{
	return h == (remote_handle64)(uintptr_t)&instance ? AEE_SUCCESS : AEE_EINVHANDLE;
}

/* what the interface compiler would make of callback_app */
int callback_app_step(remote_handle h, int number, int64 value, int64 *result)
{
	struct {
		int32_t number;
		int64_t value;
	} in = { number, value };
	remote_arg pra[] = {
		{ .buf = { &in, sizeof(in) } },
		{ .buf = { result, sizeof(*result) } },
	};

	return remote_handle_invoke(h, REMOTE_SCALARS_MAKE(0, 1, 1), pra);
}

int callback_run(remote_handle64 h, const char *name, int steps, int64 value,
		 int64 *result)
{
	remote_handle app;
	int i, err;

	(void)h;
	err = remote_handle_open(name, &app);
	if (err)
		return err;
	*result = value;
	for (i = 0; i < steps && !err; i++)
		err = callback_app_step(app, i, *result, result);
	if (err)
		FARF(ERROR, "step %d of %s answered %#x", i - 1, name, (unsigned int)err);
	remote_handle_close(app);
	return err;
}

int callback_log(remote_handle64 h, int level, const char *text)
{
	(void)h;
	switch (level) {
	case HAP_LEVEL_LOW:
		FARF(LOW, "%s", text);
		break;
	case HAP_LEVEL_MEDIUM:
		FARF(MEDIUM, "%s", text);
		break;
	case HAP_LEVEL_HIGH:
		FARF(HIGH, "%s", text);
		break;
	case HAP_LEVEL_ERROR:
		FARF(ERROR, "%s", text);
		break;
	case HAP_LEVEL_FATAL:
		FARF(FATAL, "%s", text);
		break;
	default:
		return AEE_EBADPARM;
	}
	return AEE_SUCCESS;
}
