/* SPDX-License-Identifier: MIT */
/* What qda-run info knows of one device, and what follows from it. */
#ifndef QDA_RUN_INFO_H
#define QDA_RUN_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INFO_MAX_ATTRS 48
/* from here on attributes are internal, and from there on of another driver */
#define INFO_ATTR_INTERNAL 128
#define INFO_ATTR_DRIVER 256

struct info_attr {
	uint32_t id, value;
	int err;		/* 0: value is valid */
	int32_t status;		/* with -EREMOTEIO */
};

struct info {
	const char *name;
	bool soft;
	uint64_t banks_total, banks_free;
	uint64_t features;	/* enum qda_feature */
	struct info_attr attrs[INFO_MAX_ATTRS];	/* those with a name */
	size_t num_attrs;
};

/* NULL if there is none of this id, or err set */
const struct info_attr *info_attr(const struct info *info, uint32_t id);
/* why an attribute has no value, as a phrase */
const char *info_attr_why(const struct info_attr *attr, char *text, size_t size);

enum verdict {
	VERDICT_NO,
	VERDICT_YES,
	VERDICT_UNKNOWN,
};

struct ability {
	const char *key, *text;
	enum verdict verdict;
	char why[256];		/* a phrase: what it needs, or how much of it */
};

#define INFO_NUM_ABILITIES 17

void info_abilities(const struct info *info,
		    struct ability abilities[INFO_NUM_ABILITIES]);

#endif
