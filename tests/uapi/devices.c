// SPDX-License-Identifier: MIT
/* The devices cases run on, and what they have opened of them. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "common.h"
#include "devices.h"

#define MAX_DEVICES	6
#define MAX_OPEN	80

struct device *dev;
bool is_soft;

static struct device devices[MAX_DEVICES];
static struct device fresh;
static const struct qda_sys *the_sys;
/* in this case, to be kept for those that follow */
static int num_started, num_connected;

static struct {
	int fd;
	struct device *dev;
	bool kept;
} opened[MAX_OPEN];
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

static int device_start(struct device *d, const char *domain, const char *options)
{
	char words[128];
	int err;

	snprintf(d->options, sizeof(d->options), "%s %s", domain, options);
	snprintf(words, sizeof(words), "--domain %s %s", domain, options);
	err = server_start(&d->server, words);
	if (err)
		return err;
	snprintf(d->path, sizeof(d->path), "soft:%s@%s", domain, d->server.listen);
	d->control = d->server.control_fd;
	d->sys = the_sys;
	num_started++;
	num_connected++;
	return 0;
}

/* a DSP of the virtual transport that nobody else serves */
static int spare_start(struct device *d, const char *domain)
{
	const char *node = getenv("QDA_UAPI_SPARE"), *path = getenv("QDA_UAPI_DEVICE_SDSP");
	int err;

	if (!node || !path)
		return -ENOENT;
	err = server_start_device(&d->server, node);
	if (err)
		return err;
	snprintf(d->options, sizeof(d->options), "%s", domain);
	snprintf(d->path, sizeof(d->path), "%s", path);
	snprintf(d->label, sizeof(d->label), "sdsp");
	d->control = d->server.control_fd;
	d->sys = the_sys;
	num_started++;
	num_connected++;
	return 0;
}

static int device_stop(struct device *d)
{
	int err = d->server.pid ? server_stop(&d->server) : 0;

	memset(d, 0, sizeof(*d));
	return err;
}

static int kernel_device(struct device *d, const char *node, const char *control)
{
	if (!node)
		return -ENOENT;
	d->sys = the_sys;
	snprintf(d->path, sizeof(d->path), "%s", node);
	d->control = control ? steer_connect(control, SOON_MS) : -1;
	return d->control < 0 ? d->control : 0;
}

static void use_kernel_device(const char *domain, const char *options)
{
	char node[64], control[64];
	size_t i;

	if (!strcmp(domain, "cdsp") && !*options) {
		dev = &devices[0];
		return;
	}
	if (*options)
		skip_case("this device's options cannot be chosen");
	snprintf(node, sizeof(node), "QDA_UAPI_DEVICE_%s", domain);
	snprintf(control, sizeof(control), "QDA_UAPI_CONTROL_%s", domain);
	for (i = strlen("QDA_UAPI_DEVICE_"); node[i]; i++)
		node[i] = (char)(node[i] - 'a' + 'A');
	for (i = strlen("QDA_UAPI_CONTROL_"); control[i]; i++)
		control[i] = (char)(control[i] - 'a' + 'A');
	for (i = 1; i < MAX_DEVICES; i++) {
		if (devices[i].path[0] && !strcmp(devices[i].options, domain)) {
			dev = &devices[i];
			return;
		}
		if (devices[i].path[0])
			continue;
		if (!strcmp(domain, "sdsp") && !getenv(control)) {
			if (spare_start(&devices[i], domain))
				skip_case("there is no spare DSP");
			dev = &devices[i];
			return;
		}
		if (kernel_device(&devices[i], getenv(node), getenv(control)))
			skip_case("there is no device with this DSP");
		num_connected++;
		snprintf(devices[i].options, sizeof(devices[i].options), "%s", domain);
		snprintf(devices[i].label, sizeof(devices[i].label), "%s", domain);
		dev = &devices[i];
		return;
	}
}

