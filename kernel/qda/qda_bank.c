// SPDX-License-Identifier: GPL-2.0-only
/*
 * A context bank in the hands of a session: handed out when the session first needs
 * one, or lent for a single call, and given back when the DSP touches nothing in it any
 * more. How banks come into being is qda_cb.c's.
 */
#include <linux/jiffies.h>

#include "qda_drv.h"

/* --- which bank ---------------------------------------------------------- */

/**
 * qda_bank_take() - take a free context bank
 * @session: has none; its lock is held
 *
 * Return: 0, -EBUSY when none is free, -ENODEV when the DSP is gone.
 */
static int qda_bank_take(struct qda_session *session)
{
	struct qda_device *qdev = session->qdev;
	struct qda_bank *best = NULL;
	unsigned int i;
	int err = -EBUSY;

	lockdep_assert_held(&session->lock);
	spin_lock_irq(&qdev->lock);
	if (qdev->leaving) {
		err = -ENODEV;
		goto unlock;
	}
	for (i = 0; i < qdev->num_banks; i++) {
		struct qda_bank *bank = &qdev->banks[i];

		if (!bank->owner &&
		    (!best || bank->released_at < best->released_at))
			best = bank;
	}
	if (!best)
		goto unlock;
	best->owner = session;
	session->bank = best;
	qda_session_get(session);
	list_add_tail(&session->node, &qdev->sessions);
	err = 0;
unlock:
	spin_unlock_irq(&qdev->lock);
	return err;
}

/**
 * qda_bank_give() - give the context bank back
 * @session: nothing of it is mapped in its bank; its lock is held, and the caller
 *	holds a reference
 */
static void qda_bank_give(struct qda_session *session)
{
	struct qda_device *qdev = session->qdev;

	lockdep_assert_held(&session->lock);
	spin_lock_irq(&qdev->lock);
	session->bank->owner = NULL;
	session->bank->released_at = get_jiffies_64();
	WRITE_ONCE(session->bank, NULL);
	list_del_init(&session->node);
	qda_place_wake(session);
	spin_unlock_irq(&qdev->lock);
	qda_session_put(session);
}

/**
 * qda_banks_free() - how many banks no session holds
 * @qdev: the DSP
 *
 * Return: their number.
 */
unsigned int qda_banks_free(struct qda_device *qdev)
{
	unsigned int i, n = 0;

	spin_lock_irq(&qdev->lock);
	for (i = 0; i < qdev->num_banks; i++)
		n += !qdev->banks[i].owner;
	spin_unlock_irq(&qdev->lock);
	return n;
}

/* --- a session's bank ---------------------------------------------------- */

static int qda_session_bank_ready(struct qda_session *session)
{
	int err;

	lockdep_assert_held(&session->lock);
	if (session->bank)
		return READ_ONCE(session->qdev->lost) ? -ENODEV : 0;

	err = qda_bank_take(session);
	if (err)
		return err;
	err = qda_pools_alloc(session);
	if (err)
		qda_bank_give(session);
	return err;
}

/**
 * qda_session_bank_get() - take a bank and keep it
 * @session: whose lock is held
 *
 * Return: 0, -EBUSY, -ENODEV or -ENOMEM.
 */
int qda_session_bank_get(struct qda_session *session)
{
	int err = qda_session_bank_ready(session);

	if (!err)
		session->bank_keep = true;
	return err;
}

/**
 * qda_session_bank_borrow() - take a bank for one call, unless there is one
 * @session: whose lock is held
 *
 * Return: 0, -EBUSY, -ENODEV or -ENOMEM.
 */
int qda_session_bank_borrow(struct qda_session *session)
{
	int err = qda_session_bank_ready(session);

	if (!err)
		session->borrowers++;
	return err;
}

/* The last user has gone; the DSP does not touch the bank any more */
static void qda_session_bank_put(struct qda_session *session)
{
	qda_bo_maps_bury(session);
	qda_pools_free(session);
	session->bank_keep = false;
	session->bank_dead = false;
	qda_bank_give(session);
}

/**
 * qda_session_bank_return() - the end of a borrowing
 * @session: whose lock is held; may be left without a bank, and with a reference
 *	less, so the caller must hold one
 */
void qda_session_bank_return(struct qda_session *session)
{
	lockdep_assert_held(&session->lock);
	if (!session->bank || WARN_ON(!session->borrowers))
		return;
	session->borrowers--;
	if (!session->borrowers &&
	    (!session->bank_keep || session->bank_dead))
		qda_session_bank_put(session);
}

/**
 * qda_session_bury() - nothing of the session is on the DSP any more
 * @session: whose lock is held; the caller holds a reference
 *
 * Everything the DSP could touch is dropped and the bank given back, at once or
 * when the last borrower has its answer.
 */
void qda_session_bury(struct qda_session *session)
{
	lockdep_assert_held(&session->lock);
	if (!session->bank)
		return;
	qda_calls_bury(session);
	qda_maps_bury(session);
	qda_init_mem_free(session);

	if (READ_ONCE(session->qdev->lost))
		session->borrowers = 0;
	if (session->borrowers)
		session->bank_dead = true;
	else
		qda_session_bank_put(session);
}
