// SPDX-License-Identifier: MIT
#include <errno.h>

#include "common.h"

static const char help[] =
	"usage: qda-run info [OPTIONS]\n"
	"\n"
	"Show one DSP: its driver, limits, features and attributes.\n"
	"\n"
	CLI_OPTIONS_HELP
	"\n"
	CLI_EXIT_HELP;

static const struct {
	uint32_t param;
	const char *key, *text;
	bool bytes;
} limits[] = {
	{ QDA_DEVICE_BANKS_TOTAL, "banks_total", "context banks", false },
	{ QDA_DEVICE_BANKS_FREE, "banks_free", "of them free", false },
	{ QDA_DEVICE_MAX_IN_FLIGHT, "max_in_flight", "calls in flight, per session",
	  false },
	{ QDA_DEVICE_MAX_BUFFER, "max_buffer", "largest buffer", true },
	{ QDA_DEVICE_BANK_SIZE, "bank_size", "address space, per session", true },
	{ QDA_DEVICE_MAX_SHELL, "max_shell", "largest shell image", true },
	{ QDA_DEVICE_MAX_INIT_MEM, "max_init_mem", "largest init memory", true },
	{ QDA_DEVICE_MAX_MAPPINGS, "max_mappings", "mappings, per session", false },
};
#define NUM_LIMITS (sizeof(limits) / sizeof(limits[0]))

static const struct {
	uint32_t bit;
	const char *key, *text;
} features[] = {
	{ QDA_FEATURE_UNSIGNED_PD, "unsigned_pd", "runs unsigned modules" },
	{ QDA_FEATURE_SENSORS_PD, "sensors_pd", "has a sensors PD" },
	{ QDA_FEATURE_STATIC_PD, "static_pd", "has static PDs" },
	{ QDA_FEATURE_COHERENT, "coherent", "CPU mappings are cached" },
	{ QDA_FEATURE_PRIVILEGED, "privileged", "this user is privileged" },
};
#define NUM_FEATURES (sizeof(features) / sizeof(features[0]))

static const struct {
	uint32_t id;
	const char *key;
} attrs[] = {
	{ QDA_ATTR_DOMAIN_SUPPORT, "domain_support" },
	{ QDA_ATTR_UNSIGNED_PD, "unsigned_pd_support" },
	{ QDA_ATTR_HVX_64B, "hvx_64b" },
	{ QDA_ATTR_HVX_128B, "hvx_128b" },
	{ QDA_ATTR_VTCM_PAGE, "vtcm_page" },
	{ QDA_ATTR_VTCM_COUNT, "vtcm_count" },
	{ QDA_ATTR_ARCH_VER, "arch_ver" },
	{ QDA_ATTR_HMX_DEPTH, "hmx_depth" },
	{ QDA_ATTR_HMX_SPATIAL, "hmx_spatial" },
	{ QDA_ATTR_ASYNC_FASTRPC, "async_fastrpc" },
	{ QDA_ATTR_STATUS_NOTIFICATION, "status_notification" },
	{ QDA_ATTR_MCID_MULTICAST, "mcid_multicast" },
};
#define NUM_ATTRS (sizeof(attrs) / sizeof(attrs[0]))

struct info {
	uint64_t limit[NUM_LIMITS];
	uint64_t features;
	uint32_t attr[NUM_ATTRS];
	int attr_err[NUM_ATTRS];
	int32_t attr_status[NUM_ATTRS];
};

