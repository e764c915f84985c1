/* SPDX-License-Identifier: MIT */
/*
 * The soft device: the kernel's half of the uapi, answered in process. A struct
 * file is an open file of the device; everything it owns is under file->lock.
 */
#ifndef QDA_SOFT_H
#define QDA_SOFT_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <drm/qda_accel.h>

#include "clock.h"
#include "dsp/link.h"
#include "qda/qda_pack.h"
#include "list.h"
#include "sys.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SOFT_PAGE	4096ULL
#define NSEC_PER_MSEC	1000000LL
#define NSEC_PER_SEC	1000000000LL

/* --- wait.c -------------------------------------------------------------- */

/* Absolute CLOCK_MONOTONIC nanoseconds; waits that long are no limit at all */
#define DEADLINE_NEVER	INT64_MAX

struct waitq {
	atomic_uint seq;
	unsigned int waiters;	/* under the lock that guards what is waited for */
};

/*
 * Sleep with the lock dropped until the queue is woken: 0, -EINTR, -ETIMEDOUT.
 * Never restarted after a signal, whatever SA_RESTART says.
 */
int waitq_sleep(struct waitq *wq, pthread_mutex_t *lock, int64_t deadline);
void waitq_wake(struct waitq *wq);
/* ppoll() with an absolute deadline: the count, 0 on timeout, -errno */
int poll_until(struct pollfd *fds, unsigned long n, int64_t deadline);

/* --- thread.c ------------------------------------------------------------ */

#define LANE_CACHE	8

/* What is remembered per thread so that a call needs no system call */
struct thread {
	uint32_t gen;
	pid_t tid;
	uintptr_t stack_lo, stack_hi;
	bool has_lanes;		/* some file may know it */
	struct {
		uint64_t file_id;
		unsigned int lane;
	} lanes[LANE_CACHE];
	void *scratch;		/* for calls with many arguments */
};

/*
 * Which process this is: changes at fork (a page the child finds wiped), without
 * an atfork handler. 0: cannot be told, out of memory.
 */
uint32_t soft_generation(void);
/* without bringing a new process to life: 0 in a child that opened nothing yet */
uint32_t soft_generation_peek(void);
struct thread *soft_thread(void);
/* first use in a forked child: nobody holds these there */
void files_reset_locks(void);
void servers_reset_locks(void);

/* --- usercopy.c ---------------------------------------------------------- */

/* -EFAULT instead of a crash */
int copy_in(void *to, uint64_t from, size_t size);
int copy_out(uint64_t to, const void *from, size_t size);

/* --- server.c ------------------------------------------------------------ */

/* What several open files of one simulated device share */
struct device;

struct device_info {
	char name[DRM_QDA_NAME_LEN];
	uint32_t features;
	uint32_t banks;
	uint64_t bank_size;
};

/* Open a connection to the DSP that a "soft:" name stands for. */
int device_open(const char *path, struct device **ret_dev, int *ret_control);
void device_put(struct device *dev);
/* in a forked child: drop only the descriptors it inherited */
void device_put_child(struct device *dev);
/* the DSP was lost: what is cached of it is no longer true */
void device_lost(struct device *dev);
/* the DSP name that was asked for */
const char *device_domain(const struct device *dev);
/* the attribute table, asked for once; false: not known yet */
bool device_attrs_get(struct device *dev, uint32_t index, uint32_t *ret_value);
void device_attrs_set(struct device *dev, const uint32_t attrs[QDA_UTIL_NUM_ATTRS]);

/* spawn.c: start qda-softdsp; nobody else can reap or be told of it */
int server_spawn(const char *const *argv, int keep_fd, int *ret_pidfd);
/* its program */
const char *server_program(void);
/* reap it if it ends before the deadline */
bool server_reap(int pidfd, int64_t deadline);

/* --- link.c -------------------------------------------------------------- */

struct file;

/* A request on the control socket that has no answer yet */
struct link_wait {
	struct list node;
	uint32_t seq;
	bool done;
	struct qda_link_rep rep;
	/* runs under file->lock instead of somebody waiting */
	void (*fn)(struct file *file, struct link_wait *w);
};

