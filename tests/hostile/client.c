// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qda/qda.h>

#include "client.h"
#include "fixture.h"
#include "hostile.h"
#include "image.h"
#include "log.h"
#include "script.h"
#include "soft-leak.h"
#include "support.h"

#define BENCH_NOOP	2
#define CALCULATOR_SUM	2
#define MAX_APPS	4
#define WAIT_MS		(test_is_slow() ? 240000u : 30000u)
#define CLOSE_MS	(test_is_slow() ? 60000u : 15000u)

struct app {
	char name[32], what[32];
	uint32_t value;
	struct qda_reverse *reverse;
};

static struct fixture fixture;
static struct qda_ctx *ctx;
static struct qda_device *device;
static struct qda_session *session;
static struct qda_module *hostile, *bench;
static struct app apps[MAX_APPS];
static size_t num_apps;
static struct qda_session_opts opts;
static char options[8][256], shell_path[128];
static size_t num_options;
static const char *case_name;
static unsigned int line_number;
static int open_result;
static uint32_t interrupt_ms;
static bool opened, closed, looked, joined, dies;
static struct qda_session *owner;
static atomic_bool is_open, may_interrupt, went;
static atomic_uint num_called, num_served;

__attribute__((format(printf, 1, 2)))
_Noreturn static void bad(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%u: ", case_name, line_number);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n--- the library said:\n%.4000s", log_all());
	fixture_remove(&fixture);
	_exit(1);
}

/* what a hostile DSP sends is shown as well */
static void trace_line(void *data, const struct qda_trace_event *event)
{
	const char *c;

	(void)data;
	for (c = event->text; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			bad("the trace has a byte 0x%02x", (unsigned char)*c);
}

static uint32_t number(const char *text)
{
	uint64_t value;

	if (!text || !script_number(text, &value))
		bad("\"%s\" is no number", text ? text : "");
	return (uint32_t)value;
}

static bool is_soft(void)
{
	return qda_device_is_soft(device) == 1;
}

/* --- what the application answers ------------------------------------------------------ */

static int32_t app_call(void *data, const struct qda_reverse_call *call);

static void drop_all(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	hostile = qda_module_unref(hostile);
	bench = qda_module_unref(bench);
	for (; num_apps; num_apps--)
		qda_reverse_unref(apps[num_apps - 1].reverse);
	session = qda_session_unref(session);
	pthread_mutex_unlock(&lock);
}

static int32_t app_answer(struct app *app, const struct qda_reverse_call *call)
{
	struct qda_reverse *other;
	int32_t status = 0;

	if (!strcmp(app->what, "echo")) {
		if (!call->num_in || !call->num_out ||
		    call->in[0].size != call->out[0].size)
			return 1;
		if (call->in[0].size)
			memcpy(call->out[0].data, call->in[0].data, call->in[0].size);
	} else if (!strcmp(app->what, "answer")) {
		return (int32_t)app->value;
	} else if (!strcmp(app->what, "sleep")) {
		sleep_ms(app->value);
	} else if (!strcmp(app->what, "unregister")) {
		app->reverse = qda_reverse_unref(app->reverse);
	} else if (!strcmp(app->what, "register")) {
		if (qda_reverse_new(session, "second", app_call, &apps[MAX_APPS - 1],
				    &other, NULL))
			return 1;
		qda_reverse_unref(other);
	} else if (!strcmp(app->what, "drop")) {
		/* the other thread's call is over before its module is given back */
		while (!atomic_load(&went))
			sleep_ms(1);
		drop_all();
	} else if (!strcmp(app->what, "call")) {
		if (qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status))
			return 1;
	} else if (!strcmp(app->what, "release")) {
		qda_session_release(session);
	} else if (!strcmp(app->what, "exit")) {
		qda_session_exit(session, 100000000);
	} else {
		return 2;
	}
	return status;
}

static int32_t app_call(void *data, const struct qda_reverse_call *call)
{
	int32_t status;

	atomic_fetch_add(&num_called, 1);
	status = app_answer(data, call);
	atomic_fetch_add(&num_served, 1);
	return status;
}

/* --- steps ---------------------------------------------------------------------------------- */

static void on_signal(int number_)
{
	(void)number_;
}

static void *interrupt_main(void *data)
{
	while (!atomic_load(&may_interrupt))
		sleep_ms(5);
	sleep_ms(interrupt_ms);
	/* the first may come where nothing waits */
	while (!atomic_load(&is_open)) {
		pthread_kill(*(pthread_t *)data, SIGINT);
		sleep_ms(20);
	}
	return NULL;
}

