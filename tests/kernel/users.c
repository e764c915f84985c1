// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>

#include "users.h"

void must_at(const char *file, int line, const char *what, long got, long want)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: user %d: %s is %ld (%s), not %ld (%s)\n", file, line,
		(int)geteuid(), what, got, err_name((int)got), want, err_name((int)want));
	_exit(1);
}
void become(uid_t uid)
{
	const gid_t groups[] = { RENDER };

	must(setgroups(1, groups), 0);
	must(setresgid(uid, uid, uid), 0);
	must(setresuid(uid, uid, uid), 0);
	must(setuid(0), -1);
}

struct user user_start(uid_t uid, void (*fn)(int sock))
{
	struct user user;
	int socks[2];

	check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks),
	      "socketpair: %s", strerror(errno));
	fflush(NULL);
	user.pid = fork();
	check(user.pid >= 0, "fork: %s", strerror(errno));
	if (!user.pid) {
		close(socks[0]);
		alarm(300);
		if (uid)
			become(uid);
		fn(socks[1]);
		_exit(0);
	}
	close(socks[1]);
	user.sock = socks[0];
	return user;
}

void user_end(struct user *user)
{
	int status = 0, err;

	close(user->sock);
	err = child_wait(user->pid, 60000, &status);
	if (err)
		kill(user->pid, SIGKILL);
	check(!err && !status, "the user's process ended with %s, status %#x",
	      err_name(err), status);
}

void as_user(uid_t uid, void (*fn)(int sock))
{
	struct user user = user_start(uid, fn);

	user_end(&user);
}

int send_letter(int sock, const struct letter *letter, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)letter, sizeof(*letter) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(fd)),
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == sizeof(*letter) ? 0 : -EIO;
}

int receive_letter(int sock, struct letter *letter, int *fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec iov = { letter, sizeof(*letter) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	*fd = -1;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*letter))
		return -EIO;
	if (CMSG_FIRSTHDR(&msg) && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&control.head), sizeof(*fd));
	return 0;
}
