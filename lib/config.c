// SPDX-License-Identifier: MIT
/* Configuration files: which there are, and their small strict format */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "internal.h"

/* fnmatch() takes exponential time in the number of stars */
#define MAX_STARS	4
/* lines of one file that are complained about one by one */
#define MAX_COMPLAINTS	10

struct parser {
	const struct config_reader *reader;
	const char *name;
	unsigned int line;
	unsigned int num_bad;
	enum { SECTION_NONE, SECTION_SKIP, SECTION_USE } section;
};

static void bad_line(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void bad_line(struct parser *p, const char *format, ...)
{
	char what[192];
	va_list ap;

	if (++p->num_bad == MAX_COMPLAINTS + 1)
		log_warn(p->reader->ctx, "%s:%u: and more bad lines, ignored", p->name,
			 p->line);
	if (p->num_bad > MAX_COMPLAINTS)
		return;
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	log_warn(p->reader->ctx, "%s:%u: %s, ignored", p->name, p->line, what);
}

/* text without blanks at both ends; changes it */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

/* board "GLOB": what is after board */
static int parse_board(struct parser *p, char *text)
{
	const struct config_reader *r = p->reader;
	unsigned int stars = 0;
	const char *c;
	size_t len;

	text = trim(text);
	len = strlen(text);
	if (len < 3 || text[0] != '"' || strchr(text + 1, '"') != text + len - 1) {
		bad_line(p, "a board's section is [board \"MODEL\"]");
		return SECTION_SKIP;
	}
	text[len - 1] = '\0';
	text++;
	for (c = text; *c; c++)
		stars += *c == '*';
	if (len - 2 >= CONFIG_MAX_MODEL || stars > MAX_STARS) {
		bad_line(p, "a board's pattern has at most %d bytes and %d asterisks",
			 CONFIG_MAX_MODEL - 1, MAX_STARS);
		return SECTION_SKIP;
	}
	return !r->soft && r->model && !fnmatch(text, r->model, 0) ? SECTION_USE :
								    SECTION_SKIP;
}

static int parse_section(struct parser *p, char *text)
{
	size_t len = strlen(text);

	if (text[len - 1] != ']') {
		bad_line(p, "a section has no closing bracket");
		return SECTION_SKIP;
	}
	text[len - 1] = '\0';
	text = trim(text + 1);
	if (!strcmp(text, "default"))
		return p->reader->soft ? SECTION_SKIP : SECTION_USE;
	if (!strcmp(text, "soft"))
		return p->reader->soft ? SECTION_USE : SECTION_SKIP;
	if (!strncmp(text, "board", 5) && strchr(" \t\"", text[5]))
		return parse_board(p, text + 5);
	bad_line(p, "section [%.40s] is unknown", text);
	return SECTION_SKIP;
}

static int parse_path(struct parser *p, const char *value)
{
	const char *dir = value;

	if (!*value) {
		bad_line(p, "path is empty");
		return 0;
	}
	while (*(dir += strspn(dir, ";:"))) {
		if (*dir != '/') {
			bad_line(p, "path has a directory that is not absolute: %.80s",
				 dir);
			return 0;
		}
		dir += strcspn(dir, ";:");
	}
	if (p->section != SECTION_USE)
		return 0;
	return p->reader->path(p->reader->data, value);
}

/* an error is that of the callback */
static int parse_line(struct parser *p, char *text)
{
	char *key, *value;

	text = trim(text);
	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (*text == '[') {
		p->section = parse_section(p, text);
		return 0;
	}
	value = strchr(text, '=');
	if (!value) {
		bad_line(p, "not \"key = value\"");
		return 0;
	}
	*value++ = '\0';
	key = trim(text);
	if (p->section == SECTION_NONE)
		bad_line(p, "key %.40s is before the first section", key);
	else if (strcmp(key, "path"))
		bad_line(p, "key %.40s is unknown", key);
	else
		return parse_path(p, trim(value));
	return 0;
}

static bool is_text(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
			return false;
	}
	return true;
}

