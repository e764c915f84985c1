/* SPDX-License-Identifier: MIT */
/*
 * Tests that need the real driver. The frame, objects and steering are those of
 * tests/uapi; the environment is the same, and QDA_UAPI_DEVICE has to be set.
 */
#ifndef QDA_KERNEL_COMMON_H
#define QDA_KERNEL_COMMON_H

#include "../uapi/common.h"

#define INVOKE	DRM_IOCTL_QDA_REMOTE_INVOKE

/* further methods of the bench module */
enum {
	BENCH_SINK = 4,
};

/*
 * run_cases(), but only on a node whose driver calls itself qda; else it says
 * so and fails. Nothing is written to QDA_UAPI_RESULTS.
 */
int run_kernel_cases(const char *group);

/* each on cdsp, and as NAME-adsp on the other one; its argument is the DSP's name */
struct kernel_case {
	const char *name;
	case_fn fn;
};
void add_on_both_dsps(const struct kernel_case *cases, size_t n);

/* --- files of the kernel ------------------------------------------------ */

/* 0 or negative errno; the text ends with NUL, without a newline at its end */
int file_read(const char *path, char *text, size_t size);
int file_write(const char *path, const char *text);

/* --- modules ------------------------------------------------------------ */

/* modprobe with these words; the case fails when it does */
void module_load(const char *name, const char *parameters);
/* 0 or negative errno of delete_module(); waits for the last reference to go */
int module_unload(const char *name, unsigned int timeout_ms);
bool module_loaded(const char *name);

/* --- the simulated DSP of the device in use ----------------------------- */

/* name of its directory in debugfs */
const char *sim_label(void);
/* a counter, or what else is there */
uint64_t sim_number(const char *file);
/*
 * The channel takes no message: 1: a sender sleeps until it does (GLINK), 2: a sender has
 * to try again; 0, and the end of the DSP: it does
 */
void sim_stall(unsigned int how);
/* the DSP ends and starts again; what was open is lost */
void dsp_crash(void);
/* until there is a device again */
void wait_device_back(void);
/* the channel goes (returns when it has) and comes back */
void sim_channel(bool up);
/*
 * What a bank's page tables say. -EFAULT: not mapped; -ENODEV: no such bank.
 * ret_dma may be NULL.
 */
int sim_translate(unsigned int sid, uint64_t addr, uint64_t *ret_phys, bool *ret_dma);
/* is a range of the bank's list: address and size; how many there are */
struct sim_range {
	uint64_t addr, size;
};
size_t sim_ranges(unsigned int sid, struct sim_range *ranges, size_t max);
/* read one byte, or write it, as the DSP: true when it did not fault */
bool dsp_reads(unsigned int sid, uint64_t addr, uint8_t *ret_byte);
bool dsp_writes(unsigned int sid, uint64_t addr, uint8_t byte);

/* --- memory ------------------------------------------------------------- */

/*
 * Physical address of a mapped byte of this process; false where the kernel does not
 * tell, as for mappings made of page numbers
 */
bool phys_of(const volatile void *ptr, uint64_t *ret_phys);
/*
 * Bus address of the page that is mapped at mem, found by what is in it (mem is written
 * and restored): neighbours in a bank may touch, and then their sizes say nothing. The
 * case fails without one.
 */
uint64_t bus_where(unsigned int sid, uint8_t *mem);
/* DMA_BUF_IOCTL_SYNC; flags as there */
void dmabuf_sync(int buf, uint64_t flags);

/* --- other DRM devices -------------------------------------------------- */

/* primary node of the first device with this driver; negative errno */
int drm_open(const char *driver);
/* negative errno of any ioctl */
int plain_ioctl(int fd, unsigned long request, void *arg);

#endif
