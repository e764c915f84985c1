// SPDX-License-Identifier: MIT
/* Messages the root process executes: process control and the attribute query */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <drm/qda_accel.h>

#include "elf-file.h"
#include "softdsp.h"

#ifndef MFD_EXEC
#define MFD_EXEC	0x0010U
#endif

#define CLIENT_ID_SIZE	4
#define MAX_PD_NAME	128
#define MAX_SHELL	(4u << 20)

static const struct static_pd {
	const char *name;
	enum pd_kind kind;
} static_pds[] = {
	{ "audiopd", PD_KIND_AUDIO },	  { "securepd", PD_KIND_SECURE },
	{ "sensorspd", PD_KIND_SENSORS }, { "rootpd", PD_KIND_ROOT },
	{ "oispd", PD_KIND_OIS },
};

int32_t call_read(struct call *call, unsigned int i, void *buf, size_t len)
{
	struct bank *bank = call->conn->bank;

	if (call->args[i].len < len)
		return DSP_EBADPARM;
	if (bank_read(bank, call->args[i].addr, buf, len))
		return 0;
	fault_add(bank->sid, call->args[i].addr);
	return DSP_EBADVA;
}

int32_t call_write(struct call *call, unsigned int i, const void *buf, size_t len)
{
	struct bank *bank = call->conn->bank;

	if (call->args[i].len < len)
		return DSP_EBADPARM;
	if (bank_write(bank, call->args[i].addr, buf, len))
		return 0;
	fault_add(bank->sid, call->args[i].addr);
	return DSP_EBADVA;
}

static void exec_attach(struct call *call)
{
	struct pd_params params = { .kind = PD_KIND_ROOT, .image = -1 };
	uint32_t id;
	int32_t status = call_read(call, 0, &id, sizeof(id));

	if ((call->msg.ctx & QDA_CTX_PD_MASK) == QDA_PD_TYPE_SENSORS)
		params.kind = PD_KIND_SENSORS;
	if (!status && params.kind == PD_KIND_SENSORS &&
	    !(dsp.features & DRM_QDA_FEATURE_SENSORS_PD))
		status = DSP_EUNSUPPORTED;
	if (status) {
		call_finish(call, status);
		return;
	}
	params.client_id = le32toh(id);
	pd_start(call->conn->bank, &params, call);
}

static void exec_create_static(struct call *call)
{
	struct pd_params params = { .image = -1 };
	struct qda_wire_create_static in;
	char name[MAX_PD_NAME];
	uint32_t len;
	size_t i;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	len = le32toh(in.namelen);
	if (!status && (!len || len > sizeof(name) || len > call->args[1].len))
		status = DSP_EBADPARM;
	if (!status)
		status = call_read(call, 1, name, len);
	if (!status && memchr(name, '\0', len) != name + len - 1)
		status = DSP_EBADPARM;
	if (!status) {
		status = DSP_ERESOURCENOTFOUND;
		for (i = 0; i < sizeof(static_pds) / sizeof(static_pds[0]); i++) {
			if (strcmp(name, static_pds[i].name))
				continue;
			params.kind = static_pds[i].kind;
			status = 0;
		}
	}
	if (!status && !(dsp.features & DRM_QDA_FEATURE_STATIC_PD))
		status = DSP_EUNSUPPORTED;
	if (!status)
		status = heap_take(call, name, le32toh(in.num_pages));
	if (status) {
		call_finish(call, status);
		return;
	}
	params.client_id = le32toh(in.client_id);
	if (params.kind == PD_KIND_AUDIO)
		params.heap = heap_size();
	pd_start(call->conn->bank, &params, call);
}

