// SPDX-License-Identifier: MIT
/* The calls that fuzzer.c's threads make. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fuzzer.h"

/* --- values -------------------------------------------------------------- */

static uint64_t wild(struct chance *c)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 7, 8, 39, 40, 48, 64, 255, 256, 4095, 4096, 4097, 0x10000,
		0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ULL,
		0x7fffffffffffffffULL, 0x8000000000000000ULL, 0xfffffffffffff000ULL,
		0xffffffffffffffffULL, 0xffff000000000000ULL, 0xffffff8000000000ULL,
	};

	switch (chance_below(c, 4)) {
	case 0:
		return odd[chance_below(c, ARRAY_SIZE(odd))];
	case 1:
		return (uint64_t)chance_next(c) << 32 | chance_next(c);
	case 2:
		return 1ULL << chance_below(c, 64);
	default:
		return chance_below(c, 64);
	}
}

static uint32_t a_handle(struct chance *c, const struct fuzz_target *t)
{
	if (chance_one_in(c, 12))
		return (uint32_t)wild(c);
	return t->handles[chance_below(c, FUZZ_HANDLES)];
}

/* where a struct may lie */
static void *a_place(struct fuzzer *f)
{
	switch (chance_below(&f->chance, 40)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)wild(&f->chance);
	case 2:
		return f->arena + FUZZ_ARENA - 8;
	case 3: {
		/* memory of the device itself */
		void *mem = f->windows[chance_below(&f->chance, FUZZ_WINDOWS)].mem;

		return mem ? mem : f->arena;
	}
	default:
		return f->arena + 8 * chance_below(&f->chance, 64);
	}
}

/* --- calls --------------------------------------------------------------- */

/*
 * Sizes stay small or are absurd. One that is allowed and larger than the guest (up to
 * 2 GiB) keeps a thread busy for longer than the test, and nothing is learnt.
 */
static uint64_t a_size(struct chance *c)
{
	if (chance_one_in(c, 20))
		return wild(c) | 1ULL << 40;
	return 1 + chance_below(c, chance_one_in(c, 200) ? 0x400000 : 0x10000);
}

static void fill_args(struct fuzzer *f, struct fuzz_target *t,
		      struct drm_qda_remote_invoke *a)
{
	struct drm_qda_arg *args = (void *)(f->arena + 0x1000);
	uint32_t n = a->num_args < 64 ? a->num_args : 64, i;
	struct chance *c = &f->chance;

	memset(args, 0, 64 * sizeof(*args));
	for (i = 0; i < n; i++) {
		uint32_t h = chance_below(c, FUZZ_HANDLES);

		if (chance_one_in(c, 8))
			continue;
		args[i].handle = chance_one_in(c, 20) ? a_handle(c, t) : t->handles[h];
		args[i].length = 1 + chance_below(c, 2048);
		args[i].offset = t->sizes[h] > 0x2000 ? chance_below(c, 0x1000) : 0;
		if (i >= DRM_QDA_SCALARS_IN(a->scalars) +
				 DRM_QDA_SCALARS_OUT(a->scalars)) {
			args[i].flags = DRM_QDA_ARG_DSP_ID;
			args[i].dsp_id = 1 + (int32_t)chance_below(c, 6);
		}
		if (chance_one_in(c, 30))
			memcpy((uint8_t *)&args[i] + 4 * chance_below(c, 12),
			       &(uint32_t){ (uint32_t)wild(c) }, 4);
	}
	a->args = chance_one_in(c, 40) ? wild(c) : (uintptr_t)args;
}

static unsigned long option_template(struct chance *c, struct drm_qda_set_option *a)
{
	a->option = chance_below(c, 4);
	if (a->option == DRM_QDA_OPTION_MEMORY_LIMIT)
		a->value = (uint64_t)(4 + chance_below(c, 32)) << 20;
	else if (a->option == DRM_QDA_OPTION_STATUS_EVENTS)
		a->value = chance_below(c, 2);
	else if (a->option == DRM_QDA_OPTION_ANSWER_TIMEOUT)
		a->value = chance_below(c, 4) * chance_below(c, 100000000);
	else
		a->value = 1 + chance_below(c, 64);
	return DRM_IOCTL_QDA_SET_OPTION;
}

