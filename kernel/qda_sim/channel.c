// SPDX-License-Identifier: GPL-2.0-only
/* The rpmsg channel: what GLINK is to a real DSP. */
#include <linux/of.h>
#include <linux/slab.h>

#include "rpmsg_internal.h"

#include "../qda/qda_wire.h"
#include "sim.h"

#define CHANNEL_NAME	"fastrpcglink-apps-dsp"

struct sim_rpdev {
	struct rpmsg_device rpdev;
	struct sim *sim;
};

static struct workqueue_struct *channel_wq;

static struct sim *to_sim(struct rpmsg_device *rpdev)
{
	return container_of(rpdev, struct sim_rpdev, rpdev)->sim;
}

/* --- to the driver -------------------------------------------------------- */

static void sim_ept_release(struct kref *kref)
{
	kfree(container_of(kref, struct rpmsg_endpoint, refcount));
}

/* Any process context. -ENOTCONN: no driver listens. */
int sim_deliver(struct sim *sim, void *data, int len)
{
	struct rpmsg_endpoint *ept;

	spin_lock(&sim->lock);
	ept = sim->ept;
	if (ept) {
		kref_get(&ept->refcount);
		get_device(&ept->rpdev->dev);
	}
	spin_unlock(&sim->lock);
	if (!ept)
		return -ENOTCONN;
	mutex_lock(&ept->cb_lock);
	if (ept->cb)
		ept->cb(ept->rpdev, data, len, ept->priv, RPMSG_ADDR_ANY);
	mutex_unlock(&ept->cb_lock);
	put_device(&ept->rpdev->dev);
	kref_put(&ept->refcount, sim_ept_release);
	return 0;
}

/* --- from the driver ------------------------------------------------------ */

/* Takes the entry. @ept: who sends it; NULL: an event, which always fits */
static int sim_queue(struct sim *sim, struct sim_entry *entry,
		     struct rpmsg_endpoint *ept)
{
	int err = 0;

	spin_lock(&sim->lock);
	if (ept && sim->ept != ept) {
		err = -ENODEV;
	} else if (ept && sim->queued >= SIM_MAX_QUEUED) {
		err = -EAGAIN;
	} else {
		list_add_tail(&entry->node, &sim->queue);
		sim->queued++;
	}
	spin_unlock(&sim->lock);
	if (err)
		kfree(entry);
	else
		wake_up(&sim->wait);
	return err;
}

static void sim_queue_event(struct sim *sim, u32 type)
{
	struct sim_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL | __GFP_NOFAIL);

	entry->record.type = type;
	sim_queue(sim, entry, NULL);
}

static bool sim_responds(const struct sim *sim, const struct qda_wire_msg *msg)
{
	u32 respond = READ_ONCE(sim->respond);

	return le32_to_cpu(msg->handle) > QDA_HANDLE_UTILITIES ?
		       respond & QDA_SIM_RESPOND_CALLS :
		       respond & QDA_SIM_RESPOND_CONTROL;
}

static void sim_respond_work(struct work_struct *work)
{
	struct sim *sim = container_of(work, struct sim, respond_work);
	struct sim_entry *entry, *next;
	LIST_HEAD(list);

	spin_lock(&sim->lock);
	list_splice_init(&sim->replies, &list);
	spin_unlock(&sim->lock);
	list_for_each_entry_safe(entry, next, &list, node) {
		struct qda_wire_rsp rsp = { };

		memcpy(&rsp.ctx, entry->record.data, sizeof(rsp.ctx));
		sim_deliver(sim, &rsp, sizeof(rsp));
		kfree(entry);
	}
}

static int sim_respond(struct sim *sim, const struct qda_wire_msg *msg)
{
	struct qda_wire_rsp rsp = { .ctx = msg->ctx };
	struct sim_entry *entry;

	sim->responded++;
	if (!(READ_ONCE(sim->respond) & QDA_SIM_RESPOND_WORKER)) {
		sim_deliver(sim, &rsp, sizeof(rsp));
		return 0;
	}
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->record.data, &rsp.ctx, sizeof(rsp.ctx));
	spin_lock(&sim->lock);
	list_add_tail(&entry->node, &sim->replies);
	spin_unlock(&sim->lock);
	queue_work(system_highpri_wq, &sim->respond_work);
	return 0;
}

