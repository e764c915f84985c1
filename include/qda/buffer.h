/* SPDX-License-Identifier: MIT */
/**
 * @file buffer.h
 * @defgroup buffer Buffer
 * Memory that CPU and DSP share without copying. Belongs to a session; export and
 * import share it with other sessions, devices and processes.
 * @{
 */
#ifndef QDA_BUFFER_H
#define QDA_BUFFER_H

#include <qda/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_buffer;

/**
 * Allocate a zeroed buffer.
 * @param size bytes, rounded up to whole pages; qda_buffer_get_size() tells
 * @param ret_buffer a reference for the caller
 * @return 0; -EINVAL; -E2BIG larger than the device allows; -ENOSPC the session's
 *	DSP address space is full; -ENOMEM; -ENODEV; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_buffer_new(struct qda_session *session, uint64_t size,
		   struct qda_buffer **ret_buffer);

/**
 * Import a dma-buf (soft device: also a memfd sealed with F_SEAL_SHRINK). The
 * descriptor is duplicated; the caller keeps its own. Importing the same memory
 * twice into one session gives the same buffer with another reference.
 * @return 0; -EINVAL not importable (not contiguous for the DSP, not sealed);
 *	-EBADF; -E2BIG; -ENOSPC; -ENOMEM; -ENODEV; -EOWNERDEAD
 * @since 0.1
 */
int qda_buffer_import(struct qda_session *session, int fd,
		      struct qda_buffer **ret_buffer);

/**
 * Export as a dma-buf (soft device: a memfd). The descriptor is the caller's, with
 * CLOEXEC.
 * @return the descriptor; -EINVAL; -EMFILE; -ENODEV; -EOWNERDEAD
 * @since 0.1
 */
int qda_buffer_export(struct qda_buffer *buffer);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_buffer *qda_buffer_ref(struct qda_buffer *buffer);
/**
 * Drop a reference. A call or mapping that uses the buffer holds one. Thread safe;
 * NULL is allowed.
 * @return NULL
 * @since 0.1
 */
struct qda_buffer *qda_buffer_unref(struct qda_buffer *buffer);

/** Bytes, a multiple of the page size; 0 for NULL. @since 0.1 */
uint64_t qda_buffer_get_size(const struct qda_buffer *buffer);

/** The buffer's session. Lives as long as the buffer. @since 0.1 */
struct qda_session *qda_buffer_get_session(const struct qda_buffer *buffer);

/**
 * Map for the CPU, read and write. The first call maps, later ones return the
 * same address. The mapping lives as long as the buffer, also when the DSP is
 * gone. Thread safe.
 * @return 0; -EINVAL; -ENOMEM; -EACCES, -EPERM the exporter forbids it;
 *	-EOWNERDEAD
 * @since 0.1
 */
int qda_buffer_map(struct qda_buffer *buffer, void **ret_address);

/** Bits for qda_buffer_sync_begin() and _end(). */
enum qda_sync {
	QDA_SYNC_READ = 1 << 0,
	QDA_SYNC_WRITE = 1 << 1,
};

/**
 * Before and after the CPU accesses an imported buffer (DMA_BUF_IOCTL_SYNC on the
 * exporter's descriptor). Free of cost for the session's own buffers, where calls
 * themselves order the accesses. May block on the exporter, restarts on signals.
 * @param access enum qda_sync, the same for begin and end
 * @return 0; -EINVAL; what the exporter returns
 * @since 0.1
 */
int qda_buffer_sync_begin(struct qda_buffer *buffer, uint32_t access);
/** See qda_buffer_sync_begin(). @since 0.1 */
int qda_buffer_sync_end(struct qda_buffer *buffer, uint32_t access);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
