// SPDX-License-Identifier: MIT
/* The sensors PD: what it reads, writes, logs and answers when its client serves it. */
#include "static.h"

static void read_back(const char *name, char *text, size_t size)
{
	char path[256];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

static int count_in(const char *name)
{
	char path[256];
	struct dirent *entry;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static uint32_t hash_file(const char *name, const char *text, size_t size)
{
	uint32_t sum = 0x811c9dc5u;
	size_t i;

	for (i = 0; i <= strlen(name); i++)
		sum = (sum ^ (uint8_t)name[i]) * 0x01000193u;
	for (i = 0; i < size; i++)
		sum = (sum ^ (uint8_t)text[i]) * 0x01000193u;
	return sum;
}

#define LARGE	200001

/* three files that count; the sum of their hashes */
static uint32_t make_registry(char *large)
{
	size_t i;

	make_dir("config");
	make_dir("registry");
	for (i = 0; i < LARGE; i++)
		large[i] = (char)(i * 7 >> 3);
	write_file("config/large.json", large, LARGE);
	write_file("config/empty.json", "", 0);
	write_file("config/lsm6ds3.json", "{\"odr\": 104}", 12);
	write_file("config/README", "none of it", 10);
	write_file("config/json", "nor this", 8);
	make_dir("config/folder.json");
	return hash_file("large.json", large, LARGE) + hash_file("empty.json", "", 0) +
	       hash_file("lsm6ds3.json", "{\"odr\": 104}", 12);
}

static void sensors_reads(void **state)
{
	static char large[LARGE];
	char summary[256], expected[256];
	uint32_t checksum = make_registry(large);
	struct report r;

	(void)state;
	write_file("oemconfig.so", "what an OEM has to say", 22);
	session = attach_sensors("config", "registry", true);
	r = report_of(session);
	assert_int_equal(r.kind, KIND_SENSORS);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.files, 3);
	assert_int_equal(r.bytes, LARGE + 12);
	assert_int_equal(r.checksum, checksum);
	assert_int_equal(r.oemconfig, 22);
	assert_int_equal(r.stored, 0);
	assert_int_equal(r.heap, 0);
	logged("sensorspd: up, 3 files of 200013 bytes");
	snprintf(expected, sizeof(expected),
		 "{ \"files\": 3, \"bytes\": %d, \"checksum\": %u }\n", LARGE + 12,
		 checksum);
	read_back("registry/sns_summary", summary, sizeof(summary));
	assert_string_equal(summary, expected);
	/* not the one it was written to before it got its name */
	assert_int_equal(count_in("registry"), 1);
}

static void sensors_without(void **state)
{
	static const int32_t numbers[] = { 20, 22 };
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *calculator;
	int32_t status = -1;
	struct report r;
	int64_t sum = 0;

	(void)state;
	session = attach_sensors(NULL, "", false);
	r = report_of(session);
	assert_int_not_equal(r.error, 0);
	assert_int_equal(r.files, 0);
	assert_int_equal(r.bytes, 0);
	assert_int_equal(r.oemconfig, 0);
	logged("sensorspd: no registry in " CONFIG);
	logged("sensorspd: up, without a registry");
	/* and serves all the same */
	ok(qda_module_open(session, "calculator", &calculator, &failure), &failure);
	assert_int_equal(qda_invoke(calculator, CALCULATOR_SUM, &status,
				    QDA_IN_SEQ(numbers, 2), QDA_OUT(&sum)), 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum, 42);
	qda_module_unref(calculator);
}

static void sensors_may_not_write(void **state)
{
	static char large[LARGE];
	uint32_t checksum = make_registry(large);
	struct report r;

	(void)state;
	session = attach_sensors("config", "registry", false);
	r = report_of(session);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.files, 3);
	assert_int_equal(r.checksum, checksum);
	assert_int_not_equal(r.stored, 0);
	assert_int_equal(count_in("registry"), 0);
}