static int sim_send(struct rpmsg_endpoint *ept, SIM_SENT *data, int len)
{
	struct sim *sim = to_sim(ept->rpdev);
	const struct qda_wire_msg *msg = data;
	struct sim_entry *entry;

	if (len < 0 || len > QDA_SIM_MAX_DATA)
		return -EMSGSIZE;
	if (READ_ONCE(sim->ept) != ept)
		return -ENODEV;
	if (!sim->watching)
		sim_watch_banks(sim, ept->rpdev);
	sim->messages++;
	if (len == sizeof(*msg) && sim_responds(sim, msg))
		return sim_respond(sim, msg);
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->record.type = QDA_SIM_RECORD_MSG;
	entry->record.len = len;
	if (len == sizeof(*msg))
		entry->record.sid = le64_to_cpu(msg->addr) >> sim->sid_pos;
	memcpy(entry->record.data, data, len);
	return sim_queue(sim, entry, ept);
}

static int sim_sendto(struct rpmsg_endpoint *ept, SIM_SENT *data, int len, u32 dst)
{
	return sim_send(ept, data, len);
}

void sim_set_stall(struct sim *sim, u32 stall)
{
	WRITE_ONCE(sim->stall, stall);
	wake_up(&sim->wait);
}

static int sim_trysend(struct rpmsg_endpoint *ept, SIM_SENT *data, int len)
{
	struct sim *sim = to_sim(ept->rpdev);
	u32 stall = READ_ONCE(sim->stall);

	if (!stall)
		return sim_send(ept, data, len);
	sim->refused++;
	return stall == SIM_STALL_BUFFER ? -EBUSY : -EAGAIN;
}

static int sim_trysendto(struct rpmsg_endpoint *ept, SIM_SENT *data, int len, u32 dst)
{
	return sim_trysend(ept, data, len);
}

/* As GLINK: no signal ends it; but a test that died must not keep a remover for ever */
static int sim_send_blocking(struct rpmsg_endpoint *ept, SIM_SENT *data, int len)
{
	struct sim *sim = to_sim(ept->rpdev);

	atomic_inc(&sim->stalled);
	wait_event_timeout(sim->wait, !READ_ONCE(sim->stall) ||
			   READ_ONCE(sim->ept) != ept, 120 * HZ);
	atomic_dec(&sim->stalled);
	return sim_send(ept, data, len);
}

static ssize_t sim_get_mtu(struct rpmsg_endpoint *ept)
{
	return QDA_SIM_MAX_DATA;
}

static void sim_hang_up(struct sim *sim, struct rpmsg_endpoint *ept)
{
	spin_lock(&sim->lock);
	if (!ept)
		ept = sim->ept;
	if (ept && ept == sim->ept)
		sim->ept = NULL;
	else
		ept = NULL;
	spin_unlock(&sim->lock);
	if (!ept)
		return;
	/* the next DSP starts with an empty channel */
	sim_set_stall(sim, 0);
	/* whoever is in the callback leaves it first */
	mutex_lock(&ept->cb_lock);
	ept->cb = NULL;
	mutex_unlock(&ept->cb_lock);
	/* nobody waits for an answer to what is queued; so it cannot grow for ever */
	sim_channel_drain(sim);
	sim_queue_event(sim, QDA_SIM_RECORD_DOWN);
	sim_zap(sim, 0);
}

static void sim_destroy_ept(struct rpmsg_endpoint *ept)
{
	sim_hang_up(to_sim(ept->rpdev), ept);
	kref_put(&ept->refcount, sim_ept_release);
}

static const struct rpmsg_endpoint_ops sim_ept_ops = {
	.destroy_ept = sim_destroy_ept,
	.send = sim_send_blocking,
	.sendto = sim_sendto,
	.trysend = sim_trysend,
	.trysendto = sim_trysendto,
	.get_mtu = sim_get_mtu,
};

static struct rpmsg_endpoint *sim_create_ept(struct rpmsg_device *rpdev,
					     rpmsg_rx_cb_t cb, void *priv,
					     struct rpmsg_channel_info chinfo)
{
	struct sim *sim = to_sim(rpdev);
	struct rpmsg_endpoint *ept = kzalloc(sizeof(*ept), GFP_KERNEL);
	bool busy;

