/* SPDX-License-Identifier: MIT */
/* Handles that the firmware serves without opening them, as this library calls them */
#ifndef QDA_FIRMWARE_H
#define QDA_FIRMWARE_H

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

#endif
