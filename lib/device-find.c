/* SPDX-License-Identifier: MIT */
/* Finding the devices of this machine, and one of them. */
#include <errno.h>
#include <grp.h>
#include <libudev.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* soft devices that are listed; more can be opened by name */
static const char *const soft_listed[] = { "adsp", "cdsp" };

/* What looking at all nodes found. */
struct scan {
	struct qda_device **devices; /* ends with NULL */
	size_t count;
	char *denied; /* a node that may not be opened */
	int denied_err;
};

static int device_probe(struct qda_ctx *ctx, const char *path, struct kapi_info *found,
			struct qda_device **ret_device)
{
	struct kapi_file *file;
	int err;

	err = kapi_identify(ctx, path, found, &file);
	if (err)
		return err;
	err = qda_device_from_file(ctx, path, file, ret_device);
	kapi_close(file);
	return err;
}

int qda_device_probe(struct qda_ctx *ctx, const char *path,
		     struct qda_device **ret_device)
{
	struct kapi_info found;

	return device_probe(ctx, path, &found, ret_device);
}

/* --- looking at all nodes -------------------------------------------------- */

static int scan_append(struct scan *scan, struct qda_device *device)
{
	struct qda_device **devices;

	devices = realloc(scan->devices, (scan->count + 2) * sizeof(*devices));
	if (!devices) {
		qda_device_unref(device);
		return -ENOMEM;
	}
	devices[scan->count++] = device;
	devices[scan->count] = NULL;
	scan->devices = devices;
	return 0;
}

static void scan_free(struct scan *scan)
{
	qda_device_list_free(scan->devices);
	free(scan->denied);
}

/*
 * The driver of the parent device, which sysfs tells everybody: a node that may
 * not be opened and is certainly another driver's is none of our business.
 */
static bool may_be_ours(struct udev_device *dev)
{
	struct udev_device *parent = udev_device_get_parent(dev);
	const char *driver = parent ? udev_device_get_driver(parent) : NULL;

	return !driver || strstr(driver, "qda");
}

static int scan_node(struct qda_ctx *ctx, struct scan *scan, struct udev_device *dev)
{
	const char *path = udev_device_get_devnode(dev);
	struct qda_device *device;
	int err;

	if (!path)
		return 0;
	err = qda_device_probe(ctx, path, &device);
	switch (err) {
	case 0:
		return scan_append(scan, device);
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return err;
	case -EACCES:
	case -EPERM:
		if (!may_be_ours(dev))
			return 0;
		/* the caller says it where there is no other */
		log_info(ctx, "%s cannot be opened: %s", path, qda_strerror(err));
		if (scan->denied)
			return 0;
		scan->denied = strdup(path);
		scan->denied_err = err;
		return scan->denied ? 0 : -ENOMEM;
	default:
		/* another driver's, another interface's, or going away */
		return 0;
	}
}

/* accel2 before accel10 */
static int compare_paths(const void *a, const void *b)
{
	const struct qda_device *const *x = a, *const *y = b;

	return strverscmp((*x)->path, (*y)->path);
}

static int scan_kernel(struct qda_ctx *ctx, struct scan *scan)
{
	struct udev_enumerate *enumerate = NULL;
	struct udev_list_entry *entry;
	struct udev_device *dev;
	struct udev *udev;
	int err = -ENOMEM;

	udev = udev_new();
	if (!udev)
		return -ENOMEM;
	enumerate = udev_enumerate_new(udev);
	if (!enumerate)
		goto out;
	if (udev_enumerate_add_match_subsystem(enumerate, "accel") < 0)
		goto out;
	err = 0;
	/* without /sys there is nothing to find */
	if (udev_enumerate_scan_devices(enumerate) < 0)
		log_info(ctx, "the devices of this machine cannot be listed");
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
	{
		dev = udev_device_new_from_syspath(udev,
						   udev_list_entry_get_name(entry));
		if (!dev)
			continue;
		err = scan_node(ctx, scan, dev);
		udev_device_unref(dev);
		if (err)
			break;
	}
	if (scan->count)
		qsort(scan->devices, scan->count, sizeof(scan->devices[0]),
		      compare_paths);
out:
	udev_enumerate_unref(enumerate);
	udev_unref(udev);
	return err;
}

static const char *softdsp_program(void)
{
	const char *program = secure_getenv("QDA_SOFTDSP");

	return program && *program ? program : QDA_SOFTDSP_DEFAULT;
}

static bool soft_is_installed(void)
{
	return !getauxval(AT_SECURE) && !access(kapi_soft_library(), R_OK) &&
	       !access(softdsp_program(), X_OK);
}

