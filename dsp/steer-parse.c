// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softdsp.h"
#include "steer-parse.h"

#define MAX_LINE	(2 * STEER_MAX_DATA + 512)
#define KEY(k)		(1u << STEER_KEY_##k)
#define MATCH		(KEY(SID) | KEY(HANDLE) | KEY(METHOD) | KEY(N))

static const struct {
	const char *name;
	enum steer_verb verb;
	uint32_t needs, takes;
	unsigned int num_words;
	bool data;
} verbs[] = {
	{ "hold", STEER_HOLD, 0, MATCH, 0, false },
	{ "pause", STEER_PAUSE, 0, MATCH, 0, false },
	{ "release", STEER_RELEASE, 0, 0, 1, false },
	{ "cancel", STEER_CANCEL, 0, 0, 1, false },
	{ "held", STEER_HELD, 0, 0, 1, false },
	{ "reply", STEER_REPLY, 0,
	  MATCH | KEY(CTX) | KEY(XOR) | KEY(LEN) | KEY(STATUS) | KEY(TIMES), 0, false },
	{ "fail", STEER_FAIL, KEY(OP), KEY(STATUS) | KEY(N) | KEY(HOLD) | KEY(SID), 0,
	  false },
	{ "mapaddr", STEER_MAPADDR, 0, 0, 1, false },
	{ "notify", STEER_NOTIFY, KEY(SID) | KEY(STATUS), 0, 0, false },
	{ "send", STEER_SEND, KEY(SID), 0, 0, true },
	{ "peek", STEER_PEEK, KEY(SID) | KEY(ADDR) | KEY(LEN), 0, 0, false },
	{ "poke", STEER_POKE, KEY(SID) | KEY(ADDR), 0, 0, true },
	{ "maps", STEER_MAPS, KEY(SID), 0, 0, false },
	{ "faults", STEER_FAULTS, 0, 0, 0, false },
	{ "heap", STEER_HEAP, 0, 0, 0, false },
	{ "count", STEER_COUNT, 0, KEY(HANDLE) | KEY(METHOD), 0, false },
	{ "pds", STEER_PDS, 0, 0, 0, false },
	{ "crash", STEER_CRASH, 0, KEY(PD), 0, false },
	{ "attr", STEER_ATTR, 0, 0, 2, false },
};

static const struct {
	const char *name;
	int base;
} keys[STEER_NUM_KEYS] = {
	[STEER_KEY_SID] = { "sid", 0 },	      [STEER_KEY_HANDLE] = { "handle", 0 },
	[STEER_KEY_METHOD] = { "method", 0 }, [STEER_KEY_N] = { "n", 0 },
	[STEER_KEY_CTX] = { "ctx", 16 },      [STEER_KEY_XOR] = { "xor", 16 },
	[STEER_KEY_LEN] = { "len", 0 },	      [STEER_KEY_STATUS] = { "status", 0 },
	[STEER_KEY_TIMES] = { "times", 0 },   [STEER_KEY_OP] = { "op", -1 },
	[STEER_KEY_HOLD] = { "hold", 0 },     [STEER_KEY_ADDR] = { "addr", 16 },
	[STEER_KEY_PD] = { "pd", 0 },
};

static const struct {
	const char *name;
	enum root_op op;
} ops[] = {
	{ "create", ROOT_OP_CREATE },	{ "attach", ROOT_OP_ATTACH },
	{ "map", ROOT_OP_MAP },		{ "unmap", ROOT_OP_UNMAP },
	{ "release", ROOT_OP_RELEASE }, { "query", ROOT_OP_QUERY },
};

static bool parse_number(const char *text, int base, uint64_t *ret_value)
{
	char *end;

	if (!isxdigit((unsigned char)*text) && *text != '-')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, base);
	return !*end && !errno;
}

