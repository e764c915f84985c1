// SPDX-License-Identifier: MIT
/*
 * Calls of a hostile DSP to apps_std, with a directory to read in and one to write
 * in: nothing else is opened, and nothing else is changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apps-std-impl.h"
#include "plant.h"

#define MAX_CALLS	24
#define MAX_BLOCKS	12
#define BLOCK_MAX	600

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char base[32];
static struct qda_ctx ctx;
static struct files *files;
static struct apps_std *std;

/* --- the directories -------------------------------------------------------- */

/* what must stay as it was */
static const char *const watched[] = {
	"", "/ro", "/ro/a", "/ro/cdsp", "/ro/cdsp/b", "/ro/link", "/ro/up", "/out",
	"/out/a", "/out/cdsp",
};

#define NUM_WATCHED	(sizeof(watched) / sizeof(watched[0]))

static struct stat before[NUM_WATCHED];
static int rw_changed = 1;

static const char *at(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", base, name);
	return path;
}

static void must(int ok)
{
	if (!ok)
		abort();
}

static void put_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, "one\ntwo\n", 8) == 8 && !close(fd));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

/* the directory to write in, as it is at the beginning */
static void fill_rw(void)
{
	if (!rw_changed)
		return;
	rw_changed = 0;
	must(!nftw(at("/rw"), remove_one, 8, FTW_DEPTH | FTW_PHYS));
	put_file("/rw/a");
	must(!symlink("../out", at("/rw/up")) && !symlink("../out/a", at("/rw/link")) &&
	     !symlink("../out/new", at("/rw/new")));
}

