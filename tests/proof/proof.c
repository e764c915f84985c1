// SPDX-License-Identifier: MIT
#include "proof.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *proof_device(void)
{
	const char *name = getenv("QDA_TEST_DEVICE");

	return name && *name ? name : "soft:cdsp";
}

bool proof_is_private(void)
{
	return !strncmp(proof_device(), "soft:", 5);
}

/* a DSP that another test has killed comes back, as the next node */
static int open_device(struct rig *rig, struct qda_failure *failure)
{
	const struct timespec tick = { .tv_nsec = 50 * 1000 * 1000 };
	int err, i;

	for (i = 0; ; i++) {
		err = qda_device_open(rig->ctx, proof_device(), &rig->device, failure);
		if (!err || proof_is_private() || i == 200)
			return err;
		nanosleep(&tick, NULL);
	}
}

static void die(const char *what, int err, const struct qda_failure *failure)
{
	fprintf(stderr, "proof: %s: %s (%s)\n", what, qda_strerror(err),
		failure ? failure->message : "");
	exit(1);
}

void rig_open(struct rig *rig)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	int32_t status, pid, tid;
	int err;

	memset(rig, 0, sizeof(*rig));
	err = qda_ctx_new(NULL, &rig->ctx);
	if (err)
		die("context", err, NULL);
	err = open_device(rig, &failure);
	if (err)
		die("device", err, &failure);
	err = qda_session_open(rig->device, NULL, &rig->session, &failure);
	if (err)
		die("session", err, &failure);
	err = qda_module_open(rig->session, "bench", &rig->bench, &failure);
	if (err)
		die("module", err, &failure);

	err = qda_invoke(rig->bench, BENCH_WHERE, &status, QDA_OUT(&pid), QDA_OUT(&tid));
	if (err || status)
		die("where", err, NULL);
	rig->pd = pid;
	rig->server = proc_parent(pid);
}

void rig_close(struct rig *rig)
{
	qda_module_unref(rig->bench);
	qda_session_unref(rig->session);
	qda_device_unref(rig->device);
	qda_ctx_unref(rig->ctx);
	memset(rig, 0, sizeof(*rig));
}

/* name, state and parent from /proc/PID/stat, whose name may hold anything */
static bool read_stat(pid_t pid, char comm[32], char *state, int *ppid)
{
	char path[64], line[512], *open_paren, *close_paren;
	size_t len;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	if (!ok)
		return false;
	open_paren = strchr(line, '(');
	close_paren = strrchr(line, ')');
	if (!open_paren || !close_paren)
		return false;
	len = (size_t)(close_paren - open_paren - 1);
	if (len > 31)
		len = 31;
	memcpy(comm, open_paren + 1, len);
	comm[len] = '\0';
	return sscanf(close_paren + 1, " %c %d", state, ppid) == 2;
}

pid_t proc_parent(pid_t pid)
{
	char name[32], state;
	int ppid;

	return read_stat(pid, name, &state, &ppid) ? ppid : 0;
}

char proc_state(pid_t pid)
{
	char name[32], state;
	int ppid;

	return read_stat(pid, name, &state, &ppid) ? state : 0;
}

static long count_dir(pid_t pid, const char *what)
{
	char path[64];
	long n = -2; /* . and .. */
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long count_lines(pid_t pid, const char *what)
{
	char path[64];
	long n = 0;
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

void proc_footprint(pid_t pid, struct footprint *ret)
{
	char path[64], line[256];
	FILE *f;

	ret->fds = count_dir(pid, "fd");
	ret->threads = count_dir(pid, "task");
	ret->maps = count_lines(pid, "maps");
	ret->rss_anon_kib = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %ld", &ret->rss_anon_kib) == 1)
			break;
	fclose(f);
}

bool proc_wait_gone(pid_t pid, int timeout_ms)
{
	const struct timespec tick = { .tv_nsec = 5 * 1000 * 1000 };

	for (int waited = 0; waited < timeout_ms; waited += 5) {
		char state = proc_state(pid);

		if (!state || state == 'Z' || state == 'X')
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}
