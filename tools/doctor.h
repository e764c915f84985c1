/* SPDX-License-Identifier: MIT */
/* The checks of "qda-run doctor". */
#ifndef QDA_RUN_DOCTOR_H
#define QDA_RUN_DOCTOR_H

#include <limits.h>
#include <stdatomic.h>

#include "common.h"

enum check_result {
	CHECK_NOT_MADE,		/* something before it is broken */
	CHECK_OK,
	CHECK_WARNING,
	CHECK_BROKEN,
};

struct check {
	enum check_result result;
	int exit_status;	/* what it means when broken */
	char detail[3200];	/* what was found */
	char cure[1024];	/* what to do about it */
};

struct doctor {
	struct target target;
	struct qda_module *module;
	bool soft;
	bool named;		/* the soft server is somebody else's */
	char device[256];	/* asked for, "" if none was */
	char domain[16];	/* "cdsp" */
	char firmware[PATH_MAX]; /* its file, "" if unknown */
	uint64_t features;	/* enum qda_feature bits */
	atomic_uint reverse_calls;
};

typedef void (*check_fn)(struct doctor *doctor, struct check *check);

void check_ok(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void check_warn(struct check *check, const char *cure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void check_broken(struct check *check, int exit_status, const char *cure,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* add to what was found; too long is cut */
void check_add(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor-host.c: what the machine has */
void check_library(struct doctor *doctor, struct check *check);
void check_driver(struct doctor *doctor, struct check *check);
void check_nodes(struct doctor *doctor, struct check *check);
bool is_qda(const char *driver);
void check_permission(struct doctor *doctor, struct check *check);
void check_soft_library(struct doctor *doctor, struct check *check);
void check_soft_program(struct doctor *doctor, struct check *check);
void check_sealing(struct doctor *doctor, struct check *check);

void check_heaps(struct doctor *doctor, struct check *check);

/* doctor-firmware.c: what the kernel has started on the DSPs */
void check_firmware(struct doctor *doctor, struct check *check);
/* the same by another directory than /sys/class/remoteproc */
void firmware_check(const char *directory, struct doctor *doctor, struct check *check);
/* find the build's name in an image; false: it has none, or cannot be read */
bool firmware_build(const char *path, char *name, size_t size);

/* doctor-session.c: the device, and a session on it */
void check_device(struct doctor *doctor, struct check *check);
void check_answers(struct doctor *doctor, struct check *check);
void check_bank(struct doctor *doctor, struct check *check);
void check_search_path(struct doctor *doctor, struct check *check);
void check_shell(struct doctor *doctor, struct check *check);
void check_session(struct doctor *doctor, struct check *check);
void check_module(struct doctor *doctor, struct check *check);
void check_listener(struct doctor *doctor, struct check *check);
void check_call(struct doctor *doctor, struct check *check);

/* doctor-pds.c: which other kinds of PD work */
void check_pds(struct doctor *doctor, struct check *check);

/* doctor-dsps.c: which driver has which DSP */
void check_dsps(struct doctor *doctor, struct check *check);

#endif
