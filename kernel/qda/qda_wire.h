/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * FastRPC as it is on the wire: messages, payload, control methods.
 *
 * Everything is little endian with natural alignment. Facts about the protocol
 * come from drivers/misc/fastrpc.c and the public user-space libraries.
 */
#ifndef __QDA_WIRE_H__
#define __QDA_WIRE_H__

#include <linux/types.h>

/* Request, one packet from CPU to DSP */
struct qda_wire_msg {
	__le32 client_id;	/* 0 for calls on the init handle */
	__le32 tid;		/* thread of the caller */
	__le64 ctx;		/* echoed by the DSP, see QDA_CTX_* */
	__le32 handle;
	__le32 sc;
	__le64 addr;		/* payload, with the stream id above */
	__le64 size;		/* payload bytes, whole pages */
};

/* Reply, one packet from DSP to CPU; the first 12 bytes carry data */
struct qda_wire_rsp {
	__le64 ctx;
	__le32 retval;
	__le32 pad;
};

#define QDA_WIRE_RSP_MIN	12

/* A longer reply of newer firmware; only a normal or final one ends the call */
struct qda_wire_rsp_v2 {
	__le64 ctx;
	__le32 retval;
	__le32 flags;		/* QDA_WIRE_RSP_NORMAL ... */
	__le32 early_us;
	__le32 version;		/* QDA_WIRE_RSP_V2 */
};

#define QDA_WIRE_RSP_V2		2
#define QDA_WIRE_RSP_NORMAL	0
#define QDA_WIRE_RSP_COMPLETE	3

/* Status notification of a DSP process, told from a reply by its ctx */
struct qda_wire_notif {
	__le64 ctx;		/* QDA_WIRE_NOTIF_CTX */
	__le32 type;
	__le32 client_id;
	__le32 status;
	__le32 pad;
};

#define QDA_WIRE_NOTIF_CTX	0xabcdabcdULL
#define QDA_WIRE_NOTIF_STATUS	4	/* the only type known */
#define QDA_WIRE_NOTIF_MIN	20

/*
 * Context word: PD type in [3:0], [7:4] zero, call id in [15:8] (never 0),
 * sequence number in [63:16]. The firmware routes by the low bits and echoes
 * all of it; the sequence number keeps a stale reply from a younger call.
 */
#define QDA_CTX_PD_MASK		0xfULL
#define QDA_CTX_ID_SHIFT	8
#define QDA_CTX_ID_MASK		0xffULL
#define QDA_CTX_SEQ_SHIFT	16
#define QDA_CTX_SEQ_MASK	0xffffffffffffULL

enum qda_pd_type {
	QDA_PD_TYPE_ROOT = 0,
	QDA_PD_TYPE_USER = 1,
	QDA_PD_TYPE_SENSORS = 2,
};

/* DSP page arithmetic is in 4 KiB pages whatever the CPU's page size */
#define QDA_DSP_PAGE_SHIFT	12
#define QDA_DSP_PAGE_SIZE	(1ULL << QDA_DSP_PAGE_SHIFT)
#define QDA_DSP_PAGE_MASK	(QDA_DSP_PAGE_SIZE - 1)

/*
 * Payload: n remote arguments, n buffer list entries, n pages, then what the
 * DSP writes: finished buffers, CRCs, the poll word. No inline data follows.
 */
struct qda_wire_arg_buf {
	__le64 pv;		/* low 12 bits: offset inside the first page */
	__le64 len;
};

struct qda_wire_arg_dma {
	__le32 dsp_id;
	__le32 offset;
	__le32 len;
	__le32 pad;
};

union qda_wire_arg {
	struct qda_wire_arg_buf buf;
	struct qda_wire_arg_dma dma;
};

struct qda_wire_buf {
	__le32 num;		/* pages entries used: 1, or 0 when absent */
	__le32 pgidx;
};

struct qda_wire_page {
	__le64 addr;
	__le64 size;
};