/* the PD is another session's, and lives on when this one is closed */
static int join_session(struct qda_failure *failure)
{
	struct qda_session_opts how = { .size = sizeof(how) };
	int err, fd;

	how.library_path = opts.library_path;
	opts.library_path = NULL;
	opts.listener = QDA_LISTENER_OFF;
	if (qda_session_open(device, &opts, &owner, failure))
		bad("a session to be passed on: %s", failure->message);
	fd = qda_session_export_fd(owner, failure);
	if (fd < 0)
		bad("passing a session on: %s", failure->message);
	atomic_store(&may_interrupt, true);
	err = qda_session_open_fd(ctx, fd, &how, &session, failure);
	close(fd);
	return err;
}

static void open_session(void)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t self = pthread_self(), thread;
	int err;

	opened = true;
	sigaction(SIGINT, &action, NULL);
	if (interrupt_ms && pthread_create(&thread, NULL, interrupt_main, &self))
		bad("no thread");
	atomic_store(&may_interrupt, !joined);
	err = joined ? join_session(&failure) :
		       qda_session_open(device, &opts, &session, &failure);
	atomic_store(&is_open, true);
	if (interrupt_ms)
		pthread_join(thread, NULL);
	unlink(shell_path);
	if (err != open_result)
		bad("opening the session: %d (%s) instead of %d", err, failure.message,
		    open_result);
	if (err)
		return;
	err = qda_module_open(session, "hostile", &hostile, &failure);
	if (!err)
		err = qda_module_open(session, "bench", &bench, &failure);
	if (err)
		bad("opening a module of the image: %s", failure.message);
}

static void get_report(uint32_t ms, struct hostile_report *r)
{
	int32_t status = -1;
	int err;

	err = qda_invoke(hostile, HOSTILE_REPORT, &status, QDA_IN(&ms), QDA_OUT(r));
	if (err || status)
		bad("asking the DSP how it went: %d, status %#x", err, (uint32_t)status);
	if (r->failed)
		bad("the DSP: %s", r->text);
}

static void wait_done(void)
{
	struct hostile_report r;

	get_report(WAIT_MS, &r);
	if (!r.done)
		bad("the DSP's part has not ended");
	looked = true;
}

/* The DSP may be gone before this call is answered, if that is what it is told to do */
static void go(void)
{
	int32_t status = -1;
	int err = qda_module_invoke(hostile, HOSTILE_GO, NULL, 0, &status);

	if ((err || status) && !dies)
		bad("telling the DSP to begin: %d, status %#x", err, (uint32_t)status);
	atomic_store(&went, true);
}

/* forward calls are as good as ever */
static void call_bench(void)
{
	int32_t status = -1;
	int err = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);

	if (err || status)
		bad("a call of the session: %d, status %#x", err, (uint32_t)status);
	looked = true;
}

static void is_dead(void)
{
	int64_t end = monotonic_ns() + (int64_t)WAIT_MS * 1000000;
	int32_t status;
	int err;

	do {
		status = 0;
		err = qda_module_invoke(bench, BENCH_NOOP, NULL, 0, &status);
		if (!err && !status)
			sleep_ms(5);
	} while (!err && !status && monotonic_ns() < end);
	if (!err && !status) {
		wait_done();
		bad("the PD is alive");
	}
	looked = true;
}

static void set_channel(const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/qda_sim/%s/channel",
		 qda_device_get_name(device));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, 1) != 1)
		bad("%s: %s", path, strerror(errno));
	close(fd);
}

static void lose_dsp(void)
{
	struct hostile_report r;

	get_report(0, &r);
	if (!is_soft())
		set_channel("0");
	else if (kill((pid_t)r.dsp, SIGKILL))
		bad("killing the DSP: %s", strerror(errno));
	is_dead();
	if (!is_soft())
		set_channel("1");
}

/* it comes from another thread */
static void wait_logged(const char *text)
{
	int64_t end = monotonic_ns() + (int64_t)WAIT_MS * 1000000;

	while (!log_has(text)) {
		if (monotonic_ns() > end)
			bad("nothing is logged with \"%s\"", text);
		sleep_ms(5);
	}
}

static void wait_app(atomic_uint *count, const char *what)
{
	int64_t end = monotonic_ns() + (int64_t)WAIT_MS * 1000000;

	while (!atomic_load(count)) {
		if (monotonic_ns() > end)
			bad("the application was not %s", what);
		sleep_ms(1);
	}
}

