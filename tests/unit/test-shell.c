// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "objects.h"

#define MAX_SHELL 65536

static char dir[] = "/tmp/qda-shell-XXXXXX";
static char empty_config[] = "/tmp/qda-config-XXXXXX";
static char logged[8192];
static struct qda_ctx *ctx;

static void log_fn(void *data, int priority, const char *file, int line,
		   const char *func, const char *message)
{
	(void)data;
	(void)file;
	(void)line;
	(void)func;
	if (priority == QDA_LOG_WARNING)
		snprintf(logged, sizeof(logged), "%s", message);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, size_t size)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t i;

	assert_true(fd >= 0);
	for (i = 0; i < size; i++)
		assert_int_equal(write(fd, &(char){ (char)i }, 1), 1);
	close(fd);
}

static int setup(void **state)
{
	struct qda_ctx_opts opts = { .size = sizeof(opts), .log = log_fn,
				     .log_level = QDA_LOG_WARNING };

	int fd = mkstemp(empty_config);

	(void)state;
	if (fd < 0 || close(fd))
		return -1;
	unsetenv("QDA_LOG");
	return !mkdtemp(dir) || qda_ctx_new(&opts, &ctx);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	qda_ctx_unref(ctx);
	unlink(empty_config);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	logged[0] = '\0';
	unsetenv("ADSP_LIBRARY_PATH");
	/* nothing of this machine's configuration */
	setenv("QDA_CONFIG", empty_config, 1);
	setenv("DSP_LIBRARY_PATH", dir, 1);
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

static int find(struct shell *shell, bool is_unsigned, struct qda_failure *reterr)
{
	struct path_list dirs;
	int err;

	assert_int_equal(path_list_make(&dirs, ctx, NULL, false), 0);
	err = shell_find(shell, ctx, &dirs, "cdsp", 3, is_unsigned, false, MAX_SHELL,
			 reterr);
	path_list_free(&dirs);
	return err;
}

static int open_shell(struct shell *shell, const char *name, struct qda_failure *reterr)
{
	return shell_open(shell, path_of(name), false, MAX_SHELL, reterr);
}

static void order(void **state)
{
	struct shell shell;

	(void)state;
	write_file("fastrpc_shell_3", 10);
	write_file("fastrpc_shell_unsigned_3", 20);
	assert_int_equal(find(&shell, false, NULL), 0);
	assert_string_equal(shell.image.path, path_of("fastrpc_shell_3"));
	assert_int_equal(shell.image.size, 10);
	shell_close(&shell);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.image.size, 20);
	shell_close(&shell);
	/* the subfolder of the domain comes first */
	mkdir(path_of("cdsp"), 0755);
	write_file("cdsp/fastrpc_shell_unsigned_3", 30);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.image.size, 30);
	shell_close(&shell);
	assert_string_equal(logged, "");
}

static void not_found(void **state)
{
	struct shell shell;
	char want[512];

	(void)state;
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.image.fd, -1);
	assert_int_equal(shell.image.size, 0);
	snprintf(want, sizeof(want),
		 "%s/cdsp/fastrpc_shell_unsigned_3, %s/fastrpc_shell_unsigned_3, "
		 "/usr/lib/dsp/cdsp/fastrpc_shell_unsigned_3", dir, dir);
	assert_non_null(strstr(shell.tried, want));
	assert_non_null(strstr(shell.tried, "/usr/lib/rfsa/adsp/fastrpc_shell_unsigned_3"));
	shell_close(&shell);

	assert_int_equal(shell_find(&shell, ctx, &(struct path_list){ 0 }, "odd", -EINVAL,
				    true, false, MAX_SHELL, NULL), 0);
	assert_int_equal(shell.image.fd, -1);
	assert_string_equal(shell.tried, "");
	assert_string_equal(logged, "");
}

static void many_tried(void **state)
{
	struct shell shell;
	char env[8192] = "";
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		sprintf(env + strlen(env), "/nowhere/at/all/%d;", i);
	setenv("DSP_LIBRARY_PATH", env, 1);
	assert_int_equal(find(&shell, true, NULL), 0);
	assert_int_equal(shell.image.fd, -1);
	assert_string_equal(shell.tried + strlen(shell.tried) - 5, ", ...");
	assert_null(strstr(shell.tried, "......"));
}

static void bad_files(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;

	(void)state;
	assert_int_equal(open_shell(&shell, "none", &failure),
			 -ENOENT);
	assert_non_null(strstr(failure.message, path_of("none")));
	assert_int_equal(shell.image.fd, -1);

	assert_int_equal(open_shell(&shell, "", &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "not a regular file"));

	assert_int_equal(mkfifo(path_of("fastrpc_shell_unsigned_3"), 0644), 0);
	assert_int_equal(find(&shell, true, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "not a regular file"));

	write_file("empty", 0);
	assert_int_equal(open_shell(&shell, "empty", &failure),
			 -EBADMSG);
	assert_non_null(strstr(failure.message, "empty"));

	write_file("large", MAX_SHELL + 1);
	assert_int_equal(open_shell(&shell, "large", &failure),
			 -E2BIG);
	assert_non_null(strstr(failure.message, "65537"));
	assert_non_null(strstr(failure.message, "65536"));
	assert_int_equal(shell_open(&shell, path_of("large"), false, MAX_SHELL + 1,
				    NULL), 0);
	shell_close(&shell);
	shell_close(&shell);
}