void use_device(const char *domain, const char *options)
{
	char key[80];
	size_t i;
	int err;

	if (!is_soft) {
		use_kernel_device(domain, options);
		return;
	}
	snprintf(key, sizeof(key), "%s %s", domain, options);
	for (i = 0; i < MAX_DEVICES; i++)
		if (devices[i].server.pid && !strcmp(devices[i].options, key)) {
			dev = &devices[i];
			return;
		}
	for (i = 0; i < MAX_DEVICES; i++)
		if (!devices[i].server.pid) {
			err = device_start(&devices[i], domain, options);
			check(!err, "cannot start qda-softdsp: %s", strerror(-err));
			dev = &devices[i];
			return;
		}
	check(0, "too many devices");
}

void use_fresh_device(const char *domain, const char *options)
{
	int err;

	if (is_soft) {
		err = device_start(&fresh, domain, options);
	} else {
		/* it has one context bank, and its own name */
		err = spare_start(&fresh, domain);
		if (err == -ENOENT)
			skip_case("needs a DSP of its own");
	}
	check(!err, "cannot start qda-softdsp: %s", strerror(-err));
	dev = &fresh;
}

/* --- descriptors -------------------------------------------------------- */

/*
 * DSPs that come back may swap their nodes, and the names that udev gives follow a
 * moment later.
 */
static bool is_expected(int fd)
{
	struct drm_qda_query query = { .type = DRM_QDA_QUERY_NAME };

	if (dev->sys->ioctl(fd, DRM_IOCTL_QDA_QUERY, &query))
		return true;
	if (!dev->label[0])
		snprintf(dev->label, sizeof(dev->label), "%s", query.name);
	return !strcmp(dev->label, (const char *)query.name);
}

int dev_try_open(const char *path)
{
	int fd = dev->sys->open(path, O_RDWR | O_CLOEXEC);
	size_t i;

	if (fd < 0)
		return -errno;
	if (!is_soft && !is_expected(fd)) {
		dev->sys->close(fd);
		return -ENODEV;
	}
	pthread_mutex_lock(&opened_lock);
	for (i = 0; i < MAX_OPEN; i++)
		if (!opened[i].dev) {
			opened[i].fd = fd;
			opened[i].dev = dev;
			opened[i].kept = false;
			break;
		}
	pthread_mutex_unlock(&opened_lock);
	return fd;
}

/* a DSP that comes back is a new node, which has no name at once */
static int open_soon(void)
{
	int64_t end = soon();
	int fd;

	while ((fd = dev_try_open(dev->path)) < 0 && !is_soft &&
	       (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO) && monotonic_ns() < end)
		sleep_ms(5);
	return fd;
}

int dev_open(void)
{
	int fd = open_soon();

	check(fd >= 0, "cannot open %s: %s", dev->path, err_name(fd));
	return fd;
}

static int capability(bool on)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (on)
		data[0].effective |= 1U << CAP_SYS_ADMIN;
	else
		data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int dev_open_unprivileged(void)
{
	int fd;

	if (is_soft) {
		char domain[16], options[80];

		/* on the soft device it is a property of the simulated one */
		check(sscanf(dev->options, "%15s %79[^\n]", domain, options) >= 1,
		      "no domain");
		use_device(domain, "--unprivileged");
		return dev_open();
	}
	if (capability(false))
		skip_case("cannot drop CAP_SYS_ADMIN");
	fd = open_soon();
	capability(true);
	check(fd >= 0, "cannot open %s: %s", dev->path, err_name(fd));
	return fd;
}

static struct device *forget(int fd)
{
	struct device *d = NULL;
	size_t i;

	pthread_mutex_lock(&opened_lock);
	for (i = 0; i < MAX_OPEN; i++)
		if (opened[i].dev && opened[i].fd == fd) {
			d = opened[i].dev;
			opened[i].dev = NULL;
			break;
		}
	pthread_mutex_unlock(&opened_lock);
	return d;
}

void dev_close(int fd)
{
	if (forget(fd))
		the_sys->close(fd);
}

