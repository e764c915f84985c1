/* SPDX-License-Identifier: MIT */
#ifndef QDA_ERROR_TABLE_H
#define QDA_ERROR_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct errno_entry {
	int err;		/* positive */
	const char *text;
	const char *advice;	/* "" where there is nothing to add */
};

struct status_entry {
	int32_t code;		/* without the DSP's offset */
	const char *name;
	const char *text;
	const char *advice;
};

/* both end with a NULL text */
extern const struct errno_entry qda_errno_table[];
extern const struct status_entry qda_status_table[];
/* codes that carry no offset and mean something else than the same number with it */
extern const struct status_entry qda_status_table_plain[];

#endif