/* a call that is right, as far as this thread knows */
static unsigned long template(struct fuzzer *f, struct fuzz_target *t, void *at)
{
	struct chance *c = &f->chance;
	uint32_t h = chance_below(c, FUZZ_HANDLES);

	memset(at, 0, 256);
	switch (chance_below(c, 16)) {
	case 0: {
		struct drm_qda_query *a = at;

		a->type = chance_below(c, 10);
		a->index = a->type == 2 || a->type == 5 || a->type == 8 ?
				   chance_below(c, 8) : 0;
		return DRM_IOCTL_QDA_QUERY;
	}
	case 1: case 2:
		((struct drm_qda_gem_create *)at)->size = a_size(c);
		return DRM_IOCTL_QDA_GEM_CREATE;
	case 3:
		((struct drm_qda_gem_mmap_offset *)at)->handle = a_handle(c, t);
		return DRM_IOCTL_QDA_GEM_MMAP_OFFSET;
	case 4:
		if (chance_one_in(c, 4)) {
			struct drm_qda_session_attach *a = at;

			a->pd = chance_below(c, 3);
			if (a->pd == DRM_QDA_PD_STATIC)
				memcpy(a->name, "audiopd", 7);
			return DRM_IOCTL_QDA_SESSION_ATTACH;
		}
		/* fall through */
	case 5: {
		struct drm_qda_remote_session_create *a = at;

		a->attrs = chance_one_in(c, 3) ? DRM_QDA_PD_UNSIGNED : 0;
		if (chance_one_in(c, 4)) {
			a->handle = t->handles[h];
			a->length = 1 + chance_below(c, 4096);
			a->siglen = chance_below(c, a->length);
		}
		if (chance_one_in(c, 2))
			a->init_mem_size = (1 + chance_below(c, 4)) << 20;
		return DRM_IOCTL_QDA_REMOTE_SESSION_CREATE;
	}
	case 6: {
		static const uint32_t types[] = { 0, 2, 3, 16, 0x1000 };
		struct drm_qda_remote_map *a = at;

		a->type = types[chance_below(c, ARRAY_SIZE(types))];
		a->handle = a_handle(c, t);
		a->length = 1 + chance_below(c, 8192);
		a->addr_hint = chance_one_in(c, 4) ? wild(c) & ~0xfffULL : 0;
		if (a->type != DRM_QDA_MAP_ADD_PAGES) {
			a->flags = DRM_QDA_MAP_DSP_ID;
			a->dsp_id = 1 + (int32_t)chance_below(c, 6);
		}
		return DRM_IOCTL_QDA_REMOTE_MAP;
	}
	case 7:
		((struct drm_qda_remote_munmap *)at)->map_id =
			t->maps[chance_below(c, ARRAY_SIZE(t->maps))];
		return DRM_IOCTL_QDA_REMOTE_MUNMAP;
	case 8: {
		struct drm_qda_remote_wait *a = at;

		a->ticket = t->tickets[chance_below(c, ARRAY_SIZE(t->tickets))];
		a->deadline = chance_one_in(c, 2) ? 0 :
			      monotonic_ns() + (int64_t)chance_below(c, 20) * 1000000;
		return DRM_IOCTL_QDA_REMOTE_WAIT;
	}
	case 9:
		if (chance_one_in(c, 8))
			return DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE;
		return option_template(c, at);
	case 10:
		((struct drm_gem_close *)at)->handle = a_handle(c, t);
		return DRM_IOCTL_GEM_CLOSE;
	case 11: {
		struct drm_prime_handle *a = at;

		if (chance_one_in(c, 2)) {
			a->handle = a_handle(c, t);
			a->flags = chance_one_in(c, 2) ? DRM_RDWR | DRM_CLOEXEC : 0;
			return DRM_IOCTL_PRIME_HANDLE_TO_FD;
		}
		a->fd = f->bufs[chance_below(c, ARRAY_SIZE(f->bufs))];
		return DRM_IOCTL_PRIME_FD_TO_HANDLE;
	}
	default: {
		struct drm_qda_remote_invoke *a = at;
		uint32_t in = chance_below(c, chance_one_in(c, 10) ? 60 : 4);
		uint32_t out = chance_below(c, 3), handles = chance_one_in(c, 6);
		uint32_t method = chance_below(c, 4) ? BENCH_NOOP : chance_below(c, 32);

		/* spin and sleep would take as long as their garbage says */
		if (method == 7 || method == 11)
			method = BENCH_NOOP;
		if (method == BENCH_NOOP)
			in = out = handles = 0;
		a->scalars = DRM_QDA_SCALARS(method, in, out, handles, 0);
		a->num_args = DRM_QDA_SCALARS_NUM_ARGS(a->scalars);
		a->stride = sizeof(struct drm_qda_arg);
		a->handle = chance_one_in(c, 20) ? (uint32_t)wild(c) : t->bench;
		a->flags = chance_below(c, 4);
		if (a->flags == DRM_QDA_INVOKE_EVENT)
			a->flags = 0;
		if (a->flags & DRM_QDA_INVOKE_EVENT)
			a->user_data = chance_next(c);
		fill_args(f, t, a);
		return DRM_IOCTL_QDA_REMOTE_INVOKE;
	}
	}
}

