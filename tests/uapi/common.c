// SPDX-License-Identifier: MIT
/* The frame of the suite: devices, cases, results. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "common.h"

#define MAX_CASES	512
#define MAX_DEVICES	6
#define MAX_OPEN	80
#define CASE_SECONDS	100
#define GUEST_SECONDS	400
/* worth a line */
#define SLOW_CASE_NS	2000000000LL

struct case_data {
	case_fn fn;
	const void *arg;
	bool shares;
};

struct device *dev;
bool is_soft;

static int64_t case_began;
static struct CMUnitTest tests[MAX_CASES];
static struct case_data datas[MAX_CASES];
static char *names[MAX_CASES];
static size_t num_cases;

static struct device devices[MAX_DEVICES];
static struct device fresh;
static const struct qda_sys *the_sys;
static FILE *results;

static struct {
	int fd;
	struct device *dev;
	bool shared;
} opened[MAX_OPEN];
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *group_name, *case_name = "";
/* for this case, and kept for those that follow */
static int devices_started, devices_connected;
static bool case_passed, case_skipped;

static struct sess shared;
static bool is_shared;
static char shared_pds[512];

/* --- results ------------------------------------------------------------ */

const char *err_name(int err)
{
	const char *name;

	if (err >= 0)
		return "OK";
	name = strerrorname_np(-err);
	return name ? name : "?";
}

void record(const char *format, ...)
{
	va_list ap;

	if (!results)
		return;
	fprintf(results, "%s/%s: ", group_name, case_name);
	va_start(ap, format);
	vfprintf(results, format, ap);
	va_end(ap);
	fputc('\n', results);
	fflush(results);
}

void fail_at(const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	print_error("%s: %s\n", case_name, text);
	_fail(file, line);
	abort();
}

void skip_case(const char *why)
{
	print_message("[  SKIP    ] %s: %s\n", case_name, why);
	case_skipped = true;
	_skip(__FILE__, __LINE__);
	abort();
}

/* --- devices ------------------------------------------------------------ */

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
	devices_started++;
	devices_connected++;
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
	devices_started++;
	devices_connected++;
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
		devices_connected++;
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
			opened[i].shared = false;
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

static void close_all(void)
{
	size_t i;

	for (i = 0; i < MAX_OPEN; i++)
		if (opened[i].dev && !opened[i].shared)
			dev_close(opened[i].fd);
}

/* --- the shared session --------------------------------------------------- */

struct sess sess_shared(void)
{
	check(is_shared, "add_rows() instead of add_rows_shared()");
	return shared;
}

static void end_sharing(void)
{
	size_t i;

	if (!is_shared)
		return;
	is_shared = false;
	for (i = 0; i < MAX_OPEN; i++)
		opened[i].shared = false;
	sess_close(&shared);
}

static void start_sharing(void)
{
	size_t i;

	if (is_shared)
		return;
	sess_open_bench(&shared);
	steer(shared_pds, sizeof(shared_pds), "pds");
	for (i = 0; i < MAX_OPEN; i++)
		opened[i].shared = opened[i].dev;
	is_shared = true;
}

/* --- running ------------------------------------------------------------ */

/* neither the DSP nor the device may keep anything of an ended case */
static void check_device_clean(void)
{
	char answer[512] = "";
	int64_t end = soon();
	unsigned int ms = 1;
	uint64_t total;
	int fd;

	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	total -= is_shared;
	check(wait_banks_free(fd, total) == total, "context banks were not given back");
	dev_close(fd);
	do {
		steer(answer, sizeof(answer), "pds");
		if (!strcmp(answer, is_shared ? shared_pds : ""))
			return;
		sleep_longer(&ms);
	} while (monotonic_ns() < end);
	check(0, "PDs left: %s", answer);
}

static int setup_case(void **state)
{
	case_passed = case_skipped = false;
	dev = &devices[0];
	alarm(is_soft ? CASE_SECONDS : GUEST_SECONDS);
	case_began = monotonic_ns();
	(void)state;
	return 0;
}

