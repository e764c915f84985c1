// SPDX-License-Identifier: MIT
/*
 * What a client asks of the DSP's threads and of its latency. Of it only the stack does
 * something here; an interface of the image, pd_tuning, tells what has arrived.
 */
#include <pthread.h>

#include "AEEStdErr.h"
#include "modules/skel.h"
#include "pd.h"

#define MIN_STACK	(256u << 10)
#define MAX_STACK	(16u << 20)
/* of a value that the client leaves to the DSP */
#define AS_IT_IS	UINT32_MAX

#define TUNING_GET	REMOTE_SCALARS_MAKE(2, 0, 1)

/* as pd_tuning answers it */
struct tuning {
	uint32_t priority, stack, latency, pad;
	uint64_t own_stack;
};

static _Atomic uint32_t priority, stack, latency;

void tuning_set_threads(uint32_t new_priority, uint32_t size)
{
	if (new_priority != AS_IT_IS)
		atomic_store(&priority, new_priority);
	if (size != AS_IT_IS)
		atomic_store(&stack, size < MIN_STACK ? MIN_STACK :
				     size > MAX_STACK ? MAX_STACK : size);
}

size_t tuning_stack(void)
{
	return atomic_load(&stack);
}

void tuning_set_latency(uint32_t usec)
{
	atomic_store(&latency, usec);
}

/* of the thread that asks, as the system has it */
static int get_own_stack(uint64_t *ret_size)
{
	pthread_attr_t attr;
	size_t size;
	int err = pthread_getattr_np(pthread_self(), &attr);

	if (err)
		return AEE_EFAILED;
	err = pthread_attr_getstacksize(&attr, &size);
	pthread_attr_destroy(&attr);
	*ret_size = size;
	return err ? AEE_EFAILED : AEE_SUCCESS;
}

static int open_any(const char *uri, remote_handle64 *ret_handle)
{
	(void)uri;
	*ret_handle = 1;
	return AEE_SUCCESS;
}

int tuning_invoke(remote_handle64 handle, uint32_t sc, remote_arg *pra)
{
	struct tuning now = {
		.priority = atomic_load(&priority),
		.stack = atomic_load(&stack),
		.latency = atomic_load(&latency),
	};
	int err;

	(void)handle;
	if (sc == SKEL_SC_OPEN)
		return skel_open(pra, open_any);
	if (sc == SKEL_SC_CLOSE)
		return AEE_SUCCESS;
	if (REMOTE_SCALARS_METHOD(sc) != REMOTE_SCALARS_METHOD(TUNING_GET))
		return AEE_EUNSUPPORTED;
	if (sc != TUNING_GET)
		return AEE_EBADPARM;
	err = get_own_stack(&now.own_stack);
	return err ? err : skel_put(&pra[0], &now, sizeof(now));
}
