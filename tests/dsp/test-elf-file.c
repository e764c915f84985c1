// SPDX-License-Identifier: MIT
/* ELF images that are whole, damaged, foreign; what shared objects say they need */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <elf.h>

#include "elf-file.h"

static char text[256];

static bool is_whole(const void *image, size_t size, uint16_t machine)
{
	text[0] = '\0';
	return elf_check(image, size, machine, text, sizeof(text));
}

static void test_check(void **state)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr part;
	} elf = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			  .e_type = ET_DYN, .e_machine = 62, .e_phnum = 1,
			  .e_phoff = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr) },
		.part = { .p_type = PT_LOAD, .p_filesz = sizeof(elf) },
	}, e;

	(void)state;
	assert_true(is_whole(&elf, sizeof(elf), 62));
	assert_false(is_whole(&elf, sizeof(elf), 164));
	assert_false(is_whole(&elf, sizeof(elf) - 1, 62));
	assert_false(is_whole(&elf, 4, 62));
	/* a header says for whom it is, and nothing of what follows it */
	assert_true(elf_check_header(&elf, ELF_HEADER_SIZE, 62, text, sizeof(text)));
	assert_false(elf_check_header(&elf, ELF_HEADER_SIZE, 164, text, sizeof(text)));
	assert_string_equal(text, "is for another machine (ELF machine 62 with 64 bits, "
				  "this DSP runs 164 with 64)");
	assert_false(elf_check_header(&elf, ELF_HEADER_SIZE - 1, 62, text, sizeof(text)));
	assert_string_equal(text, "is no ELF file");
	assert_false(is_whole("", 0, 62));
	e = elf, e.head.e_ident[0] = 0;
	assert_false(is_whole(&e, sizeof(e), 62));
	e = elf, e.head.e_phoff = UINT64_MAX;
	assert_false(is_whole(&e, sizeof(e), 62));
	e = elf, e.head.e_phnum = 0xffff;
	assert_false(is_whole(&e, sizeof(e), 62));
	e = elf, e.part.p_offset = UINT64_MAX - 1;
	assert_false(is_whole(&e, sizeof(e), 62));
	e = elf, e.part.p_filesz++;
	assert_false(is_whole(&e, sizeof(e), 62));
	e = elf, e.part.p_type = PT_NOTE;
	assert_false(is_whole(&e, sizeof(e), 62));
}


#define STRINGS	"\0liba.so\0libb.so\0self.so"

/* a shared object of one segment, addressed 0x1000 above its place in the file */
struct object {
	Elf64_Ehdr head;
	Elf64_Phdr load, dynamic;
	Elf64_Dyn entries[6];
	char strings[sizeof(STRINGS)];
};

static struct object make_object(void)
{
	struct object o = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			  .e_type = ET_DYN, .e_machine = 62, .e_phnum = 2,
			  .e_phoff = offsetof(struct object, load),
			  .e_phentsize = sizeof(Elf64_Phdr) },
		.load = { .p_type = PT_LOAD, .p_filesz = sizeof(o),
			  .p_vaddr = 0x1000 },
		.dynamic = { .p_type = PT_DYNAMIC,
			     .p_offset = offsetof(struct object, entries),
			     .p_filesz = sizeof(o.entries) },
		.entries = { { DT_NEEDED, { 1 } }, { DT_SONAME, { 17 } },
			     { DT_STRTAB,
			       { 0x1000 + offsetof(struct object, strings) } },
			     { DT_NEEDED, { 9 } },
			     { DT_STRSZ, { sizeof(o.strings) } } },
		.strings = STRINGS,
	};

	return o;
}

static void test_read(void **state)
{
	struct object o = make_object();
	struct elf_object info;

	(void)state;
	assert_true(is_whole(&o, sizeof(o), 62));
	assert_true(elf_read(&o, &info, text, sizeof(text)));
	assert_string_equal(info.soname, "self.so");
	assert_int_equal(info.num_needed, 2);
	assert_string_equal(info.needed[0], "liba.so");
	assert_string_equal(info.needed[1], "libb.so");
	elf_drop_needed(&o, info.entry[0]);
	assert_true(elf_read(&o, &info, text, sizeof(text)));
	assert_int_equal(info.num_needed, 1);
	assert_string_equal(info.needed[0], "libb.so");
}

static void test_damaged(void **state)
{
	struct elf_object info;
	struct object o;

	(void)state;
	o = make_object(), o.dynamic.p_type = PT_NOTE;
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	assert_string_equal(text, "is no shared object");
	/* no string table, one outside, one that is longer than its segment */
	o = make_object(), o.entries[2].d_tag = DT_DEBUG;
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	o = make_object(), o.entries[2].d_un.d_ptr = UINT64_MAX;
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	o = make_object(), o.entries[4].d_un.d_val = sizeof(o);
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	assert_string_equal(text, "is no shared object");
	/* names outside of it, and without an end */
	o = make_object(), o.entries[0].d_un.d_val = sizeof(o.strings);
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	assert_string_equal(text, "has a damaged dynamic section");
	o = make_object(), o.entries[4].d_un.d_val = 20;
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	o = make_object(), o.entries[1].d_un.d_val = UINT64_MAX;
	assert_false(elf_read(&o, &info, text, sizeof(text)));
	/* ends without DT_NULL */
	o = make_object(), o.dynamic.p_filesz = 5 * sizeof(Elf64_Dyn);
	assert_true(elf_read(&o, &info, text, sizeof(text)));
	assert_int_equal(info.num_needed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
