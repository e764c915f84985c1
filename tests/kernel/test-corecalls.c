// SPDX-License-Identifier: MIT
/*
 * Calls of the DRM core that make no sense on an accel node. Some of them dereference
 * a master, which a file of an accel node does not have (GET_UNIQUE, GET_MAGIC); some
 * exist because the driver has GEM objects (dumb buffers). All are refused before the
 * core sees them, and the node works as before. Where the core has our fix
 * (kernel/patches), it gets them too, on the node of a module that refuses nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "attack.h"
#include "sweep.h"

struct core_call {
	const char *name;
	unsigned long request;
};

/* newer than some headers */
#define SYNCOBJ_EVENTFD		_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xcf, 24)
#define CLOSEFB			_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xd0, 8)
#define SET_CLIENT_NAME		_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xd1, 16)
#define GEM_CHANGE_HANDLE	_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xd2, 8)
#define PLANE_COLOR		_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xd3, 16)

#define CORE(name)	{ #name, DRM_IOCTL_##name }

static const struct core_call refused[] = {
	CORE(GET_UNIQUE), CORE(GET_MAGIC), CORE(IRQ_BUSID), CORE(GET_MAP),
	CORE(GET_CLIENT), CORE(GET_STATS), CORE(SET_VERSION), CORE(MODESET_CTL),
	CORE(GEM_FLINK), CORE(GEM_OPEN), CORE(SET_CLIENT_CAP), CORE(SET_UNIQUE),
	CORE(AUTH_MAGIC), CORE(BLOCK), CORE(UNBLOCK), CORE(CONTROL), CORE(ADD_MAP),
	CORE(ADD_BUFS), CORE(RM_MAP), CORE(SET_SAREA_CTX), CORE(GET_SAREA_CTX),
	CORE(SET_MASTER), CORE(DROP_MASTER), CORE(ADD_CTX), CORE(LOCK), CORE(UNLOCK),
	CORE(FINISH), CORE(ADD_DRAW), CORE(RM_DRAW), CORE(UPDATE_DRAW),
	CORE(WAIT_VBLANK), CORE(CRTC_GET_SEQUENCE), CORE(CRTC_QUEUE_SEQUENCE),
	CORE(MODE_GETRESOURCES), CORE(MODE_GETCRTC), CORE(MODE_SETCRTC),
	CORE(MODE_CURSOR), CORE(MODE_GETGAMMA), CORE(MODE_SETGAMMA),
	CORE(MODE_GETENCODER), CORE(MODE_GETCONNECTOR), CORE(MODE_ATTACHMODE),
	CORE(MODE_DETACHMODE), CORE(MODE_GETPROPERTY), CORE(MODE_SETPROPERTY),
	CORE(MODE_GETPROPBLOB), CORE(MODE_GETFB), CORE(MODE_ADDFB), CORE(MODE_RMFB),
	CORE(MODE_PAGE_FLIP), CORE(MODE_DIRTYFB), CORE(MODE_CREATE_DUMB),
	CORE(MODE_MAP_DUMB), CORE(MODE_DESTROY_DUMB), CORE(MODE_GETPLANERESOURCES),
	CORE(MODE_GETPLANE), CORE(MODE_SETPLANE), CORE(MODE_ADDFB2),
	CORE(MODE_OBJ_GETPROPERTIES), CORE(MODE_OBJ_SETPROPERTY), CORE(MODE_CURSOR2),
	CORE(MODE_ATOMIC), CORE(MODE_CREATEPROPBLOB), CORE(MODE_DESTROYPROPBLOB),
	CORE(SYNCOBJ_CREATE), CORE(SYNCOBJ_DESTROY), CORE(SYNCOBJ_HANDLE_TO_FD),
	CORE(SYNCOBJ_FD_TO_HANDLE), CORE(SYNCOBJ_WAIT), CORE(SYNCOBJ_RESET),
	CORE(SYNCOBJ_SIGNAL), CORE(SYNCOBJ_TIMELINE_WAIT), CORE(SYNCOBJ_QUERY),
	CORE(SYNCOBJ_TRANSFER), CORE(SYNCOBJ_TIMELINE_SIGNAL),
	CORE(MODE_CREATE_LEASE), CORE(MODE_LIST_LESSEES), CORE(MODE_GET_LEASE),
	CORE(MODE_REVOKE_LEASE), CORE(MODE_GETFB2),
	{ "SYNCOBJ_EVENTFD", SYNCOBJ_EVENTFD },
	{ "MODE_CLOSEFB", CLOSEFB },
	{ "SET_CLIENT_NAME", SET_CLIENT_NAME },
	{ "GEM_CHANGE_HANDLE", GEM_CHANGE_HANDLE },
	{ "PLANE_COLOR", PLANE_COLOR },
};