static void count_next2(uint32_t max)
{
	struct hostile_report r;

	get_report(0, &r);
	if (r.num_next2 > max)
		bad("%u calls of next2, more than %u", r.num_next2, max);
}

static void close_all(void)
{
	int64_t start = monotonic_ns();

	closed = true;
	drop_all();
	owner = qda_session_unref(owner);
	/* a DSP that does not answer keeps nobody */
	if (monotonic_ns() - start > (int64_t)CLOSE_MS * 1000000)
		bad("closing took %lld ms", (long long)(monotonic_ns() - start) / 1000000);
}

static void register_app(char *words)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct app *app = &apps[num_apps++];
	char *name = script_word(&words), *what = script_word(&words);
	char *value = script_word(&words);

	if (num_apps >= MAX_APPS || !what)
		bad("register NAME WHAT");
	snprintf(app->name, sizeof(app->name), "%s", name);
	snprintf(app->what, sizeof(app->what), "%s", what);
	app->value = value ? number(value) : 0;
	if (qda_reverse_new(session, app->name, app_call, app, &app->reverse, &failure))
		bad("%s", failure.message);
}

static const char *replace_dir(const char *value)
{
	char *to = options[num_options++];
	const char *at;
	size_t len = 0;

	if (num_options > ARRAY_SIZE(options))
		bad("too many options");
	while ((at = strstr(value, "@DIR@"))) {
		len += (size_t)snprintf(to + len, sizeof(options[0]) - len, "%.*s%s",
					(int)(at - value), value, fixture.dir);
		value = at + 5;
	}
	snprintf(to + len, sizeof(options[0]) - len, "%s", value);
	return to;
}

static void set_option(const char *key, const char *value)
{
	if (!key || !value)
		bad("option KEY VALUE");
	if (!strcmp(key, "read_dirs"))
		opts.read_dirs = replace_dir(value);
	else if (!strcmp(key, "write_dirs"))
		opts.write_dirs = replace_dir(value);
	else if (!strcmp(key, "max_in_flight"))
		opts.max_in_flight = number(value);
	else if (!strcmp(key, "memory_limit"))
		opts.memory_limit = number(value);
	else
		bad("option %s is not known", key);
}

static int error_number(const char *name)
{
	if (name && !strcmp(name, "EINTR"))
		return -EINTR;
	if (name && !strcmp(name, "EINVAL"))
		return -EINVAL;
	if (name && !strcmp(name, "EREMOTEIO"))
		return -EREMOTEIO;
	if (name && !strcmp(name, "ETIMEDOUT"))
		return -ETIMEDOUT;
	bad("%s is not known", name ? name : "");
}

/* what is needed before there is a session, and what is looked at when it is gone */
static bool step_without(const char *word, char *words)
{
	if (!strcmp(word, "log") || !strcmp(word, "warnings-at-most"))
		return true;
	if (!strcmp(word, "option")) {
		char *key = script_word(&words);

		set_option(key, script_word(&words));
	} else if (!strcmp(word, "joined")) {
		/* soft sessions cannot be passed on */
		joined = !is_soft();
	} else if (!strcmp(word, "opens")) {
		open_result = error_number(script_word(&words));
	} else if (!strcmp(word, "interrupt")) {
		interrupt_ms = number(script_word(&words));
	} else {
		return false;
	}
	return true;
}

static void step(char *words)
{
	char *word = script_word(&words), *a;
	int err, wanted;

	if (!word)
		bad("client WHAT");
	if (step_without(word, words))
		return;
	if (!opened)
		open_session();
	if (!strcmp(word, "register")) {
		register_app(words);
		return;
	}
	if (!strcmp(word, "logged")) {
		wait_logged(words);
		return;
	}
	a = script_word(&words);
	if (!strcmp(word, "go")) {
		go();
	} else if (!strcmp(word, "wait")) {
		wait_done();
	} else if (!strcmp(word, "call")) {
		call_bench();
	} else if (!strcmp(word, "dead")) {
		is_dead();
	} else if (!strcmp(word, "lost")) {
		lose_dsp();
	} else if (!strcmp(word, "called")) {
		wait_app(&num_called, "called");
	} else if (!strcmp(word, "served")) {
		wait_app(&num_served, "called to its end");
	} else if (!strcmp(word, "sleep")) {
		sleep_ms(number(a));
	} else if (!strcmp(word, "next2-at-most")) {
		count_next2(number(a));
	} else if (!strcmp(word, "release")) {
		qda_session_release(session);
	} else if (!strcmp(word, "exit")) {
		wanted = 0;
		err = qda_session_exit(session, (int64_t)number(a) * 1000000);
		a = script_word(&words);
		if (a)
			wanted = error_number(a);
		if (err != wanted)
			bad("exit: %d instead of %d", err, wanted);
		looked = true;
	} else if (!strcmp(word, "close")) {
		looked = true;
		close_all();
	} else {
		bad("client %s is not known", word);
	}
}

