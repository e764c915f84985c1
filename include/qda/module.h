/* SPDX-License-Identifier: MIT */
/**
 * @file module.h
 * @defgroup module Module
 * A shared object loaded into the PD, whose methods can be called.
 * @{
 */
#ifndef QDA_MODULE_H
#define QDA_MODULE_H

#include <qda/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_module;

/**
 * Load a module into the PD.
 *
 * @param name one of: a URI ("file:///libX_skel.so?X_skel_handle_invoke&_modver=1.0"),
 *	passed on unchanged; a file name or path ("libX_skel.so",
 *	"/opt/dsp/libX_skel.so"), made into the URI of its interface; a bare
 *	interface name ("calculator"), the same as "libcalculator_skel.so".
 *	The DSP side searches file names without a directory. From the directory of
 *	one with it the DSP may read from then on: what the module needs is looked
 *	for there, too, after the search path.
 * @param ret_module a reference for the caller
 * @param reterr NULL, or where to say why: for a module that was not found, every
 *	path that was tried
 * @return 0; -EINVAL; -ENAMETOOLONG; -EREMOTEIO the DSP refused
 *	(reterr->status); -ENOENT, -ENOTDIR, -EACCES the directory that name has;
 *	-ENOMEM; -ENOTCONN; -ECANCELED; -ENODEV; -EPIPE;
 *	-EINTR (the module is closed again when the DSP has answered); -EOWNERDEAD
 * @since 0.1
 */
int qda_module_open(struct qda_session *session, const char *name,
		    struct qda_module **ret_module, struct qda_failure *reterr);

/**
 * A module that is there without loading: a static handle of the firmware, or a
 * handle obtained elsewhere. Closing it tells the DSP nothing.
 * @return 0; -EINVAL; -EPERM handle 1; -ENOMEM; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_module_from_handle(struct qda_session *session, uint32_t handle,
			   struct qda_module **ret_module);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_module *qda_module_ref(struct qda_module *module);
/**
 * Drop a reference; the last one closes the module on the DSP and blocks for its
 * answer. Calls hold a reference. Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_module *qda_module_unref(struct qda_module *module);

/** The module's session. Lives as long as the module. @since 0.1 */
struct qda_session *qda_module_get_session(const struct qda_module *module);
/** The name it was opened with, or NULL. Lives as long as the module. @since 0.1 */
const char *qda_module_get_name(const struct qda_module *module);
/** The remote handle. @since 0.1 */
uint32_t qda_module_get_handle(const struct qda_module *module);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