static void try_refused(int fd, const struct core_call *c, const char *who)
{
	static const unsigned char fills[] = { 0, 0xff };
	unsigned char mem[512], before[512];
	size_t i;
	int err;

	for (i = 0; i < sizeof(fills); i++) {
		memset(mem, fills[i], sizeof(mem));
		memcpy(before, mem, sizeof(mem));
		err = call(fd, c->request, mem);
		check(err == -EOPNOTSUPP, "%s from %s: %s, not EOPNOTSUPP", c->name, who,
		      err_name(err));
		check(!memcmp(before, mem, sizeof(mem)), "%s was refused and wrote",
		      c->name);
		err = call(fd, c->request, NULL);
		check(err == -EOPNOTSUPP, "%s without a struct from %s: %s", c->name, who,
		      err_name(err));
	}
}

/* before and after the file has a PD, with and without privilege, closed and again */
static void test_refused(const void *arg)
{
	const struct core_call *c = arg;
	struct drm_qda_query q = { 0 };
	int fd = dev_open(), poor = dev_open_unprivileged();

	try_refused(fd, c, "root");
	try_refused(poor, c, "anybody");
	gem_new(fd, 4096);
	try_refused(fd, c, "a file with a bank");
	expect(fd, DRM_IOCTL_QDA_QUERY, &q, 0);
	check_eq(q.value, DRM_QDA_ABI_MAGIC);
	dev_close(fd);
	dev_close(poor);
}

/* the trap itself, as an attacker would: many at once, while others work */
static void *storm_main(void *arg)
{
	const int fd = *(int *)arg;
	unsigned char mem[512];
	size_t i, n;

	for (n = 0; n < 20; n++)
		for (i = 0; i < ARRAY_SIZE(refused); i++) {
			memset(mem, 0, sizeof(mem));
			if (call(fd, refused[i].request, mem) != -EOPNOTSUPP)
				return (void *)refused[i].name;
		}
	return NULL;
}

static void test_storm(const void *arg)
{
	struct witness w;
	pthread_t threads[4];
	int fds[2], i;
	void *bad;

	(void)arg;
	take_time();
	witness_start(&w);
	fds[0] = dev_open();
	fds[1] = dev_open_unprivileged();
	for (i = 0; i < 4; i++)
		check(!pthread_create(&threads[i], NULL, storm_main, &fds[i & 1]),
		      "no thread");
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		check(!bad, "%s was not refused", (char *)bad);
	}
	witness_stop(&w);
	check_healthy();
}

static void test_sweep(const void *arg)
{
	unsigned long calls;
	char text[256];
	int err;

	(void)arg;
	take_time();
	err = sweep_core(dev->path, &calls, text, sizeof(text));
	check(!err, "%s", text);
	print_message("%lu calls\n", calls);
	check_healthy();
}

