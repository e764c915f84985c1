/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * QDA: the user interface of the Qualcomm DSP accelerator driver.
 *
 * A client can be written from this file alone. One open file of the accel
 * node is one session with one DSP.
 */
#ifndef __QDA_ACCEL_H__
#define __QDA_ACCEL_H__

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * DOC: Identification
 *
 * Every accel driver uses the same command numbers, so a program must know
 * whose node it has opened before it sends anything. DRM_IOCTL_VERSION returns
 * the name %DRM_QDA_NAME, the major version %DRM_QDA_MAJOR and a description
 * that starts with %DRM_QDA_TAG; then DRM_QDA_QUERY_MAGIC returns
 * %DRM_QDA_ABI_MAGIC. A driver of the same name that does not answer all of
 * this speaks another interface and must be refused.
 *
 * DOC: Rules of this interface
 *
 * - Every struct is a multiple of 8 bytes, naturally aligned, without implicit
 *   padding, and the same for 32 and 64 bit callers.
 * - A field described as "must be zero", an undefined flag bit, or an undefined
 *   enum value fails with -EINVAL. That is what makes extension possible.
 * - Structs grow at the end only; zero in a new field means the old behaviour.
 *   Fields are never removed or reused. Each addition raises the minor version.
 *   The DRM core drops, without a word, the tail of a struct that is longer than
 *   the driver's: look at the minor version before you fill in a newer field.
 * - The return value of an ioctl is about the transport: 0 says that the DSP
 *   answered. What it answered is the struct's @status: 0, or the DSP's own code,
 *   which is never an errno. Other outputs are zero unless @status is 0.
 * - On failure the struct is left as the caller filled it, with one exception:
 *   REMOTE_INVOKE that returns -EINTR has filled @ticket. -EFAULT can also mean
 *   that the struct could not be written back: then what was asked for has been
 *   done, and an asynchronous REMOTE_INVOKE runs although its ticket is lost.
 * - All data reaches the DSP as {GEM handle, offset, length}. No dma-buf
 *   descriptor and no pointer to data crosses this interface. Packing small
 *   arguments into one buffer is user space's business.
 * - DSP addresses and their arithmetic are in units of 4096 byte pages whatever
 *   the page size of the kernel.
 *
 * DOC: Sessions, context banks and protection domains
 *
 * An open file takes one context bank (an IOMMU address space of the DSP) for
 * itself when it first needs one: at the first GEM_CREATE, PRIME import,
 * REMOTE_SESSION_CREATE or SESSION_ATTACH. It keeps the bank until nothing of
 * the session is left, which can be later than close(). No free bank is -EBUSY.
 * Two sessions in one process are two open files. No argument of any call lets
 * one session reach memory of another.
 *
 * A session then gets one protection domain (PD, a process on the DSP), by
 * REMOTE_SESSION_CREATE or by SESSION_ATTACH, once. Until then calls that need
 * one return -ENOTCONN.
 *
 * Privilege is that of the process that opened the file (CAP_SYS_ADMIN), not of
 * the caller, so that a broker can open, attach and pass the descriptor on. A
 * file without it gets unsigned PDs only, on DSPs that allow them.
 *
 * DOC: Memory
 *
 * GEM_CREATE allocates; DRM_IOCTL_PRIME_FD_TO_HANDLE imports a dma-buf, which
 * must be contiguous in the DSP's bus address space, and open for writing, since the
 * DSP can write what it is given (-EINVAL otherwise). Native
 * and imported buffers are equal for the DSP. mmap() through GEM_MMAP_OFFSET
 * works for native buffers; an imported one is mapped through its exporter, with
 * DMA_BUF_IOCTL_SYNC around the access. DRM_IOCTL_PRIME_HANDLE_TO_FD exports.
 * Fences are neither waited for nor attached: what another device still writes to an
 * imported buffer must have ended before a call, poll() on the dma-buf tells.
 * GEM_CLOSE drops the handle only: a buffer in use by a call or a mapping lives
 * until the DSP has let go of it. CPU mappings stay valid when the DSP is gone.
 *
 * DOC: Calls
 *
 * A call runs exactly once. Waits are interruptible: after a signal the ioctl
 * returns -EINTR (never a restart) and the call goes on. Never repeat a
 * REMOTE_INVOKE after -EINTR, and never issue one through a wrapper that does
 * (drmIoctl() does): go on with REMOTE_WAIT and the ticket.
 *
 * A call submitted with %DRM_QDA_INVOKE_ASYNC returns its ticket at once. The
 * ticket is consumed once: by REMOTE_WAIT, or, if %DRM_QDA_INVOKE_EVENT was given
 * too, by a &struct drm_qda_event_complete read from the file.
 *
 * There are no fences and no sync objects: a DSP call may never complete, which
 * the contract of dma-fences forbids.
 *
 * A control call (CREATE, ATTACH, MAP, MUNMAP) that is interrupted returns
 * -EINTR and has no ticket. It is undone when the DSP answers: an interrupted
 * CREATE or ATTACH ends the session as REMOTE_SESSION_RELEASE would, an
 * interrupted MAP is unmapped, an interrupted MUNMAP is carried through and the
 * map id is gone; or it was interrupted before it could be sent, and the id stands:
 * repeat it until it returns 0 or -ENOENT. The same holds for -ETIMEDOUT, which
 * control calls return where %DRM_QDA_OPTION_ANSWER_TIMEOUT has set a limit: the DSP
 * can leave them without an answer for as long as it runs.
 *
 * DOC: How much memory a session has
 *
 * Of each session two sums are kept: the bytes of native buffers in its context
 * bank, which are those it made by GEM_CREATE and the init memory of its PD, and
 * the bytes of imported ones, which are all that came by DRM_IOCTL_PRIME_FD_TO_HANDLE,
 * also if another session made them. A session pays for what its own bank maps: a
 * buffer in two sessions is paid for by both. It is paid for until it is gone from
 * the bank: a buffer in use by a call or a mapping is held without its handle, too.
 * After REMOTE_SESSION_RELEASE, when the bank is given back, a session holds
 * nothing: buffers are memory only, and new ones do not count.
 *
 * The sum of both can be limited with %DRM_QDA_OPTION_MEMORY_LIMIT. A broker sets
 * it and hands the file on; whoever has the file can only lower it. GEM_CREATE,
 * PRIME import and REMOTE_SESSION_CREATE (init memory) that would go beyond it are
 * -EDQUOT and change nothing. Minor version 1.
 *
 * DOC: Status of the protection domain
 *
 * A session that has set %DRM_QDA_OPTION_STATUS_EVENTS reads a
 * &struct drm_qda_event_status when the DSP says that its PD has started or ended,
 * and when the DSP is gone. The former is the DSP's to say: some firmware says it
 * only to a PD whose client has asked it to, some not at all. It is not said after
 * REMOTE_SESSION_RELEASE, nor while %DRM_QDA_MAX_STATUS_EVENTS lie unread, nor when
 * the file's event space is full: look at how calls end, too. A late word about who
 * had the context bank before cannot be told from one about this PD. The loss of the
 * DSP is always said, once, and can be read from the file after it.
 * Minor version 1.
 *
 * DOC: Errors every ioctl can return
 *
 * -ENODEV	the DSP is gone (before the call)
 * -EPIPE	the DSP went away while the call was waiting for it
 * -EFAULT	a pointer is bad
 * -EINVAL	see the rules above, and per call
 * -ENOMEM	out of memory, or no room in the channel to the DSP for a second:
 *		nothing was sent
 * -ECANCELED	the session was released (all but GEM calls, see GEM_CREATE, QUERY,
 *		and REMOTE_WAIT, which says so for calls the release ended)
 *
 * A PD that crashed is not an errno but a @status.
 */

