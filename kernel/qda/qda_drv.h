/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QDA: what the files of the driver share.
 *
 * Objects and who owns them:
 *
 *   qda_device	one DSP; lives as long as its DRM device
 *   qda_bank	one IOMMU address space of the DSP; lives as long as qda_device
 *   qda_session	one open file; referenced by the file and by the bank it holds
 *   qda_call	one slot for a message in flight; part of its session
 *   qda_gem	one buffer; GEM reference count
 *   qda_bo_map	one buffer in one session's bank; holds a GEM reference
 *   qda_map	one REMOTE_MAP; holds a reference to its qda_bo_map
 *
 * Locks, outermost first:
 *
 *   qda_session.reap_lock	mutex: one thread at a time collects what nobody
 *			waits for. Never held while waiting for the DSP, nor for
 *			its transport.
 *   qda_session.lock	mutex: what the session owns and its state. Never held
 *			while waiting for the DSP.
 *   qda_device.lock	spinlock, irq-safe: everything a reply may touch.
 *   drm_device.event_lock	taken inside to deliver events.
 */
#ifndef __QDA_DRV_H__
#define __QDA_DRV_H__

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/qda_accel.h>

#include "qda_heap.h"
#include "qda_pack.h"
#include "qda_transport.h"
#include "qda_wire.h"

/* Slots of a session: the release, control calls, calls of user space */
#define QDA_CHUNK_SLOTS		16
#define QDA_NUM_CHUNKS		7
#define QDA_NUM_SLOTS		(QDA_NUM_CHUNKS * QDA_CHUNK_SLOTS)
#define QDA_SLOT_RELEASE	0
#define QDA_SLOT_CTL		1
#define QDA_SLOTS_CTL		7
#define QDA_SLOT_USER		(QDA_SLOT_CTL + QDA_SLOTS_CTL)
#define QDA_SLOTS_USER		(QDA_NUM_SLOTS - QDA_SLOT_USER)

/* Message memory of a slot, and where the blocks of control calls start in it */
#define QDA_SLOT_SIZE		QDA_DSP_PAGE_SIZE
#define QDA_SLOT_BLOCKS		1024

/*
 * Of a context word, the id is the slot, counted from 1, and the lowest bits of the
 * sequence number are the bank: no session can use up what another one needs.
 */
#define QDA_CTX_BANK_BITS	4

/* So many arguments need no memory besides the slot and the stack */
#define QDA_FEW_ARGS		16

#define QDA_MAX_BANKS		16
#define QDA_MAX_DONE		(2 * QDA_MAX_IN_FLIGHT)

struct qda_session;

/**
 * struct qda_bank - a context bank
 * @dev: what its memory is mapped with; referenced, added in bring-up and
 *	deleted in unplug or, without an IOMMU, with the DRM device
 * @np: its device tree node, referenced
 * @claimed: qda_compute_cb_claim() was called
 * @sid: stream id; 0 if addresses carry none
 * @index: place in &qda_device.banks
 * @owner: session that holds it, under &qda_device.lock
 * @released_at: when it was last given back, under &qda_device.lock. The one
 *	that has been free for longest is handed out first, because some firmware
 *	goes on tearing down an address space after it has said that it is done.
 */
struct qda_bank {
	struct device *dev;
	struct device_node *np;
	bool claimed;
	u32 sid;
	unsigned int index;
	struct qda_session *owner;
	u64 released_at;
};

struct qda_gem;
struct qda_bo_map;

/**
 * struct qda_mem_ops - where the memory of native buffers comes from
 * @name: for debugfs
 * @create: make a &struct qda_gem of @size bytes, zeroed, with its pages
 * @destroy: free its memory; the caller frees the object
 * @map: make it visible in a bank, contiguously; sets &qda_bo_map.addr
 * @unmap: undo @map
 */
struct qda_mem_ops {
	const char *name;
	struct qda_gem *(*create)(struct qda_device *qdev, size_t size);
	void (*destroy)(struct qda_gem *gem);
	int (*map)(struct qda_bo_map *map);
	void (*unmap)(struct qda_bo_map *map);
};

