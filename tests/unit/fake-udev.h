/* SPDX-License-Identifier: MIT */
/* A udev that knows the nodes of fake-kernel.h, in place of the library. */
#ifndef FAKE_UDEV_H
#define FAKE_UDEV_H

#include <stddef.h>
#include <sys/socket.h>

#include <libudev.h>

#include "fake-kernel.h"

/* one object serves for all of udev's, since only counts and nodes matter */
struct udev {
	int unused;
};

struct udev_device {
	const char *devnode, *action, *driver;
};

struct udev_list_entry {
	const char *name;
};

/* not subject to what a test does to calloc() */
#ifndef fake_udev_calloc
#define fake_udev_calloc calloc
#endif

static struct udev the_udev;
static int udev_refs, udev_devices;
static struct udev_list_entry udev_entries[FAKE_NODES_MAX + 1];
static const char *parent_driver;
static struct udev_device udev_events[64];
static int udev_next_event, udev_fds[2] = { -1, -1 };
static bool udev_no_monitor;

struct udev *udev_new(void)
{
	udev_refs++;
	return &the_udev;
}

struct udev *udev_unref(struct udev *udev)
{
	if (udev)
		udev_refs--;
	return NULL;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
	udev_refs++;
	return (struct udev_enumerate *)udev;
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate)
{
	if (enumerate)
		udev_refs--;
	return NULL;
}

int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate,
				       const char *subsystem)
{
	(void)enumerate;
	assert_string_equal(subsystem, "accel");
	return 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
	int i, n = 0;

	(void)enumerate;
	memset(udev_entries, 0, sizeof(udev_entries));
	for (i = 0; i < FAKE_NODES_MAX; i++)
		if (fake_nodes[i].path)
			udev_entries[n++].name = fake_nodes[i].path;
	return 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
	(void)enumerate;
	return udev_entries[0].name ? udev_entries : NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry)
{
	return entry[1].name ? entry + 1 : NULL;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry)
{
	return entry->name;
}

static struct udev_device *device_new(const char *devnode, const char *action)
{
	struct udev_device *dev = fake_udev_calloc(1, sizeof(*dev));

	dev->devnode = devnode;
	dev->action = action;
	udev_devices++;
	return dev;
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *syspath)
{
	(void)udev;
	return device_new(syspath, NULL);
}

struct udev_device *udev_device_unref(struct udev_device *dev)
{
	if (dev)
		udev_devices--;
	free(dev);
	return NULL;
}

const char *udev_device_get_devnode(struct udev_device *dev)
{
	return dev->devnode;
}

const char *udev_device_get_action(struct udev_device *dev)
{
	return dev->action;
}

struct udev_device *udev_device_get_parent(struct udev_device *dev)
{
	return dev;
}

const char *udev_device_get_driver(struct udev_device *dev)
{
	(void)dev;
	return parent_driver;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	assert_true(!strcmp(name, "udev") || !strcmp(name, "kernel"));
	if (udev_no_monitor)
		return NULL;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    udev_fds),
			 0);
	udev_refs++;
	return (struct udev_monitor *)udev;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	if (!monitor)
		return NULL;
	close(udev_fds[0]);
	close(udev_fds[1]);
	udev_refs--;
	return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
						    const char *subsystem,
						    const char *devtype)
{
	(void)monitor;
	assert_string_equal(subsystem, "accel");
	assert_null(devtype);
	return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	(void)monitor;
	return 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	(void)monitor;
	return udev_fds[0];
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	struct udev_device *event;
	char byte;

	(void)monitor;
	if (read(udev_fds[0], &byte, 1) != 1)
		return NULL;
	event = &udev_events[udev_next_event++];
	return device_new(event->devnode, event->action);
}

/* a node of ours, and one of another driver, for enumeration and hotplug */
static void add_node(const char *path, const char *dsp)
{
	int i;

	for (i = 0; fake_nodes[i].path; i++)
		;
	fake_nodes[i] = (struct fake_node)FAKE_QDA(path, dsp);
}

static void add_foreign(const char *path, const char *driver)
{
	add_node(path, "cdsp");
	fake_find(path)->driver = driver;
}

#endif
