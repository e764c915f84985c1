// SPDX-License-Identifier: MIT
/*
 * A shell image that any client may hand in: fills its socket to the root process,
 * says that it runs, and is gone by the time that is read.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pdlink.h"

#define LINK_FD		3
/* less than the socket holds, more than the root takes in one turn */
#define NUM_NOTIFY	60

int main(void)
{
	struct pdlink_packet packet = { 0 };
	int i;

	/* let the root come to rest, so that it wakes to all of it at once */
	usleep(10000);
	while (recv(LINK_FD, &packet, sizeof(packet), MSG_DONTWAIT) > 0)
		;
	memset(&packet, 0, sizeof(packet));
	packet.op = PDLINK_NOTIFY;
#ifdef LEAVE_CHILD
	/* the root must not go on reading for as long as this goes on writing */
	if (!fork()) {
		while (send(LINK_FD, &packet, sizeof(packet), MSG_NOSIGNAL) > 0)
			;
		_exit(0);
	}
#endif
	for (i = 0; i < NUM_NOTIFY; i++)
		(void)!send(LINK_FD, &packet, sizeof(packet), MSG_NOSIGNAL);
	packet.op = PDLINK_ANSWER;
	(void)!send(LINK_FD, &packet, sizeof(packet), MSG_NOSIGNAL);
	_exit(0);
}