#define DRM_QDA_NAME		"qda"
#define DRM_QDA_TAG		"QDA/handle-offset"
#define DRM_QDA_MAJOR		1
#define DRM_QDA_MINOR		1
#define DRM_QDA_ABI_MAGIC	0x6c69627164613031ULL

#define DRM_QDA_QUERY			0x00
#define DRM_QDA_GEM_CREATE		0x01
#define DRM_QDA_GEM_MMAP_OFFSET		0x02
#define DRM_QDA_SESSION_ATTACH		0x03
#define DRM_QDA_REMOTE_SESSION_CREATE	0x04
#define DRM_QDA_REMOTE_MAP		0x05
#define DRM_QDA_REMOTE_MUNMAP		0x06
#define DRM_QDA_REMOTE_INVOKE		0x07
#define DRM_QDA_REMOTE_WAIT		0x08
#define DRM_QDA_SET_OPTION		0x09
#define DRM_QDA_REMOTE_SESSION_RELEASE	0x0a

/**
 * DOC: The scalars word
 *
 * Names the method and the number of arguments of each class:
 *
 *	31:29 zero  28:24 method  23:16 input buffers  15:8 output buffers
 *	7:4 input handles  3:0 output handles
 *
 * The argument array holds them in exactly that order of classes. Output
 * handles are -EOPNOTSUPP until specified. Methods 31 and above carry 31 here and
 * the real number in the first word of their first input (a convention of the
 * interface compiler; the kernel does not look).
 */
#define DRM_QDA_SCALARS(method, in, out, in_handles, out_handles) \
	((((__u32)(method) & 0x1f) << 24) | (((__u32)(in) & 0xff) << 16) | \
	 (((__u32)(out) & 0xff) << 8) | (((__u32)(in_handles) & 0xf) << 4) | \
	 ((__u32)(out_handles) & 0xf))
