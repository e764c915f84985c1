// SPDX-License-Identifier: MIT
/*
 * Run a program with memory files it inherits, as a process that shares buffers
 * would: with-memfd [--udmabuf] SIZE:SEALED... -- PROGRAM ARGUMENT..., where the
 * first one is descriptor 10; with --udmabuf a dma-buf of it is. Afterwards the bytes
 * 0 and last of each are printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define FIRST_FD  10
#define MAX_FILES 8

static int make(const char *spec, size_t *ret_size)
{
	size_t size = strtoul(spec, NULL, 0), i;
	const char *colon = strchr(spec, ':');
	int fd = memfd_create("test", MFD_ALLOW_SEALING);
	char *p;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -1;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	for (i = 0; i < size; i++)
		p[i] = (char)i;
	munmap(p, size);
	if (colon && colon[1] == '1' && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		return -1;
	*ret_size = size;
	return fd;
}

int main(int argc, char **argv)
{
	bool udmabuf = argc > 1 && !strcmp(argv[1], "--udmabuf");
	int i, num = 0, status, files[MAX_FILES];
	size_t sizes[MAX_FILES];
	pid_t pid;

	for (i = 1 + udmabuf; i < argc && strcmp(argv[i], "--") && num < MAX_FILES; i++) {
		int memfd = make(argv[i], &sizes[num]), fd = memfd;

		/* out of the way of the numbers to come */
		files[num] = fcntl(memfd, F_DUPFD_CLOEXEC, FIRST_FD + MAX_FILES);
		if (memfd >= 0 && udmabuf)
			fd = dmabuf_of(memfd, sizes[num]);
		if (files[num] < 0 || fd < 0 || dup2(fd, FIRST_FD + num) < 0) {
			perror(argv[i]);
			return 99;
		}
		close(fd);
		if (fd != memfd)
			close(memfd);
		num++;
	}
	if (i + 1 >= argc)
		return 99;
	pid = fork();
	if (!pid) {
		execv(argv[i + 1], argv + i + 1);
		perror(argv[i + 1]);
		_exit(99);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	for (i = 0; i < num; i++) {
		unsigned char first, last;

		if (pread(files[i], &first, 1, 0) != 1 ||
		    pread(files[i], &last, 1, (off_t)sizes[i] - 1) != 1)
			return 99;
		printf("memfd %d: %u %u\n", i, first, last);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
