// SPDX-License-Identifier: MIT
/* What the driver lets an administrator see: tracepoints, fdinfo, debugfs. */
#include <inttypes.h>

#include "attack.h"
#include "trace.h"

static struct sess s;

/* --- tracepoints --------------------------------------------------------- */

static void check_events(const char *text, unsigned int want, const char *event,
			 const char *words, uint64_t *ret_ctx)
{
	unsigned int n = trace_count(text, event, words, ret_ctx);

	check(n == want, "%u of %u %s with \"%s\" in: %s", n, want, event, words, text);
}

/* each message when it goes and when it has ended, under one context */
static void test_trace_calls(const void *arg)
{
	struct drm_qda_remote_invoke i;
	uint64_t started = 0, ended = 1;
	static char text[64 << 10];
	char words[64];

	use_device(arg, "");
	sess_open_bench(&s);
	i = noop_call(&s, 0);
	trace_driver();
	check_eq(call(s.fd, INVOKE, &i), 0);
	trace_read(text, sizeof(text));
	check_eq(i.status, 0);
	snprintf(words, sizeof(words), "%s ctx=", sim_label());
	check_events(text, 1, "qda_call_start:", words, &started);
	snprintf(words, sizeof(words), "handle=%#x sc=0x%02x", s.bench, BENCH_NOOP);
	check_events(text, 1, "qda_call_start:", words, NULL);
	check_events(text, 1, "qda_call_end:", "error=0 status=0x0", &ended);
	check(started == ended, "%#" PRIx64 " went, %#" PRIx64 " ended", started, ended);
	check_events(text, 0, "qda_reply_ignored:", "", NULL);

	/* what the DSP says of it */
	steer(NULL, 0, "reply handle=%u status=0x27 n=1", s.bench);
	i = noop_call(&s, 0);
	trace_driver();
	check_eq(call(s.fd, INVOKE, &i), 0);
	trace_read(text, sizeof(text));
	check_eq(i.status, 0x27);
	check_events(text, 1, "qda_call_end:", "error=0 status=0x27", NULL);
	sess_close(&s);
}

/* cut short: the error is the driver's own */
static void test_trace_lost(const void *arg)
{
	struct drm_qda_remote_invoke i;
	static char text[64 << 10];
	unsigned int rule;
	char words[32];
	struct job job;

	use_device(arg, "");
	sess_open_bench(&s);
	rule = steer_number("hold handle=%u", s.bench);
	i = noop_call(&s, 0);
	trace_driver();
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	dsp_crash();
	check_eq(job_join(&job), -EPIPE);
	trace_read(text, sizeof(text));
	snprintf(words, sizeof(words), "error=%d status=0x0", -EPIPE);
	check_events(text, 1, "qda_call_end:", words, NULL);
	sess_close(&s);
	wait_device_back();
	check_healthy();
}

/* answers to nothing are seen here only: there is no line in the log for them */
static void test_trace_ignored(const void *arg)
{
	struct drm_qda_remote_invoke i;
	static char text[64 << 10];
	char words[64];

	use_device(arg, "");
	sess_open_bench(&s);
	steer(NULL, 0, "reply handle=%u times=3 n=1", s.bench);
	i = noop_call(&s, 0);
	trace_driver();
	check_eq(call(s.fd, INVOKE, &i), 0);
	/* what comes after the first one has come when this is answered */
	check_session(&s);
	trace_read(text, sizeof(text));
	snprintf(words, sizeof(words), "handle=%#x sc=0x%02x", s.bench, BENCH_NOOP);
	check(trace_count(text, "qda_call_start:", words, NULL) >= 1,
	      "no call in: %s", text);
	check_events(text, 2, "qda_reply_ignored:", sim_label(), NULL);
	check(trace_count(text, "qda_call_start:", "", NULL) ==
	      trace_count(text, "qda_call_end:", "", NULL), "not each call ended: %s",
	      text);
	sess_close(&s);
}

/* --- fdinfo and debugfs -------------------------------------------------- */

/* the number behind a key; -1: there is no such line */
static long fdinfo(int fd, const char *key)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	check(!file_whole(path, text, sizeof(text)), "no %s", path);
	check(strstr(text, "drm-driver:\tqda\n"), "no driver in: %s", text);
	at = strstr(text, key);
	return at ? atol(at + strlen(key)) : -1;
}

static void check_state(const char *words)
{
	char text[4096];

	check(driver_state(sim_label(), text, sizeof(text)), "no qda_state");
	check(strstr(text, words), "no \"%s\" in: %s", words, text);
}

static void test_fdinfo(const void *arg)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_MEMORY_LIMIT, .value = 64 << 20,
	};
	char path[64], text[4096], words[64];
	struct drm_qda_remote_invoke i;
	uint32_t gem;
	unsigned int rule;
	struct job job;
	long native;

	use_device(arg, "");
	sess_open_bench(&s);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s.fd);
	check(!file_whole(path, text, sizeof(text)), "no %s", path);
	snprintf(words, sizeof(words), "qda-dsp:\t%s\n", sim_label());
	check(strstr(text, words), "no \"%s\" in: %s", words, text);
	native = fdinfo(s.fd, "qda-native:");
	check(native >= WORK_SIZE >> 10, "%ld KiB", native);
	check_eq(fdinfo(s.fd, "qda-imported:"), 0);
	check_eq(fdinfo(s.fd, "qda-memory-limit:"), -1);
	gem = gem_new(s.fd, 300 << 10);
	check_eq(fdinfo(s.fd, "qda-native:"), native + 300);
	check(fdinfo(s.fd, "drm-total-memory:") >= 300, "the core counts less");
	check_eq(gem_close(s.fd, gem), 0);
	check_eq(fdinfo(s.fd, "qda-native:"), native);
	check_eq(call(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
	check_eq(fdinfo(s.fd, "qda-memory-limit:"), 64 << 10);

	check_eq(fdinfo(s.fd, "qda-in-flight:"), 0);
	check_state("running, in flight 0 of ");
	rule = steer_number("hold handle=%u", s.bench);
	i = noop_call(&s, 0);
	job_start(&job, s.fd, INVOKE, &i);
	wait_held(rule, 1, NULL, 0);
	check_eq(fdinfo(s.fd, "qda-in-flight:"), 1);
	snprintf(words, sizeof(words), "sid %u, running, in flight 1 of ", s.sid);
	check_state(words);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(fdinfo(s.fd, "qda-in-flight:"), 0);
	snprintf(words, sizeof(words), "sid %u, free", s.sid);
	sess_close(&s);
	check_healthy();
	check_state(words);
}

int main(void)
{
	static const struct kernel_case cases[] = {
		{ "trace-calls", test_trace_calls },
		{ "trace-lost", test_trace_lost },
		{ "trace-ignored", test_trace_ignored },
		{ "fdinfo", test_fdinfo },
	};

	add_on_both_dsps(cases, ARRAY_SIZE(cases));
	return run_kernel_cases("observe");
}