struct link {
	atomic_int fd;
	uint32_t seq;
	bool receiving;
	struct waitq wq;
	struct list pending;
};

/* All with file->lock held; link_call() drops it while it waits. */
void link_init(struct link *link, int fd);
int link_post(struct file *file, struct link_wait *w, const struct qda_link_req *req,
	      int fd);
/* 0 and an answer whose error is 0; -EINTR only if intr; -EPIPE: DSP lost */
int link_call(struct file *file, const struct qda_link_req *req, int fd,
	      struct qda_link_rep *rep, bool intr);
/* for answers a PD may delay: also -EINTR, -ETIMEDOUT; -EPROTO: refused */
int link_ask(struct file *file, const struct qda_link_req *req,
	     struct qda_link_rep *rep, int64_t deadline);
/* take what has arrived, without waiting */
void link_drain(struct file *file);
/* receive for everybody, or sleep while another thread does */
int link_step(struct file *file, int64_t deadline);
int link_wait_until(struct file *file, int64_t deadline, bool (*ready)(struct file *));

/* --- gem.c, bus.c -------------------------------------------------------- */

/* A range of the bank's bus addresses; lives until the DSP has let go of it */
struct range {
	struct list node;
	uint64_t start, size;
	bool used;			/* something is mapped there */
	struct link_wait unmap;
};

struct bus {
	uint64_t start, end;
	struct list ranges;		/* by address */
	struct range *cursor;		/* the last one handed out */
};

void bus_init(struct bus *bus, uint64_t start, uint64_t size);
struct range *bus_alloc(struct bus *bus, uint64_t size, int *ret_err);
void bus_free(struct bus *bus, struct range *range);
void bus_destroy(struct bus *bus);

#define OBJECT_BUCKETS	256
#define HANDLE_CHUNK	256
#define HANDLE_CHUNKS	256

struct object {
	unsigned int refs;
	uint32_t handle;	/* 0: closed */
	uint64_t size;
	atomic_int memfd;
	bool imported;
	uint64_t dev, ino;
	struct list hash;
	struct range *range;	/* NULL: not on a bank */
};

/* a sealed memfd */
int memory_new(const char *name, uint64_t size);
void bank_destroy(struct file *file);

int object_new(struct file *file, uint64_t size, struct object **ret_obj);
void object_put(struct file *file, struct object *obj);
struct object *object_find(struct file *file, uint32_t handle);
uint64_t object_bus(const struct file *file, const struct object *obj);
/* the file's bank, taken now if it has none */
int bank_get(struct file *file);
/* for one call only, unless the file has one */
int bank_borrow(struct file *file);
void bank_return(struct file *file);
/* the PD has ended and its bank with it */
void bank_gone(struct file *file);
/* map memory into the bank */
int bank_map(struct file *file, int fd, uint64_t size, struct range **ret_range);
void bank_unmap(struct file *file, struct range *range);
void objects_forget(struct file *file);

int gem_create(struct file *file, void *data);
int gem_mmap_offset(struct file *file, void *data);
int gem_close(struct file *file, void *data);
int prime_export(struct file *file, void *data);
int prime_import(struct file *file, void *data);
void *gem_mmap(struct file *file, void *addr, size_t length, int prot, int flags,
	       uint64_t offset);

/* --- call.c, lane.c ------------------------------------------------------ */

/* one more for the listener */
#define SLOTS_USER	(QDA_MAX_IN_FLIGHT + 1)
#define SLOTS_CTL	8
#define SLOT_RELEASE	(SLOTS_USER + SLOTS_CTL)
#define NUM_SLOTS	(SLOT_RELEASE + 1)
/* a slot of the message pool: the largest payload, or one with control blocks */
#define SLOT_STRIDE	24576
#define SLOT_BLOCKS	1024

#define MAX_LANES	128
#define ROOT_LANE	MAX_LANES
#define EVENT_SPACE	4096
/* of the smallest */
#define MAX_EVENTS	(EVENT_SPACE / sizeof(struct drm_qda_event_status))
#define MAX_DONE	(2 * QDA_MAX_IN_FLIGHT)

