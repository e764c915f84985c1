// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static int count_entries(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(dir);
	return n;
}

static int parent_of(const char *pid)
{
	char path[300], line[512], *p;
	FILE *f;
	int parent = -1;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	/* the name in parentheses may contain anything */
	if (fgets(line, sizeof(line), f)) {
		p = strrchr(line, ')');
		if (p && sscanf(p + 1, " %*c %d", &parent) != 1)
			parent = -1;
	}
	fclose(f);
	return parent;
}

static int count_children(void)
{
	struct dirent *entry;
	siginfo_t info;
	DIR *dir;
	int n = 0;

	/* mostly there are none, and that is known without looking at all processes */
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) && errno == ECHILD)
		return 0;
	dir = opendir("/proc");
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			n += parent_of(entry->d_name) == getpid();
	closedir(dir);
	return n;
}

static int count_mappings(void)
{
	char line[512], perms[8];
	FILE *f = fopen("/proc/self/maps", "re");
	int n = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %7s", perms) == 1 && perms[3] == 's')
			n++;
	fclose(f);
	return n;
}

#ifdef __SANITIZE_THREAD__
static void *do_nothing(void *arg)
{
	return arg;
}

/* TSan starts a thread of its own with the program's first */
static void start_runtime_thread(void)
{
	static bool done;
	pthread_t thread;

	if (!done && !pthread_create(&thread, NULL, do_nothing, NULL))
		pthread_join(thread, NULL);
	done = true;
}
#else
static void start_runtime_thread(void)
{
}
#endif

void leak_count(struct leak_counts *ret)
{
	start_runtime_thread();
	ret->fds = count_entries("/proc/self/fd");
	ret->threads = count_entries("/proc/self/task");
	ret->children = count_children();
	ret->mappings = count_mappings();
}

static void list_fds(char *text, size_t size)
{
	char path[300], target[128];
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");
	size_t used = strlen(text);
	ssize_t n;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && used + 1 < size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		snprintf(text + used, size - used, " %s=%s", entry->d_name, target);
		used = strlen(text);
	}
	closedir(dir);
}

int leak_check(const struct leak_counts *before, unsigned int timeout_ms,
	       char *text, size_t size)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;
	struct leak_counts now;
	unsigned int ms = 1;

	for (;;) {
		leak_count(&now);
		if (now.fds <= before->fds && now.threads <= before->threads &&
		    now.children <= before->children &&
		    now.mappings <= before->mappings)
			return 0;
		if (monotonic_ns() > end)
			break;
		sleep_longer(&ms);
	}
	snprintf(text, size,
		 "left behind: %d descriptors, %d threads, %d processes, "
		 "%d shared mappings",
		 now.fds - before->fds, now.threads - before->threads,
		 now.children - before->children, now.mappings - before->mappings);
	if (now.fds > before->fds)
		list_fds(text, size);
	return -1;
}
