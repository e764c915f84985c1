// SPDX-License-Identifier: MIT
/* Calls, objects and steering. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "common.h"

/* --- calls -------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned long request;
	int status;		/* offset, -1: none */
} commands[] = {
#define COMMAND(n, type) { #n, DRM_IOCTL_QDA_##n, offsetof(struct type, status) }
#define PLAIN(n) { #n, DRM_IOCTL_QDA_##n, -1 }
	COMMAND(QUERY, drm_qda_query),
	PLAIN(GEM_CREATE),
	PLAIN(GEM_MMAP_OFFSET),
	COMMAND(SESSION_ATTACH, drm_qda_session_attach),
	COMMAND(REMOTE_SESSION_CREATE, drm_qda_remote_session_create),
	COMMAND(REMOTE_MAP, drm_qda_remote_map),
	COMMAND(REMOTE_MUNMAP, drm_qda_remote_munmap),
	COMMAND(REMOTE_INVOKE, drm_qda_remote_invoke),
	COMMAND(REMOTE_WAIT, drm_qda_remote_wait),
	PLAIN(SET_OPTION),
	PLAIN(REMOTE_SESSION_RELEASE),
#undef COMMAND
#undef PLAIN
};

int call(int fd, unsigned long request, void *arg)
{
	return dev->sys->ioctl(fd, request, arg) < 0 ? -errno : 0;
}

void expect_at(const char *file, int line, int fd, unsigned long request, void *arg,
	       int err)
{
	unsigned char before[256];
	const char *name = "ioctl";
	int status = -1, ret;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].request == request) {
			name = commands[i].name;
			status = commands[i].status;
		}
	memcpy(before, arg, _IOC_SIZE(request));
	ret = call(fd, request, arg);
	if (!ret && status >= 0) {
		int32_t value;

		memcpy(&value, (unsigned char *)arg + status, sizeof(value));
		record("%s %s status %#x", name, err_name(ret), value);
	} else {
		record("%s %s", name, err_name(ret));
	}
	if (ret != err)
		fail_at(file, line, "%s gave %s, not %s", name, err_name(ret),
			err_name(err));
	if (ret && _IOC_NR(request) >= DRM_COMMAND_BASE &&
	    !(ret == -EINTR && request == DRM_IOCTL_QDA_REMOTE_INVOKE) &&
	    memcmp(before, arg, _IOC_SIZE(request)))
		fail_at(file, line, "%s failed with %s and changed its struct", name,
			err_name(ret));
}

void set_field(void *arg, const struct bad_field *bad)
{
	/* little endian, as all these machines are */
	memcpy((unsigned char *)arg + bad->offset, &bad->value, bad->size);
}

void expect_bad(int fd, unsigned long request, const void *good,
		const struct bad_field *bad)
{
	uint64_t arg[32];

	memcpy(arg, good, _IOC_SIZE(request));
	set_field(arg, bad);
	expect(fd, request, arg, bad->err);
}

/* --- objects ------------------------------------------------------------ */

uint32_t gem_new(int fd, uint64_t size)
{
	struct drm_qda_gem_create create = { .size = size };
	int err = call(fd, DRM_IOCTL_QDA_GEM_CREATE, &create);

	check(!err, "GEM_CREATE of %llu bytes: %s", (unsigned long long)size,
	      err_name(err));
	check(create.handle, "GEM_CREATE returned handle 0");
	return create.handle;
}

int gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close arg = { .handle = handle };

	return call(fd, DRM_IOCTL_GEM_CLOSE, &arg);
}

int gem_offset(int fd, uint32_t handle, uint64_t *ret_offset)
{
	struct drm_qda_gem_mmap_offset arg = { .handle = handle };
	int err = call(fd, DRM_IOCTL_QDA_GEM_MMAP_OFFSET, &arg);

	if (!err)
		*ret_offset = arg.offset;
	return err;
}

void *gem_map(int fd, uint32_t handle, uint64_t size)
{
	uint64_t offset = 0;
	void *ptr;
	int err = gem_offset(fd, handle, &offset);

	check(!err, "GEM_MMAP_OFFSET: %s", err_name(err));
	ptr = dev->sys->mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     offset);
	check(ptr != MAP_FAILED, "mmap: %s", strerror(errno));
	return ptr;
}

void gem_unmap(void *ptr, uint64_t size)
{
	check(!dev->sys->munmap(ptr, (size_t)size), "munmap: %s", strerror(errno));
}

int prime_export(int fd, uint32_t handle, uint32_t flags, int *ret_fd)
{
	struct drm_prime_handle arg = { .handle = handle, .flags = flags, .fd = -1 };
	int err = call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg);

	if (!err)
		*ret_fd = arg.fd;
	return err;
}

int prime_import(int fd, int buf, uint32_t *ret_handle)
{
	struct drm_prime_handle arg = { .fd = buf };
	int err = call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);

	if (!err)
		*ret_handle = arg.handle;
	return err;
}

