// SPDX-License-Identifier: MIT
/* What a DSP can do for who asks, and what is missing where it cannot. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "info.h"

/* the first generation with a matrix unit */
#define ARCH_HMX 0x68
/* the value that says the form of notifications in use */
#define NOTIFICATION_V2 3

const struct info_attr *info_attr(const struct info *info, uint32_t id)
{
	size_t i;

	for (i = 0; i < info->num_attrs; i++)
		if (info->attrs[i].id == id)
			return &info->attrs[i];
	return NULL;
}

const char *info_attr_why(const struct info_attr *attr, char *text, size_t size)
{
	if (attr->id >= INFO_ATTR_DRIVER) {
		snprintf(text, size, "of another driver, not of the DSP");
		return text;
	}
	switch (attr->err) {
	case -EOPNOTSUPP:
		snprintf(text, size, "the firmware has no attribute query");
		break;
	case -EBUSY:
		snprintf(text, size, "all context banks are taken, so the DSP cannot be "
				     "asked now");
		break;
	case -EREMOTEIO:
		snprintf(text, size, "the DSP refused to tell: %s (%s, 0x%08x)",
			 qda_status_text(attr->status), qda_status_name(attr->status),
			 (uint32_t)attr->status);
		break;
	default:
		snprintf(text, size, "the DSP cannot be asked: %s",
			 qda_strerror(attr->err));
		break;
	}
	return text;
}

static void say(struct ability *a, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct ability *a, enum verdict verdict, const char *format, ...)
{
	va_list ap;

	a->verdict = verdict;
	va_start(ap, format);
	vsnprintf(a->why, sizeof(a->why), format, ap);
	va_end(ap);
}

/* The attribute's value, or false and why it is not known. */
static bool told(const struct info *info, struct ability *a, uint32_t id,
		 uint32_t *ret_value)
{
	const struct info_attr *attr = info_attr(info, id);

	if (attr && !attr->err) {
		*ret_value = attr->value;
		return true;
	}
	a->verdict = VERDICT_UNKNOWN;
	if (attr)
		info_attr_why(attr, a->why, sizeof(a->why));
	return false;
}

static bool is_told_as_zero(const struct info *info, uint32_t id)
{
	const struct info_attr *attr = info_attr(info, id);

	return attr && !attr->err && !attr->value;
}

static bool privileged(const struct info *info, struct ability *a)
{
	if (info->features & QDA_FEATURE_PRIVILEGED)
		return true;
	say(a, VERDICT_NO, "needs privilege: %s",
	    info->soft ? "this soft device gives none" :
			 "the opener lacks CAP_SYS_ADMIN");
	return false;
}

static void privilege(const struct info *info, struct ability *a)
{
	if (info->features & QDA_FEATURE_PRIVILEGED)
		say(a, VERDICT_YES, "who opens the device here counts as privileged");
	else if (info->soft)
		say(a, VERDICT_NO, "this soft device was started without (priv=0)");
	else
		say(a, VERDICT_NO, "the opener lacks CAP_SYS_ADMIN; a process that has "
				   "it can open the device and pass the open file on");
}

static void session(const struct info *info, struct ability *a)
{
	unsigned long long total = info->banks_total, free_now = info->banks_free;

	if (free_now)
		say(a, VERDICT_YES, "%llu of %llu context banks are free", free_now,
		    total);
	else if (total)
		say(a, VERDICT_NO, "all %llu context banks are taken by other sessions",
		    total);
	else
		say(a, VERDICT_NO, "the device has no context banks");
}

static void attribute_query(const struct info *info, struct ability *a)
{
	uint32_t value;

	if (told(info, a, QDA_ATTR_ARCH_VER, &value))
		say(a, VERDICT_YES, "qda-run info --attrs lists the answers");
	else if (info_attr(info, QDA_ATTR_ARCH_VER)->err == -EOPNOTSUPP)
		a->verdict = VERDICT_NO;
}

static void unsigned_pd(const struct info *info, struct ability *a)
{
	if (!(info->features & QDA_FEATURE_UNSIGNED_PD))
		say(a, VERDICT_NO, "only compute DSPs (cdsp, gdsp) run unsigned PDs, and "
				   "this is %s", info->name);
	else if (is_told_as_zero(info, QDA_ATTR_UNSIGNED_PD))
		say(a, VERDICT_NO, "the firmware says that it has none");
	else
		say(a, VERDICT_YES, "its modules need no signature");
}

static void signed_pd(const struct info *info, struct ability *a)
{
	if (privileged(info, a))
		say(a, VERDICT_YES, "its modules need a signature that the DSP accepts");
}

static void root_pd(const struct info *info, struct ability *a)
{
	if (privileged(info, a))
		say(a, VERDICT_YES, "serves what is part of the firmware");
}

static void sensors_pd(const struct info *info, struct ability *a)
{
	if (!(info->features & QDA_FEATURE_SENSORS_PD))
		say(a, VERDICT_NO, "only adsp and sdsp have one, and this is %s",
		    info->name);
	else if (privileged(info, a))
		say(a, VERDICT_YES, "if the firmware of this board has it");
}

static void static_pd(const struct info *info, struct ability *a)
{
	if (!(info->features & QDA_FEATURE_STATIC_PD))
		say(a, VERDICT_NO, "only adsp has them, and this is %s", info->name);
	else if (privileged(info, a))
		say(a, VERDICT_YES, "those that the firmware of this board has; audiopd "
				    "also needs memory reserved for it");
}

