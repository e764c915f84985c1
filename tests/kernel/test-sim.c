// SPDX-License-Identifier: MIT
/*
 * The virtual transport itself, with a far end that does everything wrong: its node
 * (/dev/qda-sim-N) and its files in debugfs. Errors are exact, the driver survives its
 * DSP, and the other DSP notices nothing.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "far.h"

#define PAGE		4096UL
#define ODD_SIZE	0x23000
#define DEBUGFS		"/sys/kernel/debug/qda_sim/sdsp/"
#define MODULE		"qda_sim"
#define NO_SID		200

static struct far far;

static const struct {
	const char *name;
	unsigned long request;
} requests[] = {
	{ "INFO", QDA_SIM_IOC_INFO },
	{ "ACCESS", QDA_SIM_IOC_ACCESS },
	{ "TRANSLATE", QDA_SIM_IOC_TRANSLATE },
	{ "MAPS", QDA_SIM_IOC_MAPS },
	{ "CHANNEL", QDA_SIM_IOC_CHANNEL },
	{ "RESPOND", QDA_SIM_IOC_RESPOND },
	{ "OWN", QDA_SIM_IOC_OWN },
};

static int ioctl_value(int fd, unsigned long request, uint32_t value)
{
	return plain_ioctl(fd, request, &value);
}

static bool is_request(unsigned long request)
{
	size_t n;

	for (n = 0; n < ARRAY_SIZE(requests); n++)
		if (requests[n].request == request)
			return true;
	return false;
}

/* --- ioctls ---------------------------------------------------------------- */

/* every number there is, with sizes and directions that no call has */
static void test_numbers(const void *arg)
{
	static const unsigned int sizes[] = { 0, 1, 3, 4, 5, 8, 24, 31, 32, 33, 40, 44,
					      296, 300, 304, 4096, 16383 };
	static uint8_t room[16384];
	int fd = far_file(O_RDWR);
	unsigned int nr, dir, n;
	unsigned long request;
	int err;

	(void)arg;
	for (nr = 0; nr < 256; nr++)
		for (dir = 0; dir < 4; dir++)
			for (n = 0; n < ARRAY_SIZE(sizes); n++) {
				request = _IOC(dir, 'q', nr, sizes[n]);
				if (is_request(request))
					continue;
				err = plain_ioctl(fd, request, room);
				check(err == -ENOTTY, "ioctl %#lx: %s", request,
				      err_name(err));
			}
	for (n = 0; n < ARRAY_SIZE(requests); n++) {
		request = (requests[n].request & ~0xff00UL) | 'd' << 8;
		check_eq(plain_ioctl(fd, request, room), -ENOTTY);
	}
	close(fd);
}

static void test_pointers(const void *arg)
{
	static const uintptr_t wild[] = {
		0, 8, 0xffff000000000000, 0xffff800080000000, UINTPTR_MAX - 7,
		0x00ff000000000000,
	};
	int fd = far_file(O_RDWR), err;
	uint8_t *pages;
	size_t n, k;

	(void)arg;
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	check(pages != MAP_FAILED, "no memory");
	mprotect(pages + PAGE, PAGE, PROT_NONE);
	/* all but OWN, which has no argument */
	for (n = 0; n < ARRAY_SIZE(requests) - 1; n++) {
		unsigned int size = _IOC_SIZE(requests[n].request);

		for (k = 0; k < ARRAY_SIZE(wild); k++) {
			err = plain_ioctl(fd, requests[n].request, (void *)wild[k]);
			check(err == -EFAULT, "%s at %#lx: %s", requests[n].name,
			      (unsigned long)wild[k], err_name(err));
		}
		/* its end lies where nothing is */
		err = plain_ioctl(fd, requests[n].request, pages + PAGE - size + 1);
		check(err == -EFAULT, "half of %s: %s", requests[n].name, err_name(err));
	}
	memset(pages, 0, PAGE);
	mprotect(pages, PAGE, PROT_READ);
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_INFO, pages), -EFAULT);
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_ACCESS, pages), -EFAULT);
	munmap(pages, 2 * PAGE);
	close(fd);
}