static void run_case(void **state)
{
	const struct case_data *data = *state;
	struct leak_counts before;
	char text[4096];
	int err;

	if (is_shared && !data->shares) {
		case_name = "a case that shared its session";
		end_sharing();
		check_device_clean();
	}
	case_name = names[data - datas];
	if (data->shares)
		start_sharing();
	leak_count(&before);
	devices_started = devices_connected = 0;
	data->fn(data->arg);
	close_all();
	/* it may have been killed on purpose */
	if (dev->server.pid || !(is_soft || dev == &fresh))
		check_device_clean();
	if (fresh.path[0]) {
		err = device_stop(&fresh);
		check(!err, "qda-softdsp did not end cleanly: %s", err_name(err));
		devices_started--;
		devices_connected--;
	}
	/* a device started for this case lives on: a process and its socket */
	before.children += devices_started;
	before.fds += devices_connected;
	check(!leak_check(&before, SOON_MS, text, sizeof(text)), "%s", text);
	case_passed = true;
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

static int start_devices(void);

static int teardown_case(void **state)
{
	int64_t ns = monotonic_ns() - case_began;
	size_t i;

	(void)state;
	alarm(0);
	if (ns > SLOW_CASE_NS)
		print_message("%s took %.1f s\n", case_name, (double)ns / 1e9);
	record("%s", case_passed ? "passed" : case_skipped ? "skipped" : "failed");
	if (case_passed)
		return 0;
	/* whatever state a failed case left must not fail the next one */
	end_sharing();
	close_all();
	if (!is_soft) {
		device_stop(&fresh);
		if (!case_skipped)
			restart_dsp(devices[0].control);
		return 0;
	}
	if (case_skipped && !fresh.path[0])
		return 0;
	for (i = 0; i < MAX_DEVICES; i++)
		device_stop(&devices[i]);
	device_stop(&fresh);
	return start_devices();
}

void add_case(const char *name, case_fn fn, const void *arg)
{
	struct CMUnitTest *test = &tests[num_cases];
	struct case_data *data = &datas[num_cases];

	if (num_cases == MAX_CASES || asprintf(&names[num_cases], "%s", name) < 0)
		abort();
	*data = (struct case_data){ fn, arg, false };
	*test = (struct CMUnitTest){
		.name = names[num_cases], .test_func = run_case,
		.setup_func = setup_case, .teardown_func = teardown_case,
		.initial_state = data,
	};
	num_cases++;
}

void add_rows_(const char *prefix, const struct bad_field *rows, size_t n, case_fn fn)
{
	char name[128];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s-%s", prefix, rows[i].name);
		add_case(name, fn, &rows[i]);
	}
}

void add_rows_shared_(const char *prefix, const struct bad_field *rows, size_t n,
		      case_fn fn)
{
	size_t i = num_cases;

	add_rows_(prefix, rows, n, fn);
	for (; i < num_cases; i++)
		datas[i].shares = true;
}

static int start_devices(void)
{
	int err;

	if (!is_soft)
		return kernel_device(&devices[0], getenv("QDA_UAPI_DEVICE"),
				     getenv("QDA_UAPI_CONTROL"));
	err = device_start(&devices[0], "cdsp", "");
	if (err)
		fprintf(stderr, "cannot start qda-softdsp: %s\n", strerror(-err));
	return err;
}

static void on_alarm(int sig)
{
	static const char text[] = ": no end in sight, giving up\n";

	(void)sig;
	if (write(2, case_name, strlen(case_name)) < 0 ||
	    write(2, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
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

int run_cases(const char *group)
{
	const char *path = getenv("QDA_UAPI_RESULTS");
	const char *filter = getenv("QDA_UAPI_FILTER");
	size_t i;
	int err, failed;

	group_name = group;
	if (load_sys())
		return 1;
	if (path)
		results = fopen(path, "ae");
	if (path && !results) {
		perror(path);
		return 1;
	}
	signal(SIGALRM, on_alarm);
	if (start_devices())
		return 1;
	err = warm_up();
	if (err) {
		fprintf(stderr, "cannot use %s: %s\n", devices[0].path, strerror(-err));
		return 1;
	}

	if (filter)
		cmocka_set_test_filter(filter);
	failed = _cmocka_run_group_tests(group, tests, num_cases, NULL, NULL);
	end_sharing();
	for (i = 0; i < MAX_DEVICES; i++)
		if (device_stop(&devices[i])) {
			fprintf(stderr, "%s: qda-softdsp did not end cleanly\n", group);
			failed++;
		}
	for (i = 0; i < num_cases; i++)
		free(names[i]);
	if (results)
		fclose(results);
	return failed ? 1 : 0;
}
