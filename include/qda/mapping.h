/* SPDX-License-Identifier: MIT */
/**
 * @file mapping.h
 * @defgroup mapping Mapping
 * Part of a buffer made known to the PD beyond one call: DSP code finds it by its
 * integer (HAP_mmap_get and the like) or keeps its address. Calls do not need
 * this for their arguments.
 * @{
 */
#ifndef QDA_MAPPING_H
#define QDA_MAPPING_H

#include <qda/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_mapping;

/** How the DSP holds a mapping; the numbers are FastRPC's map flags. */
enum qda_map_type {
	QDA_MAP_STATIC = 0,
	QDA_MAP_FD = 2,
	QDA_MAP_FD_DELAYED = 3,	/**< mapped on use; the DSP may end it */
	QDA_MAP_FD_NOMAP = 16,	/**< only registered */
	QDA_MAP_ADD_PAGES = 0x1000,	/**< heap of the PD; has no dsp_id */
};

/** Options of qda_mapping_new(). Zero means the default for every field. */
struct qda_mapping_opts {
	size_t size;		/**< sizeof(struct qda_mapping_opts) */
	uint32_t type;		/**< enum qda_map_type; note 0 is STATIC */
	int32_t dsp_id;		/**< 1 and up, unique in the session; 0: chosen */
	uint64_t offset;	/**< bytes, a multiple of 4096 */
	uint64_t length;	/**< bytes; 0: to the end of the buffer */
	uint64_t addr_hint;	/**< DSP address wanted; 0: any */
};

/**
 * Map into the PD. Blocks until the DSP has answered; a signal ends the wait with
 * -EINTR and undoes the mapping. Thread safe.
 * @param opts NULL for the defaults: the whole buffer, QDA_MAP_STATIC
 * @param ret_mapping a reference for the caller
 * @param reterr NULL, or where to say why
 * @return 0; -EINVAL; -E2BIG; -EEXIST dsp_id in use; -ENOSPC too many mappings;
 *	-EREMOTEIO the DSP refused (reterr->status); -ENOMEM; -ENOTCONN;
 *	-ECANCELED; -ENODEV; -EPIPE; -EINTR; -ETIMEDOUT as -EINTR, in a session that
 *	came as a descriptor; -EOWNERDEAD
 * @since 0.1
 */
int qda_mapping_new(struct qda_buffer *buffer, const struct qda_mapping_opts *opts,
		    struct qda_mapping **ret_mapping, struct qda_failure *reterr);

/**
 * Unmap now, and learn how it went. The object stays until its last reference is
 * dropped. Blocks until the DSP has answered. Thread safe.
 *
 * This ends no mapping that DSP code has made itself by means of the dsp_id (apps_mem
 * share_map, dma_handle_map). Through such a one it may go on reading and writing the
 * buffer, whose memory stays as long, until it ends it, the PD ends, or the last
 * descriptor of the session is closed.
 * @return 0; -EINVAL; -EREMOTEIO the DSP refused and the mapping stands;
 *	-EALREADY unmapped before, by the DSP too; -EINTR a signal, and -ETIMEDOUT
 *	in a session that came as a descriptor: it goes on by itself, or was not sent;
 *	again, or the last qda_mapping_unref(), to be sure;
 *	-ECANCELED, -ENODEV, -EPIPE it ended with the PD; -EOWNERDEAD
 * @since 0.1
 */
int qda_mapping_unmap(struct qda_mapping *mapping, struct qda_failure *reterr);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_mapping *qda_mapping_ref(struct qda_mapping *mapping);
/**
 * Drop a reference; the last one unmaps, if that was not done, and so may block
 * for the DSP's answer. Thread safe; NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_mapping *qda_mapping_unref(struct qda_mapping *mapping);

/** The DSP's address, 0 when it has none. @since 0.1 */
uint64_t qda_mapping_get_address(const struct qda_mapping *mapping);
/** The integer DSP code knows it by; 0 for ADD_PAGES. @since 0.1 */
int32_t qda_mapping_get_dsp_id(const struct qda_mapping *mapping);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
