// SPDX-License-Identifier: MIT
/*
 * A shell image whose listener does what a case says, see README.md. The case is at
 * the end of the image: text, its length in 8 bytes, 8 bytes of magic.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "pd.h"
#include "script.h"
#include "shell.h"

#define MAX_LINES	512
#define MAX_LOOPS	4

enum { INIT2 = 3, NEXT2 = 4, GET_IN_BUFS2 = 5 };

static char *lines[MAX_LINES];
static unsigned int num_lines, pc, init_at;
static struct {
	unsigned int start;
	uint64_t left;
} loops[MAX_LOOPS];
static unsigned int num_loops;
static struct {
	bool never;
	int32_t status;
	uint32_t needed;	/* 0: the truth */
} rest;

/* what the test asks for */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char report[512];
static bool failed, done, may_go;
static _Atomic uint32_t num_next2;

/* --- how it went ---------------------------------------------------------------------- */

static void finish(void)
{
	pthread_mutex_lock(&lock);
	done = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

_Noreturn static void stay(void)
{
	finish();
	for (;;)
		pause();
}

_Noreturn void fail(const char *format, ...)
{
	va_list ap;
	int n;

	pthread_mutex_lock(&lock);
	n = snprintf(report, sizeof(report), "line %u: ", pc);
	va_start(ap, format);
	vsnprintf(report + n, sizeof(report) - (size_t)n, format, ap);
	va_end(ap);
	failed = true;
	pthread_mutex_unlock(&lock);
	stay();
}

static void sleep_for(uint64_t ms)
{
	const struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* --- the case --------------------------------------------------------------------------- */

static void read_case(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t len;
	char *image, *text, *end;

	if (fd < 0 || fstat(fd, &st))
		abort();
	image = malloc((size_t)st.st_size + 1);
	if (!image || pread(fd, image, (size_t)st.st_size, 0) != st.st_size)
		abort();
	close(fd);
	/* the image ends with a whole page */
	end = image + st.st_size;
	while (end > image + 16 && !end[-1])
		end--;
	if (end < image + 16 || memcmp(end - 8, HOSTILE_MAGIC, 8))
		return;
	memcpy(&len, end - 16, sizeof(len));
	if (len > (uint64_t)(end - 16 - image))
		abort();
	end[-16] = '\0';
	for (text = end - 16 - len; text && num_lines < MAX_LINES;)
		lines[num_lines++] = strsep(&text, "\n");
}

static void start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_case);
}

uint64_t number(const char *text)
{
	uint64_t value = 0;

	if (!text || !script_number(text, &value))
		fail("\"%s\" is no number", text ? text : "");
	return value;
}

void block(const char *text, struct bytes *to)
{
	if (!text || !script_block(text, to))
		fail("\"%s\" is no block", text ? text : "");
}

/* --- one line after the other --------------------------------------------------------------- */

static void loop_end(void)
{
	if (!num_loops)
		fail("no repeat");
	if (--loops[num_loops - 1].left)
		pc = loops[num_loops - 1].start;
	else
		num_loops--;
}

static void loop_begin(const char *count)
{
	if (num_loops == MAX_LOOPS)
		fail("too many loops");
	loops[num_loops].start = pc;
	loops[num_loops++].left = number(count);
}

static void set_rest(const char *how)
{
	memset(&rest, 0, sizeof(rest));
	if (!how)
		fail("rest of what kind");
	if (!strcmp(how, "never"))
		rest.never = true;
	else if (!strncmp(how, "status=", 7))
		rest.status = (int32_t)number(how + 7);
	else if (!strncmp(how, "needed=", 7))
		rest.needed = (uint32_t)number(how + 7);
	else
		fail("\"rest %s\"", how);
}

static bool is_last(void)
{
	unsigned int i;

	for (i = pc; i < num_lines; i++) {
		char *rest_of = lines[i] + strspn(lines[i], " \t");

		if (*rest_of && *rest_of != '#' && strncmp(rest_of, "client ", 7))
			return false;
	}
	return true;
}

struct scribble {
	volatile uint8_t *at;
	size_t len;
	uint64_t ms;
};

/* to race is what it is for */
__attribute__((no_sanitize("thread"))) static void *scribble_main(void *data)
{
	struct scribble *s = data;
	uint64_t i;
	size_t at;

	for (i = 0; i < s->ms; i++) {
		for (at = 0; at < s->len; at++)
			s->at[at] = (uint8_t)~s->at[at];
		sleep_for(1);
	}
	free(s);
	return NULL;
}

