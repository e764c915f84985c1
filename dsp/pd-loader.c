// SPDX-License-Identifier: MIT
/*
 * Modules: shared objects that the client has. They are fetched by reverse calls,
 * with what they need, into files that exist in memory only.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "HAP_farf.h"
#include "elf-file.h"
#include "pd.h"

#ifndef MFD_EXEC
#define MFD_EXEC	0x0010U
#endif

#define MAX_OBJECT	(256u << 20)
#define CHUNK		(256u << 10)
#define MAX_DEPTH	16
/* what the client's side of the search is called, in its environment */
#define PATH_VARIABLE	"ADSP_LIBRARY_PATH"
/* a signature is for one chip, which its serial number tells */
#define SERIAL		"0x0"

/* A loaded object of the client's; those it needs are loaded before it */
struct object {
	struct object *next;
	char name[URI_MAX + 1];
	unsigned int users;
	void *dl;
	/* stays open: its number is in the name the dynamic linker knows */
	int fd;
	unsigned int num_deps;
	struct object *deps[ELF_MAX_NEEDED];
};

/* Where to write what went wrong; a text that is cut off is still one */
struct text {
	char *at;
	size_t left;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *objects;

__attribute__((format(printf, 2, 3))) static void say(struct text *text,
						      const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->at, text->left, format, ap);
	va_end(ap);
	if (n < 0 || !text->left)
		return;
	if ((size_t)n >= text->left)
		n = (int)text->left - 1;
	text->at += n;
	text->left -= (size_t)n;
}

/* --- fetching -------------------------------------------------------------------- */

static int32_t open_file(const char *name, uint32_t *ret_file)
{
	return name[0] == '/' ? apps_fopen(name, "r", ret_file) :
				apps_fopen_with_env(PATH_VARIABLE, name, ret_file);
}

static int32_t read_file(const char *name, uint32_t file, char *buf, uint64_t size,
			 struct text *text)
{
	uint64_t done = 0;
	uint32_t n;
	int32_t status;

	while (done < size) {
		n = size - done < CHUNK ? (uint32_t)(size - done) : CHUNK;
		status = apps_fread(file, buf + done, n, &n);
		if (status) {
			say(text, "%s: reading it: error %#x", name, (uint32_t)status);
			return status;
		}
		if (!n) {
			say(text, "%s: is truncated: %llu of %llu bytes", name,
			    (unsigned long long)done, (unsigned long long)size);
			return DSP_EUNABLETOLOAD;
		}
		done += n;
	}
	return 0;
}

/* A file that is nothing for this DSP is not read any further than its header */
static int32_t check_header(const char *name, uint32_t file, uint64_t size,
			    struct text *text)
{
	char head[ELF_HEADER_SIZE], why[256];
	int32_t status;

	if (size > sizeof(head))
		size = sizeof(head);
	status = read_file(name, file, head, size, text);
	if (status)
		return status;
	if (!elf_check_header(head, size, elf_machine(), why, sizeof(why))) {
		say(text, "%s: %s", name, why);
		return DSP_EBADELF;
	}
	status = apps_fseek(file, 0, APPS_FROM_START);
	if (status)
		say(text, "%s: going back to its start: error %#x", name,
		    (uint32_t)status);
	return status;
}

