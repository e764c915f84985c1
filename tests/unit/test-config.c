// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "internal.h"

static char dir[] = "/tmp/qda-config-XXXXXX";
static char logged[8192];	/* one line per warning */
static char found[8192];	/* "path|" for each */
static int fail_path;
static struct qda_ctx *ctx;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority == QDA_LOG_WARNING) {
		strcat(logged, message);
		strcat(logged, "\n");
	}
}

static int add(void *data, const char *dirs)
{
	assert_ptr_equal(data, found);
	strcat(found, dirs);
	strcat(found, "|");
	return fail_path;
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = log_fn,
				     .log_level = QDA_LOG_WARNING };

	(void)state;
	unsetenv("QDA_LOG");
	return !mkdtemp(dir) || qda_ctx_new(&opts, &ctx);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	qda_ctx_unref(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	logged[0] = found[0] = '\0';
	fail_path = 0;
	unsetenv("QDA_CONFIG");
	unsetenv("QDA_BOARD");
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

static struct config_reader reader(const char *model, bool soft)
{
	return (struct config_reader){ .ctx = ctx, .soft = soft, .model = model,
				       .path = add, .data = found };
}

/* what is found for this model and what is complained about */
static void expect(const char *model, bool soft, const char *text, const char *paths,
		   const char *warnings)
{
	struct config_reader r = reader(model, soft);

	logged[0] = found[0] = '\0';
	assert_int_equal(config_parse(&r, "c", text, strlen(text)), 0);
	assert_string_equal(found, paths);
	assert_string_equal(logged, warnings);
}

static void sections(void **state)
{
	static const char text[] =
		"# comment\n; comment\n\n"
		"[default]\npath = /d1\n  path=/d2;/d3:/d4  \r\n"
		"[board \"Vendor, Inc. RB*\"]\npath = /rb\n"
		"[ board\t\"Vendor, Inc. RB[35]\" ]\npath = /rb35\n"
		"[soft]\n\tpath = /s\n"
		"[default]\npath = /d5";

	(void)state;
	expect("Vendor, Inc. RB5", false, text, "/d1|/d2;/d3:/d4|/rb|/rb35|/d5|", "");
	expect("Vendor, Inc. RB1", false, text, "/d1|/d2;/d3:/d4|/rb|/d5|", "");
	expect("rb5", false, text, "/d1|/d2;/d3:/d4|/d5|", "");
	expect(NULL, false, text, "/d1|/d2;/d3:/d4|/d5|", "");
	expect("Vendor, Inc. RB5", true, text, "/s|", "");
	expect(NULL, false, "", "", "");
	expect(NULL, false, "[board \"*\"]\npath = /any\n", "", "");
	expect("x", false, "[board \"*\"]\npath = /any\n", "/any|", "");
	/* a slash in a model is nothing special */
	expect("A/B", false, "[board \"A*\"]\npath = /ab\n", "/ab|", "");
}

/* one bad line each, with its number; the good ones around it count */
static void bad_lines(void **state)
{
	static const struct {
		const char *line;
		const char *warning;
	} cases[] = {
		{ "nonsense", "c:3: not \"key = value\", ignored\n" },
		{ "=", "c:3: key  is unknown, ignored\n" },
		{ "color = red", "c:3: key color is unknown, ignored\n" },
		{ "path", "c:3: not \"key = value\", ignored\n" },
		{ "path =", "c:3: path is empty, ignored\n" },
		{ "path = rel/ative",
		  "c:3: path has a directory that is not absolute: rel/ative, ignored\n" },
		{ "path = /a;rel",
		  "c:3: path has a directory that is not absolute: rel, ignored\n" },
		{ "path = /a; /b",
		  "c:3: path has a directory that is not absolute:  /b, ignored\n" },
		{ "path = \"/a\"",
		  "c:3: path has a directory that is not absolute: \"/a\", ignored\n" },
		{ "PATH = /a", "c:3: key PATH is unknown, ignored\n" },
		{ "path = /a\1b", "c:3: control characters, ignored\n" },
		{ "\177", "c:3: control characters, ignored\n" },
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[default]\npath = /1\n%s\npath = /2\n",
			 cases[i].line);
		expect(NULL, false, text, "/1|/2|", cases[i].warning);
		/* also at the very end, without a newline */
		text[strlen(text) - strlen("\npath = /2\n")] = '\0';
		expect(NULL, false, text, "/1|", cases[i].warning);
	}
	expect(NULL, false, "path = /x\n[default]\npath = /y\n", "/y|",
	       "c:1: key path is before the first section, ignored\n");
}