/**
 * struct qda_device - one DSP
 * @drm: embedded, owns the life time
 * @soc: match data
 * @transport: how to send
 * @transport_priv: its own
 * @name: what the DSP is called; device tree label
 * @features: &enum drm_qda_feature bits but PRIVILEGED
 * @mem: backend for native buffers
 * @coherent: CPU mappings are cached
 * @bank_bits: address bits of a bank
 * @wq: collects calls nobody waits for, sends releases
 * @num_banks: of @banks, fixed after bring-up
 * @banks: see &struct qda_bank
 * @lock: protects what replies touch: @lost, @seq, @sessions, @status_sessions, who
 *	owns a bank, and in each session the fields that say so. Taken from the
 *	transport's callback, so with interrupts off
 * @leaving: nothing begins any more: the driver lets the DSP go, or it is @lost;
 *	written under @lock
 * @lost: the DSP is gone: nothing is sent, nothing is taken any more
 * @seq: number of the last message
 * @sessions: that hold a bank
 * @status_sessions: that are told of the status of their PD
 * @transports: who is in the transport; unplug waits for them
 * @attr_lock: protects @attrs and @attrs_known
 * @attrs: what the DSP says of itself; [0] is attribute 1
 * @attrs_known: @attrs is valid
 * @heap: memory for the audio PD
 */
struct qda_device {
	struct drm_device drm;
	const struct qda_soc *soc;
	const struct qda_transport *transport;
	void *transport_priv;
	char name[DRM_QDA_NAME_LEN];
	u32 features;
	const struct qda_mem_ops *mem;
	bool coherent;
	unsigned int bank_bits;
	struct workqueue_struct *wq;

	unsigned int num_banks;
	struct qda_bank banks[QDA_MAX_BANKS];

	spinlock_t lock; /* see @lock above */
	bool leaving;
	bool lost;
	u64 seq;
	struct list_head sessions;
	struct list_head status_sessions;
	struct srcu_struct transports;

	struct mutex attr_lock; /* see @attr_lock above */
	u32 attrs[QDA_UTIL_NUM_ATTRS];
	bool attrs_known;

	struct qda_heap heap;
};

static inline struct qda_device *to_qda_device(struct drm_device *drm)
{
	return container_of(drm, struct qda_device, drm);
}

/**
 * struct qda_gem - a buffer
 * @base: GEM object
 * @pages: native buffers, pinned as long as the object lives
 * @cpu: coherent backend
 * @dma: coherent backend, the same on every bank
 * @clean: no zeroes are left in the CPU's caches that memory does not have yet; under
 *	&qda_session.lock of any session that has a handle
 * @fresh: has no handle yet, and its first will be of the session that makes it
 * @dmabuf: imported buffers: referenced as long as the object lives, because
 *	GEM's own reference ends with the last handle
 */
struct qda_gem {
	struct drm_gem_object base;
	struct page **pages;
	void *cpu;
	dma_addr_t dma;
	bool clean;
	bool fresh;
	struct dma_buf *dmabuf;
};

static inline struct qda_gem *to_qda_gem(struct drm_gem_object *obj)
{
	return container_of(obj, struct qda_gem, base);
}

/**
 * struct qda_bo_map - a buffer in the bank of a session
 *
 * Everything under &qda_session.lock. Exists as long as the session has a handle
 * to the buffer or the DSP may touch it, and at most as long as the session holds
 * its bank.
 *
 * @node: in &qda_session.bo_maps
 * @session: whose
 * @gem: referenced
 * @refs: one per handle, call and REMOTE_MAP
 * @imported: the session has not made it: counts as such
 * @sgt: mapped pages (shmem, imported)
 * @attach: imported buffers
 * @addr: bus address without stream id
 */
struct qda_bo_map {
	struct hlist_node node;
	struct qda_session *session;
	struct qda_gem *gem;
	unsigned int refs;
	bool imported;
	struct sg_table *sgt;
	struct dma_buf_attachment *attach;
	dma_addr_t addr;
};

/**
 * enum qda_call_state - who owns a slot
 * @QDA_CALL_FREE: nobody
 * @QDA_CALL_TAKEN: the thread that prepares it, or undoes it after a failed send, or
 *	the session's worker that is to send it
 * @QDA_CALL_FLYING: the DSP. A reply, the end of the session or the loss of the
 *	DSP ends that, whichever comes first
 * @QDA_CALL_ENDED: the thread that waited; it collects the slot
 * @QDA_CALL_REAP: the session's worker, nobody waited
 * @QDA_CALL_ZOMBIE: nobody until the session is buried: it ended without an answer
 *	and the DSP may still touch its memory
 *
 * Changed under &qda_device.lock only, so that exactly one party drops what a call
 * holds.
 */
