// SPDX-License-Identifier: MIT
/* steer SOCKET COMMAND: tell a qda-softdsp; what it answers after "ok" is printed. */
#include <stdio.h>
#include <string.h>

#include "support.h"

int main(int argc, char **argv)
{
	char answer[4096] = "";
	int fd, err;

	if (argc != 3) {
		fputs("usage: steer SOCKET COMMAND\n", stderr);
		return 2;
	}
	fd = steer_connect(argv[1], 0);
	err = fd < 0 ? fd : steer_command(fd, answer, sizeof(answer), "%s", argv[2]);
	if (err) {
		fprintf(stderr, "steer: %s: %s\n", argv[2],
			*answer ? answer : strerror(-err));
		return 1;
	}
	puts(answer);
	return 0;
}
