/* SPDX-License-Identifier: MIT */
/* The client that a hostile DSP works on */
#ifndef QDA_HOSTILE_CLIENT_H
#define QDA_HOSTILE_CLIENT_H

/* Returns when all was as the case says; else says why not and ends the process */
void client_run_case(const char *path);

#endif
