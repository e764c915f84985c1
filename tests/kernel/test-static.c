// SPDX-License-Identifier: MIT
/*
 * The audio PD's memory, and what the messages of an attached session look like. The
 * firmware of adsp looks at the memory it is given: it is zeros, and the DSP's.
 */
#include <fcntl.h>
#include <stdio.h>

#include "far.h"

#define ATTACH	DRM_IOCTL_QDA_SESSION_ATTACH
#define RELEASE	DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE
#define HEAP_SIZE	(3ULL << 20)
#define DEFERRED	"/sys/kernel/debug/devices_deferred"
#define DRIVERS	"/sys/bus/rpmsg/drivers/"
#define REFUSAL	((int32_t)0x80000415)

struct heap {
	unsigned int attached, given;
	uint64_t addr, size;
};

static struct far far;

static void heap_read(struct heap *heap)
{
	char text[256];
	unsigned long long addr, size;

	steer(text, sizeof(text), "heap");
	check(sscanf(text, "attached=%u given=%u addr=%llx size=%llx", &heap->attached,
		     &heap->given, &addr, &size) == 4, "heap: %s", text);
	heap->addr = addr;
	heap->size = size;
}

static void check_heap(unsigned int attached, unsigned int given)
{
	struct heap heap;

	heap_read(&heap);
	check(heap.attached == attached && heap.given == given,
	      "%u attaches brought it %u times, not %u and %u", heap.attached, heap.given,
	      attached, given);
	check_eq(heap.size, given ? HEAP_SIZE : 0);
}

static struct drm_qda_session_attach to(const char *name)
{
	struct drm_qda_session_attach a = { .pd = DRM_QDA_PD_STATIC, .status = 1 };

	memcpy(a.name, name, strlen(name));
	return a;
}

static int attach_to(const char *name)
{
	struct drm_qda_session_attach a = to(name);
	int fd = dev_open();

	check_eq(call(fd, ATTACH, &a), 0);
	check_eq(a.status, 0);
	return fd;
}

/* adsp, which has not been given anything since it started */
static void start_afresh(void)
{
	use_device("adsp", "");
	dsp_crash();
	wait_device_back();
	check_heap(0, 0);
}

static void test_first(const void *arg)
{
	int first, second;

	(void)arg;
	start_afresh();
	first = attach_to("audiopd");
	check_heap(1, 1);
	/* another session of the PD, while it is there and after it has gone */
	second = attach_to("audiopd");
	check_heap(2, 1);
	dev_close(first);
	dev_close(second);
	dev_close(attach_to("audiopd"));
	check_heap(3, 1);
}

static void test_others(const void *arg)
{
	(void)arg;
	start_afresh();
	dev_close(attach_to("oispd"));
	dev_close(attach_to("securepd"));
	check_heap(0, 0);
}

/* more often than the region has room for: it is given back, and zeros again */
static void test_restart(const void *arg)
{
	struct heap heap, first = { 0 };
	unsigned int n;

	(void)arg;
	for (n = 0; n < 8; n++) {
		start_afresh();
		dev_close(attach_to("audiopd"));
		check_heap(1, 1);
		heap_read(&heap);
		if (!n)
			first = heap;
		check_eq(heap.addr, first.addr);
	}
}

static void test_refused(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");
	unsigned int n;
	int fd;

	(void)arg;
	start_afresh();
	fd = dev_open();
	for (n = 0; n < 3; n++) {
		steer(NULL, 0, "fail op=attach status=%#x", REFUSAL);
		check_eq(call(fd, ATTACH, &a), 0);
		check_eq(a.status, REFUSAL);
		check_heap(0, 0);
		a = to("audiopd");
	}
	/* offered again, by the same session or another */
	check_eq(call(fd, ATTACH, &a), 0);
	check_eq(a.status, 0);
	check_heap(1, 1);
	/* who has it and refuses a second attach has it */
	steer(NULL, 0, "fail op=attach status=%#x", REFUSAL);
	a = to("audiopd");
	check_eq(call(dev_open(), ATTACH, &a), 0);
	check_eq(a.status, REFUSAL);
	dev_close(attach_to("audiopd"));
	check_heap(2, 1);
}

