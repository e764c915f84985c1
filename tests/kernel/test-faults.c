// SPDX-License-Identifier: MIT
/*
 * Things that end while the DSP has them: processes, files, mappings, buffers, the
 * channel, the driver. What the DSP may touch stays until it has answered or is gone;
 * nobody waits for ever, nothing is left, and other sessions notice nothing.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/wait.h>

#include "attack.h"

#define BIG	0x40000

static struct sess s;

/* --- what the DSP holds -------------------------------------------------- */

/* an asynchronous echo of another buffer, whose reply is kept */
static uint64_t echo_held(unsigned int *ret_rule, uint32_t gem, char *info, size_t size)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;

	*ret_rule = steer_number("pause handle=%u sid=%u", s.bench, s.sid);
	i = echo_call(&s, args, arg_of(gem, 0, 64), arg_of(gem, 4096, 64));
	i.flags = DRM_QDA_INVOKE_ASYNC;
	check_eq(call(s.fd, INVOKE, &i), 0);
	wait_held(*ret_rule, 1, info, size);
	return i.ticket;
}

/* physical page behind a bus address, 0: nothing there */
static uint64_t page_at(uint64_t addr)
{
	uint64_t phys = 0;

	return sim_translate(s.sid, addr, &phys, NULL) ? 0 : phys;
}

static uint64_t peek64(uint64_t addr)
{
	char hex[64];
	uint64_t value = 0;
	unsigned int k, byte;

	steer(hex, sizeof(hex), "peek sid=%u addr=%#llx len=8", s.sid,
	      (unsigned long long)addr);
	for (k = 0; k < 8 && sscanf(hex + 2 * k, "%2x", &byte) == 1; k++)
		value |= (uint64_t)byte << (8 * k);
	return value;
}

/* bus address of the call's buffer that begins with this: its payload names it */
static uint64_t find_buffer(uint64_t mark, const char *info)
{
	uint64_t payload = held_value(info, "addr") & 0xffffffff, page;
	unsigned int n;

	for (n = 0; n < 0x200; n += 8) {
		page = peek64(payload + n) & 0xfffff000;
		if (page && page_at(page) && peek64(page) == mark)
			return page;
	}
	check(0, "no argument of the message is the buffer");
	return 0;
}

/*
 * GEM_CLOSE, munmap, both, and close of the file with a call on its way: the bus
 * address stays what it was until the answer.
 */
