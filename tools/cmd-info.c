// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "common.h"
#include "info.h"
#include "wrap.h"

static const char help[] =
	"usage: qda-run info [OPTIONS] [--attrs]\n"
	"\n"
	"Show one DSP: its driver, limits, and what it can do; where it cannot, why.\n"
	"\n"
	"      --attrs         list each DSP attribute: number, name, value, meaning\n"
	CLI_OPTIONS_HELP
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_ATTRS = OPT_OWN,
};

/* where a reason and an attribute's text begin */
#define WHY_COLUMN 36
#define TEXT_COLUMN 42

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
	const char *key;
} features[] = {
	{ QDA_FEATURE_UNSIGNED_PD, "unsigned_pd" },
	{ QDA_FEATURE_SENSORS_PD, "sensors_pd" },
	{ QDA_FEATURE_STATIC_PD, "static_pd" },
	{ QDA_FEATURE_COHERENT, "coherent" },
	{ QDA_FEATURE_PRIVILEGED, "privileged" },
};
#define NUM_FEATURES (sizeof(features) / sizeof(features[0]))

static const char *const verdicts[] = {
	[VERDICT_NO] = "no",
	[VERDICT_YES] = "yes",
	[VERDICT_UNKNOWN] = "unknown",
};

struct figures {
	struct info info;
	uint64_t limit[NUM_LIMITS];
	struct ability abilities[INFO_NUM_ABILITIES];
};

static int gather_attrs(struct qda_device *device, struct info *info)
{
	struct info_attr *attr, *failed = NULL;
	uint32_t id;

	for (id = 0; info->num_attrs < INFO_MAX_ATTRS && id <= QDA_ATTR_DSPSIGNAL_DRIVER;
	     id++) {
		if (!qda_attr_name(id))
			continue;
		attr = &info->attrs[info->num_attrs++];
		attr->id = id;
		if (id >= INFO_ATTR_DRIVER) {
			attr->err = -ERANGE;
			continue;
		}
		/* one answer has them all: one that did not come is not asked for again */
		if (failed) {
			attr->err = failed->err;
			attr->status = failed->status;
			continue;
		}
		attr->err = qda_device_get_attr(device, id, &attr->value, &attr->status);
		if (attr->err == -EPIPE || attr->err == -ENODEV ||
		    (attr->err == -EINTR && cli_interrupted))
			return cli_fail_errno(RUN_LOST, attr->err,
					      "%s: cannot ask for the attributes",
					      qda_device_get_path(device));
		if (attr->err < 0)
			failed = attr;	/* an answer to show */
	}
	return RUN_OK;
}

static int gather(struct qda_device *device, struct figures *f)
{
	size_t i;
	int err;

	f->info.name = qda_device_get_name(device);
	f->info.soft = qda_device_is_soft(device) == 1;
	for (i = 0; i < NUM_LIMITS; i++) {
		err = qda_device_query(device, limits[i].param, &f->limit[i]);
		if (err < 0)
			return cli_fail_errno(RUN_DEVICE, err, "%s: cannot ask for %s",
					      qda_device_get_path(device),
					      limits[i].key);
		if (limits[i].param == QDA_DEVICE_BANKS_TOTAL)
			f->info.banks_total = f->limit[i];
		if (limits[i].param == QDA_DEVICE_BANKS_FREE)
			f->info.banks_free = f->limit[i];
	}
	err = qda_device_query(device, QDA_DEVICE_FEATURES, &f->info.features);
	if (err < 0)
		return cli_fail_errno(RUN_DEVICE, err,
				      "%s: cannot ask for the features",
				      qda_device_get_path(device));
	return gather_attrs(device, &f->info);
}

/* The generation, such as "v73", or NULL. */
static const char *architecture(const struct info *info, char *text, size_t size)
{
	const struct info_attr *attr = info_attr(info, QDA_ATTR_ARCH_VER);

	if (!attr || attr->err)
		return NULL;
	qda_attr_format(attr->id, attr->value, text, size);
	return text;
}

static void print_json_abilities(struct json *json, const struct figures *f)
{
	size_t i;

	json_object(json, "abilities");
	for (i = 0; i < INFO_NUM_ABILITIES; i++) {
		const struct ability *a = &f->abilities[i];

		json_object(json, a->key);
		if (a->verdict == VERDICT_UNKNOWN)
			json_null(json, "available");
		else
			json_bool(json, "available", a->verdict == VERDICT_YES);
		json_string(json, "why", a->why);
		json_object_end(json);
	}
	json_object_end(json);
}