/* the second does not wait for the answer to the first, and does not bring it too */
static void test_two(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");
	unsigned int rule;
	struct job job;

	(void)arg;
	start_afresh();
	rule = steer_number("pause handle=1 method=8 n=1");
	job_start(&job, dev_open(), ATTACH, &a);
	wait_held(rule, 1, NULL, 0);
	dev_close(attach_to("audiopd"));
	check_heap(1, 0);
	steer(NULL, 0, "release %u", rule);
	check_eq(job_join(&job), 0);
	check_eq(a.status, 0);
	check_heap(2, 1);
}

/* a DSP that is lost with the offer on its way gets another one */
static void test_lost(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");
	unsigned int rule;
	struct job job;
	int fd;

	(void)arg;
	start_afresh();
	rule = steer_number("hold handle=1 method=8");
	fd = dev_open();
	job_start(&job, fd, ATTACH, &a);
	wait_held(rule, 1, NULL, 0);
	dsp_crash();
	check_eq(job_join(&job), -EPIPE);
	dev_close(fd);
	wait_device_back();
	dev_close(attach_to("audiopd"));
	check_heap(1, 1);
}

static void test_unprivileged(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");

	(void)arg;
	start_afresh();
	check_eq(call(dev_open_unprivileged(), ATTACH, &a), -EPERM);
	check_heap(0, 0);
}

/*
 * The driver goes and the DSP does not: nobody has told the DSP to leave the memory
 * alone, so the next driver gives it other.
 */
static void test_unload(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");
	struct heap before, after;
	int fd;

	(void)arg;
	start_afresh();
	if (!module_loaded("qda"))
		skip_case("the driver is part of the kernel");
	dev_close(attach_to("audiopd"));
	heap_read(&before);
	check_eq(module_unload("qda", 5000), 0);
	module_load("qda", NULL);
	wait_device_back();
	dev_close(attach_to("audiopd"));
	check_heap(1, 1);
	heap_read(&after);
	check(before.addr != after.addr, "what the DSP has, %#llx, was freed",
	      (unsigned long long)after.addr);
	/* but what it has refused is nobody's */
	start_afresh();
	steer(NULL, 0, "fail op=attach status=%#x", REFUSAL);
	fd = dev_open();
	check_eq(call(fd, ATTACH, &a), 0);
	check_eq(a.status, REFUSAL);
	dev_close(fd);
	check_eq(module_unload("qda", 5000), 0);
	module_load("qda", NULL);
	wait_device_back();
	dev_close(attach_to("audiopd"));
	check_heap(1, 1);
	heap_read(&before);
	check_eq(before.addr, after.addr);
}

/* mainline's driver had the DSP before; what it has set in the device went with it */
static void test_inherited(const void *arg)
{
	char name[64];

	(void)arg;
	start_afresh();
	rpmsg_name("adsp", name, sizeof(name));
	module_load("fastrpc", NULL);
	check_eq(file_write(DRIVERS "qda/unbind", name), 0);
	check_eq(file_write(DRIVERS "qcom,fastrpc/bind", name), 0);
	check_eq(file_write(DRIVERS "qcom,fastrpc/unbind", name), 0);
	check_eq(module_unload("fastrpc", 5000), 0);
	check_eq(file_write(DRIVERS "qda/bind", name), 0);
	wait_device_back();
	dev_close(attach_to("audiopd"));
	check_heap(1, 1);
}

/* a DSP whose node has no memory for it has no such PD */
static void test_no_region(const void *arg)
{
	struct drm_qda_session_attach a = to("audiopd");

	(void)arg;
	check_eq(call(dev_open(), ATTACH, &a), -EOPNOTSUPP);
	check_heap(0, 0);
}

