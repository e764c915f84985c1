// SPDX-License-Identifier: MIT
/*
 * What the sensors PD does at its start: it reads its registry, the *.json files of a
 * directory of the client's, into memory that it asks of the client, and leaves a summary
 * in another directory. Nothing of it is necessary: without, it stays up and says so.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "HAP_farf.h"
#include "pd.h"

/* as Android has them, and the daemons that serve such a PD */
#define CONFIG_DIR	"/vendor/etc/sensors/config"
#define REGISTRY_DIR	"/mnt/vendor/persist/sensors/registry/registry"
#define SUMMARY		REGISTRY_DIR "/sns_summary"
#define PATH_VARIABLE	"ADSP_LIBRARY_PATH"
#define OEM_CONFIG	"oemconfig.so"

#define MAX_FILES	1024
#define MAX_REGISTRY	(64u << 20)
#define CHUNK		(64u << 10)
/* of stat, as Linux has them */
#define MODE_TYPE	0170000u
#define MODE_REGULAR	0100000u

struct file {
	char name[256];
	uint64_t size;
};

struct job {
	struct static_report *report;
	struct file *files;
	uint32_t num_files;
	uint64_t total;			/* bytes, as stat says */
	char *heap;
};

/* The first failure is the report's, all of them are logged */
static int32_t failed(struct job *job, int32_t status, const char *what,
		      const char *name)
{
	if (!status)
		return 0;
	FARF(RUNTIME_ERROR, "sensorspd: %s %s: error %#x", what, name, (uint32_t)status);
	if (!job->report->error)
		job->report->error = status;
	return status;
}

static bool is_config(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && !strcmp(name + len - 5, ".json");
}

static void path_of(const char *name, char *path, size_t size)
{
	snprintf(path, size, CONFIG_DIR "/%s", name);
}

/* --- finding ------------------------------------------------------------------ */

/* What cannot be read is left out; an error ends the list */
static int32_t add_file(struct job *job, const char *name)
{
	char path[sizeof(CONFIG_DIR) + 256];
	struct apps_stat st;
	struct file *file;

	path_of(name, path, sizeof(path));
	if (failed(job, apps_stat(path, &st), "stat", path) ||
	    (st.mode & MODE_TYPE) != MODE_REGULAR)
		return 0;
	if (job->num_files == MAX_FILES || st.size > MAX_REGISTRY - job->total)
		return failed(job, DSP_ENOMEMORY, "too much in", CONFIG_DIR);
	file = realloc(job->files, (job->num_files + 1) * sizeof(*file));
	if (!file)
		return failed(job, DSP_ENOMEMORY, "listing", CONFIG_DIR);
	job->files = file;
	file += job->num_files++;
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->size = st.size;
	job->total += st.size;
	return 0;
}

static int32_t list_files(struct job *job)
{
	struct apps_entry entry;
	int32_t status, closed;
	uint64_t dir;

	status = failed(job, apps_opendir(CONFIG_DIR, &dir), "no registry in", CONFIG_DIR);
	if (status)
		return status;
	for (;;) {
		status = failed(job, apps_readdir(dir, &entry), "reading", CONFIG_DIR);
		if (status || entry.eof)
			break;
		if (!is_config(entry.name))
			continue;
		status = add_file(job, entry.name);
		if (status)
			break;
	}
	closed = failed(job, apps_closedir(dir), "closing", CONFIG_DIR);
	return status ? status : closed;
}

/* --- reading ------------------------------------------------------------------ */

static uint32_t hash(uint32_t sum, const char *bytes, uint64_t n)
{
	while (n--)
		sum = (sum ^ (uint8_t)*bytes++) * 0x01000193u;
	return sum;
}

/* all of it to @at, where there is room for @size; *ret_size: what there was */
static int32_t read_open(struct job *job, uint32_t file, const char *name, char *at,
			 uint64_t size, uint64_t *ret_size)
{
	uint64_t done = 0;
	uint32_t n;
	int32_t status;

	while (done < size) {
		n = size - done < CHUNK ? (uint32_t)(size - done) : CHUNK;
		status = failed(job, apps_fread(file, at + done, n, &n), "reading", name);
		if (status)
			return status;
		if (!n)
			break;
		done += n;
	}
	*ret_size = done;
	return 0;
}