static void hvx(const struct info *info, struct ability *a, uint32_t id, uint32_t other)
{
	const struct info_attr *longer = info_attr(info, other);
	uint32_t threads;

	if (!told(info, a, id, &threads))
		return;
	if (threads)
		say(a, VERDICT_YES, "for %u thread%s at a time", threads,
		    threads == 1 ? "" : "s");
	else if (longer && !longer->err && longer->value)
		say(a, VERDICT_NO, "the DSP has only the other length");
	else
		say(a, VERDICT_NO, "the DSP says that it has none; on most chips only the "
				   "compute DSP (cdsp) has vectors");
}

static void hvx_64(const struct info *info, struct ability *a)
{
	hvx(info, a, QDA_ATTR_HVX_64B, QDA_ATTR_HVX_128B);
}

static void hvx_128(const struct info *info, struct ability *a)
{
	hvx(info, a, QDA_ATTR_HVX_128B, QDA_ATTR_HVX_64B);
}

static void vtcm(const struct info *info, struct ability *a)
{
	char total[24], one[32];
	uint32_t page, count;

	if (!told(info, a, QDA_ATTR_VTCM_PAGE, &page) ||
	    !told(info, a, QDA_ATTR_VTCM_COUNT, &count))
		return;
	if (!page || !count) {
		say(a, VERDICT_NO, "the DSP says that it has none");
		return;
	}
	qda_attr_format(QDA_ATTR_VTCM_PAGE, page, one, sizeof(one));
	say(a, VERDICT_YES, "%s: %u page%s of %s",
	    cli_bytes((uint64_t)page * count, total), count, count == 1 ? "" : "s", one);
}

static void hmx(const struct info *info, struct ability *a)
{
	uint32_t depth, spatial, arch;

	if (!told(info, a, QDA_ATTR_HMX_DEPTH, &depth) ||
	    !told(info, a, QDA_ATTR_HMX_SPATIAL, &spatial) ||
	    !told(info, a, QDA_ATTR_ARCH_VER, &arch))
		return;
	arch &= 0xff;
	if (depth || spatial)
		say(a, VERDICT_YES, "depth %u, spatial extent %u", depth, spatial);
	else if (arch && arch < ARCH_HMX)
		say(a, VERDICT_NO, "came with v%x, and this is v%x", ARCH_HMX, arch);
	else if (is_told_as_zero(info, QDA_ATTR_HVX_128B) &&
		 is_told_as_zero(info, QDA_ATTR_VTCM_PAGE))
		say(a, VERDICT_NO, "it works on vector memory, and the DSP says that it "
				   "has none");
	else
		say(a, VERDICT_UNKNOWN, "the DSP does not tell: some that have one report "
					"0, as this one does");
}

static void async_calls(const struct info *info, struct ability *a)
{
	(void)info;
	say(a, VERDICT_YES, "done by driver and library; nothing is needed of the "
			    "firmware");
}

static void status_notification(const struct info *info, struct ability *a)
{
	uint32_t form;

	if (!told(info, a, QDA_ATTR_STATUS_NOTIFICATION, &form))
		return;
	if (form == NOTIFICATION_V2)
		say(a, VERDICT_YES, "the firmware tells when a PD comes up, exits or "
				    "crashes");
	else if (!form)
		say(a, VERDICT_NO, "the firmware sends none, so only the loss of the DSP "
				   "is told");
	else
		say(a, VERDICT_UNKNOWN, "the firmware says that it has another form of "
					"them (%u)", form);
}

static void coherent(const struct info *info, struct ability *a)
{
	if (info->features & QDA_FEATURE_COHERENT)
		say(a, VERDICT_YES, "the CPU's mappings are cached");
	else
		say(a, VERDICT_NO, "the CPU's mappings are not cached, so reading them is "
				   "slow; the device tree does not say dma-coherent");
}

static void import(const struct info *info, struct ability *a)
{
	if (info->soft)
		say(a, VERDICT_YES, "of sealed memory files (memfd), which stand for "
				    "dma-bufs");
	else
		say(a, VERDICT_YES, "of dma-bufs, which the DSP reads and writes in place");
}

static void pass_on(const struct info *info, struct ability *a)
{
	if (info->soft)
		say(a, VERDICT_NO, "a soft session stays in the process that opened it");
	else
		say(a, VERDICT_YES, "another process can use the session's open file");
}

static const struct {
	const char *key, *text;
	void (*judge)(const struct info *info, struct ability *a);
} judges[INFO_NUM_ABILITIES] = {
	{ "session", "a session now", session },
	{ "privilege", "privilege", privilege },
	{ "unsigned_pd", "unsigned user PD", unsigned_pd },
	{ "signed_pd", "signed user PD", signed_pd },
	{ "root_pd", "root PD", root_pd },
	{ "sensors_pd", "sensors PD", sensors_pd },
	{ "static_pd", "static PDs", static_pd },
	{ "hvx_64b", "64-byte vectors (HVX)", hvx_64 },
	{ "hvx_128b", "128-byte vectors (HVX)", hvx_128 },
	{ "vtcm", "vector memory (VTCM)", vtcm },
	{ "hmx", "matrix unit (HMX)", hmx },
	{ "async_calls", "asynchronous calls", async_calls },
	{ "status_notification", "status notifications", status_notification },
	{ "coherent", "coherent buffers", coherent },
	{ "import", "zero-copy import", import },
	{ "pass_on", "passing a session on", pass_on },
	{ "attribute_query", "attribute query", attribute_query },
};

void info_abilities(const struct info *info, struct ability abilities[INFO_NUM_ABILITIES])
{
	size_t i;

	for (i = 0; i < INFO_NUM_ABILITIES; i++) {
		abilities[i] = (struct ability){
			.key = judges[i].key,
			.text = judges[i].text,
		};
		judges[i].judge(info, &abilities[i]);
	}
}