/* Not opened: that would start a process for each. */
static int scan_soft(struct qda_ctx *ctx, struct scan *scan)
{
	struct kapi_info info = { .driver = "qda",
				  .description = "soft device",
				  .soft = true };
	struct qda_device *device;
	char path[64];
	size_t i;
	int err;

	if (!soft_is_installed())
		return 0;
	kapi_soft_version(&info.major, &info.minor);
	for (i = 0; i < sizeof(soft_listed) / sizeof(soft_listed[0]); i++) {
		snprintf(path, sizeof(path), "soft:%s", soft_listed[i]);
		snprintf(info.dsp, sizeof(info.dsp), "%s", soft_listed[i]);
		err = qda_device_new(ctx, path, &info, &device);
		if (!err)
			err = scan_append(scan, device);
		if (err)
			return err;
	}
	return 0;
}

QDA_EXPORT int qda_device_list(struct qda_ctx *ctx, uint32_t flags,
			       struct qda_device ***ret_devices)
{
	struct scan scan = { 0 };
	int err;

	if (!ctx || !ret_devices || !flags ||
	    (flags & ~(uint32_t)(QDA_LIST_KERNEL | QDA_LIST_SOFT)))
		return -EINVAL;
	err = qda_ctx_check(ctx);
	if (err)
		return err;
	scan.devices = calloc(1, sizeof(*scan.devices));
	if (!scan.devices)
		return -ENOMEM;
	if (flags & QDA_LIST_KERNEL)
		err = scan_kernel(ctx, &scan);
	if (!err && (flags & QDA_LIST_SOFT))
		err = scan_soft(ctx, &scan);
	if (!err && !scan.count && scan.denied)
		err = -EACCES;
	if (err) {
		scan_free(&scan);
		return err;
	}
	free(scan.denied);
	*ret_devices = scan.devices;
	return (int)scan.count;
}

QDA_EXPORT void qda_device_list_free(struct qda_device **devices)
{
	struct qda_device **d;

	for (d = devices; d && *d; d++)
		qda_device_unref(*d);
	free(devices);
}

/* --- finding one ----------------------------------------------------------- */

static void user_name(uid_t uid, char *name, size_t size)
{
	char buf[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) || !found)
		snprintf(name, size, "%u", (unsigned int)uid);
	else
		snprintf(name, size, "%s", pw.pw_name);
}

static void group_name(gid_t gid, char *name, size_t size)
{
	char buf[4096];
	struct group gr, *found = NULL;

	if (getgrgid_r(gid, &gr, buf, sizeof(buf), &found) || !found)
		snprintf(name, size, "%u", (unsigned int)gid);
	else
		snprintf(name, size, "%s", gr.gr_name);
}

static int fail_access(struct qda_failure *reterr, int err, const char *path)
{
	char user[64], group[64];
	struct stat st;

	if (stat(path, &st) < 0)
		return qda_fail(reterr, err, 0, "cannot open %s as uid %u, gid %u",
				path, (unsigned int)geteuid(), (unsigned int)getegid());
	user_name(st.st_uid, user, sizeof(user));
	group_name(st.st_gid, group, sizeof(group));
	return qda_fail(
		reterr, err, 0,
		"cannot open %s (owner %s, group %s, mode %04o) as uid %u, gid %u",
		path, user, group, (unsigned int)(st.st_mode & 07777),
		(unsigned int)geteuid(), (unsigned int)getegid());
}

static int fail_soft(struct qda_failure *reterr, int err, const char *name)
{
	const char *library = kapi_soft_library(), *program = softdsp_program();
	bool has_server = strchr(name, '@');

	switch (err) {
	case -ENOENT:
		if (access(library, F_OK) < 0)
			return qda_fail(reterr, err, 0,
					"cannot open %s: the soft device is not "
					"installed (%s)",
					name, library);
		if (has_server)
			return qda_fail(reterr, err, 0,
					"cannot open %s: its server does not run",
					name);
		return qda_fail(reterr, err, 0, "cannot start %s for %s", program,
				name);
	case -EACCES:
	case -ENOEXEC:
		if (has_server)
			break;
		return qda_fail(reterr, err, 0, "cannot start %s for %s", program,
				name);
	case -EINVAL:
		return qda_fail(reterr, err, 0,
				"%s is not the name of a soft device: "
				"soft:DSP[@SERVER][,banks=1..64][,priv=0|1]"
				"[,gen=v66|v68|v73|v75]",
				name);
	case -ENODEV:
		return qda_fail(reterr, err, 0,
				"cannot open %s: the software DSP ended at once, or "
				"DSP is none of adsp, mdsp, sdsp, cdsp, cdsp1, gdsp0, "
				"gdsp1",
				name);
	case -EPERM:
		if (!getauxval(AT_SECURE))
			break;
		return qda_fail(reterr, err, 0,
				"%s is refused in a program that runs with more "
				"privilege than its user",
				name);
	default:
		break;
	}
	return qda_fail(reterr, err, 0, "cannot open %s", name);
}

