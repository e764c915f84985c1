// SPDX-License-Identifier: MIT
/* Command lines of the steering socket */
#include <stdlib.h>
#include <string.h>

#include "plant.h"
#include "steer-parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct steer_command cmd;
	char *line = malloc(size + !size);
	const char *wrong;

	if (!line)
		return 0;
	memcpy(line, data, size);
	wrong = steer_parse(line, size, &cmd);
	if (wrong) {
		if (!*wrong)
			abort();
	} else {
		if (cmd.len > STEER_MAX_DATA || cmd.num_words > 2)
			abort();
		if (cmd.verb == STEER_REPLY && steer_has(&cmd, STEER_KEY_LEN) &&
		    (cmd.value[STEER_KEY_LEN] < 1 || cmd.value[STEER_KEY_LEN] > 256))
			abort();
		FUZZ_PLANT(cmd.verb == STEER_POKE && cmd.len > 1);
	}
	free(line);
	return 0;
}
