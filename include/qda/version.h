/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * @defgroup version Version
 * @{
 */
#ifndef QDA_VERSION_H
#define QDA_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/** Version of these headers. */
#define QDA_VERSION_MAJOR 0
#define QDA_VERSION_MINOR 1
#define QDA_VERSION_PATCH 0

/** Version of the library at run time, such as "0.1.0". Static. @since 0.1 */
const char *qda_version(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
