/* SPDX-License-Identifier: MIT */
/* The test module's dma-bufs. */
#ifndef QDA_KERNEL_EXPORTER_H
#define QDA_KERNEL_EXPORTER_H

#include "common.h"

#include "modules/qda_exporter/qda_exporter.h"

/* loads the module; what a case starts with */
void exporter_open(void);
/* checks that nothing of this case is left in it; what a case ends with */
void exporter_close(void);

/* a dma-buf of so many pages that nothing is wrong with */
struct qda_exporter_create exporter_plain(uint32_t pages);
/* the dma-buf of this script */
int exporter_buffer(struct qda_exporter_create script);
uint8_t *exporter_mem(int buf, uint32_t pages);
void exporter_set_errors(int buf, int attach_error, int map_error);
int exporter_move(int buf);
struct qda_exporter_counts exporter_counts(void);
/* now */
void expect_counts_at(const char *file, int line, unsigned int buffers,
		      unsigned int attached, unsigned int mapped);
#define expect_counts(buffers, attached, mapped) \
	expect_counts_at(__FILE__, __LINE__, buffers, attached, mapped)
/* after a while */
void wait_counts_at(const char *file, int line, unsigned int buffers,
		    unsigned int attached, unsigned int mapped);
#define wait_counts(buffers, attached, mapped) \
	wait_counts_at(__FILE__, __LINE__, buffers, attached, mapped)

#endif
