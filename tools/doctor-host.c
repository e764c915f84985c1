// SPDX-License-Identifier: MIT
/* Checks of the machine: files, nodes, modules. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

#define ACCEL_CLASS	"/sys/class/accel"
#define ACCEL_NODES	"/dev/accel"
#define DMA_HEAPS	"/dev/dma_heap"

void check_library(struct doctor *doctor, struct check *check)
{
	char built[32];

	(void)doctor;
	snprintf(built, sizeof(built), "%d.%d.%d", QDA_VERSION_MAJOR, QDA_VERSION_MINOR,
		 QDA_VERSION_PATCH);
	if (strcmp(built, qda_version()))
		check_warn(check, "Install qda-run and libqda of one version.",
			   "libqda %s, qda-run was built for %s", qda_version(), built);
	else
		check_ok(check, "libqda %s", qda_version());
}

/* "qda" behind an accel node, or "" */
static void driver_of(const char *node, char *name, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t n;
	char *slash;

	*name = '\0';
	snprintf(link, sizeof(link), ACCEL_CLASS "/%s/device/driver", node);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.63s", slash ? slash + 1 : target);
}

bool is_qda(const char *driver)
{
	return !strncmp(driver, "qda", 3) || !strncmp(driver, "qcom,qda", 8) ||
	       !strncmp(driver, "qcom-qda", 8);
}

/* names of the entries of a directory that begin so, joined by commas */
static unsigned int list_entries(const char *directory, const char *prefix, char *names,
				 size_t size)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	unsigned int count = 0;
	size_t used = 0;

	*names = '\0';
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		if (used < size)
			used += (size_t)snprintf(names + used, size - used, "%s%s",
						 count ? ", " : "", entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* is the driver in this list of the kernel's modules? */
static bool module_listed(const char *release, const char *list)
{
	char path[PATH_MAX], line[4096];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%.256s/%s", release, list);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		char *colon = strpbrk(line, ":\n");

		if (colon)
			*colon = '\0';
		found = strstr(line, "/qda.ko") != NULL;
	}
	if (file)
		fclose(file);
	return found;
}

#define TRY_SOFT "without a DSP try \"qda-run --device soft:cdsp doctor\""

void check_driver(struct doctor *doctor, struct check *check)
{
	char old[256];
	struct utsname uts;
	unsigned int count;

	(void)doctor;
	uname(&uts);
	if (!access("/sys/module/qda", F_OK)) {
		check_ok(check, "the driver qda is loaded");
		return;
	}
	if (module_listed(uts.release, "modules.builtin")) {
		check_ok(check, "the driver qda is built into the kernel");
		return;
	}
	count = list_entries("/dev", "fastrpc-", old, sizeof(old));
	if (count)
		check_broken(check, RUN_DEVICE,
			     "Unbind the old fastrpc driver and load qda "
			     "(modprobe -r fastrpc; modprobe qda); " TRY_SOFT ".",
			     "no DSP found: the driver qda is not loaded, and the old "
			     "fastrpc driver has the DSP (%s)", old);
	else if (module_listed(uts.release, "modules.dep"))
		check_broken(
			check, RUN_DEVICE,
			"Load it as root: modprobe qda; " TRY_SOFT ".",
			"no DSP found: the driver qda is installed for kernel %s but "
			"not loaded",
			uts.release);
	else
		check_broken(check, RUN_DEVICE,
			     "On a Qualcomm board build and load the driver in "
			     "kernel/qda; " TRY_SOFT ".",
			     "no DSP found: kernel %s has no driver qda", uts.release);
}

void check_nodes(struct doctor *doctor, struct check *check)
{
	char names[512], driver[64];
	struct dirent *entry;
	unsigned int mine = 0;
	DIR *dir;

	if (!list_entries(ACCEL_NODES, "accel", names, sizeof(names))) {
		check_broken(check, RUN_DEVICE,
			     "See in the kernel log (dmesg) why qda found no DSP: its "
			     "firmware must be running (/sys/class/remoteproc) and the "
			     "device tree must have a fastrpc node; " TRY_SOFT ".",
			     "no DSP found: there is no node in " ACCEL_NODES);
		return;
	}
	check_ok(check, "%s", "");
	dir = opendir(ACCEL_CLASS);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "accel", 5))
			continue;
		driver_of(entry->d_name, driver, sizeof(driver));
		check_add(check, "%s%s: %s", check->detail[0] ? ", " : "",
			  entry->d_name, *driver ? driver : "unknown driver");
		mine += is_qda(driver);
	}
	if (dir)
		closedir(dir);
	/* drivers on a bus of their own have another name: the library decides */
	if (!mine && doctor->device[0] != '/')
		check_warn(check,
			   "If the next step fails: none of these nodes is known "
			   "to be a DSP's.",
			   "%s", names);
}

/* a name, or the number where there is none, as in a container */
static const char *name_of(const char *name, unsigned int id, char *buf, size_t size)
{
	snprintf(buf, size, "%u", id);
	return name ? name : buf;
}