static void reading(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;
	uint8_t *data = malloc(1000);
	size_t i;

	(void)state;
	write_file("s", 1000);
	assert_int_equal(open_shell(&shell, "s", &failure), 0);
	assert_int_equal(shell_read(&shell, data, &failure), 0);
	for (i = 0; i < 1000; i++)
		assert_int_equal(data[i], i & 0xff);
	/* grown meanwhile: not more than was measured (ASan watches) */
	write_file("s", 2000);
	assert_int_equal(shell_read(&shell, data, &failure), 0);
	assert_int_equal(truncate(path_of("s"), 600), 0);
	assert_int_equal(shell_read(&shell, data, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "truncated: 600 of 1000 bytes"));
	shell_close(&shell);
	free(data);
}

/* --- what is in it ------------------------------------------------------ */

static void write_bytes(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

/* an image for the DSP with one segment, which ends at byte 1000 */
static void make_elf(Elf32_Ehdr *header, Elf32_Phdr *segment)
{
	*header = (Elf32_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_machine = EM_QDSP6, .e_version = EV_CURRENT,
		.e_phoff = sizeof(*header), .e_phentsize = sizeof(*segment),
		.e_phnum = 1,
	};
	*segment = (Elf32_Phdr){ .p_type = PT_LOAD, .p_offset = 400, .p_filesz = 600 };
}

static _Alignas(8) uint8_t image[1000];

static int open_elf(struct shell *shell, const Elf32_Ehdr *header,
		    const Elf32_Phdr *segment, size_t size, struct qda_failure *reterr)
{
	int err;

	memset(image, 0, sizeof(image));
	memcpy(image, header, sizeof(*header));
	memcpy(image + sizeof(*header), segment, sizeof(*segment));
	write_bytes("elf", image, size);
	err = open_shell(shell, "elf", reterr);
	shell_close(shell);
	return err;
}

static void foreign(void **state)
{
	struct shell shell;
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	char want[64];

	(void)state;
	make_elf(&header, &segment);
	assert_int_equal(open_elf(&shell, &header, &segment, 1000, NULL), 0);
	assert_string_equal(shell.doubt, "");
	/* doubts refuse nothing */
	header.e_machine = EM_386;
	assert_int_equal(open_elf(&shell, &header, &segment, 1000, NULL), 0);
	assert_string_equal(shell.doubt, "it is an ELF image for x86, 32 bits, "
			    "not for Hexagon, 32 bits");
	header.e_machine = 0xffff;
	assert_int_equal(open_elf(&shell, &header, &segment, 1000, NULL), 0);
	assert_string_equal(shell.doubt, "it is an ELF image for machine 65535, 32 bits, "
			    "not for Hexagon, 32 bits");
	/* nor does what a foreign one says about its length count */
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), 0);
	header.e_machine = EM_QDSP6;
	header.e_ident[EI_CLASS] = ELFCLASS64;
	assert_int_equal(open_elf(&shell, &header, &segment, 1000, NULL), 0);
	assert_non_null(strstr(shell.doubt, "for Hexagon, 64 bits, not"));
	header.e_ident[EI_MAG0] = 0;
	assert_int_equal(open_elf(&shell, &header, &segment, 1000, NULL), 0);
	assert_string_equal(shell.doubt, "it is not an ELF image");
	write_bytes("tiny", "\177ELF", 4);
	assert_int_equal(open_shell(&shell, "tiny", NULL), 0);
	assert_string_equal(shell.doubt, "it is not an ELF image");
	shell_close(&shell);

	/* a program of this machine is for soft devices */
	assert_int_equal(shell_open(&shell, "/proc/self/exe", true, UINT32_MAX, NULL), 0);
	assert_string_equal(shell.doubt, "");
	shell_close(&shell);
	assert_int_equal(shell_open(&shell, "/proc/self/exe", false, UINT32_MAX, NULL), 0);
	snprintf(want, sizeof(want), ", %zu bits, not for Hexagon", 8 * sizeof(void *));
	assert_non_null(strstr(shell.doubt, want));
	shell_close(&shell);
	make_elf(&header, &segment);
	open_elf(&shell, &header, &segment, 1000, NULL);
	assert_int_equal(shell_open(&shell, path_of("elf"), true, MAX_SHELL, NULL), 0);
	assert_non_null(strstr(shell.doubt, "for Hexagon, 32 bits, not for "));
	shell_close(&shell);
}

