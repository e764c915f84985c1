// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>

#include "qda/qda_wire.h"

#include "far.h"

static struct device spare, *home;

int far_file(int flags)
{
	const char *node = getenv("QDA_UAPI_SPARE");
	int fd;

	if (!node || !getenv("QDA_UAPI_DEVICE_SDSP"))
		skip_case("there is no spare DSP");
	fd = open(node, flags | O_CLOEXEC);
	check(fd >= 0, "%s: %s", node, strerror(errno));
	return fd;
}

void far_enter(void)
{
	home = dev;
	spare = (struct device){ .sys = dev->sys, .control = -1 };
	snprintf(spare.path, sizeof(spare.path), "%s", getenv("QDA_UAPI_DEVICE_SDSP"));
	snprintf(spare.options, sizeof(spare.options), "sdsp");
	snprintf(spare.label, sizeof(spare.label), "sdsp");
	dev = &spare;
}

void far_leave(void)
{
	dev = home;
}

void far_open(struct far *far)
{
	struct qda_sim_info info;
	int err;

	/* of a case that failed */
	if (far->fd)
		close(far->fd);
	far->fd = far_file(O_RDWR | O_NONBLOCK);
	check_eq(plain_ioctl(far->fd, QDA_SIM_IOC_INFO, &info), 0);
	check(!strcmp((const char *)info.label, "sdsp") && info.num_banks == 1,
	      "the spare DSP is %s with %u banks", (const char *)info.label,
	      info.num_banks);
	far->sid = info.sids[0];
	err = plain_ioctl(far->fd, QDA_SIM_IOC_OWN, NULL);
	check(!err, "cannot be the DSP: %s", err_name(err));
	far_enter();
	far->client = dev_open();
}

void far_close(struct far *far)
{
	dev_close(far->client);
	close(far->fd);
	far->fd = 0;
	far_leave();
}

void far_record(const struct far *far, struct qda_sim_record *record)
{
	struct pollfd p = { .fd = far->fd, .events = POLLIN };

	check(poll(&p, 1, SOON_MS) == 1 && p.revents & POLLIN, "nothing to read");
	check_eq(read(far->fd, record, sizeof(*record)), sizeof(*record));
}

uint64_t far_message(const struct far *far)
{
	struct qda_sim_record record;
	struct qda_wire_msg msg;

	do {
		far_record(far, &record);
	} while (record.type != QDA_SIM_RECORD_MSG);
	check_eq(record.len, sizeof(msg));
	check_eq(record.sid, far->sid);
	memcpy(&msg, record.data, sizeof(msg));
	return msg.ctx;
}

int far_write(int fd, uint32_t sid, const void *data, uint32_t len)
{
	uint8_t packet[sizeof(struct qda_sim_reply) + QDA_SIM_MAX_DATA];
	struct qda_sim_reply head = { .sid = sid, .len = len };

	memcpy(packet, &head, sizeof(head));
	memcpy(packet + sizeof(head), data, len);
	return write(fd, packet, sizeof(head) + len) < 0 ? -errno : 0;
}

int far_answer(const struct far *far, uint64_t ctx, int32_t status)
{
	struct qda_wire_rsp rsp = { .ctx = ctx, .retval = (uint32_t)status };

	return far_write(far->fd, far->sid, &rsp, sizeof(rsp));
}

void far_buffer_new(const struct far *far, struct far_buffer *b, size_t size)
{
	b->size = size;
	b->gem = gem_new(far->client, size);
	b->mem = gem_map(far->client, b->gem, size);
	b->bus = bus_where(far->sid, b->mem);
}

void far_buffer_free(const struct far *far, struct far_buffer *b)
{
	gem_unmap(b->mem, b->size);
	check_eq(gem_close(far->client, b->gem), 0);
}

int far_access(int fd, uint32_t sid, uint32_t flags, uint64_t addr, uint64_t len,
	       void *buf, uint64_t *ret_done)
{
	struct qda_sim_access a = {
		.sid = sid, .flags = flags, .addr = addr, .len = len,
		.buf = (uintptr_t)buf, .done = FILL64,
	};
	int err = plain_ioctl(fd, QDA_SIM_IOC_ACCESS, &a);

	if (ret_done)
		*ret_done = a.done;
	return err;
}

void *far_window(int fd, uint32_t sid, uint64_t addr, size_t size)
{
	void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 (off_t)QDA_SIM_OFFSET(sid, addr));

	return ptr == MAP_FAILED ? NULL : ptr;
}

/* a pipe copies when it is told to: a fault is an error, no signal */
static bool can_copy(const void *from, void *to)
{
	uint8_t byte = 0;
	bool good;
	int fds[2];

	check(!pipe(fds), "pipe: %s", strerror(errno));
	good = write(fds[1], from ? from : &byte, 1) == 1 &&
	       read(fds[0], to ? to : &byte, 1) == 1;
	check(good || errno == EFAULT, "copy: %s", strerror(errno));
	close(fds[0]);
	close(fds[1]);
	return good;
}

bool can_read(const void *ptr)
{
	return can_copy(ptr, NULL);
}

bool can_write(void *ptr)
{
	return can_copy(NULL, ptr);
}
