/* SPDX-License-Identifier: MIT */
/* The data behind the arguments of "qda-run call": files, buffers, results. */
#ifndef QDA_RUN_CALL_DATA_H
#define QDA_RUN_CALL_DATA_H

#include "call-args.h"
#include "common.h"

struct call_slot {
	struct call_arg arg;
	char name[24];
	const char *text;	/* as given, for messages */
	uint8_t *data;		/* what qda_arg::data points to */
	size_t bytes;		/* of data, or of the buffer's part */
	int in_fd;		/* input still to be read into the buffer, or -1 */
	struct qda_buffer *buffer;
	uint8_t *mapped;	/* the buffer's part for the CPU */
	char *out_path;		/* where links lead */
	char *temp;		/* written, not renamed yet */
};

struct call_data {
	struct call_slot *slots;
	struct qda_arg *args;
	size_t num;
	uint64_t max_bytes;	/* largest single argument the device takes */
};

/* All return RUN_OK or have reported the error. */
int call_data_parse(struct call_data *data, char **words, size_t num);
/* open and check files, read what will be copied; check where results go */
int call_data_load(struct call_data *data);
/* allocate and import buffers, fill data->args */
int call_data_prepare(struct call_data *data, struct qda_session *session);
/* write result files, beside where they go; then, when all are there, put them there */
int call_data_write(struct call_data *data);
int call_data_rename(struct call_data *data);
void call_data_print(const struct call_data *data);
void call_data_print_json(const struct call_data *data, struct json *json);
void call_data_free(struct call_data *data);

#endif
