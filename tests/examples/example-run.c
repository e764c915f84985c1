// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example-run.h"
#include "support.h"

#define RUN_TIMEOUT_MS	120000

static struct leak_counts before;
static char folder[] = "/tmp/qda-examples-XXXXXX";

void run_setup(void)
{
	/* whatever a program leaves running becomes a child of this one */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
}

void run_teardown(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove(entry->d_name);
	closedir(dir);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

int run_count_files(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

pid_t run_start(const char *env, const char *const argv[])
{
	char path[PATH_MAX], name[64];
	pid_t pid;
	int out, err;

	snprintf(path, sizeof(path), "%s/%s", getenv("TEST_EXAMPLES"), argv[0]);
	out = open(".out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err = open(".err", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(out >= 0 && err >= 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (env && strchr(env, '=')) {
			snprintf(name, sizeof(name), "%.*s",
				 (int)(strchr(env, '=') - env), env);
			setenv(name, strchr(env, '=') + 1, 1);
		} else if (env) {
			unsetenv(env);
		}
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(out, 1);
		dup2(err, 2);
		execv(path, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(out);
	close(err);
	return pid;
}

static void read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

void run_peek(char *text, size_t size)
{
	read_text(".err", text, size);
}

void run_finish(pid_t pid, struct run *run)
{
	int status;

	if (child_wait(pid, RUN_TIMEOUT_MS, &status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		read_text(".err", run->err, sizeof(run->err));
		fail_msg("the program hangs; it has said: %s", run->err);
	}
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
	read_text(".out", run->out, sizeof(run->out));
	read_text(".err", run->err, sizeof(run->err));
}

void run_write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* wait for what programs have left running; -1: it still runs */
static int run_orphans(unsigned int timeout_ms)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return errno == ECHILD ? 0 : -1;
		if (!pid && monotonic_ns() > end)
			return -1;
		if (!pid)
			sleep_ms(5);
	}
}

int run_case_setup(void **state)
{
	(void)state;
	leak_count(&before);
	return 0;
}

int run_case_teardown(void **state)
{
	char text[512] = "";

	(void)state;
	if (run_orphans(30000)) {
		print_error("processes go on after the program\n");
		return -1;
	}
	if (leak_check(&before, 20000, text, sizeof(text))) {
		print_error("left behind: %s\n", text);
		return -1;
	}
	return 0;
}

void run_example(struct run *run, const char *program, ...)
{
	const char *argv[24] = { program };
	va_list args;
	int i = 0;

	va_start(args, program);
	while (argv[i] && i < 23)
		argv[++i] = va_arg(args, const char *);
	va_end(args);
	run_finish(run_start(NULL, argv), run);
}

void assert_sentence(const struct run *run, int status, const char *text)
{
	const char *said = run->err, *line = strchr(said, '\n');

	/* a slow machine is told how far it is, before */
	while (line && line > said && line[-1] == '%') {
		said = line + 1;
		line = strchr(said, '\n');
	}
	if (run->status != status || !line || line[1] || !strstr(said, text))
		fail_msg("expected status %d and one line with \"%s\", got %d and:\n%s",
			 status, text, run->status, run->err);
}
