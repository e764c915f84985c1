// SPDX-License-Identifier: MIT
/* Which driver has which DSP: qda, the older fastrpc, or none. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define RPMSG "/sys/bus/rpmsg"

/* of a device's tree node; a list's strings are parted by NUL */
static size_t read_property(const char *channel, const char *name, char *text,
			    size_t size)
{
	char path[PATH_MAX];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), RPMSG "/devices/%s/of_node/%s", channel, name);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	return n;
}

/* "qcom,fastrpc" or that of a newer generation, "qcom,NAME-fastrpc" */
static bool is_dsp(const char *channel)
{
	char list[512];
	const char *p = list;
	size_t n = read_property(channel, "compatible", list, sizeof(list));

	for (; p < list + n; p += strlen(p) + 1) {
		const char *end = strstr(p, "fastrpc");

		if (!strncmp(p, "qcom,", 5) && end && !end[strlen("fastrpc")] &&
		    (end == p + 5 || end[-1] == '-'))
			return true;
	}
	return false;
}

static void read_driver(const char *channel, char *name, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), RPMSG "/devices/%s/driver", channel);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.63s", slash ? slash + 1 : target);
}

static void cure_for(char *cure, size_t size, const char *channel, const char *driver,
		     const char *label)
{
	char unbind[512] = "";

	if (*driver)
		snprintf(unbind, sizeof(unbind), "echo %.128s >drivers/%.64s/unbind; ",
			 channel, driver);
	snprintf(cure, size,
		 "%sGive it to qda, as root and with nobody using it: cd " RPMSG "; "
		 "%secho qda >devices/%.128s/driver_override; "
		 "echo %.128s >drivers_probe. For every boot: the module parameter "
		 "qda.dsps=%.31s.",
		 *driver ? "" : "If qda has refused it, the kernel log says why. ", unbind,
		 channel, channel, label);
}

void check_dsps(struct doctor *doctor, struct check *check)
{
	char label[64], driver[64], cure[sizeof(check->cure)] = "";
	unsigned int count = 0, ours = 0;
	struct dirent *entry;
	bool theirs = false;
	DIR *dir;

	check_ok(check, "%s", "");
	dir = opendir(RPMSG "/devices");
	while (dir && (entry = readdir(dir))) {
		bool wanted, mine;

		if (entry->d_name[0] == '.' || !is_dsp(entry->d_name))
			continue;
		if (!read_property(entry->d_name, "label", label, sizeof(label)))
			snprintf(label, sizeof(label), "unnamed");
		read_driver(entry->d_name, driver, sizeof(driver));
		mine = is_qda(driver);
		wanted = !strcmp(doctor->device, label);
		check_add(check, "%s%s: %s", count++ ? ", " : "", label,
			  *driver ? driver : "no driver");
		ours += mine;
		if (!mine && (wanted || !*cure))
			cure_for(cure, sizeof(cure), entry->d_name, driver, label);
		theirs |= wanted && !mine;
	}
	if (dir)
		closedir(dir);
	if (!count) {
		/* a driver with a transport of its own: its nodes are looked at next */
		check_ok(check, "no DSP has a channel on the rpmsg bus");
	} else if (theirs || (!ours && doctor->device[0] != '/')) {
		char found[1024];

		snprintf(found, sizeof(found), "%.1023s", check->detail);
		if (theirs)
			check_broken(check, RUN_DEVICE, cure,
				     "%s is not driven by qda (%s)", doctor->device,
				     found);
		else
			check_broken(check, RUN_DEVICE, cure,
				     "no DSP is driven by qda (%s)", found);
	}
}