static void test_buffer_held(const void *arg)
{
	const uint64_t mark = 0x6b72616d2073696dULL ^ (uint64_t)monotonic_ns() << 8;
	bool unmap = arg != NULL;
	char info[512];
	unsigned int rule;
	uint64_t ticket, bus, phys;
	uint8_t *mem;
	uint32_t gem;

	sess_open_bench(&s);
	gem = gem_new(s.fd, BIG);
	mem = gem_map(s.fd, gem, BIG);
	memcpy(mem, &mark, sizeof(mark));
	ticket = echo_held(&rule, gem, info, sizeof(info));
	bus = find_buffer(mark, info);
	phys = page_at(bus);
	check(phys, "the buffer is not in the bank");
	if (unmap)
		gem_unmap(mem, BIG);
	check_eq(gem_close(s.fd, gem), 0);
	check_eq(gem_close(s.fd, gem), -EINVAL);
	check_eq(page_at(bus), phys);
	/* fresh buffers come elsewhere */
	gem_close(s.fd, gem_new(s.fd, BIG));
	check_eq(page_at(bus), phys);
	steer(NULL, 0, "release %u", rule);
	check_eq(wait_ticket(s.fd, ticket, soon(), NULL), 0);
	check_eq(page_at(bus), 0);
	if (!unmap) {
		/* the process still has it */
		check(!memcmp(mem + 4096, &mark, sizeof(mark)), "other bytes");
		gem_unmap(mem, BIG);
	}
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

/* the same for a file that is closed: release, then the answer */
static void test_close_held(const void *arg)
{
	const uint64_t mark = 0x6b72616d2073696eULL ^ (uint64_t)monotonic_ns() << 8;
	unsigned int rule, release;
	struct witness w;
	char info[512];
	uint64_t bus, phys;
	uint8_t *mem;
	uint32_t gem;
	int64_t end;

	(void)arg;
	witness_start(&w);
	sess_open_bench(&s);
	gem = gem_new(s.fd, BIG);
	mem = gem_map(s.fd, gem, BIG);
	memcpy(mem, &mark, sizeof(mark));
	echo_held(&rule, gem, info, sizeof(info));
	bus = find_buffer(mark, info);
	phys = page_at(bus);
	release = steer_number("fail op=release hold=1 sid=%u", s.sid);
	gem_unmap(mem, BIG);
	sess_close(&s);
	wait_held(release, 1, NULL, 0);
	/* the DSP has not let go of the process: nothing moves */
	check_eq(page_at(bus), phys);
	sleep_ms(50);
	check_eq(page_at(bus), phys);
	steer(NULL, 0, "release %u", release);
	for (end = soon(); page_at(bus); sleep_ms(1))
		check(monotonic_ns() < end, "the buffer stays in the bank for ever");
	steer(NULL, 0, "release %u", rule);
	witness_stop(&w);
	check_healthy();
}

static int killed_child(void *arg)
{
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	(void)arg;
	return call(s.fd, INVOKE, &i) ? 1 : 0;
}

/*
 * A client is killed in its call; its file lives on in the parent, so the call is
 * that of a process that no longer is
 */
static void test_killed_in_call(const void *arg)
{
	unsigned int rule;
	pid_t pid;
	int status = 0;

	(void)arg;
	sess_open_bench(&s);
	rule = steer_number("hold handle=%u", s.bench);
	pid = fork();
	if (!pid)
		_exit(killed_child(NULL));
	check(pid > 0, "no child");
	wait_held(rule, 1, NULL, 0);
	kill(pid, SIGKILL);
	check_eq(child_wait(pid, SOON_MS, &status), 0);
	check(WIFSIGNALED(status), "the child was not killed: %#x", status);
	/* the reply of the orphan comes, and one more of the living */
	steer(NULL, 0, "release %u", rule);
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

/* a client with everything: PD, buffers, mappings, calls in flight of every kind */
static void busy_client(int ready)
{
	struct drm_qda_remote_invoke i;
	struct drm_qda_remote_map m;
	int n;

	sess_open_bench(&s);
	m = map_of(s.gem, 4);
	call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	for (n = 0; n < 8; n++)
		noop_submit(&s, n & 1 ? DRM_QDA_INVOKE_EVENT : 0, 0);
	if (write(ready, "", 1) != 1)
		_exit(1);
	i = noop_call(&s, 0);
	for (;;)
		call(s.fd, INVOKE, &i);
}

/* killed with replies kept; the DSP holds its memory until release is answered */
static void test_client_killed(const void *arg)
{
	bool lose = arg != NULL;
	unsigned int release;
	struct witness w;
	int p[2], fd, status;
	uint64_t before;
	char byte;
	pid_t pid;

	take_time();
	witness_start(&w);
	fd = dev_open();
	before = query(fd, DRM_QDA_QUERY_BANKS_FREE, 0);
	check(!pipe2(p, O_CLOEXEC), "no pipe");
	release = steer_number("fail op=release hold=1");
	pid = fork();
	if (!pid)
		busy_client(p[1]);
	check(read(p[0], &byte, 1) == 1, "the client did not start");
	close(p[0]);
	close(p[1]);
	sleep_ms(5);
	kill(pid, SIGKILL);
	check_eq(child_wait(pid, SOON_MS, &status), 0);
	wait_held(release, 1, NULL, 0);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), before - 1);
	sleep_ms(150);
	check_eq(query(fd, DRM_QDA_QUERY_BANKS_FREE, 0), before - 1);
	witness_stop(&w);
	if (lose) {
		/* no answer will come: the end of the channel is as good */
		sim_channel(false);
		dev_close(fd);
		channel_up();
	} else {
		steer(NULL, 0, "release %u", release);
		check_eq(wait_banks_free(fd, before + 1), before + 1);
		dev_close(fd);
	}
	check_healthy();
}