/* go on writing to what the client was given */
static void scribble(uint64_t ms, const remote_arg *arg)
{
	struct scribble *s = malloc(sizeof(*s));
	pthread_t thread;

	if (!s)
		abort();
	*s = (struct scribble){ arg->buf.pv, arg->buf.nLen, ms };
	if (s->len && !pthread_create(&thread, NULL, scribble_main, s))
		pthread_detach(thread);
	else
		free(s);
}

static void *crash_main(void *data)
{
	sleep_for((uintptr_t)data);
	kill(getpid(), SIGKILL);
	return NULL;
}

static void crash_in(uint64_t ms)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, crash_main, (void *)(uintptr_t)ms))
		abort();
	pthread_detach(thread);
}

static atomic_bool is_deaf;

static void be_deaf(int number_)
{
	(void)number_;
	atomic_store(&is_deaf, true);
	for (;;)
		pause();
}

/* The first thread, which maps and unmaps what the root process says, does so no more */
static void go_deaf(void)
{
	signal(SIGUSR1, be_deaf);
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	while (!atomic_load(&is_deaf))
		sleep_for(1);
}

/* the client opens its modules first, which takes as long as it takes */
static void may_end(const char *word)
{
	bool may;

	pthread_mutex_lock(&lock);
	may = may_go;
	pthread_mutex_unlock(&lock);
	if (!may)
		fail("\"%s\" without \"await\" before it", word);
}