#define DRM_QDA_SCALARS_METHOD(sc)	(((sc) >> 24) & 0x1f)
#define DRM_QDA_SCALARS_IN(sc)		(((sc) >> 16) & 0xff)
#define DRM_QDA_SCALARS_OUT(sc)		(((sc) >> 8) & 0xff)
#define DRM_QDA_SCALARS_IN_HANDLES(sc)	(((sc) >> 4) & 0xf)
#define DRM_QDA_SCALARS_OUT_HANDLES(sc)	((sc) & 0xf)
#define DRM_QDA_SCALARS_NUM_ARGS(sc) \
	(DRM_QDA_SCALARS_IN(sc) + DRM_QDA_SCALARS_OUT(sc) + \
	 DRM_QDA_SCALARS_IN_HANDLES(sc) + DRM_QDA_SCALARS_OUT_HANDLES(sc))
#define DRM_QDA_MAX_ARGS		540

/** DRM_QDA_HANDLE_INIT: remote handle of process control; the kernel's alone */
#define DRM_QDA_HANDLE_INIT		1

/**
 * enum drm_qda_query_type - what DRM_IOCTL_QDA_QUERY asks for
 * @DRM_QDA_QUERY_MAGIC: value = %DRM_QDA_ABI_MAGIC
 * @DRM_QDA_QUERY_NAME: name = the DSP's name ("cdsp", "adsp", ...)
 * @DRM_QDA_QUERY_DSP_ATTR: value = DSP attribute @index (0 to 255). Asks the DSP
 *	once per device, borrowing a context bank for that one call: -EBUSY when
 *	none is free and the answer is not cached yet, -EOPNOTSUPP when the
 *	firmware has no such call, -ERANGE for an index above 255
 * @DRM_QDA_QUERY_BANKS_TOTAL: value = context banks of the device
 * @DRM_QDA_QUERY_BANKS_FREE: value = context banks that no session holds now. One
 *	whose release the DSP has refused is held until the DSP is restarted
 * @DRM_QDA_QUERY_LIMIT: value = limit @index, &enum drm_qda_limit
 * @DRM_QDA_QUERY_FEATURES: value = &enum drm_qda_feature bits
 * @DRM_QDA_QUERY_SESSION: value = &enum drm_qda_session_bit bits, the session of
 *	this open file; for one that was handed an open file
 * @DRM_QDA_QUERY_MEMORY: value = &enum drm_qda_memory @index of this open file. Minor
 *	version 1
 */
enum drm_qda_query_type {
	DRM_QDA_QUERY_MAGIC = 0,
	DRM_QDA_QUERY_NAME = 1,
	DRM_QDA_QUERY_DSP_ATTR = 2,
	DRM_QDA_QUERY_BANKS_TOTAL = 3,
	DRM_QDA_QUERY_BANKS_FREE = 4,
	DRM_QDA_QUERY_LIMIT = 5,
	DRM_QDA_QUERY_FEATURES = 6,
	DRM_QDA_QUERY_SESSION = 7,
	DRM_QDA_QUERY_MEMORY = 8,
};

/**
 * enum drm_qda_session_bit - bits of DRM_QDA_QUERY_SESSION
 * @DRM_QDA_SESSION_HAS_PD: CREATE or ATTACH has succeeded or is under way
 * @DRM_QDA_SESSION_UNSIGNED: that PD was created with %DRM_QDA_PD_UNSIGNED
 * @DRM_QDA_SESSION_RELEASED: the session was released
 */
enum drm_qda_session_bit {
	DRM_QDA_SESSION_HAS_PD = 1 << 0,
	DRM_QDA_SESSION_UNSIGNED = 1 << 1,
	DRM_QDA_SESSION_RELEASED = 1 << 2,
};

/**
 * enum drm_qda_limit - index of DRM_QDA_QUERY_LIMIT
 * @DRM_QDA_LIMIT_IN_FLIGHT: calls in flight per session. The firmware's listener
 *	(remote handles 3 and 7) brings what other calls may wait for, so a call of it
 *	gets a place above this, and above what %DRM_QDA_OPTION_IN_FLIGHT sets
 * @DRM_QDA_LIMIT_BUFFER_SIZE: bytes of the largest single buffer
 * @DRM_QDA_LIMIT_BANK_SIZE: bytes of bus address space of a context bank
 * @DRM_QDA_LIMIT_SHELL_SIZE: bytes of the largest shell image
 * @DRM_QDA_LIMIT_INIT_MEM: bytes of the largest init memory
 * @DRM_QDA_LIMIT_MAPPINGS: persistent mappings per session
 */
