// SPDX-License-Identifier: MIT
/* What the DSP says of itself: plausible figures for a chip generation. */
#include <endian.h>
#include <string.h>

#include <drm/qda_accel.h>

#include "softdsp.h"

enum attr {
	ATTR_DOMAIN_SUPPORT = 0,
	ATTR_UNSIGNED_PD = 1,
	ATTR_HVX_64B = 2,
	ATTR_HVX_128B = 3,
	ATTR_VTCM_PAGE = 4,
	ATTR_VTCM_COUNT = 5,
	ATTR_ARCH_VER = 6,
	ATTR_HMX_DEPTH = 7,
	ATTR_HMX_SPATIAL = 8,
	ATTR_ASYNC_FASTRPC = 9,
	ATTR_STATUS_NOTIFICATION = 10,
	ATTR_MCID_MULTICAST = 11,
};

/* firmware tells by a number which form of status notifications it has */
#define NOTIFICATION_V2 3

struct generation {
	const char *name;
	uint32_t arch;
	/* of a compute DSP; the others have neither vectors nor matrices */
	uint32_t hvx_128b, vtcm_page, vtcm_count, hmx_depth, hmx_spatial;
	uint32_t async, notification, multicast;
};

static const struct generation generations[] = {
	{ "v66", 0x66, 2, 256u << 10, 1, 0, 0, 0, 0, 0 },
	{ "v68", 0x68, 4, 4u << 20, 1, 1, 0, 1, NOTIFICATION_V2, 0 },
	{ "v73", 0x73, 4, 8u << 20, 1, 1, 1, 1, NOTIFICATION_V2, 1 },
	{ "v75", 0x75, 6, 8u << 20, 1, 1, 1, 1, NOTIFICATION_V2, 1 },
};

/* [0] is not on the wire: the CPU answers it */
static uint32_t values[QDA_UTIL_NUM_ATTRS + 1];

int attrs_find_generation(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
		if (!strcmp(generations[i].name, name))
			return (int)i;
	}
	return -1;
}

void attrs_init(void)
{
	const struct generation *gen = &generations[dsp.generation];

	values[ATTR_DOMAIN_SUPPORT] = 1;
	values[ATTR_ARCH_VER] = gen->arch;
	values[ATTR_ASYNC_FASTRPC] = gen->async;
	values[ATTR_STATUS_NOTIFICATION] = gen->notification;
	if (!(dsp.features & DRM_QDA_FEATURE_UNSIGNED_PD))
		return;
	values[ATTR_UNSIGNED_PD] = 1;
	values[ATTR_HVX_128B] = gen->hvx_128b;
	values[ATTR_VTCM_PAGE] = gen->vtcm_page;
	values[ATTR_VTCM_COUNT] = gen->vtcm_count;
	values[ATTR_HMX_DEPTH] = gen->hmx_depth;
	values[ATTR_HMX_SPATIAL] = gen->hmx_spatial;
	values[ATTR_MCID_MULTICAST] = gen->multicast;
}

bool attrs_set(uint32_t id, uint32_t value)
{
	if (!id || id > QDA_UTIL_NUM_ATTRS)
		return false;
	values[id] = value;
	return true;
}

void attrs_exec(struct call *call)
{
	uint32_t wire[QDA_UTIL_NUM_ATTRS];
	uint32_t count, i;
	int32_t status;

	status = call_read(call, 0, &count, sizeof(count));
	count = le32toh(count);
	if (!status && (!count || call->args[1].len / sizeof(uint32_t) < count))
		status = DSP_EBADPARM;
	if (!status) {
		if (count > QDA_UTIL_NUM_ATTRS)
			count = QDA_UTIL_NUM_ATTRS;
		for (i = 0; i < count; i++)
			wire[i] = htole32(values[i + 1]);
		status = call_write(call, 1, wire, count * sizeof(wire[0]));
	}
	call_finish(call, status);
}