static void test_values(const void *arg)
{
	static const uint32_t sids[] = { 0, 1, 6, 8, NO_SID, 256, 1U << 31, UINT32_MAX };
	int fd = far_file(O_RDWR);
	struct qda_sim_maps own = { 0 };
	struct qda_sim_info info;
	uint64_t phys;
	size_t n;

	(void)arg;
	/* without a channel there is no bank, whether anything was ever mapped or not */
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_INFO, &info), 0);
	own.sid = info.sids[0];
	check_eq(info.up, 0);
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_MAPS, &own), -ENODEV);
	far_open(&far);
	check_eq(ioctl_value(fd, QDA_SIM_IOC_CHANNEL, 2), -EINVAL);
	check_eq(ioctl_value(fd, QDA_SIM_IOC_CHANNEL, UINT32_MAX), -EINVAL);
	check_eq(ioctl_value(fd, QDA_SIM_IOC_RESPOND, 8), -EINVAL);
	check_eq(ioctl_value(fd, QDA_SIM_IOC_RESPOND, UINT32_MAX), -EINVAL);
	for (n = 0; n < ARRAY_SIZE(sids); n++) {
		struct qda_sim_maps maps = { .sid = sids[n] };

		check_eq(sim_translate(sids[n], 0, &phys, NULL), -ENODEV);
		check_eq(plain_ioctl(fd, QDA_SIM_IOC_MAPS, &maps), -ENODEV);
		check_eq(far_access(fd, sids[n], 0, 0, 1, NULL, NULL), -EFAULT);
	}
	close(fd);
	far_close(&far);
}

/* --- memory ---------------------------------------------------------------- */

static void test_access(const void *arg)
{
	const uint32_t write = QDA_SIM_ACCESS_WRITE;
	static uint8_t bytes[ODD_SIZE + PAGE];
	struct far_buffer b;
	uint64_t done, phys;
	unsigned int bit;
	int fd;

	(void)arg;
	far_open(&far);
	/* anybody may look */
	fd = far_file(O_RDONLY);
	far_buffer_new(&far, &b, ODD_SIZE);
	memset(b.mem, 0x55, ODD_SIZE);
	/* what is there */
	check_eq(far_access(fd, far.sid, 0, b.bus, ODD_SIZE, bytes, &done), 0);
	check_eq(done, ODD_SIZE);
	check(!memcmp(bytes, b.mem, ODD_SIZE), "other bytes");
	check_eq(far_access(fd, far.sid, 0, b.bus, ODD_SIZE, NULL, NULL), 0);
	check_eq(far_access(fd, far.sid, write, b.bus + 7, PAGE, bytes, NULL), 0);
	check_eq(far_access(fd, far.sid, write, ~0ULL, 0, NULL, &done), 0);
	check_eq(done, 0);
	/* behind it */
	check_eq(far_access(fd, far.sid, 0, b.bus, sizeof(bytes), bytes, &done), -EFAULT);
	check_eq(done, ODD_SIZE);
	check_eq(far_access(fd, far.sid, write, b.bus + ODD_SIZE - 1, 2, bytes, &done),
		 -EFAULT);
	check_eq(done, 1);
	check_eq(far_access(fd, far.sid, 0, b.bus, 1ULL << 62, NULL, &done), -EFAULT);
	/* a flag, an end, a pointer */
	check_eq(far_access(fd, far.sid, 2, b.bus, 1, bytes, NULL), -EINVAL);
	check_eq(far_access(fd, far.sid, ~0U, b.bus, 1, bytes, NULL), -EINVAL);
	check_eq(far_access(fd, far.sid, 0, b.bus, ~0ULL, bytes, NULL), -EINVAL);
	check_eq(far_access(fd, far.sid, 0, ~0ULL, 2, bytes, NULL), -EINVAL);
	check_eq(far_access(fd, far.sid, 0, b.bus, 1, (void *)8, NULL), -EINVAL);
	check_eq(far_access(fd, far.sid, write, b.bus, 1, (void *)0xffff000000000000,
			    NULL), -EINVAL);
	/* no bit above an address leads to what is below it */
	for (bit = 32; bit < 64; bit++) {
		check_eq(far_access(fd, far.sid, 0, b.bus | 1ULL << bit, 1, bytes, NULL),
			 -EFAULT);
		check_eq(sim_translate(far.sid, b.bus | 1ULL << bit, &phys, NULL), -EFAULT);
	}
	far_buffer_free(&far, &b);
	check_eq(far_access(fd, far.sid, 0, b.bus, 1, bytes, &done), -EFAULT);
	check_eq(done, 0);
	close(fd);
	far_close(&far);
}

