// SPDX-License-Identifier: MIT
/* The command line of "qda-run call", but for the arguments of the methods. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call-args.h"
#include "call.h"

static const char help[] =
	"usage: qda-run call [OPTIONS] MODULE METHOD [ARGUMENT...]\n"
	"                    [--then [MODULE:]METHOD [ARGUMENT...]]...\n"
	"\n"
	"Load a module into a PD of its own and call one of its methods.\n"
	"\n"
	"MODULE is an interface's name (calculator), a file (libcalculator_skel.so),\n"
	"a URI (file:///...) or handle=N. METHOD is the method's number; interfaces\n"
	"of handles (remote_handle64) start at 2. Arguments follow the declaration:\n"
	"\n"
	"  u32:5 i64:-1 f32:1.5 bool:true     values (i8 u8 ... i64 u64 f32 f64 bool)\n"
	"  str:hello str:@FILE                string\n"
	"  seq.i32:1,2,3 seq.u8:@FILE         sequence, listed or read from a file\n"
	"  hex:01000000ff[,align=N]           struct by value, as bytes\n"
	"  raw:@FILE                          block whose length is not passed\n"
	"  buf:@FILE buf.i32:@FILE            sequence in memory shared with the DSP\n"
	"  dmabuf:FD dmabuf:/proc/1/fd/5      sequence in a buffer of somebody else\n"
	"  handle:FD handle:new=4096,id=3     dma handle\n"
	"  out.i64 out.seq.u8:COUNT out.str:SIZE out.hex:SIZE out.raw:SIZE\n"
	"  out.buf:COUNT out.dmabuf:FD        results\n"
	"  inout.u32:7 inout.seq.i32:1,2,3    both ways\n"
	"\n"
	"A result goes to a file with @FILE: out.seq.u8:4096@edges.gray. Input from a\n"
	"file may end in ,offset=N and ,length=N. COUNT and SIZE know K, M and G.\n"
	"\n"
	"      --then          one more call in the same PD follows\n"
	"      --repeat N      call N times, print the last results and the times\n"
	"      --time          print how long each step took\n"
	"      --timeout MS    end the session if a method takes longer\n"
	"      --library-path DIRS  search these first for what the DSP loads\n"
	"      --read-dir DIR  let the DSP read below DIR, or NAME=DIR; repeatable\n"
	"      --write-dir DIR let it change what is there, too\n"
	"      --signed        PD that checks signatures (privileged)\n"
	"      --unsigned      PD that does not; default: what the DSP allows\n"
	"      --shell PATH    shell image of the PD\n"
	"      --test-signature PATH  that goes with the shell image of a signed PD\n"
	"      --init-mem SIZE memory that the PD begins with\n"
	"      --memory-limit SIZE  what buffers and mappings may hold in all\n"
	"      --attr NAME     debug, ptrace, adaptive-qos, system, dump or\n"
	"                      system-unsigned; repeatable\n"
	"      --pd NAME       join a PD instead: root, sensors or a static PD's name\n"
	"      --thread-priority N  of the DSP's threads, 1 to 255\n"
	"      --thread-stack SIZE  of the DSP's threads, 16K to 8M\n"
	CLI_OPTIONS_HELP
	"\n"
	CLI_EXIT_HELP;

enum {
	OPT_REPEAT = OPT_OWN,
	OPT_TIME,
	OPT_TIMEOUT,
	OPT_LIBRARY_PATH,
	OPT_READ_DIR,
	OPT_WRITE_DIR,
	OPT_SIGNED,
	OPT_UNSIGNED,
	OPT_SHELL,
	OPT_TEST_SIGNATURE,
	OPT_INIT_MEM,
	OPT_MEMORY_LIMIT,
	OPT_ATTR,
	OPT_PD,
	OPT_THREAD_PRIORITY,
	OPT_THREAD_STACK,
};

/* Stands for --then where getopt_long() would reorder it; known by its address */
static char then_word[] = "--then";

static int add_attr(struct call_run *run, const char *name)
{
	static const struct {
		const char *name;
		uint32_t attr;
	} attrs[] = {
		{ "debug", QDA_PD_ATTR_DEBUG },
		{ "ptrace", QDA_PD_ATTR_PTRACE },
		{ "adaptive-qos", QDA_PD_ATTR_ADAPTIVE_QOS },
		{ "system", QDA_PD_ATTR_SYSTEM },
		{ "dump", QDA_PD_ATTR_DUMP },
		{ "system-unsigned", QDA_PD_ATTR_SYSTEM_UNSIGNED },
	};
	size_t i;

	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (strcmp(name, attrs[i].name))
			continue;
		run->session.attrs |= attrs[i].attr;
		return RUN_OK;
	}
	return cli_fail(RUN_USAGE, "--attr %s: there are debug, ptrace, adaptive-qos, "
				   "system, dump and system-unsigned", name);
}

