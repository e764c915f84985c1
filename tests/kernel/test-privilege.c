// SPDX-License-Identifier: MIT
/*
 * Users: what the node's mode lets through, what a file may do that a user has opened,
 * and a file that changes hands. Whose privilege counts is who opened the file.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "users.h"

#define ATTACH	DRM_IOCTL_QDA_SESSION_ATTACH
#define CREATE	DRM_IOCTL_QDA_REMOTE_SESSION_CREATE
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE

#define PAGE	4096UL
#define UNSIGNED DRM_QDA_PD_UNSIGNED

static void node_mode(gid_t group, mode_t mode)
{
	int fd = dev_open();

	check(!fchown(fd, 0, group) && !fchmod(fd, mode), "%s: %s", dev->path,
	      strerror(errno));
	dev_close(fd);
}

/* in a user's process: the node itself, which is not in the frame's list */
static int node_open(void)
{
	int fd = open(dev->path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int my_node(void)
{
	int fd = node_open();

	must(fd < 0 ? fd : 0, 0);
	return fd;
}

static uint64_t features_of(int fd)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_FEATURES };

	must(call(fd, DRM_IOCTL_QDA_QUERY, &q), 0);
	return q.value;
}

static int create(int fd, uint32_t attrs)
{
	int32_t status = 0;
	int err = create_pd(fd, attrs, &status);

	return err ? err : status;
}

static int attach(int fd, uint32_t pd, const char *name)
{
	struct drm_qda_session_attach a = { .pd = pd };
	int err;

	memcpy(a.name, name, strlen(name));
	err = call(fd, ATTACH, &a);
	return err ? err : a.status;
}

static int release(int fd)
{
	return call(fd, RELEASE, &(struct drm_qda_remote_session_release){ 0 });
}

/* a call without arguments: a status, or an errno */
static int call_of(int fd, uint32_t handle, uint32_t method)
{
	struct drm_qda_remote_invoke i = {
		.stride = sizeof(struct drm_qda_arg), .handle = handle,
		.scalars = DRM_QDA_SCALARS(method, 0, 0, 0, 0),
	};
	int err = call(fd, INVOKE, &i);

	return err ? err : i.status;
}

/* --- the node ------------------------------------------------------------- */

static void cannot_open(int sock)
{
	(void)sock;
	must(node_open(), -EACCES);
}

static void can_open(int sock)
{
	(void)sock;
	close(my_node());
}

/* as on every node of DRM, ioctls ask for no right to write: half a mode is a whole one */
static void can_read(int sock)
{
	int fd = open(dev->path, O_RDONLY | O_CLOEXEC);

	(void)sock;
	must(node_open(), -EACCES);
	must(fd >= 0, true);
	must(create(fd, 0), -EPERM);
	must(create(fd, UNSIGNED), 0);
}

static void test_node(const void *arg)
{
	(void)arg;
	node_mode(0, 0600);
	as_user(ALICE, cannot_open);
	as_user(0, can_open);
	node_mode(0, 0660);
	as_user(ALICE, cannot_open);
	node_mode(RENDER, 0660);
	as_user(ALICE, can_open);
	as_user(BOB, can_open);
	node_mode(RENDER, 0640);
	as_user(ALICE, can_read);
	node_mode(0, 0666);
	as_user(ALICE, can_open);
}

/* --- what a user may ------------------------------------------------------- */

static const struct bad_field *row;

static void user_creates(int sock)
{
	struct drm_qda_remote_session_create good = { .attrs = UNSIGNED }, c = good;
	int fd = my_node(), other = my_node();

	(void)sock;
	must(features_of(fd) & DRM_QDA_FEATURE_PRIVILEGED, 0);
	must(features_of(fd) & DRM_QDA_FEATURE_UNSIGNED_PD, DRM_QDA_FEATURE_UNSIGNED_PD);
	/* with this alone it works */
	must(call(fd, CREATE, &c), 0);
	must(c.status, 0);
	c = good;
	set_field(&c, row);
	must(call(other, CREATE, &c), row->err);
	/* it has cost nothing */
	c = good;
	must(call(other, CREATE, &c), row->err ? 0 : -EALREADY);
}