void dev_close_all(void)
{
	size_t i;

	for (i = 0; i < MAX_OPEN; i++)
		if (opened[i].dev && !opened[i].kept)
			dev_close(opened[i].fd);
}

void dev_keep(int fd, bool keep)
{
	size_t i;

	pthread_mutex_lock(&opened_lock);
	for (i = 0; i < MAX_OPEN; i++)
		if (opened[i].dev && opened[i].fd == fd)
			opened[i].kept = keep;
	pthread_mutex_unlock(&opened_lock);
}

/* --- beginning and end ------------------------------------------------------ */

static int start_first(void)
{
	int err;

	if (is_soft) {
		err = device_start(&devices[0], "cdsp", "");
		if (err)
			fprintf(stderr, "cannot start qda-softdsp: %s\n", strerror(-err));
	} else {
		err = kernel_device(&devices[0], getenv("QDA_UAPI_DEVICE"),
				    getenv("QDA_UAPI_CONTROL"));
		if (err)
			fprintf(stderr, "QDA_UAPI_CONTROL is \"%s\", where no qda-softdsp listens\n",
				getenv("QDA_UAPI_CONTROL") ?: "");
	}
	return err;
}

static int load_sys(void)
{
	const char *library = getenv("QDA_SOFT_LIBRARY");
	void *dl;

	is_soft = !getenv("QDA_UAPI_DEVICE");
	if (!is_soft) {
		the_sys = &qda_sys_kernel;
		return 0;
	}
	dl = dlopen(library ? library : "libqda-soft.so", RTLD_NOW | RTLD_LOCAL);
	if (dl)
		the_sys = dlsym(dl, QDA_SOFT_SYS_SYMBOL);
	if (!the_sys) {
		fprintf(stderr, "no soft device: %s\n", dlerror());
		return -ENOENT;
	}
	return 0;
}

static void *nothing(void *arg)
{
	return arg;
}

/*
 * What is made once per process is no leak: by the soft device with its first
 * file, by a sanitizer with the first thread.
 */
static int warm_up(void)
{
	pthread_t thread;
	int fd;

	if (pthread_create(&thread, NULL, nothing, NULL))
		return -EAGAIN;
	pthread_join(thread, NULL);
	dev = &devices[0];
	fd = the_sys->open(dev->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	the_sys->close(fd);
	return 0;
}

int devices_start(void)
{
	int err = load_sys();

	if (err)
		return err;
	err = start_first();
	if (err)
		return err;
	err = warm_up();
	if (err)
		fprintf(stderr, "cannot use %s: %s\n", devices[0].path, strerror(-err));
	return err;
}

int devices_stop(void)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < MAX_DEVICES; i++)
		failed += device_stop(&devices[i]) != 0;
	return failed;
}

void devices_begin_case(void)
{
	dev = &devices[0];
	num_started = num_connected = 0;
}

bool devices_serve(void)
{
	return dev->server.pid || !(is_soft || dev == &fresh);
}

int devices_end_case(int *ret_processes, int *ret_sockets)
{
	int err = 0;

	if (fresh.path[0]) {
		err = device_stop(&fresh);
		num_started--;
		num_connected--;
	}
	*ret_processes = num_started;
	*ret_sockets = num_connected;
	return err;
}

void restart_dsp(int control)
{
	unsigned int last = 0;
	char text[64];

	if (!steer_command(control, text, sizeof(text), "hold handle=0xffffffff") &&
	    sscanf(text, "%u", &last) == 1) {
		for (; last; last--)
			steer_command(control, NULL, 0, "cancel %u", last);
	}
	steer_command(control, NULL, 0, "crash dsp");
}

int devices_recover(bool skipped)
{
	bool was_fresh = fresh.path[0];

	device_stop(&fresh);
	if (!is_soft) {
		if (!skipped)
			restart_dsp(devices[0].control);
		return 0;
	}
	if (skipped && !was_fresh)
		return 0;
	devices_stop();
	return start_first();
}