enum drm_qda_limit {
	DRM_QDA_LIMIT_IN_FLIGHT = 0,
	DRM_QDA_LIMIT_BUFFER_SIZE = 1,
	DRM_QDA_LIMIT_BANK_SIZE = 2,
	DRM_QDA_LIMIT_SHELL_SIZE = 3,
	DRM_QDA_LIMIT_INIT_MEM = 4,
	DRM_QDA_LIMIT_MAPPINGS = 5,
};

/**
 * enum drm_qda_memory - index of DRM_QDA_QUERY_MEMORY
 * @DRM_QDA_MEMORY_NATIVE: bytes of native buffers and init memory in the bank
 * @DRM_QDA_MEMORY_IMPORTED: bytes of imported buffers in the bank
 * @DRM_QDA_MEMORY_LIMIT: what both together may come to, 0: no limit
 * @DRM_QDA_MEMORY_MAPPINGS: persistent mappings the DSP has or is asked to make
 */
enum drm_qda_memory {
	DRM_QDA_MEMORY_NATIVE = 0,
	DRM_QDA_MEMORY_IMPORTED = 1,
	DRM_QDA_MEMORY_LIMIT = 2,
	DRM_QDA_MEMORY_MAPPINGS = 3,
};

/**
 * enum drm_qda_feature - bits of DRM_QDA_QUERY_FEATURES
 * @DRM_QDA_FEATURE_UNSIGNED_PD: the DSP runs unsigned user PDs
 * @DRM_QDA_FEATURE_SENSORS_PD: SESSION_ATTACH to the sensors PD can work
 * @DRM_QDA_FEATURE_STATIC_PD: SESSION_ATTACH to named static PDs can work
 * @DRM_QDA_FEATURE_COHERENT: CPU mappings of native buffers are cached
 * @DRM_QDA_FEATURE_PRIVILEGED: this open file is privileged
 */
enum drm_qda_feature {
	DRM_QDA_FEATURE_UNSIGNED_PD = 1 << 0,
	DRM_QDA_FEATURE_SENSORS_PD = 1 << 1,
	DRM_QDA_FEATURE_STATIC_PD = 1 << 2,
	DRM_QDA_FEATURE_COHERENT = 1 << 3,
	DRM_QDA_FEATURE_PRIVILEGED = 1 << 4,
};

#define DRM_QDA_NAME_LEN		32

/**
 * struct drm_qda_query - one parameter of the device
 *
 * Works without a PD and after release. -EINVAL: unknown @type, unknown index of a
 * limit or of DRM_QDA_QUERY_MEMORY, @flags or unused @index not zero.
 */
struct drm_qda_query {
	/** @type: in, &enum drm_qda_query_type */
	__u32 type;
	/** @index: in, attribute, limit, memory; zero for the other types */
	__u32 index;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @status: out, DSP status (DRM_QDA_QUERY_DSP_ATTR), else 0 */
	__s32 status;
	/** @value: out, see the type */
	__u64 value;
	/** @name: out, NUL padded and terminated (DRM_QDA_QUERY_NAME) */
	__u8 name[DRM_QDA_NAME_LEN];
};

/**
 * struct drm_qda_gem_create - allocate a zeroed buffer
 *
 * -EINVAL: @size 0, @flags not zero. -E2BIG: above %DRM_QDA_LIMIT_BUFFER_SIZE.
 * -ENOSPC: the bank's address space is full. -EBUSY: no free context bank.
 * -EDQUOT: above %DRM_QDA_OPTION_MEMORY_LIMIT.
 * -ECANCELED: the session was released, and the device has no
 * %DRM_QDA_FEATURE_COHERENT: nothing could clean the CPU's caches any more.
 */
struct drm_qda_gem_create {
	/** @size: in, bytes; out, rounded up to the page size */
	__u64 size;
	/** @handle: out, GEM handle, never 0 */
	__u32 handle;
	/** @flags: in, must be zero */
	__u32 flags;
};

/**
 * struct drm_qda_gem_mmap_offset - where to mmap() a buffer
 *
 * -ENOENT: no such handle. -EINVAL: @pad not zero, or an imported buffer.
 */
struct drm_qda_gem_mmap_offset {
	/** @offset: out, for mmap() on the same file */
	__u64 offset;
	/** @handle: in */
	__u32 handle;
	/** @pad: in, must be zero */
	__u32 pad;
};

/**
 * enum drm_qda_pd - which existing PD SESSION_ATTACH joins
 * @DRM_QDA_PD_ROOT: the root PD (guest OS) of the DSP
 * @DRM_QDA_PD_STATIC: the static PD called @name ("audiopd", ...)
 * @DRM_QDA_PD_SENSORS: the sensors PD
 */
enum drm_qda_pd {
	DRM_QDA_PD_ROOT = 0,
	DRM_QDA_PD_STATIC = 1,
	DRM_QDA_PD_SENSORS = 2,
};

