// SPDX-License-Identifier: MIT
/*
 * Keep the sensors PD of a DSP at work: attach to it, serve it the directories that it
 * reads at its start and goes on using, show what it logs, and attach again when the DSP
 * has restarted. The same, with another PD, is what an audio DSP needs.
 *
 *	sensors-daemon [-d DEVICE] [-p PD] [ROOT]
 *
 * PD: "sensors" (the default), "root", or the name of a static PD, such as "audiopd".
 * ROOT: files of the board, see served[]; default /usr/share/qcom.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <qda/qda.h>

#define CURRENT_PROCESS1	4	/* an interface that every PD has */
#define GET_ASID		5
#define PROBE_MS		5000
#define RETRY_NS		1000000000

/* Where a board's firmware looks, and what it is below ROOT. What is not there is not
 * served: the firmware does without. */
static const struct {
	const char *firmware, *board;
	bool writable;
} served[] = {
	{ "/vendor/etc/sensors/config", "sensors/config", false },
	{ "/mnt/vendor/persist/sensors/registry/registry", "sensors/registry", true },
	{ "/vendor/etc/acdbdata", "acdb", false },
	{ "/sys/devices/soc0", "socinfo", false },
};

struct daemon {
	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
	struct qda_module *process;
	char read_dirs[4096], write_dirs[4096], library[1024];
	bool lost;
};

static void on_log(void *data, const struct qda_dsp_message *message)
{
	(void)data;
	fprintf(stderr, "%s: %s\n", message->dsp, message->text);
}

static void on_event(void *data, struct qda_session *session,
		     const struct qda_session_event *event)
{
	struct daemon *d = data;

	(void)session;
	if (event->kind != QDA_SESSION_PD_UP)
		d->lost = true;
}

static int find_dirs(struct daemon *d, const char *root)
{
	char real[1024];
	size_t i;

	/* the DSP's log says later what it missed */
	if (access(root, R_OK))
		fprintf(stderr, "sensors-daemon: %s: %s\n", root, strerror(errno));
	snprintf(d->library, sizeof(d->library), "%s/dsp", root);
	for (i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		char *to = served[i].writable ? d->write_dirs : d->read_dirs;
		size_t used = strlen(to), left = sizeof(d->read_dirs) - used;
		int n = snprintf(real, sizeof(real), "%s/%s", root, served[i].board);

		if (n >= (int)sizeof(real) || strpbrk(root, "=;"))
			return -1;
		if (access(real, X_OK | (served[i].writable ? W_OK : 0)))
			continue;
		n = snprintf(to + used, left, "%s=%s;", served[i].firmware, real);
		if (n >= (int)left)
			return -1;
	}
	return 0;
}

/* Tell the firmware that this client is the one to call. Older ones have the second
 * interface only, others do not ask for it. */
static void say_hello(struct qda_session *session)
{
	struct qda_module *module;
	int32_t status = -1;
	int err;

	err = qda_module_open(session, "adsp_default_listener1", &module, NULL);
	if (!err) {
		err = qda_module_invoke(module, 2, NULL, 0, &status);
		qda_module_unref(module);
	}
	if (!err && !status)
		return;
	err = qda_module_open(session, "adsp_default_listener", &module, NULL);
	if (!err) {
		err = qda_module_invoke(module, 0, NULL, 0, &status);
		qda_module_unref(module);
	}
	if (err || status)
		fprintf(stderr, "sensors-daemon: this firmware has no default listener\n");
}

/* a session that has just been opened */
static void use(struct daemon *d, struct qda_session *session)
{
	int err;

	d->process = qda_module_unref(d->process);
	qda_session_unref(d->session);
	d->session = session;
	d->lost = false;
	say_hello(session);
	err = qda_session_set_event_callback(session, on_event, d);
	/* then only the probe notices */
	if (err == -EOPNOTSUPP)
		err = 0;
	if (!err)
		err = qda_module_from_handle(session, CURRENT_PROCESS1, &d->process);
	/* the DSP may be gone again */
	d->lost |= err != 0;
}

/* Whatever it answers, it is there; a PD that is none answers as no PD does. */
static bool is_there(struct daemon *d)
{
	uint32_t asid;
	int32_t status;
	int err = qda_invoke(d->process, GET_ASID, &status, QDA_OUT(&asid));

	return !err && status != (int32_t)0x80000434 && status != (int32_t)0x80000430;
}

static int run(struct daemon *d, int signal_fd)
{
	struct pollfd pfds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = qda_ctx_get_fd(d->ctx), .events = POLLIN },
	};
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_session *session;
	int err, n;

	for (;;) {
		n = poll(pfds, 2, d->lost ? 0 : PROBE_MS);
		if (pfds[0].revents)
			return 0;
		qda_ctx_process(d->ctx);
		if (!n && !d->lost && !is_there(d))
			d->lost = true;
		if (!d->lost)
			continue;
		/* a second at a time, because signals wait here */
		err = qda_session_reopen(d->session, RETRY_NS, &session, &why);
		if (err == -ETIMEDOUT)
			continue;
		if (err) {
			fprintf(stderr, "sensors-daemon: %s\n", why.message);
			return 1;
		}
		use(d, session);
		fprintf(stderr, "sensors-daemon: attached again\n");
	}
}

int main(int argc, char **argv)
{
	struct qda_session_opts opts = { .size = sizeof(opts), .pd = QDA_PD_SENSORS };
	struct qda_failure why = QDA_FAILURE_INIT;
	const char *device = "adsp", *root = "/usr/share/qcom";
	static struct daemon d;
	struct qda_session *session;
	int c, signal_fd, ret = 1;
	sigset_t signals;

	while ((c = getopt(argc, argv, "d:p:")) != -1) {
		if (c == 'd') {
			device = optarg;
		} else if (c == 'p' && !strcmp(optarg, "root")) {
			opts.pd = QDA_PD_ROOT;
		} else if (c == 'p' && strcmp(optarg, "sensors")) {
			opts.pd = QDA_PD_STATIC;
			opts.pd_name = optarg;
		} else if (c != 'p') {
			goto usage;
		}
	}
	if (optind < argc)
		root = argv[optind++];
	if (optind < argc || find_dirs(&d, root))
		goto usage;
	opts.read_dirs = d.read_dirs;
	opts.write_dirs = d.write_dirs;
	opts.library_path = d.library;

	/* before there are other threads, which would take them */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (signal_fd < 0 || qda_ctx_new(NULL, &d.ctx)) {
		perror("sensors-daemon");
		return 1;
	}
	qda_ctx_set_dsp_log(d.ctx, on_log, NULL);
	if (qda_device_open(d.ctx, device, &d.device, &why) ||
	    qda_session_open(d.device, &opts, &session, &why)) {
		fprintf(stderr, "sensors-daemon: %s\n", why.message);
	} else {
		use(&d, session);
		fprintf(stderr, "sensors-daemon: attached to the %s\n",
			qda_device_get_name(d.device));
		ret = run(&d, signal_fd);
	}
	qda_module_unref(d.process);
	qda_session_unref(d.session);
	qda_device_unref(d.device);
	qda_ctx_unref(d.ctx);
	close(signal_fd);
	return ret;
usage:
	fprintf(stderr, "usage: sensors-daemon [-d DEVICE] [-p PD] [ROOT]\n");
	return 2;
}
