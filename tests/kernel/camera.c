// SPDX-License-Identifier: MIT
/* vivid, the V4L2 test driver, as a camera. */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>

#include "producers.h"

#define PAGE 4096UL
#define TYPE V4L2_BUF_TYPE_VIDEO_CAPTURE

/* two cameras, captures only: the first of vmalloc() memory, the second contiguous */
static const char vivid_parameters[] =
	"n_devs=2 node_types=0x1,0x1 allocators=0,1 input_types=0x0,0x0 num_inputs=1,1 "
	"no_error_inj=1";

static void must(struct camera *c, unsigned long request, void *arg, const char *name)
{
	int err = plain_ioctl(c->fd, request, arg);

	check(!err, "vivid: %s: %s", name, err_name(err));
}
#define MUST(c, request, arg) must(c, request, arg, #request)

static int find_camera(const char *bus)
{
	struct v4l2_capability cap;
	char path[32];
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(&cap, 0, sizeof(cap));
		if (!plain_ioctl(fd, VIDIOC_QUERYCAP, &cap) &&
		    !strcmp((char *)cap.driver, "vivid") &&
		    !strcmp((char *)cap.bus_info, bus) &&
		    cap.device_caps & V4L2_CAP_VIDEO_CAPTURE)
			return fd;
		close(fd);
	}
	return -ENOENT;
}

void camera_open(struct camera *c, bool contig)
{
	struct v4l2_format format = {
		.type = TYPE,
		.fmt.pix = { .width = CAM_WIDTH, .height = CAM_HEIGHT,
			     .pixelformat = V4L2_PIX_FMT_YUYV,
			     .field = V4L2_FIELD_NONE },
	};
	struct v4l2_streamparm parm = { .type = TYPE };
	int64_t end = soon();

	memset(c, 0, sizeof(*c));
	if (!module_loaded("vivid"))
		module_load("vivid", vivid_parameters);
	do {
		c->fd = find_camera(contig ? "platform:vivid-001" : "platform:vivid-000");
	} while (c->fd < 0 && monotonic_ns() < end && (sleep_ms(5), true));
	check(c->fd >= 0, "vivid has made no camera");
	MUST(c, VIDIOC_S_FMT, &format);
	check(format.fmt.pix.width == CAM_WIDTH && format.fmt.pix.height == CAM_HEIGHT &&
	      format.fmt.pix.sizeimage == CAM_FRAME, "vivid wants %u x %u of %u bytes",
	      format.fmt.pix.width, format.fmt.pix.height, format.fmt.pix.sizeimage);
	parm.parm.capture.timeperframe.numerator = 1;
	parm.parm.capture.timeperframe.denominator = 25;
	plain_ioctl(c->fd, VIDIOC_S_PARM, &parm);
}

static void request_buffers(struct camera *c, uint32_t memory)
{
	struct v4l2_requestbuffers request = {
		.count = CAM_BUFFERS, .type = TYPE, .memory = memory,
	};

	MUST(c, VIDIOC_REQBUFS, &request);
	check(request.count == CAM_BUFFERS, "vivid gives %u buffers", request.count);
	c->memory = memory;
}

void camera_own_buffers(struct camera *c)
{
	unsigned int i;

	request_buffers(c, V4L2_MEMORY_MMAP);
	for (i = 0; i < CAM_BUFFERS; i++) {
		struct v4l2_buffer b = {
			.index = i, .type = TYPE, .memory = V4L2_MEMORY_MMAP,
		};
		struct v4l2_exportbuffer export = {
			.index = i, .type = TYPE, .flags = O_RDWR | O_CLOEXEC,
		};

		MUST(c, VIDIOC_QUERYBUF, &b);
		/* what is exported are whole pages */
		c->size = (b.length + PAGE - 1) / PAGE * PAGE;
		c->mem[i] = mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED,
				 c->fd, b.m.offset);
		check(c->mem[i] != MAP_FAILED, "vivid: mmap: %s", strerror(errno));
		MUST(c, VIDIOC_EXPBUF, &export);
		c->buf[i] = export.fd;
		check_eq(camera_queue(c, i, -1), 0);
	}
}

void camera_foreign_buffers(struct camera *c)
{
	request_buffers(c, V4L2_MEMORY_DMABUF);
}

void camera_start(struct camera *c)
{
	int type = TYPE;

	MUST(c, VIDIOC_STREAMON, &type);
}

int camera_queue(struct camera *c, unsigned int i, int buf)
{
	struct v4l2_buffer b = { .index = i, .type = TYPE, .memory = c->memory };

	if (c->memory == V4L2_MEMORY_DMABUF)
		b.m.fd = buf;
	return plain_ioctl(c->fd, VIDIOC_QBUF, &b);
}

unsigned int camera_frame(struct camera *c, uint32_t *sequence)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	struct v4l2_buffer b = { .type = TYPE, .memory = c->memory };

	check(poll(&p, 1, 10000) == 1, "vivid gives no frame");
	MUST(c, VIDIOC_DQBUF, &b);
	check(!(b.flags & V4L2_BUF_FLAG_ERROR), "vivid gave a broken frame");
	check(b.index < CAM_BUFFERS && b.bytesused == CAM_FRAME, "frame of %u bytes",
	      b.bytesused);
	if (sequence)
		*sequence = b.sequence;
	return b.index;
}

void camera_close(struct camera *c)
{
	unsigned int i;

	for (i = 0; i < CAM_BUFFERS; i++) {
		if (c->mem[i])
			munmap(c->mem[i], c->size);
		if (c->buf[i] > 0)
			close(c->buf[i]);
	}
	close(c->fd);
	memset(c, 0, sizeof(*c));
}