/**
 * struct drm_qda_session_attach - join an existing PD
 *
 * -EINVAL: unknown @pd, @flags or @pad not zero, @name missing, unterminated, with
 * bytes after its NUL, or given for a PD that has none. -EPERM: not privileged.
 * -EOPNOTSUPP: the device has no such PD, or no way to give the audio PD its memory.
 * -ENOMEM: there is none left for it; -EIO: the hypervisor refuses. -EALREADY: the
 * session has a PD. -EBUSY: no free context bank. Whether a PD that has a client
 * takes another one is for the DSP to say: @status.
 */
struct drm_qda_session_attach {
	/** @pd: in, &enum drm_qda_pd */
	__u32 pd;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @name: in, NUL padded; %DRM_QDA_PD_STATIC only, else all zero */
	__u8 name[DRM_QDA_NAME_LEN];
	/** @status: out */
	__s32 status;
	/** @pad: in, must be zero */
	__u32 pad;
};

/**
 * enum drm_qda_pd_attr - attributes of a user PD, passed to the DSP
 * @DRM_QDA_PD_DEBUG: debugger may attach (privileged)
 * @DRM_QDA_PD_PTRACE: tracing (privileged)
 * @DRM_QDA_PD_UNSIGNED: run modules without a signature
 * @DRM_QDA_PD_ADAPTIVE_QOS: DSP adapts its latency votes
 * @DRM_QDA_PD_SYSTEM: system process (privileged)
 * @DRM_QDA_PD_PRIVILEGED: privileged process; the kernel sets it itself for a
 *	privileged file, anybody else asking is -EPERM
 * @DRM_QDA_PD_DUMP: write a dump when the PD crashes
 * @DRM_QDA_PD_SYSTEM_UNSIGNED: unsigned PD with system rights (privileged)
 */
enum drm_qda_pd_attr {
	DRM_QDA_PD_DEBUG = 0x1,
	DRM_QDA_PD_PTRACE = 0x2,
	DRM_QDA_PD_UNSIGNED = 0x8,
	DRM_QDA_PD_ADAPTIVE_QOS = 0x10,
	DRM_QDA_PD_SYSTEM = 0x20,
	DRM_QDA_PD_PRIVILEGED = 0x40,
	DRM_QDA_PD_DUMP = 0x80,
	DRM_QDA_PD_SYSTEM_UNSIGNED = 0x20000,
};

/**
 * struct drm_qda_remote_session_create - create a user PD
 *
 * The shell image is [@offset, @offset + @length) of buffer @handle: the program
 * the PD runs, followed by @siglen bytes of signature that @length includes.
 * @handle and @length both 0: the DSP's built-in shell, where it has one. The
 * image is pinned until the DSP has answered, the init memory until the PD has
 * ended.
 *
 * -ENOENT: no such handle. -EINVAL: @flags not zero, undefined bits in @attrs,
 * range outside the buffer, @offset not a multiple of 4096 or given without
 * @handle, @siglen above @length, one of @handle and @length zero without the
 * other, @init_mem_size out of range. -E2BIG: @length above %DRM_QDA_LIMIT_SHELL_SIZE.
 * -EPERM: a signed PD or an attribute that grants power, without privilege.
 * -EOPNOTSUPP: unsigned PD on a DSP that has none. -EALREADY: the session has a
 * PD. -EBUSY: no free context bank. -ENOSPC: the bank's address space has no room for
 * the init memory. -EDQUOT: the init memory is above %DRM_QDA_OPTION_MEMORY_LIMIT.
 */
struct drm_qda_remote_session_create {
	/** @offset: in, bytes, a multiple of 4096 */
	__u64 offset;
	/** @handle: in, GEM handle of the shell image */
	__u32 handle;
	/** @length: in, bytes */
	__u32 length;
	/** @siglen: in, bytes of @length that are the signature */
	__u32 siglen;
	/** @attrs: in, &enum drm_qda_pd_attr bits */
	__u32 attrs;
	/**
	 * @init_mem_size: in, bytes of memory the PD starts with, rounded up
	 * to 4096; 1 MiB to %DRM_QDA_LIMIT_INIT_MEM. 0: the larger of 2 MiB and
	 * four times @length rounded up to 1 MiB
	 */
	__u64 init_mem_size;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @status: out */
	__s32 status;
};

/**
 * enum drm_qda_map_type - how the DSP holds a mapping
 * @DRM_QDA_MAP_STATIC: mapped now, until unmapped
 * @DRM_QDA_MAP_FD: registered under dsp_id and mapped now
 * @DRM_QDA_MAP_FD_DELAYED: registered under dsp_id; the DSP maps it on use and
 *	may end the mapping itself by naming dsp_id in a call's reply, once
 * @DRM_QDA_MAP_FD_NOMAP: registered under dsp_id, mapped by DSP code by hand
 * @DRM_QDA_MAP_ADD_PAGES: memory for the PD's heap; takes no dsp_id
 */
