// SPDX-License-Identifier: MIT
/*
 * What udev would do on a machine that has it: /run/dev-LABEL is the node of the DSP
 * with that label, which is a new one whenever the DSP has come back. A program of its
 * own, because a shell per uevent falls behind, and the kernel keeps what is unread.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLASS	"/sys/class/accel"
#define NAMES	"/run"
#define PREFIX	"dev-"

/* false: not a DSP's, or just going */
static int read_label(const char *node, char *ret_label, int size)
{
	char path[300];
	FILE *f;
	int ok;

	snprintf(path, sizeof(path), CLASS "/%s/device/of_node/label", node);
	f = fopen(path, "re");
	if (!f)
		return 0;
	ok = fgets(ret_label, size, f) && ret_label[0] && !strchr(ret_label, '/');
	fclose(f);
	return ok;
}

/* what it is called now stays its name until the new link is in its place */
static void name_node(const char *node)
{
	char label[32], target[300], name[64], fresh[64], old[300];
	ssize_t n;

	if (!read_label(node, label, sizeof(label)))
		return;
	snprintf(target, sizeof(target), "/dev/accel/%s", node);
	snprintf(name, sizeof(name), NAMES "/" PREFIX "%s", label);
	snprintf(fresh, sizeof(fresh), NAMES "/." PREFIX "%s", label);
	n = readlink(name, old, sizeof(old) - 1);
	old[n > 0 ? n : 0] = '\0';
	if (!strcmp(old, target))
		return;
	unlink(fresh);
	if (symlink(target, fresh) || rename(fresh, name))
		perror(name);
}

static void name_all(void)
{
	struct dirent *entry;
	DIR *dir = opendir(CLASS);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			name_node(entry->d_name);
	if (dir)
		closedir(dir);
}

/* the strings of a uevent follow one another; the first is no KEY=VALUE */
static int is_about_nodes(const char *event, size_t len)
{
	const char *p;

	for (p = event; p < event + len; p += strlen(p) + 1)
		if (!strcmp(p, "SUBSYSTEM=accel"))
			return 1;
	return 0;
}

int main(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	char event[8192];
	ssize_t n;

	if (fd < 0 || bind(fd, (struct sockaddr *)&kernel, sizeof(kernel))) {
		perror("name-nodes: uevents");
		return EXIT_FAILURE;
	}
	name_all();
	for (;;) {
		n = recv(fd, event, sizeof(event) - 1, 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR) {
			perror("name-nodes: uevents");
			return EXIT_FAILURE;
		}
		if (n > 0) {
			event[n] = '\0';
			if (!is_about_nodes(event, (size_t)n))
				continue;
		}
		name_all();
	}
}
