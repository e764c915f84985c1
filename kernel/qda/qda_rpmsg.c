// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transport of real DSPs: an RPMsg channel, over GLINK or SMD, that comes and goes
 * with the remote processor.
 */
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/rpmsg.h>

#include "qda_drv.h"

static const struct qda_soc qda_soc_default = {
	.sid_pos = 32,
	.dma_bits = 32,
	.cdsp_dma_bits = 32,
};

static const struct qda_soc qda_soc_kaanapali = {
	.sid_pos = 56,
	.dma_bits = 32,
	.cdsp_dma_bits = 34,
};

static int qda_rpmsg_send(void *priv, const struct qda_wire_msg *msg)
{
	struct rpmsg_device *rpdev = priv;
	void *data = (void *)msg;
	int err;

	err = rpmsg_trysend(rpdev->ept, data, sizeof(*msg));
	/*
	 * GLINK: the DSP has announced no buffer to receive into, and only a blocking
	 * send asks it for one. It waits ten seconds for the answer, and for room in
	 * the FIFO until the edge is torn down, which ends with the same wait for
	 * anybody who has a channel on it.
	 */
	if (err == -EBUSY)
		err = rpmsg_send(rpdev->ept, data, sizeof(*msg));
	/* virtio: no free buffer */
	return err == -ENOMEM ? -EAGAIN : err;
}

static const struct qda_transport qda_rpmsg_transport = {
	.send = qda_rpmsg_send,
};

static int qda_rpmsg_probe(struct rpmsg_device *rpdev)
{
	const struct qda_soc *soc = device_get_match_data(&rpdev->dev);
	struct qda_device *qdev;

	if (!qda_owner_wants(&rpdev->dev))
		return -ENODEV;
	qdev = qda_device_add(&rpdev->dev, soc ? soc : &qda_soc_default,
			      &qda_rpmsg_transport, rpdev);
	return PTR_ERR_OR_ZERO(qdev);
}

static int qda_rpmsg_is(struct device *dev, const void *data)
{
	return dev == data;
}

/* The DSP has ended: its channel is off the bus before the driver is told */
static bool qda_rpmsg_is_deleted(struct rpmsg_device *rpdev)
{
	struct device *dev = bus_find_device(rpdev->dev.bus, NULL, &rpdev->dev,
					     qda_rpmsg_is);

	put_device(dev);
	return !dev;
}

static void qda_rpmsg_remove(struct rpmsg_device *rpdev)
{
	struct qda_device *qdev = dev_get_drvdata(&rpdev->dev);

	if (qda_rpmsg_is_deleted(rpdev))
		qda_heap_dsp_gone(&qdev->heap);
	else
		qda_device_let_go(qdev);
	qda_device_remove(qdev);
}

static int qda_rpmsg_callback(struct rpmsg_device *rpdev, void *data, int len,
			      void *priv, u32 addr)
{
	struct qda_device *qdev = dev_get_drvdata(&rpdev->dev);

	/* nothing has been sent before drvdata is set */
	if (qdev && len > 0)
		qda_device_rx(qdev, data, len);
	return 0;
}

static const struct of_device_id qda_rpmsg_of_match[] = {
	{ .compatible = "qcom,kaanapali-fastrpc", .data = &qda_soc_kaanapali },
	{ .compatible = "qcom,fastrpc", .data = &qda_soc_default },
	{ }
};
MODULE_DEVICE_TABLE(of, qda_rpmsg_of_match);

static struct rpmsg_driver qda_rpmsg_driver = {
	.probe = qda_rpmsg_probe,
	.remove = qda_rpmsg_remove,
	.callback = qda_rpmsg_callback,
	.drv = {
		.name = "qda",
		.of_match_table = qda_rpmsg_of_match,
	},
};

int qda_rpmsg_init(void)
{
	int err;

	err = register_rpmsg_driver(&qda_rpmsg_driver);
	if (err)
		return err;
	err = qda_owner_init(&qda_rpmsg_driver.drv);
	if (err)
		unregister_rpmsg_driver(&qda_rpmsg_driver);
	return err;
}

void qda_rpmsg_exit(void)
{
	unregister_rpmsg_driver(&qda_rpmsg_driver);
	qda_owner_exit(&qda_rpmsg_driver.drv);
}
