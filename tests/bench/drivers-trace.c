// SPDX-License-Identifier: MIT
/* How much memory the calling thread's system calls allocate: the kmem trace events. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers.h"

#define TRACING "/sys/kernel/tracing/"

static const char *const events[] = { "kmalloc", "kmem_cache_alloc", "mm_page_alloc" };

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), TRACING "%s", file);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		bench_fail(path, -errno);
}

static void enable(const char *value)
{
	char file[64];
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		snprintf(file, sizeof(file), "events/kmem/%s/enable", events[i]);
		put(file, value);
	}
}

static void count(const char *module, unsigned int calls, struct alloc_counts *counts)
{
	unsigned int all = 0, own = 0;
	unsigned long pages = 0;
	char line[1024], site[64];
	FILE *f = fopen(TRACING "trace", "r");

	if (!f)
		bench_fail(TRACING "trace", -errno);
	snprintf(site, sizeof(site), "[%s]", module);
	while (fgets(line, sizeof(line), f)) {
		const char *order = strstr(line, " order=");

		if (line[0] == '#')
			continue;
		if (strstr(line, " mm_page_alloc: ")) {
			if (order)
				pages += 1ul << strtoul(order + 7, NULL, 10);
		} else if (strstr(line, " kmalloc: ") ||
			   strstr(line, " kmem_cache_alloc: ")) {
			all++;
			own += !!strstr(line, site);
		}
	}
	fclose(f);
	counts->all = (double)all / calls;
	counts->own = (double)own / calls;
	counts->pages = (double)pages / calls;
}

void bench_count_allocs(const char *module, void (*fn)(void *data), void *data,
			unsigned int calls, struct alloc_counts *ret_counts)
{
	unsigned int i;
	char pid[16];

	put("tracing_on", "0");
	/* the page allocations of all calls */
	put("buffer_size_kb", "16384");
	put("trace", "");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	put("set_event_pid", pid);
	enable("1");
	put("tracing_on", "1");
	for (i = 0; i < calls; i++)
		fn(data);
	put("tracing_on", "0");
	enable("0");
	put("set_event_pid", "");
	count(module, calls, ret_counts);
}