/* The image as a file of its own, so that later writes do not reach it */
static int32_t copy_shell(struct call *call, size_t size, int *ret_fd)
{
	char *image = malloc(size);
	int32_t status = DSP_ENOMEMORY;
	char why[128];
	size_t done = 0;
	ssize_t n;
	int fd = -1;

	if (!image)
		return status;
	status = call_read(call, 2, image, size);
	if (!status && !elf_check(image, size, elf_machine(), why, sizeof(why))) {
		log_line("shell image of %zu bytes %s", size, why);
		status = DSP_EBADELF;
	}
	if (!status) {
		fd = memfd_create("qda-shell", MFD_CLOEXEC | MFD_EXEC);
		if (fd < 0 && errno == EINVAL)
			fd = memfd_create("qda-shell", MFD_CLOEXEC);
		if (fd < 0)
			status = DSP_ENOMEMORY;
	}
	while (!status && done < size) {
		n = write(fd, image + done, size - done);
		if (n <= 0)
			status = DSP_ENOMEMORY;
		else
			done += (size_t)n;
	}
	free(image);
	if (status && fd >= 0)
		close(fd);
	else
		*ret_fd = fd;
	return status;
}

static int32_t check_init_mem(struct call *call)
{
	struct bank *bank = call->conn->bank;
	struct qda_wire_page page;
	uint64_t addr, size;
	int32_t status = call_read(call, 3, &page, sizeof(page));

	if (status)
		return status;
	size = le64toh(page.size);
	if (!size || !payload_range(le64toh(page.addr), size, &bank->wire, &addr) ||
	    (addr | size) & QDA_DSP_PAGE_MASK)
		return DSP_EBADPARM;
	if (!bank_covers(bank, addr, size)) {
		fault_add(bank->sid, addr);
		return DSP_EBADVA;
	}
	return 0;
}

static void exec_create(struct call *call)
{
	struct pd_params params = { .image = -1 };
	struct qda_wire_create in;
	uint32_t size, attrs;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	size = le32toh(in.filelen);
	attrs = le32toh(in.attrs);
	if (!status && (le32toh(in.num_pages) != 1 || size != call->args[2].len ||
			size > MAX_SHELL || le32toh(in.siglen) > size ||
			le32toh(in.namelen) > call->args[1].len))
		status = DSP_EBADPARM;
	if (!status)
		status = check_init_mem(call);
	if (!status && attrs & DRM_QDA_PD_UNSIGNED &&
	    !(dsp.features & DRM_QDA_FEATURE_UNSIGNED_PD))
		status = DSP_EUNSIGNEDMOD;
	if (!status && size)
		status = copy_shell(call, size - le32toh(in.siglen), &params.image);
	if (status) {
		call_finish(call, status);
		return;
	}
	params.client_id = le32toh(in.client_id);
	params.is_signed = !(attrs & DRM_QDA_PD_UNSIGNED);
	pd_start(call->conn->bank, &params, call);
}

static void exec_release(struct call *call)
{
	struct pd *pd = call->conn->bank->pd;
	uint32_t id;
	int32_t status = call_read(call, 0, &id, sizeof(id));

	if (!status && !pd)
		status = DSP_EINVALIDPROCESS;
	if (status || !pd_is_alive(pd))
		call_finish(call, status);
	else
		pd_kill(pd, call);
}

/* The page that is to be mapped: one, in this bank, and all of it there */
static int32_t read_page(struct call *call, uint32_t bytes, uint64_t *ret_addr,
			 uint64_t *ret_size)
{
	struct bank *bank = call->conn->bank;
	struct qda_wire_page page;
	int32_t status;

	if (bytes != sizeof(page))
		return DSP_EBADPARM;
	status = call_read(call, 1, &page, sizeof(page));
	if (status)
		return status;
	*ret_size = le64toh(page.size);
	if (!*ret_size ||
	    !payload_range(le64toh(page.addr), *ret_size, &bank->wire, ret_addr) ||
	    (*ret_addr | *ret_size) & QDA_DSP_PAGE_MASK)
		return DSP_EBADPARM;
	if (!bank_covers(bank, *ret_addr, *ret_size)) {
		fault_add(bank->sid, *ret_addr);
		return DSP_EBADVA;
	}
	return 0;
}

static void map_in_pd(struct call *call, struct pdlink_packet *packet, int32_t status,
		      unsigned int out)
{
	struct bank *bank = call->conn->bank;

	if (!status && call->args[out].len < sizeof(uint64_t))
		status = DSP_EBADPARM;
	if (!status && !bank_covers(bank, call->args[out].addr, sizeof(uint64_t))) {
		fault_add(bank->sid, call->args[out].addr);
		status = DSP_EBADVA;
	}
	if (status) {
		call_finish(call, status);
		return;
	}
	packet->op = PDLINK_REGISTER;
	packet->c = steer_map_address();
	pd_register(bank->pd, call, packet);
}

