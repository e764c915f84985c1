// SPDX-License-Identifier: MIT
/*
 * The far end of the virtual transport ends: closed, killed, inherited, while calls and
 * accesses are on their way. The driver finds out, nobody hangs, the next firmware
 * starts afresh, and the other DSP's sessions go on.
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "far.h"

#define PAGE		4096UL
#define ODD_SIZE	0x23000

static struct far far;
static struct witness witness;

/* does the driver have this DSP (a client of it is open)? */
static bool is_up(void)
{
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_MAGIC };

	return call(far.client, DRM_IOCTL_QDA_QUERY, &q) != -ENODEV;
}

static void attach_start(struct job *job, struct drm_qda_session_attach *attach)
{
	*attach = (struct drm_qda_session_attach){ .pd = DRM_QDA_PD_ROOT };
	job_start(job, far.client, DRM_IOCTL_QDA_SESSION_ATTACH, attach);
}

/* --- who owns it ------------------------------------------------------------- */

static void test_owner(const void *arg)
{
	int fd, copy;
	void *ptr;

	(void)arg;
	far_open(&far);
	fd = far_file(O_RDWR);
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_OWN, NULL), -EBUSY);
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_OWN, NULL), -EBUSY);
	close(fd);
	check(is_up(), "another file's close took the channel away");
	/* a copy is the same file, and so is a window of it */
	copy = dup(far.fd);
	ptr = far_window(far.fd, far.sid, 0, PAGE);
	check(ptr, "mmap: %s", strerror(errno));
	close(far.fd);
	check(is_up(), "the channel went before its last descriptor");
	close(copy);
	check(is_up(), "the channel went before its last window");
	munmap(ptr, PAGE);
	wait_lost(far.client);
	dev_close(far.client);
	far_leave();
	far.fd = 0;
	/* and can be had again at once */
	far_open(&far);
	far_close(&far);
}

static int child_inherits(void *arg)
{
	const struct far *f = arg;

	/* it is no other owner, and its end is not the file's */
	return plain_ioctl(f->fd, QDA_SIM_IOC_OWN, NULL) == -EBUSY ? 0 : 1;
}

static void test_fork(const void *arg)
{
	struct drm_qda_session_attach attach;
	struct job job;
	int fds[2];
	pid_t pid;
	char byte;

	(void)arg;
	far_open(&far);
	check_eq(child_run(child_inherits, &far, SOON_MS), 0);
	check(is_up(), "a child's end took the channel away");
	attach_start(&job, &attach);
	check_eq(far_answer(&far, far_message(&far), 0), 0);
	check_eq(job_join(&job), 0);
	/* the parent goes first: the channel is the child's */
	check(!pipe2(fds, O_CLOEXEC), "pipe");
	pid = fork();
	check(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) != 0);
	}
	close(fds[0]);
	close(far.fd);
	check(is_up(), "the channel went though a child holds it");
	close(fds[1]);
	wait_lost(far.client);
	check_eq(waitpid(pid, NULL, 0), pid);
	dev_close(far.client);
	far_leave();
	far.fd = 0;
}

/* --- calls on their way -------------------------------------------------------- */

static void test_close_in_flight(const void *arg)
{
	struct drm_qda_session_attach attach;
	struct far_buffer b;
	struct job job;

	(void)arg;
	witness_start(&witness);
	far_open(&far);
	far_buffer_new(&far, &b, ODD_SIZE);
	attach_start(&job, &attach);
	far_message(&far);
	close(far.fd);
	check_eq(job_join(&job), -EPIPE);
	wait_lost(far.client);
	/* memory outlives it */
	b.mem[ODD_SIZE - 1] = 1;
	gem_unmap(b.mem, b.size);
	dev_close(far.client);
	far_leave();
	far.fd = 0;
	/* what was left of it is not the next one's */
	far_open(&far);
	attach_start(&job, &attach);
	check_eq(far_answer(&far, far_message(&far), 0), 0);
	check_eq(job_join(&job), 0);
	far_close(&far);
	witness_stop(&witness);
}

struct holder {
	int fds[2];
	bool reads;
};