static int fail_node(struct qda_failure *reterr, int err, const char *path,
		     const struct kapi_info *found)
{
	switch (err) {
	case -ENODEV:
		if (access(path, F_OK) < 0 && errno != EACCES)
			return qda_fail(reterr, err, 0, "%s does not exist", path);
		return qda_fail(reterr, err, 0, "cannot open %s", path);
	case -EACCES:
	case -EPERM:
		return fail_access(reterr, err, path);
	case -ENXIO:
		if (!found->driver[0])
			return qda_fail(reterr, err, 0, "%s is no accel device", path);
		return qda_fail(reterr, err, 0, "%s belongs to driver %s", path,
				found->driver);
	case -ENOTSUP:
		return qda_fail(reterr, err, 0,
				"driver %s %d.%d (%s) of %s speaks another interface "
				"than this library",
				found->driver, found->major, found->minor,
				found->description, path);
	default:
		return qda_fail(reterr, err, 0, "cannot open %s", path);
	}
}

static int open_path(struct qda_ctx *ctx, const char *path,
		     struct qda_device **ret_device, struct qda_failure *reterr)
{
	struct kapi_info found;
	int err;

	err = device_probe(ctx, path, &found, ret_device);
	if (!err)
		return 0;
	if (found.soft)
		return fail_soft(reterr, err, path);
	return fail_node(reterr, err, path, &found);
}

/* "adsp (/dev/accel/accel0), cdsp (...)"; cut where the buffer ends */
static void describe_found(const struct scan *scan, char *text, size_t size)
{
	size_t i, len = 0;
	int n;

	text[0] = '\0';
	for (i = 0; i < scan->count && len < size; i++) {
		n = snprintf(text + len, size - len, "%s%s (%s)", i ? ", " : "",
			     scan->devices[i]->info.dsp, scan->devices[i]->path);
		if (n < 0)
			break;
		len += (size_t)n;
	}
}

/* name NULL: cdsp, else the only one */
static struct qda_device *pick(const struct scan *scan, const char *name)
{
	size_t i;

	for (i = 0; i < scan->count; i++)
		if (!strcmp(scan->devices[i]->info.dsp, name ? name : "cdsp"))
			return scan->devices[i];
	return !name && scan->count == 1 ? scan->devices[0] : NULL;
}

static int open_kernel(struct qda_ctx *ctx, const char *name,
		       struct qda_device **ret_device, struct qda_failure *reterr)
{
	struct scan scan = { 0 };
	struct qda_device *device;
	char found[1024];
	int err;

	err = scan_kernel(ctx, &scan);
	if (err) {
		qda_fail(reterr, err, 0, "cannot look for devices");
		goto out;
	}
	device = pick(&scan, name);
	if (device) {
		*ret_device = qda_device_ref(device);
		goto out;
	}
	describe_found(&scan, found, sizeof(found));
	if (scan.denied)
		err = fail_access(reterr, scan.denied_err, scan.denied);
	else if (scan.count && name)
		err = qda_fail(reterr, -ENODEV, 0,
			       "this machine has no DSP called %s, but %s", name,
			       found);
	else if (scan.count)
		err = qda_fail(reterr, -ENODEV, 0,
			       "none of %s is the default; name one, or set QDA_DEVICE",
			       found);
	else
		err = qda_fail(reterr, -ENODEV, 0,
			       "this machine has no DSP%s%s with the qda driver",
			       name ? " called " : "", name ? name : "");
out:
	scan_free(&scan);
	return err;
}

QDA_EXPORT int qda_device_open(struct qda_ctx *ctx, const char *name,
			       struct qda_device **ret_device,
			       struct qda_failure *reterr)
{
	int err;

	if (!ctx || !ret_device)
		return qda_fail(reterr, -EINVAL, 0,
				"no context or no place for the device");
	err = qda_ctx_check(ctx);
	if (err)
		return qda_fail(reterr, err, 0, "cannot open a device");
	if (!name) {
		name = secure_getenv("QDA_DEVICE");
		if (name && !*name)
			name = NULL;
	}
	if (name && !*name)
		return qda_fail(reterr, -EINVAL, 0, "the name of the device is empty");
	if (name && (!strncmp(name, "soft:", 5) || strchr(name, '/')))
		return open_path(ctx, name, ret_device, reterr);
	return open_kernel(ctx, name, ret_device, reterr);
}
