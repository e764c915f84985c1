/* SPDX-License-Identifier: MIT */
/* Run the example programs and look at what they leave: text, files, processes. */
#ifndef EXAMPLE_RUN_H
#define EXAMPLE_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run {
	int status;		/* exit status, or 256 + signal */
	char out[4096];
	char err[4096];
};

/* a folder for this test program, current directory of what it runs */
void run_setup(void);
void run_teardown(void);
/* names in that folder, but for the hidden ones of the runs themselves */
int run_count_files(void);

/* program and arguments, up to NULL */
void run_example(struct run *run, const char *program, ...);
/* the same in two halves; env: one NAME=VALUE to add, "NAME" to remove, or NULL */
pid_t run_start(const char *env, const char *const argv[]);
void run_finish(pid_t pid, struct run *run);
/* what a running one has written to standard error so far */
void run_peek(char *text, size_t size);

/* a file in that folder */
void run_write_file(const char *path, const void *data, size_t size);

/* cases that leave no process, descriptor or mapping behind */
int run_case_setup(void **state);
int run_case_teardown(void **state);
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, run_case_setup, run_case_teardown)

/* failed with this status and exactly one line that contains text */
void assert_sentence(const struct run *run, int status, const char *text);

#endif