static void print_json_details(struct json *json, const struct info *info)
{
	char text[256];
	size_t i;

	json_array(json, "attribute_details");
	for (i = 0; i < info->num_attrs; i++) {
		const struct info_attr *attr = &info->attrs[i];

		json_object(json, NULL);
		json_uint(json, "id", attr->id);
		json_string(json, "name", qda_attr_name(attr->id));
		json_bool(json, "internal", attr->id >= INFO_ATTR_INTERNAL);
		if (attr->err) {
			json_null(json, "value");
			json_null(json, "text");
			info_attr_why(attr, text, sizeof(text));
			json_string(json, "why", text);
		} else {
			qda_attr_format(attr->id, attr->value, text, sizeof(text));
			json_uint(json, "value", attr->value);
			json_string(json, "text", text);
		}
		json_string(json, "meaning", qda_attr_text(attr->id));
		json_object_end(json);
	}
	json_array_end(json);
}

static void print_json(struct qda_device *device, const struct figures *f, bool attrs)
{
	const struct info *info = &f->info;
	const char *arch;
	struct json json;
	char text[32];
	size_t i;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "name", info->name);
	json_string(&json, "path", qda_device_get_path(device));
	json_bool(&json, "soft", info->soft);
	json_string(&json, "driver", qda_device_get_driver(device));
	arch = architecture(info, text, sizeof(text));
	if (arch)
		json_string(&json, "architecture", arch);
	else
		json_null(&json, "architecture");
	json_object(&json, "limits");
	for (i = 0; i < NUM_LIMITS; i++)
		json_uint(&json, limits[i].key, f->limit[i]);
	json_object_end(&json);
	json_object(&json, "features");
	for (i = 0; i < NUM_FEATURES; i++)
		json_bool(&json, features[i].key, info->features & features[i].bit);
	json_object_end(&json);
	print_json_abilities(&json, f);
	json_object(&json, "attributes");
	for (i = 0; i < info->num_attrs; i++) {
		const struct info_attr *attr = &info->attrs[i];

		if (attr->id >= INFO_ATTR_INTERNAL)
			break;
		if (attr->err)
			json_null(&json, qda_attr_name(attr->id));
		else
			json_uint(&json, qda_attr_name(attr->id), attr->value);
	}
	json_object_end(&json);
	if (attrs)
		print_json_details(&json, info);
	json_object_end(&json);
}

static void print_abilities(const struct figures *f)
{
	size_t i;

	printf("\nabilities\n");
	for (i = 0; i < INFO_NUM_ABILITIES; i++) {
		const struct ability *a = &f->abilities[i];

		printf("  %-25s%-9s", a->text, verdicts[a->verdict]);
		print_wrapped(a->why, WHY_COLUMN);
	}
}

static void print_attrs(const struct info *info)
{
	char text[256], value[16];
	size_t i;

	for (i = 0; i < info->num_attrs; i++) {
		const struct info_attr *attr = &info->attrs[i];

		if (attr->err) {
			strcpy(value, "-");
			info_attr_why(attr, text, sizeof(text));
		} else {
			snprintf(value, sizeof(value), "%u", attr->value);
			qda_attr_format(attr->id, attr->value, text, sizeof(text));
		}
		printf("%3u %-26s %-10s ", attr->id, qda_attr_name(attr->id), value);
		print_wrapped(text, TEXT_COLUMN);
		printf("    ");
		print_wrapped(qda_attr_text(attr->id), 4);
	}
}

static void print_text(struct qda_device *device, const struct figures *f, bool attrs)
{
	const struct info *info = &f->info;
	const char *arch;
	char text[64];
	size_t i;

	printf("name      %s\n", info->name);
	printf("device    %s (%s)\n", qda_device_get_path(device),
	       info->soft ? "soft device" : "kernel device");
	printf("driver    %s\n", qda_device_get_driver(device));
	arch = architecture(info, text, sizeof(text));
	printf("processor %s%s\n", arch ? "Hexagon " : "unknown", arch ? arch : "");
	if (attrs) {
		printf("\nattributes\n");
		print_attrs(info);
		return;
	}
	printf("\nlimits\n");
	for (i = 0; i < NUM_LIMITS; i++) {
		if (limits[i].bytes)
			cli_bytes(f->limit[i], text);
		else
			snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)f->limit[i]);
		printf("  %-33s %s\n", limits[i].text, text);
	}
	print_abilities(f);
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "attrs", no_argument, NULL, OPT_ATTRS },
		{ 0 },
	};
	struct target target = { 0 };
	struct figures figures = { 0 };
	bool attrs = false;
	int c, ret;

	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		if (c == -2)
			return ret;
		attrs = true;
	}
	if (optind < argc)
		return cli_fail(RUN_USAGE,
				"info takes no argument '%s'; name the device "
				"with --device",
				argv[optind]);
	ret = target_open_device(&target);
	if (!ret)
		ret = gather(target.device, &figures);
	if (!ret) {
		info_abilities(&figures.info, figures.abilities);
		if (cli.json)
			print_json(target.device, &figures, attrs);
		else
			print_text(target.device, &figures, attrs);
	}
	target_close(&target, false);
	return ret;
}
