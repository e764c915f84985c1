/* SPDX-License-Identifier: MIT */
/* Buffers, modules and calls as the files of this directory see each other's. */
#ifndef QDA_OBJECTS_H
#define QDA_OBJECTS_H

#include "internal.h"
#include "marshal.h"
#include "path.h"
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

/* --- mapping.c ---------------------------------------------------------- */

struct qda_mapping {
	atomic_uint refs;
	struct qda_session *session;	/* alive by buffer, or by who holds */
	struct qda_buffer *buffer;	/* NULL: no references, only holds */
	atomic_int state;
	uint64_t offset, length;	/* of the buffer */
	uint64_t addr;
	uint32_t type;
	uint32_t id;
	int32_t dsp_id;
	struct list node;		/* session->mappings */
	unsigned int holds;		/* under session->lock */
};

/* a number for a mapping whose owner does not mind; may be taken (-EEXIST) */
int32_t mapping_next_dsp_id(struct qda_session *session);
/* the application's mapping of that number, with a reference; or NULL */
struct qda_mapping *mapping_find(struct qda_session *session, int32_t dsp_id);
/*
 * Keep the mapping past its last reference, but neither its buffer object nor the
 * session: whoever holds it lets go before the session ends. The caller has a
 * reference. Does not stop qda_mapping_unmap(), to which the DSP may say no.
 */
void mapping_hold(struct qda_mapping *mapping);
/* may_block: unmap it if that is due; else it ends with the PD */
void mapping_drop(struct qda_mapping *mapping, bool may_block);

/* --- module.c ----------------------------------------------------------- */

struct qda_module {
	atomic_uint refs;
	struct qda_session *session;	/* a reference, until refs is zero */
	uint32_t handle;
	uint32_t remotectl;		/* interface that opened it */
	bool opened;			/* else it was there without loading */
	char *name;			/* as it was opened; NULL: it was not */
	struct list node;		/* session->modules, under its lock */
	/* under session->lock: */
	unsigned int orphans;		/* calls of it that nobody collects */
	bool dead;			/* refs is zero, waits for the orphans */
};

/* is this what a firmware without an interface answers? */
bool status_lacks_interface(int32_t status);
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

/* --- session-id.c --------------------------------------------------------- */

/* -EMFILE: the context has 64 sessions of that DSP */
int session_id_take(struct qda_session *session);
void session_id_give(struct qda_session *session);

/* --- event.c -------------------------------------------------------------- */

/* kind: enum qda_session_event_kind; 1 if somebody was told */
int session_status_event(struct qda_session *session, uint32_t kind);

/* as many bytes of a module's name as messages and events have */
#define MODULE_NAME	64

/* of an open module of that handle, as it was opened; "" if there is none */
void session_module_name(struct qda_session *session, uint32_t handle,
			 char name[MODULE_NAME]);

/* --- reopen.c ------------------------------------------------------------- */

struct session_saved;

/* a copy of the options that a session is opened with; -ENOMEM */
int session_save_opts(struct qda_session *session, const struct qda_session_opts *opts);
void session_saved_free(struct session_saved *saved);

/* --- session.c, session-pd.c ---------------------------------------------- */

extern const struct scratch_ops session_scratch_ops;

/* in session->refs: the listener's own reference, while it serves a call */
#define SESSION_SERVED	0x40000000u

/* take it, false: the session ends; drop it, which may be the end */
bool session_serve_begin(struct qda_session *session);
void session_serve_end(struct qda_session *session);

/* qda_session_open(), to be over by then, with -ETIMEDOUT; negative: no limit */
int session_open_until(struct qda_device *device, const struct qda_session_opts *opts,
		       int64_t deadline, struct qda_session **ret_session,
		       struct qda_failure *reterr);

/* a copy of the caller's options, checked */
int session_copy_opts(struct qda_session_opts *o, const struct qda_session_opts *opts,
		      struct qda_failure *reterr);
/*
 * The search path, made once while it is opened: what is wrong in a configuration file
 * is said once. The session's. -ENOMEM
 */
int session_path(struct qda_session *session, const struct qda_session_opts *o,
		 const struct path_list **ret_path);
/* create or attach, as they say, and serve the PD */
int session_get_pd(struct qda_session *session, const struct qda_session_opts *o,
		   struct qda_failure *reterr);

/* --- shell.c ------------------------------------------------------------ */

struct shell_file {
	int fd;			/* -1: none */
	uint64_t size;
	char path[4096];
};

struct shell {
	struct shell_file image;	/* none: the DSP's built-in one */
	struct shell_file signature;
	char tried[2048];	/* what was looked for in vain: "a, b, c" */
	char doubt[96];		/* why the DSP may refuse the image, or "" */
};

/* that very file; max: bytes the device takes */
int shell_open(struct shell *shell, const char *path, bool soft, uint64_t max,
	       struct qda_failure *reterr);
/* Search it in dirs. Not found is 0 with image.fd -1. */
int shell_find(struct shell *shell, struct qda_ctx *ctx, const struct path_list *dirs,
	       const char *domain, int domain_id, bool is_unsigned, bool soft,
	       uint64_t max, struct qda_failure *reterr);
/* a test signature that is to follow the image; max: bytes of both */
int shell_sign(struct shell *shell, const char *path, uint64_t max,
	       struct qda_failure *reterr);
/* read all of image and signature */
int shell_read(struct shell *shell, void *dest, struct qda_failure *reterr);
void shell_close(struct shell *shell);

#endif
