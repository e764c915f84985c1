// SPDX-License-Identifier: MIT
/* What a check has found. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

/* what is added, below the size of the field; the rest is cut */
static void vadd(char *text, size_t size, const char *format, va_list ap)
{
	size_t used = strlen(text);

	vsnprintf(text + used, size - used, format, ap);
}

void check_add(struct check *check, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
}

void check_ok(struct check *check, const char *format, ...)
{
	va_list ap;

	check->result = CHECK_OK;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
}

void check_warn(struct check *check, const char *cure, const char *format, ...)
{
	va_list ap;

	check->result = CHECK_WARNING;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
	snprintf(check->cure, sizeof(check->cure), "%s", cure);
}

void check_broken(struct check *check, int exit_status, const char *cure,
		  const char *format, ...)
{
	va_list ap;

	check->result = CHECK_BROKEN;
	check->exit_status = exit_status;
	check->detail[0] = '\0';
	va_start(ap, format);
	vadd(check->detail, sizeof(check->detail), format, ap);
	va_end(ap);
	snprintf(check->cure, sizeof(check->cure), "%s", cure);
}
