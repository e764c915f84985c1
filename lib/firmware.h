/* SPDX-License-Identifier: MIT */
/* What the firmware has without opening anything: handles, methods, codes of its own */
#ifndef QDA_FIRMWARE_H
#define QDA_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#define REMOTECTL		0
#define HANDLE_INIT		1	/* the driver's alone */
#define ADSP_LISTENER		3
#define CURRENT_PROCESS1	4
#define ADSP_LISTENER1		7
#define REMOTECTL1		8

/* methods of CURRENT_PROCESS1 */
#define PROCESS1_EXIT			2
#define PROCESS1_SET_QOS		6
#define PROCESS1_ENABLE_NOTIFICATIONS	10

/* its codes have this offset, which a method's own have not */
#define DSP_STATUS_BASE		0x80000400u
#define DSP_STATUS(code)	((int32_t)(DSP_STATUS_BASE + (code)))
#define DSP_EBADSTATE		DSP_STATUS(0x0d)
#define DSP_ECPUEXCEPTION	DSP_STATUS(0x30)
#define DSP_EINVALIDPROCESS	DSP_STATUS(0x34)

/* the PD crashed, or is not there any more */
static inline bool status_is_lost(int32_t status)
{
	return status == DSP_ECPUEXCEPTION || status == DSP_EINVALIDPROCESS;
}

#endif
