// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static char *listing;
static size_t listing_len;
static const char *skipped;

static void need(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	need(f && fputs(text, f) >= 0 && !fclose(f), path);
}

static void add_line(const char *line)
{
	size_t len = strlen(line);
	char *bigger = realloc(listing, listing_len + len + 1);

	need(bigger, "memory");
	listing = bigger;
	memcpy(listing + listing_len, line, len + 1);
	listing_len += len;
}

static int note(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char line[512], text[64] = "";
	int fd;

	(void)type;
	(void)ftw;
	if (!strncmp(path, skipped, strlen(skipped)))
		return 0;
	if (S_ISREG(st->st_mode)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '?';
		close(fd);
	}
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, sizeof(line), "%s %o %ld \"%s\"\n", path, st->st_mode,
		 S_ISDIR(st->st_mode) ? 0 : (long)st->st_size, text);
	add_line(line);
	return 0;
}

/* the order is that of the directory: the same as long as nothing is changed */
static char *list_all(const struct fixture *f)
{
	char rw[80];
	char *text;

	snprintf(rw, sizeof(rw), "%s/rw", f->dir);
	skipped = rw;
	need(!nftw(f->dir, note, 16, FTW_PHYS), f->dir);
	text = listing;
	listing = NULL;
	listing_len = 0;
	return text;
}

void fixture_make(struct fixture *f)
{
	static const char *const dirs[] = { "root", "root/sub", "rw", "outside" };
	static const char *const links[][2] = {
		{ "../secret", "root/link-out" },
		{ "/etc/passwd", "root/link-abs" },
		{ "../outside", "root/dir-out" },
		{ "/dev/zero", "root/zero" },
		{ "/proc/self/environ", "root/environ" },
		{ "loop", "root/loop" },
		{ "hello", "root/link-in" },
		{ "../secret", "rw/link-out" },
	};
	char path[128];
	size_t i;

	snprintf(f->dir, sizeof(f->dir), "/tmp/qda-hostile-XXXXXX");
	need(mkdtemp(f->dir), f->dir);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, dirs[i]);
		need(!mkdir(path, 0700), path);
	}
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, links[i][1]);
		need(!symlink(links[i][0], path), path);
	}
	write_file(f->dir, "secret", "secret\n");
	write_file(f->dir, "root/hello", "hello\n");
	write_file(f->dir, "outside/kept", "kept\n");
	snprintf(path, sizeof(path), "%s/root/fifo", f->dir);
	need(!mkfifo(path, 0600), path);
	f->before = list_all(f);
}

const char *fixture_difference(const struct fixture *f)
{
	static char line[512];
	char *now = list_all(f);
	size_t i = 0, start = 0;
	bool same = !strcmp(now, f->before);

	for (; !same && now[i] && now[i] == f->before[i]; i++)
		if (now[i] == '\n')
			start = i + 1;
	if (!same)
		snprintf(line, sizeof(line), "%.*s instead of %.*s",
			 (int)strcspn(now + start, "\n"), now + start,
			 (int)strcspn(f->before + start, "\n"), f->before + start);
	free(now);
	return same ? NULL : line;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fixture_remove(struct fixture *f)
{
	nftw(f->dir, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	free(f->before);
}
