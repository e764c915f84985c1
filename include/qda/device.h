/* SPDX-License-Identifier: MIT */
/**
 * @file device.h
 * @defgroup device Device
 * A DSP that can be opened. Holding a struct qda_device holds no resource of the
 * DSP.
 * @{
 */
#ifndef QDA_DEVICE_H
#define QDA_DEVICE_H

#include <qda/context.h>
#include <qda/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qda_device;

/** Bits of the flags of qda_device_list(). */
enum qda_device_list_flags {
	QDA_LIST_KERNEL = 1 << 0,	/**< nodes of the qda driver */
	QDA_LIST_SOFT = 1 << 1,		/**< soft devices, if installed */
};

/**
 * List the devices of this machine, by udev and DRM driver name.
 *
 * Opens and closes each node of the accel subsystem; nodes of other drivers are
 * skipped, nodes that cannot be opened are logged. May block on the
 * device nodes' open.
 *
 * @param flags enum qda_device_list_flags
 * @param ret_devices array that ends with NULL; qda_device_list_free() it
 * @return the number of devices (0: none, the array is still allocated);
 *	-EINVAL; -ENOMEM; -EACCES devices exist and none may be opened;
 *	-EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_device_list(struct qda_ctx *ctx, uint32_t flags,
		    struct qda_device ***ret_devices);

/** Free a list and its references. NULL is allowed. @since 0.1 */
void qda_device_list_free(struct qda_device **devices);

/**
 * Find one device.
 *
 * @param name "cdsp", "adsp", ...: the kernel's device for that DSP;
 *	"/dev/accel/accelN": that node; "soft:cdsp": the soft device (see
 *	docs/softdsp.md); NULL: the QDA_DEVICE environment variable (not for
 *	set-user-id programs), else the kernel's cdsp, else its only device. A soft
 *	device is never chosen unasked.
 * @param ret_device a reference for the caller
 * @param reterr NULL, or where to say why
 * @return 0; -EINVAL; -ENODEV no such device; -EACCES, -EPERM; -ENOTSUP the node
 *	speaks another interface; -ENXIO the node is another driver's; -ENOMEM;
 *	-EMFILE; -EOWNERDEAD in a forked child; for soft devices also -ENOENT (not
 *	installed) and what starting a process can return
 * @since 0.1
 */
int qda_device_open(struct qda_ctx *ctx, const char *name,
		    struct qda_device **ret_device, struct qda_failure *reterr);

/** Take a reference. Thread safe. @since 0.1 */
struct qda_device *qda_device_ref(struct qda_device *device);
/** Drop a reference. Thread safe; NULL is allowed. @return NULL @since 0.1 */
struct qda_device *qda_device_unref(struct qda_device *device);

/** The DSP's name ("cdsp"). Lives as long as the device; NULL for NULL. @since 0.1 */
const char *qda_device_get_name(const struct qda_device *device);
/** The node or soft name it was opened by. Lives as long as the device. @since 0.1 */
const char *qda_device_get_path(const struct qda_device *device);
/** Driver name, version and description in one line. @since 0.1 */
const char *qda_device_get_driver(const struct qda_device *device);
/** 1 for a soft device, 0 for the kernel's, -EINVAL. @since 0.1 */
int qda_device_is_soft(const struct qda_device *device);

/** A directory in which files of the DSP are looked for. */
struct qda_search_dir {
	const char *path;
	const char *origin;	/**< "DSP_LIBRARY_PATH", "configuration", "default" */
};

/**
 * Where a session of this device that is opened now would look for shell images and
 * modules, in this order (docs/search-path.md), besides what its options add. In each
 * directory the one named as the DSP comes first. Never blocks but for files.
 * Thread safe.
 * @param ret_dirs array that ends with a NULL path; qda_search_path_free() it
 * @return the number of directories; -EINVAL; -ENOMEM; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_device_get_search_path(struct qda_device *device,
			       struct qda_search_dir **ret_dirs);

/** Free what qda_device_get_search_path() made. NULL is allowed. @since 0.1 */
void qda_search_path_free(struct qda_search_dir *dirs);

/**
 * Which shell image such a session would take. Thread safe; opens the device for a
 * moment.
 * @param is_unsigned 1: of an unsigned PD; 0: of one that checks signatures
 * @param buf its path goes here, also with -ENOEXEC
 * @param reterr NULL, or where to say why
 * @return 0; -EINVAL; -EBADMSG the image is empty or truncated; -ENOENT none, the
 *	message has every place that was tried; -ENOEXEC it is no program for this
 *	DSP, as far as one can see, and would be tried nevertheless; -E2BIG;
 *	-ENAMETOOLONG buf is too small; -EACCES; -EIO; -ENOMEM; what
 *	qda_device_query() returns
 * @since 0.1
 */
int qda_device_find_shell(struct qda_device *device, uint32_t is_unsigned, char *buf,
			  size_t size, struct qda_failure *reterr);

/** Figures of a device, for qda_device_query(). */
enum qda_device_param {
	QDA_DEVICE_BANKS_TOTAL = 0,	/**< context banks: sessions at a time */
	QDA_DEVICE_BANKS_FREE = 1,
	QDA_DEVICE_MAX_IN_FLIGHT = 2,	/**< calls per session; its listener takes one */
	QDA_DEVICE_MAX_BUFFER = 3,	/**< bytes */
	QDA_DEVICE_BANK_SIZE = 4,	/**< bytes of address space per session */
	QDA_DEVICE_MAX_SHELL = 5,	/**< bytes */
	QDA_DEVICE_MAX_INIT_MEM = 6,	/**< bytes */
	QDA_DEVICE_MAX_MAPPINGS = 7,	/**< per session */
	QDA_DEVICE_FEATURES = 8,	/**< enum qda_feature bits */
};

