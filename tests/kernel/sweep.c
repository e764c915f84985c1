// SPDX-License-Identifier: MIT
/* See sweep.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sweep.h"

#define TYPE		'd'
#define DRIVER_FIRST	0x40
#define DRIVER_END	0xa0
#define CORE_LAST	0xd3

#define NR_VERSION	0x00
#define NR_GEM_CLOSE	0x09
#define NR_GET_CAP	0x0c
#define NR_PRIME_OUT	0x2d
#define NR_PRIME_IN	0x2e

/* what the kernel may look at, and behind it what it may not */
#define ROOM		0x4000
#define GUARD		64

static const unsigned int sizes[] = {
	0, 1, 4, 8, 12, 16, 20, 24, 32, 40, 64, 68, 104, 128, 129, 256, 1024, 4096,
	0x3fff,
};

/* what is refused whatever it says has the first alone */
static const unsigned char fills[] = { 0x01, 0x00, 0xff };

static int is_allowed(unsigned int nr)
{
	return nr == NR_VERSION || nr == NR_GEM_CLOSE || nr == NR_GET_CAP ||
	       nr == NR_PRIME_OUT || nr == NR_PRIME_IN;
}

static int is_taken(unsigned int nr)
{
	return is_allowed(nr) || (nr >= DRIVER_FIRST && nr < DRIVER_END);
}

/* which answers are right; what nr does with garbage is other tests' */
static int is_right(unsigned int nr, int ret)
{
	if (nr >= DRIVER_FIRST && nr < DRIVER_END)
		return ret != -ENOSYS && ret != -ENOTTY;
	/* GET_CAP says so itself of what is for displays */
	if (is_allowed(nr))
		return ret != -ENOSYS && (ret != -EOPNOTSUPP || nr == NR_GET_CAP);
	return ret == (nr <= CORE_LAST ? -EOPNOTSUPP : -EINVAL);
}

static int sweep_one(int fd, unsigned int nr, unsigned int dir, unsigned int size,
		     unsigned char fill, char *text, size_t text_size)
{
	/* compared with what it should be in one go: an emulated processor takes long to
	 * look at every byte after each of 35,000 calls
	 */
	static unsigned char mem[ROOM + GUARD], before[ROOM + GUARD];
	unsigned int i;
	int ret;

	memset(before, fill, size);
	memset(before + size, 0xa5, sizeof(before) - size);
	memcpy(mem, before, sizeof(mem));
	ret = ioctl(fd, _IOC(dir, TYPE, nr, size), mem) ? -errno : 0;
	if (!is_right(nr, ret)) {
		snprintf(text, text_size,
			 "number %#x direction %u size %u of bytes %#x: %d (%s)", nr, dir,
			 size, fill, ret, strerror(-ret));
		return -1;
	}
	/* what is refused is not touched, and nothing beyond the size ever */
	i = is_taken(nr) ? size : 0;
	if (!memcmp(mem + i, before + i, sizeof(mem) - i))
		return 0;
	while (mem[i] == before[i])
		i++;
	snprintf(text, text_size, "number %#x direction %u size %u: byte %u was written", nr,
		 dir, size, i);
	return -1;
}

static int sweep_number(const char *node, unsigned int nr, unsigned long *calls,
			char *text, size_t text_size)
{
	unsigned int dir, size, fill, num = is_taken(nr) ? sizeof(fills) : 1;
	int fd, err = 0;

	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(text, text_size, "cannot open %s after number %#x: %s", node, nr,
			 strerror(errno));
		return -1;
	}
	for (dir = 0; dir < 4 && !err; dir++)
		for (size = 0; size < sizeof(sizes) / sizeof(sizes[0]) && !err; size++)
			for (fill = 0; fill < num && !err; fill++) {
				err = sweep_one(fd, nr, dir, sizes[size], fills[fill],
						text, text_size);
				++*calls;
			}
	/* no pointer at all */
	for (dir = 0; dir < 4 && !err; dir++) {
		int ret = ioctl(fd, _IOC(dir, TYPE, nr, 64), NULL) ? -errno : 0;

		++*calls;
		if (!is_right(nr, ret)) {
			snprintf(text, text_size, "number %#x of no struct: %d", nr, ret);
			err = -1;
		}
	}
	close(fd);
	return err;
}

int sweep_core(const char *node, unsigned long *ret_calls, char *text, size_t size)
{
	unsigned int nr;

	*ret_calls = 0;
	for (nr = 0; nr < 256; nr++)
		if (sweep_number(node, nr, ret_calls, text, size))
			return -1;
	return 0;
}
