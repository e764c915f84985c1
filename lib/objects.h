/* SPDX-License-Identifier: MIT */
/* Buffers, modules and calls as the files of this directory see each other's. */
#ifndef QDA_OBJECTS_H
#define QDA_OBJECTS_H

#include "internal.h"
#include "marshal.h"
#include "scratch.h"

/* --- buffer.c ----------------------------------------------------------- */

struct qda_buffer {
	atomic_uint refs;
	struct qda_session *session;
	struct list node;		/* session->buffers */
	uint64_t size;
	uint32_t handle;		/* GEM */
	int dmabuf;			/* descriptor of an import, else -1 */
	atomic_bool no_sync;		/* the exporter has no DMA_BUF_IOCTL_SYNC */
	_Atomic(void *) cpu;
};

/* --- module.c ----------------------------------------------------------- */

struct qda_module {
	atomic_uint refs;
	struct qda_session *session;	/* a reference, until refs is zero */
	uint32_t handle;
	uint32_t remotectl;		/* interface that opened it */
	bool opened;			/* else it was there without loading */
	/* under session->lock: */
	unsigned int orphans;		/* calls of it that nobody collects */
	bool dead;			/* refs is zero, waits for the orphans */
};

/* URI of a module called name; buf is NUL terminated. -EINVAL, -ENAMETOOLONG */
int module_uri(const char *name, const char *domain, char *buf, size_t size);
/*
 * The last orphan of a module without references is gone: close it without
 * blocking, free it. No session: free only.
 */
void module_bury(struct qda_module *module, struct qda_session *session);
/* drop a reference; a last one that must not block leaves the closing behind */
void module_put(struct qda_module *module, bool may_block);

/* --- invoke.c ----------------------------------------------------------- */

#define INVOKE_FAST_ARGS	32

/* One call being made: lives on the caller's stack */
struct invocation {
	struct marshal_plan plan;
	struct scratch_region *region;
	struct kapi_arg *kargs;
	struct kapi_arg fast[INVOKE_FAST_ARGS];
};

/* Lay out, take scratch memory, copy the inputs; end gives it all back. */
int invocation_begin(struct invocation *inv, struct qda_session *session,
		     uint32_t method, const struct qda_arg *args, size_t num_args);
void invocation_end(struct invocation *inv, struct qda_session *session);

/* kapi_invoke(), once more after collecting orphans if that may help */
int session_kapi_invoke(struct qda_session *session, struct kapi_invoke *invoke);
/* A whole call; not interruptible by signals. */
int session_invoke(struct qda_session *session, uint32_t handle, uint32_t method,
		   const struct qda_arg *args, size_t num_args, int32_t *ret_status);

/*
 * A call in flight that has no owner any more. Its ticket has to be consumed and
 * its scratch memory must not be used again before. Holds no reference on the
 * session, which drops it at its end.
 */
struct orphan {
	struct list node;
	uint64_t ticket;
	struct scratch_region *region;
	struct qda_module *module;	/* counted in module->orphans; or NULL */
	/*
	 * Ended with err and status; frees the orphan. session is NULL when it
	 * is going away and nothing must be called any more.
	 */
	void (*done)(struct orphan *orphan, struct qda_session *session, int err,
		     int32_t status);
};

void session_orphan_add(struct qda_session *session, struct orphan *orphan);
/* collect those that have ended; never blocks on the DSP */
void session_reap(struct qda_session *session);
/* the session ends: drop all */
void session_orphans_drop(struct qda_session *session);

/* --- call.c ------------------------------------------------------------- */

/* an event of the session's file: run the callback of its call; 1 if it had one */
int call_complete(struct qda_session *session, const struct kapi_event *event);

/* --- session.c ---------------------------------------------------------- */

extern const struct scratch_ops session_scratch_ops;

/* --- path.c ------------------------------------------------------------- */

/* The places a file of the DSP may be in, in order */
struct path_search {
	char *env;		/* private copy of the variable, or NULL */
	char *rest;
	const char *const *defaults;
	const char *domain;
	const char *file;
	const char *dir;	/* current folder; NULL: take the next */
	bool subfolder;		/* the domain's own was given out */
};

int path_search_begin(struct path_search *search, const char *domain,
		      const char *file, bool soft);
/* 1 and the next candidate in buf, or 0 at the end; skips what does not fit */
int path_search_next(struct path_search *search, char *buf, size_t size);
void path_search_end(struct path_search *search);

/* --- shell.c ------------------------------------------------------------ */

struct shell {
	int fd;			/* -1: none, the DSP's built-in one */
	uint64_t size;
	char path[4096];
	char tried[2048];	/* what was looked for in vain: "a, b, c" */
};

/* that very file; max: bytes the device takes */
int shell_open(struct shell *shell, const char *path, uint64_t max,
	       struct qda_failure *reterr);
/* Search it. Not found is 0 with fd -1 and a log line. */
int shell_find(struct shell *shell, struct qda_ctx *ctx, const char *domain,
	       int domain_id, bool is_unsigned, bool soft, uint64_t max,
	       struct qda_failure *reterr);
/* read all of it */
int shell_read(struct shell *shell, void *dest, struct qda_failure *reterr);
void shell_close(struct shell *shell);

#endif
