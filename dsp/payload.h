/* SPDX-License-Identifier: MIT */
/*
 * What arrives from the CPU, decoded: messages, payloads, URIs. Pure
 * functions over bytes that are hostile; used by the root process and the PDs.
 */
#ifndef QDA_DSP_PAYLOAD_H
#define QDA_DSP_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qda/qda_wire.h"

/* 255 + 255 buffers, 15 + 15 handles */
#define PAYLOAD_MAX_ARGS	540
/* of bus addresses, where the stream id leaves room for so many */
#define PAYLOAD_BUS_BITS	34
/* what a payload must have behind its per-argument part; older CPUs stop here */
#define PAYLOAD_MIN_TAIL	384

/* A message in CPU byte order */
struct payload_msg {
	uint32_t client_id;
	uint32_t tid;
	uint64_t ctx;
	uint32_t handle;
	uint32_t sc;
	uint64_t addr;		/* with the stream id */
	uint64_t size;
};

struct payload_arg {
	uint64_t addr;		/* first byte (handles: first byte of the object) */
	uint64_t len;		/* 0: absent */
	uint64_t page_size;	/* handles: bytes of the object */
	uint32_t dsp_id;	/* handles only */
	uint32_t offset;	/* handles only */
};

/* A context bank's part of the addresses in messages, by SoC */
struct payload_bank {
	uint64_t stream;	/* stream id, in its place */
	uint64_t end;		/* bus addresses below it end here */
};

/* sid_pos: bit of an address where the stream id is */
static inline struct payload_bank payload_bank(uint32_t sid, unsigned int sid_pos)
{
	return (struct payload_bank){
		.stream = (uint64_t)sid << sid_pos,
		.end = 1ULL << (sid_pos < PAYLOAD_BUS_BITS ? sid_pos : PAYLOAD_BUS_BITS),
	};
}

static inline unsigned int payload_method(uint32_t sc)
{
	return (sc >> 24) & 0x1f;
}

static inline unsigned int payload_in(uint32_t sc)
{
	return (sc >> 16) & 0xff;
}

static inline unsigned int payload_out(uint32_t sc)
{
	return (sc >> 8) & 0xff;
}

static inline unsigned int payload_in_handles(uint32_t sc)
{
	return (sc >> 4) & 0xf;
}

static inline unsigned int payload_out_handles(uint32_t sc)
{
	return sc & 0xf;
}

static inline unsigned int payload_num_args(uint32_t sc)
{
	return payload_in(sc) + payload_out(sc) + payload_in_handles(sc) +
	       payload_out_handles(sc);
}

/* bytes of the part that describes n arguments */
static inline size_t payload_meta_size(unsigned int n)
{
	return n * QDA_WIRE_PER_ARG;
}

/* false: not a request, there is nothing that could be answered */
bool payload_parse_msg(const void *data, size_t len, struct payload_msg *ret_msg);

/* Split a wire address; false if it is not of this bank or leaves it. */
bool payload_range(uint64_t wire_addr, uint64_t size, const struct payload_bank *bank,
		   uint64_t *ret_addr);

/*
 * Where the payload of msg is, before anything is read. Returns a DSP status;
 * a message without arguments has none to be looked at.
 */
int32_t payload_locate(const struct payload_msg *msg, const struct payload_bank *bank,
		       uint64_t *ret_addr);

/*
 * Decode the per-argument part (payload_meta_size() bytes, a private copy) into
 * args[payload_num_args(sc)]. Returns a DSP status.
 */
int32_t payload_decode(const void *meta, uint32_t sc, const struct payload_bank *bank,
		       struct payload_arg *args);

/* The parts of a module's URI, in caller's buffers */
#define URI_MAX		1024

struct uri {
	char file[URI_MAX];	/* as between "file:///" and '?' */
	char symbol[URI_MAX];	/* "" if it names none */
};

/* text need not be terminated within len; false: not a module URI */
bool uri_parse(const char *text, size_t len, struct uri *ret_uri);

#endif