/* a REMOTE_MAP is cut off, and its undoing cannot be sent: true when it sleeps in there */
static bool cut_off_and_stall(void)
{
	struct drm_qda_remote_map m = map_of(s.gem, 7);
	unsigned int rule = steer_number("fail op=map hold=1 sid=%u", s.sid);
	struct job job;
	int64_t end;

	job_start(&job, s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
	wait_held(rule, 1, NULL, 0);
	job_signal(&job, 0);
	check_eq(job_join(&job), -EINTR);
	sim_stall(1);
	steer(NULL, 0, "release %u", rule);
	for (end = soon(); sim_number("stalled") != 1 && monotonic_ns() < end;)
		sleep_ms(1);
	return sim_number("stalled") == 1;
}

/* whoever asks the session something meanwhile has its answer at once */
static void test_stalled(const void *arg)
{
	struct drm_qda_set_option o = {
		.option = DRM_QDA_OPTION_MEMORY_LIMIT, .value = 1 << 28,
	};
	struct drm_qda_query q = { .type = DRM_QDA_QUERY_MEMORY };
	struct drm_qda_gem_create c = { .size = 4096 };
	struct drm_qda_remote_wait w = { .deadline = soon() };
	struct job jobs[3];
	bool slept, returned = false;
	int64_t end;
	int n;

	(void)arg;
	sess_open_bench(&s);
	check_eq(call(s.fd, DRM_IOCTL_QDA_SET_OPTION, &o), 0);
	/* asynchronous, and answered before the next one is sent */
	w.ticket = noop_submit(&s, 0, 0);
	check_eq(wait_ticket(s.fd, noop_submit(&s, 0, 0), soon(), NULL), 0);
	slept = cut_off_and_stall();
	job_start(&jobs[0], s.fd, DRM_IOCTL_QDA_QUERY, &q);
	job_start(&jobs[1], s.fd, DRM_IOCTL_QDA_GEM_CREATE, &c);
	job_start(&jobs[2], s.fd, DRM_IOCTL_QDA_REMOTE_WAIT, &w);
	for (end = monotonic_ns() + 10000000000LL; !returned && monotonic_ns() < end;) {
		sleep_ms(1);
		returned = job_done(&jobs[0]) && job_done(&jobs[1]) &&
			   job_done(&jobs[2]);
	}
	slept = slept && sim_number("stalled") == 1;
	sim_stall(0);
	for (n = 0; n < 3; n++)
		check_eq(job_join(&jobs[n]), 0);
	check(slept, "the undoing of the mapping did not wait for the channel");
	check(returned, "a call waited for a message that another one had sent");
	/* undone all the same */
	q.index = DRM_QDA_MEMORY_MAPPINGS;
	for (end = soon(), q.value = 1; q.value; sleep_ms(1)) {
		check(monotonic_ns() < end, "the mapping stays for ever");
		check_eq(call(s.fd, DRM_IOCTL_QDA_QUERY, &q), 0);
	}
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

/* a file that is closed, and a DSP that is lost, with the message still to be sent */
static void test_stalled_end(const void *arg)
{
	bool lose = arg != NULL, slept;

	sess_open_bench(&s);
	slept = cut_off_and_stall();
	if (lose) {
		sim_channel(false);
		sess_close(&s);
		channel_up();
	} else {
		sess_close(&s);
		sleep_ms(20);
		sim_stall(0);
	}
	check(slept, "the undoing of the mapping did not wait for the channel");
	check_healthy();
}

/* who tries again because the channel is full can be killed */
static void test_killed_without_room(const void *arg)
{
	const int64_t limit = 500000000;	/* half of what the driver tries for */
	int64_t start, took = limit;
	int n, status = 0;
	uint64_t before;
	pid_t pid;

	(void)arg;
	sess_open_bench(&s);
	/* a busy machine may be slow to end a process: not each time */
	for (n = 0; n < 5 && took >= limit; n++) {
		before = sim_number("refused");
		sim_stall(2);
		pid = fork();
		if (!pid)
			_exit(killed_child(NULL));
		for (start = soon(); sim_number("refused") == before; sleep_ms(1))
			if (monotonic_ns() > start)
				break;
		start = monotonic_ns();
		if (pid > 0)
			kill(pid, SIGKILL);
		child_wait(pid, SOON_MS, &status);
		took = monotonic_ns() - start;
		sim_stall(0);
		check(WIFSIGNALED(status), "the child was not killed: %#x", status);
	}
	check(took < limit, "the child went on for %lld ms",
	      (long long)took / 1000000);
	check_session(&s);
	sess_close(&s);
	check_healthy();
}

/* another thread unmaps, closes or ends what a call is about to use */
static void test_races(const void *arg)
{
	struct drm_qda_remote_munmap u = { 0 };
	struct drm_qda_remote_map m;
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i;
	unsigned int rule, round;
	struct job jobs[3];
	struct drm_gem_close c;
	int err;

	(void)arg;
	take_time();
	for (round = 0; round < 20; round++) {
		sess_open_bench(&s);
		c = (struct drm_gem_close){ .handle = gem_new(s.fd, BIG) };
		m = map_of(c.handle, 7);
		check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), 0);
		u.map_id = m.map_id;
		u.status = 0;
		rule = steer_number("hold handle=%u sid=%u", s.bench, s.sid);
		i = echo_call(&s, args, arg_of(c.handle, 0, 64),
			      arg_of(c.handle, 4096, 64));
		job_start(&jobs[0], s.fd, INVOKE, &i);
		job_start(&jobs[1], s.fd, DRM_IOCTL_QDA_REMOTE_MUNMAP, &u);
		job_start(&jobs[2], s.fd, DRM_IOCTL_GEM_CLOSE, &c);
		check_eq(job_join(&jobs[1]), 0);
		check_eq(u.status, 0);
		check_eq(job_join(&jobs[2]), 0);
		if (round & 1)
			steer(NULL, 0, "release %u", rule);
		else
			call(s.fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
			     &(struct drm_qda_remote_session_release){ 0 });
		err = job_join(&jobs[0]);
		check(err == (round & 1 ? 0 : -ECANCELED) || err == -ENOENT,
		      "a call whose buffer goes: %s", err_name(err));
		if (!(round & 1) || err)
			steer_command(dev->control, NULL, 0, "release %u", rule);
		sess_close(&s);
	}
	check_healthy();
}