static void await(void)
{
	pthread_mutex_lock(&lock);
	while (!may_go)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* Does this line end the client's next2? Its status then, and whether it has a call. */
static bool execute(char *line, int32_t *ret_status, bool *ret_call, uint64_t *ret_scribble)
{
	char *word = script_word(&line), *a;

	*ret_status = 0;
	*ret_call = false;
	if (!word || !strcmp(word, "client") || !strcmp(word, "init2"))
		return false;
	if (!strcmp(word, "call")) {
		request_call(line);
		return *ret_call = true;
	}
	a = script_word(&line);
	if (!strcmp(word, "open")) {
		request_open(a ? a : "");
		return *ret_call = true;
	}
	if (!strcmp(word, "expect")) {
		request_expect(a);
	} else if (!strcmp(word, "out")) {
		request_compare(a, script_word(&line));
	} else if (!strcmp(word, "save")) {
		const char *index = script_word(&line);

		request_save(a ? a : "", index, script_word(&line));
	} else if (!strcmp(word, "repeat")) {
		loop_begin(a);
	} else if (!strcmp(word, "end")) {
		loop_end();
	} else if (!strcmp(word, "rest")) {
		set_rest(a);
	} else if (!strcmp(word, "scribble")) {
		*ret_scribble = number(a);
	} else if (!strcmp(word, "delay")) {
		sleep_for(number(a));
	} else if (!strcmp(word, "await")) {
		await();
	} else if (!strcmp(word, "status")) {
		*ret_status = (int32_t)number(a);
		if (is_last() && !num_loops)
			finish();
		return true;
	} else if (!strcmp(word, "never")) {
		stay();
	} else if (!strcmp(word, "crash")) {
		may_end(word);
		signal(SIGABRT, SIG_DFL);
		kill(getpid(), SIGKILL);
	} else if (!strcmp(word, "crash-in")) {
		may_end(word);
		crash_in(number(a));
	} else if (!strcmp(word, "deaf")) {
		may_end(word);
		go_deaf();
	} else if (!strcmp(word, "vanish")) {
		may_end(word);
		_exit(0);
	} else {
		fail("\"%s\" is not known", word);
	}
	return false;
}

static int32_t next2(uint32_t sc, remote_arg *pra)
{
	uint32_t in[4], out[4] = { 0 };
	uint64_t scribble_ms = 0;
	int32_t status = 0;
	bool call = false, yields = false;
	size_t n;

	if (payload_in(sc) != 2 || payload_out(sc) != 2 || pra[0].buf.nLen < sizeof(in) ||
	    pra[2].buf.nLen < sizeof(out))
		fail("next2 with scalars %#x", sc);
	memcpy(in, pra[0].buf.pv, sizeof(in));
	atomic_fetch_add(&num_next2, 1);
	request_answer(in[0], (int32_t)in[1], pra[1].buf.pv, in[2]);
	while (!yields) {
		char line[4096];

		if (pc == num_lines)
			stay();
		snprintf(line, sizeof(line), "%s", lines[pc++]);
		yields = execute(line, &status, &call, &scribble_ms);
	}
	if (!call)
		return status;
	out[0] = request.ctx;
	out[1] = request.handle;
	out[2] = request.sc;
	out[3] = request.needed;
	n = in[3] < request.packed.len ? in[3] : request.packed.len;
	if (n)
		memcpy(pra[3].buf.pv, request.packed.data, n);
	memcpy(pra[2].buf.pv, out, sizeof(out));
	if (scribble_ms)
		scribble(scribble_ms, &pra[3]);
	return 0;
}

/* bytes that were promised and are not there are zeros */
static int32_t get_in_bufs2(uint32_t sc, remote_arg *pra)
{
	uint32_t in[3], needed = rest.needed ? rest.needed : request.needed;
	size_t n = 0;

	if (payload_in(sc) != 1 || payload_out(sc) != 2 || pra[0].buf.nLen < sizeof(in))
		fail("get_in_bufs2 with scalars %#x", sc);
	memcpy(in, pra[0].buf.pv, sizeof(in));
	if (in[0] != request.ctx)
		fail("the rest of %u is asked for, %u has one", in[0], request.ctx);
	if (rest.never)
		stay();
	if (rest.status)
		return rest.status;
	if (in[1] < request.packed.len)
		n = request.packed.len - in[1];
	if (n > in[2])
		n = in[2];
	if (n)
		memcpy(pra[2].buf.pv, request.packed.data + in[1], n);
	memcpy(pra[1].buf.pv, &needed, sizeof(needed));
	return 0;
}

/* the n-th init2 gets what the n-th line of that name says */
static int32_t init2(void)
{
	while (init_at < num_lines) {
		char line[256], *at = line, *word;

		snprintf(line, sizeof(line), "%s", lines[init_at++]);
		word = script_word(&at);
		if (!word || strcmp(word, "init2"))
			continue;
		word = script_word(&at);
		if (word && !strcmp(word, "never"))
			stay();
		return (int32_t)number(word);
	}
	return 0;
}

int32_t listener_invoke(uint32_t sc, unsigned int method, remote_arg *pra)
{
	start();
	switch (method) {
	case INIT2:
		return init2();
	case NEXT2:
		return next2(sc, pra);
	case GET_IN_BUFS2:
		return get_in_bufs2(sc, pra);
	default:
		return DSP_EUNSUPPORTED;
	}
}

int32_t reverse_call(uint32_t handle, uint32_t sc, const remote_arg *pra)
{
	(void)handle;
	(void)sc;
	(void)pra;
	return DSP_ENOTINITIALIZED;
}

/* --- what the test asks ------------------------------------------------------------------------ */

static void wait_done(uint32_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&lock);
	while (!done && !pthread_cond_timedwait(&changed, &lock, &until))
		;
	pthread_mutex_unlock(&lock);
}

static void set_go(void)
{
	pthread_mutex_lock(&lock);
	may_go = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static int hostile_invoke(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	struct hostile_report r = { 0 };
	uint32_t ms;

	(void)handle;
	if (REMOTE_SCALARS_METHOD(sc) == HOSTILE_GO) {
		set_go();
		return 0;
	}
	if (REMOTE_SCALARS_METHOD(sc) != HOSTILE_REPORT)
		return (int)DSP_EUNSUPPORTED;
	if (payload_in(sc) != 1 || payload_out(sc) != 1 ||
	    pra[0].buf.nLen < sizeof(ms) || pra[1].buf.nLen < sizeof(r))
		return (int)DSP_EBADPARM;
	memcpy(&ms, pra[0].buf.pv, sizeof(ms));
	wait_done(ms);
	pthread_mutex_lock(&lock);
	r.done = done;
	r.failed = failed;
	r.num_next2 = atomic_load(&num_next2);
	r.dsp = (uint32_t)getppid();
	memcpy(r.text, report, sizeof(report));
	pthread_mutex_unlock(&lock);
	memcpy(pra[1].buf.pv, &r, sizeof(r));
	return 0;
}

extern const struct builtin pd_more_builtins[];
const struct builtin pd_more_builtins[] = {
	{ "libhostile_skel.so", "hostile_skel_handle_invoke", hostile_invoke },
	{ 0 },
};