int dmabuf_new(size_t size)
{
	int memfd, fd;

	memfd = memfd_create("uapi-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	check(memfd >= 0 && !ftruncate(memfd, (off_t)size) &&
	      !fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), "memfd: %s", strerror(errno));
	if (is_soft)
		return memfd;
	fd = dmabuf_of(memfd, size);
	close(memfd);
	if (fd == -ENOENT)
		skip_case("no /dev/udmabuf to make a dma-buf with");
	check(fd >= 0, "UDMABUF_CREATE: %s", err_name(fd));
	return fd;
}

uint64_t query(int fd, uint32_t type, uint32_t index)
{
	struct drm_qda_query q = { .type = type, .index = index };
	int err = call(fd, DRM_IOCTL_QDA_QUERY, &q);

	check(!err && !q.status, "QUERY %u: %s, status %#x", type, err_name(err),
	      q.status);
	return q.value;
}

int64_t soon(void)
{
	/* an emulated machine may share its processor with many others */
	return monotonic_ns() + SOON_MS * 1000000LL;
}

uint64_t wait_banks_free(int fd, uint64_t want)
{
	int64_t end = soon();
	unsigned int ms = 1;
	uint64_t n;

	while ((n = query(fd, DRM_QDA_QUERY_BANKS_FREE, 0)) != want &&
	       monotonic_ns() < end)
		sleep_longer(&ms);
	return n;
}

void take_banks_but(unsigned int n)
{
	int fd = dev_open();
	uint64_t left = query(fd, DRM_QDA_QUERY_BANKS_FREE, 0);

	for (; left > n; left--)
		gem_new(dev_open(), 4096);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), n);
	dev_close(fd);
}

/* --- sessions ----------------------------------------------------------- */

int create_pd(int fd, uint32_t attrs, int32_t *ret_status)
{
	struct drm_qda_remote_session_create create = { .attrs = attrs };
	int err = call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &create);

	*ret_status = create.status;
	return err;
}

/*
 * The stream id of the process that is listed now and was not before. The id alone may
 * have been that of a PD which was on its way out.
 */
static unsigned int new_sid(const char *before, const char *now)
{
	int pid, old_pid, n, m;
	unsigned int sid, old;
	const char *p, *q;
	bool known;

	for (p = now; sscanf(p, " %u:%d:%*s%n", &sid, &pid, &n) == 2; p += n) {
		known = false;
		for (q = before; sscanf(q, " %u:%d:%*s%n", &old, &old_pid, &m) == 2;
		     q += m)
			known |= old == sid && old_pid == pid;
		if (!known)
			return sid;
	}
	check(0, "pds shows no new PD: \"%s\" after \"%s\"", now, before);
	return 0;
}

void sess_create(struct sess *s, int fd)
{
	char before[1024], now[1024];
	int32_t status;
	int err;

	memset(s, 0, sizeof(*s));
	s->fd = fd;
	steer(before, sizeof(before), "pds");
	err = create_pd(fd, 0, &status);
	check(!err && !status, "REMOTE_SESSION_CREATE: %s, status %#x", err_name(err),
	      status);
	steer(now, sizeof(now), "pds");
	s->sid = new_sid(before, now);
	s->gem = gem_new(fd, WORK_SIZE);
	s->mem = gem_map(fd, s->gem, WORK_SIZE);
}

void sess_open(struct sess *s)
{
	sess_create(s, dev_open());
}

/* remotectl open: lengths and name in, handle and error out */
void sess_open_bench(struct sess *s)
{
	static const char name[] =
		"file:///libbench_skel.so?bench_skel_handle_invoke&_modver=1.0";
	struct drm_qda_arg args[4];
	struct drm_qda_remote_invoke invoke = {
		.args = (uintptr_t)args, .num_args = 4, .stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(0, 2, 2, 0, 0),
	};
	uint32_t in[2] = { sizeof(name), 256 }, out[2];
	int err;

	sess_open(s);
	args[0] = arg_of(s->gem, 0, sizeof(in));
	args[1] = arg_of(s->gem, 64, sizeof(name));
	args[2] = arg_of(s->gem, 512, sizeof(out));
	args[3] = arg_of(s->gem, 1024, 256);
	memcpy(s->mem, in, sizeof(in));
	memcpy(s->mem + 64, name, sizeof(name));
	err = call(s->fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke);
	memcpy(out, s->mem + 512, sizeof(out));
	check(!err && !invoke.status && !out[1],
	      "opening the bench module: %s, status %#x, error %#x %.200s",
	      err_name(err), invoke.status, out[1], (char *)s->mem + 1024);
	s->bench = out[0];
	memset(s->mem, 0, WORK_SIZE);
}

void sess_close(struct sess *s)
{
	if (s->mem)
		gem_unmap(s->mem, WORK_SIZE);
	s->mem = NULL;
	dev_close(s->fd);
}