/* --- the channel --------------------------------------------------------- */

#define CALLERS	6

static void *caller_main(void *arg)
{
	struct job *job = arg;
	struct drm_qda_remote_invoke i = noop_call(&s, 0);

	do
		job->ret = call(s.fd, INVOKE, &i);
	while (!job->ret || job->ret == -EAGAIN);
	return NULL;
}

/* everything open, mapped, exported and in flight when the channel goes */
static void test_channel(const void *arg)
{
	bool unbind = arg != NULL;
	struct job jobs[CALLERS] = { 0 };
	struct drm_qda_event_complete e;
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct pollfd p = { .events = POLLIN };
	struct drm_qda_remote_map m;
	uint64_t ticket;
	char name[64];
	uint8_t *mem;
	uint32_t gem;
	int buf, n, other;

	take_time();
	sess_open_bench(&s);
	rpmsg_name("cdsp", name, sizeof(name));
	other = dev_open();
	gem_new(other, 4096);
	gem = gem_new(s.fd, BIG);
	mem = gem_map(s.fd, gem, BIG);
	memset(mem, 0x3a, BIG);
	check_eq(prime_export(s.fd, gem, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	m = map_of(gem, 9);
	check_eq(call(s.fd, DRM_IOCTL_QDA_REMOTE_MAP, &m), 0);
	ticket = noop_submit(&s, DRM_QDA_INVOKE_EVENT, 77);
	p.fd = s.fd;
	check_eq(poll(&p, 1, SOON_MS), 1);
	check_eq(read(s.fd, &e, sizeof(e)), sizeof(e));
	check_eq(e.ticket, ticket);
	for (n = 0; n < CALLERS; n++)
		check(!pthread_create(&jobs[n].thread, NULL, caller_main, &jobs[n]),
		      "no thread");
	sleep_ms(30);
	if (unbind)
		check_eq(file_write("/sys/bus/rpmsg/drivers/qda/unbind", name), 0);
	else
		sim_channel(false);
	for (n = 0; n < CALLERS; n++) {
		pthread_join(jobs[n].thread, NULL);
		check(jobs[n].ret == -EPIPE || jobs[n].ret == -ENODEV,
		      "a caller got %s", err_name(jobs[n].ret));
	}
	wait_lost(s.fd);
	wait_lost(other);
	/* memory is memory: the mapping, and the export's */
	for (n = 0; n < BIG; n += 4096)
		check_eq(mem[n], 0x3a);
	mem[1] = 1;
	check_eq(plain_ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags |= DMA_BUF_SYNC_END;
	check_eq(plain_ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	if (unbind)
		check_eq(file_write("/sys/bus/rpmsg/drivers/qda/bind", name), 0);
	else
		channel_up();
	wait_node();
	/* the old files hold nothing of the new device */
	other = dev_open();
	check_eq(query(other, DRM_QDA_QUERY_BANKS_FREE, 0),
		 query(other, DRM_QDA_QUERY_BANKS_TOTAL, 0));
	/* the buffer of the device that was, on the one that is */
	if (prime_import(other, buf, &gem) == 0)
		gem_close(other, gem);
	close(buf);
	check_eq(mem[1], 1);
	gem_unmap(mem, BIG);
	sess_close(&s);
	dev_close(other);
	check_healthy();
}

/* the driver goes while files are open, and they are closed while it is away */
static void test_close_while_away(const void *arg)
{
	int fds[4], n;
	uint8_t *mem;

	(void)arg;
	sess_open_bench(&s);
	for (n = 0; n < 4; n++) {
		fds[n] = dev_open();
		gem_new(fds[n], 8192);
	}
	mem = gem_map(fds[0], gem_new(fds[0], BIG), BIG);
	sim_channel(false);
	for (n = 0; n < 4; n++)
		dev_close(fds[n]);
	sess_close(&s);
	memset(mem, 1, BIG);
	gem_unmap(mem, BIG);
	channel_up();
	check_healthy();
}

/* --- storm --------------------------------------------------------------- */

static int storm_stop;

/* open, create, map, call, close, as fast as it goes, whatever comes back */
static void *storm_main(void *arg)
{
	unsigned long *opened = arg;

	while (!__atomic_load_n(&storm_stop, __ATOMIC_ACQUIRE)) {
		struct drm_qda_remote_session_create create = { 0 };
		struct drm_qda_gem_create gem = { .size = 8192 };
		struct drm_qda_remote_invoke i = {
			.stride = sizeof(struct drm_qda_arg), .handle = 5,
			.flags = DRM_QDA_INVOKE_ASYNC,
		};
		struct drm_qda_remote_map m;
		int fd = open(dev->path, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			sleep_ms(1);
			continue;
		}
		__atomic_fetch_add(opened, 1, __ATOMIC_RELAXED);
		call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &create);
		call(fd, DRM_IOCTL_QDA_GEM_CREATE, &gem);
		call(fd, INVOKE, &i);
		m = map_of(gem.handle, 2);
		call(fd, DRM_IOCTL_QDA_REMOTE_MAP, &m);
		i.flags = 0;
		call(fd, INVOKE, &i);
		close(fd);
	}
	return NULL;
}

static void test_restart_storm(const void *arg)
{
	unsigned long opened[4] = { 0 };
	pthread_t threads[4];
	unsigned int n, rounds = is_debug_kernel() ? 15 : 40;
	int64_t end;

	(void)arg;
	take_time();
	storm_stop = 0;
	for (n = 0; n < 4; n++)
		check(!pthread_create(&threads[n], NULL, storm_main, &opened[n]),
		      "no thread");
	for (n = 0; n < rounds; n++) {
		sleep_ms(n % 7 * 15);
		if (n % 3) {
			sim_channel(false);
			sim_channel(true);
		} else {
			steer(NULL, 0, "crash dsp");
		}
	}
	/* now it stays */
	for (n = 0, end = soon(); n < 4; n++)
		while (!__atomic_load_n(&opened[n], __ATOMIC_RELAXED)) {
			check(monotonic_ns() < end, "a client never got a file");
			sleep_ms(1);
		}
	__atomic_store_n(&storm_stop, 1, __ATOMIC_RELEASE);
	for (n = 0; n < 4; n++)
		pthread_join(threads[n], NULL);
	print_message("%u restarts, %lu files\n", rounds,
		      opened[0] + opened[1] + opened[2] + opened[3]);
	check_healthy();
}

int main(void)
{
	static const bool yes = true;

	add_case("buffer-held-gem-close", test_buffer_held, NULL);
	add_case("buffer-held-munmap", test_buffer_held, &yes);
	add_case("buffer-held-close", test_close_held, NULL);
	add_case("killed-in-call", test_killed_in_call, NULL);
	add_case("client-killed", test_client_killed, NULL);
	add_case("client-killed-channel-lost", test_client_killed, &yes);
	add_case("stalled", test_stalled, NULL);
	add_case("stalled-close", test_stalled_end, NULL);
	add_case("stalled-channel-lost", test_stalled_end, &yes);
	add_case("killed-without-room", test_killed_without_room, NULL);
	add_case("races", test_races, NULL);
	add_case("channel-lost", test_channel, NULL);
	add_case("unbind", test_channel, &yes);
	add_case("close-while-away", test_close_while_away, NULL);
	add_case("restart-storm", test_restart_storm, NULL);
	return run_kernel_cases("faults");
}