static int new_memfd(const char *name, uint64_t size)
{
	const char *base = strrchr(name, '/');
	int fd;

	base = base ? base + 1 : name;
	fd = memfd_create(base, MFD_CLOEXEC | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(base, MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, (off_t)size)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The file in memory, mapped; *ret_missing: the client does not have it */
static int32_t fetch(const char *name, int *ret_fd, char **ret_image, size_t *ret_size,
		     bool *ret_missing, struct text *text)
{
	uint64_t size = 0;
	char *image = MAP_FAILED;
	uint32_t file;
	int32_t status;
	int fd = -1;

	status = open_file(name, &file);
	*ret_missing = status && status != DSP_ENOTINITIALIZED;
	if (status) {
		say(text,
		    status == DSP_ENOTINITIALIZED ?
			    "%s: the client serves no files, it has no listener" :
			    "%s: the client does not open it (error %#x)",
		    name, (uint32_t)status);
		return status == DSP_ENOTINITIALIZED ? status : DSP_ENOSUCHMOD;
	}
	status = apps_flen(file, &size);
	if (status) {
		say(text, "%s: asking for its length: error %#x", name,
		    (uint32_t)status);
	} else if (!size || size > MAX_OBJECT) {
		say(text, "%s: is %s", name, size ? "too large" : "empty");
		status = DSP_EUNABLETOLOAD;
	}
	if (!status)
		status = check_header(name, file, size, text);
	if (!status) {
		fd = new_memfd(name, size);
		if (fd >= 0)
			image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				     0);
		if (image == MAP_FAILED) {
			say(text, "%s: no memory for it", name);
			status = DSP_ENOMEMORY;
		}
	}
	if (!status)
		status = read_file(name, file, image, size, text);
	apps_fclose(file);
	if (status) {
		if (image != MAP_FAILED)
			munmap(image, size);
		if (fd >= 0)
			close(fd);
		return status;
	}
	*ret_fd = fd;
	*ret_image = image;
	*ret_size = size;
	return 0;
}

/* --- loading --------------------------------------------------------------------- */

static struct object *get_object(const char *name)
{
	struct object *o;

	pthread_mutex_lock(&lock);
	for (o = objects; o && strcmp(o->name, name); o = o->next)
		;
	if (o)
		o->users++;
	pthread_mutex_unlock(&lock);
	return o;
}

static void free_object(struct object *o);

static void put_object(struct object *o)
{
	struct object **at;
	bool last;

	pthread_mutex_lock(&lock);
	last = !--o->users;
	if (last) {
		for (at = &objects; *at && *at != o; at = &(*at)->next)
			;
		if (*at)
			*at = o->next;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		free_object(o);
}

static void free_object(struct object *o)
{
	if (o->dl)
		dlclose(o->dl);
	while (o->num_deps)
		put_object(o->deps[--o->num_deps]);
	if (o->fd >= 0)
		close(o->fd);
	free(o);
}

/* is it part of this program: the DSP's image? */
static bool is_there(const char *name)
{
	void *dl = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);

	if (dl)
		dlclose(dl);
	return dl;
}

static int32_t load(const char *name, unsigned int depth, struct object **ret_object,
		    bool *ret_missing, struct text *text);

static int32_t load_needed(struct object *o, char *image, size_t size,
			   unsigned int depth, bool *ret_has_soname, struct text *text)
{
	struct elf_object elf;
	char why[256];
	unsigned int i;
	int32_t status;

	if (!elf_check(image, size, elf_machine(), why, sizeof(why)) ||
	    !elf_read(image, &elf, why, sizeof(why))) {
		say(text, "%s: %s", o->name, why);
		return DSP_EBADELF;
	}
	*ret_has_soname = elf.soname;
	for (i = 0; i < elf.num_needed; i++) {
		struct text start = *text;
		bool missing = false;

		if (is_there(elf.needed[i]))
			continue;
		status = load(elf.needed[i], depth + 1, &o->deps[o->num_deps], &missing,
			      text);
		if (missing) {
			/* then it is the image's own, or the linker says it is not */
			*start.at = '\0';
			*text = start;
			continue;
		}
		if (status) {
			say(text, ", needed by %s", o->name);
			return status;
		}
		o->num_deps++;
		/* the linker would look for a name that the object does not know */
		if (!is_there(elf.needed[i]))
			elf_drop_needed(image, elf.entry[i]);
	}
	return 0;
}

/* the linker's words, with the object's name instead of the descriptor's */
static void say_why(struct text *text, const char *name, const char *path)
{
	const char *why = dlerror();

	if (!why)
		why = "cannot be loaded";
	if (!strncmp(why, path, strlen(path)))
		why += strlen(path);
	while (*why == ':' || *why == ' ')
		why++;
	say(text, "%s: %s", name, why);
}

static int32_t load_new(struct object *o, unsigned int depth, bool *ret_missing,
			struct text *text)
{
	bool has_soname = false;
	char path[64], *image;
	int32_t status;
	size_t size;

	status = fetch(o->name, &o->fd, &image, &size, ret_missing, text);
	if (status)
		return status;
	status = load_needed(o, image, size, depth, &has_soname, text);
	munmap(image, size);
	if (status)
		return status;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	/* one without a name is found by nobody but through the global scope */
	o->dl = dlopen(path, RTLD_NOW | (depth && !has_soname ? RTLD_GLOBAL :
								RTLD_LOCAL));
	if (o->dl)
		return 0;
	say_why(text, o->name, path);
	return DSP_EUNABLETOLOAD;
}

static int32_t load(const char *name, unsigned int depth, struct object **ret_object,
		    bool *ret_missing, struct text *text)
{
	struct object *o = get_object(name);
	int32_t status;

	if (o) {
		*ret_object = o;
		return 0;
	}
	if (depth > MAX_DEPTH || strlen(name) >= sizeof(o->name)) {
		say(text, "%.100s: %s", name,
		    depth > MAX_DEPTH ? "is needed in a circle" : "name too long");
		return DSP_EUNABLETOLOAD;
	}
	o = calloc(1, sizeof(*o));
	if (!o)
		return DSP_ENOMEMORY;
	strcpy(o->name, name);
	o->users = 1;
	o->fd = -1;
	status = load_new(o, depth, ret_missing, text);
	if (status) {
		free_object(o);
		return status;
	}
	/* another thread may have been faster: then there are two of them */
	pthread_mutex_lock(&lock);
	o->next = objects;
	objects = o;
	pthread_mutex_unlock(&lock);
	*ret_object = o;
	return 0;
}

/* --- signatures -------------------------------------------------------------------- */

/* They have nothing to say here: there is no key that they could be checked with */
static void look_for_signatures(void)
{
	static const char *const names[] = { "testsig-" SERIAL ".so", "testsig.so" };
	uint32_t file;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (apps_fopen_with_env(PATH_VARIABLE, names[i], &file))
			continue;
		apps_fclose(file);
		FARF(RUNTIME_LOW, "%s: is there; nothing checks signatures here",
		     names[i]);
	}
}