enum qda_call_state {
	QDA_CALL_FREE,
	QDA_CALL_TAKEN,
	QDA_CALL_FLYING,
	QDA_CALL_ENDED,
	QDA_CALL_REAP,
	QDA_CALL_ZOMBIE,
};

/**
 * struct qda_result - how a call ended, on the stack of who waits for it
 * @done: set last
 * @collect: the waiter owns the slot now
 * @error: 0 when the DSP answered
 * @status: what it answered
 */
struct qda_result {
	bool done;
	bool collect;
	int error;
	s32 status;
};

/**
 * struct qda_event - completion event of an asynchronous call
 * @base: must be first, the core frees it
 * @ev: what is read
 */
struct qda_event {
	struct drm_pending_event base;
	struct drm_qda_event_complete ev;
};

/**
 * struct qda_status_event - what has become of a PD, or of the DSP
 * @base: must be first, the core frees it
 * @ev: what is read
 */
struct qda_status_event {
	struct drm_pending_event base;
	struct drm_qda_event_status ev;
};

struct qda_call;

/*
 * Control calls: acts on the answer, or on the end without one. Process context,
 * session->lock held. Not called for what was under way when the session or the DSP
 * went: burying does that. @orphan: the caller was interrupted. Returns true if
 * another message was packed into the same slot, to be sent.
 */
typedef bool (*qda_call_ended_t)(struct qda_call *call, int error, s32 status,
				 bool orphan);

/**
 * struct qda_call - a slot for one message in flight
 *
 * While FLYING, everything is under &qda_device.lock; otherwise it is the owner's,
 * but @maps, @num_maps, @ended and @big, which are under &qda_session.lock.
 *
 * @session: part of it
 * @slot: its number among the session's
 * @state: &enum qda_call_state
 * @ctx: context word sent
 * @ticket: names the call for user space and for who sent it
 * @user_data: for the event
 * @handle: remote handle
 * @sc: scalars word
 * @counted: in &qda_session.in_flight
 * @survives: not ended by the end of the session, only by an answer or loss
 * @result: of who waits, or NULL
 * @event: to be delivered, or NULL
 * @ended: control calls
 * @ended_data: for it
 * @error: for the worker
 * @status: for the worker
 * @deadline: of a control call, as qda_call_wait() takes it
 * @out: where to copy output of a control call when the DSP has answered
 * @out_at: offset of that output in the payload
 * @out_len: bytes of it
 * @out_word: room for outputs of one word
 * @finished: dsp_ids the DSP has finished with
 * @num_finished: of them
 * @payload: message memory: the slot's, or @big
 * @payload_dma: its bus address
 * @big: message memory of calls with many arguments
 * @big_size: bytes of it
 * @big_dma: its bus address
 * @maps: buffers pinned: @few_maps, or allocated
 * @num_maps: of them
 * @few_maps: enough for most
 * @reap_node: in &qda_session.reap or &qda_session.posts
 * @wq: the waiter sleeps here
 */
struct qda_call {
	struct qda_session *session;
	unsigned int slot;
	enum qda_call_state state;
	u64 ctx;
	u64 ticket;
	u64 user_data;
	u32 handle;
	u32 sc;
	bool counted;
	bool survives;
	struct qda_result *result;
	struct qda_event *event;
	qda_call_ended_t ended;
	void *ended_data;
	int error;
	s32 status;
	s64 deadline;
	void *out;
	u32 out_at;
	u32 out_len;
	__le64 out_word;
	u32 finished[QDA_WIRE_FDLIST_LEN];
	unsigned int num_finished;
	void *payload;
	dma_addr_t payload_dma;
	void *big;
	size_t big_size;
	dma_addr_t big_dma;
	struct qda_bo_map **maps;
	unsigned int num_maps;
	struct qda_bo_map *few_maps[QDA_FEW_ARGS];
	struct list_head reap_node;
	wait_queue_head_t wq;
};

/**
 * struct qda_chunk - slots that are allocated together
 * @pool: message memory, %QDA_SLOT_SIZE per slot, as long as the session has its
 *	bank
 * @pool_dma: its bus address
 * @calls: the slots
 */
struct qda_chunk {
	void *pool;
	dma_addr_t pool_dma;
	struct qda_call calls[QDA_CHUNK_SLOTS];
};

/**
 * enum qda_session_state - the session's protection domain
 * @QDA_SESSION_NONE: none yet
 * @QDA_SESSION_STARTING: a thread is creating or attaching
 * @QDA_SESSION_RUNNING: usable
 * @QDA_SESSION_RELEASED: ended, for good
 */
