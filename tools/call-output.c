// SPDX-License-Identifier: MIT
/* What a call returned: printed, or written to files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call-data.h"

/* elements of a sequence the text form shows */
#define MAX_SHOWN 64

static bool is_output(const struct call_slot *slot)
{
	return slot->arg.dir & CALL_OUT || slot->arg.out_file;
}

static const uint8_t *result_of(const struct call_slot *slot)
{
	if (!slot->mapped)
		return slot->data;
	return slot->mapped + (slot->arg.fresh ? slot->arg.offset : 0);
}

static int cannot_write(const struct call_slot *slot, int err)
{
	return cli_fail(RUN_OTHER, "cannot write %s: %s", slot->arg.out_file,
			strerror(err));
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR && !cli_interrupted)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int save_one(struct call_slot *slot)
{
	mode_t mask = umask(0);
	struct stat st;
	size_t length;
	int fd, err;

	umask(mask);
	length = strlen(slot->out_path) + sizeof(".XXXXXX");
	if (!stat(slot->out_path, &st) && !S_ISREG(st.st_mode)) {
		fd = open(slot->out_path, O_WRONLY | O_CLOEXEC);
	} else {
		slot->temp = malloc(length);
		if (!slot->temp)
			return cannot_write(slot, ENOMEM);
		snprintf(slot->temp, length, "%s.XXXXXX", slot->out_path);
		fd = mkostemp(slot->temp, O_CLOEXEC);
		if (fd < 0) {
			free(slot->temp);
			slot->temp = NULL;
		} else {
			fchmod(fd, 0666 & ~mask);
		}
	}
	if (fd < 0)
		return cannot_write(slot, errno);
	err = write_all(fd, result_of(slot), slot->bytes);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err ? cannot_write(slot, -err) : RUN_OK;
}

int call_data_write(struct call_data *data)
{
	size_t i;
	int ret;

	for (i = 0; i < data->num; i++) {
		if (!data->slots[i].arg.out_file)
			continue;
		ret = save_one(&data->slots[i]);
		if (ret)
			return ret;
	}
	return RUN_OK;
}

int call_data_rename(struct call_data *data)
{
	size_t i;

	for (i = 0; i < data->num; i++) {
		struct call_slot *slot = &data->slots[i];

		if (!slot->temp)
			continue;
		if (rename(slot->temp, slot->out_path) < 0)
			return cannot_write(slot, errno);
		free(slot->temp);
		slot->temp = NULL;
	}
	return RUN_OK;
}

static int64_t signed_of(const uint8_t *p, uint32_t width)
{
	uint64_t value = 0;
	unsigned int shift = 64 - width * 8;

	memcpy(&value, p, width);
	return (int64_t)(value << shift) >> shift;
}

static uint64_t unsigned_of(const uint8_t *p, uint32_t width)
{
	uint64_t value = 0;

	memcpy(&value, p, width);
	return value;
}

static double double_of(const uint8_t *p, uint32_t width)
{
	double d;
	float f;

	if (width == 4) {
		memcpy(&f, p, sizeof(f));
		return (double)f;
	}
	memcpy(&d, p, sizeof(d));
	return d;
}

static void print_value(const struct call_type *type, const uint8_t *p)
{
	char text[40];
	int digits;
	double d;

	switch (type->kind) {
	case CALL_SIGNED:
		printf("%" PRId64, signed_of(p, type->width));
		break;
	case CALL_UNSIGNED:
		printf("%" PRIu64, unsigned_of(p, type->width));
		break;
	case CALL_BOOL:
		/* anything else is the module's mistake, and shown */
		if (*p > 1)
			printf("%u", *p);
		else
			printf("%s", *p ? "true" : "false");
		break;
	case CALL_FLOAT:
		d = double_of(p, type->width);
		for (digits = 6; digits < 17; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, d);
			if (type->width == 4 ? strtof(text, NULL) == (float)d :
					       strtod(text, NULL) == d)
				break;
		}
		printf("%.*g", digits, d);
		break;
	}
}