/* physical addresses are the DSP's in its region only */
static void test_reach(const void *arg)
{
	struct device *cdsp = dev;
	struct heap heap;
	uint8_t byte;

	(void)arg;
	start_afresh();
	check(!dsp_reads(0, 0, NULL), "address 0 is readable");
	dev_close(attach_to("audiopd"));
	heap_read(&heap);
	check(dsp_reads(0, heap.addr + HEAP_SIZE - 1, &byte), "the last byte is not");
	check(dsp_writes(0, heap.addr + HEAP_SIZE - 1, 0x77), "nor writable");
	check(dsp_reads(0, heap.addr + HEAP_SIZE - 1, &byte) && byte == 0x77, "%#x", byte);
	check(!dsp_reads(0, heap.addr + (64ULL << 20), NULL), "all memory is readable");
	check(!dsp_reads(1, heap.addr, NULL), "a bank shows physical memory");
	dev = cdsp;
	check(!dsp_reads(0, heap.addr, NULL), "cdsp reaches the memory of adsp");
}

/*
 * A DSP whose memory a hypervisor has to give away waits until there is somebody to
 * ask, and can go meanwhile.
 */
static void test_deferred(const void *arg)
{
	char text[4096] = "";
	int64_t end;
	int fd;

	(void)arg;
	fd = open("/dev/qda-sim-3", O_RDWR | O_CLOEXEC);
	check(fd >= 0, "/dev/qda-sim-3: %s", strerror(errno));
	check_eq(plain_ioctl(fd, QDA_SIM_IOC_OWN, NULL), 0);
	for (end = soon(); !strstr(text, "fastrpc") && monotonic_ns() < end; sleep_ms(5))
		check(!file_whole(DEFERRED, text, sizeof(text)), "no " DEFERRED);
	check(strstr(text, "fastrpc"), "nothing of these waits: %s", text);
	sleep_ms(200);
	check(access("/run/dev-mdsp", F_OK), "it has a node");
	close(fd);
	for (end = soon(); strstr(text, "fastrpc") && monotonic_ns() < end; sleep_ms(5))
		check(!file_whole(DEFERRED, text, sizeof(text)), "no " DEFERRED);
	check(!strstr(text, "fastrpc"), "it waits on: %s", text);
}

/* each message of a session names the kind of its PD */
static void check_pd_type(uint32_t pd, unsigned int type)
{
	struct drm_qda_session_attach a = { .pd = pd };
	struct drm_qda_remote_invoke i = {
		.stride = 40, .handle = 0x1000, .scalars = DRM_QDA_SCALARS(2, 0, 0, 0, 0),
	};
	struct drm_qda_remote_session_release r = { 0 };
	struct job job;
	uint64_t ctx;

	far_open(&far);
	job_start(&job, far.client, ATTACH, &a);
	ctx = far_message(&far);
	check_eq(ctx & 15, type);
	check_eq(far_answer(&far, ctx, 0), 0);
	check_eq(job_join(&job), 0);
	job_start(&job, far.client, DRM_IOCTL_QDA_REMOTE_INVOKE, &i);
	ctx = far_message(&far);
	check_eq(ctx & 15, type);
	check_eq(far_answer(&far, ctx, 0), 0);
	check_eq(job_join(&job), 0);
	job_start(&job, far.client, RELEASE, &r);
	ctx = far_message(&far);
	check_eq(ctx & 15, type);
	check_eq(far_answer(&far, ctx, 0), 0);
	check_eq(job_join(&job), 0);
	far_close(&far);
}

static void test_pd_type(const void *arg)
{
	(void)arg;
	check_pd_type(DRM_QDA_PD_SENSORS, 2);
	check_pd_type(DRM_QDA_PD_ROOT, 0);
}

int main(void)
{
	add_case("first", test_first, NULL);
	add_case("others", test_others, NULL);
	add_case("restart", test_restart, NULL);
	add_case("refused", test_refused, NULL);
	add_case("two", test_two, NULL);
	add_case("lost", test_lost, NULL);
	add_case("unprivileged", test_unprivileged, NULL);
	add_case("unload", test_unload, NULL);
	add_case("inherited", test_inherited, NULL);
	add_case("no-region", test_no_region, NULL);
	add_case("reach", test_reach, NULL);
	add_case("deferred", test_deferred, NULL);
	add_case("pd-type", test_pd_type, NULL);
	return run_kernel_cases("static");
}