struct result {
	bool done;
	int error;		/* 0: the DSP answered */
	int32_t status;
};

enum call_state {
	CALL_FREE,
	CALL_TAKEN,		/* being prepared */
	CALL_FLYING,
	CALL_ZOMBIE,		/* ended; the DSP may still touch its buffers */
};

struct call {
	enum call_state state;
	unsigned int id;		/* slot + 1 */
	uint64_t ctx;
	uint64_t ticket;
	uint64_t user_data;
	struct lane *lane;
	struct result *result;		/* of who waits, or NULL */
	bool event;
	uint32_t handle;
	uint32_t sc;
	bool outlives_session;		/* control: ended by its answer only */
	/*
	 * Control calls: runs once when the call has ended, under file->lock.
	 * Returns true if it has sent another message with this slot.
	 */
	bool (*ended)(struct file *file, struct call *call, int error,
		      int32_t status, bool orphan);
	void *ended_data;
	int64_t deadline;		/* control: when its caller goes */
	unsigned int num_objs;
	struct object *objs[DRM_QDA_MAX_ARGS];
};

union event {
	struct drm_event base;
	struct drm_qda_event_complete complete;
	struct drm_qda_event_status status;
};

struct done_call {
	uint64_t ticket;
	int error;
	int32_t status;
};

struct lane {
	atomic_int fd;
	pid_t tid;		/* 0: its thread has ended */
	unsigned int index;
	unsigned int users;	/* who must find fd open */
	unsigned int flying;
	unsigned int events;	/* of them, calls that end with an event */
	bool receiving;
	bool eof;		/* takes no call any more */
	bool ending;		/* its calls have not been told yet */
	bool judging;		/* somebody asks what to tell them, */
	int64_t verdict_by;	/* not for longer than this */
	bool in_epoll;
	struct waitq wq;
	struct link_wait attach;
};

enum session_state {
	SESSION_NONE,
	SESSION_STARTING,
	SESSION_RUNNING,
	SESSION_RELEASED,
};

enum bank_state {
	BANK_NONE,
	BANK_TAKING,
	BANK_READY,
	BANK_PUTTING,
};

#define MAP_BUCKETS	256

enum map_state {
	MAP_PENDING,
	MAP_MAPPED,
	MAP_UNMAPPING,
	MAP_LOST,		/* its id is gone, the DSP still has it */
};

struct map {
	struct list by_id, by_dsp_id;
	struct list all;
	enum map_state state;
	uint32_t id;
	int32_t dsp_id;		/* 0: none */
	uint32_t type;
	struct object *obj;
	uint64_t bus, size;	/* what the DSP was told */
	uint64_t addr;		/* what it answered */
	bool finished;		/* ended by the DSP while a message is under way */
};

struct file {
	atomic_uint refs;
	uint32_t gen;
	uint64_t id;
	int open_flags;
	struct device *dev;
	struct device_info info;
	atomic_int epfd;		/* private duplicate of the user's descriptor */
	atomic_int marker_fd;		/* carries QDA_SOFT_FD_MAGIC */
	atomic_int event_fd;		/* readable: events are queued */
	atomic_int kick_fd;		/* ends a wait on the root lane */
	atomic_int pump_fd;		/* a place has become free */

	pthread_mutex_t lock;
	bool lost;
	struct waitq wq;		/* states of bank and session */
	struct link link;

	enum bank_state bank;
	bool bank_keep;			/* more than a borrowed one */
	bool bank_dead;			/* its PD has ended; borrowers go on */
	unsigned int bank_borrowers;
	unsigned int bank_epoch;
	struct link_wait bank_put;
	uint32_t sid;
	struct bus bus;
	uint8_t *pool;
	atomic_int pool_fd;
	struct range *pool_range;
	unsigned int unmapping;		/* UNMAPs without an answer */
	unsigned int unmaps;		/* UNMAPs ever sent */

