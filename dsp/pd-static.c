// SPDX-License-Identifier: MIT
/*
 * The PDs that are there to attach to. When the client's listener has begun, each does
 * what its kind does at its start, then it is up. Their interfaces: a daemon says by
 * adsp_default_listener that it serves calls, and pd_status tells what became of it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "AEEStdErr.h"
#include "HAP_farf.h"
#include "modules/skel.h"
#include "pd.h"

enum state {
	STATE_WAITING,
	STATE_STARTING,
	STATE_UP,
};

#define STATUS_GET		REMOTE_SCALARS_MAKE(2, 1, 1)
#define LISTENER_REGISTER	REMOTE_SCALARS_MAKE(0, 0, 0)
#define LISTENER1_REGISTER	REMOTE_SCALARS_MAKE(2, 0, 0)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct static_report report;

/* --- the job ------------------------------------------------------------------ */

static void begin_audio(struct static_report *r)
{
	r->heap = pd.remote_heap;
	if (r->heap)
		FARF(RUNTIME_HIGH, "audiopd: up, with %llu bytes of remote heap",
		     (unsigned long long)r->heap);
	else
		FARF(RUNTIME_HIGH, "audiopd: up, this board has no remote heap for it");
}

static void set_up(const struct static_report *r)
{
	pthread_mutex_lock(&lock);
	report.error = r->error;
	report.files = r->files;
	report.bytes = r->bytes;
	report.checksum = r->checksum;
	report.stored = r->stored;
	report.oemconfig = r->oemconfig;
	report.heap = r->heap;
	report.state = STATE_UP;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void *sensors_main(void *data)
{
	struct static_report r = { 0 };
	void *stack = window_stack_new();

	(void)data;
	prctl(PR_SET_NAME, "dsp-sensors");
	/* without it a fault is reported all the same, but for a full stack */
	(void)window_thread_start(stack);
	static_sensors(&r);
	set_up(&r);
	window_thread_stop(stack);
	return NULL;
}

void static_begin(void)
{
	struct static_report r = { 0 };
	pthread_t thread;
	int err;

	if (pd.kind == PD_KIND_USER)
		return;
	pthread_mutex_lock(&lock);
	err = report.state != STATE_WAITING;
	if (!err)
		report.state = STATE_STARTING;
	pthread_mutex_unlock(&lock);
	/* a listener of another client, after the first: nothing starts twice */
	if (err)
		return;
	if (pd.kind == PD_KIND_AUDIO)
		begin_audio(&r);
	if (pd.kind == PD_KIND_SENSORS) {
		/* it calls the client, which waits here */
		err = pthread_create(&thread, NULL, sensors_main, NULL);
		if (!err) {
			pthread_detach(thread);
			return;
		}
		r.error = DSP_ENOMEMORY;
	}
	set_up(&r);
}

/* --- interfaces ----------------------------------------------------------------- */

static int no_open(const char *uri, remote_handle64 *ret_handle)
{
	(void)uri;
	*ret_handle = 1;
	return AEE_SUCCESS;
}

static void wait_up(uint32_t wait_ms, struct static_report *ret)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock);
	while (report.state != STATE_UP)
		if (pthread_cond_timedwait(&changed, &lock, &until))
			break;
	report.kind = pd.kind;
	*ret = report;
	pthread_mutex_unlock(&lock);
}

static int status_invoke(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	struct static_report now;
	uint32_t wait_ms;
	int err;

	(void)handle;
	if (sc == SKEL_SC_OPEN)
		return skel_open(pra, no_open);
	if (sc == SKEL_SC_CLOSE)
		return AEE_SUCCESS;
	if (REMOTE_SCALARS_METHOD(sc) != REMOTE_SCALARS_METHOD(STATUS_GET))
		return AEE_EUNSUPPORTED;
	if (sc != STATUS_GET)
		return AEE_EBADPARM;
	err = skel_get(&pra[0], &wait_ms, sizeof(wait_ms));
	if (err)
		return err;
	wait_up(wait_ms, &now);
	return skel_put(&pra[1], &now, offsetof(struct static_report, pad));
}

static int count_registered(void)
{
	pthread_mutex_lock(&lock);
	report.registered++;
	pthread_mutex_unlock(&lock);
	return AEE_SUCCESS;
}

/* not a handle64 interface: its first method is the register of the other one */
static int listener_invoke0(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	(void)handle;
	(void)pra;
	if (sc != LISTENER_REGISTER)
		return AEE_EUNSUPPORTED;
	return count_registered();
}

static int listener_invoke1(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	(void)handle;
	if (sc == SKEL_SC_OPEN)
		return skel_open(pra, no_open);
	if (sc == SKEL_SC_CLOSE)
		return AEE_SUCCESS;
	if (sc != LISTENER1_REGISTER)
		return AEE_EUNSUPPORTED;
	return count_registered();
}

static const struct builtin interfaces[] = {
	{ "libpd_status_skel.so", "pd_status_skel_handle_invoke", status_invoke },
	{ "libadsp_default_listener_skel.so",
	  "adsp_default_listener_skel_handle_invoke", listener_invoke0 },
	{ "libadsp_default_listener1_skel.so",
	  "adsp_default_listener1_skel_handle_invoke", listener_invoke1 },
};

const struct builtin *static_builtin(const struct uri *uri)
{
	size_t i;

	if (pd.kind == PD_KIND_USER)
		return NULL;
	for (i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++)
		if (!strcmp(interfaces[i].file, uri->file))
			return &interfaces[i];
	return NULL;
}
