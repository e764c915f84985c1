/* SPDX-License-Identifier: MIT */
/*
 * What the skels share. A skel takes the blocks of a call apart the way the public
 * interface compiler lays them out:
 *
 *	prim in		scalars in, element counts of in sequences, capacities of
 *			out sequences; in declaration order, naturally aligned
 *	in blocks	one for each in sequence or string
 *	prim out	scalars out
 *	out blocks	one for each out sequence or string
 *
 * The blocks are memory the caller can change at any time: scalars are copied out
 * once, checked, and never read again.
 */
#ifndef QDA_MODULES_SKEL_H
#define QDA_MODULES_SKEL_H

#include <stdint.h>
#include <string.h>

#include "AEEStdErr.h"
#include "remote.h"

#ifdef __GNUC__
#define SKEL_EXPORT	__attribute__((visibility("default")))
#else
#define SKEL_EXPORT
#endif

/* scalars of the methods every remote_handle64 interface begins with */
#define SKEL_SC_OPEN	REMOTE_SCALARS_MAKEX(0, 0, 2, 0, 0, 1)
#define SKEL_SC_CLOSE	REMOTE_SCALARS_MAKEX(0, 1, 0, 0, 1, 0)

/* copy a block of scalars; the compiler must not read the block again later */
static inline int skel_get(const remote_arg *arg, void *prim, size_t size)
{
	if (!arg->buf.pv || arg->buf.nLen < size)
		return AEE_EBADPARM;
	memcpy(prim, arg->buf.pv, size);
	__asm__ volatile("" : : "r"(prim) : "memory");
	return AEE_SUCCESS;
}

static inline int skel_put(const remote_arg *arg, const void *prim, size_t size)
{
	if (!arg->buf.pv || arg->buf.nLen < size)
		return AEE_EBADPARM;
	memcpy(arg->buf.pv, prim, size);
	return AEE_SUCCESS;
}

/*
 * A sequence of @count elements of @width bytes: its block must hold them and
 * begin where such an element may lie. Implementations take lengths as int.
 */
static inline int skel_seq(const remote_arg *arg, uint32_t count, uint32_t width)
{
	if (count > INT32_MAX || arg->buf.nLen / width < count)
		return AEE_EBADPARM;
	if (!count)
		return AEE_SUCCESS;
	if (!arg->buf.pv)
		return AEE_EBADPARM;
	if ((uintptr_t)arg->buf.pv % width)
		return AEE_EBADMEMALIGN;
	return AEE_SUCCESS;
}

/* a string: as a sequence of bytes, with its NUL inside the count */
static inline int skel_str(const remote_arg *arg, uint32_t count)
{
	int err = skel_seq(arg, count, 1);

	if (err)
		return err;
	if (!count || !memchr(arg->buf.pv, 0, count))
		return AEE_EBADPARM;
	return AEE_SUCCESS;
}

/* method 0: prim in { u32 length }, the URI; out: a handle of the module's own */
static inline int skel_open(remote_arg *pra,
			    int (*open)(const char *, remote_handle64 *))
{
	uint32_t len;
	remote_handle64 h = 0;
	int err = skel_get(&pra[0], &len, sizeof(len));

	if (!err)
		err = skel_str(&pra[1], len);
	if (!err)
		err = open(pra[1].buf.pv, &h);
	if (!err)
		pra[2].h64 = h;
	return err;
}

#endif