static void test_maps(const void *arg)
{
	struct qda_sim_maps maps;
	struct far_buffer b;
	uint8_t *page;

	(void)arg;
	far_open(&far);
	maps = (struct qda_sim_maps){ .sid = far.sid };
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), 0);
	far_buffer_new(&far, &b, ODD_SIZE);
	/* what is not wanted goes nowhere */
	maps.ranges = 8;
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), 0);
	check(maps.num >= 1, "nothing is mapped");
	maps.max = UINT32_MAX;
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), -EFAULT);
	maps.ranges = 0xffff000000000000;
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), -EFAULT);
	/* the list itself in what the DSP sees */
	page = far_window(far.fd, far.sid, b.bus, PAGE);
	check(page, "mmap: %s", strerror(errno));
	maps.ranges = (uintptr_t)page;
	maps.max = PAGE / sizeof(struct qda_sim_range);
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), 0);
	check(((struct qda_sim_range *)(void *)b.mem)->size >= PAGE, "not written");
	munmap(page, PAGE);
	far_buffer_free(&far, &b);
	/* no channel, no bank */
	check_eq(ioctl_value(far.fd, QDA_SIM_IOC_CHANNEL, 0), 0);
	check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_MAPS, &maps), -ENODEV);
	far_close(&far);
}

static void try_mmap(int fd, size_t size, int prot, int flags, uint64_t offset, int err)
{
	void *ptr = mmap(NULL, size, prot, flags, fd, (off_t)offset);
	int got = ptr == MAP_FAILED ? -errno : 0;

	check(got == err, "mmap of %#zx at %#llx: %s", size, (unsigned long long)offset,
	      err_name(got));
	if (!got)
		munmap(ptr, size);
}

static void test_mmap(const void *arg)
{
	const int rw = PROT_READ | PROT_WRITE;
	const uint64_t all = QDA_SIM_OFFSET(1, 0);
	uint64_t good;
	uint8_t *ptr;
	int fd;

	(void)arg;
	far_open(&far);
	good = QDA_SIM_OFFSET(far.sid, 0);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, good, 0);
	try_mmap(far.fd, all, rw, MAP_SHARED, good, 0);
	try_mmap(far.fd, PAGE, PROT_NONE, MAP_SHARED, good, 0);
	try_mmap(far.fd, PAGE, rw, MAP_PRIVATE, good, -EINVAL);
	try_mmap(far.fd, 0, rw, MAP_SHARED, good, -EINVAL);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, good + 1, -EINVAL);
	/* no stream, two of them, one that cannot be */
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, 0, -EINVAL);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, all - PAGE, -EINVAL);
	try_mmap(far.fd, 2 * PAGE, rw, MAP_SHARED, good + all - PAGE, -EINVAL);
	try_mmap(far.fd, all + PAGE, rw, MAP_SHARED, good, -EINVAL);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, QDA_SIM_OFFSET(256, 0), -EINVAL);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, 1ULL << 63, -EINVAL);
	try_mmap(far.fd, PAGE, rw, MAP_SHARED, ~0xfffULL, -EOVERFLOW);
	fd = far_file(O_RDONLY);
	try_mmap(fd, PAGE, rw, MAP_SHARED, good, -EACCES);
	try_mmap(fd, PAGE, PROT_READ, MAP_SHARED, good, 0);
	close(fd);
	fd = far_file(O_WRONLY);
	try_mmap(fd, PAGE, PROT_READ, MAP_SHARED, good, -EACCES);
	close(fd);
	/* one of a bank that is not */
	ptr = far_window(far.fd, NO_SID, 0, PAGE);
	check(ptr && !can_read(ptr) && !can_write(ptr), "memory of no bank");
	munmap(ptr, PAGE);
	far_close(&far);
}

