// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "qda_sim/qda_sim.h"

#include "common.h"

#define DEBUGFS	"/sys/kernel/debug/qda_sim"

/* --- the frame ---------------------------------------------------------- */

int plain_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int driver_of(int fd, char *name, size_t size)
{
	struct drm_version version = { .name = name, .name_len = size - 1 };
	int err = plain_ioctl(fd, DRM_IOCTL_VERSION, &version);

	if (err)
		return err;
	if (version.name_len >= size)
		return -ENAMETOOLONG;
	name[version.name_len] = '\0';
	return 0;
}

/* --- files -------------------------------------------------------------- */

int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* --- modules ------------------------------------------------------------ */

bool module_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

void module_load(const char *name, const char *parameters)
{
	char words[256];
	char *argv[16] = { (char *)"modprobe", (char *)name };
	char *word, *save = NULL;
	int n = 2, status = -1;
	pid_t pid;

	snprintf(words, sizeof(words), "%s", parameters ? parameters : "");
	for (word = strtok_r(words, " ", &save); word && n < 15;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	fflush(NULL);
	pid = fork();
	check(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		execvp("modprobe", argv);
		_exit(127);
	}
	check(waitpid(pid, &status, 0) == pid && !status,
	      "modprobe %s %s ended with status %#x", name, parameters ? parameters : "",
	      status);
}

int module_unload(const char *name, unsigned int timeout_ms)
{
	int64_t end = monotonic_ns() + (int64_t)timeout_ms * 1000000;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EAGAIN || monotonic_ns() > end)
			return -errno;
		sleep_ms(5);
	}
	return 0;
}

/* --- the simulated DSP -------------------------------------------------- */

const char *sim_label(void)
{
	/* devices[0] has no name of its own */
	return dev->options[0] ? dev->options : "cdsp";
}

uint64_t sim_number(const char *file)
{
	char path[128], text[64];
	int err;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", sim_label(), file);
	err = file_read(path, text, sizeof(text));
	check(!err, "%s: %s", path, err_name(err));
	return strtoull(text, NULL, 0);
}

void sim_stall(unsigned int how)
{
	char path[128], text[8];
	int err;

	snprintf(path, sizeof(path), DEBUGFS "/%s/stall", sim_label());
	snprintf(text, sizeof(text), "%u", how);
	err = file_write(path, text);
	check(!err, "%s: %s", path, err_name(err));
}

void dsp_crash(void)
{
	steer(NULL, 0, "crash dsp");
}

void wait_device_back(void)
{
	int64_t end = soon();
	struct drm_qda_query q;
	int fd, err = -ENODEV;

	do {
		fd = dev_try_open(dev->path);
		if (fd < 0) {
			err = fd;
			sleep_ms(5);
			continue;
		}
		/* the name may still be the old one's */
		q = (struct drm_qda_query){ .type = DRM_QDA_QUERY_BANKS_FREE };
		err = call(fd, DRM_IOCTL_QDA_QUERY, &q);
		dev_close(fd);
	} while (err && monotonic_ns() < end);
	check(!err, "the device did not come back: %s", err_name(err));
}

/* nodes for questions only: who owns them goes on doing so. Open for all cases */
static struct {
	char label[32];
	int fd;
} sims[8];

static void open_sims(void)
{
	struct qda_sim_info info;
	char path[32];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(sims); i++) {
		snprintf(path, sizeof(path), "/dev/qda-sim-%zu", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			break;
		if (!plain_ioctl(fd, QDA_SIM_IOC_INFO, &info)) {
			memcpy(sims[i].label, info.label, sizeof(sims[i].label));
			sims[i].fd = fd;
		} else {
			close(fd);
		}
	}
}

static int sim_fd(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sims); i++)
		if (sims[i].fd && !strcmp(sims[i].label, sim_label()))
			return sims[i].fd;
	check(0, "no simulated DSP is called %s", sim_label());
	return -1;
}

void sim_channel(bool up)
{
	uint32_t value = up;
	int err = plain_ioctl(sim_fd(), QDA_SIM_IOC_CHANNEL, &value);

	check(!err, "channel %s: %s", up ? "up" : "down", err_name(err));
}

int sim_translate(unsigned int sid, uint64_t addr, uint64_t *ret_phys, bool *ret_dma)
{
	struct qda_sim_translate t = { .sid = sid, .addr = addr };
	int err = plain_ioctl(sim_fd(), QDA_SIM_IOC_TRANSLATE, &t);

	*ret_phys = t.phys;
	if (ret_dma)
		*ret_dma = t.dma;
	return err;
}

size_t sim_ranges(unsigned int sid, struct sim_range *ranges, size_t max)
{
	struct qda_sim_maps maps = {
		.sid = sid, .max = (uint32_t)max, .ranges = (uintptr_t)ranges,
	};
	int err = plain_ioctl(sim_fd(), QDA_SIM_IOC_MAPS, &maps);

	_Static_assert(sizeof(struct sim_range) == sizeof(struct qda_sim_range), "size");
	check(!err, "what is mapped in sid %u: %s", sid, err_name(err));
	check(maps.num <= max, "%u ranges are mapped", maps.num);
	return maps.num;
}

