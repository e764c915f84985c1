// SPDX-License-Identifier: MIT
/* The PDs that are there to attach to: which there are, for whom, and after a restart. */
#include "static.h"

#define HEAP_SIZE	(3u << 20)
#define REMOTECTL	0
#define REMOTECTL_OPEN	0

static struct qda_session *attach_to(uint32_t pd, const char *name)
{
	struct qda_session_opts opts = {
		.size = sizeof(opts), .pd = pd, .pd_name = name,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *attached;

	ok(qda_session_open(device, &opts, &attached, &failure), &failure);
	return attached;
}

static void audio(void **state)
{
	uint64_t expected = on_soft_device() ? 0 : HEAP_SIZE;
	struct qda_session *other;
	struct report r;

	(void)state;
	session = attach_to(QDA_PD_STATIC, "audiopd");
	r = report_of(session);
	assert_int_equal(r.kind, KIND_AUDIO);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.heap, expected);
	logged(expected ? "audiopd: up, with 3145728 bytes of remote heap" :
			  "audiopd: up, this board has no remote heap for it");
	/* it is the PD's, whoever attaches, and stays when all have detached */
	other = attach_to(QDA_PD_STATIC, "audiopd");
	assert_int_equal(report_of(other).heap, expected);
	session = qda_session_unref(session);
	qda_session_unref(other);
	session = attach_to(QDA_PD_STATIC, "audiopd");
	assert_int_equal(report_of(session).heap, expected);
}

static void kinds(void **state)
{
	static const struct {
		uint32_t pd;
		const char *name;
		uint32_t kind;
	} cases[] = {
		{ QDA_PD_ROOT, NULL, KIND_ROOT },
		{ QDA_PD_STATIC, "rootpd", KIND_ROOT },
		{ QDA_PD_STATIC, "sensorspd", KIND_SENSORS },
		{ QDA_PD_STATIC, "oispd", KIND_OIS },
		{ QDA_PD_STATIC, "securepd", KIND_SECURE },
	};
	struct qda_session_opts opts = {
		.size = sizeof(opts), .pd = QDA_PD_STATIC, .pd_name = "nosuchpd",
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		session = attach_to(cases[i].pd, cases[i].name);
		assert_int_equal(report_of(session).kind, cases[i].kind);
		assert_int_equal(report_of(session).heap, 0);
		session = qda_session_unref(session);
	}
	assert_int_equal(qda_session_open(device, &opts, &session, &failure),
			 -EREMOTEIO);
	assert_int_equal(failure.status, DSP_ERR(0x16));
	session = NULL;
}

/* as daemons register, by each of the names that they use */
static void registers(void **state)
{
	static const struct {
		const char *name;
		uint32_t method;
	} names[] = {
		{ "adsp_default_listener1", 2 },
		{ "adsp_default_listener", 0 },
		{ "file:///libadsp_default_listener1_skel.so?"
		  "adsp_default_listener1_skel_handle_invoke&_modver=1.0&_dom=adsp", 2 },
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;
	int32_t status;
	size_t i;

	(void)state;
	session = attach_to(QDA_PD_ROOT, NULL);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		status = -1;
		ok(qda_module_open(session, names[i].name, &module, &failure), &failure);
		assert_int_equal(qda_module_invoke(module, names[i].method, NULL, 0,
						   &status), 0);
		assert_int_equal(status, 0);
		qda_module_unref(module);
	}
	assert_int_equal(report_of(session).registered, ARRAY_SIZE(names));
}

