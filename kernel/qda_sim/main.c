// SPDX-License-Identifier: GPL-2.0-only
/*
 * qda_sim: DSPs that are not there. The children of a "libqda,qda-sim" node are
 * qcom,fastrpc nodes as below a remote processor's GLINK edge; each becomes a channel
 * on the rpmsg bus whose far end is /dev/qda-sim-N.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "sim.h"

static LIST_HEAD(sims);
static DEFINE_MUTEX(sims_lock);
static unsigned int next_id;
static struct dentry *debugfs;

void sim_for_each(void (*fn)(struct sim *sim))
{
	struct sim *sim;

	mutex_lock(&sims_lock);
	list_for_each_entry(sim, &sims, node)
		fn(sim);
	mutex_unlock(&sims_lock);
}

/* --- debugfs: what a shell script needs of the ioctls ---------------------- */

static int channel_get(void *data, u64 *val)
{
	*val = !!READ_ONCE(((struct sim *)data)->ept);
	return 0;
}

static int channel_set(void *data, u64 val)
{
	if (val > 1)
		return -EINVAL;
	sim_set_channel(data, val);
	sim_flush_channel(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(channel_fops, channel_get, channel_set, "%llu\n");

static int stall_get(void *data, u64 *val)
{
	*val = READ_ONCE(((struct sim *)data)->stall);
	return 0;
}

static int stall_set(void *data, u64 val)
{
	if (val > SIM_STALL_ROOM)
		return -EINVAL;
	sim_set_stall(data, val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(stall_fops, stall_get, stall_set, "%llu\n");

static void sim_debugfs_add(struct sim *sim)
{
	sim->debugfs = debugfs_create_dir(sim->label, debugfs);
	debugfs_create_file_unsafe("channel", 0600, sim->debugfs, sim, &channel_fops);
	debugfs_create_u32("respond", 0600, sim->debugfs, &sim->respond);
	debugfs_create_u64("messages", 0400, sim->debugfs, &sim->messages);
	debugfs_create_u64("responded", 0400, sim->debugfs, &sim->responded);
	debugfs_create_u64("faults", 0400, sim->debugfs, &sim->faults);
	debugfs_create_file_unsafe("stall", 0600, sim->debugfs, sim, &stall_fops);
	debugfs_create_atomic_t("stalled", 0400, sim->debugfs, &sim->stalled);
	debugfs_create_u64("refused", 0400, sim->debugfs, &sim->refused);
}

/* --- one DSP ---------------------------------------------------------------- */

static const struct of_device_id sim_dsp_match[] = {
	{ .compatible = "qcom,kaanapali-fastrpc", .data = (void *)56 },
	{ .compatible = "qcom,fastrpc", .data = (void *)32 },
	{ }
};

static int sim_read_node(struct sim *sim)
{
	struct device_node *np;
	int err;

	err = of_property_read_string(sim->np, "label", &sim->label);
	if (err)
		return err;
	np = of_parse_phandle(sim->np, "memory-region", 0);
	if (np)
		sim->region = of_reserved_mem_lookup(np);
	of_node_put(np);
	for_each_available_child_of_node(sim->np, np) {
		if (!of_device_is_compatible(np, "qcom,fastrpc-compute-cb") ||
		    sim->num_banks == QDA_SIM_MAX_BANKS ||
		    of_property_read_u32(np, "reg", &sim->sids[sim->num_banks]))
			continue;
		sim->num_banks++;
		sim->direct |= !of_property_present(np, "iommus");
	}
	return 0;
}

static int sim_add(struct device *parent, struct device_node *np, unsigned int sid_pos)
{
	struct sim *sim = kzalloc(sizeof(*sim), GFP_KERNEL);
	int err;

	if (!sim)
		return -ENOMEM;
	sim->parent = parent;
	sim->np = of_node_get(np);
	sim->sid_pos = sid_pos;
	sim->id = next_id;
	sim_channel_setup(sim);
	err = sim_read_node(sim);
	if (!err)
		err = sim_maps_setup(sim);
	sim_dma_setup(sim);
	if (!err)
		err = sim_chardev_add(sim);
	if (err) {
		sim_dma_teardown(sim);
		kvfree(sim->banks);
		of_node_put(np);
		kfree(sim);
		return err;
	}
	next_id++;
	sim_debugfs_add(sim);
	mutex_lock(&sims_lock);
	list_add_tail(&sim->node, &sims);
	mutex_unlock(&sims_lock);
	return 0;
}

static void sim_remove(struct sim *sim)
{
	debugfs_remove_recursive(sim->debugfs);
	sim_set_channel(sim, false);
	sim_flush_channel(sim);
	flush_work(&sim->respond_work);
	sim_chardev_remove(sim);
	mutex_lock(&sims_lock);
	list_del(&sim->node);
	mutex_unlock(&sims_lock);
	sim_channel_drain(sim);
	sim_dma_teardown(sim);
	of_node_put(sim->np);
	kvfree(sim->banks);
	kfree(sim);
}

static void sim_platform_remove(struct platform_device *pdev)
{
	struct sim *sim, *next;

	list_for_each_entry_safe(sim, next, &sims, node) {
		if (sim->parent == &pdev->dev)
			sim_remove(sim);
	}
}

static int sim_platform_probe(struct platform_device *pdev)
{
	struct device_node *np;
	int err;

	for_each_available_child_of_node(pdev->dev.of_node, np) {
		const struct of_device_id *match = of_match_node(sim_dsp_match, np);

		if (!match)
			continue;
		err = sim_add(&pdev->dev, np, (uintptr_t)match->data);
		if (err) {
			of_node_put(np);
			sim_platform_remove(pdev);
			return dev_err_probe(&pdev->dev, err, "%pOF\n", np);
		}
	}
	return 0;
}

static const struct of_device_id sim_match[] = {
	{ .compatible = "libqda,qda-sim" },
	{ }
};
MODULE_DEVICE_TABLE(of, sim_match);

static struct platform_driver sim_driver = {
	.probe = sim_platform_probe,
	.remove = sim_platform_remove,
	.driver = {
		.name = "qda-sim",
		.of_match_table = sim_match,
		/* open files hold the module, not the device */
		.suppress_bind_attrs = true,
	},
};

static int __init sim_init(void)
{
	int err;

	err = sim_channel_init();
	if (err)
		return err;
	err = sim_bank_init();
	if (err)
		goto exit_channel;
	sim_maps_init();
	sim_dma_init();
	debugfs = debugfs_create_dir("qda_sim", NULL);
	err = platform_driver_register(&sim_driver);
	if (!err)
		return 0;
	debugfs_remove_recursive(debugfs);
	sim_dma_exit();
	sim_maps_exit();
	sim_bank_exit();
exit_channel:
	sim_channel_exit();
	return err;
}
module_init(sim_init);

static void __exit sim_exit(void)
{
	platform_driver_unregister(&sim_driver);
	debugfs_remove_recursive(debugfs);
	sim_dma_exit();
	sim_maps_exit();
	sim_bank_exit();
	sim_channel_exit();
}
module_exit(sim_exit);

MODULE_DESCRIPTION("Virtual DSPs: FastRPC channels with a character device as far end");
MODULE_LICENSE("GPL");