/* what a call has brought, for the next ones */
static void remember(struct fuzzer *f, struct fuzz_target *t, unsigned long request,
		     const void *at)
{
	struct chance *c = &f->chance;
	uint32_t h = chance_below(c, FUZZ_HANDLES);

	if (request == DRM_IOCTL_QDA_GEM_CREATE) {
		const struct drm_qda_gem_create *a = at;

		t->handles[h] = a->handle;
		t->sizes[h] = a->size;
	} else if (request == DRM_IOCTL_QDA_GEM_MMAP_OFFSET) {
		t->offsets[h] = ((const struct drm_qda_gem_mmap_offset *)at)->offset;
	} else if (request == DRM_IOCTL_QDA_REMOTE_INVOKE) {
		t->tickets[h] = ((const struct drm_qda_remote_invoke *)at)->ticket;
	} else if (request == DRM_IOCTL_QDA_REMOTE_MAP) {
		t->maps[h & 3] = ((const struct drm_qda_remote_map *)at)->map_id;
	} else if (request == DRM_IOCTL_PRIME_HANDLE_TO_FD) {
		int *buf = &f->bufs[h & 3];

		if (*buf >= 0)
			close(*buf);
		*buf = ((const struct drm_prime_handle *)at)->fd;
	} else if (request == DRM_IOCTL_PRIME_FD_TO_HANDLE) {
		t->handles[h] = ((const struct drm_prime_handle *)at)->handle;
		t->sizes[h] = 0;
	}
}

void fuzz_call(struct fuzzer *f, struct fuzz_target *t)
{
	struct chance *c = &f->chance;
	unsigned long request;
	uint64_t at[64];
	void *place;
	uint32_t n;

	request = template(f, t, at);
	/* an odd struct, mostly in one field */
	for (n = chance_one_in(c, 3) ? 1 + chance_below(c, 3) : 0; n; n--) {
		uint32_t size = _IOC_SIZE(request);
		uint64_t value = wild(c);

		if (size < 4)
			break;
		if (request == DRM_IOCTL_QDA_GEM_CREATE ||
		    request == DRM_IOCTL_QDA_REMOTE_SESSION_CREATE)
			value &= ~0xffc00000ULL;
		memcpy((uint8_t *)at + 4 * chance_below(c, size / 4), &value, 4);
	}
	/* never a wait without end nor a descriptor of somebody else */
	if (request == DRM_IOCTL_QDA_REMOTE_WAIT &&
	    ((struct drm_qda_remote_wait *)at)->deadline > monotonic_ns() + 50000000)
		((struct drm_qda_remote_wait *)at)->deadline = 0;
	if (chance_one_in(c, 25))
		request = _IOC(chance_below(c, 4), 'd', _IOC_NR(request),
			       chance_one_in(c, 2) ? chance_below(c, 256) :
						     chance_below(c, 0x4000));
	if (chance_one_in(c, 60))
		request = _IOC(chance_below(c, 4), chance_one_in(c, 4) ? wild(c) & 0xff : 'd',
			       chance_below(c, 256), chance_below(c, 512));
	place = a_place(f);
	if (place >= (void *)f->arena && place < (void *)(f->arena + 0x1000))
		memcpy(place, at, sizeof(at) < 0x800 ? sizeof(at) : 0x800);
	f->calls++;
	if (ioctl(t->fd, request, place))
		return;
	f->successes++;
	if (_IOC_NR(request) == _IOC_NR(DRM_IOCTL_QDA_GEM_CREATE))
		t->created += at[0] & 0x1ffffff;
	if (place >= (void *)f->arena && place < (void *)(f->arena + 0x1000))
		remember(f, t, request, place);
}