enum qda_session_state {
	QDA_SESSION_NONE,
	QDA_SESSION_STARTING,
	QDA_SESSION_RUNNING,
	QDA_SESSION_RELEASED,
};

/**
 * struct qda_done - a call that has ended and whose ticket nobody has consumed
 * @ticket: of the call
 * @error: 0 when the DSP answered
 * @status: what it answered
 */
struct qda_done {
	u64 ticket;
	int error;
	s32 status;
};

/**
 * struct qda_session - one open file
 * @ref: held by the file, by the bank, by queued work
 * @qdev: the DSP
 * @lock: protects what follows up to @num_delayed; see the top of this file
 * @state: written under @lock and &qda_device.lock, so read under either
 * @pd_type: in every context word
 * @is_unsigned: how the PD was created
 * @release_sent: once
 * @release_refused: the bank is out of use until the DSP is gone
 * @bank: NULL: none
 * @bank_keep: taken for more than one call
 * @bank_dead: to be given back when the last borrower has ended
 * @borrowers: calls that only need some bank
 * @mapped: bytes mapped in the bank
 * @imported: of them, of imported buffers
 * @mem_limit: of @mapped, by the session's own wish, or 0
 * @answer_ns: how long a control call may wait, or 0; under &qda_device.lock
 * @bo_maps: by object
 * @init_mem: memory the PD was started with, or NULL
 * @init_mem_size: bytes of it
 * @maps: &struct qda_map by id
 * @maps_by_dsp_id: and by the DSP's name for it
 * @map_list: all of them, also those without an id
 * @next_map: where to look for a free id
 * @num_maps: of them
 * @num_delayed: of them, what the DSP can end itself; read without the lock by
 *	replies
 * @attrs: answer of an attribute query, as it came; under &qda_device.lock
 * @chunks: slots. More are added under @lock and &qda_device.lock, none goes before
 *	the session
 * @num_chunks: of them
 * @first_chunk: the first of them
 * @node: in &qda_device.sessions
 * @place_wq: for whoever waits for a slot or the end
 * @place_seq: changes whenever one of them may go on
 * @sending: messages between their start and the return of the transport. The
 *	release is sent when there are none, so that none arrives behind it
 * @limit: calls that may be in flight
 * @in_flight: calls of user space without an answer
 * @done: ended calls, unordered
 * @num_done: of them; never more, together with @in_flight, than %QDA_MAX_DONE
 * @posts: calls to be sent by a worker, because who collected them must not wait for
 *	the transport
 * @reap: calls for the worker
 * @to_reap: of them, and the one that is being collected
 * @reap_lock: held by whoever collects
 * @reap_work: collects them
 * @post_work: sends @posts
 * @release_work: ends the PD
 * @status_node: in &qda_device.status_sessions
 * @farewell: the event for the loss of the DSP, reserved, or NULL: no status events
 * (@node to @reap, and the last two: under &qda_device.lock)
 */
struct qda_session {
	struct kref ref;
	struct qda_device *qdev;

	struct mutex lock; /* see @lock above */
	enum qda_session_state state;
	enum qda_pd_type pd_type;
	bool is_unsigned;
	bool release_sent;
	bool release_refused;
	struct qda_bank *bank;
	bool bank_keep;
	bool bank_dead;
	unsigned int borrowers;
	u64 mapped;
	u64 imported;
	u64 mem_limit;
	u64 answer_ns;
	DECLARE_HASHTABLE(bo_maps, 8);
	struct sg_table *init_mem;
	size_t init_mem_size;
	struct xarray maps;
	struct xarray maps_by_dsp_id;
	struct list_head map_list;
	u32 next_map;
	unsigned int num_maps;
	unsigned int num_delayed;

	__le32 attrs[QDA_UTIL_NUM_ATTRS];
	struct qda_chunk *chunks[QDA_NUM_CHUNKS];
	unsigned int num_chunks;
	struct qda_chunk first_chunk;
	struct list_head node;
	wait_queue_head_t place_wq;
	unsigned int place_seq;
	atomic_t sending;
	unsigned int limit;
	unsigned int in_flight;
	struct qda_done done[QDA_MAX_DONE];
	unsigned int num_done;
	struct list_head posts;
	struct list_head reap;
	atomic_t to_reap;
	struct mutex reap_lock; /* see @reap_lock above */
	struct work_struct reap_work;
	struct work_struct post_work;
	struct delayed_work release_work;
	struct list_head status_node;
	struct qda_status_event *farewell;
};