static void truncated(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	Elf64_Phdr *wide;
	FILE *file;
	size_t size;

	(void)state;
	make_elf(&header, &segment);
	assert_int_equal(open_elf(&shell, &header, &segment, 999, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message,
			       "elf is truncated: 999 bytes, of at least 1000"));
	assert_int_equal(shell.image.fd, -1);
	/* within the table, within the header */
	assert_int_equal(open_elf(&shell, &header, &segment, 60, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "60 bytes, of at least 84"));
	assert_int_equal(open_elf(&shell, &header, &segment, 51, NULL), 0);
	/* without bytes in the file, or not loaded, it says nothing */
	segment.p_filesz = 0;
	segment.p_offset = UINT32_MAX;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), 0);
	segment.p_filesz = UINT32_MAX;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "of at least 8589934590"));
	segment.p_type = PT_NOTE;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), 0);
	/* no table, and wild ones */
	header.e_phnum = 0;
	header.e_phoff = UINT32_MAX;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), 0);
	header.e_phnum = UINT16_MAX;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), -EBADMSG);
	header.e_phentsize = 1;
	assert_int_equal(open_elf(&shell, &header, &segment, 500, NULL), 0);

	/* this machine's own, as in soft devices */
	file = fopen("/proc/self/exe", "r");
	size = fread(image, 1, sizeof(image), file);
	fclose(file);
	assert_int_equal(size, sizeof(image));
	write_bytes("own", image, size);
	assert_int_equal(shell_open(&shell, path_of("own"), true, MAX_SHELL, &failure),
			 -EBADMSG);
	assert_non_null(strstr(failure.message, "own is truncated: 1000 bytes"));
	if (image[EI_CLASS] == ELFCLASS64) {
		Elf64_Ehdr *own = (Elf64_Ehdr *)(void *)image;

		/* sums that overflow */
		own->e_phoff = sizeof(*own);
		own->e_phnum = 1;
		wide = (void *)(image + sizeof(*own));
		*wide = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = UINT64_MAX,
				      .p_filesz = 2 };
		write_bytes("own", image, size);
		assert_int_equal(shell_open(&shell, path_of("own"), true, MAX_SHELL, NULL), 0);
		shell_close(&shell);
		own->e_phoff = UINT64_MAX;
		write_bytes("own", image, size);
		assert_int_equal(shell_open(&shell, path_of("own"), true, MAX_SHELL, NULL), 0);
		shell_close(&shell);
	}
}

static void signature(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct shell shell;
	char data[16] = "";

	(void)state;
	write_bytes("s", "0123456789", 10);
	write_bytes("sig", "abcd", 4);
	assert_int_equal(open_shell(&shell, "s", NULL), 0);
	assert_int_equal(shell_sign(&shell, path_of("sig"), 14, &failure), 0);
	assert_int_equal(shell.signature.size, 4);
	assert_int_equal(shell_read(&shell, data, &failure), 0);
	assert_string_equal(data, "0123456789abcd");
	/* shrunk meanwhile */
	assert_int_equal(truncate(path_of("sig"), 3), 0);
	assert_int_equal(shell_read(&shell, data, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "sig is truncated: 3 of 4 bytes"));
	shell_close(&shell);
	assert_int_equal(shell.signature.fd, -1);

	write_bytes("sig", "abcd", 4);
	assert_int_equal(open_shell(&shell, "s", NULL), 0);
	assert_int_equal(shell_sign(&shell, path_of("sig"), 13, &failure), -E2BIG);
	assert_non_null(strstr(failure.message, "test signature"));
	assert_int_equal(shell_sign(&shell, path_of("no"), 14, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, path_of("no")));
	assert_int_equal(shell_sign(&shell, dir, 14, &failure), -EINVAL);
	write_bytes("sig", "", 0);
	assert_int_equal(shell_sign(&shell, path_of("sig"), 14, &failure), -EBADMSG);
	shell_close(&shell);

	/* nothing that it could belong to */
	assert_int_equal(find(&shell, false, NULL), 0);
	assert_int_equal(shell_sign(&shell, path_of("sig"), 14, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, "no shell image"));
	assert_non_null(strstr(failure.message, path_of("cdsp/fastrpc_shell_3")));
	shell_close(&shell);
}

static void unreadable(void **state)
{
	struct shell shell;

	(void)state;
	if (!geteuid()) {
		/* root reads everything; lose the right for a moment */
		assert_int_equal(chmod(dir, 0755), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	assert_int_equal(seteuid(getuid()), 0);
	write_file("fastrpc_shell_3", 10);
	assert_int_equal(chmod(path_of("fastrpc_shell_3"), 0), 0);
	if (!getuid())
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(find(&shell, false, NULL), 0);
	assert_int_equal(open_shell(&(struct shell){ 0 }, "fastrpc_shell_3", NULL),
			 -EACCES);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(shell.image.fd, -1);
	assert_non_null(strstr(shell.tried, "fastrpc_shell_3 ("));
	assert_non_null(strstr(shell.tried, qda_strerror(-EACCES)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(order, clean),
		cmocka_unit_test_setup(not_found, clean),
		cmocka_unit_test_setup(many_tried, clean),
		cmocka_unit_test_setup(bad_files, clean),
		cmocka_unit_test_setup(reading, clean),
		cmocka_unit_test_setup(foreign, clean),
		cmocka_unit_test_setup(truncated, clean),
		cmocka_unit_test_setup(signature, clean),
		cmocka_unit_test_setup(unreadable, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