static void test_create(const void *arg)
{
	row = arg;
	node_mode(RENDER, 0660);
	as_user(ALICE, user_creates);
}

static const struct bad_field attributes[] = {
	BAD("signed", drm_qda_remote_session_create, attrs, 0, -EPERM),
	BAD("debug", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_DEBUG, -EPERM),
	BAD("ptrace", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_PTRACE, -EPERM),
	BAD("system", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_SYSTEM, -EPERM),
	BAD("privileged", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_PRIVILEGED, -EPERM),
	BAD("system-unsigned", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_SYSTEM_UNSIGNED, -EPERM),
	BAD("qos", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_ADAPTIVE_QOS, 0),
	BAD("dump", drm_qda_remote_session_create, attrs,
	    UNSIGNED | DRM_QDA_PD_DUMP, 0),
};

struct target {
	const char *dsp;
	uint32_t pd;
	const char *name;
};

static const struct target root_pd = { "cdsp", DRM_QDA_PD_ROOT, "" };
static const struct target static_pd = { "adsp", DRM_QDA_PD_STATIC, "audiopd" };
static const struct target sensors_pd = { "sdsp", DRM_QDA_PD_SENSORS, "" };
static const struct target *target;

static void user_attaches(int sock)
{
	int fd = my_node();

	(void)sock;
	must(attach(fd, target->pd, target->name), -EPERM);
	/* what is wrong is still told as that */
	must(attach(fd, target->pd, target->pd == DRM_QDA_PD_STATIC ? "" : "x"), -EINVAL);
}

static void test_attach(const void *arg)
{
	int fd;

	target = arg;
	use_device(target->dsp, "");
	node_mode(RENDER, 0660);
	fd = dev_open();
	check_eq(attach(fd, target->pd, target->name), 0);
	dev_close(fd);
	as_user(ALICE, user_attaches);
}

/* --- a file that changes hands ---------------------------------------------- */

/* the file is privileged and the PD there; nothing more is to be had from it */
static void nothing_more(int fd)
{
	must(create(fd, 0), -EALREADY);
	must(create(fd, DRM_QDA_PD_SYSTEM), -EALREADY);
	must(attach(fd, DRM_QDA_PD_ROOT, ""), -EALREADY);
}

/* an open file of one's own is as poor as ever */
static void poor_myself(void)
{
	int fd = my_node();

	must(features_of(fd) & DRM_QDA_FEATURE_PRIVILEGED, 0);
	must(create(fd, 0), -EPERM);
	must(attach(fd, DRM_QDA_PD_ROOT, ""), -EPERM);
	if (features_of(fd) & DRM_QDA_FEATURE_UNSIGNED_PD)
		must(create(fd, UNSIGNED), 0);
	close(fd);
}

static void receiver(int sock)
{
	struct drm_qda_gem_create gem = { .size = PAGE };
	struct letter letter;
	uint64_t offset = 0;
	char end;
	void *mem;
	int fd;

	must(receive_letter(sock, &letter, &fd), 0);
	must(fd >= 0, true);
	/* the broker has closed its own and says so */
	must(recv(sock, &end, 1, 0), 1);
	if (letter.bench) {
		must(call_of(fd, letter.bench, BENCH_NOOP), 0);
		/* memory of one's own in it */
		must(call(fd, DRM_IOCTL_QDA_GEM_CREATE, &gem), 0);
		must(gem_offset(fd, gem.handle, &offset), 0);
		mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   (off_t)offset);
		must(mem == MAP_FAILED, false);
		memset(mem, 0x5a, PAGE);
	} else {
		/* it answers: there is no such method */
		must(call_of(fd, 0, 30) > 0 || call_of(fd, 0, 30) < -4095, true);
	}
	nothing_more(fd);
	poor_myself();
	/* the end of the PD is no way to another */
	must(release(fd), 0);
	must(create(fd, 0), -ECANCELED);
	must(attach(fd, DRM_QDA_PD_ROOT, ""), -ECANCELED);
}