static bool dsp_access(unsigned int sid, uint64_t addr, uint8_t *byte, uint32_t flags)
{
	struct qda_sim_access a = {
		.sid = sid, .flags = flags, .addr = addr, .len = 1,
		.buf = (uintptr_t)byte,
	};
	int err = plain_ioctl(sim_fd(), QDA_SIM_IOC_ACCESS, &a);

	check(!err || err == -EFAULT, "access to sid %u, %#llx: %s", sid,
	      (unsigned long long)addr, err_name(err));
	return !err;
}

bool dsp_reads(unsigned int sid, uint64_t addr, uint8_t *ret_byte)
{
	uint8_t byte;

	return dsp_access(sid, addr, ret_byte ? ret_byte : &byte, 0);
}

bool dsp_writes(unsigned int sid, uint64_t addr, uint8_t byte)
{
	return dsp_access(sid, addr, &byte, QDA_SIM_ACCESS_WRITE);
}

/* --- memory ------------------------------------------------------------- */

bool phys_of(const volatile void *ptr, uint64_t *ret_phys)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entry = 0;
	uint64_t at = (uintptr_t)ptr;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	check(fd >= 0, "pagemap: %s", strerror(errno));
	/* it has to be there to have an address */
	(void)*(const volatile uint8_t *)ptr;
	n = pread(fd, &entry, sizeof(entry), (off_t)(at / page * sizeof(entry)));
	close(fd);
	check(n == sizeof(entry), "pagemap ends before %p", ptr);
	*ret_phys = (entry & ((1ULL << 55) - 1)) * page + at % page;
	return entry >> 63 && *ret_phys >= page;
}

uint64_t bus_where(unsigned int sid, uint8_t *mem)
{
	static const uint8_t marker[8] = { 0xd1, 0x5e, 0xa5, 0x1d, 0xe0, 0xb0, 0x0c, 0x77 };
	struct sim_range ranges[256];
	size_t n = sim_ranges(sid, ranges, ARRAY_SIZE(ranges)), i;
	struct qda_sim_access a = { .sid = sid, .len = sizeof(marker) };
	uint8_t saved[sizeof(marker)], found[sizeof(marker)];
	uint64_t at, addr = 0;
	bool hit = false;
	int fd = sim_fd();

	memcpy(saved, mem, sizeof(saved));
	memcpy(mem, marker, sizeof(marker));
	a.buf = (uintptr_t)found;
	for (i = 0; i < n && !hit; i++)
		for (at = 0; at < ranges[i].size && !hit; at += 4096) {
			a.addr = addr = ranges[i].addr + at;
			hit = !plain_ioctl(fd, QDA_SIM_IOC_ACCESS, &a) &&
			      !memcmp(found, marker, sizeof(marker));
		}
	memcpy(mem, saved, sizeof(saved));
	check(hit, "this memory is nowhere in the bank of stream %u", sid);
	return addr;
}

void dmabuf_sync(int buf, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };
	int err = plain_ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync);

	check(!err, "DMA_BUF_IOCTL_SYNC %#llx: %s", (unsigned long long)flags,
	      err_name(err));
}

/* --- other DRM devices -------------------------------------------------- */

int drm_open(const char *driver)
{
	char path[300], name[32];
	struct dirent *entry;
	DIR *dir = opendir("/dev/dri");
	int fd = -ENOENT;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "card", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/dri/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!driver_of(fd, name, sizeof(name)) && !strcmp(name, driver))
			break;
		close(fd);
		fd = -ENOENT;
	}
	closedir(dir);
	return fd;
}

/* --- running ------------------------------------------------------------ */

void add_on_both_dsps(const struct kernel_case *cases, size_t n)
{
	char name[64];
	size_t i;

	for (i = 0; i < n; i++) {
		add_case(cases[i].name, cases[i].fn, "cdsp");
		snprintf(name, sizeof(name), "%s-adsp", cases[i].name);
		add_case(name, cases[i].fn, "adsp");
	}
}

int run_kernel_cases(const char *group)
{
	const char *node = getenv("QDA_UAPI_DEVICE");
	char name[32] = "";
	int fd, err;

	if (!node) {
		fprintf(stderr, "%s: QDA_UAPI_DEVICE is not set, and this group runs on "
			"the qda driver only\n", group);
		return 1;
	}
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "%s: %s: %s\n", group, node, strerror(errno));
		return 1;
	}
	err = driver_of(fd, name, sizeof(name));
	close(fd);
	if (err || strcmp(name, DRM_QDA_NAME)) {
		fprintf(stderr, "%s: the driver of %s is \"%s\", not " DRM_QDA_NAME "\n",
			group, node, name);
		return 1;
	}
	/* the file is compared with the soft device's, which has none of this */
	unsetenv("QDA_UAPI_RESULTS");
	open_sims();
	return run_cases(group);
}
