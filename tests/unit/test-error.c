/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "error-table.h"
#include "internal.h"

/* every errno the public headers and the uapi header promise */
static const int promised[] = {
	E2BIG,	   EACCES, EAGAIN,   EALREADY,	EBADF,	    EBUSY,     ECANCELED,	 EBADMSG,
	EEXIST,	   EFAULT, EINTR,    EINVAL,	EIO,	    EMFILE,    ENAMETOOLONG,
	ENFILE,	   ENODEV, ENOENT,   ENOMEM,	ENOSPC,	    ENOSYS,    ENOTCONN,
	ENOTSUP,   ENXIO,  EOPNOTSUPP, EOWNERDEAD, EPERM,   EPIPE,     ERANGE,
	EREMOTEIO, ETIMEDOUT,
};

/* errors whose text alone leaves nobody knowing what to do */
static const int advised[] = {
	E2BIG,	EACCES, EAGAIN,	    EBUSY,  ECANCELED, EEXIST,	EINTR,	EMFILE,	ENODEV,
	ENOENT, ENOSPC, ENOTCONN, ENOTSUP, ENXIO,  EOWNERDEAD, EPERM, EPIPE, ETIMEDOUT,
};

static const struct {
	int32_t code;
	const char *name;
} dsp_codes[] = {
	{ 0x01, "AEE_EFAILED" },
	{ 0x02, "AEE_ENOMEMORY" },
	{ 0x03, "AEE_ECLASSNOTSUPPORT" },
	{ 0x04, "AEE_EVERSIONNOTSUPPORT" },
	{ 0x06, "AEE_EUNABLETOLOAD" },
	{ 0x0d, "AEE_EBADSTATE" },
	{ 0x0e, "AEE_EBADPARM" },
	{ 0x10, "AEE_EBADITEM" },
	{ 0x11, "AEE_EINVALIDFORMAT" },
	{ 0x14, "AEE_EUNSUPPORTED" },
	{ 0x15, "AEE_EPRIVLEVEL" },
	{ 0x16, "AEE_ERESOURCENOTFOUND" },
	{ 0x1a, "AEE_EALREADY" },
	{ 0x26, "AEE_EBUFFERTOOSMALL" },
	{ 0x2c, "AEE_EINVHANDLE" },
	{ 0x2d, "AEE_EOUTOFHANDLES" },
	{ 0x30, "AEE_ECPUEXCEPTION" },
	{ 0x32, "AEE_EINVALIDMSG" },
	{ 0x33, "AEE_EINVALIDTHREAD" },
	{ 0x34, "AEE_EINVALIDPROCESS" },
	{ 0x35, "AEE_EINVALIDFILENAME" },
	{ 0x37, "AEE_EINVALIDSEGS" },
	{ 0x38, "AEE_EINVALIDSIGNATURE" },
	{ 0x39, "AEE_EINVALIDDOMAIN" },
	{ 0x3a, "AEE_EINVALIDFD" },
	{ 0x3b, "AEE_EINVALIDDEVICE" },
	{ 0x3e, "AEE_ENOSUCHMOD" },
	{ 0x42, "AEE_ENOSUCHSYMBOL" },
	{ 0x45, "AEE_ENOSUCHFILE" },
	{ 0x46, "AEE_ENOSUCHHANDLE" },
	{ 0x48, "AEE_ENOSUCHMAP" },
	{ 0x4c, "AEE_EBADOFFSET" },
	{ 0x4d, "AEE_EBADSIZE" },
	{ 0x4e, "AEE_EBADPERMS" },
	{ 0x4f, "AEE_EBADFD" },
	{ 0x50, "AEE_EBADPID" },
	{ 0x52, "AEE_EBADELF" },
	{ 0x53, "AEE_EBADASID" },
	{ 0x54, "AEE_EBADCONTEXT" },
	{ 0x55, "AEE_EBADMEMALIGN" },
	{ 0x65, "AEE_EMMAP" },
	{ 0x6b, "AEE_ENOTINITIALIZED" },
	{ 0x6c, "AEE_EUNSUPPORTEDAPI" },
	{ 0x71, "AEE_EINVARGS" },
	{ 0x72, "AEE_ECONNREFUSED" },
	{ 0x81, "AEE_EUNSIGNEDMOD" },
	{ 0x82, "AEE_EINVALIDHASH" },
	{ 0x83, "AEE_EBADVA" },
	{ 0x85, "AEE_EBADMAPREFCNT" },
	{ 0x86, "AEE_EBADPAGECNT" },
	{ 0x87, "AEE_EMAPALREADYPRESENT" },
	{ 0x8a, "AEE_ENOSESSION" },
	{ 0x103, "AEE_EGLINKOPENFAILED" },
	{ 0x121, "AEE_EDALDEVATTACH" },
	{ 0x14f, "AEE_EQURTBADASID" },
	{ 0x163, "AEE_EQURTWAIT" },
	{ 0x176, "AEE_EMAX_MMPM_CLIENTS" },
	{ 0x190, "E_APPS_BUSY_RETRY_LATER" },
	{ 0x194, "AEE_ESTUBSKELVERMISMATCH" },
	{ 0x200, "AEE_ERPC" },
	{ 0x201, "AEE_EFILE" },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DSP(code) ((int32_t)(0x80000400u + (uint32_t)(code)))

static void assert_sentence(const char *text)
{
	size_t len = strlen(text);

	/* a sentence may begin with a quoted command */
	assert_true(isupper((unsigned char)text[0]) || text[0] == '"');
	assert_int_equal(text[len - 1], '.');
	assert_null(strchr(text, '\n'));
}

static void assert_phrase(const char *text)
{
	size_t len = strlen(text);

	assert_true(len > 3);
	assert_true(text[len - 1] != '.');
	assert_null(strchr(text, '\n'));
	assert_string_not_equal(text, "unknown error");
}

static void test_every_promised_errno_has_a_text(void **state)
{
	size_t i, j;
	const struct errno_entry *e;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(promised); i++) {
		for (e = qda_errno_table; e->text && e->err != promised[i]; e++)
			;
		if (!e->text)
			fail_msg("errno %d has no text", promised[i]);
		assert_string_equal(qda_strerror(-promised[i]), e->text);
		assert_string_equal(qda_strerror(promised[i]), e->text);
		assert_string_equal(qda_error_advice(-promised[i]), e->advice);
		assert_string_equal(qda_error_advice(promised[i]), e->advice);
	}
	for (j = 0; j < ARRAY_SIZE(advised); j++)
		assert_sentence(qda_error_advice(-advised[j]));
}

