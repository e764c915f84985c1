// SPDX-License-Identifier: MIT
/*
 * DSPs of other kinds than those that all else runs on: stream ids at bit 56 with 34
 * address bits below, and banks without an IOMMU, whose memory outlives the DSP. Each
 * case has a qda-softdsp of its own, on a node that nobody else serves.
 */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>

#include "qda/qda_wire.h"
#include "qda_sim/qda_sim.h"

#include "attack.h"
#include "producers.h"

#define PAGE		4096UL
#define ODD_SIZE	0x23000

#define MAP	DRM_IOCTL_QDA_REMOTE_MAP
#define MUNMAP	DRM_IOCTL_QDA_REMOTE_MUNMAP
#define ATTACH	DRM_IOCTL_QDA_SESSION_ATTACH

/* what a PD answers whose code touched what is not mapped */
#define EXCEPTION	((int32_t)0x80000430)

static struct device soc, *home;
static struct sess s, other;

/* path of the transport's node of this DSP, and what it says of itself */
static void find_node(const char *label, char *path, size_t size,
		      struct qda_sim_info *info)
{
	unsigned int i;
	int fd;

	for (i = 0; i < 64; i++) {
		snprintf(path, size, "/dev/qda-sim-%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		check(fd >= 0, "no node is %s's: %s: %s", label, path, strerror(errno));
		check_eq(plain_ioctl(fd, QDA_SIM_IOC_INFO, info), 0);
		close(fd);
		if (!strcmp((const char *)info->label, label))
			return;
	}
	check(0, "no node is %s's", label);
}

/* "dev" is this DSP's device from now on, and again what it was */
static void soc_enter(const char *label)
{
	home = dev;
	soc = (struct device){ .sys = dev->sys, .control = -1 };
	snprintf(soc.path, sizeof(soc.path), "/run/dev-%s", label);
	snprintf(soc.options, sizeof(soc.options), "%s", label);
	snprintf(soc.label, sizeof(soc.label), "%s", label);
	dev = &soc;
}

static void soc_start(const char *label)
{
	struct qda_sim_info info;
	char path[32];
	int err;

	/* of a case that failed */
	server_stop(&soc.server);
	soc_enter(label);
	find_node(label, path, sizeof(path), &info);
	err = server_start_device(&soc.server, path);
	check(!err, "qda-softdsp --device %s: %s", path, err_name(err));
	soc.control = soc.server.control_fd;
}

static void soc_stop(void)
{
	int64_t end = soon();

	/* the end of a closed session takes a moment */
	while (!driver_idle(soc.label) && monotonic_ns() < end)
		sleep_ms(1);
	check(driver_idle(soc.label), "a bank of %s is still held", soc.label);
	dev = home;
	check_eq(server_stop(&soc.server), 0);
}

static void check_state(const char *words)
{
	char text[4096];

	check(driver_state(soc.label, text, sizeof(text)), "no qda_state of %s",
	      soc.label);
	check(strstr(text, words), "qda_state has no \"%s\": %s", words, text);
}

static void check_echo(uint32_t from, const uint8_t *from_mem, uint32_t to,
		       const uint8_t *to_mem, size_t size)
{
	struct drm_qda_arg args[3];
	struct drm_qda_remote_invoke i = echo_call(&s, args, arg_of(from, 0, size),
						   arg_of(to, 0, size));

	expect(s.fd, INVOKE, &i, 0);
	check_eq(i.status, 0);
	check(!memcmp(from_mem, to_mem, size), "what came back is something else");
}

/* DSP code reads a byte this far from the start of the buffer */
static int32_t read_at(uint32_t handle, int64_t offset)
{
	struct { uint32_t len, pad; int64_t offset; } in = { PAGE, 0, offset };
	struct drm_qda_arg args[3] = {
		arg_of(s.gem, 0, sizeof(in)), arg_of(handle, 0, PAGE),
		arg_of(s.gem, 64, 1),
	};
	struct drm_qda_remote_invoke i = {
		.handle = s.bench, .args = (uintptr_t)args, .num_args = 3,
		.stride = sizeof(args[0]),
		.scalars = DRM_QDA_SCALARS(BENCH_FAULT, 2, 1, 0, 0),
	};

	memcpy(s.mem, &in, sizeof(in));
	expect(s.fd, INVOKE, &i, 0);
	return i.status;
}

static void map_and_unmap(uint32_t handle)
{
	struct drm_qda_remote_munmap un = { 0 };
	struct drm_qda_remote_map m = map_of(handle, 4711);

	expect(s.fd, MAP, &m, 0);
	check_eq(m.status, 0);
	un.map_id = m.map_id;
	expect(s.fd, MUNMAP, &un, 0);
	check_eq(un.status, 0);
}

/* --- stream id at bit 56 ------------------------------------------------------ */

static void test_position(const void *arg)
{
	uint64_t bus[2];
	uint8_t *mem[2];
	uint32_t gem[2];
	unsigned int i;
	size_t at;

	(void)arg;
	soc_start("cdsp1");
	sess_open_bench(&s);
	check_state("address bits: 34, stream id at 56\n");
	check_session(&s);
	for (i = 0; i < 2; i++) {
		gem[i] = gem_new(s.fd, ODD_SIZE);
		mem[i] = gem_map(s.fd, gem[i], ODD_SIZE);
		bus[i] = bus_where(s.sid, mem[i]);
		check(bus[i] >> 32 && !((bus[i] + ODD_SIZE - 1) >> 34),
		      "a buffer is at %#llx", (unsigned long long)bus[i]);
	}
	for (at = 0; at < ODD_SIZE; at++)
		mem[0][at] = (uint8_t)(at * 7 + at / PAGE);
	check_echo(gem[0], mem[0], gem[1], mem[1], ODD_SIZE);
	map_and_unmap(gem[0]);
	gem_unmap(mem[0], ODD_SIZE);
	check_eq(gem_close(s.fd, gem[0]), 0);
	check(!dsp_reads(s.sid, bus[0], NULL), "a closed buffer is still there");
	/* the window ends the PD where the IOMMU has nothing: so the last one */
	check_eq(read_at(gem[1], ODD_SIZE - 1), 0);
	check_eq(read_at(gem[1], (int64_t)(bus[0] - bus[1])), EXCEPTION);
	gem_unmap(mem[1], ODD_SIZE);
	sess_close(&s);
	soc_stop();
}

/* as the DSP gets it, before anything of ours has decoded it */
static void test_message(const void *arg)
{
	struct drm_qda_session_attach attach = { .pd = DRM_QDA_PD_ROOT };
	struct pollfd p = { .events = POLLIN };
	struct {
		struct qda_sim_reply head;
		struct qda_wire_rsp rsp;
	} answer = { .head.len = sizeof(answer.rsp) };
	struct qda_sim_record record;
	struct qda_sim_info info;
	struct qda_wire_msg msg;
	char path[32];
	struct job job;
	int fd;

	(void)arg;
	soc_enter("cdsp1");
	find_node("cdsp1", path, sizeof(path), &info);
	check_eq(info.sid_pos, 56);
	p.fd = open(path, O_RDWR | O_CLOEXEC);
	check_eq(plain_ioctl(p.fd, QDA_SIM_IOC_OWN, NULL), 0);
	fd = dev_open();
	job_start(&job, fd, ATTACH, &attach);
	do {
		check(poll(&p, 1, SOON_MS) == 1, "no message");
		check_eq(read(p.fd, &record, sizeof(record)), sizeof(record));
	} while (record.type != QDA_SIM_RECORD_MSG);
	check_eq(record.len, sizeof(msg));
	memcpy(&msg, record.data, sizeof(msg));
	check_eq(msg.addr >> 56, record.sid);
	check(record.sid == info.sids[0] || record.sid == info.sids[1],
	      "no bank has stream %u", record.sid);
	check_eq((msg.addr & 0xffffffffffffffULL) >> 34, 0);
	check((msg.addr & 0xffffffffffffffULL) >> 32, "the address is %#llx",
	      (unsigned long long)msg.addr);
	answer.head.sid = record.sid;
	answer.rsp.ctx = msg.ctx;
	check_eq(write(p.fd, &answer, sizeof(answer)), sizeof(answer));
	check_eq(job_join(&job), 0);
	dev_close(fd);
	close(p.fd);
	dev = home;
}

/* --- banks without an IOMMU ---------------------------------------------------- */

/* where it is: at the same address in memory, in one piece */
static uint64_t check_contiguous(uint8_t *mem, size_t size)
{
	uint64_t bus = bus_where(s.sid, mem), phys;
	size_t at;

	for (at = 0; at < size; at += PAGE) {
		check_eq(sim_translate(s.sid, bus + at, &phys, NULL), 0);
		check_eq(phys, bus + at);
	}
	check_eq(bus_where(s.sid, mem + size - PAGE), bus + size - PAGE);
	return bus;
}

static void test_direct(const void *arg)
{
	uint32_t gem[2], theirs, foreign;
	uint64_t bus[2];
	uint8_t *mem[2];
	struct producer p;
	unsigned int i;
	int buf;

	(void)arg;
	soc_start("gdsp0");
	sess_open_bench(&s);
	check_state("memory: coherent\naddress bits: 32, stream id at 32\n");
	check_session(&s);
	for (i = 0; i < 2; i++) {
		gem[i] = gem_new(s.fd, ODD_SIZE);
		mem[i] = gem_map(s.fd, gem[i], ODD_SIZE);
		check(!mem[i][0] && !mem[i][ODD_SIZE - 1], "a buffer is not empty");
		bus[i] = check_contiguous(mem[i], ODD_SIZE);
	}
	memset(mem[0], 0x5a, ODD_SIZE);
	check_echo(gem[0], mem[0], gem[1], mem[1], ODD_SIZE);
	map_and_unmap(gem[0]);

	/* another session has it at the same address */
	sess_open(&other);
	check_eq(prime_export(s.fd, gem[0], DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	check_eq(prime_import(other.fd, buf, &theirs), 0);
	close(buf);
	check_eq(bus_where(other.sid, mem[0]), bus[0]);
	gem_unmap(mem[0], ODD_SIZE);
	check_eq(gem_close(s.fd, gem[0]), 0);
	check(dsp_reads(other.sid, bus[0], NULL), "the other session's went too");
	check_eq(gem_close(other.fd, theirs), 0);
	check(!dsp_reads(s.sid, bus[0], NULL), "a closed buffer is still there");
	sess_close(&other);

	/* other devices' memory, in one piece or not at all */
	heap_new(&p, true, ODD_SIZE);
	memset(p.mem, 0xa5, ODD_SIZE);
	check_eq(prime_import(s.fd, p.buf, &foreign), 0);
	check_echo(foreign, p.mem, gem[1], mem[1], ODD_SIZE);
	check_eq(gem_close(s.fd, foreign), 0);
	producer_free(&p);

	check_eq(read_at(gem[1], ODD_SIZE - 1), 0);
	check_eq(read_at(gem[1], (int64_t)(PAGE - bus[1])), EXCEPTION);
	gem_unmap(mem[1], ODD_SIZE);
	sess_close(&s);
	soc_stop();
}

/* devices of banks that are no DSP's children */
static size_t count_banks(void)
{
	glob_t paths;
	size_t n;

	glob("/sys/devices/platform/qda-cb.*", 0, NULL, &paths);
	n = paths.gl_pathc;
	globfree(&paths);
	return n;
}

static void wait_banks(size_t want)
{
	int64_t end = soon();

	while (count_banks() != want && monotonic_ns() < end)
		sleep_ms(1);
	check_eq(count_banks(), want);
}

/* memory is there for as long as anybody has it, whatever became of the DSP */
static void test_direct_lost(const void *arg)
{
	struct drm_qda_remote_map m;
	uint32_t gem, kept;
	uint8_t *mem, *shared;
	int buf;

	(void)arg;
	soc_start("gdsp0");
	sess_open_bench(&s);
	gem = gem_new(s.fd, ODD_SIZE);
	mem = gem_map(s.fd, gem, ODD_SIZE);
	memset(mem, 0x11, ODD_SIZE);
	m = map_of(gem, 7);
	expect(s.fd, MAP, &m, 0);
	kept = gem_new(s.fd, ODD_SIZE);
	check_eq(prime_export(s.fd, kept, DRM_CLOEXEC | DRM_RDWR, &buf), 0);
	shared = mmap(NULL, ODD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	check(shared != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(shared, 0x22, ODD_SIZE);

	wait_banks(2);
	sim_channel(false);
	wait_lost(s.fd);
	wait_banks(2);
	check(mem[0] == 0x11 && mem[ODD_SIZE - 1] == 0x11 && shared[PAGE] == 0x22,
	      "memory went with the DSP");
	/* the DSP comes back to memory of before */
	channel_up();
	sess_open_bench(&other);
	wait_banks(4);
	check_session(&other);
	check_eq(gem_close(s.fd, gem), -ENODEV);
	sess_close(&s);
	check(mem[PAGE] == 0x11, "memory went with its file");
	gem_unmap(mem, ODD_SIZE);
	check(shared[ODD_SIZE - 1] == 0x22, "memory went with its file");
	check_session(&other);
	wait_banks(4);
	munmap(shared, ODD_SIZE);
	close(buf);
	wait_banks(2);
	check_session(&other);
	sess_close(&other);
	soc_stop();
	wait_banks(0);
}

int main(void)
{
	add_case("position", test_position, NULL);
	add_case("message", test_message, NULL);
	add_case("direct", test_direct, NULL);
	add_case("direct-lost", test_direct_lost, NULL);
	return run_kernel_cases("soc");
}
