// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common.h"
#include "wrap.h"

static const char help[] =
	"usage: qda-run explain [OPTIONS] CODE|NAME\n"
	"\n"
	"Say what an error means and what to do about it. Needs no device.\n"
	"\n"
	"  CODE     a DSP status or an errno value, as logs have them:\n"
	"           0x8000044e, 0x4e, 78, -2147482546, -22\n"
	"  NAME     AEE_EBADPERMS, EBADPERMS, EINVAL\n"
	"\n"
	CLI_COMMON_HELP
	"\n"
	CLI_EXIT_HELP;

/* what DSP code adds to the codes of its headers */
#define DSP_OFFSET 0x80000400u
/* no code of the library's tables is above */
#define MAX_CODE 0x400u

#define NAMED(e) { e, #e }
static const struct {
	int err;
	const char *name;
} errnos[] = {
	NAMED(E2BIG), NAMED(EACCES), NAMED(EADDRINUSE), NAMED(EAGAIN), NAMED(EALREADY),
	NAMED(EBADF), NAMED(EBADMSG), NAMED(EBUSY), NAMED(ECANCELED), NAMED(ECHILD),
	NAMED(ECONNABORTED), NAMED(ECONNREFUSED), NAMED(ECONNRESET), NAMED(EDEADLK),
	NAMED(EDOM), NAMED(EDQUOT), NAMED(EEXIST), NAMED(EFAULT), NAMED(EFBIG),
	NAMED(EHOSTDOWN), NAMED(EILSEQ), NAMED(EINPROGRESS), NAMED(EINTR),
	NAMED(EINVAL), NAMED(EIO), NAMED(EISDIR), NAMED(ELIBBAD), NAMED(ELOOP),
	NAMED(EMFILE), NAMED(EMLINK), NAMED(EMSGSIZE), NAMED(ENAMETOOLONG),
	NAMED(ENFILE), NAMED(ENOBUFS), NAMED(ENODATA), NAMED(ENODEV), NAMED(ENOENT),
	NAMED(ENOEXEC), NAMED(ENOLINK), NAMED(ENOMEM), NAMED(ENOSPC), NAMED(ENOSYS),
	NAMED(ENOTCONN), NAMED(ENOTDIR), NAMED(ENOTEMPTY), NAMED(ENOTRECOVERABLE),
	NAMED(ENOTSOCK), NAMED(ENOTTY), NAMED(ENXIO), NAMED(EOPNOTSUPP),
	NAMED(EOVERFLOW), NAMED(EOWNERDEAD), NAMED(EPERM), NAMED(EPIPE), NAMED(EPROTO),
	NAMED(EPROTONOSUPPORT), NAMED(ERANGE), NAMED(EREMOTEIO), NAMED(ERESTART),
	NAMED(EROFS), NAMED(ESHUTDOWN), NAMED(ESPIPE), NAMED(ESRCH), NAMED(ESTALE),
	NAMED(ETIME), NAMED(ETIMEDOUT), NAMED(ETXTBSY), NAMED(EUSERS), NAMED(EXDEV),
	/* another name of one above */
	{ ENOTSUP, "ENOTSUP" }, { EWOULDBLOCK, "EWOULDBLOCK" },
};
#define NUM_ERRNOS (sizeof(errnos) / sizeof(errnos[0]))

struct meaning {
	bool is_errno;
	const char *name;	/* NULL: none */
	uint32_t codes[4];	/* by which it is known */
	size_t num_codes;
	const char *text, *advice;
};

struct meanings {
	struct meaning list[4];
	size_t num;
};

static void add(struct meanings *m, const struct meaning *meaning)
{
	if (m->num < sizeof(m->list) / sizeof(m->list[0]))
		m->list[m->num++] = *meaning;
}

static bool is_known(uint32_t status)
{
	return strcmp(qda_status_name((int32_t)status), "unknown");
}

/* The known codes are few: with and without the offset, and -1. */
static uint32_t nth_code(uint32_t n)
{
	if (n > 2 * MAX_CODE)
		return UINT32_MAX;
	return n > MAX_CODE ? DSP_OFFSET + n - MAX_CODE : n;
}

static void add_status(struct meanings *m, uint32_t status)
{
	struct meaning meaning = {
		.text = qda_status_text((int32_t)status),
		.advice = qda_status_advice((int32_t)status),
	};
	const size_t room = sizeof(meaning.codes) / sizeof(meaning.codes[0]);
	uint32_t n, code;

	if (!is_known(status)) {
		meaning.codes[meaning.num_codes++] = status;
		add(m, &meaning);
		return;
	}
	meaning.name = qda_status_name((int32_t)status);
	for (n = 0; n <= 2 * MAX_CODE + 1 && meaning.num_codes < room; n++) {
		code = nth_code(n);
		if (!strcmp(qda_status_name((int32_t)code), meaning.name))
			meaning.codes[meaning.num_codes++] = code;
	}
	add(m, &meaning);
}

static void add_errno(struct meanings *m, size_t i)
{
	add(m, &(struct meaning){
		.is_errno = true,
		.name = errnos[i].name,
		.codes = { (uint32_t)errnos[i].err },
		.num_codes = 1,
		.text = qda_strerror(errnos[i].err),
		.advice = qda_error_advice(errnos[i].err),
	});
}

static bool is_status_name(const char *name, const char *text)
{
	return !strcasecmp(name, text) ||
	       (!strncmp(name, "AEE_", 4) && !strcasecmp(name + 4, text));
}