struct drm_qda_remote_invoke noop_call(const struct sess *s, uint32_t flags)
{
	return (struct drm_qda_remote_invoke){
		.stride = sizeof(struct drm_qda_arg), .handle = s->bench,
		.scalars = DRM_QDA_SCALARS(BENCH_NOOP, 0, 0, 0, 0), .flags = flags,
	};
}

struct drm_qda_remote_invoke echo_call(const struct sess *s, struct drm_qda_arg args[3],
				       struct drm_qda_arg from, struct drm_qda_arg to)
{
	uint32_t lengths[2] = { (uint32_t)from.length, (uint32_t)to.length };

	memcpy(s->mem, lengths, sizeof(lengths));
	args[0] = arg_of(s->gem, 0, sizeof(lengths));
	args[1] = from;
	args[2] = to;
	return (struct drm_qda_remote_invoke){
		.args = (uintptr_t)args, .num_args = 3, .stride = sizeof(args[0]),
		.handle = s->bench, .scalars = DRM_QDA_SCALARS(BENCH_ECHO, 2, 1, 0, 0),
	};
}

uint64_t noop_submit(const struct sess *s, uint32_t flags, uint64_t user_data)
{
	struct drm_qda_remote_invoke invoke =
		noop_call(s, DRM_QDA_INVOKE_ASYNC | flags);
	int err;

	invoke.user_data = user_data;
	err = call(s->fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &invoke);
	check(!err, "submitting a call: %s", err_name(err));
	check(invoke.ticket, "a submitted call has ticket 0");
	return invoke.ticket;
}

int wait_ticket(int fd, uint64_t ticket, int64_t deadline, int32_t *ret_status)
{
	struct drm_qda_remote_wait wait = { .ticket = ticket, .deadline = deadline };
	int err = call(fd, DRM_IOCTL_QDA_REMOTE_WAIT, &wait);

	if (ret_status)
		*ret_status = wait.status;
	return err;
}

/* --- steering ----------------------------------------------------------- */

void steer(char *answer, size_t size, const char *format, ...)
{
	char line[4096], text[4096];
	va_list ap;
	int err;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	err = steer_command(dev->control, text, sizeof(text), "%s", line);
	check(!err, "steering \"%.60s\": %s %s", line, err_name(err), text);
	if (answer)
		snprintf(answer, size, "%s", text);
}

unsigned int steer_number(const char *format, ...)
{
	char line[512], text[512];
	unsigned int n = 0;
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	steer(text, sizeof(text), "%s", line);
	check(sscanf(text, "%u", &n) == 1, "steering \"%s\": no number in \"%s\"", line,
	      text);
	return n;
}

void wait_held(unsigned int rule, unsigned int n, char *info, size_t size)
{
	int64_t end = soon();
	char text[4096];
	unsigned int have = 0, ms = 1;

	do {
		steer(text, sizeof(text), "held %u", rule);
		if (sscanf(text, "%u", &have) == 1 && have >= n) {
			if (info)
				snprintf(info, size, "%s", text);
			return;
		}
		sleep_longer(&ms);
	} while (monotonic_ns() < end);
	check(0, "the DSP keeps %u calls, not %u", have, n);
}

uint64_t held_value(const char *info, const char *key)
{
	char word[32];
	const char *p;

	snprintf(word, sizeof(word), " %s=", key);
	p = strstr(info, word);
	check(p, "no%s in \"%s\"", word, info);
	/* H in the protocol: hexadecimal, with or without 0x */
	return strtoull(p + strlen(word), NULL, 16);
}

pid_t pd_pid(unsigned int sid)
{
	char text[1024];
	const char *p = text;
	unsigned int id;
	int pid, n;

	steer(text, sizeof(text), "pds");
	for (; sscanf(p, " %u:%d:%*s%n", &id, &pid, &n) == 2; p += n)
		if (id == sid)
			return pid;
	check(0, "no PD of stream id %u in \"%s\"", sid, text);
	return 0;
}

static bool find_range(unsigned int sid, uint64_t min, uint64_t max, uint64_t *ret_addr)
{
	unsigned long long addr, size;
	char text[4096];
	const char *p = text;
	int n;

	steer(text, sizeof(text), "maps sid=%u", sid);
	for (; sscanf(p, " %llx:%llx%n", &addr, &size, &n) == 2; p += n)
		if (size >= min && size <= max) {
			*ret_addr = addr;
			return true;
		}
	return false;
}

bool bus_has(unsigned int sid, uint64_t size)
{
	uint64_t addr;

	return find_range(sid, size, size, &addr);
}

bool bus_spans(unsigned int sid, uint64_t size)
{
	uint64_t addr;

	return find_range(sid, size, UINT64_MAX, &addr);
}

uint64_t bus_of(unsigned int sid, uint64_t size)
{
	uint64_t addr = 0;

	check(find_range(sid, size, size, &addr), "no range of %#llx bytes is mapped",
	      (unsigned long long)size);
	return addr;
}