enum drm_qda_map_type {
	DRM_QDA_MAP_STATIC = 0,
	DRM_QDA_MAP_FD = 2,
	DRM_QDA_MAP_FD_DELAYED = 3,
	DRM_QDA_MAP_FD_NOMAP = 16,
	DRM_QDA_MAP_ADD_PAGES = 0x1000,
};

/** DRM_QDA_MAP_DSP_ID: @dsp_id is given (all types but ADD_PAGES need it) */
#define DRM_QDA_MAP_DSP_ID	(1 << 0)

/**
 * struct drm_qda_remote_map - map part of a buffer into the PD, persistently
 *
 * The buffer is pinned until the mapping has ended. @status not 0: nothing was
 * mapped. -ENOENT: no such handle. -EINVAL: unknown @type, undefined @flags,
 * range empty or outside the buffer, @offset or @addr_hint not a
 * multiple of 4096, @dsp_id missing, below 1, or given without its flag or to
 * ADD_PAGES. -EEXIST: another mapping of this session has that @dsp_id. -ENOSPC:
 * %DRM_QDA_LIMIT_MAPPINGS reached. -ENOTCONN: no PD.
 */
struct drm_qda_remote_map {
	/** @offset: in, bytes, a multiple of 4096 */
	__u64 offset;
	/** @length: in, bytes, not 0 */
	__u64 length;
	/** @addr_hint: in, DSP virtual address wanted, 0: any */
	__u64 addr_hint;
	/** @dsp_addr: out, DSP virtual address (0 for NOMAP and DELAYED is legal) */
	__u64 dsp_addr;
	/** @handle: in, GEM handle */
	__u32 handle;
	/** @type: in, &enum drm_qda_map_type */
	__u32 type;
	/** @flags: in, %DRM_QDA_MAP_DSP_ID */
	__u32 flags;
	/** @dsp_id: in, integer by which DSP code knows the buffer, unique */
	__s32 dsp_id;
	/** @map_id: out, names the mapping for REMOTE_MUNMAP, never 0 */
	__u32 map_id;
	/** @status: out */
	__s32 status;
};

/**
 * struct drm_qda_remote_munmap - undo one REMOTE_MAP
 *
 * @status not 0: the mapping stands. -ENOENT: no such map id (also when the DSP
 * ended a delayed mapping, or another thread is unmapping it). A delayed mapping
 * that the DSP ends while this call is on its way is gone as well: success if the
 * DSP did not mind, else -ENOENT instead of its status. -EINVAL: @flags or @pad
 * not zero. -ENOTCONN: no PD.
 */
struct drm_qda_remote_munmap {
	/** @map_id: in */
	__u32 map_id;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @status: out */
	__s32 status;
	/** @pad: in, must be zero */
	__u32 pad;
};

/** DRM_QDA_ARG_DSP_ID: @dsp_id is given; handle arguments need it, buffers refuse it */
#define DRM_QDA_ARG_DSP_ID	(1 << 0)

/**
 * struct drm_qda_arg - one argument of a call
 *
 * @length 0 is an absent argument; then every other field must be zero, and a
 * handle argument cannot be absent (-EINVAL).
 *
 * -ENOENT: no such handle. -EINVAL: undefined @flags, @pad not zero, range
 * outside the buffer, low 12 bits of a non-zero @address differ from those of
 * @offset, @dsp_id missing, unflagged or below 1, @offset or @length of a handle
 * argument above 32 bits, @dsp_id is mapped and names another buffer.
 */
struct drm_qda_arg {
	/** @offset: bytes into the buffer */
	__u64 offset;
	/** @length: bytes */
	__u64 length;
	/**
	 * @address: where the caller has a buffer argument, or 0. Only its low 12
	 * bits mean anything and only they are sent, so it is but a check of
	 * @offset modulo 4096, which the DSP gets with 0, too. Must be zero for
	 * handle arguments
	 */
	__u64 address;
	/** @handle: GEM handle */
	__u32 handle;
	/** @flags: %DRM_QDA_ARG_DSP_ID */
	__u32 flags;
	/** @dsp_id: integer by which DSP code knows the buffer (handle arguments) */
	__s32 dsp_id;
	/** @pad: must be zero */
	__u32 pad;
};

/** DRM_QDA_INVOKE_ASYNC: return the ticket at once */
#define DRM_QDA_INVOKE_ASYNC	(1 << 0)
/** DRM_QDA_INVOKE_EVENT: with ASYNC: completion is an event, not REMOTE_WAIT */
#define DRM_QDA_INVOKE_EVENT	(1 << 1)

