// SPDX-License-Identifier: MIT
/* The DSPs' firmware: is it running, and of which build is it? */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define REMOTEPROC	"/sys/class/remoteproc"
/* what an image has before the name of its build */
#define BUILD_MARK	"QC_IMAGE_VERSION_STRING="

/* one line of a file, without its end; "" if there is none */
static void read_line(const char *directory, const char *entry, const char *name,
		      char *text, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	*text = '\0';
	if (snprintf(path, sizeof(path), "%s/%s/%s", directory, entry, name) >=
	    (int)sizeof(path))
		return;
	file = fopen(path, "re");
	if (file && !fgets(text, (int)size, file))
		*text = '\0';
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

/* "cdsp", or "4080000.remoteproc-cdsp" and the like, but not cdsp1 */
static bool is_of(const char *name, const char *dsp)
{
	const char *at = strstr(name, dsp);
	char next;

	if (!*dsp || !at)
		return false;
	next = at[strlen(dsp)];
	return !((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z'));
}

static bool is_any_dsp(const char *name)
{
	return strstr(name, "dsp") || strstr(name, "slpi");
}

static bool is_running(const char *state)
{
	return !strcmp(state, "running") || !strcmp(state, "attached");
}

void firmware_check(const char *directory, struct doctor *doctor, struct check *check)
{
	char name[64], state[32], file[256], stopped[sizeof(check->cure)] = "";
	unsigned int running = 0, wanted_stopped = 0;
	const char *wanted = doctor->device[0] == '/' ? "" : doctor->device;
	DIR *dir = opendir(directory);
	struct dirent *entry;
	bool any = false;

	if (!*wanted)
		wanted = "cdsp";
	check_ok(check, "%s", "");
	while (dir && (entry = readdir(dir))) {
		bool mine;

		if (entry->d_name[0] == '.')
			continue;
		read_line(directory, entry->d_name, "name", name, sizeof(name));
		if (!is_any_dsp(name))
			continue;
		read_line(directory, entry->d_name, "state", state, sizeof(state));
		read_line(directory, entry->d_name, "firmware", file, sizeof(file));
		mine = is_of(name, wanted);
		check_add(check, "%s%s: %s (%s)", any ? ", " : "", name,
			  *state ? state : "state unknown", *file ? file : "no file");
		any = true;
		if (mine && *file)
			snprintf(doctor->firmware, sizeof(doctor->firmware),
				 "/lib/firmware/%s", file);
		if (is_running(state)) {
			running++;
			continue;
		}
		wanted_stopped += mine;
		if (mine || !*stopped)
			snprintf(stopped, sizeof(stopped),
				 "Start it, as root: echo start >%.256s/%.64s/state; if "
				 "that fails the kernel log (dmesg) says why, often that "
				 "/lib/firmware/%.200s is missing.",
				 directory, entry->d_name, *file ? file : "its file");
	}
	if (dir)
		closedir(dir);
	if (!any) {
		/* of another kind of transport, or started by who boots the machine */
		check_ok(check, "the kernel has started no DSP's firmware itself");
	} else if (wanted_stopped || !running) {
		char found[sizeof(check->detail)];

		memcpy(found, check->detail, sizeof(found));
		/* another DSP can be what is meant, where none was named */
		if (!running || (doctor->device[0] && doctor->device[0] != '/'))
			check_broken(check, RUN_DEVICE, stopped,
				     "the firmware does not run: %s", found);
		else
			check_warn(check, stopped, "%s", found);
	}
}

void check_firmware(struct doctor *doctor, struct check *check)
{
	firmware_check(REMOTEPROC, doctor, check);
}

bool firmware_build(const char *path, char *name, size_t size)
{
	static const char mark[] = BUILD_MARK;
	size_t at = 0, n = 0;
	FILE *file = fopen(path, "re");
	int c;

	/* the mark begins with the only Q that it has, so one place is enough */
	while (file && at < sizeof(mark) - 1 && (c = getc_unlocked(file)) != EOF)
		at = c == mark[at] ? at + 1 : c == mark[0] ? 1 : 0;
	if (file && at == sizeof(mark) - 1)
		while (n + 1 < size && (c = getc_unlocked(file)) > ' ' && c <= '~')
			name[n++] = (char)c;
	name[n] = '\0';
	if (file)
		fclose(file);
	return n;
}
