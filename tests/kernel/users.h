/* SPDX-License-Identifier: MIT */
/* Processes of other users, which open, pass on and receive files of the device. */
#ifndef QDA_KERNEL_USERS_H
#define QDA_KERNEL_USERS_H

#include "common.h"

#define ALICE	31001
#define BOB	31002
/* supplementary group of both, as "render" is */
#define RENDER	31044

/*
 * A user's process, a child that does one thing and talks about it through its
 * socket. What it finds wrong it prints, and its status tells.
 */
struct user {
	pid_t pid;
	int sock;
};

/* uid 0: stays what it is */
struct user user_start(uid_t uid, void (*fn)(int sock));
/* waits for it, without the socket; the case fails unless it found all right */
void user_end(struct user *user);
void as_user(uid_t uid, void (*fn)(int sock));

/* --- in such a process ---------------------------------------------------- */

void must_at(const char *file, int line, const char *what, long got, long want);
#define must(expr, want) must_at(__FILE__, __LINE__, #expr, (long)(expr), want)

/* for good, with all capabilities */
void become(uid_t uid);

/* --- between them --------------------------------------------------------- */

/* what one tells the other, with a descriptor or without */
struct letter {
	uint32_t handle, bench, attrs;
	int fd;			/* in the sender's table */
	pid_t pid;
	uint64_t offset, ticket;
};

/* fd: to go with it, or -1. 0 or -EIO */
int send_letter(int sock, const struct letter *letter, int fd);
/* *fd is -1 if there was none with it. 0 or -EIO */
int receive_letter(int sock, struct letter *letter, int *fd);

#endif