static void test_errno_table_is_well_formed(void **state)
{
	const struct errno_entry *e, *f;

	(void)state;
	for (e = qda_errno_table; e->text; e++) {
		assert_true(e->err > 0);
		assert_phrase(e->text);
		if (*e->advice)
			assert_sentence(e->advice);
		for (f = e + 1; f->text; f++)
			assert_int_not_equal(e->err, f->err);
	}
}

static void test_other_errnos(void **state)
{
	(void)state;
	assert_string_equal(qda_strerror(0), "success");
	assert_string_equal(qda_error_advice(0), "");
	assert_string_equal(qda_strerror(-100000), "unknown error");
	assert_string_equal(qda_strerror(INT_MIN), "unknown error");
	assert_string_equal(qda_error_advice(INT_MIN), "");
	assert_non_null(qda_strerror(-EDOM));
}

static void test_every_dsp_code_has_its_name(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(dsp_codes); i++) {
		assert_string_equal(qda_status_name(DSP(dsp_codes[i].code)),
				    dsp_codes[i].name);
		assert_string_equal(qda_status_name(dsp_codes[i].code),
				    dsp_codes[i].name);
	}
	assert_string_equal(qda_status_name((int32_t)0x8000054fu), "AEE_EQURTBADASID");
	assert_string_equal(qda_status_name((int32_t)0x80000600u), "AEE_ERPC");
}

static void check_table(const struct status_entry *table)
{
	const struct status_entry *e, *f;

	for (e = table; e->text; e++) {
		assert_true(!strncmp(e->name, "AEE_", 4) || !strncmp(e->name, "E_", 2));
		assert_phrase(e->text);
		if (*e->advice)
			assert_sentence(e->advice);
		for (f = e + 1; f->text; f++) {
			assert_int_not_equal(e->code, f->code);
			assert_string_not_equal(e->name, f->name);
		}
	}
}

static void test_status_tables_are_well_formed(void **state)
{
	const struct status_entry *e;

	(void)state;
	check_table(qda_status_table);
	check_table(qda_status_table_plain);
	for (e = qda_status_table; e->text; e++) {
		assert_string_equal(qda_status_name(DSP(e->code)), e->name);
		assert_string_equal(qda_status_text(DSP(e->code)), e->text);
		assert_string_equal(qda_status_advice(DSP(e->code)), e->advice);
	}
	for (e = qda_status_table_plain; e->text; e++) {
		assert_string_equal(qda_status_name(e->code), e->name);
		assert_string_equal(qda_status_text(e->code), e->text);
	}
}

/* 104 is another error without the offset than with it */
static void test_plain_codes(void **state)
{
	(void)state;
	assert_string_equal(qda_status_name(39), "AEE_ENOSUCH");
	assert_string_equal(qda_status_name(46), "AEE_EINTERRUPTED");
	assert_string_equal(qda_status_name(104), "AEE_ECONNRESET");
	assert_string_equal(qda_status_name(516), "AEE_EWOULDBLOCK");
	assert_string_equal(qda_status_name(-1), "AEE_EUNKNOWN");
	assert_string_equal(qda_status_name(DSP(104)), "AEE_ENORPCMEMORY");
}

