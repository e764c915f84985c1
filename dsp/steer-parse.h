/* SPDX-License-Identifier: MIT */
/* A command line of the steering socket, taken apart. Pure. */
#ifndef QDA_STEER_PARSE_H
#define QDA_STEER_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* peek, poke and send move at most this much */
#define STEER_MAX_DATA	16384

enum steer_verb {
	STEER_HOLD,
	STEER_PAUSE,
	STEER_RELEASE,
	STEER_CANCEL,
	STEER_HELD,
	STEER_REPLY,
	STEER_FAIL,
	STEER_MAPADDR,
	STEER_NOTIFY,
	STEER_SEND,
	STEER_PEEK,
	STEER_POKE,
	STEER_MAPS,
	STEER_FAULTS,
	STEER_HEAP,
	STEER_COUNT,
	STEER_PDS,
	STEER_CRASH,
	STEER_ATTR,
};

enum steer_key {
	STEER_KEY_SID,
	STEER_KEY_HANDLE,
	STEER_KEY_METHOD,
	STEER_KEY_N,
	STEER_KEY_CTX,
	STEER_KEY_XOR,
	STEER_KEY_LEN,
	STEER_KEY_STATUS,
	STEER_KEY_TIMES,
	STEER_KEY_OP,
	STEER_KEY_HOLD,
	STEER_KEY_ADDR,
	STEER_KEY_PD,
	STEER_NUM_KEYS,
};

struct steer_command {
	enum steer_verb verb;
	uint32_t given;			/* 1 << key */
	uint64_t value[STEER_NUM_KEYS];	/* OP: enum root_op */
	unsigned int num_words;		/* plain numbers: rule, address, attribute */
	uint64_t word[2];
	size_t len;			/* bytes of data */
	uint8_t data[STEER_MAX_DATA];
};

static inline bool steer_has(const struct steer_command *cmd, enum steer_key key)
{
	return cmd->given & 1u << key;
}

/* NULL, or what is wrong with it; line need not be terminated */
const char *steer_parse(const char *line, size_t len, struct steer_command *ret_cmd);

#endif
