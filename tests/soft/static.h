/* SPDX-License-Identifier: MIT */
/* Sessions that attach to PDs of the adsp, and the directories that they serve. */
#ifndef QDA_TESTS_SOFT_STATIC_H
#define QDA_TESTS_SOFT_STATIC_H

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

#define STATUS_GET	2
#define UP_MS		30000u
#define CONFIG		"/vendor/etc/sensors/config"
#define REGISTRY	"/mnt/vendor/persist/sensors/registry/registry"

enum { KIND_ROOT = 1, KIND_SENSORS, KIND_AUDIO, KIND_OIS, KIND_SECURE };
enum { STATE_WAITING, STATE_STARTING, STATE_UP };

struct report {
	uint32_t kind, state;
	int32_t error;
	uint32_t files;
	uint64_t bytes;
	uint32_t checksum;
	int32_t stored;
	uint64_t oemconfig, heap;
	uint32_t registered;
};

static char dir[64];
static uint64_t memory_limit;		/* of sessions of the sensors PD */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char dsp_log[8192];

/* --- files ----------------------------------------------------------------- */

static inline void write_file(const char *name, const char *text, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int kind,
			     struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* --- the device ------------------------------------------------------------ */

static inline const char *adsp_name(void)
{
	return on_soft_device() ? "soft:adsp" : "adsp";
}

static inline void keep_log(void *data, const struct qda_dsp_message *message)
{
	size_t n;

	(void)data;
	pthread_mutex_lock(&log_lock);
	n = strlen(dsp_log);
	snprintf(dsp_log + n, sizeof(dsp_log) - n, "%s\n", message->text);
	pthread_mutex_unlock(&log_lock);
}

/* it passes on what it logs when it can, which may be a moment later */
static inline void logged(const char *text)
{
	int64_t end = monotonic_ns() + 10000000000;
	bool found = false;

	while (!found && monotonic_ns() < end) {
		pthread_mutex_lock(&log_lock);
		found = strstr(dsp_log, text);
		pthread_mutex_unlock(&log_lock);
		if (!found)
			sleep_ms(5);
	}
	if (!found)
		fail_msg("\"%s\" is not in the log: %s", text, dsp_log);
}

static inline int setup_adsp(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	snprintf(dir, sizeof(dir), "/tmp/qda-static-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setup_device(state);
	device = qda_device_unref(device);
	dsp_log[0] = '\0';
	memory_limit = 0;
	assert_int_equal(qda_ctx_set_dsp_log(ctx, keep_log, NULL), 0);
	ok(qda_device_open(ctx, adsp_name(), &device, &failure), &failure);
	return 0;
}

/* an adsp that can be told what to do */
struct steered {
	struct test_server server;	/* the soft device's; the guest has its own */
	int control;
	char name[128];
};

static inline void steered_adsp(struct steered *adsp)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	const char *path = getenv("QDA_UAPI_CONTROL_ADSP");

	memset(adsp, 0, sizeof(*adsp));
	snprintf(adsp->name, sizeof(adsp->name), "%s", adsp_name());
	if (!on_soft_device()) {
		assert_non_null(path);
		adsp->control = steer_connect(path, 5000);
		assert_true(adsp->control >= 0);
		return;
	}
	assert_int_equal(server_start(&adsp->server, "--domain adsp"), 0);
	adsp->control = adsp->server.control_fd;
	snprintf(adsp->name, sizeof(adsp->name), "soft:adsp@%s", adsp->server.listen);
	device = qda_device_unref(device);
	ok(qda_device_open(ctx, adsp->name, &device, &failure), &failure);
}

static inline void steered_end(struct steered *adsp)
{
	if (adsp->server.pid)
		assert_int_equal(server_stop(&adsp->server), 0);
	else
		close(adsp->control);
}

static inline int teardown_adsp(void **state)
{
	int ret = teardown(state);

	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return ret;
}

static inline void open_status(struct qda_session *of, struct qda_module **ret_module)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	ok(qda_module_open(of, "pd_status", ret_module, &failure), &failure);
}

static inline struct report get(struct qda_module *module, uint32_t wait_ms)
{
	struct report r;
	int32_t status = -1;

	memset(&r, 0xff, sizeof(r));
	assert_int_equal(qda_invoke(module, STATUS_GET, &status, QDA_IN(&wait_ms),
				    QDA_OUT(&r.kind), QDA_OUT(&r.state),
				    QDA_OUT(&r.error), QDA_OUT(&r.files),
				    QDA_OUT(&r.bytes), QDA_OUT(&r.checksum),
				    QDA_OUT(&r.stored), QDA_OUT(&r.oemconfig),
				    QDA_OUT(&r.heap), QDA_OUT(&r.registered)), 0);
	assert_int_equal(status, 0);
	return r;
}

/* waits until it is up */
static inline struct report report_of(struct qda_session *of)
{
	struct qda_module *module;
	struct report r;

	open_status(of, &module);
	r = get(module, UP_MS);
	qda_module_unref(module);
	assert_int_equal(r.state, STATE_UP);
	return r;
}

/* attached with directories below dir, by the names a board's firmware has for them */
static inline struct qda_session *attach_sensors(const char *config,
						 const char *registry, bool writable)
{
	char reads[512], writes[256], library[128];
	struct qda_session_opts opts = {
		.size = sizeof(opts),
		.pd = QDA_PD_SENSORS,
		.read_dirs = config ? reads : NULL,
		.write_dirs = writable ? writes : NULL,
		.library_path = library,
		.memory_limit = memory_limit,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *attached;

	snprintf(library, sizeof(library), "%s", dir);
	snprintf(writes, sizeof(writes), REGISTRY "=%s/%s", dir, registry);
	snprintf(reads, sizeof(reads), CONFIG "=%s/%s;%s", dir, config ? config : "",
		 writable ? "" : writes);
	ok(qda_session_open(device, &opts, &attached, &failure), &failure);
	return attached;
}

#define static_test(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_adsp, teardown_adsp)

#endif
