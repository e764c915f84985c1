/* SPDX-License-Identifier: MIT */
/* ELF images as far as they are looked at here: pure functions over hostile bytes. */
#ifndef QDA_DSP_ELF_FILE_H
#define QDA_DSP_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_NEEDED	64

/* What a shared object says about itself; the strings lie in the image */
struct elf_object {
	const char *soname;			/* NULL: none */
	unsigned int num_needed;
	const char *needed[ELF_MAX_NEEDED];
	size_t entry[ELF_MAX_NEEDED];		/* offset of its dynamic entry */
};

/* e_machine of this machine, 0 if unknown */
uint16_t elf_machine(void);
#define ELF_HEADER_SIZE	64u
/*
 * The part of elf_check() that the first ELF_HEADER_SIZE bytes are enough for; size may
 * be theirs or the whole image's.
 */
bool elf_check_header(const void *image, size_t size, uint16_t machine, char *text,
		      size_t text_size);
/*
 * A whole program or shared object for machine, as far as the kernel's loader
 * looks? If not, text says what is wrong with it.
 */
bool elf_check(const void *image, size_t size, uint16_t machine, char *text,
	       size_t text_size);
/* What a shared object that elf_check() has passed needs. */
bool elf_read(const void *image, struct elf_object *ret, char *text, size_t text_size);
/* Make the dynamic linker overlook what is needed at that dynamic entry. */
void elf_drop_needed(void *image, size_t entry);

#endif
