// SPDX-License-Identifier: MIT
#include <errno.h>

#include "common.h"

static const char help[] =
	"usage: qda-run list [OPTIONS]\n"
	"\n"
	"List the DSPs of this machine, and the soft devices if they are installed.\n"
	"\n"
	"      --kernel        only devices of the kernel's driver\n"
	"      --soft          only soft devices\n"
	CLI_COMMON_HELP
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_KERNEL = OPT_OWN,
	OPT_SOFT,
};

static void print_json(struct qda_device **devices)
{
	struct json json;
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_array(&json, "devices");
	for (i = 0; devices[i]; i++) {
		json_object(&json, NULL);
		json_string(&json, "name", qda_device_get_name(devices[i]));
		json_string(&json, "path", qda_device_get_path(devices[i]));
		json_bool(&json, "soft", qda_device_is_soft(devices[i]) == 1);
		json_string(&json, "driver", qda_device_get_driver(devices[i]));
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

static void print_table(struct qda_device **devices)
{
	size_t i;

	printf("%-8s %-24s %-7s %s\n", "NAME", "DEVICE", "KIND", "DRIVER");
	for (i = 0; devices[i]; i++)
		printf("%-8s %-24s %-7s %s\n", qda_device_get_name(devices[i]),
		       qda_device_get_path(devices[i]),
		       qda_device_is_soft(devices[i]) == 1 ? "soft" : "kernel",
		       qda_device_get_driver(devices[i]));
}

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "kernel", no_argument, NULL, OPT_KERNEL },
		{ "soft", no_argument, NULL, OPT_SOFT },
		{ 0 },
	};
	struct qda_device **devices;
	struct target target = { 0 };
	uint32_t flags = 0;
	int c, n, ret;

	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		if (c == -2)
			return ret;
		flags |= c == OPT_KERNEL ? QDA_LIST_KERNEL : QDA_LIST_SOFT;
	}
	if (optind < argc)
		return cli_fail(RUN_USAGE, "list takes no argument '%s'", argv[optind]);
	if (cli.device)
		return cli_fail(RUN_USAGE, "list shows all devices and takes no "
					   "--device; 'qda-run info' shows one");
	if (!flags)
		flags = QDA_LIST_KERNEL | QDA_LIST_SOFT;
	ret = cli_ctx_new(&target.ctx);
	if (ret)
		return ret;
	n = qda_device_list(target.ctx, flags, &devices);
	if (n < 0) {
		ret = cli_fail_errno(n == -EACCES ? RUN_DEVICE : RUN_OTHER, n,
				     "cannot list the devices");
		target_close(&target, false);
		return ret;
	}
	if (cli.json)
		print_json(devices);
	else if (n)
		print_table(devices);
	else
		fprintf(stderr,
			"qda-run: no device found; 'qda-run doctor' says why\n");
	qda_device_list_free(devices);
	target_close(&target, false);
	return RUN_OK;
}