static void hand_over(struct user *user, int fd, uint32_t bench)
{
	struct letter letter = { .bench = bench };

	check(!send_letter(user->sock, &letter, fd), "the descriptor was not sent");
	dev_close(fd);
	check_eq(send(user->sock, "", 1, MSG_NOSIGNAL), 1);
	user_end(user);
}

static void test_broker_signed(const void *arg)
{
	struct user user;
	struct sess s;

	(void)arg;
	node_mode(RENDER, 0660);
	user = user_start(ALICE, receiver);
	sess_open_bench(&s);
	gem_unmap(s.mem, WORK_SIZE);
	hand_over(&user, s.fd, s.bench);
}

static void test_broker_attach(const void *arg)
{
	struct user user;
	int fd;

	target = arg;
	use_device(target->dsp, "");
	node_mode(0, 0666);
	user = user_start(ALICE, receiver);
	fd = dev_open();
	check_eq(attach(fd, target->pd, target->name), 0);
	hand_over(&user, fd, 0);
}

/* an empty one, on the other hand, is worth as much as its opener */
static void empty_receiver(int sock)
{
	struct letter letter;
	int fd;

	must(receive_letter(sock, &letter, &fd), 0);
	must(features_of(fd) & DRM_QDA_FEATURE_PRIVILEGED, DRM_QDA_FEATURE_PRIVILEGED);
	must(create(fd, letter.attrs), 0);
	nothing_more(fd);
}

static void test_broker_empty(const void *arg)
{
	struct letter letter = { .attrs = DRM_QDA_PD_SYSTEM };
	struct user user;
	int fd;

	(void)arg;
	node_mode(0, 0600);
	user = user_start(ALICE, empty_receiver);
	fd = dev_open();
	check(!send_letter(user.sock, &letter, fd), "the descriptor was not sent");
	dev_close(fd);
	user_end(&user);
}

/* --- a file that a user opened ---------------------------------------------- */

static void giver(int sock)
{
	struct letter letter = { .pid = getpid() };
	char end;

	must(send_letter(sock, &letter, my_node()), 0);
	/* until the other one is done */
	must(recv(sock, &end, 1, 0), 1);
}

static void test_not_promoted(const void *arg)
{
	struct letter letter;
	struct user user;
	uint64_t features;
	int fd, own;

	(void)arg;
	node_mode(RENDER, 0660);
	user = user_start(ALICE, giver);
	check(!receive_letter(user.sock, &letter, &fd) && fd >= 0, "no descriptor came");
	own = dev_open();
	features = query(own, DRM_QDA_QUERY_FEATURES, 0);
	check(features & DRM_QDA_FEATURE_PRIVILEGED, "root is not privileged");
	check_eq(query(fd, DRM_QDA_QUERY_FEATURES, 0),
		 features & ~(uint64_t)DRM_QDA_FEATURE_PRIVILEGED);
	check_eq(create(fd, 0), -EPERM);
	check_eq(create(fd, UNSIGNED | DRM_QDA_PD_SYSTEM), -EPERM);
	check_eq(attach(fd, DRM_QDA_PD_ROOT, ""), -EPERM);
	check_eq(create(fd, UNSIGNED), 0);
	/* root's own file would have */
	check_eq(create(own, 0), 0);
	close(fd);
	dev_close(own);
	check_eq(send(user.sock, "", 1, MSG_NOSIGNAL), 1);
	user_end(&user);
}

/* opened first, given up afterwards: what is open stays what it was */
static void opens_then_drops(int sock)
{
	int before = my_node(), signed_fd = my_node();

	(void)sock;
	become(ALICE);
	must(create(signed_fd, 0), 0);
	must(attach(before, DRM_QDA_PD_ROOT, ""), 0);
	poor_myself();
}

/* the other way round, with what seteuid() leaves to come back by */
static void drops_then_opens(int sock)
{
	int fd;

	(void)sock;
	must(setegid(RENDER), 0);
	must(seteuid(ALICE), 0);
	fd = my_node();
	must(seteuid(0), 0);
	must(create(fd, 0), -EPERM);
	must(attach(fd, DRM_QDA_PD_ROOT, ""), -EPERM);
	must(create(fd, UNSIGNED), 0);
	fd = my_node();
	must(create(fd, 0), 0);
}

