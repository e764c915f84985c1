/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What carries messages to a DSP and replies back: RPMsg on hardware, anything
 * that can move 40 bytes in a test.
 */
#ifndef __QDA_TRANSPORT_H__
#define __QDA_TRANSPORT_H__

#include <linux/types.h>

#include "qda_wire.h"

struct device;
struct qda_device;

/**
 * struct qda_transport - how to reach the DSP
 * @send: send one message. Process context; may sleep, but not for room in the
 *	channel: -EAGAIN says that there is none now, and the caller tries again. Any
 *	other negative errno means that the DSP will not see the message. Not called
 *	any more once qda_device_remove() has returned, which waits for it
 */
struct qda_transport {
	int (*send)(void *priv, const struct qda_wire_msg *msg);
};

/**
 * struct qda_soc - what differs between SoC generations
 * @sid_pos: bit position of the stream id in an address the DSP is given
 * @dma_bits: address bits below it that a context bank decodes
 * @cdsp_dma_bits: the same for compute DSPs
 */
struct qda_soc {
	unsigned int sid_pos;
	unsigned int dma_bits;
	unsigned int cdsp_dma_bits;
};

struct qda_device *qda_device_add(struct device *parent,
				  const struct qda_soc *soc,
				  const struct qda_transport *transport,
				  void *priv);
void qda_device_let_go(struct qda_device *qdev);
void qda_device_remove(struct qda_device *qdev);
void qda_device_rx(struct qda_device *qdev, const void *data, size_t len);

#endif /* __QDA_TRANSPORT_H__ */