/* what is allowed works */
static void test_allowed(const void *arg)
{
	struct drm_get_cap cap = { .capability = DRM_CAP_PRIME };
	struct drm_get_cap dumb = { .capability = DRM_CAP_DUMB_BUFFER };
	struct drm_get_cap syncobj = { .capability = DRM_CAP_SYNCOBJ };
	struct drm_version v = { 0 };
	int fd = dev_open(), buf = -1;
	uint32_t gem, again = 0;

	(void)arg;
	check_eq(call(fd, DRM_IOCTL_VERSION, &v), 0);
	check_eq(call(fd, DRM_IOCTL_GET_CAP, &cap), 0);
	check_eq(cap.value, DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT);
	/* what it says it has not must be what it refuses */
	check_eq(call(fd, DRM_IOCTL_GET_CAP, &dumb) ? 0 : dumb.value, 0);
	check_eq(call(fd, DRM_IOCTL_GET_CAP, &syncobj) ? 0 : syncobj.value, 0);
	gem = gem_new(fd, 4096);
	check_eq(prime_export(fd, gem, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	check_eq(prime_import(fd, buf, &again), 0);
	check_eq(again, gem);
	close(buf);
	check_eq(gem_close(fd, gem), 0);
	check_eq(gem_close(fd, gem), -EINVAL);
	dev_close(fd);
}

/* the file's other operations */
static void test_file(const void *arg)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	long page = sysconf(_SC_PAGESIZE);
	static const off_t offsets[] = {
		0, 0x1000, 0x10000000, 0x100000000LL, 0x7ffffffff000LL,
	};
	int fd = dev_open(), p[2];
	char bytes[64];
	size_t i;

	(void)arg;
	check(write(fd, bytes, sizeof(bytes)) < 0 && errno == EINVAL, "write: %s",
	      strerror(errno));
	check(writev(fd, &iov, 1) < 0 && errno == EINVAL, "writev: %s", strerror(errno));
	/* an empty queue: nothing to read, without waiting if asked not to */
	check(!fcntl(fd, F_SETFL, O_NONBLOCK) &&
	      read(fd, bytes, sizeof(bytes)) < 0 && errno == EAGAIN, "read: %s",
	      strerror(errno));
	check(pread(fd, bytes, 1, 0) < 0, "pread of an empty stream works");
	check(pwrite(fd, bytes, 1, 0) < 0, "pwrite works");
	check(fallocate(fd, 0, 0, page) < 0, "fallocate works");
	check(ftruncate(fd, 0) < 0, "ftruncate works");
	check(fsync(fd) < 0 && errno == EINVAL, "fsync: %s", strerror(errno));
	check(!pipe2(p, O_CLOEXEC | O_NONBLOCK), "no pipe");
	check(splice(fd, NULL, p[1], NULL, 16, SPLICE_F_NONBLOCK) < 0, "splice works");
	close(p[0]);
	close(p[1]);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		void *m = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd, offsets[i]);

		check(m == MAP_FAILED, "mmap at %#llx of no buffer works",
		      (unsigned long long)offsets[i]);
	}
	dev_close(fd);
	check_healthy();
}

/* --- the core itself ------------------------------------------------------ */

/* what the core says to these on a node of accel, to root and to anybody else */
static const struct bare_call {
	const char *name;
	unsigned long request;
	int root, anybody;
} bare_calls[] = {
	{ "GET_UNIQUE", DRM_IOCTL_GET_UNIQUE, -EOPNOTSUPP, -EOPNOTSUPP },
	{ "GET_MAGIC", DRM_IOCTL_GET_MAGIC, -EOPNOTSUPP, -EOPNOTSUPP },
	{ "AUTH_MAGIC", DRM_IOCTL_AUTH_MAGIC, -EACCES, -EACCES },
	{ "SET_VERSION", DRM_IOCTL_SET_VERSION, -EACCES, -EACCES },
	{ "SET_UNIQUE", DRM_IOCTL_SET_UNIQUE, -EACCES, -EACCES },
	{ "SET_MASTER", DRM_IOCTL_SET_MASTER, -EINVAL, -EACCES },
	{ "DROP_MASTER", DRM_IOCTL_DROP_MASTER, -EINVAL, -EACCES },
	{ "SET_CLIENT_CAP", DRM_IOCTL_SET_CLIENT_CAP, -EOPNOTSUPP, -EOPNOTSUPP },
	{ "GEM_FLINK", DRM_IOCTL_GEM_FLINK, -ENOENT, -EACCES },
	{ "MODE_GETRESOURCES", DRM_IOCTL_MODE_GETRESOURCES, -EOPNOTSUPP, -EOPNOTSUPP },
	{ "MODE_GETFB", DRM_IOCTL_MODE_GETFB, -EOPNOTSUPP, -EOPNOTSUPP },
	{ "MODE_CREATE_LEASE", DRM_IOCTL_MODE_CREATE_LEASE, -EACCES, -EACCES },
	{ "MODE_GET_LEASE", DRM_IOCTL_MODE_GET_LEASE, -EACCES, -EACCES },
	{ "MODE_CREATE_DUMB", DRM_IOCTL_MODE_CREATE_DUMB, -ENOSYS, -ENOSYS },
};

