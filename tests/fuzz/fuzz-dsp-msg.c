// SPDX-License-Identifier: MIT
/*
 * What a client can send to the DSP side: a message, its payload, a shell image, a
 * module's URI. Input: a selector byte, the message, the rest is memory.
 */
#include <stdlib.h>
#include <string.h>

#include "elf-file.h"
#include "payload.h"
#include "plant.h"
#include "status.h"

#define SID	3u
#define BUS_END	(1ULL << 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_arg(const struct payload_arg *arg, bool handle)
{
	uint64_t end = arg->addr + arg->len;

	if (!arg->len && !handle)
		return;
	if (arg->addr >= BUS_END || end < arg->addr || end > BUS_END)
		abort();
	if (handle && (!arg->dsp_id || arg->dsp_id > INT32_MAX ||
		       arg->len > arg->page_size))
		abort();
}

static void fuzz_call(const uint8_t *data, size_t size)
{
	const struct payload_bank bank = payload_bank(SID, 32);
	static struct payload_arg args[PAYLOAD_MAX_ARGS];
	struct payload_msg msg;
	unsigned int n, i, present = 0;
	uint64_t addr;
	uint8_t *meta;

	if (size < 40 || !payload_parse_msg(data, 40, &msg) ||
	    payload_parse_msg(data, 39, &msg))
		return;
	if (payload_locate(&msg, &bank, &addr))
		return;
	n = payload_num_args(msg.sc);
	if (n > PAYLOAD_MAX_ARGS || (n && (addr + msg.size > BUS_END ||
					   msg.size < payload_meta_size(n))))
		abort();
	/* exactly as much memory as may be read */
	meta = calloc(1, payload_meta_size(n) + !n);
	if (!meta)
		return;
	size -= 40;
	if (size > payload_meta_size(n))
		size = payload_meta_size(n);
	memcpy(meta, data + 40, size);
	if (!payload_decode(meta, msg.sc, &bank, args)) {
		for (i = 0; i < n; i++) {
			check_arg(&args[i],
				  i >= payload_in(msg.sc) + payload_out(msg.sc));
			present += args[i].len != 0;
		}
		FUZZ_PLANT(present && args[0].addr & 0xfff);
	}
	free(meta);
}

static void fuzz_uri(const uint8_t *data, size_t size)
{
	struct uri uri;
	char *text = malloc(size + !size);

	if (!text)
		return;
	memcpy(text, data, size);
	if (uri_parse(text, size, &uri) &&
	    (!uri.file[0] || strlen(uri.file) >= URI_MAX ||
	     strlen(uri.symbol) >= URI_MAX || strchr(uri.file, '?') ||
	     strchr(uri.symbol, '&')))
		abort();
	free(text);
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
	uint8_t *image = malloc(size + !size);
	struct elf_object object;
	char text[256];

	if (!image)
		return;
	memcpy(image, data, size);
	if (elf_check(image, size, 62, text, sizeof(text)) &&
	    elf_read(image, &object, text, sizeof(text)) && object.num_needed)
		elf_drop_needed(image, object.entry[0]);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] & 7) {
	case 0:
		fuzz_uri(data + 1, size - 1);
		break;
	case 1:
		fuzz_elf(data + 1, size - 1);
		break;
	default:
		fuzz_call(data + 1, size - 1);
	}
	return 0;
}
