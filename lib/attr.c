/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <qda/device.h>

#include "internal.h"

enum form {
	YES_NO,
	COUNT,
	BYTES,
	ARCH,
	/* of a size that firmware gives as 0 even where there is one */
	EXTENT,
	NOTIFICATION,
};

/* the form of status notifications that has a value of its own in the vendor's code */
#define NOTIFICATION_V2 3

static const struct entry {
	uint32_t id;
	enum form form;
	const char *name;
	const char *text;
} entries[] = {
	{ QDA_ATTR_DOMAIN_SUPPORT, YES_NO, "domain_support",
	  "There is such a DSP; answered by the CPU's side." },
	{ QDA_ATTR_UNSIGNED_PD, YES_NO, "unsigned_pd_support",
	  "The firmware creates PDs that run unsigned modules." },
	{ QDA_ATTR_HVX_64B, COUNT, "hvx_64b",
	  "Threads at a time that can use vectors (HVX) of 64 bytes." },
	{ QDA_ATTR_HVX_128B, COUNT, "hvx_128b",
	  "Threads at a time that can use vectors (HVX) of 128 bytes." },
	{ QDA_ATTR_VTCM_PAGE, BYTES, "vtcm_page",
	  "Largest page of vector memory (VTCM) that can be allocated." },
	{ QDA_ATTR_VTCM_COUNT, COUNT, "vtcm_count",
	  "Pages of that size in the vector memory (VTCM)." },
	{ QDA_ATTR_ARCH_VER, ARCH, "arch_ver",
	  "Generation of the Hexagon processor, as hex digits in the low byte; the "
	  "bits above it tell variants apart." },
	{ QDA_ATTR_HMX_DEPTH, EXTENT, "hmx_depth",
	  "Depth of the matrix unit (HMX); 0 does not mean that there is none." },
	{ QDA_ATTR_HMX_SPATIAL, EXTENT, "hmx_spatial",
	  "Spatial extent of the matrix unit (HMX); 0 does not mean that there is "
	  "none." },
	{ QDA_ATTR_ASYNC_FASTRPC, YES_NO, "async_fastrpc",
	  "The firmware knows the vendor's protocol for asynchronous calls; those of "
	  "this library need nothing of it." },
	{ QDA_ATTR_STATUS_NOTIFICATION, NOTIFICATION, "status_notification",
	  "The firmware tells when a PD comes up, exits or crashes; 3 is the form in "
	  "use." },
	{ QDA_ATTR_MCID_MULTICAST, YES_NO, "mcid_multicast",
	  "The firmware can program the multicast unit of the chip." },
	{ QDA_ATTR_EXTENDED_MAP, YES_NO, "extended_map",
	  "Buffers can be mapped beyond the 4 GiB that a PD's pointers reach." },
	{ QDA_ATTR_HANDLE_PRIORITY, COUNT, "handle_priority",
	  "Priorities that a module's handle can have." },

	{ QDA_ATTR_PERF_V2_DSP, YES_NO, "perf_v2_dsp",
	  "Internal: the firmware counts the time of calls in the newer layout." },
	{ QDA_ATTR_MAP_DMA_HANDLE_REVERSE, YES_NO, "map_dma_handle_reverserpc",
	  "Internal: calls from the DSP may have dma handles as arguments." },
	{ QDA_ATTR_DSPSIGNAL_DSP, YES_NO, "dspsignal_dsp",
	  "Internal: the firmware knows the signals that are faster than a call." },
	{ QDA_ATTR_PROC_SHARED_BUFFER, YES_NO, "proc_shared_buffer",
	  "Internal: a new PD can be told its settings in a shared buffer." },

	{ QDA_ATTR_PERF_V2_DRIVER, YES_NO, "perf_v2_driver",
	  "Internal, of the older driver: it counts the time of calls in the newer "
	  "layout." },
	{ QDA_ATTR_DRIVER_ERROR_CODES, YES_NO, "driver_error_code_change",
	  "Internal, of the older driver: it tells its errors and the DSP's apart." },
	{ QDA_ATTR_USERSPACE_ALLOCATION, YES_NO, "userspace_allocation",
	  "Internal, of the older driver: the client allocates the memory by which "
	  "the DSP's heap grows." },
	{ QDA_ATTR_DSPSIGNAL_DRIVER, YES_NO, "dspsignal_driver",
	  "Internal, of the older driver: it passes on the signals that are faster "
	  "than a call." },
};

static const struct entry *find(uint32_t attr)
{
	size_t i;

	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (entries[i].id == attr)
			return &entries[i];
	return NULL;
}

QDA_EXPORT const char *qda_attr_name(uint32_t attr)
{
	const struct entry *e = find(attr);

	return e ? e->name : NULL;
}

QDA_EXPORT const char *qda_attr_text(uint32_t attr)
{
	const struct entry *e = find(attr);

	return e ? e->text : NULL;
}

static int format_bytes(uint32_t bytes, char *text, size_t size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
	size_t unit = 0;

	/* exact: a page size that is no round number is worth seeing */
	for (; bytes && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	return snprintf(text, size, "%" PRIu32 " %s", bytes, units[unit]);
}

static int format_arch(uint32_t value, char *text, size_t size)
{
	uint32_t tens = value >> 4 & 0xf, ones = value & 0xf;

	if (tens && tens <= 9 && ones <= 9)
		return snprintf(text, size, "v%" PRIu32 "%" PRIu32, tens, ones);
	return snprintf(text, size, "0x%" PRIx32, value);
}

QDA_EXPORT int qda_attr_format(uint32_t attr, uint32_t value, char *text, size_t size)
{
	const struct entry *e = find(attr);

	if (!text && size)
		return -EINVAL;
	if (!e)
		return snprintf(text, size, "0x%" PRIx32, value);
	switch (e->form) {
	case YES_NO:
		if (value <= 1)
			return snprintf(text, size, "%s", value ? "yes" : "no");
		return snprintf(text, size, "yes (%" PRIu32 ")", value);
	case BYTES:
		return format_bytes(value, text, size);
	case ARCH:
		return format_arch(value, text, size);
	case EXTENT:
		if (!value)
			return snprintf(text, size, "not told");
		break;
	case NOTIFICATION:
		if (!value || value == NOTIFICATION_V2)
			return snprintf(text, size, "%s", value ? "yes" : "no");
		return snprintf(text, size, "another form (%" PRIu32 ")", value);
	case COUNT:
		break;
	}
	return snprintf(text, size, "%" PRIu32, value);
}
