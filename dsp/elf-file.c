// SPDX-License-Identifier: MIT
/* ELF images: whether they are whole, and what they need */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "elf-file.h"

/* in the range of tags that a linker that does not know them has to skip */
#define DT_OVERLOOKED	(DT_LOOS + 0x7164)

uint16_t elf_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390x__)
	return EM_S390;
#elif defined(__loongarch__)
	return 258;
#else
	return 0;
#endif
}

static bool get_part(const void *image, unsigned int i, Elf64_Phdr *ret)
{
	Elf64_Ehdr head;

	memcpy(&head, image, sizeof(head));
	if (i >= head.e_phnum)
		return false;
	memcpy(ret, (const char *)image + head.e_phoff + i * sizeof(*ret), sizeof(*ret));
	return true;
}

_Static_assert(sizeof(Elf64_Ehdr) == ELF_HEADER_SIZE, "as the ABI has it");

bool elf_check_header(const void *image, size_t size, uint16_t machine, char *text,
		      size_t text_size)
{
	Elf64_Ehdr head;

	if (size < sizeof(head) || memcmp(image, ELFMAG, SELFMAG)) {
		snprintf(text, text_size, "is no ELF file");
		return false;
	}
	memcpy(&head, image, sizeof(head));
	if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != machine) {
		snprintf(text, text_size,
			 "is for another machine (ELF machine %u with %u bits, this DSP "
			 "runs %u with 64)",
			 head.e_machine, head.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
			 machine);
		return false;
	}
	if ((head.e_type != ET_EXEC && head.e_type != ET_DYN) ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || !head.e_phnum) {
		snprintf(text, text_size, "is neither a program nor a shared object");
		return false;
	}
	return true;
}

bool elf_check(const void *image, size_t size, uint16_t machine, char *text,
	       size_t text_size)
{
	bool loads = false;
	Elf64_Ehdr head;
	Elf64_Phdr part;
	unsigned int i;

	if (!elf_check_header(image, size, machine, text, text_size))
		return false;
	memcpy(&head, image, sizeof(head));
	if (head.e_phoff > size || (size - head.e_phoff) / sizeof(part) < head.e_phnum) {
		snprintf(text, text_size, "is truncated");
		return false;
	}
	for (i = 0; get_part(image, i, &part); i++) {
		/* a truncated file runs until it touches what is missing */
		if (part.p_offset > size || part.p_filesz > size - part.p_offset) {
			snprintf(text, text_size, "is truncated");
			return false;
		}
		loads |= part.p_type == PT_LOAD;
	}
	if (!loads)
		snprintf(text, text_size, "has nothing to load");
	return loads;
}

/* where the file has what is loaded at an address; ret_left: bytes up to its end */
static const char *at_address(const void *image, uint64_t addr, size_t *ret_left)
{
	Elf64_Phdr part;
	unsigned int i;

	for (i = 0; get_part(image, i, &part); i++) {
		if (part.p_type != PT_LOAD || addr < part.p_vaddr ||
		    addr - part.p_vaddr >= part.p_filesz)
			continue;
		*ret_left = part.p_filesz - (addr - part.p_vaddr);
		return (const char *)image + part.p_offset + (addr - part.p_vaddr);
	}
	return NULL;
}

struct strings {
	const char *start;
	size_t size;
};

static const char *get_string(const struct strings *strings, uint64_t at)
{
	if (at >= strings->size ||
	    !memchr(strings->start + at, '\0', strings->size - at))
		return NULL;
	return strings->start + at;
}

/* the string table that the dynamic section names */
static bool find_strings(const void *image, const Elf64_Phdr *dynamic,
			 struct strings *ret)
{
	uint64_t addr = 0, len = 0;
	Elf64_Dyn entry;
	size_t at, left;

	for (at = 0; at + sizeof(entry) <= dynamic->p_filesz; at += sizeof(entry)) {
		memcpy(&entry, (const char *)image + dynamic->p_offset + at,
		       sizeof(entry));
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB)
			addr = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_STRSZ)
			len = entry.d_un.d_val;
	}
	ret->start = at_address(image, addr, &left);
	ret->size = len;
	return ret->start && len <= left;
}

bool elf_read(const void *image, struct elf_object *ret, char *text, size_t text_size)
{
	struct strings strings;
	Elf64_Phdr dynamic;
	Elf64_Dyn entry;
	unsigned int i;
	size_t at;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; get_part(image, i, &dynamic); i++)
		if (dynamic.p_type == PT_DYNAMIC)
			break;
	if (!get_part(image, i, &dynamic) ||
	    !find_strings(image, &dynamic, &strings)) {
		snprintf(text, text_size, "is no shared object");
		return false;
	}
	for (at = 0; at + sizeof(entry) <= dynamic.p_filesz; at += sizeof(entry)) {
		const char *string;

		memcpy(&entry, (const char *)image + dynamic.p_offset + at,
		       sizeof(entry));
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME)
			continue;
		string = get_string(&strings, entry.d_un.d_val);
		if (!string || (entry.d_tag == DT_NEEDED &&
				ret->num_needed == ELF_MAX_NEEDED)) {
			snprintf(text, text_size, "has a damaged dynamic section");
			return false;
		}
		if (entry.d_tag == DT_SONAME) {
			ret->soname = string;
			continue;
		}
		ret->needed[ret->num_needed] = string;
		ret->entry[ret->num_needed++] = dynamic.p_offset + at;
	}
	return true;
}

void elf_drop_needed(void *image, size_t entry)
{
	Elf64_Dyn overlooked = { .d_tag = DT_OVERLOOKED };

	memcpy((char *)image + entry, &overlooked, sizeof(overlooked));
}