/**
 * struct drm_qda_remote_invoke - call a remote method
 *
 * Synchronous: returns when the DSP has answered, with @status and @ticket 0, or
 * with -EINTR and @ticket. At the in-flight limit it waits for a free place; -EINTR
 * during that wait comes with @ticket 0: nothing was sent, and it may be repeated.
 *
 * Asynchronous: returns with @ticket and waits for neither a place nor an answer;
 * should there be an -EINTR all the same, @ticket is 0 and nothing was sent. -EAGAIN
 * at the in-flight limit, or (with EVENT) when unread events fill the file's space.
 *
 * -EAGAIN in both forms: %DRM_QDA_LIMIT_IN_FLIGHT finished calls wait to be
 * consumed. -EINVAL: undefined @flags, EVENT without ASYNC, bits 31:29 of
 * @scalars not zero, @num_args not what @scalars says, @stride below 40 or not a
 * multiple of 8 (without arguments, too), @user_data without EVENT, and per
 * argument. -E2BIG: @stride above 4096, or above 40 and bytes past 40 not zero.
 * -EPERM: remote handle 1. -EOPNOTSUPP: output handles. -ENOTCONN: no PD.
 */
struct drm_qda_remote_invoke {
	/** @args: in, pointer to the first &struct drm_qda_arg */
	__u64 args;
	/** @num_args: in, number of arguments, 0: @args is not looked at */
	__u32 num_args;
	/** @stride: in, bytes from one argument to the next */
	__u32 stride;
	/** @handle: in, remote handle */
	__u32 handle;
	/** @scalars: in, see above */
	__u32 scalars;
	/** @flags: in, %DRM_QDA_INVOKE_ASYNC, %DRM_QDA_INVOKE_EVENT */
	__u32 flags;
	/** @status: out, synchronous calls */
	__s32 status;
	/** @ticket: out, names the call for REMOTE_WAIT, never reused */
	__u64 ticket;
	/** @user_data: in, returned in the event */
	__u64 user_data;
};

/**
 * struct drm_qda_remote_wait - wait for a call and consume its ticket
 *
 * -ETIMEDOUT: not finished by @deadline; the call goes on, its buffers stay
 * pinned and the ticket stays valid. -EINTR: likewise. -ENOENT: no such ticket,
 * or consumed, before the release and after it (-ENODEV when the DSP is gone).
 * -EINVAL: @flags not zero, or a ticket whose completion
 * is an event. -EBUSY: another thread is waiting for it. -EPIPE, -ECANCELED:
 * the call ended without an answer; the ticket is consumed.
 */
struct drm_qda_remote_wait {
	/** @ticket: in */
	__u64 ticket;
	/**
	 * @deadline: in, CLOCK_MONOTONIC nanoseconds, absolute so that a wait
	 * can be resumed; 0 or past: poll; negative: no limit
	 */
	__s64 deadline;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @status: out */
	__s32 status;
};

/** DRM_QDA_EVENT_COMPLETE: type of &struct drm_qda_event_complete */
#define DRM_QDA_EVENT_COMPLETE	0x80000000

/**
 * struct drm_qda_event_complete - an asynchronous call has ended (read())
 */
struct drm_qda_event_complete {
	/** @base: type %DRM_QDA_EVENT_COMPLETE, length of this struct */
	struct drm_event base;
	/** @ticket: of the call */
	__u64 ticket;
	/** @user_data: as given at submission */
	__u64 user_data;
	/** @error: 0 when the DSP answered, else -EPIPE or -ECANCELED */
	__s32 error;
	/** @status: what it answered */
	__s32 status;
};

/** DRM_QDA_EVENT_STATUS: type of &struct drm_qda_event_status */
#define DRM_QDA_EVENT_STATUS	0x80000001

/**
 * DRM_QDA_MAX_STATUS_EVENTS: so many of the DSP's lie unread at most; the newest are
 * dropped. One of %DRM_QDA_PD_STATUS_DSP_RESTART comes on top
 */
#define DRM_QDA_MAX_STATUS_EVENTS	8

/**
 * enum drm_qda_pd_status - what has become of a PD
 * @DRM_QDA_PD_STATUS_UP: it runs
 * @DRM_QDA_PD_STATUS_EXIT: it has ended by itself
 * @DRM_QDA_PD_STATUS_KILLED: it was ended
 * @DRM_QDA_PD_STATUS_EXCEPTION: it has crashed
 * @DRM_QDA_PD_STATUS_DSP_RESTART: the DSP is gone, with all its PDs. Comes from the
 *	driver only, and last
 *
 * Others are dropped until they are defined, in a later minor version: skip what is
 * not known.
 */
