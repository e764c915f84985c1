// SPDX-License-Identifier: MIT
/* See attack.h. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/wait.h>

#include "attack.h"

#define RPMSG_DIR	"/sys/bus/rpmsg/drivers/qda"

/* --- where we are -------------------------------------------------------- */

bool is_debug_kernel(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

void take_time(void)
{
	alarm(is_debug_kernel() ? 600 : 200);
}

int file_whole(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (have < size - 1 && (n = read(fd, text + have, size - 1 - have)) > 0)
		have += (size_t)n;
	close(fd);
	text[have] = '\0';
	return 0;
}

int shell(const char *format, ...)
{
	char command[512];
	va_list ap;
	int status;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	status = system(command);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 256 + WTERMSIG(status);
}

/* --- driver and transport ------------------------------------------------ */

bool driver_state(const char *dsp, char *text, size_t size)
{
	static const char * const patterns[] = {
		"/sys/kernel/debug/accel/*/qda_state",
		"/sys/kernel/debug/dri/*/qda_state",
	};
	bool found = false;
	char line[64];
	glob_t paths;
	size_t i, p;

	snprintf(line, sizeof(line), "dsp: %s\n", dsp);
	for (p = 0; p < ARRAY_SIZE(patterns) && !found; p++) {
		if (glob(patterns[p], 0, NULL, &paths))
			continue;
		for (i = 0; i < paths.gl_pathc && !found; i++)
			found = !file_whole(paths.gl_pathv[i], text, size) &&
				!strncmp(text, line, strlen(line));
		globfree(&paths);
	}
	return found;
}

bool driver_idle(const char *dsp)
{
	char text[4096], *line, *save = NULL;
	unsigned int banks = 0;

	if (!driver_state(dsp, text, sizeof(text)))
		return false;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "bank ", 5))
			continue;
		banks++;
		if (!strstr(line, ", free"))
			return false;
	}
	return banks;
}

void check_healthy(void)
{
	int64_t end = soon();
	unsigned int ms = 1;
	struct sess s;
	uint64_t total;
	int fd;

	wait_node();
	fd = dev_open();
	total = query(fd, DRM_QDA_QUERY_BANKS_TOTAL, 0);
	check_eq(wait_banks_free(fd, total), total);
	dev_close(fd);
	while (!driver_idle("cdsp")) {
		check(monotonic_ns() < end, "the driver holds banks for nobody");
		sleep_longer(&ms);
	}
	sess_open_bench(&s);
	check_session(&s);
	sess_close(&s);
}

void channel_up(void)
{
	sim_channel(true);
	wait_node();
}

void wait_node(void)
{
	int64_t end = soon();
	struct drm_qda_query q;
	int fd, err;

	do {
		q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_MAGIC };
		fd = dev_try_open(dev->path);
		/* the name may still be that of the node that is going */
		err = fd < 0 ? fd : call(fd, DRM_IOCTL_QDA_QUERY, &q);
		if (fd >= 0)
			dev_close(fd);
		if (!err)
			return;
		sleep_ms(5);
	} while (monotonic_ns() < end);
	check(0, "the node did not come back: %s", err_name(err));
}

void wait_lost(int fd)
{
	int64_t end = soon();
	struct drm_qda_query q;
	int err;

	do {
		q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_MAGIC };
		err = call(fd, DRM_IOCTL_QDA_QUERY, &q);
		if (err == -ENODEV)
			return;
		sleep_ms(1);
	} while (monotonic_ns() < end);
	check(0, "an open file of a DSP that is gone answers %s", err_name(err));
}

void rpmsg_name(const char *dsp, char *name, size_t size)
{
	char path[PATH_MAX], label[64];
	struct dirent *entry;
	DIR *dir = opendir(RPMSG_DIR);

	check(dir, "no %s", RPMSG_DIR);
	name[0] = '\0';
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), RPMSG_DIR "/%s/of_node/label",
			 entry->d_name);
		if (!file_read(path, label, sizeof(label)) && !strcmp(label, dsp))
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(dir);
	check(name[0], "the driver is bound to no %s", dsp);
}

/* --- sessions ------------------------------------------------------------ */

struct drm_qda_remote_map map_of(uint32_t gem, int32_t dsp_id)
{
	return (struct drm_qda_remote_map){
		.length = 4096, .handle = gem, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = dsp_id,
	};
}

/* from any thread: 0, or what went wrong */
static int try_session(struct sess *s, uint64_t pattern, int32_t *ret_status)
{
	struct drm_qda_remote_invoke i = noop_call(s, 0);
	struct drm_qda_arg args[3];
	int err;

	err = call(s->fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
	*ret_status = i.status;
	if (err || i.status)
		return err;
	i = echo_call(s, args, arg_of(s->gem, 0x1000, sizeof(pattern)),
		      arg_of(s->gem, 0x2000, sizeof(pattern)));
	memcpy(s->mem + 0x1000, &pattern, sizeof(pattern));
	memset(s->mem + 0x2000, 0, sizeof(pattern));
	err = call(s->fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
	*ret_status = i.status;
	if (err || i.status)
		return err;
	return memcmp(s->mem + 0x2000, &pattern, sizeof(pattern)) ? -EIO : 0;
}

void check_session(struct sess *s)
{
	int32_t status = 0;
	int err = try_session(s, 0x0123456789abcdefULL, &status);

	check(!err && !status, "calls of an innocent session: %s, status %#x",
	      err_name(err), status);
}

static void *witness_main(void *arg)
{
	struct witness *w = arg;
	uint64_t pattern = 0x1111111111111111ULL;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		w->err = try_session(&w->s, pattern, &w->status);
		if (w->err || w->status)
			break;
		pattern = pattern * 6364136223846793005ULL + 1;
		__atomic_fetch_add(&w->calls, 2, __ATOMIC_RELAXED);
	}
	return NULL;
}

void witness_start(struct witness *w)
{
	memset(w, 0, sizeof(*w));
	sess_open_bench(&w->s);
	check(!pthread_create(&w->thread, NULL, witness_main, w), "no thread");
}

void witness_stop(struct witness *w)
{
	int64_t end = soon();

	/* it may not have run at all yet */
	while (!__atomic_load_n(&w->calls, __ATOMIC_RELAXED) && monotonic_ns() < end)
		sleep_ms(1);
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	pthread_join(w->thread, NULL);
	check(!w->err && !w->status,
	      "a session nobody attacked failed after %lu calls: %s, status %#x",
	      w->calls, err_name(w->err), w->status);
	check(w->calls, "a session nobody attacked made no call");
	check_session(&w->s);
	sess_close(&w->s);
}

/* --- chance -------------------------------------------------------------- */

uint64_t chance_seed(void)
{
	const char *env = getenv("QDA_FUZZ_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) :
			      (uint64_t)monotonic_ns() ^ (uint64_t)getpid() << 40;

	print_message("QDA_FUZZ_SEED=%#llx\n", (unsigned long long)seed);
	return seed;
}

uint32_t chance_next(struct chance *c)
{
	/* splitmix64 */
	uint64_t z = c->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)(z >> 32);
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)((uint64_t)chance_next(c) * n >> 32);
}

bool chance_one_in(struct chance *c, uint32_t n)
{
	return !chance_below(c, n);
}

unsigned int fuzz_seconds(unsigned int normally)
{
	const char *env = getenv("QDA_FUZZ_SECONDS");

	return env ? (unsigned int)strtoul(env, NULL, 0) : normally;
}