/* removes all when the fuzzer has ended, however it ends */
static void clean_up_later(void)
{
	int ends[2];
	char c;

	must(!pipe(ends));
	if (fork()) {
		close(ends[0]);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		return;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	close(ends[1]);
	while (read(ends[0], &c, 1) < 0)
		;
	nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(base);
	_exit(0);
}

/* an open file is in one of the two directories */
static void check_fd(int fd, int writable)
{
	char link[64], path[PATH_MAX];
	size_t len = strlen(base);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	must(n > 0);
	path[n] = '\0';
	must(!strncmp(path, base, len));
	must(!strncmp(path + len, "/rw", 3) ||
	     (!writable && !strncmp(path + len, "/ro", 3)));
	must(!path[len + 3] || path[len + 3] == '/');
}

static void check_untouched(void)
{
	for (size_t i = 0; i < NUM_WATCHED; i++) {
		const struct stat *old = &before[i];
		struct stat now;

		must(!lstat(at(watched[i]), &now));
		must(now.st_ino == old->st_ino && now.st_mode == old->st_mode &&
		     now.st_nlink == old->st_nlink && now.st_size == old->st_size &&
		     !memcmp(&now.st_mtim, &old->st_mtim, sizeof(now.st_mtim)) &&
		     !memcmp(&now.st_ctim, &old->st_ctim, sizeof(now.st_ctim)));
	}
}

/* --- in place of the C library's: what is changed by name ------------------- */

static void check_change(int dir, const char *name)
{
	rw_changed = 1;
	check_fd(dir, 1);
	must(!strchr(name, '/') && strcmp(name, "..") && *name);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	check_change(dir, name);
	return (int)syscall(SYS_mkdirat, dir, name, mode);
}

int unlinkat(int dir, const char *name, int flags)
{
	check_change(dir, name);
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int renameat(int from, const char *old, int to, const char *new)
{
	check_change(from, old);
	check_change(to, new);
	return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

/* --- a call ----------------------------------------------------------------- */

static const struct {
	const char *args;
	unsigned int result;
} shapes[] = {
	{ "ss", 4 }, { "wss", 4 }, { "w", 0 }, { "w", 0 }, { "wo", 8 }, { "wb", 8 },
	{ "wo", 4 }, { "wb", 0 }, { "w", 4 }, { "www", 0 }, { "w", 8 }, { "w", 0 },
	{ "w", 4 }, { "w", 4 }, { "w", 0 }, { "s", 0 }, { "so", 4 }, { "ssw", 0 },
	{ "s", 0 }, { "ssss", 4 }, { "wo", 4 }, { "ssp", 6 }, { "s", 1 }, { "w", 0 },
	{ "s", 0 }, { "w", 4 }, { "s", 8 }, { "d", 0 }, { "d", 264 }, { "sw", 0 },
	{ "s", 0 }, { "s", 96 }, { "ww", 0 }, { "ss", 0 }, { "ss", 8 }, { "w", 0 },
	{ "ssss", 8 },
};

static const uint8_t *input;
static size_t input_left;

static uint8_t next_byte(void)
{
	if (!input_left)
		return 0;
	input_left--;
	return *input++;
}

static struct qda_reverse_arg in[MAX_BLOCKS], out[MAX_BLOCKS];
static size_t num_in, num_out;

static void *add_block(struct qda_reverse_arg *list, size_t *num, const void *bytes,
		       size_t size)
{
	struct qda_reverse_arg *arg = &list[(*num)++];

	arg->size = size;
	arg->data = size ? calloc(1, size) : NULL;
	must(!size || arg->data);
	if (size && bytes)
		memcpy(arg->data, bytes, size);
	return arg->data;
}

static void add_prim(const void *bytes, size_t size)
{
	in[0].data = realloc(in[0].data, in[0].size + size);
	must(in[0].data != NULL);
	memcpy((uint8_t *)in[0].data + in[0].size, bytes, size);
	in[0].size += size;
}

static void add_word(uint32_t word)
{
	add_prim(&word, sizeof(word));
}

/* some that mean something, or bytes as they come */
static void add_text(void)
{
	static const char *const words[] = {
		"a", "b", "cdsp", "..", ".", "up", "link", "new", "/", "//", "/ro",
		"/rw", "r", "w+", "a+", "r+", "ADSP_LIBRARY_PATH", "X", ";", "x",
		"../out/a", "/etc/hostname", "/proc/self/root", "/dev/null", "/d",
	};
	char text[BLOCK_MAX] = "";
	uint8_t count = next_byte();
	size_t len = 0;

	if (count & 0x80) {
		for (count &= 0x7f; count && input_left; count--)
			text[len++] = (char)next_byte();
	} else {
		for (count = count % 4 + 1; count; count--) {
			uint8_t word = next_byte();
			const char *add = words[word % (sizeof(words) / sizeof(words[0]))];

			/* the names of the directories themselves */
			if (word & 0x80)
				len += (size_t)sprintf(text + len, "%s/", base);
			len += (size_t)sprintf(text + len, "%s%s", add,
					       word & 0x40 ? "/" : "");
		}
	}
	add_word((uint32_t)len + 1);
	add_block(in, &num_in, text, len + 1);
}

static void add_arg(char kind)
{
	static const uint32_t numbers[] = {
		100, 101, 102, 99, 0, 1, 2, 5, 7, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	uint8_t byte = kind == 's' ? 0 : next_byte();
	uint8_t bytes[256];
	uint64_t wide;

	switch (kind) {
	case 'w':
		add_word(byte < 0x80 ? numbers[byte % 12] : byte);
		break;
	case 'd':
		wide = numbers[byte % 12];
		add_prim(&wide, sizeof(wide));
		break;
	case 's':
		add_text();
		break;
	case 'b':
		memset(bytes, byte, sizeof(bytes));
		if (byte == 8)
			memset(bytes, 0, 7);
		add_word(byte);
		add_block(in, &num_in, bytes, byte);
		break;
	case 'o':
		add_word(byte);
		add_block(out, &num_out, NULL, byte);
		break;
	case 'p':
		add_word(byte % 4);
		for (int i = 0; i < byte % 4; i++) {
			uint32_t size = next_byte();

			memcpy(bytes + 4 * i, &size, sizeof(size));
			add_block(out, &num_out, NULL, size);
		}
		add_block(in, &num_in, bytes, 4 * (byte % 4u));
		break;
	}
}

/* make something of it wrong */
static void spoil(uint8_t how)
{
	uint8_t where = next_byte();
	uint32_t word;

	switch (how) {
	case 1:
		if (num_in)
			free(in[--num_in].data);
		break;
	case 2:
		if (num_out)
			free(out[--num_out].data);
		break;
	case 3:
		add_block(in, &num_in, "x", where % 2);
		break;
	case 4:
		add_block(out, &num_out, NULL, where);
		break;
	case 5:
		word = next_byte();
		word |= word << 24;
		if (in[0].size >= 4)
			memcpy((uint8_t *)in[0].data + where % (in[0].size - 3), &word, 4);
		break;
	case 6:
		if (in[where % num_in].size) {
			in[where % num_in].size--;
			in[where % num_in].data = realloc(in[where % num_in].data,
							  in[where % num_in].size + 1);
		}
		break;
	case 7:
		if (in[where % num_in].size > 1)
			memset(in[where % num_in].data, where, in[where % num_in].size);
		break;
	}
}

/* what an answer says is not about something outside */
static void check_answer(uint32_t number)
{
	uint64_t dev, ino;

	if (number == 31) {
		memcpy(&dev, (uint8_t *)out[0].data + 8, 8);
		memcpy(&ino, (uint8_t *)out[0].data + 16, 8);
		for (size_t i = 7; i < NUM_WATCHED; i++)
			must(ino != before[i].st_ino || dev != before[i].st_dev);
		must(ino != before[0].st_ino);
	}
	for (int i = 0; i < STD_TABLE; i++) {
		if (std->file[i].used) {
			check_fd(std->file[i].fd, std->file[i].writable);
			rw_changed |= std->file[i].writable;
		}
		if (std->dir[i])
			check_fd(dirfd(std->dir[i]), 0);
		/* they are filled from the bottom */
		if (!std->file[i].used && !std->dir[i] && i > MAX_CALLS)
			break;
	}
}

static void one_call(void)
{
	struct qda_reverse_call call = { .size = sizeof(call), .in = in, .out = out };
	uint32_t number = next_byte() % 38;
	uint8_t how = next_byte();
	int32_t status;
	uint32_t word = 0;

	num_in = num_out = 0;
	memset(in, 0, sizeof(in));
	add_block(in, &num_in, NULL, 0);
	if (number >= 31)
		add_word(number);
	if (number < 37) {
		if (shapes[number].result)
			add_block(out, &num_out, NULL, shapes[number].result);
		for (const char *kind = shapes[number].args; *kind; kind++)
			add_arg(*kind);
	}
	if (how < 64)
		spoil(how % 8);
	call.method = number < 31 ? number : 31;
	call.num_in = num_in;
	call.num_out = num_out;
	status = apps_std_invoke(std, &call);
	if (!status) {
		/* "one\ntwo\n", or what was written */
		if (number == 4)
			memcpy(&word, out[0].data, 4);
		FUZZ_PLANT(word >= 5);
		check_answer(number);
	}
	while (num_in)
		free(in[--num_in].data);
	while (num_out)
		free(out[--num_out].data);
}

/* --- the target ------------------------------------------------------------- */

static int share(void *owner, int fd, uint64_t *len, int32_t *ret_dsp_id)
{
	static int32_t id;

	(void)owner;
	check_fd(fd, 0);
	must(*len > 0 && *len <= INT32_MAX);
	*ret_dsp_id = id++ % 4;
	return 0;
}

static int unshare_file(void *owner, int32_t dsp_id)
{
	(void)owner;
	(void)dsp_id;
	return 0;
}

static void no_log(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)func;
	for (; *message; message++)
		must((unsigned char)*message >= 0x20 && *message != 0x7f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	strcpy(base, "/tmp/fuzz-apps-std-XXXXXX");
	must(mkdtemp(base) != NULL);
	clean_up_later();
	must(!mkdir(at("/ro"), 0755) && !mkdir(at("/ro/cdsp"), 0755) &&
	     !mkdir(at("/out"), 0755) && !mkdir(at("/out/cdsp"), 0755) &&
	     !mkdir(at("/rw"), 0755));
	put_file("/ro/a");
	put_file("/ro/cdsp/b");
	put_file("/out/a");
	must(!symlink("../out", at("/ro/up")) && !symlink("../out/a", at("/ro/link")));
	for (size_t i = 0; i < NUM_WATCHED; i++)
		must(!lstat(at(watched[i]), &before[i]));
	ctx.log = no_log;
	ctx.log_level = QDA_LOG_DEBUG;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct apps_std_ops ops = { share, unshare_file };
	char ro[PATH_MAX];
	struct path_dir dir = { strcpy(ro, at("/ro")), "fuzzer" };
	struct path_list path = { &dir, 1 };

	fill_rw();
	must(!files_new(&ctx, "cdsp", &path, &files) &&
	     !files_add_root(files, "/rw", at("/rw"), true) &&
	     !apps_std_new(&ctx, files, &ops, NULL, &std));
	input = data;
	input_left = size;
	for (int i = 0; i < MAX_CALLS && input_left; i++)
		one_call();
	apps_std_free(std);
	files_free(files);
	check_untouched();
	return 0;
}