/* one more in a list that ';' separates */
static int add_dir(const char *option, char **list, const char *dir)
{
	char *longer = NULL;

	if (!*dir)
		return cli_fail(RUN_USAGE, "%s needs a directory", option);
	if (strchr(dir, ';'))
		return cli_fail(RUN_USAGE, "%s %s: give each directory an option of "
					   "its own; a ';' cannot be in its name",
				option, dir);
	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? ";" : "", dir) < 0)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "%s", option);
	free(*list);
	*list = longer;
	return RUN_OK;
}

static int number(const char *option, uint64_t min, uint64_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (cli_number(option, optarg, min, max, &value))
		return RUN_USAGE;
	*ret_value = (uint32_t)value;
	return RUN_OK;
}

static int parse_signing(struct call_run *run, uint32_t signing)
{
	if (run->session.signing)
		return cli_fail(RUN_USAGE, "give --signed or --unsigned, once");
	run->session.signing = signing;
	return RUN_OK;
}

static int parse_one(struct call_run *run, int option)
{
	struct qda_session_opts *session = &run->session;
	uint64_t value = 0;

	switch (option) {
	case OPT_REPEAT:
		return cli_number("--repeat", optarg, 1, 100000000, &run->repeat) ?
			       RUN_USAGE : RUN_OK;
	case OPT_TIME:
		run->time = true;
		break;
	case OPT_TIMEOUT:
		if (cli_number("--timeout", optarg, 1, 1u << 31, &value))
			return RUN_USAGE;
		run->timeout_ns = (int64_t)value * 1000000;
		run->target.close_timeout = (unsigned int)(value / 1000) + 1;
		break;
	case OPT_LIBRARY_PATH:
		session->library_path = optarg;
		break;
	case OPT_READ_DIR:
		return add_dir("--read-dir", &run->read_dirs, optarg);
	case OPT_WRITE_DIR:
		return add_dir("--write-dir", &run->write_dirs, optarg);
	case OPT_SIGNED:
		return parse_signing(run, QDA_SIGNING_SIGNED);
	case OPT_UNSIGNED:
		return parse_signing(run, QDA_SIGNING_UNSIGNED);
	case OPT_SHELL:
		session->shell = optarg;
		break;
	case OPT_TEST_SIGNATURE:
		session->test_signature = optarg;
		break;
	case OPT_INIT_MEM:
		/* the upper limit is the device's */
		return cli_number("--init-mem", optarg, 1u << 20, INT64_MAX,
				  &session->init_mem_size) ? RUN_USAGE : RUN_OK;
	case OPT_MEMORY_LIMIT:
		return cli_number("--memory-limit", optarg, 1, INT64_MAX,
				  &session->memory_limit) ? RUN_USAGE : RUN_OK;
	case OPT_ATTR:
		return add_attr(run, optarg);
	case OPT_PD:
		session->pd = !strcmp(optarg, "root") ? QDA_PD_ROOT :
			      !strcmp(optarg, "sensors") ? QDA_PD_SENSORS :
							   QDA_PD_STATIC;
		session->pd_name = session->pd == QDA_PD_STATIC ? optarg : NULL;
		break;
	case OPT_THREAD_PRIORITY:
		return number("--thread-priority", 1, 255, &session->thread_priority);
	case OPT_THREAD_STACK:
		return number("--thread-stack", 16u << 10, 8u << 20,
			      &session->thread_stack);
	}
	return RUN_OK;
}

static int readable(const char *what, const char *path)
{
	struct stat st;

	if (path && (access(path, R_OK) < 0 || stat(path, &st) < 0))
		return cli_fail(RUN_DATA, "cannot read the %s %s: %s", what, path,
				strerror(errno));
	if (path && !S_ISREG(st.st_mode))
		return cli_fail(RUN_DATA, "cannot read the %s %s: it is not a regular "
					  "file; give the path of one", what, path);
	return RUN_OK;
}

