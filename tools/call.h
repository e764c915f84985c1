/* SPDX-License-Identifier: MIT */
/* "qda-run call": one session, modules in it, and calls one after the other. */
#ifndef QDA_RUN_CALL_H
#define QDA_RUN_CALL_H

#include "call-data.h"
#include "common.h"

struct call_step {
	const char *module;		/* its name */
	uint32_t method;
	struct call_data data;
	struct qda_module *opened;	/* of the target */
	struct qda_call *call;
	int32_t status;
	uint64_t *samples;		/* one per call made */
};

struct call_run {
	struct call_step *steps;
	size_t num_steps;
	struct qda_session_opts session;
	char *read_dirs, *write_dirs;
	uint64_t repeat;
	int64_t timeout_ns;		/* negative: none */
	bool time;
	struct target target;
	uint64_t session_ns, module_ns;
};

/* RUN_OK, or they have reported the error; -1: --help was answered. */
int call_parse_options(struct call_run *run, int argc, char **argv);
/* what is called, from optind on */
int call_parse_words(struct call_run *run, int argc, char **argv);

#endif