/** Bits of QDA_DEVICE_FEATURES. */
enum qda_feature {
	QDA_FEATURE_UNSIGNED_PD = 1 << 0,	/**< unsigned PDs are allowed */
	QDA_FEATURE_SENSORS_PD = 1 << 1,
	QDA_FEATURE_STATIC_PD = 1 << 2,
	QDA_FEATURE_COHERENT = 1 << 3,		/**< CPU mappings are cached */
	QDA_FEATURE_PRIVILEGED = 1 << 4,	/**< this process is privileged */
};

/**
 * Ask for one figure. Opens the node for the question. Thread safe.
 * @return 0; -EINVAL; -ENODEV; -EOPNOTSUPP the device came as a descriptor, so
 *	there is nothing to open; -EOWNERDEAD in a forked child; what opening can
 *	return
 * @since 0.1
 */
int qda_device_query(struct qda_device *device, uint32_t param, uint64_t *ret_value);

/** DSP attributes (ids of the public interface), for qda_device_get_attr(). */
enum qda_attr {
	QDA_ATTR_DOMAIN_SUPPORT = 0,
	QDA_ATTR_UNSIGNED_PD = 1,
	QDA_ATTR_HVX_64B = 2,
	QDA_ATTR_HVX_128B = 3,
	QDA_ATTR_VTCM_PAGE = 4,
	QDA_ATTR_VTCM_COUNT = 5,
	QDA_ATTR_ARCH_VER = 6,
	QDA_ATTR_HMX_DEPTH = 7,
	QDA_ATTR_HMX_SPATIAL = 8,
	QDA_ATTR_ASYNC_FASTRPC = 9,
	QDA_ATTR_STATUS_NOTIFICATION = 10,
	QDA_ATTR_MCID_MULTICAST = 11,
	QDA_ATTR_EXTENDED_MAP = 12,
	QDA_ATTR_HANDLE_PRIORITY = 13,

	/* internal: what the vendor's library and the firmware agree on */
	QDA_ATTR_PERF_V2_DSP = 128,
	QDA_ATTR_MAP_DMA_HANDLE_REVERSE = 129,
	QDA_ATTR_DSPSIGNAL_DSP = 130,
	QDA_ATTR_PROC_SHARED_BUFFER = 131,

	/* internal: of the older driver, fastrpc; neither a DSP nor qda has them */
	QDA_ATTR_PERF_V2_DRIVER = 256,
	QDA_ATTR_DRIVER_ERROR_CODES = 257,
	QDA_ATTR_USERSPACE_ALLOCATION = 258,
	QDA_ATTR_DSPSIGNAL_DRIVER = 259,
};

/**
 * Ask the DSP for one of its attributes. Cached by the driver; the first time it
 * is a call to the DSP and blocks for its answer, interruptible. Thread safe.
 * @param attr 0 to 255
 * @param ret_status NULL, or the DSP's answer if it refused
 * @return 0; -EINVAL; -ERANGE; -EOPNOTSUPP the firmware has no such call, or the
 *	device came as a descriptor;
 *	-EBUSY no free context bank to ask with; -EREMOTEIO the DSP refused;
 *	-EINTR; -ENODEV; -EPIPE; -EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_device_get_attr(struct qda_device *device, uint32_t attr,
			uint32_t *ret_value, int32_t *ret_status);

/**
 * Name of a DSP attribute, such as "hvx_128b". Thread safe, never blocks.
 * @return a static string; NULL for an attribute this library does not know
 * @since 0.1
 */
const char *qda_attr_name(uint32_t attr);

/**
 * What a DSP attribute means, in a sentence. Thread safe, never blocks.
 * @return a static string; NULL for an attribute this library does not know
 * @since 0.1
 */
const char *qda_attr_text(uint32_t attr);

/**
 * The value of a DSP attribute in human form: "yes", "4", "256 KiB", "v75"; in hex
 * for an attribute this library does not know. Thread safe, never blocks.
 * @param text where to write it, NUL terminated and cut off to size; NULL if size
 *	is 0
 * @param size bytes of text; 32 are enough for all
 * @return the length of the whole text without its NUL; -EINVAL
 * @since 0.1
 */
int qda_attr_format(uint32_t attr, uint32_t value, char *text, size_t size);

/** What happened to a device. */
enum qda_device_change {
	QDA_DEVICE_ADDED = 1,
	QDA_DEVICE_REMOVED = 2,
};

/** Called by qda_ctx_process(); device lives for the call, take a reference. */
typedef void (*qda_device_fn)(void *data, uint32_t change,
			      struct qda_device *device);

/**
 * Have a function called when kernel devices come and go. One per context; NULL
 * ends it. The udev objects stay on the thread that calls this and
 * qda_ctx_process(): use one thread for both. Set it before qda_device_list(), so
 * that no device is missed between the two.
 * @return 0; -EINVAL; -ENOMEM; -EMFILE; -ENOSYS udev cannot be reached;
 *	-EOWNERDEAD in a forked child
 * @since 0.1
 */
int qda_ctx_set_device_callback(struct qda_ctx *ctx, qda_device_fn fn, void *data);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