enum drm_qda_pd_status {
	DRM_QDA_PD_STATUS_UP = 0,
	DRM_QDA_PD_STATUS_EXIT = 1,
	DRM_QDA_PD_STATUS_KILLED = 2,
	DRM_QDA_PD_STATUS_EXCEPTION = 3,
	DRM_QDA_PD_STATUS_DSP_RESTART = 4,
};

/**
 * struct drm_qda_event_status - the session's PD has changed (read())
 */
struct drm_qda_event_status {
	/** @base: type %DRM_QDA_EVENT_STATUS, length of this struct */
	struct drm_event base;
	/** @status: &enum drm_qda_pd_status */
	__u32 status;
	/** @pad: zero */
	__u32 pad;
};

/**
 * enum drm_qda_option - options of a session
 * @DRM_QDA_OPTION_IN_FLIGHT: calls this session may have in flight, 1 to
 *	%DRM_QDA_LIMIT_IN_FLIGHT; a client that must not flood the DSP lowers it
 * @DRM_QDA_OPTION_MEMORY_LIMIT: bytes that native and imported buffers of this session
 *	may have in its bank, not 0. May be less than it has: then it gets no more. Can
 *	be lowered, never raised. Minor version 1
 * @DRM_QDA_OPTION_STATUS_EVENTS: 1: queue &struct drm_qda_event_status, 0 (as after
 *	open): do not; what is unread stays. Minor version 1
 * @DRM_QDA_OPTION_ANSWER_TIMEOUT: nanoseconds a control call may wait, for its turn and
 *	for the DSP's answer, before it returns -ETIMEDOUT, at most
 *	%DRM_QDA_MAX_ANSWER_TIMEOUT; 0 (as after open): no limit. A query that asks the
 *	DSP is one. Minor version 1
 */
enum drm_qda_option {
	DRM_QDA_OPTION_IN_FLIGHT = 0,
	DRM_QDA_OPTION_MEMORY_LIMIT = 1,
	DRM_QDA_OPTION_STATUS_EVENTS = 2,
	DRM_QDA_OPTION_ANSWER_TIMEOUT = 3,
};

/** DRM_QDA_MAX_ANSWER_TIMEOUT: an hour */
#define DRM_QDA_MAX_ANSWER_TIMEOUT	3600000000000ULL

/**
 * struct drm_qda_set_option - change an option of the session
 *
 * Takes effect for what is asked for afterwards. -EINVAL: unknown @option, @flags
 * not zero. -ERANGE: @value out of range. -EPERM: a memory limit above the one that is
 * set. -ENOMEM: unread events leave no room for those of the status.
 */
struct drm_qda_set_option {
	/** @option: in, &enum drm_qda_option */
	__u32 option;
	/** @flags: in, must be zero */
	__u32 flags;
	/** @value: in */
	__u64 value;
};

/**
 * struct drm_qda_remote_session_release - end the PD now
 *
 * Waits at most 100 ms for the DSP, so that who comes next mostly finds the bank
 * free. When it returns, every waiter has been woken with
 * -ECANCELED and no new call starts; the context bank and what the DSP may still
 * touch are returned when the DSP has answered or is gone. Close does the same.
 * -EINVAL: @flags or @pad not zero. -ENOTCONN: the session has no PD.
 * -ECANCELED: released before.
 */
struct drm_qda_remote_session_release {
	/** @flags: in, must be zero */
	__u32 flags;
	/** @pad: in, must be zero */
	__u32 pad;
};

#define DRM_IOCTL_QDA_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_QUERY, struct drm_qda_query)
#define DRM_IOCTL_QDA_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_GEM_CREATE, struct drm_qda_gem_create)
#define DRM_IOCTL_QDA_GEM_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_GEM_MMAP_OFFSET, \
		 struct drm_qda_gem_mmap_offset)
#define DRM_IOCTL_QDA_SESSION_ATTACH \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_SESSION_ATTACH, \
		 struct drm_qda_session_attach)
#define DRM_IOCTL_QDA_REMOTE_SESSION_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_SESSION_CREATE, \
		 struct drm_qda_remote_session_create)
#define DRM_IOCTL_QDA_REMOTE_MAP \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_MAP, struct drm_qda_remote_map)
#define DRM_IOCTL_QDA_REMOTE_MUNMAP \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_MUNMAP, \
		 struct drm_qda_remote_munmap)
#define DRM_IOCTL_QDA_REMOTE_INVOKE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_INVOKE, \
		 struct drm_qda_remote_invoke)
#define DRM_IOCTL_QDA_REMOTE_WAIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_WAIT, struct drm_qda_remote_wait)
#define DRM_IOCTL_QDA_SET_OPTION \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_SET_OPTION, struct drm_qda_set_option)
#define DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_QDA_REMOTE_SESSION_RELEASE, \
		 struct drm_qda_remote_session_release)

#if defined(__cplusplus)
}
#endif

#endif /* __QDA_ACCEL_H__ */