static void find_name(struct meanings *m, const char *text)
{
	uint32_t n;
	size_t i;

	for (n = 0; n <= 2 * MAX_CODE + 1; n++) {
		uint32_t code = nth_code(n);

		if (is_known(code) &&
		    is_status_name(qda_status_name((int32_t)code), text)) {
			add_status(m, code);
			break;
		}
	}
	for (i = 0; i < NUM_ERRNOS; i++) {
		if (!strcasecmp(errnos[i].name, text)) {
			add_errno(m, i);
			break;
		}
	}
}

/* Few numbers mean one thing as they are, and another as what is left of an offset. */
static void find_status(struct meanings *m, uint32_t status)
{
	uint32_t with_offset = DSP_OFFSET + status;

	if (is_known(status))
		add_status(m, status);
	if (status && status <= MAX_CODE && is_known(with_offset) &&
	    strcmp(qda_status_name((int32_t)with_offset),
		   qda_status_name((int32_t)status)))
		add_status(m, with_offset);
}

static void find_errno(struct meanings *m, int64_t err)
{
	size_t i;

	for (i = 0; i < NUM_ERRNOS; i++) {
		if (errnos[i].err == err) {
			add_errno(m, i);
			break;
		}
	}
}

/* A number of 32 bits, signed or not. */
static bool parse(const char *text, int base, int64_t *ret_value)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long value;
	char *end;

	if (!isxdigit((unsigned char)*digits))
		return false;
	errno = 0;
	value = strtoll(text, &end, base);
	if (errno || *end || value < INT32_MIN || value > UINT32_MAX)
		return false;
	*ret_value = value;
	return true;
}

/* True if the text is a number, in which case there is a meaning. */
static bool find_number(struct meanings *m, const char *text)
{
	const char *digits = *text == '-' ? text + 1 : text;
	bool is_hex = !strncasecmp(digits, "0x", 2);
	int64_t value, hex = 0;
	bool is_number = parse(text, is_hex ? 16 : 10, &value);

	/* logs often leave out the 0x */
	if (!is_hex && !parse(text, 16, &hex))
		hex = 0;
	if (!is_number && !hex)
		return false;
	if (is_number) {
		find_status(m, (uint32_t)value);
		if ((int32_t)value < 0)
			find_errno(m, -(int64_t)(int32_t)value);
		else if (!is_hex)
			find_errno(m, value);
	}
	if (!m->num && hex)
		find_status(m, (uint32_t)hex);
	if (!m->num)
		add_status(m, (uint32_t)(is_number ? value : hex));
	return true;
}

static void print_json(const char *query, const struct meanings *m)
{
	struct json json;
	size_t i, j;

	json_init(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "query", query);
	json_array(&json, "meanings");
	for (i = 0; i < m->num; i++) {
		const struct meaning *meaning = &m->list[i];

		json_object(&json, NULL);
		json_string(&json, "kind", meaning->is_errno ? "errno" : "status");
		if (meaning->name)
			json_string(&json, "name", meaning->name);
		else
			json_null(&json, "name");
		json_array_compact(&json, "codes");
		for (j = 0; j < meaning->num_codes; j++)
			json_uint(&json, NULL, meaning->codes[j]);
		json_array_end(&json);
		json_string(&json, "text", meaning->text);
		json_string(&json, "advice", meaning->advice);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

static void print_text(const struct meanings *m)
{
	size_t i, j;

	for (i = 0; i < m->num; i++) {
		const struct meaning *meaning = &m->list[i];

		printf("%s%s %s (", i ? "\n" : "",
		       meaning->is_errno ? "errno" : "DSP status",
		       meaning->name ? meaning->name : "without a name");
		for (j = 0; j < meaning->num_codes; j++)
			printf(meaning->is_errno ? "%s%u" : "%s0x%x", j ? ", " : "",
			       meaning->codes[j]);
		printf(")\n  ");
		print_wrapped(meaning->text, 2);
		if (*meaning->advice) {
			printf("  ");
			print_wrapped(meaning->advice, 2);
		}
	}
}

/* A negative number is no option. Takes it out of argv. */
static const char *take_negative(int *argc, char **argv)
{
	const char *found;
	int i;

	for (i = 1; i < *argc && strcmp(argv[i], "--"); i++) {
		if (argv[i][0] != '-' || !isdigit((unsigned char)argv[i][1]))
			continue;
		found = argv[i];
		memmove(&argv[i], &argv[i + 1], sizeof(*argv) * (size_t)(*argc - i));
		--*argc;
		return found;
	}
	return NULL;
}

int cmd_explain(int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	struct meanings meanings = { 0 };
	const char *query = take_negative(&argc, argv);
	int ret;

	if (cli_getopt(argc, argv, options, help, &ret) == -2)
		return ret;
	if (cli.device)
		return cli_fail(RUN_USAGE, "explain asks no device and takes no --device");
	if (!query && optind < argc)
		query = argv[optind++];
	if (!query)
		return cli_fail(RUN_USAGE, "explain needs a code or a name, such as "
					   "0x8000044e, -22, AEE_EBADPERMS or EINVAL");
	if (optind < argc)
		return cli_fail(RUN_USAGE, "explain takes one code or name, and '%s' is "
					   "another", argv[optind]);
	find_name(&meanings, query);
	if (!meanings.num && !find_number(&meanings, query))
		return cli_fail(RUN_USAGE, "'%s' is neither a number of 32 bits nor a name "
					   "of a DSP status or errno value", query);
	if (cli.json)
		print_json(query, &meanings);
	else
		print_text(&meanings);
	return RUN_OK;
}