static void print_string(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	putchar('"');
	if (text)
		cli_print_text(stdout, text);
	putchar('"');
	free(text);
	if (!memchr(data, 0, size))
		printf(" (without a NUL)");
}

static void print_slot(const struct call_slot *slot, size_t index)
{
	const struct call_arg *arg = &slot->arg;
	const uint8_t *data = result_of(slot);
	uint64_t i;

	printf("out[%zu] %s", index, slot->name);
	if (arg->out_file) {
		printf(" > ");
		cli_print_text(stdout, arg->out_file);
		printf(" (%zu bytes)\n", slot->bytes);
		return;
	}
	printf(" = ");
	switch (arg->form) {
	case CALL_SCALAR:
		print_value(arg->type, data);
		break;
	case CALL_STRUCT:
	case CALL_RAW:
		for (i = 0; i < slot->bytes && i < MAX_SHOWN; i++)
			printf("%02x", data[i]);
		break;
	case CALL_STR:
		print_string(data, slot->bytes);
		break;
	case CALL_DMABUF:
		printf("%zu bytes in the buffer\n", slot->bytes);
		return;
	default:
		for (i = 0; i < arg->count && i < MAX_SHOWN; i++) {
			if (i)
				putchar(',');
			print_value(arg->type, data + i * arg->type->width);
		}
		break;
	}
	if (arg->form != CALL_STR && arg->form != CALL_SCALAR && arg->count > MAX_SHOWN)
		printf("... (%" PRIu64 " in all, write them to a file with @FILE)",
		       arg->count);
	putchar('\n');
}

void call_data_print(const struct call_data *data)
{
	size_t i, index = 0;

	for (i = 0; i < data->num; i++) {
		if (is_output(&data->slots[i]))
			print_slot(&data->slots[i], index++);
	}
}

static void json_value(struct json *json, const char *key, const struct call_type *type,
		       const uint8_t *p)
{
	switch (type->kind) {
	case CALL_SIGNED:
		json_int(json, key, signed_of(p, type->width));
		break;
	case CALL_UNSIGNED:
		json_uint(json, key, unsigned_of(p, type->width));
		break;
	case CALL_BOOL:
		json_bool(json, key, *p);
		break;
	case CALL_FLOAT:
		if (type->width == 4)
			json_float(json, key, (float)double_of(p, 4));
		else
			json_double(json, key, double_of(p, 8));
		break;
	}
}

static void json_hex(struct json *json, const char *key, const uint8_t *data,
		     size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * size + 1);
	size_t i;

	for (i = 0; text && i < size; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 15];
	}
	if (text)
		json_string_len(json, key, text, 2 * size);
	else
		json_null(json, key);
	free(text);
}

static void json_slot(struct json *json, const struct call_slot *slot)
{
	const struct call_arg *arg = &slot->arg;
	const uint8_t *data = result_of(slot);
	uint64_t i;

	json_object(json, NULL);
	json_string(json, "type", slot->name);
	if (arg->out_file) {
		json_string(json, "file", arg->out_file);
		json_uint(json, "bytes", slot->bytes);
	} else if (arg->form == CALL_SCALAR) {
		json_value(json, "value", arg->type, data);
	} else if (arg->form == CALL_STRUCT || arg->form == CALL_RAW) {
		json_hex(json, "value", data, slot->bytes);
	} else if (arg->form == CALL_STR) {
		json_string_len(json, "value", (const char *)data,
				strnlen((const char *)data, slot->bytes));
	} else if (arg->form == CALL_DMABUF) {
		json_uint(json, "bytes", slot->bytes);
	} else {
		json_array_compact(json, "value");
		for (i = 0; i < arg->count; i++)
			json_value(json, NULL, arg->type, data + i * arg->type->width);
		json_array_end(json);
	}
	json_object_end(json);
}

void call_data_print_json(const struct call_data *data, struct json *json)
{
	size_t i;

	json_array(json, "outputs");
	for (i = 0; i < data->num; i++) {
		if (is_output(&data->slots[i]))
			json_slot(json, &data->slots[i]);
	}
	json_array_end(json);
}
