/* SPDX-License-Identifier: MIT */
/**
 * @file qda.h
 * libqda: call methods that run on a Qualcomm Hexagon DSP.
 *
 * The contracts that hold for every function are in docs/contracts.md. In short:
 * 0 or a positive count is success, a negative errno is failure; outputs are
 * parameters called ret_ (written on success only) or reterr_ (written on
 * failure only); what the remote method returned is a status of its own; NULL
 * where an object is needed is -EINVAL; objects are reference counted.
 */
#ifndef QDA_QDA_H
#define QDA_QDA_H

#include <qda/version.h>
#include <qda/error.h>
#include <qda/context.h>
#include <qda/device.h>
#include <qda/session.h>
#include <qda/buffer.h>
#include <qda/mapping.h>
#include <qda/module.h>
#include <qda/call.h>
#include <qda/reverse.h>
#include <qda/event.h>

#endif
