// SPDX-License-Identifier: MIT
/*
 * qda-softdsp: the firmware of a DSP that is a program. This is its root process:
 * one thread, one loop, and no client or PD that it ever waits for.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "../lib/domains.h"
#include "softdsp.h"
#include "transport-dev.h"

#define DEFAULT_BANKS	8
#define DEFAULT_GEN	"v73"
/* at a time; two descriptors each */
#define MAX_CONNS	4096

struct softdsp dsp = { .sid_pos = QDA_LINK_SID_SHIFT };

/* by domain number */
static const char *const domains[] = { QDA_DOMAINS };
static const uint32_t domain_features[] = {
	DRM_QDA_FEATURE_STATIC_PD | DRM_QDA_FEATURE_SENSORS_PD,
	0,
	DRM_QDA_FEATURE_SENSORS_PD,
	DRM_QDA_FEATURE_UNSIGNED_PD,
	DRM_QDA_FEATURE_UNSIGNED_PD,
	DRM_QDA_FEATURE_UNSIGNED_PD,
	DRM_QDA_FEATURE_UNSIGNED_PD,
};
_Static_assert(sizeof(domains) / sizeof(domains[0]) ==
		       sizeof(domain_features) / sizeof(domain_features[0]),
	       "one of each for every domain");

static struct listener listener = { .source = { .fd = -1 } };
static struct source signals = { .fd = -1 };
static struct chan factory = { .source = { .fd = -1 } };

void log_line(const char *format, ...)
{
	va_list ap;

	if (!dsp.log)
		return;
	fprintf(stderr, "qda-softdsp %s: ", dsp.domain);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void softdsp_restart(void)
{
	if (device_used()) {
		device_restart();
		return;
	}
	while (!list_empty(&dsp.conns))
		conn_close(container_of(dsp.conns.next, struct conn, node));
	heap_forget();
	steer_forget_orphans();
}

/* --- where clients come from -------------------------------------------------- */

static void on_factory_packet(struct chan *chan, struct packet *packet)
{
	(void)chan;
	if (packet->fds[0] < 0)
		return;
	conn_new(packet->fds[0]);
	packet->fds[0] = -1;
}

static void on_factory_closed(struct chan *chan)
{
	(void)chan;
	dsp.stop = true;
}

static void on_connect(struct source *source, uint32_t mask)
{
	int fd = listen_accept(source, dsp.num_conns >= MAX_CONNS);

	(void)mask;
	if (fd >= 0)
		conn_new(fd);
}

static void on_signal(struct source *source, uint32_t mask)
{
	struct signalfd_siginfo info;

	(void)mask;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		dsp.stop = true;
}

static int watch_signals(bool private)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	/* a private server ends with its program, whatever keys are typed */
	if (private) {
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
	} else {
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGHUP);
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	return loop_add(&signals, fd, EPOLLIN, on_signal);
}

/* --- options -------------------------------------------------------------------- */

struct options {
	const char *listen, *control, *generation, *device;
	int fd;
};

static void usage(FILE *out)
{
	fputs("usage: qda-softdsp --domain NAME (--listen SERVER | --fd N)\n"
	      "                   [OPTION]...\n"
	      "       qda-softdsp --device NODE [OPTION]...\n"
	      "\n"
	      "A DSP that is a program: takes FastRPC calls of libqda's soft device\n"
	      "and runs their methods in processes of its own.\n"
	      "\n"
	      "      --domain NAME     adsp, mdsp, sdsp, cdsp, cdsp1, gdsp0 or gdsp1\n"
	      "                        (default cdsp)\n"
	      "      --listen SERVER   serve \"soft:NAME@SERVER\": a path if it has\n"
	      "                        a '/', else a name in $XDG_RUNTIME_DIR or\n"
	      "                        /tmp/qda-UID\n"
	      "      --device NODE     serve the driver, as the far end of a virtual\n"
	      "                        transport (/dev/qda-sim-N)\n"
	      "      --fd N            serve the program that started this (internal)\n"
	      "      --banks N         context banks, 1 to 64 (default 8)\n"
	      "      --unprivileged    clients count as unprivileged\n"
	      "      --generation GEN  attributes of a v66, v68, v73 or v75\n"
	      "                        (default v73)\n"
	      "      --shell PATH      the built-in shell image, for PDs that are\n"
	      "                        created without one\n"
	      "      --control PATH    take steering commands on this socket\n"
	      "      --log             one line for each message on standard error\n"
	      "      --help            this text\n"
	      "      --version         version\n",
	      out);
}

