/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * @defgroup error Errors
 * Names, texts and advice for errno values and DSP status codes.
 * All functions here are thread safe, never block and return static strings.
 * @{
 */
#ifndef QDA_ERROR_H
#define QDA_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Why a slow-path function failed, in words.
 *
 * Initialise with QDA_FAILURE_INIT and pass its address, or pass NULL. Written
 * only when the function fails.
 */
struct qda_failure {
	size_t size;		/**< sizeof(struct qda_failure) */
	int32_t status;		/**< DSP status; 0 if the DSP was not the one */
	int32_t reserved;
	char message[3072];	/**< one line: what was wrong, and what to do */
};

/** Initialiser of struct qda_failure. */
#define QDA_FAILURE_INIT { sizeof(struct qda_failure), 0, 0, { 0 } }

/**
 * Text for an error a function of this library returned.
 * @param err negative (or positive) errno value
 * @return what it means in this library; never NULL
 * @since 0.1
 */
const char *qda_strerror(int err);

/**
 * What to do about an error a function of this library returned.
 * @return a sentence, or "" where there is nothing to add; never NULL
 * @since 0.1
 */
const char *qda_error_advice(int err);

/**
 * Name of a DSP status code, such as "AEE_ENOSUCHMOD".
 *
 * Knows the codes with and without the DSP's offset (0x80000400) and the QuRT
 * range.
 * @return the name, "AEE_SUCCESS" for 0, or "unknown"; never NULL
 * @since 0.1
 */
const char *qda_status_name(int32_t status);

/**
 * Text for a DSP status code.
 * @since 0.1
 */
const char *qda_status_text(int32_t status);

/**
 * Does a status say that the PD is gone: it crashed in this call or before, or it has
 * ended? No call of its session succeeds then; see qda_session_reopen().
 *
 * The codes are the DSP's "CPU exception" and "invalid process", with the offset that a
 * method's own codes do not have.
 * @since 0.1
 */
bool qda_status_is_lost(int32_t status);

/**
 * What to do about a DSP status code.
 * @return a sentence, or "" where there is nothing to add; never NULL
 * @since 0.1
 */
const char *qda_status_advice(int32_t status);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