/* a name without "file:///", as the loader's own interface takes it */
static void registers_by_plain_name(void **state)
{
	static const char name[] = "adsp_default_listener";
	uint32_t handle = 0;
	int32_t status = -1, error = -1;
	char text[256];
	struct qda_module *loader;

	(void)state;
	session = attach_to(QDA_PD_SENSORS, NULL);
	assert_int_equal(qda_module_from_handle(session, REMOTECTL, &loader), 0);
	assert_int_equal(qda_invoke(loader, REMOTECTL_OPEN, &status,
				    QDA_IN_SEQ(name, sizeof(name)), QDA_OUT(&handle),
				    QDA_OUT_SEQ(text, sizeof(text)), QDA_OUT(&error)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(error, 0);
	assert_int_not_equal(handle, 0);
	qda_module_unref(loader);
}

static void nobody_listens(void **state)
{
	struct qda_session_opts opts = {
		.size = sizeof(opts), .pd = QDA_PD_SENSORS, .listener = QDA_LISTENER_OFF,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;

	(void)state;
	ok(qda_session_open(device, &opts, &session, &failure), &failure);
	open_status(session, &module);
	assert_int_equal(get(module, 50).state, STATE_WAITING);
	qda_module_unref(module);
}

/* where there is no such PD, and who may not */
static void refused(void **state)
{
	struct qda_session_opts sensors = {
		.size = sizeof(sensors), .pd = QDA_PD_SENSORS,
	};
	struct qda_session_opts audiopd = {
		.size = sizeof(audiopd), .pd = QDA_PD_STATIC, .pd_name = "audiopd",
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_device *other;
	struct qda_module *module;

	(void)state;
	ok(qda_device_open(ctx, device_name(), &other, &failure), &failure);
	assert_int_equal(qda_session_open(other, &sensors, &session, &failure),
			 -EOPNOTSUPP);
	assert_int_equal(qda_session_open(other, &audiopd, &session, &failure),
			 -EOPNOTSUPP);
	/* a user PD is none to attach to */
	ok(qda_session_open(other, NULL, &session, &failure), &failure);
	assert_int_not_equal(qda_module_open(session, "pd_status", &module, &failure), 0);
	session = qda_session_unref(session);
	qda_device_unref(other);
	if (!on_soft_device())
		return;
	ok(qda_device_open(ctx, "soft:sdsp", &other, &failure), &failure);
	ok(qda_session_open(other, &sensors, &session, &failure), &failure);
	assert_int_equal(report_of(session).kind, KIND_SENSORS);
	session = qda_session_unref(session);
	assert_int_equal(qda_session_open(other, &audiopd, &session, &failure),
			 -EOPNOTSUPP);
	qda_device_unref(other);
	ok(qda_device_open(ctx, "soft:adsp,priv=0", &other, &failure), &failure);
	assert_int_equal(qda_session_open(other, &sensors, &session, &failure), -EPERM);
	assert_int_equal(qda_session_open(other, &audiopd, &session, &failure), -EPERM);
	qda_device_unref(other);
	session = NULL;
}

/* --- the DSP restarts ------------------------------------------------------ */

/* it takes a moment to be back */
static void open_again(const char *name)
{
	int64_t end = monotonic_ns() + 30000000000;
	struct qda_failure failure = QDA_FAILURE_INIT;
	int err;

	do {
		err = qda_device_open(ctx, name, &device, &failure);
		if (!err) {
			struct qda_session_opts opts = {
				.size = sizeof(opts), .pd = QDA_PD_ROOT,
			};

			err = qda_session_open(device, &opts, &session, &failure);
			if (!err)
				return;
			device = qda_device_unref(device);
		}
		sleep_ms(20);
	} while (monotonic_ns() < end);
	fail_msg("%s does not come back: %s", name, failure.message);
}

static void restarts(void **state)
{
	struct steered adsp;
	struct qda_failure failure = QDA_FAILURE_INIT;
	char text[256];
	int32_t status = 0;
	int err = 0;
	int64_t end;

	(void)state;
	steered_adsp(&adsp);
	make_dir("config");
	make_dir("registry");
	write_file("config/a.json", "a", 1);
	session = attach_sensors("config", "registry", true);
	assert_int_equal(report_of(session).files, 1);
	ok(qda_module_open(session, "bench", &bench, &failure), &failure);
	assert_int_equal(steer_command(adsp.control, text, sizeof(text), "crash dsp"), 0);
	/* its calls fail from now on, so that a daemon sees that it has to attach again */
	for (end = monotonic_ns() + 10000000000; !err && monotonic_ns() < end;)
		err = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);
	if (err != -EPIPE && err != -ENODEV && err != -ECANCELED)
		fail_msg("calls of a DSP that restarted: %d", err);
	bench = qda_module_unref(bench);
	session = qda_session_unref(session);
	device = qda_device_unref(device);
	open_again(adsp.name);
	session = qda_session_unref(session);
	session = attach_sensors("config", "registry", true);
	assert_int_equal(report_of(session).files, 1);
	session = qda_session_unref(session);
	device = qda_device_unref(device);
	steered_end(&adsp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		static_test(audio),
		static_test(kinds),
		static_test(registers),
		static_test(registers_by_plain_name),
		static_test(nobody_listens),
		static_test(refused),
		static_test(restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