/* Each twice: the second time from its beginning again, and it must be the same */
static void read_file(struct job *job, uint32_t handle, const struct file *file,
		      char *at)
{
	struct static_report *report = job->report;
	uint64_t size = 0, again = 0;
	uint32_t first, second;

	if (read_open(job, handle, file->name, at, file->size, &size))
		return;
	first = hash(0x811c9dc5u, file->name, strlen(file->name) + 1);
	second = hash(first, at, size);
	if (failed(job, apps_fseek(handle, 0, APPS_FROM_START), "rewinding", file->name) ||
	    read_open(job, handle, file->name, at, file->size, &again))
		return;
	if (size != file->size || again != size || hash(first, at, again) != second) {
		failed(job, DSP_EBADSIZE, "changing while it is read:", file->name);
		return;
	}
	report->files++;
	report->bytes += size;
	report->checksum += second;
}

/* One FILE for all of them, opened again for the next; each that fails is left out */
static void read_files(struct job *job)
{
	char path[sizeof(CONFIG_DIR) + 256], *at = job->heap;
	uint32_t handle = 0, next, i;
	bool open = false;
	int32_t status;

	for (i = 0; i < job->num_files; at += job->files[i++].size) {
		path_of(job->files[i].name, path, sizeof(path));
		status = open ? apps_freopen(handle, path, "r", &next) :
				apps_fopen(path, "r", &next);
		/* a FILE that was not opened again is none */
		open = !failed(job, status, "opening", path);
		if (!open)
			continue;
		handle = next;
		read_file(job, handle, &job->files[i], at);
	}
	if (open)
		failed(job, apps_fclose(handle), "closing", path);
}

static int32_t read_registry(struct job *job)
{
	/* whole pages, and one for a registry without bytes */
	uint64_t size = (job->total + 4096) & ~(uint64_t)4095, addr = 0;
	void *heap;
	int32_t status;

	status = failed(job, apps_map_heap(size, &heap, &addr), "asking for", "heap");
	if (status)
		return status;
	window_acquire();
	job->heap = heap;
	memset(heap, 0xa5, size);
	read_files(job);
	window_release();
	return failed(job, apps_unmap_heap(addr, size), "giving back", "heap");
}

/* --- what is not in the registry -------------------------------------------------- */

/* of the vendor's; every DSP looks for it, few boards have one */
static void find_oem_config(struct job *job)
{
	uint64_t len = 0;
	uint32_t file;
	int32_t status;

	status = apps_fopen_with_env(PATH_VARIABLE, OEM_CONFIG, &file);
	if (status) {
		FARF(RUNTIME_MEDIUM, "sensorspd: no %s (error %#x)", OEM_CONFIG,
		     (uint32_t)status);
		return;
	}
	if (!failed(job, apps_flen(file, &len), "length of", OEM_CONFIG))
		job->report->oemconfig = len;
	failed(job, apps_fclose(file), "closing", OEM_CONFIG);
}

/* under another name first, so that it is never seen half written */
static int32_t store(const struct static_report *report)
{
	char text[128];
	uint32_t file;
	int32_t status, closed;
	int len;

	len = snprintf(text, sizeof(text), "{ \"files\": %u, \"bytes\": %llu, "
		       "\"checksum\": %u }\n", report->files,
		       (unsigned long long)report->bytes, report->checksum);
	status = apps_fopen(SUMMARY ".new", "w", &file);
	if (status)
		return status;
	status = apps_fwrite(file, text, (uint32_t)len);
	closed = apps_fclose(file);
	if (!status)
		status = closed;
	if (!status)
		status = apps_frename(SUMMARY ".new", SUMMARY);
	if (status)
		apps_fremove(SUMMARY ".new");
	return status;
}

void static_sensors(struct static_report *report)
{
	struct job job = { .report = report };
	int32_t status = list_files(&job);

	if (!status)
		status = read_registry(&job);
	free(job.files);
	find_oem_config(&job);
	if (status) {
		FARF(RUNTIME_HIGH, "sensorspd: up, without a registry");
		return;
	}
	report->stored = store(report);
	if (report->stored)
		FARF(RUNTIME_MEDIUM, "sensorspd: %s is not written (error %#x)", SUMMARY,
		     (uint32_t)report->stored);
	/* who reads this may look for the summary */
	FARF(RUNTIME_HIGH, "sensorspd: up, %u files of %llu bytes", report->files,
	     (unsigned long long)report->bytes);
}
