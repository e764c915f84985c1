/* SPDX-License-Identifier: MIT */
/*
 * Error codes of the CPU's side of FastRPC: the DSP's numbers without its offset.
 * What a reverse call answers is one of these.
 */
#ifndef QDA_AEE_H
#define QDA_AEE_H

enum aee {
	AEE_SUCCESS = 0,
	AEE_EFAILED = 0x01,
	AEE_ENOMEMORY = 0x02,
	AEE_EBADSTATE = 0x0d,
	AEE_EBADPARM = 0x0e,
	AEE_EBADITEM = 0x10,
	AEE_EUNSUPPORTED = 0x14,
	AEE_ERESOURCENOTFOUND = 0x16,
	AEE_EALREADY = 0x1a,
	AEE_EBUFFERTOOSMALL = 0x26,
	AEE_EINVHANDLE = 0x2c,
	AEE_EOUTOFHANDLES = 0x2d,
	AEE_EINVALIDFILENAME = 0x35,
	AEE_ENOSUCHMOD = 0x3e,
	AEE_ENOSUCHFILE = 0x45,
	AEE_ENOSUCHMAP = 0x48,
	AEE_EBADOFFSET = 0x4c,
	AEE_EBADSIZE = 0x4d,
	AEE_EBADPERMS = 0x4e,
	AEE_EBADFD = 0x4f,
	AEE_EFILE = 0x201,
	AEE_EINTERRUPTED = 46,
};

#endif