	if (!ept)
		return NULL;
	kref_init(&ept->refcount);
	mutex_init(&ept->cb_lock);
	ept->rpdev = rpdev;
	ept->cb = cb;
	ept->priv = priv;
	ept->addr = 1024 + sim->id;
	ept->ops = &sim_ept_ops;
	sim_queue_event(sim, QDA_SIM_RECORD_UP);
	spin_lock(&sim->lock);
	busy = sim->ept;
	if (!busy)
		sim->ept = ept;
	spin_unlock(&sim->lock);
	if (!busy)
		return ept;
	kfree(ept);
	return NULL;
}

static const struct rpmsg_device_ops sim_device_ops = {
	.create_ept = sim_create_ept,
};

/* --- it comes and goes ---------------------------------------------------- */

static void sim_release_rpdev(struct device *dev)
{
	struct rpmsg_device *rpdev = container_of(dev, struct rpmsg_device, dev);

#ifdef SIM_FREE_OVERRIDE
	kfree(rpdev->driver_override);
#endif
	of_node_put(dev->of_node);
	kfree(container_of(rpdev, struct sim_rpdev, rpdev));
}

static void sim_up(struct sim *sim)
{
	struct sim_rpdev *srp = kzalloc(sizeof(*srp), GFP_KERNEL);
	struct rpmsg_device *rpdev;
	int err;

	if (!srp)
		return;
	srp->sim = sim;
	rpdev = &srp->rpdev;
	rpdev->ops = &sim_device_ops;
	rpdev->src = RPMSG_ADDR_ANY;
	rpdev->dst = RPMSG_ADDR_ANY;
	rpdev->little_endian = true;
	strscpy(rpdev->id.name, CHANNEL_NAME, sizeof(rpdev->id.name));
	rpdev->dev.parent = sim->parent;
	rpdev->dev.release = sim_release_rpdev;
	/* several DSPs below one parent: the name must tell them apart */
	rpdev->src = sim->id;
	device_set_node(&rpdev->dev, of_fwnode_handle(of_node_get(sim->np)));

	sim->watching = false;
	/* banks are found from the first moment the driver can make them */
	down_write(&sim->dev_lock);
	sim->rpdev = rpdev;
	up_write(&sim->dev_lock);
	get_device(sim->parent);
	err = rpmsg_register_device(rpdev);
	put_device(sim->parent);
	if (!err)
		return;
	dev_err(sim->parent, "%s: cannot register the channel: %d\n", sim->label, err);
	down_write(&sim->dev_lock);
	sim->rpdev = NULL;
	up_write(&sim->dev_lock);
}

static void sim_down(struct sim *sim)
{
	struct rpmsg_device *rpdev = sim->rpdev;

	/* first nothing is sent any more, then the driver learns why */
	sim_hang_up(sim, NULL);
	down_write(&sim->dev_lock);
	sim->rpdev = NULL;
	up_write(&sim->dev_lock);
	device_unregister(&rpdev->dev);
}

static void sim_channel_work(struct work_struct *work)
{
	struct sim *sim = container_of(work, struct sim, channel_work);
	bool want = READ_ONCE(sim->want_up);

	if (want && !sim->rpdev)
		sim_up(sim);
	else if (!want && sim->rpdev)
		sim_down(sim);
}

void sim_set_channel(struct sim *sim, bool up)
{
	WRITE_ONCE(sim->want_up, up);
	queue_work(channel_wq, &sim->channel_work);
}

void sim_flush_channel(struct sim *sim)
{
	flush_work(&sim->channel_work);
}

void sim_channel_drain(struct sim *sim)
{
	struct sim_entry *entry, *next;
	LIST_HEAD(list);

	spin_lock(&sim->lock);
	list_splice_init(&sim->queue, &list);
	sim->queued = 0;
	spin_unlock(&sim->lock);
	list_for_each_entry_safe(entry, next, &list, node)
		kfree(entry);
}

void sim_channel_setup(struct sim *sim)
{
	spin_lock_init(&sim->lock);
	init_rwsem(&sim->dev_lock);
	mutex_init(&sim->window_lock);
	INIT_LIST_HEAD(&sim->queue);
	INIT_LIST_HEAD(&sim->replies);
	init_waitqueue_head(&sim->wait);
	INIT_WORK(&sim->channel_work, sim_channel_work);
	INIT_WORK(&sim->respond_work, sim_respond_work);
}

int sim_channel_init(void)
{
	channel_wq = alloc_workqueue("qda-sim", WQ_UNBOUND, 0);
	return channel_wq ? 0 : -ENOMEM;
}

void sim_channel_exit(void)
{
	destroy_workqueue(channel_wq);
}
