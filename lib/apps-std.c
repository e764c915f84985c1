// SPDX-License-Identifier: MIT
/* The methods of apps_std: which there are, and what a call of each has to look like. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "apps-std-impl.h"

static int32_t std_print_string(struct std_call *call)
{
	log_info(call->std->ctx, "DSP: %s", call->arg[0].text);
	return AEE_SUCCESS;
}

/*
 * args, in the order of their words in the first input:
 *   w  a number
 *   d  a number of 8 bytes
 *   s  a string: its length with the NUL, and an input
 *   b  bytes: their number, and an input
 *   o  room: its size, and an output
 *   p  strings out: their number; an input with the size of each, and an output each
 */
static const struct method {
	const char *name;
	const char *args;
	uint16_t result;	/* bytes of the first output, 0: there is none */
	int32_t (*fn)(struct std_call *call);
} methods[] = {
	{ "fopen", "ss", 4, std_fopen },
	{ "freopen", "wss", 4, std_freopen },
	{ "fflush", "w", 0, std_fflush },
	{ "fclose", "w", 0, std_fclose },
	{ "fread", "wo", 8, std_fread },
	{ "fwrite", "wb", 8, std_fwrite },
	{ "fgetpos", "wo", 4, std_fgetpos },
	{ "fsetpos", "wb", 0, std_fsetpos },
	{ "ftell", "w", 4, std_ftell },
	{ "fseek", "www", 0, std_fseek },
	{ "flen", "w", 8, std_flen },
	{ "rewind", "w", 0, std_rewind },
	{ "feof", "w", 4, std_feof },
	{ "ferror", "w", 4, std_ferror },
	{ "clearerr", "w", 0, std_clearerr },
	{ "print_string", "s", 0, std_print_string },
	{ "getenv", "so", 4, std_getenv },
	{ "setenv", "ssw", 0, std_setenv },
	{ "unsetenv", "s", 0, std_unsetenv },
	{ "fopen_with_env", "ssss", 4, std_fopen_with_env },
	{ "fgets", "wo", 4, std_fgets },
	{ "get_search_paths_with_env", "ssp", 6, std_search_paths },
	{ "fileExists", "s", 1, std_exists },
	{ "fsync", "w", 0, std_fsync },
	{ "fremove", "s", 0, std_fremove },
	{ "fdopen_decrypt", "w", 4, std_fdopen_decrypt },
	{ "opendir", "s", 8, std_opendir },
	{ "closedir", "d", 0, std_closedir },
	{ "readdir", "d", 264, std_readdir },
	{ "mkdir", "sw", 0, std_mkdir },
	{ "rmdir", "s", 0, std_rmdir },
	{ "stat", "s", 96, std_stat },
	{ "ftrunc", "ww", 0, std_ftrunc },
	{ "frename", "ss", 0, std_frename },
	{ "fopen_fd", "ss", 8, std_fopen_fd },
	{ "fclose_fd", "w", 0, std_fclose_fd },
	{ "fopen_with_env_fd", "ssss", 8, std_fopen_with_env_fd },
};

#define NUM_METHODS	(sizeof(methods) / sizeof(methods[0]))
#define LONG_METHOD	31u	/* the number of these is in the first input */

const char *apps_std_method_name(uint32_t method)
{
	return method < NUM_METHODS ? methods[method].name : NULL;
}

int32_t std_status(int err)
{
	switch (-err) {
	case 0:
		return AEE_SUCCESS;
	case ENOENT:
	case ENOTDIR:
		return AEE_ENOSUCHFILE;
	case EACCES:
	case EPERM:
	case EROFS:
	case EBUSY:
	case EXDEV:
	case ELOOP:
		return AEE_EBADPERMS;
	case EINVAL:
	case ENAMETOOLONG:
		return AEE_EINVALIDFILENAME;
	case ENOMEM:
		return AEE_ENOMEMORY;
	case EMFILE:
	case ENFILE:
		return AEE_EOUTOFHANDLES;
	case EOPNOTSUPP:
		return AEE_EUNSUPPORTED;
	default:
		return AEE_EFILE;
	}
}

int32_t std_refuse(struct std_call *call, int32_t status, const char *format, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	files_refuse(call->std->files, "apps_std", call->name, "%s", why);
	return status;
}

/* --- descriptors ------------------------------------------------------------ */

static atomic_uint num_fds;

int32_t std_fd_take(struct std_call *call)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return std_status(-errno);
	if (atomic_fetch_add(&num_fds, 1) < limit.rlim_cur / 2)
		return AEE_SUCCESS;
	atomic_fetch_sub(&num_fds, 1);
	return std_refuse(call, AEE_EOUTOFHANDLES,
			  "DSPs may have %llu descriptors, half of the process's, and have them",
			  (unsigned long long)limit.rlim_cur / 2);
}

void std_fd_give(void)
{
	atomic_fetch_sub(&num_fds, 1);
}

/* --- shapes ----------------------------------------------------------------- */

/* the blocks of a call that have not been looked at yet */
struct blocks {
	const uint8_t *prim;
	size_t prim_left;
	const struct qda_reverse_arg *in;
	size_t num_in;
	const struct qda_reverse_arg *out;
	size_t num_out;
};