static void test_setuid(const void *arg)
{
	(void)arg;
	node_mode(RENDER, 0660);
	as_user(0, opens_then_drops);
	as_user(0, drops_then_opens);
}

/* no root, but what a service manager gives a broker: one capability */
static void is_capable(int sock)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = {
		{ .effective = 1U << CAP_SYS_ADMIN, .permitted = 1U << CAP_SYS_ADMIN },
	};
	const gid_t groups[] = { RENDER };
	int fd;

	(void)sock;
	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	must(setgroups(1, groups), 0);
	must(setresgid(ALICE, ALICE, ALICE), 0);
	must(setresuid(ALICE, ALICE, ALICE), 0);
	must(syscall(SYS_capset, &head, caps), 0);
	fd = my_node();
	memset(caps, 0, sizeof(caps));
	must(syscall(SYS_capset, &head, caps), 0);
	must(create(fd, 0), 0);
	poor_myself();
}

static void test_capability(const void *arg)
{
	(void)arg;
	node_mode(RENDER, 0660);
	as_user(0, is_capable);
}

/* --- two users --------------------------------------------------------------- */

/* has a session with a secret in its memory, and tells where everything is */
static void victim(int sock)
{
	struct letter letter = { .pid = getpid() };
	struct drm_qda_gem_create gem = { .size = PAGE };
	struct drm_qda_remote_invoke i = {
		.stride = sizeof(struct drm_qda_arg), .flags = DRM_QDA_INVOKE_ASYNC,
		.scalars = DRM_QDA_SCALARS(30, 0, 0, 0, 0),
	};
	struct drm_gem_flink flink = { 0 };
	int fd = my_node(), n, buf = -1;
	uint8_t *mem;
	char end;

	must(create(fd, UNSIGNED), 0);
	/* a handle that the other one has not */
	for (n = 0; n < 8; n++)
		must(call(fd, DRM_IOCTL_QDA_GEM_CREATE, &gem), 0);
	letter.handle = flink.handle = gem.handle;
	must(gem_offset(fd, gem.handle, &letter.offset), 0);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)letter.offset);
	must(mem == MAP_FAILED, false);
	memset(mem, 0x77, PAGE);
	must(call(fd, INVOKE, &i), 0);
	letter.ticket = i.ticket;
	letter.fd = fd;
	/* no name for everybody can be given to a buffer */
	must(call(fd, DRM_IOCTL_GEM_FLINK, &flink), -EOPNOTSUPP);
	must(prime_export(fd, gem.handle, O_RDWR | O_CLOEXEC, &buf), 0);
	must(send_letter(sock, &letter, buf), 0);
	must(recv(sock, &end, 1, 0), 1);
	for (n = 0; n < (int)PAGE; n++)
		must(mem[n], n ? 0x77 : 0x78);
	must(wait_ticket(fd, letter.ticket, -1, NULL), 0);
}

static void reach_process(const struct letter *letter)
{
	char path[64];
	int pidfd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)letter->pid, letter->fd);
	must(open(path, O_RDWR | O_CLOEXEC), -1);
	must(errno, EACCES);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)letter->pid);
	must(open(path, O_RDONLY | O_CLOEXEC), -1);
	must(errno, EACCES);
	pidfd = (int)syscall(SYS_pidfd_open, letter->pid, 0);
	must(pidfd >= 0, true);
	must(syscall(SYS_pidfd_getfd, pidfd, letter->fd, 0), -1);
	must(errno, EPERM);
	close(pidfd);
}