/* loads the module, which is built only for a kernel with our fix in its core */
static void bare_node(char *path, size_t size)
{
	static const char class[] = "/sys/devices/platform/qda-bare/accel";
	struct utsname u;
	struct dirent *entry;
	char file[256];
	DIR *dir;

	check(!uname(&u), "uname: %s", strerror(errno));
	snprintf(file, sizeof(file), "/lib/modules/%s/updates/qda_bare.ko", u.release);
	if (access(file, F_OK))
		skip_case("the core of this kernel has no fix, there would be an oops");
	if (!module_loaded("qda_bare"))
		module_load("qda_bare", "");
	dir = opendir(class);
	check(dir, "%s: %s", class, strerror(errno));
	path[0] = '\0';
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(path, size, "/dev/accel/%.60s", entry->d_name);
	closedir(dir);
	check(path[0], "%s has no node", class);
}

/* twice, as who is refused must not keep the lock; how many answers are wrong */
static int try_bare(const char *path, bool root)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), wrong = fd < 0;
	unsigned char mem[512];
	size_t i, n;

	if (wrong)
		print_message("%s: %s\n", path, strerror(errno));
	for (n = 0; n < 2 && fd >= 0; n++)
		for (i = 0; i < ARRAY_SIZE(bare_calls); i++) {
			const struct bare_call *c = &bare_calls[i];
			int err, want = root ? c->root : c->anybody;

			memset(mem, 0, sizeof(mem));
			err = plain_ioctl(fd, c->request, mem);
			if (err == want)
				continue;
			wrong++;
			print_message("%s: %s, not %s\n", c->name, err_name(err),
				      err_name(want));
		}
	if (fd >= 0)
		close(fd);
	return wrong;
}

static int bare_child(void *arg)
{
	int wrong;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	wrong = try_bare(arg, false);
	fflush(NULL);
	return wrong;
}

static void test_bare(const void *arg)
{
	char path[80];

	bare_node(path, sizeof(path));
	if (!arg) {
		check_eq(try_bare(path, true), 0);
	} else {
		check(!chmod(path, 0666), "%s: %s", path, strerror(errno));
		check_eq(child_run(bare_child, path, 20000), 0);
	}
	check_eq(module_unload("qda_bare", 2000), 0);
}

/* all of them with garbage: whatever it answers, it answers, and goes on */
static void test_bare_all(const void *arg)
{
	static const unsigned char fills[] = { 0, 1, 0xff };
	struct drm_version v = { 0 };
	unsigned char mem[512];
	char path[80];
	size_t i, n;
	int fd;

	(void)arg;
	bare_node(path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0, "%s: %s", path, strerror(errno));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		for (n = 0; n < sizeof(fills); n++) {
			memset(mem, fills[n], sizeof(mem));
			plain_ioctl(fd, refused[i].request, mem);
		}
		plain_ioctl(fd, refused[i].request, NULL);
	}
	check_eq(plain_ioctl(fd, DRM_IOCTL_VERSION, &v), 0);
	check_eq(v.version_major, 1);
	close(fd);
	check_eq(try_bare(path, true), 0);
	check_eq(module_unload("qda_bare", 2000), 0);
}

int main(void)
{
	char name[64];
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		snprintf(name, sizeof(name), "refused-%s", refused[i].name);
		for (n = 8; name[n]; n++)
			name[n] = name[n] == '_' ? '-' :
				  name[n] >= 'A' && name[n] <= 'Z' ?
				  (char)(name[n] - 'A' + 'a') : name[n];
		add_case(name, test_refused, &refused[i]);
	}
	add_case("refused-storm", test_storm, NULL);
	add_case("sweep", test_sweep, NULL);
	add_case("allowed", test_allowed, NULL);
	add_case("file-operations", test_file, NULL);
	add_case("bare-root", test_bare, NULL);
	add_case("bare-anybody", test_bare, "anybody");
	add_case("bare-all", test_bare_all, NULL);
	return run_kernel_cases("corecalls");
}
