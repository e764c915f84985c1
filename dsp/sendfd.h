/* SPDX-License-Identifier: MIT */
/* Send a packet that may carry a descriptor; both ends of dsp/link.h do. */
#ifndef QDA_SOFTDSP_SENDFD_H
#define QDA_SOFTDSP_SENDFD_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* fd -1: none; flags: of sendmsg(); returns and sets errno as sendmsg() does */
static inline ssize_t send_with_fd(int sock, const void *data, size_t len, int fd,
				   int flags)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(sock, &msg, flags);
}

#endif