/* --- the case as a whole ------------------------------------------------------------------ */

/* another session of this process, with the usual image, loads a module and calls it */
static void check_another(void)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *other;
	struct qda_module *calculator;
	const int32_t numbers[] = { 40, 2 };
	int32_t status = -1;
	int64_t sum = 0, end = monotonic_ns() + (int64_t)WAIT_MS * 1000000;
	int err;

	/* a DSP that was lost is another node, and takes a moment */
	do {
		err = qda_session_open(device, NULL, &other, &failure);
		if (err) {
			sleep_ms(20);
			qda_device_unref(device);
			while (qda_device_open(ctx, getenv("QDA_TEST_DEVICE"), &device,
					       &failure) && monotonic_ns() < end)
				sleep_ms(20);
		}
	} while (err && monotonic_ns() < end);
	if (err)
		bad("another session: %s", failure.message);
	if (qda_module_open(other, "calculator", &calculator, &failure))
		bad("another session: %s", failure.message);
	err = qda_invoke(calculator, CALCULATOR_SUM, &status, QDA_IN_SEQ(numbers, 2),
			 QDA_OUT(&sum));
	if (err || status || sum != 42)
		bad("another session: a call: %d, status %#x", err, (uint32_t)status);
	qda_module_unref(calculator);
	qda_session_unref(other);
}

static void check_log(char *words)
{
	char *word = script_word(&words);
	uint32_t max;

	if (!word)
		return;
	if (!strcmp(word, "log") && !log_has(words))
		bad("nothing is logged with \"%s\"", words);
	if (strcmp(word, "warnings-at-most"))
		return;
	max = number(script_word(&words));
	if (log_warnings() > max)
		bad("%zu warnings, more than %u", log_warnings(), max);
}

/* Calls fn with the words after "client" of each line that has them */
static void each_client_line(const char *text, void (*fn)(char *words))
{
	char line[4096];
	size_t len;

	for (line_number = 1; *text; line_number++) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if (!strncmp(line, "client ", 7))
			fn(line + 7);
	}
}

static void *no_thread(void *data)
{
	return data;
}

void client_run_case(const char *path)
{
	const struct qda_ctx_opts ctx_opts = {
		.size = sizeof(ctx_opts),
		.log = log_line,
		.log_level = QDA_LOG_INFO,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct leak_counts before;
	pthread_t thread;
	const char *changed;
	char *text, left[256];

	case_name = strrchr(path, '/') + 1;
	/* sanitizers start a thread of their own with the first of the program */
	if (!pthread_create(&thread, NULL, no_thread, NULL))
		pthread_join(thread, NULL);
	if (setenv("QDA_TEST_DEVICE", "soft:cdsp", 0))
		bad("no memory");
	fixture_make(&fixture);
	leak_count(&before);
	if (qda_ctx_new(&ctx_opts, &ctx) ||
	    qda_device_open(ctx, getenv("QDA_TEST_DEVICE"), &device, &failure))
		bad("%s", failure.message);
	qda_ctx_set_trace(ctx, trace_line, NULL);
	text = image_read_case(path, fixture.dir);
	snprintf(shell_path, sizeof(shell_path), "%s.shell", fixture.dir);
	if (!text || !image_write(shell_path, getenv("QDA_HOSTILE_SHELL"), text))
		bad("the image of the case: %s", strerror(errno));
	opts.size = sizeof(opts);
	opts.shell = shell_path;
	opts.library_path = replace_dir("@DIR@/root");

	dies = strstr(text, "\nclient dead\n");
	each_client_line(text, step);
	if (!opened)
		open_session();
	if (!looked && session) {
		wait_done();
		call_bench();
	}
	if (!closed)
		close_all();
	check_another();
	device = qda_device_unref(device);
	ctx = qda_ctx_unref(ctx);
	each_client_line(text, check_log);
	line_number = 0;
	changed = fixture_difference(&fixture);
	if (changed)
		bad("changed: %s", changed);
	if (soft_leak_check(&before, CLOSE_MS, left, sizeof(left)))
		bad("left behind: %s", left);
	free(text);
	fixture_remove(&fixture);
}