/* what leads out of its directory is refused, the others are read */
static void sensors_may_not_leave(void **state)
{
	static char large[LARGE];
	uint32_t checksum = make_registry(large);
	char link[128];
	struct report r;

	(void)state;
	snprintf(link, sizeof(link), "%s/config/passwd.json", dir);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	session = attach_sensors("config", "registry", true);
	r = report_of(session);
	assert_int_not_equal(r.error, 0);
	assert_int_equal(r.files, 3);
	assert_int_equal(r.checksum, checksum);
	logged("stat " CONFIG "/passwd.json: error");
}

struct asked {
	pthread_mutex_t lock;
	char call[128], answer[128];
};

static void keep_asked(void *data, const struct qda_trace_event *event)
{
	struct asked *asked = data;

	if (strncmp(event->text, "apps_mem ", 9))
		return;
	pthread_mutex_lock(&asked->lock);
	if (event->kind == QDA_TRACE_REVERSE && !*asked->call)
		snprintf(asked->call, sizeof(asked->call), "%s", event->text);
	if (event->kind == QDA_TRACE_ANSWER && !*asked->answer)
		snprintf(asked->answer, sizeof(asked->answer), "%s", event->text);
	pthread_mutex_unlock(&asked->lock);
}

/* what it asks for, in the trace: the words of the call, and of the answer */
static void sensors_asks_for_heap(void **state)
{
	struct asked asked = { .lock = PTHREAD_MUTEX_INITIALIZER };
	static char large[LARGE];
	char address[32];

	(void)state;
	make_registry(large);
	assert_int_equal(qda_ctx_set_trace(ctx, keep_asked, &asked), 0);
	session = attach_sensors("config", "registry", true);
	assert_int_equal(report_of(session).error, 0);
	session = qda_session_unref(session);
	assert_int_equal(qda_ctx_set_trace(ctx, NULL, NULL), 0);
	/* heap id, flags of the heap and of the memory (to add pages), hint, length */
	assert_string_equal(asked.call,
			    "apps_mem request_map64 {25, 0, 4096, 0, 0, 0, 200704, 0}");
	assert_int_equal(sscanf(asked.answer, "apps_mem request_map64 {0, 0, %31[^,]",
				address), 1);
	assert_string_not_equal(address, "0");
}

/* the heap that it wants is more than its client gives it */
static void sensors_gets_no_heap(void **state)
{
	static char large[LARGE];
	struct report r;

	(void)state;
	make_registry(large);
	write_file("config/huge.json", "", 0);
	snprintf(large, sizeof(large), "%s/config/huge.json", dir);
	assert_int_equal(truncate(large, 8 << 20), 0);
	memory_limit = 4 << 20;
	session = attach_sensors("config", "registry", true);
	r = report_of(session);
	assert_int_not_equal(r.error, 0);
	assert_int_equal(r.files, 0);
	logged("sensorspd: asking for heap: error");
	assert_int_equal(count_in("registry"), 0);
	session = qda_session_unref(session);
	memory_limit = 16 << 20;
	session = attach_sensors("config", "registry", true);
	r = report_of(session);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.files, 4);
	assert_int_equal(r.bytes, LARGE + 12 + (8 << 20));
}

static void two_of_them(void **state)
{
	struct qda_session *other;
	struct report r;

	(void)state;
	make_dir("one");
	make_dir("two");
	make_dir("registry");
	write_file("one/a.json", "a", 1);
	write_file("two/b.json", "bb", 2);
	write_file("two/c.json", "ccc", 3);
	session = attach_sensors("one", "registry", true);
	other = attach_sensors("two", "registry", true);
	r = report_of(session);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.checksum, hash_file("a.json", "a", 1));
	r = report_of(other);
	assert_int_equal(r.files, 2);
	assert_int_equal(r.checksum, hash_file("b.json", "bb", 2) +
				     hash_file("c.json", "ccc", 3));
	/* detached, one does not miss the other; attached again, it starts anew */
	session = qda_session_unref(session);
	assert_int_equal(report_of(other).files, 2);
	session = attach_sensors("two", "registry", true);
	assert_int_equal(report_of(session).files, 2);
	assert_int_equal(report_of(other).error, 0);
	qda_session_unref(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		static_test(sensors_reads),
		static_test(sensors_without),
		static_test(sensors_may_not_write),
		static_test(sensors_may_not_leave),
		static_test(sensors_asks_for_heap),
		static_test(sensors_gets_no_heap),
		static_test(two_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