/* what belongs to a section that is not understood does not count either */
static void bad_sections(void **state)
{
	static const struct {
		const char *line;
		const char *warning;
	} cases[] = {
		{ "[", "c:3: a section has no closing bracket, ignored\n" },
		{ "[]", "c:3: section [] is unknown, ignored\n" },
		{ "[default", "c:3: a section has no closing bracket, ignored\n" },
		{ "[default] x", "c:3: a section has no closing bracket, ignored\n" },
		{ "[Default]", "c:3: section [Default] is unknown, ignored\n" },
		{ "[boards \"x\"]", "c:3: section [boards \"x\"] is unknown, ignored\n" },
		{ "[board]", "c:3: a board's section is [board \"MODEL\"], ignored\n" },
		{ "[board x]", "c:3: a board's section is [board \"MODEL\"], ignored\n" },
		{ "[board \"\"]", "c:3: a board's section is [board \"MODEL\"], ignored\n" },
		{ "[board \"]", "c:3: a board's section is [board \"MODEL\"], ignored\n" },
		{ "[board \"a\" \"b\"]",
		  "c:3: a board's section is [board \"MODEL\"], ignored\n" },
		{ "[board \"*****\"]",
		  "c:3: a board's pattern has at most 127 bytes and 4 asterisks, ignored\n" },
	};
	char text[512], glob[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 "[default]\npath = /1\n%s\npath = /2\n[default]\npath = /3\n",
			 cases[i].line);
		expect("x", false, text, "/1|/3|", cases[i].warning);
	}
	memset(glob, 'x', sizeof(glob));
	glob[127] = '\0';
	snprintf(text, sizeof(text), "[board \"%s\"]\npath = /1\n", glob);
	expect(glob, false, text, "/1|", "");
	glob[127] = 'x';
	glob[128] = '\0';
	snprintf(text, sizeof(text), "[board \"%s\"]\npath = /1\n", glob);
	expect(glob, false, text, "",
	       "c:1: a board's pattern has at most 127 bytes and 4 asterisks, ignored\n");
}

static void limits(void **state)
{
	struct config_reader r = reader(NULL, false);
	static char text[CONFIG_MAX_SIZE + 2];
	char want[CONFIG_MAX_LINE];
	const char *line;
	int i, n = 0;

	(void)state;
	/* a line of the longest length, and one more */
	strcpy(text, "[default]\npath = ");
	memset(text + 17, '/', CONFIG_MAX_LINE);
	strcpy(text + 10 + CONFIG_MAX_LINE, "|");
	snprintf(want, sizeof(want), "%s", text + 17);
	text[10 + CONFIG_MAX_LINE] = '\0';
	expect(NULL, false, text, want, "");
	strcat(text, "/\npath = /b\n");
	expect(NULL, false, text, "/b|", "c:2: longer than 4096 bytes, ignored\n");

	/* a NUL byte is no end */
	memcpy(text, "[default]\npa\0th\npath=/a\n", 24);
	logged[0] = found[0] = '\0';
	assert_int_equal(config_parse(&r, "c", text, 24), 0);
	assert_string_equal(found, "/a|");
	assert_string_equal(logged, "c:2: control characters, ignored\n");

	/* a file of rubbish does not flood the log */
	for (i = 0; i < 1000; i++)
		memcpy(text + 2 * i, "x\n", 2);
	logged[0] = '\0';
	assert_int_equal(config_parse(&r, "c", text, 2000), 0);
	for (line = logged; (line = strchr(line, '\n')); line++)
		n++;
	assert_int_equal(n, 11);
	assert_non_null(strstr(logged, "c:11: and more bad lines"));
}

