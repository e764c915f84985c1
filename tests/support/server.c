// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define START_MS 30000
#define STOP_MS 20000

static void exec_server(const char *program, const struct test_server *server,
			char *options)
{
	const char *argv[32] = { program, "--control", server->control };
	size_t n = 3;
	char *word, *save = NULL;

	for (word = strtok_r(options, " ", &save); word && n < ARRAY_SIZE(argv) - 3;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	if (server->listen[0]) {
		argv[n++] = "--listen";
		argv[n++] = server->listen;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(program, (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
	_exit(127);
}

/* the control socket exists before anybody listens on the other one */
static int wait_for_path(const char *path, struct test_server *server)
{
	int64_t end = monotonic_ns() + (int64_t)START_MS * 1000000;
	int status;

	while (access(path, F_OK)) {
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			server->pid = 0;
			return -ECHILD;
		}
		if (monotonic_ns() > end)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return 0;
}

static int remove_dir(struct test_server *server, int killed)
{
	int ret = 0;

	/* a killed server cannot tidy up */
	if (killed) {
		if (server->listen[0])
			unlink(server->listen);
		unlink(server->control);
	}
	if (rmdir(server->dir)) {
		ret = -errno;
		if (server->listen[0])
			unlink(server->listen);
		unlink(server->control);
		rmdir(server->dir);
	}
	return ret;
}

static int start(struct test_server *server, const char *options, bool listens)
{
	const char *program = getenv("QDA_SOFTDSP");
	const char *tmp = getenv("TMPDIR");
	char words[256];
	int err;

	memset(server, 0, sizeof(*server));
	server->control_fd = -1;
	if (!program)
		return -ENOENT;
	/* socket paths are short */
	if (!tmp || strlen(tmp) > 32)
		tmp = "/tmp";
	snprintf(server->dir, sizeof(server->dir), "%s/qda-test-XXXXXX", tmp);
	if (!mkdtemp(server->dir))
		return -errno;
	if (listens)
		snprintf(server->listen, sizeof(server->listen), "%s/dsp", server->dir);
	snprintf(server->control, sizeof(server->control), "%s/control", server->dir);
	snprintf(words, sizeof(words), "%s", options ? options : "");

	fflush(NULL);
	server->pid = fork();
	if (server->pid < 0) {
		err = -errno;
		server->pid = 0;
		rmdir(server->dir);
		return err;
	}
	if (!server->pid)
		exec_server(program, server, words);

	err = listens ? wait_for_path(server->listen, server) : 0;
	if (!err)
		err = wait_for_path(server->control, server);
	if (!err) {
		server->control_fd = steer_connect(server->control, START_MS);
		if (server->control_fd < 0)
			err = server->control_fd;
	}
	if (err) {
		if (server->pid)
			server_kill(server);
		else
			remove_dir(server, 1);
		return err;
	}
	return 0;
}

int server_start(struct test_server *server, const char *options)
{
	return start(server, options, true);
}

int server_start_device(struct test_server *server, const char *node)
{
	char options[128];

	snprintf(options, sizeof(options), "--device %s", node);
	return start(server, options, false);
}

static int stop(struct test_server *server, int sig)
{
	int status, ret = 0, err;

	if (!server->pid)
		return 0;
	if (server->control_fd >= 0)
		close(server->control_fd);
	kill(server->pid, sig);
	if (child_wait(server->pid, STOP_MS, &status)) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, &status, 0);
		ret = -ETIMEDOUT;
	}
	server->pid = 0;
	server->control_fd = -1;
	err = remove_dir(server, sig == SIGKILL || ret);
	return ret ? ret : err;
}

int server_stop(struct test_server *server)
{
	return stop(server, SIGTERM);
}

int server_kill(struct test_server *server)
{
	return stop(server, SIGKILL);
}
