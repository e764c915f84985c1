/* SPDX-License-Identifier: MIT */
/* What tests want to happen to messages: rules, and the calls they keep */
#ifndef QDA_STEER_RULES_H
#define QDA_STEER_RULES_H

#include "softdsp.h"
#include "steer-parse.h"

/* id of a new rule made of hold, pause, reply or fail; 0: no memory */
uint32_t rules_add(const struct steer_command *cmd);
/* how many calls it let go; -1: no such rule */
int rules_release(uint32_t id, bool answer);
/* "N ctx=... ..." ; false: no such rule */
bool rules_held(uint32_t id, char *text, size_t size);
void rules_clear(void);
void rules_set_map_address(uint64_t addr);

#endif
