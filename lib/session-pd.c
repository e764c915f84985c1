// SPDX-License-Identifier: MIT
/* How a session gets its PD: created from a shell image, or attached to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "firmware.h"
#include "objects.h"
#include "services.h"
#include "trace.h"

/* FastRPC's bit in the attributes of a user PD */
#define PD_ATTR_UNSIGNED	0x8u

/* what the driver sends for these, for the trace */
#define INIT_ATTACH		0x00010000u
#define INIT_CREATE		0x06040000u
#define INIT_CREATE_ATTR	0x07040000u
#define INIT_CREATE_STATIC	0x08030000u

#define SESSION_NAME_SIZE	sizeof(((struct qda_session *)0)->name)

#define INIT_MEM_MIN		(1u << 20)

/* bytes, of the DSP's threads */
#define THREAD_STACK_MIN	(16u << 10)
#define THREAD_STACK_MAX	(8u << 20)

/* what messages can have; more than ASCII is fine */
static bool is_session_name(const char *name)
{
	size_t i;

	for (i = 0; name[i] && i < SESSION_NAME_SIZE; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return i && i < SESSION_NAME_SIZE;
}

/* and the like: what does not depend on the PD */
static int check_service_opts(const struct qda_session_opts *o,
			      struct qda_failure *reterr)
{
	if (o->listener > QDA_LISTENER_OFF)
		return qda_fail(reterr, -EINVAL, 0,
				"session option listener %u is unknown", o->listener);
	if (o->listener == QDA_LISTENER_OFF &&
	    (o->read_dirs || o->write_dirs || o->thread_priority || o->thread_stack))
		return qda_fail(reterr, -EINVAL, 0,
				"session options read_dirs, write_dirs, thread_priority and thread_stack take a listener");
	if (o->name && !is_session_name(o->name))
		return qda_fail(reterr, -EINVAL, 0,
				"session option name is not 1 to %zu printable bytes long",
				SESSION_NAME_SIZE - 1);
	if (o->thread_priority > 255)
		return qda_fail(reterr, -EINVAL, 0,
				"session option thread_priority %u is not 1 to 255",
				o->thread_priority);
	if (o->thread_stack && (o->thread_stack < THREAD_STACK_MIN ||
				o->thread_stack > THREAD_STACK_MAX))
		return qda_fail(reterr, -EINVAL, 0,
				"session option thread_stack %u is not %u to %u",
				o->thread_stack, THREAD_STACK_MIN, THREAD_STACK_MAX);
	return 0;
}

static int check_opts(const struct qda_session_opts *o, struct qda_failure *reterr)
{
	if (o->pd > QDA_PD_STATIC)
		return qda_fail(reterr, -EINVAL, 0, "session option pd %u is unknown",
				o->pd);
	if (o->signing > QDA_SIGNING_SIGNED)
		return qda_fail(reterr, -EINVAL, 0,
				"session option signing %u is unknown", o->signing);
	if ((o->pd == QDA_PD_STATIC) != (o->pd_name != NULL))
		return qda_fail(reterr, -EINVAL, 0,
				"session option pd_name belongs to static PDs, and only to them");
	if (o->pd_name && !*o->pd_name)
		return qda_fail(reterr, -EINVAL, 0, "session option pd_name is empty");
	if (o->pd != QDA_PD_USER &&
	    (o->signing || o->shell || o->init_mem_size || o->attrs))
		return qda_fail(reterr, -EINVAL, 0,
				"session options signing, shell, init_mem_size and attrs are for user PDs");
	if (o->test_signature && o->pd != QDA_PD_USER)
		return qda_fail(reterr, -EINVAL, 0,
				"session option test_signature is for signed user PDs");
	if (o->attrs & PD_ATTR_UNSIGNED)
		return qda_fail(reterr, -EINVAL, 0,
				"session option attrs has the unsigned bit, which signing chooses");
	return check_service_opts(o, reterr);
}

int session_copy_opts(struct qda_session_opts *o, const struct qda_session_opts *opts,
		      struct qda_failure *reterr)
{
	int err = qda_opts_copy(o, sizeof(*o), sizeof(*o), opts);

	if (!err && o->reserved)
		err = -E2BIG;
	if (err)
		return qda_fail(reterr, err, 0, "session options");
	return check_opts(o, reterr);
}

int session_path(struct qda_session *session, const struct qda_session_opts *o,
		 const struct path_list **ret_path)
{
	int err;

	if (!session->path) {
		session->path = calloc(1, sizeof(*session->path));
		if (!session->path)
			return -ENOMEM;
		err = path_list_make(session->path, session_ctx(session),
				     o->library_path, session->device->info.soft);
		if (err) {
			free(session->path);
			session->path = NULL;
			return err;
		}
	}
	*ret_path = session->path;
	return 0;
}

static const char *session_dsp(const struct qda_session *session)
{
	return session->device->info.dsp;
}

static void trace_node(struct qda_session *session)
{
	trace_step(session, "the node of %s is %s", session_dsp(session),
		   session->device->path ? session->device->path : "a descriptor");
}

/* the shell image in a buffer; its size is that of the buffer */
static int load_shell(struct qda_session *session, struct shell *shell,
		      uint32_t *ret_handle, struct qda_failure *reterr)
{
	uint64_t size = shell->image.size + shell->signature.size;
	uint32_t handle;
	void *cpu;
	int err;

	err = kapi_gem_create(session->file, &size, &handle);
	if (err)
		return qda_fail(reterr, err, 0, "%s: memory for the shell image",
				session_dsp(session));
	err = kapi_gem_mmap(session->file, handle, size, &cpu);
	if (err) {
		kapi_gem_close(session->file, handle);
		return qda_fail(reterr, err, 0, "%s: mapping the shell image",
				session_dsp(session));
	}
	err = shell_read(shell, cpu, reterr);
	kapi_munmap_cpu(session->file, cpu, size);
	if (err) {
		kapi_gem_close(session->file, handle);
		return err;
	}
	*ret_handle = handle;
	return 0;
}

static int get_shell(struct qda_session *session, const struct qda_session_opts *o,
		     struct shell *shell, struct qda_failure *reterr)
{
	const struct qda_device *device = session->device;
	const struct path_list *dirs;
	uint64_t max;
	int err;

	err = kapi_query(session->file, KAPI_MAX_SHELL, 0, &max, NULL);
	if (err)
		return qda_fail(reterr, err, 0, "%s: asking for the size of shells",
				session_dsp(session));
	if (max > UINT32_MAX)
		max = UINT32_MAX;
	if (o->shell) {
		err = shell_open(shell, o->shell, device->info.soft, max, reterr);
	} else {
		err = session_path(session, o, &dirs);
		if (err)
			return qda_fail(reterr, err, 0, "search path");
		err = shell_find(shell, device->ctx, dirs, device->info.dsp,
				 qda_device_domain_id(device), session->is_unsigned,
				 device->info.soft, max, reterr);
		if (!err && shell->image.fd < 0)
			log_warn(session_ctx(session),
				 "no shell image, asking %s for its built-in one; tried %s",
				 session_dsp(session),
				 shell->tried[0] ? shell->tried : "nothing");
	}
	if (!err && o->test_signature) {
		err = shell_sign(shell, o->test_signature, max, reterr);
		if (err)
			shell_close(shell);
	}
	return err;
}

static int check_init_mem(struct qda_session *session, const struct qda_session_opts *o,
			  struct qda_failure *reterr)
{
	uint64_t max;

	if (!o->init_mem_size || kapi_query(session->file, KAPI_MAX_INIT_MEM, 0, &max, NULL))
		return 0;
	if (o->init_mem_size >= INIT_MEM_MIN && o->init_mem_size <= max)
		return 0;
	return qda_fail(reterr, -EINVAL, 0,
			"%s: session option init_mem_size %llu is not %u to %llu",
			session_dsp(session), (unsigned long long)o->init_mem_size,
			INIT_MEM_MIN, (unsigned long long)max);
}

/* what a loader says of modules, to which the words of the tables belong */
static bool is_loaders(int32_t status)
{
	return status == DSP_STATUS(0x06) ||	/* AEE_EUNABLETOLOAD */
	       status == DSP_STATUS(0x3e) ||	/* AEE_ENOSUCHMOD */
	       status == DSP_STATUS(0x42) ||	/* AEE_ENOSUCHSYMBOL */
	       status == DSP_STATUS(0x45);	/* AEE_ENOSUCHFILE */
}

static int create_pd(struct qda_session *session, const struct qda_session_opts *o,
		     struct qda_failure *reterr)
{
	struct kapi_create create = { 0 };
	struct shell shell;
	uint64_t features;
	int32_t status = 0;
	int err;

	err = kapi_query(session->file, KAPI_FEATURES, 0, &features, NULL);
	if (err)
		return qda_fail(reterr, err, 0, "%s: asking for its features",
				session_dsp(session));
	session->is_unsigned =
		o->signing == QDA_SIGNING_UNSIGNED ||
		(o->signing == QDA_SIGNING_AUTO && features & QDA_FEATURE_UNSIGNED_PD);

	if (session->is_unsigned)
		trace_step(session, "unsigned PD: attributes gain 0x%x",
			   PD_ATTR_UNSIGNED);
	trace_node(session);
	if (o->test_signature && session->is_unsigned)
		return qda_fail(reterr, -EINVAL, 0,
				"%s: session option test_signature is for a signed PD, this one is unsigned",
				session_dsp(session));

	err = check_init_mem(session, o, reterr);
	if (!err)
		err = get_shell(session, o, &shell, reterr);
	if (err)
		return err;
	if (shell.image.fd >= 0) {
		err = load_shell(session, &shell, &create.handle, reterr);
		shell_close(&shell);
		if (err)
			return err;
		trace_step(session, "read %s, %llu bytes, into a buffer",
			   shell.image.path, (unsigned long long)shell.image.size);
		create.length = (uint32_t)(shell.image.size + shell.signature.size);
		create.siglen = (uint32_t)shell.signature.size;
	}
	create.attrs = o->attrs | (session->is_unsigned ? PD_ATTR_UNSIGNED : 0);
	create.init_mem_size = o->init_mem_size;
	trace_control(session, create.attrs ? INIT_CREATE_ATTR : INIT_CREATE,
		      "session create {filelen = %u, attrs = 0x%x, siglen = %u}",
		      create.length, create.attrs, create.siglen);
	err = kapi_create(session->file, &create, &status);
	/* the driver keeps the image until the DSP has read it */
	if (create.handle)
		kapi_gem_close(session->file, create.handle);
	trace_control_end(session, create.attrs ? INIT_CREATE_ATTR : INIT_CREATE,
			  "session create", err, status);

	if (!err && !status)
		return 0;
	if (!err)
		err = -EREMOTEIO;
	/* everything else was checked */
	if (err == -EINVAL && o->attrs)
		return qda_fail(reterr, err, 0,
				"%s: the driver knows no such process attributes, session option attrs 0x%x",
				session_dsp(session), o->attrs);
	if (create.length && is_loaders(status))
		return qda_fail_advice(
			reterr, status,
			session->device->info.soft ?
				"The reason is on the standard error of qda-softdsp." :
				"The reason is in the DSP's own log: a library or symbol that is missing, or an image of another release than the firmware.",
			"%s: the DSP could not start the shell image %s for a%s PD%s%s%s",
			session_dsp(session), shell.image.path,
			session->is_unsigned ? "n unsigned" : " signed",
			*shell.doubt ? " (" : "", shell.doubt, *shell.doubt ? ")" : "");
	if (create.length)
		return qda_fail(reterr, err, status, "%s: creating a%s PD from %s%s%s%s",
				session_dsp(session),
				session->is_unsigned ? "n unsigned" : " signed",
				shell.image.path, *shell.doubt ? " (" : "", shell.doubt,
				*shell.doubt ? ")" : "");
	return qda_fail(reterr, err, status,
			"%s: creating a%s PD without a shell image (tried %s)",
			session_dsp(session),
			session->is_unsigned ? "n unsigned" : " signed",
			shell.tried[0] ? shell.tried : "nothing");
}

static int attach_pd(struct qda_session *session, const struct qda_session_opts *o,
		     struct qda_failure *reterr)
{
	static const char *const names[] = {
		[QDA_PD_ROOT] = "the root PD",
		[QDA_PD_SENSORS] = "the sensors PD",
		[QDA_PD_STATIC] = "static PD ",
	};
	int32_t status = 0;
	int err;

	trace_node(session);
	trace_control(session, o->pd == QDA_PD_STATIC ? INIT_CREATE_STATIC : INIT_ATTACH,
		      "attach to %s%s", names[o->pd], o->pd_name ? o->pd_name : "");
	err = kapi_attach(session->file, o->pd, o->pd_name, &status);
	trace_control_end(session,
			  o->pd == QDA_PD_STATIC ? INIT_CREATE_STATIC : INIT_ATTACH,
			  "attach", err, status);
	if (!err && !status)
		return 0;
	return qda_fail(reterr, err ? err : -EREMOTEIO, status, "%s: attaching to %s%s",
			session_dsp(session), names[o->pd],
			o->pd_name ? o->pd_name : "");
}

/* the listener's call takes one place for as long as the session lasts */
static int limit_calls(struct qda_session *session, const struct qda_session_opts *o,
		       struct qda_failure *reterr)
{
	uint32_t limit = o->max_in_flight;
	uint64_t max;
	int err;

	if (!limit)
		return 0;
	err = kapi_query(session->file, KAPI_MAX_IN_FLIGHT, 0, &max, NULL);
	if (!err && o->listener == QDA_LISTENER_ON && limit < max)
		limit++;
	if (!err)
		err = kapi_set_max_in_flight(session->file, limit);
	if (err)
		return qda_fail(reterr, err, 0, "%s: %u calls in flight",
				session_dsp(session), o->max_in_flight);
	return 0;
}

/* an older driver waits for as long as the DSP takes */
static int limit_time(struct qda_session *session, struct qda_failure *reterr)
{
	int64_t left = session->open_deadline - clock_now();

	if (session->open_deadline < 0)
		return 0;
	if (left <= 0)
		return qda_fail(reterr, -ETIMEDOUT, 0, "%s: opening a session",
				session_dsp(session));
	kapi_set_answer_timeout(session->file, left);
	return 0;
}

int session_get_pd(struct qda_session *session, const struct qda_session_opts *o,
		   struct qda_failure *reterr)
{
	int err = limit_calls(session, o, reterr);

	if (!err && o->memory_limit) {
		err = kapi_set_memory_limit(session->file, o->memory_limit);
		if (err)
			return qda_fail(reterr, err, 0,
					"%s: a memory limit of %llu bytes",
					session_dsp(session),
					(unsigned long long)o->memory_limit);
	}
	if (!err)
		err = limit_time(session, reterr);
	if (!err)
		err = o->pd == QDA_PD_USER ? create_pd(session, o, reterr) :
					     attach_pd(session, o, reterr);
	if (err)
		return err;
	if (session->open_deadline >= 0)
		kapi_set_answer_timeout(session->file, 0);
	atomic_store(&session->owns_pd, true);
	session->is_user_pd = o->pd == QDA_PD_USER;
	return services_start(session, o, reterr);
}