int call_parse_options(struct call_run *run, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "repeat", required_argument, NULL, OPT_REPEAT },
		{ "time", no_argument, NULL, OPT_TIME },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "library-path", required_argument, NULL, OPT_LIBRARY_PATH },
		{ "read-dir", required_argument, NULL, OPT_READ_DIR },
		{ "write-dir", required_argument, NULL, OPT_WRITE_DIR },
		{ "signed", no_argument, NULL, OPT_SIGNED },
		{ "unsigned", no_argument, NULL, OPT_UNSIGNED },
		{ "shell", required_argument, NULL, OPT_SHELL },
		{ "test-signature", required_argument, NULL, OPT_TEST_SIGNATURE },
		{ "init-mem", required_argument, NULL, OPT_INIT_MEM },
		{ "memory-limit", required_argument, NULL, OPT_MEMORY_LIMIT },
		{ "attr", required_argument, NULL, OPT_ATTR },
		{ "pd", required_argument, NULL, OPT_PD },
		{ "thread-priority", required_argument, NULL, OPT_THREAD_PRIORITY },
		{ "thread-stack", required_argument, NULL, OPT_THREAD_STACK },
		{ 0 },
	};
	struct qda_session_opts *session = &run->session;
	int c, i, ret;

	run->repeat = 1;
	run->timeout_ns = -1;
	session->size = sizeof(*session);
	for (i = 1; i < argc; i++) {
		/* without the dashes, which getopt_long() looks for */
		if (!strcmp(argv[i], then_word))
			argv[i] = then_word + 2;
	}
	while ((c = cli_getopt(argc, argv, options, help, &ret)) != -1) {
		if (c == -2)
			return ret ? ret : -1;
		ret = parse_one(run, c);
		if (ret)
			return ret;
	}
	session->read_dirs = run->read_dirs;
	session->write_dirs = run->write_dirs;
	if (session->pd && (session->shell || session->signing || session->attrs ||
			    session->init_mem_size || session->test_signature))
		return cli_fail(RUN_USAGE, "--pd joins a PD that runs already and goes "
					   "without --shell, --signed, --unsigned, "
					   "--test-signature, --init-mem and --attr");
	if (session->test_signature && session->signing != QDA_SIGNING_SIGNED)
		return cli_fail(RUN_USAGE, "--test-signature is for a signed PD: give "
					   "--signed, too");
	return readable("shell image", session->shell) ?:
	       readable("test signature", session->test_signature);
}

/* [MODULE:]METHOD; a module's name may have ':' in it */
static int parse_target(struct call_step *step, const struct call_step *before,
			char *word)
{
	char *colon = strrchr(word, ':');
	const char *method = colon ? colon + 1 : word;
	uint64_t value;

	if (call_parse_size(method, strlen(method), &value) || value > UINT32_MAX)
		return cli_fail(RUN_USAGE, "'%s' is not a method number%s", method,
				before ? "; MODULE:METHOD or METHOD follows --then" :
					 "");
	if (colon)
		*colon = '\0';
	step->module = colon ? word : before->module;
	step->method = (uint32_t)value;
	if (!*step->module)
		return cli_fail(RUN_USAGE, "the module's name is empty");
	return RUN_OK;
}

static int parse_step(struct call_run *run, char **words, size_t num)
{
	struct call_step *step = &run->steps[run->num_steps], *before;
	int ret;

	before = run->num_steps++ ? step - 1 : NULL;
	if (before) {
		if (!num)
			return cli_fail(RUN_USAGE, "MODULE:METHOD or METHOD must follow "
						   "--then");
		ret = parse_target(step, before, words[0]);
		if (ret)
			return ret;
		return call_data_parse(&step->data, words + 1, num - 1);
	}
	if (!num)
		return cli_fail(RUN_USAGE,
				"a module is needed, such as calculator; see "
				"'qda-run call --help'");
	step->module = words[0];
	if (!*step->module)
		return cli_fail(RUN_USAGE, "the module's name is empty");
	if (num < 2)
		return cli_fail(RUN_USAGE,
				"a method number must follow the module; see "
				"'qda-run call --help'");
	if (strchr(words[1], ':'))
		return cli_fail(RUN_USAGE, "'%s' is not a method number", words[1]);
	ret = parse_target(step, step, words[1]);
	return ret ? ret : call_data_parse(&step->data, words + 2, num - 2);
}

int call_parse_words(struct call_run *run, int argc, char **argv)
{
	int i, start = optind, ret;

	run->steps = calloc((size_t)argc + 1, sizeof(*run->steps));
	if (!run->steps)
		return cli_fail_errno(RUN_OTHER, -ENOMEM, "the command line");
	for (i = start; i <= argc; i++) {
		if (i < argc && argv[i] != then_word + 2)
			continue;
		ret = parse_step(run, argv + start, (size_t)(i - start));
		if (ret)
			return ret;
		start = i + 1;
	}
	if (run->num_steps > 1 && run->repeat > 1)
		return cli_fail(RUN_USAGE, "--repeat goes with one call, not with --then");
	return RUN_OK;
}
