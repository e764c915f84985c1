// SPDX-License-Identifier: MIT
/* The shell image: the program a new user PD runs. Finding and reading it. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objects.h"

/* entries of a program header table that are looked at */
#define MAX_SEGMENTS	64

/*
 * Our own ELF header, of the linker's making: what this machine runs. Headers of
 * both widths begin alike, up to e_version.
 */
extern const Elf32_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static void file_close(struct shell_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* what: "shell image" or "test signature"; max: bytes the device takes for it */
static int file_open(struct shell_file *file, const char *what, const char *path,
		     uint64_t max, struct qda_failure *reterr)
{
	struct stat st;
	int err;

	file->fd = -1;
	if (strlen(path) >= sizeof(file->path))
		return qda_fail(reterr, -ENAMETOOLONG, 0, "path of the %s", what);
	strcpy(file->path, path);

	/* non-blocking, so that a FIFO cannot make us wait */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0 || fstat(file->fd, &st))
		err = qda_fail(reterr, -errno, 0, "%s %s", what, path);
	else if (!S_ISREG(st.st_mode))
		err = qda_fail(reterr, -EINVAL, 0, "%s %s is not a regular file", what,
			       path);
	else if (!st.st_size)
		err = qda_fail(reterr, -EBADMSG, 0, "%s %s is empty", what, path);
	else if ((uint64_t)st.st_size > max)
		err = qda_fail(reterr, -E2BIG, 0,
			       "%s %s has %" PRIu64 " bytes, the DSP takes at most %" PRIu64,
			       what, path, (uint64_t)st.st_size, max);
	else
		err = 0;
	if (err)
		file_close(file);
	else
		file->size = (uint64_t)st.st_size;
	return err;
}

static int file_read(const struct shell_file *file, const char *what, void *dest,
		     struct qda_failure *reterr)
{
	uint64_t done = 0;

	while (done < file->size) {
		ssize_t n = pread(file->fd, (uint8_t *)dest + done, file->size - done,
				  (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qda_fail(reterr, -EIO, 0, "reading %s %s (%s)", what,
					file->path, qda_strerror(errno));
		if (!n)
			return qda_fail(reterr, -EBADMSG, 0,
					"%s %s is truncated: %" PRIu64 " of %" PRIu64 " bytes",
					what, file->path, done, file->size);
		done += (uint64_t)n;
	}
	return 0;
}

/* --- what is in it ------------------------------------------------------ */

static bool read_at(const struct shell_file *file, uint64_t offset, void *dest,
		    size_t size)
{
	return offset <= file->size &&
	       pread(file->fd, dest, size, (off_t)offset) == (ssize_t)size;
}

/* up to where the headers say that the file goes; 0: they say nothing */
static uint64_t elf32_end(const struct shell_file *file, const Elf32_Ehdr *header)
{
	uint64_t end = header->e_phoff + (uint64_t)header->e_phnum * sizeof(Elf32_Phdr);
	Elf32_Phdr segment;
	unsigned int i;

	if (!header->e_phnum || header->e_phentsize != sizeof(segment))
		return 0;
	for (i = 0; i < header->e_phnum && i < MAX_SEGMENTS; i++) {
		uint64_t offset = header->e_phoff + (uint64_t)i * sizeof(segment);

		if (!read_at(file, offset, &segment, sizeof(segment)))
			break;
		offset = (uint64_t)segment.p_offset + segment.p_filesz;
		if (segment.p_type == PT_LOAD && segment.p_filesz && offset > end)
			end = offset;
	}
	return end;
}

static uint64_t elf64_end(const struct shell_file *file, const Elf64_Ehdr *header)
{
	uint64_t end, offset;
	Elf64_Phdr segment;
	unsigned int i;

	if (!header->e_phnum || header->e_phentsize != sizeof(segment) ||
	    __builtin_add_overflow(header->e_phoff,
				   (uint64_t)header->e_phnum * sizeof(segment), &end))
		return 0;
	for (i = 0; i < header->e_phnum && i < MAX_SEGMENTS; i++) {
		if (!read_at(file, header->e_phoff + (uint64_t)i * sizeof(segment),
			     &segment, sizeof(segment)))
			break;
		if (segment.p_type == PT_LOAD && segment.p_filesz &&
		    !__builtin_add_overflow(segment.p_offset, segment.p_filesz,
					    &offset) && offset > end)
			end = offset;
	}
	return end;
}

/* "Hexagon, 32 bits" */
static const char *kind_name(unsigned int machine, unsigned char class, char *buf,
			     size_t size)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} known[] = {
		{ EM_QDSP6, "Hexagon" }, { EM_AARCH64, "AArch64" }, { EM_ARM, "ARM" },
		{ EM_X86_64, "x86-64" }, { EM_386, "x86" },
	};
	const char *bits = class == ELFCLASS64 ? "64 bits" : "32 bits";
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].machine == machine) {
			snprintf(buf, size, "%s, %s", known[i].name, bits);
			return buf;
		}
	}
	snprintf(buf, size, "machine %u, %s", machine, bits);
	return buf;
}

