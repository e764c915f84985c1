// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a developer wants to see of a DSP: who holds which context bank, and what is
 * in flight.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>

#include "qda_drv.h"

static const char * const qda_session_states[] = {
	[QDA_SESSION_NONE] = "no pd",
	[QDA_SESSION_STARTING] = "starting",
	[QDA_SESSION_RUNNING] = "running",
	[QDA_SESSION_RELEASED] = "released",
};

static int qda_debugfs_state(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct qda_device *qdev = to_qda_device(entry->dev);
	unsigned int i;

	seq_printf(m, "dsp: %s\nmemory: %s%s\naddress bits: %u, stream id at %u\n",
		   qdev->name, qdev->mem->name,
		   qdev->coherent ? ", coherent" : "", qdev->bank_bits,
		   qdev->soc->sid_pos);
	spin_lock_irq(&qdev->lock);
	seq_printf(m, "messages: %llu\n", qdev->seq);
	for (i = 0; i < qdev->num_banks; i++) {
		const struct qda_bank *bank = &qdev->banks[i];
		const struct qda_session *s = bank->owner;

		if (s)
			seq_printf(m,
				   "bank %u: sid %u, %s, in flight %u of %u, not consumed %u, mapped %llu KiB, of them imported %llu KiB\n",
				   i, bank->sid,
				   READ_ONCE(s->release_refused) ?
					   "out of use, release refused" :
					   qda_session_states[s->state],
				   s->in_flight, s->limit, s->num_done,
				   READ_ONCE(s->mapped) >> 10,
				   READ_ONCE(s->imported) >> 10);
		else
			seq_printf(m, "bank %u: sid %u, free\n", i, bank->sid);
	}
	spin_unlock_irq(&qdev->lock);
	return 0;
}

static const struct drm_debugfs_info qda_debugfs_files[] = {
	{ "qda_state", qda_debugfs_state, 0, NULL },
};

/**
 * qda_debugfs_init() - announce the files; called before registration
 * @qdev: the DSP
 */
void qda_debugfs_init(struct qda_device *qdev)
{
	drm_debugfs_add_files(&qdev->drm, qda_debugfs_files,
			      ARRAY_SIZE(qda_debugfs_files));
}