/* a firmware that takes a message and is busy with memory ever after */
static int child_holds(void *arg)
{
	struct holder *h = arg;
	struct qda_sim_maps maps = { .sid = 7 };
	struct qda_sim_record r = { 0 };
	static uint8_t bytes[ODD_SIZE];
	int fd = far_file(O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (plain_ioctl(fd, QDA_SIM_IOC_OWN, NULL))
		return 1;
	while (r.type != QDA_SIM_RECORD_MSG)
		if (read(fd, &r, sizeof(r)) != sizeof(r))
			return 2;
	if (write(h->fds[1], &r, 1) != 1)
		return 3;
	while (h->reads) {
		plain_ioctl(fd, QDA_SIM_IOC_MAPS, &maps);
		far_access(fd, 7, 0, 0xfff00000, ODD_SIZE, bytes, NULL);
	}
	/* or sleeps in its read, for what nobody sends */
	while (read(fd, &r, sizeof(r)) > 0)
		;
	return 4;
}

static void test_kill(const void *arg)
{
	struct holder h = { .reads = arg != NULL };
	struct drm_qda_session_attach attach;
	struct job job;
	int status = 0;
	pid_t pid;
	char byte;

	witness_start(&witness);
	close(far_file(O_RDWR));
	check(!pipe2(h.fds, O_CLOEXEC), "pipe");
	fflush(NULL);
	pid = fork();
	check(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		_exit(child_holds(&h));
	close(h.fds[1]);
	far_enter();
	far.client = dev_open();
	attach_start(&job, &attach);
	check_eq(read(h.fds[0], &byte, 1), 1);
	check(!job_done(&job), "the call ended by itself");
	kill(pid, SIGKILL);
	check_eq(child_wait(pid, SOON_MS, &status), 0);
	check(WIFSIGNALED(status), "the firmware ended by itself, status %#x", status);
	check_eq(job_join(&job), -EPIPE);
	wait_lost(far.client);
	close(h.fds[0]);
	dev_close(far.client);
	far_leave();
	far_open(&far);
	far_close(&far);
	witness_stop(&witness);
}

/* --- who waits ---------------------------------------------------------------- */

static void on_signal(int sig)
{
	(void)sig;
}

struct reader {
	pthread_t thread;
	int fd, err, done;
};

static void *reader_main(void *arg)
{
	struct reader *reader = arg;
	struct qda_sim_record r;

	while (read(reader->fd, &r, sizeof(r)) > 0)
		;
	reader->err = -errno;
	__atomic_store_n(&reader->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* a read that waits keeps its file, whatever becomes of the descriptor */
static void test_reader(const void *arg)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reader reader = { 0 };
	int64_t end = soon();

	(void)arg;
	far_open(&far);
	fcntl(far.fd, F_SETFL, 0);
	sigaction(SIGUSR1, &action, NULL);
	reader.fd = far.fd;
	check(!pthread_create(&reader.thread, NULL, reader_main, &reader), "no thread");
	sim_channel(false);
	sim_channel(true);
	wait_node();
	check(!__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE), "the channel ended a read");
	dev_close(far.client);
	far.client = dev_open();
	close(far.fd);
	sleep_ms(20);
	check(is_up(), "the channel went below a read");
	while (!__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE)) {
		check(monotonic_ns() < end, "a signal does not interrupt the read");
		pthread_kill(reader.thread, SIGUSR1);
		sleep_ms(5);
	}
	pthread_join(reader.thread, NULL);
	/* the last round has no descriptor any more */
	check(reader.err == -EINTR || reader.err == -EBADF, "read: %s",
	      err_name(reader.err));
	wait_lost(far.client);
	dev_close(far.client);
	far_leave();
	far.fd = 0;
}

/* --- all at once --------------------------------------------------------------- */

static int storm_stop;

struct storm {
	pthread_t thread;
	unsigned int sid;
	unsigned long good, bad;
	int wrong;		/* an error that cannot be */
};

static void storm_result(struct storm *st, int err)
{
	if (!err)
		st->good++;
	else
		st->bad++;
	if (err && err != -EFAULT && err != -ENODEV && err != -ENOTCONN && err != -EBUSY)
		st->wrong = err;
}

static bool storm_over(void)
{
	return __atomic_load_n(&storm_stop, __ATOMIC_ACQUIRE);
}

/* memory by ioctl, wherever something is mapped */
static void *storm_access(void *arg)
{
	struct storm *st = arg;
	struct qda_sim_range ranges[64];
	uint8_t page[PAGE];
	int fd = far_file(O_RDWR);
	uint32_t n;

	while (!storm_over()) {
		struct qda_sim_maps maps = {
			.sid = st->sid, .max = ARRAY_SIZE(ranges),
			.ranges = (uintptr_t)ranges,
		};
		int err = plain_ioctl(fd, QDA_SIM_IOC_MAPS, &maps);

		storm_result(st, err);
		for (n = 0; !err && n < maps.num && n < ARRAY_SIZE(ranges); n++)
			storm_result(st, far_access(fd, st->sid, 0, ranges[n].addr,
						    sizeof(page), page, NULL));
	}
	close(fd);
	return NULL;
}

/* the same by windows, which come and go */
static void *storm_window(void *arg)
{
	struct storm *st = arg;
	int fd = far_file(O_RDWR), null = memfd_create("storm", MFD_CLOEXEC);
	struct qda_sim_range range = { 0 };
	uint8_t *ptr;

	while (!storm_over()) {
		struct qda_sim_maps maps = {
			.sid = st->sid, .max = 1, .ranges = (uintptr_t)&range,
		};

		storm_result(st, plain_ioctl(fd, QDA_SIM_IOC_MAPS, &maps));
		ptr = far_window(fd, st->sid, range.addr, 32 * PAGE);
		if (!ptr)
			continue;
		/* copied by the kernel: a fault is an error */
		storm_result(st, pwrite(null, ptr, 32 * PAGE, 0) < 0 ? -errno : 0);
		storm_result(st, pread(null, ptr, 1, 0) < 0 ? -errno : 0);
		munmap(ptr, 32 * PAGE);
	}
	close(null);
	close(fd);
	return NULL;
}

/* a client whose buffers are what the others look at */
static void *storm_client(void *arg)
{
	struct storm *st = arg;
	int fd, n;

	while (!storm_over()) {
		fd = open(dev->path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			sleep_ms(1);
			continue;
		}
		for (n = 0; n < 20; n++) {
			struct drm_qda_gem_create c = { .size = (uint64_t)(n % 5 + 1) << 13 };
			int err = call(fd, DRM_IOCTL_QDA_GEM_CREATE, &c);

			storm_result(st, err);
			if (!err && n % 3)
				gem_close(fd, c.handle);
		}
		close(fd);
	}
	return NULL;
}

static void test_storm(const void *arg)
{
	void *(*const mains[])(void *) = { storm_access, storm_window, storm_client };
	struct storm storms[ARRAY_SIZE(mains)] = { 0 };
	struct chance c = { chance_seed() };
	/* it takes the slower one a second to come back */
	unsigned int pause = is_debug_kernel() ? 500 : 30, downs = 0, deaths = 0;
	int64_t end;
	size_t n;

	(void)arg;
	take_time();
	witness_start(&witness);
	far_open(&far);
	storm_stop = 0;
	for (n = 0; n < ARRAY_SIZE(mains); n++) {
		storms[n].sid = far.sid;
		check(!pthread_create(&storms[n].thread, NULL, mains[n], &storms[n]),
		      "no thread");
	}
	end = monotonic_ns() + (int64_t)fuzz_seconds(is_debug_kernel() ? 5 : 3) * 1000000000;
	while (monotonic_ns() < end || !storms[0].good || !storms[1].good || !downs ||
	       !deaths) {
		uint64_t garbage = chance_next(&c);
		uint32_t up = chance_below(&c, 2);

		check(monotonic_ns() < end + 60000000000LL, "nothing is ever mapped, or lost");
		sleep_ms(chance_below(&c, pause));
		switch (chance_below(&c, 4)) {
		case 0:
			plain_ioctl(far.fd, QDA_SIM_IOC_CHANNEL, &up);
			downs += !up;
			break;
		case 1:
			/* and the next one is there at once */
			close(far.fd);
			far.fd = far_file(O_RDWR | O_NONBLOCK);
			check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_OWN, NULL), 0);
			deaths++;
			break;
		default:
			far_write(far.fd, chance_below(&c, 9), &garbage, sizeof(garbage));
			up = 1;
			plain_ioctl(far.fd, QDA_SIM_IOC_CHANNEL, &up);
		}
	}
	__atomic_store_n(&storm_stop, 1, __ATOMIC_RELEASE);
	for (n = 0; n < ARRAY_SIZE(mains); n++)
		pthread_join(storms[n].thread, NULL);
	print_message("%u times down, %u other firmwares; %lu and %lu looks at memory, "
		      "%lu and %lu of them good\n", downs, deaths,
		      storms[0].good + storms[0].bad, storms[1].good + storms[1].bad,
		      storms[0].good, storms[1].good);
	for (n = 0; n < ARRAY_SIZE(mains); n++)
		check(!storms[n].wrong, "thread %zu: %s", n, err_name(storms[n].wrong));
	sim_channel(true);
	wait_node();
	far_close(&far);
	witness_stop(&witness);
	check_healthy();
}

int main(void)
{
	add_case("owner", test_owner, NULL);
	add_case("fork", test_fork, NULL);
	add_case("close-in-flight", test_close_in_flight, NULL);
	add_case("kill-reader", test_kill, NULL);
	add_case("kill-busy", test_kill, "busy");
	add_case("reader", test_reader, NULL);
	add_case("storm", test_storm, NULL);
	return run_kernel_cases("simloss");
}
