// SPDX-License-Identifier: MIT
#include <endian.h>
#include <string.h>

#include "payload.h"
#include "status.h"

bool payload_parse_msg(const void *data, size_t len, struct payload_msg *ret_msg)
{
	struct qda_wire_msg wire;

	if (len != sizeof(wire))
		return false;
	memcpy(&wire, data, sizeof(wire));
	ret_msg->client_id = le32toh(wire.client_id);
	ret_msg->tid = le32toh(wire.tid);
	ret_msg->ctx = le64toh(wire.ctx);
	ret_msg->handle = le32toh(wire.handle);
	ret_msg->sc = le32toh(wire.sc);
	ret_msg->addr = le64toh(wire.addr);
	ret_msg->size = le64toh(wire.size);
	return true;
}

bool payload_range(uint64_t wire_addr, uint64_t size, const struct payload_bank *bank,
		   uint64_t *ret_addr)
{
	uint64_t addr = wire_addr & (bank->end - 1);

	if (wire_addr - addr != bank->stream || size > bank->end - addr)
		return false;
	*ret_addr = addr;
	return true;
}

int32_t payload_locate(const struct payload_msg *msg, const struct payload_bank *bank,
		       uint64_t *ret_addr)
{
	unsigned int n = payload_num_args(msg->sc);

	*ret_addr = 0;
	if (msg->sc >> 29)
		return DSP_EBADPARM;
	if (payload_out_handles(msg->sc))
		return DSP_EUNSUPPORTED;
	if (!n)
		return 0;
	if (msg->size < payload_meta_size(n) + PAYLOAD_MIN_TAIL || msg->addr % 8 ||
	    !payload_range(msg->addr, msg->size, bank, ret_addr))
		return DSP_EBADPARM;
	return 0;
}

static bool decode_arg(const union qda_wire_arg *wire, const struct qda_wire_page *page,
		       bool handle, const struct payload_bank *bank,
		       struct payload_arg *arg)
{
	uint64_t size = le64toh(page->size), in_page = 0;

	if (handle) {
		arg->dsp_id = le32toh(wire->dma.dsp_id);
		arg->offset = le32toh(wire->dma.offset);
		arg->len = le32toh(wire->dma.len);
		arg->page_size = size;
		if (!arg->dsp_id || arg->dsp_id > INT32_MAX)
			return false;
	} else {
		arg->len = le64toh(wire->buf.len);
		in_page = le64toh(wire->buf.pv) & QDA_DSP_PAGE_MASK;
	}
	if (!payload_range(le64toh(page->addr), size, bank, &arg->addr) ||
	    arg->addr & QDA_DSP_PAGE_MASK)
		return false;
	if (in_page > size || arg->len > size - in_page)
		return false;
	arg->addr += in_page;
	return true;
}

int32_t payload_decode(const void *meta, uint32_t sc, const struct payload_bank *bank,
		       struct payload_arg *args)
{
	unsigned int n = payload_num_args(sc), i;
	unsigned int buffers = payload_in(sc) + payload_out(sc);
	const char *wire_args = meta;
	const char *bufs = wire_args + n * sizeof(union qda_wire_arg);
	const char *pages = bufs + n * sizeof(struct qda_wire_buf);

	for (i = 0; i < n; i++) {
		union qda_wire_arg arg;
		struct qda_wire_buf buf;
		struct qda_wire_page page;
		uint32_t num, index;

		memcpy(&arg, wire_args + i * sizeof(arg), sizeof(arg));
		memcpy(&buf, bufs + i * sizeof(buf), sizeof(buf));
		memset(&args[i], 0, sizeof(args[i]));
		num = le32toh(buf.num);
		index = le32toh(buf.pgidx);
		if (!num) {
			/* absent: only a buffer can be, and only an empty one */
			if (i >= buffers || arg.buf.len)
				return DSP_EBADPARM;
			continue;
		}
		if (num != 1 || index >= n)
			return DSP_EBADPARM;
		memcpy(&page, pages + index * sizeof(page), sizeof(page));
		if (!decode_arg(&arg, &page, i >= buffers, bank, &args[i]))
			return DSP_EBADPARM;
	}
	return 0;
}

bool uri_parse(const char *text, size_t len, struct uri *ret_uri)
{
	static const char scheme[] = "file:///";
	const char *end = memchr(text, '\0', len);
	const char *query, *stop;
	size_t n;

	if (!end)
		end = text + len;
	len = (size_t)(end - text);
	if (len < sizeof(scheme) - 1 || memcmp(text, scheme, sizeof(scheme) - 1))
		return false;
	text += sizeof(scheme) - 1;
	query = memchr(text, '?', (size_t)(end - text));
	n = (size_t)((query ? query : end) - text);
	if (!n || n >= URI_MAX)
		return false;
	memcpy(ret_uri->file, text, n);
	ret_uri->file[n] = '\0';
	ret_uri->symbol[0] = '\0';
	if (!query)
		return true;
	query++;
	stop = memchr(query, '&', (size_t)(end - query));
	n = (size_t)((stop ? stop : end) - query);
	if (n >= URI_MAX)
		return false;
	/* "?_modver=1.0" has options only */
	if (memchr(query, '=', n))
		n = 0;
	memcpy(ret_uri->symbol, query, n);
	ret_uri->symbol[n] = '\0';
	return true;
}
