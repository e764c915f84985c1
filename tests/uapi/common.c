// SPDX-License-Identifier: MIT
/* The frame of the suite: cases and their results. */
#include "common.h"
#include "devices.h"

#define MAX_CASES	512
#define CASE_SECONDS	100
#define GUEST_SECONDS	400
/* worth a line */
#define SLOW_CASE_NS	2000000000LL

struct case_data {
	case_fn fn;
	const void *arg;
	bool shares;
};

static int64_t case_began;
static struct CMUnitTest tests[MAX_CASES];
static struct case_data datas[MAX_CASES];
static char *names[MAX_CASES];
static size_t num_cases;

static FILE *results;

static const char *group_name, *case_name = "";
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

/* --- the shared session --------------------------------------------------- */

struct sess sess_shared(void)
{
	check(is_shared, "add_case() instead of add_case_shared()");
	return shared;
}

static void end_sharing(void)
{
	if (!is_shared)
		return;
	is_shared = false;
	dev_keep(shared.fd, false);
	sess_close(&shared);
}

static void start_sharing(void)
{
	if (is_shared)
		return;
	sess_open_bench(&shared);
	steer(shared_pds, sizeof(shared_pds), "pds");
	dev_keep(shared.fd, true);
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
	devices_begin_case();
	alarm(is_soft ? CASE_SECONDS : GUEST_SECONDS);
	case_began = monotonic_ns();
	(void)state;
	return 0;
}

static void run_case(void **state)
{
	const struct case_data *data = *state;
	struct leak_counts before;
	int err, processes, sockets;
	char text[4096];

	if (is_shared && !data->shares) {
		case_name = "a case that shared its session";
		end_sharing();
		check_device_clean();
	}
	case_name = names[data - datas];
	if (data->shares)
		start_sharing();
	leak_count(&before);
	data->fn(data->arg);
	dev_close_all();
	/* it may have been killed on purpose */
	if (devices_serve())
		check_device_clean();
	err = devices_end_case(&processes, &sockets);
	check(!err, "qda-softdsp did not end cleanly: %s", err_name(err));
	before.children += processes;
	before.fds += sockets;
	check(!leak_check(&before, SOON_MS, text, sizeof(text)), "%s", text);
	case_passed = true;
}

static int teardown_case(void **state)
{
	int64_t ns = monotonic_ns() - case_began;

	(void)state;
	alarm(0);
	if (ns > SLOW_CASE_NS)
		print_message("%s took %.1f s\n", case_name, (double)ns / 1e9);
	record("%s", case_passed ? "passed" : case_skipped ? "skipped" : "failed");
	if (case_passed)
		return 0;
	/* whatever state a failed case left must not fail the next one */
	end_sharing();
	dev_close_all();
	return devices_recover(case_skipped);
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

void add_case_shared(const char *name, case_fn fn, const void *arg)
{
	add_case(name, fn, arg);
	datas[num_cases - 1].shares = true;
}

static void add_rows_with(void (*add)(const char *name, case_fn fn, const void *arg),
			  const char *prefix, const struct bad_field *rows, size_t n,
			  case_fn fn)
{
	char name[128];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s-%s", prefix, rows[i].name);
		add(name, fn, &rows[i]);
	}
}

void add_rows_(const char *prefix, const struct bad_field *rows, size_t n, case_fn fn)
{
	add_rows_with(add_case, prefix, rows, n, fn);
}

void add_rows_shared_(const char *prefix, const struct bad_field *rows, size_t n,
		      case_fn fn)
{
	add_rows_with(add_case_shared, prefix, rows, n, fn);
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

int run_cases(const char *group)
{
	const char *path = getenv("QDA_UAPI_RESULTS");
	const char *filter = getenv("QDA_UAPI_FILTER");
	int failed, stuck;
	size_t i;

	group_name = group;
	if (path)
		results = fopen(path, "ae");
	if (path && !results) {
		perror(path);
		return 1;
	}
	signal(SIGALRM, on_alarm);
	if (devices_start())
		return 1;
	if (filter)
		cmocka_set_test_filter(filter);
	failed = _cmocka_run_group_tests(group, tests, num_cases, NULL, NULL);
	end_sharing();
	stuck = devices_stop();
	if (stuck)
		fprintf(stderr, "%s: %d DSPs did not end cleanly\n", group, stuck);
	for (i = 0; i < num_cases; i++)
		free(names[i]);
	if (results)
		fclose(results);
	return failed || stuck ? 1 : 0;
}