/* a method's own 0x30 or 0x34 is not the DSP's */
static void test_lost(void **state)
{
	int32_t code;

	(void)state;
	for (code = 0; code < 0x1000; code++) {
		assert_int_equal(qda_status_is_lost(DSP(code)),
				 code == 0x30 || code == 0x34);
		assert_false(qda_status_is_lost(code));
	}
}

static void test_unknown_statuses(void **state)
{
	static const int32_t codes[] = { INT32_MIN, INT32_MAX, -2, 0x27ff, DSP(0x27ff),
					 DSP(0), (int32_t)0x800003ffu };
	size_t i;

	(void)state;
	assert_string_equal(qda_status_name(0), "AEE_SUCCESS");
	assert_string_equal(qda_status_text(0), "success");
	assert_string_equal(qda_status_advice(0), "");
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		assert_string_equal(qda_status_name(codes[i]), "unknown");
		assert_true(strlen(qda_status_text(codes[i])) > 0);
		assert_string_equal(qda_status_advice(codes[i]), "");
	}
}

static void test_fail_writes_cause_and_advice(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT;

	(void)state;
	assert_int_equal(qda_fail(&failure, -EMFILE, 0, "cannot open %s", "x"), -EMFILE);
	assert_int_equal(failure.status, 0);
	assert_string_equal(failure.message,
			    "cannot open x: too many open files in this process. "
			    "Close descriptors, or raise the limit (ulimit -n).");
	assert_int_equal(qda_fail(&failure, -EREMOTEIO, DSP(0x3e), "a\nb\x1b"),
			 -EREMOTEIO);
	assert_int_equal(failure.status, DSP(0x3e));
	assert_non_null(strstr(failure.message,
			       "a b?: no such module (AEE_ENOSUCHMOD, 0x8000043e). Put"));
}

static void test_fail_without_a_place(void **state)
{
	struct qda_failure failure = { 0 };

	(void)state;
	assert_int_equal(qda_fail(NULL, -EIO, 0, "x"), -EIO);
	/* not initialised: nothing is known to be ours to write */
	strcpy(failure.message, "untouched");
	failure.status = 7;
	assert_int_equal(qda_fail(&failure, -EIO, 0, "x"), -EIO);
	assert_int_equal(failure.status, 7);
	assert_string_equal(failure.message, "untouched");
}

static void test_fail_respects_the_size(void **state)
{
	struct qda_failure failure;
	size_t start = offsetof(struct qda_failure, message), room, i;

	(void)state;
	for (room = 0; room < 40; room++) {
		memset(&failure, 'z', sizeof(failure));
		failure.size = start + room;
		qda_fail(&failure, -EIO, 0, "0123456789012345678901234567890123456789");
		assert_int_equal(failure.status, 0);
		if (room)
			assert_true(strlen(failure.message) < room);
		for (i = room; i < sizeof(failure.message); i++)
			assert_int_equal(failure.message[i], 'z');
	}
	/* a caller from the future has more room than we know */
	failure.size = sizeof(failure) + 100;
	qda_fail(&failure, -EIO, 0, "%4000s", "end");
	assert_int_equal(strlen(failure.message), sizeof(failure.message) - 1);
	assert_string_equal(failure.message + sizeof(failure.message) - 4, "...");
}

/* names and texts of a DSP: what a terminal would act upon, also once it was cut */
static void test_fail_is_printable(void **state)
{
	struct qda_failure failure = QDA_FAILURE_INIT, again = QDA_FAILURE_INIT;
	size_t start = offsetof(struct qda_failure, message);

	(void)state;
	qda_fail(&failure, -EIO, 0, "caf\xc3\xa9 \xc2\x9b" "2J\x9b");
	assert_ptr_equal(strstr(failure.message, "caf\xc3\xa9 ??2J?: "), failure.message);
	again.size = start + 5;
	qda_fail_again(&again, &failure);
	assert_string_equal(again.message, "caf?");
	again.size = start + 6;
	qda_fail_again(&again, &failure);
	assert_string_equal(again.message, "caf\xc3\xa9");
	/* "..." takes the place of half a character, of whole ones */
	again.size = start + 9;
	qda_fail(&again, -EIO, 0, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	assert_string_equal(again.message, "\xc3\xa9\xc3\xa9?...");
	again.size = start + 10;
	qda_fail(&again, -EIO, 0, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	assert_string_equal(again.message, "\xc3\xa9\xc3\xa9\xc3\xa9...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_promised_errno_has_a_text),
		cmocka_unit_test(test_errno_table_is_well_formed),
		cmocka_unit_test(test_other_errnos),
		cmocka_unit_test(test_every_dsp_code_has_its_name),
		cmocka_unit_test(test_status_tables_are_well_formed),
		cmocka_unit_test(test_plain_codes),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_unknown_statuses),
		cmocka_unit_test(test_fail_writes_cause_and_advice),
		cmocka_unit_test(test_fail_without_a_place),
		cmocka_unit_test(test_fail_respects_the_size),
		cmocka_unit_test(test_fail_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