static bool parse_number(const char *option, const char *text, long min, long max,
			 long *ret_value)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || end == text || value < min || value > max) {
		fprintf(stderr, "qda-softdsp: --%s %s: not a number from %ld to %ld\n",
			option, text, min, max);
		return false;
	}
	*ret_value = value;
	return true;
}

static bool parse_domain(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		if (strcmp(domains[i], name))
			continue;
		dsp.domain = domains[i];
		dsp.domain_id = i;
		dsp.features |= domain_features[i];
		return true;
	}
	fprintf(stderr,
		"qda-softdsp: --domain %s: not one of adsp mdsp sdsp cdsp cdsp1 gdsp0 "
		"gdsp1\n", name);
	return false;
}

static bool parse_option(int c, struct options *o, const char **domain)
{
	long value;

	switch (c) {
	case 'd':
		*domain = optarg;
		return true;
	case 'b':
		if (!parse_number("banks", optarg, 1, SOFTDSP_MAX_BANKS, &value))
			return false;
		dsp.num_banks = (unsigned int)value;
		return true;
	case 'f':
		if (!parse_number("fd", optarg, 0, INT_MAX, &value))
			return false;
		o->fd = (int)value;
		return true;
	case 'u':
		dsp.features &= ~(uint32_t)DRM_QDA_FEATURE_PRIVILEGED;
		return true;
	case 'g':
		o->generation = optarg;
		return true;
	case 'l':
		o->listen = optarg;
		return true;
	case 'D':
		o->device = optarg;
		return true;
	case 'c':
		o->control = optarg;
		return true;
	case 's':
		free(dsp.shell);
		dsp.shell = realpath(optarg, NULL);
		if (!dsp.shell)
			fprintf(stderr, "qda-softdsp: --shell %s: %s\n", optarg,
				strerror(errno));
		return dsp.shell;
	case 'L':
		dsp.log = true;
		return true;
	case 'h':
		usage(stdout);
		exit(0);
	case 'V':
		puts("qda-softdsp " QDA_SOFTDSP_VERSION);
		exit(0);
	default:
		fputs("Try 'qda-softdsp --help'.\n", stderr);
		return false;
	}
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "banks", required_argument, NULL, 'b' },
		{ "fd", required_argument, NULL, 'f' },
		{ "unprivileged", no_argument, NULL, 'u' },
		{ "generation", required_argument, NULL, 'g' },
		{ "listen", required_argument, NULL, 'l' },
		{ "device", required_argument, NULL, 'D' },
		{ "control", required_argument, NULL, 'c' },
		{ "shell", required_argument, NULL, 's' },
		{ "log", no_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *domain = "cdsp";
	int c, generation;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!parse_option(c, o, &domain))
			return false;
	}
	if (optind != argc) {
		fprintf(stderr, "qda-softdsp: unexpected argument %s\n", argv[optind]);
		return false;
	}
	if ((o->fd >= 0) + !!o->listen + !!o->device != 1) {
		fputs("qda-softdsp: give one of --listen, --device and --fd\n"
		      "Try 'qda-softdsp --help'.\n", stderr);
		return false;
	}
	generation = attrs_find_generation(o->generation);
	if (generation < 0) {
		fprintf(stderr,
			"qda-softdsp: --generation %s: not one of v66 v68 v73 v75\n",
			o->generation);
		return false;
	}
	dsp.generation = (unsigned int)generation;
	if (o->device) {
		domain = device_open(o->device);
		if (!domain)
			return false;
	}
	return parse_domain(domain);
}

