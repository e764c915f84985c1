// SPDX-License-Identifier: MIT
/*
 * Who is who: each session of a context has a number among those of its DSP, and a
 * name. FastRPC's effective domain is the DSP's number plus 8 times the session's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "objects.h"

#define NUM_DOMAINS	8	/* of FastRPC; the last is for names it does not know */

static unsigned int domain_of(const struct qda_session *session)
{
	int id = qda_device_domain_id(session->device);

	return id < 0 || id >= NUM_DOMAINS ? NUM_DOMAINS - 1 : (unsigned int)id;
}

int session_id_take(struct qda_session *session)
{
	struct qda_ctx *ctx = session_ctx(session);
	uint64_t *taken = &ctx->session_ids[domain_of(session)];
	int id = -EMFILE;

	pthread_mutex_lock(&ctx->lock);
	if (~*taken) {
		id = __builtin_ctzll(~*taken);
		*taken |= 1ULL << id;
	}
	pthread_mutex_unlock(&ctx->lock);
	if (id < 0)
		return id;
	session->id = (uint32_t)id;
	session->has_id = true;
	return 0;
}

void session_id_give(struct qda_session *session)
{
	struct qda_ctx *ctx = session_ctx(session);

	if (!session->has_id)
		return;
	pthread_mutex_lock(&ctx->lock);
	ctx->session_ids[domain_of(session)] &= ~(1ULL << session->id);
	pthread_mutex_unlock(&ctx->lock);
}

QDA_EXPORT int qda_session_get_id(const struct qda_session *session)
{
	return session ? (int)session->id : -EINVAL;
}

QDA_EXPORT int qda_session_get_effective_domain(const struct qda_session *session)
{
	int id = session ? qda_device_domain_id(session->device) : -EINVAL;

	return id < 0 ? id : id + NUM_DOMAINS * (int)session->id;
}

QDA_EXPORT const char *qda_session_get_name(const struct qda_session *session)
{
	return session ? session->name : NULL;
}

QDA_EXPORT int qda_session_get_uri(const struct qda_session *session, const char *module,
				   char *buf, size_t size)
{
	size_t length;
	int err, n;

	if (!session || !module || !buf)
		return -EINVAL;
	err = module_uri(module, session->device->info.dsp, buf, size);
	if (err)
		return err;
	length = strlen(buf);
	n = snprintf(buf + length, size - length, "%s%s&_session=%u",
		     strstr(buf, "&_dom=") ? "" : "&_dom=",
		     strstr(buf, "&_dom=") ? "" : session->device->info.dsp,
		     session->id);
	return n < 0 || (size_t)n >= size - length ? -ENAMETOOLONG : 0;
}