static void exec_mem_map(struct call *call)
{
	struct pdlink_packet packet = { 0 };
	struct qda_wire_mem_map in;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	if (!status) {
		packet.dsp_id = le32toh(in.dsp_id);
		packet.flags = le32toh(in.flags);
		if (!packet.dsp_id || packet.dsp_id > INT32_MAX || in.offset ||
		    (packet.flags != DRM_QDA_MAP_STATIC &&
		     packet.flags != DRM_QDA_MAP_FD &&
		     packet.flags != DRM_QDA_MAP_FD_DELAYED &&
		     packet.flags != DRM_QDA_MAP_FD_NOMAP))
			status = DSP_EBADPARM;
	}
	if (!status)
		status = read_page(call, le32toh(in.num), &packet.a, &packet.b);
	map_in_pd(call, &packet, status, 3);
}

static void exec_mmap(struct call *call)
{
	struct pdlink_packet packet = { 0 };
	struct qda_wire_mmap in;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	if (!status) {
		packet.flags = le32toh(in.flags);
		if (packet.flags != DRM_QDA_MAP_ADD_PAGES)
			status = DSP_EUNSUPPORTED;
	}
	if (!status)
		status = read_page(call, le32toh(in.num), &packet.a, &packet.b);
	map_in_pd(call, &packet, status, 2);
}

static void unmap_in_pd(struct call *call, struct pdlink_packet *packet, int32_t status)
{
	if (status) {
		call_finish(call, status);
		return;
	}
	packet->op = PDLINK_UNREGISTER;
	pd_register(call->conn->bank->pd, call, packet);
}

static void exec_mem_unmap(struct call *call)
{
	struct pdlink_packet packet = { 0 };
	struct qda_wire_mem_unmap in;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	if (!status) {
		packet.dsp_id = le32toh(in.dsp_id);
		packet.a = le64toh(in.vaddr);
		packet.b = le64toh(in.length);
		if (!packet.dsp_id)
			status = DSP_EBADPARM;
	}
	unmap_in_pd(call, &packet, status);
}

static void exec_munmap(struct call *call)
{
	struct pdlink_packet packet = { 0 };
	struct qda_wire_munmap in;
	int32_t status = call_read(call, 0, &in, sizeof(in));

	if (!status) {
		packet.a = le64toh(in.vaddr);
		packet.b = le64toh(in.size);
	}
	unmap_in_pd(call, &packet, status);
}

void call_registered(struct call *call, int32_t status, uint64_t dsp_addr)
{
	uint64_t wire = htole64(dsp_addr);
	unsigned int out = payload_in(call->msg.sc);

	if (!status && call->conn && payload_out(call->msg.sc))
		status = call_write(call, out, &wire, sizeof(wire));
	call_finish(call, status);
}

static const struct method {
	uint32_t handle, sc;
	enum root_op op;
	void (*exec)(struct call *call);
	bool needs_pd;
} methods[] = {
	{ QDA_HANDLE_INIT, QDA_INIT_ATTACH, ROOT_OP_ATTACH, exec_attach, false },
	{ QDA_HANDLE_INIT, QDA_INIT_RELEASE, ROOT_OP_RELEASE, exec_release, false },
	{ QDA_HANDLE_INIT, QDA_INIT_MMAP, ROOT_OP_MAP, exec_mmap, true },
	{ QDA_HANDLE_INIT, QDA_INIT_MUNMAP, ROOT_OP_UNMAP, exec_munmap, true },
	{ QDA_HANDLE_INIT, QDA_INIT_CREATE, ROOT_OP_CREATE, exec_create, false },
	{ QDA_HANDLE_INIT, QDA_INIT_CREATE_ATTR, ROOT_OP_CREATE, exec_create, false },
	{ QDA_HANDLE_INIT, QDA_INIT_CREATE_STATIC, ROOT_OP_ATTACH, exec_create_static,
	  false },
	{ QDA_HANDLE_INIT, QDA_INIT_MEM_MAP, ROOT_OP_MAP, exec_mem_map, true },
	{ QDA_HANDLE_INIT, QDA_INIT_MEM_UNMAP, ROOT_OP_UNMAP, exec_mem_unmap, true },
	{ QDA_HANDLE_UTILITIES, QDA_UTIL_GET_ATTRS, ROOT_OP_QUERY, attrs_exec, false },
};