static void callback_error(void **state)
{
	static const char text[] = "[default]\npath=/a\npath=/b\n";
	struct config_reader r = reader(NULL, false);

	(void)state;
	fail_path = -ENOMEM;
	assert_int_equal(config_parse(&r, "c", text, strlen(text)), -ENOMEM);
	assert_string_equal(found, "/a|");

	found[0] = '\0';
	mkdir(path_of("d"), 0755);
	write_file("d/1.conf", text);
	write_file("d/2.conf", text);
	assert_int_equal(config_read_files(&r, "/nowhere/x", path_of("d")), -ENOMEM);
	assert_string_equal(found, "/a|");
}

/* --- files -------------------------------------------------------------- */

static void read_all(const char *paths)
{
	struct config_reader r = reader("B", false);
	char file[256];

	snprintf(file, sizeof(file), "%s", path_of("qda.conf"));
	logged[0] = found[0] = '\0';
	assert_int_equal(config_read_files(&r, file, path_of("conf.d")), 0);
	assert_string_equal(found, paths);
}

static void files(void **state)
{
	(void)state;
	read_all("");
	assert_string_equal(logged, "");

	mkdir(path_of("conf.d"), 0755);
	write_file("conf.d/b.conf", "[default]\npath=/b\n");
	write_file("conf.d/a.conf", "[default]\npath=/a\n");
	write_file("conf.d/B.conf", "[default]\npath=/B\n");
	write_file("conf.d/10.conf", "[board \"B\"]\npath=/10\n");
	write_file("conf.d/a.conf~", "[default]\npath=/backup\n");
	write_file("conf.d/.x.conf", "[default]\npath=/hidden\n");
	write_file("conf.d/.conf", "[default]\npath=/hidden\n");
	write_file("conf.d/README", "hello\n");
	read_all("/10|/B|/a|/b|");
	/* the administrator's comes before all */
	write_file("qda.conf", "[default]\npath=/etc\n");
	read_all("/etc|/10|/B|/a|/b|");
	assert_string_equal(logged, "");
}

static void bad_files(void **state)
{
	char *large = malloc(CONFIG_MAX_SIZE + 2);

	(void)state;
	mkdir(path_of("conf.d"), 0755);
	mkdir(path_of("conf.d/1.conf"), 0755);
	assert_int_equal(mkfifo(path_of("conf.d/2.conf"), 0644), 0);
	assert_int_equal(symlink("/dev/zero", path_of("conf.d/3.conf")), 0);
	assert_int_equal(symlink("nothing", path_of("conf.d/4.conf")), 0);
	memset(large, '\n', CONFIG_MAX_SIZE + 1);
	large[CONFIG_MAX_SIZE + 1] = '\0';
	write_file("conf.d/5.conf", large);
	write_file("conf.d/6.conf", "");
	memcpy(large, "[default]\npath=/7\n", 18);
	large[CONFIG_MAX_SIZE] = '\0';
	write_file("conf.d/7.conf", large);
	free(large);
	read_all("/7|");
	assert_non_null(strstr(logged, "1.conf is not a regular file"));
	assert_non_null(strstr(logged, "2.conf is not a regular file"));
	assert_non_null(strstr(logged, "3.conf is not a regular file"));
	assert_null(strstr(logged, "4.conf"));
	assert_non_null(strstr(logged, "5.conf has more than 65536 bytes"));
	assert_null(strstr(logged, "6.conf"));

	/* not a directory */
	write_file("qda.conf", "[default]\npath=/etc\n");
	{
		struct config_reader r = reader(NULL, false);
		char file[256];

		snprintf(file, sizeof(file), "%s", path_of("qda.conf"));
		found[0] = '\0';
		assert_int_equal(config_read_files(&r, file, file), 0);
		assert_string_equal(found, "/etc|");
		assert_non_null(strstr(logged, qda_strerror(-ENOTDIR)));
	}
}