	_Atomic(struct object **) handles[HANDLE_CHUNKS];
	uint32_t handle_hint;
	bool importing;			/* one at a time; wakes wq */
	struct list objects[OBJECT_BUCKETS];
	uint64_t native, imported;	/* bytes in the bank, or on their way there */
	uint64_t memory_limit;		/* of both, 0: none */
	int64_t answer_ns;		/* for control calls, 0: no limit */

	enum session_state session;
	bool is_unsigned;		/* its PD, once there is one */
	bool pd_gone;
	bool release_sent;
	enum qda_pd_type pd_type;
	struct object *init_mem;

	struct lane lanes[MAX_LANES + 1];
	unsigned int num_lanes;
	unsigned int next_shared;
	bool lanes_refused;		/* the PD takes no further one */

	struct call calls[NUM_SLOTS];
	uint64_t seq;
	unsigned int in_flight;		/* user slots that are not free */
	unsigned int limit;
	unsigned int pumping;		/* who waits on pump_fd, */
	unsigned int pumping_ctl;	/* of them, for a control slot */

	struct done_call done[MAX_DONE];
	unsigned int num_done;

	union event events[MAX_EVENTS];
	unsigned int events_head, events_queued;
	size_t event_space;		/* bytes neither queued nor reserved */
	bool status_events;		/* wanted; the last one's space is reserved */
	unsigned int status_unread;
	bool event_fd_set;
	unsigned int events_quiet;	/* a reader settles event_fd at its end */

	struct list maps_by_id[MAP_BUCKETS];
	struct list maps_by_dsp_id[MAP_BUCKETS];
	struct list maps;
	unsigned int num_maps, num_delayed;
	uint32_t next_map_id;
};

/* call.c; all with file->lock held */
struct call *call_take(struct file *file, unsigned int first, unsigned int count);
void call_drop(struct file *file, struct call *call);
/*
 * The message is written; give it an identity and let replies find it. The ticket
 * stays what it is when the same call is started again.
 */
void call_start(struct file *file, struct call *call, struct lane *lane);
/* Send it; drops the lock meanwhile. 0, or an errno: the call is gone. */
int call_send(struct file *file, struct call *call, uint32_t tid);
void call_end(struct file *file, struct call *call, int error, int32_t status,
	      bool keep);
struct call *call_flying(struct file *file, uint64_t ticket);
void calls_end_all(struct file *file, int error, bool keep);
/* somebody in calls_pump() should look again */
void pump_kick(struct file *file);
void calls_bury_zombies(struct file *file);
void reply_dispatch(struct file *file, struct lane *lane, const void *data, size_t len);
/* wait until some call has ended, whosever it is, or the deadline: 0 or -EINTR */
int calls_pump(struct file *file, bool ctl, int64_t deadline);
uint64_t call_bus(const struct file *file, const struct call *call, size_t offset);
static inline uint8_t *call_payload(const struct file *file, const struct call *call)
{
	return file->pool + (size_t)(call->id - 1) * SLOT_STRIDE;
}

/* --- event.c --------------------------------------------------------------- */

/* room for the end of a call; false: there is none */
bool event_reserve(struct file *file);
void event_unreserve(struct file *file);
/* into the room that was reserved */
void event_complete(struct file *file, const struct call *call, int error,
		    int32_t status);
bool event_is_queued(const struct file *file, uint64_t ticket);
int status_set(struct file *file, bool enable);
/* the DSP says what has become of a PD; may be anything */
void status_notify(struct file *file, const struct qda_reply *reply);
/* the DSP is gone */
void status_lost(struct file *file);
void events_sync(struct file *file);
ssize_t events_read(struct file *file, uint64_t buf, size_t count, bool nonblock);

/* lane.c; all with file->lock held */
struct lane *lane_get(struct file *file, struct thread *thread, int *ret_err);
/* nobody may close its descriptor until lane_unuse() */
static inline void lane_use(struct lane *lane)
{
	lane->users++;
}
void lane_unuse(struct lane *lane);
/*
 * Collect replies until *result is done: 0, -EINTR, -ETIMEDOUT. A deadline in the
 * past looks once.
 */