int config_parse(const struct config_reader *reader, const char *name,
		 const char *text, size_t size)
{
	struct parser p = { .reader = reader, .name = name };
	char line[CONFIG_MAX_LINE + 1];
	int err = 0;

	while (size && !err) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;
		size_t step = len + (end != NULL);

		p.line++;
		if (len > CONFIG_MAX_LINE) {
			bad_line(&p, "longer than %d bytes", CONFIG_MAX_LINE);
		} else if (!is_text(text, len)) {
			bad_line(&p, "control characters");
		} else {
			memcpy(line, text, len);
			line[len] = '\0';
			err = parse_line(&p, line);
		}
		text += step;
		size -= step;
	}
	return err;
}

/* --- files -------------------------------------------------------------- */

/* up to size bytes of a regular file; -errno or their number */
static ssize_t read_file(const char *path, char *buf, size_t size)
{
	size_t done = 0;
	struct stat st;
	ssize_t n;
	int fd;

	/* non-blocking, so that a FIFO cannot make us wait */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = fstat(fd, &st) ? -errno : 0;
	if (!n && !S_ISREG(st.st_mode))
		n = -EMEDIUMTYPE;
	while (!n && done < size) {
		n = read(fd, buf + done, size - done);
		if (!n)
			break;
		if (n > 0)
			done += (size_t)n;
		n = n < 0 && errno != EINTR ? -errno : 0;
	}
	close(fd);
	return n < 0 ? n : (ssize_t)done;
}

/* must: it was asked for by name, so its absence is worth a warning */
static int read_config(const struct config_reader *reader, const char *path, bool must)
{
	char *text = malloc(CONFIG_MAX_SIZE + 1);
	ssize_t size;
	int err = 0;

	if (!text)
		return -ENOMEM;
	size = read_file(path, text, CONFIG_MAX_SIZE + 1);
	if (size == -EMEDIUMTYPE)
		log_warn(reader->ctx, "configuration %s is not a regular file, ignored",
			 path);
	else if (size < 0 && (must || size != -ENOENT))
		log_warn(reader->ctx, "configuration %s: %s, ignored", path,
			 qda_strerror((int)size));
	else if (size > CONFIG_MAX_SIZE)
		log_warn(reader->ctx, "configuration %s has more than %d bytes, ignored",
			 path, CONFIG_MAX_SIZE);
	else if (size > 0)
		err = config_parse(reader, path, text, (size_t)size);
	free(text);
	return err;
}

static int is_fragment(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       !strcmp(entry->d_name + len - 5, ".conf");
}

/* bytewise: the order must not depend on the locale, as alphasort()'s does */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int config_read_files(const struct config_reader *reader, const char *file,
		      const char *dir)
{
	struct dirent **entries;
	char path[4096];
	int i, n, err;

	err = read_config(reader, file, false);
	if (err)
		return err;
	n = scandir(dir, &entries, is_fragment, compare_names);
	if (n < 0) {
		if (errno == ENOMEM)
			return -ENOMEM;
		if (errno != ENOENT)
			log_warn(reader->ctx, "configuration %s: %s, ignored", dir,
				 qda_strerror(-errno));
		return 0;
	}
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (!err)
			err = read_config(reader, path, false);
		free(entries[i]);
	}
	free(entries);
	return err;
}

void config_model(const char *file, char *model, size_t size)
{
	ssize_t n = read_file(file, model, size - 1);

	model[n > 0 ? n : 0] = '\0';
	model[strcspn(model, "\n")] = '\0';
}

int config_read(struct qda_ctx *ctx, bool soft, config_path_fn path, void *data)
{
	const char *file = secure_getenv("QDA_CONFIG");
	const char *board = secure_getenv("QDA_BOARD");
	struct config_reader reader = {
		.ctx = ctx, .soft = soft, .path = path, .data = data,
	};
	char model[CONFIG_MAX_MODEL];

	if (board) {
		snprintf(model, sizeof(model), "%s", board);
	} else {
		config_model("/sys/firmware/devicetree/base/model", model, sizeof(model));
		if (!*model)
			config_model("/proc/device-tree/model", model, sizeof(model));
	}
	if (*model)
		reader.model = model;
	if (file && *file)
		return read_config(&reader, file, true);
	return config_read_files(&reader, QDA_CONFIG_FILE, QDA_CONFIG_DIR);
}
