// SPDX-License-Identifier: MIT
/*
 * The driver's pure code on arbitrary bytes: every check, packing of what passed
 * them, replies and payloads a hostile DSP may have written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plant.h"
#include "qda/qda_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

struct input {
	const uint8_t *data;
	size_t size;
};

/* What is missing is zero, as for a caller with an older struct. */
static void take(struct input *in, void *to, size_t size)
{
	size_t n = in->size < size ? in->size : size;

	memset(to, 0, size);
	if (n)
		memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

static uint8_t take_byte(struct input *in)
{
	uint8_t b;

	take(in, &b, 1);
	return b;
}

static void known_error(int err)
{
	MUST(err == 0 || err == -EINVAL || err == -E2BIG || err == -EPERM ||
	     err == -EOPNOTSUPP || err == -ERANGE);
}

static void fuzz_query(struct input *in)
{
	struct drm_qda_query q;
	int err;

	take(in, &q, sizeof(q));
	err = qda_check_query(&q);
	known_error(err);
	if (!err)
		MUST(!q.flags && q.type <= DRM_QDA_QUERY_MEMORY && q.index < 256);
}

static void fuzz_gem(struct input *in)
{
	struct drm_qda_gem_create c;
	struct drm_qda_gem_mmap_offset o;
	int err;

	take(in, &c, sizeof(c));
	err = qda_check_gem_create(&c);
	known_error(err);
	if (!err)
		MUST(c.size && c.size <= QDA_MAX_BUFFER && !c.flags);
	take(in, &o, sizeof(o));
	MUST(!qda_check_gem_mmap_offset(&o) == !o.pad);
}

static void fuzz_attach(struct input *in)
{
	struct drm_qda_session_attach a;
	bool privileged = take_byte(in) & 1;
	uint32_t features = take_byte(in);
	int err;

	take(in, &a, sizeof(a));
	err = qda_check_attach(&a, privileged, features);
	known_error(err);
	if (err)
		return;
	MUST(privileged && a.pd <= DRM_QDA_PD_SENSORS);
	/* the name can be used as a string */
	MUST(!a.name[DRM_QDA_NAME_LEN - 1]);
	MUST((a.pd == DRM_QDA_PD_STATIC) == (a.name[0] != 0));
}

static void fuzz_create(struct input *in)
{
	struct drm_qda_remote_session_create a;
	bool privileged = take_byte(in) & 1;
	uint32_t features = take_byte(in), attrs;
	uint64_t size, mem;
	int err;

	take(in, &size, sizeof(size));
	take(in, &a, sizeof(a));
	err = qda_check_create(&a, privileged, features);
	known_error(err);
	if (err)
		return;
	MUST(a.length <= QDA_MAX_SHELL && a.siglen <= a.length);
	attrs = qda_create_attrs(&a, privileged);
	MUST(privileged == !!(attrs & DRM_QDA_PD_PRIVILEGED));
	MUST(privileged || (attrs & DRM_QDA_PD_UNSIGNED));
	mem = qda_init_mem_size(&a);
	MUST(mem >= QDA_MIN_INIT_MEM && mem <= QDA_MAX_INIT_MEM);
	MUST(!(mem & QDA_DSP_PAGE_MASK) && mem >= a.init_mem_size);
	if (!qda_check_shell(&a, size))
		MUST(a.offset <= size && size - a.offset >= a.length);
}

static void fuzz_map(struct input *in)
{
	struct drm_qda_remote_map a;
	struct drm_qda_remote_munmap u;
	uint64_t size;
	int err;

	take(in, &size, sizeof(size));
	take(in, &a, sizeof(a));
	err = qda_check_map(&a);
	known_error(err);
	if (!err) {
		MUST(a.length && !(a.offset & QDA_DSP_PAGE_MASK));
		MUST((a.type == DRM_QDA_MAP_ADD_PAGES) == (a.dsp_id == 0));
		MUST(a.dsp_id >= 0);
	}
	if (!qda_check_map_range(&a, size))
		MUST(a.offset <= size && size - a.offset >= a.length);
	take(in, &u, sizeof(u));
	known_error(qda_check_munmap(&u));
}

static void fuzz_small(struct input *in)
{
	struct drm_qda_remote_wait w;
	struct drm_qda_set_option o;
	struct drm_qda_remote_session_release r;

	take(in, &w, sizeof(w));
	known_error(qda_check_wait(&w));
	take(in, &o, sizeof(o));
	known_error(qda_check_option(&o));
	if (!qda_check_option(&o)) {
		MUST(o.value || o.option == DRM_QDA_OPTION_STATUS_EVENTS ||
		     o.option == DRM_QDA_OPTION_ANSWER_TIMEOUT);
		MUST(o.value <= QDA_MAX_IN_FLIGHT ||
		     o.option == DRM_QDA_OPTION_MEMORY_LIMIT ||
		     (o.option == DRM_QDA_OPTION_ANSWER_TIMEOUT &&
		      o.value <= DRM_QDA_MAX_ANSWER_TIMEOUT));
	}
	take(in, &r, sizeof(r));
	known_error(qda_check_release(&r));
}

/* Every page the DSP is given lies inside the object the argument named. */
static void check_payload(const uint8_t *payload, unsigned int n, uint32_t sc,
			  const struct drm_qda_arg *args,
			  const struct qda_object_span *spans)
{
	const union qda_wire_arg *wire = (const void *)payload;
	const struct qda_wire_buf *bufs = (const void *)(wire + n);
	const struct qda_wire_page *pages = (const void *)(bufs + n);
	const uint8_t *tail = (const uint8_t *)(pages + n);
	unsigned int i;
	size_t j;

	for (i = 0; i < n; i++) {
		MUST(bufs[i].num <= 1 && bufs[i].pgidx == i);
		if (!args[i].length) {
			MUST(!bufs[i].num && !wire[i].buf.pv && !wire[i].buf.len);
			MUST(!pages[i].addr && !pages[i].size);
			continue;
		}
		MUST(bufs[i].num == 1);
		MUST(!(pages[i].addr & QDA_DSP_PAGE_MASK) && pages[i].size);
		MUST(!(pages[i].size & QDA_DSP_PAGE_MASK));
		MUST(pages[i].addr >= spans[i].bus);
		MUST(pages[i].size <= spans[i].size);
		MUST(pages[i].addr - spans[i].bus <= spans[i].size - pages[i].size);
		if (qda_arg_class(sc, i) == QDA_ARG_IN_HANDLE) {
			MUST((int32_t)wire[i].dma.dsp_id == args[i].dsp_id);
			MUST(wire[i].dma.offset <= spans[i].size - wire[i].dma.len);
			continue;
		}
		/* what the DSP computes: page, and the low bits of the pointer */
		MUST(wire[i].buf.len == args[i].length);
		MUST(pages[i].addr + (wire[i].buf.pv & QDA_DSP_PAGE_MASK) ==
		     spans[i].bus + args[i].offset);
		MUST((wire[i].buf.pv & QDA_DSP_PAGE_MASK) + args[i].length <=
		     pages[i].size);
	}
	for (j = 0; j < sizeof(struct qda_wire_tail); j++)
		MUST(!tail[j]);
}

static void fuzz_pack(struct input *in)
{
	struct drm_qda_remote_invoke a;
	struct drm_qda_arg *args;
	struct qda_object_span *spans;
	unsigned int n, i;
	uint64_t *payload;
	int ok = 1, present = 0, err;

	take(in, &a, sizeof(a));
	err = qda_check_invoke(&a);
	known_error(err);
	if (err) {
		/* go on with a call that is right, so that arguments are reached */
		a.scalars &= 0x1f0303f0;
		a.num_args = DRM_QDA_SCALARS_NUM_ARGS(a.scalars);
	}
	n = a.num_args;
	MUST(n <= DRM_QDA_MAX_ARGS);
	args = calloc(n + 1, sizeof(*args));
	spans = calloc(n + 1, sizeof(*spans));
	/* exactly as large as promised: one byte more is found */
	payload = malloc(QDA_WIRE_PAYLOAD(n));
	if (!args || !spans || !payload)
		goto out;
	memset(payload, 0xa5, QDA_WIRE_PAYLOAD(n));

	for (i = 0; i < n && ok; i++) {
		enum qda_arg_class cls = qda_arg_class(a.scalars, i);
		uint16_t pages;
		int ret;

		take(in, &args[i], sizeof(args[i]));
		take(in, &pages, sizeof(pages));
		spans[i].size = ((uint64_t)pages + 1) << QDA_DSP_PAGE_SHIFT;
		spans[i].bus = (uint64_t)(i + 1) << 32 | (uint64_t)pages << 12;
		ret = qda_check_arg(&args[i], cls);
		MUST(ret == 0 || ret == 1 || ret == -EINVAL);
		if (ret == 1) {
			MUST(args[i].length);
			present++;
			ret = qda_check_arg_range(&args[i], spans[i].size);
			MUST(ret == 0 || ret == -EINVAL);
		}
		ok = ret >= 0;
	}
	if (ok) {
		qda_pack_args(payload, n, a.scalars, args, spans);
		check_payload((uint8_t *)payload, n, a.scalars, args, spans);
		FUZZ_PLANT(present == 2 && n == 3);
	}
out:
	free(payload);
	free(spans);
	free(args);
}

static void fuzz_control(struct input *in)
{
	struct qda_ctl_arg args[4];
	unsigned int n = take_byte(in) % 5, i;
	uint64_t payload[QDA_WIRE_PAYLOAD(4) / 8];

	take(in, args, sizeof(args));
	for (i = 0; i < n; i++) {
		args[i].bus &= 0xffffffffffULL;
		args[i].len &= 0xffffffff;
	}
	qda_pack_ctl(payload, n, args);
	for (i = 0; i < n; i++)
		MUST(payload[2 * i + 1] == args[i].len);
}

static void fuzz_finished(struct input *in)
{
	unsigned int n = take_byte(in) % 8, found, i;
	uint32_t ids[QDA_WIRE_FDLIST_LEN];
	uint8_t *payload = malloc(QDA_WIRE_PAYLOAD(n));

	if (!payload)
		return;
	take(in, payload, QDA_WIRE_PAYLOAD(n));
	found = qda_unpack_fdlist(payload, n, ids);
	MUST(found <= QDA_WIRE_FDLIST_LEN);
	for (i = 0; i < found; i++)
		MUST(ids[i] && ids[i] <= INT32_MAX);
	free(payload);
}

static void fuzz_reply(struct input *in)
{
	struct qda_reply reply;
	enum qda_reply_kind kind;
	uint8_t *copy;
	uint64_t ctx = 0;

	/* a copy of its own length, so that reading past it is found */
	copy = malloc(in->size + !in->size);
	if (!copy)
		return;
	memcpy(copy, in->data, in->size);
	memset(&reply, 0xa5, sizeof(reply));
	kind = qda_parse_reply(copy, in->size, &reply);
	if (in->size >= 8)
		memcpy(&ctx, copy, sizeof(ctx));
	MUST(in->size >= QDA_WIRE_RSP_MIN || kind == QDA_REPLY_IGNORE);
	if (kind == QDA_REPLY_CALL)
		MUST(reply.ctx == ctx && ctx != QDA_WIRE_NOTIF_CTX &&
		     qda_ctx_id(ctx) <= QDA_CTX_ID_MASK);
	if (kind == QDA_REPLY_NOTIF)
		MUST(ctx == QDA_WIRE_NOTIF_CTX && in->size >= QDA_WIRE_NOTIF_MIN &&
		     reply.status >= DRM_QDA_PD_STATUS_UP &&
		     reply.status <= DRM_QDA_PD_STATUS_EXCEPTION);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct input *) = {
		fuzz_query, fuzz_gem, fuzz_attach, fuzz_create, fuzz_map, fuzz_small,
		fuzz_pack, fuzz_control, fuzz_finished, fuzz_reply,
	};
	struct input in = { data, size };
	uint8_t which = take_byte(&in);

	targets[which % (sizeof(targets) / sizeof(targets[0]))](&in);
	return 0;
}