int lane_wait(struct file *file, struct lane *lane, struct result *result,
	      int64_t deadline);
/*
 * Take replies that have arrived, from every lane nobody listens to. How a PD
 * ended is waited for until the deadline, and a little if that has passed: -EINTR.
 */
int lanes_drain(struct file *file, int64_t deadline);
/*
 * Nothing more comes from this lane: its calls end as the PD did. -EINTR,
 * -ETIMEDOUT: that is not known yet, and whoever looks next goes on asking.
 */
int lane_eof(struct file *file, struct lane *lane, int64_t deadline);
void lanes_shutdown(struct file *file);
/* the DSP is gone: what it has said of PDs before is still in the socket */
void lanes_last_words(struct file *file);
int lane_watch(struct file *file, struct lane *lane);
/* a thread has ended: others may have its lanes */
void lanes_orphan(struct file *file, pid_t tid);

/* --- session.c, ctl.c ---------------------------------------------------- */

struct ctl_block {
	const void *data;	/* NULL with out_len 0: absent */
	size_t len;
	bool out;		/* the DSP writes it */
	uint64_t bus;		/* or: memory that lies there already */
};

/* write a control message into a slot; outputs are found with ctl_out() */
void ctl_pack(struct file *file, struct call *call, uint32_t handle, uint32_t sc,
	      const struct ctl_block *blocks, unsigned int n);
/* the only output block, for the ended() of the call */
const void *ctl_out(const struct file *file, const struct call *call);
/* wait for a control slot: 0, -EINTR, -ETIMEDOUT, -ENODEV; not if the session has ended */
int ctl_take(struct file *file, struct call **ret_call);
/* send and wait; on -EINTR and -ETIMEDOUT the call goes on and ends with its ended() */
int ctl_run(struct file *file, struct call *call, int32_t *ret_status);
/* send without waiting: a new call, or another message with the same slot */
void ctl_post(struct file *file, struct call *call);

int session_check(const struct file *file);
int session_attach(struct file *file, void *data);
int session_create(struct file *file, void *data);
int session_release(struct file *file, void *data);
/* Message RELEASE on its own slot, once; nobody waits. */
void session_send_release(struct file *file);
/* wakes everybody with -ECANCELED */
void session_end(struct file *file);
/* release on the DSP; returns soon, done or not */
void session_finish(struct file *file);

/* --- map.c --------------------------------------------------------------- */

int map_create(struct file *file, void *data);
int map_remove(struct file *file, void *data);
/* the mapping known to DSP code by this integer, or NULL */
struct map *map_by_dsp_id(struct file *file, int32_t dsp_id);
void map_finished_by_dsp(struct file *file, uint32_t dsp_id);
void maps_forget(struct file *file);

/* --- invoke.c, query.c --------------------------------------------------- */

int invoke_call(struct file *file, void *data);
int invoke_wait(struct file *file, void *data);
int invoke_set_option(struct file *file, void *data);
int query(struct file *file, void *data);

/* --- file.c, table.c, ioctl.c, core.c ------------------------------------ */

/* a descriptor for the user, and the file behind it */
int file_create(const char *path, int flags, struct file **ret_file);
void file_put(struct file *file);
void file_close_child(struct file *file);
/* The DSP is gone: wake everybody. file->lock held. */
void file_lost(struct file *file);
/* false, and lost, if the DSP has gone since */
bool file_alive(struct file *file);

int file_open(const char *path, int flags);
int file_close(int fd);
ssize_t file_read(int fd, void *buf, size_t count);
int file_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms);
/* -EBADF: not one of ours; -EOWNERDEAD: the parent's */
int file_get(int fd, struct file **ret_file);
void files_thread_ended(pid_t tid);

int file_ioctl(struct file *file, unsigned long request, uint64_t arg);
/* wait, not for long, until the DSP has let go of buffers that have ended */
void unmaps_settle(struct file *file);
int core_version(struct file *file, void *data);
int core_get_cap(struct file *file, void *data);

#endif