/* --- start and end --------------------------------------------------------------- */

/* The shell beside this program (a build tree), else the installed one */
static bool find_shell(void)
{
	char self[PATH_MAX];
	ssize_t n;
	char *slash;

	if (dsp.shell)
		return true;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		if (asprintf(&dsp.shell, "%s/fastrpc_shell_%u", self,
			     dsp.domain_id) < 0)
			return false;
		if (!access(dsp.shell, X_OK))
			return true;
		free(dsp.shell);
	}
	return asprintf(&dsp.shell, "%s/fastrpc_shell_%u", QDA_SOFTDSP_DIR,
			dsp.domain_id) >= 0;
}

static bool make_banks(void)
{
	unsigned int i;

	dsp.banks = calloc(dsp.num_banks, sizeof(*dsp.banks));
	if (!dsp.banks)
		return false;
	for (i = 0; i < dsp.num_banks; i++) {
		dsp.banks[i].sid = i + 1;
		dsp.banks[i].wire = payload_bank(i + 1, dsp.sid_pos);
	}
	return true;
}

/* one descriptor per mapping, thousands per session */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_sockets(const struct options *o)
{
	if (o->control) {
		if (steer_listen(o->control))
			return false;
		dsp.control_path = strdup(o->control);
	}
	if (o->device)
		return !device_start();
	if (o->fd >= 0) {
		if (!chan_is_packet_socket(o->fd) ||
		    chan_init(&factory, o->fd, 1, on_factory_packet,
			      on_factory_closed)) {
			fprintf(stderr, "qda-softdsp: --fd %d: no packet socket\n",
				o->fd);
			return false;
		}
		return true;
	}
	dsp.listen_path = listen_path(o->listen);
	if (!dsp.listen_path)
		return false;
	if (listen_at(&listener, dsp.listen_path, on_connect)) {
		free(dsp.listen_path);
		dsp.listen_path = NULL;
		return false;
	}
	return true;
}

static bool any_pd_lives(void)
{
	unsigned int i;

	for (i = 0; i < dsp.num_banks; i++) {
		if (dsp.banks[i].pd && pd_is_alive(dsp.banks[i].pd))
			return true;
	}
	return false;
}

static void stop(void)
{
	loop_remove(&listener.source);
	if (dsp.listen_path)
		unlink(dsp.listen_path);
	if (dsp.control_path)
		unlink(dsp.control_path);
	device_stop();
	softdsp_restart();
	steer_stop();
	chan_close(&factory);
	/* killed processes end; until they have, they are our children */
	while (any_pd_lives())
		loop_run_once(-1);
	loop_run_once(0);
	loop_remove(&signals);
	free(dsp.listen_path);
	free(dsp.control_path);
	free(dsp.shell);
	free(dsp.banks);
}

/* of two timeouts, -1: never */
static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int main(int argc, char **argv)
{
	struct options options = { .fd = -1, .generation = DEFAULT_GEN };
	int err, status = 0;

	/* a line in one piece: PDs and other servers write there too */
	setvbuf(stderr, NULL, _IOLBF, 0);
	dsp.num_banks = DEFAULT_BANKS;
	dsp.features = DRM_QDA_FEATURE_COHERENT | DRM_QDA_FEATURE_PRIVILEGED;
	list_init(&dsp.conns);
	if (!parse_options(argc, argv, &options))
		return 2;
	raise_limits();
	attrs_init();
	if (!find_shell() || !make_banks()) {
		fputs("qda-softdsp: out of memory\n", stderr);
		return 1;
	}
	err = loop_init();
	if (!err)
		err = watch_signals(options.fd >= 0);
	if (err) {
		fprintf(stderr, "qda-softdsp: cannot start: %s\n", strerror(-err));
		return 1;
	}
	if (!open_sockets(&options))
		status = 1;
	while (!status && !dsp.stop) {
		if (loop_run_once(sooner(pd_check_deadlines(), listen_check())))
			status = 1;
	}
	stop();
	return status;
}