static void describe(const char *path, const struct stat *st, struct check *check)
{
	const struct passwd *user = getpwuid(st->st_uid);
	const struct group *group = getgrgid(st->st_gid);
	char uid[12], gid[12];

	check_add(check, "%s%s is %s:%s %03o", check->detail[0] ? ", " : "", path,
		  name_of(user ? user->pw_name : NULL, st->st_uid, uid, sizeof(uid)),
		  name_of(group ? group->gr_name : NULL, st->st_gid, gid, sizeof(gid)),
		  st->st_mode & 0777);
}

void check_permission(struct doctor *doctor, struct check *check)
{
	unsigned int denied = 0, allowed = 0;
	char path[PATH_MAX], cure[512] = "";
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	check_ok(check, "%s", "");
	dir = opendir(ACCEL_NODES);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "accel", 5))
			continue;
		snprintf(path, sizeof(path), ACCEL_NODES "/%s", entry->d_name);
		if (doctor->device[0] == '/' && strcmp(doctor->device, path))
			continue;
		if (stat(path, &st) < 0)
			continue;
		describe(path, &st, check);
		if (!access(path, R_OK | W_OK)) {
			allowed++;
			continue;
		}
		denied++;
		if (st.st_mode & S_IWGRP && st.st_gid) {
			const struct group *group = getgrgid(st.st_gid);
			const struct passwd *user = getpwuid(geteuid());
			char uid[12], gid[12];

			snprintf(cure, sizeof(cure),
				 "Add yourself to its group and log "
				 "in again: sudo usermod -aG %s %s",
				 name_of(group ? group->gr_name : NULL, st.st_gid, gid,
					 sizeof(gid)),
				 name_of(user ? user->pw_name : NULL, geteuid(), uid,
					 sizeof(uid)));
		}
	}
	if (dir)
		closedir(dir);
	if (denied && !allowed) {
		char found[sizeof(check->detail)];

		memcpy(found, check->detail, sizeof(found));
		check_broken(check, RUN_DEVICE,
			     *cure ? cure :
				     "Install the udev rule that gives the node to "
				     "a group (render), and join that group.",
			     "this user may not open a DSP: %s", found);
	}
}

/* memory that other programs share with a DSP; the driver's own needs none of them */
void check_heaps(struct doctor *doctor, struct check *check)
{
	unsigned int denied = 0, allowed = 0;
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(DMA_HEAPS);

	(void)doctor;
	check_ok(check, "%s", "");
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), DMA_HEAPS "/%s", entry->d_name);
		if (entry->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		describe(path, &st, check);
		if (access(path, R_OK) < 0)
			denied++;
		else
			allowed++;
	}
	if (dir)
		closedir(dir);
	if (!denied && !allowed) {
		check_ok(check, "there is none; buffers of the library need none");
	} else if (!allowed) {
		char found[sizeof(check->detail)];

		memcpy(found, check->detail, sizeof(found));
		check_warn(check,
			   "Only programs that allocate buffers there themselves need "
			   "one: join its group, or have a udev rule give it to one.",
			   "this user may not use one: %s", found);
	}
}

void check_soft_library(struct doctor *doctor, struct check *check)
{
	const char *path = secure_getenv("QDA_SOFT_LIBRARY");
	const char *from = "QDA_SOFT_LIBRARY";

	(void)doctor;
	if (!path || !*path) {
		path = QDA_SOFT_LIBRARY_DEFAULT;
		from = "its installed place";
	}
	if (access(path, R_OK) < 0)
		check_broken(check, RUN_DEVICE,
			     "Install the package of the soft device, or set "
			     "QDA_SOFT_LIBRARY to libqda-soft.so in the build tree.",
			     "the soft device %s (from %s) cannot be read: %s", path,
			     from, strerror(errno));
	else
		check_ok(check, "%s", path);
}

void check_soft_program(struct doctor *doctor, struct check *check)
{
	const char *path = secure_getenv("QDA_SOFTDSP");
	const char *from = "QDA_SOFTDSP";

	if (doctor->named) {
		check_ok(check, "not needed, %s is served by somebody else",
			 doctor->device);
		return;
	}
	if (!path || !*path) {
		path = QDA_SOFTDSP_DEFAULT;
		from = "its installed place";
	}
	if (access(path, X_OK) < 0)
		check_broken(
			check, RUN_DEVICE,
			"Install the package of the software DSP, or set QDA_SOFTDSP "
			"to qda-softdsp in the build tree.",
			"the software DSP %s (from %s) cannot be run: %s", path, from,
			strerror(errno));
	else
		check_ok(check, "%s", path);
}

void check_sealing(struct doctor *doctor, struct check *check)
{
	int fd = memfd_create("qda-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)doctor;
	if (fd < 0)
		check_broken(check, RUN_DEVICE,
			     "Allow memfd_create() in this container or sandbox.",
			     "memory files cannot be made: %s", strerror(errno));
	else if (ftruncate(fd, 4096) < 0 ||
		 fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		check_broken(check, RUN_DEVICE,
			     "Use a kernel with memfd sealing (3.17 or newer), not "
			     "filtered by this container or sandbox.",
			     "memory files cannot be sealed: %s", strerror(errno));
	else
		check_ok(check, "memory files can be sealed");
	if (fd >= 0)
		close(fd);
}