static int touch(void *arg)
{
	/* cmocka would go on with the next case */
	signal(SIGSEGV, SIG_DFL);
	return *(volatile uint8_t *)arg;
}

static void test_window(const void *arg)
{
	struct far_buffer b;
	uint8_t *ptr, *to;

	(void)arg;
	far_open(&far);
	far_buffer_new(&far, &b, ODD_SIZE);
	ptr = far_window(far.fd, far.sid, b.bus, ODD_SIZE + PAGE);
	check(ptr, "mmap: %s", strerror(errno));
	memset(b.mem, 0x21, ODD_SIZE);
	check(!memcmp(ptr, b.mem, ODD_SIZE), "other bytes");
	check(!can_read(ptr + ODD_SIZE) && !can_write(ptr + ODD_SIZE), "a page behind");
	/* children have none of it */
	check_eq(child_run(touch, ptr, SOON_MS), 256 + SIGSEGV);
	/* it can be moved and cut, but does not grow, and is nobody's to pin */
	check(mremap(ptr, ODD_SIZE + PAGE, ODD_SIZE + 2 * PAGE, MREMAP_MAYMOVE) ==
	      MAP_FAILED && errno == EFAULT, "grows: %s", strerror(errno));
	check(mremap(ptr, 0, PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	      "doubles: %s", strerror(errno));
	to = mmap(NULL, ODD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ptr = mremap(ptr, ODD_SIZE + PAGE, ODD_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	check(ptr == to, "mremap: %s", strerror(errno));
	check(!memcmp(ptr, b.mem, ODD_SIZE), "other bytes when moved");
	munmap(ptr + 2 * PAGE, PAGE);
	check(!can_read(ptr + 2 * PAGE) && can_read(ptr + 3 * PAGE), "cut elsewhere");
	check(madvise(ptr, PAGE, MADV_DONTNEED) && errno == EINVAL, "madvise: %s",
	      strerror(errno));
	mprotect(ptr, PAGE, PROT_READ);
	check(can_read(ptr) && !can_write(ptr), "written though it is read only");
	/* the kernel copies to and from it while it is asked what is there */
	check_eq(far_access(far.fd, far.sid, 0, b.bus + 8 * PAGE, PAGE, ptr + 4 * PAGE,
			    NULL), 0);
	/* given back, and shown until the next answer at most */
	far_buffer_free(&far, &b);
	check_eq(far_answer(&far, 0x4242, 0), 0);
	check(!can_read(ptr) && !can_read(ptr + 3 * PAGE), "memory of nobody is shown");
	far_buffer_new(&far, &b, ODD_SIZE);
	munmap(ptr, ODD_SIZE);
	ptr = far_window(far.fd, far.sid, b.bus, ODD_SIZE);
	check(ptr && can_read(ptr), "the new buffer is not shown");
	sim_channel(false);
	check(!can_read(ptr), "memory is shown when the channel is gone");
	munmap(ptr, ODD_SIZE);
	gem_unmap(b.mem, b.size);
	far_close(&far);
}

/* --- packets --------------------------------------------------------------- */

static void test_read(const void *arg)
{
	struct drm_qda_session_attach attach = { .pd = DRM_QDA_PD_ROOT };
	struct qda_sim_record r;
	struct job job;
	uint64_t ctx;
	int fd;

	(void)arg;
	far_open(&far);
	far_record(&far, &r);
	check_eq(r.type, QDA_SIM_RECORD_UP);
	check(read(far.fd, &r, sizeof(r)) == -1 && errno == EAGAIN, "%s", strerror(errno));
	job_start(&job, far.client, DRM_IOCTL_QDA_SESSION_ATTACH, &attach);
	job_wait_asleep(&job);
	/* nobody takes it but who owns it, and nothing takes it in part */
	fd = far_file(O_RDWR | O_NONBLOCK);
	check(read(fd, &r, sizeof(r)) == -1 && errno == EPERM, "%s", strerror(errno));
	check_eq(far_write(fd, far.sid, &r, 16), -EPERM);
	close(fd);
	check(read(far.fd, &r, 0) == -1 && errno == EMSGSIZE, "%s", strerror(errno));
	check(read(far.fd, &r, sizeof(r) - 1) == -1 && errno == EMSGSIZE, "%s",
	      strerror(errno));
	check(syscall(SYS_read, far.fd, (void *)8, sizeof(r)) == -1 && errno == EFAULT,
	      "%s", strerror(errno));
	check(pread(far.fd, &r, sizeof(r), 0) == -1 && errno == ESPIPE, "%s",
	      strerror(errno));
	check(lseek(far.fd, 1, SEEK_SET) == -1 && errno == ESPIPE, "%s", strerror(errno));
	ctx = far_message(&far);
	check_eq(far_answer(&far, ctx, 0), 0);
	check_eq(job_join(&job), 0);
	far_close(&far);
}

static void test_write(const void *arg)
{
	struct drm_qda_session_attach attach = { .pd = DRM_QDA_PD_ROOT };
	uint8_t data[QDA_SIM_MAX_DATA];
	struct qda_sim_reply head = { .len = 16 };
	static uint8_t huge[1 << 20];
	struct chance c = { chance_seed() };
	struct job job;
	uint64_t ctx;
	uint32_t len;
	size_t n;

	(void)arg;
	far_open(&far);
	job_start(&job, far.client, DRM_IOCTL_QDA_SESSION_ATTACH, &attach);
	ctx = far_message(&far);
	/* sizes that do not fit together */
	memcpy(huge, &head, sizeof(head));
	for (len = 0; len < sizeof(head) + 16; len++)
		check(write(far.fd, huge, len) == -1 && errno == EINVAL, "%u bytes: %s",
		      len, strerror(errno));
	check(write(far.fd, huge, sizeof(huge)) == -1 && errno == EINVAL, "%s",
	      strerror(errno));
	for (len = QDA_SIM_MAX_DATA + 1; len > QDA_SIM_MAX_DATA; len *= 2) {
		memcpy(huge + offsetof(struct qda_sim_reply, len), &len, sizeof(len));
		check(write(far.fd, huge, len < 4096 ? sizeof(head) + len : 24) == -1 &&
		      errno == EINVAL, "%u bytes of data: %s", len, strerror(errno));
	}
	check(syscall(SYS_write, far.fd, (void *)8, 24) == -1 && errno == EFAULT, "%s",
	      strerror(errno));
	check(pwrite(far.fd, huge, 24, 0) == -1 && errno == ESPIPE, "%s", strerror(errno));
	/* every length of garbage, for every bank there could be */
	for (n = 0; n <= QDA_SIM_MAX_DATA; n++) {
		for (len = 0; len < n; len++)
			data[len] = (uint8_t)chance_next(&c);
		check_eq(far_write(far.fd, n % 5 ? chance_next(&c) % 300 : far.sid, data,
				   (uint32_t)n), 0);
		/* the right name, and nothing else of an answer */
		if (n < 12) {
			memcpy(data, &ctx, sizeof(ctx));
			check_eq(far_write(far.fd, far.sid, data, (uint32_t)n), 0);
		}
	}
	check(!job_done(&job), "garbage answered the call");
	check_eq(far_answer(&far, ctx, 0), 0);
	check_eq(job_join(&job), 0);
	check_eq(attach.status, 0);
	/* nobody listens */
	sim_channel(false);
	check_eq(far_answer(&far, ctx, 0), -ENOTCONN);
	far_close(&far);
}

static void test_queue(const void *arg)
{
	struct qda_sim_record r;
	struct qda_sim_info info;
	unsigned int n;
	int64_t end;

	(void)arg;
	far_open(&far);
	/* a firmware that never reads is told the last of it only */
	for (n = 0; n < 10; n++) {
		sim_channel(false);
		sim_channel(true);
		end = soon();
		do {
			check_eq(plain_ioctl(far.fd, QDA_SIM_IOC_INFO, &info), 0);
			check(monotonic_ns() < end, "the channel does not come back");
		} while (!info.up);
	}
	for (n = 0; read(far.fd, &r, sizeof(r)) == sizeof(r); n++)
		;
	check_eq(errno, EAGAIN);
	check(n == 2 && r.type == QDA_SIM_RECORD_UP, "%u records, the last of type %u", n,
	      r.type);
	far_close(&far);
}

/* --- debugfs, module --------------------------------------------------------- */

static void test_debugfs(const void *arg)
{
	char text[32];
	int fd;

	(void)arg;
	far_open(&far);
	check_eq(file_write(DEBUGFS "channel", "2"), -EINVAL);
	check_eq(file_write(DEBUGFS "channel", "-1"), -EINVAL);
	check_eq(file_write(DEBUGFS "channel", "up"), -EINVAL);
	check_eq(file_write(DEBUGFS "respond", "all"), -EINVAL);
	check_eq(file_write(DEBUGFS "messages", "0"), -EACCES);
	check_eq(file_write(DEBUGFS "responded", "0"), -EACCES);
	check_eq(file_write(DEBUGFS "faults", "0"), -EACCES);
	fd = open(DEBUGFS "channel", O_RDWR | O_CLOEXEC);
	check(fd >= 0 && read(fd, text, 1) == 1 && text[0] == '1', "not up");
	check_eq(write(fd, "0", 1), 1);
	wait_lost(far.client);
	check_eq(file_read(DEBUGFS "channel", text, sizeof(text)), 0);
	check(!strcmp(text, "0"), "channel is %s", text);
	check_eq(write(fd, "1", 1), 1);
	wait_node();
	close(fd);
	far_close(&far);
}

static long references(void)
{
	char text[32];

	check(!file_read("/sys/module/" MODULE "/refcnt", text, sizeof(text)),
	      "no reference count");
	return atol(text);
}

/* whatever is open holds the code that serves it, and no more than that */
static void test_module(const void *arg)
{
	long none;
	int fd, copy, debug;
	void *ptr;

	(void)arg;
	if (!module_loaded(MODULE))
		skip_case("the transport is part of the kernel");
	fd = far_file(O_RDWR);
	none = references() - 1;
	check_eq(module_unload(MODULE, 0), -EWOULDBLOCK);
	copy = dup(fd);
	ptr = far_window(fd, 7, 0, PAGE);
	close(fd);
	check_eq(references(), none + 1);
	close(copy);
	check_eq(references(), none + 1);
	check(ptr && !can_read(ptr), "no window");
	munmap(ptr, PAGE);
	check_eq(references(), none);
	debug = open(DEBUGFS "channel", O_RDONLY | O_CLOEXEC);
	check(debug >= 0, "debugfs: %s", strerror(errno));
	check_eq(references(), none + 1);
	close(debug);
	check_eq(references(), none);
	/* the device is the module's: it cannot be taken away below open files */
	check(access("/sys/bus/platform/drivers/qda-sim/unbind", F_OK), "can be unbound");
}

int main(void)
{
	add_case("numbers", test_numbers, NULL);
	add_case("pointers", test_pointers, NULL);
	add_case("values", test_values, NULL);
	add_case("access", test_access, NULL);
	add_case("maps", test_maps, NULL);
	add_case("mmap", test_mmap, NULL);
	add_case("window", test_window, NULL);
	add_case("read", test_read, NULL);
	add_case("write", test_write, NULL);
	add_case("queue", test_queue, NULL);
	add_case("debugfs", test_debugfs, NULL);
	add_case("module", test_module, NULL);
	return run_kernel_cases("sim");
}
