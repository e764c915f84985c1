// SPDX-License-Identifier: MIT
/* Which kinds of PD work, by opening one after the other. */
#include <errno.h>
#include <string.h>

#include "doctor.h"

static const struct pd_kind {
	const char *name;
	uint32_t pd, signing;
	uint64_t feature;	/* of DSPs that have it; 0: all */
	const char *without;	/* the feature */
	bool free_for_all;	/* takes no privilege */
	bool is_optional;	/* only the firmware knows whether there is one */
} kinds[] = {
	{ "unsigned", QDA_PD_USER, QDA_SIGNING_UNSIGNED, QDA_FEATURE_UNSIGNED_PD,
	  "not allowed by this DSP", true, false },
	{ "signed", QDA_PD_USER, QDA_SIGNING_SIGNED, 0, "", false, false },
	{ "root", QDA_PD_ROOT, QDA_SIGNING_AUTO, 0, "", false, false },
	{ "sensors", QDA_PD_SENSORS, QDA_SIGNING_AUTO, QDA_FEATURE_SENSORS_PD,
	  "this DSP has none", false, true },
};

static const char *needs_privilege(const struct doctor *doctor)
{
	return doctor->soft ? "needs privilege, which this soft device does not give" :
			      "needs privilege (CAP_SYS_ADMIN), which this user has not";
}

/* the session that was opened is one of that kind */
static bool is_open(const struct doctor *doctor, const struct pd_kind *kind)
{
	int is_unsigned = qda_session_is_unsigned(doctor->target.session);

	return kind->pd == QDA_PD_USER &&
	       kind->signing == (is_unsigned == 1 ? QDA_SIGNING_UNSIGNED :
						    QDA_SIGNING_SIGNED);
}

/* the sentence says which image it was, and what to do */
static void refused(const struct pd_kind *kind, struct check *check, int err,
		    const struct qda_failure *failure)
{
	size_t used = strlen(check->cure);

	if (err == -EREMOTEIO)
		check_add(check, "refused (%s)", qda_status_name(failure->status));
	else
		check_add(check, "%s", qda_strerror(err));
	if (kind->is_optional)
		return;
	check->result = CHECK_WARNING;
	snprintf(check->cure + used, sizeof(check->cure) - used, "%s%s: %s",
		 used ? " " : "", kind->name, failure->message);
}

/* false: the DSP was lost */
static bool try_kind(struct doctor *doctor, const struct pd_kind *kind,
		     struct check *check)
{
	const struct qda_session_opts opts = {
		.size = sizeof(opts),
		.pd = kind->pd,
		.signing = kind->signing,
		.listener = QDA_LISTENER_OFF,
	};
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_session *session;
	int err;

	err = qda_session_open(doctor->target.device, &opts, &session, &failure);
	if (!err) {
		qda_session_unref(session);
		check_add(check, "works");
	} else if (err == -EBUSY) {
		/* another program's, and no fault */
		check_add(check, "not tried, no free context bank");
	} else if (session_exit_status(err) == RUN_LOST) {
		check_broken(check, RUN_LOST, "", "%s", failure.message);
		return false;
	} else {
		refused(kind, check, err, &failure);
	}
	return true;
}

static bool check_kind(struct doctor *doctor, const struct pd_kind *kind,
		       struct check *check)
{
	check_add(check, "%s%s: ", check->detail[0] ? "; " : "", kind->name);
	if (is_open(doctor, kind))
		check_add(check, "works");
	else if (kind->feature && !(doctor->features & kind->feature))
		check_add(check, "%s", kind->without);
	else if (!kind->free_for_all && !(doctor->features & QDA_FEATURE_PRIVILEGED))
		check_add(check, "%s", needs_privilege(doctor));
	else
		return try_kind(doctor, kind, check);
	return true;
}

void check_pds(struct doctor *doctor, struct check *check)
{
	size_t i;

	check_ok(check, "%s", "");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (cli_interrupted || !check_kind(doctor, &kinds[i], check))
			return;
	}
	check_add(check, "; static: %s",
		  !(doctor->features & QDA_FEATURE_STATIC_PD) ? "this DSP has none" :
		  !(doctor->features & QDA_FEATURE_PRIVILEGED) ?
			  needs_privilege(doctor) :
			  "not tried, because audiopd never gives back the memory it "
			  "takes, and only the board knows which others there are");
}