static bool take_word(struct blocks *left, void *to, size_t size)
{
	if (left->prim_left < size)
		return false;
	memcpy(to, left->prim, size);
	left->prim += size;
	left->prim_left -= size;
	return true;
}

static const struct qda_reverse_arg *take_in(struct blocks *left)
{
	if (!left->num_in)
		return NULL;
	left->num_in--;
	return left->in++;
}

static const struct qda_reverse_arg *take_out(struct blocks *left)
{
	if (!left->num_out)
		return NULL;
	left->num_out--;
	return left->out++;
}

/* a reason, or NULL when all is well */
static const char *take_paths(struct std_call *call, struct blocks *left,
			      struct std_arg *arg)
{
	const struct qda_reverse_arg *sizes = take_in(left);

	if (!sizes || sizes->size / 4 < arg->word || left->num_out != arg->word)
		return "too few blocks, or too many";
	call->paths = left->out;
	for (uint32_t i = 0; i < arg->word; i++) {
		uint32_t size;

		memcpy(&size, (const uint8_t *)sizes->data + 4 * (size_t)i, 4);
		if (take_out(left)->size < size)
			return "a block is shorter than it says";
	}
	return NULL;
}

static const char *take_arg(struct std_call *call, struct blocks *left, char kind,
			    struct std_arg *arg)
{
	const struct qda_reverse_arg *block;

	if (kind == 'd')
		return take_word(left, &arg->wide, sizeof(arg->wide)) ?
			NULL : "the first block is too short";
	if (!take_word(left, &arg->word, sizeof(arg->word)))
		return "the first block is too short";
	if (kind == 'w')
		return NULL;
	if (kind == 'p')
		return take_paths(call, left, arg);
	block = kind == 'o' ? take_out(left) : take_in(left);
	if (!block)
		return "too few blocks";
	if (block->size < arg->word)
		return "a block is shorter than it says";
	if (kind == 'o') {
		arg->out = block->data;
		return NULL;
	}
	arg->in = block->data;
	if (kind == 's') {
		if (!arg->word || !memchr(block->data, '\0', arg->word))
			return "a string has no end";
		arg->text = block->data;
	}
	return NULL;
}

/*
 * Blocks may be longer than they need be, as the interface compiler's own code
 * allows; there must be neither fewer nor more of them.
 */
static const char *take_apart(struct std_call *std_call, const struct method *method,
			      const struct qda_reverse_call *call)
{
	struct blocks left = {
		.in = call->in, .num_in = call->num_in,
		.out = call->out, .num_out = call->num_out,
	};
	const struct qda_reverse_arg *block = take_in(&left);
	const char *wrong = NULL;
	uint32_t number;

	if (!block)
		return "it has no blocks";
	left.prim = block->data;
	left.prim_left = block->size;
	if (call->method == LONG_METHOD && !take_word(&left, &number, sizeof(number)))
		return "the first block is too short";
	if (method->result) {
		block = take_out(&left);
		if (!block || block->size < method->result)
			return "there is no room for the result";
		std_call->result = block->data;
	}
	for (size_t i = 0; !wrong && method->args[i]; i++)
		wrong = take_arg(std_call, &left, method->args[i], &std_call->arg[i]);
	if (!wrong && (left.num_in || left.num_out))
		wrong = "too many blocks";
	return wrong;
}

int32_t apps_std_invoke(struct apps_std *std, const struct qda_reverse_call *call)
{
	struct std_call std_call = { .std = std };
	uint32_t number = call->method;
	const char *wrong;

	if (number == LONG_METHOD) {
		if (!call->num_in || call->in[0].size < sizeof(number)) {
			std_call.name = "method 31";
			return std_refuse(&std_call, AEE_EBADPARM,
					  "the number of the method is missing");
		}
		memcpy(&number, call->in[0].data, sizeof(number));
	}
	/* a method has one number only */
	if (number >= NUM_METHODS ||
	    (number >= LONG_METHOD) != (call->method == LONG_METHOD)) {
		std_call.name = "a method";
		return std_refuse(&std_call, AEE_EUNSUPPORTED, "there is no number %u",
				  number);
	}
	std_call.name = methods[number].name;
	wrong = take_apart(&std_call, &methods[number], call);
	if (wrong)
		return std_refuse(&std_call, AEE_EBADPARM, "%s", wrong);
	return methods[number].fn(&std_call);
}

/* --- the object ------------------------------------------------------------- */

int apps_std_new(struct qda_ctx *ctx, struct files *files,
		 const struct apps_std_ops *ops, void *owner, struct apps_std **ret_std)
{
	static const struct apps_std_ops none;
	struct apps_std *std = calloc(1, sizeof(*std));

	if (!std)
		return -ENOMEM;
	std->ctx = ctx;
	std->files = files;
	std->ops = ops ? ops : &none;
	std->owner = owner;
	list_init(&std->vars);
	*ret_std = std;
	return 0;
}

void apps_std_free(struct apps_std *std)
{
	if (!std)
		return;
	std_close_files(std);
	std_close_dirs(std);
	std_clear_env(std);
	free(std);
}