#define QDA_WIRE_FDLIST_LEN	16
#define QDA_WIRE_CRCLIST_LEN	64

struct qda_wire_tail {
	__le64 fdlist[QDA_WIRE_FDLIST_LEN];	/* dsp_ids, up to the first 0 */
	__le32 crclist[QDA_WIRE_CRCLIST_LEN];
	__le32 poll;
	__le32 pad;
};

/* Bytes of payload a call with @n arguments needs */
#define QDA_WIRE_PER_ARG \
	(sizeof(union qda_wire_arg) + sizeof(struct qda_wire_buf) + \
	 sizeof(struct qda_wire_page))
#define QDA_WIRE_PAYLOAD(n) \
	((n) * QDA_WIRE_PER_ARG + sizeof(struct qda_wire_tail))

/* Handles the firmware serves without opening them */
enum qda_wire_handle {
	QDA_HANDLE_REMOTECTL = 0,
	QDA_HANDLE_INIT = 1,
	QDA_HANDLE_UTILITIES = 2,
	QDA_HANDLE_LISTENER = 3,
	QDA_HANDLE_CURRENT_PROCESS1 = 4,
	QDA_HANDLE_MSGD1 = 5,
	QDA_HANDLE_PERF = 6,
	QDA_HANDLE_LISTENER1 = 7,
	QDA_HANDLE_REMOTECTL1 = 8,
	QDA_HANDLE_PERF1 = 9,
	QDA_HANDLE_STATIC_MAX = 20,
};

/* Methods of QDA_HANDLE_INIT and their scalars words */
#define QDA_INIT_ATTACH			0x00010000U
#define QDA_INIT_RELEASE		0x01010000U
#define QDA_INIT_MMAP			0x04020100U
#define QDA_INIT_MUNMAP			0x05010000U
#define QDA_INIT_CREATE			0x06040000U
#define QDA_INIT_CREATE_ATTR		0x07040000U
#define QDA_INIT_CREATE_STATIC		0x08030000U
#define QDA_INIT_MEM_MAP		0x0a030100U
#define QDA_INIT_MEM_UNMAP		0x0b010000U
/* Method 0 of QDA_HANDLE_UTILITIES */
#define QDA_UTIL_GET_ATTRS		0x00010100U
#define QDA_UTIL_NUM_ATTRS		255	/* attributes 1 to 255 */

/* CREATE, CREATE_ATTR: in0 this, in1 name, in2 shell, in3 one page */
struct qda_wire_create {
	__le32 client_id;
	__le32 namelen;		/* with its NUL */
	__le32 filelen;
	__le32 num_pages;
	__le32 attrs;
	__le32 siglen;
};

/* CREATE_STATIC: in0 this, in1 name, in2 one page */
struct qda_wire_create_static {
	__le32 client_id;
	__le32 namelen;
	__le32 num_pages;
};

/* MMAP: in0 this, in1 page; out0 __le64 address */
struct qda_wire_mmap {
	__le32 client_id;
	__le32 flags;
	__le64 vaddr;
	__le32 num;		/* bytes of the page array */
	__le32 pad;
};

struct qda_wire_munmap {
	__le32 client_id;
	__le32 pad;
	__le64 vaddr;
	__le64 size;
};

/* MEM_MAP: in0 this, in1 page, in2 empty; out0 __le64 address */
struct qda_wire_mem_map {
	__le32 client_id;
	__le32 dsp_id;
	__le32 offset;
	__le32 flags;
	__le64 vaddr;
	__le32 num;		/* bytes of the page array */
	__le32 data_len;
};

struct qda_wire_mem_unmap {
	__le32 client_id;
	__le32 dsp_id;
	__le64 vaddr;
	__le64 length;
};

/* DSP status codes: the public error numbers plus this offset */
#define QDA_DSP_ERR_BASE	0x80000400U
#define QDA_DSP_ERR(code)	((__s32)(QDA_DSP_ERR_BASE + (code)))

#endif /* __QDA_WIRE_H__ */
