// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "attack.h"
#include "trace.h"

void trace_set(const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", file);
	/* truncated: that is what empties these files */
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	      "cannot write %s: %s", path, strerror(errno));
	close(fd);
}

void trace_driver(void)
{
	trace_set("tracing_on", "0");
	trace_set("trace", "");
	trace_set("events/qda/enable", "1");
	trace_set("tracing_on", "1");
}

void trace_read(char *text, size_t size)
{
	trace_set("tracing_on", "0");
	trace_set("events/qda/enable", "0");
	check(!file_whole(TRACING "trace", text, size), "no " TRACING "trace");
	trace_set("trace", "");
	trace_set("tracing_on", "1");
}

unsigned int trace_count(const char *text, const char *event, const char *words,
			 uint64_t *ret_ctx)
{
	unsigned int n = 0;
	const char *at, *end;

	for (at = text; (at = strstr(at, event)); at = end) {
		char line[256];

		end = at + strcspn(at, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (!strstr(line, words))
			continue;
		n++;
		at = strstr(line, "ctx=");
		check(at, "no ctx in %s", line);
		if (ret_ctx)
			*ret_ctx = strtoull(at + 4, NULL, 0);
	}
	return n;
}