static inline struct qda_session *qda_file_session(struct drm_file *file)
{
	return file->driver_priv;
}

static inline unsigned int qda_num_slots(const struct qda_session *session)
{
	return session->num_chunks * QDA_CHUNK_SLOTS;
}

static inline struct qda_call *qda_slot(struct qda_session *session,
					unsigned int slot)
{
	return &session->chunks[slot / QDA_CHUNK_SLOTS]->calls[slot %
							       QDA_CHUNK_SLOTS];
}

/* qda_bank.c */
unsigned int qda_banks_free(struct qda_device *qdev);
int qda_session_bank_get(struct qda_session *session);
int qda_session_bank_borrow(struct qda_session *session);
void qda_session_bank_return(struct qda_session *session);
void qda_session_bury(struct qda_session *session);

/* qda_cb.c */
int qda_banks_create(struct qda_device *qdev, struct device *parent);
void qda_banks_delete(struct qda_device *qdev);
void qda_bank_flush(const struct qda_bank *bank);
int qda_cb_init(void);
void qda_cb_exit(void);

/* qda_session.c */
int qda_session_open(struct drm_device *drm, struct drm_file *file);
void qda_session_let_go(struct qda_session *session);
void qda_session_close(struct drm_device *drm, struct drm_file *file);
void qda_session_get(struct qda_session *session);
void qda_session_put(struct qda_session *session);
bool qda_session_privileged(struct drm_file *file);
int qda_session_check(struct qda_session *session);
int qda_session_check_open(struct qda_session *session);
int qda_session_attach(struct drm_file *file, struct drm_qda_session_attach *a);
int qda_session_create(struct drm_file *file,
		       struct drm_qda_remote_session_create *a);
int qda_session_release(struct qda_session *session);

/*
 * As wait_event_freezable(), but -ETIME when @left has passed. Suspend is no signal to
 * who sleeps here: it must neither end a PD that is being made nor cut off a
 * REMOTE_MAP. To who is still sending it is one.
 */
#define qda_wait_event_left(wq, condition, left)			\
	__wait_event_hrtimeout(wq, condition, left,			\
			       (TASK_INTERRUPTIBLE | TASK_FREEZABLE))

/* qda_slot.c */
void qda_slots_init(struct qda_session *session);
void qda_slots_fini(struct qda_session *session);
void qda_slots_add(struct qda_session *session, struct qda_chunk *chunk);
int qda_slots_grow(struct qda_session *session, unsigned int have);
struct qda_call *qda_call_at(struct qda_session *session, unsigned int id);
struct qda_call *qda_call_try_take(struct qda_session *session,
				   unsigned int first, unsigned int count);
void qda_call_uncount(struct qda_call *call);
void qda_call_drop(struct qda_call *call);
void qda_call_unpin(struct qda_call *call);
void qda_place_wake(struct qda_session *session);
int qda_place_wait(struct qda_session *session, unsigned int seq, s64 deadline);
int qda_pools_alloc(struct qda_session *session);
void qda_pools_free(struct qda_session *session);
int qda_call_alloc_payload(struct qda_call *call, size_t size);

/* qda_call.c */
int qda_call_start(struct qda_call *call, struct qda_result *result,
		   struct qda_wire_msg *msg, u64 *ret_ticket);
int qda_call_send(struct qda_call *call, u64 ticket,
		  const struct qda_wire_msg *msg);
int qda_call_wait(struct qda_call *call, struct qda_result *result,
		  s64 deadline);
void qda_call_collect(struct qda_call *call, bool orphan, int error,
		      s32 status);
void qda_calls_end_locked(struct qda_session *session, int error, bool all);
void qda_calls_reap(struct qda_session *session);
void qda_calls_bury(struct qda_session *session);
void qda_calls_reap_work(struct work_struct *work);
void qda_calls_post_work(struct work_struct *work);

/* qda_invoke.c */
int qda_call_invoke(struct drm_file *file, struct drm_qda_remote_invoke *a);
int qda_call_remote_wait(struct drm_file *file, struct drm_qda_remote_wait *a);

/* qda_fastrpc.c */

/**
 * struct qda_ctl_block - an argument of a control call
 * @data: copied into the message memory; NULL: zeroed
 * @len: bytes; 0: absent
 * @bus: not 0: memory that lies there already, with the stream id
 * @out: private memory the output is copied to when the DSP has answered
 */
