// SPDX-License-Identifier: MIT
/* soft:DOMAIN[@SERVER][,KEY=VALUE]... */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domains.h"
#include "dsp/sockpath.h"
#include "name.h"

static const char *const domains[] = { QDA_DOMAINS };

static const char *const generations[] = { QDA_SOFT_GENERATIONS };

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(s, list[i]))
			return true;
	return false;
}

static int parse_number(const char *s, unsigned long min, unsigned long max,
			unsigned int *ret)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*ret = (unsigned int)v;
	return 0;
}

static int parse_key(struct soft_name *name, char *word)
{
	char *value = strchr(word, '=');
	unsigned int n;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(word, "banks")) {
		if (parse_number(value, 1, QDA_SOFT_MAX_BANKS, &name->banks))
			return -EINVAL;
	} else if (!strcmp(word, "priv")) {
		if (parse_number(value, 0, 1, &n))
			return -EINVAL;
		name->unprivileged = !n;
	} else if (!strcmp(word, "gen")) {
		if (!is_one_of(value, generations, ARRAY_SIZE(generations)))
			return -EINVAL;
		name->generation = value;
	} else {
		return -EINVAL;
	}
	return 0;
}

int soft_name_parse(const char *path, struct soft_name *name)
{
	char *word, *next;

	memset(name, 0, sizeof(*name));
	if (strncmp(path, "soft:", 5))
		return -ENODEV;
	path += 5;
	if (strlen(path) >= sizeof(name->text))
		return -ENAMETOOLONG;
	strcpy(name->text, path);

	word = name->text;
	next = strchr(word, ',');
	if (next)
		*next++ = '\0';
	name->server = strchr(word, '@');
	if (name->server)
		*name->server++ = '\0';
	name->domain = word;
	if (!is_one_of(word, domains, ARRAY_SIZE(domains)))
		return -ENODEV;
	/* keys say what to start; a named server runs already */
	if (name->server && (!*name->server || next))
		return -EINVAL;
	while (next) {
		word = next;
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		if (parse_key(name, word))
			return -EINVAL;
	}
	return 0;
}