static bool parse_op(const char *text, uint64_t *ret_value)
{
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!strcmp(ops[i].name, text)) {
			*ret_value = ops[i].op;
			return true;
		}
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const char *text, struct steer_command *cmd)
{
	int high, low;

	while (*text) {
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || cmd->len == STEER_MAX_DATA)
			return false;
		cmd->data[cmd->len++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return true;
}

static const char *parse_key(char *word, char *value, uint32_t allowed,
			     struct steer_command *cmd)
{
	unsigned int i;

	for (i = 0; i < STEER_NUM_KEYS; i++) {
		if (!strcmp(keys[i].name, word))
			break;
	}
	if (i == STEER_NUM_KEYS || !(allowed & 1u << i))
		return "the command has no such key";
	if (cmd->given & 1u << i)
		return "a key is given twice";
	cmd->given |= 1u << i;
	if (i == STEER_KEY_OP)
		return parse_op(value, &cmd->value[i]) ?
			       NULL :
			       "op is one of create attach map unmap release query";
	return parse_number(value, keys[i].base, &cmd->value[i]) ? NULL :
								   "not a number";
}

static const char *check(const struct steer_command *cmd)
{
	static const enum steer_key narrow[] = {
		STEER_KEY_SID, STEER_KEY_HANDLE, STEER_KEY_METHOD, STEER_KEY_N,
		STEER_KEY_PD,
	};
	uint64_t status = cmd->value[STEER_KEY_STATUS];
	size_t i;

	for (i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
		if (cmd->value[narrow[i]] > UINT32_MAX)
			return "a number is above 32 bits";
	}
	if (status > UINT32_MAX && status < (uint64_t)INT32_MIN)
		return "status has 32 bits";
	if (cmd->verb == STEER_REPLY && steer_has(cmd, STEER_KEY_LEN) &&
	    (!cmd->value[STEER_KEY_LEN] ||
	     cmd->value[STEER_KEY_LEN] > PDLINK_REPLY_MAX))
		return "len is 1 to 256";
	if (cmd->verb == STEER_PEEK && (!cmd->value[STEER_KEY_LEN] ||
					cmd->value[STEER_KEY_LEN] > STEER_MAX_DATA))
		return "len is 1 to 16384";
	if (cmd->value[STEER_KEY_TIMES] > 1000)
		return "times is 0 to 1000";
	if (cmd->verb == STEER_FAIL && !cmd->value[STEER_KEY_HOLD] &&
	    !steer_has(cmd, STEER_KEY_STATUS))
		return "fail needs status= or hold=1";
	return NULL;
}

static const char *parse_words(char *line, struct steer_command *cmd)
{
	char *save = NULL, *word = strtok_r(line, " \t\r\n", &save), *value;
	const char *err;
	bool crash_dsp = false, got_data = false;
	uint32_t allowed;
	size_t v;

	if (!word)
		return "empty command";
	for (v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		if (!strcmp(verbs[v].name, word))
			break;
	}
	if (v == sizeof(verbs) / sizeof(verbs[0]))
		return "no such command";
	cmd->verb = verbs[v].verb;
	allowed = verbs[v].needs | verbs[v].takes;
	while ((word = strtok_r(NULL, " \t\r\n", &save))) {
		value = strchr(word, '=');
		if (value) {
			*value = '\0';
			err = parse_key(word, value + 1, allowed, cmd);
			if (err)
				return err;
		} else if (cmd->verb == STEER_CRASH && !strcmp(word, "dsp")) {
			crash_dsp = true;
		} else if (verbs[v].data) {
			got_data = true;
			if (!parse_hex(word, cmd))
				return "data is not hexadecimal, or too long";
		} else if (cmd->num_words == verbs[v].num_words) {
			return "a word too many";
		} else if (!parse_number(word, cmd->verb == STEER_MAPADDR ? 16 : 0,
					 &cmd->word[cmd->num_words++])) {
			return "not a number";
		}
	}
	if ((cmd->given & verbs[v].needs) != verbs[v].needs ||
	    cmd->num_words != verbs[v].num_words || (verbs[v].data && !got_data))
		return "something is missing";
	if (cmd->verb == STEER_CRASH && crash_dsp == steer_has(cmd, STEER_KEY_PD))
		return "crash takes pd=SID or dsp";
	return check(cmd);
}

const char *steer_parse(const char *line, size_t len, struct steer_command *ret_cmd)
{
	static char copy[MAX_LINE + 1];

	memset(ret_cmd, 0, offsetof(struct steer_command, data));
	if (len > MAX_LINE)
		return "the line is too long";
	memcpy(copy, line, len);
	copy[len] = '\0';
	if (memchr(copy, '\0', len))
		return "the line has a NUL inside";
	return parse_words(copy, ret_cmd);
}
