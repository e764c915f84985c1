/* SPDX-License-Identifier: MIT */
#ifndef QDA_TEST_DEP_H
#define QDA_TEST_DEP_H

#define DEP_EXPORT __attribute__((visibility("default")))

DEP_EXPORT int dep_answer(void);

#endif
