// SPDX-License-Identifier: MIT
/* Chance (fuzzer.h) with a DSP that works, and with one to which things happen. */
#include "fuzzer.h"

static void test_ioctls(const void *arg)
{
	(void)arg;
	fuzz(NULL, 0);
}

static void crash_pd(struct chance *c)
{
	char text[1024];
	unsigned int sid;

	(void)c;
	steer(text, sizeof(text), "pds");
	if (sscanf(text, " %u:", &sid) == 1)
		steer_command(dev->control, text, sizeof(text), "crash pd=%u", sid);
}

static void drop_channel(struct chance *c)
{
	sim_channel(false);
	sleep_ms(chance_below(c, 30));
	channel_up();
}

static void upset_all(struct chance *c)
{
	char text[256];

	switch (chance_below(c, 4)) {
	case 0:
		drop_channel(c);
		break;
	case 1:
		crash_pd(c);
		break;
	case 2:
		steer_command(dev->control, text, sizeof(text), "crash dsp");
		wait_node();
		break;
	default:
		/* a few replies that are not what they should be */
		steer_command(dev->control, text, sizeof(text),
			      "reply n=8 times=%u len=%u xor=%#x", chance_below(c, 4),
			      1 + chance_below(c, 40), chance_next(c));
		break;
	}
}

static void test_upset(const void *arg)
{
	(void)arg;
	fuzz(upset_all, 400);
}

int main(void)
{
	add_case("ioctls", test_ioctls, NULL);
	add_case("ioctls-upset-dsp", test_upset, NULL);
	return run_kernel_cases("fuzz");
}