int32_t loader_open(const struct uri *uri, struct module *ret_module, char *buf,
		    size_t size)
{
	static pthread_once_t looked = PTHREAD_ONCE_INIT;
	struct text text = { buf, size };
	struct module module = { 0 };
	const char *name = uri->file, *base;
	char symbol[URI_MAX + 32], path[URI_MAX + 2];
	bool missing = false;
	int32_t status;
	size_t len;

	/* "file:///opt/x.so" and "file:////opt/x.so" are the same file */
	if (strchr(name, '/') && name[0] != '/') {
		snprintf(path, sizeof(path), "/%s", name);
		name = path;
	}
	base = strrchr(name, '/');
	base = base ? base + 1 : name;
	status = load(name, 0, &module.object, &missing, &text);
	if (status)
		return status;

	if (uri->symbol[0]) {
		snprintf(symbol, sizeof(symbol), "%s", uri->symbol);
	} else {
		/* libX.so exports X_handle_invoke */
		if (!strncmp(base, "lib", 3))
			base += 3;
		len = strcspn(base, ".");
		snprintf(symbol, sizeof(symbol), "%.*s_handle_invoke", (int)len, base);
	}
	*(void **)&module.invoke = dlsym(module.object->dl, symbol);
	if (!module.invoke) {
		text = (struct text){ buf, size };
		say(&text, "%s: has no symbol %s", uri->file, symbol);
		put_object(module.object);
		return DSP_ENOSUCHSYMBOL;
	}
	/* only now: of a module that fails a client may tell what it was asked for last */
	if (pd.is_signed)
		pthread_once(&looked, look_for_signatures);
	*ret_module = module;
	return 0;
}

void loader_close(struct module *module)
{
	if (module->object)
		put_object(module->object);
}