struct qda_ctl_block {
	const void *data;
	size_t len;
	u64 bus;
	void *out;
};

int qda_ctl_take(struct qda_session *session, bool needs_pd,
		 struct qda_call **ret_call);
int qda_ctl_run(struct qda_call *call, s32 *ret_status);
int qda_ctl_post(struct qda_call *call);
u64 qda_bus_addr(const struct qda_session *session, dma_addr_t addr);
u32 qda_client_id(const struct qda_session *session);
void qda_pack_attach(struct qda_call *call);
bool qda_pack_attach_static(struct qda_call *call, const u8 *name);
void qda_pack_create(struct qda_call *call,
		     const struct drm_qda_remote_session_create *a,
		     bool privileged, const struct qda_bo_map *shell);
void qda_pack_release(struct qda_call *call);
void qda_pack_get_attrs(struct qda_call *call, __le32 *attrs);

/* qda_gem.c */
extern const struct drm_gem_object_funcs qda_gem_funcs;
int qda_gem_create(struct drm_file *file, struct drm_qda_gem_create *a);
int qda_gem_mmap_offset(struct drm_file *file,
			struct drm_qda_gem_mmap_offset *a);
struct qda_gem *qda_gem_lookup(struct drm_file *file, u32 handle);
bool qda_gem_same(const struct qda_gem *a, const struct qda_gem *b);
struct qda_bo_map *qda_bo_map_find(struct qda_session *session,
				   struct qda_gem *gem);
struct qda_bo_map *qda_bo_map_new(struct qda_session *session,
				  struct qda_gem *gem, bool imported);
void qda_bo_map_put(struct qda_bo_map *map);
void qda_bo_maps_bury(struct qda_session *session);

/* qda_prime.c */
struct drm_gem_object *qda_prime_import(struct drm_device *drm,
					struct dma_buf *dmabuf);
int qda_prime_map(struct qda_bo_map *map);
void qda_prime_unmap(struct qda_bo_map *map);

/* qda_mem.c, qda_mem_shmem.c, qda_mem_coherent.c */
extern const struct qda_mem_ops qda_mem_shmem;
extern const struct qda_mem_ops qda_mem_coherent;
int qda_mem_check_contiguous(struct qda_bo_map *map, size_t size);
void qda_mem_count(struct qda_session *session, s64 bytes, bool imported);
int qda_mem_check_limit(struct qda_session *session, size_t size);
int qda_mem_set_limit(struct qda_session *session, u64 limit);
int qda_init_mem_alloc(struct qda_session *session, size_t size);
void qda_init_mem_free(struct qda_session *session);

/* qda_map.c */
struct qda_map;
int qda_map_create(struct drm_file *file, struct drm_qda_remote_map *a);
int qda_map_remove(struct qda_session *session,
		   struct drm_qda_remote_munmap *a);
int qda_map_check_dsp_id(struct qda_session *session, s32 dsp_id,
			 const struct qda_gem *gem);
void qda_map_finished(struct qda_session *session, u32 dsp_id);
void qda_maps_bury(struct qda_session *session);
void qda_pack_map(struct qda_call *call, u32 type, s32 dsp_id, u64 hint,
		  u64 bus, u64 size);
void qda_pack_unmap(struct qda_call *call, u32 type, s32 dsp_id, u64 addr,
		    u64 size);

/* qda_query.c */
int qda_query(struct drm_file *file, struct drm_qda_query *q);
void qda_device_identify(struct qda_device *qdev);

/* qda_status.c */
int qda_status_set(struct drm_file *file, bool enable);
void qda_status_disable(struct qda_session *session);
bool qda_status_rx(struct qda_device *qdev, const struct qda_reply *reply);
void qda_status_lost_locked(struct qda_device *qdev);

/* qda_ioctl.c */
extern const struct drm_ioctl_desc qda_ioctls[];
long qda_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);
long qda_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* qda_drv.c */
extern const struct drm_driver qda_drm_driver;

/* qda_debugfs.c */
void qda_debugfs_init(struct qda_device *qdev);

/* qda_owner.c */
int qda_owner_init(struct device_driver *drv);
void qda_owner_exit(struct device_driver *drv);
bool qda_owner_wants(struct device *dev);

/* qda_rpmsg.c */
int qda_rpmsg_init(void);
void qda_rpmsg_exit(void);

#endif /* __QDA_DRV_H__ */
