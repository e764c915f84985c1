// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Message payloads and replies. The payload lies in memory the DSP can write at
 * any time: it is written once, and nothing is read back but the list of
 * finished buffers, each entry once.
 */
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/string.h>
#include <linux/types.h>

#include <asm/byteorder.h>

#include "qda_pack.h"

/* The parts of a payload for n arguments */
struct qda_payload {
	union qda_wire_arg *args;
	struct qda_wire_buf *bufs;
	struct qda_wire_page *pages;
	struct qda_wire_tail *tail;
};

static struct qda_payload qda_payload_parts(void *payload, unsigned int n)
{
	struct qda_payload p;

	p.args = payload;
	p.bufs = (void *)(p.args + n);
	p.pages = (void *)(p.bufs + n);
	p.tail = (void *)(p.pages + n);
	return p;
}

static void qda_pack_page(struct qda_wire_page *page, __u64 bus, __u64 len)
{
	__u64 first = round_down(bus, QDA_DSP_PAGE_SIZE);

	page->addr = cpu_to_le64(first);
	page->size = cpu_to_le64(round_up(bus + len - first,
					  QDA_DSP_PAGE_SIZE));
}

static void qda_pack_buf(struct qda_payload *p, unsigned int i, __u64 pv,
			 __u64 bus, __u64 len)
{
	p->args[i].buf.pv = cpu_to_le64(pv);
	p->args[i].buf.len = cpu_to_le64(len);
	p->bufs[i].num = cpu_to_le32(1);
	p->bufs[i].pgidx = cpu_to_le32(i);
	qda_pack_page(&p->pages[i], bus, len);
}

static void qda_pack_absent(struct qda_payload *p, unsigned int i)
{
	memset(&p->args[i], 0, sizeof(p->args[i]));
	p->bufs[i].num = 0;
	p->bufs[i].pgidx = cpu_to_le32(i);
	memset(&p->pages[i], 0, sizeof(p->pages[i]));
}

void qda_pack_args(void *payload, unsigned int n, __u32 sc,
		   const struct drm_qda_arg *args,
		   const struct qda_object_span *spans)
{
	struct qda_payload p = qda_payload_parts(payload, n);
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct drm_qda_arg *arg = &args[i];

		if (!arg->length) {
			qda_pack_absent(&p, i);
		} else if (qda_arg_class(sc, i) == QDA_ARG_IN_HANDLE) {
			p.args[i].dma.dsp_id = cpu_to_le32((__u32)arg->dsp_id);
			p.args[i].dma.offset = cpu_to_le32((__u32)arg->offset);
			p.args[i].dma.len = cpu_to_le32((__u32)arg->length);
			p.args[i].dma.pad = 0;
			p.bufs[i].num = cpu_to_le32(1);
			p.bufs[i].pgidx = cpu_to_le32(i);
			/* DSP code finds its place inside the whole object */
			qda_pack_page(&p.pages[i], spans[i].bus, spans[i].size);
		} else {
			/*
			 * A given address has the same low bits; the others are
			 * none of the DSP's business.
			 */
			qda_pack_buf(&p, i, arg->offset & QDA_DSP_PAGE_MASK,
				     spans[i].bus + arg->offset, arg->length);
		}
	}
	memset(p.tail, 0, sizeof(*p.tail));
}

void qda_pack_ctl(void *payload, unsigned int n, const struct qda_ctl_arg *args)
{
	struct qda_payload p = qda_payload_parts(payload, n);
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (args[i].len)
			qda_pack_buf(&p, i, args[i].bus & QDA_DSP_PAGE_MASK,
				     args[i].bus, args[i].len);
		else
			qda_pack_absent(&p, i);
	}
	memset(p.tail, 0, sizeof(*p.tail));
}

unsigned int qda_unpack_fdlist(const void *payload, unsigned int n,
			       __u32 ids[QDA_WIRE_FDLIST_LEN])
{
	const struct qda_wire_tail *tail =
		(const void *)((const __u8 *)payload + n * QDA_WIRE_PER_ARG);
	unsigned int i, found = 0;

	for (i = 0; i < QDA_WIRE_FDLIST_LEN; i++) {
		__u64 id = le64_to_cpu(READ_ONCE(tail->fdlist[i]));

		if (!id)
			break;
		/* no mapping can have it */
		if (id > S32_MAX)
			continue;
		ids[found++] = (__u32)id;
	}
	return found;
}

__u64 qda_ctx_make(__u64 seq, unsigned int id, enum qda_pd_type pd)
{
	return (seq & QDA_CTX_SEQ_MASK) << QDA_CTX_SEQ_SHIFT |
	       (id & QDA_CTX_ID_MASK) << QDA_CTX_ID_SHIFT |
	       ((__u64)pd & QDA_CTX_PD_MASK);
}

unsigned int qda_ctx_id(__u64 ctx)
{
	return (unsigned int)(ctx >> QDA_CTX_ID_SHIFT & QDA_CTX_ID_MASK);
}

enum qda_reply_kind qda_parse_reply(const void *data, size_t len,
				    struct qda_reply *ret_reply)
{
	const __u8 *p = data;
	struct qda_wire_notif notif;
	struct qda_wire_rsp_v2 v2;
	struct qda_wire_rsp rsp;

	if (len < QDA_WIRE_RSP_MIN)
		return QDA_REPLY_IGNORE;

	memset(&rsp, 0, sizeof(rsp));
	memcpy(&rsp, p, len < sizeof(rsp) ? len : sizeof(rsp));

	if (le64_to_cpu(rsp.ctx) == QDA_WIRE_NOTIF_CTX) {
		if (len < QDA_WIRE_NOTIF_MIN)
			return QDA_REPLY_IGNORE;
		memset(&notif, 0, sizeof(notif));
		memcpy(&notif, p, QDA_WIRE_NOTIF_MIN);
		/* that the DSP is gone is not the DSP's to say */
		if (le32_to_cpu(notif.type) != QDA_WIRE_NOTIF_STATUS ||
		    le32_to_cpu(notif.status) > DRM_QDA_PD_STATUS_EXCEPTION)
			return QDA_REPLY_IGNORE;
		ret_reply->ctx = QDA_WIRE_NOTIF_CTX;
		ret_reply->status = (__s32)le32_to_cpu(notif.status);
		ret_reply->client_id = le32_to_cpu(notif.client_id);
		return QDA_REPLY_NOTIF;
	}

	/* the longer form can also say that a call is about to end */
	if (len >= sizeof(v2)) {
		memcpy(&v2, p, sizeof(v2));
		if (le32_to_cpu(v2.version) == QDA_WIRE_RSP_V2 &&
		    le32_to_cpu(v2.flags) != QDA_WIRE_RSP_NORMAL &&
		    le32_to_cpu(v2.flags) != QDA_WIRE_RSP_COMPLETE)
			return QDA_REPLY_IGNORE;
	}

	ret_reply->ctx = le64_to_cpu(rsp.ctx);
	ret_reply->status = (__s32)le32_to_cpu(rsp.retval);
	ret_reply->client_id = 0;
	return QDA_REPLY_CALL;
}
