// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "sweep.h"

int main(int argc, char **argv)
{
	unsigned long calls;
	char text[256];

	if (argc != 2) {
		fprintf(stderr, "usage: %s NODE\n", argv[0]);
		return 2;
	}
	if (sweep_core(argv[1], &calls, text, sizeof(text))) {
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	printf("%lu calls with pointers of %zu bits\n", calls, 8 * sizeof(void *));
	return 0;
}