/* each use a handle can be put to, in this order; the same for one's own and hers */
static void use_handle(int fd, uint32_t handle, int err)
{
	struct drm_qda_remote_map m = {
		.length = PAGE, .handle = handle, .type = DRM_QDA_MAP_FD,
		.flags = DRM_QDA_MAP_DSP_ID, .dsp_id = 4711,
	};
	struct drm_qda_arg arg = arg_of(handle, 0, 16);
	struct drm_qda_remote_invoke i = {
		.args = (uintptr_t)&arg, .num_args = 1, .stride = sizeof(arg),
		.scalars = DRM_QDA_SCALARS(30, 1, 0, 0, 0),
	};
	int buf = -1;
	uint64_t offset;

	must(gem_offset(fd, handle, &offset), err);
	must(prime_export(fd, handle, O_RDWR | O_CLOEXEC, &buf), err);
	must(call(fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), err);
	must(call(fd, INVOKE, &i), err);
	if (buf >= 0)
		close(buf);
}

static void reach_objects(int fd, const struct letter *letter)
{
	struct drm_qda_gem_create own = { .size = PAGE };
	struct drm_qda_remote_session_create c = {
		.attrs = UNSIGNED, .handle = letter->handle, .length = PAGE,
	};
	uint32_t name;
	void *mem;
	int other;

	must(call(fd, DRM_IOCTL_QDA_GEM_CREATE, &own), 0);
	must(own.handle == letter->handle, false);
	use_handle(fd, own.handle, 0);
	use_handle(fd, letter->handle, -ENOENT);
	other = my_node();
	must(call(other, CREATE, &c), -ENOENT);
	close(other);
	must(wait_ticket(fd, letter->ticket, 0, NULL), -ENOENT);
	for (name = 1; name < 16; name++) {
		struct drm_gem_open o = { .name = name };

		must(call(fd, DRM_IOCTL_GEM_OPEN, &o), -EOPNOTSUPP);
	}
	/* offsets are the device's, and the file is asked whether it has the buffer */
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)letter->offset);
	must(mem == MAP_FAILED, true);
	must(errno, EACCES);
}

static void intruder(int sock)
{
	struct letter letter;
	uint32_t handle = 0;
	int fd, buf;
	uint64_t offset = 0;
	uint8_t *mem;

	/* without what Alice gave of her own will */
	must(receive_letter(sock, &letter, &buf), 0);
	must(buf, -1);
	fd = my_node();
	must(create(fd, UNSIGNED), 0);
	reach_process(&letter);
	reach_objects(fd, &letter);

	/* and with it, that one buffer */
	must(receive_letter(sock, &letter, &buf), 0);
	must(buf >= 0, true);
	must(prime_import(fd, buf, &handle), 0);
	must(gem_offset(fd, handle, &offset), 0);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (mem == MAP_FAILED)
		mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	must(mem == MAP_FAILED, false);
	must(mem[0], 0x77);
	mem[0]++;
}

static void test_two_users(const void *arg)
{
	struct user alice, bob;
	struct letter letter;
	int buf;

	(void)arg;
	node_mode(RENDER, 0660);
	alice = user_start(ALICE, victim);
	bob = user_start(BOB, intruder);
	check(!receive_letter(alice.sock, &letter, &buf) && buf >= 0, "Alice says nothing");
	check(!send_letter(bob.sock, &letter, -1), "Bob does not listen");
	check(!send_letter(bob.sock, &letter, buf), "Bob does not listen");
	close(buf);
	user_end(&bob);
	check_eq(send(alice.sock, "", 1, MSG_NOSIGNAL), 1);
	user_end(&alice);
}

int main(void)
{
	add_case("node", test_node, NULL);
	add_rows("create", attributes, test_create);
	add_case("attach-root", test_attach, &root_pd);
	add_case("attach-static", test_attach, &static_pd);
	add_case("attach-sensors", test_attach, &sensors_pd);
	add_case("broker-signed", test_broker_signed, NULL);
	add_case("broker-root", test_broker_attach, &root_pd);
	add_case("broker-static", test_broker_attach, &static_pd);
	add_case("broker-empty", test_broker_empty, NULL);
	add_case("not-promoted", test_not_promoted, NULL);
	add_case("setuid", test_setuid, NULL);
	add_case("capability", test_capability, NULL);
	add_case("two-users", test_two_users, NULL);
	return run_kernel_cases("privilege");
}