/*
 * Is it a program of the DSP's? A doubt is only noted, for the message if the DSP
 * refuses it: what is signed may be wrapped in something else. But an image of the
 * right kind that ends too early is an error.
 */
static int check_image(struct shell *shell, bool soft, struct qda_failure *reterr)
{
	const unsigned int machine = soft ? __ehdr_start.e_machine : EM_QDSP6;
	const unsigned char class = soft ? __ehdr_start.e_ident[EI_CLASS] : ELFCLASS32;
	const struct shell_file *file = &shell->image;
	char is[32], wanted[32];
	Elf32_Ehdr narrow;
	Elf64_Ehdr wide;
	uint64_t end;

	if (!read_at(file, 0, &narrow, sizeof(narrow)) ||
	    memcmp(narrow.e_ident, ELFMAG, SELFMAG)) {
		snprintf(shell->doubt, sizeof(shell->doubt), "it is not an ELF image");
		return 0;
	}
	if (narrow.e_machine != machine || narrow.e_ident[EI_CLASS] != class ||
	    narrow.e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA]) {
		snprintf(shell->doubt, sizeof(shell->doubt),
			 "it is an ELF image for %s, not for %s",
			 kind_name(narrow.e_machine, narrow.e_ident[EI_CLASS], is,
				   sizeof(is)),
			 kind_name(machine, class, wanted, sizeof(wanted)));
		return 0;
	}
	if (class == ELFCLASS32)
		end = elf32_end(file, &narrow);
	else
		end = read_at(file, 0, &wide, sizeof(wide)) ? elf64_end(file, &wide) :
							      sizeof(wide);
	if (end > file->size)
		return qda_fail(reterr, -EBADMSG, 0,
				"shell image %s is truncated: %" PRIu64
				" bytes, of at least %" PRIu64,
				file->path, file->size, end);
	return 0;
}

/* --- the whole ---------------------------------------------------------- */

static void shell_init(struct shell *shell)
{
	shell->image = (struct shell_file){ .fd = -1 };
	shell->signature = (struct shell_file){ .fd = -1 };
	shell->tried[0] = '\0';
	shell->doubt[0] = '\0';
}

int shell_open(struct shell *shell, const char *path, bool soft, uint64_t max,
	       struct qda_failure *reterr)
{
	int err;

	shell_init(shell);
	err = file_open(&shell->image, "shell image", path, max, reterr);
	if (err)
		return err;
	err = check_image(shell, soft, reterr);
	if (err)
		shell_close(shell);
	return err;
}

int shell_find(struct shell *shell, struct qda_ctx *ctx, const struct path_list *dirs,
	       const char *domain, int domain_id, bool is_unsigned, bool soft,
	       uint64_t max, struct qda_failure *reterr)
{
	struct path_search search = PATH_SEARCH(dirs, domain, NULL);
	char path[sizeof(shell->image.path)];
	char file[64];
	int err;

	shell_init(shell);
	/* a DSP that nobody has given a number */
	if (domain_id < 0)
		return 0;
	snprintf(file, sizeof(file), "fastrpc_shell_%s%d",
		 is_unsigned ? "unsigned_" : "", domain_id);
	search.file = file;
	while (path_search_next(&search, path, sizeof(path))) {
		if (!faccessat(AT_FDCWD, path, R_OK, AT_EACCESS)) {
			/* found: what is wrong with it now is an error */
			err = shell_open(shell, path, soft, max, reterr);
			if (!err)
				log_info(ctx, "shell image %s, %" PRIu64 " bytes", path,
					 shell->image.size);
			return err;
		}
		path_tried_add(shell->tried, sizeof(shell->tried), path,
			       path_tried_why(-errno));
	}
	return 0;
}

int shell_sign(struct shell *shell, const char *path, uint64_t max,
	       struct qda_failure *reterr)
{
	if (shell->image.fd < 0)
		return qda_fail(reterr, -ENOENT, 0,
				"test signature %s: there is no shell image that it could follow (tried %s)",
				path, shell->tried[0] ? shell->tried : "nothing");
	return file_open(&shell->signature, "test signature", path,
			 max - shell->image.size, reterr);
}

int shell_read(struct shell *shell, void *dest, struct qda_failure *reterr)
{
	int err = file_read(&shell->image, "shell image", dest, reterr);

	if (err || shell->signature.fd < 0)
		return err;
	return file_read(&shell->signature, "test signature",
			 (uint8_t *)dest + shell->image.size, reterr);
}

void shell_close(struct shell *shell)
{
	file_close(&shell->image);
	file_close(&shell->signature);
}
