/* SPDX-License-Identifier: MIT */
/*
 * The seven system calls through which everything reaches a device: the
 * kernel's own, or the soft device's with the same semantics (-1 and errno).
 */
#ifndef QDA_SYS_H
#define QDA_SYS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct qda_sys {
	int (*open)(const char *path, int flags);
	int (*close)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	void *(*mmap)(void *addr, size_t length, int prot, int flags, int fd,
		      uint64_t offset);
	int (*munmap)(void *addr, size_t length);
	ssize_t (*read)(int fd, void *buf, size_t count);
	int (*poll)(struct pollfd *fds, nfds_t nfds, int timeout_ms);
};

/* the kernel's (lib/sys-kernel.c) */
extern const struct qda_sys qda_sys_kernel;

/*
 * Exported by libqda-soft.so under this name. Opens "soft:DOMAIN..." names,
 * see docs/softdsp.md. A descriptor it returns can be polled like any other
 * but everything else must go through the table.
 */
#define QDA_SOFT_SYS_SYMBOL	"qda_soft_sys"
extern const struct qda_sys qda_soft_sys;

/*
 * eventpoll data word by which a soft descriptor that was inherited or passed is
 * told from any other epoll instance (shown in /proc/self/fdinfo)
 */
#define QDA_SOFT_FD_MAGIC	0x716461736f667464ULL

#endif