static const struct method *find_method(const struct payload_msg *msg)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (methods[i].handle == msg->handle && methods[i].sc == msg->sc)
			return &methods[i];
	}
	return NULL;
}

static int32_t decode(struct call *call)
{
	struct bank *bank = call->conn->bank;
	unsigned char meta[CALL_MAX_ARGS * QDA_WIRE_PER_ARG];
	size_t size = payload_meta_size(payload_num_args(call->msg.sc));
	uint64_t addr;
	int32_t status;

	/* there is no address space in which its payload could be */
	if (!bank)
		return DSP_EBADPARM;
	status = payload_locate(&call->msg, &bank->wire, &addr);
	if (status)
		return status;
	if (!bank_read(bank, addr, meta, size)) {
		fault_add(bank->sid, addr);
		return DSP_EBADVA;
	}
	return payload_decode(meta, call->msg.sc, &bank->wire, call->args);
}

void call_exec(struct call *call)
{
	const struct method *method = find_method(&call->msg);
	struct pd *pd = call->conn->bank ? call->conn->bank->pd : NULL;
	int32_t status;

	if (!method) {
		/* what is for a PD comes here when there is none (any more) */
		status = call->msg.handle == QDA_HANDLE_INIT ||
					 call->msg.handle == QDA_HANDLE_UTILITIES ?
				 DSP_EUNSUPPORTED :
				 DSP_EINVALIDPROCESS;
		call_finish(call, status);
		return;
	}
	count_add(call->msg.handle, payload_method(call->msg.sc), 1);
	status = decode(call);
	if (!status && method->needs_pd && (!pd || pd->state != PD_RUNNING))
		status = DSP_EINVALIDPROCESS;
	if (status)
		call_finish(call, status);
	else
		method->exec(call);
}

void call_new(struct conn *conn, const void *data, size_t len)
{
	const struct method *method;
	struct payload_msg msg;
	struct call *call;

	/* without a context word there is nothing to answer to */
	if (!payload_parse_msg(data, len, &msg))
		return;
	call = calloc(1, sizeof(*call));
	if (!call)
		return;
	call->conn = conn;
	call->msg = msg;
	method = find_method(&msg);
	call->op = method ? method->op : ROOT_OP_NONE;
	list_add(&conn->calls, &call->node);
	conn_busy(conn);
	if (steer_before(call))
		call_exec(call);
}

void call_free(struct call *call)
{
	struct bank *bank = call->bank;

	if (call->conn) {
		list_del(&call->node);
		conn_unbusy(call->conn);
	}
	free(call);
	/* with a PD that still ends, that is what frees the bank */
	if (bank && !--bank->held && !bank->conn && !bank->pd)
		bank_release(bank);
}

void call_orphan(struct call *call, struct bank *bank)
{
	call->bank = bank;
	bank->held++;
}

void call_release(struct bank *bank)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return;
	call->msg.handle = QDA_HANDLE_INIT;
	call->msg.sc = QDA_INIT_RELEASE;
	call->op = ROOT_OP_RELEASE;
	call_orphan(call, bank);
	if (steer_before(call))
		call_finish(call, 0);
}

void call_send(struct call *call, const void *data, size_t len, uint32_t times)
{
	uint32_t i;

	for (i = 0; call->conn && i < times; i++)
		chan_send(&call->conn->lane, data, len, -1);
}

void call_finish(struct call *call, int32_t status)
{
	log_line("client %u tid %u handle %#x sc %#010x ctx %#llx addr %#llx: %#x",
		 call->msg.client_id, call->msg.tid, call->msg.handle, call->msg.sc,
		 (unsigned long long)call->msg.ctx, (unsigned long long)call->msg.addr,
		 (uint32_t)status);
	if (call->conn || call->bank)
		steer_after(call, status);
	else
		call_free(call);
}