static void unreadable(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0755), 0);
	write_file("qda.conf", "[default]\npath=/etc\n");
	assert_int_equal(chmod(path_of("qda.conf"), 0), 0);
	/* root reads everything; lose the right for a moment */
	if (!getuid())
		assert_int_equal(seteuid(65534), 0);
	read_all("");
	assert_int_equal(seteuid(getuid()), 0);
	assert_non_null(strstr(logged, "qda.conf"));
	assert_non_null(strstr(logged, qda_strerror(-EACCES)));
}

static void variables(void **state)
{
	(void)state;
	write_file("one", "[default]\npath=/one\n[board \"Board X\"]\npath=/x\n");
	setenv("QDA_CONFIG", path_of("one"), 1);
	setenv("QDA_BOARD", "Board X", 1);
	assert_int_equal(config_read(ctx, false, add, found), 0);
	assert_string_equal(found, "/one|/x|");
	/* empty: no board, whatever the machine is */
	setenv("QDA_BOARD", "", 1);
	found[0] = '\0';
	assert_int_equal(config_read(ctx, false, add, found), 0);
	assert_string_equal(found, "/one|");
	assert_string_equal(logged, "");
	/* what was asked for has to be there */
	setenv("QDA_CONFIG", path_of("two"), 1);
	found[0] = '\0';
	assert_int_equal(config_read(ctx, false, add, found), 0);
	assert_string_equal(found, "");
	assert_non_null(strstr(logged, path_of("two")));
}

static void model(void **state)
{
	char text[CONFIG_MAX_MODEL];
	char *large;
	FILE *file;

	(void)state;
	config_model(path_of("model"), text, sizeof(text));
	assert_string_equal(text, "");
	file = fopen(path_of("model"), "w");
	fwrite("Board X\0junk", 1, 12, file);
	fclose(file);
	config_model(path_of("model"), text, sizeof(text));
	assert_string_equal(text, "Board X");
	write_file("model", "Board Y\nz");
	config_model(path_of("model"), text, sizeof(text));
	assert_string_equal(text, "Board Y");
	large = calloc(1, 1000);
	memset(large, 'm', 999);
	write_file("model", large);
	config_model(path_of("model"), text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	free(large);
	config_model(dir, text, sizeof(text));
	assert_string_equal(text, "");
}

/* the installed file, on each of its boards */
static void boards(void **state)
{
	struct config_reader r = reader("Qualcomm Technologies, Inc. Robotics RB3gen2", false);
	FILE *file = fopen(BOARDS_CONF, "r");
	char *text = calloc(1, CONFIG_MAX_SIZE);
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, CONFIG_MAX_SIZE, file);
	fclose(file);
	assert_int_equal(config_parse(&r, "boards", text, size), 0);
	assert_string_equal(found, "/usr/share/qcom/qcm6490/Thundercomm/RB3gen2/dsp|");
	r.model = "Qualcomm Technologies, Inc. Lemans Ride Rev3";
	found[0] = '\0';
	assert_int_equal(config_parse(&r, "boards", text, size), 0);
	assert_string_equal(found, "/usr/share/qcom/sa8775p/Qualcomm/SA8775P-RIDE/dsp|");
	r.model = "Some Other Board";
	found[0] = '\0';
	assert_int_equal(config_parse(&r, "boards", text, size), 0);
	assert_string_equal(found, "");
	assert_string_equal(logged, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sections, clean),
		cmocka_unit_test_setup(bad_lines, clean),
		cmocka_unit_test_setup(bad_sections, clean),
		cmocka_unit_test_setup(limits, clean),
		cmocka_unit_test_setup(callback_error, clean),
		cmocka_unit_test_setup(files, clean),
		cmocka_unit_test_setup(bad_files, clean),
		cmocka_unit_test_setup(unreadable, clean),
		cmocka_unit_test_setup(variables, clean),
		cmocka_unit_test_setup(model, clean),
		cmocka_unit_test_setup(boards, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
