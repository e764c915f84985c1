// SPDX-License-Identifier: MIT
/*
 * Run a program as another user: as-user UID GROUP PROGRAM ARGUMENT..., all by number.
 * UID is the group too, GROUP the one supplementary group; no capability is left.
 */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	uid_t uid;
	gid_t group;

	if (argc < 4)
		return 99;
	uid = (uid_t)strtoul(argv[1], NULL, 10);
	group = (gid_t)strtoul(argv[2], NULL, 10);
	if (!uid || setgroups(1, &group) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid) || !setuid(0)) {
		perror("as-user");
		return 99;
	}
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 99;
}