static int gather(struct qda_device *device, struct info *info)
{
	size_t i;
	int err;

	for (i = 0; i < NUM_LIMITS; i++) {
		err = qda_device_query(device, limits[i].param, &info->limit[i]);
		if (err < 0)
			return cli_fail_errno(RUN_DEVICE, err, "%s: cannot ask for %s",
					      qda_device_get_path(device),
					      limits[i].key);
	}
	err = qda_device_query(device, QDA_DEVICE_FEATURES, &info->features);
	if (err < 0)
		return cli_fail_errno(RUN_DEVICE, err,
				      "%s: cannot ask for the features",
				      qda_device_get_path(device));
	for (i = 0; i < NUM_ATTRS; i++) {
		err = qda_device_get_attr(device, attrs[i].id, &info->attr[i],
					  &info->attr_status[i]);
		if (err == -EPIPE || err == -ENODEV ||
		    (err == -EINTR && cli_interrupted))
			return cli_fail_errno(RUN_LOST, err,
					      "%s: cannot ask for the "
					      "attributes",
					      qda_device_get_path(device));
		info->attr_err[i] = err;	/* others are an answer to show */
	}
	return RUN_OK;
}

static const char *attr_text(const struct info *info, size_t i, char *text,
			     size_t size)
{
	if (info->attr_err[i] == -EREMOTEIO)
		snprintf(text, size, "refused by the DSP (%s)",
			 qda_status_name(info->attr_status[i]));
	else if (info->attr_err[i] < 0)
		snprintf(text, size, "unknown (%s)", qda_strerror(info->attr_err[i]));
	else if (attrs[i].id == QDA_ATTR_ARCH_VER)
		/* low byte in hex is how the generations are called */
		snprintf(text, size, "0x%x (v%x)", info->attr[i], info->attr[i] & 0xff);
	else
		snprintf(text, size, "%u", info->attr[i]);
	return text;
}

static void print_json(struct qda_device *device, const struct info *info)
{
	struct json json;
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "name", qda_device_get_name(device));
	json_string(&json, "path", qda_device_get_path(device));
	json_bool(&json, "soft", qda_device_is_soft(device) == 1);
	json_string(&json, "driver", qda_device_get_driver(device));
	json_object(&json, "limits");
	for (i = 0; i < NUM_LIMITS; i++)
		json_uint(&json, limits[i].key, info->limit[i]);
	json_object_end(&json);
	json_object(&json, "features");
	for (i = 0; i < NUM_FEATURES; i++)
		json_bool(&json, features[i].key, info->features & features[i].bit);
	json_object_end(&json);
	json_object(&json, "attributes");
	for (i = 0; i < NUM_ATTRS; i++) {
		if (info->attr_err[i] < 0)
			json_null(&json, attrs[i].key);
		else
			json_uint(&json, attrs[i].key, info->attr[i]);
	}
	json_object_end(&json);
	json_object_end(&json);
}

static void print_text(struct qda_device *device, const struct info *info)
{
	char text[256];
	size_t i;

	printf("name      %s\n", qda_device_get_name(device));
	printf("device    %s (%s)\n", qda_device_get_path(device),
	       qda_device_is_soft(device) == 1 ? "soft device" : "kernel device");
	printf("driver    %s\n", qda_device_get_driver(device));
	printf("\nlimits\n");
	for (i = 0; i < NUM_LIMITS; i++) {
		if (limits[i].bytes)
			cli_bytes(info->limit[i], text);
		else
			snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)info->limit[i]);
		printf("  %-30s %s\n", limits[i].text, text);
	}
	printf("\nfeatures\n");
	for (i = 0; i < NUM_FEATURES; i++)
		printf("  %-30s %s\n", features[i].text,
		       info->features & features[i].bit ? "yes" : "no");
	printf("\nattributes\n");
	for (i = 0; i < NUM_ATTRS; i++)
		printf("  %3u %-26s %s\n", attrs[i].id, attrs[i].key,
		       attr_text(info, i, text, sizeof(text)));
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	struct target target = { 0 };
	struct info info = { 0 };
	int ret;

	if (cli_getopt(argc, argv, options, help, &ret) == -2)
		return ret;
	if (optind < argc)
		return cli_fail(RUN_USAGE,
				"info takes no argument '%s'; name the device "
				"with --device",
				argv[optind]);
	ret = target_open_device(&target);
	if (!ret)
		ret = gather(target.device, &info);
	if (!ret && cli.json)
		print_json(target.device, &info);
	else if (!ret)
		print_text(target.device, &info);
	target_close(&target, false);
	return ret;
}
